//! An image in a registry, and keys to sign it with.

use std::path::{Path, PathBuf};

use integration::registry::Registry;
use tempfile::TempDir;

use crate::headgate::{call, printed};

/// A registry with an image in it, and keys.
pub struct Rig {
    pub registry: Registry,
    pub image: String,
    pub digest: String,
    place: TempDir,
}

impl Rig {
    pub async fn new() -> Self {
        let registry = Registry::start();
        let image = registry.image("headgate/a:1");
        let push = format!("push function-router {image} --output json");
        let pushed = call(&push).await.json();
        Self {
            digest: pushed["digest"].as_str().unwrap().to_owned(),
            registry,
            image,
            place: TempDir::new().unwrap(),
        }
    }

    /// The image by its digest.
    pub fn exactly(&self) -> String {
        format!("{}@{}", self.registry.image("headgate/a"), self.digest)
    }

    pub fn path(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    /// Makes a pair, `NAME.key` and `NAME.pub`, as the page says.
    pub async fn key(&self, name: &str) -> (String, String) {
        let (key, public) = (
            self.path(&format!("{name}.key")),
            self.path(&format!("{name}.pub")),
        );
        let generate = format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {key}");
        printed("openssl".into(), &generate).await;
        printed(
            "openssl".into(),
            &format!("pkey -in {key} -pubout -out {public}"),
        )
        .await;
        (key, public)
    }
}

/// Keys that cosign has made; the password is "secret".
pub fn cosigns(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join("crates/headgate/src/image/fixtures").join(file)
}
