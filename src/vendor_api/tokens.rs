//! Registration tokens, with their texts: who lists them here may also make and revoke them.

use super::body::Call;
use super::face::{done, reason, status_of, time, with_status};
use super::names;
use super::paths::{A, B, E};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::{Error, Problems, Result};
use crate::http::{Answer, May, Routes};
use crate::kernel::{Edition, Moment};
use crate::tokens::{self, New, Rights, State, Terms};
use actix_web::http::Method;
use serde_json::{Value, json};

/// So many are listed at most.
const MOST: u64 = 1_000;
/// So many are revoked by one request.
const MOST_REVOKED: usize = 200;

pub fn routes(routes: &mut Routes, edition: Edition) {
    let mut ways = vec![[A, "/v1/accounts/{said}/virtual-accounts/{vname}/tokens"].concat()];
    if edition.is_on_prem() {
        ways = vec![[E, "/accounts/{said}/virtual-accounts/{vname}/tokens"].concat()];
    } else {
        let base = [B, "/licensing/v1/account/{said}/virtual-account/{vname}/token"].concat();
        routes.vendor(Method::GET, &format!("{base}/list"), LIST, list);
        routes.vendor(Method::POST, &format!("{base}/create"), CREATE, create);
        routes.vendor(Method::POST, &format!("{base}/revoke"), REVOKE, revoke);
    }
    for path in ways {
        routes.vendor(Method::GET, &path, LIST, list);
        routes.vendor(Method::POST, &path, CREATE, create);
        routes.vendor(Method::POST, &format!("{path}/revoke"), REVOKE, revoke);
    }
}

const LIST: &str = "The active registration tokens of a Virtual Account, with their texts.";
const CREATE: &str = "Generate a registration token.";
const REVOKE: &str = "Revoke registration tokens by their texts.";

/// By which id whoever made a token is known: their address, which stands in the name that is kept.
fn user_id(creator: &str) -> &str {
    creator
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(address, _)| address)
        .filter(|address| address.contains('@'))
        .unwrap_or(creator)
}

fn shape(text: &str, expires: Moment, description: &str, export_controlled: bool, creator: &str) -> Value {
    json!({
        "token": text, "expirationDate": time(expires), "description": description,
        "exportControl": if export_controlled { "Allowed" } else { "Not Allowed" }, "createdBy": user_id(creator),
    })
}

async fn list(may: May<ManageTokens>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let (now, signing) = (may.portal.clock.now(), may.portal.signing.clone());
    let name = call.place()?.to_owned();
    let found = may
        .reads(move |r, manage| {
            let place = names::place(r, manage, &name)?;
            let active = tokens::LIST.whole(now).with("status", State::Active.word());
            tokens::page(r, &view, &active.with("va", place.id.to_string()), (MOST, 0))
        })
        .await?;
    let rows: Vec<Value> = found
        .iter()
        .filter_map(|one| {
            // One that was locked under a key that is gone has no text any more.
            let text = tokens::text_of(&signing, one)?;
            Some(shape(
                &text,
                one.expires_at,
                &one.description,
                one.export_controlled,
                &one.creator,
            ))
        })
        .collect();
    done("Successfully read active tokens.", json!({ "tokens": rows }))
}

fn terms(call: &Call) -> Result<Terms> {
    let sent = call.whole();
    let mut problems = Problems::default();
    let description = problems.take("description", tokens::description(&sent.text("description")));
    let days = match sent.number("expiresAfterDays") {
        Ok(None) => Some(tokens::DEFAULT_DAYS),
        Ok(days) => problems.take("expiresAfterDays", tokens::days(days)),
        Err(_) => problems.take("expiresAfterDays", tokens::days(None)),
    };
    let uses = match sent.number("numberofUses") {
        Ok(None) => Some(None),
        Ok(uses) => problems.take("numberofUses", tokens::uses(uses)).map(Some),
        Err(_) => problems.take("numberofUses", tokens::uses(None)).map(Some),
    };
    let export_controlled = match sent.text("exportControlled").to_lowercase().as_str() {
        "" | "allowed" | "true" => true,
        "not allowed" | "notallowed" | "not_allowed" | "false" => false,
        _ => {
            problems.add("exportControlled", "exportControlled is Allowed or Not Allowed.");
            false
        }
    };
    match (description, days, uses) {
        (Some(description), Some(days), Some(max_uses)) if problems.is_empty() => Ok(Terms {
            description,
            days,
            max_uses,
            export_controlled,
        }),
        _ => Err(Error::Invalid(problems)),
    }
}

async fn create(may: May<ManageTokens>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    // What one may not know of is not found, whatever else is wrong.
    let name = call.place()?.to_owned();
    let place = may.reads(move |r, permit| names::place(r, permit, &name)).await?;
    let (terms, at) = (terms(&call)?, may.portal.clock.now());
    let new = New::make(&may.portal.signing, at, place.id, terms.clone())?;
    let info = shape(
        new.text().reveal(),
        new.expires(),
        &terms.description,
        terms.export_controlled,
        &may.permit.who().label,
    );
    let occupants = may.portal.occupants.clone();
    may.does(move |tx, manage, _| {
        let rights = Rights { view: &view, manage };
        tokens::create(tx, &rights, &occupants, at, std::slice::from_ref(&new), None)
    })
    .await?;
    done(
        "A valid, active token was generated.",
        json!({ "tokenInfo": info }),
    )
}

async fn revoke(may: May<ManageTokens>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let name = call.place()?.to_owned();
    let place = may.reads(move |r, permit| names::place(r, permit, &name)).await?;
    let texts = call.texts("tokens")?;
    if texts.is_empty() {
        return Err(Error::BadRequest(super::body::MISSING.into()));
    }
    if texts.len() > MOST_REVOKED {
        return Err(Error::invalid(
            "tokens",
            format!("At most {MOST_REVOKED} tokens are revoked at once."),
        ));
    }
    let mut items = Vec::with_capacity(texts.len());
    let mut revoked = 0;
    for text in &texts {
        let (view, wanted, place) = (view.clone(), text.clone(), place.id);
        let ended = may
            .does(move |tx, manage, at| {
                // A token of elsewhere is treated as one that there never was.
                let one = tokens::whose(tx, &wanted).map_err(|_| Error::NotFound)?;
                if Some(one.account) != manage.within().tenant() || one.virtual_account != place {
                    return Err(Error::NotFound);
                }
                tokens::revoke(tx, &Rights { view: &view, manage }, at, one.id)
            })
            .await;
        items.push(match ended {
            Ok(()) => {
                revoked += 1;
                json!({ "status": "SUCCESS", "statusMessage": format!("Token- '{text}' revoked successfully"), "token": text })
            }
            Err(error) => json!({ "status": "FAILURE", "statusMessage": reason(error)?, "token": text }),
        });
    }
    let says = match items.first() {
        Some(first) if revoked == 0 => first["statusMessage"].as_str().unwrap_or_default().to_owned(),
        _ => format!("{revoked} tokens successfully revoked."),
    };
    let status = match status_of(revoked, texts.len()) {
        "ERROR" => "FAILURE",
        other => other,
    };
    with_status(
        status,
        &says,
        json!({ "tokensRevokeStatus": items, "tokens": texts }),
    )
}
