//! Values as a document writes them in one line.

use std::fmt::Write;

use filter_api::Duration;
use serde_json::Value;

/// A value in YAML's flow style, on one line and without what would move a terminal's cursor:
/// `{ upstream: pets, weight: 5 }`.
pub fn flow(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let field =
                |(key, value): (&String, &Value)| format!("{}: {}", key_of(key), flow(value));
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// Keys of the document are as they are: YAML 1.2 takes `on` for nothing else.
fn key_of(key: &str) -> String {
    match key {
        "on" => key.to_owned(),
        key => scalar(key),
    }
}

/// Text in quotes, unless YAML reads it as the same text without.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Text in quotes, control characters escaped.
pub fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            '\r' => quoted += "\\r",
            c if c.is_control() => {
                // Writing to a String does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn is_plain(text: &str) -> bool {
    // What some reader of YAML takes for something else.
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '/';
    text.chars().all(allowed)
        && (text.starts_with(begins) || text.parse::<Duration>().is_ok())
        && !words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_as_a_document_writes_them() {
        for (value, shown) in [
            (json!("pets"), "pets"),
            (json!("1m30s"), "1m30s"),
            (json!("pets:8080"), "\"pets:8080\""),
            (json!("/v2/{id}"), "\"/v2/{id}\""),
            (json!("8080"), "\"8080\""),
            (json!("yes"), "\"yes\""),
            (json!("5xx"), "\"5xx\""),
            (json!(""), "\"\""),
            (json!("a\n\"\u{9b}"), "\"a\\n\\\"\\u009b\""),
            (json!([1, true]), "[1, true]"),
            (json!({}), "{}"),
            (
                json!({ "upstream": "pets", "when": { "headers": { "x-a": "b c" } } }),
                "{ upstream: pets, when: { headers: { x-a: \"b c\" } } }",
            ),
        ] {
            assert_eq!(flow(&value), shown);
            let read: Value = serde_saphyr::from_str(shown).unwrap();
            assert_eq!(read, value, "{shown}");
        }
    }
}
