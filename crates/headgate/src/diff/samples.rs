//! Requests that a route takes, made from what it matches.

use filter_api::HeaderList;
use function_router::{MatchConfig, Router, ValueConfig};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A request; only what routes look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The method.
    pub method: String,
    /// The host.
    pub host: String,
    /// The path, with its query.
    pub target: String,
    /// Header fields beyond those.
    pub headers: Vec<(String, String)>,
}

impl Sample {
    /// The header fields as a router reads them.
    pub fn header_list(&self) -> HeaderList {
        let pseudo = [
            (":method", &*self.method),
            (":authority", &*self.host),
            (":path", &*self.target),
        ];
        let fields = self.headers.iter();
        let fields = fields.map(|(name, value)| (&**name, &**value));
        pseudo.into_iter().chain(fields).collect()
    }
}

/// What stands for a value that may be anything. Of one route's requests some may be another's; so there
/// are several to try.
const WORDS: [&str; 6] = ["any", "some-other", "0", "A", "_", "~"];

/// What stands for a method that may be any.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The most requests of one route in which each host is asked with each method.
const MOST: usize = 100;

/// Requests that a route takes, by its place in the router that was made of its document: for each of
/// its hosts and methods that are not another's. None, if none was found.
pub fn taken_by(router: &Router, index: usize, matches: &MatchConfig) -> Vec<Sample> {
    let is_taken = |sample: &Sample| {
        let headers = sample.header_list();
        let route = router.route(&router.request(&headers));
        route.is_ok_and(|route| route.index() == index)
    };
    let of_word = WORDS.iter().map(|word| {
        let mut samples = samples(matches, word);
        samples.retain(is_taken);
        samples
    });
    of_word
        .into_iter()
        .find(|samples| !samples.is_empty())
        .unwrap_or_default()
}

fn samples(matches: &MatchConfig, word: &str) -> Vec<Sample> {
    let methods: Vec<String> = match matches.methods.as_slice() {
        [] => METHODS.map(str::to_owned).into(),
        methods => methods.to_vec(),
    };
    let hosts: Vec<String> = match matches.hosts.as_slice() {
        [] => vec![format!("{word}.invalid")], // RFC 2606: nobody has it
        hosts => hosts
            .iter()
            .map(|host| host.replacen('*', word, 1))
            .collect(),
    };
    let headers = matches.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((name.clone(), meets(value, word)?)));
    let types = matches
        .content_types
        .first()
        .map(|kind| ("content-type".to_owned(), kind.replacen('*', word, 1)));
    let headers: Vec<(String, String)> = headers.chain(types).collect();
    let query = matches.query.iter();
    let query = query.filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            escaped(name),
            escaped(&meets(value, word)?)
        ))
    });
    let query: Vec<String> = query.collect();
    let query = match query.is_empty() {
        true => String::new(),
        false => format!("?{}", query.join("&")),
    };
    // Of very many each host once, and each method once.
    let all = hosts.len().saturating_mul(methods.len()) <= MOST;
    let mut samples = Vec::new();
    for path in paths(matches, word) {
        for (i, host) in hosts.iter().enumerate() {
            let methods = methods
                .iter()
                .enumerate()
                .filter(|(j, _)| all || i == 0 || *j == 0);
            samples.extend(methods.map(|(_, method)| Sample {
                method: method.clone(),
                host: host.clone(),
                target: format!("{path}{query}"),
                headers: headers.clone(),
            }));
        }
    }
    samples
}

fn paths(matches: &MatchConfig, word: &str) -> Vec<String> {
    match (&matches.path, &matches.prefix, &matches.regex) {
        (Some(path), ..) => {
            let segment = |segment| match str::starts_with(segment, '{') {
                true => word,
                false => segment,
            };
            vec![path.split('/').map(segment).collect::<Vec<_>>().join("/")]
        }
        (_, Some(prefix), _) => vec![format!("{}/{word}", prefix.trim_end_matches('/'))],
        (.., Some(regex)) => text_of(regex).into_iter().collect(),
        (None, None, None) => Vec::new(),
    }
}

/// A value that meets a condition; none, if it is met by no value at all.
fn meets(value: &ValueConfig, word: &str) -> Option<String> {
    match value {
        ValueConfig::Exact(text) => Some(text.clone()),
        ValueConfig::Regex(regex) => text_of(regex),
        ValueConfig::Present(true) => Some(word.to_owned()),
        ValueConfig::Present(false) => None,
    }
}

/// Text as a name or value of a query.
fn escaped(text: &str) -> String {
    let octet = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(octet).collect()
}

/// A short text that a regular expression matches; none if none comes of the first choice everywhere.
fn text_of(regex: &str) -> Option<String> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    let mut text = Vec::new();
    write(&parser.parse(regex).ok()?, &mut text)?;
    String::from_utf8(text).ok()
}

/// The longest text that is made of an expression.
const LONGEST: usize = 4096;

fn write(hir: &Hir, to: &mut Vec<u8>) -> Option<()> {
    if to.len() > LONGEST {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(()),
        HirKind::Literal(literal) => {
            to.extend_from_slice(&literal.0);
            Some(())
        }
        HirKind::Class(class) => {
            to.push(octet_of(class)?);
            Some(())
        }
        // Once where nothing would do: an empty segment is no path.
        HirKind::Repetition(repetition) => {
            let least = repetition.min.max(u32::from(repetition.max != Some(0)));
            (0..least).try_for_each(|_| write(&repetition.sub, to))
        }
        HirKind::Capture(capture) => write(&capture.sub, to),
        HirKind::Concat(all) => all.iter().try_for_each(|one| write(one, to)),
        HirKind::Alternation(either) => write(either.first()?, to),
    }
}

/// One octet of a class: a letter or digit, if there is one.
fn octet_of(class: &Class) -> Option<u8> {
    let has = |byte: u8| match class {
        Class::Bytes(class) => class
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&byte)),
        Class::Unicode(class) => {
            let c = char::from(byte);
            byte.is_ascii()
                && class
                    .iter()
                    .any(|range| (range.start()..=range.end()).contains(&c))
        }
    };
    let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
    readable.chain(b'!'..=b'~').find(|byte| has(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_made_of_an_expression() {
        for (regex, text) in [
            ("/pets/(?<id>[0-9]+)", "/pets/0"),
            ("/(a|b)/\\w{2}(x?)", "/a/aax"),
            ("/files/.*\\.png", "/files/a.png"),
            ("v[^a-z]", "v0"),
        ] {
            assert_eq!(text_of(regex).as_deref(), Some(text), "{regex}");
        }
        assert_eq!(text_of("[\\x00-\\x08]"), None);
        assert_eq!(text_of("(a{1000}){9}"), None);
    }
}
