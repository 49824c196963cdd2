//! Waiting for a condition.

use std::thread;
use std::time::Duration;

use anyhow::Result;

const PAUSE: Duration = Duration::from_millis(100);
/// A minute, for what takes a second or two on an idle machine.
const MOST: usize = 600;

/// Asks until there is an answer; none after a minute.
pub fn until<T>(mut ask: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    for _ in 0..MOST {
        let answer = ask()?;
        if answer.is_some() {
            return Ok(answer);
        }
        thread::sleep(PAUSE);
    }
    Ok(None)
}
