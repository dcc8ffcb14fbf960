//! Synchronization over the network: a file out, the response in, in one step.

use super::super::store as accounts;
use super::claim::Claim;
use super::files::{self, Applied, Generated};
use super::store::{self, Way};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Clock, Event, Kind, Who};
use crate::platform::db::Db;
use crate::platform::outbound::{Client, Failed};
use crate::platform::signing::FileKey;
use serde_json::json;

/// The codes with which a cloud says that this account is not the one that it knows: a server that was restored from a
/// backup, or was removed.
const LOST: &[&str] = &[
    "sync.bad-signature",
    "sync.old-key",
    "sync.old-response",
    "sync.removed-device-manager",
    "sync.replayed",
    "sync.wrong-device-manager",
];

/// The code with which it says that its latest response was not applied here.
const BEHIND: &str = "sync.old-response";

/// Synchronizes over the network. Waits for the cloud, so it runs beside the server's loop. What went wrong is kept with the
/// account and recorded before it is answered.
pub fn network(
    db: &Db,
    clock: &Clock,
    who: &Who,
    id: SmartAccountId,
    key: &FileKey,
    by_schedule: bool,
) -> Result<Applied> {
    let one = db.read_now(|r| accounts::find(r, id))?;
    let Some(url) = one.cloud()?.url.clone() else {
        return Err(Error::refused(
            "on-prem.no-address",
            format!(
                "{} was registered by file, and no address of the cloud is known. Synchronize by file, or say the address in Account Properties.",
                one.name
            ),
        ));
    };
    let client = Client::of(&url).map_err(|why| Error::refused("on-prem.no-address", why))?;
    let _claim = Claim::take(db, clock, id, &one.name)?;
    let made = files::make(db, who, clock.now(), id, key, Way::Network)?;
    let outcome = match send(&client, &made) {
        Ok(response) => files::try_to_apply(db, who, clock.now(), id, &response),
        Err(Failed::Refused(says)) if says.contains(BEHIND) => {
            catch_up(db, clock, who, id, key, &client, &made)
        }
        Err(failed) => Err(refused(&failed)),
    };
    if let Err(error) = &outcome {
        let (why, code) = match error {
            Error::Refused(refusal) => (refusal.says.to_string(), refusal.code),
            other => (other.to_string(), ""),
        };
        let event = Event::new(
            Kind::LocalSyncFailed,
            id,
            format!("The synchronization of {} failed: {why}", one.name),
        )
        .within(id)
        .with(json!({ "code": code }))
        .ended(Outcome::Failed);
        let at = clock.now();
        db.write_now(|tx| {
            store::failed(tx, id, &why, by_schedule)?;
            tx.record(at, who, &event, ())
        })?;
    }
    outcome
}

fn send(client: &Client, made: &Generated) -> std::result::Result<Vec<u8>, Failed> {
    client.sync(&mut made.bytes.as_slice(), made.bytes.len() as u64)
}

/// The cloud has answered an earlier file, and the answer was lost on its way here: a process ended, or a line broke. It is
/// fetched and applied, and another file says what is here.
fn catch_up(
    db: &Db,
    clock: &Clock,
    who: &Who,
    id: SmartAccountId,
    key: &FileKey,
    client: &Client,
    made: &Generated,
) -> Result<Applied> {
    let response = client
        .latest_response(made.head())
        .map_err(|failed| refused(&failed))?;
    files::try_to_apply(db, who, clock.now(), id, &response)?;
    let next = files::make(db, who, clock.now(), id, key, Way::Network)?;
    let response = send(client, &next).map_err(|failed| refused(&failed))?;
    files::try_to_apply(db, who, clock.now(), id, &response)
}

fn refused(failed: &Failed) -> Error {
    Error::refused("on-prem.sync-failed", words(failed))
}

/// What the cloud said, with the way out.
fn words(failed: &Failed) -> String {
    let says = failed.says();
    if matches!(failed, Failed::Refused(_)) && LOST.iter().any(|code| says.contains(code)) {
        return format!(
            "The cloud refused the file: {says} If this server was restored from a backup, or the account was removed in the cloud, register the account again."
        );
    }
    match failed {
        Failed::Refused(_) => format!("The cloud refused the file: {says}"),
        Failed::Unreachable(_) => says.to_owned(),
    }
}
