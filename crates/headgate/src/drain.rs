//! `headgate drain`: taking the Envoy beside it out of service, without losing a request.

mod activity;

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;
use filter_api::Duration;
use hyper::Method;
use tokio::time::{Instant, sleep, sleep_until};

use crate::beside::Question;
use crate::exit_status::ExitStatus;
use crate::runtime::block_on;
use activity::Activity;

/// Take the Envoy beside it out of service without losing a request
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    /// How long new connections still come: what the load balancer needs to hear of it
    #[arg(long, value_name = "TIME", default_value_t = ACCEPT_FOR)]
    accept_for: Duration,
    /// How long to wait after that for connections to end
    #[arg(long, value_name = "TIME", default_value_t = DRAIN_FOR)]
    drain_for: Duration,
    /// The port of Envoy's admin endpoint on 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = gateway_model::Admin::default().port.get())]
    admin_port: u16,
}

const LONG_ABOUT: &str = "\
Take the Envoy beside it, in the same container, out of service without losing a request. It is the preStop \
hook of the gateway's container; when it returns, Envoy can be ended at once.

First the health check that the load balancer asks fails, and nothing else changes: a balancer sends new \
connections for a while after that, and they are served. After --accept-for each connection is ended with \
one of its next responses (HTTP/1.1: Connection: close, HTTP/2: GOAWAY), the sooner the less is left of \
Envoy's --drain-time-s; new ones are served even then. It returns when no connection is left, or after \
--drain-for. What is left then is cut when Envoy ends: WebSockets and other streams that no one has ended, and \
connections on which nothing was asked.

Doing it twice does no harm.";

const EXAMPLES: &str = "\
Examples:
  headgate drain
  headgate drain --accept-for 15s --drain-for 5m";

/// A Network Load Balancer takes two minutes to deregister a target whatever it is set to, and was seen to
/// send new connections for three
/// (<https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366>,
/// <https://github.com/istio/istio/issues/35964>). In seconds.
pub const ACCEPT_SECONDS: u16 = 180;
const ACCEPT_FOR: Duration = Duration::from_secs(ACCEPT_SECONDS as u64);

/// The longest request that is sure to be answered, in seconds.
pub const DRAIN_SECONDS: u16 = 60;
const DRAIN_FOR: Duration = Duration::from_secs(DRAIN_SECONDS as u64);

/// Envoy's `--drain-time-s` for this: clients do not all come back to the other Envoys at one moment.
/// Without it Envoy takes ten minutes.
pub const SPREAD_SECONDS: u16 = 20;

/// How long one answer of the admin endpoint may take.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(5);

/// How often connections are counted.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// How often is told what goes on.
const TELL: std::time::Duration = std::time::Duration::from_secs(5);

/// Drains.
///
/// # Errors
/// When Envoy's admin endpoint does not answer, or refuses.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let drain = Drain {
        admin_port: arguments.admin_port,
        began: now(),
    };
    block_on(drain.run(arguments))?;
    Ok(ExitStatus::Ok)
}

struct Drain {
    admin_port: u16,
    began: Instant,
}

impl Drain {
    async fn run(&self, arguments: &Arguments) -> anyhow::Result<()> {
        let Arguments {
            accept_for,
            drain_for,
            ..
        } = arguments;
        self.ask(&Method::POST, "/healthcheck/fail").await?;
        self.tell(&format!(
            "the health check fails from now on; new connections are served for {accept_for} more"
        ));
        sleep_until(self.began + accept_for.get()).await;
        if let Some(over) = self.envoys_drain_time().await?
            && over > drain_for.get()
        {
            self.tell(&format!(
                "Envoy was started to end connections over {} s, so some will be left: start it with \
                 --drain-time-s {SPREAD_SECONDS}",
                over.as_secs(),
            ));
        }
        // With skip_exit Envoy goes on to take connections: a balancer may be late even now.
        self.ask(&Method::POST, "/drain_listeners?graceful&skip_exit")
            .await?;
        self.tell(&format!(
            "connections end with their next response; waiting for them for {drain_for} at most"
        ));
        let until = now() + drain_for.get();
        let left = self.wait(until).await?;
        self.tell(&match left.connections {
            0 => "no connection is left".to_owned(),
            _ => format!("{left} left, which end with Envoy"),
        });
        Ok(())
    }

    /// Over how long Envoy ends connections, each with one of its responses.
    async fn envoys_drain_time(&self) -> anyhow::Result<Option<std::time::Duration>> {
        let info = self.ask(&Method::GET, "/server_info").await?;
        let info: serde_json::Value = serde_json::from_str(&info).unwrap_or_default();
        let time = info.pointer("/command_line_options/drain_time");
        let seconds = time.and_then(|time| time.as_str()?.strip_suffix('s')?.parse().ok());
        Ok(seconds.map(std::time::Duration::from_secs))
    }

    /// Waits until no connection is left, but no longer than this. Returns what is left.
    async fn wait(&self, until: Instant) -> anyhow::Result<Activity> {
        let mut told = now();
        loop {
            let stats = self.ask(&Method::GET, activity::STATS).await?;
            let activity = Activity::of(&stats);
            if activity.connections == 0 || now() >= until {
                return Ok(activity);
            }
            if told + TELL <= now() {
                told = now();
                self.tell(&activity.to_string());
            }
            sleep(LOOK).await;
        }
    }

    async fn ask(&self, method: &Method, path: &str) -> anyhow::Result<String> {
        let question = Question {
            method,
            port: self.admin_port,
            host: "admin",
            path,
        };
        let answer = question.ask(ANSWER).await;
        let answer = answer.with_context(|| format!("Envoy cannot be asked to {method} {path}"))?;
        if answer.status != 200 {
            let said = answer.body.trim();
            bail!(
                "Envoy answers {method} {path} with {}: {said}",
                answer.status
            );
        }
        Ok(answer.body)
    }

    /// Whoever does not listen any more does not stop it.
    fn tell(&self, text: &str) {
        let seconds = self.began.elapsed().as_secs();
        let _ = writeln!(std::io::stdout(), "{seconds:>4} s  {text}");
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is native code, which has a clock"
)]
fn now() -> Instant {
    Instant::now()
}
