//! The dialog in which a Smart Account is found.

use super::LONGEST;
use super::choose::{AssignPage, SelectDialog, assign_page, draft_of, form_of};
use crate::authz::action::AssignOrder;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, FormState, May, Posted, page, page_with, see_other};
use crate::kernel::ids::{OrderDraftId, SmartAccountId};
use crate::orders::model::{Draft, SearchBy, Target};
use crate::orders::pages::base;
use crate::orders::service;
use serde::Deserialize;

/// What the search's address says.
struct Asked {
    services: bool,
    by: SearchBy,
    q: String,
}

fn asked(raw: &str) -> Asked {
    let mut asked = Asked {
        services: false,
        by: SearchBy::Domain,
        q: String::new(),
    };
    for (key, value) in url::form_urlencoded::parse(raw.as_bytes()) {
        match key.as_ref() {
            "for" => asked.services = value == "services",
            "by" => asked.by = value.parse().unwrap_or(asked.by),
            "q" => asked.q = value.trim().chars().take(LONGEST).collect(),
            _ => {}
        }
    }
    asked
}

async fn select_page(
    may: &May<AssignOrder>,
    draft: Draft,
    asked: Asked,
    form: FormState,
) -> Result<AssignPage> {
    let (of, by, q) = (draft.clone(), asked.by, asked.q.clone());
    let found = may
        .reads(move |r, permit| {
            if q.is_empty() {
                return Ok(Ok(Vec::new()));
            }
            match service::find_targets(r, permit, &of, by, &q) {
                // What was typed cannot be read: said beside the field.
                Err(Error::Invalid(problems)) => Ok(Err(problems)),
                found => found.map(Ok),
            }
        })
        .await?;
    let (found, unread) = match found {
        Ok(found) => (found, String::new()),
        Err(problems) => (
            Vec::new(),
            problems
                .list()
                .first()
                .map(|problem| problem.says.clone())
                .unwrap_or_default(),
        ),
    };
    let none = if !unread.is_empty() {
        unread
    } else if asked.q.is_empty() || !found.is_empty() {
        String::new()
    } else {
        match asked.by {
            SearchBy::Domain => "No Smart Account with this Domain Identifier. One that is Restricted is found by its whole Domain Identifier only.",
            SearchBy::Name => "No Smart Account with this name. One that is Restricted is found by its whole name only.",
            SearchBy::Email => "No Smart Account for this email address. Enter the whole address of the customer.",
        }
        .to_owned()
    };
    let dialog = SelectDialog {
        services: asked.services,
        by: asked.by,
        q: asked.q,
        found,
        form,
        none,
    };
    let form = form_of(&draft.content);
    assign_page(may, draft, form, Some(dialog)).await
}

/// "Select": the search for a Smart Account, over the first step.
pub async fn show_select(may: May<AssignOrder>, id: PathPart<OrderDraftId>) -> Answer {
    match draft_of(&may, id.0).await? {
        Err(done) => see_other(&done),
        Ok(draft) => page(&select_page(&may, draft, asked(&may.query), fresh()).await?),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selecting {
    #[serde(default)]
    account: String,
    #[serde(default)]
    r#for: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    q: String,
}

/// Takes a Smart Account, with its default Virtual Account until another is chosen.
pub async fn select(may: May<AssignOrder>, id: PathPart<OrderDraftId>, posted: Posted<Selecting>) -> Answer {
    let draft = match draft_of(&may, id.0).await? {
        Err(done) => return see_other(&done),
        Ok(draft) => draft,
    };
    let form = &posted.value;
    let services = form.r#for == "services";
    let account: Option<SmartAccountId> = form.account.parse().ok();
    let of = draft.clone();
    let chosen = match account {
        None => Err("Select one of the Smart Accounts.".to_owned()),
        Some(account) => {
            may.reads(move |r, permit| {
                let target = service::target(r, permit, &of, account)?;
                if let Some(refusal) = target.refused {
                    return Ok(Err(refusal.says.into_owned()));
                }
                let places = service::places(r, permit, account)?;
                let first = places.list.iter().find(|place| place.is_default);
                Ok(Ok(Target {
                    account,
                    virtual_account: first.or(places.list.first()).map(|place| place.id),
                }))
            })
            .await?
        }
    };
    match chosen {
        Err(says) => {
            let mut problems = Problems::default();
            problems.add("account", says);
            let asked = Asked {
                services,
                by: form.by.parse().unwrap_or(SearchBy::Domain),
                q: form.q.trim().chars().take(LONGEST).collect(),
            };
            page_with(
                422,
                &select_page(&may, draft, asked, posted.again(&problems)).await?,
            )
        }
        Ok(target) => {
            let mut content = draft.content.clone();
            if services {
                content.services = Some(target);
                content.separate = true;
            } else {
                content.target = Some(target);
            }
            let (permit, path) = (may.permit.clone(), format!("{}/assign/{}", base(&may), draft.id));
            may.portal
                .db
                .housekeeping(move |tx| service::change_draft(tx, &permit, &draft, &content))
                .await?;
            see_other(&path)
        }
    }
}
