//! What routes ask of claims, held against what is required of tokens there.

use filter_api::ConfigError;
use function_router::RouteConfig;
use jwt_authz::Providers;

/// Checks a route whose tokens are of these providers.
///
/// # Errors
/// When it asks what nobody can say, or what could be said by somebody else than was meant; the path is
/// relative to the route.
pub(super) fn check(
    route: &RouteConfig,
    required: &[&str],
    providers: &Providers,
) -> Result<(), ConfigError> {
    for (place, provider) in asked_of(route) {
        check_provider(&place, provider, required)?;
    }
    let mut fields = fields_of(route).into_iter();
    let of_claims = fields.find(|(_, field)| providers.tells_of_a_claim(field.as_bytes()));
    match of_claims {
        None => Ok(()),
        Some((place, _)) => Err(ConfigError::new(
            place,
            "must not be a field that tells of a claim, which the router does not see; ask for \"claims\" \
             in \"when\"",
        )),
    }
}

fn check_provider(
    place: &str,
    provider: Option<&str>,
    required: &[&str],
) -> Result<(), ConfigError> {
    let names = required.join(", ");
    let fault = |place: String, problem: String| Err(ConfigError::new(place, problem));
    match (required, provider) {
        ([], _) => fault(
            place.to_owned(),
            "must stand on a route that requires a token; without one nothing is claimed"
                .to_owned(),
        ),
        (_, Some(provider)) if !required.contains(&provider) => fault(
            provider_beside(place),
            format!(
                "must be a provider whose tokens the route takes, {names}, found \"{provider}\""
            ),
        ),
        ([_, _, ..], None) => fault(
            provider_beside(place),
            format!("must say whose claims are meant, of {names}"),
        ),
        _ => Ok(()),
    }
}

/// `sticky.claim` and `to[0].when.claims` have it beside them.
fn provider_beside(place: &str) -> String {
    let parent = place.rsplit_once('.').map_or("", |(parent, _)| parent);
    format!("{parent}.provider")
}

/// Where a route asks for claims, and whose.
fn asked_of(route: &RouteConfig) -> Vec<(String, Option<&str>)> {
    let of_destinations = route.to.iter().enumerate().filter_map(|(index, to)| {
        let when = to.when.as_ref().filter(|when| !when.claims.is_empty())?;
        Some((format!("to[{index}].when.claims"), when.provider.as_deref()))
    });
    let sticky = route.sticky.as_ref();
    let of_sticky = sticky.filter(|sticky| sticky.claim.is_some());
    let of_sticky = of_sticky.map(|sticky| ("sticky.claim".to_owned(), sticky.provider.as_deref()));
    of_destinations.chain(of_sticky).collect()
}

/// Header fields that a route asks for, each with its place.
fn fields_of(route: &RouteConfig) -> Vec<(String, &str)> {
    let of_match = route.matches.headers.keys();
    let of_match = of_match.map(|name| (format!("match.headers.{name}"), name.as_str()));
    let of_destinations = route.to.iter().enumerate().flat_map(|(index, to)| {
        let names = to.when.iter().flat_map(|when| when.headers.keys());
        names.map(move |name| (format!("to[{index}].when.headers.{name}"), name.as_str()))
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
