//! Names of images.

use oci_client::Reference;

/// Reads `registry/repository:tag` or `registry/repository@sha256:…`, with `oci://` before it as a
/// `WasmPlugin` has it or without. Without a tag it is `latest`, as everywhere.
///
/// # Errors
/// When it is no such name.
pub fn parse(text: &str) -> Result<Reference, String> {
    let name = text.strip_prefix("oci://").unwrap_or(text);
    name.parse::<Reference>().map_err(|error| {
        format!("{error}; write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…")
    })
}

/// What messages call its tag or its digest: `:1.0`, `@sha256:…`.
pub fn which(reference: &Reference) -> String {
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => format!("@{digest}"),
        (None, tag) => format!(":{}", tag.unwrap_or("latest")),
    }
}

/// The registry as the user knows it.
pub fn registry(reference: &Reference) -> &str {
    reference.registry()
}

/// Whether the registry is on this machine, where nobody listens in.
pub fn is_local(reference: &Reference) -> bool {
    let registry = reference.registry();
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => registry.split(':').next().unwrap_or(registry),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_a_wasm_plugin_has_it() {
        let reference = parse("oci://registry.example.com:5000/a/b:1.0").unwrap();
        assert_eq!(registry(&reference), "registry.example.com:5000");
        assert_eq!(reference.repository(), "a/b");
        assert_eq!(which(&reference), ":1.0");
        assert_eq!(which(&parse("localhost/a").unwrap()), ":latest");
    }

    #[test]
    fn what_is_no_name_is_told_with_the_form() {
        assert_eq!(
            parse("registry.example.com/Upper").unwrap_err(),
            "invalid reference format; write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…"
        );
    }

    #[test]
    fn only_this_machine_is_local() {
        for (name, local) in [
            ("localhost:5000/a", true),
            ("127.0.0.1:5000/a", true),
            ("127.1.2.3/a", true),
            ("127.example.com/a", false),
            ("localhost.example.com/a", false),
            ("registry.example.com/a", false),
        ] {
            assert_eq!(is_local(&parse(name).unwrap()), local, "{name}");
        }
    }
}
