//! How a registry is reached, as every command's arguments say it.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

/// The same for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
pub struct Access {
    /// The user's name; without it the credentials are those that `docker login` left
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    pub username: Option<String>,
    /// Read the user's password from standard input
    #[arg(long, requires = "username")]
    pub password_stdin: bool,
    /// Trust the authority with this certificate (PEM) too
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Speak plain HTTP, which everybody on the way can read and change; a registry on this machine
    /// needs no such leave
    #[arg(long, conflicts_with = "ca")]
    pub plain_http: bool,
    /// How often to try again when the registry cannot be reached or answers with 5xx
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub retries: u32,
}

impl Access {
    /// The password on standard input, if there is to be one.
    ///
    /// # Errors
    /// When there is none.
    pub fn password(&self) -> anyhow::Result<Option<String>> {
        if !self.password_stdin {
            return Ok(None);
        }
        let mut password = String::new();
        std::io::stdin()
            .read_to_string(&mut password)
            .context("cannot read the password from standard input")?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!("standard input is empty; --password-stdin reads the password from there");
        }
        Ok(Some(password.to_owned()))
    }

    /// The certificate of the authority to trust, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn authority(&self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(path) = &self.ca else {
            return Ok(None);
        };
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if !pem::parse_many(&bytes)
            .is_ok_and(|all| all.iter().any(|one| one.tag() == "CERTIFICATE"))
        {
            bail!(
                "{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
                path.display()
            );
        }
        Ok(Some(bytes))
    }
}
