//! What a learner does with graded labs: looks at them, begins one, takes a hint, ends it. Only ever their own.

use super::built_in;
use super::definition::Definition;
use super::model::{Attempt, LIVES, LabFile, LabName, MOST_FILES, Mark, MarkKind, Standing, State};
use super::start::{self, Plan};
use super::store;
use super::watch;
use crate::authz::Permit;
use crate::authz::action::{TakeLabs, ViewLabs};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::ids::{LabAttemptId, PersonId};
use crate::kernel::{Event, Kind, Moment, Secret, Who};
use crate::platform::db::{Reads, Recorded, Tx, off_the_loop};
use crate::platform::token;
use crate::simulator::scenario::PASSWORD;
use crate::simulator::tenants;

/// Attempts of one person that are looked at.
const MOST_OWN: i64 = 500;

/// Only a lab's cloud has them, as it has throw-away tenants.
pub fn has_them(portal: &Portal) -> Result<()> {
    if portal.config.is_lab() && !portal.config.edition.is_on_prem() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// A lab, with the file that it was read from.
pub type Known = (Definition, String);

/// All labs: those of the program, then those of teachers by their names.
pub fn all(read: &mut dyn Reads) -> Result<Vec<Known>> {
    let files = store::files(read, MOST_FILES)?;
    let added = files.into_iter().filter_map(known);
    let built_in = built_in::all().iter();
    Ok(built_in
        .map(|(lab, file)| (lab.clone(), (*file).to_owned()))
        .chain(added)
        .collect())
}

/// A file that this version of the program still understands.
fn known(file: LabFile) -> Option<Known> {
    let lab = Definition::read(&file.definition).ok()?;
    Some((lab, file.definition))
}

/// A lab by its name.
pub fn find(read: &mut dyn Reads, name: &LabName) -> Result<Known> {
    if let Some((lab, file)) = built_in::all().iter().find(|(lab, _)| lab.name == name.as_str()) {
        return Ok((lab.clone(), (*file).to_owned()));
    }
    store::file(read, name.as_str())?
        .and_then(known)
        .ok_or(Error::NotFound)
}

/// All labs, each with one's newest attempt.
pub async fn own(portal: &Portal, permit: &Permit<ViewLabs>) -> Result<Vec<(Definition, Option<Standing>)>> {
    has_them(portal)?;
    let person = permit.person()?;
    let found = portal
        .db
        .read(move |r| {
            let attempts = newest(store::attempts_of(r, person, None, MOST_OWN)?);
            Ok((all(r)?, watch::standings(r, attempts)?))
        })
        .await?;
    let (labs, standings) = found;
    let mut own = Vec::new();
    for (lab, _) in labs {
        let mine = standings.iter().find(|one| one.attempt.lab == lab.name);
        let mine = match mine {
            Some(standing) => Some(watch::now(portal, standing.clone()).await?),
            None => None,
        };
        own.push((lab, mine));
    }
    Ok(own)
}

/// Of each lab the newest attempt alone.
fn newest(attempts: Vec<Attempt>) -> Vec<Attempt> {
    let mut newest: Vec<Attempt> = Vec::new();
    for one in attempts {
        if !newest.iter().any(|known| known.lab == one.lab) {
            newest.push(one);
        }
    }
    newest
}

/// One lab with one's newest attempt.
pub async fn one(
    portal: &Portal,
    permit: &Permit<ViewLabs>,
    name: LabName,
) -> Result<(Definition, Option<Standing>)> {
    has_them(portal)?;
    seen(portal, permit.person()?, name).await
}

async fn seen(portal: &Portal, person: PersonId, name: LabName) -> Result<(Definition, Option<Standing>)> {
    let (lab, standing) = portal
        .db
        .read(move |r| {
            let (lab, _) = find(r, &name)?;
            let newest = store::attempts_of(r, person, Some(&lab.name), 1)?;
            Ok((lab, watch::standings(r, newest)?.pop()))
        })
        .await?;
    Ok(match standing {
        Some(standing) => (lab, Some(watch::now(portal, standing).await?)),
        None => (lab, None),
    })
}

/// A tag that nobody has: it begins with a letter, for names that have to.
fn new_tag() -> String {
    let random = token::fingerprint(&token::random_bytes::<8>());
    let random: String = random
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(7)
        .collect();
    format!("g{}", random.to_ascii_lowercase())
}

/// Under which name the throw-away account of an attempt is known.
fn batch(tag: &str) -> String {
    format!("lab-{tag}")
}

/// Begins a lab.
pub async fn begin(portal: &Portal, permit: &Permit<TakeLabs>, name: LabName) -> Result<()> {
    has_them(portal)?;
    let learner = permit.actor()?.person.clone();
    let (wall, person) = (portal.clock.wall(), learner.id);
    let ((lab, file), before) = portal
        .db
        .read(move |r| {
            let known = find(r, &name)?;
            let before = store::attempts_of(r, person, Some(name.as_str()), 1)?.pop();
            Ok((known, before))
        })
        .await?;
    // What is done and not ended makes room for what begins.
    if let Some(before) = before.filter(|one| one.state(wall) == State::Done && one.has_account(wall)) {
        end_attempt(portal, permit, before).await?;
    }
    let beside = portal.beside.get().cloned();
    if lab.start.on_prem.is_some() && beside.is_none() {
        return Err(Error::refused(
            "lab.no-on-prem-beside",
            "This lab needs an On-Prem server beside the portal, and there is none.",
        ));
    }
    let (since, tag) = (portal.clock.now(), new_tag());
    let hasher = portal.hasher.clone();
    let hash = off_the_loop(move || hasher.hash_now(&Secret::new(PASSWORD))).await?;
    let plan = Plan::new(&lab, &tag, since, hash)?;
    let attempt = Attempt {
        id: LabAttemptId::new(),
        person: learner.id,
        lab: lab.name.clone(),
        definition: file,
        tag,
        account: plan.account,
        account_number: 0,
        since,
        began_at: wall,
        expires_at: wall.plus(LIVES),
        done_at: None,
        ended_at: None,
    };
    let (who, mine, wanted, name) = (
        permit.who().clone(),
        attempt.clone(),
        plan.clone(),
        learner.name.clone(),
    );
    portal
        .db
        .write(move |tx| {
            let before = store::attempts_of(tx, mine.person, Some(&mine.lab), 1)?;
            let is_running = |one: &Attempt| one.state(wall) == State::Running;
            if before.first().is_some_and(is_running) {
                return Err(Error::refused(
                    "lab.attempt-running",
                    "You have begun this lab already. Go on with it, or end it first.",
                ));
            }
            let mut mine = mine.clone();
            let account = wanted.write(tx, &batch(&mine.tag), mine.person, mine.expires_at)?;
            mine.account_number = account.number;
            store::insert_attempt(tx, &mine)?;
            let event = Event::new(
                Kind::LabGraded,
                mine.id,
                format!("{name} began the graded lab {} ({}).", mine.lab, mine.tag),
            );
            tx.record(since, &who, &event, ())
        })
        .await?;
    if let Some(on_prem) = beside
        && let Err(error) = plan.write_on_prem(portal, &on_prem, learner.email.as_str()).await
    {
        // Half a start is none: the account goes again, and so does the attempt.
        end_attempt(portal, permit, attempt).await?;
        return Err(error);
    }
    Ok(())
}

/// One's attempt at a lab, if it is not ended.
async fn open_attempt(portal: &Portal, person: PersonId, name: LabName) -> Result<Attempt> {
    let wall = portal.clock.wall();
    let newest = portal
        .db
        .read(move |r| {
            find(r, &name)?;
            Ok(store::attempts_of(r, person, Some(name.as_str()), 1)?.pop())
        })
        .await?;
    newest.filter(|one| one.has_account(wall)).ok_or_else(|| {
        Error::refused(
            "lab.attempt-over",
            "You have not begun this lab, or it is over. Begin it first.",
        )
    })
}

/// Takes the next hint of a step.
pub async fn take_hint(portal: &Portal, permit: &Permit<TakeLabs>, name: LabName, step: usize) -> Result<()> {
    has_them(portal)?;
    let attempt = open_attempt(portal, permit.person()?, name).await?;
    let (who, at, wall) = (permit.who().clone(), portal.clock.now(), portal.clock.wall());
    portal
        .db
        .write(move |tx| {
            let mut found = watch::standings(tx, vec![attempt.clone()])?;
            let standing = found.pop().ok_or(Error::NotFound)?;
            let steps = standing.steps();
            let seen = steps.get(step).ok_or(Error::NotFound)?;
            if seen.done_at.is_some() || seen.hints >= seen.step.hints.len() {
                return Err(Error::refused(
                    "lab.no-hint-left",
                    "There is no further hint for this step.",
                ));
            }
            let small = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
            let mark = Mark {
                step: small(step),
                kind: MarkKind::Hint,
                number: small(seen.hints),
                at: wall,
            };
            store::insert_marks(tx, attempt.id, &[mark])?;
            let words = format!(
                "A hint for step {} of the graded lab {} ({}) was taken.",
                step + 1,
                attempt.lab,
                attempt.tag
            );
            tx.record(at, &who, &Event::new(Kind::LabGraded, attempt.id, words), ())
        })
        .await
}

/// Ends one's attempt: its account goes, its points stay.
pub async fn end(portal: &Portal, permit: &Permit<TakeLabs>, name: LabName) -> Result<()> {
    has_them(portal)?;
    let attempt = open_attempt(portal, permit.person()?, name).await?;
    end_attempt(portal, permit, attempt).await
}

async fn end_attempt(portal: &Portal, permit: &Permit<TakeLabs>, attempt: Attempt) -> Result<()> {
    let (who, at, wall) = (permit.who().clone(), portal.clock.now(), portal.clock.wall());
    let standing = Standing::of(attempt.clone(), Vec::new())?;
    portal
        .db
        .write(move |tx| end_in(tx, &who, at, wall, &attempt))
        .await?;
    match portal.beside.get() {
        Some(on_prem) if standing.lab.start.on_prem.is_some() => {
            start::forget_on_prem(on_prem, &standing.names(), at).await
        }
        _ => Ok(()),
    }
}

fn end_in(tx: &mut Tx<'_>, who: &Who, at: Moment, wall: Moment, attempt: &Attempt) -> Result<Recorded<()>> {
    if !store::set_ended(tx, attempt.id, wall)? {
        return Ok(tx.unchanged(()));
    }
    drop(tenants::forget_named(tx, who, at, &batch(&attempt.tag))?);
    let words = format!("The graded lab {} ({}) was ended.", attempt.lab, attempt.tag);
    tx.record(at, who, &Event::new(Kind::LabGraded, attempt.id, words), ())
}
