//! The proof that somebody may do something.

use super::action::{Action, Does};
use super::delegation::{Lent, Mandate, lendable};
use super::grants::Grant;
use super::matrix;
use super::within::{Reach, Tenant, Within};
use crate::authn::Actor;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{Moment, Who};
use std::marker::PhantomData;
use std::sync::Arc;

/// The proof that somebody may do `A`, over [`Within`]. Only a decision of the matrix makes one, or the
/// portal itself under a name that can be searched for.
#[derive(Debug)]
pub struct Permit<A: Does> {
    held: Held,
    action: PhantomData<fn() -> A>,
}

/// What a permit holds, whatever it is for: so that the decision is compiled once and not for each action.
#[derive(Debug, Clone)]
struct Held {
    actor: Option<Arc<Actor>>,
    who: Who,
    within: Within,
    /// Rights of others who are away: never part of `within`.
    mandates: Vec<Mandate>,
}

/// A decision of the matrix that went well, from which the permit for its action is made.
#[derive(Debug)]
pub struct Decided {
    held: Held,
    action: Action,
}

impl Decided {
    /// Asks the matrix, for somebody to whom others have lent the right to do this. What is lent reaches as far
    /// as it does for the lender, and stands in [`Permit::mandates`]; [`Permit::within`] stays what is one's own,
    /// which may be nothing. Who has no role in the account has no use for a mandate: they do not know of it.
    pub fn ask(
        action: Action,
        actor: Arc<Actor>,
        tenant: Option<&Tenant>,
        grants: &[Grant],
        lent: &[Lent],
        wall: Moment,
    ) -> Result<Self> {
        let mandates: Vec<Mandate> = match tenant {
            Some(tenant) if lendable(action) => lent
                .iter()
                .filter_map(|one| {
                    Some(Mandate {
                        from: one.from.clone(),
                        within: matrix::by_roles(action, tenant, &one.grants)?,
                    })
                })
                .collect(),
            _ => Vec::new(),
        };
        let within = match (matrix::decide(action, &actor, tenant, grants, wall), tenant) {
            (Err(Error::Forbidden { .. }), Some(tenant)) if !mandates.is_empty() => {
                matrix::came_in_well(action, &actor, Some(tenant), wall)?;
                Within::of(tenant.id, Reach::These(Vec::new()))
            }
            (decided, _) => decided?,
        };
        let held = Held {
            who: actor.who.clone(),
            actor: Some(actor),
            within,
            mandates,
        };
        Ok(Self { held, action })
    }
}

impl Held {
    fn by_the_portal(reason: &str, within: Within) -> Self {
        Self {
            actor: None,
            who: Who::portal(reason),
            within,
            mandates: Vec::new(),
        }
    }
}

// By hand: an action need not be `Clone` for its permit to be.
impl<A: Does> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Self {
            held: self.held.clone(),
            action: PhantomData,
        }
    }
}

impl<A: Does> Permit<A> {
    fn holding(held: Held) -> Self {
        Self {
            held,
            action: PhantomData,
        }
    }

    /// The permit of a decision. One about another action gives none.
    pub fn of(decided: Decided) -> Result<Self> {
        if decided.action == A::ACTION {
            Ok(Self::holding(decided.held))
        } else {
            Err(Error::internal("a decision about another action"))
        }
    }

    /// Asks the matrix.
    pub fn ask(actor: Arc<Actor>, tenant: Option<&Tenant>, grants: &[Grant], wall: Moment) -> Result<Self> {
        Self::of(Decided::ask(A::ACTION, actor, tenant, grants, &[], wall)?)
    }

    /// The portal acts by itself, over all tenants: jobs, commands, scenarios. Each use is on an allow-list of a test.
    pub fn by_the_portal(reason: &str) -> Self {
        Self::holding(Held::by_the_portal(reason, Within::portal()))
    }

    /// The portal acts by itself in one tenant.
    pub fn by_the_portal_in(account: SmartAccountId, reason: &str) -> Self {
        Self::holding(Held::by_the_portal(reason, Within::of(account, Reach::All)))
    }

    /// For the record.
    pub fn who(&self) -> &Who {
        &self.held.who
    }
    /// Over what.
    pub fn within(&self) -> &Within {
        &self.held.within
    }
    /// In whose stead the person may do it too, and how far.
    pub fn mandates(&self) -> &[Mandate] {
        &self.held.mandates
    }
    /// The person; "not found" when the portal acts by itself.
    pub fn actor(&self) -> Result<&Actor> {
        self.held.actor.as_deref().ok_or(Error::NotFound)
    }
    /// The person's id.
    pub fn person(&self) -> Result<PersonId> {
        Ok(self.actor()?.person.id)
    }
    /// The actor that once-tokens belong to.
    pub fn once_owner(&self) -> String {
        self.held
            .who
            .person
            .map_or_else(|| "portal".to_owned(), |id| id.to_string())
    }
}
