//! What one can do with a list of people: keep it, read the report, mend it, and add them.

use super::model::{Content, Entry, Import, Known, Report, Target, Verdict, judge};
use super::store;
use crate::authn::people::{self, Person, PersonState};
use crate::authn::system_users;
use crate::authz::action::ManageUsers;
use crate::authz::{Grant, Permit, Role, Within, grants};
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::identity;
use crate::kernel::ids::{ImportId, LinkId, PersonId, SmartAccountId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::members::letters;
use crate::members::model::{fits, may_give};
use crate::members::service::{Place, give_beside, place};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::settings;
use std::collections::HashMap;

/// Ids for the people of a list, made before the write: one pair a line is always enough.
pub type Ids = Vec<(PersonId, LinkId)>;

/// Makes them.
pub fn ids(lines: usize) -> Ids {
    (0..lines).map(|_| (PersonId::new(), LinkId::new())).collect()
}

/// What came of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Had a user account.
    pub added: usize,
    /// Were invited.
    pub invited: usize,
    /// Held another role before.
    pub changed: usize,
    /// Had it already, or stood there twice.
    pub unchanged: usize,
    /// Wrong lines that were left out.
    pub left_out: usize,
}

/// Keeps a list until its author has read the report. Nothing happens to anybody, so nothing is recorded.
pub fn keep(tx: &mut Tx<'_>, at: Moment, import: &Import) -> Result<()> {
    store::insert(tx, at, import)
}

/// Puts mended lines in.
pub fn mend(tx: &mut Tx<'_>, import: &Import, content: &Content) -> Result<()> {
    if store::replace(tx, import.id, import.version, content)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// One's own list in this account.
pub fn find(read: &mut dyn Reads, within: &Within, author: PersonId, id: ImportId) -> Result<Import> {
    store::find(read, within.account()?, author, id)
}

/// The people of a list are added now; false when they were already.
pub fn close(tx: &mut Tx<'_>, id: ImportId, at: Moment) -> Result<bool> {
    store::done(tx, id, at)
}

/// Forgets lists that nobody came back to.
pub fn forget_before(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    store::forget_before(tx, before)
}

/// Who of these addresses has a user account, with what they hold directly in the account.
pub fn known(
    read: &mut dyn Reads,
    account: SmartAccountId,
    lines: &[Entry],
) -> Result<(HashMap<String, Known>, usize)> {
    let mut keys: Vec<String> = lines
        .iter()
        .filter_map(|line| EmailAddress::parse(&line.typed).ok())
        .map(|email| email.key().to_owned())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let mut held: HashMap<PersonId, Vec<_>> = HashMap::new();
    let mut administrators = Vec::new();
    for grant in grants::in_account(read, account)?
        .into_iter()
        .filter(Grant::is_direct)
    {
        if grant.role == Role::AccountAdmin {
            administrators.push(grant.person);
        }
        held.entry(grant.person)
            .or_default()
            .push((grant.virtual_account, grant.role));
    }
    let administrators = people::find_all(read, &administrators)?
        .iter()
        .filter(|person| person.state == PersonState::Active)
        .count();
    let known = people::by_email_keys(read, &keys)?
        .into_iter()
        .map(|person| {
            let held = held.remove(&person.id).unwrap_or_default();
            (person.email.key().to_owned(), Known { person, held })
        })
        .collect();
    Ok((known, administrators))
}

/// The report on a list of people who are to be given a role.
pub fn report(read: &mut dyn Reads, within: &Within, content: &Content) -> Result<(Place, Report)> {
    let place = place(read, within.account()?)?;
    let scope = content.scope();
    let role = content.role.ok_or(Error::NotFound)?;
    fits(role, &scope)?;
    may_give(within, &scope)?;
    if scope
        .places()
        .iter()
        .flatten()
        .any(|id| !place.names.contains_key(id))
    {
        return Err(Error::NotFound);
    }
    let (known, administrators) = known(read, place.account, &content.lines)?;
    let target = Target::Role {
        scope: &scope,
        role,
        domain: &place.domain,
        administrators,
    };
    let report = judge(&content.lines, &known, &target);
    Ok((place, report))
}

/// Wrong lines stand in the way until they are mended or left out by choice.
pub fn all_good(report: &Report, leave_out: bool) -> Result<()> {
    let wrong = report.wrong();
    if wrong > 0 && !leave_out {
        return Err(Error::refused(
            "members.lines-wrong",
            format!(
                "{wrong} of {} {} wrong. Mend or leave out what is wrong; nothing has been written.",
                counted(report.lines.len() as u64, "line", "lines"),
                if wrong == 1 { "is" } else { "are" }
            ),
        ));
    }
    if report.acting() == 0 {
        return Err(Error::refused(
            "members.nobody-to-add",
            "Nobody is left to be added.",
        ));
    }
    Ok(())
}

/// The people of those lines of a report that change something: those who have no user account yet, who get one and an
/// invitation, and those who have one.
pub fn people_of(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    report: &Report,
    ids: &Ids,
) -> Result<(Vec<Person>, Vec<Person>)> {
    let (mut new, mut links) = (Vec::new(), Vec::new());
    for (line, (id, link)) in report.lines.iter().zip(ids) {
        if let (true, None, Some(email)) = (line.verdict.acts(), &line.person, &line.email) {
            // Until they say how they are called, they are called by their address.
            let called: String = email.as_str().chars().take(Name::MOST).collect();
            let name = Name::parse(&called, "Name").map_err(Error::internal)?;
            new.push(Person::invited(*id, email, &name, 1));
            links.push(*link);
        }
    }
    people::add_all(tx, at, &new)?;
    for person in &new {
        let added = Event::new(
            Kind::PersonAdded,
            person.id,
            format!("A user account for {} was prepared.", person.email),
        );
        tx.note(at, who, &added)?;
    }
    let invited: Vec<_> = links.into_iter().zip(&new).collect();
    identity::invite_first(tx, at, who, &invited, &who.label)?;
    let acting = report.lines.iter().filter(|line| line.verdict.acts());
    let known = acting.filter_map(|line| line.person.clone()).collect();
    Ok((new, known))
}

/// Adds the people of a list, if it has not been done: with one event for each of them and one for all.
pub fn add_kept(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageUsers>,
    at: Moment,
    id: ImportId,
    new: &Ids,
    leave_out: bool,
) -> Result<Recorded<Option<Done>>> {
    let import = find(tx, permit.within(), permit.person()?, id)?;
    if import.group.is_some() {
        return Err(Error::NotFound);
    }
    import.content.is_ready()?;
    if import.done_at.is_some() || !close(tx, id, at)? {
        return Ok(tx.unchanged(None));
    }
    add(tx, permit, at, &import.content, new, leave_out).map(|done| done.map(Some))
}

/// Adds people: the whole list or, when something stands in the way, nobody.
pub fn add(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageUsers>,
    at: Moment,
    content: &Content,
    ids: &Ids,
    leave_out: bool,
) -> Result<Recorded<Done>> {
    let (place, report) = report(tx, permit.within(), content)?;
    all_good(&report, leave_out)?;
    let (scope, who) = (content.scope(), permit.who());
    let role = content.role.ok_or(Error::NotFound)?;
    let mut done = Done::default();
    for line in &report.lines {
        match line.verdict {
            Verdict::Added => done.added += 1,
            Verdict::Invited => done.invited += 1,
            Verdict::Changed(_) => done.changed += 1,
            Verdict::Has | Verdict::Repeated(_) => done.unchanged += 1,
            Verdict::Wrong(_) => done.left_out += 1,
        }
    }
    let (new, known) = people_of(tx, at, who, &report, ids)?;
    if settings::is_on_prem(tx)? {
        for person in &new {
            system_users::add_invited(tx, person)?;
        }
    }
    // Who comes new holds nothing yet.
    let have_account: Vec<_> = known.iter().map(|person| person.id).collect();
    let mut held: HashMap<PersonId, Vec<Grant>> = HashMap::new();
    for grant in grants::of_people(tx, &have_account)? {
        if grant.account == place.account {
            held.entry(grant.person).or_default().push(grant);
        }
    }
    let receivers: Vec<_> = new
        .iter()
        .chain(&known)
        .map(|person| (person, held.remove(&person.id).unwrap_or_default()))
        .collect();
    // A list may be long, and a scope wide.
    for some in receivers.chunks(100) {
        for event in give_beside(tx, at, &place, some, &scope, role)? {
            tx.note(at, who, &event)?;
        }
    }
    // Whoever is invited reads of it in the invitation.
    for person in known.iter().filter(|person| person.state == PersonState::Active) {
        letters::tell_given(tx, at, &place, person, &scope, role, who)?;
    }
    let event = Event::new(
        Kind::UsersAdded,
        place.account,
        format!(
            "{} were given the role {role}: {} with a user account, {} invited, {} with another role before.",
            crate::http::widgets::counted(
                u64::try_from(report.acting()).unwrap_or_default(),
                "person",
                "people"
            ),
            done.added,
            done.invited,
            done.changed
        ),
    )
    .within(place.account)
    .with(serde_json::json!({
        "scope": scope.label(), "role": role, "lines": report.lines.len(), "added": done.added,
        "invited": done.invited, "changed": done.changed, "unchanged": done.unchanged, "left_out": done.left_out,
    }));
    tx.record(at, who, &event, done)
}
