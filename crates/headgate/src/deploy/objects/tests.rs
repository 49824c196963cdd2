//! Both sides of each way to deploy: the objects, and the Envoy that they start.

mod capacity;
mod mistakes;
mod names;
mod page;
mod ports;
mod sides;

use envoy_render::Placement;
use gateway_model::{Entrance, Gateway};
use serde_json::Value;

use super::{Objects, ObjectsError, Options};

fn read(document: &str) -> Gateway {
    let read = gateway_model::read("gateway.yaml", document.as_bytes());
    read.unwrap_or_else(|wrong| panic!("{wrong}\n{document}"))
        .document
}

fn options() -> Options {
    Options {
        namespace: "shop".to_owned(),
        topology: None,
        image: "registry.example.com/gateway:1".to_owned(),
        module: "gateway-0123456789ab.wasm".to_owned(),
        authorities: [].into(),
    }
}

/// What is rendered of a document, to be looked into.
struct Rendered {
    gateway: Gateway,
    entrance: Entrance,
    objects: Objects,
}

impl Rendered {
    fn of(document: &str) -> Result<Self, ObjectsError> {
        let gateway = read(document);
        let options = options();
        let objects = super::of(&gateway, &options)?;
        let entrance = Entrance::of(&gateway, None).map_err(ObjectsError::Edge)?;
        Ok(Self {
            gateway,
            entrance,
            objects,
        })
    }

    /// The object of a kind; of config maps, that of Envoy's start.
    fn object(&self, kind: &str) -> &Value {
        let of_kind = |object: &&super::Object| {
            object.kind == kind && (kind != "ConfigMap" || object.name.contains("bootstrap"))
        };
        &self.objects.iter().find(of_kind).unwrap().value
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        let name = format!("service.beta.kubernetes.io/aws-load-balancer-{name}");
        self.object("Service")["metadata"]["annotations"]
            .get(name)?
            .as_str()
    }

    /// An attribute of target groups.
    fn attribute(&self, name: &str) -> Option<&str> {
        let attributes = self.annotation("target-group-attributes")?.split(',');
        attributes
            .filter_map(|one| one.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The pod that the Deployment makes.
    fn pod(&self) -> &Value {
        &self.object("Deployment")["spec"]["template"]["spec"]
    }

    fn envoy(&self) -> &Value {
        &self.pod()["containers"][0]
    }

    fn placement(&self) -> Placement {
        Placement::in_image("gateway-0123456789ab.wasm", self.entrance.clone())
    }
}
