//! A group in other Smart Accounts, seen from both sides.

use super::group::{REQUEST, again, group_page};
use super::reach::AccessForm;
use super::{crumbs, path};
use crate::authz::action::ManageGroups;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, FormState, May, NoFields, Posted, Shell, page, page_with};
use crate::kernel::ids::UserGroupId;
use crate::members::access::{self, AccessFields};
use crate::members::groups::model::{Asked, RequestState};
use crate::members::groups::operations::{Lookup, ask_now};
use crate::members::groups::service;
use crate::members::pages::base;
use crate::members::service::place;
use askama::Template;
use serde::Deserialize;

pub(super) async fn show_request(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    page(&group_page(&may, id.0, REQUEST.0, REQUEST.1, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestForm {
    domain: String,
    note: String,
}

pub(super) async fn request(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<RequestForm>,
) -> Answer {
    let id = id.0;
    match ask_now(&may, id, &posted.value.domain, &posted.value.note).await {
        Ok(request) => may.done(
            &path(&may, id),
            format!(
                "Request {} was sent to the administrators of that Smart Account.",
                request.lookup_id
            ),
        ),
        Err(error) => again(&may, id, REQUEST, error, &posted).await,
    }
}

pub(super) async fn end_mine(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    lookup: PathPart<Lookup>,
    _: Posted<NoFields>,
) -> Answer {
    let (id, lookup) = (id.0, lookup.0.0);
    may.does(move |tx, permit, at| service::end_as_owner(tx, permit, at, id, &lookup))
        .await?;
    may.done(&path(&may, id), "The access, or the request for it, has ended.")
}

#[derive(Template)]
#[template(path = "members/external.html")]
struct ExternalPage {
    shell: Shell,
    number: i64,
    /// What was looked for.
    lookup: String,
    /// Nothing has that lookup ID.
    unknown: bool,
    asked: Option<Asked>,
    form: FormState,
    fields: AccessFields,
    /// Whether the reader answers for the whole account, and so may decline.
    answers: bool,
}

impl ExternalPage {
    fn waits(&self) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.request.state == RequestState::Waiting)
    }
}

async fn external_page(may: &May<ManageGroups>, typed: String, form: FormState) -> Result<ExternalPage> {
    let lookup: Option<Lookup> = typed.parse().ok();
    let (place, asked) = may
        .reads(move |r, permit| {
            let place = place(r, permit.within().account()?)?;
            let asked = match lookup {
                None => None,
                Some(Lookup(id)) => match service::look_up(r, permit, &id) {
                    Ok(asked) => Some(asked),
                    Err(Error::NotFound) => None,
                    Err(other) => return Err(other),
                },
            };
            Ok((place, asked))
        })
        .await?;
    let mut shell = may.account_shell(
        "Grant Smart Account access to external user group",
        &crumbs(may, None),
    );
    shell.error_title = form.has_problems();
    Ok(ExternalPage {
        shell,
        number: may.number(),
        unknown: asked.is_none() && !typed.is_empty(),
        lookup: typed,
        asked,
        form,
        fields: access::fields(&place, may.permit.within(), false),
        answers: may.permit.within().only().is_none(),
    })
}

pub(super) async fn show_external(may: May<ManageGroups>) -> Answer {
    let typed = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "lookup")
        .map(|(_, value)| value.trim().chars().take(60).collect())
        .unwrap_or_default();
    let form = fresh().with_value("scope", access::SELECTED);
    page(&external_page(&may, typed, form).await?)
}

pub(super) async fn grant(
    may: May<ManageGroups>,
    lookup: PathPart<Lookup>,
    posted: Posted<AccessForm>,
) -> Answer {
    let (typed, lookup) = (&posted.value, lookup.0.0);
    let mut problems = Problems::default();
    let chosen = access::read(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut problems,
    );
    let id = lookup.clone();
    // Somebody else's request is not there, whatever was chosen.
    may.reads(move |r, permit| service::look_up(r, permit, &id))
        .await?;
    let Some((scope, role)) = chosen else {
        return page_with(422, &external_page(&may, lookup, posted.again(&problems)).await?);
    };
    let id = lookup.clone();
    let done = may
        .does(move |tx, permit, at| service::let_in(tx, permit, at, &id, &scope, role))
        .await;
    match done {
        Ok(asked) => may.done(
            &base(&may, "user-groups"),
            format!(
                "The user group {} of {} has access now.",
                asked.group, asked.owner.name
            ),
        ),
        Err(error) => {
            let (status, form) = posted.after(error, access::RULES)?;
            page_with(status, &external_page(&may, lookup, form).await?)
        }
    }
}

pub(super) async fn decline(may: May<ManageGroups>, lookup: PathPart<Lookup>, _: Posted<NoFields>) -> Answer {
    let lookup = lookup.0.0;
    let asked = may
        .does(move |tx, permit, at| service::decline(tx, permit, at, &lookup))
        .await?;
    may.done(
        &base(&may, "user-groups"),
        format!(
            "The request of the user group {} of {} was declined.",
            asked.group, asked.owner.name
        ),
    )
}

#[derive(Template)]
#[template(path = "members/external_end.html")]
struct EndPage {
    shell: Shell,
    number: i64,
    asked: Asked,
    refused: String,
}

async fn end_page(may: &May<ManageGroups>, lookup: String, refused: String) -> Result<EndPage> {
    let asked = may
        .reads(move |r, permit| service::look_up(r, permit, &lookup))
        .await?;
    Ok(EndPage {
        shell: may
            .account_shell("End access", &crumbs(may, None))
            .with_dialog("End access of external user group?"),
        number: may.number(),
        asked,
        refused,
    })
}

pub(super) async fn show_end(may: May<ManageGroups>, lookup: PathPart<Lookup>) -> Answer {
    let mut shown = end_page(&may, lookup.0.0, String::new()).await?;
    let state = shown.asked.request.state;
    if state != RequestState::Granted {
        service::stands(state).clone_into(&mut shown.refused);
    }
    page(&shown)
}

pub(super) async fn end(may: May<ManageGroups>, lookup: PathPart<Lookup>, _: Posted<NoFields>) -> Answer {
    let lookup = lookup.0.0;
    let id = lookup.clone();
    let done = may
        .does(move |tx, permit, at| service::end_as_target(tx, permit, at, &id))
        .await;
    match done {
        Ok(()) => may.done(
            &base(&may, "user-groups"),
            "The access of the external user group has ended.",
        ),
        Err(Error::Refused(refusal)) => {
            page_with(409, &end_page(&may, lookup, refusal.says.into_owned()).await?)
        }
        Err(other) => Err(other),
    }
}
