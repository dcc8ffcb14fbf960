//! The tables of product instances by policy: policies, reports that were counted, usage files, and what scripts may ask
//! about later. Every statement names the account, but for the clock's.

use super::super::model::Udi;
use super::model::{Days, LicenseClass, PolicyState, Way};
use super::payload::Report;
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId, UsageFileId, UsageReportId, VirtualAccountId};
use crate::platform::db::schema::{
    devices, policy_polls as polls, reporting_policies as policies, usage_file_lines as lines,
    usage_file_parts as parts, usage_files as files, usage_reports as reports,
};
use crate::platform::db::{Conn, Reads, Tx};
use data_encoding::BASE64;
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

// Policy ------------------------------------------------------------------------------------------------------

/// What was changed of an account's policy.
pub fn policy(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<(LicenseClass, Days)>> {
    let rows: Vec<(LicenseClass, i32, i32, i32)> = policies::table
        .filter(policies::smart_account_id.eq(account))
        .select((
            policies::license_class,
            policies::first_days,
            policies::every_days,
            policies::change_days,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(class, first, every, change)| (class, Days { first, every, change }))
        .collect())
}

/// Puts a policy in place of the one that is there.
pub fn set_policy(tx: &mut Tx<'_>, account: SmartAccountId, rows: &[(LicenseClass, Days)]) -> Result<()> {
    diesel::delete(policies::table.filter(policies::smart_account_id.eq(account))).execute(tx.conn())?;
    for (class, days) in rows {
        diesel::insert_into(policies::table)
            .values((
                policies::smart_account_id.eq(account),
                policies::license_class.eq(*class),
                policies::first_days.eq(days.first),
                policies::every_days.eq(days.every),
                policies::change_days.eq(days.change),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

// Reports -----------------------------------------------------------------------------------------------------

/// A report that was counted.
#[derive(Debug, Clone, Queryable)]
pub struct Counted {
    /// The product instance's own number of it.
    pub report: String,
    /// Of which license.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
    /// From when.
    pub began_at: Moment,
    /// Until when.
    pub ended_at: Moment,
    /// SHA-256 of its payload.
    pub sha256: String,
    /// How it came.
    pub way: Way,
    /// When.
    pub received_at: Moment,
    /// When the acknowledgement was handed out.
    pub acknowledged_at: Option<Moment>,
}

macro_rules! of_device {
    ($account:expr, $udi:expr) => {
        reports::table.filter(
            reports::smart_account_id
                .eq($account)
                .and(reports::udi_key.eq($udi.key())),
        )
    };
}

macro_rules! counted {
    () => {
        (
            reports::report_id,
            reports::entitlement,
            reports::quantity,
            reports::began_at,
            reports::ended_at,
            reports::sha256,
            reports::way,
            reports::received_at,
            reports::acknowledged_at,
        )
    };
}

/// Those of these numbers that were counted.
pub fn counted(
    read: &mut dyn Reads,
    account: SmartAccountId,
    udi: &Udi,
    ids: &[String],
) -> Result<Vec<Counted>> {
    let mut found = Vec::new();
    for some in ids.chunks(400) {
        let mut rows = of_device!(account, udi)
            .filter(reports::report_id.eq_any(some.to_vec()))
            .select(counted!())
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// Those of these numbers that were counted of any of these product instances (at most some hundred), by the key of the
/// UDI and the number: SHA-256 of the payload.
pub fn counted_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    keys: &[String],
    ids: &[String],
) -> Result<HashMap<(String, String), String>> {
    let mut found = HashMap::new();
    for some in ids.chunks(400) {
        let rows: Vec<(String, String, String)> = reports::table
            .filter(
                reports::smart_account_id
                    .eq(account)
                    .and(reports::udi_key.eq_any(keys.to_vec()))
                    .and(reports::report_id.eq_any(some.to_vec())),
            )
            .select((reports::udi_key, reports::report_id, reports::sha256))
            .load(read.conn())?;
        found.extend(rows.into_iter().map(|(key, id, sha256)| ((key, id), sha256)));
    }
    Ok(found)
}

/// The newest reports of a product instance.
pub fn newest(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi, most: i64) -> Result<Vec<Counted>> {
    Ok(of_device!(account, udi)
        .order((reports::ended_at.desc(), reports::id.desc()))
        .limit(most)
        .select(counted!())
        .load(read.conn())?)
}

/// Until when the use of each license was reported by a product instance.
pub fn latest(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi) -> Result<BTreeMap<String, Moment>> {
    let rows: Vec<(String, Option<Moment>)> = of_device!(account, udi)
        .group_by(reports::entitlement)
        .select((reports::entitlement, diesel::dsl::max(reports::ended_at)))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, at)| Some((key, at?)))
        .collect())
}

/// Counts reports: each number of a product instance once. Where two come at once, the database lets one in. Some are
/// acknowledged by the same write.
pub fn insert(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    way: Way,
    at: Moment,
    some: &[&Report],
    acknowledged: Option<Moment>,
) -> Result<()> {
    let rows: Vec<_> = some
        .iter()
        .map(|report| {
            (
                reports::id.eq(UsageReportId::new()),
                reports::smart_account_id.eq(account),
                reports::udi_key.eq(report.udi.key()),
                reports::report_id.eq(&report.id),
                reports::entitlement.eq(&report.entitlement),
                reports::quantity.eq(report.quantity),
                reports::began_at.eq(report.began_at),
                reports::ended_at.eq(report.ended_at),
                reports::sha256.eq(&report.sha256),
                reports::way.eq(way),
                reports::received_at.eq(at),
                reports::acknowledged_at.eq(acknowledged),
            )
        })
        .collect();
    for rows in rows.chunks(400) {
        // The common connection takes one row at a time; its variants take many.
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(reports::table).values(rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(reports::table).values(rows).execute(c)?,
        };
    }
    Ok(())
}

/// The acknowledgement of these reports is handed out. Answers with how many had none.
pub fn acknowledge(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    udi: &Udi,
    ids: &[String],
    at: Moment,
) -> Result<usize> {
    let mut done = 0;
    for some in ids.chunks(400) {
        done += diesel::update(
            reports::table.filter(
                reports::smart_account_id
                    .eq(account)
                    .and(reports::udi_key.eq(udi.key()))
                    .and(reports::report_id.eq_any(some.to_vec()))
                    .and(reports::acknowledged_at.is_null()),
            ),
        )
        .set(reports::acknowledged_at.eq(Some(at)))
        .execute(tx.conn())?;
    }
    Ok(done)
}

/// Whether a product instance reports by policy in another account.
pub fn is_elsewhere(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi) -> Result<bool> {
    let found: Option<DeviceId> = devices::table
        .filter(
            devices::udi_key
                .eq(udi.key())
                .and(devices::policy_state.is_not_null())
                .and(devices::smart_account_id.ne(account)),
        )
        .select(devices::id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Product instances in one of these states whose report was due by a time.
pub fn due(
    read: &mut dyn Reads,
    states: &[PolicyState],
    by: Moment,
    most: i64,
) -> Result<Vec<(SmartAccountId, DeviceId)>> {
    let mut found = Vec::new();
    for state in states {
        let mut rows: Vec<(SmartAccountId, DeviceId)> = devices::table
            .filter(
                devices::policy_state
                    .eq(Some(*state))
                    .and(devices::policy_state.is_not_null())
                    .and(devices::report_by.le(by)),
            )
            .order((devices::report_by.asc(), devices::id.asc()))
            .select((devices::smart_account_id, devices::id))
            .limit(most)
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// The next reports that are due, by host name.
pub fn upcoming(
    read: &mut dyn Reads,
    states: &[PolicyState],
    after: Moment,
    most: i64,
) -> Result<Vec<(Moment, String)>> {
    let some: Vec<Option<PolicyState>> = states.iter().copied().map(Some).collect();
    let rows: Vec<(Option<Moment>, String)> = devices::table
        .filter(
            devices::policy_state
                .eq_any(some)
                .and(devices::policy_state.is_not_null())
                .and(devices::report_by.gt(after)),
        )
        .order((devices::report_by.asc(), devices::id.asc()))
        .select((devices::report_by, devices::hostname))
        .limit(most)
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(at, name)| Some((at?, name)))
        .collect())
}

// What scripts may ask about later ---------------------------------------------------------------------------------

/// Something that a script asked for, and may fetch.
#[derive(Debug, Clone, Queryable)]
pub struct Poll {
    /// Which Virtual Account it named.
    pub virtual_account: VirtualAccountId,
    /// authorizations, acknowledgements or remove_status.
    pub action: String,
    /// JSON: what the answer is made from.
    pub answer: String,
}

/// Keeps the answer under a number.
pub fn keep(tx: &mut Tx<'_>, account: SmartAccountId, number: i64, at: Moment, poll: &Poll) -> Result<()> {
    diesel::insert_into(polls::table)
        .values((
            polls::smart_account_id.eq(account),
            polls::number.eq(number),
            polls::virtual_account_id.eq(poll.virtual_account),
            polls::action.eq(&poll.action),
            polls::answer.eq(&poll.answer),
            polls::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What was kept under a number.
pub fn kept(read: &mut dyn Reads, account: SmartAccountId, number: i64) -> Result<Option<Poll>> {
    Ok(polls::table
        .find((account, number))
        .select((polls::virtual_account_id, polls::action, polls::answer))
        .first(read.conn())
        .optional()?)
}

/// Forgets what nobody fetched, or everybody has, since a time.
pub fn forget_polls(tx: &mut Tx<'_>, before: Moment) -> Result<()> {
    diesel::delete(polls::table.filter(polls::created_at.lt(before))).execute(tx.conn())?;
    Ok(())
}

// Usage files ------------------------------------------------------------------------------------------------------

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
    for rows in rows.chunks(400) {
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(lines::table).values(rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(lines::table).values(rows).execute(c)?,
        };
    }
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

/// The bytes of a file that a job takes in.
pub fn bytes(read: &mut dyn Reads, file: UsageFileId) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    for number in 0_i32.. {
        let part: Option<String> = parts::table
            .find((file, number))
            .select(parts::content)
            .first(read.conn())
            .optional()?;
        let Some(part) = part else { break };
        whole.extend(BASE64.decode(part.as_bytes()).map_err(Error::internal)?);
    }
    Ok(whole)
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
pub fn numbers_of(read: &mut dyn Reads, file: UsageFileId) -> Result<Vec<i64>> {
    Ok(lines::table
        .filter(lines::file_id.eq(file))
        .select(lines::number)
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

/// A page of them, the newest first.
pub fn page_of_files(
    read: &mut dyn Reads,
    within: &Within,
    limit: i64,
    offset: i64,
) -> Result<Vec<UsageFile>> {
    Ok(asked_files!(within)
        .select(file_columns!())
        .order((files::uploaded_at.desc(), files::id.desc()))
        .limit(limit)
        .offset(offset)
        .load(read.conn())?)
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
