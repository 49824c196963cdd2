//! An Envoy, written by hand, whose native filter asks the service about what the slots of a request say.

use integration::bootstrap::{FRONT, Proxy};
use integration::client::{self, Client, Request, Response};
use integration::envoy::Envoy;
use integration::rate_limit_service::{RateLimitService, Redis};
use integration::upstream::Upstream;
use serde_json::{Value, json};

/// How many limits can apply to one request.
const SLOTS: usize = 2;

/// The cluster of the service.
const SERVICE: &str = "rate-limit-service";

/// The function to which every request goes.
const FUNCTION: &str = "f";

/// Days are long enough for no test to see the end of one, but at midnight.
pub const LIMITS: &str = "
domain: shop
descriptors:
  - { key: limit, value: five, descriptors: [{ key: key, rate_limit: { name: five, unit: day, requests_per_unit: 5 } }] }
  - { key: limit, value: ten, descriptors: [{ key: key, rate_limit: { name: ten, unit: day, requests_per_unit: 10 } }] }
";

/// A limit as it applies to one request: its name and the request's key.
pub type Slot<'a> = (&'a str, &'a str);

/// All that a limit of several Envoys needs, but the Envoys.
pub struct Rig {
    pub redis: Redis,
    pub service: RateLimitService,
    pub upstream: Upstream,
}

impl Rig {
    pub async fn start() -> Self {
        let redis = Redis::start().await;
        let service = RateLimitService::start(&redis, LIMITS).await;
        let upstream = Upstream::start().await;
        Self {
            redis,
            service,
            upstream,
        }
    }

    /// An Envoy in front of it, which asks for so long, with further fields of the filter.
    pub async fn gateway(&self, timeout: &str, filter: Value) -> Gateway {
        let mut config = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
            "domain": "shop",
            "timeout": timeout,
            "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
            "rate_limit_service": {
                "transport_api_version": "V3",
                "grpc_service": { "envoy_grpc": { "cluster_name": SERVICE } },
            },
            // Not the virtual host's: there Envoy 1.40 takes `hits_addend` and does nothing with it.
            "rate_limits": (0..SLOTS).map(slot).collect::<Vec<_>>(),
        });
        let (config_fields, Value::Object(filter)) = (config.as_object_mut().unwrap(), filter)
        else {
            panic!("fields of the filter");
        };
        config_fields.extend(filter);
        let proxy = Proxy::to(&self.upstream)
            .functions([FUNCTION.to_owned()])
            .cluster_on(SERVICE, self.service.address().port())
            .filter(json!({ "name": "envoy.filters.http.ratelimit", "typed_config": config }))
            .refusals_with_details();
        let envoy = Envoy::start(proxy.bootstrap()).await;
        Gateway {
            client: client::http1(envoy.listener(FRONT).await),
            envoy,
        }
    }
}

fn slot(slot: usize) -> Value {
    let name = json!({
        "header_name": format!("x-headgate-limit-{slot}"),
        "descriptor_key": "limit",
    });
    let key = json!({
        "header_name": format!("x-headgate-limit-key-{slot}"),
        "descriptor_key": "key",
    });
    json!({
        "actions": [{ "request_headers": name }, { "request_headers": key }],
        "hits_addend": { "format": format!("%REQ(x-headgate-limit-cost-{slot})%") },
    })
}

/// One of the Envoys.
pub struct Gateway {
    pub envoy: Envoy,
    client: Client,
}

impl Gateway {
    /// Sends a request to which these limits apply.
    pub async fn send(&self, slots: &[Slot<'_>]) -> Response {
        let costly = slots.iter().map(|slot| (*slot, "1")).collect::<Vec<_>>();
        self.send_at_costs(&costly).await
    }

    /// The same, with the costs that are written into the slots; none is written where it is empty.
    pub async fn send_at_costs(&self, slots: &[(Slot<'_>, &str)]) -> Response {
        let mut request = Request::get("/").header(filter_api::FUNCTION_HEADER, FUNCTION);
        for (slot, ((name, key), cost)) in slots.iter().enumerate() {
            request = request
                .header(&format!("x-headgate-limit-{slot}"), name)
                .header(&format!("x-headgate-limit-key-{slot}"), key);
            if !cost.is_empty() {
                request = request.header(&format!("x-headgate-limit-cost-{slot}"), cost);
            }
        }
        self.client.send(request).await.unwrap()
    }

    /// The statuses of so many requests, one after the other.
    pub async fn statuses(&self, count: usize, slots: &[Slot<'_>]) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.send(slots).await.status.as_u16());
        }
        statuses
    }
}

/// A field of a response; nothing where it has none.
pub fn field<'a>(response: &'a Response, name: &str) -> &'a str {
    let field = response.headers.get(name);
    field.map_or("", |value| value.to_str().unwrap())
}
