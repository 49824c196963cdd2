//! Runs cases on the fake host.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use filter_api::{Direction, FUNCTION_HEADER, Filter, Reply, Root, Waiting, Wake, parse_config};
use filter_driver::{Driver, Resume, Verdict};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::{Answer, Case, CaseFile, RequestCase, parse_fields};
use crate::fake_host::{FakeHost, FakeRootHost, FieldList, Message, World};
use crate::observed::{Observed, ObservedMessage, verify};

/// When callouts are answered. Nothing that anybody sees may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalloutsAnswer {
    /// As soon as they are sent, before more of the message comes.
    Early,
    /// After all of the message has come.
    Late,
}

/// Runs every case file of a folder on the fake host, one test a file. The body of a test target
/// without harness.
pub fn run_cases<F: Filter>(folder: &str) -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = case_files(Path::new(folder)).into_iter().map(|path| {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Trial::test(name, move || run_file::<F>(&path).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// The case files of a folder, sorted.
pub fn case_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder can be read").path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no cases", folder.display());
    files
}

/// Reads a case file.
///
/// # Errors
/// What is wrong with it.
pub fn load_case_file(path: &Path) -> Result<CaseFile, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn run_file<F: Filter>(path: &Path) -> Result<(), String> {
    let file = load_case_file(path)?;
    let config = file.config.to_string();
    let compiled = parse_config(config.as_bytes()).and_then(F::compile);
    if let Some(expected) = &file.refused {
        return match compiled {
            Ok(_) => Err(format!("expected to be refused: {expected}")),
            Err(error) if error.to_string() == *expected => Ok(()),
            Err(error) => Err(format!("expected: {expected}\n     saw: {error}")),
        };
    }
    if file.cases.is_empty() {
        return Err("the file has no cases".to_owned());
    }
    let filter = Rc::new(compiled.map_err(|error| error.to_string())?);
    for (index, case) in file.cases.iter().enumerate() {
        for answered in [CalloutsAnswer::Early, CalloutsAnswer::Late] {
            let observed = Runner::new(&filter, case).run(answered);
            verify(&case.expect, &observed)
                .map_err(|faults| format!("cases[{index}], callouts {answered:?}:\n{faults}"))?;
        }
    }
    Ok(())
}

/// One case on the fake host.
pub struct Runner<'a, F: Filter> {
    filter: &'a Rc<F>,
    case: &'a Case,
    root: F::Root,
    root_host: FakeRootHost,
    driver: Driver<F::Exchange>,
    host: FakeHost,
}

/// What ended a half of the exchange.
enum Passage {
    /// All of it went on.
    Passed,
    /// The filter answered.
    Replied(Reply),
}

impl<'a, F: Filter> Runner<'a, F> {
    /// A case in a world of its own.
    pub fn new(filter: &'a Rc<F>, case: &'a Case) -> Self {
        let world = Rc::new(RefCell::new(World::answering(case.callouts.clone())));
        let mut root_host = FakeRootHost {
            world: Rc::clone(&world),
            wakes_all: false,
        };
        let mut root = filter.root();
        root.on_start(&mut root_host)
            .expect("the fake host does all that a root asks");
        Self {
            filter,
            case,
            root,
            root_host,
            driver: Driver::new(filter.exchange(), filter.holding()),
            host: FakeHost::new(world, request(&case.request)),
        }
    }

    /// Runs it.
    pub fn run(mut self, answered: CalloutsAnswer) -> Observed {
        let request_body = self.case.request.body.clone().map(String::into_bytes);
        let passage = self.half(Direction::Request, request_body, answered);
        let observed = match passage {
            Passage::Replied(reply) => self.replied(None, reply),
            Passage::Passed => {
                let mut forwarded = observed(&self.host.request);
                let function = forwarded
                    .headers
                    .iter()
                    .find(|(name, _)| name == FUNCTION_HEADER)
                    .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
                // Envoy takes it off before the upstream sees it.
                forwarded
                    .headers
                    .retain(|(name, _)| name != FUNCTION_HEADER);
                self.answered(function, forwarded, answered)
            }
        };
        self.driver.on_log(&mut self.host);
        observed
    }

    /// The upstream has the request: its answer on the way back.
    fn answered(
        &mut self,
        function: Option<String>,
        forwarded: ObservedMessage,
        answered: CalloutsAnswer,
    ) -> Observed {
        self.host.phase = Direction::Response;
        self.host.response = answer(&self.case.upstream);
        let body = self.case.upstream.body.clone().into_bytes();
        let body = (!body.is_empty()).then_some(body);
        match self.half(Direction::Response, body, answered) {
            Passage::Replied(reply) => Observed {
                function,
                ..self.replied(Some(forwarded), reply)
            },
            Passage::Passed => Observed {
                function,
                denied: None,
                forwarded: Some(forwarded),
                status: self.case.upstream.status,
                response: observed(&self.host.response),
            },
        }
    }

    fn replied(&self, forwarded: Option<ObservedMessage>, reply: Reply) -> Observed {
        let owned = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
        Observed {
            function: None,
            denied: forwarded.is_none().then(|| reply.label.to_owned()),
            forwarded,
            status: reply.status,
            response: ObservedMessage {
                headers: reply.headers.into_iter().map(owned).collect(),
                body: reply.body,
                trailers: Vec::new(),
            },
        }
    }

    /// Shows one message to the driver, in parts.
    fn half(&mut self, of: Direction, body: Option<Vec<u8>>, answered: CalloutsAnswer) -> Passage {
        let trailers = match of {
            Direction::Request => !self.host.request.trailers.is_empty(),
            Direction::Response => !self.host.response.trailers.is_empty(),
        };
        let ends_early = body.is_none() && !trailers;
        let mut verdict = self.driver.on_headers(&mut self.host, of, ends_early);
        let body = body.unwrap_or_default();
        // Two chunks, so that whoever buffers has to.
        let middle = body.len() / 2;
        let (first, second) = body.split_at(middle);
        for (chunk, last) in [(first, false), (second, true)] {
            if ends_early || (body.is_empty() && trailers) {
                break;
            }
            if answered == CalloutsAnswer::Early {
                verdict = self.wakes(verdict);
            }
            if let Verdict::Reply(reply) = verdict {
                return Passage::Replied(reply);
            }
            let held = {
                let message = match of {
                    Direction::Request => &mut self.host.request,
                    Direction::Response => &mut self.host.response,
                };
                message.body.extend_from_slice(chunk);
                message.body.len()
            };
            verdict = self
                .driver
                .on_body(&mut self.host, of, held, last && !trailers);
        }
        if trailers && !matches!(verdict, Verdict::Reply(_)) {
            if answered == CalloutsAnswer::Early {
                verdict = self.wakes(verdict);
            }
            if !matches!(verdict, Verdict::Reply(_)) {
                verdict = self.driver.on_trailers(&mut self.host, of);
            }
        }
        match self.wakes(verdict) {
            Verdict::Continue => Passage::Passed,
            Verdict::Reply(reply) => Passage::Replied(reply),
            Verdict::Hold => panic!("the exchange holds its message for ever"),
        }
    }

    /// Answers callouts and lets time pass, as long as the exchange waits.
    fn wakes(&mut self, mut verdict: Verdict) -> Verdict {
        const TICKS: u32 = 10_000;
        for _ in 0..TICKS {
            let Some(waiting) = self.driver.waiting() else {
                return verdict;
            };
            let resume = match waiting {
                Waiting::Callout(_) => {
                    let answer = self.host.world.borrow_mut().answer_next();
                    let (id, outcome) = answer.expect("a callout that is waited for is open");
                    self.driver
                        .on_wake(&mut self.host, Wake::Callout(id, outcome))
                }
                Waiting::Root { until } => self.tick(until),
            };
            match resume {
                Resume::Nothing => {}
                Resume::Continue(_) => verdict = Verdict::Continue,
                Resume::Reply(reply) => return Verdict::Reply(reply),
            }
        }
        panic!("the exchange waits for ever");
    }

    fn tick(&mut self, until: std::time::Duration) -> Resume {
        let period = self
            .root
            .tick_period()
            .expect("who waits for the root needs its tick")
            .get();
        self.host.world.borrow_mut().now += period;
        self.root
            .on_tick(&mut self.root_host)
            .expect("the root ticks");
        let answer = self.root_host.world.borrow_mut().answer_next();
        if let Some((id, outcome)) = answer {
            let told = self.root.on_callout(&mut self.root_host, id, outcome);
            told.expect("the root takes its answer");
        }
        if std::mem::take(&mut self.root_host.wakes_all) {
            self.driver.on_wake(&mut self.host, Wake::Root)
        } else if until <= self.host.world.borrow().now {
            self.driver.on_wake(&mut self.host, Wake::Expired)
        } else {
            Resume::Nothing
        }
    }

    /// The filter that runs.
    pub fn filter(&self) -> &Rc<F> {
        self.filter
    }
}

fn bytes(fields: &[String]) -> FieldList {
    let fields = parse_fields(fields).into_iter();
    fields
        .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
        .collect()
}

fn request(case: &RequestCase) -> Message {
    let mut headers: FieldList = [
        (":authority", &case.host),
        (":path", &case.path),
        (":method", &case.method),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.clone().into_bytes()))
    .collect();
    headers.extend(bytes(&case.headers));
    Message {
        headers,
        body: Vec::new(),
        trailers: bytes(&case.trailers),
    }
}

fn answer(answer: &Answer) -> Message {
    let mut headers = vec![(b":status".to_vec(), answer.status.to_string().into_bytes())];
    headers.extend(bytes(&answer.headers));
    Message {
        headers,
        body: Vec::new(),
        trailers: bytes(&answer.trailers),
    }
}

fn observed(message: &Message) -> ObservedMessage {
    let text = |(name, value): &(Vec<u8>, Vec<u8>)| {
        (String::from_utf8_lossy(name).into_owned(), value.clone())
    };
    ObservedMessage {
        headers: message.headers.iter().map(text).collect(),
        body: message.body.clone(),
        trailers: message.trailers.iter().map(text).collect(),
    }
}
