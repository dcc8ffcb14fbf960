//! The lists of requests for access: what waits, what was decided, and both for scripts.

use super::model::Place;
use super::service::{self, Details};
use super::store::{
    DECIDED as DECISION, EXPIRES, OF_ROLE, OF_SCOPE, OF_STATUS, Query, REQUESTER, ROLE, SENT, SORTS, STATUS,
};
use crate::authz::Permit;
use crate::authz::action::ViewAccessRequests;
use crate::http::list::{Asked, Column, Filter, List, Rows};
use crate::kernel::Moment;

type Requests = List<Permit<ViewAccessRequests>, Details, Query>;
type Shown = Column<Details>;

const REQUESTED_BY: Shown = Column::fixed("requester", "Requested by");
const ACCESS: Shown = Column::table("access", "Requested access").by("role");
const STATE: Shown = Column::fixed("status", "Status");
/// What a file says first.
const REFERENCE: Shown = Column::file("Reference", |row| row.request.reference.clone());
const NAME: Shown = Column::file("Name", |row| row.requester.name.clone());
const EMAIL: Shown = Column::file("Email", |row| row.requester.email.to_string());
const IN_STATE: Shown = Column::file("Status", |row| row.request.state.label().to_owned());
const OF_ACCESS: Shown = Column::file("Scope of access", |row| row.request.scope.label().to_owned());
const AS: Shown = Column::file("User role", |row| row.request.role.label().to_owned());
const PLACES: Shown = Column::file("Virtual Accounts", |row| {
    let names: Vec<&str> = row
        .asked
        .iter()
        .map(|place: &Place| place.name.as_str())
        .collect();
    names.join(", ")
});
/// And last.
const GIVEN: fn(&Details) -> String = |row| row.gift().unwrap_or_default();
const BY: fn(&Details) -> String = |row| row.decider.clone().unwrap_or_default();
const FOR: Shown = Column::file("On behalf of", |row| row.on_behalf_of.clone().unwrap_or_default());
const WHEN: fn(&Details) -> String = |row| row.request.decided_at.map(Moment::rfc3339).unwrap_or_default();
const REASON: Shown = Column::file("Reason", |row| row.request.reason.clone());

/// Those that wait.
pub static PENDING: Requests = List {
    path: super::PENDING,
    file: "pending-access-requests",
    filters: &[OF_ROLE, OF_SCOPE],
    sorts: &[REQUESTER, ROLE, SENT, EXPIRES],
    columns: &[
        REQUESTED_BY,
        REFERENCE,
        NAME,
        EMAIL,
        IN_STATE,
        OF_ACCESS,
        AS,
        PLACES,
        ACCESS,
        Column::hidden("note", "Note", |row| row.request.note.clone()),
        Column::shown("sent", "Requested on", |row| row.request.sent_at.rfc3339()),
        Column::shown("expires", "Expires", |row| row.request.expires_at.rfc3339()),
        STATE,
        Column::file("Given access", GIVEN),
        Column::file("Decided by", BY),
        FOR,
        Column::file("Decided on", WHEN),
        REASON,
    ],
    rows: Rows::Paged {
        count: |read, permit, asked| service::count(read, permit, true, asked),
        page: |read, permit, asked, cut| service::list(read, permit, true, asked, cut),
    },
    ..EVERY
};

/// Those that do not wait any more.
pub static DECIDED: Requests = List {
    path: "/sa/{said}/account/requests/decided",
    file: "decided-access-requests",
    filters: &[OF_STATUS, OF_ROLE, OF_SCOPE],
    sorts: &[REQUESTER, ROLE, STATUS, DECISION, SENT],
    default_sort: "-decided",
    columns: &[
        REQUESTED_BY,
        REFERENCE,
        NAME,
        EMAIL,
        IN_STATE,
        OF_ACCESS,
        AS,
        PLACES,
        ACCESS,
        Column::file("Note", |row| row.request.note.clone()),
        Column::hidden("sent", "Requested on", |row| row.request.sent_at.rfc3339()),
        Column::file("Expires", |row| row.request.expires_at.rfc3339()),
        STATE,
        Column::shown("given", "Given access", GIVEN),
        Column::shown("by", "Decided by", BY),
        FOR,
        Column::shown("decided", "Decided on", WHEN),
        REASON,
    ],
    rows: Rows::Paged {
        count: |read, permit, asked| service::count(read, permit, false, asked),
        page: |read, permit, asked, cut| service::list(read, permit, false, asked, cut),
    },
    ..EVERY
};

/// For scripts: those that wait, unless decided ones are asked for.
const EVERY: Requests = List {
    path: super::PENDING,
    file: "",
    nouns: ("request", "requests"),
    search: "Words in the name, the email address or the reference.",
    filters: &[
        Filter::words(
            "decided",
            "Decided",
            "1 for those that do not wait any more.",
            &[("1", "Decided"), ("0", "Pending")],
            |query, _| query,
        )
        .once(),
        OF_STATUS,
        OF_ROLE,
        OF_SCOPE,
    ],
    sorts: SORTS,
    default_sort: "sent",
    columns: &[],
    rows: Rows::Paged {
        count: |read, permit, asked| service::count(read, permit, is_pending(asked), asked),
        page: |read, permit, asked, cut| service::list(read, permit, is_pending(asked), asked, cut),
    },
    ..List::PLAIN
};

pub static BOTH: Requests = EVERY;

fn is_pending(asked: &Asked) -> bool {
    asked.list.value("decided") != Some("1") && asked.list.value("status").is_none()
}
