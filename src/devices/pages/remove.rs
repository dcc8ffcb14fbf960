//! "Remove Product Instance", for one or for many.

use super::super::service::{self, Row};
use super::chosen::{Chosen, covered, many};
use super::list::{self, Removal};
use crate::authz::Action;
use crate::authz::action::{RemoveDevice, ViewInventory};
use crate::http::form::fresh;
use crate::http::widgets::number;
use crate::http::{Answer, Flash, FlashKind, May, Posted, reason};
use crate::members;

/// Those of several that can be removed, and of the others name and why. When none can be, nothing is left out.
fn removable(rows: Vec<Row>) -> (Vec<Row>, Vec<(String, String)>) {
    let against = |row: &Row| row.device.against_removal();
    if rows.iter().all(|row| against(row).is_some()) {
        return (rows, Vec::new());
    }
    let left_out = rows
        .iter()
        .filter_map(|row| Some((row.device.name(), against(row)?.says.into_owned())))
        .collect();
    (
        rows.into_iter().filter(|row| against(row).is_none()).collect(),
        left_out,
    )
}

async fn removal(may: &May<RemoveDevice>, chosen: &Chosen) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let (looker, ids) = (view.clone(), chosen.ids()?);
    let (rows, admins) = may
        .reads(move |r, permit| {
            let rows = service::find_all(r, &looker, &ids)?;
            covered(permit, &rows)?;
            Ok((rows, members::administrators_of(r, permit.within().account()?)?))
        })
        .await?;
    let (rows, left_out) = removable(rows);
    let no = rows
        .iter()
        .find_map(|row| row.device.against_removal())
        .map(|refusal| refusal.says.into_owned())
        .or_else(|| reason::against_all(may, Action::RemoveDevice, &admins))
        .unwrap_or_default();
    let removal = Removal {
        count: many(rows.len()),
        returns: service::returns(&rows)
            .into_iter()
            .map(|(license, place, quantity)| (license, place, number(&quantity.unsigned_abs())))
            .collect(),
        rows,
        no,
        left_out,
        back: chosen.back(may),
        from: chosen.from.clone(),
        once: fresh().once,
    };
    list::whole(may, &view, Some(removal), 200).await
}

/// GET /sa/{said}/devices/remove?device=…
pub async fn remove_dialog(may: May<RemoveDevice>) -> Answer {
    removal(&may, &Chosen::of(&may.query)).await
}

/// POST /sa/{said}/devices/remove: the same for what was ticked.
pub async fn remove_dialog_of_many(may: May<RemoveDevice>, form: Posted<Chosen>) -> Answer {
    removal(&may, &form.value).await
}

/// POST /sa/{said}/devices/remove/submit
pub async fn remove(may: May<RemoveDevice>, form: Posted<Chosen>) -> Answer {
    let once = form.once_key(&may);
    let ids = form.value.ids()?;
    let view = may.also::<ViewInventory>().await?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let count = may
        .portal
        .db
        .write_locked(move |tx| service::remove(tx, &view, &permit, at, &ids, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    let says = format!("{} removed. What was used is free again.", many(count));
    Ok(may.see_other(&form.value.back(&may), Flash::new(FlashKind::Ok, says)))
}
