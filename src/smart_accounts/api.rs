//! The JSON of Smart Accounts.

use super::model::SmartAccount;
use super::service;
use crate::authz::action::ViewAccount;
use crate::http::{Answer, Api, May, Routes, json};
use crate::kernel::Moment;
use actix_web::http::Method;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}",
        Api::says("The properties of a Smart Account in which one holds a role.").gives::<AccountShape>(200),
        one,
    );
}

/// A Smart Account.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AccountShape {
    /// The Smart Account ID.
    pub number: i64,
    /// The Smart Account name.
    pub name: String,
    /// The Account Domain Identifier.
    pub domain: String,
    /// pending, active or inactive.
    #[schema(value_type = String)]
    pub state: super::State,
    /// The state as the directory shows it; says why a pending account will stay so.
    pub status: String,
    /// unrestricted or restricted.
    #[schema(value_type = String)]
    pub visibility: super::Visibility,
    /// The headquarters address, in lines.
    pub headquarters: String,
    /// When it was requested.
    pub created_at: Moment,
    /// When it became Active.
    pub activated_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

impl From<&SmartAccount> for AccountShape {
    fn from(account: &SmartAccount) -> Self {
        Self {
            number: account.number,
            name: account.name.clone(),
            domain: account.domain.clone(),
            state: account.state,
            status: account.status_words().to_owned(),
            visibility: account.visibility,
            headquarters: account.headquarters.clone(),
            created_at: account.created_at,
            activated_at: account.activated_at,
            version: account.version,
        }
    }
}

pub async fn one(may: May<ViewAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    json(200, &AccountShape::from(&account))
}
