//! Threads of one host, each with a filter of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use filter_api::{
    CalloutId, CalloutOutcome, Direction, Filter, Level, Root, Waiting, Wake, parse_config,
};
use filter_driver::{Driver, Resume, Verdict};
use filter_testing::{Answer, FakeHost, FakeRootHost, Message, World};
use jwt_authz::{AuthorisationRoot, JwtAuthz, JwtExchange};
use serde_json::{Value, json};

/// When tests begin.
pub const NOW: Duration = Duration::from_secs(1_000_000);

/// How often a root ticks.
pub const TICK: Duration = Duration::from_millis(100);

pub const URL: &str = "https://id.example.com/keys";

/// A key pair, by a number of one's choice.
pub struct Pair {
    pub kid: Option<&'static str>,
    key: SigningKey,
}

impl Pair {
    pub fn new(kid: &'static str, number: u8) -> Self {
        let kid = (!kid.is_empty()).then_some(kid);
        let key = SigningKey::from_bytes(&[number; 32]);
        Self { kid, key }
    }

    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.verifying_key());
        let mut jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        if let Some(kid) = self.kid {
            jwk["kid"] = kid.into();
        }
        jwk
    }

    /// A token until 2100.
    pub fn token(&self) -> String {
        let mut header = json!({ "alg": "EdDSA" });
        if let Some(kid) = self.kid {
            header["kid"] = kid.into();
        }
        let claims = json!({ "sub": "ada", "exp": 4_102_444_800_u64 });
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = parts.join(".");
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}.{signature}")
    }
}

/// A token that names a key which nobody has, whatever its signature.
pub fn made_up(kid: &str) -> String {
    let header = json!({ "alg": "EdDSA", "kid": kid }).to_string();
    let parts = [header.as_str(), "{}", "made up"].map(|part| URL_SAFE_NO_PAD.encode(part));
    parts.join(".")
}

/// A JWK Set.
pub fn set(pairs: &[&Pair]) -> Answer {
    let keys: Vec<Value> = pairs.iter().map(|pair| pair.jwk()).collect();
    body(json!({ "keys": keys }).to_string())
}

pub fn body(body: impl Into<String>) -> Answer {
    Answer {
        body: body.into(),
        ..Answer::default()
    }
}

pub fn status(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

/// A configuration of one provider, `corp`, whose keys are asked of the cluster `idp`.
pub fn config(fetch: &Value) -> Value {
    let remote = json!({ "cluster": "idp", "url": URL, "fetch": fetch });
    json!({
        "providers": { "corp": { "keys": { "remote": remote } } },
        "rules": [{ "match": { "prefix": "/" }, "require": { "provider": "corp" } }],
    })
}

struct Thread {
    filter: Rc<JwtAuthz>,
    root: AuthorisationRoot,
    host: FakeRootHost,
}

pub struct Rig {
    pub world: Rc<RefCell<World>>,
    threads: Vec<Thread>,
}

/// What has become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Passed,
    Waits,
    Refused(&'static str),
}

/// A request on its way.
pub struct Request {
    thread: usize,
    driver: Driver<JwtExchange>,
    host: FakeHost,
    pub fate: Fate,
}

impl Rig {
    /// So many threads, none of which has ticked; nobody answers.
    pub fn new(threads: usize, config: &Value) -> Self {
        let mut world = World::default();
        world.now = NOW;
        let mut rig = Self {
            world: Rc::new(RefCell::new(world)),
            threads: Vec::new(),
        };
        rig.answer(status(503));
        (0..threads).for_each(|_| rig.start_thread(config));
        rig
    }

    /// [`new`](Self::new) with two threads, and keys that have come.
    pub fn with_keys(config: &Value, pairs: &[&Pair]) -> Self {
        let mut rig = Self::new(2, config);
        rig.answer(set(pairs));
        rig.tick(&mut []);
        rig.tick(&mut []);
        assert_eq!(rig.fetches(), 1);
        rig
    }

    /// One more thread; with another configuration, as after a push.
    pub fn start_thread(&mut self, config: &Value) {
        let config = parse_config(config.to_string().as_bytes());
        let filter = Rc::new(config.and_then(JwtAuthz::compile).unwrap());
        let mut thread = Thread {
            root: filter.root(),
            filter,
            host: FakeRootHost {
                world: Rc::clone(&self.world),
                wakes_all: false,
            },
        };
        thread.root.on_start(&mut thread.host).unwrap();
        self.threads.push(thread);
    }

    /// The thread is gone, as with a configuration that was replaced.
    pub fn end_thread(&mut self, index: usize) {
        self.threads.remove(index);
    }

    /// The server answers like this from now on.
    pub fn answer(&self, answer: Answer) {
        let mut world = self.world.borrow_mut();
        world.answers.insert("idp".to_owned(), answer);
    }

    /// Time goes by until the next tick, in which all threads ask what they have to ask.
    pub fn tick_unanswered(&mut self, requests: &mut [Request]) {
        self.sleep(TICK);
        for thread in 0..self.threads.len() {
            self.tick_of(thread);
            self.wake(thread, requests);
        }
    }

    /// How many good tokens were known, which is told when threads tick.
    pub fn cached(&mut self) -> u64 {
        self.tick(&mut []);
        let world = self.world.borrow();
        let counter = world
            .counters
            .get("headgate_jwt_cached_total;provider=corp;");
        counter.copied().unwrap_or(0)
    }

    /// One thread ticks.
    pub fn tick_of(&mut self, thread: usize) {
        let Thread { root, host, .. } = &mut self.threads[thread];
        root.on_tick(host).unwrap();
    }

    /// All that was asked is answered.
    pub fn answers_come(&mut self, requests: &mut [Request]) {
        loop {
            let answer = self.world.borrow_mut().answer_next();
            let Some((id, outcome)) = answer else { return };
            for thread in 0..self.threads.len() {
                let Thread { root, host, .. } = &mut self.threads[thread];
                root.on_callout(host, id, outcome.clone()).unwrap();
                self.wake(thread, requests);
            }
        }
    }

    /// The answer to a callout comes.
    pub fn deliver(&mut self, (id, outcome): (CalloutId, CalloutOutcome)) {
        for Thread { root, host, .. } in &mut self.threads {
            root.on_callout(host, id, outcome.clone()).unwrap();
        }
    }

    /// Somebody else writes to the shared data.
    pub fn damage(&mut self, what: &str, bytes: &[u8]) {
        let key = format!("headgate.jwt.1.{what}.idp {URL}");
        let mut world = self.world.borrow_mut();
        let shared = world.shared.get_mut(&key).unwrap();
        shared.value = bytes.to_vec();
        shared.generation += 1;
    }

    /// A tick, and answers to what was asked in it.
    pub fn tick(&mut self, requests: &mut [Request]) {
        self.tick_unanswered(requests);
        self.answers_come(requests);
    }

    /// Nothing happens for as long as this.
    pub fn sleep(&self, time: Duration) {
        self.world.borrow_mut().now += time;
    }

    /// Ticks for as long as this.
    pub fn pass(&mut self, time: Duration, requests: &mut [Request]) {
        let until = self.world.borrow().now + time;
        while self.world.borrow().now < until {
            self.tick(requests);
        }
    }

    fn wake(&mut self, thread: usize, requests: &mut [Request]) {
        let all = std::mem::take(&mut self.threads[thread].host.wakes_all);
        let now = self.world.borrow().now;
        let here = requests.iter_mut().filter(|one| one.thread == thread);
        for request in here {
            let Some(Waiting::Root { until }) = request.driver.waiting() else {
                continue;
            };
            if all {
                request.wake(Wake::Root);
            }
            if until <= now && request.fate == Fate::Waits {
                request.wake(Wake::Expired);
            }
        }
    }

    /// Sends a request with a token on a thread.
    pub fn send(&self, thread: usize, token: &str) -> Request {
        self.send_to("/", thread, token)
    }

    pub fn send_to(&self, path: &str, thread: usize, token: &str) -> Request {
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let mut headers = vec![field(":method", "GET"), field(":path", path)];
        for token in token.split_whitespace() {
            headers.push(match token.split_once(':') {
                Some((name, token)) => field(name, token),
                None => field("authorization", &format!("Bearer {token}")),
            });
        }
        let message = Message {
            headers,
            ..Message::default()
        };
        let mut host = FakeHost::new(Rc::clone(&self.world), message);
        let filter = &self.threads[thread].filter;
        let mut driver = Driver::new(filter.exchange(), filter.holding());
        let fate = match driver.on_headers(&mut host, Direction::Request, true) {
            Verdict::Continue => Fate::Passed,
            Verdict::Hold => Fate::Waits,
            Verdict::Reply(reply) => Fate::Refused(reply.label),
        };
        Request {
            thread,
            driver,
            host,
            fate,
        }
    }

    /// What becomes of a token at once, on each thread.
    pub fn fates(&self, token: &str) -> Vec<Fate> {
        let threads = 0..self.threads.len();
        threads
            .map(|thread| self.send(thread, token).fate)
            .collect()
    }

    /// How often the server was asked.
    pub fn fetches(&self) -> u32 {
        let world = self.world.borrow();
        world.hostcalls.get("proxy_http_call").copied().unwrap_or(0)
    }

    /// How many fetches ended so.
    pub fn ended(&self, outcome: &str) -> u64 {
        let name = format!("headgate_jwt_key_fetches_total;provider=corp;;outcome={outcome};");
        let world = self.world.borrow();
        world.counters.get(&name).copied().unwrap_or(0)
    }

    /// Lines of the log that somebody should read.
    pub fn warnings(&self) -> Vec<String> {
        let world = self.world.borrow();
        let warnings = world.log.iter().filter(|(level, _)| *level >= Level::Warn);
        warnings.map(|(_, line)| line.clone()).collect()
    }
}

impl Request {
    fn wake(&mut self, wake: Wake) {
        self.fate = match self.driver.on_wake(&mut self.host, wake) {
            Resume::Nothing => Fate::Waits,
            Resume::Continue(_) => Fate::Passed,
            Resume::Reply(reply) => Fate::Refused(reply.label),
        };
    }
}
