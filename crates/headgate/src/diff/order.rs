//! Routes whose order changed, where it decides which of them takes a request.

use std::collections::BTreeMap;

use function_router::{MatchConfig, ValueConfig};
use gateway_model::Gateway;

use super::pairs::Pairs;

/// What makes routes equally specific for a request, so that their order decides: as
/// [`function_router::Precedence`] has it, without the place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    host: Option<String>,
    path: String,
    names_methods: bool,
    headers: usize,
    query: usize,
}

/// The routes that a route of the later document now comes before, and did not before, by its place:
/// those that may take the same requests.
pub fn overtaken(after: &Gateway, pairs: &Pairs) -> BTreeMap<usize, Vec<usize>> {
    let mut ranks = BTreeMap::<Rank, Vec<(usize, usize)>>::new();
    let matches: Vec<MatchConfig> = after
        .routes
        .iter()
        .map(|one| one.matches.to_config())
        .collect();
    for (new, matches) in matches.iter().enumerate() {
        let Some(old) = pairs.was(new) else { continue };
        for rank in ranks_of(matches) {
            ranks.entry(rank).or_default().push((old, new));
        }
    }
    let mut overtaken = BTreeMap::<usize, Vec<usize>>::new();
    for rivals in ranks.values().filter(|rivals| !rivals.is_sorted()) {
        for (at, (old, new)) in rivals.iter().enumerate() {
            let behind = rivals.iter().skip(at + 1);
            for (_, other) in behind.filter(|(was, _)| was < old) {
                let both = matches.get(*new).zip(matches.get(*other));
                let ours = overtaken.entry(*new).or_default();
                if !ours.contains(other) && both.is_some_and(|(one, other)| may_meet(one, other)) {
                    ours.push(*other);
                }
            }
        }
    }
    overtaken.retain(|_, others| !others.is_empty());
    overtaken
}

fn ranks_of(matches: &MatchConfig) -> Vec<Rank> {
    let path = match (&matches.path, &matches.prefix, &matches.regex) {
        (Some(path), ..) => without_names(path),
        (_, Some(prefix), _) => format!("{}/*", prefix.trim_end_matches('/')),
        // Which paths two expressions share nobody knows; those of one length may be rivals.
        (.., regex) => regex.as_ref().map_or(0, String::len).to_string(),
    };
    let rank = |host: Option<&String>| Rank {
        host: host.cloned(),
        path: path.clone(),
        names_methods: !matches.methods.is_empty(),
        headers: matches.headers.len() + usize::from(!matches.content_types.is_empty()),
        query: matches.query.len(),
    };
    match matches.hosts.as_slice() {
        [] => vec![rank(None)],
        hosts => hosts.iter().map(|host| rank(Some(host))).collect(),
    }
}

/// `/pets/{id}` as `/pets/{}`.
fn without_names(path: &str) -> String {
    let segment = |segment| if is_variable(segment) { "{}" } else { segment };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn is_variable(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Whether one request can be what both want, as far as methods and values tell.
fn may_meet(one: &MatchConfig, other: &MatchConfig) -> bool {
    let (first, second) = (&one.methods, &other.methods);
    let methods = first.is_empty() || second.is_empty() || first.iter().any(|m| second.contains(m));
    methods
        && values_may_meet(&one.headers, &other.headers)
        && values_may_meet(&one.query, &other.query)
}

fn values_may_meet(
    one: &BTreeMap<String, ValueConfig>,
    other: &BTreeMap<String, ValueConfig>,
) -> bool {
    let mut shared = one
        .iter()
        .filter_map(|(name, value)| Some((value, other.get(name)?)));
    shared.all(|pair| match pair {
        (ValueConfig::Exact(one), ValueConfig::Exact(other)) => one == other,
        (ValueConfig::Present(false), other) | (other, ValueConfig::Present(false)) => {
            *other == ValueConfig::Present(false)
        }
        _ => true,
    })
}
