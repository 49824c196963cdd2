//! One line of JSON for each request.

use serde_json::{Value, json};

/// `envoy.config.accesslog.v3.AccessLog` to standard output.
///
/// `reason` says why a request was refused, in the words of the filter or of Envoy; `function` is the
/// key of the function, so two contents of one upstream are told apart.
pub(crate) fn access_log() -> Value {
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": { "json_format": {
                "time": "%START_TIME%",
                "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                "method": "%REQ(:METHOD)%",
                "host": "%REQ(:AUTHORITY)%",
                "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                "protocol": "%PROTOCOL%",
                "route": "%FILTER_STATE(wasm.headgate.route:PLAIN)%",
                "function": "%ROUTE_NAME%",
                "status": "%RESPONSE_CODE%",
                "grpc_status": "%GRPC_STATUS%",
                "reason": "%RESPONSE_CODE_DETAILS%",
                "flags": "%RESPONSE_FLAGS%",
                "duration_ms": "%DURATION%",
                "upstream": "%UPSTREAM_HOST%",
                "upstream_ms": "%RESPONSE_DURATION%",
                "request_bytes": "%BYTES_RECEIVED%",
                "response_bytes": "%BYTES_SENT%",
                "request_id": "%REQ(X-REQUEST-ID)%",
            } },
        },
    })
}
