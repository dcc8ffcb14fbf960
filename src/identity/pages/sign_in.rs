//! In and out.

use super::super::entrance::Entrance;
use super::super::service::{self, Caller, CameIn, FirstStep, Known, Login};
use super::second_step::ask_for_code;
use super::{next_page, prove, provider, query_value};
use crate::authn::passkeys::Site;
use crate::authn::password::Verdict;
use crate::authn::people::Person;
use crate::authn::system_users::UserName;
use crate::authn::throttle::Subjects;
use crate::authn::{people, session, throttle};
use crate::authz::grants;
use crate::error::{Error, Problems, Result};
use crate::http::errors::wait;
use crate::http::shell::initials;
use crate::http::{
    Answer, FormState, LabOnly, Posted, Public, Routes, Shell, SignedIn, Visit, form, page, page_with, reply,
    visit,
};
use crate::kernel::{Edition, EmailAddress, Secret};
use crate::platform::{settings, token};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/login", show);
    routes.post("/login", sign_in);
    routes.post("/login/as", sign_in_as);
    routes.post("/logout", sign_out);
    routes.get("/confirm-password", show_confirm);
    routes.post("/confirm-password", confirm);
}

/// How many of the cast the sign-in page of a lab lists.
const CAST: i64 = 30;

#[derive(Template)]
#[template(path = "identity/login.html")]
struct LoginView {
    shell: Shell,
    form: FormState,
    next: String,
    cast: Vec<CastMember>,
    /// Who is signed in already.
    already: Option<String>,
    /// What an On-Prem server says to whoever comes, or "".
    message_of_the_day: String,
    /// The identity provider by which one may come in, and the way there.
    provider: Option<ProviderLink>,
    /// The way to sign in with a passkey, where browsers make them for this portal.
    passkey: Option<String>,
}

/// The way to sign in with a passkey, and on to a page from there.
fn passkey_link(visit: &Visit, next: &str) -> Option<String> {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    Site::of(&visit.portal.config.base_url).map(|_| format!("/login/passkey?next={next}"))
}

/// The way to the identity provider.
struct ProviderLink {
    name: String,
    href: String,
}

impl ProviderLink {
    /// The way to the provider of this portal, and on to a page from there. `again`: whoever comes proves once more who they are.
    fn of(visit: &Visit, next: &str, again: bool) -> Option<Self> {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let again = if again { "&again=1" } else { "" };
        visit.portal.provider.as_ref().map(|provider| Self {
            name: provider.name().to_owned(),
            href: format!("/login/provider?next={next}{again}"),
        })
    }
}

/// One of a lab's people, to be chosen with one click.
struct CastMember {
    name: String,
    email: String,
    initials: String,
    roles: Vec<String>,
}

async fn login_view(visit: &Visit, form: FormState, next: &str) -> Result<LoginView> {
    let (is_lab, edition) = (visit.portal.config.is_lab(), visit.portal.config.edition);
    let (cast, message_of_the_day) = visit
        .portal
        .db
        .read(move |r| {
            let cast = if is_lab { cast(r, edition)? } else { Vec::new() };
            let message = settings::get(r, settings::MESSAGE_OF_THE_DAY)?;
            Ok((cast, message.unwrap_or_default()))
        })
        .await?;
    let mut shell = visit.shell("Sign in");
    shell.menu.clear();
    shell.error_title = form.has_problems();
    Ok(LoginView {
        shell,
        form,
        next: next.to_owned(),
        cast,
        message_of_the_day,
        provider: ProviderLink::of(visit, next, false),
        passkey: passkey_link(visit, next),
        already: visit.actor.as_ref().map(|actor| actor.person.label()),
    })
}

fn cast(read: &mut impl crate::platform::db::Reads, edition: Edition) -> Result<Vec<CastMember>> {
    let found = people::active(read, CAST)?;
    let ids: Vec<_> = found.iter().map(|(person, _)| person.id).collect();
    let held = grants::held_by(read, &ids)?;
    Ok(found
        .into_iter()
        .map(|(person, platform)| {
            let mut roles: Vec<String> = platform.iter().map(|role| role.label().to_owned()).collect();
            roles.extend(held.iter().filter(|held| held.person == person.id).map(|held| {
                match &held.virtual_account {
                    Some(va) => format!("{}, {}: {}", held.account, va, held.role.label_in(edition)),
                    None => format!("{}: {}", held.account, held.role.label_in(edition)),
                }
            }));
            if roles.is_empty() {
                roles.push("No access yet".to_owned());
            }
            CastMember {
                initials: initials(&person.name),
                name: person.name,
                email: person.email.to_string(),
                roles,
            }
        })
        .collect())
}

async fn show(visit: Public) -> Answer {
    let next = query_value(&visit, "next");
    page(&login_view(&visit, form::fresh(), &next).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(visit: Public, posted: Posted<Typed>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let is_on_prem = visit.portal.config.edition.is_on_prem();
    let login = problems.take("email", login(is_on_prem, &typed.email));
    if typed.password.is_empty() {
        problems.add("password", "Enter your password.");
    }
    let Some(login) = login.filter(|_| problems.is_empty()) else {
        return page_with(
            422,
            &login_view(&visit, posted.again(&problems), &typed.next).await?,
        );
    };
    match try_to_sign_in(&visit, &login, &Secret::new(&typed.password)).await {
        Ok(Entered::In(entrance)) => {
            let mut response = reply::redirect(next_page(&visit, &typed.next));
            entrance.set_cookie(&mut response);
            Ok(response)
        }
        Ok(Entered::HalfWay(step)) => ask_for_code(&visit, &step, &typed.next).await,
        Ok(Entered::No) => {
            problems.add(
                "",
                if is_on_prem {
                    "The user name or the password is not right."
                } else {
                    "The e-mail address or the password is not right."
                },
            );
            page_with(
                422,
                &login_view(&visit, posted.again(&problems), &typed.next).await?,
            )
        }
        Err(Error::TooMany { retry_after }) => {
            let seconds = retry_after.as_secs().max(1);
            let wait = wait(retry_after);
            problems.add(
                "",
                format!("There were too many tries. Wait {wait} and try again."),
            );
            let view = login_view(&visit, posted.again(&problems), &typed.next).await?;
            let mut response = page_with(429, &view)?;
            reply::set_header(&mut response, "retry-after", &seconds.to_string());
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// What was typed as a login: an address, or on an On-Prem server a user name as well.
fn login(is_on_prem: bool, typed: &str) -> Result<Login, String> {
    if is_on_prem && !typed.contains('@') {
        return UserName::parse(typed).map(|name| Login::UserName(name.as_str().to_owned()));
    }
    EmailAddress::parse(typed).map(Login::Email)
}

/// What was found out about a login and a password, before anything is written.
struct Tried {
    known: Option<Known>,
    subjects: Subjects,
    right: bool,
    /// A better hash of the same password.
    renewed: Option<String>,
}

/// Compares a password. Where nobody has the login, as much is computed.
async fn compare(visit: &Visit, login: &Login, password: &Secret) -> Result<Tried> {
    let portal = &visit.portal;
    let (wall, address, login) = (portal.clock.wall(), visit.address.clone(), login.clone());
    let (known, subjects) = portal
        .db
        .read(move |r| {
            let known = service::known_by(r, &login)?;
            // Whoever has two logins does not have twice as many tries.
            let key = known
                .as_ref()
                .map_or_else(|| login.key(), |known| known.person.email.key().to_owned());
            let subjects =
                throttle::subjects_of_anybody(r, wall, "", &key, &address, throttle::FREE_SIGN_INS)?;
            throttle::check(r, wall, &subjects)?;
            Ok((known, subjects))
        })
        .await?;
    let hash = known.as_ref().and_then(|known| known.hash.clone());
    let verdict = portal.hasher.verify(password, hash).await?;
    let renewed = match verdict {
        Verdict::Right { outdated: true } => Some(portal.hasher.hash(password).await?),
        _ => None,
    };
    Ok(Tried {
        known,
        subjects,
        right: matches!(verdict, Verdict::Right { .. }),
        renewed,
    })
}

/// The person with this login and password, for a client that asks in their name: without a session. A miss counts and is
/// recorded as one at the page; otherwise it is recorded that the client is given an access token.
pub async fn person_of(
    visit: &Visit,
    login: &str,
    password: &Secret,
    client: &str,
) -> Result<Option<Person>> {
    let Ok(login) = self::login(visit.portal.config.edition.is_on_prem(), login) else {
        return Ok(None);
    };
    let tried = compare(visit, &login, password).await?;
    let (caller, client) = (Caller::of(visit), client.to_owned());
    visit
        .portal
        .db
        .write(move |tx| {
            let known = tried.known.as_ref();
            service::let_in(tx, &caller, &tried.subjects, known, tried.right, &client)
        })
        .await
}

/// What came of a login and a password.
enum Entered {
    In(Entrance),
    /// A code is asked for next.
    HalfWay(FirstStep),
    No,
}

/// The way in, when login and password are right.
async fn try_to_sign_in(visit: &Visit, login: &Login, password: &Secret) -> Result<Entered> {
    let portal = &visit.portal;
    let tried = compare(visit, login, password).await?;
    let (caller, entrance, wall) = (Caller::of(visit), Entrance::of(visit), portal.clock.wall());
    let inside = entrance.clone();
    // With the hash that counts afterwards.
    let known = tried.known.clone().map(|known| Known {
        hash: tried.renewed.clone().or(known.hash),
        ..known
    });
    let came = portal
        .db
        .write(move |tx| {
            service::sign_in(
                tx,
                &caller,
                &inside,
                &tried.subjects,
                tried.known.as_ref(),
                tried.right,
                tried.renewed.as_deref(),
            )
        })
        .await?;
    Ok(match (came, known) {
        (CameIn::Yes, _) => Entered::In(entrance),
        (CameIn::HalfWay, Some(known)) => Entered::HalfWay(FirstStep::of(&known, wall)),
        _ => Entered::No,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInAs {
    email: String,
    #[serde(default)]
    next: String,
}

async fn sign_in_as(visit: LabOnly, posted: Posted<SignInAs>) -> Answer {
    let email = EmailAddress::parse(&posted.value.email).map_err(|_| Error::NotFound)?;
    let (caller, entrance) = (Caller::of(&visit), Entrance::of(&visit));
    let inside = entrance.clone();
    let (came, known) = visit
        .portal
        .db
        .write(move |tx| service::sign_in_as(tx, &caller, &inside, &email))
        .await?;
    if came == CameIn::HalfWay {
        let step = FirstStep::of(&known, visit.portal.clock.wall());
        return ask_for_code(&visit, &step, &posted.value.next).await;
    }
    let mut response = reply::redirect(next_page(&visit, &posted.value.next));
    entrance.set_cookie(&mut response);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOut {
    /// Where to go on to, without the session.
    #[serde(default)]
    next: String,
}

async fn sign_out(who: SignedIn, posted: Posted<SignOut>) -> Answer {
    let (caller, actor) = (Caller::of(&who), who.actor().clone());
    let way = who
        .portal
        .db
        .write(move |tx| service::sign_out(tx, &caller, &actor))
        .await?;
    let mut response = match (reply::local_path(&posted.value.next), way) {
        ("/", Some(way)) if way.is_by_provider() => provider::signed_out(&who).await?,
        ("/", _) => reply::redirect("/login"),
        (path, _) => reply::redirect(path),
    };
    forget_browser(&mut response);
    Ok(response)
}

/// The session is over: the browser forgets it, and what was seen is not to be seen again with the Back button.
pub(super) fn forget_browser(response: &mut HttpResponse) {
    reply::drop_cookie(response, session::COOKIE);
    reply::drop_cookie(response, visit::ACCOUNT);
    reply::set_header(response, "clear-site-data", "\"cache\", \"storage\"");
}

#[derive(Template)]
#[template(path = "identity/confirm_password.html")]
struct ConfirmView {
    shell: Shell,
    form: FormState,
    next: String,
    email: String,
    back: &'static str,
    has_password: bool,
    /// For those who come in that way.
    provider: Option<ProviderLink>,
}

async fn confirm_view(who: &SignedIn, form: FormState, next: &str) -> Result<ConfirmView> {
    let (person, provider) = (who.actor().person.id, who.portal.provider.clone());
    let (has_password, is_linked) = who
        .portal
        .db
        .read(move |r| {
            let has_password = people::password_hash(r, person)?.is_some();
            let is_linked = match &provider {
                Some(provider) => crate::authn::provider::is_linked(r, provider.issuer(), person)?,
                None => false,
            };
            Ok((has_password, is_linked))
        })
        .await?;
    let mut shell = who.shell("Confirm your password");
    shell.error_title = form.has_problems();
    Ok(ConfirmView {
        shell,
        form,
        next: next.to_owned(),
        email: who.actor().person.email.to_string(),
        back: who.portal.config.edition.start(),
        has_password,
        provider: ProviderLink::of(who, next, true).filter(|_| is_linked),
    })
}

async fn show_confirm(who: SignedIn) -> Answer {
    let next = query_value(&who, "next");
    page(&confirm_view(&who, form::fresh(), &next).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    password: String,
    #[serde(default)]
    next: String,
}

async fn confirm(who: SignedIn, posted: Posted<Confirm>) -> Answer {
    let actor = who.actor().clone();
    let Some((_, subjects)) = prove(&who, &actor, &posted.value.password).await? else {
        let mut problems = Problems::default();
        problems.add("password", "The password is not right.");
        return page_with(
            422,
            &confirm_view(&who, posted.again(&problems), &posted.value.next).await?,
        );
    };
    let (caller, cookie) = (Caller::of(&who), token::random());
    let new = cookie.clone();
    who.portal
        .db
        .write(move |tx| service::confirm(tx, &caller, &subjects, &actor, &new))
        .await?;
    let mut response = reply::redirect(next_page(&who, &posted.value.next));
    reply::set_cookie(&mut response, session::COOKIE, &cookie, None);
    Ok(response)
}
