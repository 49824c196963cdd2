//! What objects are called, and what they are labelled with.

use std::collections::BTreeMap;

use gateway_model::{Gateway, Label};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::ObjectsError;
use super::rights::PUSHER;

/// Who makes the objects: the label `app.kubernetes.io/managed-by`, and the field manager.
pub const MANAGER: &str = "headgate";

/// What the objects of one document are called.
pub(super) struct Names<'a> {
    gateway: &'a str,
    namespace: &'a str,
}

impl<'a> Names<'a> {
    /// # Errors
    /// When Kubernetes calls nothing so.
    pub(super) fn of(gateway: &'a Gateway, namespace: &'a str) -> Result<Self, ObjectsError> {
        let gateway = gateway.metadata.name.as_str();
        if gateway.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(ObjectsError::Digit(gateway.to_owned()));
        }
        if gateway.ends_with(&format!("-{PUSHER}")) {
            return Err(ObjectsError::Pusher(gateway.to_owned()));
        }
        if namespace.parse::<Label>().is_err() {
            return Err(ObjectsError::Namespace(namespace.to_owned()));
        }
        Ok(Self { gateway, namespace })
    }

    /// The name of the gateway, and of each object of which there is one.
    pub(super) fn gateway(&self) -> &'a str {
        self.gateway
    }

    /// Where they are.
    pub(super) fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// What is called as the gateway is.
    pub(super) fn metadata(&self) -> ObjectMeta {
        self.named(self.gateway.to_owned())
    }

    /// What is called as the gateway is, and has this behind that.
    pub(super) fn metadata_with(&self, suffix: &str) -> ObjectMeta {
        self.named(format!("{}-{suffix}", self.gateway))
    }

    fn named(&self, name: String) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.to_owned()),
            labels: Some(self.labels()),
            ..ObjectMeta::default()
        }
    }

    /// The recommended labels.
    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels_of_pods();
        labels.extend([labelled(("version", env!("CARGO_PKG_VERSION")))]);
        labels
    }

    /// The same without the version: that it is another alone is no reason to replace pods.
    pub(super) fn labels_of_pods(&self) -> BTreeMap<String, String> {
        let more = [("component", "gateway"), ("managed-by", MANAGER)];
        let mut labels = self.selector();
        labels.extend(more.map(labelled));
        labels
    }

    /// What pods of this gateway are known by. It cannot be changed in a Deployment that is there.
    pub(super) fn selector(&self) -> BTreeMap<String, String> {
        let of_pods = [("name", "headgate"), ("instance", self.gateway)];
        of_pods.map(labelled).into()
    }

    /// Those pods.
    pub(super) fn label_selector(&self) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.selector()),
            ..LabelSelector::default()
        }
    }
}

fn labelled((key, value): (&str, &str)) -> (String, String) {
    (format!("app.kubernetes.io/{key}"), value.to_owned())
}
