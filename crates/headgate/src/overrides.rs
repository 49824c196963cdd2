//! What is different about a document on this machine.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::Args;
use filter_api::{ConfigError, Filter};
use gateway_model::{Address, BindAddress, Gateway, Host, Port, UpstreamName};

/// What is different about a document on this machine: addresses and ports, nothing else.
#[derive(Debug, Args)]
#[command(next_help_heading = "On this machine")]
pub struct Overrides {
    /// Call an upstream at another address, for work without the network that the document speaks of:
    /// --upstream pets=127.0.0.1:8081
    #[arg(long = "upstream", value_name = "NAME=HOST:PORT")]
    upstreams: Vec<Moved>,

    /// Let a listener take connections at another address: --listener http=127.0.0.1:10000
    #[arg(long = "listener", value_name = "NAME=IP:PORT")]
    listeners: Vec<Moved>,

    /// Put Envoy's admin endpoint at another port of 127.0.0.1
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
}

/// Something of the document, by name, and where it is instead.
#[derive(Debug, Clone)]
struct Moved {
    name: String,
    address: Address,
}

impl FromStr for Moved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = text
            .split_once('=')
            .ok_or_else(|| format!("expected NAME=HOST:PORT, found \"{text}\""))?;
        let address = address.parse().map_err(|error| format!("{error}"))?;
        Ok(Self {
            name: name.to_owned(),
            address,
        })
    }
}

/// Why a document cannot be used as the command line wants it.
#[derive(Debug, thiserror::Error)]
pub enum OverrideError {
    /// Something is moved that is not there.
    #[error("the document has no {kind} \"{name}\"; it has {}", .known.join(", "))]
    Unknown {
        kind: &'static str,
        name: String,
        known: Vec<String>,
    },
    /// A listener needs an address, not a name.
    #[error("--listener {name}: expected an IP address of this machine, found \"{host}\"")]
    NotAnIp { name: String, host: String },
    /// A port that is none.
    #[error("--admin-port: expected 1 to 65535, found {0}")]
    AdminPort(u16),
    /// Two things are moved to one port, or one to where another is.
    #[error("{one} and {other} are both at port {port}; give each a port of its own")]
    SamePort {
        one: String,
        other: String,
        port: Port,
    },
    /// `check` passed it, yet the pipeline does not take it.
    #[error("the pipeline refuses what is rendered for it: {0}; please report this document")]
    Pipeline(#[from] ConfigError),
}

impl Overrides {
    /// The document as it is to be used here. The pipeline's own constructor has the last word.
    ///
    /// # Errors
    /// When the command line speaks of what the document does not have.
    pub fn apply(&self, mut gateway: Gateway) -> Result<Gateway, OverrideError> {
        self.move_upstreams(&mut gateway.upstreams)?;
        for moved in &self.listeners {
            let known = gateway
                .listeners
                .iter()
                .map(|l| l.name.as_str().to_owned())
                .collect();
            let listener = gateway
                .listeners
                .iter_mut()
                .find(|listener| listener.name.as_str() == moved.name)
                .ok_or(OverrideError::Unknown {
                    kind: "listener",
                    name: moved.name.clone(),
                    known,
                })?;
            let Host::Ip(ip) = moved.address.host else {
                let host = moved.address.host.to_string();
                return Err(OverrideError::NotAnIp {
                    name: moved.name.clone(),
                    host,
                });
            };
            listener.address = BindAddress(ip);
            listener.port = moved.address.port;
        }
        if let Some(port) = self.admin_port {
            gateway.admin.port = Port::new(port).ok_or(OverrideError::AdminPort(port))?;
        }
        distinct_ports(&gateway)?;
        let functions = envoy_render::Functions::of(&gateway);
        gateway::Pipeline::compile(envoy_render::pipeline_config(&gateway, &functions, None, 1))?;
        Ok(gateway)
    }

    /// Where listeners and the admin endpoint are moved: what tells gateways of one document apart.
    pub fn ports(&self) -> String {
        let listeners = self.listeners.iter();
        let listeners = listeners.map(|moved| format!("{}={} ", moved.name, moved.address));
        let admin = self.admin_port.map(|port| port.to_string());
        listeners.chain(admin).collect()
    }

    fn move_upstreams(
        &self,
        upstreams: &mut BTreeMap<UpstreamName, gateway_model::Upstream>,
    ) -> Result<(), OverrideError> {
        for moved in &self.upstreams {
            let known = upstreams
                .keys()
                .map(|name| name.as_str().to_owned())
                .collect();
            let (_, upstream) = upstreams
                .iter_mut()
                .find(|(name, _)| name.as_str() == moved.name)
                .ok_or(OverrideError::Unknown {
                    kind: "upstream",
                    name: moved.name.clone(),
                    known,
                })?;
            upstream.move_to(moved.address.clone());
        }
        Ok(())
    }
}

/// As the document's own ports are held against each other.
fn distinct_ports(gateway: &Gateway) -> Result<(), OverrideError> {
    let admin = (gateway.admin.port, "the admin endpoint".to_owned());
    let mut taken = BTreeMap::from([admin]);
    for listener in &gateway.listeners {
        let port = listener.port;
        let one = format!("listener {}", listener.name.as_str());
        if let Some(other) = taken.insert(port, one.clone()) {
            return Err(OverrideError::SamePort { one, other, port });
        }
    }
    Ok(())
}
