//! The record as a whole: whether its chain holds, and all of it as JSON lines.

use crate::authz::Permit;
use crate::authz::action::ViewRecord;
use crate::error::Result;
use crate::kernel::ids::{EventId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::chain::{self, Chain, Linked, STRANDS};
use crate::platform::db::cuts::{self, Cut};
use crate::platform::db::{Db, Reads, Recorded, Tx};

/// So many lines are read at a time while a file is sent.
const PIECE: i64 = 1_000;

/// Follows the chain of the account from end to end.
pub fn follow(read: &mut dyn Reads, permit: &Permit<ViewRecord>) -> Result<Chain> {
    chain::follow(read, Some(permit.within().account()?))
}

/// Follows every chain that there is; the account is none for what belongs to no account.
pub fn follow_all(read: &mut dyn Reads) -> Result<Vec<(Option<SmartAccountId>, Chain)>> {
    chain::whose(read)?
        .into_iter()
        .map(|account| Ok((account, chain::follow(read, account)?)))
        .collect()
}

/// Follows the chain of what belongs to no account, unless it is longer than so many events.
pub fn follow_own(read: &mut dyn Reads, most: u64) -> Result<Option<Chain>> {
    if chain::length(read, None)? > most {
        return Ok(None);
    }
    chain::follow(read, None).map(Some)
}

/// One sentence of a place where a chain does not hold.
pub fn sentence(broken: &chain::Broken) -> String {
    let event = broken
        .event
        .map(|id| format!(" (event {id})"))
        .unwrap_or_default();
    format!(
        "strand {}, number {}{event}: {}",
        broken.strand,
        broken.number,
        broken.what.label()
    )
}

/// Records that the record is taken out, before the first line is.
pub fn record_export(tx: &mut Tx<'_>, permit: &Permit<ViewRecord>, at: Moment) -> Result<Recorded<()>> {
    let event = Event::new(
        Kind::Exported,
        "record",
        "The whole record was exported as JSON lines.",
    )
    .within(permit.within().account()?);
    tx.record(at, permit.who(), &event, ())
}

/// How far a file of the record has come.
enum Stage {
    /// Events from before the chain, behind this one.
    Before(Option<(Moment, EventId)>),
    /// Those of a strand, behind this number.
    Strand(i32, i64),
    Over,
}

/// The record on its way: memory does not grow with it.
pub struct Lines {
    db: Db,
    account: SmartAccountId,
    stage: Stage,
    /// Where its strands begin, when their beginnings lie in an archive, until that was said.
    cuts: Vec<String>,
}

impl Lines {
    /// All events of the account: those from before the chain by their time, then strand after strand.
    pub async fn of(db: &Db, permit: &Permit<ViewRecord>) -> Result<Self> {
        let account = permit.within().account()?;
        let cuts = db.read(move |r| cuts::of(r, Some(account))).await?;
        let mut cuts: Vec<(i32, Cut)> = cuts.into_iter().collect();
        cuts.sort_by_key(|(strand, _)| *strand);
        Ok(Self {
            db: db.clone(),
            account,
            stage: Stage::Before(None),
            cuts: cuts
                .iter()
                .map(|(strand, cut)| begins(account, *strand, cut))
                .collect(),
        })
    }

    /// The next piece, and the rest; nothing after the last.
    pub async fn next(mut self) -> Result<Option<(Vec<u8>, Self)>> {
        loop {
            let account = self.account;
            let found = match self.stage {
                Stage::Before(last) => {
                    self.db
                        .read(move |r| chain::before(r, account, last, PIECE))
                        .await?
                }
                Stage::Strand(strand, number) => {
                    self.db
                        .read(move |r| chain::after(r, Some(account), strand, number, PIECE))
                        .await?
                }
                Stage::Over => return Ok(None),
            };
            let is_last = i64::try_from(found.len()).unwrap_or_default() < PIECE;
            self.stage = match (&self.stage, found.last()) {
                (Stage::Before(_), Some(one)) if !is_last => Stage::Before(Some((one.at, one.id))),
                (Stage::Before(_), _) => Stage::Strand(0, 0),
                (Stage::Strand(strand, _), Some(one)) if !is_last => Stage::Strand(*strand, one.number),
                (Stage::Strand(strand, _), _) if strand + 1 < STRANDS => Stage::Strand(strand + 1, 0),
                _ => Stage::Over,
            };
            let begins = std::mem::take(&mut self.cuts);
            if !found.is_empty() || !begins.is_empty() {
                let mut piece = Vec::new();
                for cut in &begins {
                    piece.extend_from_slice(cut.as_bytes());
                    piece.push(b'\n');
                }
                for one in &found {
                    piece.extend_from_slice(line(one).as_bytes());
                    piece.push(b'\n');
                }
                return Ok(Some((piece, self)));
            }
        }
    }
}

/// Where a strand begins, as a line of its own: what comes before lies in an archive.
fn begins(account: SmartAccountId, strand: i32, cut: &Cut) -> String {
    serde_json::json!({ "cut": true, "strand": strand, "number": cut.number, "hash": cut.hash, "account": account })
        .to_string()
}

/// One event as a line: everything that its hash is made of, and the hash.
pub(super) fn line(one: &Linked) -> String {
    serde_json::json!({
        "strand": one.strand,
        "number": one.number,
        "hash": one.hash,
        "id": one.id,
        "at": one.at,
        "at_microseconds": one.at.utc().timestamp_micros(),
        "account": one.account,
        "virtual_account": one.virtual_account,
        "kind": one.kind,
        "outcome": one.outcome,
        "message": one.message,
        "actor_id": one.actor_id,
        "actor": one.actor,
        "about": one.about,
        "detail": serde_json::from_str::<serde_json::Value>(&one.detail).unwrap_or_default(),
        "address": one.address,
        "request_id": one.request_id,
    })
    .to_string()
}
