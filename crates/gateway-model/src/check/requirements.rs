//! What is required of tokens, and what is decided by their claims.

use std::collections::BTreeMap;

use claims::{ClaimConfig, Predicate, PredicateConfig};
use gateway::unanswerable;
use jwt_authz::{
    AccessConfig, FetchConfig, KeysConfig, Providers, Requirement, RequirementConfig,
    check_claim_field, is_same_name,
};
use serde_json::Value;

use super::Check;
use crate::document::Route;
use crate::words::{proposal, quoted};

impl Check<'_> {
    pub(super) fn requirements(&mut self) {
        let gateway = self.gateway;
        // Requirements go by names alone; what is wrong with a provider is told elsewhere.
        let stand_ins = gateway.providers.iter().map(|(name, provider)| {
            let mut provider =
                provider.with_keys(KeysConfig::unasked(None, FetchConfig::default()));
            provider.from.clear();
            // What cannot be written is told elsewhere, too.
            provider
                .headers
                .retain(|header| check_claim_field(&header.name).is_ok());
            provider
                .headers
                .dedup_by(|one, other| one.name == other.name);
            (name.to_string(), provider)
        });
        let Ok(providers) = Providers::compile(&stand_ins.collect::<BTreeMap<_, _>>()) else {
            return;
        };
        if let Some(requirement) = &gateway.jwt {
            self.requirement("jwt", requirement, &providers);
        }
        for (i, route) in gateway.routes.iter().enumerate() {
            let path = format!("routes[{i}]");
            if let Some(requirement) = &route.jwt {
                self.requirement(&format!("{path}.jwt"), requirement, &providers);
            }
            self.routed_by_claims(&path, route, &providers);
        }
        self.limited_by_claims(&providers);
    }

    fn requirement(&mut self, path: &str, requirement: &RequirementConfig, providers: &Providers) {
        if self.unknown_providers(path, requirement) {
            return;
        }
        match Requirement::compile(requirement, providers) {
            Ok(_) => {
                let mut of_tokens = Vec::new();
                self.can_be_met(path, requirement, &mut of_tokens);
                self.accepted_together(path, requirement);
            }
            Err(error) => {
                let error = error.within(path);
                self.error(error.path, error.problem);
            }
        }
    }

    /// Names those that are none; says whether there were any.
    fn unknown_providers(&mut self, path: &str, requirement: &RequirementConfig) -> bool {
        match requirement {
            RequirementConfig::None => false,
            RequirementConfig::Token(access) => self.is_unknown(path, &access.provider),
            RequirementConfig::Any(parts) => self.any_unknown(&format!("{path}.any"), parts),
            RequirementConfig::All(parts) => self.any_unknown(&format!("{path}.all"), parts),
            RequirementConfig::Optional(part) => {
                self.unknown_providers(&format!("{path}.optional"), part)
            }
        }
    }

    fn any_unknown(&mut self, path: &str, parts: &[RequirementConfig]) -> bool {
        let mut any = false;
        for (i, part) in parts.iter().enumerate() {
            any |= self.unknown_providers(&format!("{path}[{i}]"), part);
        }
        any
    }

    fn is_unknown(&mut self, path: &str, name: &str) -> bool {
        let providers = &self.gateway.providers;
        let known = || providers.keys().map(|known| known.as_str());
        if known().any(|known| known == name) {
            return false;
        }
        let help = match providers.is_empty() {
            true => "add it under \"providers\"".to_owned(),
            false => proposal(name, known().collect::<Vec<_>>()),
        };
        self.error(
            format!("{path}.provider"),
            format!("no provider {}; {help}", quoted(name)),
        );
        true
    }

    /// Tells what no token meets. `so_far` are the demands on tokens that have to be met together.
    fn can_be_met<'r>(
        &mut self,
        path: &str,
        requirement: &'r RequirementConfig,
        so_far: &mut Vec<&'r AccessConfig>,
    ) {
        match requirement {
            RequirementConfig::None => {}
            RequirementConfig::Token(access) => {
                so_far.push(access);
                self.token_can_be(path, access, so_far);
            }
            RequirementConfig::Any(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let place = format!("{path}.any[{i}]");
                    // Each by itself: the others need not be met.
                    self.can_be_met(&place, part, &mut so_far.clone());
                    if *part == RequirementConfig::None {
                        let problem = "requires nothing, so the others beside it are never asked for; to let \
                                       requests without a token pass, write optional: { any: […] }";
                        self.error(place, problem);
                    }
                }
            }
            RequirementConfig::All(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    self.can_be_met(&format!("{path}.all[{i}]"), part, so_far);
                }
            }
            RequirementConfig::Optional(part) => {
                self.can_be_met(&format!("{path}.optional"), part, &mut so_far.clone());
            }
        }
    }

    /// A request has one token of a provider, which has to meet all that is demanded of it.
    fn token_can_be(&mut self, path: &str, access: &AccessConfig, so_far: &[&AccessConfig]) {
        let providers = &self.gateway.providers;
        let mut providers = providers.iter();
        let provider = providers.find(|(name, _)| name.as_str() == access.provider);
        let issuer = provider.and_then(|(_, provider)| provider.issuer.clone());
        let issued_by = issuer.map(|issuer| PredicateConfig {
            claim: Some(ClaimConfig::Dotted("iss".to_owned())),
            equals: Some(Value::String(issuer)),
            ..PredicateConfig::default()
        });
        let others = so_far.iter().filter(|one| one.provider == access.provider);
        let demanded: Vec<PredicateConfig> = others
            .flat_map(|one| &one.claims)
            .chain(&issued_by)
            .cloned()
            .collect();
        self.claims_can_be(&format!("{path}.claims"), &demanded);
    }

    /// Tells that predicates can never hold together.
    pub(super) fn claims_can_be(&mut self, path: &str, predicates: &[PredicateConfig]) {
        let Ok(all) = Predicate::compile_all(predicates, "") else {
            return; // told elsewhere
        };
        if let Some(claim) = Predicate::contradiction(&[&all]) {
            let problem = format!(
                "no token meets this: what is demanded of claim {claim} cannot hold together; leave one of \
                 the demands out, or put them under \"any\""
            );
            self.error(path, problem);
        }
    }

    /// Of two tokens that are accepted together the later one's fields would stand.
    fn accepted_together(&mut self, path: &str, requirement: &RequirementConfig) {
        let mut pairs = Vec::new();
        tokens(requirement, &mut pairs);
        for (one, other) in pairs {
            let headers = |name: &str| {
                let mut providers = self.gateway.providers.iter();
                let found = providers.find(|(known, _)| known.as_str() == name);
                found.map_or(&[][..], |(_, provider)| provider.headers.as_slice())
            };
            let own = headers(one).iter().find(|header| {
                let mut others = headers(other).iter();
                others.any(|theirs| is_same_name(theirs.name.as_bytes(), header.name.as_bytes()))
            });
            if let Some(header) = own {
                let problem = format!(
                    "the tokens of {one} and {other} are accepted together, and both would write header {}; \
                     give one of them another name",
                    quoted(&header.name)
                );
                self.error(path, problem);
            }
        }
    }

    /// What a route asks of claims, as the pipeline's own constructor looks at it, and whether it can hold.
    fn routed_by_claims(&mut self, path: &str, route: &Route, providers: &Providers) {
        let required = route.jwt.as_ref().or(self.gateway.jwt.as_ref());
        let required_of = required
            .map(RequirementConfig::providers)
            .unwrap_or_default();
        let required_of: Vec<&str> = required_of.into_iter().collect();
        let config = route.to_config(|_, _| (String::new(), false));
        for fault in unanswerable(&config, &required_of, providers) {
            let fault = fault.within(path);
            self.error(fault.path, fault.problem);
        }
        for (i, destination) in route.to.iter().enumerate() {
            if let Some(when) = &destination.when {
                self.claims_can_be(&format!("{path}.to[{i}].when.claims"), &when.claims);
            }
        }
    }
}

/// The providers whose tokens a requirement may accept, and the pairs of those that it may accept together.
fn tokens<'r>(
    requirement: &'r RequirementConfig,
    pairs: &mut Vec<(&'r str, &'r str)>,
) -> Vec<&'r str> {
    match requirement {
        RequirementConfig::None => Vec::new(),
        RequirementConfig::Token(access) => vec![&access.provider],
        RequirementConfig::Optional(part) => tokens(part, pairs),
        RequirementConfig::Any(parts) => {
            parts.iter().flat_map(|part| tokens(part, pairs)).collect()
        }
        RequirementConfig::All(parts) => {
            let mut before: Vec<&str> = Vec::new();
            for part in parts {
                let own = tokens(part, pairs);
                for one in &before {
                    let others = own.iter().filter(|other| *other != one);
                    pairs.extend(others.map(|other| (*one, *other)));
                }
                before.extend(own);
            }
            before
        }
    }
}
