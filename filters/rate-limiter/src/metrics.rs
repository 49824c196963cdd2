//! What is counted, by limit and outcome.
//!
//! As everywhere in Headgate, labels are in a metric's name, each as `;label=value;`. Names come from the
//! configuration and the code alone, so there are only so many. What was counted is told once a second:
//! telling it request by request would cost a hostcall for each limit.

use filter_api::{Metrics as Host, Tally, label_value};

/// Requests that a limit was asked about, by limit and outcome.
pub const REQUESTS: &str = "headgate_limit_requests_total";

/// What came of asking a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It let the request pass.
    Passed,
    /// It let the request pass, by a bucket that keys share who find none of their own.
    PassedShared,
    /// It refused the request.
    Refused,
    /// It refused the request, by a bucket that keys share.
    RefusedShared,
    /// It would have refused the request, were it not a dry run.
    WouldRefuse,
    /// It refused the request since other threads kept writing its bucket.
    Contended,
    /// It refused the request since its buckets were another limit's: nobody has said for long that they are in
    /// use.
    Lost,
    /// The request is exempt.
    Exempt,
    /// A rate-limit service is asked.
    Asked,
    /// A rate-limit service refused the request.
    RefusedByService,
}

/// In the order in which they are declared: each is at the place of its number.
const OUTCOMES: [(Outcome, &str); 10] = [
    (Outcome::Passed, "passed"),
    (Outcome::PassedShared, "passed_shared"),
    (Outcome::Refused, "refused"),
    (Outcome::RefusedShared, "refused_shared"),
    (Outcome::WouldRefuse, "would_refuse"),
    (Outcome::Contended, "contended"),
    (Outcome::Lost, "lost"),
    (Outcome::Exempt, "exempt"),
    (Outcome::Asked, "asked"),
    (Outcome::RefusedByService, "refused_by_service"),
];

/// The counters of a limit on one thread.
#[derive(Debug, Default)]
pub(crate) struct Counters([Tally; OUTCOMES.len()]);

impl Counters {
    pub(crate) fn count(&self, outcome: Outcome) {
        if let Some(tally) = self.0.get(outcome as usize) {
            tally.count();
        }
    }

    /// Tells the host what was counted since. `limit` is the limit's full name.
    pub(crate) fn tell<H: Host + ?Sized>(&self, host: &mut H, limit: &str) {
        for (tally, (_, outcome)) in self.0.iter().zip(OUTCOMES) {
            tally.tell(host, || {
                format!(
                    "{REQUESTS};limit={};;outcome={outcome};",
                    label_value(limit)
                )
            });
        }
    }
}
