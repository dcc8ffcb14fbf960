//! "Delegation": who decides for whom while they are away.

use super::super::operations::{NewDelegation, end_now, lend_now};
use super::super::service::{self, StoodIn};
use super::decide::{between, tabs};
use super::{above, base, beside_fields};
use crate::authz::action::{DecideAccess, ViewAccessRequests};
use crate::authz::grants;
use crate::http::NoFields;
use crate::http::form::{self, PathPart};
use crate::http::widgets::Tab;
use crate::http::{Answer, FormState, May, Posted, Shell, Visit, page, page_with};
use crate::kernel::Moment;
use crate::kernel::ids::DelegationId;
use askama::Template;
use chrono::TimeDelta;

/// A delegation as the list shows it.
struct Line {
    one: StoodIn,
    /// It counts now, not only later.
    now: bool,
    /// The reader may end it.
    ends: bool,
}

impl Line {
    /// The last day.
    fn last(&self) -> chrono::DateTime<chrono::Utc> {
        self.one
            .delegation
            .ends_at
            .plus(TimeDelta::microseconds(-1))
            .utc()
    }
}

#[derive(Template)]
#[template(path = "access_requests/delegation.html")]
struct DelegationView {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    form: FormState,
    base: String,
    /// Why the reader cannot name a delegate, or "".
    refused: &'static str,
}

fn view(visit: &Visit, may: Facts, form: Option<FormState>) -> DelegationView {
    let now = visit.portal.clock.now();
    let Facts {
        found,
        lends,
        person,
        all,
    } = may;
    let form = form.unwrap_or_else(|| {
        let day = |at: Moment| at.utc().format("%Y-%m-%d").to_string();
        form::fresh()
            .with_value("starts", day(now))
            .with_value("ends", day(now.plus(TimeDelta::days(7))))
    });
    let mut shell = visit.account_shell("Delegation", &between(visit, true));
    shell.error_title = form.has_problems();
    DelegationView {
        shell,
        tabs: tabs(visit, "delegation"),
        lines: found
            .into_iter()
            .map(|one| Line {
                now: one.delegation.counts(now),
                ends: all || one.delegation.from == person,
                one,
            })
            .collect(),
        form,
        base: base(visit),
        refused: if lends {
            ""
        } else {
            "Only who can decide access requests by a role of their own can name a delegate."
        },
    }
}

/// What the page needs to know.
struct Facts {
    found: Vec<StoodIn>,
    lends: bool,
    person: crate::kernel::ids::PersonId,
    /// May end anybody's.
    all: bool,
}

macro_rules! facts {
    ($may:expr) => {{
        let may = $may;
        let now = may.portal.clock.now();
        let person = may.permit.person()?;
        let all = may.permit.within().only().is_none();
        may.reads(move |r, permit| {
            let account = permit.within().account()?;
            let held = grants::of_person_in(r, account, person)?;
            Ok(Facts {
                found: service::delegations(r, permit, now)?,
                lends: service::may_lend(permit, &held),
                person,
                all,
            })
        })
        .await?
    }};
}

pub async fn show(may: May<ViewAccessRequests>) -> Answer {
    let facts = facts!(&may);
    page(&view(&may, facts, None))
}

pub async fn lend(may: May<DecideAccess>, posted: Posted<NewDelegation>) -> Answer {
    match lend_now(&may, &posted.value).await {
        Ok(_) => may.done(
            &format!("{}/delegation", base(&may)),
            "The delegate was named and is told by email.",
        ),
        Err(error) => {
            const RULES: &[(&str, &str)] = &[("access-requests.delegation-overlaps", "starts")];
            let (status, problems) = beside_fields(error, RULES)?;
            let form = posted.again(&above(&problems, &["delegate", "starts", "ends"]));
            let facts = facts!(&may);
            page_with(status, &view(&may, facts, Some(form)))
        }
    }
}

pub async fn end(may: May<DecideAccess>, id: PathPart<DelegationId>, _posted: Posted<NoFields>) -> Answer {
    end_now(&may, id.0).await?;
    may.done(&format!("{}/delegation", base(&may)), "The delegation was ended.")
}
