//! Which claim is meant.

use filter_api::ConfigError;
use serde_json::Value;

use crate::claims::Claims;

/// The way to a claim: its name, and the names of members within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    first: Box<str>,
    within: Box<[Box<str>]>,
}

impl Selector {
    /// Either names with dots between them, or the names themselves, for claims as
    /// `https://example.com/roles` that hold dots.
    ///
    /// # Errors
    /// When there is not exactly one of both, or a name is empty.
    pub(crate) fn compile(
        claim: Option<&String>,
        path: Option<&Vec<String>>,
    ) -> Result<Self, ConfigError> {
        let (place, names): (_, Vec<&str>) = match (claim, path) {
            (Some(claim), None) => ("claim", claim.split('.').collect()),
            (None, Some(path)) => ("path", path.iter().map(String::as_str).collect()),
            _ => {
                let problem = "must have exactly one of \"claim\" and \"path\"";
                return Err(ConfigError::new("", problem));
            }
        };
        let boxed = |name: &&str| Box::<str>::from(*name);
        match names.split_first() {
            Some((first, within)) if names.iter().all(|name| !name.is_empty()) => Ok(Self {
                first: boxed(first),
                within: within.iter().map(boxed).collect(),
            }),
            _ => {
                let problem = "must name a claim, as \"sub\" or \"realm_access.roles\"";
                Err(ConfigError::new(place, problem))
            }
        }
    }

    /// The claim; `null` counts as none.
    pub fn find<'c>(&self, claims: &'c Claims) -> Option<&'c Value> {
        let first = claims.get(&self.first)?;
        let mut names = self.within.iter();
        let found = names.try_fold(first, |value, name| value.get(&**name))?;
        (!found.is_null()).then_some(found)
    }
}
