//! JWT authorisation as a filter of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{
    Caller, ConfigError, Exchange, Filter, Flow, HeaderList, Holding, Host, HostError, Level,
    Reply, Root, RootHost,
};
use serde_json::{Map, Value};

use crate::cache::Cache;
use crate::claims::Claims;
use crate::config::Config;
use crate::denial::Denial;
use crate::metrics::{ACCEPTED, CACHED, Metrics, REFUSALS};
use crate::output::{sanitise, tell};
use crate::preflight::is_preflight;
use crate::provider::Providers;
use crate::requirement::{Accepted, Denied};
use crate::rules::Rules;
use crate::verify::verify;

/// The claims of accepted tokens: `wasm.headgate.claims`.
const CLAIMS_STATE: &str = "headgate.claims";

/// The filter that lets requests pass by their tokens.
#[derive(Debug)]
pub struct JwtAuthz {
    providers: Providers,
    rules: Rules,
    filter_state: bool,
    cached_tokens: u16,
    holding: Holding,
    /// Made when the first token comes: the host's random numbers seed it.
    cache: RefCell<Option<Cache>>,
    metrics: RefCell<Metrics>,
}

impl Filter for JwtAuthz {
    const NAME: &'static str = "jwt-authz";
    type Config = Config;
    type Exchange = JwtExchange;
    type Root = JwtRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        let providers = Providers::compile(&config.providers)?;
        Ok(Self {
            rules: Rules::compile(&config.rules, &providers)?,
            providers,
            filter_state: config.filter_state,
            cached_tokens: config.cached_tokens,
            holding: config.holding,
            cache: RefCell::default(),
            metrics: RefCell::default(),
        })
    }

    fn holding(&self) -> Holding {
        self.holding
    }

    fn exchange(self: &Rc<Self>) -> JwtExchange {
        JwtExchange(Rc::clone(self))
    }

    fn root(self: &Rc<Self>) -> JwtRoot {
        JwtRoot(Rc::clone(self))
    }
}

/// Says in the log which keys are left out.
#[derive(Debug)]
pub struct JwtRoot(Rc<JwtAuthz>);

impl Root for JwtRoot {
    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        for provider in self.0.providers.iter() {
            let name = &provider.name;
            for fault in &provider.key_faults {
                let (index, error) = (fault.index, &fault.error);
                let message = format!("provider {name}: key {index} is left out: {error}");
                host.log(Level::Warn, &message);
            }
            for key in provider.keys.iter() {
                let kid = key.kid().unwrap_or_default();
                if let Err(error) = key.is_taken(host) {
                    let message =
                        format!("provider {name}: key \"{kid}\" verifies nothing: {error}");
                    host.log(Level::Warn, &message);
                }
            }
        }
        Ok(())
    }
}

/// One request.
#[derive(Debug)]
pub struct JwtExchange(Rc<JwtAuthz>);

impl Exchange for JwtExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let filter = &*self.0;
        let headers = host.request_headers()?;
        let ours = filter
            .providers
            .iter()
            .flat_map(|provider| &*provider.headers);
        sanitise(host, &headers, ours)?;
        if is_preflight(&headers) {
            return Ok(Flow::Continue);
        }
        match filter.decide(host, &headers) {
            Ok(accepted) => {
                filter.pass(host, &headers, &accepted)?;
                Ok(Flow::Continue)
            }
            Err(denied) => {
                let provider = denied.provider.and_then(|index| filter.named(index));
                let label = filter_api::Refusal::label(&denied.denial);
                filter
                    .metrics
                    .borrow_mut()
                    .count(host, REFUSALS, provider, label);
                Ok(Flow::Reply(Reply::refusal(
                    &denied.denial,
                    Caller::of(&headers),
                )))
            }
        }
    }
}

impl JwtAuthz {
    fn decide(&self, host: &mut dyn Host, headers: &HeaderList) -> Result<Vec<Accepted>, Denied> {
        let requirement = self.rules.requirement(headers.method(), headers.path());
        let requirement = requirement.map_err(|denial| Denied {
            provider: None,
            denial,
        })?;
        let now = host.unix_time();
        // What several places ask of one provider is found out once.
        let mut known: Vec<(usize, Result<Rc<Claims>, Denial>)> = Vec::new();
        requirement.authorise(&mut |provider| {
            if let Some((_, found)) = known.iter().find(|(index, _)| *index == provider) {
                return found.clone();
            }
            let found = self.authenticate(host, headers, provider, now);
            known.push((provider, found.clone()));
            found
        })
    }

    /// What a request's token of a provider says.
    fn authenticate(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
        index: usize,
        now: Duration,
    ) -> Result<Rc<Claims>, Denial> {
        let provider = self.providers.get(index).ok_or(Denial::TokenMissing)?;
        let token = provider.token(headers)?;
        let mut cache = self.cache.borrow_mut();
        let cache = cache.get_or_insert_with(|| Cache::new(self.cached_tokens, host.random()));
        if let Some(claims) = cache.get(index, &token) {
            if let Err(denial) = claims.check_times(provider.claims.leeway, now) {
                cache.remove(index, &token);
                return Err(denial);
            }
            self.metrics
                .borrow_mut()
                .count(host, CACHED, self.named(index), "");
            return Ok(claims);
        }
        let claims = verify(&token, provider, now, host)?;
        let claims = Rc::new(claims);
        cache.insert(index, &token, &claims);
        Ok(claims)
    }

    /// Lets a request pass: the upstream gets no token that it is not to have, and learns what it is to
    /// know.
    fn pass(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
        accepted: &[Accepted],
    ) -> Result<(), HostError> {
        let providers = || {
            let known = |one: &Accepted| self.providers.get(one.provider);
            accepted
                .iter()
                .filter_map(move |one| Some((one, known(one)?)))
        };
        for (_, provider) in providers().filter(|(_, provider)| !provider.forward) {
            for source in &provider.sources {
                source.strip(host, headers)?;
            }
        }
        let mut state = Map::new();
        for (one, provider) in providers() {
            let named = self.named(one.provider);
            self.metrics.borrow_mut().count(host, ACCEPTED, named, "");
            tell(host, &provider.headers, &one.claims)?;
            if self.filter_state {
                let claims = Value::Object(one.claims.members().clone());
                state.insert(provider.name.to_string(), claims);
            }
        }
        if !state.is_empty() {
            let state = Value::Object(state).to_string();
            host.set_filter_state(CLAIMS_STATE, state.as_bytes())?;
        }
        Ok(())
    }

    fn named(&self, index: usize) -> Option<(usize, &str)> {
        let provider = self.providers.get(index)?;
        Some((index, &provider.name))
    }
}
