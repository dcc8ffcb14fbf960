//! The public key of a passkey, in the form in which authenticators give it (COSE, RFC 9052 and 9053).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use minicbor::Decoder;
use minicbor::data::Type;

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;
/// The kinds of signature that are taken, the most wanted first. The last is what Windows Hello makes.
pub const ALGORITHMS: [i64; 3] = [EDDSA, ES256, RS256];

/// More pairs than any key has.
const MOST_PAIRS: u64 = 16;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A point of P-256, uncompressed.
    Es256(Vec<u8>),
    /// Ed25519.
    EdDsa(Vec<u8>),
    /// RSA with PKCS#1 version 1.5 and SHA-256: modulus and exponent.
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

/// What a COSE map holds of interest.
#[derive(Default)]
struct Pairs<'b> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    /// -1 where it is a number: the curve.
    curve: Option<i64>,
    /// -1, -2 and -3 where they are bytes.
    bytes: [Option<&'b [u8]>; 3],
}

impl<'b> Pairs<'b> {
    fn read(from: &mut Decoder<'b>) -> Option<Self> {
        let many = from.map().ok()??;
        if many > MOST_PAIRS {
            return None;
        }
        let (mut found, mut seen) = (Self::default(), Vec::new());
        for _ in 0..many {
            let label = from.i64().ok()?;
            if seen.contains(&label) {
                return None;
            }
            seen.push(label);
            match (label, from.datatype().ok()?) {
                (1, _) => found.kind = Some(from.i64().ok()?),
                (3, _) => found.algorithm = Some(from.i64().ok()?),
                (-3..=-1, Type::Bytes) => {
                    let place = found.bytes.get_mut(usize::try_from(-1 - label).ok()?)?;
                    *place = Some(from.bytes().ok()?);
                }
                (-1, _) => found.curve = Some(from.i64().ok()?),
                _ => from.skip().ok()?,
            }
        }
        Some(found)
    }
}

impl Key {
    /// Reads a key; none when it is broken, or of a kind that is not taken.
    pub fn read(from: &mut Decoder<'_>) -> Option<Self> {
        let pairs = Pairs::read(from)?;
        let [first, second, third] = pairs.bytes;
        match (pairs.kind?, pairs.algorithm?, pairs.curve) {
            (2, ES256, Some(1)) => {
                let (x, y) = (second?, third?);
                let point = [&[4], x, y].concat();
                let is_one = x.len() == 32 && y.len() == 32;
                let is_on_curve = || {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point)
                        .parse()
                        .is_ok()
                };
                (is_one && is_on_curve()).then_some(Self::Es256(point))
            }
            (1, EDDSA, Some(6)) => {
                let key = second?;
                (key.len() == 32).then(|| Self::EdDsa(key.to_vec()))
            }
            (3, RS256, None) => {
                let (n, e) = (first?, second?);
                let is_fit = (256..=1024).contains(&n.len()) && (1..=8).contains(&e.len());
                let starts = n.first() != Some(&0) && e.first() != Some(&0);
                (is_fit && starts).then(|| Self::Rs256 {
                    n: n.to_vec(),
                    e: e.to_vec(),
                })
            }
            _ => None,
        }
    }

    /// Whether a signature over a message is by this key.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Option<Key> {
        Key::read(&mut Decoder::new(bytes))
    }

    /// What a CBOR item begins with.
    fn head(major: u8, number: u64) -> Vec<u8> {
        let number = u16::try_from(number).unwrap().to_be_bytes();
        vec![major << 5 | 0x19, number[0], number[1]]
    }

    fn int(number: i64) -> Vec<u8> {
        if number < 0 {
            head(1, (-1 - number).unsigned_abs())
        } else {
            head(0, number.unsigned_abs())
        }
    }

    /// A key with these numbers, and these bytes.
    fn cose(kind: i64, algorithm: i64, curve: Option<i64>, bytes: &[(i64, &[u8])]) -> Vec<u8> {
        let pairs = 2 + bytes.len() + usize::from(curve.is_some());
        let mut out = vec![head(5, pairs as u64), int(1), int(kind), int(3), int(algorithm)];
        if let Some(curve) = curve {
            out.extend([int(-1), int(curve)]);
        }
        for (label, value) in bytes {
            out.extend([int(*label), head(2, value.len() as u64), value.to_vec()]);
        }
        out.concat()
    }

    #[test]
    fn ed25519_and_rsa_are_taken_and_their_signatures_checked() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = read(&cose(1, EDDSA, Some(6), &[(-2, pair.public_key().as_ref())])).unwrap();
        let signature = pair.sign(b"x");
        assert!(key.has_signed(b"x", signature.as_ref()) && !key.has_signed(b"y", signature.as_ref()));

        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
        let (n, e) = (
            n.big_endian_without_leading_zero(),
            e.big_endian_without_leading_zero(),
        );
        let key = read(&cose(3, RS256, None, &[(-1, n), (-2, e)])).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"x", &mut signature)
            .unwrap();
        assert!(key.has_signed(b"x", &signature) && !key.has_signed(b"y", &signature));
        assert_eq!(
            read(&cose(3, RS256, None, &[(-1, &n[..128]), (-2, e)])),
            None,
            "1024 bits"
        );
    }

    #[test]
    fn keys_of_other_kinds_off_the_curve_or_told_twice_are_not_taken() {
        let (x, y) = ([1; 32], [2; 32]);
        assert_eq!(
            read(&cose(2, ES256, Some(1), &[(-2, &x), (-3, &y)])),
            None,
            "off the curve"
        );
        assert_eq!(read(&cose(2, -35, Some(2), &[(-2, &x), (-3, &y)])), None, "P-384");
        assert_eq!(read(&cose(4, 5, None, &[(-1, &x)])), None, "a shared secret");
        let twice = cose(1, EDDSA, Some(6), &[(-2, &x), (-2, &y)]);
        assert_eq!(read(&twice), None);
        // Maps without an end, and of more pairs than there is room for.
        assert_eq!(read(&[0xbf, 0x01]), None);
        assert_eq!(
            read(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            None
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_as_a_key_is_read_or_left(bytes in any::<Vec<u8>>()) {
            let _ = read(&bytes);
        }
    }
}
