//! Whatever is read, reading ends with a document or with reasons.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // in helpers of tests, as in tests

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const PETSTORE: &str = include_str!("petstore.yaml");

/// Text that means something somewhere in YAML or in the document.
const PIECES: [&str; 34] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    ",",
    "\n",
    "\n  ",
    "\"",
    "'",
    "#",
    " #",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "<<: ",
    "? ",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "\t",
    "\r\n",
    "null",
    "0x1F90",
    "-1",
    "é",
    "upstream: pets",
    "weight: 0",
    "\u{0}",
    "\u{feff}",
];

/// One change to a text.
#[derive(Debug, Clone)]
enum Edit {
    Remove(Index, usize),
    Insert(Index, &'static str),
    Repeat(Index, usize, Index),
    Byte(Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = || any::<Index>();
    prop_oneof![
        (place(), 1..40_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (place(), select(&PIECES[..])).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (place(), 1..80_usize, place()).prop_map(|(at, length, to)| Edit::Repeat(at, length, to)),
        (place(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
    ]
}

fn apply(text: &mut Vec<u8>, edit: &Edit) {
    let range = |text: &[u8], at: &Index, length: usize| -> Range<usize> {
        let start = at.index(text.len() + 1);
        start..(start + length).min(text.len())
    };
    match edit {
        Edit::Remove(at, length) => {
            text.drain(range(text, at, *length));
        }
        Edit::Insert(at, piece) => {
            let at = at.index(text.len() + 1);
            text.splice(at..at, piece.bytes());
        }
        Edit::Repeat(at, length, to) => {
            let piece = text[range(text, at, *length)].to_vec();
            let to = to.index(text.len() + 1);
            text.splice(to..to, piece);
        }
        Edit::Byte(at, byte) => {
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = *byte;
            }
        }
    }
}

fn ends_well(bytes: &[u8]) {
    match gateway_model::read("gateway.yaml", bytes) {
        Ok(checked) => {
            let json = serde_json::to_vec(&checked.document).unwrap();
            let again = gateway_model::read("gateway.yaml", &json).unwrap();
            assert_eq!(again.document, checked.document);
        }
        Err(diagnostics) => {
            assert!(!diagnostics.errors.is_empty());
            let lines = String::from_utf8_lossy(bytes).split(['\n', '\r']).count();
            for error in &diagnostics.errors {
                assert!(
                    (1..=lines).contains(&error.line),
                    "{error} of {lines} lines"
                );
                assert!(!error.message.is_empty(), "{error:?}");
                assert!(
                    !error
                        .to_string()
                        .replace("\n  --> ", "")
                        .contains(char::is_control)
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_document_is_read_or_refused(edits in vec(edit(), 1..8)) {
        let mut text = PETSTORE.as_bytes().to_vec();
        edits.iter().for_each(|edit| apply(&mut text, edit));
        ends_well(&text);
    }

    #[test]
    fn any_pieces_are_read_or_refused(pieces in vec(select(&PIECES[..]), 0..60)) {
        ends_well(pieces.concat().as_bytes());
    }
}
