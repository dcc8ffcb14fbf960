//! Device managers, for scripts: what the pages can do.

use super::list::{LIST, Listed};
use super::model::{LocalPlace, SyncStatus};
use super::pages::{addressed, rename_now};
use super::service;
use crate::authz::action::{RemoveDeviceManager, Synchronize, ViewInventory};
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::{Answer, Api, JsonBody, May, Routes, json, reply};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, VirtualAccountId};
use crate::kernel::text::case_number;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const ONE: &str = "/api/v1/accounts/{said}/device-managers/{manager}";
    LIST.operation::<DeviceManagerShape>(
        routes,
        "/api/v1/accounts/{said}/device-managers",
        "Device managers: On-Prem servers and how they stand with their synchronizations.",
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One device manager.").gives::<DeviceManagerShape>(200),
        one,
    );
    routes.api(
        Method::PATCH,
        ONE,
        Api::says("Rename a device manager.")
            .takes::<RenameManagerBody>()
            .gives::<DeviceManagerShape>(200),
        rename,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/device-managers/{manager}/remove",
        Api::says("Remove a device manager that serves no product instance any more: its key is revoked, its Virtual Account stays and is not bound. One whose On-Prem server is lost for good is removed with its product instances (lost, with the number of the case).")
            .takes::<RemoveManagerBody>()
            .gives_nothing(),
        remove,
    );
}

/// A Virtual Account of the On-Prem server itself.
#[derive(Debug, Serialize, ToSchema)]
struct LocalPlaceShape {
    name: String,
    description: String,
    product_instances: u64,
}

/// A device manager.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceManagerShape {
    /// Its id.
    #[schema(value_type = String)]
    id: DeviceManagerId,
    name: String,
    /// never-synchronized, in-progress, successful, failed or overdue.
    #[schema(value_type = String)]
    status: SyncStatus,
    /// Why the last file was refused, if it was.
    failure: Option<String>,
    last_sync: Option<Moment>,
    due_at: Moment,
    /// When it is removed unless it synchronizes.
    removed_at: Moment,
    /// The sequence of its last applied file; 0 for none.
    sequence: i64,
    product_instances: i64,
    /// The Virtual Account to which it is bound.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    virtual_account_name: String,
    local_virtual_accounts: Vec<LocalPlaceShape>,
    registered_at: Moment,
    registered_by: String,
}

impl From<Listed> for DeviceManagerShape {
    fn from(listed: Listed) -> Self {
        let (one, status) = (listed.row.manager, listed.status);
        Self {
            status,
            removed_at: one.ends_at(),
            local_virtual_accounts: one
                .local_places()
                .into_iter()
                .map(
                    |LocalPlace {
                         name,
                         description,
                         devices,
                     }| LocalPlaceShape {
                        name,
                        description,
                        product_instances: devices,
                    },
                )
                .collect(),
            failure: one.failed_at.is_some().then_some(one.failure),
            id: one.id,
            name: one.name,
            last_sync: one.synced_at,
            due_at: one.due_at,
            sequence: one.sequence,
            product_instances: one.product_instances,
            virtual_account: one.place,
            virtual_account_name: listed.row.place,
            registered_at: one.registered_at,
            registered_by: one.registrar,
        }
    }
}

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenameManagerBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Why it is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RemoveManagerBody {
    /// The number of the active case; left out to proceed without.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 40, pattern = "^[A-Za-z0-9-]+$")]
    case_number: Option<String>,
    /// The On-Prem server is lost: its product instances go with it, and what they used is free again. Needs the number
    /// of the active case.
    #[serde(default)]
    lost: bool,
}

async fn one(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    let now = may.portal.clock.now();
    let row = may.reads(move |r, permit| service::find(r, permit, id.0)).await?;
    json(200, &DeviceManagerShape::from(Listed::at(row, now)))
}

async fn rename(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    body: JsonBody<RenameManagerBody>,
) -> Answer {
    // Whether it is there comes before what is wrong with its name.
    let (view, _) = addressed(&may, id.0).await?;
    rename_now(&may, &view, id.0, &body.value.name).await?;
    let row = may.portal.db.read(move |r| service::find(r, &view, id.0)).await?;
    json(
        200,
        &DeviceManagerShape::from(Listed::at(row, may.portal.clock.now())),
    )
}

async fn remove(
    may: May<RemoveDeviceManager>,
    id: PathPart<DeviceManagerId>,
    body: JsonBody<RemoveManagerBody>,
) -> Answer {
    let (view, _) = addressed(&may, id.0).await?;
    let case = match body.value.case_number.as_deref() {
        Some(typed) => Some(case_number(typed).map_err(|says| Error::invalid("case_number", says))?),
        None if body.value.lost => {
            return Err(Error::invalid(
                "case_number",
                "A lost device manager is removed under a case. Give its number: 3 to 40 letters, digits and hyphens.",
            ));
        }
        None => None,
    };
    let is_lost = body.value.lost;
    may.does(move |tx, permit, at| match &case {
        Some(case) if is_lost => {
            Ok(service::remove_lost(tx, &view, permit, at, id.0, case)?.map(|lost| lost.name))
        }
        case => service::remove(tx, &view, permit, at, id.0, case.as_deref()),
    })
    .await?;
    reply::nothing()
}
