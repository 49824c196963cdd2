//! The steps of a push, their files in every order, one version skipped now and then.

use std::fs;
use std::time::Duration;

use envoy_render::{CLUSTERS, PIPELINE, Placement, ROUTES, Resources};
use fastrand::Rng;
use integration::gateway::Gateway;
use integration::rendered::Rendered;

use crate::load::Load;
use crate::versions::{PATHS, Services, Version};

/// What carries files to an Envoy: all of a step at once, in an order that chance chooses.
struct Carrier {
    gateway: Gateway,
    services: Services,
    random: Rng,
}

/// How often Envoy is asked.
const PAUSE: Duration = Duration::from_millis(2);

impl Carrier {
    async fn start(version: &Version) -> Self {
        let services = Services::start().await;
        let document = version.document(&services, 1, 9901);
        Self {
            gateway: Gateway::of(Rendered::document(&document)).await,
            services,
            random: Rng::with_seed(7),
        }
    }

    fn resources(&self, version: &Version) -> Resources {
        let document = version.document(&self.services, 1, 9901);
        let read = gateway_model::read("gateway.yaml", document.as_bytes());
        let document = read.unwrap_or_else(|wrong| panic!("{wrong}")).document;
        let directory = self.gateway.rendered.path("");
        let directory = directory.display().to_string();
        let directory = directory.trim_end_matches('/');
        Resources::of(&document, &Placement::in_directory(directory))
    }

    /// Moves all files into place, those too that have not changed.
    fn place(&mut self, resources: &Resources) {
        let mut files: Vec<(String, String)> = resources.files().into_iter().collect();
        self.random.shuffle(&mut files);
        for (file, text) in files {
            let beside = self.gateway.rendered.path("beside");
            fs::write(&beside, text).unwrap();
            fs::rename(&beside, self.gateway.rendered.path(&file)).unwrap();
        }
    }

    /// Waits until every worker has them. `pipelines` is how many the pipelines were before.
    async fn taken(&self, resources: &Resources, pipelines: u64) {
        let files = resources.files();
        let of = |file: &str| envoy_render::version(&files[file]).unwrap().to_owned();
        let versions = [CLUSTERS, ROUTES, PIPELINE].map(of);
        let waiting = async {
            loop {
                let said = self.said().await;
                let has_all = versions.iter().all(|version| said.contains(version));
                if has_all && statistic(&said, RELOADS) >= pipelines {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        assert!(waited.is_ok(), "Envoy does not take {versions:?}");
    }

    /// How often every worker has taken a configuration of the pipeline.
    async fn pipelines(&self) -> u64 {
        statistic(&self.said().await, RELOADS)
    }

    /// What Envoy says of its files.
    async fn said(&self) -> String {
        let of_files = "/stats?filter=(version_text|pipeline.config_reload|update_rejected)$";
        self.gateway.envoy.admin_get(of_files).await
    }
}

const PIPELINE_STATS: &str = "extension_config_discovery.http_filter.headgate.pipeline";
const RELOADS: &str = ".config_reload";
const REFUSALS: &str = ".update_rejected";

/// A statistic of the pipeline's.
fn statistic(said: &str, name: &str) -> u64 {
    let mut lines = said.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(key, _)| key.strip_prefix(PIPELINE_STATS) == Some(name));
    found.unwrap().1.trim().parse().unwrap()
}

/// What a process has resident, in bytes (`VmRSS` of proc(5)).
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_sees_half_of_any_of_a_hundred_pushes() {
    const PUSHES: u32 = 100;
    /// When memory has settled, and how much more there may be at the end, in bytes.
    const SETTLED: u32 = 40;
    const MORE_MEMORY: u64 = 16 << 20;
    let mut version = Version::first();
    let mut carrier = Carrier::start(&version).await;
    let load = Load::start(carrier.gateway.address, version.answers());
    let mut current = carrier.resources(&version);
    let mut settled = 0;
    let mut skipped = 0;
    let mut number = 0;
    while number < PUSHES {
        let in_use = current.clone();
        let mut added = in_use.clone();
        // One version in seven is skipped: the next one comes before it was taken.
        let is_skipped = number % 7 == 3 && number + 1 < PUSHES;
        for _ in 0..if is_skipped { 2 } else { 1 } {
            version = version.next(number, &mut carrier.random);
            number += 1;
            load.begin(version.answers());
            current = carrier.resources(&version);
            added = added.union(&current);
            carrier.place(&added);
        }
        skipped += u32::from(is_skipped);
        carrier.taken(&added, 0).await;
        let switches = in_use.files()[PIPELINE] != current.files()[PIPELINE];
        let pipelines = carrier.pipelines().await + u64::from(switches);
        let switched = current.union(&added);
        carrier.place(&switched);
        carrier.taken(&switched, pipelines).await;
        load.taken();
        load.more(2 * PATHS.len() as u64).await;
        carrier.place(&current);
        carrier.taken(&current, 0).await;
        if number >= SETTLED && settled == 0 {
            settled = memory(carrier.gateway.envoy.pid());
        }
    }
    let outcome = load.stop().await;
    let refused = statistic(&carrier.said().await, REFUSALS);
    let envoy = &carrier.gateway.envoy;
    let end = memory(envoy.pid());
    println!(
        "{PUSHES} pushes, {skipped} of them skipped: {} requests, {} of them wrong; memory {settled} \
         bytes after {SETTLED}, {end} at the end",
        outcome.answered,
        outcome.faults.len()
    );
    assert_eq!(outcome.faults, [""; 0]);
    assert_eq!(outcome.connections, [1; 7], "connections end");
    assert_eq!(envoy.stat("listener_manager.listener_modified").await, 0);
    assert_eq!(refused, 0);
    assert!(end < settled + MORE_MEMORY, "{settled} bytes, then {end}");
    carrier.gateway.stop().await;
}

/// What the order of the steps is for: without it the same load sees half a change.
#[tokio::test(flavor = "multi_thread")]
async fn a_switch_before_what_it_names_is_added_is_seen() {
    let old = Version::first();
    let mut carrier = Carrier::start(&old).await;
    let load = Load::start(carrier.gateway.address, old.answers());
    // The same name with another meaning.
    let new = old.next(2, &mut carrier.random);
    load.begin(new.answers());
    let (before, after) = (carrier.resources(&old), carrier.resources(&new));
    let pipeline = |of: &Resources| of.files()[PIPELINE].clone();
    assert_ne!(pipeline(&before), pipeline(&after));
    let early = after.files();
    let beside = carrier.gateway.rendered.path("beside");
    fs::write(&beside, &early[PIPELINE]).unwrap();
    fs::rename(&beside, carrier.gateway.rendered.path(PIPELINE)).unwrap();
    let reloads = format!("{PIPELINE_STATS}{RELOADS}");
    let envoy = &carrier.gateway.envoy;
    envoy
        .wait_for_stat(&reloads, |pipelines| pipelines == 2)
        .await;
    load.more(2 * PATHS.len() as u64).await;
    carrier.place(&after);
    carrier.taken(&after, 2).await;
    let outcome = load.stop().await;
    assert!(!outcome.faults.is_empty(), "nobody sees it");
    // Without a function, and then with one without a cluster.
    let unavailable = |fault: &String| fault.contains(": 503 ");
    let faults = &outcome.faults;
    assert!(faults.iter().all(unavailable), "{faults:#?}");
    carrier.gateway.stop().await;
}
