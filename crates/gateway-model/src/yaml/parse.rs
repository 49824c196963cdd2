//! From text to nodes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::fault::{Fault, Faults};
use super::node::{Entry, Mark, Node, Value};
use super::path::Path;
use super::scalar::{Core, Scalar};
use super::syntax::{end, mark, syntax};
use crate::words::quoted;

/// Deeper documents are refused: whatever walks them may use the stack.
const DEEPEST: usize = 64;
/// The number of nodes in a document.
const MOST_NODES: usize = 1_000_000;
/// The number of nodes that anchors and aliases may copy, so that a few lines do not become gigabytes.
const MOST_COPIED: usize = 100_000;

/// A text that is YAML.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Node,
    /// Mistakes that do not keep the rest from being understood.
    pub(crate) faults: Faults,
}

/// Reads a text of one document.
///
/// # Errors
/// The first fault that keeps the rest from being understood, after the lesser ones before it.
pub(crate) fn parse(text: &str) -> Result<Parsed, Faults> {
    let mut builder = Builder::default();
    match builder.read(text) {
        Ok(root) => Ok(Parsed {
            root,
            faults: builder.faults,
        }),
        Err(fault) => {
            builder.faults.push(fault);
            Err(builder.faults)
        }
    }
}

/// A collection whose end has not been seen.
struct Open {
    mark: Mark,
    anchor: usize,
    kind: Kind,
}

enum Kind {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        key: Option<(Box<str>, Mark)>,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    copied: usize,
    faults: Faults,
}

impl Builder {
    fn read(&mut self, text: &str) -> Result<Node, Fault> {
        let end = end(text);
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| syntax(&error, end))?;
            let mark = mark(&span.start).min(end);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let problem = "expected one document, found a second; \
                                       put each gateway into a file of its own";
                        return Err(self.fault(mark, problem.to_owned()));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let scalar = self.scalar(mark, text, style, tag.as_deref())?;
                    self.place(
                        Node {
                            value: Value::Scalar(scalar),
                            mark,
                        },
                        anchor,
                    )?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.check_tag(mark, tag.as_deref(), &["seq"])?;
                    self.open(mark, anchor, Kind::Sequence(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.check_tag(mark, tag.as_deref(), &["map"])?;
                    self.open(
                        mark,
                        anchor,
                        Kind::Mapping {
                            entries: Vec::new(),
                            key: None,
                        },
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close()?,
                Event::Alias(anchor) => self.alias(mark, anchor)?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        let empty = Value::Scalar(Scalar {
            text: "".into(),
            plain: true,
        });
        Ok(self.root.take().unwrap_or(Node {
            value: empty,
            mark: Mark::START,
        }))
    }

    fn scalar(
        &self,
        mark: Mark,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Scalar, Fault> {
        self.check_tag(mark, tag, &["str", "int", "float", "bool", "null"])?;
        let plain = match tag {
            Some(tag) => tag.suffix != "str",
            None => style == ScalarStyle::Plain,
        };
        Ok(Scalar {
            text: text.into(),
            plain,
        })
    }

    fn check_tag(&self, mark: Mark, tag: Option<&Tag>, known: &[&str]) -> Result<(), Fault> {
        match tag {
            Some(tag) if !tag.is_yaml_core_schema() || !known.contains(&tag.suffix.as_str()) => {
                let name = if tag.is_yaml_core_schema() {
                    format!("!!{}", tag.suffix)
                } else {
                    format!("{}{}", tag.handle, tag.suffix)
                };
                let problem = format!("unknown tag {}; write the value without it", quoted(&name));
                Err(self.fault(mark, problem))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, mark: Mark, anchor: usize, kind: Kind) -> Result<(), Fault> {
        self.check_depth(mark, 1)?;
        self.open.push(Open { mark, anchor, kind });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(Open { mark, anchor, kind }) = self.open.pop() else {
            return Ok(()); // the parser balances what it opens
        };
        let value = match kind {
            Kind::Sequence(items) => Value::Sequence(items),
            Kind::Mapping { entries, .. } => Value::Mapping(self.without_duplicates(entries)),
        };
        self.place(Node { value, mark }, anchor)
    }

    fn alias(&mut self, mark: Mark, anchor: usize) -> Result<(), Fault> {
        let Some(node) = self.anchors.get(&anchor) else {
            let problem = "an alias inside of what it stands for has no end";
            return Err(self.fault(mark, problem.to_owned()));
        };
        let node = node.clone();
        self.check_depth(mark, node.depth())?;
        self.copy(&node, mark)?;
        self.place(node, 0)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, mut node: Node, anchor: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes + self.copied > MOST_NODES {
            let problem = format!("expected at most {MOST_NODES} values, found more");
            return Err(self.fault(node.mark, problem));
        }
        if anchor != 0 {
            self.copy(&node, node.mark)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(Kind::Sequence(items)) => items.push(node),
            Some(Kind::Mapping { entries, key }) => match key.take() {
                None => {
                    let (text, mark) = self.key(node)?;
                    if let Some(Open {
                        kind: Kind::Mapping { key, .. },
                        ..
                    }) = self.open.last_mut()
                    {
                        *key = Some((text, mark));
                    }
                }
                Some((key, key_mark)) => {
                    if node.mark.line > key_mark.line {
                        node.mark = key_mark;
                    }
                    entries.push(Entry {
                        key,
                        key_mark,
                        value: node,
                    });
                }
            },
        }
        Ok(())
    }

    fn key(&mut self, node: Node) -> Result<(Box<str>, Mark), Fault> {
        let found = node.describe();
        let Value::Scalar(scalar) = node.value else {
            let problem = format!("expected text as a key, found {found}");
            return Err(self.fault(node.mark, problem));
        };
        if scalar.plain && &*scalar.text == "<<" {
            let problem = "merge keys are not read; write out the fields, or give a whole value an \
                           anchor and use its alias";
            return Err(self.fault(node.mark, problem.to_owned()));
        }
        if scalar.plain && scalar.text.is_empty() {
            let problem =
                format!("expected text as a key, found {found}; write one before the \":\"");
            return Err(self.fault(node.mark, problem));
        }
        if !matches!(scalar.core(), Core::Text(_)) {
            let quoted = quoted(&scalar.text);
            let problem =
                format!("expected text as a key, found {found}; write {quoted} in quotes");
            let fault = self.fault(node.mark, problem);
            self.faults.push(fault);
        }
        Ok((scalar.text, node.mark))
    }

    /// Keeps the first entry of each key and names the others.
    fn without_duplicates(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let mut order: Vec<&Entry> = entries.iter().collect();
        order.sort_by_key(|entry| &entry.key); // stable: the first of each key stays the first
        let mut duplicates: Vec<(Mark, Box<str>, usize)> = Vec::new();
        let mut first: Option<&Entry> = None;
        for entry in order {
            match first.filter(|first| first.key == entry.key) {
                Some(first) => {
                    duplicates.push((entry.key_mark, entry.key.clone(), first.key_mark.line));
                }
                None => first = Some(entry),
            }
        }
        if duplicates.is_empty() {
            return entries;
        }
        duplicates.sort_unstable();
        for (mark, key, line) in &duplicates {
            let problem = format!(
                "key {} is there twice, first on line {line}; keep one of them",
                quoted(key)
            );
            let path = self.path_and(Some(key));
            self.faults.push(Fault {
                mark: *mark,
                path,
                problem,
            });
        }
        let mut seen = HashSet::new();
        entries.retain(|entry| seen.insert(entry.key.clone()));
        entries
    }

    fn copy(&mut self, node: &Node, mark: Mark) -> Result<(), Fault> {
        self.copied += node.count_up_to(MOST_COPIED);
        if self.copied > MOST_COPIED {
            let problem = format!(
                "expected anchors and aliases to stand for at most {MOST_COPIED} values, found \
                 more; write out what they stand for"
            );
            return Err(self.fault(mark, problem));
        }
        Ok(())
    }

    fn check_depth(&self, mark: Mark, more: usize) -> Result<(), Fault> {
        if self.open.len() + more > DEEPEST {
            let problem = format!("expected at most {DEEPEST} levels, found more");
            return Err(self.fault(mark, problem));
        }
        Ok(())
    }

    fn fault(&self, mark: Mark, problem: String) -> Fault {
        Fault {
            mark,
            path: self.path_and(None),
            problem,
        }
    }

    /// The path to what is being read, and to a key in it.
    fn path_and(&self, key: Option<&str>) -> String {
        fn write(open: &[Open], outer: Path<'_>, key: Option<&str>) -> String {
            let Some((first, rest)) = open.split_first() else {
                return match key {
                    Some(key) => Path::Key(&outer, key).to_string(),
                    None => outer.to_string(),
                };
            };
            match &first.kind {
                Kind::Sequence(items) => write(rest, Path::Index(&outer, items.len()), key),
                Kind::Mapping {
                    key: Some((name, _)),
                    ..
                } => write(rest, Path::Key(&outer, name), key),
                Kind::Mapping { key: None, .. } => write(rest, outer, key),
            }
        }
        write(&self.open, Path::Root, key)
    }
}
