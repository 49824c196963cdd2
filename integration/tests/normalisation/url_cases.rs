//! The table of cases of the crate `url`: 819 URLs, most of them odd. Whatever of them can be sent is
//! sent.

use std::path::PathBuf;
use std::process::Command;

use explain::edge::HttpVersion;
use serde_json::Value;

use crate::rig::{Case, Rig, VERSIONS};

/// The version whose table is counted here.
const VERSION: &str = "2.5.8";

/// Reads the table where Cargo has put the crate.
fn cases() -> Vec<Value> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "url" && package["version"] == VERSION)
        .unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let table = manifest.with_file_name("tests").join("urltestdata.json");
    let table: Vec<Value> = serde_json::from_slice(&std::fs::read(table).unwrap()).unwrap();
    table.into_iter().filter(Value::is_object).collect()
}

/// What of a URL can be sent: the text as it stands, what it means as a target in origin form and in
/// absolute form, and its path with an input that nobody has parsed.
fn requests(version: HttpVersion, case: &Value) -> Vec<Case> {
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let mut requests = vec![Case::get(version, text("input"))];
    if let Some((_, after)) = text("input").split_once("://") {
        let path = after.find(['/', '\\']).map_or("/", |slash| &after[slash..]);
        requests.push(Case::get(version, path));
        let host = after
            .find(['/', '\\', '?', '#'])
            .map_or(after, |end| &after[..end]);
        requests.push(Case::get(version, "/").host(Some(host.as_bytes())));
    }
    if case["failure"] != true {
        let (path, host) = (text("pathname"), text("host"));
        let target = format!("{path}{}", text("search"));
        let absolute = format!("http://{host}{target}");
        requests.push(Case::get(version, target).host(Some(host.as_bytes())));
        requests.push(Case::get(version, absolute));
        requests.push(Case::get(version, text("href")));
    }
    // A line end over HTTP/1.1 begins the next line of the head.
    let in_one_line = |part: &[u8]| {
        !part
            .iter()
            .any(|byte| matches!(byte, b'\0' | b'\r' | b'\n'))
    };
    requests.retain(|case| {
        version == HttpVersion::Http2
            || in_one_line(&case.target) && in_one_line(case.host.as_deref().unwrap_or_default())
    });
    // Field values have no spaces around them (RFC 9110 section 5.5).
    requests.retain(|case| {
        case.host
            .as_deref()
            .is_none_or(|host| host.trim_ascii() == host)
    });
    requests
}

#[tokio::test]
async fn every_url_of_the_table_becomes_what_is_said() {
    let mut rig = Rig::start().await;
    let cases = cases();
    assert_eq!(cases.len(), 819);
    let of_version = |version| cases.iter().flat_map(move |case| requests(version, case));
    rig.check(VERSIONS.into_iter().flat_map(of_version)).await;
    rig.stop().await;
}
