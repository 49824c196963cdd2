//! The table, in Markdown and JSON.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::contest::{Effort, Measured};
use crate::figures::{self, Figure};
use crate::memory::Memory;
use crate::pusher::Taken;
use crate::rows::{BARE, thousands};
use crate::startup::Start;
use crate::statistics::Summary;

/// What stands around the table in the Markdown file.
const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

/// All that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// Where.
    pub machine: Machine,
    /// How much.
    pub effort: Effort,
    /// CPU time a request.
    pub rows: Vec<Measured>,
    /// Start time.
    pub starts: Vec<Start>,
    /// What different tokens leave behind, if that was measured.
    pub memory: Option<Memory>,
    /// The pusher.
    pub pusher: Vec<Taken>,
}

/// The machine's shape.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    cores: usize,
    processor: String,
    kernel: String,
    envoy: String,
    modules: Vec<Module>,
}

/// A module that is shipped.
#[derive(Debug, Clone, Serialize)]
struct Module {
    name: String,
    bytes: u64,
}

impl Machine {
    /// This one.
    ///
    /// # Errors
    /// When it does not tell, or there are no modules.
    pub fn this() -> Result<Self> {
        let processor = fs::read_to_string("/proc/cpuinfo")?;
        let processor = processor
            .lines()
            .find_map(|line| line.strip_prefix("model name\t: "));
        let envoy = Command::new(integration::envoy::binary())
            .arg("--version")
            .output()?;
        let envoy = String::from_utf8_lossy(&envoy.stdout).into_owned();
        // "envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL"
        let envoy = envoy
            .split('/')
            .find(|part| part.starts_with(|c: char| c.is_ascii_digit()) && part.contains('.'));
        let module = |name: &str| -> Result<Module> {
            let bytes = fs::metadata(integration::module(name))?.len();
            Ok(Module {
                name: name.to_owned(),
                bytes,
            })
        };
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            processor: processor.unwrap_or("unknown").to_owned(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            envoy: envoy.unwrap_or("unknown").to_owned(),
            modules: vec![
                module("gateway")?,
                module("function-router")?,
                module("jwt-authz")?,
            ],
        })
    }
}

impl Results {
    /// A row by its key.
    pub fn row(&self, key: &str) -> Option<&Measured> {
        self.rows.iter().find(|row| row.key == key)
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) -> std::fmt::Result {
        let Machine {
            cores,
            processor,
            kernel,
            envoy,
            modules,
        } = &self.machine;
        let Effort {
            rounds,
            requests,
            seconds,
        } = self.effort;
        writeln!(
            text,
            "{cores} cores ({processor}), Linux {kernel}, Envoy {envoy} with one worker; {rounds} turns a row, each of {requests} requests or {seconds} s of CPU.\n"
        )?;
        writeln!(
            text,
            "| | CPU a request, µs: median | quartiles | least | to Envoy alone | beyond it, µs | resident, MB |"
        )?;
        writeln!(text, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for row in &self.rows {
            let Summary {
                median,
                lower_quartile,
                upper_quartile,
                least,
            } = row.micros;
            let bare = self.row(BARE);
            let ratio = bare.and_then(|bare| row.ratio_to(bare));
            let beyond = bare.and_then(|bare| row.beyond(bare));
            let shown = |summary: Option<Summary>, digits: usize| {
                summary.map_or("-".to_owned(), |summary| {
                    format!("{:.digits$}", summary.median)
                })
            };
            writeln!(
                text,
                "| {} | {median:.1} | {lower_quartile:.1} – {upper_quartile:.1} | {least:.1} | {} | {} | {} |",
                row.title,
                shown(ratio, 2),
                shown(beyond, 1),
                row.resident_bytes / 1_000_000,
            )?;
        }
        writeln!(text, "\n| figure | at most | measured | quartiles | met |")?;
        writeln!(text, "| --- | --- | --- | --- | --- |")?;
        for figure in figures::all(self) {
            figure_line(text, &figure)?;
        }
        for Module { name, bytes } in modules {
            let met = yes(*bytes <= 1_500_000);
            writeln!(
                text,
                "| module `{name}`, bytes | 1500000 | {bytes} | - | {met} |"
            )?;
        }
        if let Some(memory) = &self.memory {
            writeln!(
                text,
                "\nAn Envoy with jwt-authz had {:.1} MB after {} different tokens, {:.1} MB after {} more.",
                memory.before as f64 / 1e6,
                thousands(memory.tokens_before),
                memory.after as f64 / 1e6,
                thousands(memory.tokens),
            )?;
        }
        writeln!(
            text,
            "\nAn average request costs as much through the router with 10 routes as through a list of Envoy's of this many entries:\n"
        )?;
        for (list, what) in [
            ("envoy-path-", "paths"),
            ("envoy-prefix-", "prefixes"),
            ("envoy-regex-", "regular expressions"),
        ] {
            match figures::crossing(self, list) {
                Some(routes) => writeln!(text, "- {what}: {routes:.0}")?,
                None => writeln!(text, "- {what}: not among what was measured")?,
            }
        }
        writeln!(
            text,
            "\n| from start to the first answer, two workers | ms: median | least | CPU, ms | resident, MB |"
        )?;
        writeln!(text, "| --- | --- | --- | --- | --- |")?;
        for Start {
            title,
            milliseconds,
            cpu_milliseconds,
            resident_bytes,
        } in &self.starts
        {
            writeln!(
                text,
                "| {title} | {:.0} | {:.0} | {:.0} | {} |",
                milliseconds.median,
                milliseconds.least,
                cpu_milliseconds.median,
                resident_bytes / 1_000_000
            )?;
        }
        Ok(())
    }
}

fn figure_line(text: &mut String, figure: &Figure) -> std::fmt::Result {
    let Summary {
        median,
        lower_quartile,
        upper_quartile,
        ..
    } = figure.measured;
    let (digits, unit) = match figure.unit {
        "" => (2, String::new()),
        unit @ ("MB" | "µs") => (1, format!(" {unit}")),
        unit => (0, format!(" {unit}")),
    };
    writeln!(
        text,
        "| {} | {:.digits$}{unit} | {median:.digits$}{unit} | {lower_quartile:.digits$} – {upper_quartile:.digits$} | {} |",
        figure.what,
        figure.most,
        yes(figure.is_met())
    )
}

fn yes(met: bool) -> &'static str {
    match met {
        true => "yes",
        false => "no",
    }
}

/// Puts the table where it belongs, and prints it.
///
/// # Errors
/// When a file cannot be written, or the Markdown file has no place for the table.
pub fn write(results: &Results, markdown: Option<&Path>, json: Option<&Path>) -> Result<()> {
    let table = results.markdown();
    print!("{table}");
    if let Some(path) = markdown {
        let page = fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let page = with_table(&page, &table).with_context(|| {
            format!(
                "{} must have a line {:?} and a line {:?}",
                path.display(),
                BEGIN.trim(),
                END.trim()
            )
        })?;
        fs::write(path, page)?;
    }
    if let Some(path) = json {
        fs::write(path, serde_json::to_string_pretty(results)? + "\n")?;
    }
    Ok(())
}

fn with_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_the_one_before_and_nothing_else() {
        let page = format!("a\n{BEGIN}old\n{END}b\n");
        let expected = format!("a\n{BEGIN}\nnew\n\n{END}b\n");
        assert_eq!(with_table(&page, "new\n"), Some(expected));
        assert_eq!(with_table("a\n", "new\n"), None);
    }
}
