//! What Envoy takes only at its start.

use filter_api::ConfigError;
use gateway_model::{Admin, Gateway, Listener, Metadata, RateLimitService, RateLimiting};
use serde::{Deserialize, Serialize};

use crate::diff::Difference;

/// The fields of a document that take a restart when they change: those that are in the bootstrap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    metadata: Metadata,
    listeners: Vec<Listener>,
    admin: Admin,
    /// Whom listeners ask about limits.
    #[serde(default)]
    rate_limit_service: Option<RateLimitService>,
}

impl Fixed {
    /// Those of a document.
    pub fn of(gateway: &Gateway) -> Self {
        Self {
            metadata: gateway.metadata.clone(),
            listeners: gateway.listeners.clone(),
            admin: gateway.admin,
            rate_limit_service: gateway.rate_limiting.service.clone(),
        }
    }

    /// A document with these fields: what can be carried to an Envoy that was started with them.
    pub fn kept_in(&self, gateway: Gateway) -> Gateway {
        let Self {
            metadata,
            listeners,
            admin,
            rate_limit_service,
        } = self.clone();
        Gateway {
            metadata,
            listeners,
            admin,
            rate_limiting: RateLimiting {
                service: rate_limit_service,
                ..gateway.rate_limiting
            },
            ..gateway
        }
    }

    /// Where a document has something else, that takes a restart: `listeners[http].port`.
    ///
    /// # Errors
    /// When the router would not take the document.
    pub fn changes_in(&self, gateway: &Gateway) -> Result<Vec<String>, ConfigError> {
        if Self::of(gateway) == *self {
            return Ok(Vec::new());
        }
        let difference = Difference::of(&self.kept_in(gateway.clone()), gateway)?;
        let places = difference.restart.iter().map(ToString::to_string);
        Ok(places.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(fields: &str) -> Gateway {
        let text = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n{fields}\n\
             upstreams: {{ pets: {{ http: \"pets:80\" }} }}\n\
             routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n"
        );
        let read = gateway_model::read("gateway.yaml", text.as_bytes());
        read.unwrap_or_else(|wrong| panic!("{wrong}")).document
    }

    #[test]
    fn fields_that_take_a_restart_are_named_by_their_place() {
        let old = Fixed::of(&gateway("listeners: [{ name: http, port: 8080 }]"));
        for (fields, changes) in [
            ("listeners: [{ name: http, port: 8080 }]", &[][..]),
            (
                "listeners: [{ name: http, port: 8081 }]",
                &["listeners[http].port"],
            ),
            (
                "listeners: [{ name: http, port: 8080 }, { name: other, port: 8081 }]",
                &["listeners[other]"],
            ),
            (
                "listeners: [{ name: http, port: 8080, address: \"::\" }]\nadmin: { port: 1 }",
                &["listeners[http].address", "admin.port"],
            ),
            (
                "metadata: { name: shop }\nlisteners: [{ name: http, port: 8080, \
                 tls: { certificates: [{ certificate: a, key: b }] } }]",
                &["metadata.name", "listeners[http].tls"],
            ),
            (
                "listeners: [{ name: http, port: 8080 }]\nlimits: [{ rate: 1/s, engine: { ratelimit: {} } }]\n\
                 rate_limiting: { service: { grpc: \"limits:8081\" } }",
                &["rate_limiting"],
            ),
        ] {
            let new = gateway(fields);
            assert_eq!(old.changes_in(&new).unwrap(), changes, "{fields}");
            assert_eq!(Fixed::of(&old.kept_in(new)), old);
        }
    }

    #[test]
    fn what_an_envoy_was_started_with_is_read_again() {
        let fixed = Fixed::of(&gateway(
            "metadata: { name: shop }\nlisteners: [{ name: https, port: 8443, address: \"::1\", \
             tls: { certificates: [{ certificate: a, key: b }] } }]\nadmin: { port: 9000 }",
        ));
        let text = serde_json::to_string(&fixed).unwrap();
        assert_eq!(serde_json::from_str::<Fixed>(&text).unwrap(), fixed);
    }
}
