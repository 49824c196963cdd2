//! An Envoy to push to: the one that a `headgate run` which was killed has left, or a new one.

use std::fs;
use std::time::Duration;

use anyhow::bail;
use envoy_render::{Placement, Resources};
use gateway_model::Gateway;
use tokio::time::{sleep, timeout};

use super::admin::{Admin, Readiness};
use super::ports;
use super::process::Envoy;
use super::state::{Launch, State};
use crate::files;
use crate::modules::Module;
use crate::push::stats::Kind;
use crate::report::say;

/// How long Envoy may take to begin its work.
const START: Duration = Duration::from_secs(30);

/// How long an Envoy that was left may take to say what it has.
const ANSWER: Duration = Duration::from_secs(5);

/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(20);

/// What is to run.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub state: &'a State,
    pub launch: &'a Launch,
    pub gateway: &'a Gateway,
    pub placement: &'a Placement,
    pub module: &'a Module,
}

impl Wanted<'_> {
    pub fn admin(&self) -> Admin {
        Admin::new(self.gateway.admin.port.get())
    }

    /// The Envoy that was left, if it can be gone on with, and what it has; otherwise it is stopped.
    pub async fn left(&self) -> anyhow::Result<Option<(Envoy, Resources)>> {
        let Some(envoy) = Envoy::left_in(self.state)? else {
            return Ok(None);
        };
        match self.can_go_on().await {
            Ok(resources) => Ok(Some((envoy, resources))),
            Err(why) => {
                say(&format!(
                    "restarting the Envoy that an earlier headgate run left: {why}"
                ));
                envoy.stop().await?;
                Ok(None)
            }
        }
    }

    /// What the Envoy that was left has; or why this document cannot be carried to it.
    async fn can_go_on(&self) -> Result<Resources, String> {
        let launch = self.state.launch();
        let launch = launch.ok_or("it is not known how it was started")?;
        let changes = launch.fixed.changes_in(self.gateway);
        let changes = changes.map_err(|error| error.to_string())?;
        if !changes.is_empty() {
            return Err(format!("{} changed", changes.join(", ")));
        }
        if !launch.is_alike(self.launch) {
            return Err("it was started with another --envoy, --concurrency or --verbose".into());
        }
        let found = files::read(&self.state.config()).map_err(|error| error.to_string())?;
        let gateway = launch.fixed.kept_in(self.gateway.clone());
        let bootstrap = envoy_render::bootstrap(&gateway, self.placement);
        if found.get(envoy_render::BOOTSTRAP) != Some(&bootstrap) {
            return Err("this version of headgate renders another bootstrap".to_owned());
        }
        let resources = Resources::read(&found).map_err(|error| error.to_string())?;
        let admin = self.admin();
        let version = |kind: Kind| {
            let text = found.get(kind.file()).map(String::as_str);
            text.and_then(envoy_render::version).unwrap_or_default()
        };
        // What was added must be there. Which configuration of the pipeline it has does not matter: all
        // that any of them names is among that.
        let has_it = async {
            let tables = [Kind::Clusters, Kind::Routes];
            loop {
                if let Some(stats) = admin.stats().await
                    && tables.iter().all(|kind| stats.has(*kind, version(*kind)))
                {
                    return;
                }
                sleep(PAUSE).await;
            }
        };
        match timeout(ANSWER, has_it).await {
            Ok(()) => Ok(resources),
            Err(_) => Err("it has not taken what was written for it".to_owned()),
        }
    }

    /// Starts an Envoy with the document.
    pub fn start(&self) -> anyhow::Result<Envoy> {
        ports::require_free(self.gateway)?;
        self.state.clear()?;
        let directory = self.state.config();
        fs::create_dir(&directory)?;
        files::write(&directory, self.gateway, self.placement, self.module)?;
        Envoy::start(self.state, self.launch)
    }

    /// Waits until it answers requests.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&self, envoy: &mut Envoy) -> anyhow::Result<()> {
        let admin = self.admin();
        let readiness = tokio::select! {
            readiness = admin.ready_within(START) => readiness,
            ended = envoy.ended() => Readiness::No(format!("Envoy ended, {ended}")),
        };
        let why = match readiness {
            Readiness::Yes => return Ok(()),
            Readiness::No(why) => why,
            Readiness::Unusable(secrets) => {
                let resources = Resources::of(self.gateway, self.placement);
                let files = resources.secret_files(&secrets);
                format!("Envoy cannot use what is in {}", files.join(", "))
            }
        };
        bail!("the gateway did not start: {why}; what Envoy said stands above")
    }
}
