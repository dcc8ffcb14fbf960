//! The emailed link of those who can decide. Opening it changes nothing, however often and by whom.

use super::super::service;
use crate::authz::links::{self, Purpose};
use crate::error::{Error, Result};
use crate::http::form::{Named, PathPart};
use crate::http::{Answer, Public, see_other};
use crate::identity;

/// What stands in an emailed link. Anything may; what is no token is a dead link.
pub struct Token(String);

impl std::str::FromStr for Token {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
impl Named for Token {
    const NAME: &'static str = "token";
}

/// Where a link leads its visitor.
enum Way {
    /// To the request: the visitor is the one to whom it was sent.
    Request(String),
    /// To signing in.
    SignIn,
    /// It was sent to somebody else.
    AnotherPerson,
}

pub async fn open(visit: Public, token: PathPart<Token>) -> Answer {
    let (signing, now, token) = (visit.portal.signing.clone(), visit.portal.clock.now(), token.0.0);
    let visitor = visit
        .actor
        .as_ref()
        .map(|actor| actor.person.email.key().to_owned());
    let way = visit
        .portal
        .db
        .read(move |r| {
            let link = match links::open(r, &signing, now, Purpose::DecideAccess, &token) {
                Ok(link) => link,
                // Dead for everybody but the one to whom it was sent, who may see what has become of it.
                Err(Error::DeadLink) => links::whose(r, &signing, Purpose::DecideAccess, &token)?
                    .filter(|link| visitor.as_deref() == Some(link.email_key.as_str()))
                    .ok_or(Error::DeadLink)?,
                Err(other) => return Err(other),
            };
            Ok(match visitor {
                None => Way::SignIn,
                Some(key) if key != link.email_key => Way::AnotherPerson,
                Some(_) => {
                    let (request, number) = service::by_link(r, &link.about_id)?;
                    Way::Request(format!("/sa/{number}/account/requests/{}", request.id))
                }
            })
        })
        .await?;
    match way {
        Way::Request(path) => see_other(&path),
        Way::SignIn => {
            let next: String = url::form_urlencoded::byte_serialize(visit.path.as_bytes()).collect();
            see_other(&format!("/login?next={next}"))
        }
        Way::AnotherPerson => identity::sent_to_another(&visit),
    }
}
