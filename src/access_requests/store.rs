//! The tables of requests for access and of how an account handles them.

use super::model::{AccessRequest, AccessState, LIFECYCLE, Part, Place, ScopeKind, Settings};
use crate::authz::{Role, Within};
use crate::error::{Error, Result};
use crate::http::list::{Asked, Filter, Sort};
use crate::kernel::Moment;
use crate::kernel::ids::{AccessRequestId, PersonId, SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::{
    access_request_places as places, access_requests as requests, access_settings as settings,
};
use crate::platform::db::{Backend, OnTaken, Reads, Tx, by, cut};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            requests::id,
            requests::reference,
            requests::smart_account_id,
            requests::requester_id,
            requests::scope,
            requests::role,
            requests::note,
            requests::had_access,
            requests::state,
            requests::given_scope,
            requests::given_role,
            requests::reason,
            requests::decided_by,
            requests::on_behalf_of,
            requests::decided_at,
            requests::sent_at,
            requests::remind_at,
            requests::reminded_at,
            requests::expires_at,
            requests::version,
        )
    };
}

/// What is new about a request, for [`insert`].
pub struct New<'a> {
    pub id: AccessRequestId,
    pub reference: &'a str,
    pub account: SmartAccountId,
    pub requester: PersonId,
    pub search_key: &'a str,
    pub scope: ScopeKind,
    pub role: Role,
    pub note: &'a str,
    pub had_access: bool,
    pub sent_at: Moment,
    pub remind_at: Moment,
    pub expires_at: Moment,
}

/// Keeps a request. Two that were sent at once are one too many: the index says so.
pub fn insert(tx: &mut Tx<'_>, new: &New<'_>) -> Result<()> {
    diesel::insert_into(requests::table)
        .values((
            requests::id.eq(new.id),
            requests::reference.eq(new.reference),
            requests::smart_account_id.eq(new.account),
            requests::requester_id.eq(new.requester),
            requests::search_key.eq(new.search_key.chars().take(1000).collect::<String>()),
            requests::scope.eq(new.scope),
            requests::role.eq(new.role),
            requests::note.eq(new.note),
            requests::had_access.eq(new.had_access),
            requests::state.eq(AccessState::Pending),
            requests::reason.eq(""),
            requests::sent_at.eq(new.sent_at),
            requests::remind_at.eq(new.remind_at),
            requests::expires_at.eq(new.expires_at),
            requests::version.eq(1),
        ))
        .execute(tx.conn())
        .on_taken(pending_already)?;
    Ok(())
}

pub fn pending_already() -> Error {
    Error::refused(
        "access-requests.pending",
        "You have asked for access to this Smart Account already, and the request is pending. Withdraw it to ask for something else.",
    )
}

pub fn insert_places(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    request: AccessRequestId,
    part: Part,
    list: &[Place],
) -> Result<()> {
    for place in list {
        diesel::insert_into(places::table)
            .values((
                places::request_id.eq(request),
                places::part.eq(part),
                places::virtual_account_id.eq(place.id),
                places::smart_account_id.eq(account),
                places::name.eq(&place.name),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// The Virtual Accounts of several requests, by name.
pub fn places_of(
    read: &mut dyn Reads,
    ids: &[AccessRequestId],
) -> Result<Vec<(AccessRequestId, Part, Place)>> {
    let mut found = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<(AccessRequestId, Part, VirtualAccountId, String)> = places::table
            .filter(places::request_id.eq_any(some.to_vec()))
            .order((places::name.asc(), places::virtual_account_id.asc()))
            .select((
                places::request_id,
                places::part,
                places::virtual_account_id,
                places::name,
            ))
            .load(read.conn())?;
        found.extend(
            rows.into_iter()
                .map(|(request, part, id, name)| (request, part, Place { id, name })),
        );
    }
    Ok(found)
}

/// A request, for jobs and letters.
pub fn find(read: &mut dyn Reads, id: AccessRequestId) -> Result<AccessRequest> {
    Ok(requests::table.find(id).select(columns!()).first(read.conn())?)
}

/// A request of a tenant. How far one may see is asked of its places.
pub fn find_in(read: &mut dyn Reads, within: &Within, id: AccessRequestId) -> Result<AccessRequest> {
    Ok(requests::table
        .filter(
            requests::smart_account_id
                .eq(within.account()?)
                .and(requests::id.eq(id)),
        )
        .select(columns!())
        .first(read.conn())?)
}

/// A request of a person.
pub fn find_of(read: &mut dyn Reads, person: PersonId, id: AccessRequestId) -> Result<AccessRequest> {
    Ok(requests::table
        .filter(requests::requester_id.eq(person).and(requests::id.eq(id)))
        .select(columns!())
        .first(read.conn())?)
}

/// The pending request of a person in an account.
pub fn pending_in(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
) -> Result<Option<AccessRequest>> {
    Ok(requests::table
        .filter(
            requests::smart_account_id
                .eq(account)
                .and(requests::requester_id.eq(person))
                .and(requests::state.eq(AccessState::Pending)),
        )
        .select(columns!())
        .first(read.conn())
        .optional()?)
}

/// What a person has asked for, the newest first.
pub fn sent_by(
    read: &mut dyn Reads,
    person: PersonId,
    only: Option<AccessState>,
) -> Result<Vec<AccessRequest>> {
    let mut query = requests::table
        .filter(requests::requester_id.eq(person))
        .into_boxed();
    if let Some(state) = only {
        query = query.filter(requests::state.eq(state));
    }
    Ok(query
        .order((requests::sent_at.desc(), requests::id.desc()))
        .select(columns!())
        .limit(200)
        .load(read.conn())?)
}

/// A query of the table, put together as it is asked for.
pub type Query = requests::BoxedQuery<'static, Backend>;

pub const REQUESTER: Sort<Query> = ("requester", |query, way| {
    by(query, requests::search_key, way.falling)
});
pub const ROLE: Sort<Query> = ("role", |query, way| by(query, requests::role, way.falling));
pub const STATUS: Sort<Query> = ("status", |query, way| by(query, requests::state, way.falling));
pub const DECIDED: Sort<Query> = ("decided", |query, way| {
    by(query, requests::decided_at, way.falling)
});
pub const SENT: Sort<Query> = ("sent", |query, way| by(query, requests::sent_at, way.falling));
pub const EXPIRES: Sort<Query> = ("expires", |query, way| {
    by(query, requests::expires_at, way.falling)
});
/// By what they can be sorted.
pub const SORTS: &[Sort<Query>] = &[REQUESTER, ROLE, STATUS, DECIDED, SENT, EXPIRES];

pub const OF_STATUS: Filter<Query> = Filter::words(
    "status",
    "Status",
    "Of decided ones: only those with this state.",
    AccessState::DECIDED,
    |query, chosen| query.filter(requests::state.eq_any(chosen.words::<AccessState>())),
);
pub const OF_ROLE: Filter<Query> = Filter::words(
    "role",
    "Requested role",
    "Only those for this role.",
    Role::CHOICES,
    |query, chosen| query.filter(requests::role.eq_any(chosen.words::<Role>())),
);
pub const OF_SCOPE: Filter<Query> = Filter::words(
    "scope",
    "Scope of access",
    "Only those with this scope of access.",
    ScopeKind::CHOICES,
    |query, chosen| query.filter(requests::scope.eq_any(chosen.words::<ScopeKind>())),
);

/// Of an account, or of the Virtual Accounts `only`: what waits or what was decided, as far as it is asked for.
fn wanted(within: &Within, only: Option<&[VirtualAccountId]>, pending: bool, asked: &Asked) -> Result<Query> {
    let account = within.account()?;
    let mut query = requests::table
        .filter(requests::smart_account_id.eq(account))
        .into_boxed();
    query = if pending {
        query.filter(requests::state.eq(AccessState::Pending))
    } else {
        query.filter(requests::state.ne(AccessState::Pending))
    };
    if let Some(only) = only {
        // Wholly within these: no place that was asked for lies elsewhere.
        let elsewhere = places::table
            .filter(
                places::smart_account_id
                    .eq(account)
                    .and(places::part.eq(Part::Asked))
                    .and(places::virtual_account_id.ne_all(only.to_vec())),
            )
            .select(places::request_id);
        query = query.filter(
            requests::scope
                .eq(ScopeKind::VirtualAccounts)
                .and(requests::id.ne_all(elsewhere)),
        );
    }
    if let Some(found) = crate::found!(requests::table, &asked.list.q, requests::search_key) {
        query = query.filter(found);
    }
    Ok(asked.filtered(&[OF_STATUS, OF_ROLE, OF_SCOPE], query))
}

/// How many there are.
pub fn count(
    read: &mut dyn Reads,
    within: &Within,
    only: Option<&[VirtualAccountId]>,
    pending: bool,
    asked: &Asked,
) -> Result<u64> {
    let found: i64 = wanted(within, only, pending, asked)?
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// So many of them, after so many.
pub fn list(
    read: &mut dyn Reads,
    within: &Within,
    only: Option<&[VirtualAccountId]>,
    pending: bool,
    asked: &Asked,
    some: (u64, u64),
) -> Result<Vec<AccessRequest>> {
    let query = asked.sorted(SORTS, wanted(within, only, pending, asked)?);
    let query = by(query, requests::id, asked.list.descending).select(columns!());
    Ok(cut(query, some).load(read.conn())?)
}

/// How many wait in an account: asked on every page of those who decide.
pub fn count_pending(
    read: &mut dyn Reads,
    account: SmartAccountId,
    only: Option<&[VirtualAccountId]>,
) -> Result<u64> {
    let waiting = requests::table.filter(
        requests::smart_account_id
            .eq(account)
            .and(requests::state.eq(AccessState::Pending)),
    );
    let found: i64 = match only {
        None => waiting.count().get_result(read.conn())?,
        Some(only) => {
            let elsewhere = places::table
                .filter(
                    places::smart_account_id
                        .eq(account)
                        .and(places::part.eq(Part::Asked))
                        .and(places::virtual_account_id.ne_all(only.to_vec())),
                )
                .select(places::request_id);
            waiting
                .filter(
                    requests::scope
                        .eq(ScopeKind::VirtualAccounts)
                        .and(requests::id.ne_all(elsewhere)),
                )
                .count()
                .get_result(read.conn())?
        }
    };
    Ok(u64::try_from(found).unwrap_or_default())
}

/// What became of a request, for [`decide`].
pub struct Decision<'a> {
    pub state: AccessState,
    pub by: Option<PersonId>,
    pub on_behalf_of: Option<PersonId>,
    pub given: Option<(ScopeKind, Role)>,
    pub reason: &'a str,
}

/// Ends a pending request one way or the other. Only one can: the others find it no longer pending.
pub fn decide(tx: &mut Tx<'_>, id: AccessRequestId, at: Moment, decision: &Decision<'_>) -> Result<bool> {
    let open = requests::table.filter(
        requests::id
            .eq(id)
            .and(requests::state.eq_any(LIFECYCLE.before(decision.state))),
    );
    let (given_scope, given_role) = decision.given.unzip();
    let changed = diesel::update(open)
        .set((
            requests::state.eq(decision.state),
            requests::reason.eq(decision.reason),
            requests::given_scope.eq(given_scope),
            requests::given_role.eq(given_role),
            requests::decided_by.eq(decision.by),
            requests::on_behalf_of.eq(decision.on_behalf_of),
            requests::decided_at.eq(Some(at)),
            requests::version.eq(requests::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

crate::deadlines! {
    requests of AccessRequestId, while AccessState::Pending,
    reminder: "Access request: reminder",
        "Nobody has decided it; the Smart Account says after how many days those who can are reminded.",
    end: "Access request expires",
        "Nobody has decided it; the Smart Account says after how many days a request expires.",
}

/// Some of those that wait, in the order of their ids.
pub fn pending_after(
    read: &mut dyn Reads,
    after: Option<AccessRequestId>,
    most: i64,
) -> Result<Vec<AccessRequest>> {
    let mut query = requests::table
        .filter(requests::state.eq(AccessState::Pending))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(requests::id.gt(after));
    }
    Ok(query
        .order(requests::id.asc())
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

/// How an account handles requests; as usual when it has said nothing.
pub fn settings(read: &mut dyn Reads, account: SmartAccountId) -> Result<Settings> {
    let found: Option<(i32, i32, String, i64)> = settings::table
        .find(account)
        .select((
            settings::remind_days,
            settings::expire_days,
            settings::rules,
            settings::version,
        ))
        .first(read.conn())
        .optional()?;
    let Some((remind_days, expire_days, rules, version)) = found else {
        return Ok(Settings::default());
    };
    Ok(Settings {
        remind_days,
        expire_days,
        rules: serde_json::from_str(&rules).map_err(Error::internal)?,
        version,
    })
}

/// Keeps how an account handles requests. False when somebody has changed it meanwhile.
pub fn keep_settings(tx: &mut Tx<'_>, account: SmartAccountId, new: &Settings) -> Result<bool> {
    let rules = serde_json::to_string(&new.rules).map_err(Error::internal)?;
    let same = settings::table.filter(
        settings::smart_account_id
            .eq(account)
            .and(settings::version.eq(new.version)),
    );
    if new.version > 0 {
        let changed = diesel::update(same)
            .set((
                settings::remind_days.eq(new.remind_days),
                settings::expire_days.eq(new.expire_days),
                settings::rules.eq(rules),
                settings::version.eq(new.version + 1),
            ))
            .execute(tx.conn())?;
        return Ok(changed == 1);
    }
    diesel::insert_into(settings::table)
        .values((
            settings::smart_account_id.eq(account),
            settings::remind_days.eq(new.remind_days),
            settings::expire_days.eq(new.expire_days),
            settings::rules.eq(rules),
            settings::version.eq(1),
        ))
        .execute(tx.conn())
        .on_taken(|| Error::Stale)?;
    Ok(true)
}
