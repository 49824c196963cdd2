//! The functions of a route, and which of them takes a request.

use claims::Said;
use filter_api::ConfigError;
use twox_hash::XxHash64;

use crate::conditions::Mismatch;
use crate::config::DestinationConfig;
use crate::pattern::Pattern;
use crate::request::Request;
use crate::rewrite::Rewrite;
use crate::sticky::Ticket;
use crate::when::When;

/// A function that a route sends requests to.
#[derive(Debug)]
pub struct Destination {
    /// What metrics call it: it stays when the function's content changes.
    pub name: Box<str>,
    /// Its key in Envoy's route table.
    pub function: Box<str>,
    /// Whether it takes connections that are upgraded to WebSocket.
    pub websocket: bool,
    /// Its place among the route's destinations, from 0.
    pub index: usize,
    /// It takes what meets these, and nothing else.
    when: Option<When>,
    weight: u32,
    pub(crate) rewrite: Rewrite,
}

/// Why a route's functions cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Nowhere to go for some requests.
    #[error(
        "must hold one with a weight above 0 and without \"when\", which takes what no other takes"
    )]
    None,
    /// A function that cannot stand in a header.
    #[error("must be a key of letters, digits and \"-_.\", found \"{0}\"")]
    Function(String),
    /// A name that another has.
    #[error(
        "must be another name than that of to[{1}], found \"{0}\" again; tell them apart with \"name\""
    )]
    NameTwice(String, usize),
    /// A name that nothing can be called.
    #[error("must be a name of letters, digits and \"-_.\", found \"{0}\"")]
    Name(String),
    /// Both ways to be chosen.
    #[error("must not stand beside \"when\", which takes all that it describes")]
    WeightOfCondition,
    /// No condition.
    #[error("must hold a condition on \"headers\", \"query\" or \"claims\"")]
    NoCondition,
}

/// The functions of a route, in the order of the document.
#[derive(Debug)]
pub(crate) struct Destinations {
    all: Box<[Destination]>,
    /// The sum of the weights of those without conditions.
    weights: u64,
    /// Whether any has conditions.
    conditional: bool,
}

impl Destination {
    fn compile(
        config: &DestinationConfig,
        index: usize,
        pattern: &Pattern,
    ) -> Result<Self, ConfigError> {
        let name = config.name.as_ref().unwrap_or(&config.function);
        let is_key = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !text.is_empty() && text.bytes().all(allowed)
        };
        if !is_key(&config.function) {
            let error = DestinationError::Function(config.function.clone());
            return Err(ConfigError::new("function", error));
        }
        if !is_key(name) {
            return Err(ConfigError::new(
                "name",
                DestinationError::Name(name.clone()),
            ));
        }
        let when = config.when.as_ref().map(|when| {
            if when.headers.is_empty() && when.query.is_empty() && when.claims.is_empty() {
                return Err(ConfigError::new("when", DestinationError::NoCondition));
            }
            if config.weight.is_some() {
                let error = DestinationError::WeightOfCondition;
                return Err(ConfigError::new("weight", error));
            }
            When::compile(when).map_err(|error| error.within("when"))
        });
        let when = when.transpose()?;
        Ok(Self {
            name: name.as_str().into(),
            function: config.function.as_str().into(),
            websocket: config.websocket,
            index,
            weight: match when {
                Some(_) => 0,
                None => config.weight.unwrap_or(1),
            },
            when,
            rewrite: Rewrite::compile(config, pattern)?,
        })
    }

    /// Its share of the requests that no condition and no force decides about, in relation to the sum
    /// of the route's weights.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// Whether it takes only what meets conditions of its own.
    pub fn is_conditional(&self) -> bool {
        self.when.is_some()
    }

    /// Whether it asks what the request's tokens say.
    pub(crate) fn asks_claims(&self) -> bool {
        self.when.as_ref().is_some_and(When::asks_claims)
    }

    /// The condition that a request with tokens that say this does not meet, if it has conditions.
    pub fn unmet(&self, request: &Request<'_>, said: &[Said<'_>]) -> Option<Mismatch<'_>> {
        self.when.as_ref()?.unmet(request, said)
    }
}

impl Destinations {
    pub(crate) fn compile(
        configs: &[DestinationConfig],
        pattern: &Pattern,
    ) -> Result<Self, ConfigError> {
        let mut all = Vec::<Destination>::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            let place = format!("to[{index}]");
            let destination = Destination::compile(config, index, pattern);
            let destination = destination.map_err(|error| error.within(&place))?;
            if let Some(first) = all.iter().find(|other| other.name == destination.name) {
                let name = destination.name.into_string();
                let error = DestinationError::NameTwice(name, first.index);
                return Err(ConfigError::new(format!("{place}.name"), error));
            }
            all.push(destination);
        }
        let weights = all.iter().map(|one| u64::from(one.weight)).sum();
        if weights == 0 {
            return Err(ConfigError::new("to", DestinationError::None));
        }
        Ok(Self {
            weights,
            conditional: all.iter().any(Destination::is_conditional),
            all: all.into(),
        })
    }

    pub(crate) fn all(&self) -> &[Destination] {
        &self.all
    }

    /// The one of this name, for a request with tokens that say this: whoever names it does not get around
    /// what it asks of claims.
    pub(crate) fn forced(&self, name: &[u8], said: &[Said<'_>]) -> Option<&Destination> {
        let named = self.all.iter().find(|one| one.name.as_bytes() == name);
        named.filter(|one| one.when.as_ref().is_none_or(|when| when.claims_hold(said)))
    }

    /// The first whose conditions the request meets.
    pub(crate) fn conditional(
        &self,
        request: &Request<'_>,
        said: &[Said<'_>],
    ) -> Option<&Destination> {
        let mut candidates = self.all.iter().filter(|_| self.conditional);
        candidates.find(|one| one.is_conditional() && one.unmet(request, said).is_none())
    }

    /// One of those that have a weight. There is one: `compile` has seen to it.
    pub(crate) fn weighted(&self, ticket: Ticket) -> Option<&Destination> {
        match ticket {
            Ticket::Turn(random) => self.at(random),
            Ticket::Key(key) => self.of_key(key),
        }
    }

    /// Lays the functions on a line, each on a piece as long as its weight, and takes the one whose
    /// piece the number falls on, when all its 64 bits are laid over the line.
    fn at(&self, random: u64) -> Option<&Destination> {
        let mut place = ((u128::from(random) * u128::from(self.weights)) >> 64) as u64;
        self.all.iter().find(|one| {
            let weight = u64::from(one.weight);
            let found = place < weight;
            place = place.saturating_sub(weight);
            found
        })
    }

    /// Weighted rendezvous hashing: each function draws a number for the key, from an exponential
    /// distribution whose rate is its weight, and the least wins. So each has its share of all keys,
    /// and when one's weight grows, keys move to it and none moves anywhere else
    /// (<https://www.ietf.org/archive/id/draft-ietf-bess-weighted-hrw-00.html>).
    fn of_key(&self, key: u64) -> Option<&Destination> {
        let draw = |one: &Destination| {
            let hash = XxHash64::oneshot(key, one.name.as_bytes());
            // The upper 53 bits, in the middle of their step: never 0 and never 1.
            let uniform = ((hash >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            // Not the host's logarithm: every Envoy and `headgate explain` must get the same bits.
            -libm::log(uniform) / f64::from(one.weight)
        };
        let candidates = self.all.iter().filter(|one| one.weight > 0);
        let drawn = candidates.map(|one| (draw(one), one));
        let least = drawn.min_by(|(one, _), (other, _)| one.total_cmp(other))?;
        Some(least.1)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::config::MatchConfig;

    fn compile(weights: &[(&str, u32)]) -> Result<Destinations, ConfigError> {
        let configs: Vec<DestinationConfig> = weights
            .iter()
            .map(|&(function, weight)| DestinationConfig {
                function: function.to_owned(),
                weight: Some(weight),
                ..DestinationConfig::default()
            })
            .collect();
        let matches = MatchConfig {
            prefix: Some("/".to_owned()),
            ..MatchConfig::default()
        };
        Destinations::compile(&configs, &Pattern::compile(&matches).unwrap())
    }

    fn destinations(weights: &[(&str, u32)]) -> Destinations {
        compile(weights).unwrap()
    }

    fn chosen(destinations: &Destinations, ticket: Ticket) -> &str {
        &destinations.weighted(ticket).unwrap().function
    }

    #[test]
    fn each_function_has_its_share_of_the_line() {
        let weights = [("none", 0), ("a", 3), ("never", 0), ("b", 1), ("last", 0)];
        let destinations = destinations(&weights);
        let quarter = u64::MAX / 4;
        for (random, function) in [
            (0, "a"),
            (quarter, "a"),
            (3 * quarter, "a"),
            (3 * quarter + 3, "b"),
            (u64::MAX, "b"),
        ] {
            assert_eq!(
                chosen(&destinations, Ticket::Turn(random)),
                function,
                "{random}"
            );
        }
    }

    #[test]
    fn without_any_weight_there_is_nothing_to_choose() {
        assert!(compile(&[("a", 0)]).is_err());
        assert!(compile(&[]).is_err());
    }

    #[test]
    fn the_greatest_weights_do_not_overflow() {
        let destinations = destinations(&[("a", u32::MAX), ("b", u32::MAX)]);
        assert_eq!(chosen(&destinations, Ticket::Turn(u64::MAX / 2)), "a");
        assert_eq!(chosen(&destinations, Ticket::Turn(u64::MAX / 2 + 2)), "b");
    }

    /// The functions of 100,000 users.
    fn of_users(weights: &[(&str, u32)]) -> Vec<String> {
        let destinations = destinations(weights);
        let key = |user: u32| Ticket::Key(XxHash64::oneshot(0, format!("user-{user}").as_bytes()));
        (0..100_000)
            .map(|user| chosen(&destinations, key(user)).to_owned())
            .collect()
    }

    #[test]
    fn users_have_their_shares_and_only_those_move_who_must() {
        let before = of_users(&[("old", 95), ("new", 5)]);
        let after = of_users(&[("old", 90), ("new", 10)]);
        let share = |functions: &[String]| functions.iter().filter(|one| *one == "new").count();
        assert!(share(&before).abs_diff(5_000) < 300, "{}", share(&before));
        assert!(share(&after).abs_diff(10_000) < 300, "{}", share(&after));
        for (before, after) in before.iter().zip(&after) {
            assert!(
                before == after || after == "new",
                "from {before} to {after}"
            );
        }
    }

    #[test]
    fn a_weight_that_grows_draws_users_from_all_and_moves_none_between_others() {
        let weights = |b| [("a", 60), ("b", b), ("c", 30), ("d", 7)];
        let (before, after) = (of_users(&weights(5)), of_users(&weights(11)));
        let moved = before
            .iter()
            .zip(&after)
            .filter(|(one, other)| one != other);
        assert!(moved.clone().all(|(_, after)| after == "b"));
        // b has 5 of 102 before and 11 of 108 after.
        let expected = 100_000.0 * (11.0 / 108.0 - 5.0 / 102.0);
        let count = moved.count() as f64;
        assert!((count - expected).abs() < 300.0, "{count} for {expected}");
    }
}
