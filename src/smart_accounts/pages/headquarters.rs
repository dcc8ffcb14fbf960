//! The headquarters.

use super::properties::{address, properties_page, with_dialog};
use crate::authz::action::EditAccount;
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::{Answer, FormState, May, Posted, page};
use crate::kernel::ids::AddressId;
use crate::smart_accounts::changes::{self, Headquarters};
use crate::smart_accounts::model::TypedAddress;
use serde::Deserialize;

pub async fn headquarters_dialog(may: May<EditAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let mut shown = properties_page(&may, id, "headquarters", FormState::new()).await?;
    let present = shown.addresses.first().map(|choice| choice.value.clone());
    shown.form = fresh().with_value("address", present.unwrap_or_default());
    page(&shown)
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadquartersForm {
    #[serde(default)]
    address: String,
}

async fn move_to(may: &May<EditAccount>, to: Headquarters) -> Result<()> {
    let kept = AddressId::new();
    may.does(move |tx, permit, at| changes::move_headquarters(tx, permit, at, kept, &to))
        .await
}

pub async fn change_headquarters(may: May<EditAccount>, form: Posted<HeadquartersForm>) -> Answer {
    let id = may.permit.within().account()?;
    let typed = form.value.address.as_str();
    let moved = match typed.parse() {
        Ok(known) => move_to(&may, Headquarters::Known(known)).await,
        // The present one has no id as long as it is the only one.
        Err(_) if typed.is_empty() => Ok(()),
        Err(_) => Err(Error::invalid("address", "Choose one of the addresses.")),
    };
    match moved {
        Ok(()) => may.done(&address(&may), "The headquarters address was saved."),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "address")])?;
            with_dialog(&may, id, status, "headquarters", form).await
        }
    }
}

pub async fn address_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "address", fresh()).await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressForm {
    street: String,
    suite: String,
    city: String,
    region: String,
    postal: String,
    country: String,
}

pub async fn add_address(may: May<EditAccount>, form: Posted<AddressForm>) -> Answer {
    let id = may.permit.within().account()?;
    let sent = &form.value;
    let typed = TypedAddress {
        street: &sent.street,
        suite: &sent.suite,
        city: &sent.city,
        region: &sent.region,
        postal: &sent.postal,
        country: &sent.country,
    };
    let moved = match typed.lines() {
        Ok(lines) => move_to(&may, Headquarters::New(AddressId::new(), lines)).await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(()) => may.done(&address(&may), "The headquarters address was saved."),
        Err(error) => {
            let (status, form) = form.after(error, &[("smart-accounts.", "")])?;
            with_dialog(&may, id, status, "address", form).await
        }
    }
}
