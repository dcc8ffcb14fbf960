//! Admin Workspace, Users: the second factor of somebody who has lost it.

use super::list::USERS;
use super::pages::{Dialog, user, view};
use super::service;
use crate::authz::action::ManageSystemUsers;
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, Api, Flash, FlashKind, May, NoFields, Posted, Routes, page, reply};
use crate::kernel::ids::PersonId;
use actix_web::http::Method;

pub fn routes(routes: &mut Routes) {
    routes.get("/admin/users/{person}/second-factor", show);
    routes.post("/admin/users/{person}/second-factor", remove);
    routes.api(
        Method::DELETE,
        "/api/v1/on-prem/users/{person}/second-factor",
        Api::says("Remove the second factor of a user who has lost it. All sessions end and all API clients are revoked.")
            .gives_nothing(),
        remove_by_script,
    );
}

async fn take_away(may: &May<ManageSystemUsers>, id: PersonId) -> crate::error::Result<()> {
    may.does(move |tx, permit, at| service::remove_second_factor(tx, permit, at, id))
        .await?;
    may.portal.jobs.nudge();
    Ok(())
}

async fn show(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    let user = user(&may, id.0).await?;
    page(&view(&may, fresh(), Dialog::Factor(user)).await?)
}

async fn remove(may: May<ManageSystemUsers>, id: PathPart<PersonId>, _posted: Posted<NoFields>) -> Answer {
    let user = user(&may, id.0).await?;
    take_away(&may, id.0).await?;
    let text = format!(
        "The second factor of {} is removed. All sessions have ended.",
        user.name
    );
    Ok(may.see_other(USERS, Flash::new(FlashKind::Ok, text)))
}

async fn remove_by_script(may: May<ManageSystemUsers>, id: PathPart<PersonId>) -> Answer {
    take_away(&may, id.0).await?;
    reply::nothing()
}
