//! `headgate deploy apply`: a document, running in a cluster.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use gateway_model::Gateway;
use kube::api::DynamicObject;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::carry::Carrier;
use super::cluster::{Applied, Cluster, ClusterError, Connection, Kind};
use super::fields::changes;
use super::fleet::Pods;
use super::objects::{Object, Objects};
use super::options::Options;
use super::pod::PodState;
use super::rollout::{PAUSE, Rollout, has_passed, now};
use super::state::State;
use super::{applied_document, balancer, owned, policy, standing_change, status};
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::report::{count, say};
use crate::runtime::block_on;

/// Run a document in a cluster, or carry its changes there
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    connection: Connection,
    /// Take over fields that somebody else has set
    #[arg(long)]
    force_conflicts: bool,
    /// How long to wait for new pods and the load balancer, and for each step of a change, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Do not wait for new pods and the load balancer, and delete nothing and forbid nothing: an apply that waits does
    #[arg(long)]
    no_wait: bool,
    /// How to tell what came of it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
}

const LONG_ABOUT: &str = "\
Run a document in a cluster, or carry its changes there, by server-side apply as field manager \"headgate\". \
Applying the same again changes nothing; what an apply that was ended halfway left, the next one completes.

What Envoy takes while it runs (routes, upstreams) is carried to the pods that are there, in steps, each of which \
every Envoy has taken before the next one: no request sees half a change, no pod is replaced. What it takes only \
when it starts (listeners, the image) replaces the pods, one after the other. Either way it waits until every Envoy \
has it, and says which refuses it and why; then every Envoy goes on as it was.

The NetworkPolicy first admits what it did before and what the document says, so that old pods and new ones can \
call and be called, and in the end what the document says alone.

The Envoys read a ConfigMap, which a kubelet looks at once a minute, or at once when the pod changes: so an \
annotation of the pods is changed with each step.

What the document no longer makes is deleted, if headgate has applied it.";

const EXAMPLES: &str = "\
Examples:
  headgate deploy apply gateway.yaml --namespace shop --image registry.example.com/gateway:1
  headgate deploy apply gateway.yaml -n shop --context production --timeout 1200
  headgate deploy apply gateway.yaml -n shop --output json | jq '.state.pods'";

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Created,
    Changed,
    Unchanged,
    Deleted,
}

/// An object, and what became of it.
#[derive(Debug, Serialize)]
struct Done {
    kind: &'static str,
    name: String,
    outcome: Outcome,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report {
    objects: Vec<Done>,
    state: State,
}

/// Applies a document.
///
/// # Errors
/// When the document cannot be read or makes no objects, the cluster does not answer or the rights do not reach,
/// Envoys refuse it, or the new pods or the load balancer do not come.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match crate::document::load_complete(&arguments.options.source)? {
        Ok(gateway) => gateway,
        Err(status) => return Ok(status),
    };
    block_on(async {
        let namespace = arguments.options.namespace.as_deref();
        let cluster = Cluster::open(&arguments.connection, namespace).await?;
        let objects = arguments.options.objects(&gateway, cluster.namespace())?;
        cluster.require_namespace().await?;
        let apply = Apply {
            arguments,
            gateway: &gateway,
            cluster: &cluster,
            how: Applied {
                force: arguments.force_conflicts,
                dry_run: false,
            },
        };
        apply.run(&objects).await
    })
}

struct Apply<'a> {
    arguments: &'a Arguments,
    gateway: &'a Gateway,
    cluster: &'a Cluster,
    how: Applied,
}

impl Apply<'_> {
    async fn run(&self, objects: &Objects) -> anyhow::Result<ExitStatus> {
        standing_change::refuse(self.cluster, self.gateway, objects).await?;
        // What the cluster would not take is better known before anything changes.
        for object in objects.iter() {
            let tried = Applied {
                dry_run: true,
                ..self.how
            };
            self.cluster.apply(object, tried).await?;
        }
        let mut done = Vec::new();
        for object in objects.iter() {
            let outcome = self.object(object).await?;
            self.tell(&mut done, Kind::of(object), &object.name, outcome);
        }
        if !self.arguments.no_wait {
            let until = now() + self.patience();
            self.wait(objects, until).await?;
            // Until then old pods may be started again, and need what was there before. Pods that end have in
            // their volumes what they need.
            self.prune(objects, &mut done).await?;
            self.narrow(objects, &mut done, until).await?;
        }
        if let Some(beside) = objects.iter().next() {
            let kept = applied_document::keep(self.cluster, self.gateway, beside, self.how).await;
            kept.context("the document itself is not kept beside it")?;
        }
        if done.iter().all(|one| one.outcome == Outcome::Unchanged) {
            say("nothing has changed: the cluster has all of it already");
        }
        let report = Report {
            objects: done,
            state: State::of(self.cluster, self.name()).await?,
        };
        let text = status::text(&report.state);
        self.arguments.output.print(&report, &text)?;
        Ok(ExitStatus::Ok)
    }

    fn name(&self) -> &str {
        self.gateway.metadata.name.as_str()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.arguments.timeout)
    }

    fn pods(&self) -> Pods {
        let labels = owned::labels_of_pods(self.name());
        Pods::new(labels, self.gateway.admin.port.get())
    }

    fn tell(&self, done: &mut Vec<Done>, kind: Kind, name: &str, outcome: Outcome) {
        let what = match outcome {
            Outcome::Created => "created",
            Outcome::Changed => "changed",
            Outcome::Unchanged => "unchanged",
            Outcome::Deleted => "deleted: the document does not make it any more",
        };
        say(&format!("{} {what}", kind.object(name)));
        done.push(Done {
            kind: kind.kind,
            name: name.to_owned(),
            outcome,
        });
    }

    /// Applies an object; what running Envoys read goes there in steps.
    async fn object(&self, object: &Object) -> anyhow::Result<Outcome> {
        let kind = Kind::of(object);
        let live = self.cluster.get(kind, &object.name).await?;
        if let (Some(live), true) = (&live, is_watched(object)) {
            let carrier = Carrier {
                cluster: self.cluster,
                limit: self.patience(),
                force: self.how.force,
            };
            let carried = carrier.carry(object, live, self.pods()).await;
            let carried = carried.with_context(|| {
                format!(
                    "{} was not changed for good, and every Envoy goes on as it was",
                    kind.object(&object.name)
                )
            })?;
            return Ok(match carried {
                true => Outcome::Changed,
                false => Outcome::Unchanged,
            });
        }
        let mut value = object.value.clone();
        if let (Some(live), Kind::NETWORK_POLICY) = (&live, kind) {
            value = policy::union(&live.data, &value);
        }
        self.value(object, live, &value).await
    }

    /// Applies an object, or what stands in its place for a while.
    async fn value(
        &self,
        object: &Object,
        live: Option<DynamicObject>,
        value: &Value,
    ) -> anyhow::Result<Outcome> {
        let kind = Kind::of(object);
        let applied = self
            .cluster
            .apply_value(kind, &object.name, value, self.how);
        let applied = applied.await?;
        // Controllers write objects too, in between: their versions do not tell.
        let value = |object: &DynamicObject| serde_json::to_value(object).unwrap_or_default();
        Ok(match live {
            None => Outcome::Created,
            Some(live) if changes(&value(&live), &value(&applied)).is_empty() => Outcome::Unchanged,
            Some(_) => Outcome::Changed,
        })
    }

    /// Waits for the new pods, and for the addresses of the load balancer.
    async fn wait(&self, objects: &Objects, until: Instant) -> anyhow::Result<()> {
        let labels = owned::labels_of_pods(self.name());
        for deployment in objects.iter().filter(|one| one.kind == "Deployment") {
            let rollout = Rollout {
                cluster: self.cluster,
                kind: Kind::of(deployment),
                name: &deployment.name,
                labels: &labels,
                admin: self.gateway.admin.port.get(),
            };
            rollout.wait(until).await?;
        }
        for service in objects.iter().filter(|one| balancer::is_balanced(one)) {
            let addresses = balancer::wait(self.cluster, service, until).await?;
            say(&format!(
                "Service {} is reached at {}",
                service.name,
                addresses.join(", ")
            ));
        }
        Ok(())
    }

    /// Has policies admit no more than the document says, when no pod needs more.
    async fn narrow(
        &self,
        objects: &Objects,
        done: &mut [Done],
        until: Instant,
    ) -> anyhow::Result<()> {
        for object in objects.iter() {
            let kind = Kind::of(object);
            if kind != Kind::NETWORK_POLICY {
                continue;
            }
            let live = self.cluster.get(kind, &object.name).await?;
            let is_so = |live: &DynamicObject| policy::admit_the_same(&live.data, &object.value);
            if live.as_ref().is_some_and(is_so) {
                continue;
            }
            if !self.wait_for_pods_that_end(objects, until).await? {
                let policy = kind.object(&object.name);
                say(&format!(
                    "{policy} still admits what it did before, for pods that end; an apply later ends that"
                ));
                continue;
            }
            let outcome = self.value(object, live, &object.value).await?;
            let is_it = |one: &&mut Done| one.kind == object.kind && one.name == object.name;
            if let (Outcome::Changed, Some(one)) = (outcome, done.iter_mut().find(is_it)) {
                say(&format!(
                    "{} admits only what the document says now",
                    kind.object(&object.name)
                ));
                one.outcome = match one.outcome {
                    Outcome::Created => Outcome::Created,
                    _ => Outcome::Changed,
                };
            }
        }
        Ok(())
    }

    /// Whether no pod ends any more, or each had its time for it.
    async fn wait_for_pods_that_end(
        &self,
        objects: &Objects,
        until: Instant,
    ) -> anyhow::Result<bool> {
        let grace = objects.iter().find_map(Object::grace).unwrap_or_default();
        let gone = now() + Duration::from_secs(grace);
        let mut told = 0;
        loop {
            let labels = owned::labels_of_pods(self.name());
            let pods = self.cluster.list_pods(&labels).await?;
            let ending = pods.iter().filter(|pod| PodState::of(pod).is_ending);
            match ending.count() {
                0 => return Ok(true),
                _ if has_passed(gone) => return Ok(true),
                _ if has_passed(until) => return Ok(false),
                ending if ending != told => {
                    say(&format!("  waiting for {} to end", count(ending, "pod")));
                    told = ending;
                }
                _ => {}
            }
            sleep(PAUSE).await;
        }
    }

    /// Deletes what headgate has applied for this gateway and the document does not make any more.
    async fn prune(&self, objects: &Objects, done: &mut Vec<Done>) -> anyhow::Result<()> {
        let (found, hidden) = owned::find(self.cluster, self.name()).await?;
        let document = applied_document::name(self.name());
        let is_made = |found: &owned::Found| {
            let mut made = objects.iter();
            found.name == document
                || made.any(|one| Kind::of(one) == found.kind && one.name == found.name)
        };
        for gone in found.iter().filter(|one| one.is_ours() && !is_made(one)) {
            self.cluster.delete(gone.kind, &gone.name).await?;
            self.tell(done, gone.kind, &gone.name, Outcome::Deleted);
        }
        for error in hidden.iter().filter(|error| !is_about_rights(error)) {
            say(&format!("what is no longer made may stay: {error}"));
        }
        Ok(())
    }
}

/// Whether it is what running Envoys read.
pub fn is_watched(object: &Object) -> bool {
    let files = object.value.get("data").and_then(|data| data.as_object());
    files.is_some_and(|files| files.contains_key(envoy_render::PIPELINE))
}

/// Roles are an administrator's: who only pushes need not see them.
fn is_about_rights(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Forbidden { resource, .. } if resource.starts_with("role"))
}
