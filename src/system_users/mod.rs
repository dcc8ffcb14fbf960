//! The users of an On-Prem server: Admin Workspace, Users, and the first sign-in at a server that was started empty.

mod api;
mod factor_pages;
mod list;
mod model;
mod pages;
mod service;
mod wizard_pages;

pub use service::{ADMIN, write_first};

use crate::authn::people;
use crate::error::Result;
use crate::http::{Portal, Routes};
use crate::kernel::Secret;
use crate::kernel::ids::PersonId;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    factor_pages::routes(routes);
    api::routes(routes);
    wizard_pages::routes(routes);
}

/// Makes the first user of a server that has none, with the login that everybody knows. Says how to sign in, or nothing
/// when there is somebody already. Runs before the server does.
pub fn bootstrap(portal: &Portal) -> Result<Option<String>> {
    if portal.db.read_now(|r| people::count(r))? > 0 {
        return Ok(None);
    }
    let hash = portal.hasher.hash_now(&Secret::new(service::DEFAULT_PASSWORD))?;
    let (id, now) = (PersonId::new(), portal.clock.now());
    portal
        .db
        .write_now(|tx| service::write_first(tx, now, id, &hash))?;
    Ok(Some(format!(
        "Sign in at {} as {ADMIN} with the password {}. The first sign-in asks for a password of your own.",
        portal.config.base_url,
        service::DEFAULT_PASSWORD
    )))
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "system-users.last-administrator",
        "A server keeps at least one System Administrator who can sign in.",
        "Make another user a System Administrator first.",
    ),
    (
        "system-users.name-taken",
        "The user name is taken.",
        "Choose another user name.",
    ),
    (
        "system-users.not-active",
        "Only an Active user is sent a link for a new password.",
        "Enable the user first; one who was invited follows the link of the invitation.",
    ),
    (
        "system-users.own-second-factor",
        "Nobody removes their own second factor without password and code.",
        "Remove it in your profile, or have another System Administrator do it.",
    ),
    (
        "system-users.yourself",
        "Nobody changes their own role, and nobody disables or removes themselves.",
        "Have it done by another System Administrator.",
    ),
];
