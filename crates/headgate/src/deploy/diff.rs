//! `headgate deploy diff`: what apply would change in a cluster.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use anyhow::anyhow;
use clap::Args;
use gateway_model::Gateway;
use kube::api::DynamicObject;
use serde::Serialize;
use serde_json::Value;

use super::apply::is_watched;
use super::cluster::{Applied, Cluster, Connection, Kind};
use super::fields::{FieldChange, changes};
use super::objects::{Object, Objects};
use super::options::Options;
use super::{applied_document, owned, standing_change};
use crate::diff::{self as meaning, Difference};
use crate::document;
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::runtime::block_on;

/// Tell what apply would change in a cluster
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_with_differs()))]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    connection: Connection,
    /// Tell it as if fields that somebody else has set were taken over
    #[arg(long)]
    force_conflicts: bool,
    /// Exit with 5 if something differs
    #[arg(long)]
    exit_code: bool,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
}

const LONG_ABOUT: &str = "\
Tell what apply would change in a cluster, and change nothing. The cluster is asked itself, by server-side apply \
that is only tried (dry run): so its own rules, defaults and conflicts are told too.

What is told of the document is what headgate diff tells: what changed in it since it was applied last, by what it \
means, and what that does to traffic. Of the other objects it is told which fields differ.";

const EXAMPLES: &str = "\
Examples:
  headgate deploy diff gateway.yaml --namespace shop --image registry.example.com/gateway:1
  headgate deploy diff gateway.yaml -n shop --exit-code > /dev/null      only whether anything differs";

/// What `--output json` prints.
#[derive(Serialize)]
struct Report {
    differs: bool,
    /// What differs in the document since it was applied last, where that is known.
    document: Option<Difference>,
    objects: Vec<ObjectChange>,
}

/// What would become of an object.
#[derive(Debug, Serialize)]
struct ObjectChange {
    change: Change,
    kind: &'static str,
    name: String,
    /// Of what is changed.
    fields: Vec<FieldChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Added,
    Removed,
    Changed,
}

/// Compares.
///
/// # Errors
/// When the document cannot be read or makes no objects, or the cluster does not answer or would not take it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match document::load_complete(&arguments.options.source)? {
        Ok(gateway) => gateway,
        Err(status) => return Ok(status),
    };
    block_on(async {
        let namespace = arguments.options.namespace.as_deref();
        let cluster = Cluster::open(&arguments.connection, namespace).await?;
        let objects = arguments.options.objects(&gateway, cluster.namespace())?;
        cluster.require_namespace().await?;
        let how = Applied {
            force: arguments.force_conflicts,
            dry_run: true,
        };
        standing_change::refuse(&cluster, &gateway, &objects).await?;
        let report = Report::of(&cluster, &gateway, &objects, how).await?;
        arguments.output.print(&report, &text(&report))?;
        Ok(match report.differs && arguments.exit_code {
            true => ExitStatus::Differs,
            false => ExitStatus::Ok,
        })
    })
}

impl Report {
    async fn of(
        cluster: &Cluster,
        gateway: &Gateway,
        objects: &Objects,
        how: Applied,
    ) -> anyhow::Result<Self> {
        let name = gateway.metadata.name.as_str();
        let before = applied_document::read(cluster, name).await?;
        let document = match &before {
            Some(before) => {
                let difference = Difference::of(before, gateway);
                Some(difference.map_err(|error| anyhow!("{error}"))?)
            }
            None => None,
        };
        let mut all = Vec::new();
        for object in objects.iter() {
            let live = cluster.get(Kind::of(object), &object.name).await?;
            let tried = cluster.apply(object, how).await?;
            // Of what Envoys read the document says what it means.
            let is_told = document.is_some() && is_watched(object);
            all.extend(change(object, live, &tried, is_told));
        }
        let (found, _) = owned::find(cluster, name).await?;
        let kept = applied_document::name(name);
        let is_made = |found: &owned::Found| {
            let mut made = objects.iter();
            found.name == kept
                || made.any(|one| Kind::of(one) == found.kind && one.name == found.name)
        };
        let gone = found.iter().filter(|one| one.is_ours() && !is_made(one));
        all.extend(gone.map(|gone| ObjectChange {
            change: Change::Removed,
            kind: gone.kind.kind,
            name: gone.name.clone(),
            fields: Vec::new(),
        }));
        let differs = !all.is_empty() || document.as_ref().is_some_and(|one| !one.is_nothing());
        Ok(Self {
            differs,
            document,
            objects: all,
        })
    }
}

/// What would become of an object; nothing, if nothing.
fn change(
    object: &Object,
    live: Option<DynamicObject>,
    tried: &DynamicObject,
    is_told: bool,
) -> Option<ObjectChange> {
    let value = |object: &DynamicObject| serde_json::to_value(object).unwrap_or(Value::Null);
    let (change, mut fields) = match live {
        None => (Change::Added, Vec::new()),
        Some(live) => (Change::Changed, changes(&value(&live), &value(tried))),
    };
    if change == Change::Changed && fields.is_empty() {
        return None;
    }
    if is_told {
        fields.retain(|field| !field.path.starts_with("data"));
    }
    Some(ObjectChange {
        change,
        kind: object.kind,
        name: object.name.clone(),
        fields,
    })
}

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();

/// The longest value that is shown, in characters.
const MOST_SHOWN: usize = 120;

fn text(report: &Report) -> String {
    if !report.differs {
        return "nothing differs: the cluster has all of it\n".to_owned();
    }
    let mut text = String::new();
    // Writing to a String does not fail.
    if let Some(document) = report.document.as_ref().filter(|one| !one.is_nothing()) {
        let _ = writeln!(text, "{}{}", meaning::text(document), document.summary());
    }
    for object in &report.objects {
        let (style, sign) = match object.change {
            Change::Added => (ADDED, '+'),
            Change::Removed => (REMOVED, '-'),
            Change::Changed => (CHANGED, '~'),
        };
        let _ = writeln!(
            text,
            "{style}{sign}{style:#} {} {}",
            object.kind, object.name
        );
        for field in &object.fields {
            let (style, sign, values) = match (&field.before, &field.after) {
                (None, Some(after)) => (ADDED, '+', shown(after)),
                (Some(before), None) => (REMOVED, '-', shown(before)),
                (Some(before), Some(after)) => (
                    CHANGED,
                    '~',
                    format!("{} -> {}", shown(before), shown(after)),
                ),
                (None, None) => continue,
            };
            let _ = writeln!(text, "    {style}{sign}{style:#} {}: {values}", field.path);
        }
    }
    text
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.chars().count() {
        ..=MOST_SHOWN => text,
        _ => format!("{}…", text.chars().take(MOST_SHOWN).collect::<String>()),
    }
}
