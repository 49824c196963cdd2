//! How clients are told how much of a limit is left.

use std::time::Duration;

use crate::config::HeaderStyle;
use crate::denial::seconds;

/// What is left of a limit for the key of a request.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'l> {
    pub(crate) name: &'l str,
    /// How many tokens there can be.
    pub(crate) quota: u32,
    /// In which time that many come.
    pub(crate) window: Duration,
    /// How many there are.
    pub(crate) remaining: u32,
    /// When there are all of them.
    pub(crate) reset: Duration,
}

/// The header fields that tell of limits. Of several, `x-ratelimit-*` can tell of one: the one of which the
/// least is left.
pub(crate) fn fields(
    style: HeaderStyle,
    standings: &[Standing<'_>],
) -> Vec<(&'static str, String)> {
    let Some(nearest) = standings.iter().min_by_key(|standing| standing.remaining) else {
        return Vec::new();
    };
    match style {
        HeaderStyle::None => Vec::new(),
        HeaderStyle::XRatelimit => vec![
            ("x-ratelimit-limit", nearest.quota.to_string()),
            ("x-ratelimit-remaining", nearest.remaining.to_string()),
            ("x-ratelimit-reset", seconds(nearest.reset).to_string()),
        ],
        HeaderStyle::Ietf => {
            let list = |one: &dyn Fn(&Standing<'_>) -> String| {
                let all: Vec<String> = standings.iter().map(one).collect();
                all.join(", ")
            };
            let policy = list(&|standing| {
                let (quota, window) = (standing.quota, seconds(standing.window).max(1));
                format!("{};q={quota};w={window}", string(standing.name))
            });
            let state = list(&|standing| {
                let (remaining, reset) = (standing.remaining, seconds(standing.reset));
                format!("{};r={remaining};t={reset}", string(standing.name))
            });
            vec![("ratelimit-policy", policy), ("ratelimit", state)]
        }
    }
}

/// A String of structured fields (RFC 9651 section 3.3.3), of printable ASCII.
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn all_limits_are_told_of_or_the_nearest() {
        let standing = |name, remaining| Standing {
            name,
            quota: 10,
            window: Duration::from_millis(500),
            remaining,
            reset: Duration::from_millis(1_200),
        };
        let standings = [standing("a \"b\"", 3), standing("c", 2)];
        assert_eq!(
            fields(HeaderStyle::Ietf, &standings),
            [
                (
                    "ratelimit-policy",
                    r#""a \"b\"";q=10;w=1, "c";q=10;w=1"#.to_owned()
                ),
                ("ratelimit", r#""a \"b\"";r=3;t=2, "c";r=2;t=2"#.to_owned()),
            ]
        );
        let told = fields(HeaderStyle::XRatelimit, &standings);
        let told: Vec<&str> = told.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(told, ["10", "2", "2"]);
        assert!(fields(HeaderStyle::None, &standings).is_empty());
        assert!(fields(HeaderStyle::Ietf, &[]).is_empty());
    }
}
