//! One request, and declining it.

use super::between;
use crate::access_requests::model::AccessRequest;
use crate::access_requests::operations::decline_now;
use crate::access_requests::pages::base;
use crate::access_requests::service::{self, Details, Standing};
use crate::authz::Permit;
use crate::authz::action::{DecideAccess, ViewAccessRequests};
use crate::error::Result;
use crate::http::form::{self, PathPart};
use crate::http::widgets::Happening;
use crate::http::{Answer, FormState, May, Posted, Shell, Visit, page, page_with, see_other};
use crate::kernel::ids::AccessRequestId;
use askama::Template;
use serde::Deserialize;

/// What happened to a request, the newest first.
pub fn history(details: &Details) -> Vec<Happening> {
    let request = &details.request;
    let mut all = vec![Happening {
        what: "Request sent".to_owned(),
        who: details.requester.name.clone(),
        at: request.sent_at.utc(),
        note: String::new(),
    }];
    if let Some(at) = request.reminded_at {
        all.push(Happening {
            what: "Reminder sent".to_owned(),
            who: String::new(),
            at: at.utc(),
            note: String::new(),
        });
    }
    if let Some(at) = request.decided_at {
        let who = match (&details.decider, &details.on_behalf_of) {
            (Some(who), Some(whose)) => format!("{who}, on behalf of {whose}"),
            (Some(who), None) => who.clone(),
            _ => String::new(),
        };
        all.push(Happening {
            what: request.state.label().to_owned(),
            who,
            at: at.utc(),
            note: details.gift().unwrap_or_else(|| request.reason.clone()),
        });
    }
    all.reverse();
    all
}

#[derive(Template)]
#[template(path = "access_requests/request.html")]
struct RequestView {
    shell: Shell,
    details: Details,
    history: Vec<Happening>,
    base: String,
    is_open: bool,
    /// Why the reader cannot decide it, or "".
    refused: String,
    on_behalf_of: Option<String>,
    dialog: bool,
    form: FormState,
}

impl RequestView {
    fn path(&self) -> String {
        format!("{}/{}", self.base, self.details.request.id)
    }
}

fn request_view(
    visit: &Visit,
    details: Details,
    standing: &Standing,
    dialog: bool,
    form: FormState,
) -> RequestView {
    let mut shell = visit.account_shell(
        format!("Access request {}", details.request.reference),
        &between(visit, true),
    );
    shell.error_title = form.has_problems();
    let (refused, on_behalf_of) = match standing {
        Standing::Own => (
            "You asked for this access, so somebody else decides it.".to_owned(),
            None,
        ),
        Standing::Beyond => (
            "No single right of yours reaches all of it. A Smart Account Administrator can decide it."
                .to_owned(),
            None,
        ),
        Standing::Decides { on_behalf_of, .. } => (String::new(), on_behalf_of.clone()),
    };
    RequestView {
        shell: if dialog {
            shell.with_dialog("Decline access request")
        } else {
            shell
        },
        history: history(&details),
        base: base(visit),
        is_open: details.request.is_open(visit.portal.clock.now()),
        details,
        refused,
        on_behalf_of,
        dialog,
        form,
    }
}

async fn read_one(
    visit: &Visit,
    permit: &Permit<ViewAccessRequests>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    let permit = permit.clone();
    visit
        .portal
        .db
        .read(move |r| service::details(r, &permit, id))
        .await
}

pub async fn one(may: May<ViewAccessRequests>, id: PathPart<AccessRequestId>) -> Answer {
    let (details, standing) = read_one(&may, &may.permit, id.0).await?;
    page(&request_view(&may, details, &standing, false, FormState::new()))
}

pub(super) fn can_decide(visit: &Visit, request: &AccessRequest, standing: &Standing) -> bool {
    request.is_open(visit.portal.clock.now()) && matches!(standing, Standing::Decides { .. })
}

pub async fn show_decline(may: May<ViewAccessRequests>, id: PathPart<AccessRequestId>) -> Answer {
    let (details, standing) = read_one(&may, &may.permit, id.0).await?;
    if !can_decide(&may, &details.request, &standing) {
        // The matter has moved on: the page itself says how it stands.
        return see_other(&format!("{}/{}", base(&may), id.0));
    }
    page(&request_view(&may, details, &standing, true, form::fresh()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineForm {
    reason: String,
}

/// The reader's own view of a request, on a page that decides: what may be decided may be seen.
pub(super) async fn read_to_decide(
    may: &May<DecideAccess>,
    id: AccessRequestId,
) -> Result<(Details, Standing)> {
    may.reads(move |r, permit| service::details_to_decide(r, permit, id))
        .await
}

pub async fn decline(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    posted: Posted<DeclineForm>,
) -> Answer {
    let (details, standing) = read_to_decide(&may, id.0).await?;
    match decline_now(&may, id.0, &posted.value.reason).await {
        Ok(request) => may.done(
            &base(&may),
            format!(
                "The access request {} of {} was declined. The requester is told by email.",
                request.reference, details.requester.name
            ),
        ),
        Err(error) => {
            let (status, form) = posted.after(error, &[])?;
            page_with(status, &request_view(&may, details, &standing, true, form))
        }
    }
}
