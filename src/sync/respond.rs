//! What the cloud answers to a file, and what it shows of those that came.

use super::format::{self, Acknowledged, Authorized, FileKind, License, Policy, Record, ResponseHeader};
use super::genuine::{Genuine, Head};
use super::judge::server;
use super::model::SyncFile;
use super::store;
use crate::authz::Permit;
use crate::authz::action::{Synchronize, ViewInventory};
use crate::device_managers::{self, DUE_AFTER, Manager, REMOVED_AFTER};
use crate::devices::policy::Brought;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::platform::db::Reads;
use crate::platform::signing::FileKey;
use crate::{licenses, virtual_accounts};

/// The response to a file: what the bound Virtual Account holds, what was taken in, by what rules the cloud goes, and what
/// came of usage reports and of requests for authorization codes.
pub fn response(
    read: &mut dyn Reads,
    key: &FileKey,
    at: Moment,
    manager: &Manager,
    file: &Genuine<'_>,
    brought: Brought,
    authorized: Vec<Authorized>,
) -> Result<Vec<u8>> {
    let server = server(manager)?;
    let place = virtual_accounts::these(read, server.account, &[server.place])?
        .pop()
        .ok_or(Error::NotFound)?;
    let mut writer = format::Writer::new(FileKind::Response, Vec::new());
    for pool in licenses::pools_in(read, server.account, server.place)? {
        writer.record(&Record::License(License {
            entitlement: pool.entitlement,
            name: pool.name,
            billing: pool.billing,
            purchased: pool.purchased,
            ends_at: pool.ends_at,
        }))?;
    }
    writer.record(&Record::Acknowledged(Acknowledged {
        devices: file.header().devices,
        usages: file.header().usages,
    }))?;
    writer.record(&Record::Policy(Policy {
        due_days: DUE_AFTER.num_days(),
        overdue_removal_days: REMOVED_AFTER.num_days(),
    }))?;
    for text in brought.acknowledgements {
        writer.record(&Record::Acknowledgement(text))?;
    }
    for (sha256, refusal) in brought.refused {
        writer.record(&Record::Refused(format::Refused {
            sha256,
            code: refusal.code.to_owned(),
            says: refusal.says.chars().take(1_000).collect(),
        }))?;
    }
    for one in authorized {
        writer.record(&Record::Authorized(one))?;
    }
    let (body, counts) = writer.finish()?;
    let header = ResponseHeader {
        manager: manager.id,
        smart_account: file.header().smart_account,
        virtual_account: place.name,
        sequence: file.header().sequence,
        request_sha256: file.sha256().to_owned(),
        created_at: at,
        due_at: at.plus(DUE_AFTER),
        reports: file.header().reports.map(|_| counts.reports),
        authorizations: (counts.authorizations > 0).then_some(counts.authorizations),
        records: counts.packed.records,
        body_bytes: counts.packed.body_bytes,
        unpacked_bytes: counts.packed.unpacked_bytes,
        body_sha256: counts.packed.body_sha256,
    };
    let mut out = Vec::new();
    format::write_file(&mut out, &header, key, &mut body.as_slice())?;
    Ok(out)
}

/// A file of a device manager within reach.
pub fn find(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    manager: DeviceManagerId,
    id: SyncFileId,
) -> Result<(device_managers::Row, SyncFile)> {
    let row = device_managers::find(read, permit, manager)?;
    let file = store::find(read, row.manager.account, manager, id)?;
    Ok((row, file))
}

/// The files of a device manager, the newest first, and how many there are.
pub fn count(read: &mut dyn Reads, one: &Manager) -> Result<u64> {
    store::count(read, one.account, one.id)
}

/// A page of them.
pub fn page(read: &mut dyn Reads, one: &Manager, cut: (u64, u64)) -> Result<Vec<SyncFile>> {
    store::page(read, one.account, one.id, cut)
}

/// The file that waits for Submit, the newest first.
pub fn waiting(read: &mut dyn Reads, one: &Manager) -> Result<Option<SyncFile>> {
    Ok(store::waiting(read, one.id)?.pop())
}

fn no_response(name: &str) -> Error {
    Error::refused(
        "sync.no-response",
        format!("There is no response file for {name} yet. Upload a sync file and submit it first."),
    )
}

/// The latest response of the device manager from which the beginning of a file comes, as its signature proves.
pub fn latest_response(read: &mut dyn Reads, head: &[u8]) -> Result<Vec<u8>> {
    let one = Head::read(read, head)?.manager;
    let file = store::applied(read, &one)?.ok_or_else(|| no_response(&one.name))?;
    store::response(read, file.id)?.ok_or_else(|| no_response(&one.name))
}

/// The response to a file, or the latest one, with the sequence that it answers.
pub fn response_of(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    manager: DeviceManagerId,
    file: Option<SyncFileId>,
) -> Result<(String, i64, Vec<u8>)> {
    let one = device_managers::theirs(read, view, permit, manager)?.manager;
    let file = match file {
        Some(id) => Some(store::find(read, one.account, manager, id)?),
        None => store::applied(read, &one)?,
    };
    let file = file.ok_or_else(|| no_response(&one.name))?;
    let bytes = store::response(read, file.id)?.ok_or_else(|| no_response(&one.name))?;
    Ok((one.name, file.sequence, bytes))
}
