//! What came of an exchange, and whether that was expected.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::{Expect, PADDING, parse_fields};

/// A message as one side saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedMessage {
    /// Fields, names in lower case; pseudo-headers among them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Vec<(String, Vec<u8>)>,
}

/// What came of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The function that the request went to, for filters that choose one.
    pub function: Option<String>,
    /// The label of the filter's own answer, if the upstream was not asked.
    pub answered: Option<String>,
    /// What the upstream saw, if anything.
    pub forwarded: Option<ObservedMessage>,
    /// The status code that the client saw.
    pub status: u16,
    /// What the client saw.
    pub response: ObservedMessage,
}

/// Compares what came of an exchange with what was expected.
///
/// # Errors
/// All differences, one a line.
pub fn verify(expect: &Expect, observed: &Observed) -> Result<(), String> {
    let mut faults = Vec::new();
    if expect.denied.is_some() && expect.answered.is_some() {
        faults.push("a case expects \"denied\" or \"answered\", not both".to_owned());
    }
    let answered = expect.denied.as_ref().or(expect.answered.as_ref());
    if answered != observed.answered.as_ref() {
        faults.push(format!(
            "answered by the filter: expected {answered:?}, saw {:?}",
            observed.answered
        ));
    }
    if answered.is_some() && observed.forwarded.is_some() {
        faults.push("a request that the filter answers reached the upstream".to_owned());
    }
    if answered.is_none() && observed.forwarded.is_none() {
        faults.push("the request did not reach the upstream".to_owned());
    }
    if let Some(function) = &expect.function
        && observed.function.as_ref() != Some(function)
    {
        faults.push(format!(
            "function: expected {function:?}, saw {:?}",
            observed.function
        ));
    }
    if let (Some(expected), Some(seen)) = (&expect.forwarded, &observed.forwarded) {
        let mut headers = expected.headers.clone();
        headers.extend(expected.path.as_ref().map(|path| format!(":path: {path}")));
        fields(
            "forwarded header",
            &headers,
            &expected.absent,
            &seen.headers,
            &mut faults,
        );
        fields(
            "forwarded trailer",
            &expected.trailers,
            &[],
            &seen.trailers,
            &mut faults,
        );
        let padding = || seen.headers.iter().find(|(name, _)| name == PADDING);
        if let Some(expected) = expected.padding
            && padding().is_none_or(|(_, value)| value.len() != expected)
        {
            faults.push(format!("forwarded {PADDING}: expected {expected} bytes"));
        }
        body(
            "forwarded body",
            expected.body.as_ref(),
            &seen.body,
            &mut faults,
        );
    }
    if let Some(expected) = &expect.response {
        let seen = &observed.response;
        if expected
            .status
            .is_some_and(|status| status != observed.status)
        {
            faults.push(format!(
                "status: expected {:?}, saw {}",
                expected.status, observed.status
            ));
        }
        fields(
            "header",
            &expected.headers,
            &expected.absent,
            &seen.headers,
            &mut faults,
        );
        for (name, pattern) in parse_fields(&expected.like) {
            let mut lines = seen.headers.iter().filter(|(key, _)| *key == name);
            if !lines.any(|(_, value)| is_like(value, &pattern)) {
                faults.push(format!("header {name}: expected one like {pattern:?}"));
            }
        }
        fields(
            "trailer",
            &expected.trailers,
            &[],
            &seen.trailers,
            &mut faults,
        );
        body("body", expected.body.as_ref(), &seen.body, &mut faults);
        if let Some(json) = &expected.json {
            let seen: Option<Value> = serde_json::from_slice(&seen.body).ok();
            if seen.as_ref() != Some(json) {
                faults.push(format!("json: expected {json}, saw {seen:?}"));
            }
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

fn fields(
    what: &str,
    expected: &[String],
    absent: &[String],
    seen: &[(String, Vec<u8>)],
    faults: &mut Vec<String>,
) {
    let values_of = |name: &str| -> Vec<String> {
        let of_name = seen.iter().filter(|(key, _)| key == name);
        of_name.map(|(_, value)| shown(value)).collect()
    };
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in parse_fields(expected) {
        by_name.entry(name).or_default().push(value);
    }
    for (name, expected) in by_name {
        let seen = values_of(&name);
        if seen != expected {
            faults.push(format!(
                "{what} {name}: expected {expected:?}, saw {seen:?}"
            ));
        }
    }
    for name in absent {
        let seen = values_of(name);
        if !seen.is_empty() {
            faults.push(format!("{what} {name}: expected none, saw {seen:?}"));
        }
    }
}

/// A value as cases write it: quotes and backslashes stand for themselves, what cannot be printed is
/// escaped.
fn shown(value: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b'"' | b'\'' | b'\\' => char::from(*byte).to_string(),
        byte => byte.escape_ascii().to_string(),
    };
    value.iter().map(shown).collect()
}

/// Whether a value is a text in which each `*` stands for any other.
fn is_like(value: &[u8], pattern: &str) -> bool {
    let value = String::from_utf8_lossy(value);
    let Some((begin, rest)) = pattern.split_once('*') else {
        return value == pattern;
    };
    let Some(mut open) = value.strip_prefix(begin) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match open.split_once(part) {
            Some((_, after)) => open = after,
            None => return false,
        }
    }
    open.ends_with(end)
}

fn body(what: &str, expected: Option<&String>, seen: &[u8], faults: &mut Vec<String>) {
    if let Some(expected) = expected
        && expected.as_bytes() != seen
    {
        faults.push(format!(
            "{what}: expected {expected:?}, saw \"{}\"",
            seen.escape_ascii()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(answered: Option<&str>) -> Observed {
        Observed {
            function: None,
            answered: answered.map(str::to_owned),
            forwarded: answered.is_none().then(ObservedMessage::default),
            status: 200,
            response: ObservedMessage::default(),
        }
    }

    fn expect(denied: Option<&str>, answered: Option<&str>) -> Expect {
        Expect {
            denied: denied.map(str::to_owned),
            answered: answered.map(str::to_owned),
            ..Expect::default()
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, value, is) in [
            ("a=*; Path=/", "a=1; Path=/", true),
            ("a=*; Path=/", "a=1; Path=/b", false),
            ("a=*; Path=/", "b=1; Path=/", false),
            ("*b*d", "abcd", true),
            ("*b*d", "adcb", false),
            ("a*a", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(is_like(value.as_bytes(), pattern), is, "{pattern} {value}");
        }
    }

    #[test]
    fn quotes_stand_for_themselves() {
        assert_eq!(shown(b"a=\"b\\\", 'c'\n\xff"), "a=\"b\\\", 'c'\\n\\xff");
    }

    #[test]
    fn an_answer_of_the_filters_own_must_be_expected_by_its_label() {
        let redirect = Some("redirect");
        for (denied, answered, seen, right) in [
            (None, None, None, true),
            (None, redirect, redirect, true),
            (redirect, None, redirect, true),
            (None, None, redirect, false),
            (None, redirect, None, false),
            (None, redirect, Some("no_route"), false),
            (Some("no_route"), redirect, redirect, false),
        ] {
            let verdict = verify(&expect(denied, answered), &observed(seen));
            assert_eq!(verdict.is_ok(), right, "{denied:?} {answered:?} {seen:?}");
        }
    }
}
