//! What stands around pods: services behind them, a load balancer before them.

use integration::balancer::{Balancer, Health, HealthCheck, Options};
use integration::services::{Running, Service};
use integration::upstream::Upstream;

use crate::pod::Pod;

/// The services, and a balancer with the attributes that Headgate gives it.
pub struct Rig {
    pub upstream: Upstream,
    pub chat: Running,
    pub balancer: Balancer,
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other attributes of the balancer.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            proxy_protocol: true,
            unhealthy_connection_termination: false,
            health_check: HealthCheck {
                path: envoy_render::HEALTH_PATH.to_owned(),
                ..HealthCheck::default()
            },
            ..Options::default()
        };
        change(&mut options);
        Self {
            upstream: Upstream::start().await,
            chat: Service::Chat.start().await.unwrap(),
            balancer: Balancer::start(options).await,
        }
    }

    /// Everything to one service, but `/chat` to one that takes WebSockets.
    pub fn document(&self) -> String {
        let (upstream, chat) = (self.upstream.address(), self.chat.address());
        format!(
            "apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{{ name: http, port: 8080 }}]
upstreams:
  pets: {{ http: \"{upstream}\", timeout: 2m }}
  chat: {{ http: \"{chat}\", websocket: true }}
routes:
  - {{ match: {{ path: /chat }}, to: [{{ upstream: chat }}] }}
  - {{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}
edge: {{ topology: nlb-public }}
"
        )
    }

    /// A pod that is ready, and that the balancer takes for healthy.
    pub async fn pod(&self) -> Pod {
        let pod = Pod::start(&self.document()).await;
        pod.ready().await;
        self.balancer.register(pod.target);
        self.balancer.until(pod.target, Health::Healthy).await;
        pod
    }
}
