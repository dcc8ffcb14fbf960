//! "Edit Virtual Account assignment", for one product instance or for many.

use super::super::service::{self, Effect, Row};
use super::chosen::{Chosen, covered, many};
use super::{base, inventory_path};
use crate::authz::action::{Transfer, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::widgets::{balance_class, signed};
use crate::http::{Answer, Crumb, Flash, FlashKind, May, Posted, Shell, page, page_with};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::search_key;
use crate::virtual_accounts;
use askama::Template;

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
    let ids = chosen.ids()?;
    let to: Option<VirtualAccountId> = chosen.to.parse().ok();
    let occupants = may.portal.occupants.clone();
    let (rows, places, effects) = may
        .reads(move |r, permit| {
            let rows = service::find_all(r, &view, &ids)?;
            covered(permit, &rows)?;
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
