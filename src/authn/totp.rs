//! Codes of an authenticator (RFC 6238): six digits from a shared secret and the time, another every 30 seconds.
//! SHA-1, since phones use it whatever the address of the secret says; as a keyed hash it is sound.

use crate::kernel::{Moment, Secret};
use crate::platform::token;
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;

/// For how many seconds a code stands.
pub const STEP: i64 = 30;
/// How many digits it has.
pub const DIGITS: usize = 6;
/// A clock may be off by so many steps to each side.
const SKEW: i64 = 1;
/// How far a clock that is wrong is looked for, in steps to each side: ten minutes.
const FAR: i64 = 20;

/// A new secret, in base32: 20 random bytes, as RFC 4226 wants.
pub fn make() -> Secret {
    Secret::new(BASE32_NOPAD.encode(&token::random_bytes::<20>()))
}

/// The step of a moment.
fn step_of(wall: Moment) -> i64 {
    wall.utc().timestamp().div_euclid(STEP)
}

/// The code of a step.
fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    // RFC 4226, section 5.3: four bytes from where the last one says.
    let from = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let number = bytes
        .iter()
        .skip(from)
        .take(4)
        .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
        & 0x7fff_ffff;
    format!("{:0width$}", number % 1_000_000, width = DIGITS)
}

/// The code that an authenticator shows at a moment: for tests, and for whoever has none at hand.
pub fn shown(secret: &Secret, wall: Moment) -> Option<String> {
    let key = BASE32_NOPAD.decode(secret.reveal().as_bytes()).ok()?;
    Some(code(&key, step_of(wall)))
}

/// To which step around now a code belongs. Every step that counts is compared, whichever fits.
pub fn fitting(secret: &Secret, typed: &str, wall: Moment) -> Option<i64> {
    within(secret, typed, wall, SKEW)
}

fn within(secret: &Secret, typed: &str, wall: Moment, steps: i64) -> Option<i64> {
    let key = BASE32_NOPAD.decode(secret.reveal().as_bytes()).ok()?;
    let now = step_of(wall);
    let mut fits = None;
    for step in now - steps..=now + steps {
        if token::same(&code(&key, step), typed) {
            fits = Some(step);
        }
    }
    fits
}

/// By how many seconds a clock is off that shows this code: ahead is above zero. Nothing where the code fits no time near
/// by. Only for somebody who is being shown the secret: to others it would say how near a guess was.
pub fn off_by(secret: &Secret, typed: &str, wall: Moment) -> Option<i64> {
    within(secret, typed, wall, FAR).map(|step| (step - step_of(wall)) * STEP)
}

/// The address by which an authenticator takes a secret over, from a picture or a link.
pub fn address(issuer: &str, account: &str, secret: &Secret) -> String {
    let plain = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    format!(
        "otpauth://totp/{0}:{1}?secret={2}&issuer={0}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
        plain(issuer),
        plain(account),
        secret.reveal()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    fn at(seconds: i64) -> Moment {
        Moment::of(DateTime::from_timestamp(seconds, 0).unwrap())
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six of its eight digits.
        let secret = Secret::new(BASE32_NOPAD.encode(b"12345678901234567890"));
        for (seconds, wanted) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(shown(&secret, at(seconds)).unwrap(), wanted, "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_one_step() {
        let (secret, now) = (make(), at(1_800_000_010));
        let shown_at = |seconds: i64| shown(&secret, now.plus(TimeDelta::seconds(seconds))).unwrap();
        let step = 1_800_000_000 / STEP;
        assert_eq!(fitting(&secret, &shown_at(0), now), Some(step));
        assert_eq!(fitting(&secret, &shown_at(-30), now), Some(step - 1));
        assert_eq!(fitting(&secret, &shown_at(30), now), Some(step + 1));
        assert_eq!(fitting(&secret, &shown_at(60), now), None);
        assert_eq!(fitting(&secret, &shown_at(-60), now), None);
        assert_eq!(off_by(&secret, &shown_at(60), now), Some(60));
        assert_eq!(off_by(&secret, &shown_at(-300), now), Some(-300));
        assert_eq!(off_by(&secret, &shown_at(3600), now), None);
        assert_eq!(fitting(&secret, "", now), None);
    }

    #[test]
    fn the_address_of_a_secret_says_whose_it_is() {
        let secret = Secret::new("ABC");
        assert_eq!(
            address("Licentral On-Prem", "ada@xyz.example", &secret),
            "otpauth://totp/Licentral%20On%2DPrem:ada%40xyz%2Eexample?secret=ABC&issuer=Licentral%20On%2DPrem&algorithm=SHA1&digits=6&period=30"
        );
    }
}
