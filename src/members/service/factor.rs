//! Whether an account opens only to those who sign in with a second factor.

use crate::authn::second_factor;
use crate::authz::action::RequireSecondFactor;
use crate::authz::{Permit, Within, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;

/// How the people of an account stand.
#[derive(Debug, Clone, Copy)]
pub struct Factors {
    /// Whether a second factor is required.
    pub is_required: bool,
    /// How many people hold a role.
    pub people: usize,
    /// How many of them have no second factor.
    pub without: usize,
}

/// How the people of an account stand.
pub fn factors(read: &mut dyn Reads, within: &Within) -> Result<Factors> {
    let account = within.account()?;
    let tenant = grants::tenant(read, account)?.ok_or(Error::NotFound)?;
    let mut people: Vec<PersonId> = grants::in_account(read, account)?
        .into_iter()
        .map(|grant| grant.person)
        .collect();
    people.sort_unstable();
    people.dedup();
    let with = second_factor::among(read, &people)?;
    Ok(Factors {
        is_required: tenant.needs_second_factor,
        people: people.len(),
        without: people.len() - with.len(),
    })
}

/// Requires a second factor of everybody who opens the account, or no longer. Whoever requires it has one.
pub fn require_factor(
    tx: &mut Tx<'_>,
    permit: &Permit<RequireSecondFactor>,
    at: Moment,
    is_required: bool,
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let tenant = grants::tenant(tx, account)?.ok_or(Error::NotFound)?;
    if tenant.needs_second_factor == is_required {
        return Ok(tx.unchanged(()));
    }
    if is_required && !second_factor::is_set(tx, permit.person()?)? {
        return Err(Error::refused(
            "members.own-factor-first",
            "Set up a second factor of your own first: the account would not open to you.",
        ));
    }
    grants::set_needs_second_factor(tx, account, is_required)?;
    let says = if is_required {
        format!(
            "{} opens only to those who sign in with a second factor.",
            tenant.name
        )
    } else {
        format!("{} opens without a second factor.", tenant.name)
    };
    let event = Event::new(Kind::AccountChanged, tenant.number, says)
        .within(account)
        .changed(
            &json!({ "needs_second_factor": tenant.needs_second_factor }),
            &json!({ "needs_second_factor": is_required }),
        );
    tx.record(at, permit.who(), &event, ())
}
