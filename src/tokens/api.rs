//! Registration tokens, for scripts: what the pages can do.

use super::list::{LIST, Row};
use super::model::{self, State, Terms, Typed};
use super::operations::{self, does};
use super::service::{self, Showing};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::{Error, Problems, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const ALL: &str = "/api/v1/accounts/{said}/registration-tokens";
    const ONE: &str = "/api/v1/accounts/{said}/registration-tokens/{registration}";
    LIST.operation::<RegistrationTokenShape>(routes, ALL, "Registration tokens, without their texts.");
    routes.api(
        Method::POST,
        ALL,
        Api::says(
            "Generate a registration token for each of one or many Virtual Accounts: all of them or none.",
        )
        .takes::<GenerateTokensBody>()
        .gives::<GeneratedTokens>(201)
        .once(),
        generate,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One registration token, without its text.").gives::<RegistrationTokenShape>(200),
        one,
    );
    routes.api(
        Method::POST,
        &format!("{ONE}/text"),
        Api::says(
            "The text of a registration token. That it was read is recorded, so it is asked for with POST.",
        )
        .gives::<GeneratedToken>(200),
        text,
    );
    routes.api(
        Method::POST,
        &format!("{ONE}/revoke"),
        Api::says("Revoke a registration token: nothing can be registered with it any more.")
            .gives::<RegistrationTokenShape>(200),
        revoke,
    );
}

/// A registration token.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrationTokenShape {
    /// Its id.
    #[schema(value_type = String)]
    id: RegistrationTokenId,
    /// Where product instances land that register with it.
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    virtual_account_name: String,
    description: String,
    /// active, expired, exhausted or revoked.
    #[schema(value_type = String)]
    status: State,
    expires_at: Moment,
    /// How often it can be used; none when that is unlimited.
    max_uses: Option<i64>,
    uses: i64,
    /// Whether export-controlled functionality is allowed.
    export_controlled: bool,
    created_at: Moment,
    created_by: String,
    revoked_at: Option<Moment>,
    revoked_by: Option<String>,
}

impl From<Row> for RegistrationTokenShape {
    fn from(row: Row) -> Self {
        let token = row.token;
        Self {
            status: row.state,
            id: token.id,
            virtual_account: token.virtual_account,
            virtual_account_name: row.place,
            description: token.description,
            expires_at: token.expires_at,
            max_uses: token.max_uses,
            uses: token.uses,
            export_controlled: token.export_controlled,
            created_at: token.created_at,
            created_by: token.creator,
            revoked_by: token.revoked_at.is_some().then_some(token.revoked_by),
            revoked_at: token.revoked_at,
        }
    }
}

/// A registration token with its text.
#[derive(Serialize, ToSchema)]
struct GeneratedToken {
    /// What a product instance registers with.
    token: String,
    details: RegistrationTokenShape,
}

/// Registration tokens with their texts.
#[derive(Serialize, ToSchema)]
struct GeneratedTokens {
    items: Vec<GeneratedToken>,
}

/// What is to be generated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GenerateTokensBody {
    /// Ids of one or many Virtual Accounts.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    virtual_accounts: Vec<VirtualAccountId>,
    /// What they are for.
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
    /// From 1 to 365; 30 without it.
    #[schema(minimum = 1, maximum = 365)]
    expires_after_days: Option<i64>,
    /// From 1 to 10,000; unlimited without it.
    #[schema(minimum = 1, maximum = 10_000)]
    max_uses: Option<i64>,
    /// Whether export-controlled functionality is allowed; it is, without it.
    export_controlled: Option<bool>,
}

impl GenerateTokensBody {
    fn terms(&self) -> Result<Terms> {
        let number = |given: Option<i64>| given.map(|number| number.to_string()).unwrap_or_default();
        let typed = Typed {
            description: self.description.clone(),
            days: number(self.expires_after_days),
            uses: number(self.max_uses),
            export: u8::from(self.export_controlled.unwrap_or(true)).to_string(),
        };
        let mut problems = Problems::default();
        let terms = Terms::parse(&typed, model::IN_JSON, &mut problems);
        if self.virtual_accounts.is_empty() {
            problems.add("virtual_accounts", "Name one or more Virtual Accounts.");
        } else if self.virtual_accounts.len() > model::MOST_AT_ONCE {
            problems.add(
                "virtual_accounts",
                format!("Name {} Virtual Accounts at most.", model::MOST_AT_ONCE),
            );
        }
        terms
            .filter(|_| problems.is_empty())
            .ok_or(Error::Invalid(problems))
    }
}

async fn one(may: May<ViewInventory>, id: PathPart<RegistrationTokenId>) -> Answer {
    let now = may.portal.clock.now();
    let row = may
        .reads(move |r, permit| {
            let token = service::find(r, permit, id.0)?;
            Ok(Row::of(
                token,
                &service::places(r, permit)?.into_iter().collect(),
                now,
            ))
        })
        .await?;
    json(200, &RegistrationTokenShape::from(row))
}

/// These tokens with their texts.
async fn with_texts(may: &May<ManageTokens>, ids: Vec<RegistrationTokenId>) -> Result<Vec<GeneratedToken>> {
    let (view, now) = (may.also::<ViewInventory>().await?, may.portal.clock.now());
    let (tokens, names) = may
        .portal
        .db
        .read(move |r| {
            let mut tokens = Vec::with_capacity(ids.len());
            for id in &ids {
                tokens.push(service::find(r, &view, *id)?);
            }
            Ok((tokens, service::places(r, &view)?))
        })
        .await?;
    let names: HashMap<VirtualAccountId, String> = names.into_iter().collect();
    tokens
        .into_iter()
        .map(|token| {
            Ok(GeneratedToken {
                token: service::revealed(&may.portal.signing, &token)?,
                details: Row::of(token, &names, now).into(),
            })
        })
        .collect()
}

async fn generate(may: May<ManageTokens>, key: IdempotencyKey, body: JsonBody<GenerateTokensBody>) -> Answer {
    let once = body.once_key(&may, &key);
    let terms = body.value.terms()?;
    // One for each, however often it was named.
    let places: BTreeSet<VirtualAccountId> = body.value.virtual_accounts.into_iter().collect();
    let wanted = places.into_iter().map(|place| (place, terms.clone()));
    let ids = operations::generate(&may, may.portal.clock.now(), wanted, once).await?;
    let items = with_texts(&may, ids).await?;
    json(201, &GeneratedTokens { items })
}

async fn text(may: May<ManageTokens>, id: PathPart<RegistrationTokenId>) -> Answer {
    does(&may, move |tx, rights, at| {
        service::show(tx, rights, at, &[id.0], Showing::Script)
    })
    .await?;
    let mut found = with_texts(&may, vec![id.0]).await?;
    json(200, &found.pop().ok_or(Error::NotFound)?)
}

async fn revoke(may: May<ManageTokens>, id: PathPart<RegistrationTokenId>) -> Answer {
    let row = does(&may, move |tx, rights, at| {
        let revoked = service::revoke(tx, rights, at, id.0)?;
        let token = service::find(tx, rights.view, id.0)?;
        let names = service::places(tx, rights.view)?.into_iter().collect();
        Ok(revoked.map(|()| Row::of(token, &names, at)))
    })
    .await?;
    json(200, &RegistrationTokenShape::from(row))
}
