//! One user: what they hold here, and what can be done about it.

use super::list::me;
use super::{base, may_assign, why_not};
use crate::authn::PersonState;
use crate::authz::action::{ManageUsers, ViewUsers};
use crate::authz::{Action, Does, Permit, Role};
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::{Answer, Crumb, FormState, May, NoFields, Posted, Shell, Visit, page, page_with};
use crate::kernel::Edition;
use crate::kernel::ids::{LinkId, PersonId};
use crate::members::access::{self, AccessFields};
use crate::members::model::{Member, Scope};
use crate::members::service::{self, Place, Wanted};
use crate::platform::db::Read;
use askama::Template;
use serde::Deserialize;

/// A place on which a member holds a role directly, in "Change role".
struct PlaceField {
    /// The Virtual Account, or "" for the whole account.
    id: String,
    name: String,
    held: Role,
    roles: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "members/one.html")]
struct OnePage {
    shell: Shell,
    member: Member,
    number: i64,
    account: String,
    /// The address of their events.
    events: String,
    /// Why users cannot be managed, or "".
    refused: String,
    /// Why this one cannot be removed, or "".
    stays: String,
    is_me: bool,
    invited: bool,
    /// Which pop-up is open: roles, grant, remove, leave, or none.
    dialog: &'static str,
    form: FormState,
    places: Vec<PlaceField>,
    fields: AccessFields,
    /// Where a pop-up closes to.
    back: String,
}

impl OnePage {
    fn path(&self) -> String {
        format!("/sa/{}/account/users/{}", self.number, self.member.person.id)
    }
    /// The sources of a member's roles that stay when they are removed: groups of other accounts, and those
    /// beyond one's reach.
    fn groups(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .member
            .held
            .iter()
            .map(crate::members::model::Held::group)
            .filter(|name| !name.is_empty())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What the page of a member shows, read in one go.
struct Seen {
    member: Member,
    place: Place,
    refused: String,
    stays: String,
}

fn see(r: &mut Read<'_>, permit: &Permit<ViewUsers>, visit: &Visit, id: PersonId) -> Result<Seen> {
    let member = service::find(r, permit, id)?;
    let place = service::place(r, permit.within().account()?)?;
    let refused = why_not(visit, Action::ManageUsers, r)?;
    let last = member.direct().any(|held| held.role == Role::AccountAdmin)
        && service::is_last_administrator(r, place.account, id)?;
    let stays = if last {
        format!(
            "{} is the last {}. Give this role to somebody else first.",
            member.person.name,
            Role::AccountAdmin.label_in(place.edition)
        )
    } else if member.direct().next().is_none()
        && crate::members::groups::left_by(r, permit.within(), id)?.is_empty()
    {
        service::through_group_only(&member.person.name)
    } else {
        String::new()
    };
    Ok(Seen {
        member,
        place,
        refused,
        stays,
    })
}

/// The permit to view that goes with every page of a user.
fn viewing<A: Does>(may: &May<A>) -> Result<Permit<ViewUsers>> {
    let actor = may.actor.clone().ok_or(Error::SignedOut)?;
    Permit::ask(actor, may.tenant.as_ref(), &may.grants, may.portal.clock.wall())
}

async fn seen<A: Does>(may: &May<A>, id: PersonId) -> Result<Seen> {
    let (permit, visit) = (viewing(may)?, Visit::clone(may));
    may.portal.db.read(move |r| see(r, &permit, &visit, id)).await
}

fn one_page<A: Does>(
    may: &May<A>,
    seen: Seen,
    dialog: &'static str,
    title: &str,
    form: FormState,
) -> OnePage {
    let number = may.number();
    let Seen {
        member,
        place,
        refused,
        stays,
    } = seen;
    let who: String = url::form_urlencoded::byte_serialize(member.person.email.as_bytes()).collect();
    let mut shell = may.account_shell(
        member.person.name.clone(),
        &[
            Crumb::text("Account Management"),
            Crumb::link("Users", format!("/sa/{number}/account/users")),
        ],
    );
    shell.error_title = form.has_problems();
    if !dialog.is_empty() {
        shell = shell.with_dialog(title);
    }
    let within = may.permit.within();
    let fields = if dialog == "grant" {
        access::fields(&place, within, true)
    } else {
        AccessFields::default()
    };
    let places = if dialog == "roles" {
        place_fields(&member, within.only().is_none(), place.edition)
    } else {
        Vec::new()
    };
    OnePage {
        shell,
        events: format!("/sa/{number}/activity?q={who}"),
        is_me: me(may) == Some(member.person.id),
        invited: member.person.state == PersonState::Invited,
        back: format!("/sa/{number}/account/users/{}", member.person.id),
        account: place.name,
        member,
        number,
        refused,
        stays,
        dialog,
        form,
        places,
        fields,
    }
}

fn place_fields(member: &Member, whole: bool, edition: Edition) -> Vec<PlaceField> {
    member
        .direct()
        .filter(|held| whole || held.virtual_account.is_some())
        .map(|held| PlaceField {
            id: held
                .virtual_account
                .as_ref()
                .map_or_else(String::new, |(id, _)| id.to_string()),
            name: held
                .virtual_account
                .as_ref()
                .map_or_else(|| edition.say(Scope::ENTIRE).to_owned(), |(_, name)| name.clone()),
            held: held.role,
            roles: Role::ALL
                .iter()
                .filter(|role| role.is_over_account() == held.virtual_account.is_none())
                .filter(|role| role.is_given_in(edition) || **role == held.role)
                .map(|role| Choice::new(role.word(), role.label_in(edition)))
                .collect(),
        })
        .collect()
}

/// The form again, with the rule's sentence in it.
async fn again<A: Does, T>(
    may: &May<A>,
    id: PersonId,
    (dialog, title): (&'static str, &str),
    error: Error,
    posted: &Posted<T>,
) -> Answer {
    let (status, form) = posted.after(error, access::RULES)?;
    page_with(status, &one_page(may, seen(may, id).await?, dialog, title, form))
}

pub(super) async fn one(may: May<ViewUsers>, id: PathPart<PersonId>) -> Answer {
    page(&one_page(&may, seen(&may, id.0).await?, "", "", fresh()))
}

const CHANGE: &str = "Change role";

const GRANT: &str = "Grant Virtual Account access";

const REMOVE: &str = "Remove user";

pub(super) const LEAVE: &str = "Leave this Smart Account";

pub(super) async fn show_change(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    page(&one_page(&may, seen(&may, id.0).await?, "roles", CHANGE, fresh()))
}

/// Places and roles, in the same order: a list of each, as the brackets say to whoever reads the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeForm {
    #[serde(default, rename = "place[]")]
    place: Vec<String>,
    #[serde(default, rename = "role[]")]
    role: Vec<String>,
}

/// The word for no role.
const TAKE: &str = "none";

fn wanted(form: &ChangeForm) -> Result<Wanted> {
    if form.place.len() != form.role.len() {
        return Err(Error::BadRequest(
            "The form has places and roles that do not go together.".into(),
        ));
    }
    form.place
        .iter()
        .zip(&form.role)
        .map(|(place, role)| {
            let place = if place.is_empty() {
                None
            } else {
                Some(place.parse().map_err(|_| Error::NotFound)?)
            };
            let role = if role == TAKE {
                None
            } else {
                Some(
                    role.parse()
                        .map_err(|_| Error::invalid("role", "Choose a user role."))?,
                )
            };
            Ok((place, role))
        })
        .collect()
}

pub(super) async fn change(
    may: May<ManageUsers>,
    id: PathPart<PersonId>,
    posted: Posted<ChangeForm>,
) -> Answer {
    let wanted = wanted(&posted.value)?;
    for (_, role) in &wanted {
        if let Some(role) = role {
            may_assign(&may, *role)?;
        }
    }
    let id = id.0;
    let done = may
        .does(move |tx, permit, at| service::change(tx, permit, at, id, &wanted))
        .await;
    match done {
        Ok(()) => {
            // Whoever took their own or somebody's last role finds the list instead.
            let there = seen(&may, id).await.is_ok();
            let to = if there {
                format!("{}/{id}", base(&may, "users"))
            } else {
                base(&may, "users")
            };
            may.done(&to, "Roles were changed.")
        }
        Err(error) => again(&may, id, ("roles", CHANGE), error, &posted).await,
    }
}

pub(super) async fn show_grant(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    let form = fresh().with_value("role", Role::VirtualUser.word());
    page(&one_page(&may, seen(&may, id.0).await?, "grant", GRANT, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantForm {
    #[serde(default)]
    virtual_account: Vec<String>,
    #[serde(default)]
    role: String,
}

pub(super) async fn grant(
    may: May<ManageUsers>,
    id: PathPart<PersonId>,
    posted: Posted<GrantForm>,
) -> Answer {
    let id = id.0;
    let mut problems = Problems::default();
    let given = access::read(
        access::SELECTED,
        &posted.value.role,
        &posted.value.virtual_account,
        may.permit.within(),
        &mut problems,
    );
    let Some((scope, role)) = given else {
        return again(&may, id, ("grant", GRANT), Error::Invalid(problems), &posted).await;
    };
    let done = may
        .does(move |tx, permit, at| service::give(tx, permit, at, id, &scope, role))
        .await;
    match done {
        Ok(()) => may.done(
            &format!("{}/{id}", base(&may, "users")),
            format!("Virtual Account access was granted: {role}."),
        ),
        Err(error) => again(&may, id, ("grant", GRANT), error, &posted).await,
    }
}

pub(super) async fn show_remove(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    let form = fresh().with_value("tell", "1");
    page(&one_page(&may, seen(&may, id.0).await?, "remove", REMOVE, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveForm {
    #[serde(default)]
    tell: String,
}

pub(super) async fn remove(
    may: May<ManageUsers>,
    id: PathPart<PersonId>,
    posted: Posted<RemoveForm>,
) -> Answer {
    let id = id.0;
    let tell = posted.value.tell == "1";
    let done = may
        .does(move |tx, permit, at| service::remove(tx, permit, at, id, tell))
        .await;
    match done {
        Ok(removed) => {
            let mut says = format!("{} was removed.", removed.name);
            if tell {
                says.push_str(" An email tells them.");
            }
            if removed.remain > 0 {
                says.push_str(" What they hold through user groups beyond your reach remains.");
            }
            let to = if me(&may) == Some(id) {
                may.portal.config.edition.directory().to_owned()
            } else {
                base(&may, "users")
            };
            may.done(&to, says)
        }
        Err(error) => again(&may, id, ("remove", REMOVE), error, &posted).await,
    }
}

pub(super) async fn invite_again(
    may: May<ManageUsers>,
    id: PathPart<PersonId>,
    _: Posted<NoFields>,
) -> Answer {
    let (link, id) = (LinkId::new(), id.0);
    may.does(move |tx, permit, at| service::invite_again(tx, permit, at, link, id))
        .await?;
    may.done(
        &format!("{}/{id}", base(&may, "users")),
        "The invitation was sent again. The link of the one before has ended.",
    )
}
