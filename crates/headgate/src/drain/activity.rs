//! What goes on in an Envoy, from its statistics.

use std::fmt;

use crate::report::count;

/// What to ask the admin endpoint for: connections and requests of each HTTP connection manager, by its
/// `stat_prefix`.
pub const STATS: &str =
    "/stats?filter=%5Ehttp%5C..%2A%5C.downstream_%28cx%7Crq%7Ccx_upgrades%29_active%24";

/// Those that clients have no part in: the one of the admin endpoint, and the one that load balancers and
/// kubelets ask.
const NOT_OF_CLIENTS: [&str; 2] = ["admin", envoy_render::STATUS_LISTENER];

/// Connections and requests of clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activity {
    pub connections: u64,
    /// WebSockets among them.
    pub requests: u64,
    pub websockets: u64,
}

impl Activity {
    /// Reads what Envoy says: `http.<stat_prefix>.downstream_cx_active: <number>`.
    pub fn of(stats: &str) -> Self {
        let mut activity = Self::default();
        for line in stats.lines() {
            let Some((prefix, statistic, number)) = read(line) else {
                continue;
            };
            if NOT_OF_CLIENTS.contains(&prefix) {
                continue;
            }
            match statistic {
                "downstream_cx_active" => activity.connections += number,
                "downstream_rq_active" => activity.requests += number,
                "downstream_cx_upgrades_active" => activity.websockets += number,
                _ => {}
            }
        }
        activity
    }
}

fn read(line: &str) -> Option<(&str, &str, u64)> {
    let (name, number) = line.rsplit_once(": ")?;
    let (prefix, statistic) = name.strip_prefix("http.")?.rsplit_once('.')?;
    Some((prefix, statistic, number.trim().parse().ok()?))
}

impl fmt::Display for Activity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number, noun| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
        let Self {
            connections,
            requests,
            websockets,
        } = *self;
        formatter.write_str(&number(connections, "connection"))?;
        write!(
            formatter,
            ", {} ({})",
            number(requests, "request"),
            number(websockets, "WebSocket")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy 1.40 writes them.
    const SAID: &str = "\
http.admin.downstream_cx_active: 1
http.admin.downstream_rq_active: 1
http.admin.downstream_cx_upgrades_active: 0
http.https.downstream_cx_active: 7
http.https.downstream_cx_upgrades_active: 2
http.https.downstream_rq_active: 3
http.http.downstream_cx_active: 1
http.http.downstream_rq_active: 0
http.headgate.status.downstream_cx_active: 1
http.headgate.status.downstream_rq_active: 1
";

    #[test]
    fn what_clients_do_is_counted() {
        let activity = Activity::of(SAID);
        let expected = Activity {
            connections: 8,
            requests: 3,
            websockets: 2,
        };
        assert_eq!(activity, expected);
        assert_eq!(
            activity.to_string(),
            "8 connections, 3 requests (2 WebSockets)"
        );
    }
}
