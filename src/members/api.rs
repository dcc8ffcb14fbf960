//! The JSON of members: everything that the pages can do.

use super::access;
use super::imports::{self, Content, Done, Entry, Report, typed};
use super::list::LIST;
use super::model::Member;
use super::pages::may_assign;
use super::service;
use crate::authn::PersonState;
use crate::authz::Role;
use crate::authz::action::{ManageUsers, ViewAccount, ViewUsers};
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, PathPart};
use crate::http::{Answer, Api, JsonBody, May, Param, Routes, json, reply};
use crate::kernel::Moment;
use crate::kernel::ids::{LinkId, PersonId, UserGroupId, VirtualAccountId};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    LIST.operation::<MemberShape>(
        routes,
        "/api/v1/accounts/{said}/users",
        "Who holds which role where, as far as one may see it.",
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/users",
        Api::says("Add people with a role. With `dry_run` the report alone is given. Wrong lines stand in the way unless `leave_out_wrong`.")
            .takes::<NewUsers>()
            .gives::<AddReport>(200),
        add,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/users/{person}",
        Api::says("One user with their roles.").gives::<MemberShape>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/users/{person}/roles",
        Api::says("Give a user a role: on the entire Smart Account, or on selected Virtual Accounts. It takes the place of what they held there directly.")
            .takes::<RoleOn>()
            .gives::<MemberShape>(200),
        give,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/users/{person}/roles/remove",
        Api::says("Take a role from a user that was given directly: on the entire Smart Account, or on selected Virtual Accounts.")
            .takes::<Places>()
            .gives_nothing(),
        take,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/users/{person}/invitation",
        Api::says("Send an invitation once more; the link of the one before ends.").gives_nothing(),
        invite_again,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/accounts/{said}/users/{person}",
        Api::says("Remove a user from the Smart Account, or from one's own Virtual Accounts.")
            .query(&[Param::choice("tell", YES_NO, "true: an e-mail tells them.")])
            .gives_nothing(),
        remove,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/leave",
        Api::says("Leave the Smart Account: one's own roles end.").gives_nothing(),
        leave,
    );
}

/// A role that a member holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldShape {
    /// Which role.
    #[schema(value_type = String)]
    role: Role,
    /// In which Virtual Account; none for the whole Smart Account.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// Its name.
    virtual_account_name: Option<String>,
    /// Through which user group; none when it was given directly.
    #[schema(value_type = Option<String>)]
    user_group: Option<UserGroupId>,
    /// Its name.
    user_group_name: Option<String>,
    /// Since when.
    since: Moment,
}

/// A person with the roles that they hold here.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberShape {
    /// Their id.
    #[schema(value_type = String)]
    id: PersonId,
    /// Their name.
    name: String,
    /// Their e-mail address.
    email: String,
    /// active, invited or disabled.
    #[schema(value_type = String)]
    state: PersonState,
    /// What they hold.
    roles: Vec<HeldShape>,
}

impl From<Member> for MemberShape {
    fn from(member: Member) -> Self {
        Self {
            id: member.person.id,
            name: member.person.name,
            email: member.person.email,
            state: member.person.state,
            roles: member
                .held
                .into_iter()
                .map(|held| {
                    let (virtual_account, virtual_account_name) = held.virtual_account.unzip();
                    let (user_group, user_group_name) = held.through.map(|(id, _, name)| (id, name)).unzip();
                    HeldShape {
                        role: held.role,
                        virtual_account,
                        virtual_account_name,
                        user_group,
                        user_group_name,
                        since: held.since,
                    }
                })
                .collect(),
        }
    }
}

async fn one(may: May<ViewUsers>, id: PathPart<PersonId>) -> Answer {
    let member = may.reads(move |r, permit| service::find(r, permit, id.0)).await?;
    json(200, &MemberShape::from(member))
}

/// People who are to be added with a role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUsers {
    /// E-mail addresses, up to 10,000, one in each element; `Ada Lindqvist <ada@xyz.example>` is read as well. People
    /// without a user account are invited.
    #[schema(min_items = 1, max_items = 10_000)]
    emails: Vec<String>,
    /// The user role.
    role: Role,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
    /// Only says what would become of each line.
    #[serde(default)]
    dry_run: bool,
    /// Wrong lines are left out by choice.
    #[serde(default)]
    leave_out_wrong: bool,
}

/// What becomes of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineShape {
    /// The place of the address in the list, from 1.
    line: usize,
    /// As it was sent.
    typed: String,
    /// added, invited, changed, unchanged, repeated or wrong.
    verdict: String,
    /// More about it.
    says: String,
}

/// What became, or would become, of each line.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddReport {
    /// Whether anything was written.
    written: bool,
    /// Had a user account.
    added: usize,
    /// Were invited.
    invited: usize,
    /// Held another role before.
    changed: usize,
    /// Had it already, or stood there twice.
    unchanged: usize,
    /// Wrong lines.
    wrong: usize,
    /// Line by line.
    lines: Vec<LineShape>,
}

impl AddReport {
    pub fn of(report: &Report, done: Option<Done>) -> Self {
        let count = |word: &str| report.count(|verdict| verdict.word() == word);
        Self {
            written: done.is_some(),
            added: count("added"),
            invited: count("invited"),
            changed: count("changed"),
            unchanged: count("unchanged") + count("repeated"),
            wrong: report.wrong(),
            lines: report
                .lines
                .iter()
                .map(|line| LineShape {
                    line: line.number,
                    typed: line.typed.clone(),
                    verdict: line.verdict.word().to_owned(),
                    says: line.says(),
                })
                .collect(),
        }
    }
}

/// The lines of a list. An element is one address, be there a name with it; two in one are a wrong line.
pub fn lines(emails: &[String]) -> Result<Vec<Entry>> {
    let lines = imports::numbered(0, emails.iter().map(|email| typed(email)).collect());
    if lines.is_empty() || lines.len() > imports::MOST_LINES {
        return Err(Error::invalid("emails", "Send 1 to 10,000 e-mail addresses."));
    }
    Ok(lines)
}

/// Complaints about the wrong lines, in the shape of all complaints.
pub fn wrong_lines(report: &Report) -> Error {
    let mut problems = Problems::default();
    for line in report.lines.iter().filter(|line| line.verdict.is_wrong()) {
        problems.add(format!("emails/{}", line.number - 1), line.says());
    }
    Error::Invalid(problems)
}

async fn add(may: May<ManageUsers>, body: JsonBody<NewUsers, LIST_LIMIT>) -> Answer {
    let asked = body.value;
    may_assign(&may, asked.role)?;
    let content = Content {
        places: (!asked.virtual_accounts.is_empty()).then_some(asked.virtual_accounts),
        role: Some(asked.role),
        lines: lines(&asked.emails)?,
        table: None,
    };
    let reading = content.clone();
    let report = may
        .reads(move |r, permit| imports::report(r, permit.within(), &reading))
        .await?
        .1;
    if asked.dry_run {
        return json(200, &AddReport::of(&report, None));
    }
    if report.wrong() > 0 && !asked.leave_out_wrong {
        return Err(wrong_lines(&report));
    }
    let new = imports::ids(content.lines.len());
    let done = may
        .does(move |tx, permit, at| imports::add(tx, permit, at, &content, &new, asked.leave_out_wrong))
        .await?;
    json(200, &AddReport::of(&report, Some(done)))
}

/// A role on a place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleOn {
    /// The user role.
    role: Role,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
}

/// Places.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Places {
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    virtual_accounts: Vec<VirtualAccountId>,
}

async fn give(may: May<ManageUsers>, id: PathPart<PersonId>, body: JsonBody<RoleOn>) -> Answer {
    let (role, scope) = (body.value.role, access::of_api(body.value.virtual_accounts));
    may_assign(&may, role)?;
    let id = id.0;
    may.does(move |tx, permit, at| service::give(tx, permit, at, id, &scope, role))
        .await?;
    let actor = may.actor.clone().ok_or(Error::SignedOut)?;
    let viewing = crate::authz::Permit::<ViewUsers>::ask(
        actor,
        may.tenant.as_ref(),
        &may.grants,
        may.portal.clock.wall(),
    )?;
    let member = may
        .portal
        .db
        .read(move |r| service::find(r, &viewing, id))
        .await?;
    json(200, &MemberShape::from(member))
}

async fn take(may: May<ManageUsers>, id: PathPart<PersonId>, body: JsonBody<Places>) -> Answer {
    let scope = access::of_api(body.value.virtual_accounts);
    let wanted = scope.places().into_iter().map(|place| (place, None)).collect();
    let id = id.0;
    may.does(move |tx, permit, at| service::change(tx, permit, at, id, &wanted))
        .await?;
    reply::nothing()
}

async fn invite_again(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    let (link, id) = (LinkId::new(), id.0);
    may.does(move |tx, permit, at| service::invite_again(tx, permit, at, link, id))
        .await?;
    reply::nothing()
}

const YES_NO: &[(&str, &str)] = &[("true", "Yes"), ("1", "Yes"), ("false", "No"), ("0", "No")];

async fn remove(may: May<ManageUsers>, id: PathPart<PersonId>) -> Answer {
    let tell = url::form_urlencoded::parse(may.query.as_bytes())
        .any(|(key, value)| key == "tell" && matches!(value.as_ref(), "true" | "1"));
    let id = id.0;
    may.does(move |tx, permit, at| service::remove(tx, permit, at, id, tell))
        .await?;
    reply::nothing()
}

async fn leave(may: May<ViewAccount>) -> Answer {
    may.does(service::leave).await?;
    reply::nothing()
}
