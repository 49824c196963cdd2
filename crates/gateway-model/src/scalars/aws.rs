//! Names and numbers that AWS gives a meaning.

use std::fmt;
use std::str::FromStr;

use filter_api::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::travels_as_text;
use crate::words::quoted;

/// The ARN of a certificate: `arn:aws:acm:eu-west-1:123456789012:certificate/…`, or that of a server
/// certificate of IAM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateArn(Box<str>);

/// The name of a security policy of Elastic Load Balancing: the versions and ciphers of TLS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SslPolicy(Box<str>);

/// How long a Network Load Balancer keeps a connection over which nothing comes: whole seconds, 60 to
/// 6000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct IdleTimeout(Duration);

/// Why a text is no [`CertificateArn`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the ARN of a certificate such as \
     \"arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\", found {}",
    quoted(.0)
)]
pub struct CertificateArnError(String);

/// Why a text is no [`SslPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a security policy such as \"{}\", found {}", SslPolicy::DEFAULT, quoted(.0)
)]
pub struct SslPolicyError(String);

impl CertificateArn {
    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region that the certificate is of; none for one of IAM, which is of every region.
    pub fn region(&self) -> Option<&str> {
        self.0.split(':').nth(3).filter(|region| !region.is_empty())
    }
}

impl FromStr for CertificateArn {
    type Err = CertificateArnError;

    fn from_str(text: &str) -> Result<Self, CertificateArnError> {
        let word = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+=@/".contains(&byte); // a comma parts them in annotations
            !text.is_empty() && text.bytes().all(allowed)
        };
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let legal = match parts.as_slice() {
            ["arn", partition, service, region, account, resource] => {
                let of = match *service {
                    "acm" => word(region).then_some("certificate/"),
                    "iam" => region.is_empty().then_some("server-certificate/"),
                    _ => None,
                };
                let name = of.and_then(|kind| resource.strip_prefix(kind));
                partition.starts_with("aws")
                    && word(partition)
                    && is_account(account)
                    && name.is_some_and(word)
            }
            _ => false,
        };
        match legal {
            true => Ok(Self(text.into())),
            false => Err(CertificateArnError(text.to_owned())),
        }
    }
}

impl fmt::Display for CertificateArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(CertificateArn, "the ARN of a certificate");

impl SslPolicy {
    /// TLS 1.2 and 1.3, as the gateway's own listeners have it.
    const DEFAULT: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SslPolicy {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl FromStr for SslPolicy {
    type Err = SslPolicyError;

    fn from_str(text: &str) -> Result<Self, SslPolicyError> {
        let name = text.strip_prefix("ELBSecurityPolicy-").unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !name.is_empty() && name.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(SslPolicyError(text.to_owned()))
        }
    }
}

impl fmt::Display for SslPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(SslPolicy, "the name of a security policy");

impl IdleTimeout {
    /// The length.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Default for IdleTimeout {
    fn default() -> Self {
        Self(Duration::from_secs(350))
    }
}

impl<'de> Deserialize<'de> for IdleTimeout {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let duration = Duration::deserialize(from)?;
        let (length, whole) = (duration.get(), duration.get().subsec_nanos() == 0);
        if !whole || !(60..=6000).contains(&length.as_secs()) {
            return Err(de::Error::custom(format!(
                "expected whole seconds from 60s to 6000s, which is what a Network Load Balancer takes, \
                 found {duration}"
            )));
        }
        Ok(Self(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_of_acm_or_of_iam() {
        for (text, region) in [
            (
                "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234",
                Some("eu-west-1"),
            ),
            (
                "arn:aws-cn:acm:cn-north-1:123456789012:certificate/a",
                Some("cn-north-1"),
            ),
            (
                "arn:aws:iam::123456789012:server-certificate/cloud/shop",
                None,
            ),
        ] {
            let arn: CertificateArn = text.parse().unwrap();
            assert_eq!((arn.as_str(), arn.region()), (text, region));
        }
        for text in [
            "",
            "tls/shop.crt",
            "arn:aws:acm::123456789012:certificate/a",
            "arn:aws:acm:eu-west-1:12345678901:certificate/a",
            "arn:aws:acm:eu-west-1:123456789012:certificate/",
            "arn:aws:acm:eu-west-1:123456789012:certificate/a,arn",
            "arn:aws:acm:eu-west-1:123456789012:certificate/a b",
            "arn:aws:iam:eu-west-1:123456789012:server-certificate/a",
            "arn:aws:s3:eu-west-1:123456789012:certificate/a",
            "arn:gcp:acm:eu-west-1:123456789012:certificate/a",
        ] {
            assert!(text.parse::<CertificateArn>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_policy_is_one_of_elastic_load_balancing() {
        assert!("ELBSecurityPolicy-2016-08".parse::<SslPolicy>().is_ok());
        for text in [
            "",
            "ELBSecurityPolicy-",
            "TLS13-1-2-2021-06",
            "ELBSecurityPolicy-a b",
        ] {
            assert!(text.parse::<SslPolicy>().is_err(), "{text:?}");
        }
    }
}
