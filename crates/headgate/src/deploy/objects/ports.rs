//! What the ports of a pod are called.
//!
//! A Service names them, and Kubernetes looks the name up in each pod by itself. So while a listener's port is
//! changed each pod is called where it listens, the old ones and the new ones.

use gateway_model::Listener;

use super::short_hash;

/// The port where a pod tells how it is.
pub(super) const STATUS: &str = "status";

/// The most characters of a port's name in a pod (RFC 6335, section 5.1).
const MOST_CHARACTERS: usize = 15;

/// What names begin with that hold a hash.
const HASHED: &str = "port-";

/// The name of a listener's port in a pod: that of the listener, if ports can be called so, and otherwise a hash of it. It
/// does not depend on the port.
pub(super) fn name(listener: &Listener) -> String {
    let name = listener.name.as_str();
    match is_name(name) && name != STATUS && !name.starts_with(HASHED) {
        true => name.to_owned(),
        false => format!("{HASHED}{}", short_hash(name)),
    }
}

/// Whether a port can be called so: what a label can be, but no longer than this, with a letter in it and
/// without `--`.
fn is_name(label: &str) -> bool {
    label.len() <= MOST_CHARACTERS
        && label.contains(|one: char| one.is_ascii_lowercase())
        && !label.contains("--")
}
