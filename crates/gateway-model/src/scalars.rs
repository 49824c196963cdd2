//! Values that are one word or one number in the document, checked as they are read.

mod address;
mod aws;
mod file;
mod grpc;
mod host;
mod kubernetes;
mod method;
mod name;
mod number;
mod period;
mod server_name;
mod url;

pub use address::{Address, AddressError, BindAddress, BindAddressError, Host};
pub use aws::{CertificateArn, CertificateArnError, IdleTimeout, SslPolicy, SslPolicyError};
pub use file::{FileName, FileNameError};
pub use grpc::{GrpcPattern, GrpcPatternError};
pub use host::{HostPattern, HostPatternError};
pub use kubernetes::{SecretName, SecretNameError, Service, ServiceError};
pub use method::{Method, MethodError};
pub use name::{
    Label, LabelError, ProviderName, ProviderNameError, RouteName, RouteNameError, ServiceDomain,
    ServiceDomainError, UpstreamName, UpstreamNameError,
};
pub use number::{Attempts, Limit, Percent, Port, Weight, WholePercent};
pub use period::Period;
pub use server_name::{ServerName, ServerNameError};
pub use url::{Url, UrlError};

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de;

/// Takes text that a type can be made from.
struct Text<T> {
    expecting: &'static str,
    made: PhantomData<T>,
}

impl<T> Text<T> {
    fn expecting(expecting: &'static str) -> Self {
        Self {
            expecting,
            made: PhantomData,
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Reads a type with `FromStr` from text, and writes it with `Display`. What is no text is told what
/// was expected.
macro_rules! travels_as_text {
    ($type:ty, $expecting:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str($crate::scalars::Text::expecting($expecting))
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $expecting })
            }
        }
    };
}
use travels_as_text;
