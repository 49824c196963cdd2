//! The access log says where a request went, or why it did not.

use integration::client::Request;
use serde_json::{Value, json};

use crate::gateway::Gateway;

#[tokio::test]
async fn a_line_names_route_function_and_reason() {
    let gateway = Gateway::start().await;
    let function = gateway.key("one");
    let client = gateway.http1();
    for (method, path) in [
        ("GET", "/pets/7?x=1"),
        ("DELETE", "/pets/7"),
        ("GET", "/nowhere"),
    ] {
        let request = Request::new(method, path);
        client.send(request).await.unwrap();
    }
    let log = gateway.stop().await;
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let said = lines.map(|line| {
        let said =
            ["path", "status", "route", "function", "reason"].map(|field| line[field].clone());
        Value::from(said.to_vec())
    });
    let expected = [
        json!([
            "/pets/7?x=1",
            200,
            "GET,PUT /pets/{id}",
            function,
            "via_upstream"
        ]),
        json!(["/pets/7", 405, null, "no-function", "method_not_allowed"]),
        json!(["/nowhere", 404, null, "no-function", "no_route"]),
        json!(["/any/good", 200, "prefix /any", function, "via_upstream"]),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected, "{log}");
}

#[tokio::test]
async fn a_client_cannot_write_lines_of_its_own() {
    let gateway = Gateway::start().await;
    let path = r#"/any/x","status":0,"path":"/forged"#;
    assert_eq!(
        gateway.get(path, b"user-agent: \"}\xff{\r\n").await.status,
        200
    );
    let head = "GET /nowhere HTTP/1.1\r\nhost: \"}\r\n\r\n";
    assert_eq!(gateway.raw(head).await.status, 400);
    let log = gateway.stop().await;
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let statuses: Vec<_> = lines.map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [200, 400, 200], "{log}");
}
