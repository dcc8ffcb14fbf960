//! What is done with tokens, once for pages and scripts.

use super::model::Terms;
use super::service::{self, New, Rights};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::Result;
use crate::http::May;
use crate::kernel::Moment;
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::platform::db::{OnceKey, Recorded, Tx};

/// Does something with tokens that one sees and may manage, at portal time.
pub async fn does<T: Send + 'static>(
    may: &May<ManageTokens>,
    with: impl Fn(&mut Tx<'_>, &Rights<'_>, Moment) -> Result<Recorded<T>> + Send + 'static,
) -> Result<T> {
    let view = may.also::<ViewInventory>().await?;
    may.does(move |tx, manage, at| with(tx, &Rights { view: &view, manage }, at))
        .await
}

/// Generates a token for each of these Virtual Accounts, all of them or none.
pub async fn generate(
    may: &May<ManageTokens>,
    at: Moment,
    wanted: impl IntoIterator<Item = (VirtualAccountId, Terms)>,
    once: Option<OnceKey>,
) -> Result<Vec<RegistrationTokenId>> {
    let make = |(place, terms)| New::make(&may.portal.signing, at, place, terms);
    let news: Vec<New> = wanted.into_iter().map(make).collect::<Result<_>>()?;
    let occupants = may.portal.occupants.clone();
    does(may, move |tx, rights, _| {
        service::create(tx, rights, &occupants, at, &news, once.as_ref())
    })
    .await
}
