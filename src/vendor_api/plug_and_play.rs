//! Accounts and Virtual Accounts as Plug and Play lists them, at its newer and at its older addresses. Devices it has none here.

use super::accounts::{MOST, accounts};
use super::body::Call;
use super::paths::{B, D};
use crate::authz::action::{ViewInventory, ViewVirtualAccounts};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes, SignedIn, json};
use crate::virtual_accounts;
use actix_web::http::Method;
use serde_json::{Value, json};

/// There is no device of Plug and Play.
const NO_DEVICE: &str = "vendor-api.no-plug-and-play";

pub fn routes(routes: &mut Routes) {
    let newer = [B, "/pnp/v2/accounts"].concat();
    for (accounts, places) in [
        (newer.as_str(), "/{said}/virtual-accounts"),
        (D, "/{said}/virtualaccounts"),
    ] {
        routes.vendor(
            Method::GET,
            accounts,
            "The Smart Accounts of the person, page by page.",
            list,
        );
        routes.vendor(
            Method::GET,
            &[accounts, places].concat(),
            "The Virtual Accounts that the person may see, page by page.",
            list_places,
        );
    }
    for method in [Method::GET, Method::PUT] {
        routes.vendor(
            method,
            &format!("{newer}/{{said}}/virtual-accounts/{{vname}}/devices/{{uuid}}"),
            "A device of Plug and Play: refused, there are none here.",
            device,
        );
    }
}

/// Which rows of a list that is read from a first index.
fn page<T>(call: &Call, all: Vec<T>) -> Result<(Vec<T>, usize, u64, u64)> {
    let number = |name: &str, usual: u64| match call.query(name) {
        None => Ok(usual),
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| Error::invalid(name, format!("{name} is a whole number."))),
    };
    let (start, per) = (number("startIdx", 0)?, number("rowsPerPage", 50)?);
    let total = all.len();
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    let take = usize::try_from(per.min(MOST)).unwrap_or_default();
    Ok((all.into_iter().skip(skip).take(take).collect(), total, start, per))
}

fn done(rows: (Vec<Value>, usize, u64, u64)) -> Answer {
    let (data, total, start, per) = rows;
    json(
        200,
        &json!({
            "status": "COMPLETE", "message": "SUCCESS", "messageCode": "DMS-SUCCESS", "totalRows": total, "pageSize": per,
            "startIdx": start, "data": data,
        }),
    )
}

async fn list(who: SignedIn, call: Call) -> Answer {
    let domain = call.query("accountDomain").map(str::to_ascii_lowercase);
    let rows: Vec<Value> = accounts(&who)
        .await?
        .into_iter()
        .filter(|one| domain.as_ref().is_none_or(|domain| one.account.domain == *domain))
        .map(|one| {
            json!({
                "companyName": one.account.name, "domainIdentifier": one.account.domain,
                "accountIdentifier": one.account.number.to_string(),
            })
        })
        .collect();
    done(page(&call, rows)?)
}

async fn list_places(may: May<ViewVirtualAccounts>, call: Call) -> Answer {
    let rows: Vec<Value> = may
        .reads(move |r, permit| virtual_accounts::list(r, permit))
        .await?
        .into_iter()
        .map(|one| {
            json!({
                "virtualAccountName": one.name, "virtualAccountId": one.number, "networkId": null, "organizationname": null,
                "default": one.is_default.to_string(),
            })
        })
        .collect();
    done(page(&call, rows)?)
}

async fn device(may: May<ViewInventory>, call: Call) -> Answer {
    let name = call.place()?.to_owned();
    may.reads(move |r, permit| super::names::place(r, permit, &name).map(drop))
        .await?;
    Err(Error::refused(
        NO_DEVICE,
        "There are no devices of Plug and Play here. Register the product instance with a token.",
    ))
}
