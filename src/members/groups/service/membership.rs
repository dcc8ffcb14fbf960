//! Who is in a group, and messages to them.

use super::follow::follow_everywhere;
use super::read::{Row, mine, row};
use crate::authn::people::{self, Person, PersonState};
use crate::authz::action::ManageGroups;
use crate::authz::{Permit, Within};
use crate::error::{Error, Result};
use crate::kernel::ids::{ImportId, PersonId, UserGroupId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::members::groups::model::{Group, may_touch};
use crate::members::groups::store;
use crate::members::imports::{self, Done, Ids, Import, Report, Target, Verdict};
use crate::members::letters;
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::mail;
use serde_json::json;

fn joined(group: &Group, person: &Person) -> Event {
    Event::new(
        Kind::GroupJoined,
        person.id,
        format!("{} was added to the user group {}.", person.label(), group.name),
    )
    .within(group.account)
    .with(json!({ "group": group.name }))
}

fn left(group: &Group, person: &Person) -> Event {
    Event::new(
        Kind::GroupLeft,
        person.id,
        format!(
            "{} was removed from the user group {}.",
            person.label(),
            group.name
        ),
    )
    .within(group.account)
    .with(json!({ "group": group.name }))
}

/// The report on a list of people who are to come into a group.
pub fn report(
    read: &mut dyn Reads,
    permit: &Permit<ManageGroups>,
    id: UserGroupId,
    lines: &[imports::Entry],
) -> Result<(Group, Report)> {
    let row = mine(read, permit, id)?;
    let (known, _) = imports::known(read, row.group.account, lines)?;
    let people = store::people(read, id)?;
    let report = imports::judge(lines, &known, &Target::Group(&people));
    Ok((row.group, report))
}

/// Adds the people of a kept list to its group, if it has not been done.
pub fn add_kept(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    import: ImportId,
    new: &Ids,
    leave_out: bool,
) -> Result<Recorded<Option<Done>>> {
    let Import {
        id,
        group,
        content,
        done_at,
        ..
    } = imports::find(tx, permit.within(), permit.person()?, import)?;
    let group = group.ok_or(Error::NotFound)?;
    content.is_ready()?;
    if done_at.is_some() || !imports::close(tx, id, at)? {
        return Ok(tx.unchanged(None));
    }
    add(tx, permit, at, group, &content.lines, new, leave_out).map(|done| done.map(Some))
}

/// Adds people to a group: the whole list or, when something stands in the way, nobody.
pub fn add(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    lines: &[imports::Entry],
    ids: &Ids,
    leave_out: bool,
) -> Result<Recorded<Done>> {
    let (group, report) = report(tx, permit, id, lines)?;
    imports::all_good(&report, leave_out)?;
    let mut done = Done::default();
    for line in &report.lines {
        match line.verdict {
            Verdict::Invited => done.invited += 1,
            Verdict::Added | Verdict::Changed(_) => done.added += 1,
            Verdict::Has | Verdict::Repeated(_) => done.unchanged += 1,
            Verdict::Wrong(_) => done.left_out += 1,
        }
    }
    let (new, known) = imports::people_of(tx, at, permit.who(), &report, ids)?;
    for person in new.iter().chain(&known) {
        store::join(tx, at, group.account, id, person.id)?;
        tx.note(at, permit.who(), &joined(&group, person))?;
    }
    follow_everywhere(tx, at, &group)?;
    let event = Event::new(
        Kind::GroupChanged,
        id,
        format!(
            "{} came into the user group {}, {} of them invited.",
            crate::http::widgets::counted(
                u64::try_from(report.acting()).unwrap_or_default(),
                "person",
                "people"
            ),
            group.name,
            done.invited
        ),
    )
    .within(group.account)
    .with(json!({ "added": done.added, "invited": done.invited, "left_out": done.left_out }));
    tx.record(at, permit.who(), &event, done)
}

/// Takes a person out of a group.
pub fn remove_person(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    person: PersonId,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    if !store::leave(tx, id, person)? {
        return Err(Error::NotFound);
    }
    let person = people::find(tx, person)?;
    follow_everywhere(tx, at, &row.group)?;
    tx.record(at, permit.who(), &left(&row.group, &person), ())
}

/// Takes a person out of every group of an account that this reach may change; says which stay. Part of
/// removing them from the account.
pub fn remove_from_all(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    within: &Within,
    person: &Person,
) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for row in left_by(tx, within, person.id)? {
        store::leave(tx, row.group.id, person.id)?;
        follow_everywhere(tx, at, &row.group)?;
        tx.note(at, who, &left(&row.group, person))?;
        ended.push(row.group.name);
    }
    Ok(ended)
}

/// The groups out of which [`remove_from_all`] takes a person.
pub fn left_by(read: &mut dyn Reads, within: &Within, person: PersonId) -> Result<Vec<Row>> {
    let account = within.account()?;
    let mut rows = Vec::new();
    for id in store::groups_of(read, account, person)? {
        let row = row(read, account, id)?;
        if may_touch(within, &row.own, row.reaches_outside).is_ok() {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Writes to everybody in a group.
pub fn message(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    subject: &str,
    text: &str,
    once: Option<&OnceKey>,
) -> Result<Recorded<usize>> {
    if let Once::Again(_) = tx.once(once)? {
        return Ok(tx.unchanged(0));
    }
    let row = mine(tx, permit, id)?;
    let ids = store::people(tx, id)?;
    let people: Vec<Person> = people::find_all(tx, &ids)?
        .into_iter()
        .filter(|person| person.state == PersonState::Active)
        .collect();
    if people.is_empty() {
        return Err(Error::refused(
            "members.group-empty",
            "Nobody in this user group has a user account yet.",
        ));
    }
    let extra =
        json!({ "subject": subject, "text": text, "group": row.group.name, "by": permit.who().label });
    for person in &people {
        mail::post(
            tx,
            at,
            letters::GROUP_MESSAGE,
            row.group.account.as_str(),
            &extra,
            &person.name,
            &person.email,
        )?;
    }
    tx.made(at, once, id.as_str())?;
    let event = Event::new(
        Kind::GroupWritten,
        id,
        format!(
            "A message was sent to {} of the user group {}.",
            crate::http::widgets::counted(
                u64::try_from(people.len()).unwrap_or_default(),
                "member",
                "members"
            ),
            row.group.name
        ),
    )
    .within(row.group.account)
    .with(json!({ "subject": subject }));
    tx.record(at, permit.who(), &event, people.len())
}
