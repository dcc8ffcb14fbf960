//! The local accounts of an On-Prem server, with the cloud that each is registered with.

use super::paths::E;
use crate::authz::grants;
use crate::http::{Answer, Routes, SignedIn, json};
use crate::local_accounts;
use crate::virtual_accounts;
use actix_web::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub fn routes(routes: &mut Routes) {
    routes.vendor(
        Method::POST,
        &[E, "/upstream_satellites/accounts"].concat(),
        "The local accounts of the person, with the Smart Account that each is registered with.",
        accounts,
    );
}

async fn accounts(who: SignedIn) -> Answer {
    let (person, base) = (who.actor().person.id, who.portal.config.base_url.clone());
    let rows: Vec<Value> = who
        .portal
        .db
        .read(move |r| {
            let held = grants::of_person(r, person)?;
            let ids: BTreeSet<_> = held.iter().map(|grant| grant.account).collect();
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                let account = local_accounts::find(r, id)?;
                let everywhere = held
                    .iter()
                    .any(|grant| grant.account == id && grant.virtual_account.is_none());
                let places: Vec<Value> = virtual_accounts::of_account(r, id)?
                    .into_iter()
                    .filter(|one| everywhere || held.iter().any(|grant| grant.virtual_account == Some(one.id)))
                    .map(|one| {
                        json!({ "virtual_account_id": one.number, "name": one.name, "default": one.is_default })
                    })
                    .collect();
                let cloud = account.cloud.as_ref();
                rows.push((
                    account.number,
                    json!({
                        "account_id": account.number, "name": account.name,
                        "domain": cloud.map(|cloud| cloud.domain.clone()),
                        "cslu_tenant_url": account.transport_url(&base),
                        "cssm_smart_account_id": cloud.map(|cloud| cloud.smart_account),
                        "cssm_smart_account_name": cloud.map_or(&account.smart_account, |cloud| &cloud.smart_account_name),
                        "cssm_virtual_account_name": cloud.map_or(&account.virtual_account, |cloud| &cloud.virtual_account),
                        "virtual_accounts": places,
                    }),
                ));
            }
            rows.sort_by_key(|(number, _)| *number);
            Ok(rows.into_iter().map(|(_, row)| row).collect())
        })
        .await?;
    json(
        200,
        &json!({ "status": "SUCCESS", "statusMessage": "", "totalRecords": rows.len(), "accounts": rows }),
    )
}
