//! Why a request's tokens are enough, or not: the same decision as a filter's, with everything that it
//! was made of. No filter asks; it is for who explains.

use std::rc::Rc;
use std::time::Duration;

use claims::PredicateTold;
use filter_api::{HeaderList, Signatures};

use crate::denial::Denial;
use crate::provider::{Provider, Providers};
use crate::requirement::{Accepted, Denied, Requirement};
use crate::token_claims::TokenClaims;
use crate::verify::verify;

/// What was found out about a request's tokens.
#[derive(Debug)]
pub struct Inspection {
    /// The providers that were asked, each once, in the order in which the requirement names them.
    pub tokens: Vec<TokenSeen>,
    /// What is required, part by part.
    pub requirement: RequirementTold,
    /// By which tokens the request passes, or why it does not.
    pub judged: Result<Vec<Accepted>, Denied>,
    /// What upstreams are told of the tokens that were accepted, in header fields.
    pub headers: Vec<(String, String)>,
    /// The request's target without the tokens that were in it, if there were any.
    pub target: Option<Vec<u8>>,
}

/// What a provider makes of a request.
#[derive(Debug)]
pub struct TokenSeen {
    /// Its index.
    pub provider: usize,
    /// The token, if there is one.
    pub token: Option<Vec<u8>>,
    /// What it says, or why it is not good.
    pub found: Result<Rc<TokenClaims>, Denial>,
}

/// What a requirement comes to. Every part is told, also where another has decided already.
#[derive(Debug, Clone, PartialEq)]
pub enum RequirementTold {
    /// Nothing is required.
    None,
    /// A token of a provider.
    Token {
        /// The provider's index.
        provider: usize,
        /// Whether it is met.
        met: bool,
        /// Why the token is not good, if it is not.
        denial: Option<Denial>,
        /// The scopes, and whether the token has each.
        scopes: Vec<(String, bool)>,
        /// The demands on claims.
        claims: Vec<PredicateTold>,
    },
    /// One of these at least.
    Any(bool, Vec<RequirementTold>),
    /// All of these.
    All(bool, Vec<RequirementTold>),
    /// This, unless there is no token at all.
    Optional(bool, Box<RequirementTold>),
}

impl RequirementTold {
    /// Whether it is met.
    pub fn is_met(&self) -> bool {
        match self {
            Self::None => true,
            Self::Token { met, .. }
            | Self::Any(met, _)
            | Self::All(met, _)
            | Self::Optional(met, _) => *met,
        }
    }
}

/// Looks at a request's tokens as a filter does at this time.
pub fn inspect(
    requirement: &Requirement,
    providers: &Providers,
    headers: &HeaderList,
    now: Duration,
    signatures: &mut dyn Signatures,
) -> Inspection {
    let mut tokens: Vec<TokenSeen> = Vec::new();
    let mut authenticate = |index: usize| {
        if let Some(seen) = tokens.iter().find(|seen| seen.provider == index) {
            return seen.found.clone();
        }
        let seen = see(index, providers.get(index), headers, now, signatures);
        let found = seen.found.clone();
        tokens.push(seen);
        found
    };
    let told = tell(requirement, &mut authenticate);
    let judged = requirement.authorise(&mut authenticate);
    let accepted = judged.as_deref().unwrap_or_default();
    let headers_told = fields_told(accepted, providers);
    let passes = judged.is_ok();
    let target = passes.then(|| target_passed(requirement, accepted, providers, headers));
    let target = target.flatten();
    Inspection {
        tokens,
        requirement: told,
        judged,
        headers: headers_told,
        target,
    }
}

fn see(
    index: usize,
    provider: Option<&Provider>,
    headers: &HeaderList,
    now: Duration,
    signatures: &mut dyn Signatures,
) -> TokenSeen {
    let seen = |token, found| TokenSeen {
        provider: index,
        token,
        found,
    };
    let Some(provider) = provider else {
        return seen(None, Err(Denial::TokenMissing));
    };
    let token = match provider.token(headers) {
        Ok(token) => token.into_owned(),
        Err(denial) => return seen(None, Err(denial)),
    };
    let found = verify(&token, provider, now, signatures).map(Rc::new);
    // Keys that would be fetched were not, so nobody can say.
    let found = found.map_err(|denial| match denial {
        Denial::KeyUnknown if provider.remote().is_some() => Denial::KeysUnavailable,
        Denial::AlgorithmNotAllowed
            if provider.remote().is_some() && provider.algorithms.is_empty() =>
        {
            Denial::KeysUnavailable
        }
        denial => denial,
    });
    seen(Some(token), found)
}

type Authenticate<'a> = &'a mut dyn FnMut(usize) -> Result<Rc<TokenClaims>, Denial>;

fn tell(requirement: &Requirement, authenticate: Authenticate<'_>) -> RequirementTold {
    let met = requirement.authorise(authenticate).is_ok();
    let mut all = |parts: &[Requirement]| {
        let parts = parts.iter().map(|part| tell(part, authenticate));
        parts.collect::<Vec<_>>()
    };
    match requirement {
        Requirement::None => RequirementTold::None,
        Requirement::Any(parts) => RequirementTold::Any(met, all(parts)),
        Requirement::All(parts) => RequirementTold::All(met, all(parts)),
        Requirement::Optional(part) => {
            RequirementTold::Optional(met, tell(part, authenticate).into())
        }
        Requirement::Token(access) => {
            let provider = access.provider();
            let found = authenticate(provider);
            let (scopes, claims) = match &found {
                Ok(claims) => access.tell(claims),
                Err(_) => (Vec::new(), Vec::new()),
            };
            RequirementTold::Token {
                provider,
                met,
                denial: found.err(),
                scopes,
                claims,
            }
        }
    }
}

/// The header fields that tell of accepted tokens.
fn fields_told(accepted: &[Accepted], providers: &Providers) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for one in accepted {
        let headers = providers
            .get(one.provider)
            .map(|provider| &*provider.headers);
        for header in headers.unwrap_or_default() {
            let value = header.value(one.claims.members());
            told.extend(value.map(|value| (header.name().to_owned(), value)));
        }
    }
    told
}

/// The target of a request that passes, if a token was taken out of it.
fn target_passed(
    requirement: &Requirement,
    accepted: &[Accepted],
    providers: &Providers,
    headers: &HeaderList,
) -> Option<Vec<u8>> {
    let mut target = None;
    let sources = providers.stripped(requirement, accepted, headers);
    for source in sources.filter(|source| source.is_in_target(headers)) {
        let path = target.as_deref().unwrap_or(headers.path());
        target = Some(source.target_without(path));
    }
    target
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};
    use software_signatures::SoftwareSignatures;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::config::{ProviderConfig, RequirementConfig};
    use crate::testing::{NOW, SECRET, token};

    fn inspected(requirement: Value, path: &str, fields: &[(&str, &str)]) -> Inspection {
        let config = |more: Value| -> ProviderConfig {
            let mut config = json!({
                "keys": { "secret": { "algorithm": "HS256", "text": SECRET } },
                "require_expiration": false,
                "headers": [{ "name": "x-user", "claim": "sub" }],
            });
            for (name, value) in more.as_object().unwrap() {
                config[name] = value.clone();
            }
            serde_json::from_value(config).unwrap()
        };
        let remote = json!({ "remote": { "cluster": "keys", "url": "http://keys/" } });
        let providers = BTreeMap::from([
            ("corp".to_owned(), config(json!({}))),
            (
                "other".to_owned(),
                config(json!({ "from": [{ "query": "token" }] })),
            ),
            ("remote".to_owned(), config(json!({ "keys": remote }))),
        ]);
        let providers = Providers::compile(&providers).unwrap();
        let requirement: RequirementConfig = serde_json::from_value(requirement).unwrap();
        let requirement = Requirement::compile(&requirement, &providers).unwrap();
        let pseudo = [(":method", "GET"), (":path", path)];
        let headers = pseudo.into_iter().chain(fields.iter().copied()).collect();
        inspect(
            &requirement,
            &providers,
            &headers,
            NOW,
            &mut SoftwareSignatures,
        )
    }

    #[test]
    fn every_part_is_told_and_the_decision_is_the_filters() {
        let good = format!(
            "Bearer {}",
            token(&json!({ "sub": "ada", "scope": "read" }))
        );
        let fields = [("authorization", good.as_str())];
        let requirement = json!({ "any": [
            { "provider": "other" },
            { "provider": "remote" },
            { "provider": "corp", "scopes": ["read", "write"], "claims": [{ "claim": "sub", "equals": "ada" }] },
            { "optional": { "provider": "corp" } },
        ] });
        let found = inspected(requirement, "/", &fields);
        let RequirementTold::Any(true, parts) = &found.requirement else {
            panic!("{:?}", found.requirement);
        };
        let met: Vec<bool> = parts.iter().map(RequirementTold::is_met).collect();
        assert_eq!(met, [false, false, false, true]);
        let denials = parts.iter().take(2).map(|part| match part {
            RequirementTold::Token { denial, .. } => denial.clone().unwrap(),
            other => panic!("{other:?}"),
        });
        let denials: Vec<Denial> = denials.collect();
        assert_eq!(denials, [Denial::TokenMissing, Denial::KeysUnavailable]);
        let RequirementTold::Token { scopes, claims, .. } = &parts[2] else {
            panic!("{:?}", parts[2]);
        };
        assert_eq!(
            *scopes,
            [("read".to_owned(), true), ("write".to_owned(), false)]
        );
        assert!(claims[0].holds);
        assert_eq!(found.judged.unwrap().len(), 1);
        assert_eq!(found.headers, [("x-user".to_owned(), "ada".to_owned())]);
        let asked: Vec<usize> = found.tokens.iter().map(|seen| seen.provider).collect();
        assert_eq!(asked, [1, 2, 0]);
    }

    #[test]
    fn a_token_in_the_target_is_taken_out() {
        let path = format!("/pets?a=1&token={}&b", token(&json!({ "sub": "ada" })));
        let found = inspected(json!({ "provider": "other" }), &path, &[]);
        assert_eq!(found.target.as_deref(), Some(&b"/pets?a=1&b"[..]));
        let refused = inspected(json!({ "provider": "corp" }), &path, &[]);
        assert_eq!((refused.target, refused.headers), (None, Vec::new()));
        assert_eq!(refused.judged.unwrap_err().denial, Denial::TokenMissing);
    }
}
