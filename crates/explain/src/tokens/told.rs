//! The same to be shown.

use std::time::Duration;

use claims::PredicateTold;
use filter_api::Refusal;
use jwt_authz::{Denial, Inspection, RequirementTold, TokenSeen};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Tokens, why};

/// What a request's tokens come to.
#[derive(Debug, Clone, Serialize)]
pub struct TokensTold {
    /// What each provider that was asked makes of the request.
    pub tokens: Vec<TokenTold>,
    /// What is required, part by part.
    pub required: Required,
    /// Header fields that tell upstreams of claims.
    pub headers: Vec<(String, String)>,
}

/// What a provider makes of a request.
#[derive(Debug, Clone, Serialize)]
pub struct TokenTold {
    /// The provider.
    pub provider: String,
    /// Whether there is a token of the provider's that holds.
    pub good: bool,
    /// Why not, as the access log has it.
    pub reason: Option<String>,
    /// Why not, for people.
    pub why: Option<String>,
    /// What it says that it is signed with, where it is a token at all.
    pub algorithm: Option<&'static str>,
    /// The key that it names.
    pub kid: Option<String>,
    /// Whether it is signed by the provider.
    pub signed: bool,
    /// What it says. Nobody has said so, if it is not signed.
    pub claims: Option<Map<String, Value>>,
}

/// A demand, and whether it is met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Required {
    /// What is demanded: `any`, `token of corp`, `scope pets:read`, `claim tier equals "gold"`.
    pub demand: String,
    /// Whether it is met.
    pub met: bool,
    /// What is in the way of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Required>,
}

pub(super) fn told(tokens: &Tokens, found: &Inspection, now: Duration) -> TokensTold {
    let seen = found.tokens.iter();
    TokensTold {
        tokens: seen.filter_map(|seen| token(tokens, seen, now)).collect(),
        required: required(tokens, &found.requirement),
        headers: found.headers.clone(),
    }
}

fn token(tokens: &Tokens, seen: &TokenSeen, now: Duration) -> Option<TokenTold> {
    let (name, config) = tokens.provider(seen.provider)?;
    let parsed = seen.token.as_deref().and_then(why::parts);
    let why = seen.found.as_ref().err().map(|denial| {
        let silent = tokens.silent.get(name).map(String::as_str);
        let keys = tokens.providers.get(seen.provider).map(|one| one.keys());
        why::why(
            denial,
            parsed.as_ref(),
            config,
            keys.as_deref(),
            silent,
            now,
        )
    });
    let (algorithm, kid, claims) = match parsed {
        Some(parts) => (parts.algorithm, parts.kid, parts.claims),
        None => (None, None, None),
    };
    Some(TokenTold {
        provider: name.to_owned(),
        good: seen.found.is_ok(),
        signed: seen.found.as_ref().map_or_else(is_signed, |_| true),
        reason: seen
            .found
            .as_ref()
            .err()
            .map(|denial| denial.label().to_owned()),
        why,
        algorithm,
        kid,
        claims,
    })
}

/// Whether a token that is refused for this is the provider's all the same.
fn is_signed(denial: &Denial) -> bool {
    *denial > Denial::SignatureInvalid && *denial != Denial::KeysUnavailable
}

fn required(tokens: &Tokens, told: &RequirementTold) -> Required {
    let all = |parts: &[RequirementTold]| parts.iter().map(|one| required(tokens, one)).collect();
    let (demand, why, parts) = match told {
        RequirementTold::None => ("nothing".to_owned(), None, Vec::new()),
        RequirementTold::Any(_, parts) => ("any of these".to_owned(), None, all(parts)),
        RequirementTold::All(_, parts) => ("all of these".to_owned(), None, all(parts)),
        RequirementTold::Optional(_, part) => {
            let parts = vec![required(tokens, part)];
            ("this, or no token at all".to_owned(), None, parts)
        }
        RequirementTold::Token {
            provider,
            denial,
            scopes,
            claims,
            ..
        } => {
            let provider = tokens.provider(*provider);
            let name = provider.map(|(name, _)| name).unwrap_or_default();
            let scopes = scopes.iter().map(|(scope, has_it)| Required {
                demand: format!("scope {scope}"),
                met: *has_it,
                why: (!has_it).then(|| "the token does not have it".to_owned()),
                parts: Vec::new(),
            });
            (
                format!("a token of {name}"),
                denial.as_ref().map(|denial| denial.label().to_owned()),
                scopes.chain(claims.iter().map(predicate)).collect(),
            )
        }
    };
    Required {
        demand,
        met: told.is_met(),
        why,
        parts,
    }
}

/// A demand on claims.
pub(crate) fn predicate(told: &PredicateTold) -> Required {
    let parts: Vec<Required> = told.parts.iter().map(predicate).collect();
    let is_claim = parts.is_empty();
    let found = || match &told.found {
        Some(value) => format!("it is {value}"),
        None => "it is not there".to_owned(),
    };
    let demand = match (told.demand.as_str(), is_claim) {
        (demand, true) => format!("claim {demand}"),
        ("not", false) => "not this".to_owned(),
        (demand, false) => format!("{demand} of these"),
    };
    Required {
        demand,
        met: told.holds,
        why: (is_claim && !told.holds).then(found),
        parts,
    }
}
