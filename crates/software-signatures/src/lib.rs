//! Signatures as Envoy checks them for a module, in Rust.
//!
//! A module leaves this work to its host: in wasm it takes ten times as long, and the code would more
//! than double what a module is in size. Whatever stands in for a host does it with this: the fake host
//! natively, and tests that run as wasm under node.

use filter_api::{Hash, HostError, Signatures, Signed};
use p256::pkcs8::DecodePublicKey;
use rsa::pkcs1v15;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::signature::hazmat::PrehashVerifier;

/// The status for a bad argument, as which a host's refusal of a key is told.
const BAD_ARGUMENT: u32 = 2;

/// Checks signatures with no host at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct SoftwareSignatures;

impl Signatures for SoftwareSignatures {
    fn verify_signature(&mut self, signed: &Signed<'_>) -> Result<bool, HostError> {
        let key = signed.public_key;
        if let Ok(key) = rsa::PublicKey::from_public_key_der(key) {
            return Ok(rsa(key, signed));
        }
        let digest = digest(signed);
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(key) {
            return Ok(p256::ecdsa::Signature::from_der(signed.signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()));
        }
        if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_der(key) {
            return Ok(p384::ecdsa::Signature::from_der(signed.signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()));
        }
        if let Ok(key) = p521::ecdsa::VerifyingKey::from_public_key_der(key) {
            return Ok(p521::ecdsa::Signature::from_der(signed.signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()));
        }
        Err(HostError::Refused {
            call: "verify_signature",
            status: BAD_ARGUMENT,
        })
    }
}

fn digest(signed: &Signed<'_>) -> Vec<u8> {
    match signed.hash {
        Hash::Sha256 => Sha256::digest(signed.text).to_vec(),
        Hash::Sha384 => Sha384::digest(signed.text).to_vec(),
        Hash::Sha512 => Sha512::digest(signed.text).to_vec(),
    }
}

fn rsa(key: rsa::PublicKey, signed: &Signed<'_>) -> bool {
    let Ok(signature) = pkcs1v15::Signature::try_from(signed.signature) else {
        return false;
    };
    let digest = digest(signed);
    let verified = match signed.hash {
        Hash::Sha256 => {
            pkcs1v15::VerifyingKey::<Sha256>::new(key).verify_prehash(&digest, &signature)
        }
        Hash::Sha384 => {
            pkcs1v15::VerifyingKey::<Sha384>::new(key).verify_prehash(&digest, &signature)
        }
        Hash::Sha512 => {
            pkcs1v15::VerifyingKey::<Sha512>::new(key).verify_prehash(&digest, &signature)
        }
    };
    verified.is_ok()
}
