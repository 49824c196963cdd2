//! The authorities that this machine trusts.

use std::path::Path;

/// Where systems keep their certificates in one file: what most images have first.
const PLACES: [&str; 5] = [
    envoy_render::SYSTEM_CAS,
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, Red Hat, Amazon Linux
    "/etc/pki/tls/certs/ca-bundle.crt",                  // those of before
    "/etc/ssl/ca-bundle.pem",                            // openSUSE
    "/etc/ssl/cert.pem",                                 // BSD, macOS
];

/// The file of their certificates; where Debian has it, if there is none.
pub fn of_this_machine() -> &'static str {
    let there = PLACES.into_iter().find(|place| Path::new(place).is_file());
    there.unwrap_or(envoy_render::SYSTEM_CAS)
}
