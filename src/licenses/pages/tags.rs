//! "Manage License Tags": of one license or of many.

use super::super::service::{self, Row};
use super::super::tags;
use super::{base, between, chosen};
use crate::authz::action::TagLicenses;
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Shell, page, page_with};
use crate::kernel::ids::{LicenseStockId, VirtualAccountId};
use crate::kernel::search_key;
use crate::virtual_accounts::{MOST_TAGS, parse_tags};
use askama::Template;
use serde::Deserialize;

/// The name of the page, and of what leads to it.
const TITLE: &str = "Manage License Tags";

/// What the form says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    #[serde(default, rename = "license[]")]
    license: Vec<String>,
    /// Where one came from, to go back to: a Virtual Account, "license", or nothing.
    #[serde(default)]
    from: String,
    #[serde(default)]
    add: String,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Template)]
#[template(path = "licenses/tags.html")]
struct TagsPage {
    shell: Shell,
    form: FormState,
    rows: Vec<Row>,
    /// Every tag that one of them has.
    present: Vec<Choice>,
    from: String,
    action: String,
    back: String,
    most: usize,
}

fn action(may: &May<TagLicenses>) -> String {
    format!("{}/license-tags", base(may))
}

/// Back to where one came from.
fn back(may: &May<TagLicenses>, from: &str, ids: &[LicenseStockId]) -> String {
    match (from.parse::<VirtualAccountId>(), ids) {
        (Ok(va), _) => format!("{}/inventory/{va}/licenses", base(may)),
        (Err(_), [id]) if from == "license" => format!("{}/licenses/{id}", base(may)),
        (Err(_), _) => format!("{}/license-inventory", base(may)),
    }
}

async fn form_page(
    may: &May<TagLicenses>,
    ids: Vec<LicenseStockId>,
    from: String,
    form: FormState,
) -> Result<TagsPage> {
    let these = ids.clone();
    let rows = may
        .reads(move |r, permit| {
            these
                .iter()
                .map(|id| service::find(r, permit, *id))
                .collect::<Result<Vec<_>>>()
        })
        .await?;
    let mut present: Vec<String> = rows.iter().flat_map(|row| row.tags.iter().cloned()).collect();
    present.sort_by_key(|tag| search_key(tag));
    present.dedup_by_key(|tag| search_key(tag));
    let mut shell = may.account_shell(TITLE, &between(may));
    shell.error_title = form.has_problems();
    Ok(TagsPage {
        shell,
        form,
        rows,
        present: present
            .into_iter()
            .map(|tag| Choice::new(tag.clone(), tag))
            .collect(),
        action: action(may),
        back: back(may, &from, &ids),
        from,
        most: MOST_TAGS,
    })
}

/// GET /sa/{said}/licensing/license-tags?license=…&license=…&from=…
pub async fn show(may: May<TagLicenses>) -> Answer {
    let mut sent = Sent::default();
    for (key, value) in url::form_urlencoded::parse(may.query.as_bytes()) {
        match key.as_ref() {
            "license" => sent.license.push(value.into_owned()),
            "from" => sent.from = value.into_owned(),
            _ => {}
        }
    }
    let ids = chosen(&sent.license, TITLE)?;
    page(&form_page(&may, ids, sent.from, fresh()).await?)
}

/// POST /sa/{said}/licensing/license-tags
pub async fn change(may: May<TagLicenses>, posted: Posted<Sent>) -> Answer {
    let ids = chosen(&posted.value.license, TITLE)?;
    let from = posted.value.from.clone();
    let mut problems = Problems::default();
    let add = problems
        .take("add", parse_tags(&posted.value.add))
        .unwrap_or_default();
    if problems.is_empty() && add.is_empty() && posted.value.remove.is_empty() {
        problems.add("add", "Enter a tag to add, or choose one to remove.");
    }
    if !problems.is_empty() {
        return page_with(422, &form_page(&may, ids, from, posted.again(&problems)).await?);
    }
    let (these, remove) = (ids.clone(), posted.value.remove.clone());
    let done = may
        .does(move |tx, permit, at| tags::change(tx, permit, at, &these, &add, &remove))
        .await;
    match done {
        Ok(changed) => Ok(may.see_other(
            &back(&may, &from, &ids),
            Flash::new(
                FlashKind::Ok,
                format!(
                    "The tags of {} changed.",
                    counted(
                        u64::try_from(changed).unwrap_or_default(),
                        "license were",
                        "licenses were"
                    )
                ),
            ),
        )),
        Err(Error::Invalid(problems)) => {
            page_with(422, &form_page(&may, ids, from, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}
