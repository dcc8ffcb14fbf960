//! The proof that somebody may do something.

use super::action::Does;
use super::grants::Grant;
use super::matrix;
use super::within::{Reach, Tenant, Within};
use crate::authn::Actor;
use crate::error::Result;
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{Moment, Who};
use std::marker::PhantomData;
use std::sync::Arc;

/// The proof that somebody may do `A`, over [`Within`]. Only a decision of the matrix makes one, or the
/// portal itself under a name that can be searched for.
#[derive(Debug)]
pub struct Permit<A: Does> {
    actor: Option<Arc<Actor>>,
    who: Who,
    within: Within,
    action: PhantomData<fn() -> A>,
}

// By hand: an action need not be `Clone` for its permit to be.
impl<A: Does> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Self {
            actor: self.actor.clone(),
            who: self.who.clone(),
            within: self.within.clone(),
            action: PhantomData,
        }
    }
}

impl<A: Does> Permit<A> {
    /// Asks the matrix.
    pub fn ask(actor: Arc<Actor>, tenant: Option<&Tenant>, grants: &[Grant], wall: Moment) -> Result<Self> {
        let within = matrix::decide::<A>(&actor, tenant, grants, wall)?;
        Ok(Self {
            who: actor.who.clone(),
            actor: Some(actor),
            within,
            action: PhantomData,
        })
    }

    /// The portal acts by itself, over all tenants: jobs, commands, scenarios. Each use is on an allow-list of a test.
    pub fn by_the_portal(reason: &str) -> Self {
        Self {
            actor: None,
            who: Who::portal(reason),
            within: Within::portal(),
            action: PhantomData,
        }
    }

    /// The portal acts by itself in one tenant.
    pub fn by_the_portal_in(account: SmartAccountId, reason: &str) -> Self {
        Self {
            actor: None,
            who: Who::portal(reason),
            within: Within::of(account, Reach::All),
            action: PhantomData,
        }
    }

    /// For the record.
    pub fn who(&self) -> &Who {
        &self.who
    }
    /// Over what.
    pub fn within(&self) -> &Within {
        &self.within
    }
    /// The person; "not found" when the portal acts by itself.
    pub fn actor(&self) -> Result<&Actor> {
        self.actor.as_deref().ok_or(crate::error::Error::NotFound)
    }
    /// The person's id.
    pub fn person(&self) -> Result<PersonId> {
        Ok(self.actor()?.person.id)
    }
    /// The actor that once-tokens belong to.
    pub fn once_owner(&self) -> String {
        self.who
            .person
            .map_or_else(|| "portal".to_owned(), |id| id.to_string())
    }
}
