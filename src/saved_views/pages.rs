//! The pop-up of a list's saved views: those that one has, and the list as it is now under a name.

use super::model::{SavedView, ShownList, view_name};
use super::service;
use crate::error::{Error, Problems, Result};
use crate::http::form::{Named, PathPart, fresh};
use crate::http::{Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, page, page_with};
use crate::kernel::ids::SavedViewId;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/saved-views", show);
    routes.post("/saved-views", save);
    routes.post("/saved-views/{view}/remove", remove);
}

impl Named for SavedViewId {
    const NAME: &'static str = "view";
}

#[derive(Template)]
#[template(path = "saved_views/views.html")]
struct ViewsPage {
    shell: Shell,
    form: FormState,
    shown: ShownList,
    views: Vec<SavedView>,
}

async fn views_page(who: &SignedIn, shown: ShownList, form: FormState) -> Result<ViewsPage> {
    let (person, list) = (who.actor().person.id, shown.list.clone());
    let views = who
        .portal
        .db
        .read(move |r| service::of_list(r, person, &list))
        .await?;
    let mut shell = who.shell("Saved views").with_dialog("Saved views");
    shell.error_title = form.has_problems();
    Ok(ViewsPage {
        shell,
        form,
        shown,
        views,
    })
}

async fn show(who: SignedIn) -> Answer {
    let of = url::form_urlencoded::parse(who.query.as_bytes())
        .find(|(key, _)| key == "of")
        .map(|(_, of)| of.into_owned())
        .unwrap_or_default();
    page(&views_page(&who, ShownList::parse(&of)?, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewView {
    of: String,
    #[serde(default)]
    name: String,
}

async fn save(who: SignedIn, posted: Posted<NewView>) -> Answer {
    let mut problems = Problems::default();
    let name = problems.take("name", view_name(&posted.value.name));
    let shown = ShownList::parse(&posted.value.of)?;
    let kept = match name {
        Some(name) => {
            let (person, at, shown) = (who.actor().person.id, who.portal.clock.now(), shown.clone());
            who.portal
                .db
                .housekeeping(move |tx| service::keep(tx, at, person, shown.clone(), name.clone()))
                .await
        }
        None => Err(Error::Invalid(problems)),
    };
    match kept {
        Ok(view) => Ok(who.see_other(
            &view.href(),
            Flash::new(
                FlashKind::Ok,
                format!("The view \u{201c}{}\u{201d} was saved.", view.name),
            ),
        )),
        Err(Error::Invalid(problems)) => {
            page_with(422, &views_page(&who, shown, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    /// The list to go back to, as it was shown; the view's own when nothing is said.
    #[serde(default)]
    of: Option<String>,
}

async fn remove(who: SignedIn, id: PathPart<SavedViewId>, posted: Posted<Removal>) -> Answer {
    let (person, id) = (who.actor().person.id, id.0);
    let shown = posted.value.of.as_deref().map(ShownList::parse).transpose()?;
    let view = who
        .portal
        .db
        .housekeeping(move |tx| service::forget(tx, person, id))
        .await?;
    Ok(who.see_other(
        &shown.map_or_else(|| view.list.clone(), |shown| shown.href()),
        Flash::new(
            FlashKind::Ok,
            format!("The saved view \u{201c}{}\u{201d} was removed.", view.name),
        ),
    ))
}
