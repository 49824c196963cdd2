//! Regular expressions that speak of the whole of a text.

use regex::bytes::{Regex, RegexBuilder};

/// The longest expression, in bytes. What it compiles to is bounded too; matching takes time linear in
/// the text whatever it is.
const LONGEST: usize = 1024;

/// The longest text that is held against an expression, in bytes. Linear time is not little time: some
/// expressions cost microseconds a byte.
pub(crate) const LONGEST_TEXT: usize = 8 * 1024;

/// What a compiled expression may take, in bytes.
const MOST_COMPILED: usize = 256 * 1024;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// No expression.
    #[error("must be a regular expression, found \"{text}\": {problem}")]
    Syntax {
        /// The expression.
        text: String,
        /// What the parser says.
        problem: String,
    },
    /// An expression that only its end closes.
    #[error("must not end within a comment of \"(?x)\", found \"{0}\"")]
    Comment(String),
    /// More than is good for anybody.
    #[error("must have at most {LONGEST} bytes, found {0}")]
    TooLong(usize),
    /// Compiled, it is too large.
    #[error(
        "must not compile to more than {} KiB; repeat less",
        MOST_COMPILED / 1024
    )]
    TooLarge,
}

/// A regular expression that matches a text from its first octet to its last. It knows ASCII alone: `.`
/// is any octet, a line feed too, `\w` letters, digits and `_` of ASCII.
#[derive(Debug, Clone)]
pub(crate) struct WholeRegex {
    /// As the configuration writes it.
    text: Box<str>,
    regex: Regex,
}

impl WholeRegex {
    pub(crate) fn compile(text: &str) -> Result<Self, RegexError> {
        if text.len() > LONGEST {
            return Err(RegexError::TooLong(text.len()));
        }
        let build = |text: &str| {
            RegexBuilder::new(text)
                .unicode(false)
                .dot_matches_new_line(true) // an escaped line feed must lead around no route
                .size_limit(MOST_COMPILED)
                .dfa_size_limit(MOST_COMPILED)
                .build()
        };
        let told = |error| match error {
            regex::Error::CompiledTooBig(_) => RegexError::TooLarge,
            error => RegexError::Syntax {
                text: text.to_owned(),
                problem: problem(&error),
            },
        };
        // By itself first: what is around it must not make it one, nor show in the message.
        build(text).map_err(told)?;
        let regex = build(&whole(text)).map_err(|error| match error {
            regex::Error::Syntax(_) => RegexError::Comment(text.to_owned()),
            error => told(error),
        })?;
        Ok(Self {
            text: text.into(),
            regex,
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches all of a text, which is no longer than [`LONGEST_TEXT`].
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        text.len() <= LONGEST_TEXT && self.regex.is_match(text)
    }

    /// The names of its groups, in order.
    pub(crate) fn names(&self) -> Vec<Box<str>> {
        let names = self.regex.capture_names().flatten();
        names.map(Into::into).collect()
    }

    /// What its named groups caught, in the order of their names; a group that took no part caught
    /// nothing. The text is one that it matches.
    pub(crate) fn values<'t>(&self, text: &'t [u8]) -> Vec<&'t [u8]> {
        let Some(captures) = self.regex.captures(text) else {
            return Vec::new();
        };
        let value = |name| {
            captures
                .name(name)
                .map_or(&b""[..], |caught| caught.as_bytes())
        };
        self.regex.capture_names().flatten().map(value).collect()
    }
}

/// The same expression for the whole of a text.
pub(crate) fn whole(text: &str) -> String {
    format!("^(?:{text})$")
}

/// The parser draws the place over several lines; the last says what is wrong.
fn problem(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_expression_speaks_of_the_whole_text() {
        let regex = WholeRegex::compile("a|bc").unwrap();
        for (text, matches) in [
            ("a", true),
            ("bc", true),
            ("ab", false),
            ("abc", false),
            ("", false),
            ("a\n", false),
        ] {
            assert_eq!(regex.is_match(text.as_bytes()), matches, "{text}");
        }
    }

    #[test]
    fn a_dot_is_any_octet_and_a_text_that_is_too_long_is_not_looked_at() {
        let regex = WholeRegex::compile("/admin/.*").unwrap();
        assert!(regex.is_match(b"/admin/x\n\xff"));
        let mut text = b"/admin/".to_vec();
        text.resize(LONGEST_TEXT, b'a');
        assert!(regex.is_match(&text));
        text.push(b'a');
        assert!(!regex.is_match(&text));
    }

    #[test]
    fn named_groups_catch_values() {
        let regex = WholeRegex::compile("/(?<id>[0-9]+)(?:/(?<size>big))?(/x)?").unwrap();
        assert_eq!(regex.names(), ["id".into(), "size".into()]);
        assert_eq!(regex.values(b"/7/big"), [&b"7"[..], b"big"]);
        assert_eq!(regex.values(b"/7"), [&b"7"[..], b""]);
    }

    #[test]
    fn what_is_no_expression_is_named() {
        for (text, message) in [
            (
                "/(a",
                "must be a regular expression, found \"/(a\": unclosed group",
            ),
            (
                "(?x)/q # hi",
                "must not end within a comment of \"(?x)\", found \"(?x)/q # hi\"",
            ),
            (
                "a)|(b",
                "must be a regular expression, found \"a)|(b\": unopened group",
            ),
            (
                "(?:a{1000}){1000}",
                "must not compile to more than 256 KiB; repeat less",
            ),
        ] {
            let error = WholeRegex::compile(text).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let long = "a".repeat(1025);
        assert_eq!(
            WholeRegex::compile(&long).unwrap_err(),
            RegexError::TooLong(1025)
        );
    }
}
