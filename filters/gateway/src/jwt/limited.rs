//! What limits ask of claims, held against what is required of tokens.

use std::collections::BTreeSet;

use filter_api::ConfigError;
use jwt_authz::Providers;
use rate_limiter::{ConditionsConfig, CostConfig, KeyConfig, LimitConfig};

use super::asked::{Asked, written_for_upstreams};

/// All that limits of a route or of its functions ask which nobody can say, or which could be said by somebody
/// else than was meant. `required` are the providers whose tokens the route takes; paths are relative to the
/// list: `[0].by[1].claim`.
pub fn unanswerable_limits<S>(
    limits: &[LimitConfig<S>],
    required: &[&str],
    providers: &Providers,
) -> Vec<ConfigError> {
    let claims = asked_by(limits).into_iter();
    let claims = claims.filter_map(|asked| asked.fault(required));
    claims.chain(of_fields(limits, providers)).collect()
}

/// The same of limits of all requests, which ask it on each route that takes tokens: `routes` are these, by name.
pub fn unanswerable_limits_of_all<S>(
    limits: &[LimitConfig<S>],
    routes: &[(&str, Vec<&str>)],
    providers: &Providers,
) -> Vec<ConfigError> {
    let mut faults = Vec::new();
    let mut told = BTreeSet::new();
    for asked in asked_by(limits) {
        if routes.is_empty() {
            let problem = "no token is looked at on any route, so no claim is ever known; add jwt: { \
                           provider: … } to the gateway or to a route";
            faults.push(ConfigError::new(asked.path(asked.field), problem));
        }
        for (name, required) in routes {
            if let Some(fault) = asked.fault(required)
                && told.insert(fault.path.clone())
            {
                let problem = format!("on route \"{name}\" {}", fault.problem);
                faults.push(ConfigError::new(fault.path, problem));
            }
        }
    }
    faults.extend(of_fields(limits, providers));
    faults
}

fn asked_by<S>(limits: &[LimitConfig<S>]) -> Vec<Asked<'_>> {
    let mut asked = Vec::new();
    for (index, limit) in limits.iter().enumerate() {
        for (part, key) in limit.by.iter().enumerate() {
            if let KeyConfig::Claim { provider, .. } = key {
                asked.push(Asked {
                    place: format!("[{index}].by[{part}]"),
                    field: "claim",
                    provider: provider.as_deref(),
                });
            }
        }
        for (place, conditions) in conditions_of(limit) {
            if !conditions.claims.is_empty() {
                asked.push(Asked {
                    place: format!("[{index}].{place}"),
                    field: "claims",
                    provider: conditions.provider.as_deref(),
                });
            }
        }
    }
    asked
}

/// The conditions of a limit, each with its place.
fn conditions_of<S>(limit: &LimitConfig<S>) -> impl Iterator<Item = (String, &ConditionsConfig)> {
    let when = limit.when.iter().map(|when| ("when".to_owned(), when));
    let exempt = limit.exempt.iter();
    when.chain(exempt.map(|(name, conditions)| (format!("exempt[{name:?}]"), conditions)))
}

/// Header fields that limits ask for and that are not the client's.
fn of_fields<S>(limits: &[LimitConfig<S>], providers: &Providers) -> Vec<ConfigError> {
    let mut faults = Vec::new();
    for (index, limit) in limits.iter().enumerate() {
        let mut fields: Vec<(String, &str)> = Vec::new();
        for (part, key) in limit.by.iter().enumerate() {
            if let KeyConfig::Header(name) = key {
                fields.push((format!("by[{part}].header"), name));
            }
        }
        if let Some(CostConfig::Header(name)) = &limit.cost {
            fields.push(("cost.header".to_owned(), name));
        }
        for (place, conditions) in conditions_of(limit) {
            let names = conditions.headers.keys();
            fields.extend(names.map(|name| (format!("{place}.headers[{name:?}]"), name.as_str())));
        }
        for (place, field) in fields {
            let instead = match place.split(['[', '.']).next() {
                Some("by") => "write a key of \"claim\"",
                Some("cost") => "name another field",
                _ => "write a condition on \"claims\"",
            };
            let problem = match field.starts_with(rate_limiter::PREFIX) {
                true => Some(format!(
                    "\"{field}\" is written by the gateway itself, and taken off what clients send; name another"
                )),
                false => written_for_upstreams(field, providers, instead),
            };
            faults.extend(
                problem.map(|problem| ConfigError::new(format!("[{index}].{place}"), problem)),
            );
        }
    }
    faults
}
