//! "Token Management": the registration tokens of a Smart Account.

use super::super::list::LIST;
use super::{Dialog, Line, Over, administrators};
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::http::list::Listing;
use crate::http::{Answer, Crumb, May, Shell, Visit, page_with, reason};
use crate::kernel::Edition;
use askama::Template;

#[derive(Template)]
#[template(path = "tokens/management.html")]
struct ManagementPage {
    shell: Shell,
    found: Listing<Line>,
    /// Where its tokens and its wizard stand.
    base: String,
    number: i64,
    /// Whether one sees only those of some Virtual Accounts.
    some: bool,
    /// Why none can be generated.
    new_off: Option<String>,
    dialog: Option<Dialog>,
    /// Where a pop-up leads back to.
    back: String,
}

/// The page, perhaps with a pop-up over it.
pub async fn management(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    let (found, administrators) = LIST
        .page(visit, view, |r, view, _| administrators(r, view))
        .await?;
    let between = [Crumb::text("Devices"), Crumb::text("Device Connections")];
    let mut shell = visit.list_shell(title(visit.portal.config.edition), &between, &found.list);
    if let Some(dialog) = &dialog {
        shell = shell.with_dialog(dialog.title());
        shell.error_title = dialog.has_problems();
    }
    page_with(
        status,
        &ManagementPage {
            shell,
            base: Over::Management.base(visit),
            number: visit.number(),
            some: view.within().only().is_some(),
            new_off: reason::against_all(visit, Action::ManageTokens, &administrators),
            back: found.list.href(),
            dialog,
            found: found.map(|row| Line::of(visit, row, &administrators)),
        },
    )
}

/// GET /sa/{said}/devices/token-management
pub async fn list(may: May<ViewInventory>) -> Answer {
    management(&may, &may.permit, None, 200).await
}

/// What the page is called in an edition.
pub fn title(edition: Edition) -> &'static str {
    match edition {
        Edition::Cloud => "Token Management",
        Edition::OnPrem => "Configure Device and Token Management",
    }
}
