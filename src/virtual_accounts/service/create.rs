//! Making a Virtual Account.

use super::default::{hand_default_on, may_not_set_default};
use super::record::{event, facts, name_of};
use crate::authz::action::{CreateNestedVirtualAccount, CreateTopVirtualAccount};
use crate::authz::{Permit, Role, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Once, OnceKey, Recorded, Tx};
use crate::platform::settings;
use crate::virtual_accounts::model::{AccessLevel, DEFAULT, Details, Tree};
use crate::virtual_accounts::store;
use serde_json::json;

/// A Virtual Account that is to be.
#[derive(Debug, Clone)]
pub struct NewVirtualAccount {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who finds it.
    pub access_level: AccessLevel,
    /// The default renewal date.
    pub preferred_end_date: Option<Moment>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it takes over as the default one.
    pub as_default: bool,
}

impl NewVirtualAccount {
    /// One with a name and a description, at the top level.
    pub fn named(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            access_level: AccessLevel::Unrestricted,
            preferred_end_date: None,
            tags: Vec::new(),
            as_default: false,
        }
    }
    /// With tags.
    #[must_use]
    pub fn tagged(mut self, tags: &[&str]) -> Self {
        self.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self
    }
    /// From what a form or a script says.
    pub fn of(details: &Details, as_default: bool) -> Self {
        Self {
            name: details.name.to_string(),
            description: details.description.clone(),
            access_level: details.access_level,
            preferred_end_date: details.preferred_end_date,
            tags: details.tags.clone(),
            as_default,
        }
    }
}

/// Where a new one is to stand, and the right to put it there.
pub enum Place {
    /// At the top level.
    Top(Permit<CreateTopVirtualAccount>),
    /// Nested below another.
    Below(Permit<CreateNestedVirtualAccount>, VirtualAccountId),
}

impl Clone for Place {
    fn clone(&self) -> Self {
        match self {
            Self::Top(permit) => Self::Top(permit.clone()),
            Self::Below(permit, parent) => Self::Below(permit.clone(), *parent),
        }
    }
}

/// Makes the DEFAULT Virtual Account of an account that has just become Active.
pub fn create_default(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<()> {
    let says = if settings::is_on_prem(tx)? {
        "What the Virtual Account in the cloud holds comes here first."
    } else {
        "Licenses are stored here when they are first purchased."
    };
    let new = NewVirtualAccount::named(DEFAULT, says);
    store::insert(tx, at, account, id, None, &new, true)
}

/// Makes a Virtual Account at the top level.
pub fn create(
    tx: &mut Tx<'_>,
    permit: &Permit<CreateTopVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    new: &NewVirtualAccount,
) -> Result<Recorded<()>> {
    let made = create_at(tx, &Place::Top(permit.clone()), at, id, new, None)?;
    Ok(made.map(drop))
}

/// Makes a Virtual Account. Who may only nest it below their own becomes its administrator.
pub fn create_at(
    tx: &mut Tx<'_>,
    place: &Place,
    at: Moment,
    id: VirtualAccountId,
    new: &NewVirtualAccount,
    once: Option<&OnceKey>,
) -> Result<Recorded<VirtualAccountId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let (within, who, parent) = match place {
        Place::Top(permit) => (permit.within(), permit.who(), None),
        Place::Below(permit, parent) => (permit.within(), permit.who(), Some(*parent)),
    };
    let account = within.account()?;
    let is_partial = within.only().is_some();
    if let Some(parent) = parent {
        let tree = Tree::of(&store::whole_tree(tx, account)?);
        // One that lies beyond one's reach is treated as one that is not there.
        let known = if within.covers(parent) {
            &tree
        } else {
            &Tree::default()
        };
        if let Some(problem) = known.place_problem(None, Some(parent)) {
            return Err(problem);
        }
    }
    if new.as_default && is_partial {
        return Err(may_not_set_default());
    }
    store::insert(tx, at, account, id, parent, new, false)?;
    tx.made(at, once, id.as_str())?;
    if new.as_default {
        hand_default_on(tx, who, at, account, id)?;
    }
    if let (true, Some(person)) = (is_partial, who.person) {
        grants::give(tx, at, account, Some(id), person, Role::VirtualAdmin)?;
        tx.note(
            at,
            who,
            &became_administrator(account, id, person, who, &new.name),
        )?;
    }
    let one = store::find_many(tx, account, &[id])?
        .pop()
        .ok_or(Error::NotFound)?;
    let above = name_of(tx, account, parent)?;
    let says = match &above {
        Some(above) => format!("The Virtual Account {} was created below {above}.", one.name),
        None => format!("The Virtual Account {} was created.", one.name),
    };
    let event =
        event(Kind::VirtualAccountCreated, &one, says).changed(&json!(null), &facts(&one, above.as_deref()));
    tx.record(at, who, &event, id)
}

fn became_administrator(
    account: SmartAccountId,
    id: VirtualAccountId,
    person: PersonId,
    who: &Who,
    name: &str,
) -> Event {
    let role = Role::VirtualAdmin;
    Event::new(
        Kind::RoleGranted,
        person,
        format!(
            "{} became {} of {name}, which they created.",
            who.label,
            role.label()
        ),
    )
    .within(account)
    .in_virtual_account(id)
    .changed(
        &json!(null),
        &json!({ "person": person, "role": role, "virtual_account": id }),
    )
}
