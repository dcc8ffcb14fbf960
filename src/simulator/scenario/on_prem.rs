//! The On-Prem server of XYZ COMPANY, as the cloud knows it. Beside an On-Prem portal the two tell one story. Alone it is
//! synchronized once and without product instances, so that the steps of removing it can be walked, and nobody has its key.

use super::demo::{Demo, days_before};
use crate::authz::action::AuthorizeOnPrem;
use crate::device_managers::{self, Binding, New};
use crate::error::{Error, Result};
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::kernel::{Moment, Who};
use crate::platform::db::Tx;
use crate::platform::signing::{FileKey, Signing};
use crate::smart_accounts;
use crate::sync::format::{Limits, Made, Place, Record};
use crate::sync::{self, Sender, Way};

pub const NAME: &str = "Smart-On-Prem-Account";
pub const PLACE: &str = "Local-Virtual-Account";
/// Its own Virtual Accounts: names without blanks, since some scripts put them into addresses as they are.
const PLACES: &[(&str, &str)] = &[
    ("DEFAULT", "What the cloud's Local-Virtual-Account holds."),
    ("Corporate-Network-Devices", "Switches of the data center."),
];

/// The key of the server.
enum Key {
    /// Nobody has it: the server is known here alone.
    Lost(FileKey),
    /// That of the On-Prem portal beside this one: its public half.
    Beside(String),
}

impl Key {
    fn public(&self) -> &str {
        match self {
            Self::Lost(key) => key.public_key(),
            Self::Beside(public) => public,
        }
    }
}

/// Ids, times and the key.
pub struct Plan {
    manager: DeviceManagerId,
    file: SyncFileId,
    key: Key,
    registered_at: Moment,
    synced_at: Moment,
}

impl Plan {
    /// Thinks it out; `beside` is the public key of the account on the On-Prem portal beside this one.
    pub fn new(now: Moment, beside: Option<&str>) -> Result<Self> {
        Ok(Self {
            manager: DeviceManagerId::new(),
            file: SyncFileId::new(),
            key: match beside {
                Some(public) => Key::Beside(public.to_owned()),
                None => Key::Lost(FileKey::make()?.0),
            },
            registered_at: days_before(now, 12, 10),
            synced_at: days_before(now, 3, 6),
        })
    }

    /// Writes it into the transaction of the demo.
    pub fn write(&self, tx: &mut Tx<'_>, demo: &Demo, signing: &Signing) -> Result<()> {
        let place = demo
            .divisions
            .iter()
            .find(|(_, name)| *name == PLACE)
            .map(|(id, _)| *id)
            .ok_or_else(|| Error::internal("no Local-Virtual-Account"))?;
        let account = smart_accounts::find(tx, demo.xyz)?;
        let permit =
            demo.permit_of::<AuthorizeOnPrem>(tx, "ada@xyz.example", demo.xyz, self.registered_at)?;
        let mut new = New {
            id: self.manager,
            name: NAME.to_owned(),
            binding: Binding::Existing(place),
            public_key: self.key.public().to_owned(),
            answer: String::new(),
        };
        let registered = sync::Registered {
            manager: new.id,
            name: &new.name,
            public_key: &new.public_key,
            virtual_account: PLACE,
        };
        new.answer = sync::answer(signing.files(), self.registered_at, &account, &registered)?;
        let _ = device_managers::add(tx, &permit, self.registered_at, &new, None)?;
        // The portal beside this one sends its files itself.
        let Key::Lost(key) = &self.key else {
            return Ok(());
        };
        let sender = Sender {
            who: Who {
                person: None,
                label: format!("{NAME} (device manager)"),
                address: "192.0.2.80".to_owned(),
                request_id: String::new(),
            },
            way: Way::Network,
            limits: Limits::default(),
        };
        let bytes = self.bytes(account.number, key)?;
        sync::exchange(
            tx,
            signing.files(),
            self.synced_at,
            self.file,
            self.manager,
            &sender,
            &bytes,
        )
        .map(drop)
    }

    /// By what the cloud knows the server.
    pub fn manager(&self) -> DeviceManagerId {
        self.manager
    }

    /// When it was registered, and when it was synchronized last.
    pub fn times(&self) -> (Moment, Moment) {
        (self.registered_at, self.synced_at)
    }

    fn bytes(&self, smart_account: i64, key: &FileKey) -> Result<Vec<u8>> {
        let places = PLACES.iter().map(|(name, description)| {
            Record::Place(Place {
                name: (*name).to_owned(),
                description: (*description).to_owned(),
            })
        });
        Made {
            manager: self.manager,
            smart_account,
            virtual_account: PLACE.to_owned(),
            sequence: 1,
            last_response: 0,
            created_at: self.synced_at,
            software: "Licentral On-Prem (scenario)".to_owned(),
        }
        .file(places, key)
    }
}
