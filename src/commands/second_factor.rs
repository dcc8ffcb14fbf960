//! `licentral remove-second-factor`: for the day on which nobody is left who could do it in the portal.

use super::{current, say, words};
use crate::authn::people;
use crate::error::Error;
use crate::identity;
use crate::kernel::{Clock, EmailAddress, Who};
use crate::platform::config::Config;
use crate::platform::settings;

/// Removes the second factor of the person with this address. Recorded, and told to the person by the portal that serves the
/// database. Whoever may read the database and its keys may do everything, so nobody signs in.
pub fn remove(config: &Config, address: &str) -> Result<(), String> {
    let email = EmailAddress::parse(address)?;
    let db = current(&config.database_url)?;
    let clock = Clock::new();
    // A lab's clock may have been moved.
    let setting = db
        .read_now(|r| settings::get(r, settings::CLOCK))
        .map_err(words)?;
    if let Some(setting) = setting.and_then(|text| serde_json::from_str(&text).ok()) {
        clock.set(setting);
    }
    let now = clock.now();
    let name = db
        .write_now(|tx| {
            let person = people::by_email(tx, &email)?.ok_or(Error::NotFound)?;
            let done = identity::remove_second_factor(tx, now, &Who::portal("command"), &person)?;
            Ok(done.map(|()| person.label()))
        })
        .map_err(|error| match error {
            Error::NotFound => format!("Nobody has the address {email}."),
            other => words(other),
        })?;
    say(&format!(
        "The second factor of {name} is removed: the password alone lets them in. All their sessions have ended, and a letter tells them."
    ))
}
