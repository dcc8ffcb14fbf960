//! The text of a token, as it is written and read.

use crate::kernel::{Moment, pasted};
use crate::platform::token;
use data_encoding::BASE64;

/// After so many characters the text breaks off, as MIME has it.
const LINE: usize = 60;
/// No text of a token is longer, however it was pasted.
const LONGEST_TEXT: usize = 2_000;

/// What stands in the text of a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// A random UUID.
    pub uuid: String,
    /// Until when, in milliseconds.
    pub expires: i64,
    /// What makes it impossible to guess.
    pub secret: [u8; 32],
}

impl Written {
    /// A new one: made before a transaction begins.
    pub fn new(expires: Moment) -> Self {
        let uuid = uuid::Builder::from_random_bytes(token::random_bytes()).into_uuid();
        Self {
            uuid: uuid.hyphenated().to_string(),
            expires: expires.utc().timestamp_millis(),
            secret: token::random_bytes(),
        }
    }

    /// As the vendor publishes it: `<uuid>-<expiry in ms>|<base64 of 32 bytes>` in base64 with a line end after every
    /// 60 characters and at the end, encoded for a URL.
    pub fn text(&self) -> String {
        let plain = format!("{}-{}|{}", self.uuid, self.expires, BASE64.encode(&self.secret));
        let mut text = String::with_capacity(160);
        for (at, letter) in BASE64.encode(plain.as_bytes()).chars().enumerate() {
            if at > 0 && at.is_multiple_of(LINE) {
                text.push_str("%0A");
            }
            match letter {
                '+' => text.push_str("%2B"),
                '/' => text.push_str("%2F"),
                '=' => text.push_str("%3D"),
                other => text.push(other),
            }
        }
        text.push_str("%0A");
        text
    }

    /// Reads a text, also one that was wrapped on its way, or decoded once. Nothing when it is no token.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > LONGEST_TEXT {
            return None;
        }
        let packed = pasted::code(typed);
        let mut decoded = unescape(&packed)?;
        decoded.retain(|byte| !byte.is_ascii_whitespace());
        let plain = String::from_utf8(BASE64.decode(&decoded).ok()?).ok()?;
        let (head, secret) = plain.split_once('|')?;
        let (uuid, expires) = head.rsplit_once('-')?;
        let written = Self {
            uuid: uuid::Uuid::try_parse(uuid).ok()?.hyphenated().to_string(),
            expires: expires.parse().ok()?,
            secret: BASE64.decode(secret.as_bytes()).ok()?.try_into().ok()?,
        };
        // Another spelling of the same would be another text.
        (written.uuid == uuid && written.expires.to_string() == expires).then_some(written)
    }

    /// What the database finds it by.
    pub fn hash(&self) -> String {
        token::digest(&self.text())
    }
}

/// Undoes `%0A` and its like; nothing when a `%` stands alone.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// The beginning of a text, by which people tell their tokens apart.
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(14).collect();
    short.push('\u{2026}');
    short
}
