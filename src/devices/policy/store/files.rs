//! Usage files, and what came of each report in them.

use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{SmartAccountId, UsageFileId, VirtualAccountId};
use crate::platform::db::schema::{
    usage_file_lines as lines, usage_file_parts as parts, usage_files as files,
};
use crate::platform::db::{Reads, Tx};
use data_encoding::BASE64;
use diesel::prelude::*;
use std::collections::HashSet;

/// A usage file that was uploaded.
#[derive(Debug, Clone, Queryable)]
pub struct UsageFile {
    /// Its id.
    pub id: UsageFileId,
    /// For which Virtual Account.
    pub virtual_account: VirtualAccountId,
    /// What the file is called.
    pub name: String,
    /// How large it is.
    pub bytes: i64,
    /// SHA-256 of it.
    pub sha256: String,
    /// How many product instances reported in it.
    pub devices: i64,
    /// How many reports were counted.
    pub taken: i64,
    /// How many had been counted before.
    pub known: i64,
    /// How many were refused.
    pub refused: i64,
    /// When it came.
    pub uploaded_at: Moment,
    /// From whom.
    pub uploader: String,
    /// When its acknowledgement was first fetched.
    pub acknowledged_at: Option<Moment>,
    /// How many reports there are in it.
    pub reports: i64,
    /// For whom a job takes it in, as JSON; "" when that is over.
    pub waits_for: String,
}

impl UsageFile {
    /// Whether a job takes it in.
    pub fn is_waiting(&self) -> bool {
        !self.waits_for.is_empty()
    }
    /// How many of its reports something was made of.
    pub fn done(&self) -> i64 {
        self.taken + self.known + self.refused
    }
}

crate::words! {
    /// What came of a report in a file.
    pub enum LineOutcome {
        /// It was counted.
        Taken = "taken", "Taken in";
        /// It had been counted before.
        Known = "known", "Taken in before";
        /// It was not counted.
        Refused = "refused", "Refused";
    }
}

/// One report of a usage file.
#[derive(Debug, Clone, Queryable)]
pub struct FileLine {
    /// From 1, in the order of the file.
    pub number: i64,
    /// Product id, or "".
    pub pid: String,
    /// Serial number, or "".
    pub serial: String,
    /// The product instance's own number of it, or "".
    pub report: String,
    /// Of which license, or "".
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
    /// What came of it.
    pub outcome: LineOutcome,
    /// Why not, for scripts; or "".
    pub code: String,
    /// Why not, for people; or "".
    pub says: String,
}

macro_rules! file_columns {
    () => {
        (
            files::id,
            files::virtual_account_id,
            files::name,
            files::bytes,
            files::sha256,
            files::devices,
            files::taken,
            files::known,
            files::refused,
            files::uploaded_at,
            files::uploader,
            files::acknowledged_at,
            files::reports,
            files::waits_for,
        )
    };
}

/// Keeps a file and what came of it.
pub fn insert_file(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    file: &UsageFile,
    of_it: &[FileLine],
) -> Result<()> {
    diesel::insert_into(files::table)
        .values((
            files::id.eq(file.id),
            files::smart_account_id.eq(account),
            files::virtual_account_id.eq(file.virtual_account),
            files::name.eq(&file.name),
            files::bytes.eq(file.bytes),
            files::sha256.eq(&file.sha256),
            files::devices.eq(file.devices),
            files::taken.eq(file.taken),
            files::known.eq(file.known),
            files::refused.eq(file.refused),
            files::uploaded_at.eq(file.uploaded_at),
            files::uploader.eq(&file.uploader),
            files::reports.eq(file.reports),
            files::waits_for.eq(&file.waits_for),
        ))
        .execute(tx.conn())?;
    insert_lines(tx, account, file.id, of_it)
}

/// Keeps what came of some of its reports.
fn insert_lines(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    file: UsageFileId,
    of_it: &[FileLine],
) -> Result<()> {
    let rows: Vec<_> = of_it
        .iter()
        .map(|line| {
            (
                lines::file_id.eq(file),
                lines::smart_account_id.eq(account),
                lines::number.eq(line.number),
                lines::udi_pid.eq(&line.pid),
                lines::udi_serial.eq(&line.serial),
                lines::report_id.eq(&line.report),
                lines::entitlement.eq(&line.entitlement),
                lines::quantity.eq(line.quantity),
                lines::outcome.eq(line.outcome),
                lines::code.eq(&line.code),
                lines::says.eq(&line.says),
            )
        })
        .collect();
    crate::put_many!(tx, lines::table, &rows);
    Ok(())
}

/// Keeps the bytes of a file that a job takes in, in pieces.
pub fn keep_bytes(tx: &mut Tx<'_>, account: SmartAccountId, file: UsageFileId, bytes: &[u8]) -> Result<()> {
    /// So many bytes stand in one row.
    const PART: usize = 192 * 1024;
    for (number, part) in (0_i32..).zip(bytes.chunks(PART)) {
        diesel::insert_into(parts::table)
            .values((
                parts::file_id.eq(file),
                parts::smart_account_id.eq(account),
                parts::number.eq(number),
                parts::content.eq(BASE64.encode(part)),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// A piece of the bytes of a file that a job takes in, from 0; none behind the last.
pub fn piece(read: &mut dyn Reads, file: UsageFileId, number: i32) -> Result<Option<Vec<u8>>> {
    let part: Option<String> = parts::table
        .find((file, number))
        .select(parts::content)
        .first(read.conn())
        .optional()?;
    part.map(|part| BASE64.decode(part.as_bytes()).map_err(Error::internal))
        .transpose()
}

/// The file that the job is to take in next, with its account.
pub fn waiting_file(read: &mut dyn Reads) -> Result<Option<(SmartAccountId, UsageFile)>> {
    Ok(files::table
        .filter(files::waits_for.ne(""))
        .order((files::uploaded_at.asc(), files::id.asc()))
        .select((files::smart_account_id, file_columns!()))
        .first(read.conn())
        .optional()?)
}

/// Which of its reports something was made of already, by their numbers.
pub fn numbers_of(read: &mut dyn Reads, file: UsageFileId) -> Result<HashSet<i64>> {
    let numbers: Vec<i64> = lines::table
        .filter(lines::file_id.eq(file))
        .select(lines::number)
        .load(read.conn())?;
    Ok(numbers.into_iter().collect())
}

/// Some of its reports that were counted, now or before, from behind one of them: number, product id, serial number, and the
/// product instance's own number.
pub fn counted_lines(
    read: &mut dyn Reads,
    account: SmartAccountId,
    file: UsageFileId,
    beyond: i64,
) -> Result<Vec<(i64, String, String, String)>> {
    /// So many are read at once.
    const SOME: i64 = 5_000;
    Ok(lines::table
        .filter(
            lines::file_id
                .eq(file)
                .and(lines::number.gt(beyond))
                .and(lines::smart_account_id.eq(account))
                .and(lines::outcome.ne(LineOutcome::Refused)),
        )
        .order(lines::number.asc())
        .limit(SOME)
        .select((lines::number, lines::udi_pid, lines::udi_serial, lines::report_id))
        .load(read.conn())?)
}

/// Something was made of some reports of a file that a job takes in: a part of the write that did it. False when another
/// process was first.
pub fn went_on(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    before: &UsageFile,
    after: &UsageFile,
    of_it: &[FileLine],
) -> Result<bool> {
    let same = files::table.filter(
        files::id
            .eq(before.id)
            .and(files::taken.eq(before.taken))
            .and(files::known.eq(before.known))
            .and(files::refused.eq(before.refused))
            .and(files::waits_for.ne("")),
    );
    let changed = diesel::update(same)
        .set((
            files::taken.eq(after.taken),
            files::known.eq(after.known),
            files::refused.eq(after.refused),
            files::waits_for.eq(&after.waits_for),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        return Ok(false);
    }
    insert_lines(tx, account, before.id, of_it)?;
    if !after.is_waiting() {
        diesel::delete(parts::table.filter(parts::file_id.eq(before.id))).execute(tx.conn())?;
    }
    Ok(true)
}

macro_rules! asked_files {
    ($within:expr) => {{
        let within: &Within = $within;
        let mut query = files::table
            .filter(files::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(files::virtual_account_id.eq_any(only.to_vec()));
        }
        query
    }};
}

/// How many files there are within reach.
pub fn count_files(read: &mut dyn Reads, within: &Within) -> Result<u64> {
    let found: i64 = asked_files!(within).count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// A page of them, by when they were uploaded.
pub fn page_of_files(
    read: &mut dyn Reads,
    within: &Within,
    newest_first: bool,
    (limit, offset): (i64, i64),
) -> Result<Vec<UsageFile>> {
    let query = asked_files!(within).select(file_columns!());
    let query = if newest_first {
        query.order((files::uploaded_at.desc(), files::id.desc()))
    } else {
        query.order((files::uploaded_at.asc(), files::id.asc()))
    };
    Ok(query.limit(limit).offset(offset).load(read.conn())?)
}

/// One of them within reach.
pub fn file(read: &mut dyn Reads, within: &Within, id: UsageFileId) -> Result<UsageFile> {
    asked_files!(within)
        .filter(files::id.eq(id))
        .select(file_columns!())
        .first(read.conn())
        .optional()?
        .ok_or(Error::NotFound)
}

/// What came of its reports, from behind one of them.
pub fn lines_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: UsageFileId,
    limit: i64,
    offset: i64,
) -> Result<Vec<FileLine>> {
    Ok(lines::table
        .filter(lines::file_id.eq(id).and(lines::smart_account_id.eq(account)))
        .order(lines::number.asc())
        .limit(limit)
        .offset(offset)
        .select((
            lines::number,
            lines::udi_pid,
            lines::udi_serial,
            lines::report_id,
            lines::entitlement,
            lines::quantity,
            lines::outcome,
            lines::code,
            lines::says,
        ))
        .load(read.conn())?)
}

/// The acknowledgement of a file is fetched for the first time. False when it was before.
pub fn fetched(tx: &mut Tx<'_>, account: SmartAccountId, id: UsageFileId, at: Moment) -> Result<bool> {
    let done = diesel::update(
        files::table.filter(
            files::id
                .eq(id)
                .and(files::smart_account_id.eq(account))
                .and(files::acknowledged_at.is_null()),
        ),
    )
    .set(files::acknowledged_at.eq(Some(at)))
    .execute(tx.conn())?;
    Ok(done == 1)
}
