//! "Your Smart and Virtual Account access": which accounts somebody sees there, why, and in which order.

use crate::access_requests::{self, AccessRequest};
use crate::account_requests;
use crate::authn::people::Person;
use crate::authz::action::ViewDirectory;
use crate::authz::{Grant, Permit, Role, grants};
use crate::error::Result;
use crate::http::ListQuery;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Sought, search_key, text};
use crate::members;
use crate::platform::db::Reads;
use crate::smart_accounts::{self, SmartAccount, State, Visibility};
use crate::virtual_accounts::{self, AccessLevel};
use std::collections::{HashMap, HashSet};

/// How many accounts a search shows.
pub const MOST_FOUND: i64 = 50;
/// How many Virtual Accounts are named beside an account.
const MOST_NAMED: usize = 100;

/// Why an account stands in the directory. The order is that of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// One holds a role in it.
    Access,
    /// One has asked for access to it.
    AskedAccess,
    /// One has asked for its creation.
    Asked,
    /// It is under the domain of one's e-mail address.
    Domain,
    /// A search found it.
    Found,
}

/// An account in the directory.
#[derive(Debug, Clone)]
pub struct Row {
    /// The account.
    pub account: SmartAccount,
    /// Why it is shown.
    pub why: Why,
    /// The roles that one holds, with the Virtual Account where it is one.
    pub held: Vec<Grant>,
    /// The request by which one asked for it.
    pub reference: Option<String>,
    /// The pending request by which one asked for access to it.
    pub wanted: Option<AccessRequest>,
    /// Ids and names of its Virtual Accounts that one may know.
    pub virtual_accounts: Vec<(VirtualAccountId, String)>,
    /// How many more there are.
    pub more: usize,
    /// Who can give access.
    pub administrators: Vec<Person>,
}

impl Row {
    fn of(account: SmartAccount, why: Why) -> Self {
        Self {
            account,
            why,
            held: Vec::new(),
            reference: None,
            wanted: None,
            virtual_accounts: Vec::new(),
            more: 0,
            administrators: Vec::new(),
        }
    }
    /// Whether one may open it.
    pub fn opens(&self) -> bool {
        self.why == Why::Access
    }
    /// The roles in words.
    pub fn roles(&self) -> Vec<String> {
        self.held
            .iter()
            .map(|grant| {
                let place = grant
                    .virtual_account
                    .and_then(|id| self.virtual_accounts.iter().find(|(other, _)| *other == id));
                match place {
                    Some((_, name)) => format!("{} in {name}", grant.role.label()),
                    None => grant.role.label().to_owned(),
                }
            })
            .collect()
    }
    /// What the row says of one's access when one has none.
    pub fn without(&self) -> &'static str {
        match self.why {
            Why::Asked => "Creation requested by you",
            _ => "No access",
        }
    }
    /// Where access is requested; none where it cannot be, because the account is not Active or a request waits.
    pub fn request_href(&self) -> Option<String> {
        let is_admin = self
            .held
            .iter()
            .any(|grant| grant.virtual_account.is_none() && grant.role == Role::AccountAdmin);
        let open = self.account.state == State::Active && self.wanted.is_none() && !is_admin;
        open.then(|| format!("/access/request?domain={}", self.account.domain))
    }
    fn matches(&self, sought: &Sought) -> bool {
        sought.fits(&found_by(&self.account))
    }
}

/// What a search for an account of one's own looks in.
pub fn found_by(account: &SmartAccount) -> String {
    search_key(&format!("{} {} {}", account.name, account.domain, account.number))
}

/// The accounts that belong to somebody: with access, asked for, under their e-mail domain. What is read
/// grows with that person's accounts and with nobody else's.
pub fn own(read: &mut dyn Reads, permit: &Permit<ViewDirectory>) -> Result<Vec<Row>> {
    let person = permit.actor()?.person.clone();
    let mut held: HashMap<SmartAccountId, Vec<Grant>> = HashMap::new();
    for grant in grants::of_person(read, person.id)? {
        held.entry(grant.account).or_default().push(grant);
    }
    let ids: Vec<SmartAccountId> = held.keys().copied().collect();
    let mut rows: Vec<Row> = smart_accounts::find_many(read, &ids)?
        .into_iter()
        .map(|account| {
            let mine = held.remove(&account.id).unwrap_or_default();
            Row {
                held: mine,
                ..Row::of(account, Why::Access)
            }
        })
        .collect();
    rows.sort_by_key(|row| (search_key(&row.account.name), row.account.number));
    let mut seen: HashSet<SmartAccountId> = rows.iter().map(|row| row.account.id).collect();
    let mut wanted: HashMap<SmartAccountId, AccessRequest> = access_requests::own_pending(read, person.id)?
        .into_iter()
        .map(|request| (request.account, request))
        .collect();
    let ids: Vec<SmartAccountId> = wanted.keys().copied().filter(|id| !seen.contains(id)).collect();
    let mut asked = smart_accounts::find_many(read, &ids)?;
    asked.sort_by_key(|account| (search_key(&account.name), account.number));
    for account in asked {
        seen.insert(account.id);
        rows.push(Row::of(account, Why::AskedAccess));
    }
    for account in smart_accounts::requested_by(read, person.id)? {
        if seen.insert(account.id) {
            rows.push(Row::of(account, Why::Asked));
        }
    }
    let mail = person.email.domain().to_owned();
    for account in smart_accounts::under_registrable(read, text::registrable_domain(&mail))? {
        if shows_by_domain(&account, &mail) && seen.insert(account.id) {
            rows.push(Row::of(account, Why::Domain));
        }
    }
    let references: HashMap<SmartAccountId, String> = account_requests::mine(read, &person)?
        .into_iter()
        .map(|summary| (summary.account.id, summary.request.reference))
        .collect();
    for row in &mut rows {
        row.reference = references.get(&row.account.id).cloned();
        row.wanted = wanted.remove(&row.account.id);
    }
    Ok(rows)
}

/// An account under one's e-mail domain shows once it is there; a Restricted one only when its domain
/// identifier is exactly that domain, since only then one has all of it.
fn shows_by_domain(account: &SmartAccount, mail_domain: &str) -> bool {
    account.state != State::Pending
        && (account.visibility == Visibility::Unrestricted || account.domain == mail_domain)
}

/// What a search finds beyond one's own accounts, under the Restricted rule.
pub fn found(read: &mut dyn Reads, typed: &str, own: &[Row]) -> Result<Vec<Row>> {
    let seen: HashSet<SmartAccountId> = own.iter().map(|row| row.account.id).collect();
    Ok(smart_accounts::search(read, typed, MOST_FOUND)?
        .into_iter()
        .filter(|account| !seen.contains(&account.id))
        .map(|account| Row::of(account, Why::Found))
        .collect())
}

/// What the query asks for, in order. Rows come in the order of the directory.
pub fn arrange(mut rows: Vec<Row>, list: &ListQuery) -> Vec<Row> {
    let sought = Sought::parse(&list.q);
    let states = list.values("status");
    rows.retain(|row| {
        row.matches(&sought) && (states.is_empty() || states.contains(&row.account.state.word()))
    });
    match list.sort.as_str() {
        "name" => rows.sort_by_key(|row| search_key(&row.account.name)),
        "number" => rows.sort_by_key(|row| row.account.number),
        "domain" => rows.sort_by(|a, b| a.account.domain.cmp(&b.account.domain)),
        "status" => rows.sort_by_key(|row| row.account.status_words()),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    rows
}

/// Whether the link to a Virtual Account opens for somebody.
pub fn opens_place(row: &Row, id: &VirtualAccountId) -> bool {
    row.held
        .iter()
        .any(|grant| grant.virtual_account.is_none() || grant.virtual_account == Some(*id))
}

/// Adds administrators and Virtual Accounts to the rows that are shown: two or three questions for all of them.
pub fn complete(read: &mut dyn Reads, rows: &mut [Row]) -> Result<()> {
    let ids: Vec<SmartAccountId> = rows.iter().map(|row| row.account.id).collect();
    let mut administrators: HashMap<SmartAccountId, Vec<Person>> =
        members::administrators(read, &ids)?.into_iter().collect();
    let mut names: HashMap<SmartAccountId, Vec<(VirtualAccountId, String, AccessLevel)>> = HashMap::new();
    // Of an account with many, the first are read alone where all of them may be named.
    let counts: HashMap<SmartAccountId, usize> = virtual_accounts::counts(read, &ids)?.into_iter().collect();
    let many: HashSet<SmartAccountId> = rows
        .iter()
        .filter(|row| row.held.iter().any(|grant| grant.virtual_account.is_none()))
        .map(|row| row.account.id)
        .filter(|id| counts.get(id).is_some_and(|count| *count > MOST_NAMED))
        .collect();
    let few: Vec<SmartAccountId> = ids.into_iter().filter(|id| !many.contains(id)).collect();
    for (account, id, name, level) in virtual_accounts::names(read, &few)? {
        names.entry(account).or_default().push((id, name, level));
    }
    for row in rows {
        if many.contains(&row.account.id) {
            row.virtual_accounts = virtual_accounts::first_of(read, row.account.id, MOST_NAMED)?;
            row.more = counts
                .get(&row.account.id)
                .map_or(0, |all| all - row.virtual_accounts.len());
            row.administrators = administrators.remove(&row.account.id).unwrap_or_default();
            continue;
        }
        row.administrators = administrators.remove(&row.account.id).unwrap_or_default();
        let mut known = names.remove(&row.account.id).unwrap_or_default();
        // Who holds no role over the whole account knows of their own and of those that everybody may find.
        if row.held.iter().all(|grant| grant.virtual_account.is_some()) {
            known.retain(|(id, _, level)| {
                *level == AccessLevel::Unrestricted
                    || row.held.iter().any(|grant| grant.virtual_account == Some(*id))
            });
        }
        row.more = known.len().saturating_sub(MOST_NAMED);
        known.truncate(MOST_NAMED);
        row.virtual_accounts = known.into_iter().map(|(id, name, _)| (id, name)).collect();
    }
    Ok(())
}

/// Whether a row is the one that a `highlight` names: by its request or by its number.
pub fn is_marked(row: &Row, mark: &str) -> bool {
    let wanted = row.wanted.as_ref().map(|request| request.reference.as_str());
    !mark.is_empty()
        && (wanted == Some(mark)
            || row.reference.as_deref() == Some(mark)
            || row.account.number.to_string() == mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ListSpec;
    use crate::kernel::Moment;

    fn account(name: &str, domain: &str, number: i64, state: State, visibility: Visibility) -> SmartAccount {
        SmartAccount {
            id: SmartAccountId::new(),
            number,
            name: name.to_owned(),
            domain: domain.to_owned(),
            registrable: text::registrable_domain(domain).to_owned(),
            state,
            pending_detail: None,
            visibility,
            headquarters: String::new(),
            requested_by: None,
            created_at: Moment::parse("2026-01-01T00:00:00Z").unwrap(),
            activated_at: None,
            version: 1,
        }
    }

    #[test]
    fn a_restricted_account_of_ones_company_needs_ones_whole_domain() {
        let of = |domain, state, visibility| account("X", domain, 1, state, visibility);
        let (open, closed) = (Visibility::Unrestricted, Visibility::Restricted);
        assert!(shows_by_domain(
            &of("lab.xyz.example", State::Active, open),
            "xyz.example"
        ));
        assert!(shows_by_domain(
            &of("xyz.example", State::Active, closed),
            "xyz.example"
        ));
        assert!(!shows_by_domain(
            &of("lab.xyz.example", State::Active, closed),
            "xyz.example"
        ));
        assert!(!shows_by_domain(
            &of("xyz.example", State::Pending, open),
            "xyz.example"
        ));
        assert!(shows_by_domain(
            &of("xyz.example", State::Inactive, open),
            "xyz.example"
        ));
    }

    #[test]
    fn rows_keep_the_order_of_the_directory_unless_asked_otherwise() {
        let rows = || {
            vec![
                Row::of(
                    account("Zeta", "z.example", 3, State::Active, Visibility::Unrestricted),
                    Why::Access,
                ),
                Row::of(
                    account("Mid", "m.example", 1, State::Pending, Visibility::Unrestricted),
                    Why::Asked,
                ),
                Row::of(
                    account("Alpha", "a.example", 2, State::Active, Visibility::Unrestricted),
                    Why::Domain,
                ),
            ]
        };
        let ask = |raw: &str| {
            let list = ListQuery::parse(
                raw,
                &ListSpec {
                    path: "/access".to_owned(),
                    sorts: &["access", "name", "number"],
                    default_sort: "access",
                    filters: &[],
                    columns: &[],
                },
            );
            arrange(rows(), &list)
                .iter()
                .map(|row| row.account.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(ask(""), [3, 1, 2]);
        assert_eq!(ask("sort=name"), [2, 1, 3]);
        assert_eq!(ask("sort=-number"), [3, 2, 1]);
        assert_eq!(ask("q=A.EXAMPLE"), [2]);
        assert_eq!(ask("q=nothing"), [0; 0]);
    }
}
