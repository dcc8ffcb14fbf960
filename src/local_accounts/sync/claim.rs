//! Who synchronizes an account over the network: one process at a time, which says again and again that it is still there.
//! What a process that was ended leaves behind is over some seconds later, on one process and on several.

use super::store;
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Clock, Event, Kind, Moment, Who};
use crate::platform::db::{Db, Recorded, Tx};
use chrono::TimeDelta;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// A process that has said nothing for so long (wall time) has ended.
const PATIENCE: TimeDelta = TimeDelta::seconds(6);
/// It says so this often.
const EVERY: Duration = Duration::from_secs(2);

const CUT_OFF: &str = "It is not known how the synchronization ended: the process that ran it has stopped. Nothing is lost: the next synchronization makes both portals equal.";

/// An account that this process synchronizes; dropped when that is over.
pub struct Claim {
    stop: Option<Sender<()>>,
    renewals: Option<JoinHandle<()>>,
}

impl Claim {
    /// Takes an account that nobody synchronizes over the network now.
    pub fn take(db: &Db, clock: &Clock, id: SmartAccountId, name: &str) -> Result<Self> {
        let (wall, mut until) = (clock.wall(), clock.wall().plus(PATIENCE));
        if !db.housekeeping_now(|tx| store::claim(tx, id, wall, until))? {
            return Err(in_progress(name));
        }
        let (stop, stopped) = channel();
        let (db, clock) = (db.clone(), clock.clone());
        let renewals = std::thread::spawn(move || {
            let renew = |before: Moment, until: Option<Moment>| {
                db.housekeeping_now(|tx| store::renew_claim(tx, id, before, until))
            };
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let next = clock.wall().plus(PATIENCE);
                // A disk that is full for a moment is tried again; who has lost the claim stops.
                match renew(until, Some(next)) {
                    Ok(true) => until = next,
                    Ok(false) => return,
                    Err(error) => tracing::warn!(%error, "a synchronization could not say that it goes on"),
                }
            }
            if let Err(error) = renew(until, None) {
                tracing::warn!(%error, "a synchronization could not say that it is over");
            }
        });
        Ok(Self {
            stop: Some(stop),
            renewals: Some(renewals),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(renewals) = self.renewals.take() {
            drop(renewals.join());
        }
    }
}

/// That another synchronization goes on.
pub fn in_progress(name: &str) -> Error {
    Error::refused(
        "on-prem.sync-in-progress",
        format!("{name} is being synchronized. Wait until Sync Status says how it ended."),
    )
}

/// Whether a process left an account In progress and has ended.
pub fn is_anybody_gone(db: &Db, wall: Moment) -> Result<bool> {
    db.read_now(|r| Ok(!store::left_in_progress(r, wall)?.is_empty()))
}

/// Ends the synchronizations of processes that have ended: what came of them is not known, and said to be so.
pub fn give_up(tx: &mut Tx<'_>, at: Moment, wall: Moment) -> Result<Recorded<usize>> {
    let (who, mut events) = (Who::portal("synchronization"), Vec::new());
    for (id, name) in store::left_in_progress(tx, wall)? {
        store::failed(tx, id, CUT_OFF, false)?;
        let says = format!("The synchronization of {name} was cut off. {CUT_OFF}");
        events.push(
            Event::new(Kind::LocalSyncFailed, id, says)
                .within(id)
                .ended(Outcome::Failed),
        );
    }
    let count = events.len();
    tx.record_all(at, &who, &events, count)
}
