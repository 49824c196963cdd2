//! Documents that nobody wrote.

use std::fmt::Write;

use fastrand::Rng;

/// The upstreams of every document.
pub const UPSTREAMS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// How many routes a document has.
const ROUTES: usize = 40;

/// A document for upstreams at these addresses. Routes that it would refuse beside the others are left
/// away.
pub fn document(rng: &mut Rng, addresses: &[String]) -> String {
    let mut head = "apiVersion: headgate.dev/v1alpha1\n\
                    kind: Gateway\n\
                    listeners: [{ name: http, port: 1, address: 127.0.0.1 }]\n"
        .to_owned();
    if rng.u8(..3) == 0 {
        head += "edge: { stage_prefix: /prod }\n";
    }
    if rng.u8(..3) == 0 {
        head += "cors: { origins: [\"https://shop.test\"], headers: [x-a] }\n";
    }
    head += "upstreams:\n";
    for (name, address) in UPSTREAMS.iter().zip(addresses) {
        let _ = writeln!(head, "  {name}: {{ http: \"{address}\" }}");
    }
    head += "routes:\n";
    // One that uses every upstream, and takes what no other does in half of the documents.
    let to: Vec<String> = UPSTREAMS
        .map(|name| format!("{{ upstream: {name} }}"))
        .into();
    let last = if rng.bool() {
        "prefix: /"
    } else {
        "path: /all"
    };
    let mut routes = format!("  - {{ match: {{ {last} }}, to: [{}] }}\n", to.join(", "));
    let mut count = 1;
    for _ in 0..ROUTES * 10 {
        let more = format!("{routes}  - {{ {} }}\n", route(rng));
        if gateway_model::read("", format!("{head}{more}").as_bytes()).is_ok() {
            routes = more;
            count += 1;
        }
        if count == ROUTES {
            return head + &routes;
        }
    }
    panic!("only {count} routes of so many are any: {routes}");
}

fn one_of<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

fn route(rng: &mut Rng) -> String {
    let (pattern, names, is_prefix) = pattern(rng);
    let mut matches = vec![pattern];
    if rng.u8(..3) == 0 {
        let hosts = ["a.test", "b.test", "\"*.test\"", "\"*.b.test\"", "x.b.test"];
        matches.push(format!("hosts: [{}]", one_of(rng, &hosts)));
    }
    if rng.u8(..3) == 0 {
        let methods = ["GET", "POST", "GET, PUT", "DELETE"];
        matches.push(format!("methods: [{}]", one_of(rng, &methods)));
    }
    let values = [
        "p",
        "\"\"",
        "{ regex: \"[pq]\" }",
        "{ present: true }",
        "{ present: false }",
    ];
    if rng.u8(..4) == 0 {
        let name = one_of(rng, &["x-a", "x-b"]);
        matches.push(format!("headers: {{ {name}: {} }}", one_of(rng, &values)));
    }
    if rng.u8(..4) == 0 {
        let name = one_of(rng, &["v", "w"]);
        matches.push(format!("query: {{ {name}: {} }}", one_of(rng, &values)));
    }
    if rng.u8(..8) == 0 {
        let types = ["application/json", "\"text/*\""];
        matches.push(format!("content_types: [{}]", one_of(rng, &types)));
    }
    let action = match rng.u8(..8) {
        0 => redirect(rng, &names, is_prefix),
        1 => "respond: { status: 299, content_type: text/x-test, body: said }".to_owned(),
        _ => destinations(rng, &names, is_prefix),
    };
    let cors = match rng.u8(..6) {
        0 => ", cors: { origins: [\"*\"] }",
        1 => ", cors: { origins: [\"https://evil.test\"], headers: [\"*\"], max_age: 10m }",
        _ => "",
    };
    format!("match: {{ {} }}, {action}{cors}", matches.join(", "))
}

/// A condition on the path, the names of its values, and whether it is a prefix.
fn pattern(rng: &mut Rng) -> (String, Vec<&'static str>, bool) {
    let mut names = vec!["x", "y"];
    let mut segment = |rng: &mut Rng| match rng.u8(..4) {
        0 if names.len() > 1 => format!("/{{{}}}", names.remove(0)),
        _ => format!("/{}", one_of(rng, &["a", "b", "c", "%C3%A9", "d;e"])),
    };
    match rng.u8(..8) {
        0 => {
            let regexes = [
                ("/r/(?<x>[0-9]+)", vec!["x"]),
                ("/(a|b)/.*", vec![]),
                ("/(?<x>[^/]+)/r(/.*)?", vec!["x"]),
                (".*\\\\.html", vec![]),
            ];
            let (regex, names) = regexes[rng.usize(..regexes.len())].clone();
            (format!("regex: \"{regex}\""), names, false)
        }
        1 | 2 => {
            let depth = rng.usize(1..3);
            let path: String = (0..depth)
                .map(|_| format!("/{}", one_of(rng, &["a", "b", "c"])))
                .collect();
            (format!("prefix: {path}"), Vec::new(), true)
        }
        _ => {
            let depth = rng.usize(1..4);
            let path: String = (0..depth).map(|_| segment(rng)).collect();
            let names = ["x", "y"]
                .into_iter()
                .filter(|name| path.contains(&format!("{{{name}}}")));
            (format!("path: \"{path}\""), names.collect(), false)
        }
    }
}

fn destinations(rng: &mut Rng, names: &[&str], is_prefix: bool) -> String {
    let count = rng.usize(1..4);
    let mut to = Vec::new();
    for index in 0..count {
        let mut fields = vec![
            format!("upstream: {}", one_of(rng, &UPSTREAMS)),
            format!("name: d{index}"),
        ];
        // The last has what no condition takes.
        if index + 1 < count && rng.bool() {
            let conditions = ["headers: { x-c: p }", "query: { c: p }"];
            fields.push(format!("when: {{ {} }}", one_of(rng, &conditions)));
        } else if index + 1 < count && rng.bool() {
            fields.push("weight: 0".to_owned());
        }
        fields.extend(rewrites(rng, names, is_prefix));
        to.push(format!("{{ {} }}", fields.join(", ")));
    }
    let mut action = format!("to: [{}]", to.join(", "));
    if rng.u8(..3) == 0 {
        action += ", sticky: { header: x-user }";
    }
    if rng.u8(..3) == 0 {
        action += ", force: x-force";
    }
    action
}

fn rewrites(rng: &mut Rng, names: &[&str], is_prefix: bool) -> Vec<String> {
    let value = |rng: &mut Rng| match names {
        [] => "z".to_owned(),
        names => format!("{{{}}}", one_of(rng, names)),
    };
    let mut fields = Vec::new();
    match rng.u8(..3) {
        0 => fields.push(format!("path: \"/new/{}\"", value(rng))),
        1 if is_prefix => fields.push("prefix: /else".to_owned()),
        _ => {}
    }
    if rng.u8(..4) == 0 {
        fields.push(format!("query: \"q={}\"", value(rng)));
    }
    if rng.u8(..4) == 0 {
        fields.push(format!("host: \"{}.internal\"", value(rng)));
    }
    if rng.u8(..4) == 0 {
        fields.push("method: PUT".to_owned());
    }
    fields
}

fn redirect(rng: &mut Rng, names: &[&str], is_prefix: bool) -> String {
    let mut fields = vec![match (is_prefix, names) {
        (true, _) => "prefix: /else".to_owned(),
        (false, [name, ..]) => format!("path: \"/new/{{{name}}}\""),
        (false, []) => "path: /new".to_owned(),
    }];
    if rng.bool() {
        fields.push(format!("scheme: {}", one_of(rng, &["http", "https"])));
    }
    if rng.bool() {
        fields.push("host: elsewhere.test".to_owned());
    }
    if rng.bool() {
        fields.push(format!("port: {}", one_of(rng, &["80", "443", "8080"])));
    }
    if rng.bool() {
        fields.push(format!(
            "status: {}",
            one_of(rng, &["301", "302", "307", "308"])
        ));
    }
    format!("redirect: {{ {} }}", fields.join(", "))
}
