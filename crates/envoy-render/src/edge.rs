//! What listeners have to know of what stands before them.
//!
//! | what stands before | each connection begins with | the client is | the scheme is |
//! | --- | --- | --- | --- |
//! | nothing, or a Service | | who connects | the connection's |
//! | NLB of the AWS Load Balancer Controller | a header of the PROXY protocol | who that names | the connection's; https where TLS ends at the NLB |
//! | NLB of the cloud provider's controller | | who connects, as nodes hand nobody on | the same |
//! | … and before it an ALB | the same | the last in `x-forwarded-for` | `x-forwarded-proto` |
//! | … a REST API of an API Gateway | the same | the last in `x-forwarded-for` | https |
//! | … an HTTP API of an API Gateway | the same | the last in `forwarded` | https |

use filter_api::Duration;
use gateway_model::{Entrance, Front, Listener, Scheme};
use serde_json::{Map, Value, json};

use crate::fields::fields;

/// Which connections begin with a header of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderOf {
    /// All: others are closed.
    All,
    /// Some.
    Some,
}

/// `envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol`, of version 2, which is what an NLB
/// speaks.
pub(crate) fn proxy_protocol(header: HeaderOf) -> Value {
    let optional = (header == HeaderOf::Some).then_some(true);
    let config = fields(json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
        "allow_requests_without_proxy_protocol": optional,
        "disallowed_versions": ["V1"],
    }));
    json!({ "name": "envoy.filters.listener.proxy_protocol", "typed_config": config })
}

/// What a deployed listener has of its own.
pub(crate) fn listener(entrance: &Entrance) -> Map<String, Value> {
    let header = entrance.speaks_proxy_protocol();
    fields(json!({
        // Left to itself Envoy would close connections from the first failed health check on, and clients
        // would come back here as long as the balancer has not looked.
        "drain_type": "MODIFY_ONLY",
        "listener_filters": header.then(|| [proxy_protocol(HeaderOf::All)]),
        "socket_options": entrance.balancer.as_ref().map(|_| keepalive()),
    }))
}

/// After how many seconds without a word the kernel asks whether a client is still there, how often and how
/// many times. An NLB counts it as traffic, so that streams on which nothing comes for long do not end; its
/// least idle timeout is a minute.
const KEEPALIVE: [(&str, u32, u32, u32); 4] = [
    ("SO_KEEPALIVE", SOL_SOCKET, 9, 1),
    ("TCP_KEEPIDLE", IPPROTO_TCP, 4, 30),
    ("TCP_KEEPINTVL", IPPROTO_TCP, 5, 30),
    ("TCP_KEEPCNT", IPPROTO_TCP, 6, 4),
];

// As Linux numbers them. Connections have the options of the socket that they were accepted by.
const SOL_SOCKET: u32 = 1;
const IPPROTO_TCP: u32 = 6;

/// `envoy.config.core.v3.SocketOption`s.
fn keepalive() -> Vec<Value> {
    let option = |(description, level, name, value)| {
        json!({
            "description": description,
            "level": level,
            "name": name,
            "int_value": value,
            "state": "STATE_PREBIND",
        })
    };
    KEEPALIVE.into_iter().map(option).collect()
}

/// How long a connection may do nothing: less than a balancer keeps it. A client whose connection the
/// balancer has forgotten finds out by a request that fails; one whose connection the gateway has closed
/// knows it before.
pub(crate) fn idle_timeout(entrance: &Entrance, listener: &Listener) -> Option<Duration> {
    const BEFORE: u64 = 10;
    let kept = entrance.idle_timeout(listener)?.get().as_secs();
    Some(Duration::from_secs(kept.saturating_sub(BEFORE)))
}

/// Fields of the connection manager that say whose word on a client is believed. Where nothing is deployed
/// nothing stands before.
pub(crate) fn believed(entrance: Option<&Entrance>, listener: &Listener) -> Map<String, Value> {
    let front = entrance.map(|entrance| entrance.front).unwrap_or_default();
    let mut mutations = removed(front);
    if front == Front::ApiGatewayHttp {
        mutations.extend(client_of_forwarded());
    }
    let scheme = entrance.map(|entrance| entrance.scheme(listener));
    let is_https = scheme == Some(Scheme::Https);
    fields(json!({
        // Of `x-forwarded-for` the last address, which is the one that what stands before wrote.
        "xff_num_trusted_hops": (front != Front::Nothing).then_some(1),
        "early_header_mutation_extensions": [{
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                "mutations": mutations,
            },
        }],
        // Of `x-forwarded-proto` too. With no hop trusted Envoy writes that of the connection.
        "scheme_header_transformation": is_https.then(|| json!({ "scheme_to_overwrite": "https" })),
    }))
}

/// What upstreams read as the word of what stands before them. Of `x-forwarded-for` and
/// `x-forwarded-proto` Envoy itself takes care. Where nothing stands before the gateway the pipeline never
/// sees them.
pub const OF_PROXIES: [&str; 8] = [
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-real-ip",
];

/// Removes those that the front is not known to write, before anything of the gateway reads them: they are
/// the client's.
fn removed(front: Front) -> Vec<Value> {
    let written: Option<&str> = match front {
        Front::Nothing => None,
        Front::Alb | Front::ApiGatewayRest => Some("x-forwarded-port"),
        Front::ApiGatewayHttp => Some("forwarded"),
    };
    let removed = OF_PROXIES.into_iter().filter(|name| Some(*name) != written);
    removed.map(|name| json!({ "remove": name })).collect()
}

/// Makes `x-forwarded-for` of what an HTTP API has written at the end of `forwarded` (RFC 7239):
/// `for=192.0.2.7;host=…;proto=https`, or `for="[2001:db8::7]"`. What a client has sent in either an HTTP
/// API puts before that. Without it, or with two, nothing is believed, and the client is who connects.
fn client_of_forwarded() -> [Value; 2] {
    let said = "request.headers['forwarded']";
    let said = format!("{said}.matches(r'{TWO_FOR}') ? '' : {said}");
    let client = format!(
        r"%CEL(re.extract({said}, r'{}', r'\1\2\3'))%",
        last_of_forwarded()
    );
    [
        json!({ "remove": "x-forwarded-for" }),
        json!({ "append": {
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            "header": { "key": "x-forwarded-for", "value": client },
        } }),
    ]
}

/// What matches where the last element has a second `for`, even if it only looks like one.
const TWO_FOR: &str = "(?i)for=[^,]*for=[^,]*$";

/// What matches all behind the last comma, if that is one element of `forwarded` with `for`, whose address
/// is in one of three groups. No part of it matches a comma: where one stands in quotes, there is a quote
/// too many behind it. What is before the comma is not looked at, so that no client can spoil it.
///
/// Envoy takes no expression of more than a hundred of RE2's instructions, and one that speaks of all
/// characters but a few, or of letters in either casing, has many.
fn last_of_forwarded() -> String {
    const OTHERS: &str = r#"(?:[ !#-+\--\[\]-~]|"[ !#-+\--\[\]-~]*")*"#;
    const ADDRESS: &str =
        r#"(?:([0-9A-Fa-f:.]+)|"(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)\])(?::[0-9]+)?")"#;
    format!("(?:^|,)(?:{OTHERS};)? *[Ff][Oo][Rr]={ADDRESS} *(?:;{OTHERS})?$")
}
