//! What can be set of a server.

use super::letters;
use super::model::ServerSettings;
use crate::authn::system_users::Rules;
use crate::authz::Permit;
use crate::authz::action::ConfigureServer;
use crate::error::Result;
use crate::identity;
use crate::kernel::{EmailAddress, Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::{mail, settings};
use serde_json::json;

/// Under which it is kept whether new accounts leave host names out.
const HIDE_HOSTNAMES: &str = "hide-hostnames";

/// Whether a new account leaves host names out of its synchronization files.
pub fn hides_hostnames_by_default(read: &mut dyn Reads) -> Result<bool> {
    Ok(settings::get(read, HIDE_HOSTNAMES)?.as_deref() == Some("yes"))
}

/// The settings.
pub fn read(read: &mut dyn Reads) -> Result<ServerSettings> {
    Ok(ServerSettings {
        message_of_the_day: settings::get(read, settings::MESSAGE_OF_THE_DAY)?.unwrap_or_default(),
        hide_hostnames: hides_hostnames_by_default(read)?,
    })
}

/// Keeps the settings.
pub fn save(
    tx: &mut Tx<'_>,
    permit: &Permit<ConfigureServer>,
    at: Moment,
    new: &ServerSettings,
) -> Result<Recorded<()>> {
    let before = read(tx)?;
    if before == *new {
        return Ok(tx.unchanged(()));
    }
    settings::set(tx, settings::MESSAGE_OF_THE_DAY, &new.message_of_the_day)?;
    settings::set(tx, HIDE_HOSTNAMES, if new.hide_hostnames { "yes" } else { "no" })?;
    let event = Event::new(
        Kind::ServerChanged,
        "settings",
        "Settings of this server were changed.",
    )
    .changed(&before, new);
    tx.record(at, permit.who(), &event, ())
}

/// Queues a letter that only says that letters arrive.
pub fn send_test(
    tx: &mut Tx<'_>,
    permit: &Permit<ConfigureServer>,
    at: Moment,
    to: &EmailAddress,
) -> Result<Recorded<()>> {
    let extra = json!({ "by": permit.who().label });
    mail::post(tx, at, letters::TEST, permit.person()?.as_str(), &extra, "", to)?;
    let event = Event::new(
        Kind::ServerChanged,
        "test-email",
        format!("A test email was sent to {to}."),
    );
    tx.record(at, permit.who(), &event, ())
}

/// Keeps the rules of passwords and sessions.
pub fn save_rules(
    tx: &mut Tx<'_>,
    permit: &Permit<ConfigureServer>,
    at: Moment,
    new: Rules,
) -> Result<Recorded<()>> {
    let before = Rules::of(tx)?.unwrap_or_default();
    if before == new {
        return Ok(tx.unchanged(()));
    }
    new.keep(tx)?;
    let event = Event::new(
        Kind::ServerChanged,
        "security",
        "The security rules of this server were changed.",
    )
    .changed(&before, &new);
    tx.record(at, permit.who(), &event, ())
}

/// Switches the API on or off.
pub fn switch_api(
    tx: &mut Tx<'_>,
    permit: &Permit<ConfigureServer>,
    at: Moment,
    on: bool,
) -> Result<Recorded<()>> {
    let before = settings::api_is_on(tx)?;
    if before == on {
        return Ok(tx.unchanged(()));
    }
    settings::switch_api(tx, on)?;
    let state = if on { "on" } else { "off" };
    let event = Event::new(
        Kind::ServerChanged,
        "api",
        format!("The API of this server was switched {state}."),
    )
    .changed(&json!({ "api": before }), &json!({ "api": on }));
    tx.record(at, permit.who(), &event, ())
}

/// Revokes anybody's API client.
pub fn revoke(
    tx: &mut Tx<'_>,
    permit: &Permit<ConfigureServer>,
    at: Moment,
    id: &str,
) -> Result<Recorded<()>> {
    identity::end_client_of(tx, at, permit.who(), id)
}
