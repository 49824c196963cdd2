use super::*;

fn seen(version: HttpVersion, method: &str, target: &[u8]) -> Result<String, EdgeRefusal> {
    let fields = HeaderList::default();
    let sent = Sent {
        version,
        tls: false,
        method: method.as_bytes(),
        target,
        host: Some(b"a"),
        fields: &fields,
    };
    let admitted = sent.admit()?;
    let authority = admitted.authority.escape_ascii().to_string();
    let path = admitted.path.map(|path| path.escape_ascii().to_string());
    Ok(format!("{authority} {}", path.as_deref().unwrap_or("-")))
}

#[test]
fn a_path_is_normalised() {
    for (target, expected) in [
        ("/", "/"),
        ("//", "//"),
        ("///", "//"),
        ("/a/..//", "//"),
        ("/a//b///c", "/a/b/c"),
        ("/a/./b/.", "/a/b/"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/..", "/"),
        ("/../../a", "/a"),
        ("/a//../b", "/a/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/.%2e/b", "/b"),
        ("/a/...", "/a/..."),
        ("/a/.b", "/a/.b"),
        ("/a%2eb", "/a.b"),
        ("/a/..;x/b", "/b"),
        ("/a/.;x/b", "/a/b"),
        ("/a/%2e%2e;x/b", "/a/..;x/b"),
        ("/a\\..\\b", "/b"),
        ("/a\\b", "/a/b"),
        ("/%61%41%7e%2d", "/aA~-"),
        ("/%20%3f%23%25%3b", "/%20%3f%23%25%3b"),
        ("/%e4%C3", "/%e4%C3"),
        ("/\"<>^`{|}", "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("/[]'!*", "/[]'!*"),
        ("/%", "/%"),
        ("/%zz", "/%zz"),
        ("/%252e", "/%252e"),
        ("/%%32e", "/%252e"),
        ("/%2%65/..", "/"),
        ("/%%61%62", "/%25ab"),
        ("/%%61", "/%a"),
        ("/%%61z", "/%az"),
        ("/%/../xa%62", "/xab"),
        ("/a?b/../c//%2f\\", "/a?b/../c//%2f\\"),
        ("/a?", "/a?"),
    ] {
        let expected = format!("a {expected}").replace('\\', "\\\\");
        let found = seen(HttpVersion::Http1, "GET", target.as_bytes());
        let expected = expected.replace('\'', "\\'");
        assert_eq!(found, Ok(expected), "{target}");
    }
}
