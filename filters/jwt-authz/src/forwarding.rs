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
    pub(crate) fn sources<'p>(
        &'p self,
        requirement: &'p Requirement,
    ) -> impl Iterator<Item = &'p Source> {
        let named = requirement.providers();
        let named = (0..named.len()).map_while(move |index| named.get(index).copied());
        let providers = named.filter_map(|index| self.get(index));
        providers.flat_map(|provider| &*provider.sources)
    }

    /// Whether one of a requirement's providers wants the tokens of this place forwarded.
    pub(crate) fn may_forward(&self, requirement: &Requirement, source: &Source) -> bool {
        let named = requirement.providers();
        let mut providers = named.iter().filter_map(|index| self.get(*index));
        providers.any(|provider| provider.forward && provider.sources.contains(source))
    }

    /// The places whose tokens the upstream does not get: all but those of tokens that were accepted and
    /// are to be forwarded. Of what stands in the others nobody has verified anything.
    pub(crate) fn stripped<'p>(
        &'p self,
        requirement: &'p Requirement,
        accepted: &[Accepted],
        headers: &HeaderList,
    ) -> impl Iterator<Item = &'p Source> + use<'p> {
        let providers = accepted.iter().filter_map(|one| self.get(one.provider));
        let forwarding = providers.filter(|provider| provider.forward);
        let place = |provider: &'p Provider| provider.place(headers);
        // Several providers may look in one place; and what is forwarded is as if it had been seen to.
        let mut seen: Vec<&Source> = forwarding.filter_map(place).collect();
        self.sources(requirement).filter(move |source| {
            let is_new = !seen.contains(source);
            seen.push(source);
            is_new
        })
    }
}
