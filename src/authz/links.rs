//! Emailed links. A link is a signed token that names a row here; the row says whether it still counts.

use super::store;
use crate::error::{Error, Result};
use crate::kernel::ids::LinkId;
use crate::kernel::{EmailAddress, Moment};
use crate::platform::db::{Reads, Tx};
use crate::platform::mail::LINK_KIND;
use crate::platform::signing::Signing;

crate::words! {
    /// What a link is for. A link made for one thing opens nothing else.
    pub enum Purpose {
        /// To see and decide a request for a Smart Account.
        DecideAccountRequest = "decide-account-request", "Decide a Smart Account request";
        /// To see and decide a request for access.
        DecideAccess = "decide-access", "Decide an access request";
        /// To set a new password.
        ResetPassword = "reset-password", "Set a new password";
        /// To accept an invitation.
        Invitation = "invitation", "Accept an invitation";
        /// To set the portal up.
        SetUp = "set-up", "Set up this portal";
    }
}

/// A link that counts.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// What for.
    pub purpose: Purpose,
    /// Which thing.
    pub about_id: String,
    /// To whom it was sent, as a key.
    pub email_key: String,
    /// Until when.
    pub expires_at: Moment,
    /// When it was used.
    pub used_at: Option<Moment>,
    /// When it was called off.
    pub ended_at: Option<Moment>,
}

impl Link {
    /// Whether it counts at this moment.
    pub fn is_open(&self, now: Moment) -> bool {
        self.used_at.is_none() && self.ended_at.is_none() && now < self.expires_at
    }
}

/// Makes the row of a link. The link itself is made when the letter is written.
pub fn make(
    tx: &mut Tx<'_>,
    at: Moment,
    id: LinkId,
    purpose: Purpose,
    about_id: &str,
    to: &EmailAddress,
    expires: Moment,
) -> Result<()> {
    make_all(tx, at, purpose, expires, &[NewLink { id, about_id, to }])
}

/// A link that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewLink<'a> {
    /// Its id, which is in its token.
    pub id: LinkId,
    /// The id of what it is about.
    pub about_id: &'a str,
    /// To whom it is sent.
    pub to: &'a EmailAddress,
}

/// As [`make`], for many at once.
pub fn make_all(
    tx: &mut Tx<'_>,
    at: Moment,
    purpose: Purpose,
    expires: Moment,
    new: &[NewLink<'_>],
) -> Result<()> {
    store::insert_links(tx, at, purpose, expires, new)
}

/// The link that a token stands for, if it counts. Why it does not is not said: unknown, used, expired and
/// cancelled are one answer.
pub fn open(
    read: &mut dyn Reads,
    signing: &Signing,
    now: Moment,
    purpose: Purpose,
    token: &str,
) -> Result<Link> {
    let claims = signing
        .verify(LINK_KIND, purpose.word(), token, now)
        .ok_or(Error::DeadLink)?;
    let id: LinkId = claims.sub.parse().map_err(|_| Error::DeadLink)?;
    let link = store::link(read, id)?.filter(|link| link.purpose == purpose && link.is_open(now));
    link.ok_or(Error::DeadLink)
}

/// The link that a token stands for, dead or alive. A dead one opens nothing; but the one to whom it was
/// sent may be led to what became of the matter, once they are signed in.
pub fn whose(read: &mut dyn Reads, signing: &Signing, purpose: Purpose, token: &str) -> Result<Option<Link>> {
    let Some(claims) = signing.verify_whenever(LINK_KIND, purpose.word(), token) else {
        return Ok(None);
    };
    let Ok(id) = claims.sub.parse::<LinkId>() else {
        return Ok(None);
    };
    Ok(store::link(read, id)?.filter(|link| link.purpose == purpose))
}

/// A link's row, open or not: for writing the letter that carries it.
pub fn find(read: &mut dyn Reads, id: LinkId) -> Result<Link> {
    store::link(read, id)?.ok_or(Error::NotFound)
}

/// The open link about a thing, for a letter that is written now.
pub fn about(read: &mut dyn Reads, purpose: Purpose, about_id: &str) -> Result<Option<Link>> {
    store::open_link_about(read, purpose, about_id)
}

/// Uses a link up. Only one can.
pub fn use_up(tx: &mut Tx<'_>, id: LinkId, now: Moment) -> Result<()> {
    if store::use_link(tx, id, now)? {
        Ok(())
    } else {
        Err(Error::DeadLink)
    }
}

/// Calls off every open link about a thing.
pub fn end_about(tx: &mut Tx<'_>, about_id: &str, at: Moment) -> Result<()> {
    store::end_links_about(tx, about_id, at)
}
