//! `docs/eks.md`, done step by step: its documents are written and its commands called in its order, both ways.
//!
//! What belongs to AWS is played: its controllers ([`front`]), and clients that come through its balancers.

mod front;
mod page;
mod reader;

use std::collections::BTreeSet;
use std::sync::Arc;

use integration::client::Request;
use integration::kubernetes::ControlPlane;
use serde_json::Value;

use page::{Section, Step, program, sections};
use reader::{BALANCER, HOST, READER, Reader};

/// What is not called: these programs belong to AWS, to a registry and to the images' build,
const OF_OTHERS: [&str; 3] = ["aws", "docker", "make"];

/// and this asks for what this cluster does not have.
const NOT_THERE: [&str; 2] = [
    "kubectl -n kube-system get deployment aws-load-balancer-controller",
    "kubectl top node",
];

const PUBLIC: &str = "A public gateway";
const ACM: &str = "With a certificate of ACM";
const CLOUD_PROVIDER: &str = "With the cloud provider's own controller";
const PRIVATE: &str = "A private gateway behind an API Gateway";
const BEGINNING: &str = "Before you begin";
const WRONG: &str = "When something is wrong";

/// The page, and who follows it.
struct Walk {
    sections: Vec<Section>,
    reader: Reader,
    /// The headings of what was followed.
    followed: BTreeSet<String>,
    /// Which of the pets was asked for last.
    pet: u32,
}

impl Walk {
    fn section(&mut self, heading: &str) -> Vec<Step> {
        self.followed.insert(heading.to_owned());
        let mut sections = self.sections.iter();
        let found = sections.find(|section| section.heading == heading);
        found
            .unwrap_or_else(|| panic!("no {heading}"))
            .steps
            .clone()
    }

    /// Does what stands under a heading.
    async fn follow(&mut self, heading: &str) {
        for step in self.section(heading) {
            self.step(&step).await;
        }
    }

    /// The same behind a balancer of nodes. There a restart waits a minute for each pod, and is left out.
    async fn follow_with(&mut self, heading: &str, other: &str) {
        for step in self.section(heading) {
            match &step {
                Step::Command(command) if command.starts_with("kubectl rollout restart ") => {}
                Step::Command(_) => self.step(&step).await,
                Step::Document(_) => {
                    self.step(&step).await;
                    self.reader.write(other);
                }
            }
        }
    }

    async fn step(&mut self, step: &Step) {
        let command = match step {
            Step::Document(fields) => return self.reader.write(fields),
            Step::Command(command) => command,
        };
        match program(command) {
            Some(of_others) if OF_OTHERS.contains(&of_others) => {}
            Some("kubectl") if NOT_THERE.contains(&&**command) => {}
            Some("curl") => self.curl(command).await,
            Some("headgate" | "kubectl") | None => {
                let printed = self.reader.call(command).await;
                self.check(command, &printed).await;
            }
            Some(other) => panic!("nobody knows what {other} is: {command}"),
        }
    }

    /// What the page says of what a command prints.
    async fn check(&mut self, command: &str, printed: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        match words.as_slice() {
            ["headgate", "deploy", "status", ..] => {
                let well = "2 of 2 pods ready, 2 with the configuration that they are to have";
                assert!(printed.contains(well), "{printed}");
            }
            ["headgate", "deploy", "apply", ..] => {
                assert!(printed.contains(BALANCER), "{printed}");
            }
            ["kubectl", "rollout", "restart", ..] => {
                let waiting = "kubectl rollout status deployment shop -n shop";
                self.reader.call(waiting).await;
                self.over_tls_of_the_pods().await;
            }
            _ => {}
        }
    }

    /// Sends what a call of `curl` would, as somebody whose address is the reader's.
    async fn curl(&mut self, command: &str) {
        let (command, _) = command.split_once(" #").unwrap_or((command, ""));
        match command.trim_end() {
            "curl --connect-to shop.example.com:443:$NAME:443 https://shop.example.com/pets/7"
            | "curl -H 'x-forwarded-for: 192.0.2.1' …" => self.over_tls_of_the_pods().await,
            "curl -i http://$NAME/pets/7" => self.redirected().await,
            "curl -sv … 2>&1 | grep ALPN" => self.over_tls_of_aws().await,
            "curl https://$API.execute-api.eu-west-1.amazonaws.com/prod/pets/7"
            | "curl -H 'x-forwarded-for: 192.0.2.1' -H 'forwarded: for=192.0.2.1' …" => {
                self.through_an_api_gateway().await;
            }
            _ => panic!("nobody knows what this calls: {command}"),
        }
    }

    /// A request over TLS that ends at the pods, by somebody who would like to be another.
    async fn over_tls_of_the_pods(&mut self) {
        let asked = Request::get(&self.next()).authority(HOST);
        let asked = asked.header("x-forwarded-for", "192.0.2.1");
        let answer = self.reader.https().await.send(asked).await.unwrap();
        assert_eq!(answer.status, 200);
        self.arrived();
        self.logged(&READER.to_string()).await;
    }

    /// The path of another pet.
    fn next(&mut self) -> String {
        self.pet += 1;
        format!("/pets/{}", self.pet)
    }

    async fn redirected(&mut self) {
        let asked = Request::get("/pets/7").authority(BALANCER);
        let answer = self.reader.http().await.send(asked).await.unwrap();
        assert_eq!(answer.status, 308);
        let expected = format!("https://{BALANCER}/pets/7");
        assert_eq!(answer.headers["location"], expected);
    }

    async fn over_tls_of_aws(&mut self) {
        let asked = Request::get(&self.next()).authority(HOST);
        let answer = self.reader.https_of_aws().await.send(asked).await.unwrap();
        assert_eq!(answer.status, 200);
        self.arrived();
        self.logged(&READER.to_string()).await;
        self.redirected().await;
    }

    /// What an HTTP API sends for somebody who would like to be another.
    async fn through_an_api_gateway(&mut self) {
        const CLIENT: &str = "203.0.113.7";
        let host = "api.execute-api.eu-west-1.amazonaws.com";
        let forwarded =
            format!("for=192.0.2.1, by=198.51.100.1;for={CLIENT};host={host};proto=https");
        let path = self.next();
        let asked = Request::get(&format!("/prod{path}")).authority(host);
        let asked = asked.header("x-forwarded-for", "192.0.2.1");
        let asked = asked.header("forwarded", forwarded);
        let answer = self.reader.http().await.send(asked).await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(self.reader.pets.last().path, path);
        self.logged(CLIENT).await;
    }

    /// What `pets` has seen of the latest request.
    fn arrived(&self) {
        let seen = self.reader.pets.last();
        assert_eq!(seen.path, format!("/pets/{}", self.pet));
        assert_eq!(seen.headers["x-forwarded-proto"], "https", "{seen:?}");
    }

    /// Who the client of the latest request is, as the page has it looked up.
    async fn logged(&mut self, client: &str) {
        let steps = self.section(PUBLIC).into_iter();
        let mut commands = steps.filter_map(|step| match step {
            Step::Command(command) => Some(command),
            Step::Document(_) => None,
        });
        let command = commands.find(|one| one.starts_with("kubectl logs "));
        let (command, mut log) = (command.unwrap(), String::new());
        let last = format!("/pets/{}\"", self.pet);
        let reader = &self.reader;
        // A real kubelet shows logs of pods that end; this one does not.
        reader.rig.wait_for_pods(2).await;
        // Envoy writes its log every ten seconds.
        reader
            .rig
            .wait("the request is in the log", async || {
                log = reader.call(&command).await;
                log.contains(&last)
            })
            .await;
        let lines = log.lines().filter(|line| line.contains(&last));
        let told = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let clients: Vec<String> = told.map(|line| line["client"].to_string()).collect();
        assert_eq!(clients, [format!("\"{client}\"")], "{log}");
    }

    /// Takes all away, by the page's last command, and goes to another cluster.
    async fn leave(&mut self) {
        let last = self.section(WRONG).pop().unwrap();
        self.step(&last).await;
        self.reader.call("kubectl get namespace shop").await;
        self.reader.leave().await;
    }
}

pub async fn who_follows_the_page_comes_to_a_gateway_each_way(cluster: Arc<ControlPlane>) {
    let mut walk = Walk {
        sections: sections(),
        reader: Reader::new(cluster).await,
        followed: BTreeSet::new(),
        pet: 7,
    };
    walk.follow(BEGINNING).await;
    walk.follow(PUBLIC).await;
    // The same gateway, with another certificate.
    let apply = "headgate deploy apply gateway.yaml --namespace shop";
    for step in walk.section(ACM) {
        walk.step(&step).await;
        if matches!(step, Step::Document(_)) {
            walk.step(&Step::Command(apply.to_owned())).await;
        }
    }
    walk.leave().await;

    walk.follow(BEGINNING).await;
    for step in walk.section(CLOUD_PROVIDER) {
        match step {
            Step::Document(fields) => walk.follow_with(PUBLIC, &fields).await,
            command => panic!("nobody knows when to call {command:?}"),
        }
    }
    walk.leave().await;

    walk.follow(BEGINNING).await;
    let Some(whole) = walk
        .section(PUBLIC)
        .into_iter()
        .find(|one| matches!(one, Step::Document(_)))
    else {
        panic!("no document");
    };
    walk.step(&whole).await;
    walk.follow(PRIVATE).await;
    walk.follow(WRONG).await;

    let all = walk.sections.iter().map(|section| section.heading.clone());
    assert_eq!(
        walk.followed,
        all.collect(),
        "a section that nobody follows"
    );
    walk.reader.kubelet.stop().await;
}
