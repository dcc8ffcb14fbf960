//! Local accounts, for scripts: what the pages can do.

use super::by_hand_pages::{begin_by_hand, registration_file, take_in};
use super::model::{AccountState, LocalAccount, Number, Requested, SyncState};
use super::register_pages::{found, registrar, to_its_end};
use super::registration::{ApiClient, address};
use super::request_pages::keep;
use super::service;
use super::store;
use crate::authz::action::{ManageOnPremAccounts, RequestOnPremAccount, ViewOnPremAccounts};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, json, reply};
use crate::kernel::Moment;
use crate::kernel::ids::DeviceManagerId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const ALL: &str = "/api/v1/on-prem/accounts";
const ONE: &str = "/api/v1/on-prem/accounts/{account}";

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    account_routes(routes);
    registration_routes(routes);
    state_routes(routes);
}

fn account_routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        ALL,
        Api::says("The On-Prem accounts of this server: all for its administrators and operators, one's own and those that one asked for otherwise.")
            .gives::<LocalAccountList>(200),
        all,
    );
    routes.api(
        Method::POST,
        ALL,
        Api::says("Request an On-Prem account. A System Administrator approves it.")
            .takes::<RequestAccountBody>()
            .gives::<LocalAccountShape>(201)
            .once(),
        request,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One On-Prem account.").gives::<LocalAccountShape>(200),
        one,
    );
}

/// A request's answer, and what registers the account with a cloud.
fn registration_routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/approve",
        Api::says("Approve a request and register the account with the cloud over the network, signed in by an API client of somebody of the cloud. For an Active account: register it again, with a new key and a reason. A registration that the cloud refuses leaves the request Pending.")
            .takes::<ApproveBody>()
            .gives::<LocalAccountShape>(200),
        approve,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/reject",
        Api::says("Reject a request, with a reason that the requester is sent.")
            .takes::<LocalReasonBody>()
            .gives::<LocalAccountShape>(200),
        reject,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/registration-file",
        Api::says("Approve a request by hand: from now on there is a registration file. For an Active account it has a new key.")
            .gives::<LocalAccountShape>(200),
        generate,
    );
    routes.api(
        Method::GET,
        "/api/v1/on-prem/accounts/{account}/registration-file",
        Api::says("The registration file, to be brought to the cloud.").gives_file(),
        registration_file,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/authorization",
        Api::says("Take in the authorization file of the cloud: the account is registered.")
            .takes::<AuthorizationBody>()
            .gives::<LocalAccountShape>(200),
        authorize,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/start-again",
        Api::says("Give up a registration that was begun: the request is Pending again.")
            .gives::<LocalAccountShape>(200),
        start_again,
    );
}

fn state_routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/deactivate",
        Api::says(
            "Deactivate an account without product instances, with a reason that the requester is sent.",
        )
        .takes::<LocalReasonBody>()
        .gives::<LocalAccountShape>(200),
        deactivate,
    );
    routes.api(
        Method::POST,
        "/api/v1/on-prem/accounts/{account}/activate",
        Api::says("Activate an Inactive account.").gives::<LocalAccountShape>(200),
        activate,
    );
    routes.api(
        Method::DELETE,
        ONE,
        Api::says("Delete an Inactive account, or a rejected request, with all that is in it.")
            .gives_nothing(),
        delete,
    );
}

/// The cloud that an account is registered with.
#[derive(Debug, Serialize, ToSchema)]
struct CloudShape {
    /// Its address, when it is known.
    url: Option<String>,
    /// Id of the device manager there.
    #[schema(value_type = String)]
    device_manager: DeviceManagerId,
    /// The Smart Account ID.
    smart_account: i64,
    smart_account_name: String,
    domain: String,
    virtual_account: String,
    registered_at: Moment,
}

/// An On-Prem account.
#[derive(Debug, Serialize, ToSchema)]
struct LocalAccountShape {
    /// Its number, as in addresses.
    number: i64,
    name: String,
    cisco_smart_account: String,
    cisco_virtual_account: String,
    email: String,
    /// pending, registering, awaiting-file, rejected, active or inactive.
    #[schema(value_type = String)]
    state: AccountState,
    /// Why it was rejected or deactivated, or why its registration failed; or "".
    reason: String,
    requested_at: Moment,
    cloud: Option<CloudShape>,
    /// never, in-progress, generated, successful, failed or overdue.
    #[schema(value_type = String)]
    sync: SyncState,
    last_sync: Option<Moment>,
    hides_hostnames: bool,
}

impl LocalAccountShape {
    fn of(account: LocalAccount, now: Moment) -> Self {
        Self {
            number: account.number,
            sync: account.sync_state(now),
            cloud: account.cloud.map(|cloud| CloudShape {
                url: cloud.url,
                device_manager: cloud.manager,
                smart_account: cloud.smart_account,
                smart_account_name: cloud.smart_account_name,
                domain: cloud.domain,
                virtual_account: cloud.virtual_account,
                registered_at: cloud.registered_at,
            }),
            name: account.name,
            cisco_smart_account: account.smart_account,
            cisco_virtual_account: account.virtual_account,
            email: account.email,
            state: account.state,
            reason: account.reason,
            requested_at: account.requested_at,
            last_sync: account.synced_at,
            hides_hostnames: account.hides_hostnames,
        }
    }
}

/// The accounts that one may see.
#[derive(Debug, Serialize, ToSchema)]
struct LocalAccountList {
    /// By name.
    items: Vec<LocalAccountShape>,
    total: usize,
}

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestAccountBody {
    /// "Account Name".
    name: String,
    /// "Cisco Smart Account".
    smart_account: String,
    /// "Cisco Virtual Account".
    virtual_account: String,
    /// "Email for Notification".
    email: String,
}

/// With whom and where an account is registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    /// Address of the cloud.
    cloud: String,
    /// An API client of somebody of the cloud who may set up an On-Prem account there.
    client_id: String,
    client_secret: String,
    /// Why an Active account is registered again.
    #[serde(default)]
    reason: String,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LocalReasonBody {
    reason: String,
}

/// The cloud's answer to a registration file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthorizationBody {
    /// The text of the authorization file.
    authorization: String,
    /// Address of the cloud, for synchronizing over the network later.
    #[serde(default)]
    cloud: String,
}

/// The accounts that somebody may see: all of them, or those in which they hold a role and those that they asked for.
async fn seen(may: &May<ViewOnPremAccounts>) -> Result<Vec<LocalAccount>> {
    if may.holds_by_platform(crate::authz::Action::ViewAdminWorkspace) {
        return may.portal.db.read(|r| store::list(r, None, i64::MAX, 0)).await;
    }
    let ids: Vec<_> = may.everywhere.iter().map(|grant| grant.account).collect();
    let person = may.permit.person()?;
    may.portal
        .db
        .read(move |r| {
            let mut found = store::list(r, Some(&ids), i64::MAX, 0)?;
            let own = store::requested_by(r, person)?;
            found.extend(own.into_iter().filter(|one| !ids.contains(&one.id)));
            found.sort_by_key(|one| (crate::kernel::search_key(&one.name), one.number));
            Ok(found)
        })
        .await
}

async fn all(may: May<ViewOnPremAccounts>) -> Answer {
    let (found, now) = (seen(&may).await?, may.portal.clock.now());
    json(
        200,
        &LocalAccountList {
            total: found.len(),
            items: found
                .into_iter()
                .map(|one| LocalAccountShape::of(one, now))
                .collect(),
        },
    )
}

async fn one(may: May<ViewOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = seen(&may)
        .await?
        .into_iter()
        .find(|one| one.number == number.0.0)
        .ok_or(Error::NotFound)?;
    json(200, &LocalAccountShape::of(account, may.portal.clock.now()))
}

async fn request(
    may: May<RequestOnPremAccount>,
    key: IdempotencyKey,
    body: JsonBody<RequestAccountBody>,
) -> Answer {
    let once = body.once_key(&may, &key);
    let asked = &body.value;
    let asked = Requested::parse(
        &asked.name,
        &asked.smart_account,
        &asked.virtual_account,
        &asked.email,
    )?;
    let account = keep(&may, asked, once).await?;
    json(201, &LocalAccountShape::of(account, may.portal.clock.now()))
}

fn shown(may: &May<ManageOnPremAccounts>, account: LocalAccount) -> Answer {
    may.portal.jobs.nudge();
    json(200, &LocalAccountShape::of(account, may.portal.clock.now()))
}

async fn approve(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    body: JsonBody<ApproveBody>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let (registrar, permit, body) = (registrar(&may), may.permit.clone(), body.value);
    let client = ApiClient {
        cloud: body.cloud,
        id: body.client_id,
        secret: body.client_secret,
    };
    let account = to_its_end(move || registrar.by_client(&permit, &account, &client, &body.reason)).await?;
    shown(&may, account)
}

async fn reject(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    body: JsonBody<LocalReasonBody>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let reason = service::reason(&body.value.reason).map_err(|says| Error::invalid("reason", says))?;
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::reject(tx, permit, at, id, &reason))
        .await?;
    shown(&may, account)
}

async fn generate(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let account = begin_by_hand(&may, &account).await?;
    shown(&may, account)
}

async fn authorize(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    body: JsonBody<AuthorizationBody>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let url = address(&body.value.cloud).map_err(|says| Error::invalid("cloud", says))?;
    let account = take_in(&may, &account, &body.value.authorization, url).await?;
    shown(&may, account)
}

async fn start_again(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::start_again(tx, permit, at, id))
        .await?;
    shown(&may, account)
}

async fn deactivate(
    may: May<ManageOnPremAccounts>,
    number: PathPart<Number>,
    body: JsonBody<LocalReasonBody>,
) -> Answer {
    let account = found(&may, number.0).await?;
    let reason = service::reason(&body.value.reason).map_err(|says| Error::invalid("reason", says))?;
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::deactivate(tx, permit, at, id, &reason))
        .await?;
    shown(&may, account)
}

async fn activate(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    let account = may
        .does(move |tx, permit, at| service::activate(tx, permit, at, id))
        .await?;
    shown(&may, account)
}

async fn delete(may: May<ManageOnPremAccounts>, number: PathPart<Number>) -> Answer {
    let account = found(&may, number.0).await?;
    let id = account.id;
    may.does(move |tx, permit, at| service::delete(tx, permit, at, id))
        .await?;
    reply::nothing()
}
