//! The files that a document names.

use super::{Certificate, Gateway};
use crate::scalars::FileName;

impl Gateway {
    /// The files that the document names, each behind the path of its name in the document:
    /// `listeners[0].tls.certificates[0].key`.
    pub fn files(&self) -> Vec<(String, &FileName)> {
        let mut files = Vec::new();
        for (i, listener) in self.listeners.iter().enumerate() {
            let certificates = listener.tls.iter().flat_map(|tls| &tls.certificates);
            for (j, pair) in certificates.enumerate() {
                files.extend(of_pair(
                    &format!("listeners[{i}].tls.certificates[{j}]"),
                    pair,
                ));
            }
        }
        for (name, upstream) in &self.upstreams {
            let Some(tls) = &upstream.tls else { continue };
            let path = format!("upstreams.{name}.tls");
            files.extend(tls.ca.iter().map(|file| (format!("{path}.ca"), file)));
            let shown = tls.certificate.as_ref();
            files.extend(
                shown
                    .into_iter()
                    .flat_map(|pair| of_pair(&format!("{path}.certificate"), pair)),
            );
        }
        files
    }
}

fn of_pair<'c>(path: &str, pair: &'c Certificate) -> [(String, &'c FileName); 2] {
    [
        (format!("{path}.certificate"), &pair.certificate),
        (format!("{path}.key"), &pair.key),
    ]
}
