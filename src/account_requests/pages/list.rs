//! The list of requests.

use crate::account_requests::list::LIST;
use crate::account_requests::model::{RequestState, Summary};
use crate::authz::action::ViewAccountRequests;
use crate::http::list::{ByState, Listing};
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, May, Shell, page};
use askama::Template;

#[derive(Template)]
#[template(path = "account_requests/list.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    found: Listing<Summary, ByState<RequestState>>,
    /// Whether those alone are asked for that wait for a decision, or are of another state.
    only: Option<&'static str>,
}

pub(super) async fn show_list(may: May<ViewAccountRequests>) -> Answer {
    let (found, ()) = LIST.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    let counts = found.counts.clone().unwrap_or_default();
    let mut shell = may.shell("Smart Account requests").with_dropped(&found.list);
    shell.crumbs.extend([
        Crumb::link("Your Smart and Virtual Account access", "/access"),
        Crumb::text("Smart Account requests"),
    ]);
    page(&ListView {
        shell,
        tabs: counts.tabs(&found.list, RequestState::choice),
        only: counts.only.map(RequestState::word),
        found,
    })
}
