//! The users of a Smart Account, of a Virtual Account, and one of them with what can be done about them.

mod leave;
mod list;
mod user;

use crate::authz::action::AssignApprover;
use crate::authz::{Action, Permit, Role, grants};
use crate::error::{Error, Result};
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Routes, Visit, reason};
use crate::kernel::ids::PersonId;
use crate::members::list::LIST;
use crate::platform::db::Reads;
use leave::{leave, show_leave};
use list::{all, of_virtual_account};
use user::{change, grant, invite_again, one, remove, show_change, show_grant, show_remove};

/// The pages.
pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, all);
    routes.get("/sa/{said}/account/users/leave", show_leave);
    routes.post("/sa/{said}/account/users/leave", leave);
    routes.get("/sa/{said}/account/users/{person}", one);
    routes.get("/sa/{said}/account/users/{person}/roles", show_change);
    routes.post("/sa/{said}/account/users/{person}/roles", change);
    routes.get("/sa/{said}/account/users/{person}/grant", show_grant);
    routes.post("/sa/{said}/account/users/{person}/grant", grant);
    routes.get("/sa/{said}/account/users/{person}/remove", show_remove);
    routes.post("/sa/{said}/account/users/{person}/remove", remove);
    routes.post("/sa/{said}/account/users/{person}/invite", invite_again);
    routes.get(
        "/sa/{said}/account/virtual-accounts/{va}/users",
        of_virtual_account,
    );
    routes.menu(Item {
        section: "Account Management",
        group: Some("Smart Account Management"),
        label: Some("Users"),
        path: "/sa/{said}/account/users",
        action: Action::ViewUsers,
    });
}

impl Named for PersonId {
    const NAME: &'static str = "person";
}

/// Where a room's pages of an account begin.
pub fn base(visit: &Visit, page: &str) -> String {
    format!("/sa/{}/account/{page}", visit.number())
}

/// Why a control for an action is off, or "".
pub fn why_not(visit: &Visit, action: Action, read: &mut dyn Reads) -> Result<String> {
    let Some(tenant) = visit.tenant.as_ref() else {
        return Ok(String::new());
    };
    let people = grants::administrators(read, &[tenant.id])?
        .into_iter()
        .flat_map(|(_, people)| people)
        .collect::<Vec<_>>();
    Ok(reason::against_all(visit, action, &people).unwrap_or_default())
}

/// Who gives the Approver role must be allowed to, whatever else they may.
pub fn may_assign(visit: &Visit, role: Role) -> Result<()> {
    if role == Role::AccountApprover {
        let actor = visit.actor.clone().ok_or(Error::SignedOut)?;
        Permit::<AssignApprover>::ask(
            actor,
            visit.tenant.as_ref(),
            &visit.grants,
            visit.portal.clock.wall(),
        )?;
    }
    Ok(())
}
