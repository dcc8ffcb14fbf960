//! Requests that wait and requests that were decided, as pages and as CSV.

use super::{TITLE, between, tabs};
use crate::access_requests::model::{AccessState, ScopeKind};
use crate::access_requests::pages::base;
use crate::access_requests::service::{self, Details, Listed};
use crate::access_requests::store::{Filter, Sort};
use crate::authz::Role;
use crate::authz::action::ViewAccessRequests;
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, May, Shell, Visit, page};
use askama::Template;

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
        limited: crate::access_requests::model::reach(may.permit.within(), may.permit.mandates()).is_some(),
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
