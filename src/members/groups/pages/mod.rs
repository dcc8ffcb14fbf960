//! "User Groups": the list, a group with its people, and what can be done with it here and in other Smart
//! Accounts.

mod create;
mod elsewhere;
mod group;
mod list;
mod reach;

use crate::authz::action::ViewUsers;
use crate::authz::{Action, Does, Permit};
use crate::error::{Error, Result};
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Crumb, May, Routes, Visit};
use crate::kernel::ids::UserGroupId;
use crate::members::groups::list::LIST;
use crate::members::pages::base;
use create::{new, show_new};
use elsewhere::{decline, end, end_mine, grant, request, show_end, show_external, show_request};
use group::{delete, edit, message, one, remove_person, show_delete, show_edit, show_message};
use list::all;
use reach::{set_access, show_access};

/// The pages.
pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, all);
    routes.get("/sa/{said}/account/user-groups/new", show_new);
    routes.post("/sa/{said}/account/user-groups/new", new);
    routes.get("/sa/{said}/account/user-groups/external", show_external);
    routes.post("/sa/{said}/account/user-groups/external/{lookup}/grant", grant);
    routes.post(
        "/sa/{said}/account/user-groups/external/{lookup}/decline",
        decline,
    );
    routes.get("/sa/{said}/account/user-groups/external/{lookup}/end", show_end);
    routes.post("/sa/{said}/account/user-groups/external/{lookup}/end", end);
    routes.get("/sa/{said}/account/user-groups/{group}", one);
    routes.get("/sa/{said}/account/user-groups/{group}/edit", show_edit);
    routes.post("/sa/{said}/account/user-groups/{group}/edit", edit);
    routes.get("/sa/{said}/account/user-groups/{group}/access", show_access);
    routes.post("/sa/{said}/account/user-groups/{group}/access", set_access);
    routes.get("/sa/{said}/account/user-groups/{group}/delete", show_delete);
    routes.post("/sa/{said}/account/user-groups/{group}/delete", delete);
    routes.get("/sa/{said}/account/user-groups/{group}/message", show_message);
    routes.post("/sa/{said}/account/user-groups/{group}/message", message);
    routes.get("/sa/{said}/account/user-groups/{group}/request", show_request);
    routes.post("/sa/{said}/account/user-groups/{group}/request", request);
    routes.post(
        "/sa/{said}/account/user-groups/{group}/requests/{lookup}/end",
        end_mine,
    );
    routes.post(
        "/sa/{said}/account/user-groups/{group}/people/{person}/remove",
        remove_person,
    );
    routes.menu(Item {
        section: "Account Management",
        group: Some("Smart Account Management"),
        label: Some("User Groups"),
        path: "/sa/{said}/account/user-groups",
        action: Action::ViewUsers,
    });
}

impl Named for UserGroupId {
    const NAME: &'static str = "group";
}

/// The address of a group's page.
pub fn path(visit: &Visit, id: UserGroupId) -> String {
    format!("{}/{id}", base(visit, "user-groups"))
}

/// The crumbs before a page of groups, and of one of them.
pub fn crumbs(visit: &Visit, of: Option<(&str, &str)>) -> Vec<Crumb> {
    let mut list = vec![
        Crumb::text("Account Management"),
        Crumb::link("User Groups", base(visit, "user-groups")),
    ];
    if let Some((name, href)) = of {
        list.push(Crumb::link(name, href));
    }
    list
}

fn viewing<A: Does>(may: &May<A>) -> Result<Permit<ViewUsers>> {
    let actor = may.actor.clone().ok_or(Error::SignedOut)?;
    Permit::ask(actor, may.tenant.as_ref(), &may.grants, may.portal.clock.wall())
}
