//! Which requirement is a request's, where no router says it.

use filter_api::ConfigError;

use crate::config::{MatchConfig, RuleConfig};
use crate::denial::Denial;
use crate::provider::Providers;
use crate::requirement::Requirement;
use crate::target_path::meaning;

/// Rules in order; the first that matches decides.
#[derive(Debug)]
pub(crate) struct Rules(Box<[Rule]>);

#[derive(Debug)]
struct Rule {
    path: PathMatch,
    methods: Box<[Box<str>]>,
    requirement: Requirement,
}

#[derive(Debug)]
enum PathMatch {
    /// Both without the slash at their ends.
    Whole(Box<str>),
    Prefix(Box<str>),
}

impl Rules {
    pub(crate) fn compile(
        configs: &[RuleConfig],
        providers: &Providers,
    ) -> Result<Self, ConfigError> {
        let compile = |(index, config): (usize, &RuleConfig)| {
            let rule = Rule::compile(config, providers);
            rule.map_err(|error| error.within(&format!("rules[{index}]")))
        };
        configs
            .iter()
            .enumerate()
            .map(compile)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The requirement for a request.
    pub(crate) fn requirement(&self, method: &[u8], target: &[u8]) -> Result<&Requirement, Denial> {
        let path = meaning(target).ok_or(Denial::PathNotNormalised)?;
        let mut rules = self.0.iter();
        let rule = rules.find(|rule| rule.matches(method, &path));
        rule.map(|rule| &rule.requirement).ok_or(Denial::NoRule)
    }
}

impl Rule {
    fn compile(config: &RuleConfig, providers: &Providers) -> Result<Self, ConfigError> {
        let path = PathMatch::compile(&config.matches).map_err(|error| error.within("match"))?;
        for (index, method) in config.matches.methods.iter().enumerate() {
            if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
                let place = format!("match.methods[{index}]");
                let problem = format!("must be a method such as \"GET\", found \"{method}\"");
                return Err(ConfigError::new(place, problem));
            }
        }
        let methods = config.matches.methods.iter();
        Ok(Self {
            path,
            methods: methods.map(|method| method.as_str().into()).collect(),
            requirement: Requirement::compile(&config.require, providers)
                .map_err(|error| error.within("require"))?,
        })
    }

    fn matches(&self, method: &[u8], path: &[u8]) -> bool {
        let mut methods = self.methods.iter();
        // Who answers GET answers HEAD by the same (RFC 9110 section 9.3.2).
        let method = if method == b"HEAD" && !methods.clone().any(|known| **known == *"HEAD") {
            b"GET"
        } else {
            method
        };
        (methods.len() == 0 || methods.any(|known| known.as_bytes() == method))
            && self.path.matches(path)
    }
}

impl PathMatch {
    fn compile(config: &MatchConfig) -> Result<Self, ConfigError> {
        let (place, path) = match (&config.path, &config.prefix) {
            (Some(path), None) => ("path", path),
            (None, Some(prefix)) => ("prefix", prefix),
            _ => {
                let problem = "must have exactly one of \"path\" and \"prefix\"";
                return Err(ConfigError::new("", problem));
            }
        };
        if meaning(path.as_bytes()).as_deref() != Some(path.as_bytes()) {
            let problem = format!(
                "must be a path such as \"/pets\", without escapes, parameters and query, found \
                 \"{path}\""
            );
            return Err(ConfigError::new(place, problem));
        }
        let bare = path.strip_suffix('/').unwrap_or(path).into();
        Ok(match config.path {
            Some(_) => Self::Whole(bare),
            None => Self::Prefix(bare),
        })
    }

    fn matches(&self, path: &[u8]) -> bool {
        match self {
            // Most servers take a slash more or less at the end for the same.
            Self::Whole(whole) => whole.as_bytes() == path.strip_suffix(b"/").unwrap_or(path),
            Self::Prefix(prefix) => {
                let rest = path.strip_prefix(prefix.as_bytes());
                rest.is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
            }
        }
    }
}

#[cfg(test)]
mod tests;
