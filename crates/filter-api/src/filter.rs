//! A filter: compiled configuration, and what happens outside of any request.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{
    ByteSize, CalloutId, CalloutOutcome, ConfigError, Duration, Exchange, HostError, RootHost,
};

/// Compiled configuration. It does not change: a new configuration is a new filter.
pub trait Filter: Sized + 'static {
    /// The name in logs and metrics.
    const NAME: &'static str;
    /// The configuration as it travels.
    type Config: DeserializeOwned;
    /// One request's state.
    type Exchange: Exchange + 'static;
    /// What happens outside of requests; [`NoRoot`] for most.
    type Root: Root + 'static;

    /// Checks and prepares the configuration. The pusher calls the very same before it pushes.
    ///
    /// # Errors
    /// The first fault, with its path.
    fn compile(config: Self::Config) -> Result<Self, ConfigError>;

    /// What the host was told about held messages.
    fn holding(&self) -> Holding {
        Holding::default()
    }

    /// Begins a request.
    fn exchange(self: &Rc<Self>) -> Self::Exchange;

    /// Begins what happens outside of requests.
    fn root(self: &Rc<Self>) -> Self::Root;
}

/// What happens outside of requests. Each thread of the host has its own. All methods have a default
/// that does nothing.
pub trait Root {
    /// How often [`Root::on_tick`] is called; never if `None`.
    fn tick_period(&self) -> Option<Duration> {
        None
    }

    /// The filter was configured; metrics that do not depend on requests are defined here.
    ///
    /// # Errors
    /// When the host fails: the configuration is then refused.
    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        let _ = host;
        Ok(())
    }

    /// Time went by.
    ///
    /// # Errors
    /// When the host fails; it is logged.
    fn on_tick(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        let _ = host;
        Ok(())
    }

    /// A callout of the root's own ended.
    ///
    /// # Errors
    /// When the host fails; it is logged.
    fn on_callout(
        &mut self,
        host: &mut dyn RootHost,
        id: CalloutId,
        outcome: CalloutOutcome,
    ) -> Result<(), HostError> {
        let _ = (host, id, outcome);
        Ok(())
    }
}

/// The root of a filter that does nothing outside of requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRoot;

impl Root for NoRoot {}

/// What the Envoy around a module was told about messages that are held. A module cannot ask, so
/// whoever writes Envoy's configuration says it here too; the pusher renders both from one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Holding {
    /// `allow_on_headers_stop_iteration` of Envoy's `PluginConfig`, whose default is false. Without it
    /// Envoy gives out no body while headers are held, so what is learnt from a body comes too late
    /// to change a header.
    pub allow_on_headers_stop_iteration: bool,
    /// How much of a body may pile up while its exchange waits; above it the request is answered with
    /// 503. At most the buffer limit that is in force in Envoy then (`request_body_buffer_limit` of the
    /// route, or `per_connection_buffer_limit_bytes` of the listener), which answers with a bare 413.
    pub max_held_bytes: ByteSize,
}

impl Default for Holding {
    fn default() -> Self {
        Self {
            allow_on_headers_stop_iteration: false,
            max_held_bytes: ByteSize::from_kib(1024),
        }
    }
}
