//! The codes that people carry between the portal and a device that never calls: the request code of the device, the
//! authorization code that it installs, and the return code that proves that it gave its licenses back.
//!
//! The portal and `licentral device` both compute them here. Nothing in them is the vendor's: only their looks are.

use super::super::model::Udi;
use crate::kernel::{Moment, pasted};
use crate::platform::token;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXUPPER};

/// With which letters our own request codes begin. Codes of other devices begin with others and are read by their
/// shape alone; of ours the last two characters are checked.
const OURS: &str = "LC";
/// An authorization code is written in groups of so many characters.
const GROUP: usize = 6;
/// So many licenses fit into one code.
pub const MOST_LICENSES: usize = 50;
/// The version of what a first authorization code holds.
const FIRST: u8 = 1;
/// That of a code that updates another: which update it is stands behind it.
const UPDATE: u8 = 2;
/// So many bytes seal it.
const SEAL: usize = 10;

/// What a device that never calls asks with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCode {
    /// The whole code.
    pub text: String,
    /// Product id of the device.
    pub pid: String,
    /// Serial number of the device.
    pub serial: String,
}

fn is_part(text: &str) -> bool {
    (1..=60).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

impl RequestCode {
    /// The device that made it.
    pub fn udi(&self) -> Udi {
        Udi {
            pid: self.pid.clone(),
            serial: self.serial.clone(),
        }
    }

    /// The code that a device makes: `dice` makes it another one each time.
    pub fn make(pid: &str, serial: &str, dice: [u8; 6]) -> Option<Self> {
        if !is_part(pid) || !is_part(serial) || pid.contains(':') {
            return None;
        }
        let rand: String = BASE32_NOPAD.encode(&dice).chars().take(9).collect();
        let body = format!("{OURS}-Z{pid}:{serial}-{rand}");
        Some(Self {
            text: format!("{body}-{}", check(&body)),
            pid: pid.to_owned(),
            serial: serial.to_owned(),
        })
    }

    /// Reads a code as it was typed or pasted: `XX-Z<pid>:<device>-<rand>-XX`.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let text = pasted::code(typed);
        if text.is_empty() {
            return Err("Enter the request code that the device shows.".to_owned());
        }
        // Devices write it in capitals; where its check tells, it may have been typed otherwise.
        Self::read(text.clone()).or_else(|says| Self::read(text.to_ascii_uppercase()).map_err(|_| says))
    }

    fn read(text: String) -> Result<Self, String> {
        let wrong = || {
            "This is not a request code. It looks like LC-ZC9200-48P-E:FOC2401X0AB-7QK2MZ9PT-3F. Copy it from the device again.".to_owned()
        };
        let read = || {
            let (prefix, rest) = text.split_once("-Z")?;
            let (rest, last) = rest.rsplit_once('-')?;
            let (udi, rand) = rest.rsplit_once('-')?;
            let (pid, serial) = udi.split_once(':')?;
            let good = prefix.len() == 2
                && prefix.chars().all(|c| c.is_ascii_uppercase())
                && last.len() == 2
                && last.chars().all(|c| c.is_ascii_alphanumeric())
                && (1..=20).contains(&rand.len())
                && rand.chars().all(|c| c.is_ascii_alphanumeric())
                && is_part(pid)
                && is_part(serial);
            let body = text.rsplit_once('-').map_or("", |(body, _)| body);
            (good && (prefix != OURS || last == check(body))).then(|| (pid.to_owned(), serial.to_owned()))
        };
        let (pid, serial) = read().ok_or_else(wrong)?;
        Ok(Self { text, pid, serial })
    }
}

/// Two characters that tell a code that was typed wrongly.
fn check(body: &str) -> String {
    token::fingerprint(format!("request {body}").as_bytes())
        .chars()
        .take(2)
        .collect::<String>()
        .to_ascii_uppercase()
}

/// To what the code of a device is sealed that made no request.
pub fn sealed_to(pid: &str, serial: &str) -> String {
    format!("{pid}:{serial}")
}

/// A license that an authorization code grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// What programs know it by.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
    /// Until when, to the second; none for good.
    pub ends_at: Option<Moment>,
}

/// What an authorization code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Product id of the device.
    pub pid: String,
    /// Serial number of the device.
    pub serial: String,
    /// What it may use.
    pub licenses: Vec<Granted>,
    /// Which update of the reservation it is; 0 for the first code. A device takes none that is older than what it has.
    pub update: u64,
}

impl Authorization {
    /// The code, for the device that made this request. It is the same whenever it is made.
    pub fn code(&self, request: &str) -> String {
        let mut bytes = if self.update == 0 {
            vec![FIRST]
        } else {
            let mut bytes = vec![UPDATE];
            put_number(&mut bytes, self.update);
            bytes
        };
        put_text(&mut bytes, &self.pid);
        put_text(&mut bytes, &self.serial);
        put_number(&mut bytes, self.licenses.len() as u64);
        for one in &self.licenses {
            put_text(&mut bytes, &one.entitlement);
            put_number(&mut bytes, one.quantity.unsigned_abs());
            // 0 is for good.
            put_number(
                &mut bytes,
                one.ends_at.map_or(0, |at| {
                    at.utc().timestamp().max(0).unsigned_abs().saturating_add(1)
                }),
            );
        }
        let mut seal = seal_of(request, &bytes);
        bytes.append(&mut seal);
        grouped(&BASE32_NOPAD.encode(&bytes))
    }

    /// Reads a code on the device that made this request; what is wrong with it otherwise.
    pub fn read(code: &str, request: &str) -> Result<Self, String> {
        let wrong = || "This is not an authorization code, or it was not copied whole.".to_owned();
        let bytes = BASE32_NOPAD.decode(plain(code).as_bytes()).map_err(|_| wrong())?;
        let (body, seal) = bytes
            .split_at_checked(bytes.len().saturating_sub(SEAL))
            .ok_or_else(wrong)?;
        if seal_of(request, body) != seal {
            return Err(
                "This authorization code was made for another request code, or it was not copied whole."
                    .to_owned(),
            );
        }
        let mut rest = body;
        let mut read = || {
            let (version, after) = rest.split_first()?;
            rest = after;
            let update = match *version {
                FIRST => 0,
                UPDATE => take_number(&mut rest).filter(|update| *update > 0)?,
                _ => return None,
            };
            let pid = take_text(&mut rest)?;
            let serial = take_text(&mut rest)?;
            let count = take_number(&mut rest)?;
            if count > MOST_LICENSES as u64 {
                return None;
            }
            let mut licenses = Vec::new();
            for _ in 0..count {
                let entitlement = take_text(&mut rest)?;
                let quantity = i64::try_from(take_number(&mut rest)?).ok()?;
                let ends = take_number(&mut rest)?;
                let ends_at = match ends.checked_sub(1) {
                    None => None,
                    Some(seconds) => Some(Moment::of(chrono::DateTime::from_timestamp(
                        i64::try_from(seconds).ok()?,
                        0,
                    )?)),
                };
                licenses.push(Granted {
                    entitlement,
                    quantity,
                    ends_at,
                });
            }
            rest.is_empty().then_some(Self {
                pid,
                serial,
                licenses,
                update,
            })
        };
        read().ok_or_else(wrong)
    }
}

/// What the device shows once it has given its licenses back: only who has the authorization code, and knows the
/// device, can say it.
pub fn return_code(authorization: &str, pid: &str, serial: &str) -> String {
    proof("return", authorization, pid, serial)
}

/// What the device shows once it has installed the code of an update: until it is entered, the portal does not know which
/// of the two codes the device works by.
pub fn confirmation_code(authorization: &str, pid: &str, serial: &str) -> String {
    proof("confirm", authorization, pid, serial)
}

/// Whether what was typed is the confirmation code for this authorization code.
pub fn is_confirmation_code(typed: &str, authorization: &str, pid: &str, serial: &str) -> bool {
    token::same(
        &plain(typed),
        &plain(&confirmation_code(authorization, pid, serial)),
    )
}

fn proof(of: &str, authorization: &str, pid: &str, serial: &str) -> String {
    let text = format!("{of} {} {pid} {serial}", plain(authorization));
    let bytes = BASE64URL_NOPAD
        .decode(token::digest(&text).as_bytes())
        .unwrap_or_default();
    let whole: String = BASE32_NOPAD.encode(&bytes).chars().take(3 * GROUP).collect();
    grouped(&whole)
}

/// Whether what was typed is the return code for this authorization code.
pub fn is_return_code(typed: &str, authorization: &str, pid: &str, serial: &str) -> bool {
    token::same(&plain(typed), &plain(&return_code(authorization, pid, serial)))
}

/// A code without its groups, in capitals: as it is compared.
fn plain(code: &str) -> String {
    pasted::code(code)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn grouped(code: &str) -> String {
    let mut out = String::with_capacity(code.len() + code.len() / GROUP);
    for (at, letter) in code.chars().enumerate() {
        if at > 0 && at.is_multiple_of(GROUP) {
            out.push('-');
        }
        out.push(letter);
    }
    out
}

/// The request is part of the seal, so that a code for one device, or for an older request, installs on no other.
fn seal_of(request: &str, bytes: &[u8]) -> Vec<u8> {
    let request: String = request.split_whitespace().collect();
    let text = format!("authorization {request} {}", HEXUPPER.encode(bytes));
    let whole = BASE64URL_NOPAD
        .decode(token::digest(&text).as_bytes())
        .unwrap_or_default();
    whole.into_iter().take(SEAL).collect()
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_request_codes_are_read_and_ours_are_checked() {
        let theirs = RequestCode::parse(" BB-ZCiscoPIDDefault3:12341568913-BHk4w9qc7-38\n").unwrap();
        assert_eq!(
            (theirs.pid.as_str(), theirs.serial.as_str()),
            ("CiscoPIDDefault3", "12341568913")
        );
        let ours = RequestCode::make("C9200-48P-E", "FOC2401X0AB", [1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(RequestCode::parse(&ours.text).unwrap(), ours);
        assert!(RequestCode::parse(&ours.text.replace("FOC", "FOD")).is_err());
        for bad in [
            "",
            "C9200",
            "BB-ZC9200",
            "BB-Z:1-a-38",
            "B1-ZP:1-a-38",
            "BB-ZP:1-a-3",
            "BB-ZP:1--38",
            &"x".repeat(10_000),
        ] {
            assert!(RequestCode::parse(bad).is_err(), "{bad:?}");
        }
    }

    fn granted() -> impl Strategy<Value = Granted> {
        (
            "[ -~]{1,100}",
            1_i64..1_000_000_000,
            proptest::option::of(0_i64..4_102_444_800),
        )
            .prop_map(|(entitlement, quantity, ends)| Granted {
                entitlement,
                quantity,
                ends_at: ends.map(|s| Moment::of(chrono::DateTime::from_timestamp(s, 0).unwrap())),
            })
    }

    proptest! {
        #[test]
        fn a_device_reads_what_was_granted_and_no_other_does(
            pid in "[A-Z0-9-]{1,60}", serial in "[A-Z0-9]{1,60}", dice in any::<[u8; 6]>(), other in any::<[u8; 6]>(),
            licenses in proptest::collection::vec(granted(), 0..8), at in 0_usize..4000, update in 0_u64..300,
        ) {
            let request = RequestCode::make(&pid, &serial, dice).unwrap();
            prop_assert!(request.text.len() <= 200);
            prop_assert_eq!(&RequestCode::parse(&request.text).unwrap(), &request);
            let authorization = Authorization { pid: pid.clone(), serial: serial.clone(), licenses, update };
            let code = authorization.code(&request.text);
            prop_assert!(code.len() <= 20_000);
            prop_assert!(code.split('-').all(|group| group.len() <= GROUP));
            prop_assert_eq!(&Authorization::read(&code, &request.text).unwrap(), &authorization);
            // Typed in small letters, without groups.
            prop_assert_eq!(&Authorization::read(&plain(&code).to_lowercase(), &request.text).unwrap(), &authorization);
            let foreign = RequestCode::make(&pid, &serial, other).unwrap();
            if foreign != request { prop_assert!(Authorization::read(&code, &foreign.text).is_err()); }
            let letters = plain(&code);
            // The last character holds padding bits.
            let at = at % (letters.len() - 1);
            let mut bent: Vec<char> = letters.chars().collect();
            bent[at] = if bent[at] == 'A' { 'B' } else { 'A' };
            let bent: String = bent.into_iter().collect();
            prop_assert!(Authorization::read(&bent, &request.text).is_err());

            let back = return_code(&code, &pid, &serial);
            let spaced = [" ", &back.to_lowercase(), " "].concat();
            prop_assert!(is_return_code(&spaced, &code, &pid, &serial));
            prop_assert!(!is_return_code(&back, &bent, &pid, &serial));
            prop_assert!(!is_return_code(&back, &code, &pid, "another"));
            prop_assert!(!is_return_code("", &code, &pid, &serial));
            let confirmed = confirmation_code(&code, &pid, &serial);
            prop_assert!(is_confirmation_code(&confirmed, &code, &pid, &serial));
            prop_assert!(!is_return_code(&confirmed, &code, &pid, &serial));
            // The same licenses again are another code, and another confirmation.
            let later = Authorization { update: update + 1, ..authorization }.code(&request.text);
            prop_assert!(later != code && !is_confirmation_code(&confirmed, &later, &pid, &serial));
        }

        #[test]
        fn nothing_typed_breaks_the_reading(typed in "\\PC{0,300}|[A-Z2-7-]{0,300}") {
            let _ = RequestCode::parse(&typed);
            let _ = Authorization::read(&typed, "x");
            prop_assert!(!is_return_code(&typed, "AAAA", "P", "S") || plain(&typed).len() == 18);
        }
    }
}
