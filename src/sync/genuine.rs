//! From bytes to a file whose beginning and content are proven: [`Head`], then [`Genuine`]. Each is made once for a file, and
//! its signature is verified once.

use super::format::{self, Checked, Limits, Records, SyncHeader, Verified};
use crate::device_managers::{self, Manager};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::db::Reads;
use crate::smart_accounts;
use std::io::Cursor;

/// What was taken in already is not measured again: the setting may have changed since.
pub const ANY: Limits = Limits {
    body_bytes: u64::MAX,
    unpacked_bytes: u64::MAX,
    records: u64::MAX,
};

/// The device manager from which a file says that it comes; whether that is true is not looked at.
pub fn claimed(read: &mut dyn Reads, head: &[u8]) -> Result<Manager> {
    let header: SyncHeader = format::open(Cursor::new(head))?.claimed()?;
    match device_managers::whose(read, header.manager)? {
        None => Err(Error::refused(
            "sync.wrong-device-manager",
            "The file comes from an On-Prem server that is not registered here. Add it as a device manager first, with its registration file; if it took the place of a server that is a device manager here, re-register that one instead.",
        )),
        Some(one) if one.removed_at.is_some() => Err(removed(&one.name)),
        Some(one) => Ok(one),
    }
}

/// The beginning of a file, and the device manager from which it comes, as its signature proves.
#[derive(Debug, Clone)]
pub struct Head {
    /// The device manager.
    pub manager: Manager,
    verified: Verified<SyncHeader, Cursor<Vec<u8>>>,
    lines: usize,
}

impl Head {
    /// Reads the first two lines of a file of some device manager.
    pub fn read(read: &mut dyn Reads, head: &[u8]) -> Result<Self> {
        let head = head.get(..head.len().min(MOST_HEAD)).unwrap_or_default();
        let manager = claimed(read, head)?;
        Self::verified(read, manager, head)
    }

    /// Reads them as those of a file of this device manager.
    fn of(read: &mut dyn Reads, manager: &Manager, head: &[u8]) -> Result<Self> {
        if manager.removed_at.is_some() {
            return Err(removed(&manager.name));
        }
        let claimed: SyncHeader = format::open(Cursor::new(head))?.claimed()?;
        if claimed.manager == manager.id {
            return Self::verified(read, manager.clone(), head);
        }
        let other =
            device_managers::whose(read, claimed.manager)?.filter(|one| one.account == manager.account);
        Err(match other {
            Some(one) if one.removed_at.is_some() => removed(&one.name),
            Some(one) => wrong(&manager.name, &one.name),
            None => wrong(
                &manager.name,
                &format!(
                    "an On-Prem server that is not registered in this Smart Account ({})",
                    claimed.manager
                ),
            ),
        })
    }

    /// A file whose header was signed with the key of this device manager; one by a key of before is told so.
    fn verified(read: &mut dyn Reads, manager: Manager, head: &[u8]) -> Result<Self> {
        let lines = head
            .split_inclusive(|byte| *byte == b'\n')
            .take(2)
            .map(<[u8]>::len)
            .sum();
        let by = |key: &str| format::open(Cursor::new(head.to_vec()))?.verify::<SyncHeader>(key);
        match by(&manager.public_key) {
            Ok(verified) => Ok(Self {
                manager,
                verified,
                lines,
            }),
            Err(Error::Refused(refusal)) if refusal.code == "sync.bad-signature" => {
                let former = device_managers::former_keys(read, manager.id)?;
                let before = former.into_iter().find(|(key, _)| by(key).is_ok());
                Err(match before {
                    Some((_, ended)) => old_key(&manager.name, ended),
                    None => Error::Refused(refusal),
                })
            }
            Err(other) => Err(other),
        }
    }

    /// How many bytes the whole file has.
    pub fn length(&self) -> Result<usize> {
        let header = &self.verified.header;
        let most = Limits::default().body_bytes;
        if header.body_bytes > most {
            return Err(Error::refused(
                "sync.too-large",
                format!(
                    "The content of the file has {} bytes, and {most} are taken at most.",
                    header.body_bytes
                ),
            ));
        }
        Ok(usize::try_from(header.body_bytes)
            .unwrap_or(usize::MAX)
            .saturating_add(self.lines))
    }

    /// The whole file, when its content is unaltered to the last bit and not larger than is taken.
    pub fn whole<'b>(self, read: &mut dyn Reads, bytes: &'b [u8], limits: &Limits) -> Result<Genuine<'b>> {
        let checked = self.verified.read_on(Cursor::new(bytes))?.check(limits)?;
        let number = smart_accounts::find(read, self.manager.account)?.number;
        if checked.header.smart_account != number {
            return Err(wrong(
                &format!("the Smart Account {number}"),
                &format!("the Smart Account {}", checked.header.smart_account),
            ));
        }
        Ok(Genuine {
            key: self.manager.public_key,
            checked,
            bytes,
        })
    }
}

/// A file of a device manager: its header is genuine, and its content unaltered.
#[derive(Debug, Clone)]
pub struct Genuine<'b> {
    /// The public key by which it was verified.
    key: String,
    checked: Checked<SyncHeader, Cursor<&'b [u8]>>,
    /// The file itself.
    pub bytes: &'b [u8],
}

impl<'b> Genuine<'b> {
    /// Reads a file as one of this device manager: whose it is, then its signature, then its content to the last bit.
    pub fn read(read: &mut dyn Reads, manager: &Manager, bytes: &'b [u8], limits: &Limits) -> Result<Self> {
        Head::of(
            read,
            manager,
            bytes.get(..bytes.len().min(MOST_HEAD)).unwrap_or_default(),
        )?
        .whole(read, bytes, limits)
    }

    /// Its header.
    pub fn header(&self) -> &SyncHeader {
        &self.checked.header
    }

    /// SHA-256 of the whole file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.checked.sha256
    }

    /// Its records, from the first one.
    pub fn records(&mut self) -> Result<Records<'_, SyncHeader, Cursor<&'b [u8]>>> {
        self.checked.records()
    }

    /// Whether it is one of the device manager still, as that stands in this transaction: it may have been removed, or been
    /// registered again with another key, since the file was read.
    pub fn is_still_of(&self, read: &mut dyn Reads, manager: &Manager) -> Result<()> {
        if manager.removed_at.is_some() {
            return Err(removed(&manager.name));
        }
        if manager.id != self.header().manager {
            return Err(wrong(&manager.name, &self.header().manager.to_string()));
        }
        if manager.public_key == self.key {
            return Ok(());
        }
        let former = device_managers::former_keys(read, manager.id)?;
        let ended = former.into_iter().find(|(key, _)| *key == self.key);
        Err(old_key(
            &manager.name,
            ended.map_or(manager.registered_at, |(_, ended)| ended),
        ))
    }
}

/// The two lines of a file are not longer.
const MOST_HEAD: usize = 16 * 1024;

/// That a device manager was removed.
pub fn removed(name: &str) -> Error {
    Error::refused(
        "sync.removed-device-manager",
        format!(
            "The file comes from {name}, which was removed: its key is revoked. Generate a registration file with a new key on the On-Prem server, and add it as a device manager with that."
        ),
    )
}

fn wrong(expected: &str, found: &str) -> Error {
    Error::refused(
        "sync.wrong-device-manager",
        format!(
            "The file comes from {found}, and a file of {expected} is expected here. Choose the file that {expected} generated. If {expected} was set up anew, register it again: its menu, Re-register."
        ),
    )
}

fn old_key(name: &str, ended: Moment) -> Error {
    Error::refused(
        "sync.old-key",
        format!(
            "The file was signed with a key that {name} had until {}: then it was registered again, with a new key, and files by the old one are refused. Generate the file on the server that has the new key. If that one is not the right one, register the right one again: menu of {name}, Re-register.",
            ended.words()
        ),
    )
}
