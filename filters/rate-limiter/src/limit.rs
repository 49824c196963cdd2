//! A limit, compiled.

use filter_api::{Client, ConfigError, HostError};
use function_router::{Route, header_name};
use twox_hash::XxHash64;

use crate::bucket::Bucket;
use crate::conditions::{Conditions, Unmet};
use crate::config::{CostConfig, LimitConfig, LocalConfig};
use crate::facts::Facts;
use crate::key::Part;
use crate::rate::Rate;

/// For how many keys a limit has room, if nothing is said.
pub const KEYS: u32 = 16_384;

/// For how many it can have: about 30 MB of an Envoy's memory.
pub const MOST_KEYS: u32 = 1_048_576;

/// How many parts a key can have: enough for any purpose, and what a limit costs a request stays bounded.
const MOST_PARTS: usize = 8;

/// What a limit belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'c> {
    Gateway,
    Route(&'c Route),
    /// A function, by its name among those of its route.
    Function(&'c Route, &'c str),
}

/// A limit.
#[derive(Debug)]
pub struct Limit {
    pub(crate) name: Box<str>,
    /// Its name among all limits: behind those of the route and function that it belongs to.
    pub(crate) full_name: Box<str>,
    pub(crate) key: Box<[Part]>,
    pub(crate) cost: Cost,
    pub(crate) when: Option<Conditions>,
    pub(crate) exempt: Box<[(Box<str>, Conditions)]>,
    pub(crate) dry_run: bool,
    pub(crate) status: u16,
    pub(crate) holder: Holder,
    /// Whether it asks what tokens say.
    pub(crate) asks_claims: bool,
    /// Whether it is about nothing where no token is looked at.
    pub(crate) is_of_claims: bool,
    /// For how many keys its tables have room.
    pub(crate) keys: u32,
}

/// Whether a request is subject to a limit.
#[derive(Debug)]
pub(crate) enum Concern<'l> {
    Yes,
    /// It is exempt, by this name.
    Exempt(&'l str),
    /// It does not meet this condition.
    No(Unmet<'l>),
}

/// Who holds a limit.
#[derive(Debug)]
pub(crate) enum Holder {
    /// This Envoy.
    Here(Stock),
    /// A rate-limit service; and this Envoy what it can.
    Service {
        rate: Rate,
        local: Option<Stock>,
        /// Which keys are known to be over: a hash of the limit.
        over: u64,
    },
}

/// Buckets that this Envoy holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    pub(crate) bucket: Bucket,
    /// A hash of all that the buckets depend on.
    pub(crate) content: u64,
}

/// How many tokens a request takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cost {
    Fixed(u32),
    Header(Box<str>),
}

impl Limit {
    pub(crate) fn compile(config: &LimitConfig, owner: Owner<'_>) -> Result<Self, ConfigError> {
        let name = config.name();
        if name.is_empty() || !name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let problem = "must be a name of printable ASCII";
            return Err(ConfigError::new("name", problem));
        }
        let route = match owner {
            Owner::Gateway => None,
            Owner::Route(route) | Owner::Function(route, _) => Some(route),
        };
        if config.by.len() > MOST_PARTS {
            let problem = format!("must have at most {MOST_PARTS} parts");
            return Err(ConfigError::new("by", problem));
        }
        let parts = config.by.iter().enumerate().map(|(index, part)| {
            let place = format!("by[{index}]");
            Part::compile(part, route).map_err(|error| error.within(&place))
        });
        let exempt = config.exempt.iter().map(|(name, conditions)| {
            let conditions = Conditions::compile(conditions);
            let conditions =
                conditions.map_err(|error| error.within(&format!("exempt[{name:?}]")))?;
            Ok((name.as_str().into(), conditions))
        });
        let when = config.when.as_ref().map(Conditions::compile).transpose();
        let status = config.status.unwrap_or(429);
        if !(400..=599).contains(&status) {
            let problem = format!("must be a status of an error, 400 to 599, found {status}");
            return Err(ConfigError::new("status", problem));
        }
        let keys = match (&*config.by, config.keys) {
            ([], None) => 1,
            (_, keys) => keys.unwrap_or(KEYS),
        };
        if !(1..=MOST_KEYS).contains(&keys) {
            let problem = format!(
                "must be from 1 to {MOST_KEYS}, found {keys}; keys beyond them share buckets, and none gets \
                 more than its limit"
            );
            return Err(ConfigError::new("keys", problem));
        }
        let full_name = match owner {
            Owner::Gateway => name.to_string(),
            Owner::Route(route) => format!("{}/{name}", route.name()),
            Owner::Function(route, function) => format!("{}/{function}/{name}", route.name()),
        };
        Ok(Self {
            key: parts.collect::<Result<_, ConfigError>>()?,
            cost: Cost::compile(config)?,
            when: when.map_err(|error| error.within("when"))?,
            exempt: exempt.collect::<Result<_, ConfigError>>()?,
            dry_run: config.dry_run,
            status,
            holder: Holder::compile(config, &full_name)?,
            asks_claims: config.asks_claims(),
            is_of_claims: config.is_of_claims(),
            keys,
            name: name.into(),
            full_name: full_name.into(),
        })
    }

    /// What answers call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What metrics call it: behind the names of the route and of the function that it belongs to.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// Whether a request is subject to it.
    pub(crate) fn concern<H: Client + ?Sized>(
        &self,
        facts: &mut Facts<'_>,
        host: &mut H,
    ) -> Result<Concern<'_>, HostError> {
        if let Some(when) = &self.when
            && let Some(unmet) = when.unmet(facts, host)?
        {
            return Ok(Concern::No(unmet));
        }
        for (name, conditions) in &self.exempt {
            if conditions.unmet(facts, host)?.is_none() {
                return Ok(Concern::Exempt(name));
            }
        }
        Ok(Concern::Yes)
    }
}

impl Holder {
    fn compile(config: &LimitConfig, full_name: &str) -> Result<Self, ConfigError> {
        let cost = match config.cost {
            Some(CostConfig::Fixed(cost)) => cost,
            _ => 1,
        };
        // All that buckets depend on: where it is another, they are others.
        let hash = |kind: &str, bucket: Option<Bucket>| {
            let rate = config.rate;
            let content = format!(
                "{kind}\n{full_name}\n{rate}\n{bucket:?}\n{:?}\n{:?}",
                config.by, config.keys
            );
            XxHash64::oneshot(0, content.as_bytes()).max(1)
        };
        let stock = |kind: &str, bucket: Bucket| Stock {
            bucket,
            content: hash(kind, Some(bucket)),
        };
        let Some(engine) = &config.engine else {
            let among = config.share.unwrap_or(1);
            if among == 0 {
                return Err(ConfigError::new("share", "must be at least 1, found 0"));
            }
            let bucket = bucket(config.rate, config.burst, among, cost)?;
            return Ok(Self::Here(stock("here", bucket)));
        };
        if config.share.is_some() {
            let problem = "must not stand beside \"engine\", which counts for all Envoys together";
            return Err(ConfigError::new("share", problem));
        }
        if config.burst.is_some() {
            let problem = "must not stand beside \"engine\": a rate-limit service counts in whole periods of \
                           the rate, and knows no bursts";
            return Err(ConfigError::new("burst", problem));
        }
        if cost > config.rate.tokens() {
            let problem = format!(
                "must be at most what the rate has in its period, {}, or nothing passes; found {cost}",
                config.rate.tokens()
            );
            return Err(ConfigError::new("cost", problem));
        }
        let local = engine.ratelimit.local.as_ref();
        let local = local.map(|LocalConfig { rate, burst }| {
            let bucket = bucket(*rate, *burst, 1, cost);
            bucket.map_err(|error| error.within("engine.ratelimit.local"))
        });
        let local = local.transpose()?;
        if full_name.ends_with('*') {
            let problem = format!(
                "must not end with \"*\", which stands for any name to the service, found \"{full_name}\""
            );
            return Err(ConfigError::new("name", problem));
        }
        if format!("{full_name}_").contains("_key_") {
            let problem = format!(
                "must not hold \"_key_\" nor end with \"_key\", by which the service parts names from keys, found \
                 \"{full_name}\""
            );
            return Err(ConfigError::new("name", problem));
        }
        Ok(Self::Service {
            rate: config.rate,
            local: local.map(|bucket| stock("local", bucket)),
            over: hash("over", None),
        })
    }

    /// A hash of what it says.
    pub(crate) fn content(&self) -> u64 {
        match self {
            Self::Here(stock) => stock.content,
            Self::Service { over, .. } => *over,
        }
    }

    /// The hashes of the tables that it needs.
    pub(crate) fn tables(&self) -> impl Iterator<Item = u64> {
        let all = match self {
            Self::Here(stock) => [Some(stock.content), None],
            Self::Service { local, over, .. } => [local.map(|stock| stock.content), Some(*over)],
        };
        all.into_iter().flatten()
    }
}

/// A bucket of which a request of this cost can be taken.
fn bucket(rate: Rate, burst: Option<u32>, among: u32, cost: u32) -> Result<Bucket, ConfigError> {
    let whole = burst.unwrap_or(rate.tokens());
    let bucket = Bucket::divided(rate, whole, among);
    if bucket.burst() < whole / among {
        let most = bucket.burst().saturating_mul(among);
        let problem = format!(
            "must be at most {most} at this rate, or it fills for centuries; found {whole}"
        );
        return Err(ConfigError::new("burst", problem));
    }
    if bucket.burst() >= cost {
        return Ok(bucket);
    }
    let place = if burst.is_some() { "burst" } else { "rate" };
    let divided = match among {
        1 => String::new(),
        _ => format!(", which divided among {among} is {}", bucket.burst()),
    };
    let problem = format!(
        "must be at least the cost of a request, {cost}, or nothing passes; found {whole}{divided}"
    );
    Err(ConfigError::new(place, problem))
}

impl Cost {
    fn compile(config: &LimitConfig) -> Result<Self, ConfigError> {
        match &config.cost {
            None => Ok(Self::Fixed(1)),
            Some(CostConfig::Fixed(0)) => {
                Err(ConfigError::new("cost", "must be at least 1, found 0"))
            }
            Some(CostConfig::Fixed(cost)) => Ok(Self::Fixed(*cost)),
            Some(CostConfig::Header(name)) => match header_name(name) {
                Ok(()) => Ok(Self::Header(name.as_str().into())),
                Err(problem) => Err(ConfigError::new("cost.header", problem)),
            },
        }
    }

    /// What a request takes: 1 at least, and 1 where nothing is said that can be read.
    pub(crate) fn of(&self, facts: &Facts<'_>) -> u32 {
        match self {
            Self::Fixed(cost) => *cost,
            Self::Header(name) => {
                let value = facts.request.headers.get(name).map(<[u8]>::trim_ascii);
                value.and_then(number).unwrap_or(1).max(1)
            }
        }
    }
}

/// A whole number; one too large to be told is the largest.
fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = text.iter().try_fold(0_u32, |number, digit| {
        number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
    });
    Some(number.unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
