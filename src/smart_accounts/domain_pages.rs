//! What Domain approvers see of changes of Account Domain Identifiers: their list, and one of them to decide.

use super::api::DenyBody;
use super::changes::{self, Described, Listed};
use super::model::{DomainChangeState, reason};
use crate::authz::action::ApproveDomain;
use crate::error::Result;
use crate::http::NoFields;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::list::{FilterSpec, Pager};
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, ListQuery, ListSpec, May, Posted, Shell, page, page_with,
    see_other,
};
use crate::kernel::ids::DomainChangeId;
use askama::Template;

impl Named for DomainChangeId {
    const NAME: &'static str = "change";
}

pub const STATES: &[(&str, &str)] = &[
    ("pending", "Pending"),
    ("approved", "Approved"),
    ("denied", "Denied"),
    ("withdrawn", "Withdrawn"),
];

/// What a list understands, for scripts as well.
pub const STATUS: &[FilterSpec<'static>] = &[FilterSpec {
    key: "status",
    label: "Status",
    values: STATES,
}];

/// The query of a list at this address.
pub fn query(path: &str, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path: path.to_owned(),
            sorts: &[],
            default_sort: "-requested",
            filters: STATUS,
            columns: &[],
        },
    )
}

#[derive(Template)]
#[template(path = "smart_accounts/domain_changes.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Listed>,
    pager: Pager,
    summary: String,
    filtered: bool,
}

pub async fn list(may: May<ApproveDomain>) -> Answer {
    let mut list = query("/domain-changes", &may.query);
    let only: Option<DomainChangeState> = list.value("status").and_then(|word| word.parse().ok());
    let total = |counts: &[(DomainChangeState, u64)]| {
        counts
            .iter()
            .filter(|(state, _)| only.is_none_or(|only| only == *state))
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    let read = |list: &ListQuery| {
        let (permit, limit, offset) = (may.permit.clone(), list.limit(), list.offset());
        may.portal
            .db
            .read(move |r| changes::list_changes(r, &permit, only, limit, offset))
    };
    let asked_for = list.page;
    let (mut rows, counts) = read(&list).await?;
    list.clamp(total(&counts));
    if list.page != asked_for {
        (rows, _) = read(&list).await?;
    }
    let mut tabs = vec![Tab {
        label: "All".to_owned(),
        href: list.clear_href(),
        current: only.is_none(),
        count: Some(counts.iter().map(|(_, count)| count).sum()),
    }];
    for (state, count) in &counts {
        tabs.push(Tab {
            label: state.label().to_owned(),
            href: list.only_filter("status", state.word()),
            current: only == Some(*state),
            count: Some(*count),
        });
    }
    let mut shell = may.shell("Domain changes");
    shell.crumbs.push(Crumb::text("Account Management"));
    shell.crumbs.push(Crumb::text("Domain changes"));
    for says in &list.dropped {
        shell.flash.push(Flash {
            kind: FlashKind::Warn,
            text: says.clone(),
            link: None,
        });
    }
    page(&ListView {
        shell,
        tabs,
        pager: list.pager(total(&counts)),
        summary: counted(total(&counts), "domain change", "domain changes"),
        rows,
        filtered: only.is_some(),
    })
}

#[derive(Template)]
#[template(path = "smart_accounts/domain_change.html")]
struct ChangeView {
    shell: Shell,
    found: Described,
    /// Where this page is.
    path: String,
    /// Why it cannot be decided by this person, though it waits.
    off: Option<&'static str>,
    denies: bool,
    form: FormState,
}

impl ChangeView {
    fn note_kind(&self) -> &'static str {
        self.found.change.state.badge()
    }
    fn waits(&self) -> bool {
        self.found.change.state == DomainChangeState::Pending
    }
}

async fn view(
    may: &May<ApproveDomain>,
    id: DomainChangeId,
    denies: bool,
    form: FormState,
) -> Result<ChangeView> {
    let found = may
        .reads(move |r, permit| changes::describe(r, permit, id))
        .await?;
    let mut shell = may.shell(format!("Domain change: {}", found.account.name));
    shell.crumbs.push(Crumb::text("Account Management"));
    shell
        .crumbs
        .push(Crumb::link("Domain changes", "/domain-changes"));
    shell.crumbs.push(Crumb::text(found.account.name.clone()));
    if denies {
        shell = shell.with_dialog("Deny domain change");
    }
    shell.error_title = form.has_problems();
    let is_own = may.permit.person()? == found.change.requested_by;
    Ok(ChangeView {
        shell,
        path: format!("/domain-changes/{id}"),
        off: is_own.then_some("You asked for this yourself, so somebody else has to decide it."),
        found,
        denies,
        form,
    })
}

pub async fn show(may: May<ApproveDomain>, id: PathPart<DomainChangeId>) -> Answer {
    page(&view(&may, id.0, false, FormState::new()).await?)
}

/// Approves, from a page or from a script.
pub async fn approve_now(may: &May<ApproveDomain>, id: DomainChangeId) -> Result<()> {
    may.does(move |tx, permit, at| changes::approve_change(tx, permit, at, id))
        .await
}

/// Denies, from a page or from a script.
pub async fn deny_now(may: &May<ApproveDomain>, id: DomainChangeId, typed: &str) -> Result<()> {
    let reason = reason(typed, "Deny reason")?;
    may.does(move |tx, permit, at| changes::deny_change(tx, permit, at, id, &reason))
        .await
}

pub async fn approve(
    may: May<ApproveDomain>,
    id: PathPart<DomainChangeId>,
    _form: Posted<NoFields>,
) -> Answer {
    approve_now(&may, id.0).await?;
    may.done(
        &format!("/domain-changes/{}", id.0),
        "The Account Domain Identifier was changed. The requester is told by email.",
    )
}

pub async fn deny_dialog(may: May<ApproveDomain>, id: PathPart<DomainChangeId>) -> Answer {
    let shown = view(&may, id.0, true, fresh()).await?;
    if shown.waits() && shown.off.is_none() {
        page(&shown)
    } else {
        // The matter has moved on: the page itself says how it stands.
        see_other(&shown.path)
    }
}

pub async fn deny(may: May<ApproveDomain>, id: PathPart<DomainChangeId>, form: Posted<DenyBody>) -> Answer {
    // One that is not there is that before anything is said about what was typed.
    view(&may, id.0, false, FormState::new()).await?;
    match deny_now(&may, id.0, &form.value.reason).await {
        Ok(()) => may.done(
            &format!("/domain-changes/{}", id.0),
            "The domain change was denied. The requester is told why by email.",
        ),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "")])?;
            page_with(status, &view(&may, id.0, true, form).await?)
        }
    }
}
