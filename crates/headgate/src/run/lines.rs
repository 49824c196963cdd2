//! Envoy's lines, made readable.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde::Deserialize;

/// `--log-format` of Envoy: level, logger, text, so that they can be told apart again.
pub const FORMAT: &str = "%l\t%n\t%v";

const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// What Envoy says of the signal by which it is stopped in order.
const STOPPED: &str = "caught ENVOY_SIGTERM";

/// A line of Envoy's log; nothing, if it only tells what was just done.
pub fn log(line: &str) -> Option<String> {
    let mut parts = line.splitn(3, '\t');
    let (Some(level), Some(logger), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        return Some(line.to_owned());
    };
    if text == STOPPED {
        return None;
    }
    let style = match level {
        "warning" => ODD,
        "error" | "critical" => BAD,
        _ => DIM,
    };
    // What a filter says is said by Envoy with where in Envoy it does so.
    let (who, text) = match text.split_once("wasm log ") {
        Some((_, said)) => ("filter", said),
        None => (logger, text),
    };
    Some(format!(
        "{style}{level:>7}{style:#} {DIM}{who}{DIM:#} {text}"
    ))
}

/// The fields of the access log that a line on a terminal has room for.
#[derive(Debug, Deserialize)]
struct Request<'a> {
    method: Option<&'a str>,
    host: Option<&'a str>,
    path: Option<String>,
    status: Option<u16>,
    reason: Option<&'a str>,
    route: Option<String>,
    function: Option<&'a str>,
    duration_ms: Option<u64>,
}

/// A line of the access log; any other line as it is.
pub fn request(line: &str) -> String {
    let Ok(request) = serde_json::from_str::<Request<'_>>(line) else {
        return line.to_owned();
    };
    let status = request.status.unwrap_or(0);
    let style = match status {
        200..400 => GOOD,
        400..500 => ODD,
        _ => BAD,
    };
    let mut shown = format!(
        "{style}{status}{style:#} {} {}{}",
        request.method.unwrap_or("-"),
        request.host.unwrap_or("-"),
        request.path.as_deref().unwrap_or("-"),
    );
    let reason = request.reason.filter(|reason| *reason != "via_upstream");
    let rest = match (request.route, request.function, reason) {
        (Some(route), Some(function), None) => format!(" {DIM}{route} -> {function}{DIM:#}"),
        (Some(route), _, Some(reason)) => format!(" {DIM}{route}: {reason}{DIM:#}"),
        (_, _, reason) => format!(" {DIM}{}{DIM:#}", reason.unwrap_or("-")),
    };
    shown.push_str(&rest);
    if let Some(duration) = request.duration_ms {
        // Writing to a string does not fail.
        let _ = write!(shown, " {DIM}{duration} ms{DIM:#}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_request_is_one_short_line() {
        let line = r#"{"method":"GET","host":"a","path":"/pets/7","status":200,"reason":"via_upstream","route":"GET /pets/{id}","function":"pets-1","duration_ms":3}"#;
        assert_eq!(
            plain(&request(line)),
            "200 GET a/pets/7 GET /pets/{id} -> pets-1 3 ms"
        );
        let refused = r#"{"method":"GET","host":"a","path":"/x","status":404,"reason":"no_route","route":null,"function":"no-function","duration_ms":0}"#;
        assert_eq!(plain(&request(refused)), "404 GET a/x no_route 0 ms");
        let dead = r#"{"method":"GET","host":"a","path":"/x","status":503,"reason":"connection_failure","route":"/x","function":"pets-1"}"#;
        assert_eq!(plain(&request(dead)), "503 GET a/x /x: connection_failure");
    }

    #[test]
    fn a_line_of_the_log_keeps_its_text() {
        assert_eq!(
            plain(&log("warning\tmain\tsomething").unwrap()),
            "warning main something"
        );
        let filter = "error\twasm\twasm log headgate.pipeline: gateway refused";
        assert_eq!(
            plain(&log(filter).unwrap()),
            "  error filter headgate.pipeline: gateway refused"
        );
    }

    #[test]
    fn what_is_not_understood_is_shown_as_it_is() {
        assert_eq!(log("no tabs").unwrap(), "no tabs");
        assert_eq!(log("warning\tmain\tcaught ENVOY_SIGTERM"), None);
        assert_eq!(request("not json"), "not json");
    }
}
