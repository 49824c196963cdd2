//! The indexes of the router against what they stand for: match each route alone, and take the least
//! by [`Precedence`].
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::collections::{BTreeMap, BTreeSet};

use filter_api::HeaderList;
use function_router::{
    Denial, DestinationConfig, MatchConfig, Precedence, Route, RouteConfig, Router, ValueConfig,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Few names, so that much matches and much is equally specific.
const HOSTS: [&str; 5] = ["a.x.com", "b.x.com", "*.x.com", "*.com", "*.a.x.com"];
const SEGMENTS: [&str; 3] = ["a", "b", "c"];
const METHODS: [&str; 3] = ["GET", "POST", "PUT"];
const TYPES: [&str; 3] = ["text/*", "text/plain", "application/json"];
/// Some of one length, some of another.
const REGEXES: [&str; 7] = [
    "/a.*",
    "/.*b",
    "/..*",
    "/[ab]/.*",
    "/a/(.*)",
    "/(?:a|b)/c",
    "/[^/]+/?b?",
];

fn strings<T: AsRef<str>>(list: &[T]) -> Vec<String> {
    list.iter().map(|one| one.as_ref().to_owned()).collect()
}

/// Either nothing, as often, or some of the list.
fn some_of(list: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        Just(Vec::new()),
        subsequence(list, 1..=list.len()).prop_map(|chosen| strings(&chosen)),
    ]
}

fn values() -> impl Strategy<Value = BTreeMap<String, ValueConfig>> {
    let value = select(vec![
        ValueConfig::Exact("1".to_owned()),
        ValueConfig::Regex("[12]".to_owned()),
        ValueConfig::Present(true),
        ValueConfig::Present(false),
    ]);
    let names = select(vec!["p".to_owned(), "q".to_owned(), "r".to_owned()]);
    proptest::collection::btree_map(names, value, 0..=2)
}

/// Segments, perhaps a slash at the end.
fn path(segments: &[String], slash: bool) -> String {
    let end = if slash { "/" } else { "" };
    match segments {
        [] => "/".to_owned(),
        segments => format!("/{}{end}", segments.join("/")),
    }
}

/// `path`, `prefix` or `regex` of a match.
fn pattern() -> impl Strategy<Value = MatchConfig> {
    let literals = || vec(select(&SEGMENTS[..]), 0..=3);
    let template = (vec(select(&["a", "b", "{}"][..]), 0..=3), any::<bool>());
    prop_oneof![
        4 => template.prop_map(|(segments, slash)| {
            let named = segments.iter().enumerate().map(|(at, segment)| match *segment {
                "{}" => format!("{{v{at}}}"),
                literal => literal.to_owned(),
            });
            let named: Vec<String> = named.collect();
            MatchConfig { path: Some(path(&named, slash)), ..MatchConfig::default() }
        }),
        2 => (literals(), any::<bool>()).prop_map(|(segments, slash)| MatchConfig {
            prefix: Some(path(&strings(&segments), slash)),
            ..MatchConfig::default()
        }),
        2 => select(&REGEXES[..]).prop_map(|regex| MatchConfig {
            regex: Some(regex.to_owned()),
            ..MatchConfig::default()
        }),
    ]
}

fn route() -> impl Strategy<Value = RouteConfig> {
    let conditions = (values(), values(), some_of(&TYPES));
    (pattern(), some_of(&HOSTS), some_of(&METHODS), conditions).prop_map(
        |(pattern, hosts, methods, (headers, query, content_types))| RouteConfig {
            name: "route".to_owned(),
            matches: MatchConfig {
                hosts,
                methods,
                headers,
                query,
                content_types,
                ..pattern
            },
            to: vec![DestinationConfig {
                function: "f".to_owned(),
                ..DestinationConfig::default()
            }],
            ..RouteConfig::default()
        },
    )
}

fn request() -> impl Strategy<Value = HeaderList> {
    let host = select(&["a.x.com", "b.x.com", "c.x.com", "z.a.x.com", "y.com", "com"][..]);
    let path = (vec(select(&SEGMENTS[..]), 0..=3), any::<bool>());
    let values = || subsequence(&["p=1", "p=3", "q=1", "q=2", "r=1"][..], 0..=3);
    let kind = select(&["", "text/plain", "text/html", "application/json"][..]);
    (host, path, select(&METHODS[..]), values(), values(), kind).prop_map(
        |(host, (segments, slash), method, headers, query, kind)| {
            let target = self::path(&strings(&segments), slash);
            let target = format!("{target}?{}", query.join("&"));
            let mut fields = vec![
                (":authority".to_owned(), host.to_owned()),
                (":method".to_owned(), method.to_owned()),
                (":path".to_owned(), target),
                ("content-type".to_owned(), kind.to_owned()),
            ];
            let headers = headers.iter().filter_map(|pair| pair.split_once('='));
            fields.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
            fields.into_iter().collect()
        },
    )
}

/// What each route alone says of a request.
struct Alone<'c> {
    routers: Vec<(usize, Router)>,
    configs: &'c [RouteConfig],
}

impl<'c> Alone<'c> {
    fn new(configs: &'c [RouteConfig]) -> Self {
        let alone = |config| Router::compile(std::slice::from_ref(config), None).unwrap();
        Self {
            routers: configs.iter().map(alone).enumerate().collect(),
            configs,
        }
    }

    /// The place of the route that takes the request, or why none does.
    fn route(&self, headers: &HeaderList) -> Result<usize, Denial> {
        let takes = self.precedences(headers, |mismatches| !mismatches);
        if let Some(first) = takes.into_iter().min() {
            return Ok(first.place);
        }
        let mut allow = BTreeSet::new();
        let mut of_other_types = false;
        for (index, router) in &self.routers {
            match router.route(&router.request(headers)).unwrap_err() {
                Denial::UnsupportedMediaType => of_other_types = true,
                Denial::MethodNotAllowed { .. } => {
                    allow.extend(self.configs[*index].matches.methods.iter().cloned());
                }
                Denial::NoRoute => {}
                other => panic!("{other:?}"),
            }
        }
        Err(if of_other_types {
            Denial::UnsupportedMediaType
        } else if allow.is_empty() {
            Denial::NoRoute
        } else {
            let allow: Vec<String> = allow.into_iter().collect();
            Denial::MethodNotAllowed {
                allow: allow.join(", "),
            }
        })
    }

    /// How specific each route is whose host and path match, and whose mismatch is so.
    fn precedences(&self, headers: &HeaderList, wanted: fn(bool) -> bool) -> Vec<Precedence> {
        let of_one = |(place, router): &(usize, Router)| {
            let candidates = router.candidates(&router.request(headers));
            let wanted = candidates
                .into_iter()
                .filter(|candidate| wanted(candidate.mismatch.is_some()));
            let place = *place;
            wanted
                .map(|candidate| Precedence {
                    place,
                    ..candidate.precedence
                })
                .collect::<Vec<_>>()
        };
        self.routers.iter().flat_map(of_one).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_least_of_the_routes_that_match_takes_a_request(
        configs in vec(route(), 1..12),
        requests in vec(request(), 1..12),
    ) {
        let router = Router::compile(&configs, None).unwrap();
        let alone = Alone::new(&configs);
        for headers in &requests {
            let request = router.request(headers);
            let taken = router.route(&request).map(Route::index);
            prop_assert_eq!(taken, alone.route(headers), "{:?}", headers);

            let candidates = router.candidates(&request);
            let first = candidates.iter().find(|candidate| candidate.mismatch.is_none());
            prop_assert_eq!(
                first.map(|candidate| candidate.route.index()),
                router.route(&request).map(Route::index).ok()
            );
            let found: Vec<Precedence> =
                candidates.into_iter().map(|candidate| candidate.precedence).collect();
            let mut expected = alone.precedences(headers, |_| true);
            expected.sort();
            prop_assert_eq!(found, expected, "{:?}", headers);
        }
    }
}
