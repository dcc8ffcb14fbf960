//! Saved views of Order Inventory: search, filters, sorting and columns under a name of one's own.

use super::super::list::{self, SavedView};
use super::inventory::{ViewDialog, inventory, query};
use super::inventory_path;
use crate::authz::action::ViewInventory;
use crate::error::{Error, Problems};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, Flash, FlashKind, May, NoFields, Posted, page, page_with};
use crate::kernel::ids::SavedViewId;
use serde::Deserialize;

pub async fn manage(may: May<ViewInventory>) -> Answer {
    let dialog = ViewDialog {
        form: fresh(),
        manage: true,
    };
    page(&inventory(&may, &may.query, Some(dialog)).await?)
}

pub async fn show_new(may: May<ViewInventory>) -> Answer {
    let dialog = ViewDialog {
        form: fresh(),
        manage: false,
    };
    page(&inventory(&may, &may.query, Some(dialog)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    #[serde(default)]
    name: String,
    #[serde(default)]
    asked: String,
}

pub async fn add(may: May<ViewInventory>, posted: Posted<NewView>) -> Answer {
    let shown = query(&may, &posted.value.asked);
    let mut problems = Problems::default();
    let name = problems.take("name", list::view_name(&posted.value.name));
    let query = list::asked(&shown);
    if query.len() > list::LONGEST_QUERY {
        problems.add("", "This view has more filters than can be kept.");
    }
    let href = shown.href();
    let done = match name {
        Some(name) if problems.is_empty() => save(&may, name, query).await,
        _ => Err(Error::Invalid(problems)),
    };
    match done {
        Ok(name) => Ok(may.see_other(
            &href,
            Flash::new(
                FlashKind::Ok,
                format!("The view \u{201c}{name}\u{201d} was saved."),
            ),
        )),
        Err(Error::Invalid(problems)) => {
            let dialog = ViewDialog {
                form: posted.again(&problems),
                manage: false,
            };
            page_with(422, &inventory(&may, &posted.value.asked, Some(dialog)).await?)
        }
        Err(other) => Err(other),
    }
}

async fn save(may: &May<ViewInventory>, name: String, query: String) -> Result<String, Error> {
    let view = SavedView {
        id: SavedViewId::new(),
        name: name.clone(),
        query,
    };
    let (account, person, at) = (
        may.permit.within().account()?,
        may.permit.person()?,
        may.portal.clock.now(),
    );
    may.portal
        .db
        .housekeeping(move |tx| list::keep_view(tx, at, account, person, &view))
        .await?;
    Ok(name)
}

pub async fn remove(may: May<ViewInventory>, id: PathPart<SavedViewId>, _form: Posted<NoFields>) -> Answer {
    let (account, person, id) = (may.permit.within().account()?, may.permit.person()?, id.0);
    let view = may
        .portal
        .db
        .housekeeping(move |tx| list::forget_view(tx, account, person, id))
        .await?;
    Ok(may.see_other(
        &inventory_path(&may),
        Flash::new(
            FlashKind::Ok,
            format!("The saved view \u{201c}{}\u{201d} was removed.", view.name),
        ),
    ))
}
