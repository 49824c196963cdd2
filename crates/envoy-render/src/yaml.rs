//! Writing YAML.

use serde_json::Value;

/// A document, its fields in the order in which they were put in.
pub(crate) fn write(value: &Value) -> String {
    // A `Value` holds nothing that YAML cannot say; JSON, which is YAML, is the way out all the same.
    serde_saphyr::to_string(value).unwrap_or_else(|_| format!("{value:#}\n"))
}
