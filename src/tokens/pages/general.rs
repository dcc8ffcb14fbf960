//! The tab General of "Inventory by Virtual Account": its facts, and its registration tokens.

use super::super::list::LIST;
use super::super::model::{Terms, Typed};
use super::super::service::{self, New};
use super::{Dialog, Line, Over, administrators, does};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::authz::{Action, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::list::{Listing, Reading};
use crate::http::{Answer, Flash, FlashKind, May, Posted, Shell, Visit, page_with, reason};
use crate::kernel::ids::VirtualAccountId;
use crate::licenses::{InventoryHead, InventoryTab};
use crate::virtual_accounts::{self, VirtualAccount};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "tokens/general.html")]
struct GeneralPage {
    shell: Shell,
    head: InventoryHead,
    one: VirtualAccount,
    found: Listing<Line>,
    /// Where its tokens stand.
    base: String,
    number: i64,
    may_edit: bool,
    /// Why none can be created.
    new_off: Option<String>,
    /// Where product instances register, on an On-Prem server.
    registers_at: Option<String>,
    /// An On-Prem server serves this Virtual Account.
    is_served: bool,
    dialog: Option<Dialog>,
    back: String,
}

impl GeneralPage {
    fn none_words(&self) -> &'static str {
        let says = if self.is_served {
            "Product instances of this Virtual Account register on its On-Prem server."
        } else {
            "Product instances register to this Virtual Account with a token."
        };
        self.shell.say(says)
    }
    fn default_words(&self) -> &'static str {
        if self.one.is_default && self.shell.edition.is_on_prem() {
            "Yes: what the cloud tells of comes here first"
        } else if self.one.is_default {
            "Yes: new orders without a Virtual Account go here"
        } else {
            "No"
        }
    }
}

/// The page, perhaps with a pop-up over it.
pub async fn general(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    id: VirtualAccountId,
    mut dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    let permit = view.clone();
    let number = visit.number();
    let occupants = visit.portal.occupants.clone();
    let (one, bound, head) = visit
        .portal
        .db
        .read(move |r| {
            let head = InventoryHead::of(r, &permit, number, id, InventoryTab::General)?;
            let bound =
                virtual_accounts::against_registering(r, &occupants, permit.within().account()?, &[id])?;
            Ok((service::place(r, &permit, id)?, bound, head))
        })
        .await?;
    let over = Over::Inventory(id);
    let of = Reading::of(visit, &over.page(visit)).only("va", id.to_string());
    let (found, administrators) = LIST
        .page_at(of, visit, view, |r, view, _| administrators(r, view))
        .await?;
    let mut shell = head.shell(visit, &found.list);
    if let Some(dialog) = &mut dialog {
        if let Dialog::New(_, place) = dialog {
            place.clone_from(&one.name);
        }
        shell = shell.with_dialog(dialog.title());
        shell.error_title = dialog.has_problems();
    }
    page_with(
        status,
        &GeneralPage {
            shell,
            head,
            base: over.base(visit),
            number,
            may_edit: reason::against(visit, Action::EditVirtualAccount, Some(id), &[]).is_none(),
            registers_at: visit
                .portal
                .config
                .edition
                .is_on_prem()
                .then(|| visit.portal.config.base_url.clone()),
            is_served: bound.is_some(),
            new_off: reason::against(visit, Action::ManageTokens, Some(id), &administrators)
                .or_else(|| bound.map(|refusal| refusal.says.into_owned())),
            back: found.list.href(),
            dialog,
            found: found.map(|row| Line::of(visit, row, &administrators)),
            one,
        },
    )
}

/// GET /sa/{said}/licensing/inventory/{va}/general
pub async fn show(may: May<ViewInventory>, id: PathPart<VirtualAccountId>) -> Answer {
    general(&may, &may.permit, id.0, None, 200).await
}

/// A Virtual Account that is seen, and in which tokens may be made.
async fn managed(may: &May<ManageTokens>, id: VirtualAccountId) -> Result<Permit<ViewInventory>> {
    let view = may.also::<ViewInventory>().await?;
    if !view.within().covers(id) {
        return Err(Error::NotFound);
    }
    if !may.permit.within().covers(id) {
        return Err(Error::Forbidden {
            action: Action::ManageTokens.words(),
        });
    }
    Ok(view)
}

/// GET …/tokens/new
pub async fn show_new(may: May<ManageTokens>, id: PathPart<VirtualAccountId>) -> Answer {
    let view = managed(&may, id.0).await?;
    let form = fresh()
        .with_value("days", super::super::model::DEFAULT_DAYS.to_string())
        .with_value("export", "1");
    general(&may, &view, id.0, Some(Dialog::New(form, String::new())), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    #[serde(default)]
    description: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    uses: String,
    #[serde(default)]
    export: String,
}

/// POST …/tokens/new
pub async fn create(
    may: May<ManageTokens>,
    id: PathPart<VirtualAccountId>,
    posted: Posted<Fields>,
) -> Answer {
    let view = managed(&may, id.0).await?;
    let form = &posted.value;
    let mut problems = Problems::default();
    let terms = Terms::parse(
        Typed {
            description: &form.description,
            days: &form.days,
            uses: &form.uses,
            export_controlled: form.export == "1",
        },
        &mut problems,
    );
    let Some(terms) = terms else {
        let dialog = Dialog::New(posted.again(&problems), String::new());
        return general(&may, &view, id.0, Some(dialog), 422).await;
    };
    let at = may.portal.clock.now();
    let says = format!(
        "Token created. {} until {}.",
        service::uses_words(terms.max_uses),
        terms.expires(at).words()
    );
    let new = New::make(&may.portal.signing, at, id.0, terms)?;
    let (occupants, once) = (may.portal.occupants.clone(), posted.once_key(&may));
    does(&may, move |tx, rights, _| {
        let new = std::slice::from_ref(&new);
        service::create(tx, rights, &occupants, at, new, once.as_ref())
    })
    .await?;
    Ok(may.see_other(&Over::Inventory(id.0).page(&may), Flash::new(FlashKind::Ok, says)))
}
