//! An authenticator with its browser, in the test's own process: makes a passkey and answers with it, rightly or as none should.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Somebody touched it.
pub const PRESENT: u8 = 1;
/// It checked who it was.
pub const VERIFIED: u8 = 1 | 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const HAS_KEY: u8 = 1 << 6;

/// One passkey. What is public is what it says: tests bend it.
pub struct Authenticator {
    pair: EcdsaKeyPair,
    pub id: Vec<u8>,
    /// Of whom, as the portal told it when the passkey was made.
    pub handle: Option<String>,
    /// Signatures made. Nobody counts when it is 0 and stays so.
    pub counter: u32,
    pub origin: String,
    /// The host that it believes it is asked by.
    pub site: String,
    pub flags: u8,
    /// Says another challenge than the one that it was asked.
    pub challenge: Option<String>,
}

/// What a CBOR item begins with.
fn head(major: u8, number: usize) -> Vec<u8> {
    match u8::try_from(number) {
        Ok(small @ 0..=23) => vec![major << 5 | small],
        Ok(byte) => vec![major << 5 | 24, byte],
        Err(_) => {
            let two = u16::try_from(number).unwrap().to_be_bytes();
            vec![major << 5 | 25, two[0], two[1]]
        }
    }
}

fn text(said: &str) -> Vec<u8> {
    [head(3, said.len()), said.as_bytes().to_vec()].concat()
}

fn bytes(said: &[u8]) -> Vec<u8> {
    [head(2, said.len()), said.to_vec()].concat()
}

impl Authenticator {
    /// A new one, in a browser that is at this address, and that checks who it is.
    pub fn at(base: &str) -> Self {
        let url = url::Url::parse(base).unwrap();
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: licentral::platform::token::random_bytes::<32>().to_vec(),
            handle: None,
            counter: 0,
            origin: base.to_owned(),
            site: url.host_str().unwrap().to_owned(),
            flags: VERIFIED,
            challenge: None,
        }
    }

    fn client(&self, kind: &str, asked: &Value) -> Vec<u8> {
        let challenge = self
            .challenge
            .clone()
            .map_or(asked["challenge"].clone(), Value::from);
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let site = Sha256::digest(self.site.as_bytes());
        [
            site.as_slice(),
            &[flags | BACKUP_ELIGIBLE],
            &self.counter.to_be_bytes(),
        ]
        .concat()
    }

    /// Its public key, as COSE has it.
    fn cose(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        [
            &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..],
            &bytes(x),
            &[0x22],
            &bytes(y),
        ]
        .concat()
    }

    /// What it attests when a passkey is made.
    pub fn attestation(&self) -> Vec<u8> {
        let long = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let made = [&[0; 16][..], &long, &self.id, &self.cose()].concat();
        let data = [self.data(self.flags | HAS_KEY), made].concat();
        [
            head(5, 3),
            text("fmt"),
            text("none"),
            text("attStmt"),
            head(5, 0),
            text("authData"),
            bytes(&data),
        ]
        .concat()
    }

    /// What the page's script sends once the passkey is made.
    pub fn make(&mut self, asked: &Value) -> String {
        self.handle = Some(asked["user"]["id"].as_str().unwrap().to_owned());
        self.make_with(asked, &self.attestation())
    }

    /// The same with something else that is attested.
    pub fn make_with(&self, asked: &Value, attestation: &[u8]) -> String {
        json!({
            "clientData": BASE64URL.encode(&self.client("webauthn.create", asked)),
            "attestation": BASE64URL.encode(attestation),
            "transports": ["internal", "hybrid"],
        })
        .to_string()
    }

    /// What the page's script sends once the passkey has answered.
    pub fn answer(&self, asked: &Value) -> String {
        let (client, data) = (self.client("webauthn.get", asked), self.data(self.flags));
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": BASE64URL.encode(&self.id),
            "clientData": BASE64URL.encode(&client),
            "authenticatorData": BASE64URL.encode(&data),
            "signature": BASE64URL.encode(signature.as_ref()),
            "userHandle": self.handle,
        })
        .to_string()
    }

    /// Another key under the same name: a forger's.
    pub fn forge(&mut self) {
        self.pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    }
}
