//! Passkeys (Web Authentication Level 2): what browsers and authenticators are asked, and what of their answers is taken. All
//! times are wall times.

mod asked;
mod key;
mod said;
mod store;

pub use asked::{Asked, PATIENCE, Purpose};
pub use key::ALGORITHMS;

use crate::error::Result;
use crate::kernel::ids::{PasskeyId, PersonId};
use crate::kernel::{Moment, Name};
use crate::platform::db::{Reads, Tx};
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use key::Key;
use minicbor::Decoder;
use said::Kind;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// So many may one person have.
pub const MOST: usize = 20;

/// For which site passkeys are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The host: what browsers bind passkeys to.
    pub id: String,
    /// Scheme, host and port, as browsers say them.
    pub origin: String,
}

impl Site {
    /// That of a portal; none where browsers make no passkeys: without TLS, but on this computer, and where the host is no name.
    pub fn of(base_url: &str) -> Option<Self> {
        let url = url::Url::parse(base_url).ok()?;
        let host = url.domain()?.to_owned();
        let is_here = host == "localhost" || host.ends_with(".localhost");
        (url.scheme() == "https" || is_here).then(|| Self {
            id: host,
            origin: url.origin().ascii_serialization(),
        })
    }

    /// How authenticators name it.
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.id.as_bytes()).into()
    }
}

/// Why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It is cut off, or something else.
    Garbled,
    /// It was asked for by another site.
    OtherSite,
    /// It belongs to another question.
    OtherQuestion,
    /// The question was answered before.
    Again,
    /// Nobody touched the authenticator.
    NobodyThere,
    /// The authenticator did not check who it was.
    NotVerified,
    /// Its key is of a kind that is not taken.
    KindOfKey,
    /// The signature is not that of the passkey.
    Signature,
    /// Nobody has this passkey, or somebody else.
    NotKnown,
    /// It was made for somebody else, here or elsewhere.
    Taken,
    /// The counter went back: there are two of it.
    Counter,
}

impl Wrong {
    /// For the record.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Garbled => "the answer is broken",
            Self::OtherSite => "the answer is for another site",
            Self::OtherQuestion => "the answer belongs to another question",
            Self::Again => "the question was answered already",
            Self::NobodyThere => "nobody touched the authenticator",
            Self::NotVerified => "the authenticator did not check who it was",
            Self::KindOfKey => "its key is of a kind that is not taken",
            Self::Signature => "the signature is not that of the passkey",
            Self::NotKnown => "the passkey is not known",
            Self::Taken => "the passkey is in use already",
            Self::Counter => "the counter of the passkey went back, so there may be a copy of it",
        }
    }

    /// For whoever sits in front of it: what is so, and the way out.
    pub const fn says(self) -> &'static str {
        match self {
            Self::NotKnown => {
                "The passkey is not known here. It may have been removed; use another one, or another way."
            }
            Self::NotVerified => {
                "The passkey did not check who you are. Use one that asks for a finger, a face or a PIN, or give your password as well."
            }
            Self::KindOfKey => "Keys of this kind are not taken here. Use another authenticator.",
            Self::Taken => "This passkey is in use already. Make another one.",
            Self::Counter => {
                "This passkey has been used elsewhere since, so there may be a copy of it. Come in another way, and remove it."
            }
            _ => "The passkey was not taken. Try again.",
        }
    }
}

/// A passkey of a person.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// Not what the authenticator calls it.
    pub id: PasskeyId,
    /// Whose.
    pub person: PersonId,
    /// What the authenticator calls it, base64url.
    pub credential_id: String,
    public_key: String,
    /// What its owner calls it.
    pub name: String,
    counter: i64,
    is_backup_eligible: bool,
    /// Its key is on more than one device of its owner, or may be brought back.
    pub is_backed_up: bool,
    transports: String,
    /// Since when.
    pub made_at: Moment,
    /// Last use.
    pub used_at: Option<Moment>,
}

impl Passkey {
    /// How browsers reach it.
    pub fn transports(&self) -> Vec<&str> {
        self.transports.split(',').filter(|one| !one.is_empty()).collect()
    }
}

/// A person's, the oldest first.
pub fn of(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Passkey>> {
    store::of(read, person)
}

/// What the page's script sends of a passkey that was made.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAnswer {
    client_data: String,
    attestation: String,
    #[serde(default)]
    transports: Vec<String>,
}

/// What the page's script sends of a passkey that was used.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    id: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// Reads what the page's script sent.
pub fn parse<'t, T: Deserialize<'t>>(json: &'t str) -> std::result::Result<T, Wrong> {
    serde_json::from_str(json).map_err(|_| Wrong::Garbled)
}

fn bytes(text: &str) -> std::result::Result<Vec<u8>, Wrong> {
    BASE64URL.decode(text.as_bytes()).map_err(|_| Wrong::Garbled)
}

/// What authenticators call a person: nothing that says who it is.
pub fn handle(person: PersonId) -> String {
    BASE64URL.encode(person.as_str().as_bytes())
}

/// How a new passkey is to be kept.
#[derive(Debug, Clone)]
pub struct New {
    /// Its id.
    pub id: PasskeyId,
    /// Whose.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: Name,
}

/// The words of the specification for how a browser reaches an authenticator. Others are left out.
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

/// Keeps a passkey that was just made in answer to a question.
pub(super) fn add(
    tx: &mut Tx<'_>,
    wall: Moment,
    site: &Site,
    asked: &Asked,
    answer: &NewAnswer,
    new: &New,
) -> Result<std::result::Result<(), Wrong>> {
    let (credential_id, passkey) = match made(wall, site, asked, answer, new) {
        Ok(made) => made,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if store::by_credential(tx, &credential_id)?.is_some() {
        return Ok(Err(Wrong::Taken));
    }
    store::insert(tx, &passkey)?;
    Ok(Ok(()))
}

fn made(
    wall: Moment,
    site: &Site,
    asked: &Asked,
    answer: &NewAnswer,
    new: &New,
) -> std::result::Result<(String, Passkey), Wrong> {
    said::check_client(&bytes(&answer.client_data)?, Kind::Create, &asked.challenge, site)?;
    let attestation = bytes(&answer.attestation)?;
    let said = said::read(said::authenticator_data(&attestation)?, site)?;
    let made = said.made.ok_or(Wrong::Garbled)?;
    let transports: Vec<&str> = TRANSPORTS
        .into_iter()
        .filter(|known| answer.transports.iter().any(|told| told == known))
        .collect();
    let credential_id = BASE64URL.encode(made.id);
    let passkey = Passkey {
        id: new.id,
        person: new.person,
        credential_id: credential_id.clone(),
        public_key: BASE64URL.encode(made.key),
        name: new.name.to_string(),
        counter: i64::from(said.counter),
        is_backup_eligible: said.is_backup_eligible,
        is_backed_up: said.is_backed_up,
        transports: transports.join(","),
        made_at: wall,
        used_at: None,
    };
    Ok((credential_id, passkey))
}

/// Who has to be there.
#[derive(Debug, Clone, Copy)]
pub struct Demands {
    /// Only this person's passkeys are taken.
    pub person: Option<PersonId>,
    /// The authenticator has to have checked who it was.
    pub is_verified: bool,
}

/// What came of an answer.
#[derive(Debug)]
pub enum Taken {
    /// It is good.
    Yes(Passkey),
    /// It is not; with the passkey, where that is known.
    No(Wrong, Option<Passkey>),
}

/// Takes the answer of a passkey to a question. The caller has spent the question.
pub fn take(
    tx: &mut Tx<'_>,
    wall: Moment,
    site: &Site,
    asked: &Asked,
    answer: &Answer,
    demands: Demands,
) -> Result<Taken> {
    // The signature says so much: nothing is looked for in the database for what is not a passkey's name.
    let known = match bytes(&answer.id) {
        Ok(id) => store::by_credential(tx, &BASE64URL.encode(&id))?,
        Err(wrong) => return Ok(Taken::No(wrong, None)),
    };
    let Some(passkey) = known.filter(|one| demands.person.is_none_or(|person| one.person == person)) else {
        return Ok(Taken::No(Wrong::NotKnown, None));
    };
    match check(site, asked, answer, &passkey, demands) {
        Ok((counter, is_backed_up)) => {
            store::used(tx, passkey.id, counter, is_backed_up, wall)?;
            Ok(Taken::Yes(passkey))
        }
        Err(wrong) => Ok(Taken::No(wrong, Some(passkey))),
    }
}

/// Checks an answer (section 7.2); gives the counter, and whether the key is backed up.
fn check(
    site: &Site,
    asked: &Asked,
    answer: &Answer,
    passkey: &Passkey,
    demands: Demands,
) -> std::result::Result<(i64, bool), Wrong> {
    let client = bytes(&answer.client_data)?;
    said::check_client(&client, Kind::Get, &asked.challenge, site)?;
    let data = bytes(&answer.authenticator_data)?;
    let said = said::read(&data, site)?;
    // Authenticators that are told whom to look for need not say whom they found.
    match &answer.user_handle {
        Some(told) if *told != handle(passkey.person) => return Err(Wrong::NotKnown),
        None if demands.person.is_none() => return Err(Wrong::Garbled),
        _ => {}
    }
    let kept = bytes(&passkey.public_key)?;
    let key = Key::read(&mut Decoder::new(&kept)).ok_or(Wrong::KindOfKey)?;
    let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
    if !key.has_signed(&signed, &bytes(&answer.signature)?) {
        return Err(Wrong::Signature);
    }
    if demands.is_verified && !said.is_verified {
        return Err(Wrong::NotVerified);
    }
    // Whether a key can be copied is decided when it is made.
    if said.is_backup_eligible != passkey.is_backup_eligible {
        return Err(Wrong::Garbled);
    }
    let counter = i64::from(said.counter);
    if (counter, passkey.counter) != (0, 0) && counter <= passkey.counter {
        return Err(Wrong::Counter);
    }
    Ok((counter, said.is_backed_up))
}

/// Removes one of a person's; gives what it was.
pub(super) fn remove(tx: &mut Tx<'_>, person: PersonId, id: PasskeyId) -> Result<Option<Passkey>> {
    let found = store::of(tx, person)?.into_iter().find(|one| one.id == id);
    store::delete(tx, person, id)?;
    Ok(found)
}

/// Removes all of a person's.
pub(super) fn remove_all(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    store::delete_all(tx, person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_a_name_and_is_reached_safely() {
        let site = Site::of("https://Licenses.Company.example:443").unwrap();
        assert_eq!(site.id, "licenses.company.example");
        assert_eq!(site.origin, "https://licenses.company.example");
        let here = Site::of("http://localhost:8080").unwrap();
        assert_eq!(
            (here.id.as_str(), here.origin.as_str()),
            ("localhost", "http://localhost:8080")
        );
        for none in [
            "http://licenses.company.example",
            "https://192.0.2.1",
            "https://[2001:db8::1]:8443",
            "http://127.0.0.1:8080",
            "",
        ] {
            assert_eq!(Site::of(none), None, "{none}");
        }
    }
}
