//! Requests that wait for keys.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// How many requests wait on one thread. Each may hold a body of up to `max_held_bytes`, 1 MiB, before anybody
/// knows who sends it; this bounds all.
pub(crate) const MOST_WAITING: usize = 128;

/// A request's waiting for keys, from one look at it to the next.
#[derive(Debug, Default)]
pub struct KeyWait(Option<Place>);

#[derive(Debug)]
struct Place {
    since: Duration,
    until: Duration,
    /// Given back when the request waits no longer, as when its client leaves.
    _seat: Seat,
}

/// The number of requests that wait on this thread.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Rc<Cell<usize>>);

#[derive(Debug)]
struct Seat(Rc<Cell<usize>>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl KeyWait {
    /// When it began, as time since the Unix epoch; none if the request does not wait.
    pub(crate) fn since(&self) -> Option<Duration> {
        self.0.as_ref().map(|place| place.since)
    }

    /// Waits, or waits on. Returns until when; none when that is over, or too many wait already.
    pub(crate) fn go_on(
        &mut self,
        among: &Waiting,
        now: Duration,
        longest: Duration,
    ) -> Option<Duration> {
        if self.0.is_none() {
            let waiting = among.0.get();
            if waiting >= MOST_WAITING {
                return None;
            }
            among.0.set(waiting + 1);
            self.0 = Some(Place {
                since: now,
                until: now.saturating_add(longest),
                _seat: Seat(Rc::clone(&among.0)),
            });
        }
        let until = self.0.as_ref().map(|place| place.until);
        until.filter(|until| now < *until)
    }

    /// The request waits no longer.
    pub(crate) fn end(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_request_waits_from_its_first_look_until_its_time_is_over() {
        let (waiting, mut wait) = (Waiting::default(), KeyWait::default());
        assert_eq!(wait.go_on(&waiting, SECOND, SECOND), Some(2 * SECOND));
        let later = SECOND + SECOND / 2;
        assert_eq!(wait.go_on(&waiting, later, SECOND), Some(2 * SECOND));
        assert_eq!(wait.since(), Some(SECOND));
        assert_eq!(wait.go_on(&waiting, 2 * SECOND, SECOND), None);
        wait.end();
        assert_eq!((wait.since(), waiting.0.get()), (None, 0));
    }

    #[test]
    fn so_many_wait_and_who_leaves_makes_room() {
        let waiting = Waiting::default();
        let sit = || {
            let mut wait = KeyWait::default();
            let until = wait.go_on(&waiting, SECOND, SECOND);
            until.map(|_| wait)
        };
        let mut waits: Vec<KeyWait> = (0..MOST_WAITING).map(|_| sit().unwrap()).collect();
        assert!(sit().is_none());
        waits.pop();
        assert!(sit().is_some());
    }
}
