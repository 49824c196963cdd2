//! Services and methods of gRPC.

use std::fmt;
use std::str::FromStr;

use super::travels_as_text;
use crate::words::quoted;

/// A method of a gRPC service, `stock.v1.Stock/Reserve`, all methods of one, `stock.v1.Stock`, a method
/// of any service, `*/Reserve`, or every call, `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrpcPattern {
    /// The service with its package; any if there is none.
    pub service: Option<Box<str>>,
    /// The method; all of them if there is none.
    pub method: Option<Box<str>>,
}

/// Why a text is no [`GrpcPattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrpcPatternError {
    /// A path, as gRPC makes one of the names.
    #[error(
        "expected \"package.Service/Method\" or \"package.Service\", found {}; write {:?}",
        quoted(.0),
        .0.trim_matches('/')
    )]
    Slash(String),
    /// Names that protobuf does not have.
    #[error(
        "expected \"package.Service/Method\" or \"package.Service\", with letters, digits and \"_\" \
         in each name, found {}", quoted(.0)
    )]
    Name(String),
}

impl FromStr for GrpcPattern {
    type Err = GrpcPatternError;

    fn from_str(text: &str) -> Result<Self, GrpcPatternError> {
        let pattern = read(text);
        pattern.ok_or_else(|| match read(text.trim_matches('/')) {
            Some(_) => GrpcPatternError::Slash(text.to_owned()),
            None => GrpcPatternError::Name(text.to_owned()),
        })
    }
}

fn read(text: &str) -> Option<GrpcPattern> {
    let (service, method) = match text.split_once('/') {
        Some((service, method)) => (service, Some(method)),
        None => (text, None),
    };
    let service = Some(service).filter(|service| *service != "*");
    let names = service.into_iter().flat_map(|service| service.split('.'));
    let legal = names.chain(method).all(is_identifier);
    legal.then(|| GrpcPattern {
        service: service.map(Into::into),
        method: method.map(Into::into),
    })
}

/// An identifier of protobuf's language.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl fmt::Display for GrpcPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.service.as_deref().unwrap_or("*"))?;
        self.method
            .iter()
            .try_for_each(|method| write!(f, "/{method}"))
    }
}

travels_as_text!(
    GrpcPattern,
    "\"package.Service/Method\" or \"package.Service\""
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_methods_are_told_apart() {
        let pattern: GrpcPattern = "stock.v1.Stock/Reserve".parse().unwrap();
        assert_eq!(pattern.service.as_deref(), Some("stock.v1.Stock"));
        assert_eq!(pattern.method.as_deref(), Some("Reserve"));
        for text in [
            "stock.v1.Stock/Reserve",
            "stock.v1.Stock",
            "Stock",
            "_a.B/_c",
            "*/Reserve",
            "*",
        ] {
            assert_eq!(text.parse::<GrpcPattern>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_grpc_name_is_named() {
        for (text, problem) in [
            (
                "/stock.v1.Stock/Reserve",
                "expected \"package.Service/Method\" or \"package.Service\", found \
                 \"/stock.v1.Stock/Reserve\"; write \"stock.v1.Stock/Reserve\"",
            ),
            (
                "stock.v1.Stock/",
                "expected \"package.Service/Method\" or \"package.Service\", found \
                 \"stock.v1.Stock/\"; write \"stock.v1.Stock\"",
            ),
            (
                "stock v1",
                "expected \"package.Service/Method\" or \"package.Service\", with letters, digits \
                 and \"_\" in each name, found \"stock v1\"",
            ),
        ] {
            assert_eq!(
                text.parse::<GrpcPattern>().unwrap_err().to_string(),
                problem
            );
        }
        for text in ["", "/", "a..b", "a/b/c", "1a/B", "a.B/*", "a.*/B", "**"] {
            assert!(text.parse::<GrpcPattern>().is_err(), "{text}");
        }
    }
}
