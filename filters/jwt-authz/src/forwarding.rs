//! What becomes of tokens that were accepted: who is told what they say, and who gets them.

use claims::Said;
use filter_api::HeaderList;

use crate::provider::{Provider, Providers};
use crate::requirement::{Accepted, Requirement};
use crate::source::Source;

impl Providers {
    /// What accepted tokens say.
    pub fn said<'a>(&'a self, accepted: &'a [Accepted]) -> Vec<Said<'a>> {
        let said = |one: &'a Accepted| {
            Some(Said {
                provider: &self.get(one.provider)?.name,
                claims: one.claims.members(),
            })
        };
        accepted.iter().filter_map(said).collect()
    }

    /// All places where a requirement's providers look for tokens.
    pub(crate) fn sources(
        &self,
        requirement: &Requirement,
    ) -> impl Iterator<Item = &Source> + use<'_> {
        let providers = requirement.providers().into_iter();
        let providers = providers.filter_map(|index| self.get(index));
        providers.flat_map(|provider| &*provider.sources)
    }

    /// The places whose tokens the upstream does not get: all but those of tokens that were accepted and
    /// are to be forwarded. Of what stands in the others nobody has verified anything.
    pub(crate) fn stripped<'p>(
        &'p self,
        requirement: &Requirement,
        accepted: &[Accepted],
        headers: &HeaderList,
    ) -> impl Iterator<Item = &'p Source> + use<'p> {
        let providers = accepted.iter().filter_map(|one| self.get(one.provider));
        let forwarding = providers.filter(|provider| provider.forward);
        let place = |provider: &'p Provider| provider.place(headers);
        let forwarded: Vec<&Source> = forwarding.filter_map(place).collect();
        let sources = self.sources(requirement);
        sources.filter(move |source| !forwarded.contains(source))
    }
}
