//! What Domain approvers see of changes of Account Domain Identifiers: their list, and one of them to decide.

use super::changes::{self, Described, Listed};
use super::list::LIST;
use super::model::DomainChangeState;
use super::operations::{DenyBody, approve_now, deny_now};
use crate::authz::action::ApproveDomain;
use crate::error::Result;
use crate::http::NoFields;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::list::{ByState, Listing};
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, FormState, May, Posted, Shell, page, page_with, see_other};
use crate::kernel::ids::DomainChangeId;
use askama::Template;

impl Named for DomainChangeId {
    const NAME: &'static str = "change";
}

#[derive(Template)]
#[template(path = "smart_accounts/domain_changes.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    found: Listing<Listed, ByState<DomainChangeState>>,
    filtered: bool,
}

pub async fn list(may: May<ApproveDomain>) -> Answer {
    let (found, ()) = LIST.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    let counts = found.counts.clone().unwrap_or_default();
    let mut shell = may.shell("Domain changes").with_dropped(&found.list);
    shell.crumbs.push(Crumb::text("Account Management"));
    shell.crumbs.push(Crumb::text("Domain changes"));
    page(&ListView {
        shell,
        tabs: counts.tabs(&found.list, DomainChangeState::choice),
        filtered: counts.only.is_some(),
        found,
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
