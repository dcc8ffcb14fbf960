//! Access tokens, and what a client of the API may know and do about its owner.

use super::model::Credentials;
use super::operations::does;
use super::service::{self, Caller};
use crate::authn::{Person, PlatformRole, Via, api_client, passkeys, second_factor, session};
use crate::authz::Role;
use crate::authz::grants::{self, Held};
use crate::error::{Error, Result};
use crate::http::form::{Named, PathPart, RawBody};
use crate::http::{Answer, Api, Param, Public, Routes, SignedIn, Visit, json, reply};
use crate::kernel::ids::{PasskeyId, PersonId, SessionId};
use crate::kernel::{Moment, Secret};
use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use serde::Serialize;
use std::convert::Infallible;
use std::str::FromStr;
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/token",
        Api::says("Trade an API client's secret for an access token. Also takes a form, the query string and HTTP Basic.")
            .reads_query(CREDENTIALS)
            .takes::<TokenRequest>()
            .gives::<TokenAnswer>(200)
            .fails_with::<TokenError>(&[
                (400, "invalid_request: something is missing or stands twice. unsupported_grant_type: it is another than client_credentials."),
                (401, "invalid_client: the client is not known, was revoked, or its secret is wrong."),
            ]),
        token,
    );
    routes.api(
        Method::GET,
        "/api/v1/me",
        Api::says("Who the access token stands for, and which roles they hold.").gives::<Me>(200),
        me,
    );
    routes.api(
        Method::GET,
        "/api/v1/me/sessions",
        Api::says("One's browser sessions, the newest first.").gives::<Sessions>(200),
        sessions,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/me/sessions",
        Api::says("End all of one's browser sessions. API clients stay.").gives_nothing(),
        end_sessions,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/me/sessions/{session}",
        Api::says("End one of one's browser sessions.").gives_nothing(),
        end_session,
    );
    routes.api(
        Method::GET,
        "/api/v1/me/passkeys",
        Api::says("One's passkeys, the oldest first.").gives::<Passkeys>(200),
        own_passkeys,
    );
    routes.api(
        Method::GET,
        "/api/v1/me/api-clients",
        Api::says("One's API clients, the newest first, revoked ones among them.").gives::<Clients>(200),
        clients,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/me/api-clients/{client}",
        Api::says("Revoke an API client: its access tokens stop working at once.").gives_nothing(),
        end_client,
    );
}

/// What the token door takes in its query string.
const CREDENTIALS: &[Param] = &[
    Param::choice(
        "grant_type",
        &[("client_credentials", "Client credentials")],
        "Instead of the body.",
    ),
    Param::text("client_id", "Instead of the body."),
    Param::text(
        "client_secret",
        "Instead of the body, for scripts that cannot send one.",
    ),
];

crate::words! {
    /// What an access token is given for.
    enum GrantType {
        /// The id and the secret of a client.
        ClientCredentials = "client_credentials", "Client credentials";
    }
}
crate::words! {
    /// Why there is no access token.
    enum TokenErrorCode {
        /// Something is missing or stands twice.
        InvalidRequest = "invalid_request", "Invalid request";
        /// Another than client_credentials.
        UnsupportedGrantType = "unsupported_grant_type", "Unsupported grant type";
        /// Not known, revoked, or with a wrong secret.
        InvalidClient = "invalid_client", "Invalid client";
    }
}

/// Why there is no access token (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
struct TokenError {
    error: TokenErrorCode,
    error_description: &'static str,
}

/// Client credentials (RFC 6749, section 4.4).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read by hand, from several places")]
struct TokenRequest {
    grant_type: GrantType,
    /// Of the API client.
    client_id: String,
    /// Shown once, when the client was made.
    client_secret: Secret,
}

/// An access token.
#[derive(Serialize, ToSchema)]
struct TokenAnswer {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
}

/// An error in the words of RFC 6749, section 5.2.
fn oauth_error(status: u16, error: TokenErrorCode, error_description: &'static str) -> Answer {
    let mut response = json(
        status,
        &TokenError {
            error,
            error_description,
        },
    )?;
    if status == 401 {
        reply::set_header(&mut response, "www-authenticate", "Basic realm=\"licentral\"");
    }
    Ok(response)
}

/// Records that a client was given a token. Whoever may only read needs one too, on a day on which nothing can be written.
pub async fn record_trade(visit: &Visit, id: String, person: Person) {
    let caller = Caller::of(visit);
    let noted = visit
        .portal
        .db
        .write(move |tx| service::note_trade(tx, &caller, &id, &person))
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, "a token was given and could not be recorded");
    }
}

async fn token(visit: Public, req: HttpRequest, body: RawBody) -> Answer {
    let authorization = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let given = Credentials::gather(authorization, &body.0, &visit.query);
    if given.stands_twice {
        return oauth_error(
            400,
            TokenErrorCode::InvalidRequest,
            "A parameter stands twice. Each may stand once.",
        );
    }
    match given.grant.as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            return oauth_error(
                400,
                TokenErrorCode::UnsupportedGrantType,
                "The only grant_type is client_credentials.",
            );
        }
        None => {
            return oauth_error(
                400,
                TokenErrorCode::InvalidRequest,
                "Send grant_type=client_credentials.",
            );
        }
    }
    let (caller, portal) = (Caller::of(&visit), visit.portal.clone());
    let (id, secret) = (
        given.id.unwrap_or_default(),
        given.secret.unwrap_or_else(|| Secret::new("")),
    );
    let traded = {
        let id = id.clone();
        let read = visit
            .portal
            .db
            .read(move |r| service::trade(r, &caller, &portal, &id, secret.reveal()));
        read.await?
    };
    match traded {
        Some((access_token, person)) => {
            record_trade(&visit, id, person).await;
            json(
                200,
                &TokenAnswer {
                    access_token,
                    token_type: "Bearer",
                    expires_in: api_client::LIFE.num_seconds(),
                },
            )
        }
        None => oauth_error(
            401,
            TokenErrorCode::InvalidClient,
            "The client is not known, was revoked, or its secret is wrong.",
        ),
    }
}

/// Who the access token stands for.
#[derive(Serialize, ToSchema)]
struct Me {
    id: PersonId,
    name: String,
    email: String,
    /// 0 to 4.
    access_level: i32,
    /// Whether a code or a passkey is asked for after the password.
    has_second_factor: bool,
    /// Over the whole portal.
    platform_roles: Vec<PlatformRole>,
    roles: Vec<RoleHeld>,
}

/// A role, and where it is held.
#[derive(Serialize, ToSchema)]
struct RoleHeld {
    /// Number of the Smart Account.
    smart_account: i64,
    smart_account_name: String,
    /// Name of the Virtual Account; null for the whole Smart Account.
    virtual_account: Option<String>,
    role: Role,
}

impl From<Held> for RoleHeld {
    fn from(held: Held) -> Self {
        Self {
            smart_account: held.number,
            smart_account_name: held.account,
            virtual_account: held.virtual_account,
            role: held.role,
        }
    }
}

async fn me(who: SignedIn) -> Answer {
    let actor = who.actor().clone();
    let id = actor.person.id;
    let (held, has_second_factor) = who
        .portal
        .db
        .read(move |r| Ok((grants::held_by(r, &[id])?, second_factor::is_set(r, id)?)))
        .await?;
    json(
        200,
        &Me {
            id,
            name: actor.person.name.clone(),
            email: actor.person.email.to_string(),
            access_level: actor.person.access_level,
            has_second_factor,
            platform_roles: actor.platform.clone(),
            roles: held.into_iter().map(RoleHeld::from).collect(),
        },
    )
}

/// Browser sessions.
#[derive(Serialize, ToSchema)]
struct Sessions {
    sessions: Vec<SessionShape>,
}

/// A browser session.
#[derive(Serialize, ToSchema)]
struct SessionShape {
    id: SessionId,
    created_at: Moment,
    /// To the minute.
    seen_at: Moment,
    address: String,
    agent: String,
    /// How its owner came in.
    way: session::Way,
}

async fn sessions(who: SignedIn) -> Answer {
    let (id, wall) = (who.actor().person.id, who.portal.clock.wall());
    let list = who.portal.db.read(move |r| session::list(r, wall, id)).await?;
    let sessions = list
        .into_iter()
        .map(|s| SessionShape {
            id: s.id,
            created_at: s.created_at,
            seen_at: s.seen_at,
            address: s.address,
            agent: s.agent,
            way: s.way,
        })
        .collect();
    json(200, &Sessions { sessions })
}

async fn end_sessions(who: SignedIn) -> Answer {
    does(&who, |tx, caller, actor| {
        service::end_all_sessions(tx, caller, &actor.person)
    })
    .await?;
    reply::nothing()
}

async fn end_session(who: SignedIn, id: PathPart<SessionId>) -> Answer {
    does(&who, move |tx, caller, actor| {
        service::end_session(tx, caller, &actor.person, id.0)
    })
    .await?;
    reply::nothing()
}

/// Passkeys.
#[derive(Serialize, ToSchema)]
struct Passkeys {
    passkeys: Vec<PasskeyShape>,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
struct PasskeyShape {
    id: PasskeyId,
    /// As its owner calls it.
    name: String,
    made_at: Moment,
    /// Null before its first use.
    used_at: Option<Moment>,
    /// Whether its key is on more than one device of its owner, or can be brought back.
    is_backed_up: bool,
}

async fn own_passkeys(who: SignedIn) -> Answer {
    let id = who.actor().person.id;
    let found = who.portal.db.read(move |r| passkeys::of(r, id)).await?;
    let shape = |one: passkeys::Passkey| PasskeyShape {
        id: one.id,
        name: one.name,
        made_at: one.made_at,
        used_at: one.used_at,
        is_backed_up: one.is_backed_up,
    };
    let passkeys = found.into_iter().map(shape).collect();
    json(200, &Passkeys { passkeys })
}

/// API clients.
#[derive(Serialize, ToSchema)]
struct Clients {
    clients: Vec<api_client::Client>,
}

async fn clients(who: SignedIn) -> Answer {
    let id = who.actor().person.id;
    let clients = who.portal.db.read(move |r| api_client::list(r, id)).await?;
    json(200, &Clients { clients })
}

/// The id of a client, as it stands in an address.
pub struct ClientId(
    /// As it was typed.
    pub String,
);
impl FromStr for ClientId {
    type Err = Infallible;
    fn from_str(s: &str) -> Result<Self, Infallible> {
        Ok(Self(s.to_owned()))
    }
}
impl Named for ClientId {
    const NAME: &'static str = "client";
}

async fn end_client(who: SignedIn, client: PathPart<ClientId>) -> Answer {
    let client = client.0.0;
    if let Via::Client { id, may_write, .. } = &who.actor().via
        && !may_write
        && *id != client
    {
        return Err(Error::refused(
            "api.scope",
            "This API client may only read; it can revoke itself and no other.",
        ));
    }
    does(&who, move |tx, caller, actor| {
        service::end_client(tx, caller, &actor.person, &client)
    })
    .await?;
    reply::nothing()
}
