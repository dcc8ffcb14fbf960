//! What one has asked for, and withdrawing it.

use super::shell_of;
use crate::access_requests::service::{self, Details};
use crate::authz::action::{RequestAccess, ViewDirectory};
use crate::error::Result;
use crate::http::form::PathPart;
use crate::http::widgets::Happening;
use crate::http::{Answer, Crumb, FormState, May, NoFields, Posted, Shell, Visit, page, see_other};
use crate::kernel::ids::AccessRequestId;
use askama::Template;

#[derive(Template)]
#[template(path = "access_requests/own_list.html")]
struct OwnListView {
    shell: Shell,
    rows: Vec<Details>,
}

pub async fn list(may: May<ViewDirectory>) -> Answer {
    let rows = may.reads(move |r, permit| service::own(r, permit)).await?;
    page(&OwnListView {
        shell: shell_of(
            &may,
            "Your access requests",
            "Your access requests",
            &FormState::new(),
        ),
        rows,
    })
}

#[derive(Template)]
#[template(path = "access_requests/own.html")]
struct OwnView {
    shell: Shell,
    details: Details,
    history: Vec<Happening>,
    is_open: bool,
    dialog: bool,
}

fn own_view(visit: &Visit, details: Details, dialog: bool) -> OwnView {
    let mut shell = visit.shell(format!("Access request {}", details.request.reference));
    shell.crumbs = vec![
        Crumb::link("Your Smart and Virtual Account access", "/access"),
        Crumb::link("Your access requests", "/access/requests"),
        Crumb::text(details.request.reference.clone()),
    ];
    OwnView {
        shell: if dialog {
            shell.with_dialog("Withdraw request")
        } else {
            shell
        },
        history: crate::access_requests::pages::decide::history(&details),
        is_open: details.request.is_open(visit.portal.clock.now()),
        details,
        dialog,
    }
}

async fn own_details(may: &May<ViewDirectory>, id: AccessRequestId) -> Result<Details> {
    may.reads(move |r, permit| service::own_one(r, permit, id)).await
}

pub async fn one(may: May<ViewDirectory>, id: PathPart<AccessRequestId>) -> Answer {
    let details = own_details(&may, id.0).await?;
    page(&own_view(&may, details, false))
}

pub async fn show_withdraw(may: May<ViewDirectory>, id: PathPart<AccessRequestId>) -> Answer {
    let details = own_details(&may, id.0).await?;
    if !details.request.is_open(may.portal.clock.now()) {
        // The matter has moved on: the page itself says how it stands.
        return see_other(&format!("/access/requests/{}", details.request.id));
    }
    page(&own_view(&may, details, true))
}

pub async fn withdraw(
    may: May<RequestAccess>,
    id: PathPart<AccessRequestId>,
    _posted: Posted<NoFields>,
) -> Answer {
    let id = id.0;
    let request = may
        .does(move |tx, permit, at| service::withdraw(tx, permit, at, id))
        .await?;
    may.done(
        &format!("/access/requests/{id}"),
        format!("The access request {} was withdrawn.", request.reference),
    )
}
