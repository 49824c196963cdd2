//! A namespace of the cluster, and `headgate` as a user calls it there.

mod calls;
mod image;
mod others;
mod rights;
mod seen;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use integration::kubernetes::{ControlPlane, Kubelet, Settings, User};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::core::ApiResource;
use kube::{Api, Client};
use serde_json::json;
use tempfile::TempDir;

pub use image::module_file;

/// The name of the gateway of every test.
pub const NAME: &str = "web";

/// Its image, as the test kubelet knows it.
pub const IMAGE: &str = "gateway:1";

/// Only there so that a test fails rather than hangs.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often something is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// A namespace.
pub struct Rig {
    pub cluster: Arc<ControlPlane>,
    pub namespace: String,
    /// May do everything.
    pub admin: Client,
    place: TempDir,
}

impl Rig {
    /// A namespace that is not there yet.
    pub async fn of(cluster: Arc<ControlPlane>, namespace: &str) -> Self {
        let rig = Self {
            admin: cluster.client(User::Admin).await,
            cluster,
            namespace: namespace.to_owned(),
            place: TempDir::new().unwrap(),
        };
        fs::create_dir(rig.path("images")).unwrap();
        rig
    }

    /// A new namespace.
    pub async fn new(cluster: Arc<ControlPlane>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let rig = Self::of(cluster, &format!("test-{number}")).await;
        let namespace = json!({ "metadata": {
            "name": rig.namespace,
            "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
        } });
        let namespace = serde_json::from_value(namespace).unwrap();
        let all = Api::<Namespace>::all(rig.admin.clone());
        all.create(&PostParams::default(), &namespace)
            .await
            .unwrap();
        rig
    }

    /// A new namespace with a document, and the rights to deploy it.
    pub async fn with(cluster: Arc<ControlPlane>, document: &str) -> Self {
        let rig = Self::new(cluster).await;
        rig.save(document);
        rig.grant().await;
        rig
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.place.path().join(file)
    }

    /// Saves the document.
    pub fn save(&self, document: &str) {
        fs::write(self.path("gateway.yaml"), document).unwrap();
    }

    /// A kubelet for the namespace, that knows the image.
    pub async fn kubelet(&self) -> Kubelet {
        self.kubelet_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn kubelet_with(&self, change: impl FnOnce(&mut Settings)) -> Kubelet {
        let mut settings = Settings {
            sync_period: Duration::from_secs(60),
            cache_delay: Duration::ZERO,
            images: BTreeMap::from([(
                IMAGE.to_owned(),
                self.image_of(IMAGE, &module_file(), "gateway"),
            )]),
            services: BTreeMap::new(),
        };
        change(&mut settings);
        Kubelet::start(&self.admin, &self.namespace, settings).await
    }
}

/// A kind of objects, as the API server names it.
fn resource(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}
