//! The tables of orders.

use super::imports::Import;
use super::model::{
    Assignment, Content, Draft, Line, LineState, Order, OrderStatus, OrderType, Request, Target, Why,
    assignment_of, shows_in,
};
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{
    AssignmentId, OrderDraftId, OrderId, OrderImportId, OrderLineId, PersonId, SmartAccountId,
    VirtualAccountId,
};
use crate::kernel::{Moment, search_key};
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::{
    order_assignments as assignments, order_drafts as drafts, order_imports as imports, order_lines as lines,
    order_tallies as tallies, order_views as views, orders,
};
use crate::platform::db::{Conn, OnTaken, Reads, Tx};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The columns of an order, in the order of `model::Order`.
macro_rules! order_columns {
    () => {
        (
            $crate::platform::db::schema::orders::id,
            $crate::platform::db::schema::orders::identifier,
            $crate::platform::db::schema::orders::customer,
            $crate::platform::db::schema::orders::customer_domain,
            $crate::platform::db::schema::orders::customer_email,
            $crate::platform::db::schema::orders::customer_account_id,
            $crate::platform::db::schema::orders::partner_account_id,
            $crate::platform::db::schema::orders::order_type,
            $crate::platform::db::schema::orders::order_status,
            $crate::platform::db::schema::orders::assignment,
            $crate::platform::db::schema::orders::purchase_order,
            $crate::platform::db::schema::orders::lines,
            $crate::platform::db::schema::orders::ordered_at,
            $crate::platform::db::schema::orders::received_at,
            $crate::platform::db::schema::orders::source,
            $crate::platform::db::schema::orders::version,
        )
    };
}

fn written(content: &Content) -> Result<String> {
    serde_json::to_string(content).map_err(Error::internal)
}

pub fn insert_draft(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    person: PersonId,
    at: Moment,
    id: OrderDraftId,
    content: &Content,
) -> Result<()> {
    diesel::insert_into(drafts::table)
        .values((
            drafts::id.eq(id),
            drafts::smart_account_id.eq(account),
            drafts::person_id.eq(person),
            drafts::content.eq(written(content)?),
            drafts::created_at.eq(at),
            drafts::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

type DraftRow = (
    OrderDraftId,
    SmartAccountId,
    PersonId,
    String,
    Moment,
    Option<AssignmentId>,
    i64,
);

/// One's own draft in an account.
pub fn draft(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
    id: OrderDraftId,
) -> Result<Draft> {
    let (id, account, person, content, created_at, assignment, version): DraftRow = drafts::table
        .filter(
            drafts::id
                .eq(id)
                .and(drafts::smart_account_id.eq(account))
                .and(drafts::person_id.eq(person)),
        )
        .select((
            drafts::id,
            drafts::smart_account_id,
            drafts::person_id,
            drafts::content,
            drafts::created_at,
            drafts::assignment_id,
            drafts::version,
        ))
        .first(read.conn())?;
    Ok(Draft {
        id,
        account,
        person,
        content: serde_json::from_str(&content).map_err(Error::internal)?,
        created_at,
        assignment,
        version,
    })
}

/// Puts another choice in the place of an earlier one; false when somebody was faster, or it was carried out.
pub fn change_draft(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: OrderDraftId,
    version: i64,
    content: &Content,
) -> Result<bool> {
    let same = drafts::table.filter(
        drafts::id
            .eq(id)
            .and(drafts::smart_account_id.eq(account))
            .and(drafts::version.eq(version))
            .and(drafts::assignment_id.is_null()),
    );
    let changed = diesel::update(same)
        .set((
            drafts::content.eq(written(content)?),
            drafts::version.eq(version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

macro_rules! line_columns {
    () => {
        (
            lines::id,
            lines::order_id,
            lines::number,
            lines::sku,
            lines::description,
            lines::kind,
            lines::quantity,
            lines::term_months,
            lines::state,
            lines::smart_account_id,
            lines::virtual_account_id,
            lines::customer_active,
            lines::assignment_id,
            lines::due_at,
            lines::round,
            lines::reason,
            lines::settled_at,
            lines::version,
        )
    };
}

macro_rules! request_columns {
    () => {
        (
            assignments::id,
            assignments::smart_account_id,
            assignments::requested_by,
            assignments::requester,
            assignments::is_unchecked,
            assignments::orders,
            assignments::lines,
            assignments::requested_at,
            assignments::settled_at,
        )
    };
}

/// So many ids in one question.
const CHUNK: usize = 400;

fn count(of: i64) -> u64 {
    u64::try_from(of).unwrap_or_default()
}

/// What a search looks in.
fn found_by(order: &Order) -> String {
    let text = format!(
        "{} {} {} {} {}",
        order.identifier, order.customer, order.customer_domain, order.customer_email, order.purchase_order
    );
    search_key(&text).chars().take(1000).collect()
}

fn customer_key(order: &Order) -> String {
    search_key(&order.customer).chars().take(400).collect()
}

/// An order of this identifier is there already.
pub fn identifier_taken(identifier: &str) -> Error {
    Error::refused(
        "orders.identifier-taken",
        format!("An order with the Order Identifier {identifier} is there already."),
    )
}

/// Adds orders with their lines. Where they show is the business of [`settle`].
pub fn insert(tx: &mut Tx<'_>, new: &[(Order, Vec<Line>)]) -> Result<()> {
    for some in new.chunks(100) {
        let rows: Vec<_> = some
            .iter()
            .map(|(order, _)| {
                (
                    orders::id.eq(order.id),
                    orders::identifier.eq(&order.identifier),
                    orders::identifier_key.eq(search_key(&order.identifier)),
                    orders::search_key.eq(found_by(order)),
                    orders::customer.eq(&order.customer),
                    orders::customer_key.eq(customer_key(order)),
                    orders::customer_domain.eq(&order.customer_domain),
                    orders::customer_email.eq(&order.customer_email),
                    orders::customer_account_id.eq(order.customer_account),
                    orders::partner_account_id.eq(order.partner_account),
                    orders::order_type.eq(order.order_type),
                    orders::order_status.eq(order.status),
                    orders::assignment.eq(order.assignment),
                    orders::purchase_order.eq(&order.purchase_order),
                    orders::lines.eq(order.lines),
                    orders::ordered_at.eq(order.ordered_at),
                    orders::received_at.eq(order.received_at),
                    orders::source.eq(order.source),
                    orders::version.eq(order.version),
                )
            })
            .collect();
        let done = match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(orders::table).values(&rows).execute(c),
            Conn::Postgres(c) => diesel::insert_into(orders::table).values(&rows).execute(c),
        };
        done.on_taken(|| identifier_taken(some.first().map_or("", |(order, _)| &order.identifier)))?;
    }
    let all: Vec<&Line> = new.iter().flat_map(|(_, lines)| lines).collect();
    for some in all.chunks(100) {
        let rows: Vec<_> = some
            .iter()
            .map(|line| {
                (
                    lines::id.eq(line.id),
                    lines::order_id.eq(line.order),
                    lines::number.eq(line.number),
                    lines::sku.eq(&line.sku),
                    lines::description.eq(&line.description),
                    lines::kind.eq(line.kind),
                    lines::quantity.eq(line.quantity),
                    lines::term_months.eq(line.term_months),
                    lines::state.eq(line.state),
                    lines::smart_account_id.eq(line.account),
                    lines::virtual_account_id.eq(line.virtual_account),
                    lines::customer_active.eq(line.customer_active),
                    lines::assignment_id.eq(line.assignment),
                    lines::due_at.eq(line.due_at),
                    lines::round.eq(line.round),
                    lines::reason.eq(&line.reason),
                    lines::settled_at.eq(line.settled_at),
                    lines::version.eq(line.version),
                )
            })
            .collect();
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(lines::table).values(&rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(lines::table).values(&rows).execute(c)?,
        };
    }
    Ok(())
}

/// Which of these identifiers are there already.
pub fn taken(read: &mut dyn Reads, identifiers: &[String]) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    let keys: Vec<String> = identifiers.iter().map(|one| search_key(one)).collect();
    for some in keys.chunks(CHUNK) {
        let rows: Vec<String> = orders::table
            .filter(orders::identifier_key.eq_any(some.to_vec()))
            .select(orders::identifier_key)
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Orders by their ids, in no particular order.
pub fn find_many(read: &mut dyn Reads, ids: &[OrderId]) -> Result<Vec<Order>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Order> = orders::table
            .filter(orders::id.eq_any(some.to_vec()))
            .select(order_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Every order, the oldest first.
pub fn all(read: &mut dyn Reads, most: i64) -> Result<Vec<Order>> {
    Ok(orders::table
        .order((orders::ordered_at.asc(), orders::id.asc()))
        .select(order_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Orders by their identifiers: folded identifier and id.
pub fn ids_by_identifier(read: &mut dyn Reads, identifiers: &[String]) -> Result<HashMap<String, OrderId>> {
    let mut found = HashMap::with_capacity(identifiers.len());
    let keys: Vec<String> = identifiers.iter().map(|one| search_key(one)).collect();
    for some in keys.chunks(CHUNK) {
        let rows: Vec<(String, OrderId)> = orders::table
            .filter(orders::identifier_key.eq_any(some.to_vec()))
            .select((orders::identifier_key, orders::id))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// The lines of orders, by order and number.
pub fn lines_of(read: &mut dyn Reads, ids: &[OrderId]) -> Result<HashMap<OrderId, Vec<Line>>> {
    let mut found: HashMap<OrderId, Vec<Line>> = HashMap::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Line> = lines::table
            .filter(lines::order_id.eq_any(some.to_vec()))
            .order((lines::order_id.asc(), lines::number.asc()))
            .select(line_columns!())
            .load(read.conn())?;
        for line in rows {
            found.entry(line.order).or_default().push(line);
        }
    }
    Ok(found)
}

/// Which of these orders show in an account, and, when only some Virtual Accounts are within reach, have a line that
/// is assigned to one of those.
pub fn showing(read: &mut dyn Reads, within: &Within, ids: &[OrderId]) -> Result<HashSet<OrderId>> {
    let account = within.account()?;
    let mut found = HashSet::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<OrderId> = views::table
            .filter(
                views::smart_account_id
                    .eq(account)
                    .and(views::order_id.eq_any(some.to_vec())),
            )
            .select(views::order_id)
            .load(read.conn())?;
        let Some(only) = within.only() else {
            found.extend(rows);
            continue;
        };
        let theirs: Vec<OrderId> = lines::table
            .filter(
                lines::order_id
                    .eq_any(rows)
                    .and(lines::smart_account_id.eq(account))
                    .and(lines::virtual_account_id.eq_any(only.to_vec()))
                    .and(lines::state.eq(LineState::Assigned)),
            )
            .select(lines::order_id)
            .distinct()
            .load(read.conn())?;
        found.extend(theirs);
    }
    Ok(found)
}

/// What lines become when their assignment is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub to: Target,
    pub assignment: AssignmentId,
    pub due_at: Moment,
}

/// Asks for lines that are as they were when they were read: in one of these states. All or an error that wants
/// another try.
pub fn ask(tx: &mut Tx<'_>, ids: &[OrderLineId], from: &[LineState], asked: Asked) -> Result<usize> {
    let mut changed = 0;
    for some in ids.chunks(CHUNK) {
        let same = lines::table.filter(
            lines::id
                .eq_any(some.to_vec())
                .and(lines::state.eq_any(from.to_vec())),
        );
        changed += diesel::update(same)
            .set((
                lines::state.eq(LineState::Requested),
                lines::smart_account_id.eq(Some(asked.to.account)),
                lines::virtual_account_id.eq(asked.to.virtual_account),
                lines::assignment_id.eq(Some(asked.assignment)),
                lines::due_at.eq(Some(asked.due_at)),
                lines::round.eq(lines::round + 1),
                lines::reason.eq(""),
                lines::settled_at.eq(None::<Moment>),
                lines::version.eq(lines::version + 1),
            ))
            .execute(tx.conn())?;
    }
    Ok(changed)
}

/// Moves lines on that stand in one state: only one can. Answers with how many were.
pub fn move_on(
    tx: &mut Tx<'_>,
    ids: &[OrderLineId],
    from: LineState,
    to: LineState,
    place: Option<Target>,
    reason: &str,
    at: Moment,
) -> Result<usize> {
    let reason: String = reason.chars().take(1000).collect();
    let settled = matches!(to, LineState::Assigned | LineState::Failed).then_some(at);
    let due = (to == LineState::Requested).then_some(at);
    let mut changed = 0;
    for some in ids.chunks(CHUNK) {
        let same = lines::table.filter(lines::id.eq_any(some.to_vec()).and(lines::state.eq(from)));
        changed += diesel::update(same)
            .set((
                lines::state.eq(to),
                lines::reason.eq(reason.as_str()),
                lines::settled_at.eq(settled),
                lines::due_at.eq(due),
                lines::version.eq(lines::version + 1),
            ))
            .execute(tx.conn())?;
        if let Some(place) = place {
            diesel::update(lines::table.filter(lines::id.eq_any(some.to_vec())))
                .set((
                    lines::smart_account_id.eq(Some(place.account)),
                    lines::virtual_account_id.eq(place.virtual_account),
                ))
                .execute(tx.conn())?;
        }
    }
    Ok(changed)
}

/// An order whose lines have changed: how it was, and its lines as they are now.
#[derive(Debug, Clone)]
pub struct Changed<'a> {
    pub order: &'a Order,
    pub lines: &'a [Line],
    /// It has just come in: it shows nowhere yet.
    pub is_new: bool,
}

type ViewRow = (SmartAccountId, OrderId, bool, bool, bool);
type TallyKey = (SmartAccountId, OrderType, OrderStatus, Assignment);

/// Brings everything that follows from lines up to date: how far an order is assigned, in which accounts it shows,
/// and how many orders show in each.
pub fn settle(tx: &mut Tx<'_>, changed: &[Changed<'_>]) -> Result<()> {
    let mut tallies: BTreeMap<TallyKey, i64> = BTreeMap::new();
    let mut shown: HashMap<OrderId, Vec<ViewRow>> = HashMap::new();
    let known: Vec<OrderId> = changed
        .iter()
        .filter(|one| !one.is_new)
        .map(|one| one.order.id)
        .collect();
    for some in known.chunks(CHUNK) {
        let rows: Vec<ViewRow> = views::table
            .filter(views::order_id.eq_any(some.to_vec()))
            .select((
                views::smart_account_id,
                views::order_id,
                views::is_sold,
                views::is_customer,
                views::is_assigned,
            ))
            .load(tx.conn())?;
        for row in rows {
            shown.entry(row.1).or_default().push(row);
        }
    }
    let mut turned: BTreeMap<Assignment, Vec<OrderId>> = BTreeMap::new();
    let mut fresh: Vec<(SmartAccountId, Why, &Order, Assignment)> = Vec::new();
    for one in changed {
        let order = one.order;
        let assignment = assignment_of(one.lines.iter().map(|line| line.state));
        if assignment != order.assignment && !one.is_new {
            turned.entry(assignment).or_default().push(order.id);
        }
        let mut why = shows_in(order, one.lines);
        for (account, _, sold, customer, assigned) in shown.remove(&order.id).unwrap_or_default() {
            let was = Why {
                sold,
                customer,
                assigned,
            };
            *tallies
                .entry((account, order.order_type, order.status, order.assignment))
                .or_default() -= 1;
            let now = why.remove(&account);
            if let Some(now) = now {
                *tallies
                    .entry((account, order.order_type, order.status, assignment))
                    .or_default() += 1;
                if now != was {
                    diesel::update(views::table.find((account, order.id)))
                        .set((
                            views::is_sold.eq(now.sold),
                            views::is_customer.eq(now.customer),
                            views::is_assigned.eq(now.assigned),
                        ))
                        .execute(tx.conn())?;
                }
            } else {
                diesel::delete(views::table.find((account, order.id))).execute(tx.conn())?;
            }
        }
        for (account, why) in why {
            *tallies
                .entry((account, order.order_type, order.status, assignment))
                .or_default() += 1;
            fresh.push((account, why, order, assignment));
        }
    }
    for (assignment, ids) in turned {
        for some in ids.chunks(CHUNK) {
            diesel::update(orders::table.filter(orders::id.eq_any(some.to_vec())))
                .set((
                    orders::assignment.eq(assignment),
                    orders::version.eq(orders::version + 1),
                ))
                .execute(tx.conn())?;
            diesel::update(views::table.filter(views::order_id.eq_any(some.to_vec())))
                .set(views::assignment.eq(assignment))
                .execute(tx.conn())?;
        }
    }
    insert_views(tx, &fresh)?;
    for ((account, order_type, status, assignment), by) in tallies {
        if by != 0 {
            tally(tx, (account, order_type, status, assignment), by)?;
        }
    }
    Ok(())
}

fn insert_views(tx: &mut Tx<'_>, fresh: &[(SmartAccountId, Why, &Order, Assignment)]) -> Result<()> {
    for some in fresh.chunks(200) {
        let rows: Vec<_> = some
            .iter()
            .map(|(account, why, order, assignment)| {
                (
                    views::smart_account_id.eq(*account),
                    views::order_id.eq(order.id),
                    views::is_sold.eq(why.sold),
                    views::is_customer.eq(why.customer),
                    views::is_assigned.eq(why.assigned),
                    views::ordered_at.eq(order.ordered_at),
                    views::identifier_key.eq(search_key(&order.identifier)),
                    views::customer_key.eq(customer_key(order)),
                    views::order_type.eq(order.order_type),
                    views::order_status.eq(order.status),
                    views::assignment.eq(*assignment),
                    views::lines.eq(order.lines),
                    views::search_key.eq(found_by(order)),
                )
            })
            .collect();
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(views::table).values(&rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(views::table).values(&rows).execute(c)?,
        };
    }
    Ok(())
}

fn tally(tx: &mut Tx<'_>, key: TallyKey, by: i64) -> Result<()> {
    let (account, order_type, status, assignment) = key;
    let counted = diesel::update(tallies::table.find(key))
        .set(tallies::orders.eq(tallies::orders + by))
        .execute(tx.conn())?;
    if counted == 0 {
        diesel::insert_into(tallies::table)
            .values((
                tallies::smart_account_id.eq(account),
                tallies::order_type.eq(order_type),
                tallies::order_status.eq(status),
                tallies::assignment.eq(assignment),
                tallies::orders.eq(by),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// How many orders show in an account, of each kind.
pub fn tallies(
    read: &mut dyn Reads,
    account: SmartAccountId,
) -> Result<Vec<(OrderType, OrderStatus, Assignment, i64)>> {
    Ok(tallies::table
        .filter(tallies::smart_account_id.eq(account))
        .select((
            tallies::order_type,
            tallies::order_status,
            tallies::assignment,
            tallies::orders,
        ))
        .load(read.conn())?)
}

/// Says whose the customer's domain is.
pub fn set_customer_account(tx: &mut Tx<'_>, id: OrderId, account: SmartAccountId) -> Result<()> {
    diesel::update(orders::table.find(id))
        .set((
            orders::customer_account_id.eq(Some(account)),
            orders::version.eq(orders::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Domains of customers whose orders know of no Smart Account, in order, from the one after `after` on.
pub fn unlinked_domains(read: &mut dyn Reads, after: &str, most: i64) -> Result<Vec<String>> {
    Ok(orders::table
        .filter(
            orders::customer_account_id
                .is_null()
                .and(orders::customer_domain.gt(after)),
        )
        .select(orders::customer_domain)
        .distinct()
        .order(orders::customer_domain.asc())
        .limit(most)
        .load(read.conn())?)
}

/// Orders of a customer that know of no Smart Account.
pub fn unlinked_of(read: &mut dyn Reads, domain: &str, most: i64) -> Result<Vec<OrderId>> {
    Ok(orders::table
        .filter(
            orders::customer_account_id
                .is_null()
                .and(orders::customer_domain.eq(domain)),
        )
        .order(orders::id.asc())
        .select(orders::id)
        .limit(most)
        .load(read.conn())?)
}

pub fn insert_request(tx: &mut Tx<'_>, new: &Request) -> Result<()> {
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(new.id),
            assignments::smart_account_id.eq(new.account),
            assignments::requested_by.eq(new.requested_by),
            assignments::requester.eq(new.requester.chars().take(500).collect::<String>()),
            assignments::is_unchecked.eq(new.is_unchecked),
            assignments::orders.eq(new.orders),
            assignments::lines.eq(new.lines),
            assignments::requested_at.eq(new.requested_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn requests(read: &mut dyn Reads, ids: &[AssignmentId]) -> Result<Vec<Request>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Request> = assignments::table
            .filter(assignments::id.eq_any(some.to_vec()))
            .select(request_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Whether lines of an assignment are still on their way.
pub fn is_open(read: &mut dyn Reads, id: AssignmentId) -> Result<bool> {
    let found: Option<OrderLineId> = lines::table
        .filter(
            lines::assignment_id
                .eq(id)
                .and(lines::state.eq_any([LineState::Requested, LineState::Hold])),
        )
        .select(lines::id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

/// The last line of an assignment was assigned or has failed. Only one finds it.
pub fn close_request(tx: &mut Tx<'_>, id: AssignmentId, at: Moment) -> Result<bool> {
    let open = assignments::table.filter(assignments::id.eq(id).and(assignments::settled_at.is_null()));
    Ok(diesel::update(open)
        .set(assignments::settled_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}

/// How many lines of an assignment are in which state.
pub fn line_states(read: &mut dyn Reads, id: AssignmentId) -> Result<Vec<(LineState, u64)>> {
    let rows: Vec<(LineState, i64)> = lines::table
        .filter(lines::assignment_id.eq(id))
        .group_by(lines::state)
        .select((lines::state, diesel::dsl::count_star()))
        .load(read.conn())?;
    Ok(LineState::ALL
        .iter()
        .filter_map(|state| {
            let (_, n) = rows.iter().find(|(one, _)| one == state)?;
            Some((*state, count(*n)))
        })
        .collect())
}

/// Lines of an assignment, by order.
pub fn lines_of_request(read: &mut dyn Reads, id: AssignmentId, most: i64) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(lines::assignment_id.eq(id))
        .order((lines::order_id.asc(), lines::number.asc()))
        .select(line_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Into which places lines of an assignment came, and how many lines and orders.
pub fn places_of_request(
    read: &mut dyn Reads,
    id: AssignmentId,
    state: LineState,
) -> Result<Vec<(SmartAccountId, Option<VirtualAccountId>, u64)>> {
    let rows: Vec<(Option<SmartAccountId>, Option<VirtualAccountId>, i64)> = lines::table
        .filter(lines::assignment_id.eq(id).and(lines::state.eq(state)))
        .group_by((lines::smart_account_id, lines::virtual_account_id))
        .select((
            lines::smart_account_id,
            lines::virtual_account_id,
            diesel::dsl::count_star(),
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(account, place, n)| account.map(|account| (account, place, count(n))))
        .collect())
}

/// Lines that are to be completed by now, the longest due first.
pub fn due(read: &mut dyn Reads, now: Moment, most: i64) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(lines::state.eq(LineState::Requested).and(lines::due_at.le(now)))
        .order((lines::due_at.asc(), lines::id.asc()))
        .select(line_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// The next lines whose assignment completes, by their orders.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let rows: Vec<(Option<Moment>, String, i32)> = lines::table
        .inner_join(orders::table.on(orders::id.eq(lines::order_id)))
        .filter(lines::state.eq(LineState::Requested).and(lines::due_at.gt(after)))
        .order((lines::due_at.asc(), lines::id.asc()))
        .select((lines::due_at, orders::identifier, lines::number))
        .limit(most)
        .load(read.conn())?;
    let rows = rows
        .into_iter()
        .filter_map(|(at, order, line)| Some((at?, format!("{order}, line {line}"))))
        .collect();
    Ok(each(
        rows,
        "Order assignment completes",
        "It was requested, and the lab says after how many seconds assignments complete.",
    )
    .collect())
}

/// Lines by their ids that are in a state.
pub fn lines_in(read: &mut dyn Reads, ids: &[OrderLineId], state: LineState) -> Result<Vec<Line>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Line> = lines::table
            .filter(lines::id.eq_any(some.to_vec()).and(lines::state.eq(state)))
            .select(line_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Accounts for which lines wait on hold.
pub fn held_accounts(read: &mut dyn Reads) -> Result<Vec<SmartAccountId>> {
    let rows: Vec<Option<SmartAccountId>> = lines::table
        .filter(lines::state.eq(LineState::Hold))
        .select(lines::smart_account_id)
        .distinct()
        .load(read.conn())?;
    Ok(rows.into_iter().flatten().collect())
}

/// Lines that wait on hold for an account.
pub fn held_for(read: &mut dyn Reads, account: SmartAccountId, most: i64) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(
            lines::state
                .eq(LineState::Hold)
                .and(lines::smart_account_id.eq(account)),
        )
        .order(lines::id.asc())
        .select(line_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// A draft became an assignment; false when it was one already.
pub fn draft_done(tx: &mut Tx<'_>, id: OrderDraftId, assignment: AssignmentId) -> Result<bool> {
    let open = drafts::table.filter(drafts::id.eq(id).and(drafts::assignment_id.is_null()));
    Ok(diesel::update(open)
        .set(drafts::assignment_id.eq(Some(assignment)))
        .execute(tx.conn())?
        == 1)
}

/// Forgets drafts and files that nobody came back to.
pub fn forget_before(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    let drafts = diesel::delete(drafts::table.filter(drafts::created_at.lt(before))).execute(tx.conn())?;
    let files = diesel::delete(imports::table.filter(imports::created_at.lt(before))).execute(tx.conn())?;
    Ok(drafts + files)
}

/// So much is kept of a file of orders, as the schema says.
const LONGEST_IMPORT: usize = 20_000_000;

fn import_written(import: &Import) -> Result<String> {
    let text = serde_json::to_string(&import.content).map_err(Error::internal)?;
    if text.len() > LONGEST_IMPORT && text.chars().count() > LONGEST_IMPORT {
        return Err(Error::invalid(
            "file",
            "The file is too long to be kept for its review. Divide it into several files.",
        ));
    }
    Ok(text)
}

/// Keeps a file of orders for its review.
pub fn insert_import(tx: &mut Tx<'_>, at: Moment, import: &Import) -> Result<()> {
    diesel::insert_into(imports::table)
        .values((
            imports::id.eq(import.id),
            imports::person_id.eq(import.author),
            imports::content.eq(import_written(import)?),
            imports::created_at.eq(at),
            imports::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// One's own file of orders.
pub fn import(read: &mut dyn Reads, author: PersonId, id: OrderImportId) -> Result<Import> {
    let (content, done_at, version): (String, Option<Moment>, i64) = imports::table
        .filter(imports::id.eq(id).and(imports::person_id.eq(author)))
        .select((imports::content, imports::done_at, imports::version))
        .first(read.conn())?;
    Ok(Import {
        id,
        author,
        content: serde_json::from_str(&content).map_err(Error::internal)?,
        done_at,
        version,
    })
}

/// Keeps what a file says when it is read with other columns; false when somebody was faster.
pub fn replace_import(tx: &mut Tx<'_>, import: &Import) -> Result<bool> {
    let same = imports::table.filter(
        imports::id
            .eq(import.id)
            .and(imports::version.eq(import.version))
            .and(imports::done_at.is_null()),
    );
    Ok(diesel::update(same)
        .set((
            imports::content.eq(import_written(import)?),
            imports::version.eq(import.version + 1),
        ))
        .execute(tx.conn())?
        == 1)
}

/// The orders of a file are taken in; false when they were already.
pub fn import_done(tx: &mut Tx<'_>, author: PersonId, id: OrderImportId, at: Moment) -> Result<bool> {
    let open = imports::table.filter(
        imports::id
            .eq(id)
            .and(imports::person_id.eq(author))
            .and(imports::done_at.is_null()),
    );
    Ok(diesel::update(open)
        .set(imports::done_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}
