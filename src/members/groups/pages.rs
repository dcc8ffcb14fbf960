//! "User Groups": the list, a group with its people, and what can be done with it here and in other Smart
//! Accounts.

use super::model::{self, Asked, DESCRIPTION, MESSAGE, NOTE, RequestState, may_touch, scope_of};
use super::service::{self, Asking, Details, NewGroup, Row};
use crate::authn::people::Person;
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::authz::{Action, Does, Permit, Role, Within};
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::menu::Item;
use crate::http::reply::attachment;
use crate::http::shell::initials;
use crate::http::widgets::counted;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with,
};
use crate::kernel::ids::{GroupRequestId, PersonId, UserGroupId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, Name, Sought, pasted, search_key, text};
use crate::members::access::{self, AccessFields};
use crate::members::model::Scope;
use crate::members::pages::{ROLES, base, why_not};
use crate::members::service::{Place, place};
use crate::platform::token;
use askama::Template;
use serde::Deserialize;
use std::collections::HashMap;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/user-groups", all);
    routes.get("/sa/{said}/account/user-groups.csv", csv);
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

/// A request lookup ID in an address.
pub struct Lookup(pub String);

impl std::str::FromStr for Lookup {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = pasted::code(text).to_ascii_uppercase();
        let known = text.len() == 13
            && text.starts_with("UGR-")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        known.then_some(Self(text)).ok_or(())
    }
}
impl Named for Lookup {
    const NAME: &'static str = "lookup";
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

fn ok(says: impl Into<String>) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text: says.into(),
        link: None,
    }
}

fn viewing<A: Does>(may: &May<A>) -> Result<Permit<ViewUsers>> {
    let actor = may.actor.clone().ok_or(Error::SignedOut)?;
    Permit::ask(actor, may.tenant.as_ref(), &may.grants, may.portal.clock.wall())
}

/// What a group holds, in words: the role, and where.
fn words(access: &[model::Access], names: &HashMap<VirtualAccountId, String>) -> (String, String) {
    match scope_of(access) {
        None => (String::new(), String::new()),
        Some((Scope::Account, role)) => (role.to_string(), Scope::ENTIRE.to_owned()),
        Some((Scope::These(list), role)) => {
            let mut places: Vec<&str> = list
                .iter()
                .filter_map(|id| names.get(id))
                .map(String::as_str)
                .collect();
            places.sort_by_cached_key(|name| search_key(name));
            (role.to_string(), places.join(", "))
        }
    }
}

// The list ---------------------------------------------------------------------------------------------------

/// A group as the list shows it.
struct Shown {
    row: Row,
    role: String,
    places: String,
    /// Why it cannot be changed, or "".
    refused: String,
}

/// A group of another account as the list shows it.
struct Guest {
    asked: Asked,
    role: String,
    places: String,
}

#[derive(Template)]
#[template(path = "members/groups.html")]
struct ListPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Shown>,
    count: String,
    guests: Vec<Guest>,
    refused: String,
}

const FILTERS: &[FilterSpec<'_>] = &[FilterSpec {
    key: "role",
    label: "Role",
    values: ROLES,
}];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "description",
        label: "Description",
        default_on: true,
    },
    ColumnSpec {
        key: "people",
        label: "Users",
        default_on: true,
    },
    ColumnSpec {
        key: "role",
        label: "Role",
        default_on: true,
    },
    ColumnSpec {
        key: "places",
        label: "Virtual Accounts",
        default_on: true,
    },
    ColumnSpec {
        key: "created",
        label: "Created",
        default_on: false,
    },
];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "people", "created"];

pub fn query(visit: &Visit, path: String) -> ListQuery {
    ListQuery::parse(
        &visit.query,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "name",
            filters: FILTERS,
            columns: COLUMNS,
        },
    )
}

/// What the query asks for, in order. Groups come by name.
pub fn arrange(mut rows: Vec<Row>, list: &ListQuery) -> Vec<Row> {
    let sought = Sought::parse(&list.q);
    let roles: Vec<Role> = list
        .values("role")
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    rows.retain(|row| {
        sought.fits(&search_key(&format!(
            "{} {}",
            row.group.name, row.group.description
        ))) && (roles.is_empty() || row.own.iter().any(|one| roles.contains(&one.role)))
    });
    match list.sort.as_str() {
        "people" => rows.sort_by_key(|row| row.people),
        "created" => rows.sort_by_key(|row| row.group.created_at),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    rows
}

fn shown(row: Row, place: &Place, within: &Within, refused: &str) -> Shown {
    let (role, places) = words(&row.own, &place.names);
    let refused = if !refused.is_empty() {
        refused.to_owned()
    } else if let Err(Error::Refused(refusal)) = may_touch(within, &row.own, row.reaches_outside) {
        refusal.says.into_owned()
    } else {
        String::new()
    };
    Shown {
        row,
        role,
        places,
        refused,
    }
}

async fn all(may: May<ViewUsers>) -> Answer {
    let mut list = query(&may, base(&may, "user-groups"));
    let (permit, visit) = (may.permit.clone(), Visit::clone(&may));
    let (rows, guests, place, refused) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::list(r, &permit)?,
                service::external(r, &permit)?,
                place(r, permit.within().account()?)?,
                why_not(&visit, Action::ManageGroups, r)?,
            ))
        })
        .await?;
    let rows = arrange(rows, &list);
    let total = rows.len() as u64;
    list.clamp(total);
    let within = may.permit.within();
    page(&ListPage {
        shell: may.list_shell(
            "User Groups",
            &[
                Crumb::text("Account Management"),
                Crumb::text("Smart Account Management"),
            ],
            &list,
        ),
        pager: list.pager(total),
        rows: list
            .cut(rows)
            .into_iter()
            .map(|row| shown(row, &place, within, &refused))
            .collect(),
        guests: guests
            .into_iter()
            .map(|asked| {
                let (role, places) = words(&asked.access, &place.names);
                Guest { asked, role, places }
            })
            .collect(),
        count: counted(total, "user group", "user groups"),
        refused,
        list,
    })
}

async fn csv(may: May<ViewUsers>) -> Answer {
    let list = query(&may, String::new());
    list.understood()?;
    let permit = may.permit.clone();
    let (rows, place) = may
        .portal
        .db
        .read(move |r| Ok((service::list(r, &permit)?, place(r, permit.within().account()?)?)))
        .await?;
    let mut table = Table::new(&[
        "Name",
        "Description",
        "Users",
        "Role",
        "Virtual Accounts",
        "Created",
    ])?;
    for row in arrange(rows, &list) {
        let (role, places) = words(&row.own, &place.names);
        table.row([
            row.group.name.as_str(),
            row.group.description.as_str(),
            &row.people.to_string(),
            &role,
            &places,
            &row.group.created_at.rfc3339(),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("user-groups"),
        table.finish()?,
    ))
}

// Making one -------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "members/group_form.html")]
struct FormPage {
    shell: Shell,
    title: &'static str,
    says: String,
    form: FormState,
    /// Name and description are asked for as well.
    whole: bool,
    fields: AccessFields,
    action: String,
    back: String,
    button: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewForm {
    name: String,
    description: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    virtual_account: Vec<String>,
}

/// The scopes of a group: also none, for a group that is only written to or only asks elsewhere.
fn group_fields(place: &Place, within: &Within) -> AccessFields {
    let mut fields = access::fields(place, within, false);
    if within.only().is_none() {
        fields.scopes.push(
            crate::http::form_state::Choice::new(access::NONE, "No access here")
                .note("For a group that is only written to, or that has access to another Smart Account."),
        );
    }
    fields
}

/// What was chosen: `Some(None)` for no access here.
#[expect(
    clippy::option_option,
    reason = "nothing was chosen rightly, or nothing was chosen on purpose"
)]
fn chosen(
    scope: &str,
    role: &str,
    places: &[String],
    within: &Within,
    problems: &mut Problems,
) -> Option<Option<(Scope, Role)>> {
    if scope == access::NONE {
        return Some(None);
    }
    access::read(scope, role, places, within, problems).map(Some)
}

async fn form_page(may: &May<ManageGroups>, form: FormState) -> Result<FormPage> {
    let within = may.permit.within().clone();
    let account = within.account()?;
    let place = may.portal.db.read(move |r| place(r, account)).await?;
    let mut shell = may.account_shell("Create User Group", &crumbs(may, None));
    shell.error_title = form.has_problems();
    Ok(FormPage {
        shell,
        title: "Create User Group",
        says: "Everybody in the group is given the same role. You add the users next.".to_owned(),
        form,
        whole: true,
        fields: group_fields(&place, &within),
        action: format!("{}/new", base(may, "user-groups")),
        back: base(may, "user-groups"),
        button: "Create User Group",
    })
}

async fn show_new(may: May<ManageGroups>) -> Answer {
    let form = fresh().with_value("scope", access::SELECTED);
    page(&form_page(&may, form).await?)
}

async fn new(may: May<ManageGroups>, posted: Posted<NewForm>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let description = problems.take(
        "description",
        text::note(&typed.description, "Description", DESCRIPTION),
    );
    let mut asked = Problems::default();
    let access = chosen(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut asked,
    );
    for one in asked.list() {
        problems.add(&one.field, &one.says);
    }
    let (Some(name), Some(description), Some(access)) = (name, description, access) else {
        return page_with(422, &form_page(&may, posted.again(&problems)).await?);
    };
    let new = NewGroup {
        id: UserGroupId::new(),
        name,
        description,
        access,
    };
    let called = new.name.to_string();
    let (permit, at, once) = (may.permit.clone(), may.portal.clock.now(), posted.once_key(&may));
    let made = may
        .portal
        .db
        .write(move |tx| service::create(tx, &permit, at, &new, once.as_ref()))
        .await;
    match made {
        Ok(id) => Ok(may.see_other(
            &path(&may, id),
            ok(format!("The user group {called} was created. Add its users now.")),
        )),
        Err(error) => {
            let (status, problems) = access::beside_fields(error)?;
            page_with(status, &form_page(&may, posted.again(&problems)).await?)
        }
    }
}

// One group --------------------------------------------------------------------------------------------------

/// A request as the group's page shows it.
struct Elsewhere {
    asked: Asked,
}

#[derive(Template)]
#[template(path = "members/group.html")]
struct GroupPage {
    shell: Shell,
    shown: Shown,
    number: i64,
    list: ListQuery,
    pager: Pager,
    people: Vec<Person>,
    count: String,
    elsewhere: Vec<Elsewhere>,
    /// Why nothing can be asked of other accounts, or "".
    inside_only: String,
    /// edit, delete, message, request, or none.
    dialog: &'static str,
    form: FormState,
}

impl GroupPage {
    fn path(&self) -> String {
        format!(
            "/sa/{}/account/user-groups/{}",
            self.number, self.shown.row.group.id
        )
    }
}

fn state_kind(person: &Person) -> &'static str {
    use crate::authn::PersonState as S;
    match person.state {
        S::Active => "ok",
        S::Invited => "warn",
        S::Disabled => "",
    }
}

async fn group_page<A: Does>(
    may: &May<A>,
    id: UserGroupId,
    dialog: &'static str,
    title: &str,
    form: FormState,
) -> Result<GroupPage> {
    let (permit, visit) = (viewing(may)?, Visit::clone(may));
    let (details, place, refused) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::details(r, &permit, id)?,
                place(r, permit.within().account()?)?,
                why_not(&visit, Action::ManageGroups, r)?,
            ))
        })
        .await?;
    let Details {
        row,
        people,
        requests,
    } = details;
    let mut list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: path(may, id),
            sorts: &["name"],
            default_sort: "name",
            filters: &[],
            columns: &[],
        },
    );
    let sought = Sought::parse(&list.q);
    let people: Vec<Person> = people
        .into_iter()
        .filter(|person| sought.fits(&search_key(&format!("{} {}", person.name, person.email.key()))))
        .collect();
    let total = people.len() as u64;
    list.clamp(total);
    let mut shell = may.account_shell(row.group.name.clone(), &crumbs(may, None));
    shell.error_title = form.has_problems();
    if !dialog.is_empty() {
        shell = shell.with_dialog(title);
    }
    let shown = shown(row, &place, may.permit.within(), &refused);
    let inside_only = if may.permit.within().only().is_some() {
        "Access to other Smart Accounts is requested by a Smart Account Administrator.".to_owned()
    } else {
        shown.refused.clone()
    };
    Ok(GroupPage {
        shell,
        number: may.number(),
        pager: list.pager(total),
        people: list.cut(people).collect(),
        count: counted(total, "user", "users"),
        elsewhere: requests.into_iter().map(|asked| Elsewhere { asked }).collect(),
        inside_only,
        shown,
        dialog,
        form,
        list,
    })
}

async fn one(may: May<ViewUsers>, id: PathPart<UserGroupId>) -> Answer {
    page(&group_page(&may, id.0, "", "", fresh()).await?)
}

async fn again(
    may: &May<ManageGroups>,
    id: UserGroupId,
    (dialog, title): (&'static str, &str),
    error: Error,
    form: impl FnOnce(&Problems) -> FormState,
) -> Answer {
    let (status, problems) = access::beside_fields(error)?;
    page_with(
        status,
        &group_page(may, id, dialog, title, form(&problems)).await?,
    )
}

const EDIT: (&str, &str) = ("edit", "Edit user group");
const DELETE: (&str, &str) = ("delete", "Delete user group?");
const MESSAGE_TO: (&str, &str) = ("message", "Send message to group members");
const REQUEST: (&str, &str) = ("request", "Request access to another Smart Account");

/// A group that one may change; what cannot be done with another is not offered by its pop-up either.
async fn mine(may: &May<ManageGroups>, id: UserGroupId) -> Result<model::Group> {
    let permit = may.permit.clone();
    let row = may
        .portal
        .db
        .read(move |r| service::one_of_mine(r, &permit, id))
        .await?;
    Ok(row.group)
}

async fn show_edit(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let group = mine(&may, id.0).await?;
    let form = fresh()
        .with_value("name", &group.name)
        .with_value("description", &group.description)
        .with_value("version", group.version.to_string());
    page(&group_page(&may, group.id, EDIT.0, EDIT.1, form).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditForm {
    name: String,
    description: String,
    version: String,
}

async fn edit(may: May<ManageGroups>, id: PathPart<UserGroupId>, posted: Posted<EditForm>) -> Answer {
    let id = id.0;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&posted.value.name, "Name"));
    let description = problems.take(
        "description",
        text::note(&posted.value.description, "Description", DESCRIPTION),
    );
    let version = posted.value.version.parse().unwrap_or_default();
    let (Some(name), Some(description)) = (name, description) else {
        return again(&may, id, EDIT, Error::Invalid(problems), |p| posted.again(p)).await;
    };
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::edit(tx, &permit, at, id, version, &name, &description))
        .await;
    match done {
        Ok(()) => Ok(may.see_other(&path(&may, id), ok("The user group was saved."))),
        Err(error) => again(&may, id, EDIT, error, |p| posted.again(p)).await,
    }
}

async fn show_delete(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let group = mine(&may, id.0).await?;
    page(&group_page(&may, group.id, DELETE.0, DELETE.1, fresh()).await?)
}

async fn delete(may: May<ManageGroups>, id: PathPart<UserGroupId>, posted: Posted<NoFields>) -> Answer {
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let done = may
        .portal
        .db
        .write(move |tx| service::delete(tx, &permit, at, id))
        .await;
    match done {
        Ok(()) => Ok(may.see_other(
            &base(&may, "user-groups"),
            ok("The user group was deleted. What its users held through it has ended."),
        )),
        Err(error) => again(&may, id, DELETE, error, |p| posted.again(p)).await,
    }
}

async fn show_message(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    let group = mine(&may, id.0).await?;
    page(&group_page(&may, group.id, MESSAGE_TO.0, MESSAGE_TO.1, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageForm {
    subject: String,
    message: String,
}

/// A message, checked.
pub fn read_message(subject: &str, message: &str) -> Result<(String, String), Problems> {
    let mut problems = Problems::default();
    let subject = problems.take("subject", Name::parse(subject, "Subject"));
    let message = problems.take("message", text::note(message, "Message", MESSAGE));
    if message.as_ref().is_some_and(String::is_empty) {
        problems.add("message", "Enter a message.");
    }
    match (subject, message) {
        (Some(subject), Some(message)) if problems.is_empty() => Ok((subject.to_string(), message)),
        _ => Err(problems),
    }
}

async fn message(may: May<ManageGroups>, id: PathPart<UserGroupId>, posted: Posted<MessageForm>) -> Answer {
    let id = id.0;
    let (subject, words) = match read_message(&posted.value.subject, &posted.value.message) {
        Ok(read) => read,
        Err(problems) => {
            return again(&may, id, MESSAGE_TO, Error::Invalid(problems), |p| {
                posted.again(p)
            })
            .await;
        }
    };
    let (permit, at, once) = (may.permit.clone(), may.portal.clock.now(), posted.once_key(&may));
    let done = may
        .portal
        .db
        .write(move |tx| service::message(tx, &permit, at, id, &subject, &words, once.as_ref()))
        .await;
    match done {
        Ok(sent) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &path(&may, id),
                ok(format!(
                    "The message is on its way to {}.",
                    counted(sent as u64, "member", "members")
                )),
            ))
        }
        Err(error) => again(&may, id, MESSAGE_TO, error, |p| posted.again(p)).await,
    }
}

async fn remove_person(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    person: PathPart<PersonId>,
    _: Posted<NoFields>,
) -> Answer {
    let (permit, at, id, person) = (may.permit.clone(), may.portal.clock.now(), id.0, person.0);
    may.portal
        .db
        .write(move |tx| service::remove_person(tx, &permit, at, id, person))
        .await?;
    Ok(may.see_other(
        &path(&may, id),
        ok("The user was removed from the group. What they held through it has ended."),
    ))
}

// Role and Virtual Accounts ----------------------------------------------------------------------------------

async fn access_page(may: &May<ManageGroups>, id: UserGroupId, form: Option<FormState>) -> Result<FormPage> {
    let permit = viewing(may)?;
    let (details, place) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::details(r, &permit, id)?,
                place(r, permit.within().account()?)?,
            ))
        })
        .await?;
    let row = details.row;
    may_touch(may.permit.within(), &row.own, row.reaches_outside)?;
    let form = form.unwrap_or_else(|| match scope_of(&row.own) {
        None => fresh().with_value("scope", access::NONE),
        Some((Scope::Account, role)) => fresh()
            .with_value("scope", access::ENTIRE)
            .with_value("role", role.word()),
        Some((Scope::These(list), role)) => fresh()
            .with_value("scope", access::SELECTED)
            .with_value("role", role.word())
            .with_values(list.iter().map(|id| ("virtual_account", id.as_str()))),
    });
    let back = path(may, id);
    let mut shell = may.account_shell(
        "Edit the Virtual Accounts",
        &crumbs(may, Some((&row.group.name, &back))),
    );
    shell.error_title = form.has_problems();
    Ok(FormPage {
        shell,
        title: "Edit the Virtual Accounts",
        says: format!(
            "What everybody in {} holds in {}. A change counts at once.",
            row.group.name, place.name
        ),
        form,
        whole: false,
        fields: group_fields(&place, may.permit.within()),
        action: format!("{back}/access"),
        back,
        button: "Save",
    })
}

async fn show_access(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    page(&access_page(&may, id.0, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessForm {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    virtual_account: Vec<String>,
}

async fn set_access(may: May<ManageGroups>, id: PathPart<UserGroupId>, posted: Posted<AccessForm>) -> Answer {
    let (typed, id) = (&posted.value, id.0);
    let mut problems = Problems::default();
    let chosen = chosen(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut problems,
    );
    let Some(access) = chosen else {
        return page_with(422, &access_page(&may, id, Some(posted.again(&problems))).await?);
    };
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::set_access(tx, &permit, at, id, access.as_ref()))
        .await;
    match done {
        Ok(()) => Ok(may.see_other(&path(&may, id), ok("Role and Virtual Accounts were saved."))),
        Err(error) => {
            let (status, problems) = access::beside_fields(error)?;
            page_with(
                status,
                &access_page(&may, id, Some(posted.again(&problems))).await?,
            )
        }
    }
}

// Other Smart Accounts ---------------------------------------------------------------------------------------

async fn show_request(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    page(&group_page(&may, id.0, REQUEST.0, REQUEST.1, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestForm {
    domain: String,
    note: String,
}

/// A request for another account, checked.
pub fn read_asking(domain: &str, note: &str) -> Result<Asking, Problems> {
    let mut problems = Problems::default();
    let domain = problems.take("domain", DomainIdentifier::parse(domain));
    let note = problems.take("note", text::note(note, "Note", NOTE));
    match (domain, note) {
        (Some(domain), Some(note)) => Ok(Asking {
            id: GroupRequestId::new(),
            lookup_id: model::lookup_id(token::random_bytes()),
            domain,
            note,
        }),
        _ => Err(problems),
    }
}

async fn request(may: May<ManageGroups>, id: PathPart<UserGroupId>, posted: Posted<RequestForm>) -> Answer {
    let id = id.0;
    let asking = match read_asking(&posted.value.domain, &posted.value.note) {
        Ok(asking) => asking,
        Err(problems) => {
            return again(&may, id, REQUEST, Error::Invalid(problems), |p| posted.again(p)).await;
        }
    };
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let done = may
        .portal
        .db
        .write(move |tx| service::ask(tx, &permit, at, id, &asking))
        .await;
    match done {
        Ok(request) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &path(&may, id),
                ok(format!(
                    "Request {} was sent to the administrators of that Smart Account.",
                    request.lookup_id
                )),
            ))
        }
        Err(error) => again(&may, id, REQUEST, error, |p| posted.again(p)).await,
    }
}

async fn end_mine(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    lookup: PathPart<Lookup>,
    _: Posted<NoFields>,
) -> Answer {
    let (permit, at, id, lookup) = (may.permit.clone(), may.portal.clock.now(), id.0, lookup.0.0);
    may.portal
        .db
        .write(move |tx| service::end_as_owner(tx, &permit, at, id, &lookup))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &path(&may, id),
        ok("The access, or the request for it, has ended."),
    ))
}

#[derive(Template)]
#[template(path = "members/external.html")]
struct ExternalPage {
    shell: Shell,
    number: i64,
    /// What was looked for.
    lookup: String,
    /// Nothing has that lookup ID.
    unknown: bool,
    asked: Option<Asked>,
    form: FormState,
    fields: AccessFields,
    /// Whether the reader answers for the whole account, and so may decline.
    answers: bool,
}

impl ExternalPage {
    fn waits(&self) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.request.state == RequestState::Waiting)
    }
}

async fn external_page(may: &May<ManageGroups>, typed: String, form: FormState) -> Result<ExternalPage> {
    let lookup: Option<Lookup> = typed.parse().ok();
    let permit = may.permit.clone();
    let (place, asked) = may
        .portal
        .db
        .read(move |r| {
            let place = place(r, permit.within().account()?)?;
            let asked = match lookup {
                None => None,
                Some(Lookup(id)) => match service::look_up(r, &permit, &id) {
                    Ok(asked) => Some(asked),
                    Err(Error::NotFound) => None,
                    Err(other) => return Err(other),
                },
            };
            Ok((place, asked))
        })
        .await?;
    let mut shell = may.account_shell(
        "Grant Smart Account access to external user group",
        &crumbs(may, None),
    );
    shell.error_title = form.has_problems();
    Ok(ExternalPage {
        shell,
        number: may.number(),
        unknown: asked.is_none() && !typed.is_empty(),
        lookup: typed,
        asked,
        form,
        fields: access::fields(&place, may.permit.within(), false),
        answers: may.permit.within().only().is_none(),
    })
}

async fn show_external(may: May<ManageGroups>) -> Answer {
    let typed = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "lookup")
        .map(|(_, value)| value.trim().chars().take(60).collect())
        .unwrap_or_default();
    let form = fresh().with_value("scope", access::SELECTED);
    page(&external_page(&may, typed, form).await?)
}

async fn grant(may: May<ManageGroups>, lookup: PathPart<Lookup>, posted: Posted<AccessForm>) -> Answer {
    let (typed, lookup) = (&posted.value, lookup.0.0);
    let mut problems = Problems::default();
    let chosen = access::read(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut problems,
    );
    let permit = may.permit.clone();
    let id = lookup.clone();
    // Somebody else's request is not there, whatever was chosen.
    may.portal
        .db
        .read(move |r| service::look_up(r, &permit, &id))
        .await?;
    let Some((scope, role)) = chosen else {
        return page_with(422, &external_page(&may, lookup, posted.again(&problems)).await?);
    };
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), lookup.clone());
    let done = may
        .portal
        .db
        .write(move |tx| service::let_in(tx, &permit, at, &id, &scope, role))
        .await;
    match done {
        Ok(asked) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &base(&may, "user-groups"),
                ok(format!(
                    "The user group {} of {} has access now.",
                    asked.group, asked.owner.name
                )),
            ))
        }
        Err(error) => {
            let (status, problems) = access::beside_fields(error)?;
            page_with(
                status,
                &external_page(&may, lookup, posted.again(&problems)).await?,
            )
        }
    }
}

async fn decline(may: May<ManageGroups>, lookup: PathPart<Lookup>, _: Posted<NoFields>) -> Answer {
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    let asked = may
        .portal
        .db
        .write(move |tx| service::decline(tx, &permit, at, &lookup))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &base(&may, "user-groups"),
        ok(format!(
            "The request of the user group {} of {} was declined.",
            asked.group, asked.owner.name
        )),
    ))
}

#[derive(Template)]
#[template(path = "members/external_end.html")]
struct EndPage {
    shell: Shell,
    number: i64,
    asked: Asked,
    refused: String,
}

async fn end_page(may: &May<ManageGroups>, lookup: String, refused: String) -> Result<EndPage> {
    let permit = may.permit.clone();
    let asked = may
        .portal
        .db
        .read(move |r| service::look_up(r, &permit, &lookup))
        .await?;
    Ok(EndPage {
        shell: may
            .account_shell("End access", &crumbs(may, None))
            .with_dialog("End access of external user group?"),
        number: may.number(),
        asked,
        refused,
    })
}

async fn show_end(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let mut shown = end_page(&may, lookup.0.0, String::new()).await?;
    let state = shown.asked.request.state;
    if state != RequestState::Granted {
        service::stands(state).clone_into(&mut shown.refused);
    }
    page(&shown)
}

async fn end(may: May<ManageGroups>, lookup: PathPart<Lookup>, _: Posted<NoFields>) -> Answer {
    let (permit, at, lookup) = (may.permit.clone(), may.portal.clock.now(), lookup.0.0);
    let id = lookup.clone();
    let done = may
        .portal
        .db
        .write(move |tx| service::end_as_target(tx, &permit, at, &id))
        .await;
    match done {
        Ok(()) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &base(&may, "user-groups"),
                ok("The access of the external user group has ended."),
            ))
        }
        Err(Error::Refused(refusal)) => {
            page_with(409, &end_page(&may, lookup, refusal.says.into_owned()).await?)
        }
        Err(other) => Err(other),
    }
}
