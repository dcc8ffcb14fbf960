//! The tables of webhooks and of what they were told. Whatever shows them begins with the account.

mod told;

pub use told::{
    Parcel, answered, claim, count, delivery, due, forget, is_any_on, page, put_back, settled_before, tallies,
};

use super::model::{Wanted, Webhook};
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{webhook_deliveries as deliveries, webhooks};
use crate::platform::db::{OnTaken, Reads, Tx};
use crate::platform::deliveries::machine;
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            webhooks::id,
            webhooks::smart_account_id,
            webhooks::name,
            webhooks::url,
            webhooks::kinds,
            webhooks::is_on,
            webhooks::secret,
            webhooks::former_secret,
            webhooks::former_until,
            webhooks::created_at,
            webhooks::version,
        )
    };
}

/// The webhooks of an account, by name.
pub fn all(read: &mut dyn Reads, within: &Within) -> Result<Vec<Webhook>> {
    Ok(webhooks::table
        .filter(webhooks::smart_account_id.eq(within.account()?))
        .order((webhooks::name_key.asc(), webhooks::id.asc()))
        .select(columns!())
        .load(read.conn())?)
}

pub fn find(read: &mut dyn Reads, within: &Within, id: WebhookId) -> Result<Webhook> {
    Ok(webhooks::table
        .filter(
            webhooks::smart_account_id
                .eq(within.account()?)
                .and(webhooks::id.eq(id)),
        )
        .select(columns!())
        .first(read.conn())?)
}

/// Whoever the account is: for a receiver of the lab that looks at a signature.
pub fn known(read: &mut dyn Reads, id: WebhookId) -> Result<Option<Webhook>> {
    Ok(webhooks::table
        .find(id)
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// The webhooks with a name, in whatever account: for expressions of the lab.
pub fn named(read: &mut dyn Reads, name: &str) -> Result<Vec<WebhookId>> {
    Ok(webhooks::table
        .filter(webhooks::name_key.eq(search_key(name)))
        .order(webhooks::id.desc())
        .select(webhooks::id)
        .load(read.conn())?)
}

pub fn insert(tx: &mut Tx<'_>, hook: &Webhook) -> Result<()> {
    diesel::insert_into(webhooks::table)
        .values((
            webhooks::id.eq(hook.id),
            webhooks::smart_account_id.eq(hook.account),
            webhooks::name.eq(&hook.name),
            webhooks::name_key.eq(search_key(&hook.name)),
            webhooks::url.eq(&hook.url),
            webhooks::kinds.eq(&hook.kinds),
            webhooks::is_on.eq(hook.is_on),
            webhooks::secret.eq(&hook.secret),
            webhooks::former_secret.eq(&hook.former_secret),
            webhooks::former_until.eq(hook.former_until),
            webhooks::created_at.eq(hook.created_at),
            webhooks::version.eq(hook.version),
        ))
        .execute(tx.conn())
        .on_taken(name_taken)?;
    Ok(())
}

fn name_taken() -> Error {
    Error::invalid(
        "name",
        "Another webhook of this account has this name. Choose another name.",
    )
}

/// Whether another webhook of the account has a name.
pub fn is_taken(read: &mut dyn Reads, within: &Within, name: &str, besides: Option<WebhookId>) -> Result<()> {
    let found = webhooks::table
        .filter(
            webhooks::smart_account_id
                .eq(within.account()?)
                .and(webhooks::name_key.eq(search_key(name))),
        )
        .select(webhooks::id)
        .first::<WebhookId>(read.conn())
        .optional()?;
    match found {
        Some(id) if Some(id) != besides => Err(name_taken()),
        _ => Ok(()),
    }
}

pub fn change(tx: &mut Tx<'_>, hook: &Webhook, wanted: &Wanted) -> Result<()> {
    let changed = diesel::update(
        webhooks::table.filter(
            webhooks::id
                .eq(hook.id)
                .and(webhooks::smart_account_id.eq(hook.account))
                .and(webhooks::version.eq(hook.version)),
        ),
    )
    .set((
        webhooks::name.eq(wanted.name.as_str()),
        webhooks::name_key.eq(wanted.name.key()),
        webhooks::url.eq(&wanted.url),
        webhooks::kinds.eq(&wanted.kinds),
        webhooks::is_on.eq(wanted.is_on),
        webhooks::version.eq(hook.version + 1),
    ))
    .execute(tx.conn())
    .on_taken(name_taken)?;
    if changed == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Another secret takes the place of the one that is there, which is good for a while yet.
pub fn rotate(tx: &mut Tx<'_>, hook: &Webhook, secret: &str, until: Moment) -> Result<()> {
    diesel::update(
        webhooks::table.filter(
            webhooks::id
                .eq(hook.id)
                .and(webhooks::smart_account_id.eq(hook.account)),
        ),
    )
    .set((
        webhooks::secret.eq(secret),
        webhooks::former_secret.eq(&hook.secret),
        webhooks::former_until.eq(Some(until)),
        webhooks::version.eq(webhooks::version + 1),
    ))
    .execute(tx.conn())?;
    Ok(())
}

/// Removes a webhook with what it was told.
pub fn remove(tx: &mut Tx<'_>, hook: &Webhook) -> Result<()> {
    diesel::delete(
        deliveries::table.filter(
            deliveries::webhook_id
                .eq(hook.id)
                .and(deliveries::smart_account_id.eq(hook.account)),
        ),
    )
    .execute(tx.conn())?;
    diesel::delete(
        webhooks::table.filter(
            webhooks::id
                .eq(hook.id)
                .and(webhooks::smart_account_id.eq(hook.account)),
        ),
    )
    .execute(tx.conn())?;
    Ok(())
}

machine!(deliveries, DeliveryId);
