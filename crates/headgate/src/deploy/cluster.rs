//! The cluster, and what is asked of it.

mod error;
mod kinds;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, DynamicObject, ListParams, LogParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::ApiResource;
use kube::{Api, Client, Config};
use serde_json::Value;
use tokio::time::sleep;

use super::objects::{MANAGER, Object};
pub use error::ClusterError;
pub use kinds::{KINDS, Kind};

/// Which cluster it is, and as whom it is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "The cluster")]
pub struct Connection {
    /// The kubeconfig; without it KUBECONFIG, then ~/.kube/config, then the pod that this runs in
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig, if not its current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

/// How long a connection to the API server may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How often the same is asked again while the API server cannot answer, and how long before the first.
const TRIES: u32 = 5;
const AGAIN: Duration = Duration::from_millis(250);

/// How much of a log is read, in lines: of a pod that is asked much, a few seconds.
const MOST_LINES: i64 = 2_000;

/// A namespace of a cluster.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    server: String,
    namespace: String,
}

/// How an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Take fields away from other field managers.
    pub force: bool,
    /// Only ask what would come of it.
    pub dry_run: bool,
}

impl Cluster {
    /// Reads the kubeconfig. `namespace`: the one that the user named, if not the kubeconfig's.
    ///
    /// # Errors
    /// When there is none, or it is not right. Nothing is asked of the cluster yet.
    pub async fn open(
        connection: &Connection,
        namespace: Option<&str>,
    ) -> Result<Self, ClusterError> {
        let mut config = connection.config().await?;
        config.connect_timeout = Some(CONNECT);
        let server = config.cluster_url.to_string();
        let namespace = namespace.unwrap_or(&config.default_namespace).to_owned();
        let client = Client::try_from(config).map_err(ClusterError::config)?;
        Ok(Self {
            client,
            server: server.trim_end_matches('/').to_owned(),
            namespace,
        })
    }

    /// The namespace that all of this is in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Pods, with all that can be asked of them.
    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Whether the namespace is there, as far as the rights reach to see that.
    ///
    /// # Errors
    /// When it is not, or the cluster does not answer.
    pub async fn require_namespace(&self) -> Result<(), ClusterError> {
        let all = Api::<DynamicObject>::all_with(self.client.clone(), &kinds::namespaces());
        let found = self.retrying(|| all.get(&self.namespace)).await;
        match found {
            Ok(_) => Ok(()),
            Err(error) => match self.told("get", "namespaces", error) {
                ClusterError::NotFound { .. } => Err(ClusterError::NoNamespace {
                    namespace: self.namespace.clone(),
                }),
                // What comes next says which rights are missing, if any that matter are.
                ClusterError::Forbidden { .. } => Ok(()),
                other => Err(other),
            },
        }
    }

    /// The object that is there; none, if there is none.
    pub async fn get(&self, kind: Kind, name: &str) -> Result<Option<DynamicObject>, ClusterError> {
        let api = self.api(kind);
        let found = self.retrying(|| api.get_opt(name)).await;
        found.map_err(|error| self.told("get", kind.plural, error))
    }

    /// Applies an object on the server's side; returns what is there then.
    pub async fn apply(
        &self,
        object: &Object,
        applied: Applied,
    ) -> Result<DynamicObject, ClusterError> {
        self.apply_value(Kind::of(object), &object.name, &object.value, applied)
            .await
    }

    /// The same for an object as JSON.
    pub async fn apply_value(
        &self,
        kind: Kind,
        name: &str,
        value: &Value,
        applied: Applied,
    ) -> Result<DynamicObject, ClusterError> {
        let api = self.api(kind);
        let mut how = PatchParams::apply(MANAGER).validation_strict();
        how.force = applied.force;
        how.dry_run = applied.dry_run;
        let patch = Patch::Apply(value);
        let done = self.retrying(|| api.patch(name, &how, &patch)).await;
        done.map_err(|error| {
            let error = self.told("patch", kind.plural, error);
            error.about(&kind.object(name), &self.namespace)
        })
    }

    /// What has these labels.
    pub async fn list(&self, kind: Kind, labels: &str) -> Result<Vec<DynamicObject>, ClusterError> {
        let api = self.api(kind);
        let which = ListParams::default().labels(labels);
        let found = self.retrying(|| api.list(&which)).await;
        let found = found.map_err(|error| self.told("list", kind.plural, error))?;
        Ok(found.items)
    }

    /// Deletes an object, and what it has made; that it is gone already is well.
    pub async fn delete(&self, kind: Kind, name: &str) -> Result<(), ClusterError> {
        let api = self.api(kind);
        let how = DeleteParams::background();
        match self.retrying(|| api.delete(name, &how)).await {
            Ok(_) => Ok(()),
            Err(error) => match self.told("delete", kind.plural, error) {
                ClusterError::NotFound { .. } => Ok(()),
                other => Err(other.about(&kind.object(name), &self.namespace)),
            },
        }
    }

    /// The pods that have these labels.
    pub async fn list_pods(&self, labels: &str) -> Result<Vec<Pod>, ClusterError> {
        let api = self.pods();
        let which = ListParams::default().labels(labels);
        let found = self.retrying(|| api.list(&which)).await;
        let found = found.map_err(|error| self.told("list", "pods", error))?;
        Ok(found.items)
    }

    /// Sets an annotation of a pod.
    pub async fn annotate_pod(
        &self,
        pod: &str,
        key: &str,
        value: &str,
    ) -> Result<(), ClusterError> {
        let api = self.pods();
        let patch = serde_json::json!({ "metadata": { "annotations": { key: value } } });
        let patch = Patch::Merge(&patch);
        let how = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let done = self.retrying(|| api.patch(pod, &how, &patch)).await;
        done.map_err(|error| self.told("patch", "pods", error))?;
        Ok(())
    }

    /// What a container of a pod has written of late.
    pub async fn log(
        &self,
        pod: &str,
        container: &str,
        seconds: i64,
    ) -> Result<String, ClusterError> {
        let which = LogParams {
            container: Some(container.to_owned()),
            since_seconds: Some(seconds),
            // The latest ones; a limit in bytes would leave those out.
            tail_lines: Some(MOST_LINES),
            ..LogParams::default()
        };
        let said = self.pods().logs(pod, &which).await;
        said.map_err(|error| self.told("get", "pods/log", error))
    }

    fn api(&self, kind: Kind) -> Api<DynamicObject> {
        let resource: ApiResource = kind.into();
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// What an error of the client says to who asked for this.
    pub fn told(&self, verb: &str, resource: &str, error: kube::Error) -> ClusterError {
        ClusterError::of(&self.server, &self.namespace, verb, resource, error)
    }

    /// Asks again where the API server itself could not answer: it is moved at times, and a push would
    /// otherwise end in its middle.
    async fn retrying<T, F>(&self, mut ask: impl FnMut() -> F) -> Result<T, kube::Error>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let mut pause = AGAIN;
        for _ in 1..TRIES {
            match ask().await {
                Err(error) if error::may_pass(&error) => sleep(pause).await,
                done => return done,
            }
            pause *= 2;
        }
        ask().await
    }
}

impl Connection {
    async fn config(&self) -> Result<Config, ClusterError> {
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        if let Some(path) = &self.kubeconfig {
            let read = Kubeconfig::read_from(path).map_err(ClusterError::config)?;
            let config = Config::from_custom_kubeconfig(read, &options).await;
            return config.map_err(ClusterError::config);
        }
        if self.context.is_some() {
            let config = Config::from_kubeconfig(&options).await;
            return config.map_err(ClusterError::config);
        }
        Config::infer().await.map_err(ClusterError::config)
    }
}
