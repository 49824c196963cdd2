//! Ways to write a path or a host so that one reader takes it for another than the next one does, against
//! a route that the request is not for, beside one that takes everything.

use explain::edge::HttpVersion;
use explain::{Explainer, Question};
use filter_api::HeaderList;
use integration::envoy::Envoy;
use integration::mirror::Mirror;
use integration::raw::{RawRequest, Received, send_all};
use integration::rendered::Rendered;

/// Spellings of `/secret`, and of paths that lead to it by way of `/open`.
const TARGETS: [&str; 97] = [
    "/secret",
    "/secret/",
    "/secret/a",
    "//secret",
    "///secret",
    "//secret//a",
    "/./secret",
    "/.//secret",
    "/secret/.",
    "/secret/..",
    "/secret/../secret",
    "/open/../secret",
    "/open/../../secret",
    "/open//../secret",
    "/open/./../secret",
    "/../secret",
    "/%2e/secret",
    "/%2E%2e/secret",
    "/open/%2e%2e/secret",
    "/open/.%2e/secret",
    "/open/%2E./secret",
    "/open/%2e%2e%2fsecret",
    "/open/..%2fsecret",
    "/open/..%2Fsecret",
    "/open%2f..%2fsecret",
    "/%2fsecret",
    "/%2Fsecret",
    "/secret%2f",
    "/secret%2fa",
    "/%5csecret",
    "/%5Csecret",
    "/open/..%5csecret",
    "/secret%5C",
    "/\\secret",
    "\\secret",
    "/open\\..\\secret",
    "/open/..\\secret",
    "/open\\../secret",
    "/secret\\",
    "/secret\\a",
    "/secret%00",
    "/secret%00/a",
    "/%00/secret",
    "/secret\0",
    "/secret;v=1",
    "/secret;/a",
    "/;/secret",
    "/;v=1/secret",
    "/open/..;/secret",
    "/open/..;v=1/secret",
    "/open/.;/../secret",
    "/open/%2e%2e;/secret",
    "/open/.%2E;v=1/secret",
    "/open\\..;\\secret",
    "/%2e;/secret",
    "/open/;/../secret",
    "/secret?",
    "/secret?/../open",
    "/secret%3f",
    "/secret%3F/open",
    "/open?/../secret",
    "/secret#",
    "/secret#/open",
    "/secret%23",
    "/secret%23/open",
    "/open#/../secret",
    "/%73ecret",
    "/s%65cret",
    "/%73%65%63%72%65%74",
    "/SECRET",
    "/%53ecret",
    "/%2573ecret",
    "/%252e%252e/secret",
    "/open/%252e%252e/secret",
    "/open/%252e%252e%252fsecret",
    "/%%37%33ecret",
    "/%%373ecret",
    "/%u0073ecret",
    "/\tsecret",
    "/secret\t",
    "/secret\n",
    "/sec\nret",
    "/secret\r",
    " /secret",
    "/secret%20",
    "/secret%09",
    "/secret%0a",
    "/secret%0d%0a",
    "/secret%c0%af",
    "/open/%c0%ae%c0%ae/secret",
    "/open/%e0%80%ae/secret",
    "/%c1%b3ecret",
    "http://public.test/secret",
    "http://public.test//open/../secret",
    "http://public.test\\secret",
    "*",
    "secret",
];

/// Spellings of the host that the protected route is for, or of another one around it.
const HOSTS: [&str; 22] = [
    "internal.test.",
    "internal.test..",
    "internal.test.public.test",
    "public.test,internal.test",
    "internal.test,public.test",
    "internal.test:80:80",
    "internal.test:x",
    "internal.test@public.test",
    "public.test@internal.test",
    "xinternal.test",
    ".internal.test",
    "%69nternal.test",
    "internal%2etest",
    "internal.test%00",
    "internal.test/",
    "internal.test#",
    "internal.test?",
    "internal.test\\",
    "[internal.test]",
    "http://internal.test",
    "*",
    "",
];

/// What keeps requests away from the function `secret`, and what a request must have to get there.
struct Protection {
    condition: &'static str,
    host: &'static str,
    method: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

const PROTECTIONS: [Protection; 4] = [
    Protection {
        condition: "hosts: [internal.test]",
        host: "internal.test",
        method: "GET",
        fields: &[],
    },
    Protection {
        condition: "methods: [DELETE]",
        host: "public.test",
        method: "DELETE",
        fields: &[],
    },
    Protection {
        condition: "headers: { x-key: right }",
        host: "public.test",
        method: "GET",
        fields: &[("x-key", "right")],
    },
    Protection {
        condition: "query: { key: right }",
        host: "public.test",
        method: "GET",
        fields: &[],
    },
];

struct Rig {
    envoy: Envoy,
    _rendered: Rendered,
    _mirrors: [Mirror; 2],
    document: String,
}

impl Rig {
    /// `routes`: those beside the one that takes everything.
    async fn start(routes: &str) -> Self {
        let mirrors = [Mirror::start("secret").await, Mirror::start("open").await];
        let [secret, open] = [0, 1].map(|index| mirrors[index].address());
        let document = format!(
            "apiVersion: headgate.dev/v1alpha1\n\
             kind: Gateway\n\
             listeners: [{{ name: http, port: 1, address: 127.0.0.1 }}]\n\
             upstreams:\n  secret: {{ http: \"{secret}\" }}\n  open: {{ http: \"{open}\" }}\n\
             routes:\n{routes}  - {{ match: {{ prefix: / }}, to: [{{ upstream: open }}] }}\n"
        );
        let rendered = Rendered::document(&document);
        Self {
            envoy: rendered.start().await,
            _rendered: rendered,
            _mirrors: mirrors,
            document,
        }
    }

    async fn send(&self, requests: &[RawRequest]) -> Vec<Received> {
        let address = self.envoy.listener("http").await;
        send_all(address, requests.to_vec(), 100).await.unwrap()
    }

    /// What is passed on is the very string that was matched.
    fn assert_one_string(&self, request: &RawRequest, received: &Received) {
        let Some(seen) = received.seen() else { return };
        let checked = gateway_model::read("gateway.yaml", self.document.as_bytes()).unwrap();
        let explainer = Explainer::new(&checked.document).unwrap();
        let explanation = explainer.explain(&Question {
            version: match request.http2 {
                true => HttpVersion::Http2,
                false => HttpVersion::Http1,
            },
            https: false,
            method: request.method.clone(),
            target: request.target.clone(),
            host: request.host.clone(),
            fields: request
                .fields
                .iter()
                .map(|(name, value)| (name, value))
                .collect::<HeaderList>(),
            client: None,
            now: std::time::Duration::ZERO, // there is no token
        });
        let matched = explanation.seen.unwrap();
        assert_eq!(seen.path, matched.path.unwrap().0, "{request}");
        assert_eq!(seen.hosts, [matched.authority.0], "{request}");
        let taken = &explanation.destinations[0].upstream;
        assert_eq!(&seen.mirror, taken, "{request}");
    }
}

fn request(http2: bool, method: &str, target: &str, host: &str) -> RawRequest {
    RawRequest {
        http2,
        method: method.as_bytes().to_vec(),
        target: target.as_bytes().to_vec(),
        host: Some(host.as_bytes().to_vec()),
        fields: Vec::new(),
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_reaches_a_function_that_the_request_is_not_for() {
    for protection in PROTECTIONS {
        let condition = protection.condition;
        let rig = Rig::start(&format!(
            "  - {{ match: {{ prefix: /secret, {condition} }}, to: [{{ upstream: secret }}] }}\n"
        ))
        .await;
        let tricks: Vec<RawRequest> = [false, true]
            .into_iter()
            .flat_map(|http2| TARGETS.map(|target| request(http2, "GET", target, "public.test")))
            .collect();
        let mut passed = 0;
        for (request, received) in tricks.iter().zip(rig.send(&tricks).await) {
            let mirror = received.seen().map(|seen| seen.mirror);
            assert_ne!(mirror.as_deref(), Some("secret"), "{condition}: {request}");
            rig.assert_one_string(request, &received);
            passed += usize::from(mirror.is_some());
        }
        assert!(
            passed > 60,
            "{condition}: only {passed} reached the open function"
        );
        for http2 in [false, true] {
            let mut straight = request(
                http2,
                protection.method,
                "/secret?key=right",
                protection.host,
            );
            let fields = protection.fields.iter();
            let fields = fields.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            straight.fields = fields
                .map(|(name, value)| (name.into(), value.into()))
                .collect();
            let received = rig.send(std::slice::from_ref(&straight)).await;
            let seen = received[0].seen().unwrap();
            assert_eq!(seen.mirror, "secret", "{condition}: {straight}");
        }
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn no_spelling_of_a_host_reaches_a_function_of_another_host() {
    let rig = Rig::start(
        "  - { match: { prefix: /, hosts: [internal.test] }, to: [{ upstream: secret }] }\n",
    )
    .await;
    let tricks: Vec<RawRequest> = [false, true]
        .into_iter()
        .flat_map(|http2| HOSTS.map(|host| request(http2, "GET", "/", host)))
        .chain([
            // The target says the host, whatever the field says.
            request(false, "GET", "http://public.test/", "internal.test"),
            request(
                false,
                "GET",
                "http://internal.test@public.test/",
                "internal.test",
            ),
            request(false, "GET", "http://public.test:80/", "internal.test"),
        ])
        .collect();
    for (request, received) in tricks.iter().zip(rig.send(&tricks).await) {
        let mirror = received.seen().map(|seen| seen.mirror);
        // A dot at its end, as of a fully qualified name, makes no other host of it.
        let is_it = matches!(request.host.as_deref(), Some(b"internal.test."));
        let expected = if is_it { "secret" } else { "open" };
        assert!(
            mirror.is_none_or(|mirror| mirror == expected),
            "{request}: {received:?}"
        );
        rig.assert_one_string(request, &received);
    }
    rig.envoy.stop().await;
}

/// The path as a server reads it that forgives everything RFC 3986 lets it forgive: escapes, doubled
/// slashes, backslashes, dots; and what servers of Java forgive, parameters of an empty segment or of
/// dots.
fn read_leniently(target: &[u8]) -> String {
    let path = target.split(|&byte| byte == b'?').next().unwrap();
    let mut decoded = String::new();
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        let escape = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, after) = match escape.filter(|_| byte == b'%') {
            Some(escaped) => (escaped, &after[2..]),
            None => (byte, after),
        };
        decoded.push(char::from(byte));
        rest = after;
    }
    let mut segments = Vec::new();
    for segment in decoded.replace('\\', "/").split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            bare => segments.push(bare.to_owned()),
        }
    }
    format!("/{}", segments.join("/"))
}

/// Routes that refuse a path, perhaps beside one that takes what is like it to another place; that path
/// as an upstream would know it; and how many of the tricks are refused at least.
const REFUSING: [(&str, &str, usize); 4] = [
    (
        "  - { match: { prefix: /secret }, respond: { status: 403 } }\n",
        "/secret",
        60,
    ),
    (
        "  - { match: { regex: \"/secret(/.*)?\" }, respond: { status: 403 } }\n",
        "/secret",
        60,
    ),
    (
        "  - { match: { path: /secret }, respond: { status: 403 } }\n  \
           - { match: { path: \"/{name}\" }, to: [{ upstream: open, path: \"/v2/{name}\" }] }\n",
        "/v2/secret",
        40,
    ),
    (
        "  - { match: { path: /secret }, respond: { status: 403 } }\n  \
           - { match: { regex: \"/(?<name>[^/]+)\" }, to: [{ upstream: open, path: \"/v2/{name}\" }] }\n",
        "/v2/secret",
        40,
    ),
];

#[tokio::test]
async fn what_is_refused_at_one_path_comes_to_no_upstream_that_could_take_another_for_it() {
    for (routes, secret, fewest) in REFUSING {
        let rig = Rig::start(routes).await;
        let tricks: Vec<RawRequest> = [false, true]
            .into_iter()
            .flat_map(|http2| TARGETS.map(|target| request(http2, "GET", target, "public.test")))
            .collect();
        let mut refused = 0;
        for (request, received) in tricks.iter().zip(rig.send(&tricks).await) {
            match received.seen() {
                Some(seen) => {
                    let path = read_leniently(&seen.path);
                    let rest = path.strip_prefix(secret);
                    let is_secret =
                        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                    assert!(
                        !is_secret,
                        "{routes}{request}: {}",
                        seen.path.escape_ascii()
                    );
                }
                None => refused += 1,
            }
        }
        assert!(refused > fewest, "{routes}: only {refused} were refused");
        rig.envoy.stop().await;
    }
}
