//! The document's JSON Schema, for editors.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::document::Gateway;

/// The JSON Schema (draft 2020-12) of a document, made from the types that read it. It knows the shape
/// of each part; what concerns several parts at once, or the inside of a path, [`crate::read`] alone
/// knows.
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = generator.into_root_schema_for::<Gateway>().to_value();
    let mut titled = Map::new();
    // What it is comes before what it holds.
    for name in ["$schema", "title", "description"] {
        titled.extend(
            schema
                .get(name)
                .map(|value| (name.to_owned(), value.clone())),
        );
    }
    titled.extend(schema.as_object().cloned().into_iter().flatten());
    titled.insert("title".to_owned(), "Headgate gateway".into());
    titled.into()
}
