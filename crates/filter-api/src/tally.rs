//! Counters that are told now and then.

use std::cell::Cell;
use std::fmt::Write;

use crate::{CounterId, Metrics};

/// What was counted and is not told to the host yet: telling it request by request costs a hostcall each time.
///
/// The counter is made when there is first something to tell. One that cannot be made costs no request.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    untold: Cell<u32>,
    counter: Cell<Option<Option<CounterId>>>,
}

impl Tally {
    /// Counts one more.
    pub fn count(&self) {
        self.untold.set(self.untold.get().saturating_add(1));
    }

    /// Tells the host what was counted since. `name` is the counter's, with its labels in it.
    pub fn tell<H: Metrics + ?Sized>(&self, host: &mut H, name: impl FnOnce() -> String) {
        let untold = self.untold.take();
        if untold == 0 {
            return;
        }
        let counter = self.counter.get();
        let counter = counter.unwrap_or_else(|| host.define_counter(&name()).ok());
        self.counter.set(Some(counter));
        if let Some(counter) = counter {
            host.count(counter, untold);
        }
    }
}

/// The value of a label, as it stands in a metric's name (`;label=value;`), where nothing can be taken for
/// anything else: printable ASCII without `;`, what else there is percent-encoded.
pub fn label_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        // A String takes all.
        let _ = match byte {
            b' '..=b'~' if !b";%".contains(&byte) => write!(value, "{}", char::from(byte)),
            _ => write!(value, "%{byte:02X}"),
        };
    }
    value
}
