//! The list of requests.

use super::flash;
use crate::account_requests::api::STATUS;
use crate::account_requests::model::{RequestState, Summary};
use crate::account_requests::service;
use crate::authz::action::ViewAccountRequests;
use crate::http::list::Pager;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, FlashKind, ListQuery, ListSpec, May, Shell, page};
use askama::Template;

#[derive(Template)]
#[template(path = "account_requests/list.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Summary>,
    pager: Pager,
    /// The label of the state to which the list is narrowed.
    only: Option<RequestState>,
    summary: String,
}

pub(super) async fn show_list(may: May<ViewAccountRequests>) -> Answer {
    let spec = ListSpec {
        path: "/requests".to_owned(),
        sorts: &[],
        default_sort: "-sent",
        filters: STATUS,
        columns: &[],
    };
    let mut list = ListQuery::parse(&may.query, &spec);
    let only: Option<RequestState> = list.value("status").and_then(|word| word.parse().ok());
    let read = |list: &ListQuery| {
        let (permit, limit, offset) = (may.permit.clone(), list.limit(), list.offset());
        may.portal
            .db
            .read(move |r| service::list(r, &permit, only, limit, offset))
    };
    let mut found = read(&list).await?;
    let total = found.total(only);
    let asked_for = list.page;
    list.clamp(total);
    if list.page != asked_for {
        found = read(&list).await?;
    }
    let mut tabs = vec![Tab {
        label: "All".to_owned(),
        href: list.clear_href(),
        current: only.is_none(),
        count: Some(found.total(None)),
    }];
    for (state, count) in &found.counts {
        tabs.push(Tab {
            label: state.label().to_owned(),
            href: list.only_filter("status", state.word()),
            current: only == Some(*state),
            count: Some(u64::try_from(*count).unwrap_or_default()),
        });
    }
    let mut shell = may.shell("Smart Account requests");
    shell
        .crumbs
        .push(Crumb::link("Your Smart and Virtual Account access", "/access"));
    shell.crumbs.push(Crumb::text("Smart Account requests"));
    for says in &list.dropped {
        shell.flash.push(flash(FlashKind::Warn, says, None));
    }
    page(&ListView {
        shell,
        tabs,
        pager: list.pager(total),
        rows: found.rows,
        only,
        summary: counted(total, "request", "requests"),
    })
}
