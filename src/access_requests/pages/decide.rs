//! "Pending Access Requests": what waits, what was decided, and deciding.

use super::super::model::{AccessRequest, AccessState, LONGEST_NOTE, ScopeKind};
use super::super::service::{self, Details, Listed, Standing};
use super::super::store::{Filter, Sort};
use super::{above, base, beside_fields, ids, role_choice, roles_on};
use crate::authz::action::{DecideAccess, ViewAccessRequests};
use crate::authz::{Permit, Role};
use crate::error::{Error, Problems, Result};
use crate::http::csv::Table;
use crate::http::form::{self, PathPart};
use crate::http::form_state::Choice;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{Happening, Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Shell, Visit, page, page_with, see_other,
};
use crate::kernel::ids::{AccessRequestId, VirtualAccountId};
use crate::kernel::text;
use crate::members::Scope;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;

const TITLE: &str = "Pending Access Requests";

pub const ROLES: &[(&str, &str)] = &[
    ("account-admin", "Smart Account Administrator"),
    ("account-approver", "Smart Account Approver"),
    ("account-user", "Smart Account User"),
    ("account-viewer", "Smart Account Viewer"),
    ("virtual-admin", "Virtual Account Administrator"),
    ("virtual-user", "Virtual Account User"),
    ("virtual-viewer", "Virtual Account Viewer"),
];
pub const SCOPES: &[(&str, &str)] = &[
    ("account", "Entire Smart Account"),
    ("virtual-accounts", "Selected Virtual Accounts"),
];
const ROLE: FilterSpec<'static> = FilterSpec {
    key: "role",
    label: "Requested role",
    values: ROLES,
};
const SCOPE: FilterSpec<'static> = FilterSpec {
    key: "scope",
    label: "Scope of access",
    values: SCOPES,
};
/// What a list of requests understands, for scripts as well.
pub const STATES: &[(&str, &str)] = &[
    ("approved", "Approved"),
    ("declined", "Declined"),
    ("withdrawn", "Withdrawn"),
    ("auto-approved", "Auto-approved"),
    ("auto-declined", "Auto-declined"),
    ("superseded", "Superseded"),
    ("expired", "Expired"),
];
pub const FILTERS: &[FilterSpec<'static>] = &[
    FilterSpec {
        key: "status",
        label: "Status",
        values: STATES,
    },
    ROLE,
    SCOPE,
];
const PENDING_FILTERS: &[FilterSpec<'static>] = &[ROLE, SCOPE];
const PENDING_COLUMNS: &[ColumnSpec<'static>] = &[
    ColumnSpec {
        key: "access",
        label: "Requested access",
        default_on: true,
    },
    ColumnSpec {
        key: "sent",
        label: "Requested on",
        default_on: true,
    },
    ColumnSpec {
        key: "expires",
        label: "Expires",
        default_on: true,
    },
    ColumnSpec {
        key: "note",
        label: "Note",
        default_on: false,
    },
];
const DECIDED_COLUMNS: &[ColumnSpec<'static>] = &[
    ColumnSpec {
        key: "access",
        label: "Requested access",
        default_on: true,
    },
    ColumnSpec {
        key: "given",
        label: "Given access",
        default_on: true,
    },
    ColumnSpec {
        key: "by",
        label: "Decided by",
        default_on: true,
    },
    ColumnSpec {
        key: "decided",
        label: "Decided on",
        default_on: true,
    },
    ColumnSpec {
        key: "sent",
        label: "Requested on",
        default_on: false,
    },
];

/// What a list's query asks for.
pub fn filter_of(list: &ListQuery, pending: bool) -> Filter {
    fn all<T: std::str::FromStr>(list: &ListQuery, key: &str) -> Vec<T> {
        list.values(key)
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect()
    }
    Filter {
        pending,
        q: list.q.clone(),
        states: all::<AccessState>(list, "status"),
        roles: all::<Role>(list, "role"),
        scopes: all::<ScopeKind>(list, "scope"),
        sort: match list.sort.as_str() {
            "expires" => Sort::Expires,
            "decided" => Sort::Decided,
            "requester" => Sort::Requester,
            "role" => Sort::Role,
            "status" => Sort::State,
            _ => Sort::Sent,
        },
        descending: list.descending,
    }
}

fn query(visit: &Visit, pending: bool) -> ListQuery {
    let path = if pending {
        base(visit)
    } else {
        format!("{}/decided", base(visit))
    };
    let spec = if pending {
        ListSpec {
            path,
            sorts: &["requester", "role", "sent", "expires"],
            default_sort: "sent",
            filters: PENDING_FILTERS,
            columns: PENDING_COLUMNS,
        }
    } else {
        ListSpec {
            path,
            sorts: &["requester", "role", "status", "decided", "sent"],
            default_sort: "-decided",
            filters: FILTERS,
            columns: DECIDED_COLUMNS,
        }
    };
    ListQuery::parse(&visit.query, &spec)
}

/// The tabs above all pages of this part; `current` is the last part of the address.
pub fn tabs(visit: &Visit, current: &str) -> Vec<Tab> {
    let base = base(visit);
    let waiting = visit.waiting(super::super::PENDING);
    [
        ("", TITLE, waiting),
        ("decided", "Decided requests", None),
        ("automation", "Access request Automation settings", None),
        ("delegation", "Delegation", None),
    ]
    .into_iter()
    .map(|(part, label, count)| Tab {
        label: label.to_owned(),
        href: if part.is_empty() {
            base.clone()
        } else {
            format!("{base}/{part}")
        },
        current: part == current,
        count,
    })
    .collect()
}

/// The crumbs in front of these pages.
pub fn between(visit: &Visit, deeper: bool) -> Vec<Crumb> {
    let mut crumbs = vec![
        Crumb::text("Account Management"),
        Crumb::text("Smart Account Management"),
    ];
    if deeper {
        crumbs.push(Crumb::link(TITLE, base(visit)));
    }
    crumbs
}

#[derive(Template)]
#[template(path = "access_requests/list.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Details>,
    count: String,
    base: String,
    pending: bool,
    /// Only what lies within one's Virtual Accounts is shown.
    limited: bool,
}

async fn show_list(may: May<ViewAccessRequests>, pending: bool) -> Answer {
    let mut list = query(&may, pending);
    let permit = may.permit.clone();
    let (list, found) = may
        .portal
        .db
        .read(move |r| {
            let filter = filter_of(&list, pending);
            let mut found = service::list(r, &permit, &filter, list.limit(), list.offset())?;
            let asked_for = list.page;
            list.clamp(found.total);
            if list.page != asked_for {
                found = service::list(r, &permit, &filter, list.limit(), list.offset())?;
            }
            Ok((list, found))
        })
        .await?;
    let Listed { rows, total } = found;
    let shell = if pending {
        may.list_shell(TITLE, &between(&may, false), &list)
    } else {
        may.list_shell("Decided requests", &between(&may, true), &list)
    };
    page(&ListView {
        shell,
        tabs: tabs(&may, if pending { "" } else { "decided" }),
        pager: list.pager(total),
        rows,
        count: counted(total, "request", "requests"),
        base: base(&may),
        pending,
        limited: super::super::model::reach(may.permit.within(), may.permit.mandates()).is_some(),
        list,
    })
}

pub async fn pending(may: May<ViewAccessRequests>) -> Answer {
    show_list(may, true).await
}

pub async fn decided(may: May<ViewAccessRequests>) -> Answer {
    show_list(may, false).await
}

async fn csv(may: May<ViewAccessRequests>, pending: bool) -> Answer {
    const AT_ONCE: u64 = 500;
    let list = query(&may, pending);
    list.understood()?;
    let permit = may.permit.clone();
    let rows = may
        .portal
        .db
        .read(move |r| {
            let filter = filter_of(&list, pending);
            let mut all = Vec::new();
            loop {
                let some = service::list(r, &permit, &filter, AT_ONCE, all.len() as u64)?;
                let last = (some.rows.len() as u64) < AT_ONCE;
                all.extend(some.rows);
                if last {
                    return Ok(all);
                }
            }
        })
        .await?;
    let mut table = Table::new(&[
        "Reference",
        "Name",
        "Email",
        "Status",
        "Scope of access",
        "User role",
        "Virtual Accounts",
        "Note",
        "Requested on",
        "Expires",
        "Given access",
        "Decided by",
        "On behalf of",
        "Decided on",
        "Reason",
    ])?;
    for row in rows {
        let request = &row.request;
        let places: Vec<&str> = row.asked.iter().map(|place| place.name.as_str()).collect();
        table.row([
            request.reference.as_str(),
            &row.requester.name,
            row.requester.email.as_str(),
            request.state.label(),
            request.scope.label(),
            request.role.label(),
            &places.join(", "),
            &request.note,
            &request.sent_at.rfc3339(),
            &request.expires_at.rfc3339(),
            &row.gift().unwrap_or_default(),
            row.decider.as_deref().unwrap_or_default(),
            row.on_behalf_of.as_deref().unwrap_or_default(),
            &request
                .decided_at
                .map(crate::kernel::Moment::rfc3339)
                .unwrap_or_default(),
            &request.reason,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name(if pending {
            "pending-access-requests"
        } else {
            "decided-access-requests"
        }),
        table.finish()?,
    ))
}

pub async fn pending_csv(may: May<ViewAccessRequests>) -> Answer {
    csv(may, true).await
}

pub async fn decided_csv(may: May<ViewAccessRequests>) -> Answer {
    csv(may, false).await
}

// One request ------------------------------------------------------------------------------------------------

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

fn can_decide(visit: &Visit, request: &AccessRequest, standing: &Standing) -> bool {
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
async fn read_to_decide(may: &May<DecideAccess>, id: AccessRequestId) -> Result<(Details, Standing)> {
    let permit = may.permit.clone();
    may.portal
        .db
        .read(move |r| service::details_to_decide(r, &permit, id))
        .await
}

/// Declines, from a page or from a script.
pub async fn decline_now(
    may: &May<DecideAccess>,
    id: AccessRequestId,
    reason: String,
) -> Result<AccessRequest> {
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let request = may
        .portal
        .db
        .write(move |tx| service::decline(tx, &permit, at, id, &reason))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// Approves, from a page or from a script.
pub async fn approve_now(
    may: &May<DecideAccess>,
    id: AccessRequestId,
    scope: Scope,
    role: Role,
) -> Result<AccessRequest> {
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let request = may
        .portal
        .db
        .write(move |tx| service::approve(tx, &permit, at, id, &scope, role))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// A reason, if one is given.
pub fn reason(typed: &str) -> Result<String> {
    text::note(typed, "Reason", LONGEST_NOTE).map_err(|says| Error::invalid("reason", says))
}

pub async fn decline(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    posted: Posted<DeclineForm>,
) -> Answer {
    let (details, standing) = read_to_decide(&may, id.0).await?;
    match reason(&posted.value.reason) {
        Ok(reason) => {
            let request = decline_now(&may, id.0, reason).await?;
            Ok(may.see_other(
                &base(&may),
                Flash::new(
                    FlashKind::Ok,
                    format!(
                        "The access request {} of {} was declined. The requester is told by email.",
                        request.reference, details.requester.name
                    ),
                ),
            ))
        }
        Err(error) => {
            let (status, problems) = beside_fields(error, &[])?;
            page_with(
                status,
                &request_view(&may, details, &standing, true, posted.again(&problems)),
            )
        }
    }
}

// Approving --------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "access_requests/approve.html")]
struct ApproveView {
    shell: Shell,
    form: FormState,
    details: Details,
    base: String,
    scopes: Vec<Choice>,
    account_roles: Vec<Choice>,
    virtual_roles: Vec<Choice>,
    places: Vec<Choice>,
    on_behalf_of: Option<String>,
}

fn approve_view(
    visit: &Visit,
    details: Details,
    standing: &Standing,
    names: Vec<(VirtualAccountId, String)>,
    form: FormState,
) -> ApproveView {
    let (everywhere, only, on_behalf_of) = match standing {
        Standing::Decides {
            everywhere,
            only,
            on_behalf_of,
        } => (*everywhere, only.as_slice(), on_behalf_of.clone()),
        Standing::Own | Standing::Beyond => (false, [].as_slice(), None),
    };
    let mut shell = visit.account_shell("Approve access request", &{
        let mut crumbs = between(visit, true);
        crumbs.push(Crumb::link(
            details.request.reference.clone(),
            format!("{}/{}", base(visit), details.request.id),
        ));
        crumbs
    });
    shell.error_title = form.has_problems();
    let entire = Choice::new(ScopeKind::Account.word(), ScopeKind::Account.label());
    let approver_off = details.requester.email.domain() != details.account.domain;
    ApproveView {
        shell,
        base: base(visit),
        scopes: vec![
            if everywhere {
                entire.note("The account with all its Virtual Accounts.")
            } else {
                entire
                    .note("A Virtual Account Administrator gives roles in their own Virtual Accounts alone.")
                    .disabled()
            },
            Choice::new(
                ScopeKind::VirtualAccounts.word(),
                ScopeKind::VirtualAccounts.label(),
            ),
        ],
        account_roles: roles_on(ScopeKind::Account)
            .map(|role| {
                if role == Role::AccountApprover && approver_off {
                    Choice::new(role.word(), role.label())
                        .note(format!(
                            "Needs an email address in {}; {} is not.",
                            details.account.domain, details.requester.email
                        ))
                        .disabled()
                } else {
                    role_choice(role)
                }
            })
            .collect(),
        virtual_roles: roles_on(ScopeKind::VirtualAccounts).map(role_choice).collect(),
        places: names
            .into_iter()
            .filter(|(id, _)| everywhere || only.contains(id))
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        on_behalf_of,
        details,
        form,
    }
}

fn names_in(read: &mut dyn Reads, details: &Details) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(virtual_accounts::names(read, &[details.request.account])?
        .into_iter()
        .map(|(_, id, name, _)| (id, name))
        .collect())
}

/// "Next": scope and role, which may differ from what was asked.
pub async fn show_approve(may: May<ViewAccessRequests>, id: PathPart<AccessRequestId>) -> Answer {
    let (permit, id) = (may.permit.clone(), id.0);
    let (details, standing, names) = may
        .portal
        .db
        .read(move |r| {
            let (details, standing) = service::details(r, &permit, id)?;
            let names = names_in(r, &details)?;
            Ok((details, standing, names))
        })
        .await?;
    if !can_decide(&may, &details.request, &standing) {
        return see_other(&format!("{}/{id}", base(&may)));
    }
    let mut form = form::fresh()
        .with_value("scope", details.request.scope.word())
        .with_value("role", details.request.role.word());
    for place in &details.asked {
        form = form.with_value("va", place.id.to_string());
    }
    page(&approve_view(&may, details, &standing, names, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveForm {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    va: Vec<String>,
}

/// Scope and role of a decision, checked.
pub fn gift(scope: &str, role: &str, places: Vec<VirtualAccountId>) -> Result<(Scope, Role)> {
    let mut problems = Problems::default();
    let scope: Option<ScopeKind> = problems.take(
        "scope",
        scope
            .parse()
            .map_err(|_| "Choose the scope of access.".to_owned()),
    );
    let role: Option<Role> = problems.take(
        "role",
        role.parse().map_err(|_| "Choose the user role.".to_owned()),
    );
    problems.or_ok()?;
    match (scope, role) {
        (Some(scope), Some(role)) => {
            let scope = scope.with(places);
            super::super::model::fits(&scope, role)?;
            Ok((scope, role))
        }
        _ => Err(Error::invalid("scope", "Choose the scope of access.")),
    }
}

pub async fn approve(
    may: May<DecideAccess>,
    id: PathPart<AccessRequestId>,
    posted: Posted<ApproveForm>,
) -> Answer {
    const RULES: &[(&str, &str)] = &[
        ("members.approver-domain", "role"),
        ("members.role-scope", "role"),
        ("members.last-administrator", ""),
        ("members.beyond-your-role", "scope"),
        ("access-requests.beyond-your-role", "scope"),
    ];
    let (details, standing) = read_to_decide(&may, id.0).await?;
    let typed = &posted.value;
    let done = match gift(&typed.scope, &typed.role, ids(&typed.va)) {
        Ok((scope, role)) => approve_now(&may, id.0, scope, role).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(request) => Ok(may.see_other(
            &base(&may),
            Flash::new(
                FlashKind::Ok,
                format!(
                    "The access request {} of {} was approved. The requester is told by email.",
                    request.reference, details.requester.name
                ),
            ),
        )),
        Err(error) => {
            let (status, problems) = beside_fields(error, RULES)?;
            let problems = above(&problems, &["scope", "role", "va"]);
            let names = {
                let details = details.clone();
                may.portal.db.read(move |r| names_in(r, &details)).await?
            };
            page_with(
                status,
                &approve_view(&may, details, &standing, names, posted.again(&problems)),
            )
        }
    }
}
