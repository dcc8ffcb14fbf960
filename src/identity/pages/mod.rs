//! The pages of this room.

mod api_access;
mod factor_dialog;
mod links;
mod passkey_sign_in;
mod passkeys;
mod password;
mod profile;
mod provider;
mod second_factor;
mod second_step;
mod set_up;
mod sign_in;

pub use links::sent_to_another;
pub use sign_in::person_of;

use super::service::{self, Caller, Known};
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Actor, password::Verdict};
use crate::error::{Error, Result};
use crate::http::form::Named;
use crate::http::widgets::Tab;
use crate::http::{Crumb, Routes, Shell, Visit, reply};
use crate::kernel::Secret;
use std::convert::Infallible;
use std::str::FromStr;

pub fn routes(routes: &mut Routes) {
    sign_in::routes(routes);
    second_step::routes(routes);
    provider::routes(routes);
    second_factor::routes(routes);
    passkeys::routes(routes);
    passkey_sign_in::routes(routes);
    password::routes(routes);
    set_up::routes(routes);
    profile::routes(routes);
    api_access::routes(routes);
}

/// The signed part of an emailed link. Whether it is one is found out when it is opened.
struct LinkToken(String);
impl FromStr for LinkToken {
    type Err = Infallible;
    fn from_str(s: &str) -> Result<Self, Infallible> {
        Ok(Self(s.to_owned()))
    }
}
impl Named for LinkToken {
    const NAME: &'static str = "token";
}

/// The page that was asked for before: a path of this portal, or the start.
fn next_page<'a>(visit: &Visit, given: &'a str) -> &'a str {
    match reply::local_path(given) {
        "/" => visit.portal.config.edition.start(),
        path => path,
    }
}

/// A value of the query string.
fn query_value(visit: &Visit, name: &str) -> String {
    url::form_urlencoded::parse(visit.query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Whether a password is that of the one who is signed in; none when it is not. Tries are counted as those
/// of the sign-in page are, so that a borrowed browser is no way round them.
async fn prove(visit: &Visit, actor: &Actor, typed: &str) -> Result<Option<(Known, Subjects)>> {
    let email = actor.person.email.clone();
    let subjects = throttle::subjects(email.key(), &visit.address);
    let caller = Caller::of(visit);
    let (known, subjects) = visit
        .portal
        .db
        .read(move |r| {
            throttle::check(r, caller.wall, &subjects)?;
            Ok((service::known(r, &email)?, subjects))
        })
        .await?;
    let known = known.ok_or(Error::SignedOut)?;
    let verdict = visit
        .portal
        .hasher
        .verify(&Secret::new(typed), known.hash.clone())
        .await?;
    if matches!(verdict, Verdict::Right { .. }) {
        return Ok(Some((known, subjects)));
    }
    let caller = Caller::of(visit);
    visit
        .portal
        .db
        .write(move |tx| {
            throttle::check(tx, caller.wall, &subjects)?;
            service::miss(tx, &caller, &subjects, Some(&known.person), "password check")
        })
        .await?;
    Ok(None)
}

/// The shell of a page about oneself.
fn own_shell(visit: &Visit, title: &str) -> Shell {
    let mut shell = visit.shell(title);
    if title != "Your profile" {
        shell.crumbs.push(Crumb::link("Your profile", "/profile"));
        shell.crumbs.push(Crumb::text(title));
    }
    shell
}

/// The pages about oneself.
fn own_tabs(current: &str) -> Vec<Tab> {
    [
        ("Profile", "/profile"),
        ("Password", "/profile/password"),
        ("Second factor", "/profile/second-factor"),
        ("Sessions", "/profile/sessions"),
        ("API access", "/profile/api"),
        ("Appearance", "/preferences"),
    ]
    .into_iter()
    .map(|(label, href)| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        current: href == current,
        count: None,
    })
    .collect()
}
