//! What a token says (RFC 7519 section 4), and whether that is what a provider's tokens say.

use std::cell::OnceCell;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::denial::Denial;
use crate::output::Told;

/// The claims of a token that somebody has signed.
#[derive(Debug, Clone)]
pub struct TokenClaims {
    members: Map<String, Value>,
    expires: Option<Duration>,
    not_before: Option<Duration>,
    issued: Option<Duration>,
    /// What is told of them, as soon as somebody has asked.
    told: OnceCell<Told>,
}

/// All else follows from what they say.
impl PartialEq for TokenClaims {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

/// What the claims of a provider's tokens must say.
#[derive(Debug, Clone, Default)]
pub struct ClaimRules {
    /// What `iss` must be; none means that any will do.
    pub issuer: Option<Box<str>>,
    /// Of which `aud` must name one; none means that it is not looked at.
    pub audiences: Box<[Box<str>]>,
    /// By how much clocks may differ.
    pub leeway: Duration,
    /// Whether `exp` must be there.
    pub require_expiration: bool,
    /// The longest time from `iat` to `exp`.
    pub max_lifetime: Option<Duration>,
    /// Claims that must be there.
    pub required: Box<[Box<str>]>,
}

impl TokenClaims {
    /// # Errors
    /// When a time among them is none.
    pub(crate) fn new(members: Map<String, Value>) -> Result<Self, Denial> {
        let time = |name| members.get(name).map(numeric_date).transpose();
        Ok(Self {
            expires: time("exp")?,
            not_before: time("nbf")?,
            issued: time("iat")?,
            told: OnceCell::new(),
            members,
        })
    }

    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// All of them, in the order of their names.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// What is told of them. Claims are of one provider's tokens, so it is the same each time.
    pub(crate) fn told(&self, write: impl FnOnce(&Map<String, Value>) -> Told) -> &Told {
        self.told.get_or_init(|| write(&self.members))
    }

    /// Whether they are few, so that many tokens' can be kept: a value takes up to seventy times as much as
    /// what it is written with.
    pub(crate) fn is_small(&self) -> bool {
        const MOST: usize = 256;
        fn count(value: &Value) -> usize {
            match value {
                Value::Array(elements) => 1 + elements.iter().map(count).sum::<usize>(),
                Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
                _ => 1,
            }
        }
        self.members.values().map(count).sum::<usize>() <= MOST
    }

    /// Whether they say what a provider's tokens say.
    ///
    /// # Errors
    /// The first that they do not.
    pub fn check(&self, rules: &ClaimRules, now: Duration) -> Result<(), Denial> {
        if let Some(issuer) = &rules.issuer
            && self.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err(Denial::IssuerMismatch);
        }
        if !rules.audiences.is_empty() && !self.is_for(&rules.audiences) {
            return Err(Denial::AudienceMismatch);
        }
        let is_there = |name: &str| self.get(name).is_some_and(|claim| !claim.is_null());
        if !rules.required.iter().all(|name| is_there(name))
            || (rules.require_expiration && self.expires.is_none())
        {
            return Err(Denial::ClaimMissing);
        }
        if let Some(longest) = rules.max_lifetime {
            let (Some(issued), Some(expires)) = (self.issued, self.expires) else {
                return Err(Denial::ClaimMissing);
            };
            if expires.saturating_sub(issued) > longest {
                return Err(Denial::LifetimeTooLong);
            }
        }
        self.check_times(rules.leeway, now)
    }

    /// Whether they hold now.
    ///
    /// # Errors
    /// When not.
    pub(crate) fn check_times(&self, leeway: Duration, now: Duration) -> Result<(), Denial> {
        let soon = now.saturating_add(leeway);
        if self.issued.is_some_and(|issued| issued > soon) {
            return Err(Denial::IssuedInFuture);
        }
        if self.not_before.is_some_and(|begin| begin > soon) {
            return Err(Denial::TokenNotYetValid);
        }
        let is_over = |expires: Duration| expires.saturating_add(leeway) <= now;
        match self.expires.is_some_and(is_over) {
            true => Err(Denial::TokenExpired),
            false => Ok(()),
        }
    }

    fn is_for(&self, audiences: &[Box<str>]) -> bool {
        let is_one = |value: &Value| {
            let named = value.as_str();
            named.is_some_and(|named| audiences.iter().any(|audience| **audience == *named))
        };
        match self.get("aud") {
            Some(Value::Array(named)) => named.iter().any(is_one),
            Some(named) => is_one(named),
            None => false,
        }
    }

    /// Whether they grant all of these scopes: in `scope` (RFC 8693 section 4.2) or `scp`, each of which
    /// is a text of words or an array.
    pub(crate) fn grant(&self, scopes: &[Box<str>]) -> bool {
        let granted = |scope: &str| {
            ["scope", "scp"].iter().any(|name| match self.get(name) {
                Some(Value::String(words)) => words.split(' ').any(|word| word == scope),
                Some(Value::Array(words)) => words.iter().any(|word| word.as_str() == Some(scope)),
                _ => false,
            })
        };
        scopes.iter().all(|scope| granted(scope))
    }
}

/// Seconds since the Unix epoch, perhaps a fraction of one (RFC 7519 section 2).
fn numeric_date(value: &Value) -> Result<Duration, Denial> {
    let seconds = value.as_f64().ok_or(Denial::ClaimsMalformed)?;
    // Some issuers write the end of time, with more nines than anybody's clock.
    const END_OF_TIME: f64 = 1e15;
    Duration::try_from_secs_f64(seconds.min(END_OF_TIME)).map_err(|_| Denial::ClaimsMalformed)
}
