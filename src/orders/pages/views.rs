//! Saved views of Order Inventory: search, filters, sorting and columns under a name of one's own.

use super::super::list::{self, MOST_VIEWS, SavedView};
use super::inventory::{ViewDialog, asked, inventory, query};
use super::{flash, inventory_path};
use crate::authz::action::ViewInventory;
use crate::error::{Error, Problems};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, FlashKind, May, NoFields, Posted, page, page_with};
use crate::kernel::Name;
use crate::kernel::ids::SavedViewId;
use serde::Deserialize;

/// The longest name of a view.
const LONGEST: usize = 60;
/// The longest query that is kept.
const LONGEST_QUERY: usize = 2_000;

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

/// The name of a view, or what is wrong with it.
pub fn name_of(typed: &str) -> Result<String, String> {
    let name = Name::parse(typed, "The name")?;
    if name.as_str().chars().count() > LONGEST {
        return Err(format!("Use {LONGEST} characters at most."));
    }
    Ok(name.to_string())
}

pub async fn add(may: May<ViewInventory>, posted: Posted<NewView>) -> Answer {
    let list = query(&may, &posted.value.asked);
    let mut problems = Problems::default();
    let name = problems.take("name", name_of(&posted.value.name));
    let query = asked(&list);
    if query.len() > LONGEST_QUERY {
        problems.add("", "This view has more filters than can be kept.");
    }
    let href = list.href();
    let done = match name {
        Some(name) if problems.is_empty() => save(&may, name, query).await,
        _ => Err(Error::Invalid(problems)),
    };
    match done {
        Ok(name) => Ok(may.see_other(
            &href,
            flash(
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

/// Keeps a view. Nobody else sees it, and nothing of the account changes: it is not recorded.
pub async fn save(may: &May<ViewInventory>, name: String, query: String) -> Result<String, Error> {
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
        .housekeeping(move |tx| {
            if list::all_views(tx, account, person)?.len() >= MOST_VIEWS {
                return Err(Error::invalid(
                    "name",
                    format!("You have {MOST_VIEWS} saved views. Remove one first."),
                ));
            }
            list::insert_view(tx, at, account, person, &view)
        })
        .await?;
    Ok(name)
}

pub async fn remove(may: May<ViewInventory>, id: PathPart<SavedViewId>, _form: Posted<NoFields>) -> Answer {
    let (account, person, id) = (may.permit.within().account()?, may.permit.person()?, id.0);
    let view = may
        .portal
        .db
        .housekeeping(move |tx| {
            let view = list::find_view(tx, account, person, id)?;
            list::remove_view(tx, view.id)?;
            Ok(view)
        })
        .await?;
    Ok(may.see_other(
        &inventory_path(&may),
        flash(
            FlashKind::Ok,
            format!("The saved view \u{201c}{}\u{201d} was removed.", view.name),
        ),
    ))
}
