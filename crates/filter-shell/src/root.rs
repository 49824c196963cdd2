//! What happens outside of requests: configuration, ticks, and waking who waits.

use std::rc::Rc;

use filter_api::{CalloutId, Filter, HostError, Level, Root, Waiting, Wake, parse_config};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};

use crate::abi::{self, Buffer};
use crate::host::{Awaited, ShellRootHost, callout_outcome};
use crate::shared::Shared;
use crate::stream::{Stream, answer, wake};

/// Registers a filter with the host; what `_initialize` of a module does.
pub fn start<F: Filter>(version: &'static str, revision: &'static str) {
    // Also makes a panic, should there ever be one, say its place in the log.
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| Box::new(Plugin::<F>::new(context)));
    VERSION.set((version, revision));
}

thread_local! {
    static VERSION: std::cell::Cell<(&'static str, &'static str)> =
        const { std::cell::Cell::new(("", "")) };
}

/// The root context: one plugin in one VM.
struct Plugin<F: Filter> {
    context: u32,
    shared: Rc<Shared<F>>,
    awaited: Awaited,
    /// Nothing before the first configuration.
    running: Option<(Rc<F>, F::Root)>,
}

impl<F: Filter> Plugin<F> {
    fn new(context: u32) -> Self {
        Self {
            context,
            shared: Rc::new(Shared::new()),
            awaited: Awaited::new(),
            running: None,
        }
    }

    fn configure(&mut self, bytes: usize) -> Result<(), String> {
        let config = abi::buffer(Buffer::PluginConfiguration, bytes).map_err(|e| e.to_string())?;
        let config = parse_config(&config).map_err(|error| error.to_string())?;
        let filter = Rc::new(F::compile(config).map_err(|error| error.to_string())?);
        let root = filter.root();
        let tick_period = root.tick_period();
        self.running = Some((filter, root));
        self.with_root(|root, host| root.on_start(host))
            .map_err(|error| error.to_string())?;
        if let Some(period) = tick_period {
            abi::set_tick_period(period.get()).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Lets the root act, then wakes whom it wants woken.
    fn with_root(
        &mut self,
        act: impl FnOnce(&mut F::Root, &mut ShellRootHost<'_>) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let Some((_, root)) = &mut self.running else {
            return Ok(());
        };
        let mut host = ShellRootHost {
            chance: &self.shared.chance,
            awaited: &mut self.awaited,
            wakes_all: false,
        };
        let result = act(root, &mut host);
        if host.wakes_all {
            self.wake_where(
                |waiting| matches!(waiting, Waiting::Root { .. }),
                &Wake::Root,
            );
        }
        result
    }

    fn wake_where(&self, kind: impl Fn(Waiting) -> bool, reason: &Wake) {
        let streams = self.shared.waiting_for(kind);
        if streams.is_empty() {
            return;
        }
        for (context, core) in streams {
            if abi::set_effective_context(context).is_ok() {
                wake(&self.shared, context, &core, reason.clone());
            }
        }
        self.speak_for_itself();
    }

    /// Hostcalls speak of the root again.
    fn speak_for_itself(&self) {
        if let Err(error) = abi::set_effective_context(self.context) {
            abi::log(
                Level::Error,
                &format!("{}: lost its own context: {error}", F::NAME),
            );
        }
    }
}

fn report<F: Filter>(what: &str, result: Result<(), HostError>) {
    if let Err(error) = result {
        abi::log(
            Level::Error,
            &format!("{}: {what} failed: {error}", F::NAME),
        );
    }
}

impl<F: Filter> RootContext for Plugin<F> {
    fn on_configure(&mut self, bytes: usize) -> bool {
        let (version, revision) = VERSION.get();
        match self.configure(bytes) {
            Ok(()) => {
                let name = F::NAME;
                abi::log(
                    Level::Info,
                    &format!("{name} {version} ({revision}) is configured"),
                );
                true
            }
            Err(problem) => {
                let name = F::NAME;
                let line =
                    format!("{name} {version} ({revision}) refused its configuration: {problem}");
                abi::log(Level::Error, &line);
                false
            }
        }
    }

    fn on_tick(&mut self) {
        report::<F>("a tick", self.with_root(|root, host| root.on_tick(host)));
        let now = abi::unix_time();
        let expired = |waiting| matches!(waiting, Waiting::Root { until } if until <= now);
        self.wake_where(expired, &Wake::Expired);
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        // Envoy makes no stream for a plugin that refused its configuration.
        let (filter, _) = self.running.as_ref()?;
        Some(Box::new(Stream::new(
            context,
            Rc::clone(&self.shared),
            filter,
        )))
    }
}

impl<F: Filter> Context for Plugin<F> {
    fn on_http_call_response(&mut self, token: u32, fields: usize, body_bytes: usize, _: usize) {
        let id = CalloutId(token);
        if let Some(position) = self.awaited.iter().position(|(awaited, _)| *awaited == id) {
            let (_, max_bytes) = self.awaited.swap_remove(position);
            let outcome = callout_outcome(fields, body_bytes, max_bytes);
            report::<F>(
                "a callout",
                self.with_root(|root, host| root.on_callout(host, id, outcome)),
            );
        } else if let Some((context, core)) = self.shared.awaiting(id) {
            // An exchange sent it while the root woke it, so the SDK takes it for the root's.
            if abi::set_effective_context(context).is_ok() {
                answer(&self.shared, context, &core, id, fields, body_bytes);
                self.speak_for_itself();
            }
        }
    }
}
