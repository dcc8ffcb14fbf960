//! Requests that wait and requests that were decided, as pages and as CSV.

use super::{TITLE, between, tabs};
use crate::access_requests::list::{DECIDED, PENDING};
use crate::access_requests::pages::base;
use crate::access_requests::service::Details;
use crate::authz::action::ViewAccessRequests;
use crate::http::list::Listing;
use crate::http::widgets::Tab;
use crate::http::{Answer, May, Shell, page};
use askama::Template;

#[derive(Template)]
#[template(path = "access_requests/list.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    found: Listing<Details>,
    base: String,
    pending: bool,
    /// Only what lies within one's Virtual Accounts is shown.
    limited: bool,
}

async fn show_list(may: May<ViewAccessRequests>, pending: bool) -> Answer {
    let (list, title) = if pending {
        (&PENDING, TITLE)
    } else {
        (&DECIDED, "Decided requests")
    };
    let (found, ()) = list.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    page(&ListView {
        shell: may.list_shell(title, &between(&may, !pending), &found.list),
        tabs: tabs(&may, if pending { "" } else { "decided" }),
        found,
        base: base(&may),
        pending,
        limited: crate::access_requests::model::reach(may.permit.within(), may.permit.mandates()).is_some(),
    })
}

pub async fn pending(may: May<ViewAccessRequests>) -> Answer {
    show_list(may, true).await
}

pub async fn decided(may: May<ViewAccessRequests>) -> Answer {
    show_list(may, false).await
}
