//! What routes ask of claims, held against what is required of tokens there.

use filter_api::ConfigError;
use function_router::RouteConfig;
use jwt_authz::Providers;

/// All that a route asks which nobody can say, or which could be said by somebody else than was meant.
/// `required` are the providers whose tokens the route takes; paths are relative to the route.
pub fn unanswerable(
    route: &RouteConfig,
    required: &[&str],
    providers: &Providers,
) -> Vec<ConfigError> {
    let claims = asked_of(route).into_iter();
    let claims = claims.filter_map(|asked| asked.fault(required));
    let fields = fields_of(route).into_iter();
    let fields = fields.filter_map(|(place, field)| {
        let problem = written_for_upstreams(field, providers, "write a condition on \"claims\"")?;
        Some(ConfigError::new(place, problem))
    });
    claims.chain(fields).collect()
}

/// What is wrong with asking for a header field that tells upstreams of claims, and what to write instead.
pub(super) fn written_for_upstreams(
    field: &str,
    providers: &Providers,
    instead: &str,
) -> Option<String> {
    // What a client writes there is removed, and what a token says comes behind all that asks.
    let provider = providers.writer_of(field.as_bytes())?;
    Some(format!(
        "\"{field}\" is written for upstreams by provider {provider}; what a request brings in it is the \
         client's word; {instead}"
    ))
}

/// A question about claims.
pub(super) struct Asked<'r> {
    /// `sticky`, or `to[0].when`.
    pub(super) place: String,
    pub(super) field: &'static str,
    /// Whose claims are meant.
    pub(super) provider: Option<&'r str>,
}

impl Asked<'_> {
    pub(super) fn path(&self, field: &str) -> String {
        format!("{}.{field}", self.place)
    }

    pub(super) fn fault(&self, required: &[&str]) -> Option<ConfigError> {
        let at = |field: &str, problem: String| Some(ConfigError::new(self.path(field), problem));
        match (required, self.provider) {
            ([], _) => {
                let problem = "no token is looked at on this route, so no claim is ever known; add jwt: { \
                               provider: … } to the route";
                at(self.field, problem.to_owned())
            }
            (names, Some(provider)) if !names.contains(&provider) => {
                let names = names.join(" and ");
                let problem = format!(
                    "the route takes no tokens of provider \"{provider}\"; it takes those of {names}"
                );
                at("provider", problem)
            }
            ([first, _, ..], None) => {
                let names = required.join(" and ");
                let problem = format!(
                    "the route takes tokens of {names}, and one may say what the other would not; write \
                     whose claims are meant, such as provider: {first}"
                );
                at(self.field, problem)
            }
            _ => None,
        }
    }
}

fn asked_of(route: &RouteConfig) -> Vec<Asked<'_>> {
    let of_destinations = route.to.iter().enumerate().filter_map(|(index, to)| {
        let when = to.when.as_ref().filter(|when| !when.claims.is_empty())?;
        Some(Asked {
            place: format!("to[{index}].when"),
            field: "claims",
            provider: when.provider.as_deref(),
        })
    });
    let sticky = route.sticky.as_ref();
    let of_sticky = sticky.filter(|sticky| sticky.claim.is_some());
    let of_sticky = of_sticky.map(|sticky| Asked {
        place: "sticky".to_owned(),
        field: "claim",
        provider: sticky.provider.as_deref(),
    });
    of_destinations.chain(of_sticky).collect()
}

/// Header fields that a route asks for, each with its place.
fn fields_of(route: &RouteConfig) -> Vec<(String, &str)> {
    let of_match = route.matches.headers.keys();
    let of_match = of_match.map(|name| (format!("match.headers[{name:?}]"), name.as_str()));
    let of_destinations = route.to.iter().enumerate().flat_map(|(index, to)| {
        let names = to.when.iter().flat_map(|when| when.headers.keys());
        names.map(move |name| (format!("to[{index}].when.headers[{name:?}]"), name.as_str()))
    });
    let sticky = route
        .sticky
        .as_ref()
        .and_then(|sticky| sticky.header.as_deref());
    let of_sticky = sticky.map(|name| ("sticky.header".to_owned(), name));
    let forced = route
        .force
        .as_deref()
        .map(|name| ("force".to_owned(), name));
    let by_one = of_sticky.into_iter().chain(forced);
    of_match.chain(of_destinations).chain(by_one).collect()
}
