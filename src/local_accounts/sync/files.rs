//! Synchronization files out, response files in.

use super::super::model::{AccountState, LocalAccount, SyncState};
use super::super::store as accounts;
use super::claim;
use super::store::{self, MadeFile, Way};
use crate::devices::policy::on_prem;
use crate::devices::reservation::on_prem::{self as asked_for, Heard};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Event, Kind, Moment, Who};
use crate::licenses::supply::{self, Told};
use crate::platform::db::{Db, Reads, Tx};
use crate::platform::signing::FileKey;
use crate::sync::format::{self, AuthorizedAs, FileKind, Limits, Record, ResponseHeader, Writer};
use crate::{devices, virtual_accounts};
use serde_json::json;
use std::collections::HashMap;
use std::io::Cursor;

/// With what files are made.
const SOFTWARE: &str = concat!("licentral on-prem ", env!("CARGO_PKG_VERSION"));
/// So many product instances by policy are asked for their reports at once.
const SOME: usize = 200;

/// A synchronization file.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Its number in the account.
    pub sequence: i64,
    /// How many product instances it tells of.
    pub devices: u64,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Generated {
    /// What proves whose file it is: its first two lines.
    pub fn head(&self) -> &[u8] {
        let mut ends = self
            .bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        let end = ends.nth(1).unwrap_or(self.bytes.len());
        self.bytes.get(..end).unwrap_or_default()
    }
}

/// What came of a response file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It was applied.
    Now {
        /// The number of the file that it answers.
        sequence: i64,
        /// How many lines of licenses it brought.
        licenses: usize,
        /// By when to synchronize again.
        due_at: Moment,
        /// How many licenses are reserved here beyond what there is.
        beyond: i64,
    },
    /// It was applied before: nothing changed.
    Before {
        /// The number of the file that it answers.
        sequence: i64,
    },
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Makes a synchronization file of everything that is in the account, to be carried by hand: not while the account is
/// synchronized over the network (by wall time), which says the same.
pub fn generate(
    db: &Db,
    who: &Who,
    (at, wall): (Moment, Moment),
    id: SmartAccountId,
    key: &FileKey,
) -> Result<Generated> {
    let claimed = db.read_now(|r| {
        let one = accounts::find(r, id)?;
        Ok(store::is_claimed(r, id, wall)?.then_some(one.name))
    })?;
    match claimed {
        Some(name) => Err(claim::in_progress(&name)),
        None => make(db, who, at, id, key, Way::File),
    }
}

/// Writes everything that is in the account: local Virtual Accounts, product instances, and of those by policy their reports
/// and what they ask for.
fn write_all(read: &mut dyn Reads, id: SmartAccountId, writer: &mut Writer<Vec<u8>>) -> Result<LocalAccount> {
    let one = accounts::find(read, id)?;
    one.cloud()?;
    let places = virtual_accounts::of_account(read, id)?;
    let names: HashMap<_, _> = places
        .iter()
        .map(|place| (place.id, place.name.clone()))
        .collect();
    for place in places {
        writer.record(&Record::Place(format::Place {
            name: place.name,
            description: place.description.replace('\n', " "),
        }))?;
    }
    let mut reporting = Vec::new();
    devices::each_of_account(read, id, &mut |device, used| {
        let by_policy = device.policy.is_some();
        if by_policy {
            reporting.push(device.id);
        }
        writer.record(&Record::Device(format::Device {
            place: names.get(&device.virtual_account).cloned().unwrap_or_default(),
            pid: device.pid,
            serial: device.serial,
            hostname: if one.hides_hostnames {
                String::new()
            } else {
                device.hostname
            },
            product: device.product,
            software: device.software,
            registered_at: device.registered_at,
            contact_at: device.contact_at,
            by_policy,
            usage: used
                .into_iter()
                .filter(|usage| usage.quantity > 0 && !by_policy)
                .map(|usage| (usage.entitlement, usage.quantity))
                .collect(),
        }))
    })?;
    let asked = asked_for::to_send(read, id)?;
    for some in reporting.chunks(SOME) {
        for (sent, acknowledged) in on_prem::to_send(read, some)? {
            writer.record(&Record::Report(format::Report {
                payload: sent.payload,
                signing_type: sent.signing,
                key: sent.key,
                value: sent.value,
                acknowledged,
            }))?;
        }
    }
    for asked in asked {
        writer.record(&Record::Authorization(format::Authorization {
            request: asked.request,
            by_serial: asked.by_serial,
            licenses: asked.licenses,
            return_code: asked.return_code,
        }))?;
    }
    Ok(one)
}

/// Makes one, for whoever has seen to it that nobody else does: for the network the account is In progress from here on.
pub fn make(
    db: &Db,
    who: &Who,
    at: Moment,
    id: SmartAccountId,
    key: &FileKey,
    way: Way,
) -> Result<Generated> {
    let mut writer = Writer::new(FileKind::Sync, Vec::new());
    let one = db.read_now(|r| write_all(r, id, &mut writer))?;
    let (body, counts) = writer.finish()?;
    let cloud = one.cloud()?;
    let header = format::Made {
        manager: cloud.manager,
        smart_account: cloud.smart_account,
        virtual_account: cloud.virtual_account.clone(),
        sequence: one.sequence + 1,
        last_response: one.last_response,
        created_at: at,
        software: SOFTWARE.to_owned(),
    }
    .header(counts);
    let mut bytes = Vec::new();
    let mut hashed = format::Hashed::new(&mut bytes);
    format::write_file(&mut hashed, &header, key, &mut body.as_slice())?;
    let file = MadeFile {
        sequence: header.sequence,
        sha256: hashed.sha256(),
        way,
        devices: whole(header.devices),
        usages: whole(header.usages),
        made_at: at,
        answered_at: None,
    };
    let state = match way {
        Way::File => SyncState::Generated,
        Way::Network => SyncState::InProgress,
    };
    let hidden = if one.hides_hostnames {
        " Host names were left out."
    } else {
        ""
    };
    let event = Event::new(
        Kind::LocalFileMade,
        id,
        format!(
            "Synchronization file {} of {} was generated.{hidden}",
            file.sequence, one.name
        ),
    )
    .within(id)
    .with(
        json!({ "sequence": file.sequence, "way": way, "devices": file.devices, "usages": file.usages,
        "reports": header.reports, "sha256": file.sha256, "host_names": !one.hides_hostnames }),
    );
    db.write_now(|tx| {
        // Somebody else has made a file meanwhile: this one is not handed out.
        if !store::made(tx, id, one.version, state, &file)? {
            return Err(Error::Stale);
        }
        tx.record(at, who, &event, ())
    })?;
    Ok(Generated {
        sequence: header.sequence,
        devices: header.devices,
        bytes,
    })
}

fn other(why: impl Into<String>) -> Error {
    Error::refused("on-prem.other-response", why.into())
}

/// Applies a response file: all of it, or nothing. A refusal is recorded.
pub fn apply(db: &Db, who: &Who, at: Moment, id: SmartAccountId, bytes: &[u8]) -> Result<Applied> {
    let applied = try_to_apply(db, who, at, id, bytes);
    if let Err(Error::Refused(refusal)) = &applied {
        let event = Event::new(
            Kind::LocalSyncFailed,
            id,
            format!("A response file was refused: {}", refusal.says),
        )
        .within(id)
        .with(json!({ "code": refusal.code }))
        .ended(Outcome::Refused);
        db.write_now(|tx| tx.record(at, who, &event, ()))?;
    }
    applied
}

/// What a response says.
#[derive(Default)]
struct Answer {
    /// Licenses are few beside product instances: one line for each term of each license.
    licenses: Vec<Told>,
    acknowledgements: Vec<String>,
    refused: Vec<format::Refused>,
    authorized: Vec<format::Authorized>,
}

impl Answer {
    fn read(checked: &mut format::Checked<ResponseHeader, Cursor<&[u8]>>) -> Result<Self> {
        let mut answer = Self::default();
        for record in checked.records()? {
            match record? {
                Record::License(license) => answer.licenses.push(Told {
                    entitlement: license.entitlement,
                    name: license.name,
                    billing: license.billing,
                    purchased: license.purchased,
                    ends_at: license.ends_at,
                }),
                Record::Acknowledgement(text) => answer.acknowledgements.push(text),
                Record::Refused(one) => answer.refused.push(one),
                Record::Authorized(one) => answer.authorized.push(one),
                _ => {}
            }
        }
        Ok(answer)
    }

    /// What it says of product instances by policy: a part of the write that applies it. Answers with how many reports are
    /// acknowledged that were not before.
    fn of_policy(
        &self,
        tx: &mut Tx<'_>,
        at: Moment,
        id: SmartAccountId,
        cloud_key: &str,
        has_reports: bool,
    ) -> Result<usize> {
        let mut acknowledged = 0;
        for text in &self.acknowledgements {
            acknowledged += on_prem::acknowledged(tx, at, id, cloud_key, text)?.unwrap_or_default();
        }
        for one in &self.refused {
            on_prem::refused(tx, id, &one.sha256, (&one.code, &one.says))?;
        }
        for one in &self.authorized {
            let heard = match one.outcome {
                AuthorizedAs::Granted => Heard::Granted(&one.authorization),
                AuthorizedAs::Returned => Heard::Returned,
                AuthorizedAs::Refused => Heard::Refused(&one.code, &one.says),
            };
            asked_for::answered(tx, id, &one.request, heard)?;
        }
        if has_reports {
            on_prem::forget_old(tx, at, id)?;
        }
        Ok(acknowledged)
    }
}

/// The same, and the caller records what became of it.
pub fn try_to_apply(db: &Db, who: &Who, at: Moment, id: SmartAccountId, bytes: &[u8]) -> Result<Applied> {
    let one = db.read_now(|r| accounts::find(r, id))?;
    let cloud = one.cloud()?;
    let opened = format::open(Cursor::new(bytes))?;
    let claimed: ResponseHeader = opened.claimed()?;
    if claimed.manager != cloud.manager {
        return Err(other(format!(
            "The response is for another On-Prem account than {}, or for one that was registered before. Download the latest response file of {} in the cloud.",
            one.name, one.name
        )));
    }
    let mut checked = opened
        .verify::<ResponseHeader>(&cloud.public_key)?
        .check(&Limits::default())?;
    let said = checked.header.clone();
    let known = db.read_now(|r| store::file(r, id, said.sequence))?;
    if known.is_none_or(|file| file.sha256 != said.request_sha256) {
        return Err(other(format!(
            "The response answers synchronization file {}, and {} made no such file, or made it otherwise. If this server was restored from a backup, register the account again; else generate a new file.",
            said.sequence, one.name
        )));
    }
    if said.sequence == one.last_response {
        return Ok(Applied::Before {
            sequence: said.sequence,
        });
    }
    if said.sequence < one.last_response {
        return Err(Error::refused(
            "on-prem.older-response",
            format!(
                "The response answers file {}, and the response to file {} was applied already. Bring the latest response file.",
                said.sequence, one.last_response
            ),
        ));
    }
    let told = Answer::read(&mut checked)?;
    let cloud_key = cloud.public_key.clone();
    db.write_now(|tx| {
        let now = accounts::find(tx, id)?;
        if now.state != AccountState::Active || now.last_response >= said.sequence {
            return Err(Error::Stale);
        }
        let places: Vec<_> = virtual_accounts::of_account(tx, id)?.iter().map(|place| place.id).collect();
        let beyond = supply::respond(tx, at, who, id, &places, said.sequence, &told.licenses)?;
        let acknowledged = told.of_policy(tx, at, id, &cloud_key, said.reports.is_some())?;
        // A newer file may be on its way already.
        let state = if now.sequence == said.sequence { SyncState::Successful } else { now.sync };
        store::answered(tx, id, said.sequence, at, said.due_at, state)?;
        let event = Event::new(
            Kind::LocalSynchronized,
            id,
            format!("{} was synchronized: the response to file {} was applied.", now.name, said.sequence),
        )
        .within(id)
        .with(json!({ "sequence": said.sequence, "licenses": told.licenses.len(), "due_at": said.due_at, "reserved_beyond": beyond,
            "reports_acknowledged": acknowledged, "reports_refused": told.refused.len(), "authorizations_answered": told.authorized.len() }));
        tx.record(
            at,
            who,
            &event,
            Applied::Now {
                sequence: said.sequence,
                licenses: told.licenses.len(),
                due_at: said.due_at,
                beyond,
            },
        )
    })
}
