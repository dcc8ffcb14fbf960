//! The users of a Smart Account and of a Virtual Account.

use super::why_not;
use crate::authz::Action;
use crate::authz::action::ViewUsers;
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::list::{Listing, Reading};
use crate::http::shell::initials;
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, May, Shell, Visit, page};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::members::list::{LIST, TOUCHING};
use crate::members::model::Member;
use crate::members::service::{self, Filter};
use crate::virtual_accounts;
use askama::Template;

#[derive(Template)]
#[template(path = "members/list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    says: String,
    tabs: Vec<Tab>,
    found: Listing<Member>,
    number: i64,
    /// The list of the whole account, with its actions; or of one Virtual Account.
    whole: bool,
    /// Why users cannot be managed, or "".
    refused: String,
    /// Whether the reader holds a role here that they can end.
    can_leave: bool,
    /// Whether to say here that a second factor is required.
    can_require: bool,
    me: Option<PersonId>,
}

impl ListPage {
    fn is_me(&self, member: &Member) -> bool {
        self.me == Some(member.person.id)
    }
}

pub(super) fn me(visit: &Visit) -> Option<PersonId> {
    visit.actor.as_ref().map(|actor| actor.person.id)
}

pub(super) async fn all(may: May<ViewUsers>) -> Answer {
    let visit = Visit::clone(&may);
    let (found, refused) = LIST
        .page(&may, &may.permit, move |r, _, _| {
            why_not(&visit, Action::ManageUsers, r)
        })
        .await?;
    let between = [
        Crumb::text("Account Management"),
        Crumb::text("Smart Account Management"),
    ];
    let says = if may.permit.within().only().is_some() {
        "Who holds a role in your Virtual Accounts."
    } else {
        "Who holds which role in this Smart Account and its Virtual Accounts."
    };
    page(&ListPage {
        shell: may.list_shell("Users", &between, &found.list),
        heading: "Users".to_owned(),
        says: may.say(says).to_owned(),
        tabs: Vec::new(),
        found,
        number: may.number(),
        whole: true,
        refused,
        can_leave: !may.grants.is_empty(),
        can_require: may.holds(Action::RequireSecondFactor),
        me: me(&may),
    })
}

pub(super) async fn of_virtual_account(may: May<ViewUsers>, id: PathPart<VirtualAccountId>) -> Answer {
    let (number, id) = (may.number(), id.0);
    if !may.permit.within().covers(id) {
        return Err(Error::NotFound);
    }
    let places = format!("/sa/{number}/account/virtual-accounts");
    let of = Reading::of(&may, &format!("{places}/{id}/users")).with(TOUCHING, id.as_str());
    let (found, (name, everybody)) = LIST
        .page_at(of, &may, &may.permit, move |r, permit, _| {
            let name = virtual_accounts::names(r, &[permit.within().account()?])?
                .into_iter()
                .find(|(_, other, _, _)| *other == id)
                .map(|(_, _, name, _)| name)
                .ok_or(Error::NotFound)?;
            let filter = Filter {
                touching: Some(id),
                ..Filter::default()
            };
            Ok((name, service::total(r, permit, &filter)?))
        })
        .await?;
    let between = [
        Crumb::text("Account Management"),
        Crumb::link("Virtual Accounts", &places),
        Crumb::link(name.clone(), format!("{places}/{id}")),
    ];
    page(&ListPage {
        shell: may.list_shell("Users", &between, &found.list),
        says: may
            .say(
                "Who reaches this Virtual Account: through a role held on it, or on the whole Smart Account.",
            )
            .to_owned(),
        tabs: virtual_accounts::tabs(number, id, &name, "users", Some(everybody)),
        heading: name,
        found,
        number,
        whole: false,
        refused: String::new(),
        can_leave: false,
        can_require: false,
        me: me(&may),
    })
}
