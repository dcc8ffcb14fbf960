//! The emailed link: where it leads, and setting up a user account by it.

use super::{Token, flash};
use crate::account_requests::{model, service};
use crate::authn::{PersonState, people};
use crate::authz::links::{self, Link, Purpose};
use crate::error::{Error, Problems, Result};
use crate::http::form::{self, PathPart};
use crate::http::{Answer, FlashKind, FormState, Posted, Public, Shell, Visit, page, page_with, see_other};
use crate::identity::{self, Entrance, check_new_password, shortest_password};
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Name, Who};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "account_requests/set_up_account.html")]
struct SetUpView {
    shell: Shell,
    form: FormState,
    email: String,
    requester: String,
    account: String,
}

/// Where an emailed link leads its visitor.
pub(super) enum Way {
    /// To the request: the visitor is the one to whom it was sent.
    Request(String),
    /// To signing in.
    SignIn,
    /// To setting up a user account.
    SetUp(Box<Newcomer>),
    /// It was sent to somebody else.
    AnotherPerson,
}

/// Somebody who was asked and has no user account.
pub(super) struct Newcomer {
    link: Link,
    creator: model::Creator,
    requester: String,
    account: String,
    /// A name that is known of them.
    name: String,
}

pub(super) async fn way(visit: &Visit, token: &str) -> Result<Way> {
    let (signing, now, token) = (
        visit.portal.signing.clone(),
        visit.portal.clock.now(),
        token.to_owned(),
    );
    let visitor = visit
        .actor
        .as_ref()
        .map(|actor| actor.person.email.key().to_owned());
    visit
        .portal
        .db
        .read(move |r| {
            let link = match links::open(r, &signing, now, Purpose::DecideAccountRequest, &token) {
                Ok(link) => link,
                // Dead for everybody but the one to whom it was sent, who may see what has become of it.
                Err(Error::DeadLink) => {
                    let link = links::whose(r, &signing, Purpose::DecideAccountRequest, &token)?
                        .filter(|link| visitor.as_deref() == Some(link.email_key.as_str()))
                        .ok_or(Error::DeadLink)?;
                    let (request, _) = service::by_creator(r, &link.about_id)?;
                    return Ok(Way::Request(request.reference));
                }
                Err(other) => return Err(other),
            };
            let (request, creator) = service::by_creator(r, &link.about_id)?;
            match visitor {
                Some(key) if key == link.email_key => return Ok(Way::Request(request.reference)),
                Some(_) => return Ok(Way::AnotherPerson),
                None => {}
            }
            let email = EmailAddress::parse(&creator.email).map_err(Error::internal)?;
            let known = people::by_email(r, &email)?;
            match known.as_ref().map(|person| person.state) {
                Some(PersonState::Active) => Ok(Way::SignIn),
                Some(PersonState::Disabled) => Err(Error::DeadLink),
                Some(PersonState::Invited) | None => {
                    let account = crate::smart_accounts::find(r, request.account)?.name;
                    let requester = people::find(r, request.requester)?.name;
                    let name = known
                        .map(|person| person.name)
                        .filter(|name| name != email.as_str())
                        .unwrap_or_default();
                    Ok(Way::SetUp(Box::new(Newcomer {
                        link,
                        creator,
                        requester,
                        account,
                        name,
                    })))
                }
            }
        })
        .await
}

fn set_up_view(visit: &Visit, newcomer: &Newcomer, form: FormState) -> SetUpView {
    let mut shell = visit.shell("Set up your user account");
    shell.error_title = form.has_problems();
    SetUpView {
        shell,
        form,
        email: newcomer.creator.email.clone(),
        requester: newcomer.requester.clone(),
        account: newcomer.account.clone(),
    }
}

/// All ways but the one to a form.
fn go(visit: &Visit, way: &Way) -> Answer {
    match way {
        Way::Request(reference) => see_other(&format!("/requests/{reference}")),
        Way::SignIn => {
            let next: String = url::form_urlencoded::byte_serialize(visit.path.as_bytes()).collect();
            see_other(&format!("/login?next={next}"))
        }
        Way::AnotherPerson => identity::sent_to_another(visit),
        Way::SetUp(_) => Err(Error::DeadLink),
    }
}

/// Opens an emailed link. Nothing is changed, however often it is opened and by whom.
pub(super) async fn open_link(visit: Public, token: PathPart<Token>) -> Answer {
    match way(&visit, &token.0.0).await? {
        Way::SetUp(newcomer) => {
            let form = form::fresh().with_value("name", &newcomer.name);
            page(&set_up_view(&visit, &newcomer, form))
        }
        other => go(&visit, &other),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUpForm {
    name: String,
    password: String,
    password_again: String,
}

pub(super) async fn set_up_account(
    visit: Public,
    token: PathPart<Token>,
    posted: Posted<SetUpForm>,
) -> Answer {
    let newcomer = match way(&visit, &token.0.0).await? {
        Way::SetUp(newcomer) => newcomer,
        other => return go(&visit, &other),
    };
    let typed = &posted.value;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let about = [
        typed.name.as_str(),
        newcomer.creator.email.as_str(),
        newcomer.account.as_str(),
    ];
    let shortest = shortest_password(&visit).await?;
    let secret = problems.take_all(check_new_password(
        &typed.password,
        &typed.password_again,
        &about,
        shortest,
    ));
    let (Some(name), Some(secret)) = (name, secret) else {
        return page_with(422, &set_up_view(&visit, &newcomer, posted.again(&problems)));
    };
    let hash = visit.portal.hasher.hash(&secret).await?;
    let who = Who {
        person: None,
        label: newcomer.creator.email.clone(),
        address: visit.address.clone(),
        request_id: visit.request_id.clone(),
    };
    let (at, id, entrance) = (visit.portal.clock.now(), PersonId::new(), Entrance::of(&visit));
    let (inside, link, creator) = (entrance.clone(), newcomer.link.id, newcomer.creator.clone());
    let reference = visit
        .portal
        .db
        .write(move |tx| {
            let done = service::welcome_person(tx, &who, at, link, id, &creator, &name, &hash)?;
            inside.begin(tx, done.value())?;
            let (request, _) = service::by_creator(tx, creator.id.as_str())?;
            Ok(done.map(|_| request.reference))
        })
        .await?;
    let mut response = visit.see_other(
        &format!("/requests/{reference}"),
        flash(
            FlashKind::Ok,
            "Your user account is set up, and you are signed in. Now decide the request.",
            None,
        ),
    );
    entrance.set_cookie(&mut response);
    Ok(response)
}
