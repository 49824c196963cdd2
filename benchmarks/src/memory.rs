//! What many different tokens leave behind.

use anyhow::Result;
use integration::bootstrap::FRONT;
use integration::envoy::Envoy;
use serde::Serialize;

use crate::jwt;
use crate::load;
use crate::process::resident_memory;
use crate::tokens::Tokens;

/// The resident memory of an Envoy before and after it has seen tokens, each of them once.
#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    /// How many it has seen before: enough that whatever remembers tokens is full.
    pub tokens_before: usize,
    /// How many it has seen then.
    pub tokens: usize,
    /// In bytes.
    pub before: u64,
    /// In bytes.
    pub after: u64,
}

impl Memory {
    /// In megabytes.
    pub fn growth(&self) -> f64 {
        (self.after as f64 - self.before as f64) / 1e6
    }
}

/// Sends so many different tokens, and a tenth of them before, or twice what is remembered.
///
/// # Errors
/// When one of them is not taken.
pub async fn measure(tokens: usize) -> Result<Memory> {
    let tokens_before = (tokens / 10).max(2_000);
    let signed = Tokens::es256(tokens + tokens_before)?;
    let requests = jwt::requests(&signed);
    let launch = Envoy::launch(jwt::of_distinct(&signed));
    let envoy = launch.concurrency(1).log_level("error").start().await;
    let address = envoy.listener(FRONT).await;
    load::send(address, &requests, 0, tokens_before).await?;
    let before = resident_memory(envoy.pid())?;
    load::send(address, &requests, tokens_before, tokens).await?;
    let after = resident_memory(envoy.pid())?;
    // None of them was known.
    let verified = "wasmcustom.headgate_jwt_verified_total;provider=shop;";
    let all = signed.tokens.len() as u64;
    envoy.wait_for_stat(verified, |count| count == all).await;
    envoy.stop().await;
    Ok(Memory {
        tokens_before,
        tokens,
        before,
        after,
    })
}
