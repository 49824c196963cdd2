//! What is shown while bytes travel: bars on a terminal, and nothing elsewhere.

use std::io::Write;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const FORM: &str = "{msg:12} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}";

/// The bars of one command, on standard error.
#[derive(Debug, Default)]
pub struct Progress(MultiProgress);

impl Progress {
    /// A bar for so many bytes.
    pub fn bar(&self, what: &str, bytes: u64) -> ProgressBar {
        let bar = self.0.add(ProgressBar::new(bytes));
        if let Ok(form) = ProgressStyle::with_template(FORM) {
            bar.set_style(form);
        }
        bar.set_message(what.to_owned());
        bar
    }

    /// Tells a line, between the bars.
    pub fn tell(&self, text: &str) {
        self.0.suspend(|| {
            // Whoever closed standard error does not want to know.
            let _ = writeln!(anstream::stderr(), "{text}");
        });
    }
}
