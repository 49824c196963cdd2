//! Registries that send something else than what was asked for.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use integration::registry::{Answer, StandIn};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::headgate::image;

const MODULE: &[u8] = b"\0asm\x01\0\0\0 and more";

/// Lies in some place, about a module in the CNCF's layout.
struct Liar {
    stand_in: StandIn,
    manifest: Value,
    digest: String,
    place: TempDir,
}

impl Liar {
    async fn start() -> Self {
        let digest = StandIn::digest(MODULE);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": StandIn::digest(b"{}"),
                "size": 2,
            },
            "layers": [{ "mediaType": "application/wasm", "digest": digest, "size": MODULE.len() }],
        });
        Self {
            stand_in: StandIn::start().await,
            manifest,
            digest,
            place: TempDir::new().unwrap(),
        }
    }

    fn registry(&self) -> String {
        self.stand_in.image("").trim_end_matches('/').to_owned()
    }

    fn tells(&self, manifest: &Value) {
        self.stand_in
            .answers("/v2/a/manifests/1", Answer::manifest(manifest));
    }

    fn sends(&self, module: &[u8]) {
        self.stand_in.has_blob("a", &self.digest, module);
    }

    /// Pulls over a file that is there, and looks that nothing has happened to it.
    async fn refused(&self, name: &str) -> String {
        let file = self.place.path().join("a.wasm");
        std::fs::write(&file, "what was there").unwrap();
        let pull = image(&format!("pull {}", self.stand_in.image(name))).within(self.place.path());
        let (code, told) = pull.done().await.refused();
        assert_eq!(code, 3);
        assert_eq!(std::fs::read(&file).unwrap(), b"what was there");
        let files = std::fs::read_dir(self.place.path()).unwrap();
        assert_eq!(files.count(), 1, "nothing is left beside it");
        told
    }
}

/// That these tests can fail: without a lie the module comes.
#[tokio::test]
async fn an_honest_registry_is_believed() {
    let liar = Liar::start().await;
    liar.tells(&liar.manifest);
    liar.sends(MODULE);
    let pull = image(&format!("pull {}", liar.stand_in.image("a:1"))).within(liar.place.path());
    pull.done().await.ok();
    let pulled = std::fs::read(liar.place.path().join("a.wasm")).unwrap();
    assert_eq!(pulled, MODULE);
}

#[tokio::test]
async fn another_module_is_not_taken() {
    let liar = Liar::start().await;
    liar.tells(&liar.manifest);
    let other = b"\0asm\x01\0\0\0 and evil";
    liar.sends(other);
    assert_eq!(
        liar.refused("a:1").await,
        format!(
            "error: {} sent something else than what was asked for: its digest is {}, not {}; nothing of it was \
             kept",
            liar.registry(),
            StandIn::digest(other),
            liar.digest
        )
    );
}

#[tokio::test]
async fn half_a_module_is_not_taken() {
    let liar = Liar::start().await;
    liar.tells(&liar.manifest);
    liar.sends(&MODULE[..8]);
    let told = liar.refused("a:1").await;
    assert!(
        told.contains("something else than what was asked for"),
        "{told}"
    );
}

#[tokio::test]
async fn more_than_was_said_is_not_taken() {
    let liar = Liar::start().await;
    liar.tells(&liar.manifest);
    liar.sends(&[MODULE, &[0; 1_000_000]].concat());
    assert_eq!(
        liar.refused("a:1").await,
        format!(
            "error: {} sent more than the {} bytes that the manifest says of {}; nothing of it was kept",
            liar.registry(),
            MODULE.len(),
            liar.digest
        )
    );
}

#[tokio::test]
async fn another_manifest_than_the_digest_names_is_not_taken() {
    let liar = Liar::start().await;
    let wanted = StandIn::digest(liar.manifest.to_string().as_bytes());
    let mut other = liar.manifest.clone();
    other["annotations"] = json!({ "of": "somebody else" });
    let path = format!("/v2/a/manifests/{wanted}");
    liar.stand_in.answers(&path, Answer::manifest(&other));
    assert_eq!(
        liar.refused(&format!("a@{wanted}")).await,
        format!(
            "error: {} sent something else than what was asked for: its digest is {}, not {wanted}; nothing of \
             it was kept",
            liar.registry(),
            StandIn::digest(other.to_string().as_bytes()),
        )
    );
}

#[tokio::test]
async fn a_manifest_that_is_not_what_the_registry_says_is_not_taken() {
    let liar = Liar::start().await;
    let said = StandIn::digest(b"something else");
    let answer = Answer::manifest(&liar.manifest).field("docker-content-digest", &said);
    liar.stand_in.answers("/v2/a/manifests/1", answer);
    let told = liar.refused("a:1").await;
    assert!(
        told.contains("something else than what was asked for"),
        "{told}"
    );
    assert!(told.contains(&said), "{told}");
}

#[tokio::test]
async fn a_module_that_is_not_the_one_that_its_image_says_is_not_taken() {
    let liar = Liar::start().await;
    let mut manifest = liar.manifest.clone();
    manifest["annotations"] = json!({ "dev.headgate.module.sha256": "00" });
    liar.tells(&manifest);
    liar.sends(MODULE);
    let image = liar.stand_in.image("a:1");
    assert_eq!(
        liar.refused("a:1").await,
        format!(
            "error: {image} says that its module has the SHA-256 00, and it has {}; it was put together wrongly: \
             push it again",
            liar.digest.trim_start_matches("sha256:")
        )
    );
}

#[tokio::test]
async fn what_is_no_manifest_is_told() {
    let liar = Liar::start().await;
    liar.stand_in
        .answers("/v2/a/manifests/1", Answer::new(200, "no manifest"));
    let told = liar.refused("a:1").await;
    let begin = format!(
        "error: {} cannot be understood: its manifest of ",
        liar.registry()
    );
    assert!(told.starts_with(&begin), "{told}");
}

/// A module and behind it a hole of 300 MiB, which takes no room in the archive.
fn sparse_layer() -> Vec<u8> {
    const HOLE_ENDS: u64 = 300 * 1024 * 1024;
    let octal = |number: u64| -> [u8; 12] {
        let digits = format!("{number:011o}\0");
        digits.into_bytes().try_into().unwrap()
    };
    let mut header = tar::Header::new_gnu();
    header.set_path("plugin.wasm").unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(512);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.set_real_size(HOLE_ENDS);
    gnu.sparse[0].offset = octal(0);
    gnu.sparse[0].numbytes = octal(512);
    gnu.sparse[1].offset = octal(HOLE_ENDS);
    gnu.sparse[1].numbytes = octal(0);
    header.set_cksum();
    let mut block = [0; 512];
    block[..MODULE.len()].copy_from_slice(MODULE);
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(header.as_bytes()).unwrap();
    packer.write_all(&block).unwrap();
    packer.write_all(&[0; 1024]).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_small_layer_does_not_become_a_large_file() {
    let liar = Liar::start().await;
    let layer = sparse_layer();
    assert!(layer.len() < 200, "{}", layer.len());
    let digest = StandIn::digest(&layer);
    let mut manifest = liar.manifest.clone();
    manifest["layers"] = json!([{
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": digest,
        "size": layer.len(),
    }]);
    liar.tells(&manifest);
    liar.stand_in.has_blob("a", &digest, &layer);
    let image = liar.stand_in.image("a:1");
    assert_eq!(
        liar.refused("a:1").await,
        format!(
            "error: {image} is not a wasm image: its last layer cannot be unpacked: plugin.wasm is no plain file"
        )
    );
}
