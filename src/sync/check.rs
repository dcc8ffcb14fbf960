//! Whether the product instances in the cloud are those of the files that brought them.

use super::genuine::{ANY, Genuine};
use super::judge::{Feed, server};
use super::model::Outcome;
use super::store;
use crate::error::Result;
use crate::platform::db::Db;
use crate::{device_managers, devices};

/// Device managers whose product instances are not those of their last applied file, found by replaying it: for
/// `licentral check`.
pub fn unlike_their_files(db: &Db) -> Result<Vec<String>> {
    let kept = db.read_now(|r| store::kept(r))?;
    let mut said = Vec::new();
    for (id, manager) in kept {
        let found = db.read_now(|r| {
            let Some(one) = device_managers::whose(r, manager)?.filter(|one| one.removed_at.is_none()) else {
                return Ok(None);
            };
            let file = store::find(r, one.account, manager, id)?;
            if file.outcome != Outcome::Applied {
                return Ok(None);
            }
            let bytes = store::bytes(r, id)?.unwrap_or_default();
            let mut genuine = Genuine::read(r, &one, &bytes, &ANY)?;
            let server = server(&one)?;
            let mut feed = Feed::of(&mut genuine)?;
            let (found, _) = devices::compare(r, one.registered_at, server, &mut feed)?;
            while let Some(report) = feed.report() {
                report?;
            }
            drop(feed);
            Ok(Some((one, file, found)))
        });
        match found {
            Ok(None) => {}
            Ok(Some((one, file, found))) => {
                let other = found.appeared + found.changed + found.vanished;
                let instances = i64::try_from(found.total()).unwrap_or(i64::MAX);
                if other > 0 || file.sequence != one.sequence || instances != one.product_instances {
                    said.push(format!("{} ({})", one.name, one.id));
                }
            }
            Err(error) => said.push(format!("{manager}: {error}")),
        }
    }
    Ok(said)
}
