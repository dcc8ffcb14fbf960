//! "Edit Virtual Account assignment" and "Remove Product Instance", for one product instance or for many. What was
//! chosen travels in the forms, so nothing is kept until it is done.

use super::super::model::MOST_SELECTED;
use super::super::service::{self, Effect, Row};
use super::{base, inventory_path, list};
use crate::authz::action::{RemoveDevice, Transfer, ViewInventory};
use crate::authz::{Action, Permit};
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::widgets::{balance_class, counted, number, signed};
use crate::http::{Answer, Crumb, Flash, FlashKind, May, Posted, Shell, page, page_with, reason};
use crate::kernel::ids::{DeviceId, VirtualAccountId};
use crate::kernel::search_key;
use crate::members;
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;

/// What a form of these pages says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(default)]
    device: Vec<String>,
    /// Target Virtual Account.
    #[serde(default)]
    to: String,
    /// The tab from which one came, or "".
    #[serde(default)]
    from: String,
    /// "choose" when the form is to be shown, and not what it says to be reviewed.
    #[serde(default)]
    step: String,
}

impl Chosen {
    fn of(query: &str) -> Self {
        let mut chosen = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "device" => chosen.device.push(value.into_owned()),
                "from" => chosen.from = value.into_owned(),
                _ => {}
            }
        }
        chosen
    }
    fn ids(&self) -> Result<Vec<DeviceId>> {
        let mut ids: Vec<DeviceId> = Vec::new();
        for text in &self.device {
            ids.push(text.parse().map_err(|_| Error::NotFound)?);
        }
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Err(service::nothing_chosen());
        }
        if ids.len() > MOST_SELECTED {
            return Err(service::too_many());
        }
        Ok(ids)
    }
    /// Back to where one came from.
    fn back(&self, visit: &crate::http::Visit) -> String {
        match self.from.parse::<VirtualAccountId>() {
            Ok(va) => format!(
                "/sa/{}/licensing/inventory/{va}/product-instances",
                visit.number()
            ),
            Err(_) => inventory_path(visit),
        }
    }
}

fn many(count: usize) -> String {
    counted(count as u64, "product instance", "product instances")
}

/// An effect, as the review shows it.
struct EffectView(Effect);

impl EffectView {
    fn before(&self) -> String {
        signed(&self.0.before)
    }
    fn after(&self) -> String {
        signed(&self.0.after)
    }
    fn colour(&self) -> &'static str {
        balance_class(&self.0.after)
    }
    fn short(&self) -> String {
        if self.0.after < 0 && !self.0.is_metered {
            format!("{} short", self.0.after.unsigned_abs())
        } else {
            String::new()
        }
    }
}

#[derive(Template)]
#[template(path = "devices/transfer.html")]
struct TransferPage {
    shell: Shell,
    rows: Vec<Row>,
    places: Vec<(VirtualAccountId, String)>,
    to: String,
    /// Name of the target, once it is chosen.
    target: String,
    problem: String,
    effects: Vec<EffectView>,
    short: usize,
    is_review: bool,
    from: String,
    base: String,
    back: String,
    once: String,
    count: String,
}

impl TransferPage {
    fn step(&self) -> usize {
        1 + usize::from(self.is_review)
    }
}

/// The form, or the review. What nobody can transfer is refused at once.
async fn transfer_page(may: &May<Transfer>, chosen: &Chosen, is_review: bool) -> Result<TransferPage> {
    let view = may.also::<ViewInventory>().await?;
    let (permit, ids) = (may.permit.clone(), chosen.ids()?);
    let to: Option<VirtualAccountId> = chosen.to.parse().ok();
    let occupants = may.portal.occupants.clone();
    let (rows, places, effects) = may
        .portal
        .db
        .read(move |r| {
            let rows = service::find_all(r, &view, &ids)?;
            covered(&permit, &rows)?;
            if let Some(refusal) = rows.iter().find_map(|row| row.device.against_change()) {
                return Err(Error::Refused(refusal));
            }
            let within = permit.within();
            let mut places = virtual_accounts::open_places(r, within, &occupants)?;
            places.sort_by_key(|(id, name)| (search_key(name), *id));
            let effects = match to {
                Some(to) if is_review => service::effects(r, within.account()?, &rows, to)?,
                _ => Vec::new(),
            };
            Ok((rows, places, effects))
        })
        .await?;
    let target = places
        .iter()
        .find(|(id, _)| Some(*id) == to)
        .map(|(_, name)| name.clone())
        .unwrap_or_default();
    let devices: Vec<_> = rows.iter().map(|row| &row.device).collect();
    let problem = if !is_review {
        String::new()
    } else if target.is_empty() {
        "Choose a Target Virtual Account.".to_owned()
    } else {
        to.and_then(|to| service::against_transfer(&devices, to))
            .map(|refusal| refusal.says.into_owned())
            .unwrap_or_default()
    };
    // Where all of them are already is no target.
    let mut here: Vec<VirtualAccountId> = devices.iter().map(|device| device.virtual_account).collect();
    here.sort_unstable();
    here.dedup();
    let is_review = is_review && problem.is_empty();
    let between = [
        Crumb::text("Devices"),
        Crumb::link("Device Inventory", inventory_path(may)),
    ];
    let mut shell = may.account_shell(may.portal.config.edition.assignment_title(), &between);
    shell.error_title = !problem.is_empty();
    let effects: Vec<EffectView> = effects.into_iter().map(EffectView).collect();
    Ok(TransferPage {
        shell,
        count: many(rows.len()),
        places: places
            .into_iter()
            .filter(|(id, _)| here.len() > 1 || !here.contains(id))
            .collect(),
        rows,
        to: chosen.to.clone(),
        target,
        problem,
        short: effects.iter().filter(|one| !one.short().is_empty()).count(),
        effects,
        is_review,
        from: chosen.from.clone(),
        base: base(may),
        back: chosen.back(may),
        once: fresh().once,
    })
}

/// Whoever may see a device and not change it is told so.
fn covered<A: crate::authz::Does>(permit: &Permit<A>, rows: &[Row]) -> Result<()> {
    if rows
        .iter()
        .all(|row| permit.within().covers(row.device.virtual_account))
    {
        Ok(())
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}

/// GET /sa/{said}/devices/transfer?device=…
pub async fn transfer_form(may: May<Transfer>) -> Answer {
    page(&transfer_page(&may, &Chosen::of(&may.query), false).await?)
}

/// POST /sa/{said}/devices/transfer: the form for what was ticked, or the review of the form.
pub async fn transfer_review(may: May<Transfer>, form: Posted<Chosen>) -> Answer {
    let chosen = &form.value;
    let view = transfer_page(&may, chosen, chosen.step != "choose").await?;
    let status = if view.problem.is_empty() { 200 } else { 422 };
    page_with(status, &view)
}

/// POST /sa/{said}/devices/transfer/submit
pub async fn transfer(may: May<Transfer>, form: Posted<Chosen>) -> Answer {
    let once = form.once_key(&may);
    let ids = form.value.ids()?;
    let to: VirtualAccountId = form.value.to.parse().map_err(|_| Error::NotFound)?;
    let these = service::Move { ids, to };
    let view = may.also::<ViewInventory>().await?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let occupants = may.portal.occupants.clone();
    let count = may
        .portal
        .db
        .write_locked(move |tx| service::transfer(tx, &view, &permit, &occupants, at, &these, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    let account = may.permit.within().account()?;
    let name = may
        .portal
        .db
        .read(move |r| Ok(virtual_accounts::these(r, account, &[to])?.pop()))
        .await?
        .map(|one| one.name)
        .unwrap_or_default();
    let mut says = Flash::new(FlashKind::Ok, format!("{} transferred to {name}.", many(count)));
    says.link = Some((
        "Product Instances there".to_owned(),
        format!("/sa/{}/licensing/inventory/{to}/product-instances", may.number()),
    ));
    Ok(may.see_other(&form.value.back(&may), says))
}

// Remove -----------------------------------------------------------------------------------------------------

/// "Remove Product Instance", over the list.
pub struct Removal {
    pub rows: Vec<Row>,
    pub count: String,
    /// What comes back: name, Virtual Account and how many.
    pub returns: Vec<(String, String, String)>,
    /// Why it cannot be done, or "".
    pub no: String,
    /// Of several, those that are left out: name and why.
    pub left_out: Vec<(String, String)>,
    pub back: String,
    pub from: String,
    pub once: String,
}

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
    let (looker, permit, ids) = (view.clone(), may.permit.clone(), chosen.ids()?);
    let (rows, admins) = may
        .portal
        .db
        .read(move |r| {
            let rows = service::find_all(r, &looker, &ids)?;
            covered(&permit, &rows)?;
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
