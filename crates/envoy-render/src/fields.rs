//! Objects of which some fields are left out.

use serde_json::{Map, Value};

/// The fields of an object that say something: those that are `null` are left out.
pub(crate) fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            fields
        }
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_nothing_is_left_out_and_the_order_stays() {
        let object = fields(json!({ "b": 1, "n": null, "a": { "n": null } }));
        let kept = r#"{"b":1,"a":{"n":null}}"#;
        assert_eq!(Value::Object(object).to_string(), kept);
    }
}
