//! Public keys and signatures as hosts read them, in DER.

use filter_api::Hash;

/// A curve of NIST, with the one hash that JSON Web Signatures on it are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

const P256: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
    \x03\x01\x07\x03\x42\x00";
const P384: &[u8] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00";
const P521: &[u8] =
    b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\
    \x23\x03\x81\x86\x00";
const ED25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// What stands before the octets of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// By the value of `crv` (RFC 7518 section 6.2.1.1).
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            "P-521" => Some(Self::P521),
            _ => None,
        }
    }

    pub(crate) const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }

    /// Octets of a coordinate, and of each half of a signature.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// A `SubjectPublicKeyInfo` (RFC 5480 section 2) up to the point, which its length fixes too.
    const fn info(self) -> &'static [u8] {
        match self {
            Self::P256 => P256,
            Self::P384 => P384,
            Self::P521 => P521,
        }
    }

    /// The `SubjectPublicKeyInfo` of a point. `None` when a coordinate has another size; whether the
    /// point is on the curve, the host says.
    pub(crate) fn public_key(self, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
        let fits = x.len() == self.size() && y.len() == self.size();
        fits.then(|| [self.info(), &[UNCOMPRESSED], x, y].concat())
    }

    /// Whether this is the `SubjectPublicKeyInfo` of an uncompressed point of this curve.
    pub(crate) fn is_public_key(self, der: &[u8]) -> bool {
        let point = der.strip_prefix(self.info());
        point.is_some_and(|point| {
            point.len() == 1 + 2 * self.size() && point.first() == Some(&UNCOMPRESSED)
        })
    }

    /// An `Ecdsa-Sig-Value` (RFC 3279 section 2.2.3) of a signature as RFC 7518 section 3.4 has it: two
    /// numbers of fixed size. `None` when it has another size.
    pub(crate) fn signature(self, signature: &[u8]) -> Option<Vec<u8>> {
        if signature.len() != 2 * self.size() {
            return None;
        }
        let (r, s) = signature.split_at(self.size());
        let mut numbers = Vec::with_capacity(signature.len() + 9);
        push_integer(&mut numbers, r);
        push_integer(&mut numbers, s);
        let mut der = Vec::with_capacity(numbers.len() + 3);
        der.push(0x30);
        push_length(&mut der, numbers.len());
        der.append(&mut numbers);
        Some(der)
    }
}

/// The 32 octets in a `SubjectPublicKeyInfo` of Ed25519 (RFC 8410 section 4).
pub(crate) fn ed25519(der: &[u8]) -> Option<[u8; 32]> {
    der.strip_prefix(ED25519)?.try_into().ok()
}

/// A number that is not negative: no zero in front but the one that keeps it so.
fn push_integer(der: &mut Vec<u8>, number: &[u8]) {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    let sign: &[u8] = match digits.first() {
        Some(0..=0x7f) => &[],
        _ => &[0],
    };
    der.push(0x02);
    push_length(der, sign.len() + digits.len());
    der.extend_from_slice(sign);
    der.extend_from_slice(digits);
}

/// A length below 256, which all here are.
fn push_length(der: &mut Vec<u8>, length: usize) {
    if length >= 0x80 {
        der.push(0x81);
    }
    der.push(length as u8);
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn numbers_are_as_short_as_der_wants_them() {
        let mut signature = [0; 64];
        signature[31] = 1;
        signature[32] = 0x80;
        let der = Curve::P256.signature(&signature).unwrap();
        assert_eq!(der[..5], [0x30, 38, 2, 1, 1]);
        assert_eq!(der[5..9], [2, 33, 0, 0x80]);
        // The longest: both numbers of P-521 with all bits.
        let der = Curve::P521.signature(&[0xff; 132]).unwrap();
        assert_eq!((der.len(), &der[..3]), (141, &[0x30, 0x81, 138][..]));
        assert_eq!(
            Curve::P256.signature(&[0; 64]).unwrap(),
            [0x30, 6, 2, 1, 0, 2, 1, 0]
        );
        for size in [0, 63, 65, 96] {
            assert_eq!(Curve::P256.signature(&vec![1; size]), None, "{size}");
        }
    }

    #[test]
    fn a_key_has_the_size_of_its_curve() {
        for curve in Curve::ALL {
            let coordinate = vec![7; curve.size()];
            let key = curve.public_key(&coordinate, &coordinate).unwrap();
            assert!(curve.is_public_key(&key));
            let others = Curve::ALL.iter().filter(|other| other.is_public_key(&key));
            assert_eq!(others.count(), 1);
            assert!(!curve.is_public_key(&key[..key.len() - 1]));
            assert_eq!(curve.public_key(&coordinate[1..], &coordinate), None);
        }
    }
}
