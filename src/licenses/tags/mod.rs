//! License tags: words by which the licenses of a Virtual Account are found again, whatever they are called.

mod store;

pub use store::{forget, in_use, of};

use super::model::MOST_AT_ONCE;
use super::stock;
use crate::authz::Permit;
use crate::authz::action::TagLicenses;
use crate::error::{Error, Result};
use crate::kernel::ids::LicenseStockId;
use crate::kernel::looks::Look;
use crate::kernel::{Event, Kind, Moment, search_key};
use crate::platform::db::{Recorded, Tx};
use crate::virtual_accounts::MOST_TAGS;
use serde_json::json;

/// Adds tags to licenses and takes others away: all of them or none. A tag that is there already, or not there, is left
/// as it is; one that is added and taken away is added. Answers with how many licenses were changed.
pub fn change(
    tx: &mut Tx<'_>,
    permit: &Permit<TagLicenses>,
    at: Moment,
    ids: &[LicenseStockId],
    add: &[String],
    remove: &[String],
) -> Result<Recorded<usize>> {
    let within = permit.within();
    let account = within.account()?;
    if ids.is_empty() {
        return Err(Error::refused(
            "licenses.nothing-chosen",
            "No license was chosen.",
        ));
    }
    if ids.len() > MOST_AT_ONCE {
        return Err(Error::refused(
            "licenses.too-many",
            format!("The tags of at most {MOST_AT_ONCE} licenses are changed at once."),
        ));
    }
    let known = in_use(tx, within)?;
    for (at, tag) in add.iter().enumerate() {
        let other = Look::of(tag).among(known.iter().map(String::as_str));
        if let Some(other) = other.filter(|other| search_key(other) != search_key(tag)) {
            return Err(Error::invalid(
                format!("add/{at}"),
                format!(
                    "The tag {other} is in use, looks like this one and is written with other characters. Use that one, or one that can be told apart."
                ),
            ));
        }
    }
    let before = store::of(tx, account, ids)?;
    let gone: Vec<String> = remove
        .iter()
        .map(|tag| search_key(tag))
        .filter(|key| add.iter().all(|tag| search_key(tag) != *key))
        .collect();
    let mut events = Vec::new();
    for id in ids {
        let stock = stock::find(tx, within, *id)?;
        let was = before.get(id).cloned().unwrap_or_default();
        let mut is: Vec<String> = was
            .iter()
            .filter(|tag| !gone.contains(&search_key(tag)))
            .cloned()
            .collect();
        let kept = is.len();
        for tag in add {
            if is.iter().all(|known| search_key(known) != search_key(tag)) {
                is.push(tag.clone());
            }
        }
        if kept == was.len() && is.len() == kept {
            continue;
        }
        if is.len() > MOST_TAGS {
            return Err(Error::invalid(
                "add",
                format!(
                    "{} would have {} tags. A license has at most {MOST_TAGS}.",
                    stock.name,
                    is.len()
                ),
            ));
        }
        store::change(tx, account, *id, &gone, is.get(kept..).unwrap_or_default())?;
        events.push(
            Event::new(
                Kind::LicensesTagged,
                stock.id,
                format!("The tags of {} were changed: {}.", stock.name, words(&is)),
            )
            .within(account)
            .in_virtual_account(stock.virtual_account)
            .with(json!({ "license": stock.name, "before": was, "after": is })),
        );
    }
    let changed = events.len();
    tx.record_all(at, permit.who(), &events, changed)
}

fn words(tags: &[String]) -> String {
    if tags.is_empty() {
        "none are left".to_owned()
    } else {
        tags.join(", ")
    }
}
