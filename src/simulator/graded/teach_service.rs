//! What instructors and operators do with graded labs: see all learners, write labs, and say who teaches.

use super::built_in;
use super::definition::Definition;
use super::model::{LabFile, LabName, MOST_FILES, Standing};
use super::service::has_them;
use super::store;
use super::watch;
use crate::authn::{Person, PlatformRole, people};
use crate::authz::Permit;
use crate::authz::action::{Operate, TeachLabs};
use crate::error::{Error, Problems, Result};
use crate::http::Portal;
use crate::kernel::ids::{LabAttemptId, PersonId};
use crate::kernel::{EmailAddress, Event, Kind};

/// So many attempts are shown, the newest first.
pub const MOST_SHOWN: i64 = 500;

/// An attempt and whose it is.
pub type Learner = (Person, Standing);

/// All attempts of all learners, the newest first.
pub async fn learners(portal: &Portal, _permit: &Permit<TeachLabs>) -> Result<Vec<Learner>> {
    has_them(portal)?;
    portal
        .db
        .read(|r| {
            let attempts = store::all_attempts(r, MOST_SHOWN)?;
            let standings = watch::standings(r, attempts)?;
            let ids: Vec<PersonId> = standings.iter().map(|one| one.attempt.person).collect();
            let people = people::find_all(r, &ids)?;
            let of = |id: PersonId| people.iter().find(|one| one.id == id).cloned();
            Ok(standings
                .into_iter()
                .filter_map(|one| Some((of(one.attempt.person)?, one)))
                .collect())
        })
        .await
}

/// One attempt of a learner.
pub async fn learner(portal: &Portal, _permit: &Permit<TeachLabs>, id: LabAttemptId) -> Result<Learner> {
    has_them(portal)?;
    let (person, standing) = portal
        .db
        .read(move |r| {
            let attempt = store::attempt(r, id)?;
            let person = people::find(r, attempt.person)?;
            let standing = watch::standings(r, vec![attempt])?.pop();
            Ok((person, standing.ok_or(Error::NotFound)?))
        })
        .await?;
    Ok((person, watch::now(portal, standing).await?))
}

/// The labs that teachers have written.
pub async fn files(portal: &Portal, _permit: &Permit<TeachLabs>) -> Result<Vec<LabFile>> {
    has_them(portal)?;
    portal.db.read(|r| store::files(r, MOST_FILES)).await
}

/// Reads a file; complains about the field with every mistake.
fn read(file: &str) -> Result<Definition> {
    let lab = Definition::read(file).map_err(|mistakes| {
        let mut problems = Problems::default();
        for mistake in mistakes {
            problems.add("file", mistake.to_string());
        }
        Error::Invalid(problems)
    })?;
    if built_in::all().iter().any(|(known, _)| known.name == lab.name) {
        let says = format!(
            "The program has a lab {} of its own. Give yours another name.",
            lab.name
        );
        return Err(Error::invalid("file", says));
    }
    Ok(lab)
}

/// Adds a lab, or takes the place of the one with its name.
pub async fn add(portal: &Portal, permit: &Permit<TeachLabs>, file: String) -> Result<LabFile> {
    has_them(portal)?;
    let lab = read(&file)?;
    let (who, at) = (permit.who().clone(), portal.clock.now());
    let added = LabFile {
        name: lab.name,
        definition: file,
        added_by: who.label.clone(),
        added_at: at,
    };
    portal
        .db
        .write(move |tx| {
            let there = store::files(tx, MOST_FILES)?;
            let is_new = !there.iter().any(|one| one.name == added.name);
            if is_new && there.len() as u64 >= MOST_FILES.unsigned_abs() {
                let says = format!("A lab keeps at most {MOST_FILES} files. Remove some first.");
                return Err(Error::invalid("file", says));
            }
            store::put_file(tx, &added)?;
            let words = format!("The graded lab {} was written.", added.name);
            let event = Event::new(Kind::LabGraded, &added.name, words);
            tx.record(at, &who, &event, added.clone())
        })
        .await
}

/// Removes a lab; attempts that were begun go on.
pub async fn remove(portal: &Portal, permit: &Permit<TeachLabs>, name: LabName) -> Result<()> {
    has_them(portal)?;
    let (who, at) = (permit.who().clone(), portal.clock.now());
    portal
        .db
        .write(move |tx| {
            if !store::delete_file(tx, name.as_str())? {
                return Err(Error::NotFound);
            }
            let words = format!("The graded lab {} was removed.", name.as_str());
            let event = Event::new(Kind::LabGraded, name.as_str(), words);
            tx.record(at, &who, &event, ())
        })
        .await
}

/// Those who teach beside the operators.
pub async fn instructors(portal: &Portal) -> Result<Vec<Person>> {
    has_them(portal)?;
    portal
        .db
        .read(|r| people::with_platform_role(r, PlatformRole::Instructor))
        .await
}

/// Makes somebody an instructor, or no longer.
pub async fn name_instructor(
    portal: &Portal,
    permit: &Permit<Operate>,
    email: &str,
    teaches: bool,
) -> Result<()> {
    has_them(portal)?;
    let email = EmailAddress::parse(email).map_err(|says| Error::invalid("email", says))?;
    let (who, at) = (permit.who().clone(), portal.clock.now());
    portal
        .db
        .write(move |tx| {
            let person = people::by_email(tx, &email)?
                .ok_or_else(|| Error::invalid("email", "Nobody with this address has a user account."))?;
            let holds = people::platform_roles(tx, person.id)?.contains(&PlatformRole::Instructor);
            if holds == teaches {
                return Ok(tx.unchanged(()));
            }
            if teaches {
                people::give_platform_role(tx, person.id, PlatformRole::Instructor)?;
            } else {
                people::take_platform_role(tx, person.id, PlatformRole::Instructor)?;
            }
            let verb = if teaches {
                "teaches graded labs"
            } else {
                "teaches graded labs no longer"
            };
            let event = Event::new(Kind::LabGraded, person.id, format!("{} {verb}.", person.label()));
            tx.record(at, &who, &event, ())
        })
        .await
}
