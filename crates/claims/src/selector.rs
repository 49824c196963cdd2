//! Which claim is meant.

use std::fmt;

use filter_api::ConfigError;
use serde_json::Value;

use crate::Claims;
use crate::config::ClaimConfig;

/// The way to a claim: its name, and the names of members within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    first: Box<str>,
    within: Box<[Box<str>]>,
}

impl Selector {
    /// Checks which claim is meant.
    ///
    /// # Errors
    /// When a name is empty, or there is none.
    pub fn compile(config: &ClaimConfig) -> Result<Self, ConfigError> {
        if let ClaimConfig::Dotted(name) = config
            && name.contains(['/', ':'])
        {
            // Its dots would part it, and then nothing would be found, of which "not" always holds.
            let problem =
                format!("must be a list if a name holds dots of its own, write [\"{name}\"]");
            return Err(ConfigError::new("", problem));
        }
        let names: Vec<&str> = match config {
            ClaimConfig::Dotted(names) => names.split('.').collect(),
            ClaimConfig::Names(names) => names.iter().map(String::as_str).collect(),
        };
        let boxed = |name: &&str| Box::<str>::from(*name);
        match names.split_first() {
            Some((first, within)) if names.iter().all(|name| !name.is_empty()) => Ok(Self {
                first: boxed(first),
                within: within.iter().map(boxed).collect(),
            }),
            _ => {
                let problem = "must name a claim, as \"sub\" or \"realm_access.roles\"";
                Err(ConfigError::new("", problem))
            }
        }
    }

    /// The claim; `null` counts as none.
    pub fn find<'c>(&self, claims: &'c Claims) -> Option<&'c Value> {
        let first = claims.get(&*self.first)?;
        let mut names = self.within.iter();
        let found = names.try_fold(first, |value, name| value.get(&**name))?;
        (!found.is_null()).then_some(found)
    }
}

/// As it is written: names with dots between them, or one by one where these hold dots.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = || std::iter::once(&self.first).chain(&self.within);
        if names().any(|name| name.contains('.')) {
            let names: Vec<String> = names().map(|name| format!("{name:?}")).collect();
            return write!(f, "[{}]", names.join(", "));
        }
        f.write_str(&self.first)?;
        self.within.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}
