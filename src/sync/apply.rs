//! Applying a file: all of it or nothing, with its response and its record.

use super::format::{Authorized, AuthorizedAs};
use super::genuine::{ANY, Genuine, Head};
use super::judge::{AT_ONCE, Feed, Judged, Sender, all_as_before, holds_the_same, judge, server, takes_long};
use super::model::{self, Outcome, SyncFile, Way};
use super::respond::response;
use super::store;
use super::take_in::{Looked, facts, known, note, refused};
use crate::authz::Permit;
use crate::authz::action::{Synchronize, ViewInventory};
use crate::device_managers::{self, Manager};
use crate::devices;
use crate::devices::policy::payload::Sent;
use crate::devices::policy::{self, Bringer, Brought};
use crate::devices::reservation::{self, Answered};
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Db, Reads, Recorded, Tx};
use crate::platform::progress::{Progress, Steps};
use crate::platform::signing::FileKey;
use crate::smart_accounts;
use serde_json::json;

/// Applies a file that waits: all of it or nothing. One that was applied already is answered as it was, and a large one
/// is left to the job.
pub fn submit(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    key: &FileKey,
    at: Moment,
    manager: DeviceManagerId,
    id: SyncFileId,
) -> Result<Recorded<SyncFile>> {
    device_managers::theirs(tx, view, permit, manager)?;
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    let file = store::find(tx, one.account, manager, id)?;
    match file.outcome {
        Outcome::Applied => Ok(tx.unchanged(file)),
        Outcome::Waiting if file.is_applying() => Ok(tx.unchanged(file)),
        Outcome::Waiting if takes_long(tx, &one, &file)? => leave_to_job(tx, permit.who(), at, &one, file),
        Outcome::Waiting => {
            let bytes =
                store::bytes(tx, id)?.ok_or_else(|| Error::internal("a waiting file without its bytes"))?;
            let genuine = Genuine::read(tx, &one, &bytes, &ANY)?;
            apply(
                tx,
                &Turn::of(key, at, &Sender::of(permit, ANY)),
                &one,
                Judged { file, genuine },
            )
        }
        Outcome::Refused | Outcome::Withdrawn | Outcome::Replaced => Err(Error::refused(
            "sync.not-waiting",
            format!(
                "This file is not waiting any more: it is {}. Upload the newest file of the On-Prem server.",
                file.outcome.label().to_lowercase()
            ),
        )),
    }
}

fn leave_to_job(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    one: &Manager,
    mut file: SyncFile,
) -> Result<Recorded<SyncFile>> {
    if let Some(refusal) = model::against(file.sequence, file.last_response, one.sequence, &one.name) {
        return Err(Error::Refused(refusal));
    }
    file.submitted_at = Some(at);
    file.submitted_by = serde_json::to_string(who).map_err(Error::internal)?;
    file.version += 1;
    store::put(tx, &file, false)?;
    let event = device_managers::announced(
        Kind::SyncSubmitted,
        one,
        format!(
            "The synchronization file {} of {} was submitted and is being applied.",
            file.sequence, one.name
        ),
    )
    .with(facts(&file));
    tx.record(at, who, &event, file)
}

/// The file that the job is to apply next.
pub fn submitted(read: &mut dyn Reads) -> Result<Option<SyncFile>> {
    store::submitted(read)
}

/// Applies a file that was submitted, for whoever submitted it. When a rule says no by now, it is refused.
pub fn apply_submitted_now(
    db: &Db,
    key: &FileKey,
    at: Moment,
    file: &SyncFile,
    progress: &Progress,
) -> Result<()> {
    let who: Who = serde_json::from_str(&file.submitted_by).map_err(Error::internal)?;
    let sender = Sender {
        who,
        way: file.way,
        limits: ANY,
    };
    let bytes = db.read_now(|r| store::bytes(r, file.id))?.unwrap_or_default();
    let steps = progress.begin(file.id, file.devices.saturating_add(file.reports).unsigned_abs());
    let done = db.write_now(|tx| {
        steps.restart();
        let one = device_managers::lock(tx, file.manager)?.ok_or(Error::NotFound)?;
        let now = store::find(tx, file.account, file.manager, file.id)?;
        // Somebody else was first: another process, or the same file over the network.
        if !now.is_applying() {
            return Ok(tx.unchanged(now));
        }
        let mut turn = Turn::of(key, at, &sender);
        turn.steps = Some(&steps);
        let genuine = Genuine::read(tx, &one, &bytes, &ANY)?;
        apply(tx, &turn, &one, Judged { file: now, genuine })
    });
    match done {
        Err(Error::Refused(refusal)) => {
            db.write_now(|tx| refused(tx, at, file.manager, &sender, Some(file.clone()), &refusal))
        }
        other => other.map(|file| was_applied(db, &file)),
    }
}

/// What follows once a file has been applied, outside of its write.
fn was_applied(db: &Db, file: &SyncFile) {
    if file.appeared.saturating_add(file.vanished) > AT_ONCE {
        devices::much_was_written_now(db);
    }
}

/// Takes a file in and applies it in one go: what an On-Prem server does over the network. Gives the response.
pub fn exchange_now(
    db: &Db,
    key: &FileKey,
    at: Moment,
    id: SyncFileId,
    head: Head,
    sender: &Sender,
    bytes: &[u8],
) -> Result<Vec<u8>> {
    let manager = head.manager.id;
    let looked = db.read_now(|r| {
        let one = device_managers::whose(r, manager)?.ok_or(Error::NotFound)?;
        if let Some(file) = known(r, &one, bytes)?.filter(|file| file.outcome == Outcome::Applied) {
            return Ok(Looked::Known(file));
        }
        let number = smart_accounts::find(r, one.account)?;
        if number.state != smart_accounts::State::Active {
            return Err(Error::refused(
                "smart-account.inactive",
                "The Smart Account of this device manager is not Active, so nothing can be synchronized there.",
            ));
        }
        let genuine = head.whole(r, bytes, &sender.limits).and_then(|genuine| {
            genuine.is_still_of(r, &one)?;
            Ok(genuine)
        });
        Ok(Looked::New(
            genuine
                .map_err(|error| (error, None))
                .and_then(|genuine| judge(r, (at, id), &one, sender, genuine)),
        ))
    })?;
    let done = match looked {
        Looked::Known(file) => Ok(file),
        Looked::New(Ok(judged)) => db
            .write_now(|tx| at_once(tx, key, at, sender, judged.clone()))
            .inspect(|file| was_applied(db, file))
            .map_err(|error| (error, Some(Box::new(judged.file)))),
        Looked::New(Err(bad)) => Err(bad),
    };
    let file = match done {
        Ok(file) => file,
        Err((error, file)) => return Err(note(db, at, manager, sender, file, error)),
    };
    db.read_now(|r| store::response(r, file.id))?
        .ok_or_else(|| Error::internal("an applied file without a response"))
}

/// Keeps a file that was judged, and applies it.
fn at_once(
    tx: &mut Tx<'_>,
    key: &FileKey,
    at: Moment,
    sender: &Sender,
    mut judged: Judged<'_>,
) -> Result<Recorded<SyncFile>> {
    let (file, bytes) = (&mut judged.file, judged.genuine.bytes);
    let one = device_managers::lock(tx, file.manager)?.ok_or(Error::NotFound)?;
    match store::by_content(tx, one.id, &file.sha256)? {
        Some(before) if before.outcome == Outcome::Applied => return Ok(tx.unchanged(before)),
        Some(before) => {
            file.id = before.id;
            file.version = before.version;
            if before.outcome != Outcome::Waiting {
                store::keep_bytes(tx, file.account, file.id, bytes)?;
            }
        }
        None => {
            store::put(tx, file, true)?;
            store::keep_bytes(tx, file.account, file.id, bytes)?;
        }
    }
    apply(tx, &Turn::of(key, at, sender), &one, judged)
}

/// Judges a file and applies it as a part of the caller's write: what scenarios are made of.
pub fn exchange(
    tx: &mut Tx<'_>,
    key: &FileKey,
    at: Moment,
    id: SyncFileId,
    manager: DeviceManagerId,
    sender: &Sender,
    bytes: &[u8],
) -> Result<Recorded<SyncFile>> {
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    let genuine = Genuine::read(tx, &one, bytes, &sender.limits)?;
    let judged = judge(tx, (at, id), &one, sender, genuine).map_err(|(error, _)| error)?;
    at_once(tx, key, at, sender, judged)
}

/// Who applies a file, when, and what the response is signed with.
struct Turn<'a> {
    key: &'a FileKey,
    at: Moment,
    sender: &'a Sender,
    /// For whoever watches.
    steps: Option<&'a Steps>,
}

impl<'a> Turn<'a> {
    fn of(key: &'a FileKey, at: Moment, sender: &'a Sender) -> Self {
        Self {
            key,
            at,
            sender,
            steps: None,
        }
    }
}

/// The usage reports of a file, whose product instances were read to their end.
fn bring(
    tx: &mut Tx<'_>,
    turn: &Turn<'_>,
    server: devices::Server,
    feed: &mut Feed<'_, '_>,
) -> Result<Brought> {
    let by = Bringer {
        server,
        who: &turn.sender.who,
        at: turn.at,
        way: match turn.sender.way {
            Way::File => policy::Way::File,
            Way::Network => policy::Way::Network,
        },
        key: turn.key,
    };
    policy::bring(tx, &by, &mut || {
        Some(feed.report()?.map(|report| {
            let sent = Sent {
                payload: report.payload,
                signing: report.signing_type,
                key: report.key,
                value: report.value,
            };
            (sent, report.acknowledged)
        }))
    })
}

/// What product instances by policy ask for in a file, whose usage reports were read to their end: the cloud decides by
/// what the Smart Account holds.
fn authorize(
    tx: &mut Tx<'_>,
    turn: &Turn<'_>,
    server: devices::Server,
    feed: &mut Feed<'_, '_>,
) -> Result<Vec<Authorized>> {
    let mut answers = Vec::new();
    while let Some(asked) = feed.authorization() {
        let asked = asked?;
        let request = asked.request.clone();
        let asked = reservation::Asked {
            request: asked.request,
            by_serial: asked.by_serial,
            licenses: asked.licenses,
            return_code: asked.return_code,
        };
        let (answer, event) = reservation::answer_served(tx, turn.at, &turn.sender.who, server, &asked)?;
        if let Some(event) = event {
            tx.note(turn.at, &turn.sender.who, &event)?;
        }
        let (outcome, authorization, code, says) = match answer {
            Answered::Granted(code) => (AuthorizedAs::Granted, code, String::new(), String::new()),
            Answered::Returned => (
                AuthorizedAs::Returned,
                String::new(),
                String::new(),
                String::new(),
            ),
            Answered::Refused(refusal) => (
                AuthorizedAs::Refused,
                String::new(),
                refusal.code.to_owned(),
                refusal.says.chars().take(1_000).collect(),
            ),
        };
        answers.push(Authorized {
            request,
            outcome,
            authorization,
            code,
            says,
        });
    }
    Ok(answers)
}

/// The whole of it: product instances, licenses, the device manager, the response, the record. A part of one write.
fn apply(
    tx: &mut Tx<'_>,
    turn: &Turn<'_>,
    manager: &Manager,
    judged: Judged<'_>,
) -> Result<Recorded<SyncFile>> {
    let Turn {
        key,
        at,
        sender,
        steps,
    } = *turn;
    let Judged {
        mut file,
        mut genuine,
    } = judged;
    genuine.is_still_of(tx, manager)?;
    if let Some(refusal) = model::against(file.sequence, file.last_response, manager.sequence, &manager.name)
    {
        return Err(Error::Refused(refusal));
    }
    let gap = model::gap(genuine.header().sequence, manager.sequence);
    let server = server(manager)?;
    let before = store::applied(tx, manager)?;
    let has_reports = genuine.header().reports.is_some();
    let same = holds_the_same(tx, manager, before.as_ref(), genuine.header())?
        .then(|| all_as_before(genuine.header()));
    let mut authorized = Vec::new();
    let (found, places, brought) = match same {
        Some(found) if !has_reports => (found, manager.local_places(), Brought::default()),
        same => {
            let mut feed = Feed::of(&mut genuine)?;
            feed.steps = steps;
            let found = match same {
                // Reports are acknowledged again: the response before may have been lost.
                Some(found) => {
                    feed.by_ref().try_for_each(|device| device.map(drop))?;
                    found
                }
                None => devices::reconcile(tx, at, &sender.who, server, &mut feed)?,
            };
            let brought = if has_reports {
                bring(tx, turn, server, &mut feed)?
            } else {
                Brought::default()
            };
            authorized = authorize(tx, turn, server, &mut feed)?;
            (found, feed.places, brought)
        }
    };
    let reports = json!({ "taken": brought.taken, "known": brought.known, "refused": brought.refused.len() });
    file.does(found);
    file.outcome = Outcome::Applied;
    file.way = sender.way;
    file.code.clear();
    file.reason = gap.clone().unwrap_or_default();
    file.settled_at = Some(at);
    file.settler.clone_from(&sender.who.label);
    file.version += 1;
    store::put(tx, &file, false)?;
    let answer = response(tx, key, at, manager, &genuine, brought, authorized)?;
    store::keep_response(tx, at, &file, &answer)?;
    // Only the last applied file can be replayed; those that waited are older than it, or were made before its response.
    if let Some(before) = before {
        store::drop_bytes(tx, before.id)?;
    }
    for mut other in store::waiting(tx, manager.id)? {
        store::drop_bytes(tx, other.id)?;
        other.outcome = Outcome::Replaced;
        other.settled_at = Some(at);
        other.settler.clone_from(&sender.who.label);
        other.version += 1;
        store::put(tx, &other, false)?;
    }
    device_managers::synced(tx, at, manager, file.sequence, found.total(), &places)?;
    let kind = match sender.way {
        Way::File => Kind::SyncApplied,
        Way::Network => Kind::SyncAppliedByNetwork,
    };
    let event = announced(kind, manager, &file, found, gap, &reports);
    tx.record(at, &sender.who, &event, file)
}

/// What the record says of a file that was applied.
fn announced(
    kind: Kind,
    manager: &Manager,
    file: &SyncFile,
    found: devices::Outcome,
    gap: Option<String>,
    reports: &serde_json::Value,
) -> Event {
    let mut says = format!(
        "{} synchronized with its file {}: {} appeared, {} changed, {} vanished, {} as before.",
        manager.name,
        file.sequence,
        counted(found.appeared, "product instance", "product instances"),
        found.changed,
        found.vanished,
        found.unchanged
    );
    if let Some(gap) = gap {
        says.push(' ');
        says.push_str(&gap);
    }
    device_managers::announced(kind, manager, says).with(json!({
        "before": { "sequence": manager.sequence, "product_instances": manager.product_instances },
        "after": { "sequence": file.sequence, "product_instances": found.total() },
        "sync": facts(file), "reports": reports,
    }))
}
