//! Virtual Accounts: the list, a new one, and the end of one.

use super::body::Call;
use super::face::{done, with_status};
use super::names;
use super::paths::{A, B, E};
use crate::authz::action::{
    CreateNestedVirtualAccount, CreateTopVirtualAccount, DeleteVirtualAccount, ViewVirtualAccounts,
};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes};
use crate::kernel::Edition;
use crate::kernel::ids::VirtualAccountId;
use crate::virtual_accounts::{self, AccessLevel, Details, NewVirtualAccount, Place, Typed, VirtualAccount};
use actix_web::http::Method;
use serde_json::{Value, json};

const DONE: &str = "Operation Successful";

pub fn routes(routes: &mut Routes, edition: Edition) {
    let mut lists = vec![format!("{A}/v1/accounts/{{said}}/virtual-accounts")];
    let mut makes = lists.clone();
    let mut ends = vec![format!(
        "{A}/v1/accounts/{{said}}/virtual-accounts/{{vname}}/delete"
    )];
    if edition.is_on_prem() {
        lists = vec![format!("{E}/accounts/{{said}}/virtual-accounts")];
        makes.clone_from(&lists);
        ends = vec![format!("{E}/accounts/{{said}}/virtual-accounts/{{vname}}/delete")];
    } else {
        let typed = format!("{B}/accounts/v1/domain/{{said}}/type/CUSTOMER");
        lists.push(format!("{typed}/virtual-accounts"));
        makes.push(format!("{typed}/virtual-account/create"));
        makes.push(format!("{typed}/virtual-accounts"));
        ends.push(format!("{typed}/virtual-account-name/{{vname}}/delete"));
    }
    for path in lists {
        routes.vendor(
            Method::GET,
            &path,
            "The Virtual Accounts that the person may see, the default one first.",
            list,
        );
    }
    for path in makes {
        routes.vendor(Method::POST, &path, "Create a Virtual Account.", create);
    }
    for path in ends {
        routes.vendor(
            Method::POST,
            &path,
            "Delete a Virtual Account that is empty.",
            delete,
        );
    }
}

/// "true" or "false", as the vendor has it: a text.
fn shape(one: &VirtualAccount) -> Value {
    json!({
        "name": one.name, "description": one.description, "isDefault": one.is_default.to_string(),
        "commerceAccessLevel": match one.access_level {
            AccessLevel::Unrestricted => "PUBLIC",
            AccessLevel::Restricted => "PRIVATE",
        },
        "isSatellite": "false",
    })
}

async fn list(may: May<ViewVirtualAccounts>, call: Call) -> Answer {
    let mut all = may
        .reads(move |r, permit| virtual_accounts::list(r, permit))
        .await?;
    let number = |name: &str| -> Result<Option<usize>> {
        call.query(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Error::invalid(name, format!("{name} is a whole number.")))
            })
            .transpose()
    };
    let (from, size) = (number("from")?, number("size")?);
    if call
        .query("order")
        .is_some_and(|order| order.eq_ignore_ascii_case("desc"))
    {
        all.reverse();
    }
    let total = all.len();
    let mut body = json!({});
    if from.is_some() || size.is_some() {
        let (from, size) = (from.unwrap_or(0), size.unwrap_or(50).max(1));
        all = all.into_iter().skip(from).take(size).collect();
        body = json!({
            "currentPage": from / size + 1, "pageSize": size, "totalPages": total.div_ceil(size), "totalRows": total,
        });
    }
    if let Some(map) = body.as_object_mut() {
        map.insert("virtualAccounts".to_owned(), all.iter().map(shape).collect());
    }
    done("", body)
}

async fn create(may: May<CreateTopVirtualAccount>, call: Call) -> Answer {
    let sent = call.whole();
    let (name, description) = (sent.text("name"), sent.text("description"));
    let access = match sent.text("commerceAccessLevel").to_uppercase().as_str() {
        "" | "PUBLIC" => AccessLevel::Unrestricted,
        "PRIVATE" => AccessLevel::Restricted,
        _ => {
            return Err(Error::invalid(
                "commerceAccessLevel",
                "commerceAccessLevel is PUBLIC or PRIVATE.",
            ));
        }
    };
    let as_default = matches!(sent.text("isDefault").to_lowercase().as_str(), "true" | "yes");
    let at = may.portal.clock.now();
    let details = Details::parse(
        &Typed {
            name: &name,
            description: &description,
            access: access.word(),
            end_date: "",
            tags: "",
        },
        at,
        None,
    )?;
    let parent = sent.text("parentVaName");
    let place = if parent.is_empty() {
        Place::Top(may.permit.clone())
    } else {
        let permit = may.also::<CreateNestedVirtualAccount>().await?;
        let reach = permit.clone();
        let above = may
            .portal
            .db
            .read(move |r| names::place(r, &reach, &parent))
            .await?;
        Place::Below(permit, above.id)
    };
    let new = NewVirtualAccount::of(&details, as_default);
    let id = VirtualAccountId::new();
    may.does(move |tx, _, _| virtual_accounts::create_at(tx, &place, at, id, &new, None))
        .await?;
    with_status("SUCCESS", DONE, json!({}))
}

async fn delete(may: May<DeleteVirtualAccount>, call: Call) -> Answer {
    let name = call.place()?.to_owned();
    let occupants = may.portal.occupants.clone();
    may.does(move |tx, permit, at| {
        let one = names::place(tx, permit, &name)?;
        virtual_accounts::delete(tx, permit, &occupants, at, one.id, None)
    })
    .await?;
    with_status("SUCCESS", DONE, json!({}))
}
