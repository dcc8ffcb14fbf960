//! Saved views for scripts.

use super::model::{SavedView, ShownList, view_name};
use super::service;
use crate::error::{Error, Problems};
use crate::http::form::PathPart;
use crate::http::routes::Api;
use crate::http::{Answer, JsonBody, Routes, SignedIn, json};
use crate::kernel::ids::SavedViewId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/me/saved-views",
        Api::says("One's own saved views of every list, by name.").gives::<Views>(200),
        all,
    );
    routes.api(
        Method::POST,
        "/api/v1/me/saved-views",
        Api::says("Saves a view of a list.")
            .takes::<NewView>()
            .gives::<ViewShape>(201),
        save,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/me/saved-views/{view}",
        Api::says("Removes a saved view.").gives_nothing(),
        remove,
    );
}

/// A saved view.
#[derive(Serialize, ToSchema)]
struct ViewShape {
    /// Its id.
    #[schema(value_type = String)]
    id: SavedViewId,
    /// Path of the page of the list.
    list: String,
    name: String,
    /// What stands behind the question mark, without the page.
    query: String,
}

impl From<SavedView> for ViewShape {
    fn from(view: SavedView) -> Self {
        Self {
            id: view.id,
            list: view.list,
            name: view.name,
            query: view.query,
        }
    }
}

/// One's own saved views.
#[derive(Serialize, ToSchema)]
struct Views {
    items: Vec<ViewShape>,
}

/// A view that is to be saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewView {
    /// Path of the page of a list and what is asked of it, such as /sa/100000001/orders/order-inventory?type=standard.
    #[schema(min_length = 2, max_length = 2000)]
    list: String,
    /// 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
}

async fn all(who: SignedIn) -> Answer {
    let person = who.actor().person.id;
    let views = who.portal.db.read(move |r| service::all(r, person)).await?;
    json(
        200,
        &Views {
            items: views.into_iter().map(ViewShape::from).collect(),
        },
    )
}

async fn save(who: SignedIn, body: JsonBody<NewView>) -> Answer {
    let mut problems = Problems::default();
    let name = problems.take("name", view_name(&body.value.name));
    let shown = ShownList::parse(&body.value.list)?;
    let Some(name) = name else {
        return Err(Error::Invalid(problems));
    };
    let (person, at) = (who.actor().person.id, who.portal.clock.now());
    let view = who
        .portal
        .db
        .housekeeping(move |tx| service::keep(tx, at, person, shown.clone(), name.clone()))
        .await?;
    json(201, &ViewShape::from(view))
}

async fn remove(who: SignedIn, id: PathPart<SavedViewId>) -> Answer {
    let (person, id) = (who.actor().person.id, id.0);
    who.portal
        .db
        .housekeeping(move |tx| service::forget(tx, person, id).map(drop))
        .await?;
    crate::http::reply::nothing()
}
