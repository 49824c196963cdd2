//! `cargo xtask fuzz`: every target in `fuzz/`, for a bounded time each.
//!
//! libFuzzer needs compiler flags that only a nightly toolchain takes by itself; with
//! `RUSTC_BOOTSTRAP` the stable one that builds everything else takes them too. No sanitizer: the
//! targets hold no unsafe code, what is looked for are panics and hangs.

use std::process::Command;

use anyhow::Result;

use crate::setup::cargo_fuzz;
use crate::sh;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub struct Args {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target
    target: Option<String>,
}

/// A target, and what it begins with beside what it found before.
const TARGETS: [(&str, &[&str]); 4] = [
    ("pipeline", &["fuzz/seeds/pipeline"]),
    ("jwt", &["fuzz/seeds/jwt"]),
    ("limits", &["fuzz/seeds/limits"]),
    (
        "document",
        &["envoy-configs", "crates/gateway-model/tests/mistakes"],
    ),
];

/// Fuzzes; the first finding is an error, its input is kept in `fuzz/artifacts/`.
pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    cargo_fuzz::ensure(workspace)?;
    let chosen = |name: &str| args.target.as_ref().is_none_or(|target| target == name);
    for (target, seeds) in TARGETS.into_iter().filter(|(name, _)| chosen(name)) {
        let corpus = format!("fuzz/corpus/{target}");
        std::fs::create_dir_all(&corpus)?;
        let mut command = Command::new(cargo_fuzz::path(workspace));
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["run", "--sanitizer", "none", target, &corpus])
            .args(seeds)
            .args(["--", &format!("-max_total_time={}", args.seconds)])
            .args(["-timeout=10", "-max_len=65536", "-print_final_stats=1"]);
        let repair = "the input is in fuzz/artifacts/; make it a case that fails, then repair";
        sh::run(&mut command, repair)?;
    }
    Ok(())
}
