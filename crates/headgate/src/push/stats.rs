//! What Envoy's statistics say of the files that it reads.
//!
//! Of Envoy 1.40, measured: `version_text` is the version in a file from when its main thread took it.
//! `config_reload` of the pipeline counts when every worker has it. What the main thread gives to a
//! worker the worker takes in that order, so what was taken before the pipeline is there before the
//! pipeline is; but a cluster is given only when it is warm.

use std::fmt;

/// The pattern of the statistics that are needed, as `/stats?filter=` takes it.
pub const FILTER: &str =
    "(version_text|update_rejected|pipeline.config_reload|cluster_manager.warming_clusters)$";

/// What Envoy takes from a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Clusters,
    Routes,
    Pipeline,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Clusters, Self::Routes, Self::Pipeline];

    /// The file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Clusters => envoy_render::CLUSTERS,
            Self::Routes => envoy_render::ROUTES,
            Self::Pipeline => envoy_render::PIPELINE,
        }
    }

    fn is_of(self, statistic: &str) -> bool {
        match self {
            Self::Clusters => statistic.starts_with("cluster_manager.cds."),
            Self::Routes => statistic.starts_with("http.") && statistic.contains(".rds."),
            Self::Pipeline => statistic.starts_with("extension_config_discovery."),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Clusters => "the clusters",
            Self::Routes => "the routes",
            Self::Pipeline => "the configuration of the pipeline",
        })
    }
}

/// The statistics of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats(String);

impl Stats {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Those of a kind whose name ends so, with their values as they are written.
    fn of(&self, kind: Kind, ends: &str) -> impl Iterator<Item = &str> {
        let lines = self.0.lines().filter_map(|line| line.rsplit_once(": "));
        lines.filter_map(move |(name, value)| {
            (kind.is_of(name) && name.ends_with(ends)).then_some(value.trim())
        })
    }

    fn number(&self, kind: Kind, ends: &str) -> u64 {
        let values = self
            .of(kind, ends)
            .filter_map(|value| value.parse::<u64>().ok());
        values.sum()
    }

    /// Whether Envoy's main thread has this version of a file.
    pub fn has(&self, kind: Kind, version: &str) -> bool {
        let mut versions = self.of(kind, ".version_text").peekable();
        versions.peek().is_some() && versions.all(|one| one.trim_matches('"') == version)
    }

    /// How often a file was refused.
    pub fn refusals(&self, kind: Kind) -> u64 {
        self.number(kind, ".update_rejected")
    }

    /// The secrets of which Envoy cannot use what their files hold, by name.
    pub fn refused_secrets(&self) -> Vec<String> {
        let lines = self.0.lines().filter_map(|line| line.rsplit_once(": "));
        let refused = lines.filter_map(|(name, times)| {
            let secret = name
                .strip_prefix("sds.")?
                .strip_suffix(".update_rejected")?;
            (times.trim() != "0").then(|| secret.to_owned())
        });
        refused.collect()
    }

    /// How often every worker has taken a configuration of the pipeline.
    pub fn pipelines(&self) -> u64 {
        self.number(Kind::Pipeline, ".config_reload")
    }

    /// Whether clusters are not with the workers yet.
    pub fn warming(&self) -> bool {
        let lines = self.0.lines().filter_map(|line| line.split_once(": "));
        let mut warming = lines.filter(|(name, _)| *name == "cluster_manager.warming_clusters");
        warming.any(|(_, clusters)| clusters.trim() != "0")
    }
}

/// The counters and gauges, by name.
pub fn values(stats: &str) -> impl Iterator<Item = (&str, u64)> {
    let lines = stats.lines().filter_map(|line| line.rsplit_once(": "));
    lines.filter_map(|(name, value)| Some((name, value.trim().parse().ok()?)))
}

/// How many requests are under way to these clusters, from what `/clusters` says:
/// `<cluster>::<address>::rq_active::<requests>`.
pub fn active_requests(said: &str, clusters: &[&str]) -> u64 {
    let active = said.lines().filter_map(|line| {
        let (rest, requests) = line.rsplit_once("::rq_active::")?;
        let (cluster, _) = rest.split_once("::")?;
        let requests = requests.trim().parse::<u64>().ok()?;
        clusters.contains(&cluster).then_some(requests)
    });
    active.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy 1.40 writes them.
    const SAID: &str = "\
cluster_manager.cds.version_text: \"b4008f3fb1ff\"
extension_config_discovery.http_filter.headgate.pipeline.version_text: \"72d66eb3303e\"
http.http.rds.headgate.version_text: \"577bd24d3a61\"
cluster_manager.cds.update_rejected: 2
cluster_manager.warming_clusters: 1
extension_config_discovery.http_filter.headgate.pipeline.config_reload: 3
extension_config_discovery.http_filter.headgate.pipeline.update_rejected: 0
http.http.rds.headgate.update_rejected: 1
";

    #[test]
    fn what_envoy_has_is_read_from_its_statistics() {
        let stats = Stats::new(SAID.to_owned());
        assert!(stats.has(Kind::Clusters, "b4008f3fb1ff"));
        assert!(stats.has(Kind::Routes, "577bd24d3a61"));
        assert!(stats.has(Kind::Pipeline, "72d66eb3303e"));
        assert!(!stats.has(Kind::Pipeline, "577bd24d3a61"));
        let refusals = [Kind::Clusters, Kind::Routes, Kind::Pipeline];
        assert_eq!(refusals.map(|kind| stats.refusals(kind)), [2, 1, 0]);
        assert_eq!((stats.pipelines(), stats.warming()), (3, true));
        let warm = SAID.replace("warming_clusters: 1", "warming_clusters: 0");
        assert!(!Stats::new(warm).warming());
    }

    #[test]
    fn a_secret_that_envoy_cannot_use_is_named() {
        let stats = "sds.certificate-a.version_text: \"\"\n\
                     sds.certificate-a.update_rejected: 0\n\
                     sds.certificate-b.update_rejected: 1\n\
                     sds.certificate-b.update_success: 3\n";
        let stats = Stats::new(stats.to_owned());
        assert_eq!(stats.refused_secrets(), ["certificate-b"]);
    }

    #[test]
    fn what_envoy_does_not_tell_it_does_not_have() {
        let stats = Stats::new(String::new());
        assert!(!stats.has(Kind::Clusters, ""));
    }

    #[test]
    fn requests_under_way_are_counted_by_cluster() {
        let said = "\
a-1::127.0.0.1:81::rq_active::2
a-1::127.0.0.2:81::rq_active::1
a-12::127.0.0.1:82::rq_active::7
a-1::127.0.0.1:81::rq_total::9
b-1::[::1]:81::rq_active::4
";
        assert_eq!(active_requests(said, &["a-1"]), 3);
        assert_eq!(active_requests(said, &["b-1", "c-1"]), 4);
        assert_eq!(active_requests(said, &[]), 0);
    }
}
