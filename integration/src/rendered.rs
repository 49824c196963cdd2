//! What Headgate renders, placed where a test's Envoy finds it.

use std::path::{Path, PathBuf};

use envoy_render::{BOOTSTRAP, Files, Placement, SYSTEM_CAS, render};
use gateway_model::{Entrance, Port};
use tempfile::TempDir;

use crate::envoy::{self, Bootstrap, Envoy, Launch, Refused};
use crate::made::module;

/// Where the committed renders say that they are.
const COMMITTED_PLACE: &str = "/etc/headgate";

/// What stands in for the authorities that the system trusts, in the directory.
const OWN_CAS: &str = "system-cas.crt";

/// The pipeline's module, in the directory.
const MODULE: &str = "modules/gateway.wasm";

/// A render in a directory of its own, with the pipeline's module. As it stands but for the ports of
/// its listeners, which the kernel chooses ([`Envoy::listener`] tells). Envoy watches the directory, so
/// it must outlive Envoy.
#[derive(Debug)]
pub struct Rendered {
    directory: TempDir,
    /// The port of the admin endpoint, where the bootstrap speaks of it a second time.
    admin: Option<u16>,
}

impl Rendered {
    /// Renders a document. The authorities that the system trusts are those of [`own_cas`](Self::own_cas).
    ///
    /// # Panics
    /// When it is refused, or cannot be written.
    #[must_use]
    pub fn document(document: &str) -> Self {
        let rendered = Self::empty();
        let placement = rendered.placement();
        let checked = gateway_model::read("gateway.yaml", document.as_bytes())
            .unwrap_or_else(|faults| panic!("{faults}"));
        for (file, text) in render(&checked.document, &placement) {
            rendered.write(&file, &text);
        }
        rendered
    }

    /// Renders a document for where it is deployed, as it says itself.
    ///
    /// # Panics
    /// When it is refused, or cannot be written.
    #[must_use]
    pub fn deployed(document: &str) -> Self {
        let mut rendered = Self::empty();
        let checked = gateway_model::read("gateway.yaml", document.as_bytes());
        let mut gateway = checked.unwrap_or_else(|faults| panic!("{faults}")).document;
        let admin = envoy::free_port();
        gateway.admin.port = Port::new(admin).expect("a port");
        rendered.admin = Some(admin);
        let entrance = Entrance::of(&gateway, None);
        let placement = Placement {
            files: Files::Watched,
            entrance: Some(entrance.unwrap_or_else(|faults| panic!("{faults:?}"))),
            ..rendered.placement()
        };
        for (file, text) in render(&gateway, &placement) {
            rendered.write(&file, &text);
        }
        rendered
    }

    /// Where things are.
    #[must_use]
    pub fn placement(&self) -> Placement {
        let place = self.directory.path();
        Placement {
            system_cas: place.join(OWN_CAS).display().to_string(),
            ..Placement::in_directory(&place.display().to_string())
        }
    }

    /// Takes a render as it is committed.
    ///
    /// # Panics
    /// When it cannot be read, or not be written.
    #[must_use]
    pub fn committed(folder: &Path) -> Self {
        let rendered = Self::empty();
        let place = rendered.directory.path().display().to_string();
        for entry in folder.read_dir().expect("a committed render") {
            let path = entry.expect("a committed render").path();
            let text = std::fs::read_to_string(&path).expect("a committed render");
            let file = path.file_name().and_then(|name| name.to_str());
            let text = text.replace(SYSTEM_CAS, &format!("{COMMITTED_PLACE}/{OWN_CAS}"));
            let text = text.replace(COMMITTED_PLACE, &place);
            rendered.write(file.expect("a file's name"), &text);
        }
        rendered
    }

    /// The file of what stands in for the authorities that the system trusts. It is not there before a
    /// test has written it.
    #[must_use]
    pub fn own_cas(&self) -> PathBuf {
        self.path(OWN_CAS)
    }

    /// The path of a file in the directory, which is where the names of files in the document start
    /// from.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// How to start Envoy with it.
    pub fn launch(&self) -> Launch {
        let path = self.directory.path().join(BOOTSTRAP);
        Envoy::launch(match self.admin {
            Some(_) => Bootstrap::Whole(path),
            None => Bootstrap::File(path),
        })
    }

    /// Starts Envoy with it, and returns once it is live.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn start(&self) -> Envoy {
        self.launch().start().await
    }

    /// What `envoy --mode validate` says of it.
    ///
    /// # Errors
    /// When Envoy does not accept it.
    pub fn validate(&self) -> Result<(), Refused> {
        envoy::validate(self.bootstrap())
    }

    fn bootstrap(&self) -> PathBuf {
        self.directory.path().join(BOOTSTRAP)
    }

    /// A directory with nothing but the module.
    fn empty() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let place = directory.path().join(MODULE);
        std::fs::create_dir_all(place.parent().expect("a directory")).expect("a directory");
        std::fs::copy(module("gateway"), place).expect("the pipeline's module");
        Self {
            directory,
            admin: None,
        }
    }

    fn write(&self, file: &str, text: &str) {
        let text = match file {
            BOOTSTRAP => on_ports_of_the_kernel(text, self.admin),
            _ => text.to_owned(),
        };
        std::fs::write(self.directory.path().join(file), text).expect("a file of a render");
    }
}

/// All ports in a bootstrap but that of the admin endpoint are those that Envoy listens on; upstreams are in
/// another file.
fn on_ports_of_the_kernel(bootstrap: &str, admin: Option<u16>) -> String {
    const PORT: &str = "port_value:";
    let is_admin = |port: &str| admin.is_some() && port.trim().parse().ok() == admin;
    let line = |line: &str| match line.split_once(PORT) {
        Some((before, port)) if !is_admin(port) => format!("{before}{PORT} 0\n"),
        _ => format!("{line}\n"),
    };
    bootstrap.lines().map(line).collect()
}
