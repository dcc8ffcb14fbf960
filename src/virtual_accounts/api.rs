//! The JSON of Virtual Accounts.

use super::model::{AccessLevel, VirtualAccount};
use super::service;
use crate::authz::action::ViewVirtualAccounts;
use crate::http::form::PathPart;
use crate::http::{Answer, Api, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use actix_web::http::Method;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/virtual-accounts",
        Api::says("The Virtual Accounts that one may see, the default one first.")
            .gives::<VirtualAccountList>(200),
        all,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/virtual-accounts/{va}",
        Api::says("One Virtual Account.").gives::<VirtualAccountShape>(200),
        one,
    );
}

/// A Virtual Account.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct VirtualAccountShape {
    /// Its id.
    #[schema(value_type = String)]
    id: VirtualAccountId,
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// unrestricted or restricted.
    #[schema(value_type = String)]
    access_level: AccessLevel,
    /// Whether new orders without a Virtual Account go here.
    is_default: bool,
    /// The one above it.
    #[schema(value_type = Option<String>)]
    parent: Option<VirtualAccountId>,
    /// The default renewal date.
    preferred_end_date: Option<Moment>,
    /// Its tags.
    tags: Vec<String>,
    /// Since when.
    created_at: Moment,
    /// Counts changes.
    version: i64,
}

/// Virtual Accounts.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct VirtualAccountList {
    /// All of them.
    items: Vec<VirtualAccountShape>,
    /// How many.
    total: usize,
}

impl From<&VirtualAccount> for VirtualAccountShape {
    fn from(one: &VirtualAccount) -> Self {
        Self {
            id: one.id,
            name: one.name.clone(),
            description: one.description.clone(),
            access_level: one.access_level,
            is_default: one.is_default,
            parent: one.parent,
            preferred_end_date: one.preferred_end_date,
            tags: one.tag_list().into_iter().map(str::to_owned).collect(),
            created_at: one.created_at,
            version: one.version,
        }
    }
}

pub async fn all(may: May<ViewVirtualAccounts>) -> Answer {
    let permit = may.permit.clone();
    let list = may.portal.db.read(move |r| service::list(r, &permit)).await?;
    let items: Vec<VirtualAccountShape> = list.iter().map(VirtualAccountShape::from).collect();
    json(
        200,
        &VirtualAccountList {
            total: items.len(),
            items,
        },
    )
}

pub async fn one(may: May<ViewVirtualAccounts>, id: PathPart<VirtualAccountId>) -> Answer {
    let permit = may.permit.clone();
    let found = may
        .portal
        .db
        .read(move |r| service::find(r, &permit, id.0))
        .await?;
    json(200, &VirtualAccountShape::from(&found))
}
