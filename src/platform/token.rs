//! Random secrets, what is kept of them, and comparing.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// 32 bytes from the operating system, as text that fits a URL and a cookie.
pub fn random() -> String {
    BASE64URL_NOPAD.encode(&random_bytes::<32>())
}

/// Bytes from the operating system. Where it has none to give, nothing here is safe: the process ends.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}

/// SHA-256 as text: what the database keeps of a secret.
pub fn digest(secret: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(secret.as_bytes()))
}

/// SHA-256 of bytes, in hexadecimal.
pub fn fingerprint(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// SHA-256 of whatever is read, in hexadecimal.
pub fn fingerprint_of(mut from: impl std::io::Read) -> std::io::Result<String> {
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(HEXLOWER.encode(&hasher.finalize()));
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
}

/// HMAC-SHA-256 of a text, as text.
pub fn seal(key: &[u8; 32], text: &str) -> String {
    BASE64URL_NOPAD.encode(&mac(key, text))
}

/// HMAC-SHA-256 of a text, in hexadecimal: for whoever verifies it elsewhere.
pub fn hex_mac(key: &[u8], text: &str) -> String {
    HEXLOWER.encode(&mac(key, text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // An HMAC key may have any length, so this cannot fail; an empty seal matches nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Compares without telling by time where two texts differ.
pub fn same(a: &str, b: &str) -> bool {
    !a.is_empty() && a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_seals_hold() {
        assert_ne!(random(), random());
        assert_eq!(random().len(), 43);
        let key = random_bytes();
        assert!(same(&seal(&key, "a"), &seal(&key, "a")));
        assert!(!same(&seal(&key, "a"), &seal(&key, "b")));
        assert!(!same("", ""));
    }
}
