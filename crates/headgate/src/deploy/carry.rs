//! A document on its way to the Envoys of a fleet: the ConfigMap that they mount, changed in steps.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use envoy_render::Resources;
use kube::api::DynamicObject;
use serde_json::Value;
use tokio::time::sleep;

use super::cluster::{Applied, Cluster, Kind};
use super::fleet::{Fleet, Pods};
use super::objects::Object;
use crate::push::stats::Kind as Part;
use crate::push::{LOOK, PushError, Pusher};
use crate::report::say;

/// What is in the way of it.
#[derive(Debug, thiserror::Error)]
pub enum CarryProblem {
    /// Somebody has edited what is there.
    #[error(
        "ConfigMap {name} holds what this headgate cannot go on from: {problem}; with --force-conflicts it \
         is replaced as a whole, and requests may see half a change"
    )]
    Unreadable { name: String, problem: String },
}

/// How a ConfigMap that is there is changed.
pub struct Carrier<'a> {
    pub cluster: &'a Cluster,
    /// How long each step may take.
    pub limit: Duration,
    /// Whether fields are taken away from others.
    pub force: bool,
}

impl Carrier<'_> {
    /// Carries what `config` says to the pods that mount the ConfigMap, from what is in it now. Returns
    /// whether that changed anything.
    ///
    /// # Errors
    /// When Envoys do not take it, which is undone, or the cluster does not.
    pub async fn carry(
        &self,
        config: &Object,
        live: &DynamicObject,
        pods: Pods,
    ) -> anyhow::Result<bool> {
        let next = Resources::read(&data(&config.value)).context("what is rendered")?;
        let files = data(&live.data);
        let current = match Resources::read(&files) {
            Ok(current) => current,
            Err(_) if self.force => {
                self.finish(config).await?;
                return Ok(true);
            }
            Err(error) => {
                let problem = error.to_string();
                let name = config.name.clone();
                return Err(CarryProblem::Unreadable { name, problem }.into());
            }
        };
        // Files that the document names: they are there before anything reads them.
        let rendered = data(&config.value);
        let own = next.files();
        let others = rendered
            .into_iter()
            .filter(|(file, _)| !own.contains_key(file));
        let mut all = files.clone();
        all.extend(others);
        let version = live.metadata.resource_version.clone();
        let (limit, force) = (self.limit, self.force);
        let fleet = Fleet::new(
            self.cluster,
            config,
            all,
            version.clone(),
            pods,
            limit,
            force,
        );
        let mut pusher = Pusher::new(fleet.await?, current.clone()).with_files(files.clone());
        // An earlier push may have been killed before the Envoys had taken what it left.
        let current = match pusher.settle(&[Part::Clusters, Part::Routes]).await {
            Ok(()) => current,
            // Then they run by what came before, of which the pipeline names all that matters.
            Err(PushError::Refused { .. }) => current.named_by_pipeline(),
            Err(error) => return Err(error.into()),
        };
        let mut pusher = pusher.going_on_from(current.clone());
        if current.has_pipeline_of(&next) {
            pusher.settle(&[Part::Pipeline]).await?;
        }
        if !pusher.has(&next) {
            pusher.push(next).await?;
            self.prune(&mut pusher).await;
        }
        if pusher.has_retired() {
            return Ok(true);
        }
        // And what is not in Envoy's resources: files that they name, labels, annotations.
        let changed = self.finish(config).await? != version.unwrap_or_default();
        if changed {
            pusher.target().look().await;
        }
        Ok(changed)
    }

    /// Takes away what no request is under way to any more. That it stays does no harm.
    async fn prune(&self, pusher: &mut Pusher<Fleet>) {
        while pusher.has_retired() {
            sleep(LOOK).await;
            if let Err(error) = pusher.prune().await {
                let then = "it goes with the next headgate deploy apply";
                return say(&format!("  what is not in use stays: {error}; {then}"));
            }
        }
    }

    /// Applies it as it was rendered; returns its version.
    async fn finish(&self, config: &Object) -> anyhow::Result<String> {
        let how = Applied {
            force: self.force,
            dry_run: false,
        };
        let kind = Kind::CONFIG_MAP;
        let applied = self
            .cluster
            .apply_value(kind, &config.name, &config.value, how)
            .await?;
        Ok(applied.metadata.resource_version.unwrap_or_default())
    }
}

/// What a ConfigMap holds.
pub fn data(config: &Value) -> BTreeMap<String, String> {
    let data = config.get("data").and_then(Value::as_object);
    let texts = data.into_iter().flatten();
    let texts = texts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())));
    texts.collect()
}
