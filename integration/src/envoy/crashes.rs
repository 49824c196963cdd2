//! What Envoy's log tells about a run.

/// How many lines of a log a failing test prints.
pub(super) const TAIL: usize = 60;

/// What a line contains when something died that must never die.
const CRASHES: [&str; 7] = [
    "Wasm VM failed",
    // V8's report of a trap, for example "Function: proxy_on_request_headers failed: Uncaught
    // RuntimeError: unreachable", and the stack under it.
    "Function: proxy_on_",
    "Uncaught RuntimeError",
    "in-VM backtrace",
    // A Rust panic on its way to becoming that trap.
    "panicked",
    // Envoy itself: a failed assertion, a signal.
    "assert failure",
    "suspect faulting address",
];

/// The lines of an Envoy's log that tell of a crash.
#[must_use]
pub fn crashes(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| CRASHES.iter().any(|crash| line.contains(crash)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_are_told_from_the_rest() {
        let log = "[info][main] starting main dispatch loop\n\
            [error][wasm] Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable\n\
            [error][wasm] Function: _initialize failed: Uncaught RuntimeError: unreachable\n\
            [critical][wasm] wasm log gateway: panicked at src/lib.rs:1:1:\n\
            [warning][wasm] wasm log gateway: no such cluster\n\
            [critical][backtrace] Caught Segmentation fault, suspect faulting address 0x0\n";
        let crashes = crashes(log);
        assert_eq!(crashes.len(), 4, "{crashes:#?}");
    }
}
