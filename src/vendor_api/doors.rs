//! The token addresses of the vendor's clouds and of its On-Prem server. At each of them the parameters may stand in a form,
//! in the address, in JSON, or in HTTP Basic.

use crate::authn::{Person, api_client, people};
use crate::error::Result;
use crate::http::form::RawBody;
use crate::http::{Answer, Public, Routes, SignedIn, json, reply};
use crate::identity::{self, Credentials};
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

async fn token(visit: Public, req: HttpRequest, body: RawBody) -> Answer {
    let authorization = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let given = Credentials::gather(authorization, &body.0, &visit.query);
    if given.stands_twice {
        return refused(400, "invalid_request", "A parameter stands twice.");
    }
    let (id, secret) = (
        given.id.unwrap_or_default(),
        given.secret.unwrap_or_else(|| Secret::new("")),
    );
    let with_password = match given.grant.as_deref() {
        Some("client_credentials") => false,
        Some("password") => true,
        Some(_) => {
            return refused(
                400,
                "unsupported_grant_type",
                "The grant_type is client_credentials or password.",
            );
        }
        None => return refused(400, "invalid_request", "grant_type is missing."),
    };
    let known = {
        let (id, secret) = (id.clone(), secret.reveal().to_owned());
        visit
            .portal
            .db
            .read(move |r| api_client::is_known(r, &id, &secret))
            .await?
    };
    if !known {
        return refused(401, "invalid_client", "Invalid client or client credentials.");
    }
    let signed_in = if with_password {
        let (Some(user), Some(password)) = (given.user_name, given.password) else {
            return refused(400, "invalid_request", "username and password are needed.");
        };
        match identity::person_of(&visit, &user, &password, &id).await? {
            Some(person) => Some(person),
            None => {
                return refused(
                    400,
                    "invalid_grant",
                    "The user name or the password is not right.",
                );
            }
        }
    } else {
        None
    };
    match issue(&visit, &id, signed_in).await? {
        Some(access) => json(
            200,
            &json!({ "access_token": access, "token_type": "Bearer", "expires_in": api_client::LIFE.num_seconds() }),
        ),
        None => refused(401, "invalid_client", "Invalid client or client credentials."),
    }
}

/// The access token. That it was given is recorded, if it was not while a password was looked at.
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
