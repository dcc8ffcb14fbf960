//! The users of a Smart Account, of a Virtual Account, and one of them with what can be done about them.

use super::access::{self, AccessFields};
use super::model::{Member, Scope};
use super::service::{self, Filter, Place, Slice, Wanted};
use crate::authn::PersonState;
use crate::authz::action::{AssignApprover, ManageUsers, ViewAccount, ViewUsers};
use crate::authz::{Action, Does, Permit, Role, grants};
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::menu::Item;
use crate::http::reply::attachment;
use crate::http::shell::initials;
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with, reason,
};
use crate::kernel::ids::{LinkId, PersonId, VirtualAccountId};
use crate::kernel::{Edition, search_key};
use crate::platform::db::{Read, Reads};
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/users", all);
    routes.get("/sa/{said}/account/users.csv", csv);
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

/// The roles, as filters know them.
pub const ROLES: &[(&str, &str)] = &[
    ("account-admin", "Smart Account Administrator"),
    ("account-approver", "Smart Account Approver"),
    ("account-user", "Smart Account User"),
    ("account-viewer", "Smart Account Viewer"),
    ("virtual-admin", "Virtual Account Administrator"),
    ("virtual-user", "Virtual Account User"),
    ("virtual-viewer", "Virtual Account Viewer"),
];
pub const STATES: &[(&str, &str)] = &[
    ("active", "Active"),
    ("invited", "Invited"),
    ("disabled", "Disabled"),
];
pub const GIVEN: &[(&str, &str)] = &[("direct", "Directly"), ("group", "Through a user group")];
/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "email", "status", "since"];

const FILTERS: &[FilterSpec<'_>] = &[
    FilterSpec {
        key: "role",
        label: "Role",
        values: ROLES,
    },
    FilterSpec {
        key: "status",
        label: "Status",
        values: STATES,
    },
    FilterSpec {
        key: "given",
        label: "Given",
        values: GIVEN,
    },
    FilterSpec {
        key: "va",
        label: "Virtual Account",
        values: &[],
    },
    FilterSpec {
        key: "tag",
        label: "Tag of the Virtual Account",
        values: &[],
    },
    FilterSpec {
        key: "group",
        label: "User group",
        values: &[],
    },
];
/// An On-Prem server has neither approvers and viewers nor user groups.
const LOCAL_FILTERS: &[FilterSpec<'_>] = &[
    FilterSpec {
        key: "role",
        label: "Role",
        values: &[
            ("account-admin", "Smart Account Administrator"),
            ("account-user", "Smart Account User"),
            ("virtual-admin", "Virtual Account Administrator"),
            ("virtual-user", "Virtual Account User"),
        ],
    },
    FilterSpec {
        key: "status",
        label: "Status",
        values: STATES,
    },
    FilterSpec {
        key: "va",
        label: "Virtual Account",
        values: &[],
    },
    FilterSpec {
        key: "tag",
        label: "Tag of the Virtual Account",
        values: &[],
    },
];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "roles",
        label: "Roles",
        default_on: true,
    },
    ColumnSpec {
        key: "through",
        label: "Through",
        default_on: false,
    },
    ColumnSpec {
        key: "status",
        label: "Status",
        default_on: true,
    },
    ColumnSpec {
        key: "since",
        label: "Since",
        default_on: true,
    },
];

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

pub fn query(visit: &Visit, path: String) -> ListQuery {
    visit.list(&ListSpec {
        path,
        sorts: SORTS,
        default_sort: "name",
        filters: if visit.portal.config.edition.is_on_prem() {
            LOCAL_FILTERS
        } else {
            FILTERS
        },
        columns: COLUMNS,
    })
}

/// What the query asks for. Virtual Accounts and groups are named by a part of their name.
pub fn filter(
    read: &mut dyn Reads,
    account: crate::kernel::ids::SmartAccountId,
    list: &ListQuery,
) -> Result<Filter> {
    let places = match list.value("va") {
        None => None,
        Some(part) => {
            let part = search_key(part);
            let names = virtual_accounts::names(read, &[account])?;
            Some(
                names
                    .into_iter()
                    .filter(|(_, _, name, _)| search_key(name).contains(&part))
                    .map(|(_, id, _, _)| id)
                    .collect(),
            )
        }
    };
    let tags = list.values("tag");
    let places: Option<Vec<VirtualAccountId>> = if tags.is_empty() {
        places
    } else {
        let tagged = virtual_accounts::tagged(read, account, &tags)?;
        Some(match places {
            Some(places) => places.into_iter().filter(|id| tagged.contains(id)).collect(),
            None => tagged,
        })
    };
    let groups = match list.value("group") {
        None => None,
        Some(part) => Some(super::groups::named_like(read, account, part)?),
    };
    Ok(Filter {
        q: list.q.clone(),
        roles: list
            .values("role")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        states: list
            .values("status")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        places,
        groups,
        direct: list.has("given", "direct"),
        through: list.has("given", "group"),
        ..Filter::default()
    })
}

pub fn slice(list: &ListQuery) -> Slice {
    Slice {
        sort: list.sort.clone(),
        descending: list.descending,
        offset: list.offset(),
        limit: Some(list.limit()),
    }
}

/// The kind of badge for whether a person can sign in.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass everything by reference"
)]
fn state_kind(state: &PersonState) -> &'static str {
    match state {
        PersonState::Active => "ok",
        PersonState::Invited => "warn",
        PersonState::Disabled => "",
    }
}

#[derive(Template)]
#[template(path = "members/list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    says: String,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Member>,
    count: String,
    number: i64,
    /// The list of the whole account, with its actions; or of one Virtual Account.
    whole: bool,
    /// Why users cannot be managed, or "".
    refused: String,
    /// Whether the reader holds a role here that they can end.
    can_leave: bool,
    me: Option<PersonId>,
}

impl ListPage {
    fn is_me(&self, member: &Member) -> bool {
        self.me == Some(member.person.id)
    }
}

fn me(visit: &Visit) -> Option<PersonId> {
    visit.actor.as_ref().map(|actor| actor.person.id)
}

fn users_crumbs() -> [Crumb; 2] {
    [
        Crumb::text("Account Management"),
        Crumb::text("Smart Account Management"),
    ]
}

async fn all(may: May<ViewUsers>) -> Answer {
    let number = may.number();
    let mut list = query(&may, base(&may, "users"));
    let (permit, visit) = (may.permit.clone(), Visit::clone(&may));
    let (list, total, rows, refused) = may
        .portal
        .db
        .read(move |r| {
            let filter = filter(r, permit.within().account()?, &list)?;
            let total = service::total(r, &permit, &filter)?;
            list.clamp(total);
            let rows = service::slice(r, &permit, &filter, &slice(&list))?;
            let refused = why_not(&visit, Action::ManageUsers, r)?;
            Ok((list, total, rows, refused))
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell("Users", &users_crumbs(), &list),
        heading: "Users".to_owned(),
        says: if may.permit.within().only().is_some() {
            may.say("Who holds a role in your Virtual Accounts.").to_owned()
        } else {
            may.say("Who holds which role in this Smart Account and its Virtual Accounts.")
                .to_owned()
        },
        tabs: Vec::new(),
        pager: list.pager(total),
        rows,
        count: counted(total, "user", "users"),
        number,
        whole: true,
        refused,
        can_leave: !may.grants.is_empty(),
        me: me(&may),
        list,
    })
}

async fn csv(may: May<ViewUsers>) -> Answer {
    let list = query(&may, String::new());
    list.understood()?;
    let permit = may.permit.clone();
    let members = may
        .portal
        .db
        .read(move |r| {
            let filter = filter(r, permit.within().account()?, &list)?;
            let mut slice = slice(&list);
            (slice.offset, slice.limit) = (0, None);
            service::slice(r, &permit, &filter, &slice)
        })
        .await?;
    let edition = may.portal.config.edition;
    let mut table = Table::new(&[
        "Name",
        "Email",
        "Status",
        "Role",
        may.say("Virtual Account"),
        "Through",
        "Since",
    ])?;
    for member in members {
        for held in &member.held {
            table.row([
                member.person.name.as_str(),
                member.person.email.as_str(),
                member.person.state.label(),
                held.role.label_in(edition),
                held.virtual_account.as_ref().map_or("", |(_, name)| name),
                held.group(),
                &held.since.rfc3339(),
            ])?;
        }
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("users"),
        table.finish()?,
    ))
}

async fn of_virtual_account(may: May<ViewUsers>, id: PathPart<VirtualAccountId>) -> Answer {
    let (number, id) = (may.number(), id.0);
    let account = may.permit.within().account()?;
    if !may.permit.within().covers(id) {
        return Err(Error::NotFound);
    }
    let mut list = query(&may, format!("/sa/{number}/account/virtual-accounts/{id}/users"));
    let permit = may.permit.clone();
    let (name, list, total, all, rows) = may
        .portal
        .db
        .read(move |r| {
            let name = virtual_accounts::names(r, &[account])?
                .into_iter()
                .find(|(_, other, _, _)| *other == id)
                .map(|(_, _, name, _)| name)
                .ok_or(Error::NotFound)?;
            let everybody = Filter {
                touching: Some(id),
                ..Filter::default()
            };
            let all = service::total(r, &permit, &everybody)?;
            let filter = Filter {
                touching: Some(id),
                ..filter(r, account, &list)?
            };
            let total = service::total(r, &permit, &filter)?;
            list.clamp(total);
            let rows = service::slice(r, &permit, &filter, &slice(&list))?;
            Ok((name, list, total, all, rows))
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell(
            "Users",
            &[
                Crumb::text("Account Management"),
                Crumb::link(
                    "Virtual Accounts",
                    format!("/sa/{number}/account/virtual-accounts"),
                ),
                Crumb::link(
                    name.clone(),
                    format!("/sa/{number}/account/virtual-accounts/{id}"),
                ),
            ],
            &list,
        ),
        heading: name.clone(),
        says: may
            .say(
                "Who reaches this Virtual Account: through a role held on it, or on the whole Smart Account.",
            )
            .to_owned(),
        tabs: virtual_accounts::tabs(number, id, &name, "users", Some(all)),
        pager: list.pager(total),
        rows,
        count: counted(total, "user", "users"),
        number,
        whole: false,
        refused: String::new(),
        can_leave: false,
        me: me(&may),
        list,
    })
}

// One user -------------------------------------------------------------------------------------------------

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
            .map(super::model::Held::group)
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
    } else if member.direct().next().is_none() && super::groups::left_by(r, permit.within(), id)?.is_empty() {
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

fn ok(text: impl Into<String>) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text: text.into(),
        link: None,
    }
}

/// The form again, with the rule's sentence in it.
async fn again<A: Does>(
    may: &May<A>,
    id: PersonId,
    dialog: &'static str,
    title: &str,
    error: Error,
    form: impl FnOnce(&Problems) -> FormState,
) -> Answer {
    let (status, problems) = access::beside_fields(error)?;
    page_with(
        status,
        &one_page(may, seen(may, id).await?, dialog, title, form(&problems)),
    )
}

async fn one(may: May<ViewUsers>, id: PathPart<PersonId>) -> Answer {
    page(&one_page(&may, seen(&may, id.0).await?, "", "", fresh()))
}

const CHANGE: &str = "Change role";
const GRANT: &str = "Grant Virtual Account access";
const REMOVE: &str = "Remove user";
const LEAVE: &str = "Leave this Smart Account";

async fn show_change(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    page(&one_page(&may, seen(&may, id.0).await?, "roles", CHANGE, fresh()))
}

/// Places and roles, in the same order: a list of each, as the brackets say to whoever reads the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeForm {
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

async fn change(may: May<ManageUsers>, id: PathPart<PersonId>, posted: Posted<ChangeForm>) -> Answer {
    let wanted = wanted(&posted.value)?;
    for (_, role) in &wanted {
        if let Some(role) = role {
            may_assign(&may, *role)?;
        }
    }
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let done = may
        .portal
        .db
        .write(move |tx| service::change(tx, &permit, at, id, &wanted))
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
            Ok(may.see_other(&to, ok("Roles were changed.")))
        }
        Err(error) => again(&may, id, "roles", CHANGE, error, |p| posted.again(p)).await,
    }
}

async fn show_grant(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    let form = fresh().with_value("role", Role::VirtualUser.word());
    page(&one_page(&may, seen(&may, id.0).await?, "grant", GRANT, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantForm {
    #[serde(default)]
    virtual_account: Vec<String>,
    #[serde(default)]
    role: String,
}

async fn grant(may: May<ManageUsers>, id: PathPart<PersonId>, posted: Posted<GrantForm>) -> Answer {
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
        return again(&may, id, "grant", GRANT, Error::Invalid(problems), |p| {
            posted.again(p)
        })
        .await;
    };
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::give(tx, &permit, at, id, &scope, role))
        .await;
    match done {
        Ok(()) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &format!("{}/{id}", base(&may, "users")),
                ok(format!("Virtual Account access was granted: {role}.")),
            ))
        }
        Err(error) => again(&may, id, "grant", GRANT, error, |p| posted.again(p)).await,
    }
}

async fn show_remove(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    let form = fresh().with_value("tell", "1");
    page(&one_page(&may, seen(&may, id.0).await?, "remove", REMOVE, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveForm {
    #[serde(default)]
    tell: String,
}

async fn remove(may: May<ManageUsers>, id: PathPart<PersonId>, posted: Posted<RemoveForm>) -> Answer {
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let tell = posted.value.tell == "1";
    let done = may
        .portal
        .db
        .write(move |tx| service::remove(tx, &permit, at, id, tell))
        .await;
    match done {
        Ok(removed) => {
            may.portal.jobs.nudge();
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
            Ok(may.see_other(&to, ok(says)))
        }
        Err(error) => again(&may, id, "remove", REMOVE, error, |p| posted.again(p)).await,
    }
}

async fn invite_again(may: May<ManageUsers>, id: PathPart<PersonId>, _: Posted<NoFields>) -> Answer {
    let (permit, at, link, id) = (may.permit.clone(), may.portal.clock.now(), LinkId::new(), id.0);
    may.portal
        .db
        .write(move |tx| service::invite_again(tx, &permit, at, link, id))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &format!("{}/{id}", base(&may, "users")),
        ok("The invitation was sent again. The link of the one before has ended."),
    ))
}

// Leaving --------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "members/leave.html")]
struct LeavePage {
    shell: Shell,
    account: String,
    number: i64,
    roles: Vec<String>,
    /// Why one cannot leave, or "".
    stays: String,
}

async fn leave_page(may: &May<ViewAccount>, stays: String) -> Result<LeavePage> {
    let tenant = may.tenant.clone().ok_or(Error::NotFound)?;
    let names = may
        .portal
        .db
        .read(move |r| virtual_accounts::names(r, &[tenant.id]))
        .await?;
    let mut roles: Vec<String> = may
        .grants
        .iter()
        .map(|grant| {
            let place = grant
                .virtual_account
                .and_then(|id| names.iter().find(|(_, other, _, _)| *other == id))
                .map(|(_, _, name, _)| format!(" in {name}"))
                .unwrap_or_default();
            format!("{}{place}", grant.role)
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(LeavePage {
        shell: may
            .account_shell(
                LEAVE,
                &[Crumb::link(
                    "Users",
                    format!("/sa/{}/account/users", tenant.number),
                )],
            )
            .with_dialog(LEAVE),
        account: tenant.name,
        number: tenant.number,
        roles,
        stays,
    })
}

async fn show_leave(may: May<ViewAccount>) -> Answer {
    if may.grants.is_empty() {
        return Err(Error::NotFound);
    }
    let (account, person) = (may.permit.within().account()?, may.permit.person()?);
    let last = may
        .portal
        .db
        .read(move |r| service::is_last_administrator(r, account, person))
        .await?;
    let stays = if last {
        may.portal
            .config
            .edition
            .say("You are the last Smart Account Administrator. Give this role to somebody else first.")
            .to_owned()
    } else {
        String::new()
    };
    page(&leave_page(&may, stays).await?)
}

async fn leave(may: May<ViewAccount>, _: Posted<NoFields>) -> Answer {
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::leave(tx, &permit, at))
        .await;
    match done {
        Ok(_) => {
            let name = may.tenant.as_ref().map_or("", |t| t.name.as_str());
            Ok(may.see_other(
                may.portal.config.edition.directory(),
                ok(format!("You have left the Smart Account {name}.")),
            ))
        }
        Err(Error::Refused(refusal)) => page_with(409, &leave_page(&may, refusal.says.into_owned()).await?),
        Err(other) => Err(other),
    }
}
