//! Every byte, in every place.

use explain::edge::HttpVersion;

use crate::rig::{Case, Rig, VERSIONS};

/// Every byte in each version of HTTP, but the line end of HTTP/1.1, which has tests of its own.
fn every_byte() -> impl Iterator<Item = (HttpVersion, u8)> {
    let bytes = |version| (0..=u8::MAX).map(move |byte| (version, byte));
    let all = VERSIONS.into_iter().flat_map(bytes);
    all.filter(|&case| case != (HttpVersion::Http1, b'\n'))
}

#[tokio::test]
async fn every_byte_of_a_path_and_of_a_query_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let cases = every_byte().flat_map(|(version, byte)| {
        let places: [(&[u8], &[u8]); 4] = [
            (b"/a", b"b"),
            (b"/", b""),
            (b"/a/..", b"/b"),
            (b"/a?b", b"c"),
        ];
        places.map(|(before, after)| Case::get(version, [before, &[byte], after].concat()))
    });
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn every_escape_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let cases = every_byte().flat_map(|(version, byte)| {
        [
            format!("/a%{byte:02x}b"),
            format!("/a/%{byte:02X}"),
            format!("/a/%{byte:02X}./b"),
            format!("/a%%{byte:02x}0"),
            format!("/a%2%{byte:02x}b"),
            format!("/a?%{byte:02x}"),
        ]
        .map(|target| Case::get(version, target))
    });
    rig.check(cases).await;
    rig.stop().await;
}

#[tokio::test]
async fn every_byte_of_a_host_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let of_absolute_form = every_byte().map(|(version, byte)| {
        let target = [b"http://a", &[byte][..], b"b/c"].concat();
        Case::get(version, target)
    });
    // Over HTTP/1.1 these are no part of a field.
    let in_field = |&(version, byte): &(HttpVersion, u8)| {
        version == HttpVersion::Http2 || !matches!(byte, b'\0' | b'\r')
    };
    let of_field = every_byte()
        .filter(in_field)
        .map(|(version, byte)| Case::get(version, "/a").host(Some(&[b'a', byte, b'b'])));
    rig.check(of_absolute_form.chain(of_field)).await;
    rig.stop().await;
}
