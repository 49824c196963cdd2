//! Media types, alone or many at once.

use crate::tokens::is_token;

/// A media type without parameters, or all that begin alike: `application/json`, `text/*`,
/// `application/grpc+*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaRange {
    begin: Box<[u8]>,
    is_whole: bool,
}

/// Not of the form of a media type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a media type without parameters such as \"application/json\" or \"text/*\", found \"{0}\""
)]
pub struct MediaRangeError(String);

impl MediaRange {
    pub(crate) fn parse(text: &str) -> Result<Self, MediaRangeError> {
        let error = || MediaRangeError(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let (kind, subtype) = lower.split_once('/').ok_or_else(error)?;
        let begin = subtype.strip_suffix('*').unwrap_or(subtype);
        let is_subtype = |text: &str| text.is_empty() || is_token(text.as_bytes());
        if !is_token(kind.as_bytes()) || !is_subtype(begin) || begin.contains('*') {
            return Err(error());
        }
        if kind.contains('*') || subtype.is_empty() {
            return Err(error());
        }
        Ok(Self {
            begin: format!("{kind}/{begin}").into_bytes().into(),
            is_whole: begin.len() == subtype.len(),
        })
    }

    /// Whether the other takes whatever this does.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        match other.is_whole {
            true => self == other,
            false => self.begin.starts_with(&other.begin),
        }
    }

    /// Whether a `content-type` (RFC 9110 section 8.3) is of this kind. Types are compared without
    /// regard to case.
    pub(crate) fn takes(&self, content_type: &[u8]) -> bool {
        let end = content_type.iter().position(|&byte| byte == b';');
        let essence = content_type.get(..end.unwrap_or(content_type.len()));
        let essence = essence.unwrap_or_default().trim_ascii();
        let Some((begin, rest)) = essence.split_at_checked(self.begin.len()) else {
            return false;
        };
        begin.eq_ignore_ascii_case(&self.begin) && (rest.is_empty() || !self.is_whole)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_range_takes_types_without_regard_to_case_and_parameters() {
        for (range, content_type, takes) in [
            ("application/json", "application/json", true),
            ("application/json", "Application/JSON ; charset=utf-8", true),
            ("application/json", "application/json-patch+json", false),
            ("application/json", "", false),
            ("text/*", "text/html", true),
            ("text/*", "texts/html", false),
            ("application/grpc+*", "application/grpc+proto", true),
            ("application/grpc+*", "application/grpc", false),
            ("application/grpc+*", "application/grpc-web", false),
        ] {
            let range = MediaRange::parse(range).unwrap();
            assert_eq!(
                range.takes(content_type.as_bytes()),
                takes,
                "{content_type}"
            );
        }
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in [
            "json",
            "*/*",
            "*",
            "text/",
            "text/a*b",
            "text/html; q=1",
            "/json",
            "",
        ] {
            let error = MediaRange::parse(text).unwrap_err();
            assert!(error.to_string().ends_with(&format!("found \"{text}\"")));
        }
    }
}
