//! What Envoy takes while it runs, by the keys that it is known by.
//!
//! Keys hold a hash of what they mean ([`Functions`]), so what several documents render can be in use
//! at once: their [union](Resources::union) says all that each of them says. Before Envoy turns from
//! one document to the next it is given both.

use std::collections::BTreeMap;

use gateway_model::Gateway;
use serde_json::{Map, Value, json};

use crate::discovery::{CLUSTERS, PIPELINE, ROUTES, response};
use crate::{Functions, Placement, clusters, key_servers, pipeline, rate_limits, routes, secrets};

/// What Envoy takes while it runs. The bootstrap, which it takes at its start, is apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Resources {
    /// By the names of their files.
    secrets: BTreeMap<String, Value>,
    /// By name.
    clusters: BTreeMap<String, Value>,
    /// What is done with a request that goes to a function, by the function's key.
    functions: BTreeMap<String, Value>,
    /// About how many limits a service can be asked for one request.
    slots: usize,
    /// The pipeline and its configuration, which names functions.
    pipeline: Value,
}

/// A file that Headgate has not written, or that somebody has changed since.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} is not what Headgate writes: {problem}")]
pub struct ReadError {
    file: String,
    problem: String,
}

impl Resources {
    /// What a document renders.
    pub fn of(gateway: &Gateway, placement: &Placement) -> Self {
        let functions = Functions::of(gateway);
        let mut clusters = clusters::clusters(&functions, placement);
        clusters.extend(key_servers::clusters(gateway, placement));
        clusters.extend(rate_limits::clusters(gateway, placement));
        Self {
            secrets: secrets::resources(gateway, placement),
            clusters,
            functions: routes::actions(&functions),
            slots: rate_limits::slots(gateway),
            pipeline: pipeline::extension(gateway, &functions, placement),
        }
    }

    /// What was written before, from the texts of the files by name. Other files than those of
    /// [`files`](Self::files) are passed over.
    ///
    /// # Errors
    /// When one is missing, or was not written by Headgate.
    pub fn read(files: &BTreeMap<String, String>) -> Result<Self, ReadError> {
        let one = |file: &str| -> Result<Value, ReadError> {
            let mut all = resources(files, file)?;
            all.pop().ok_or_else(|| wrong(file, "it holds no resource"))
        };
        let mut clusters = BTreeMap::new();
        for cluster in resources(files, CLUSTERS)? {
            let name = cluster.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| wrong(CLUSTERS, "a cluster has no name"))?;
            clusters.insert(name.to_owned(), cluster);
        }
        let actions = routes::actions_of(one(ROUTES)?);
        let (functions, slots) =
            actions.ok_or_else(|| wrong(ROUTES, "it holds no table of functions"))?;
        let secrets = files.keys().filter(|file| secrets::is_file(file));
        let secrets = secrets.map(|file| Ok((file.clone(), one(file)?)));
        Ok(Self {
            secrets: secrets.collect::<Result<_, ReadError>>()?,
            clusters,
            functions,
            slots,
            pipeline: one(PIPELINE)?,
        })
    }

    /// All that both say, with the pipeline of this one.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let both = |own: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
            let mut both = other.clone();
            both.extend(own.clone());
            both
        };
        Self {
            secrets: both(&self.secrets, &other.secrets),
            clusters: both(&self.clusters, &other.clusters),
            functions: both(&self.functions, &other.functions),
            slots: self.slots.max(other.slots),
            pipeline: self.pipeline.clone(),
        }
    }

    /// What the pipeline names, and what that names in turn, alone. Names hold hashes, so where one is
    /// written it is meant.
    #[must_use]
    pub fn named_by_pipeline(&self) -> Self {
        let named = |all: &BTreeMap<String, Value>, by: &str| {
            let named = all.iter().filter(|(name, _)| by.contains(name.as_str()));
            let named = named.map(|(name, value)| (name.clone(), value.clone()));
            named.collect::<BTreeMap<_, _>>()
        };
        let pipeline = self.pipeline.to_string();
        let functions = named(&self.functions, &pipeline);
        // Servers of keys the pipeline names itself, and the rate-limit service listeners do.
        let mut clusters = named(&self.clusters, &format!("{}{pipeline}", json!(functions)));
        let services = self.clusters.iter();
        let services = services.filter(|(name, _)| rate_limits::is_service(name));
        clusters.extend(services.map(|(name, value)| (name.clone(), value.clone())));
        Self {
            // Listeners name them too.
            secrets: self.secrets.clone(),
            clusters,
            functions,
            slots: self.slots,
            pipeline: self.pipeline.clone(),
        }
    }

    /// Whether both have the same pipeline.
    pub fn has_pipeline_of(&self, other: &Self) -> bool {
        self.pipeline == other.pipeline
    }

    /// The clusters of this one that the other has not.
    pub fn clusters_without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a str> {
        let names = self.clusters.keys();
        let names = names.filter(|name| !other.clusters.contains_key(*name));
        names.map(String::as_str)
    }

    /// The files that secrets are in, by the names that Envoy's statistics call the secrets.
    pub fn secret_files(&self, names: &[String]) -> Vec<&str> {
        let secrets = names
            .iter()
            .filter_map(|name| self.secrets.get(&secrets::file(name)));
        secrets.flat_map(secrets::paths).collect()
    }

    /// Whether all that the other says of secrets, clusters and functions is said here.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |own: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
            other.iter().all(|(key, value)| own.get(key) == Some(value))
        };
        covers(&self.secrets, &other.secrets)
            && covers(&self.clusters, &other.clusters)
            && covers(&self.functions, &other.functions)
            && self.slots >= other.slots
    }

    /// The files that Envoy reads, by name.
    pub fn files(&self) -> BTreeMap<String, String> {
        let secrets = self.secrets.iter();
        let secrets = secrets.map(|(file, secret)| (file.as_str(), response(&[secret])));
        let clusters: Vec<&Value> = self.clusters.values().collect();
        let functions: Map<String, Value> = self.functions.clone().into_iter().collect();
        let table = routes::route_configuration(functions, self.slots);
        let others = [
            (CLUSTERS, response(&clusters)),
            (ROUTES, response(&[&table])),
            (PIPELINE, response(&[&self.pipeline])),
        ];
        let files = secrets.chain(others);
        files.map(|(file, text)| (file.to_owned(), text)).collect()
    }
}

/// The resources in one of the files.
fn resources(files: &BTreeMap<String, String>, file: &str) -> Result<Vec<Value>, ReadError> {
    let text = files
        .get(file)
        .ok_or_else(|| wrong(file, "it is not there"))?;
    let read = serde_saphyr::from_str::<Value>(text);
    let mut read = read.map_err(|error| wrong(file, &error.to_string()))?;
    match read.get_mut("resources").map(Value::take) {
        Some(Value::Array(resources)) => Ok(resources),
        _ => Err(wrong(file, "it holds no resources")),
    }
}

fn wrong(file: &str, problem: &str) -> ReadError {
    ReadError {
        file: file.to_owned(),
        problem: problem.to_owned(),
    }
}
