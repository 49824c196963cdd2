//! TLS of listeners and to upstreams.

use gateway_model::{Host, ListenerTls, Upstream, UpstreamTls};
use serde_json::{Value, json};

use crate::Placement;
use crate::fields::fields;
use crate::secrets::Secret;

/// For both sides. Left to itself Envoy calls upstreams with TLS 1.2 at most.
fn versions() -> Value {
    json!({ "tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3" })
}

fn transport_socket(context: &Value) -> Value {
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}

/// A listener's transport socket, with `DownstreamTlsContext`. Envoy chooses among the certificates by
/// the names in them, and takes the first where none fits.
pub(crate) fn downstream(tls: &ListenerTls, placement: &Placement) -> Value {
    let certificates = tls.certificates.iter();
    let certificates: Vec<Value> = certificates
        .map(|certificate| Secret::Certificate(certificate).source(placement))
        .collect();
    transport_socket(&json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_params": versions(),
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": certificates,
        },
    }))
}

/// A cluster's transport socket, with `UpstreamTlsContext`: the upstream must prove to be who the
/// document says that it is.
pub(crate) fn upstream(upstream: &Upstream, tls: &UpstreamTls, placement: &Placement) -> Value {
    let (kind, name) = match tls.name(&upstream.address().host) {
        Host::Name(name) => ("DNS", name.to_string()),
        Host::Ip(ip) => ("IP_ADDRESS", ip.to_string()),
    };
    let alpn = if upstream.protocol.is_http2() {
        "h2"
    } else {
        "http/1.1"
    };
    let shown = tls.certificate.as_ref();
    let shown = shown.map(|certificate| [Secret::Certificate(certificate).source(placement)]);
    let common = fields(json!({
        "tls_params": versions(),
        "alpn_protocols": [alpn],
        "tls_certificate_sds_secret_configs": shown,
        "combined_validation_context": {
            "default_validation_context": {
                "match_typed_subject_alt_names": [{
                    "san_type": kind,
                    "matcher": { "exact": name },
                }],
            },
            "validation_context_sds_secret_config": Secret::authorities(tls).source(placement),
        },
    }));
    let context = fields(json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        // Names alone can be asked for (RFC 6066 section 3).
        "sni": (kind == "DNS").then_some(&name),
        "common_tls_context": common,
    }));
    transport_socket(&context.into())
}
