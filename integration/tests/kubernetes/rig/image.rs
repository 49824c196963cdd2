//! What the gateway's images have.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use integration::module;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Rig;

/// A directory of modules, and what the pipeline's is called in an image.
pub struct NewModules {
    pub directory: PathBuf,
    pub file: String,
}

impl Rig {
    /// The modules of a later version of headgate: the pipeline's has another content.
    pub fn new_modules(&self) -> NewModules {
        let directory = self.path("new-modules");
        fs::create_dir_all(&directory).unwrap();
        let mut bytes = fs::read(module("gateway")).unwrap();
        // A custom section (id 0) of two bytes: a name of one byte.
        bytes.extend([0, 2, 1, b'x']);
        let digest = Sha256::digest(&bytes);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(directory.join("gateway.wasm"), bytes).unwrap();
        let list = json!([{ "name": "gateway", "sha256": digest }]);
        fs::write(directory.join("modules.json"), list.to_string()).unwrap();
        NewModules {
            directory,
            file: format!("gateway-{}.wasm", &digest[..12]),
        }
    }

    /// What an image has: a module under this name.
    pub fn image_of(&self, image: &str, file: &str, filter: &str) -> PathBuf {
        let directory = self.path("images").join(image.replace(':', "-"));
        fs::create_dir_all(&directory).unwrap();
        symlink(module(filter), directory.join(file)).unwrap();
        directory
    }
}

/// The name of the pipeline's module in an image.
pub fn module_file() -> String {
    let digest = Sha256::digest(fs::read(module("gateway")).unwrap());
    let digest: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("gateway-{digest}.wasm")
}
