//! The JSON of Virtual Accounts.

use super::form_pages::create_now;
use super::model::{AccessLevel, Details, Typed};
use super::pages::{ACCESS, LEVELS, SORTS, filter, order, query, reached};
use super::service::{self, NewVirtualAccount, Row};
use crate::authz::action::{
    CreateNestedVirtualAccount, DeleteVirtualAccount, EditVirtualAccount, ViewVirtualAccounts,
};
use crate::authz::{Does, Permit};
use crate::http::form::PathPart;
use crate::http::reply::nothing;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Param, Routes, Visit, json};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    const ALL: &str = "/api/v1/accounts/{said}/virtual-accounts";
    const ONE: &str = "/api/v1/accounts/{said}/virtual-accounts/{va}";
    routes.api(
        Method::GET,
        ALL,
        Api::says("The Virtual Accounts that one may see, the default one first.")
            .query(&[
                Param::text("q", "Words in name, description or tags."),
                Param::text("tag", "Only those with this tag.").many(),
                Param::choice("access", ACCESS, "Only those with this access level.").many(),
                Param::choice("level", LEVELS, "Only those at the top level, or nested ones.").many(),
                Param::sort(SORTS, "With a leading - the other way round."),
                Param::PAGE,
                Param::PER,
            ])
            .gives::<VirtualAccountList>(200),
        all,
    );
    routes.api(
        Method::POST,
        ALL,
        Api::says("Create a Virtual Account, at the top level or below another.")
            .takes::<NewVirtualAccountBody>()
            .gives::<VirtualAccountShape>(201)
            .once(),
        create,
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One Virtual Account.").gives::<VirtualAccountShape>(200),
        one,
    );
    routes.api(
        Method::PUT,
        ONE,
        Api::says("Edit a Virtual Account.")
            .takes::<VirtualAccountBody>()
            .gives::<VirtualAccountShape>(200),
        edit,
    );
    routes.api(
        Method::DELETE,
        ONE,
        Api::says("Delete a Virtual Account, for good. It must be empty, not the default one, not bound to a device manager, and have none nested below it.")
            .gives_nothing(),
        delete,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/virtual-accounts/{va}/default",
        Api::says("Set as Default Virtual Account: new orders without a Virtual Account go there.")
            .gives::<VirtualAccountShape>(200),
        make_default,
    );
}

/// The operations of nesting.
pub fn nesting_routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/virtual-accounts/{va}/parent",
        Api::says("Change the Parent Account.")
            .takes::<ParentBody>()
            .gives::<VirtualAccountShape>(200),
        change_parent,
    );
}

/// A Virtual Account that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVirtualAccountBody {
    /// Its name, unique within the Smart Account.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// unrestricted or restricted; unrestricted without it.
    access_level: Option<AccessLevel>,
    /// Whether it takes over as the default one.
    #[serde(default)]
    is_default: bool,
    /// The one above it; none for the top level.
    #[schema(value_type = Option<String>)]
    parent: Option<VirtualAccountId>,
    /// Preferred end Date, such as 2027-06-30.
    preferred_end_date: Option<String>,
    /// Its tags.
    #[serde(default)]
    #[schema(max_items = 20)]
    tags: Vec<String>,
}

/// What can be edited of a Virtual Account. What is left out becomes empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VirtualAccountBody {
    /// Its name, unique within the Smart Account.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// unrestricted or restricted.
    access_level: AccessLevel,
    /// Preferred end Date, such as 2027-06-30.
    preferred_end_date: Option<String>,
    /// Its tags.
    #[serde(default)]
    #[schema(max_items = 20)]
    tags: Vec<String>,
    /// The version that was read. Answered with 409 "stale" when there is a newer one.
    version: i64,
}

/// Where a Virtual Account is put.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ParentBody {
    /// The one above it; none for the top level.
    #[schema(value_type = Option<String>)]
    parent: Option<VirtualAccountId>,
}

/// A Virtual Account.
#[derive(Debug, Serialize, ToSchema)]
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
    /// How many are nested directly below it.
    nested: usize,
    /// The default renewal date.
    preferred_end_date: Option<Moment>,
    /// Its tags.
    tags: Vec<String>,
    /// How many people reach it.
    users: u64,
    /// The device manager to which it is bound.
    device_manager: Option<String>,
    /// Since when.
    created_at: Moment,
    /// Counts changes.
    version: i64,
}

/// Virtual Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct VirtualAccountList {
    /// Those of the page, or all of them.
    items: Vec<VirtualAccountShape>,
    /// How many there are on all pages.
    total: u64,
}

impl From<&Row> for VirtualAccountShape {
    fn from(row: &Row) -> Self {
        let one = &row.one;
        Self {
            id: one.id,
            name: one.name.clone(),
            description: one.description.clone(),
            access_level: one.access_level,
            is_default: one.is_default,
            parent: one.parent,
            nested: row.nested,
            preferred_end_date: one.preferred_end_date,
            tags: one.tag_list().into_iter().map(str::to_owned).collect(),
            users: row.users,
            device_manager: row.on_prem().map(str::to_owned),
            created_at: one.created_at,
            version: one.version,
        }
    }
}

pub async fn all(may: May<ViewVirtualAccounts>) -> Answer {
    let is_paged =
        url::form_urlencoded::parse(may.query.as_bytes()).any(|(key, _)| key == "page" || key == "per");
    let (occupants, path, raw) = (may.portal.occupants.clone(), may.path.clone(), may.query.clone());
    let (rows, total) = may
        .reads(move |r, permit| {
            let tags = service::tags_in_use(r, permit)?;
            let list = query(path, &raw, &tags, false);
            list.understood()?;
            let wanted = filter(&list);
            let total = service::count(r, permit, &wanted)?;
            let cut = if is_paged {
                (list.offset(), list.limit())
            } else {
                (0, u64::MAX)
            };
            let rows = service::page(r, permit, &occupants, &wanted, order(&list), list.descending, cut)?;
            Ok((rows, total))
        })
        .await?;
    json(
        200,
        &VirtualAccountList {
            total,
            items: rows.iter().map(VirtualAccountShape::from).collect(),
        },
    )
}

/// The Virtual Account as it is now.
async fn answer(
    visit: &Visit,
    view: Permit<ViewVirtualAccounts>,
    status: u16,
    id: VirtualAccountId,
) -> Answer {
    let occupants = visit.portal.occupants.clone();
    let row = visit
        .portal
        .db
        .read(move |r| service::row(r, &view, &occupants, id))
        .await?;
    json(status, &VirtualAccountShape::from(&row))
}

pub async fn one(may: May<ViewVirtualAccounts>, id: PathPart<VirtualAccountId>) -> Answer {
    answer(&may, may.permit.clone(), 200, id.0).await
}

async fn create(
    may: May<CreateNestedVirtualAccount>,
    key: IdempotencyKey,
    body: JsonBody<NewVirtualAccountBody>,
) -> Answer {
    let (new, at) = (&body.value, may.portal.clock.now());
    let tags = new.tags.join("\n");
    let details = Details::parse(
        &Typed {
            name: &new.name,
            description: &new.description,
            access: new.access_level.unwrap_or(AccessLevel::Unrestricted).word(),
            end_date: new.preferred_end_date.as_deref().unwrap_or_default(),
            tags: &tags,
        },
        at,
        None,
    )?;
    let once = body.once_key(&may, &key);
    let wanted = NewVirtualAccount::of(&details, new.is_default);
    let (made, _) = create_now(&may, new.parent, wanted, once).await?;
    // One who becomes its administrator by this write had no permit for it when the request came.
    let account = may.permit.within().account()?;
    let occupants = may.portal.occupants.clone();
    let row = may
        .portal
        .db
        .read(move |r| service::row_of_new(r, account, &occupants, made))
        .await?;
    json(201, &VirtualAccountShape::from(&row))
}

async fn edit(
    may: May<EditVirtualAccount>,
    id: PathPart<VirtualAccountId>,
    body: JsonBody<VirtualAccountBody>,
) -> Answer {
    let one = reached(&may, id.0).await?;
    service::not_default(&may.permit, &one)?;
    let (sent, at, id) = (&body.value, may.portal.clock.now(), id.0);
    let tags = sent.tags.join("\n");
    let details = Details::parse(
        &Typed {
            name: &sent.name,
            description: &sent.description,
            access: sent.access_level.word(),
            end_date: sent.preferred_end_date.as_deref().unwrap_or_default(),
            tags: &tags,
        },
        at,
        one.preferred_end_date,
    )?;
    let version = sent.version;
    may.does(move |tx, permit, _| service::edit(tx, permit, at, id, version, &details))
        .await?;
    shown(&may, id).await
}

async fn shown<A: Does>(may: &May<A>, id: VirtualAccountId) -> Answer {
    let view = may.also::<ViewVirtualAccounts>().await?;
    answer(may, view, 200, id).await
}

async fn change_parent(
    may: May<EditVirtualAccount>,
    id: PathPart<VirtualAccountId>,
    body: JsonBody<ParentBody>,
) -> Answer {
    reached(&may, id.0).await?;
    let (id, parent) = (id.0, body.value.parent);
    may.does(move |tx, permit, at| service::move_below(tx, permit, at, id, parent))
        .await?;
    shown(&may, id).await
}

async fn make_default(may: May<EditVirtualAccount>, id: PathPart<VirtualAccountId>) -> Answer {
    reached(&may, id.0).await?;
    let id = id.0;
    let occupants = may.portal.occupants.clone();
    may.does(move |tx, permit, at| service::set_default(tx, permit, &occupants, at, id))
        .await?;
    shown(&may, id).await
}

async fn delete(may: May<DeleteVirtualAccount>, id: PathPart<VirtualAccountId>) -> Answer {
    reached(&may, id.0).await?;
    let id = id.0;
    let occupants = may.portal.occupants.clone();
    may.does(move |tx, permit, at| service::delete(tx, permit, &occupants, at, id, None))
        .await?;
    nothing()
}
