//! What is told of secrets that a document holds: that they differ, and nothing else.

use serde_json::Value;

use super::changes::{Change, Part};

/// What stands for a secret.
const HIDDEN: &str = "(a secret)";

/// The fields of a shared secret that hold it.
const FIELDS: [&str; 2] = ["text", "base64url"];

/// A change without the secrets of providers.
pub fn hidden(mut change: Change) -> Change {
    if change.part != Part::Field("providers".to_owned()) {
        return change;
    }
    for field in &mut change.fields {
        let is_secret = field
            .path
            .last_key()
            .is_some_and(|key| FIELDS.contains(&key));
        for value in [&mut field.before, &mut field.after].into_iter().flatten() {
            match is_secret {
                true => *value = HIDDEN.into(),
                false => hide(value),
            }
        }
    }
    change
}

fn hide(value: &mut Value) {
    for (key, inner) in value.as_object_mut().into_iter().flatten() {
        match FIELDS.contains(&key.as_str()) {
            true => *inner = HIDDEN.into(),
            false => hide(inner),
        }
    }
}
