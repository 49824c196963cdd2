//! Targets that nobody would think of.

use explain::edge::HttpVersion;
use fastrand::Rng;

use crate::rig::{Case, Rig, VERSIONS};

/// What paths are tricked with.
const PIECES: [&str; 60] = [
    "/",
    "/",
    "/",
    "//",
    ".",
    "..",
    "/.",
    "/..",
    "/../",
    "%2e",
    "%2E",
    "%2e%2e",
    ".%2E",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "\\..\\",
    "%00",
    ";",
    "..;",
    "/..;/",
    ".;x",
    ";v=1",
    "?",
    "#",
    "%23",
    "%3f",
    "%",
    "%%",
    "%2",
    "%%3",
    "%25",
    "%252e",
    "%252f",
    "%%32%65",
    "%u002e",
    "%61",
    "%41",
    "%7e",
    "%7F",
    "%20",
    "%c0%ae",
    "%c0%af",
    "%e0%80%af",
    "%ff",
    "*",
    "@",
    ":",
    "[",
    "]",
    "\"",
    "<",
    "|",
    "^",
    "~",
    "a",
    "A",
    "secret",
    "open",
];

/// How they begin.
const BEGINNINGS: [&str; 16] = [
    "/",
    "/",
    "/",
    "/",
    "/",
    "/",
    "/",
    "/",
    "/a/",
    "/open/",
    "//",
    "http://h/",
    "http://h",
    "HTTP://H:80/",
    "*",
    "",
];

fn target(rng: &mut Rng, version: HttpVersion) -> Vec<u8> {
    let mut target = rng
        .choice(BEGINNINGS)
        .unwrap_or_default()
        .as_bytes()
        .to_vec();
    for _ in 0..rng.usize(..10) {
        match rng.u8(..20) {
            0 => target.push(rng.u8(..)),
            1 => target.extend(format!("%{:02x}", rng.u8(..)).bytes()),
            2 => target.push(rng.u8(b' '..0x7f)),
            _ => target.extend(rng.choice(PIECES).unwrap_or_default().bytes()),
        }
    }
    // A line end over HTTP/1.1 begins the next line of the head.
    target.retain(|&byte| version == HttpVersion::Http2 || byte != b'\n');
    target
}

#[tokio::test]
async fn any_target_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let seed = std::env::var("SEED").map_or(6, |seed| seed.parse().unwrap());
    println!("SEED={seed} sends these again");
    let mut rng = Rng::with_seed(seed);
    let cases = VERSIONS.into_iter().cycle().take(8000).map(|version| {
        let target = target(&mut rng, version);
        let method = ["GET", "GET", "GET", "OPTIONS"][rng.usize(..4)];
        Case::new(version, method, target)
    });
    rig.check(cases.collect::<Vec<_>>()).await;
    rig.stop().await;
}
