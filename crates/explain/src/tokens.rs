//! What a request's tokens come to.

mod told;
mod why;

use std::collections::BTreeMap;

use claims::{Predicate, PredicateConfig, Said};
use filter_api::{ConfigError, HeaderList};
use function_router::{Route, Router};
use gateway::{JwtConfig, PoliciesConfig};
use jwt_authz::{
    Accepted, FetchConfig, Inspection, KeysConfig, ProviderConfig, Providers, Requirement,
    RequirementConfig, inspect,
};
use serde_json::Value;
use software_signatures::SoftwareSignatures;

use crate::question::Question;

pub use told::{Required, TokenTold, TokensTold};

/// The key sets of providers whose keys are fetched, or why there are none.
pub type KeySets = BTreeMap<String, Result<Value, String>>;

/// Who issues tokens, and what is required of them on each route.
#[derive(Debug)]
pub(crate) struct Tokens {
    configs: BTreeMap<String, ProviderConfig>,
    providers: Providers,
    /// By the route's index.
    requirements: Vec<Option<Requirement>>,
    /// Why keys could not be had, by provider.
    silent: BTreeMap<String, String>,
}

impl Tokens {
    pub(crate) fn compile(
        config: JwtConfig,
        key_sets: KeySets,
        router: &Router,
    ) -> Result<Self, ConfigError> {
        let mut configs = config.providers;
        let mut silent = BTreeMap::new();
        let not_asked = || Err("they were not asked for".to_owned());
        for (name, provider) in &mut configs {
            let is_fetched =
                provider.keys.remote.is_some() || provider.keys == KeysConfig::default();
            if !is_fetched {
                continue;
            }
            let keys = key_sets.get(name).cloned().unwrap_or_else(not_asked);
            provider.keys = keys.map(keys_of).unwrap_or_else(|why| {
                silent.insert(name.clone(), why);
                KeysConfig::unasked(None, FetchConfig::default())
            });
        }
        let providers = Providers::compile(&configs)?;
        let PoliciesConfig { gateway, routes } = config.requirements;
        let requirement = |route: &Route| {
            let required: Option<&RequirementConfig> =
                routes.get(route.name()).or(gateway.as_ref());
            let compile = |required| Requirement::compile(required, &providers);
            required.map(compile).transpose()
        };
        let requirements = router.routes().iter().map(requirement);
        Ok(Self {
            requirements: requirements.collect::<Result<_, ConfigError>>()?,
            configs,
            providers,
            silent,
        })
    }

    /// What is found out about the tokens of a request that a route takes; none if none is looked at.
    pub(crate) fn inspect(
        &self,
        route: &Route,
        headers: &HeaderList,
        question: &Question,
    ) -> Option<(Inspection, TokensTold)> {
        let requirement = self.requirements.get(route.index())?.as_ref()?;
        let (providers, now) = (&self.providers, question.now);
        let found = inspect(
            requirement,
            providers,
            headers,
            now,
            &mut SoftwareSignatures,
        );
        let told = told::told(self, &found, now);
        Some((found, told))
    }

    /// Whether any token is looked at on a route.
    pub(crate) fn are_asked_on(&self, route: &Route) -> bool {
        let requirement = self.requirements.get(route.index());
        requirement.is_some_and(Option::is_some)
    }

    /// The request without what no client may say of its claims.
    pub(crate) fn sanitised(&self, headers: &HeaderList) -> HeaderList {
        headers.without(|field| self.providers.writer_of(field).is_some())
    }

    /// What accepted tokens say.
    pub(crate) fn said<'a>(&'a self, accepted: &'a [Accepted]) -> Vec<Said<'a>> {
        self.providers.said(accepted)
    }

    /// A provider's name and configuration.
    fn provider(&self, index: usize) -> Option<(&str, &ProviderConfig)> {
        let name = &*self.providers.get(index)?.name;
        Some((name, self.configs.get(name)?))
    }
}

fn keys_of(set: Value) -> KeysConfig {
    KeysConfig {
        jwks: Some(set),
        ..KeysConfig::default()
    }
}

/// Why no token, or none of this provider, says what these demand.
pub(crate) fn claims_unmet(
    predicates: &[PredicateConfig],
    provider: Option<&str>,
    said: &[Said<'_>],
) -> String {
    let all = Predicate::compile_all(predicates, "");
    let (Some(claims), Ok(all)) = (Said::by(said, provider).next(), all) else {
        let of = provider.map(|provider| format!(" of {provider}"));
        return format!("there is no token{}", of.unwrap_or_default());
    };
    let parts = all.tell(claims).parts;
    let unmet = parts.iter().filter(|part| !part.holds).map(told::predicate);
    let unmet: Vec<String> = unmet
        .map(|one| match one.why {
            Some(why) => format!("{}; {why}", one.demand),
            None => format!("{} does not hold", one.demand),
        })
        .collect();
    unmet.join(", ")
}
