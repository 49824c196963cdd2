//! Letting requests pass by their tokens, for whichever filter knows what is required of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{ConfigError, Fields, HeaderList, Host, HostError, Refusal, RootHost};

use crate::cache::Cache;
use crate::config::ProviderConfig;
use crate::denial::Denial;
use crate::key_wait::{KeyWait, Waiting};
use crate::metrics::Metrics;
use crate::output::{ClaimHeader, Told, sanitise};
use crate::provider::{Provider, Providers};
use crate::requirement::{Accepted, Denied, Requirement};
use crate::source::Source;
use crate::token::Token;
use crate::token_claims::TokenClaims;
use crate::verify;

/// Providers, and what is known of their tokens.
#[derive(Debug)]
pub struct Authorisation {
    providers: Providers,
    /// Whether claims become filter state.
    filter_state: bool,
    cached_tokens: u16,
    /// Made when the first token comes: the host's random numbers seed it.
    cache: RefCell<Option<Cache>>,
    metrics: RefCell<Metrics>,
    waiting: Waiting,
    /// When this Envoy began, as time since the Unix epoch.
    began: Cell<Option<Duration>>,
}

/// After this time without keys the filter is ready all the same: a server that does not answer is no
/// reason to take a gateway out of service that has other things to do.
const LONGEST_UNREADY: Duration = Duration::from_secs(30);

/// What is to become of a request.
#[derive(Debug)]
pub enum Verdict {
    /// It may pass, by these tokens.
    Pass(Vec<Accepted>),
    /// Nobody can say before keys have come.
    Wait {
        /// When it is refused if they have not, as time since the Unix epoch.
        until: Duration,
    },
    /// It may not.
    Refuse(Denial),
}

impl Authorisation {
    /// Checks providers. `filter_state` says whether claims become filter state; `cached_tokens`, how
    /// many verified tokens are remembered.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile(
        providers: &BTreeMap<String, ProviderConfig>,
        filter_state: bool,
        cached_tokens: u16,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            providers: Providers::compile(providers)?,
            filter_state,
            cached_tokens,
            cache: RefCell::default(),
            metrics: RefCell::default(),
            waiting: Waiting::default(),
            began: Cell::default(),
        })
    }

    /// Who issues tokens.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Whether requests can be answered: the keys of all providers have come, or have not come for 30 s.
    pub fn is_ready(&self, now: Duration) -> bool {
        let has_keys = |provider: &Provider| !provider.keys().is_empty();
        // A clock that was set back since says nothing of how long.
        let has_waited = |began| {
            let since = now.checked_sub(began);
            since.is_none_or(|since| since >= LONGEST_UNREADY)
        };
        self.began.get().is_some_and(has_waited) || self.providers.iter().all(has_keys)
    }

    pub(crate) fn start(&self, began: Duration) {
        self.began.set(Some(began));
    }

    /// Removes what a client says in header fields that tell of claims, whatever is required of its
    /// request. Returns what is left, by which all that follows has to go.
    ///
    /// # Errors
    /// When the host fails.
    pub fn sanitise(
        &self,
        host: &mut dyn Host,
        headers: &Rc<HeaderList>,
    ) -> Result<Rc<HeaderList>, HostError> {
        let left = sanitise(host, Fields::RequestHeaders, headers, self.claim_headers())?;
        Ok(left.map_or_else(|| Rc::clone(headers), Rc::new))
    }

    /// The same in the request's trailers, which some servers read as more header fields.
    ///
    /// # Errors
    /// When the host fails.
    pub fn sanitise_trailers(&self, host: &mut dyn Host) -> Result<(), HostError> {
        let mut ours = self.claim_headers();
        if ours.next().is_some() {
            let trailers = host.fields(Fields::RequestTrailers)?;
            sanitise(
                host,
                Fields::RequestTrailers,
                &trailers,
                self.claim_headers(),
            )?;
        }
        Ok(())
    }

    fn claim_headers(&self) -> impl Iterator<Item = &ClaimHeader> + Clone {
        let providers = self.providers.iter();
        providers.flat_map(|provider| &*provider.headers)
    }

    /// Says what is to become of a request of which this is required, and counts refusals. One that waits
    /// is judged again, with the same `wait`, whenever it is woken. From the target of one that is refused
    /// tokens are taken out: logs show it.
    ///
    /// # Errors
    /// When the host fails.
    pub fn judge(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
        requirement: &Requirement,
        wait: &mut KeyWait,
    ) -> Result<Verdict, HostError> {
        let now = host.unix_time();
        let since = wait.since();
        // What several places ask of one provider is found out once; most requirements have one place.
        let is_one = matches!(requirement, Requirement::Token(_));
        let mut known: Vec<(usize, Result<Rc<TokenClaims>, Denial>)> = Vec::new();
        let judged = requirement.authorise(&mut |provider| {
            if let Some((_, found)) = known.iter().find(|(index, _)| *index == provider) {
                return found.clone();
            }
            let found = self.authenticate(host, headers, provider, now, since);
            if !is_one {
                known.push((provider, found.clone()));
            }
            found
        });
        if let Err(denied) = &judged
            && let Some(longest) = self.longest_wait(denied)
            && let Some(until) = wait.go_on(&self.waiting, now, longest)
        {
            // What may be forwarded once it is verified stays.
            let may_stay = |source: &_| self.providers.may_forward(requirement, source);
            self.hide(host, headers, |source| !may_stay(source))?;
            return Ok(Verdict::Wait { until });
        }
        wait.end();
        match judged {
            Ok(accepted) => Ok(Verdict::Pass(accepted)),
            Err(denied) => {
                self.hide_tokens(host, headers)?;
                Ok(Verdict::Refuse(self.refuse(host, denied)))
            }
        }
    }

    /// Takes tokens out of the target of a request that is refused before anybody knows what is required of
    /// it: logs show the target.
    ///
    /// # Errors
    /// When the host fails.
    pub fn hide_tokens(&self, host: &mut dyn Host, headers: &HeaderList) -> Result<(), HostError> {
        self.hide(host, headers, |_| true)
    }

    fn hide(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
        which: impl Fn(&Source) -> bool,
    ) -> Result<(), HostError> {
        let sources = self
            .providers
            .iter()
            .flat_map(|provider| &*provider.sources);
        let mut hidden = sources.filter(|source| source.is_query() && which(source));
        hidden.try_for_each(|source| source.strip(host, headers))
    }

    /// How long keys are waited for, if they may let a request pass that is not yet.
    fn longest_wait(&self, denied: &Denied) -> Option<Duration> {
        let provider = self.providers.get(denied.provider?)?;
        let remote = provider.remote()?;
        (denied.denial == Denial::KeysUnavailable).then(|| remote.longest_wait())
    }

    /// Tells the host what was counted.
    pub(crate) fn tell_metrics(&self, host: &mut dyn RootHost) {
        let name = |index| Some(&*self.providers.get(index)?.name);
        self.metrics.borrow_mut().tell(host, name);
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self, host: &mut dyn Host, denied: Denied) -> Denial {
        let provider = denied.provider.and_then(|index| self.named(index));
        let mut metrics = self.metrics.borrow_mut();
        metrics.count_refusal(host, provider, denied.denial.label());
        denied.denial
    }

    /// What a request's token of a provider says. `since` is when the request began to wait for keys, if
    /// it does.
    fn authenticate(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
        index: usize,
        now: Duration,
        since: Option<Duration>,
    ) -> Result<Rc<TokenClaims>, Denial> {
        let provider = self.providers.get(index).ok_or(Denial::TokenMissing)?;
        let token = provider.token(headers)?;
        let mut cache = self.cache.borrow_mut();
        let cache = cache.get_or_insert_with(|| Cache::new(self.cached_tokens, host.random()));
        if let Some(claims) = cache.get(index, &token) {
            if let Err(denial) = claims.check_times(provider.claims.leeway, now) {
                cache.remove(index, &token);
                return Err(denial);
            }
            let mut metrics = self.metrics.borrow_mut();
            metrics.count_good(index, true);
            return Ok(claims);
        }
        let parsed = Token::parse(&token)?;
        let doubt = |denial, host: &mut dyn Host| match provider.remote() {
            None => denial,
            Some(remote) => remote.doubt(denial, parsed.kid.as_deref(), since, now, host),
        };
        if let Err(denial) = verify::takes(provider, &parsed) {
            // Where the configuration does not say which algorithms are taken, a key to come may.
            return Err(match provider.algorithms.is_empty() {
                true => doubt(denial, host),
                false => denial,
            });
        }
        let keys = provider.keys();
        let key = keys.verify(&parsed, host);
        let key = key.map_err(|denial| doubt(denial, host))?;
        let claims = Rc::new(verify::claims(provider, &parsed, now)?);
        cache.insert(index, &token, &claims, key);
        let mut metrics = self.metrics.borrow_mut();
        metrics.count_good(index, false);
        Ok(claims)
    }

    /// Lets a request pass of which this is required. The upstream gets of all the tokens there none but
    /// those that were accepted and are to be forwarded, and learns what it is to know. Returns the header
    /// fields with the request's target as it is now, if there was a token in it.
    ///
    /// # Errors
    /// When the host fails.
    pub fn pass(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
        requirement: &Requirement,
        accepted: &[Accepted],
    ) -> Result<Option<HeaderList>, HostError> {
        let providers = || {
            let known = |one: &Accepted| self.providers.get(one.provider);
            accepted
                .iter()
                .filter_map(move |one| Some((one, known(one)?)))
        };
        let mut was_in_target = false;
        for source in self.providers.stripped(requirement, accepted, headers) {
            was_in_target |= source.is_in_target(headers);
            source.strip(host, headers)?;
        }
        // Whoever is next must not be told to drop a field that tells of a claim (RFC 9110 section 7.6.1).
        if headers.get("upgrade").is_some() && self.claim_headers().next().is_some() {
            host.set_field(Fields::RequestHeaders, "connection", b"upgrade")?;
        }
        let mut said = Vec::new();
        for (one, provider) in providers() {
            let write = |claims: &_| Told::of(&provider.headers, claims, self.filter_state);
            let told = one.claims.told(write);
            told.tell(host, &provider.headers)?;
            said.push((&*provider.name, told.json()));
        }
        if self.filter_state && !said.is_empty() {
            let state = claims::to_filter_state(&said);
            host.set_filter_state(claims::FILTER_STATE, state.as_bytes())?;
        }
        if !was_in_target {
            return Ok(None);
        }
        let target = host.field(Fields::RequestHeaders, ":path")?;
        Ok(target.map(|target| headers.with(":path", &target)))
    }

    fn named(&self, index: usize) -> Option<(usize, &str)> {
        let provider = self.providers.get(index)?;
        Some((index, &provider.name))
    }
}
