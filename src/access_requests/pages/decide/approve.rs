//! Approving: what was asked, or less.

use super::between;
use super::request::{can_decide, read_to_decide};
use crate::access_requests::model::ScopeKind;
use crate::access_requests::operations::approve_now;
use crate::access_requests::pages::{above, base, beside_fields, ids, role_choice, roles_on};
use crate::access_requests::service::{self, Details, Standing};
use crate::authz::Role;
use crate::authz::action::{DecideAccess, ViewAccessRequests};
use crate::error::Result;
use crate::http::form::{self, PathPart};
use crate::http::form_state::Choice;
use crate::http::{Answer, Crumb, FormState, May, Posted, Shell, Visit, page, page_with, see_other};
use crate::kernel::ids::{AccessRequestId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "access_requests/approve.html")]
struct ApproveView {
    shell: Shell,
    form: FormState,
    details: Details,
    base: String,
    scopes: Vec<Choice>,
    account_roles: Vec<Choice>,
    virtual_roles: Vec<Choice>,
    places: Vec<Choice>,
    on_behalf_of: Option<String>,
}

fn approve_view(
    visit: &Visit,
    details: Details,
    standing: &Standing,
    names: Vec<(VirtualAccountId, String)>,
    form: FormState,
) -> ApproveView {
    let (everywhere, only, on_behalf_of) = match standing {
        Standing::Decides {
            everywhere,
            only,
            on_behalf_of,
        } => (*everywhere, only.as_slice(), on_behalf_of.clone()),
        Standing::Own | Standing::Beyond => (false, [].as_slice(), None),
    };
    let mut shell = visit.account_shell("Approve access request", &{
        let mut crumbs = between(visit, true);
        crumbs.push(Crumb::link(
            details.request.reference.clone(),
            format!("{}/{}", base(visit), details.request.id),
        ));
        crumbs
    });
    shell.error_title = form.has_problems();
    let entire = Choice::new(ScopeKind::Account.word(), ScopeKind::Account.label());
    let approver_off = details.requester.email.domain() != details.account.domain;
    ApproveView {
        shell,
        base: base(visit),
        scopes: vec![
            if everywhere {
                entire.note("The account with all its Virtual Accounts.")
            } else {
                entire
                    .note("A Virtual Account Administrator gives roles in their own Virtual Accounts alone.")
                    .disabled()
            },
            Choice::new(
                ScopeKind::VirtualAccounts.word(),
                ScopeKind::VirtualAccounts.label(),
            ),
        ],
        account_roles: roles_on(ScopeKind::Account)
            .map(|role| {
                if role == Role::AccountApprover && approver_off {
                    Choice::new(role.word(), role.label())
                        .note(format!(
                            "Needs an email address in {}; {} is not.",
                            details.account.domain, details.requester.email
                        ))
                        .disabled()
                } else {
                    role_choice(role)
                }
            })
            .collect(),
        virtual_roles: roles_on(ScopeKind::VirtualAccounts).map(role_choice).collect(),
        places: names
            .into_iter()
            .filter(|(id, _)| everywhere || only.contains(id))
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        on_behalf_of,
        details,
        form,
    }
}

fn names_in(read: &mut dyn Reads, details: &Details) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(virtual_accounts::names(read, &[details.request.account])?
        .into_iter()
        .map(|(_, id, name, _)| (id, name))
        .collect())
}

/// "Next": scope and role, which may differ from what was asked.
pub async fn show_approve(may: May<ViewAccessRequests>, id: PathPart<AccessRequestId>) -> Answer {
    let id = id.0;
    let (details, standing, names) = may
        .reads(move |r, permit| {
            let (details, standing) = service::details(r, permit, id)?;
            let names = names_in(r, &details)?;
            Ok((details, standing, names))
        })
        .await?;
    if !can_decide(&may, &details.request, &standing) {
        return see_other(&format!("{}/{id}", base(&may)));
    }
    let mut form = form::fresh()
        .with_value("scope", details.request.scope.word())
        .with_value("role", details.request.role.word());
    for place in &details.asked {
        form = form.with_value("va", place.id.to_string());
    }
    page(&approve_view(&may, details, &standing, names, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveForm {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    va: Vec<String>,
}

pub async fn approve(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    posted: Posted<ApproveForm>,
) -> Answer {
    const RULES: &[(&str, &str)] = &[
        ("members.approver-domain", "role"),
        ("members.role-scope", "role"),
        ("members.last-administrator", ""),
        ("members.beyond-your-role", "scope"),
        ("access-requests.beyond-your-role", "scope"),
    ];
    let (details, standing) = read_to_decide(&may, id.0).await?;
    let typed = &posted.value;
    match approve_now(&may, id.0, &typed.scope, &typed.role, ids(&typed.va)).await {
        Ok(request) => may.done(
            &base(&may),
            format!(
                "The access request {} of {} was approved. The requester is told by email.",
                request.reference, details.requester.name
            ),
        ),
        Err(error) => {
            let (status, problems) = beside_fields(error, RULES)?;
            let problems = above(&problems, &["scope", "role", "va"]);
            let names = {
                let details = details.clone();
                may.portal.db.read(move |r| names_in(r, &details)).await?
            };
            page_with(
                status,
                &approve_view(&may, details, &standing, names, posted.again(&problems)),
            )
        }
    }
}
