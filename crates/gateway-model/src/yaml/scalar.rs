//! What plain text means: the core schema of YAML 1.2.2 (section 10.3.2).

/// A scalar as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: Box<str>,
    /// Without quotes, so that the core schema says what it means. Quoted text is text.
    pub(crate) plain: bool,
}

/// A scalar as it is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Core<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

impl Scalar {
    pub(crate) fn core(&self) -> Core<'_> {
        if self.plain {
            resolve(&self.text)
        } else {
            Core::Text(&self.text)
        }
    }
}

/// What a plain scalar means. `yes`, `on` and `017` are what YAML 1.2 says: text, text, seventeen.
pub(crate) fn resolve(text: &str) -> Core<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Core::Null,
        "true" | "True" | "TRUE" => return Core::Bool(true),
        "false" | "False" | "FALSE" => return Core::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Core::Float(f64::NAN),
        _ => {}
    }
    integer(text)
        .or_else(|| float(text))
        .unwrap_or(Core::Text(text))
}

fn integer(text: &str) -> Option<Core<'_>> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let all_digits = digits.chars().all(|c| c.is_digit(radix));
            return u64::from_str_radix(digits, radix)
                .ok()
                .filter(|_| all_digits)
                .map(Core::Unsigned);
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // What fits neither is a number still; it is left to `float`.
    let unsigned = text.parse().ok().map(Core::Unsigned);
    unsigned.or_else(|| text.parse().ok().map(Core::Signed))
}

fn float(text: &str) -> Option<Core<'_>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        let negative = text.starts_with('-');
        return Some(Core::Float(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }));
    }
    // Rust reads all that the schema allows, and words such as "inf" and "nan" beside.
    let begins = unsigned.strip_prefix('.').unwrap_or(unsigned);
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !begins.starts_with(|c: char| c.is_ascii_digit()) || !unsigned.chars().all(numeric) {
        return None;
    }
    text.parse().ok().map(Core::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_means_what_the_core_schema_says() {
        for (text, meaning) in [
            ("", Core::Null),
            ("~", Core::Null),
            ("Null", Core::Null),
            ("true", Core::Bool(true)),
            ("FALSE", Core::Bool(false)),
            ("yes", Core::Text("yes")),
            ("on", Core::Text("on")),
            ("8080", Core::Unsigned(8080)),
            ("00", Core::Unsigned(0)),
            ("017", Core::Unsigned(17)),
            ("+5", Core::Unsigned(5)),
            ("-5", Core::Signed(-5)),
            ("0x1F90", Core::Unsigned(8080)),
            ("0o17", Core::Unsigned(15)),
            ("0x", Core::Text("0x")),
            ("0x+1", Core::Text("0x+1")),
            ("1.5", Core::Float(1.5)),
            (".5", Core::Float(0.5)),
            ("5.", Core::Float(5.0)),
            ("-1e3", Core::Float(-1000.0)),
            (
                "18446744073709551616",
                Core::Float(18_446_744_073_709_551_616.0),
            ),
            ("-.inf", Core::Float(f64::NEG_INFINITY)),
            ("inf", Core::Text("inf")),
            ("1.2.3", Core::Text("1.2.3")),
            ("e5", Core::Text("e5")),
            ("-", Core::Text("-")),
            ("1_000", Core::Text("1_000")),
        ] {
            assert_eq!(resolve(text), meaning, "{text}");
        }
        assert!(matches!(resolve(".nan"), Core::Float(number) if number.is_nan()));
    }
}
