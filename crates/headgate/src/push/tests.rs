//! The steps of a push, on Envoys that are a few lines.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::rc::Rc;

use envoy_render::{Placement, version};

use super::stats::Stats;
use super::*;

mod fleet;

/// An Envoy that takes each file a few looks after it was moved, and keeps what it was given.
#[derive(Debug, Default, Clone)]
struct Fake(Rc<State>);

#[derive(Debug, Default)]
struct State {
    directory: RefCell<BTreeMap<String, String>>,
    /// By kind, in the order of [`Kind::ALL`].
    taken: RefCell<[String; 3]>,
    refusals: Cell<[u64; 3]>,
    pipelines: Cell<u64>,
    looks: Cell<u32>,
    /// How many more looks it takes.
    slowness: Cell<u32>,
    /// A kind that it does not take: refused, or never looked at.
    refuses: Cell<Option<Kind>>,
    never_takes: Cell<Option<Kind>>,
    warming: Cell<bool>,
    /// A secret that it cannot use.
    refused_secret: RefCell<String>,
    gone: Cell<bool>,
    busy: RefCell<String>,
    /// What was done to the directory.
    done: RefCell<Vec<String>>,
}

/// How often it is asked before it has looked at its directory.
const LOOKS: u32 = 3;

impl Fake {
    fn look_at_the_directory(&self) {
        let state = &self.0;
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            let directory = state.directory.borrow();
            let Some(text) = directory.get(kind.file()) else {
                continue;
            };
            let mut taken = state.taken.borrow_mut();
            if version(&taken[i]) == version(text) || state.never_takes.get() == Some(kind) {
                continue;
            }
            if state.refuses.get() == Some(kind) {
                let mut refusals = state.refusals.get();
                refusals[i] += 1;
                state.refusals.set(refusals);
                continue;
            }
            if kind == Kind::Pipeline {
                state.pipelines.set(state.pipelines.get() + 1);
                assert_all_named_is_there(text, &taken);
            }
            taken[i].clone_from(text);
        }
    }

    fn done(&self) -> Vec<String> {
        self.0.done.take()
    }

    fn in_use(&self) -> String {
        let taken = self.0.taken.borrow();
        taken.concat()
    }
}

/// What the pipeline names must be there when it comes.
fn assert_all_named_is_there(pipeline: &str, taken: &[String; 3]) {
    let named = pipeline.split("\"function\":\"").skip(1);
    let named: Vec<&str> = named.map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(named.len(), 1, "{pipeline}");
    for key in named {
        assert!(taken[1].contains(key), "no function {key}");
        assert!(
            taken[0].contains(key.split('-').next().unwrap()),
            "no cluster for {key}"
        );
    }
}

impl Target for Fake {
    type Envoy = Self;

    fn limit(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(5)
    }

    async fn carry(&mut self, files: &[(String, String)]) -> Result<(), CarryError> {
        for (file, text) in files {
            self.0.done.borrow_mut().push(file.clone());
            let mut directory = self.0.directory.borrow_mut();
            directory.insert(file.clone(), text.clone());
        }
        self.0.looks.set(0);
        Ok(())
    }

    async fn remove(&mut self, files: &[String]) {
        for file in files {
            self.0.done.borrow_mut().push(format!("-{file}"));
            self.0.directory.borrow_mut().remove(file);
        }
    }

    async fn readers(&mut self) -> Result<Vec<Reader<Self>>, CarryError> {
        Ok(vec![self.reader("Envoy", true)])
    }
}

impl Envoy for Fake {
    async fn get(&self, _path: &str) -> Option<String> {
        None
    }

    async fn stats(&self) -> Option<Stats> {
        let state = &self.0;
        if state.gone.get() {
            return None;
        }
        state.looks.set(state.looks.get() + 1);
        if state.looks.get() == LOOKS + state.slowness.get() {
            self.look_at_the_directory();
        }
        let mut said = String::new();
        let names = [
            "cluster_manager.cds",
            "http.http.rds.headgate",
            "extension_config_discovery.http_filter.headgate.pipeline",
        ];
        let taken = state.taken.borrow();
        for ((name, text), refusals) in names.iter().zip(&*taken).zip(state.refusals.get()) {
            let version = version(text).unwrap_or_default();
            writeln!(said, "{name}.version_text: \"{version}\"").unwrap();
            writeln!(said, "{name}.update_rejected: {refusals}").unwrap();
        }
        writeln!(
            said,
            "{}.config_reload: {}",
            names[2],
            state.pipelines.get()
        )
        .unwrap();
        let secret = state.refused_secret.borrow();
        writeln!(
            said,
            "sds.{secret}.update_rejected: {}",
            u8::from(!secret.is_empty())
        )
        .unwrap();
        let warming = u8::from(state.warming.get());
        writeln!(said, "cluster_manager.warming_clusters: {warming}").unwrap();
        Some(Stats::new(said))
    }

    async fn clusters(&self) -> Option<String> {
        (!self.0.gone.get()).then(|| self.0.busy.borrow().clone())
    }

    async fn warming(&self) -> Vec<String> {
        vec!["pets".to_owned()]
    }

    async fn refusal(&self) -> Option<String> {
        Some("it is no good".to_owned())
    }
}

fn document(upstreams: &str, to: &str) -> Resources {
    let text = format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
         listeners: [{{ name: http, port: 8080 }}]\n\
         upstreams: {{ {upstreams} }}\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: {to} }}] }}]\n"
    );
    let read = gateway_model::read("gateway.yaml", text.as_bytes());
    let gateway = read.unwrap_or_else(|wrong| panic!("{wrong}")).document;
    Resources::of(&gateway, &Placement::in_directory("/etc/headgate"))
}

fn old() -> Resources {
    document("old: { http: \"a:1\", tls: { ca: old.crt } }", "old")
}

fn new() -> Resources {
    document("new: { http: \"b:1\", tls: { ca: new.crt } }", "new")
}

/// One that has taken [`old`].
fn started() -> (Fake, Pusher<Fake>) {
    let fake = Fake::default();
    *fake.0.directory.borrow_mut() = old().files();
    fake.look_at_the_directory_in_order();
    let pusher = Pusher::new(fake.clone(), old());
    (fake, pusher)
}

impl Fake {
    fn reader(&self, name: &str, serves: bool) -> Reader<Self> {
        Reader {
            name: name.to_owned(),
            id: name.to_owned(),
            serves,
            envoy: self.clone(),
        }
    }

    /// At its start it takes the pipeline last.
    fn look_at_the_directory_in_order(&self) {
        self.look_at_the_directory();
        assert!(self.in_use().contains("old-"));
    }
}

#[tokio::test]
async fn what_is_new_is_there_before_anything_names_it_and_stays_while_anything_does() {
    let (fake, mut pusher) = started();
    pusher.push(new()).await.unwrap();
    let done = fake.done();
    assert!(done[0].starts_with("sds-"), "{done:?}");
    assert_eq!(done[1..], ["cds.yaml", "rds.yaml", "ecds.yaml"]);
    assert!(
        fake.in_use().contains("old-"),
        "a request may be under way to it"
    );
    assert!(pusher.has(&new()) && pusher.has_retired());

    *fake.0.busy.borrow_mut() = "x".to_owned();
    pusher.prune().await.unwrap();
    assert_eq!(fake.done().len(), 0, "idle once may be between two tries");
    pusher.prune().await.unwrap();
    let done = fake.done();
    assert_eq!(done[..2], ["cds.yaml", "rds.yaml"]);
    assert!(done[2].starts_with("-sds-"), "{done:?}");
    assert!(!fake.in_use().contains("old-"));
    assert!(!pusher.has_retired());
}

#[tokio::test]
async fn a_cluster_that_is_called_stays_until_it_is_idle_or_for_so_long() {
    let (fake, mut pusher) = started();
    let old = old();
    let new = new();
    let cluster = old.clusters_without(&new).next().unwrap();
    pusher.push(new.clone()).await.unwrap();
    *fake.0.busy.borrow_mut() = format!("{cluster}::127.0.0.1:1::rq_active::1\n");
    for _ in 1..MOST_LOOKS {
        pusher.prune().await.unwrap();
        assert!(pusher.has_retired());
    }
    pusher.prune().await.unwrap();
    assert!(!pusher.has_retired());
}

#[tokio::test]
async fn a_second_push_before_the_first_is_pruned_keeps_what_both_name() {
    let (fake, mut pusher) = started();
    pusher.push(new()).await.unwrap();
    let third = document("third: { http: \"c:1\" }", "third");
    pusher.push(third).await.unwrap();
    for name in ["old-", "new-", "third-"] {
        assert!(fake.in_use().contains(name), "{name}");
    }
    for _ in 0..IDLE_LOOKS {
        pusher.prune().await.unwrap();
    }
    let in_use = fake.in_use();
    assert!(!in_use.contains("old-") && !in_use.contains("new-") && in_use.contains("third-"));
}

#[tokio::test]
async fn what_envoy_refuses_is_told_and_undone() {
    for (kind, text) in [
        (Kind::Clusters, "Envoy refuses the clusters: it is no good"),
        (Kind::Routes, "Envoy refuses the routes: it is no good"),
        (
            Kind::Pipeline,
            "Envoy refuses the configuration of the pipeline: it is no good",
        ),
    ] {
        let (fake, mut pusher) = started();
        let before = fake.0.directory.borrow().clone();
        fake.0.refuses.set(Some(kind));
        let refused = pusher.push(new()).await.unwrap_err();
        assert_eq!(refused.to_string(), text);
        let pipeline = |files: &BTreeMap<String, String>| files["ecds.yaml"].clone();
        assert_eq!(pipeline(&fake.0.directory.borrow()), pipeline(&before));
        assert!(pusher.has(&old()));
        // And the next one goes on from there.
        fake.0.refuses.set(None);
        pusher.push(new()).await.unwrap();
        assert!(fake.0.directory.borrow()["ecds.yaml"].contains("new-"));
    }
}

#[tokio::test]
async fn a_certificate_that_envoy_cannot_use_is_named_and_nothing_is_switched() {
    let (fake, mut pusher) = started();
    let secrets = new().files();
    let secret = secrets
        .keys()
        .find(|file| file.starts_with("sds-"))
        .unwrap();
    let secret = secret.trim_start_matches("sds-").trim_end_matches(".yaml");
    let refusing = fake.clone();
    let name = secret.to_owned();
    let push = pusher.push(new());
    let refuse = async {
        tokio::task::yield_now().await;
        *refusing.0.refused_secret.borrow_mut() = name;
    };
    let (pushed, ()) = tokio::join!(push, refuse);
    assert_eq!(
        pushed.unwrap_err().to_string(),
        "Envoy cannot use what is in /etc/headgate/new.crt: it is no good"
    );
    assert!(!fake.in_use().contains("new-"));

    // What was refused before this push says nothing of it.
    let third = document("third: { http: \"c:1\" }", "third");
    pusher.push(third).await.unwrap();
}

#[tokio::test]
async fn a_push_waits_for_nothing_that_does_not_come() {
    let (fake, mut pusher) = started();
    fake.0.warming.set(true);
    assert_eq!(
        pusher.push(new()).await.unwrap_err().to_string(),
        "Envoy has not taken the clusters within 100ms; it still looks for the addresses or \
         certificates of pets"
    );
    assert!(
        !fake.0.directory.borrow()["cds.yaml"].contains("new-"),
        "undone"
    );

    let (fake, mut pusher) = started();
    fake.0.never_takes.set(Some(Kind::Pipeline));
    let late = pusher.push(new()).await.unwrap_err();
    assert!(
        matches!(
            late,
            PushError::Late {
                kind: Kind::Pipeline,
                ..
            }
        ),
        "{late}"
    );
    // One of its workers may have it.
    assert!(fake.0.directory.borrow()["rds.yaml"].contains("new-"));

    let (fake, mut pusher) = started();
    fake.0.gone.set(true);
    let error = pusher.push(new()).await.unwrap_err();
    assert_eq!(error.to_string(), "Envoy's admin endpoint does not answer");
    assert_eq!(fake.done().len(), 0);
}
