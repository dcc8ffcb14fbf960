//! The tables of requests and of those who were asked to decide them.

use super::model::{Creator, CreatorState, DomainReview, LIFECYCLE, Request, RequestKind, RequestState};
use crate::error::Result;
use crate::kernel::ids::{AccountRequestId, CreatorId, PersonId, SmartAccountId};
use crate::kernel::{EmailAddress, Moment};
use crate::platform::db::schema::{account_request_creators as creators, account_requests as requests};
use crate::platform::db::{Reads, Tx, cut};
use diesel::prelude::*;

macro_rules! request_columns {
    () => {
        (
            requests::id,
            requests::reference,
            requests::smart_account_id,
            requests::kind,
            requests::requester_id,
            requests::note_to_approver,
            requests::note_to_customer,
            requests::domain_review,
            requests::domain_reasons,
            requests::domain_by,
            requests::domain_at,
            requests::state,
            requests::reason,
            requests::decided_by,
            requests::decided_at,
            requests::sent_at,
            requests::remind_at,
            requests::reminded_at,
            requests::expires_at,
            requests::version,
        )
    };
}

macro_rules! creator_columns {
    () => {
        (
            creators::id,
            creators::request_id,
            creators::email,
            creators::email_key,
            creators::state,
            creators::forwarded_from,
            creators::depth,
            creators::created_at,
            creators::ended_at,
        )
    };
}

/// What is new about a request, for [`insert`].
pub struct New<'a> {
    pub id: AccountRequestId,
    pub reference: &'a str,
    pub account: SmartAccountId,
    pub kind: RequestKind,
    pub requester: PersonId,
    pub note_to_approver: &'a str,
    pub note_to_customer: &'a str,
    pub domain_review: DomainReview,
    pub domain_reasons: &'a str,
    pub sent_at: Moment,
    pub remind_at: Moment,
    pub expires_at: Moment,
}

pub fn insert(tx: &mut Tx<'_>, new: &New<'_>) -> Result<()> {
    diesel::insert_into(requests::table)
        .values((
            requests::id.eq(new.id),
            requests::reference.eq(new.reference),
            requests::smart_account_id.eq(new.account),
            requests::kind.eq(new.kind),
            requests::requester_id.eq(new.requester),
            requests::note_to_approver.eq(new.note_to_approver),
            requests::note_to_customer.eq(new.note_to_customer),
            requests::domain_review.eq(new.domain_review),
            requests::domain_reasons.eq(new.domain_reasons),
            requests::state.eq(RequestState::Pending),
            requests::reason.eq(""),
            requests::sent_at.eq(new.sent_at),
            requests::remind_at.eq(new.remind_at),
            requests::expires_at.eq(new.expires_at),
            requests::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn insert_creator(
    tx: &mut Tx<'_>,
    at: Moment,
    id: CreatorId,
    request: AccountRequestId,
    email: &EmailAddress,
    from: Option<CreatorId>,
    depth: i32,
) -> Result<()> {
    diesel::insert_into(creators::table)
        .values((
            creators::id.eq(id),
            creators::request_id.eq(request),
            creators::email.eq(email.as_str()),
            creators::email_key.eq(email.key()),
            creators::state.eq(CreatorState::Asked),
            creators::forwarded_from.eq(from),
            creators::depth.eq(depth),
            creators::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn by_reference(read: &mut dyn Reads, reference: &str) -> Result<Request> {
    Ok(requests::table
        .filter(requests::reference.eq(reference))
        .select(request_columns!())
        .first(read.conn())?)
}

pub fn find(read: &mut dyn Reads, id: AccountRequestId) -> Result<Request> {
    Ok(requests::table
        .find(id)
        .select(request_columns!())
        .first(read.conn())?)
}

pub fn creator(read: &mut dyn Reads, id: CreatorId) -> Result<Creator> {
    Ok(creators::table
        .find(id)
        .select(creator_columns!())
        .first(read.conn())?)
}

pub fn creators_of(read: &mut dyn Reads, request: AccountRequestId) -> Result<Vec<Creator>> {
    Ok(creators::table
        .filter(creators::request_id.eq(request))
        .order((creators::created_at.asc(), creators::id.asc()))
        .select(creator_columns!())
        .load(read.conn())?)
}

/// The reader's own rows among the Account creators of several requests.
pub fn creators_by_email(
    read: &mut dyn Reads,
    ids: &[AccountRequestId],
    email_key: &str,
) -> Result<Vec<Creator>> {
    Ok(creators::table
        .filter(
            creators::request_id
                .eq_any(ids.to_vec())
                .and(creators::email_key.eq(email_key)),
        )
        .select(creator_columns!())
        .load(read.conn())?)
}

/// Whose list it is.
pub struct Reader<'a> {
    pub person: PersonId,
    pub email_key: &'a str,
    pub approves_domains: bool,
    pub operates: bool,
}

macro_rules! seen_by {
    ($reader:expr) => {{
        let reader = $reader;
        let mut query = requests::table.into_boxed();
        // The operator sees all; whoever approves domains sees those whose domain was or is to be looked at.
        if !reader.operates {
            let asked = creators::table
                .filter(creators::email_key.eq(reader.email_key.to_owned()))
                .select(creators::request_id);
            let own = requests::requester_id
                .eq(reader.person)
                .or(requests::id.eq_any(asked));
            query = if reader.approves_domains {
                query.filter(own.or(requests::domain_review.ne(DomainReview::NotNeeded)))
            } else {
                query.filter(own)
            };
        }
        query
    }};
}

pub fn list(
    read: &mut dyn Reads,
    reader: &Reader<'_>,
    state: Option<RequestState>,
    some: (u64, u64),
) -> Result<Vec<Request>> {
    let mut query = seen_by!(reader);
    if let Some(state) = state {
        query = query.filter(requests::state.eq(state));
    }
    let query = query
        .order((requests::sent_at.desc(), requests::id.desc()))
        .select(request_columns!());
    Ok(cut(query, some).load(read.conn())?)
}

pub fn counts(read: &mut dyn Reads, reader: &Reader<'_>) -> Result<Vec<(RequestState, i64)>> {
    let mut counts = Vec::with_capacity(RequestState::ALL.len());
    for state in RequestState::ALL {
        let number = seen_by!(reader)
            .filter(requests::state.eq(*state))
            .count()
            .get_result(read.conn())?;
        counts.push((*state, number));
    }
    Ok(counts)
}

/// How many requests wait for the decision of this address.
pub fn count_asked(read: &mut dyn Reads, email_key: &str) -> Result<i64> {
    Ok(creators::table
        .inner_join(requests::table.on(requests::id.eq(creators::request_id)))
        .filter(
            creators::email_key
                .eq(email_key)
                .and(creators::state.eq(CreatorState::Asked))
                .and(requests::state.eq(RequestState::Pending)),
        )
        .count()
        .get_result(read.conn())?)
}

/// How many requests wait for a Domain approver.
pub fn count_domains(read: &mut dyn Reads) -> Result<i64> {
    Ok(requests::table
        .filter(
            requests::state
                .eq(RequestState::Pending)
                .and(requests::domain_review.eq(DomainReview::Waiting)),
        )
        .count()
        .get_result(read.conn())?)
}

pub fn sent_by(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Request>> {
    Ok(requests::table
        .filter(requests::requester_id.eq(person))
        .order((requests::sent_at.desc(), requests::id.desc()))
        .select(request_columns!())
        .limit(200)
        .load(read.conn())?)
}

/// Ends a pending request one way or the other. Only one can: the others find it no longer pending.
pub fn decide(
    tx: &mut Tx<'_>,
    id: AccountRequestId,
    state: RequestState,
    by: Option<PersonId>,
    at: Moment,
    reason: &str,
) -> Result<bool> {
    let open = requests::table.filter(
        requests::id
            .eq(id)
            .and(requests::state.eq_any(LIFECYCLE.before(state))),
    );
    let changed = diesel::update(open)
        .set((
            requests::state.eq(state),
            requests::reason.eq(reason),
            requests::decided_by.eq(by),
            requests::decided_at.eq(Some(at)),
            requests::version.eq(requests::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// A Domain approver answers. Only one can.
pub fn answer_domain(
    tx: &mut Tx<'_>,
    id: AccountRequestId,
    answer: DomainReview,
    by: &str,
    at: Moment,
) -> Result<bool> {
    let waiting = requests::table.filter(
        requests::id
            .eq(id)
            .and(requests::domain_review.eq(DomainReview::Waiting)),
    );
    let changed = diesel::update(waiting)
        .set((
            requests::domain_review.eq(answer),
            requests::domain_by.eq(Some(by.chars().take(300).collect::<String>())),
            requests::domain_at.eq(Some(at)),
            requests::version.eq(requests::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// One who was asked hands it on or decides it.
pub fn end_creator(tx: &mut Tx<'_>, id: CreatorId, state: CreatorState, at: Moment) -> Result<bool> {
    let asked = creators::table.filter(creators::id.eq(id).and(creators::state.eq(CreatorState::Asked)));
    let changed = diesel::update(asked)
        .set((creators::state.eq(state), creators::ended_at.eq(Some(at))))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

crate::deadlines! {
    requests of AccountRequestId, while RequestState::Pending,
    reminder: "Smart Account request: reminder", "Nobody has decided it for a week.",
    end: "Smart Account request expires", "Nobody has decided it for two weeks.",
}
