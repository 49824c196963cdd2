//! Documents, one after the other, each a change of the one before; and what each of them answers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use fastrand::Rng;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Every path that requests are for; a document has a route for some of them.
pub const PATHS: [&str; 8] = ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h"];

/// A query that a service takes its time for.
pub const SLOW: &str = "slow";

/// How long it takes.
const SLOWNESS: Duration = Duration::from_millis(150);

/// Services that answer with their name and the path that they saw.
#[derive(Debug)]
pub struct Services {
    pub addresses: Vec<SocketAddr>,
    serving: Vec<JoinHandle<()>>,
}

impl Services {
    pub async fn start() -> Self {
        let mut services = Self {
            addresses: Vec::new(),
            serving: Vec::new(),
        };
        for number in 0..4 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            services.addresses.push(listener.local_addr().unwrap());
            let answer = move |uri: Uri| async move {
                if uri.query() == Some(SLOW) {
                    tokio::time::sleep(SLOWNESS).await;
                }
                format!("service {number} {}", uri.path())
            };
            let serving = axum::serve(listener, Router::new().fallback(answer));
            services.serving.push(tokio::spawn(async move {
                let _ = serving.await;
            }));
        }
        services
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for serving in &self.serving {
            serving.abort();
        }
    }
}

/// What an upstream means: which service it is, and how long it may take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Upstream {
    service: usize,
    timeout: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Destination {
    upstream: String,
    /// What the service sees.
    path: u32,
    weight: u32,
}

/// A document.
#[derive(Debug, Clone)]
pub struct Version {
    upstreams: BTreeMap<String, Upstream>,
    routes: BTreeMap<&'static str, Vec<Destination>>,
}

/// What a request may be answered with.
pub type Answers = BTreeMap<&'static str, BTreeSet<String>>;

impl Version {
    pub fn first() -> Self {
        let upstream = |service| Upstream {
            service,
            timeout: 10,
        };
        let upstreams = [("one", 0), ("two", 1)];
        let to = |upstream: &str| {
            vec![Destination {
                upstream: upstream.to_owned(),
                path: 0,
                weight: 1,
            }]
        };
        Self {
            upstreams: upstreams
                .map(|(name, service)| (name.to_owned(), upstream(service)))
                .into(),
            routes: [("/a", to("one")), ("/b", to("two")), ("/c", to("two"))].into(),
        }
    }

    /// The next one: each kind of change in its turn, at a place that chance chooses.
    #[must_use]
    pub fn next(&self, number: u32, random: &mut Rng) -> Self {
        let mut next = self.clone();
        match number % 7 {
            0 => next.add_route(random),
            1 => next.rename_upstream(number, random),
            // The same name with another meaning: another service.
            2 => {
                let upstream = random.choice(next.upstreams.values_mut()).unwrap();
                upstream.service = (upstream.service + random.usize(1..4)) % 4;
            }
            // And one that is called in another way.
            3 => {
                let upstream = random.choice(next.upstreams.values_mut()).unwrap();
                upstream.timeout = 10 + number;
            }
            4 => next.change_weights(number, random),
            5 => {
                next.upstreams.insert(
                    format!("new-{number}"),
                    Upstream {
                        service: random.usize(0..4),
                        timeout: 10,
                    },
                );
                next.add_route(random);
            }
            _ => next.remove_route_and_what_only_it_named(random),
        }
        next
    }

    fn add_route(&mut self, random: &mut Rng) {
        let path = random.choice(PATHS).unwrap();
        let upstream = random.choice(self.upstreams.keys()).unwrap().clone();
        let destination = Destination {
            upstream,
            path: random.u32(..1000),
            weight: 1,
        };
        self.routes.insert(path, vec![destination]);
    }

    fn rename_upstream(&mut self, number: u32, random: &mut Rng) {
        let old = random.choice(self.upstreams.keys()).unwrap().clone();
        let new = format!("renamed-{number}");
        let meaning = self.upstreams.remove(&old).unwrap();
        self.upstreams.insert(new.clone(), meaning);
        for destination in self.routes.values_mut().flatten() {
            if destination.upstream == old {
                destination.upstream.clone_from(&new);
            }
        }
    }

    fn change_weights(&mut self, number: u32, random: &mut Rng) {
        let upstreams: Vec<String> = self.upstreams.keys().cloned().collect();
        let route = random.choice(self.routes.values_mut()).unwrap();
        let first = route[0].clone();
        let other = random.choice(&upstreams).unwrap();
        *route = vec![Destination {
            weight: number % 5 + 1,
            ..first.clone()
        }];
        if *other != first.upstream {
            route.push(Destination {
                upstream: other.clone(),
                path: number,
                weight: 1,
            });
        }
    }

    fn remove_route_and_what_only_it_named(&mut self, random: &mut Rng) {
        if self.routes.len() > 2 {
            let path = *random.choice(self.routes.keys()).unwrap();
            self.routes.remove(path);
        }
        let routes = &self.routes;
        self.upstreams.retain(|name, _| {
            let mut named = routes.values().flatten();
            named.any(|destination| destination.upstream == *name)
        });
    }

    /// As a document.
    pub fn document(&self, services: &Services, port: u16, admin_port: u16) -> String {
        let mut text = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
             listeners: [{{ name: http, port: {port}, address: 127.0.0.1 }}]\n\
             admin: {{ port: {admin_port} }}\nupstreams:\n"
        );
        for (name, upstream) in &self.upstreams {
            let address = services.addresses[upstream.service];
            let timeout = upstream.timeout;
            text += &format!("  {name}: {{ http: \"{address}\", timeout: {timeout}s }}\n");
        }
        text += "routes:\n";
        for (path, destinations) in &self.routes {
            let to: Vec<String> = destinations
                .iter()
                .enumerate()
                .map(|(i, one)| {
                    let Destination {
                        upstream,
                        path,
                        weight,
                    } = one;
                    format!(
                        "{{ upstream: {upstream}, name: n{i}, path: /seen-{path}, weight: {weight} }}"
                    )
                })
                .collect();
            let to = to.join(", ");
            text += &format!("  - {{ match: {{ path: {path} }}, to: [{to}] }}\n");
        }
        text
    }

    /// What it answers.
    pub fn answers(&self) -> Answers {
        let answers = self.routes.iter().map(|(path, destinations)| {
            let answers = destinations.iter().map(|destination| {
                let service = self.upstreams[&destination.upstream].service;
                format!("200 service {service} /seen-{}", destination.path)
            });
            (*path, answers.collect())
        });
        answers.collect()
    }
}
