//! The token addresses of the vendor's clouds and of its On-Prem server. At each of them the parameters may stand in a form,
//! in the address, in JSON, or in HTTP Basic. Where a browser is sent for the grant with a code: [`super::consent_pages`].

use crate::authn::{Person, api_client, people};
use crate::error::Result;
use crate::http::form::RawBody;
use crate::http::{Answer, Public, Routes, SignedIn, json, reply};
use crate::identity::{self, Caller, Credentials};
use crate::kernel::{Edition, Secret};
use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use serde_json::json;

const SAYS: &str = "Trade the secret of an API client, or of a person through one, for an access token.";

pub fn routes(routes: &mut Routes, edition: Edition) {
    if edition.is_on_prem() {
        routes.vendor(Method::POST, "/oauth/token", SAYS, token);
        return;
    }
    routes.vendor(Method::POST, "/as/token.oauth2", SAYS, token);
    routes.vendor(Method::POST, "/oauth2/default/v1/token", SAYS, token);
    routes.vendor(
        Method::POST,
        "/idp/userinfo.openid",
        "Who the access token stands for.",
        userinfo,
    );
    routes.vendor(
        Method::GET,
        "/idp/userinfo.openid",
        "Who the access token stands for.",
        userinfo,
    );
}

fn refused(status: u16, error: &str, says: &str) -> Answer {
    let mut response = json(status, &json!({ "error": error, "error_description": says }))?;
    if status == 401 {
        reply::set_header(&mut response, "www-authenticate", "Basic realm=\"licentral\"");
    }
    Ok(response)
}

/// Why a client is not let in: the code, the error and the words.
type No = (u16, &'static str, &'static str);

const WRONG_CLIENT: No = (401, "invalid_client", "Invalid client or client credentials.");

async fn token(visit: Public, req: HttpRequest, body: RawBody) -> Answer {
    let authorization = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let given = Credentials::gather(authorization, &body.0, &visit.query);
    match let_in(&visit, given).await? {
        Ok(access) => json(
            200,
            &json!({ "access_token": access, "token_type": "Bearer", "expires_in": api_client::LIFE.num_seconds() }),
        ),
        Err((status, error, says)) => refused(status, error, says),
    }
}

/// The access token for what was sent, or why there is none.
async fn let_in(visit: &Public, given: Credentials) -> Result<std::result::Result<String, No>> {
    if given.stands_twice {
        return Ok(Err((400, "invalid_request", "A parameter stands twice.")));
    }
    let Some(grant) = given.grant else {
        return Ok(Err((400, "invalid_request", "grant_type is missing.")));
    };
    let on_prem = visit.portal.config.edition.is_on_prem();
    let is_known = matches!(grant.as_str(), "client_credentials" | "password")
        || (grant == "authorization_code" && !on_prem);
    if !is_known {
        let says = if on_prem {
            "The grant_type is client_credentials or password."
        } else {
            "The grant_type is client_credentials, password or authorization_code."
        };
        return Ok(Err((400, "unsupported_grant_type", says)));
    }
    let (id, secret) = (
        given.id.unwrap_or_default(),
        given.secret.unwrap_or_else(|| Secret::new("")),
    );
    let known = {
        let (id, secret) = (id.clone(), secret.reveal().to_owned());
        visit
            .portal
            .db
            .read(move |r| api_client::is_known(r, &id, &secret))
            .await?
    };
    if !known {
        return Ok(Err(WRONG_CLIENT));
    }
    let signed_in = match grant.as_str() {
        "password" => {
            let (Some(user), Some(password)) = (given.user_name, given.password) else {
                return Ok(Err((400, "invalid_request", "username and password are needed.")));
            };
            match identity::person_of(visit, &user, &password, &id).await? {
                None => {
                    let says = "The user name or the password is not right.";
                    return Ok(Err((400, "invalid_grant", says)));
                }
                some => some,
            }
        }
        "authorization_code" => {
            let Some(code) = given.code else {
                return Ok(Err((400, "invalid_request", "code is missing.")));
            };
            match with_code(visit, &id, &code, &given.back.unwrap_or_default()).await? {
                None => {
                    let says = "The code was used, is too old, or was given to another client or for another redirect_uri.";
                    return Ok(Err((400, "invalid_grant", says)));
                }
                some => some,
            }
        }
        _ => None,
    };
    Ok(issue(visit, &id, signed_in).await?.ok_or(WRONG_CLIENT))
}

/// Whom a code lets the client in for. It does so once.
async fn with_code(visit: &Public, id: &str, code: &str, back: &str) -> Result<Option<Person>> {
    let wall = visit.portal.clock.wall();
    // However the script writes it, it is one address.
    let back = url::Url::parse(back).map_or_else(|_| back.to_owned(), |url| url.to_string());
    let Some(person) = api_client::code_of(&visit.portal.signing, wall, id, &back, code) else {
        return Ok(None);
    };
    let (caller, id, code) = (Caller::of(visit), id.to_owned(), code.to_owned());
    visit
        .portal
        .db
        .write(move |tx| {
            let person = people::find(tx, person)?;
            let done = identity::redeem(tx, &caller, &id, &person, &code)?;
            Ok(done.map(|is_first| is_first.then_some(person)))
        })
        .await
}

/// The access token. That it was given is recorded, if it was not while a password or a code was looked at.
async fn issue(visit: &Public, id: &str, signed_in: Option<Person>) -> Result<Option<String>> {
    let (portal, client) = (visit.portal.clone(), id.to_owned());
    let wall = visit.portal.clock.wall();
    let person = signed_in.as_ref().map(|person| person.id);
    let issued = visit
        .portal
        .db
        .read(move |r| {
            let issued = api_client::vendor_token(r, &portal.signing, wall, &client, person)?;
            issued
                .map(|(access, person)| Ok((access, people::find(r, person)?)))
                .transpose()
        })
        .await?;
    let Some((access, person)) = issued else {
        return Ok(None);
    };
    if signed_in.is_none() {
        identity::record_trade(visit, id.to_owned(), person).await;
    }
    Ok(Some(access))
}

async fn userinfo(who: SignedIn) -> Answer {
    let person = &who.actor().person;
    let (given, family) = person.name.split_once(' ').unwrap_or((person.name.as_str(), ""));
    json(
        200,
        &json!({
            "sub": person.email.to_string(), "email": person.email.to_string(), "email_verified": true, "name": person.name,
            "given_name": given, "family_name": family, "ccoid": person.email.to_string(), "access_level": person.access_level,
        }),
    )
}
