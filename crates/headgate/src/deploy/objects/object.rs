//! Objects of any kind, in an order.

use std::fmt::Write;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, NamespaceResourceScope, Resource};
use serde::Serialize;
use serde_json::Value;

/// An object as a cluster takes it, with what its address there is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The API's group; empty for the core's.
    pub group: &'static str,
    /// The group's version.
    pub version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// What URLs and rights call its kind: `deployments`.
    pub plural: &'static str,
    /// Where it is.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// All of it, as JSON.
    pub value: Value,
}

impl Object {
    /// An object that has a name and a namespace.
    pub(super) fn of<K>(object: &K) -> Self
    where
        K: Resource<Scope = NamespaceResourceScope> + Metadata<Ty = ObjectMeta> + Serialize,
    {
        let metadata = object.metadata();
        Self {
            group: K::GROUP,
            version: K::VERSION,
            kind: K::KIND,
            plural: K::URL_PATH_SEGMENT,
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            // Their fields are texts, numbers and maps whose keys are texts: JSON says all of them.
            value: serde_json::to_value(object).unwrap_or_default(),
        }
    }

    /// How long pods have to end, in seconds, if it makes pods.
    pub fn grace(&self) -> Option<u64> {
        let grace = "/spec/template/spec/terminationGracePeriodSeconds";
        self.value.pointer(grace)?.as_u64()
    }
}

/// The objects of a document, in the order in which they are to be applied: what others name comes
/// before them.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects(Vec<Object>);

impl Objects {
    /// These objects, in this order.
    pub(super) fn new(objects: impl IntoIterator<Item = Object>) -> Self {
        Self(objects.into_iter().collect())
    }

    /// Each of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Object> {
        self.0.iter()
    }

    /// A stream of YAML documents.
    pub fn to_yaml(&self) -> String {
        self.iter().fold(String::new(), |mut yaml, object| {
            let value = &object.value;
            // A `Value` holds nothing that YAML cannot say; JSON, which is YAML, is the way out all the same.
            let text = serde_saphyr::to_string(value).unwrap_or_else(|_| format!("{value:#}\n"));
            // Writing to a String does not fail.
            let _ = write!(yaml, "---\n{text}");
            yaml
        })
    }
}
