//! What happens when the document is saved.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use envoy_render::{Placement, Resources};
use gateway_model::{Checked, Gateway, ProviderName};
use jwt_authz::KeysConfig;
use tokio::time::Instant;

use super::fixed::Fixed;
use super::live::Live;
use super::named_files;
use crate::diff::{self, Difference};
use crate::input::Source;
use crate::overrides::Overrides;
use crate::push::Pusher;
use crate::report::say;
use crate::{discovery, document, report};

/// A gateway that runs, and the document that it runs by.
#[derive(Debug)]
pub struct Session<'a> {
    pub source: &'a Source,
    pub overrides: &'a Overrides,
    pub placement: &'a Placement,
    /// What Envoy was started with.
    pub fixed: &'a Fixed,
    pub pusher: Pusher<Live>,
    /// The document that is in use, where it is known: not of an Envoy that was left.
    pub in_use: Option<Gateway>,
    /// What was in its files of keys.
    pub keys: BTreeMap<ProviderName, KeysConfig>,
    /// The document's bytes, as they were looked at last.
    pub bytes: Vec<u8>,
}

impl Session<'_> {
    /// Reads the document again and carries it to Envoy, if it has changed and is right. What is wrong is
    /// told, and changes nothing.
    pub async fn reload(&mut self) {
        let begun = now();
        let bytes = match self.source.read() {
            Ok(bytes) if bytes == self.bytes && !self.has_other_keys(&bytes) => return,
            Ok(bytes) => bytes,
            Err(error) => {
                report::environment(&error);
                return say(AS_BEFORE);
            }
        };
        self.bytes = bytes;
        let Ok(gateway) = document::check(self.source, &self.bytes) else {
            return say(AS_BEFORE);
        };
        self.keys.clone_from(&gateway.learned.keys);
        if let Err(error) = self.prepare_and_carry(gateway, begun).await {
            report::environment(&error);
            say(AS_BEFORE);
            // Saved again, it is tried again: what failed may have been somebody else's.
            self.bytes.clear();
        }
    }

    /// Whether something else is in the files of keys than when the document was looked at last. Of what is
    /// wrong with them the document's own reading tells.
    fn has_other_keys(&self, bytes: &[u8]) -> bool {
        let is_other = |checked: Checked| checked.document.learned.keys != self.keys;
        !self.keys.is_empty() && document::read(self.source, bytes).map_or(true, is_other)
    }

    /// The files of keys of the document that is in use.
    pub fn key_files(&self) -> Vec<PathBuf> {
        let in_use = self.in_use.as_ref();
        in_use.map_or_else(Vec::new, |gateway| super::key_files(gateway, self.source))
    }

    async fn prepare_and_carry(&mut self, gateway: Gateway, begun: Instant) -> anyhow::Result<()> {
        let gateway = discovery::discovered(gateway, self.source).await?;
        self.carry(self.overrides.apply(gateway)?, begun).await
    }

    /// Carries the document that it begins with to an Envoy that was left.
    pub async fn take_over(&mut self, gateway: &Gateway) {
        if let Err(error) = self.carry(gateway.clone(), now()).await {
            report::environment(&error);
            say(AS_BEFORE);
        }
    }

    /// Carries a document that was read, as it is to be used here.
    ///
    /// # Errors
    /// When it does not fit the command line, names files that cannot be read, or Envoy does not take it.
    async fn carry(&mut self, gateway: Gateway, begun: Instant) -> anyhow::Result<()> {
        let restart = self.fixed.changes_in(&gateway)?;
        let gateway = self.fixed.kept_in(gateway);
        named_files::require_readable(&gateway, self.placement)?;
        let next = Resources::of(&gateway, self.placement);
        let file = self.source.name();
        if self.pusher.has(&next) {
            say(&format!("{file}: nothing that Envoy is given has changed"));
        } else {
            self.pusher.push(next).await?;
            let took = begun.elapsed().as_millis();
            say(&format!("{file}: in use by every worker after {took} ms"));
            self.tell_difference(&gateway);
        }
        self.in_use = Some(gateway);
        if !restart.is_empty() {
            let fields = restart.join(", ");
            say(&format!("restart headgate run to apply: {fields}"));
        }
        Ok(())
    }

    /// Tells what is other than before, and what that does to traffic.
    fn tell_difference(&self, gateway: &Gateway) {
        let difference = self.in_use.as_ref().map(|old| Difference::of(old, gateway));
        let Some(Ok(difference)) = difference else {
            return;
        };
        // What takes a restart here is told apart; what does where it is deployed is of no concern.
        let difference = Difference {
            restart: Vec::new(),
            ..difference
        };
        let text = diff::text(&difference);
        let mut lines = text.lines();
        lines.by_ref().take(MOST_LINES).for_each(say);
        match lines.count() {
            0 => {}
            more => say(&format!("and {}", report::count(more, "more line"))),
        }
    }

    /// Takes away what is not in use any more, each time after a while.
    pub async fn prune(&mut self, pause: Duration) {
        if !self.pusher.has_retired() {
            return std::future::pending().await;
        }
        tokio::time::sleep(pause).await;
        if let Err(error) = self.pusher.prune().await {
            report::environment(&anyhow::Error::new(error).context("what is not in use stays"));
        }
    }
}

/// How much of a difference is shown, in lines.
const MOST_LINES: usize = 20;

/// What a change that is not carried comes to.
const AS_BEFORE: &str = "nothing has changed: the gateway runs on as it was";

/// To be told how long it took.
fn now() -> Instant {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is native code, which has a clock"
    )]
    Instant::now()
}
