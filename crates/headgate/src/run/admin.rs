//! Asking Envoy's admin endpoint.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep, timeout_at};

use crate::push::stats::{FILTER, Stats, values};

/// The admin endpoint of an Envoy on this machine.
#[derive(Debug, Clone)]
pub struct Admin {
    client: Client<HttpConnector, Empty<Bytes>>,
    port: u16,
}

/// Whether Envoy answers requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Yes,
    /// Not with these certificates and authorities, by the names that its statistics call them.
    Unusable(Vec<String>),
    /// Why not.
    No(String),
}

/// How often Envoy is asked. The admin endpoint has no way to wait.
const PAUSE: Duration = Duration::from_millis(20);

impl Admin {
    pub fn new(port: u16) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            port,
        }
    }

    /// Waits until Envoy is live *and* has taken the pipeline: with a pipeline that it refused Envoy
    /// calls itself live, and answers every request with 500.
    pub async fn ready_within(&self, time: Duration) -> Readiness {
        #[allow(
            clippy::disallowed_methods,
            reason = "this is native code, which has a clock"
        )]
        let deadline = Instant::now() + time;
        let mut last = "it did not answer".to_owned();
        loop {
            match timeout_at(deadline, self.readiness()).await {
                Ok(Readiness::Yes) => return Readiness::Yes,
                Ok(Readiness::No(why)) if why == REFUSED => return Readiness::No(why),
                Ok(Readiness::Unusable(secrets)) => return Readiness::Unusable(secrets),
                Ok(Readiness::No(why)) => last = why,
                Err(_) => return Readiness::No(format!("not within {} s: {last}", time.as_secs())),
            }
            sleep(PAUSE).await;
        }
    }

    async fn readiness(&self) -> Readiness {
        let Some(state) = self.get("/ready").await else {
            return Readiness::No("its admin endpoint does not answer".to_owned());
        };
        let pipeline = self.get("/stats?filter=extension_config_discovery").await;
        match pipeline.as_deref().map(pipeline_state) {
            Some(Pipeline::Refused) => Readiness::No(REFUSED.to_owned()),
            Some(Pipeline::Taken) if state.trim() == "LIVE" => self.certificates().await,
            _ => Readiness::No(format!("it says {}", state.trim())),
        }
    }

    /// What it says of the files that it reads; nothing, if it does not answer.
    pub async fn stats(&self) -> Option<Stats> {
        let stats = self.get(&format!("/stats?filter={FILTER}")).await?;
        Some(Stats::new(stats))
    }

    /// Envoy is live without the certificates that it cannot use, and refuses connections that need
    /// them. When it is live it has looked at each.
    async fn certificates(&self) -> Readiness {
        let Some(stats) = self.stats().await else {
            return Readiness::No("its admin endpoint does not answer".to_owned());
        };
        match stats.refused_secrets() {
            refused if refused.is_empty() => Readiness::Yes,
            refused => Readiness::Unusable(refused),
        }
    }

    pub async fn get(&self, path: &str) -> Option<String> {
        let uri = format!("http://127.0.0.1:{}{path}", self.port)
            .parse()
            .ok()?;
        let response = self.client.get(uri).await.ok()?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some(String::from_utf8_lossy(&body).into_owned())
    }
}

const REFUSED: &str = "Envoy refused the pipeline";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    Unknown,
    Taken,
    Refused,
}

/// What Envoy's statistics say of the pipeline's configuration. With one that it has refused at its start
/// `config_reload` counts as well, as soon as every worker knows that there is none; but `version_text` is empty
/// then.
pub fn pipeline_state(stats: &str) -> Pipeline {
    let value_of = |name: &str| {
        let of_name = values(stats).filter(|(key, _)| key.ends_with(name));
        of_name.map(|(_, value)| value).max().unwrap_or(0)
    };
    let is_version = |line: &str| {
        let version = line.split_once(".version_text: ");
        version.is_some_and(|(_, version)| !version.trim().trim_matches('"').is_empty())
    };
    if value_of(".config_reload") > 0 && stats.lines().any(is_version) {
        Pipeline::Taken
    } else if value_of(".config_fail") > 0 {
        Pipeline::Refused
    } else {
        Pipeline::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pipelines_state_is_read_from_the_statistics() {
        for (version, fail, reload, state) in [
            ("72d66eb3303e", 0, 1, Pipeline::Taken),
            ("72d66eb3303e", 1, 1, Pipeline::Taken),
            ("", 1, 0, Pipeline::Refused),
            ("", 1, 1, Pipeline::Refused),
            ("", 0, 0, Pipeline::Unknown),
            ("72d66eb3303e", 0, 0, Pipeline::Unknown),
        ] {
            let prefix = "extension_config_discovery.http_filter.headgate.pipeline";
            let stats = format!(
                "{prefix}.version_text: \"{version}\"\n\
                 {prefix}.config_fail: {fail}\n\
                 {prefix}.config_reload: {reload}\n"
            );
            assert_eq!(pipeline_state(&stats), state, "{stats}");
        }
        assert_eq!(pipeline_state(""), Pipeline::Unknown);
    }
}
