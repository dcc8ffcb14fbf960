//! What the receiver and the commands of a lab do with webhooks.

use super::model::{Wanted, fits};
use super::service::{NewSecret, add, remove, secrets};
use super::store;
use crate::authz::Permit;
use crate::authz::action::ManageWebhooks;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, WebhookId};
use crate::kernel::{Moment, Name};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::signing::Signing;

/// What a receiver of the lab finds out about a signature.
pub enum Judged {
    /// It is that of the webhook with this name.
    Good(String),
    /// Why it is not.
    Bad(&'static str),
}

/// Looks at a signature as a receiver does.
pub fn judge(
    read: &mut dyn Reads,
    signing: &Signing,
    wall: Moment,
    webhook: &str,
    header: &str,
    body: &str,
) -> Result<Judged> {
    let known = match webhook.parse() {
        Ok(id) => store::known(read, id)?,
        Err(_) => None,
    };
    let Some(hook) = known else {
        return Ok(Judged::Bad("It came from no webhook of this portal."));
    };
    Ok(match fits(header, &secrets(signing, &hook, wall), wall, body) {
        Ok(()) => Judged::Good(hook.name),
        Err(why) => Judged::Bad(why),
    })
}

/// How many deliveries the newest webhook with a name has, in whatever account; none when there is no such webhook.
pub fn tally(read: &mut dyn Reads, name: &str) -> Result<Option<[u64; 3]>> {
    let Some(id) = store::named(read, name)?.first().copied() else {
        return Ok(None);
    };
    let tally = store::tallies(read, &[id])?.remove(&id).unwrap_or_default();
    Ok(Some([tally.waiting, tally.delivered, tally.given_up]))
}

/// What a command of the lab listens to, and where.
#[derive(Debug, Clone)]
pub struct Heard {
    /// A name for the webhook; one of that name is replaced.
    pub name: Name,
    /// Where it goes.
    pub url: String,
    /// Kinds of events.
    pub kinds: String,
}

/// A webhook for a command of the lab that listens to an account; `by` is whoever gave the command.
pub fn listen(
    tx: &mut Tx<'_>,
    by: &str,
    at: Moment,
    account: SmartAccountId,
    secret: (WebhookId, &NewSecret),
    heard: &Heard,
) -> Result<Recorded<WebhookId>> {
    let permit = by_the_lab(account, by);
    let former = store::all(tx, permit.within())?
        .into_iter()
        .find(|hook| hook.name == heard.name.as_str());
    if let Some(former) = former {
        store::remove(tx, &former)?;
    }
    let wanted = Wanted {
        name: heard.name.clone(),
        url: heard.url.clone(),
        kinds: heard.kinds.clone(),
        is_on: true,
    };
    let (id, secret) = secret;
    Ok(add(tx, &permit, at, id, secret, &wanted)?.map(|hook| hook.id))
}

/// Ends it.
pub fn stop_listening(tx: &mut Tx<'_>, by: &str, at: Moment, id: WebhookId) -> Result<Recorded<String>> {
    let hook = store::known(tx, id)?.ok_or(Error::NotFound)?;
    remove(tx, &by_the_lab(hook.account, by), at, id)
}

fn by_the_lab(account: SmartAccountId, by: &str) -> Permit<ManageWebhooks> {
    Permit::by_the_portal_in(account, &format!("lab listen by {by}"))
}
