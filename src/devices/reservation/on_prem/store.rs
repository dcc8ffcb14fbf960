//! The table of what product instances by policy of an On-Prem server ask the cloud for.

use super::lifecycle::LIFECYCLE;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::platform::db::schema::authorization_requests as requests;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::HashMap;

/// So many ids stand in one statement.
const AT_ONCE: usize = 400;

crate::words! {
    /// How a request stands.
    pub enum RequestState {
        /// The cloud has not heard of it, or has not answered.
        Waiting = "waiting", "Waits for the synchronization";
        /// The authorization code is there.
        Granted = "granted", "Authorization code there";
        /// The cloud has refused it.
        Refused = "refused", "Refused by the cloud";
        /// The product instance gave its code back, and the cloud has not heard of it.
        Returning = "returning", "Return waits for the synchronization";
        /// The cloud has it back.
        Returned = "returned", "Returned";
    }
}

impl RequestState {
    /// The colour of its badge.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Waiting | Self::Returning => "info",
            Self::Granted => "ok",
            Self::Refused => "bad",
            Self::Returned => "",
        }
    }
}

/// What a product instance asks for.
#[derive(Debug, Clone, Queryable)]
pub struct Request {
    /// Which.
    pub device: DeviceId,
    /// The request code.
    pub request: String,
    /// Whether the server made it: the authorization code is then sealed to the UDI.
    pub by_serial: bool,
    /// Entitlement and quantity of each license, as JSON.
    pub licenses: String,
    /// How it stands.
    pub state: RequestState,
    /// What the cloud has granted, or "".
    pub authorization_code: String,
    /// What proves that the product instance works by it no more, or "".
    pub return_code: String,
    /// Why the cloud refused the last request, or "".
    pub code: String,
    /// The same for people.
    pub says: String,
    /// Since when.
    pub asked_at: Moment,
}

macro_rules! columns {
    () => {
        (
            requests::device_id,
            requests::request_code,
            requests::by_serial,
            requests::licenses,
            requests::state,
            requests::authorization_code,
            requests::return_code,
            requests::code,
            requests::says,
            requests::asked_at,
        )
    };
}

/// The one of a product instance.
pub fn of(read: &mut dyn Reads, device: DeviceId) -> Result<Option<Request>> {
    Ok(requests::table
        .find(device)
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Those of some product instances.
pub fn of_some(read: &mut dyn Reads, ids: &[DeviceId]) -> Result<HashMap<DeviceId, Request>> {
    let mut found = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<Request> = requests::table
            .filter(requests::device_id.eq_any(some.to_vec()))
            .select(columns!())
            .load(read.conn())?;
        found.extend(rows.into_iter().map(|one| (one.device, one)));
    }
    Ok(found)
}

/// The one of a request code.
pub fn of_request(read: &mut dyn Reads, account: SmartAccountId, request: &str) -> Result<Option<Request>> {
    Ok(requests::table
        .filter(
            requests::smart_account_id
                .eq(account)
                .and(requests::request_code.eq(request)),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// Those that the cloud has to answer, in the order of the request codes.
pub fn open(read: &mut dyn Reads, account: SmartAccountId, most: i64) -> Result<Vec<Request>> {
    Ok(requests::table
        .filter(
            requests::smart_account_id
                .eq(account)
                .and(requests::state.eq_any([RequestState::Waiting, RequestState::Returning])),
        )
        .order(requests::request_code.asc())
        .limit(most)
        .select(columns!())
        .load(read.conn())?)
}

/// Keeps one in the place of the one that was there, and was in this state.
pub fn put(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    from: Option<RequestState>,
    one: &Request,
) -> Result<()> {
    if let Some(from) = from {
        LIFECYCLE.must(from, one.state)?;
    }
    forget(tx, &[one.device])?;
    diesel::insert_into(requests::table)
        .values((
            requests::device_id.eq(one.device),
            requests::smart_account_id.eq(account),
            requests::request_code.eq(&one.request),
            requests::by_serial.eq(one.by_serial),
            requests::licenses.eq(&one.licenses),
            requests::state.eq(one.state),
            requests::authorization_code.eq(&one.authorization_code),
            requests::return_code.eq(&one.return_code),
            requests::code.eq(&one.code),
            requests::says.eq(&one.says),
            requests::asked_at.eq(one.asked_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets those of product instances that are removed or set up anew.
pub fn forget(tx: &mut Tx<'_>, ids: &[DeviceId]) -> Result<()> {
    for some in ids.chunks(AT_ONCE) {
        diesel::delete(requests::table.filter(requests::device_id.eq_any(some.to_vec())))
            .execute(tx.conn())?;
    }
    Ok(())
}
