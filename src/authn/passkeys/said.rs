//! What a browser and an authenticator say: the client data and the authenticator data (Web Authentication Level 2, sections
//! 5.8.1 and 6.1).

use super::key::Key;
use super::{Site, Wrong};
use crate::platform::token;
use minicbor::Decoder;
use serde::Deserialize;

/// For what an authenticator was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To make a passkey.
    Create,
    /// To show that it is there.
    Get,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
}

/// Checks what the browser says of the question that it was asked.
pub fn check_client(json: &[u8], kind: Kind, challenge: &str, site: &Site) -> Result<(), Wrong> {
    let said: ClientData = serde_json::from_slice(json).map_err(|_| Wrong::Garbled)?;
    let wanted = match kind {
        Kind::Create => "webauthn.create",
        Kind::Get => "webauthn.get",
    };
    if said.r#type != wanted || !token::same(&said.challenge, challenge) {
        return Err(Wrong::OtherQuestion);
    }
    if said.origin != site.origin || said.cross_origin == Some(true) {
        return Err(Wrong::OtherSite);
    }
    Ok(())
}

/// A passkey that was just made.
#[derive(Debug)]
pub struct Made<'b> {
    /// What the authenticator calls it.
    pub id: &'b [u8],
    /// Its public key as it came.
    pub key: &'b [u8],
}

/// What an authenticator says.
#[derive(Debug)]
pub struct Said<'b> {
    /// It checked who was there, by a finger, a face or a PIN.
    pub is_verified: bool,
    /// Its key may be copied to other devices of its owner.
    pub is_backup_eligible: bool,
    /// It has been.
    pub is_backed_up: bool,
    /// Signatures made; 0 where nobody counts.
    pub counter: u32,
    /// When a passkey was made.
    pub made: Option<Made<'b>>,
}

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_KEY: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;
/// The longest name of a passkey that the specification allows. Bytes.
const LONGEST_ID: usize = 1023;

/// Takes the first bytes off.
fn take<'b>(from: &mut &'b [u8], many: usize) -> Result<&'b [u8], Wrong> {
    let (first, rest) = from.split_at_checked(many).ok_or(Wrong::Garbled)?;
    *from = rest;
    Ok(first)
}

fn made<'b>(rest: &mut &'b [u8]) -> Result<Made<'b>, Wrong> {
    // Which model it is: nobody has proved that, so nobody is told.
    take(rest, 16)?;
    let long = take(rest, 2)?.try_into().map_err(|_| Wrong::Garbled)?;
    let long = usize::from(u16::from_be_bytes(long));
    if long == 0 || long > LONGEST_ID {
        return Err(Wrong::Garbled);
    }
    let id = take(rest, long)?;
    let mut key = Decoder::new(rest);
    if Key::read(&mut key).is_none() {
        return Err(Wrong::KindOfKey);
    }
    let long = key.position();
    Ok(Made {
        id,
        key: take(rest, long)?,
    })
}

/// Reads what the authenticator says, for this site, by somebody who was there.
pub fn read<'b>(bytes: &'b [u8], site: &Site) -> Result<Said<'b>, Wrong> {
    let mut rest = bytes;
    if take(&mut rest, 32)? != site.digest() {
        return Err(Wrong::OtherSite);
    }
    let flags = take(&mut rest, 1)?.first().copied().ok_or(Wrong::Garbled)?;
    let counter = take(&mut rest, 4)?.try_into().map_err(|_| Wrong::Garbled)?;
    let is = |flag: u8| flags & flag != 0;
    let made = if is(HAS_KEY) { Some(made(&mut rest)?) } else { None };
    if is(HAS_EXTENSIONS) {
        let mut extensions = Decoder::new(rest);
        extensions.map().map_err(|_| Wrong::Garbled)?;
        extensions.set_position(0);
        extensions.skip().map_err(|_| Wrong::Garbled)?;
        take(&mut rest, extensions.position())?;
    }
    if !rest.is_empty() || (is(BACKED_UP) && !is(BACKUP_ELIGIBLE)) {
        return Err(Wrong::Garbled);
    }
    if !is(PRESENT) {
        return Err(Wrong::NobodyThere);
    }
    Ok(Said {
        is_verified: is(VERIFIED),
        is_backup_eligible: is(BACKUP_ELIGIBLE),
        is_backed_up: is(BACKED_UP),
        counter: u32::from_be_bytes(counter),
        made,
    })
}

/// The authenticator data of an answer to "make a passkey". What is attested besides is not asked for and not looked at.
pub fn authenticator_data(attestation: &[u8]) -> Result<&[u8], Wrong> {
    let mut from = Decoder::new(attestation);
    let many = from.map().ok().flatten().filter(|many| *many <= 8);
    let mut found = None;
    for _ in 0..many.ok_or(Wrong::Garbled)? {
        if from.str().map_err(|_| Wrong::Garbled)? == "authData" && found.is_none() {
            found = Some(from.bytes().map_err(|_| Wrong::Garbled)?);
        } else {
            from.skip().map_err(|_| Wrong::Garbled)?;
        }
    }
    let is_all = from.position() == attestation.len();
    found.filter(|_| is_all).ok_or(Wrong::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn site() -> Site {
        Site::of("https://licenses.company.example").unwrap()
    }

    fn data(flags: u8, rest: &[u8]) -> Vec<u8> {
        [site().digest().as_slice(), &[flags], &7_u32.to_be_bytes(), rest].concat()
    }

    #[test]
    fn what_an_authenticator_says_is_whole_and_of_somebody_who_was_there() {
        let said = data(PRESENT | VERIFIED | BACKUP_ELIGIBLE, &[]);
        let read_said = read(&said, &site()).unwrap();
        assert!(read_said.is_verified && read_said.is_backup_eligible && !read_said.is_backed_up);
        assert_eq!(read_said.counter, 7);
        assert_eq!(
            read(&data(VERIFIED, &[]), &site()).unwrap_err(),
            Wrong::NobodyThere
        );
        assert_eq!(
            read(&data(PRESENT | BACKED_UP, &[]), &site()).unwrap_err(),
            Wrong::Garbled
        );
        assert_eq!(read(&data(PRESENT, &[0]), &site()).unwrap_err(), Wrong::Garbled);
        for cut in 0..said.len() {
            assert!(read(&said[..cut], &site()).is_err(), "{cut}");
        }
        let other = Site::of("https://company.example").unwrap();
        assert_eq!(read(&said, &other).unwrap_err(), Wrong::OtherSite);
        // Extensions: an empty map, and something else.
        assert!(read(&data(PRESENT | HAS_EXTENSIONS, &[0xa0]), &site()).is_ok());
        assert!(read(&data(PRESENT | HAS_EXTENSIONS, &[0x01]), &site()).is_err());
    }

    #[test]
    fn client_data_is_for_this_question_at_this_site() {
        let check =
            |json: serde_json::Value| check_client(json.to_string().as_bytes(), Kind::Get, "abc", &site());
        let origin = "https://licenses.company.example";
        let good = serde_json::json!({ "type": "webauthn.get", "challenge": "abc", "origin": origin });
        assert_eq!(check(good.clone()), Ok(()));
        for (name, value, wrong) in [
            ("type", serde_json::json!("webauthn.create"), Wrong::OtherQuestion),
            ("challenge", serde_json::json!("abd"), Wrong::OtherQuestion),
            (
                "origin",
                serde_json::json!("https://licenses.company.example.evil.example"),
                Wrong::OtherSite,
            ),
            (
                "origin",
                serde_json::json!("http://licenses.company.example"),
                Wrong::OtherSite,
            ),
            ("crossOrigin", serde_json::json!(true), Wrong::OtherSite),
            ("origin", serde_json::json!(1), Wrong::Garbled),
        ] {
            let mut said = good.clone();
            said[name] = value;
            assert_eq!(check(said), Err(wrong), "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_left(bytes in any::<Vec<u8>>(), flags in any::<u8>()) {
            let _ = authenticator_data(&bytes);
            let _ = read(&data(flags, &bytes), &site());
            let _ = check_client(&bytes, Kind::Get, "abc", &site());
        }
    }
}
