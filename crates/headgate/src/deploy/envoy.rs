//! The Envoy of a pod, asked through the API server: its admin endpoint is open to the pod alone.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::cluster::{Cluster, ClusterError};
use crate::push::{Envoy, refusal};

/// How long an answer may take; a kubelet that does not answer is as good as none.
const ANSWER: Duration = Duration::from_secs(10);

/// How far back its log is read for why it refused something, in seconds.
const RECENT: i64 = 60;

/// The Envoy of a pod.
#[derive(Clone)]
pub struct PodEnvoy(Arc<Inner>);

struct Inner {
    cluster: Cluster,
    pod: String,
    container: String,
    admin: u16,
    /// Kept, since each is a WebSocket through the API server and the kubelet.
    connection: Mutex<Option<SendRequest<Empty<Bytes>>>>,
}

impl PodEnvoy {
    /// Of this pod, its admin endpoint at this port.
    pub fn new(cluster: &Cluster, pod: &str, container: &str, admin: u16) -> Self {
        Self(Arc::new(Inner {
            cluster: cluster.clone(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            admin,
            connection: Mutex::new(None),
        }))
    }

    /// Connects, if it is not connected.
    ///
    /// # Errors
    /// Why the cluster does not let it through.
    pub async fn connect(&self) -> Result<(), ClusterError> {
        let mut connection = self.0.connection.lock().await;
        if connection.is_none() {
            *connection = Some(self.connected().await?);
        }
        Ok(())
    }

    async fn connected(&self) -> Result<SendRequest<Empty<Bytes>>, ClusterError> {
        let Inner {
            cluster,
            pod,
            admin,
            ..
        } = &*self.0;
        let pods = cluster.pods();
        let forwarded = pods.portforward(pod, &[*admin]).await;
        let mut forwarded =
            forwarded.map_err(|error| cluster.told("create", "pods/portforward", error))?;
        let stream = forwarded.take_stream(*admin);
        let refused = |problem: String| ClusterError::Refused {
            object: format!("pod {pod}: "),
            problem,
        };
        let stream = stream.ok_or_else(|| refused("no port was forwarded".to_owned()))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| refused(error.to_string()))?;
        // It ends with the stream.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn answer(&self, path: &str) -> Option<String> {
        self.connect().await.ok()?;
        let mut connection = self.0.connection.lock().await;
        let request = Request::get(path).header(header::HOST, "admin");
        let request = request.body(Empty::new()).ok()?;
        let sender = connection.as_mut()?;
        let answered = async {
            sender.ready().await.ok()?;
            let response = sender.send_request(request).await.ok()?;
            let body = response.into_body().collect().await.ok()?.to_bytes();
            Some(String::from_utf8_lossy(&body).into_owned())
        };
        let answer = timeout(ANSWER, answered).await.ok().flatten();
        if answer.is_none() {
            *connection = None;
        }
        answer
    }

    /// What its log says of the latest refusal; nothing, if that cannot be read or says nothing.
    pub async fn refusal_in_log(&self) -> Option<String> {
        let Inner {
            cluster,
            pod,
            container,
            ..
        } = &*self.0;
        match cluster.log(pod, container, RECENT).await {
            Ok(log) => refusal::latest(&log),
            Err(error @ ClusterError::Forbidden { .. }) => {
                Some(format!("its log says why, and {error}"))
            }
            Err(_) => None,
        }
    }
}

impl Envoy for PodEnvoy {
    async fn get(&self, path: &str) -> Option<String> {
        // A connection that was kept may have ended since.
        for _ in 0..2 {
            match timeout(ANSWER, self.answer(path)).await {
                Ok(Some(answer)) => return Some(answer),
                Ok(None) => {}
                Err(_) => return None,
            }
        }
        None
    }

    async fn refusal(&self) -> Option<String> {
        self.refusal_in_log().await
    }
}
