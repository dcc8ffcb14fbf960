//! Looks up who holds what, and tells what the matrix makes of it.

use super::model::{HeldRole, Helper, MOST_NAMED, Question, Told, sentence};
use crate::authn::Actor;
use crate::authn::people::{self, Person, PlatformRole};
use crate::authz::explain::{Explained, explain, who_could};
use crate::authz::matrix::{self, Holder};
use crate::authz::{Action, Over, Reach, Tenant, grants};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::http::refused::Refused;
use crate::kernel::Edition;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use std::collections::HashMap;

/// About whom somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// About oneself.
    Own,
    /// About whoever holds a role in the account.
    Members,
    /// About anybody: of a lab.
    Anybody,
}

/// Answers a question about an account, or about the portal where there is none.
pub fn answer(
    read: &mut dyn Reads,
    edition: Edition,
    tenant: Option<&Tenant>,
    asker: &Person,
    whose: Whose,
    question: &Question,
) -> Result<Told> {
    let names: HashMap<VirtualAccountId, String> = match tenant {
        Some(tenant) => virtual_accounts::names(read, &[tenant.id])?
            .into_iter()
            .map(|(_, id, name, _)| (id, name))
            .collect(),
        None => HashMap::new(),
    };
    let place = question
        .place
        .as_deref()
        .map(|typed| place_of(&names, typed))
        .transpose()?;
    let is_own = question
        .who
        .as_ref()
        .is_none_or(|who| who.key() == asker.email.key());
    if !is_own && whose == Whose::Own {
        return Err(Error::invalid(
            "person",
            "You may ask about yourself. Administrators of the whole account ask about others.",
        ));
    }
    let person = match &question.who {
        Some(who) if !is_own => people::by_email(read, who)?,
        _ => Some(asker.clone()),
    };
    let held = match (&person, tenant, question.action.over()) {
        (Some(person), Some(tenant), Over::Account) => grants::of_person_in(read, tenant.id, person.id)?,
        (Some(person), _, Over::Anywhere) => grants::of_person(read, person.id)?,
        _ => Vec::new(),
    };
    // Who has no role here is nobody here, whether or not there is such a person elsewhere.
    let is_known = is_own || whose == Whose::Anybody || !held.is_empty();
    let platform = match &person {
        Some(person) if is_own || whose == Whose::Anybody => people::platform_roles(read, person.id)?,
        _ => Vec::new(),
    };
    let of = tenant.filter(|_| question.action.over() == Over::Account);
    let explained = explain(
        question.action,
        &platform,
        of,
        &held,
        place.as_ref().map(|(id, _)| *id),
    );
    let label = match (&person, &question.who) {
        (Some(person), _) if is_known => person.label(),
        (_, Some(who)) => who.to_string(),
        _ => asker.label(),
    };
    let (could, more) = match of {
        Some(tenant) => helpers(
            read,
            edition,
            tenant,
            question.action,
            place.as_ref().map(|(id, _)| *id),
        )?,
        None => (Vec::new(), 0),
    };
    Ok(Told {
        says: sentence(
            explained.reason,
            &label,
            question.action,
            of,
            place.as_ref().map(|(_, name)| name.as_str()),
            edition,
        ),
        person: label,
        action: question.action,
        reason: explained.reason,
        held: roles(edition, &explained, &names),
        named: named(edition, of, question.action),
        place,
        could,
        more,
    })
}

fn place_of(names: &HashMap<VirtualAccountId, String>, typed: &str) -> Result<(VirtualAccountId, String)> {
    names
        .iter()
        .find(|(id, name)| id.as_str() == typed || name.eq_ignore_ascii_case(typed))
        .map(|(id, name)| (*id, name.clone()))
        .ok_or_else(|| {
            Error::invalid(
                "virtual_account",
                "There is no Virtual Account of this name in the account.",
            )
        })
}

fn roles(
    edition: Edition,
    explained: &Explained,
    names: &HashMap<VirtualAccountId, String>,
) -> Vec<HeldRole> {
    let over_portal = explained.platform.iter().map(|(role, counts)| HeldRole {
        role: role.label().to_owned(),
        place: "The portal".to_owned(),
        counts: *counts,
    });
    let in_account = explained.held.iter().map(|(grant, counts)| HeldRole {
        role: grant.role.label_in(edition).to_owned(),
        place: grant
            .virtual_account
            .and_then(|id| names.get(&id).cloned())
            .unwrap_or_else(|| "The whole account".to_owned()),
        counts: *counts,
    });
    over_portal.chain(in_account).collect()
}

/// The roles that are named for an action, as an edition calls them.
fn named(edition: Edition, tenant: Option<&Tenant>, action: Action) -> Vec<String> {
    let holders = match tenant {
        Some(tenant) => matrix::holders_in(tenant.kind, action),
        None => matrix::holders(action),
    };
    holders
        .iter()
        .filter_map(|holder| match holder {
            Holder::Tenant(role) => role
                .is_given_in(edition)
                .then(|| role.label_in(edition).to_owned()),
            Holder::Platform(role) => (role.edition() == edition).then(|| role.label().to_owned()),
            Holder::Anyone => Some("Everybody who is signed in".to_owned()),
        })
        .collect()
}

/// Those who could, and how many there are beyond them.
fn helpers(
    read: &mut dyn Reads,
    edition: Edition,
    tenant: &Tenant,
    action: Action,
    place: Option<VirtualAccountId>,
) -> Result<(Vec<Helper>, u64)> {
    let could = who_could(read, tenant.id, tenant, action, place)?;
    let more = could.len().saturating_sub(MOST_NAMED) as u64;
    let some = could.get(..MOST_NAMED.min(could.len())).unwrap_or_default();
    let ids: Vec<_> = some.iter().map(|(id, _)| *id).collect();
    let people = people::find_all(read, &ids)?;
    let helpers = some
        .iter()
        .filter_map(|(id, role)| {
            let person = people.iter().find(|person| person.id == *id)?;
            Some(Helper {
                name: person.name.clone(),
                email: person.email.to_string(),
                role: role.label_in(edition).to_owned(),
            })
        })
        .collect();
    Ok((helpers, more))
}

/// What is told of a request that was refused.
#[derive(Debug, Clone)]
pub struct OfRequest {
    pub refused: Refused,
    /// Who sent it.
    pub person: String,
    /// When the code is refused, and the way out; of codes of rules alone.
    pub rule: Option<(&'static str, &'static str)>,
    /// What the matrix says now, where a right was missing.
    pub now: Option<Told>,
}

/// A request that was refused, by its id: for whoever sent it, for administrators of its account, and for those who look
/// after the installation. For everybody else there was none.
pub async fn of_request(portal: &Portal, actor: &Actor, request_id: &str) -> Result<OfRequest> {
    let refused = portal.refused.find(request_id.trim()).ok_or(Error::NotFound)?;
    let rule = portal
        .refusals
        .iter()
        .find(|(code, _, _)| *code == refused.code)
        .map(|(_, when, way_out)| (*when, *way_out));
    let (edition, actor) = (portal.config.edition, actor.clone());
    portal
        .db
        .read(move |r| {
            let whom = refused.whom;
            let tenant = match whom.account {
                Some(account) => grants::tenant(r, account)?,
                None => None,
            };
            if whom.person != actor.person.id && !looks_after(r, &actor, tenant.as_ref())? {
                return Err(Error::NotFound);
            }
            let person = people::find(r, whom.person)?;
            let now = match refused.action {
                Some(action) => {
                    let question = Question {
                        who: None,
                        action,
                        place: None,
                    };
                    Some(answer(
                        r,
                        edition,
                        tenant.as_ref(),
                        &person,
                        Whose::Own,
                        &question,
                    )?)
                }
                None => None,
            };
            Ok(OfRequest {
                person: person.label(),
                refused,
                rule,
                now,
            })
        })
        .await
}

/// Whether somebody may hear of what was refused to others in an account.
fn looks_after(read: &mut dyn Reads, actor: &Actor, tenant: Option<&Tenant>) -> Result<bool> {
    if actor.has(PlatformRole::Operator) || actor.sees_every_tenant() {
        return Ok(true);
    }
    let Some(tenant) = tenant else { return Ok(false) };
    let held = grants::of_person_in(read, tenant.id, actor.person.id)?;
    Ok(matrix::by_roles(Action::ManageUsers, tenant, &held)
        .is_some_and(|within| *within.reach() == Reach::All))
}
