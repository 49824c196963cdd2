use filter_api::Refusal;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn compiled(source: &Value) -> Result<Source, String> {
    let config: SourceConfig = serde_json::from_value(source.clone()).unwrap();
    Source::compile(&config).map_err(|error| error.to_string())
}

#[test]
fn a_token_is_where_it_is_looked_for() {
    let bearer = json!({ "header": "authorization", "scheme": "Bearer" });
    let plain = json!({ "header": "x-token" });
    let cookie = json!({ "cookie": "token" });
    let query = json!({ "query": "access_token" });
    for (source, name, values, expected) in [
        (
            &bearer,
            "authorization",
            vec!["Bearer abc"],
            Ok(Some("abc")),
        ),
        (
            &bearer,
            "authorization",
            vec!["bEARER   abc "],
            Ok(Some("abc")),
        ),
        (&bearer, "authorization", vec!["Basic abc"], Ok(None)),
        (&bearer, "authorization", vec!["Bearerabc"], Ok(None)),
        (&bearer, "authorization", vec!["Bearer"], Ok(Some(""))),
        (&bearer, "authorization", vec!["é"], Ok(None)),
        (
            &bearer,
            "authorization",
            vec!["Basic x", "Bearer abc"],
            Ok(Some("abc")),
        ),
        (
            &bearer,
            "authorization",
            vec!["Bearer abc", "Bearer abc"],
            Err("token_repeated"),
        ),
        (
            &bearer,
            "authorization",
            vec!["Bearer abc,Bearer abc"],
            Ok(Some("abc,Bearer abc")), // which is no token
        ),
        (&plain, "x-token", vec![" abc "], Ok(Some("abc"))),
        (&plain, "x-token", vec!["abc", "d"], Err("token_repeated")),
        (&plain, "x-other", vec!["abc"], Ok(None)),
        (
            &cookie,
            "cookie",
            vec!["a=1; token=abc;b=2"],
            Ok(Some("abc")),
        ),
        (&cookie, "cookie", vec!["token=\"abc\""], Ok(Some("abc"))),
        (
            &cookie,
            "cookie",
            vec!["a=1", "token = abc"],
            Ok(Some("abc")),
        ),
        (
            &cookie,
            "cookie",
            vec!["xtoken=1; token_=2; token"],
            Ok(None),
        ),
        (
            &cookie,
            "cookie",
            vec!["token=a; token=a"],
            Err("token_repeated"),
        ),
        (
            &cookie,
            "cookie",
            vec!["token=a", "token=b"],
            Err("token_repeated"),
        ),
        (
            &query,
            ":path",
            vec!["/a?b=1&access_token=abc&c"],
            Ok(Some("abc")),
        ),
        (
            &query,
            ":path",
            vec!["/a?access%5Ftoken=a%62c"],
            Ok(Some("abc")),
        ),
        (&query, ":path", vec!["/a?access_token"], Ok(Some(""))),
        (&query, ":path", vec!["/access_token=a"], Ok(None)),
        (
            &query,
            ":path",
            vec!["/a?access_token=a&access_token=b"],
            Err("token_repeated"),
        ),
        (&query, ":path", vec!["/a?b=?access_token=a"], Ok(None)),
    ] {
        let headers: HeaderList = values.iter().map(|value| (name, value)).collect();
        let source_of_it = compiled(source).unwrap();
        let found = source_of_it.find(&headers);
        let found =
            found.map(|token| token.map(|token| String::from_utf8(token.into_owned()).unwrap()));
        let found = found.map_err(|denial| denial.label());
        assert_eq!(
            found.as_ref().map(|token| token.as_deref()),
            expected.as_ref().map(|token| *token),
            "{source} {values:?}"
        );
    }
}

#[test]
fn a_place_is_wrong_in_many_ways() {
    for (source, message) in [
        (
            json!({}),
            "must have exactly one of \"header\", \"cookie\" and \"query\"",
        ),
        (
            json!({ "header": "a", "query": "b" }),
            "must have exactly one of \"header\", \"cookie\" and \"query\"",
        ),
        (
            json!({ "header": "X-Token" }),
            "header: must be a header field in lower case, found \"X-Token\"",
        ),
        (
            json!({ "header": "a", "scheme": "" }),
            "scheme: must be a name, found \"\"",
        ),
        (
            json!({ "cookie": "a", "scheme": "Bearer" }),
            "scheme: must stand beside \"header\"",
        ),
        (
            json!({ "cookie": "a;b" }),
            "cookie: must be a name, found \"a;b\"",
        ),
        (
            json!({ "query": "a&b" }),
            "query: must be a name, found \"a&b\"",
        ),
    ] {
        assert_eq!(compiled(&source).unwrap_err(), message, "{source}");
    }
}
