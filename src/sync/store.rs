//! The tables of synchronization files, their bytes, and their responses.

use super::model::{Outcome, SyncFile};
use crate::device_managers::Manager;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, SyncFileId};
use crate::platform::db::schema::{sync_files as files, sync_parts as parts, sync_responses as responses};
use crate::platform::db::{Reads, Tx};
use data_encoding::BASE64;
use diesel::prelude::*;

/// So many bytes of a file stand in one row.
const PART: usize = 192 * 1024;

macro_rules! columns {
    () => {
        (
            files::id,
            files::smart_account_id,
            files::device_manager_id,
            files::sha256,
            files::outcome,
            files::way,
            files::sequence,
            files::last_response,
            files::made_at,
            files::software,
            files::places,
            files::devices,
            files::usages,
            files::file_bytes,
            files::unpacked_bytes,
            files::appeared,
            files::changed,
            files::vanished,
            files::unchanged,
            files::licenses,
            files::code,
            files::reason,
            files::uploaded_at,
            files::uploader,
            files::settled_at,
            files::settler,
            files::version,
            files::submitted_at,
            files::submitted_by,
            files::registration,
            files::reports,
        )
    };
}

/// The file of a device manager with these bytes.
pub fn by_content(read: &mut dyn Reads, manager: DeviceManagerId, sha256: &str) -> Result<Option<SyncFile>> {
    Ok(files::table
        .filter(files::device_manager_id.eq(manager).and(files::sha256.eq(sha256)))
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// A file of a device manager.
pub fn find(
    read: &mut dyn Reads,
    account: SmartAccountId,
    manager: DeviceManagerId,
    id: SyncFileId,
) -> Result<SyncFile> {
    files::table
        .filter(
            files::id
                .eq(id)
                .and(files::smart_account_id.eq(account))
                .and(files::device_manager_id.eq(manager)),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?
        .ok_or(Error::NotFound)
}

/// How many files a device manager has sent.
pub fn count(read: &mut dyn Reads, account: SmartAccountId, manager: DeviceManagerId) -> Result<u64> {
    let found: i64 = files::table
        .filter(
            files::device_manager_id
                .eq(manager)
                .and(files::smart_account_id.eq(account)),
        )
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// Some of them, the newest first.
pub fn page(
    read: &mut dyn Reads,
    account: SmartAccountId,
    manager: DeviceManagerId,
    (limit, offset): (u64, u64),
) -> Result<Vec<SyncFile>> {
    Ok(files::table
        .filter(
            files::device_manager_id
                .eq(manager)
                .and(files::smart_account_id.eq(account)),
        )
        .order((files::uploaded_at.desc(), files::id.desc()))
        .select(columns!())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .offset(i64::try_from(offset).unwrap_or(i64::MAX))
        .load(read.conn())?)
}

/// The last one of a device manager that was applied since it was registered last.
pub fn applied(read: &mut dyn Reads, manager: &Manager) -> Result<Option<SyncFile>> {
    Ok(files::table
        .filter(
            files::device_manager_id
                .eq(manager.id)
                .and(files::outcome.eq(Outcome::Applied))
                .and(files::registration.eq(manager.registration))
                .and(files::sequence.eq(manager.sequence)),
        )
        .order(files::settled_at.desc())
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Those of a device manager that wait.
pub fn waiting(read: &mut dyn Reads, manager: DeviceManagerId) -> Result<Vec<SyncFile>> {
    Ok(files::table
        .filter(
            files::device_manager_id
                .eq(manager)
                .and(files::outcome.eq(Outcome::Waiting)),
        )
        .order(files::id.asc())
        .select(columns!())
        .load(read.conn())?)
}

/// The one that was submitted first and is not applied yet.
pub fn submitted(read: &mut dyn Reads) -> Result<Option<SyncFile>> {
    Ok(files::table
        .filter(
            files::outcome
                .eq(Outcome::Waiting)
                .and(files::submitted_at.is_not_null()),
        )
        .order((files::submitted_at.asc(), files::id.asc()))
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Those that wait for longer than that without having been submitted.
pub fn forgotten(read: &mut dyn Reads, before: Moment, most: i64) -> Result<Vec<SyncFile>> {
    Ok(files::table
        .filter(
            files::outcome
                .eq(Outcome::Waiting)
                .and(files::submitted_at.is_null())
                .and(files::uploaded_at.le(before)),
        )
        .order(files::id.asc())
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Every file whose bytes are kept, with its device manager.
pub fn kept(read: &mut dyn Reads) -> Result<Vec<(SyncFileId, DeviceManagerId)>> {
    let ids = parts::table.filter(parts::number.eq(0)).select(parts::file_id);
    Ok(files::table
        .filter(files::id.eq_any(ids))
        .order(files::id.asc())
        .select((files::id, files::device_manager_id))
        .load(read.conn())?)
}

/// Keeps a file, or writes anew what is known of one with the same bytes.
pub fn put(tx: &mut Tx<'_>, one: &SyncFile, is_new: bool) -> Result<()> {
    let short = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let facts = (
        (
            files::outcome.eq(one.outcome),
            files::way.eq(one.way),
            files::appeared.eq(one.appeared),
            files::changed.eq(one.changed),
            files::vanished.eq(one.vanished),
            files::unchanged.eq(one.unchanged),
            files::licenses.eq(&one.licenses),
        ),
        (
            files::code.eq(&one.code),
            files::reason.eq(short(&one.reason, 1000)),
            files::uploaded_at.eq(one.uploaded_at),
            files::uploader.eq(&one.uploader),
            files::settled_at.eq(one.settled_at),
            files::settler.eq(short(&one.settler, 500)),
            files::version.eq(one.version),
            files::submitted_at.eq(one.submitted_at),
            files::submitted_by.eq(&one.submitted_by),
        ),
    );
    if !is_new {
        diesel::update(files::table.find(one.id))
            .set(facts)
            .execute(tx.conn())?;
        return Ok(());
    }
    diesel::insert_into(files::table)
        .values((
            (
                files::id.eq(one.id),
                files::smart_account_id.eq(one.account),
                files::device_manager_id.eq(one.manager),
                files::sha256.eq(&one.sha256),
                files::sequence.eq(one.sequence),
                files::last_response.eq(one.last_response),
                files::made_at.eq(one.made_at),
                files::software.eq(&one.software),
                files::places.eq(one.places),
                files::devices.eq(one.devices),
                files::usages.eq(one.usages),
                files::file_bytes.eq(one.file_bytes),
                files::unpacked_bytes.eq(one.unpacked_bytes),
                files::registration.eq(one.registration),
                files::reports.eq(one.reports),
            ),
            facts,
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Keeps the bytes of a file, in pieces.
pub fn keep_bytes(tx: &mut Tx<'_>, account: SmartAccountId, id: SyncFileId, bytes: &[u8]) -> Result<()> {
    for (number, part) in (0_i32..).zip(bytes.chunks(PART)) {
        diesel::insert_into(parts::table)
            .values((
                parts::file_id.eq(id),
                parts::smart_account_id.eq(account),
                parts::number.eq(number),
                parts::content.eq(BASE64.encode(part)),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

fn part(read: &mut dyn Reads, id: SyncFileId, number: i32) -> Result<Option<Vec<u8>>> {
    let part: Option<String> = parts::table
        .find((id, number))
        .select(parts::content)
        .first(read.conn())
        .optional()?;
    part.map(|part| BASE64.decode(part.as_bytes()).map_err(Error::internal))
        .transpose()
}

/// The beginning of a file, with its whole header; nothing when its bytes are not kept.
pub fn head(read: &mut dyn Reads, id: SyncFileId) -> Result<Option<Vec<u8>>> {
    part(read, id, 0)
}

/// The bytes of a file; nothing when they are not kept.
pub fn bytes(read: &mut dyn Reads, id: SyncFileId) -> Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    for number in 0_i32.. {
        let Some(part) = part(read, id, number)? else {
            break;
        };
        all.extend(part);
    }
    Ok((!all.is_empty()).then_some(all))
}

/// Forgets the bytes of a file.
pub fn drop_bytes(tx: &mut Tx<'_>, id: SyncFileId) -> Result<usize> {
    Ok(diesel::delete(parts::table.filter(parts::file_id.eq(id))).execute(tx.conn())?)
}

/// Keeps what was answered.
pub fn keep_response(tx: &mut Tx<'_>, at: Moment, file: &SyncFile, bytes: &[u8]) -> Result<()> {
    diesel::insert_into(responses::table)
        .values((
            responses::file_id.eq(file.id),
            responses::smart_account_id.eq(file.account),
            responses::sequence.eq(file.sequence),
            responses::content.eq(BASE64.encode(bytes)),
            responses::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What was answered to a file.
pub fn response(read: &mut dyn Reads, id: SyncFileId) -> Result<Option<Vec<u8>>> {
    let kept: Option<String> = responses::table
        .find(id)
        .select(responses::content)
        .first(read.conn())
        .optional()?;
    kept.map(|text| BASE64.decode(text.as_bytes()).map_err(Error::internal))
        .transpose()
}

/// Files that were not applied, or not as the last one since the registration.
macro_rules! not_last {
    () => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(
            "(sync_files.outcome <> 'applied' OR EXISTS (SELECT 1 FROM sync_files AS newer \
             WHERE newer.device_manager_id = sync_files.device_manager_id \
             AND newer.registration = sync_files.registration AND newer.outcome = 'applied' \
             AND newer.sequence > sync_files.sequence))",
        )
    };
}

/// Files that were settled before a time and that nobody needs, at most so many. The last one that was applied since a
/// registration is needed: the same bytes are answered with the same response, and the next one is compared with it.
pub fn settled_before(read: &mut dyn Reads, before: Moment, most: i64) -> Result<Vec<String>> {
    Ok(files::table
        .filter(files::settled_at.lt(before))
        .filter(files::outcome.ne(Outcome::Waiting))
        .filter(not_last!())
        .select(files::id)
        .limit(most)
        .load(read.conn())?)
}

/// Removes files with what was answered to them, unless they are needed again.
pub fn forget(tx: &mut Tx<'_>, ids: &[String]) -> Result<()> {
    let ids: Vec<String> = files::table
        .filter(files::id.eq_any(ids.to_vec()))
        .filter(files::outcome.ne(Outcome::Waiting))
        .filter(not_last!())
        .select(files::id)
        .load(tx.conn())?;
    diesel::delete(responses::table.filter(responses::file_id.eq_any(ids.clone()))).execute(tx.conn())?;
    diesel::delete(parts::table.filter(parts::file_id.eq_any(ids.clone()))).execute(tx.conn())?;
    diesel::delete(files::table.filter(files::id.eq_any(ids))).execute(tx.conn())?;
    Ok(())
}
