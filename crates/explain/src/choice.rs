//! How a route chooses among its destinations.

use claims::{ClaimConfig, Selector};
use function_router::{Destination, Forward, Reason, Ticket};
use gateway_model::Route;

/// The probability of each destination, in the order of the document.
pub(crate) fn probabilities(
    route: &function_router::Route,
    chosen: usize,
    certain: bool,
) -> Vec<f64> {
    let destinations = route.destinations();
    let sum: u64 = destinations.iter().map(|one| u64::from(one.weight())).sum();
    let share = |(index, weight): (usize, u32)| match certain {
        true if index == chosen => 1.0,
        true => 0.0,
        false => f64::from(weight) / (sum.max(1) as f64),
    };
    let weights = destinations.iter().map(Destination::weight);
    weights.enumerate().map(share).collect()
}

/// Whether a choice would be the same again.
pub(crate) fn is_certain(reason: Reason, sets_cookie: bool) -> bool {
    match reason {
        Reason::Forced | Reason::Condition => true,
        Reason::Share(Ticket::Key(_)) => !sets_cookie,
        Reason::Share(Ticket::Turn(_)) => false,
    }
}

/// What made the choice, for people.
pub(crate) fn chosen_by(document: &Route, forward: &Forward<'_>) -> String {
    let name = &forward.destination.name;
    let sticky = document.sticky.as_ref();
    let by_header = sticky.and_then(|sticky| sticky.header.as_deref());
    let by_claim = sticky.and_then(|sticky| sticky.claim.as_ref()).map(named);
    let by_cookie = sticky.and_then(|sticky| sticky.cookie.as_ref());
    match forward.reason {
        Reason::Forced => {
            let header = document.force.as_deref().unwrap_or_default();
            format!("header {header} names {name}")
        }
        Reason::Condition => format!("the request meets the conditions of {name}"),
        Reason::Share(Ticket::Key(_)) => match (by_header, by_cookie) {
            _ if by_claim.is_some() => {
                let claim = by_claim.unwrap_or_default();
                format!("by weight, and claim {claim} keeps the client there")
            }
            (Some(header), _) => format!("by weight, and header {header} keeps the client there"),
            (_, Some(cookie)) if forward.set_cookie.is_some() => {
                format!(
                    "by weight; the client is given cookie {}, and stays",
                    cookie.name
                )
            }
            (_, Some(cookie)) => {
                format!(
                    "by weight, and cookie {} keeps the client there",
                    cookie.name
                )
            }
            _ => "by weight, and the client's address keeps it there".to_owned(),
        },
        Reason::Share(Ticket::Turn(_)) => match by_header {
            _ if by_claim.is_some() => {
                let claim = by_claim.unwrap_or_default();
                format!("by weight; without claim {claim} the client does not stay")
            }
            Some(header) => format!("by weight; without header {header} the client does not stay"),
            None if sticky.is_some() => {
                "by weight; the client's address, which would keep it there, is not known"
                    .to_owned()
            }
            None => "by weight".to_owned(),
        },
    }
}

/// A claim as the document has it.
fn named(claim: &ClaimConfig) -> String {
    Selector::compile(claim).map_or_else(|_| String::new(), |selector| selector.to_string())
}
