//! The list of requests.

use crate::account_requests::list::{Counts, LIST};
use crate::account_requests::model::{RequestState, Summary};
use crate::authz::action::ViewAccountRequests;
use crate::http::list::Listing;
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, May, Shell, page};
use askama::Template;

#[derive(Template)]
#[template(path = "account_requests/list.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    found: Listing<Summary, Counts>,
    /// Whether those alone are asked for that wait for a decision, or are of another state.
    only: Option<&'static str>,
}

pub(super) async fn show_list(may: May<ViewAccountRequests>) -> Answer {
    let (found, ()) = LIST.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    let counts = found.counts.clone().unwrap_or_default();
    let tab = |label: &str, href: String, state| Tab {
        label: label.to_owned(),
        href,
        current: counts.only == state,
        count: Some(counts.of(state)),
    };
    let mut tabs = vec![tab("All", found.list.clear_href(), None)];
    for (state, _) in &counts.each {
        let href = found.list.only_filter("status", state.word());
        tabs.push(tab(state.label(), href, Some(*state)));
    }
    let mut shell = may.shell("Smart Account requests").with_dropped(&found.list);
    shell.crumbs.extend([
        Crumb::link("Your Smart and Virtual Account access", "/access"),
        Crumb::text("Smart Account requests"),
    ]);
    page(&ListView {
        shell,
        tabs,
        only: counts.only.map(RequestState::word),
        found,
    })
}
