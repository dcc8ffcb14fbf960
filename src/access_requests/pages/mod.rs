//! The pages of requests for access.

mod ask;
mod automation;
mod decide;
mod delegation;
mod link;

use crate::error::{Error, Problems, Result};
use crate::http::form::Named;
use crate::http::form_state::Choice;
use crate::http::{Routes, Visit};
use crate::kernel::ids::{AccessRequestId, AccessRuleId, DelegationId, VirtualAccountId};

use super::list::{DECIDED, PENDING};
use super::model::ScopeKind;
use crate::authz::Role;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/access/request", ask::show);
    routes.post("/access/request", ask::send);
    routes.get("/access/requests", ask::list);
    routes.get("/access/requests/{access}", ask::one);
    routes.get("/access/requests/{access}/withdraw", ask::show_withdraw);
    routes.post("/access/requests/{access}/withdraw", ask::withdraw);

    PENDING.pages(routes, decide::pending);
    DECIDED.pages(routes, decide::decided);
    routes.get("/sa/{said}/account/requests/{access}", decide::one);
    routes.get(
        "/sa/{said}/account/requests/{access}/approve",
        decide::show_approve,
    );
    routes.post("/sa/{said}/account/requests/{access}/approve", decide::approve);
    routes.get(
        "/sa/{said}/account/requests/{access}/decline",
        decide::show_decline,
    );
    routes.post("/sa/{said}/account/requests/{access}/decline", decide::decline);

    routes.get("/sa/{said}/account/requests/automation", automation::show);
    routes.post("/sa/{said}/account/requests/automation", automation::save_days);
    routes.get(
        "/sa/{said}/account/requests/automation/rules/new",
        automation::show_new,
    );
    routes.post(
        "/sa/{said}/account/requests/automation/rules/new",
        automation::add,
    );
    routes.get(
        "/sa/{said}/account/requests/automation/rules/{rule}",
        automation::show_rule,
    );
    routes.post(
        "/sa/{said}/account/requests/automation/rules/{rule}",
        automation::change,
    );
    routes.post(
        "/sa/{said}/account/requests/automation/rules/{rule}/move",
        automation::shift,
    );
    routes.get(
        "/sa/{said}/account/requests/automation/rules/{rule}/remove",
        automation::show_remove,
    );
    routes.post(
        "/sa/{said}/account/requests/automation/rules/{rule}/remove",
        automation::remove,
    );

    routes.get("/sa/{said}/account/requests/delegation", delegation::show);
    routes.post("/sa/{said}/account/requests/delegation", delegation::lend);
    routes.post(
        "/sa/{said}/account/requests/delegation/{delegation}/end",
        delegation::end,
    );

    routes.get("/ar/{token}", link::open);
}

impl Named for AccessRequestId {
    const NAME: &'static str = "access";
}
impl Named for AccessRuleId {
    const NAME: &'static str = "rule";
}
impl Named for DelegationId {
    const NAME: &'static str = "delegation";
}

/// The address of the requests of the visit's account.
fn base(visit: &Visit) -> String {
    format!("/sa/{}/account/requests", visit.number())
}

/// What is wrong with a form, beside its fields; a rule that says no stands above them. Anything else stays an
/// error. `rules` are the codes that belong beside a field.
fn beside_fields(error: Error, rules: &[(&str, &str)]) -> Result<(u16, Problems)> {
    error.on_form(rules).map(|(_, problems)| (422, problems))
}

/// Problems of fields that do not stand on the page, said above the form.
fn above(problems: &Problems, on_page: &[&str]) -> Problems {
    let mut all = Problems::default();
    for problem in problems.list() {
        let field = if on_page.contains(&problem.field.as_str()) {
            problem.field.as_str()
        } else {
            ""
        };
        all.add(field, &problem.says);
    }
    all
}

/// What a role is for, as it stands below its name.
const fn means(role: Role) -> &'static str {
    match role {
        Role::AccountAdmin => "Manages all aspects of the Smart Account and its Virtual Accounts.",
        Role::AccountApprover => "Edits properties and accepts agreements; cannot manage licenses.",
        Role::AccountUser => "Manages licenses and devices in all Virtual Accounts.",
        Role::AccountViewer => "Reads everything in all Virtual Accounts.",
        Role::VirtualAdmin => "Manages the selected Virtual Accounts and their users.",
        Role::VirtualUser => "Manages licenses and devices in the selected Virtual Accounts.",
        Role::VirtualViewer => "Reads the selected Virtual Accounts.",
    }
}

/// The roles that can be held on a scope.
fn roles_on(scope: ScopeKind) -> impl Iterator<Item = Role> {
    Role::ALL.iter().copied().filter(move |role| scope.takes(*role))
}

fn role_choice(role: Role) -> Choice {
    Choice::new(role.word(), role.label()).note(means(role))
}

/// Ids that were ticked; what is no id names nothing.
fn ids(typed: &[String]) -> Vec<VirtualAccountId> {
    typed.iter().filter_map(|text| text.parse().ok()).collect()
}
