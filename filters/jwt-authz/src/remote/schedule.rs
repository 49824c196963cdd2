//! When keys are fetched again.

use std::time::Duration;

use filter_api::HeaderList;

use crate::config::FetchConfig;

/// The first pause after a fetch that failed, and the longest; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// By up to which part a time is shortened, so that gateways which were started together do not ask
/// together: a tenth.
const JITTER: u32 = 10;

/// How long keys hold that came with these header fields (RFC 9111 section 4.2.1), within the bounds of
/// the configuration. `chance` is any number.
pub(crate) fn refresh_in(fetch: &FetchConfig, headers: &HeaderList, chance: u64) -> Duration {
    let (least, most) = (fetch.min_refresh.get(), fetch.max_refresh.get());
    let told = match lifetime(headers) {
        Some(lifetime) => lifetime,
        None => fetch.refresh.get(),
    };
    shortened(told.clamp(least, most), chance).max(least)
}

/// The pause after so many failures in a row.
pub(crate) fn pause_after(failures: u64, chance: u64) -> Duration {
    let (first, longest) = PAUSES;
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
    shortened(first.saturating_mul(factor).min(longest), chance)
}

/// The longest that either of the two can be.
pub(crate) fn longest(fetch: &FetchConfig) -> Duration {
    fetch.max_refresh.get().max(PAUSES.1)
}

/// Less by up to a tenth.
fn shortened(time: Duration, chance: u64) -> Duration {
    const PARTS: u32 = 1 << 16;
    let part = (chance % u64::from(PARTS)) as u32;
    time - time / JITTER / PARTS * part
}

/// What `cache-control` says, less what `age` says of it already is over. None where it says nothing.
fn lifetime(headers: &HeaderList) -> Option<Duration> {
    let values = headers.get_all("cache-control");
    let directives = values.flat_map(|value| value.split(|byte| *byte == b','));
    let directives = directives.filter_map(|directive| std::str::from_utf8(directive).ok());
    let mut max_age = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(Duration::ZERO);
        }
        if name.eq_ignore_ascii_case("max-age") && max_age.is_none() {
            max_age = seconds(value);
        }
    }
    let age = headers
        .get("age")
        .and_then(|age| std::str::from_utf8(age).ok());
    let age = age.and_then(|age| seconds(age.trim())).unwrap_or_default();
    max_age.map(|max_age| max_age.saturating_sub(age))
}

/// A number of seconds; one too great to count is as good as any that is great (section 1.2.2).
fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn told(fields: &[(&str, &str)]) -> u64 {
        let fetch = FetchConfig::default();
        refresh_in(&fetch, &fields.iter().copied().collect(), 0).as_secs()
    }

    #[test]
    fn a_server_says_how_long_its_keys_hold() {
        for (value, seconds) in [
            ("max-age=300", 300),
            ("public, max-age=300, must-revalidate", 300),
            ("MAX-AGE=300", 300),
            ("max-age=\"300\"", 300),
            ("max-age = 300", 300),
            ("max-age=300, max-age=60", 300),
            // Within the bounds, 30 s to an hour.
            ("max-age=1", 30),
            ("max-age=86400", 3600),
            ("max-age=99999999999999999999", 3600),
            ("no-store", 30),
            ("max-age=300, no-cache", 30),
            // Nothing is said: ten minutes.
            ("", 600),
            ("public", 600),
            ("max-age", 600),
            ("max-age=", 600),
            ("max-age=-1", 600),
            ("max-age=1.5", 600),
            ("s-maxage=300", 600),
        ] {
            assert_eq!(told(&[("cache-control", value)]), seconds, "{value}");
        }
        assert_eq!(told(&[]), 600);
        let two_fields = [
            ("cache-control", "public"),
            ("cache-control", "max-age=300"),
        ];
        assert_eq!(told(&two_fields), 300);
    }

    #[test]
    fn what_is_over_already_does_not_count() {
        for (age, seconds) in [("100", 200), ("400", 30), ("soon", 300), (" 100 ", 200)] {
            let fields = [("cache-control", "max-age=300"), ("age", age)];
            assert_eq!(told(&fields), seconds, "{age}");
        }
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let pauses = [1, 2, 3, 6, 7, 8, 1000, u64::MAX].map(|n| pause_after(n, 0).as_secs());
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60, 60]);
        assert!(pause_after(1, u64::MAX) < pause_after(1, 0));
    }
}
