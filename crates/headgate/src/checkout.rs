//! The checkout of Headgate that this program was built in.

use std::path::{Path, PathBuf};

/// The root of the checkout: above the `target/` that the program lies in. None for a program that was
/// installed. It is never looked for from the working directory, where anybody's files may be.
pub fn root() -> Option<PathBuf> {
    root_of(&std::env::current_exe().ok()?)
}

fn root_of(program: &Path) -> Option<PathBuf> {
    let is_target = |folder: &&Path| folder.file_name().is_some_and(|name| name == "target");
    let target = program.ancestors().skip(1).find(is_target)?;
    let root = target.parent()?;
    root.join("Cargo.toml").is_file().then(|| root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_known_by_where_the_program_lies() {
        let checkout = tempfile::tempdir().unwrap();
        let root = checkout.path();
        for program in [
            "target/debug/headgate",
            "target/x86_64-unknown-linux-gnu/release/headgate",
        ] {
            assert_eq!(root_of(&root.join(program)), None, "no Cargo.toml yet");
        }
        std::fs::write(root.join("Cargo.toml"), "").unwrap();
        for program in [
            "target/debug/headgate",
            "target/x86_64-unknown-linux-gnu/release/headgate",
        ] {
            assert_eq!(root_of(&root.join(program)).as_deref(), Some(root));
        }
        assert_eq!(root_of(&root.join("bin/headgate")), None);
    }
}
