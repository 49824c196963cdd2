//! What holds where a document says nothing: to write it out, or to leave it out again, changes nothing.

use gateway_model::{
    Controller, Destination, Front, Gateway, IdleTimeout, Listener, OnFailure, RateLimit, Route,
    ServiceDomain, Topology, Upstream,
};
use jwt_authz::FetchConfig;
use rate_limiter::{HeaderStyle, KEYS, TellOn};
use serde_json::{Map, Value, json};

use super::fields::Side;

/// What is written, and what holds.
#[derive(Debug, Clone)]
pub struct Written {
    /// As it is written.
    pub written: Value,
    /// The same with what holds where nothing is written.
    pub holds: Value,
}

impl Written {
    fn new(part: &impl serde::Serialize, fill: impl FnOnce(&mut Map<String, Value>)) -> Self {
        let written = value(part);
        let mut holds = written.clone();
        if let Some(fields) = holds.as_object_mut() {
            fill(fields);
        }
        Self { written, holds }
    }

    /// The same, to be compared.
    pub fn side(&self) -> Side<'_> {
        Side {
            written: Some(&self.written),
            holds: Some(&self.holds),
        }
    }
}

/// A part of a document as the tree that it is written as.
pub fn value(part: &impl serde::Serialize) -> Value {
    // The document's types have no key that is no text, which is all that could fail.
    serde_json::to_value(part).unwrap_or_default()
}

/// Any other field of the document, by its name.
pub fn field(name: &str, part: &Value) -> Written {
    let mut part = part.clone();
    if name == "providers" {
        objects(&mut part).for_each(|provider| provider.retain(|_, value| !value.is_null()));
    }
    Written::new(&part, |fields| match name {
        "cors" => cors(fields),
        "rate_limiting" => rate_limiting(fields),
        "edge" => edge(fields),
        "providers" => fields
            .values_mut()
            .filter_map(Value::as_object_mut)
            .for_each(provider),
        _ => {} // they have no defaults, or write them
    })
}

/// A provider of tokens.
fn provider(fields: &mut Map<String, Value>) {
    or(fields, "leeway", || "1m".into());
    or(fields, "require_expiration", || true.into());
    or(fields, "forward", || false.into());
    or(fields, "keys", || json!({}));
    within(fields, "keys", |keys| {
        if !keys.contains_key("file") && !keys.contains_key("secret") {
            or(keys, "fetch", || value(&FetchConfig::default()));
        }
    });
}

/// What holds for all limits.
fn rate_limiting(fields: &mut Map<String, Value>) {
    or(fields, "headers", || value(&HeaderStyle::default()));
    or(fields, "on", || value(&TellOn::default()));
    within(fields, "service", |service| {
        or(service, "domain", || value(&ServiceDomain::default()));
        or(service, "timeout", || "50ms".into());
        or(service, "on_failure", || value(&OnFailure::default()));
    });
}

/// A limit of all requests.
pub fn limit(limit: &RateLimit) -> Written {
    Written::new(limit, |fields| limit_of(limit, fields))
}

fn limit_of(limit: &RateLimit, fields: &mut Map<String, Value>) {
    or(fields, "name", || limit.name().into());
    or(fields, "cost", || 1.into());
    or(fields, "dry_run", || false.into());
    or(fields, "status", || 429.into());
    or(fields, "keys", || KEYS.into());
    if limit.engine.is_none() {
        or(fields, "burst", || limit.rate.tokens().into());
    }
    let local = limit.engine.as_ref();
    let local = local.and_then(|engine| engine.ratelimit.local.as_ref());
    if let Some(local) = local {
        within(fields, "engine", |engine| {
            within(engine, "ratelimit", |service| {
                within(service, "local", |fields| {
                    or(fields, "burst", || local.rate.tokens().into());
                });
            });
        });
    }
}

fn limits_of(limits: &[RateLimit], fields: Option<&mut Value>) {
    let written = fields.and_then(Value::as_array_mut).into_iter().flatten();
    for (limit, fields) in limits.iter().zip(written) {
        if let Some(fields) = fields.as_object_mut() {
            limit_of(limit, fields);
        }
    }
}

/// The values of an object that are objects.
fn objects(value: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let fields = value.as_object_mut().into_iter();
    let values = fields.flat_map(Map::values_mut);
    values.filter_map(Value::as_object_mut)
}

/// What stands before the gateway; what holds depends on the topology.
fn edge(fields: &mut Map<String, Value>) {
    let topology = fields.get("topology").cloned();
    let Some(Ok(topology)) = topology.map(serde_json::from_value::<Topology>) else {
        return;
    };
    if topology != Topology::NlbPrivate {
        or(fields, "front", || value(&Front::default()));
    }
    if topology.has_balancer() {
        or(fields, "controller", || value(&Controller::default()));
        or(fields, "idle_timeout", || value(&IdleTimeout::default()));
    }
}

/// A listener.
pub fn listener(listener: &Listener) -> Written {
    Written::new(listener, |fields| {
        or(fields, "address", || value(&listener.address));
    })
}

/// An upstream.
pub fn upstream(upstream: &Upstream) -> Written {
    Written::new(upstream, |fields| {
        or(fields, "connect_timeout", || {
            value(&upstream.connect_timeout())
        });
        or(fields, "timeout", || value(&upstream.timeout()));
        or(fields, "idle_timeout", || value(&upstream.idle_timeout()));
        or(fields, "circuit_breakers", || {
            value(&upstream.circuit_breakers)
        });
        or(fields, "http2", || false.into());
        or(fields, "websocket", || false.into());
        within(fields, "retries", |retries| {
            or(retries, "budget", || value(&upstream.retry_budget()));
        });
    })
}

/// A route in two documents. What a destination does not say its upstream does; that is told there,
/// unless one of the two says it here.
pub fn routes(before: (&Gateway, &Route), after: (&Gateway, &Route)) -> [Written; 2] {
    let said = |own: &Route, name: &str, key: &str| {
        let own = own.to.iter().find(|one| one.name().as_str() == name);
        own.is_some_and(|own| value(own).get(key).is_some())
    };
    [(before, after.1), (after, before.1)].map(|((gateway, own), other)| {
        route(gateway, own, |destination, key| {
            said(other, destination.name().as_str(), key)
        })
    })
}

/// `inherits`: whether it matters what a destination's field of this name is when it does not say it.
fn route(
    gateway: &Gateway,
    route: &Route,
    inherits: impl Fn(&Destination, &str) -> bool,
) -> Written {
    Written::new(route, |fields| {
        or(fields, "name", || route.name().into());
        cors_of(fields);
        limits_of(&route.limits, fields.get_mut("limits"));
        for (index, destination) in route.to.iter().enumerate() {
            let to = fields.get_mut("to").and_then(|to| to.get_mut(index));
            let Some(to) = to.and_then(Value::as_object_mut) else {
                continue;
            };
            or(to, "name", || value(destination.name()));
            limits_of(&destination.limits, to.get_mut("limits"));
            if destination.when.is_none() {
                or(to, "weight", || destination.weight().into());
            }
            let Some(upstream) = gateway.upstreams.get(&destination.upstream) else {
                continue;
            };
            let mut inherit = |key: &str, inherited: Value| {
                if inherits(destination, key) {
                    or(to, key, || inherited);
                }
            };
            inherit("timeout", value(&upstream.timeout()));
            inherit("idle_timeout", value(&upstream.idle_timeout()));
            if let Some(retries) = &upstream.retries {
                let mut retries = value(retries);
                // That one is the upstream's alone.
                retries
                    .as_object_mut()
                    .map(|retries| retries.remove("budget"));
                inherit("retries", retries);
            }
        }
        for mirror in fields
            .get_mut("mirror")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(mirror) = mirror.as_object_mut() {
                or(mirror, "percent", || 100.into());
            }
        }
        within(fields, "sticky", |sticky| {
            or(sticky, "client_address", || false.into());
            within(sticky, "cookie", |cookie| {
                or(cookie, "path", || "/".into());
                or(cookie, "same_site", || "Lax".into());
                or(cookie, "secure", || false.into());
            });
        });
        within(fields, "redirect", |redirect| {
            or(redirect, "status", || 302.into())
        });
        within(fields, "respond", |respond| {
            or(respond, "content_type", || {
                json!("text/plain; charset=utf-8")
            });
        });
    })
}

fn cors_of(fields: &mut Map<String, Value>) {
    within(fields, "cors", cors);
}

/// A policy of CORS.
fn cors(fields: &mut Map<String, Value>) {
    or(fields, "credentials", || false.into());
}

/// Writes a field unless it is written.
fn or(fields: &mut Map<String, Value>, key: &str, default: impl FnOnce() -> Value) {
    if !fields.contains_key(key) {
        fields.insert(key.to_owned(), default());
    }
}

fn within(fields: &mut Map<String, Value>, key: &str, fill: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(inner) = fields.get_mut(key).and_then(Value::as_object_mut) {
        fill(inner);
    }
}
