//! What people do with what is their own, once for pages and scripts.

use super::service::Caller;
use crate::authn::Actor;
use crate::error::Result;
use crate::http::SignedIn;
use crate::platform::db::{Recorded, Tx};

/// Does something with what is one's own, and records it. The closure may run more than once.
pub async fn does<T: Send + 'static>(
    who: &SignedIn,
    with: impl Fn(&mut Tx<'_>, &Caller, &Actor) -> Result<Recorded<T>> + Send + 'static,
) -> Result<T> {
    let (caller, actor) = (Caller::of(who), who.actor().clone());
    who.portal.db.write(move |tx| with(tx, &caller, &actor)).await
}
