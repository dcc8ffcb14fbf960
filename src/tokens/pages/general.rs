//! The tab General of "Inventory by Virtual Account": its facts, and its registration tokens.

use super::super::list::LIST;
use super::super::model::{IN_FORMS, Terms, Typed};
use super::super::operations;
use super::super::service;
use super::{Dialog, Line, Over, administrators};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::authz::{Action, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::list::{Listing, Reading};
use crate::http::{Answer, May, Posted, Shell, Visit, page_with, reason};
use crate::kernel::ids::VirtualAccountId;
use crate::licenses::{InventoryHead, InventoryTab};
use crate::virtual_accounts::{self, VirtualAccount};
use askama::Template;

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

/// POST …/tokens/new
pub async fn create(may: May<ManageTokens>, id: PathPart<VirtualAccountId>, posted: Posted<Typed>) -> Answer {
    let view = managed(&may, id.0).await?;
    let mut problems = Problems::default();
    let Some(terms) = Terms::parse(&posted.value, IN_FORMS, &mut problems) else {
        let dialog = Dialog::New(posted.again(&problems), String::new());
        return general(&may, &view, id.0, Some(dialog), 422).await;
    };
    let at = may.portal.clock.now();
    let says = format!(
        "Token created. {} until {}.",
        service::uses_words(terms.max_uses),
        terms.expires(at).words()
    );
    operations::generate(&may, at, [(id.0, terms)], posted.once_key(&may)).await?;
    may.done(&Over::Inventory(id.0).page(&may), says)
}
