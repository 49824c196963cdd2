//! Published vectors, and tokens of each algorithm, against keys in each form.

use filter_api::Refusal;
use serde::Deserialize;
use serde_json::Value;
use software_signatures::SoftwareSignatures;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::config::KeysConfig;
use crate::denial::Denial;
use crate::key::{Key, KeyError};
use crate::keys::Keys;
use crate::token::Token;

/// The examples of RFC 7515, 7519, 7520, 7797 and 8037.
const RFC: &str = include_str!("../tests/vectors/rfc.json");
/// A token of each algorithm, made with Python's `cryptography` and keys that are gone.
const ALGORITHMS: &str = include_str!("../tests/vectors/algorithms.json");

/// Their tokens that ask for what is not given.
const REFUSED: &str = include_str!("../tests/vectors/rfc-refused.json");
/// The keys of RFC 7517, 7520 and 8037.
const KEYS: &str = include_str!("../tests/vectors/rfc-keys.json");

#[derive(Deserialize)]
struct Vector {
    name: String,
    keys: KeysConfig,
    token: String,
}

fn read(vectors: &str) -> Vec<Vector> {
    serde_json::from_str(vectors).unwrap()
}

fn vectors() -> Vec<Vector> {
    let mut vectors = read(RFC);
    vectors.append(&mut read(ALGORITHMS));
    assert_eq!(vectors.len(), 30);
    vectors
}

fn verify(keys: &KeysConfig, token: &str) -> Result<(), Denial> {
    let (keys, faults) = Keys::compile(keys).unwrap();
    assert_eq!(faults, []);
    keys.verify(&Token::parse(token.as_bytes())?, &mut SoftwareSignatures)
        .map(|_| ())
}

#[test]
fn each_token_is_signed_by_its_key() {
    for Vector { name, keys, token } in vectors() {
        assert_eq!(verify(&keys, &token), Ok(()), "{name}");
    }
}

#[test]
fn a_token_that_asks_for_what_is_not_given_is_refused() {
    #[derive(Deserialize)]
    struct Refused {
        #[serde(flatten)]
        vector: Vector,
        denied: String,
    }
    let vectors: Vec<Refused> = serde_json::from_str(REFUSED).unwrap();
    assert_eq!(vectors.len(), 6);
    for Refused { vector, denied } in vectors {
        let Vector { name, keys, token } = vector;
        let denial = verify(&keys, &token).unwrap_err();
        assert_eq!(denial.label(), denied, "{name}");
    }
}

#[test]
fn public_keys_are_taken_and_no_others() {
    #[derive(Deserialize)]
    struct Published {
        name: String,
        jwk: Value,
        error: Option<String>,
    }
    let published: Vec<Published> = serde_json::from_str(KEYS).unwrap();
    assert_eq!(published.len(), 16);
    for Published { name, jwk, error } in published {
        let found = Key::from_jwk(&jwk).err().map(|error| match error {
            KeyError::Private => "Private".to_owned(),
            KeyError::Secret => "Secret".to_owned(),
            KeyError::Use => "Use".to_owned(),
            KeyError::Curve(_) => "Curve".to_owned(),
            other => other.to_string(),
        });
        assert_eq!(found, error, "{name}");
    }
}

#[test]
fn a_signature_of_another_text_or_of_another_length_is_none() {
    for Vector { name, keys, token } in vectors() {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let other = format!("{header}.e30.{signature}");
        assert_eq!(
            verify(&keys, &other),
            Err(Denial::SignatureInvalid),
            "{name}"
        );
        for signature in ["", "AAAA", &signature[4..], &format!("AAAA{signature}")] {
            let other = format!("{signed}.{signature}");
            assert_eq!(
                verify(&keys, &other),
                Err(Denial::SignatureInvalid),
                "{name}"
            );
        }
        // Zeros are a signature that some implementations took for one (CVE-2022-21449).
        let zeros = format!(
            "{signed}.{}",
            "A".repeat(signature.len() - signature.len() % 4)
        );
        assert_eq!(
            verify(&keys, &zeros),
            Err(Denial::SignatureInvalid),
            "{name}"
        );
    }
}

#[test]
fn no_key_verifies_what_another_has_signed() {
    let (published, ours) = (read(RFC), read(ALGORITHMS));
    let not_ours = [
        Denial::KeyUnknown,
        Denial::AlgorithmNotAllowed,
        Denial::SignatureInvalid,
    ];
    for one in &published {
        for other in &ours {
            for (keys, token) in [(&one.keys, &other.token), (&other.keys, &one.token)] {
                let denial = verify(keys, token).unwrap_err();
                assert!(not_ours.contains(&denial), "{} {}", one.name, other.name);
            }
        }
    }
}
