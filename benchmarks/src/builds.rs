//! Builds of one module, side by side: of the pipeline, or of jwt-authz.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::contest::{self, Effort};
use crate::jwt;
use crate::rows::{self, Row};

/// What is compared.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Builds of the module, as NAME=FILE
    #[arg(required = true, value_name = "NAME=FILE")]
    modules: Vec<String>,
    /// Turns of each build
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// Requests in a turn
    #[arg(long, default_value_t = 2_500)]
    requests: usize,
    /// Routes of the pipeline
    #[arg(long, default_value_t = 10)]
    routes: usize,
    /// They are builds of jwt-authz, asked with tokens that they remember; native jwt_authn runs beside
    #[arg(long)]
    jwt: bool,
}

/// Prints a table of what each build costs.
///
/// # Errors
/// When a build is not there, or does not answer as it must.
pub async fn compare(arguments: &Arguments) -> Result<()> {
    let mut contestants: Vec<Row> = match arguments.jwt {
        true => jwt::beside()?,
        false => rows::bare().into_iter().collect(),
    };
    let mut sizes = vec![None; contestants.len()];
    for module in &arguments.modules {
        let (name, file) = module.split_once('=').context("expected NAME=FILE")?;
        let file: PathBuf = std::path::absolute(Path::new(file))?;
        sizes.push(Some(std::fs::metadata(&file)?.len()));
        contestants.push(match arguments.jwt {
            true => jwt::build(name, &file)?,
            false => rows::build(name, &file, arguments.routes),
        });
    }
    let effort = Effort::of(arguments.rounds, arguments.requests);
    let measured = contest::measure(contestants, effort).await?;
    println!(
        "| build | module, bytes | CPU a request, µs: median | quartiles | beyond no module |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let bare = measured.first();
    for (row, size) in measured.iter().zip(sizes) {
        let size = size.map_or("-".to_owned(), |bytes| bytes.to_string());
        let beyond = bare.and_then(|bare| row.beyond(bare));
        println!(
            "| {} | {size} | {:.1} | {:.1} – {:.1} | {:.1} | {:.1} |",
            row.title,
            row.micros.median,
            row.micros.lower_quartile,
            row.micros.upper_quartile,
            row.micros.least,
            beyond.map_or(0.0, |beyond| beyond.median)
        );
    }
    Ok(())
}
