//! `headgate probe`: whether the Envoy beside it is ready.

use std::io::Write;

use anyhow::bail;
use clap::Args;
use filter_api::Duration;
use gateway_model::Entrance;
use hyper::Method;

use crate::beside::{Answer, Question};
use crate::exit_status::ExitStatus;
use crate::run::admin::{Pipeline, pipeline_state};
use crate::runtime::block_on;

/// Ask the Envoy beside it whether it is ready
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_with_not_ready()))]
pub struct Arguments {
    /// The port of Envoy's status listener on 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = Entrance::STATUS_PORT.get())]
    port: u16,
    /// The port of Envoy's admin endpoint on 127.0.0.1, which is asked why Envoy is not ready
    #[arg(long, value_name = "PORT", default_value_t = gateway_model::Admin::default().port.get())]
    admin_port: u16,
    /// How long all of it may take
    #[arg(long, value_name = "TIME", default_value_t = Duration::from_secs(1))]
    timeout: Duration,
}

const LONG_ABOUT: &str = "\
Ask the Envoy beside it, in the same container, whether it is ready, and tell why if it is not.

The question goes through the pipeline, as a request does. Envoy's own word is not enough: with a \
configuration of the pipeline that it has refused Envoy calls itself live, and answers every request with \
500. It is the readiness probe of the gateway's container.";

const EXAMPLES: &str = "\
Examples:
  headgate probe
  headgate probe --timeout 500ms";

/// Asks.
///
/// # Errors
/// When the answer cannot be told.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    match block_on(ask(arguments)) {
        Ok(()) => {
            writeln!(std::io::stdout(), "ready")?;
            Ok(ExitStatus::Ok)
        }
        Err(why) => {
            // A kubelet shows what a probe says on either output.
            writeln!(std::io::stdout(), "not ready: {why:#}")?;
            Ok(ExitStatus::NotReady)
        }
    }
}

async fn ask(arguments: &Arguments) -> anyhow::Result<()> {
    let question = Question {
        method: &Method::GET,
        port: arguments.port,
        host: Entrance::READY_HOST,
        path: envoy_render::READY_PATH,
    };
    // Half of the time, so that some is left to find out why.
    let answer = question.ask(arguments.timeout.get() / 2).await?;
    if answer.status == 200 {
        return Ok(());
    }
    let question = Question {
        port: arguments.admin_port,
        host: "admin",
        path: "/stats?filter=extension_config_discovery",
        ..question
    };
    let stats = question.ask(arguments.timeout.get() / 2).await;
    bail!(
        "{}",
        why(&answer, &stats.map(|stats| stats.body).unwrap_or_default())
    );
}

/// What an answer other than 200 means, from what Envoy's statistics say of the pipeline.
fn why(answer: &Answer, stats: &str) -> String {
    match pipeline_state(stats) {
        Pipeline::Refused => {
            "Envoy has refused the configuration of the pipeline; its log says why".to_owned()
        }
        Pipeline::Unknown => "Envoy has no configuration of the pipeline yet".to_owned(),
        // `keys_unavailable` of the filter of tokens.
        Pipeline::Taken if answer.status == 503 => {
            "the pipeline waits for the keys of tokens, for 30 s at most; its log says which"
                .to_owned()
        }
        Pipeline::Taken => format!("the pipeline does not work: it answers {}", answer.status),
    }
}
