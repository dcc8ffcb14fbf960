//! What the schema cannot say: that names mean something, stand once, and fit together.

use super::moment;
use super::schema::Lines;
use super::shape::{AccountPart, OrderPart, Scenario};
use crate::catalog::{self, Term};
use crate::devices::Udi;
use crate::error::{Error, Problems};
use crate::kernel::marked::Mistake;
use crate::kernel::{DomainIdentifier, EmailAddress, Moment, Name, search_key};
use crate::orders::{self, LineState, Source, Told, ToldLine};
use crate::simulator::scenario;
use crate::smart_accounts::State;
use crate::virtual_accounts;
use std::collections::{HashMap, HashSet};

/// All that is wrong.
pub fn mistakes(scenario: &Scenario, lines: &Lines, now: Moment) -> Vec<Mistake> {
    let mut check = Check {
        lines,
        now,
        found: Vec::new(),
        people: HashSet::new(),
        domains: HashMap::new(),
    };
    check.head(scenario);
    check.people(scenario);
    for (n, account) in scenario.accounts.iter().enumerate() {
        check.account(account, &format!("/accounts/{n}"));
    }
    check.orders(scenario);
    check.found
}

struct Check<'a> {
    lines: &'a Lines,
    now: Moment,
    found: Vec<Mistake>,
    /// Keys of addresses.
    people: HashSet<String>,
    /// By domain: the keys of the Virtual Accounts, and whether the account is Active.
    domains: HashMap<String, (HashSet<String>, bool)>,
}

impl Check<'_> {
    fn wrong(&mut self, at: &str, says: impl Into<String>) {
        let line = self.lines.of(at);
        self.found.push(Mistake::at(line, says));
    }

    fn take<T>(&mut self, at: &str, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|says| self.wrong(at, says)).ok()
    }

    /// A time, if one is written.
    fn when(&mut self, at: &str, typed: &str) -> Option<Moment> {
        if typed.is_empty() {
            return None;
        }
        let read = moment(typed, self.now);
        if read.is_none() {
            self.wrong(
                at,
                "Write a time as 2026-11-29, as 2026-11-29T08:00:00Z, or as \"-30 days\" from now.",
            );
        }
        read
    }

    /// A time that is over.
    fn past(&mut self, at: &str, typed: &str) {
        if self.when(at, typed).is_some_and(|read| read > self.now) {
            self.wrong(at, "This time is still to come; it has to be over.");
        }
    }

    fn head(&mut self, scenario: &Scenario) {
        let name = &scenario.name;
        let good = !name.starts_with('-')
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !good {
            self.wrong("/name", "Use small letters, digits and hyphens for the name.");
        }
        if scenario::ALL.iter().any(|(known, _)| known == name) {
            self.wrong(
                "/name",
                format!("{name} comes with the portal. Choose another name."),
            );
        }
    }

    fn people(&mut self, scenario: &Scenario) {
        for (n, person) in scenario.people.iter().enumerate() {
            let at = format!("/people/{n}");
            if let Some(email) = self.take(&format!("{at}/email"), EmailAddress::parse(&person.email))
                && !self.people.insert(email.key().to_owned())
            {
                self.wrong(&format!("{at}/email"), format!("{email} stands here twice."));
            }
            let _ = self.take(&format!("{at}/name"), Name::parse(&person.name, "Name"));
            for (m, role) in person.platform_roles.iter().enumerate() {
                if role.edition().is_on_prem() {
                    let says = format!("{role} is a role of an On-Prem server, which no file describes.");
                    self.wrong(&format!("{at}/platform_roles/{m}"), says);
                }
            }
            self.past(&format!("{at}/since"), &person.since);
        }
        let mut clients = HashSet::new();
        for (n, client) in scenario.api_clients.iter().enumerate() {
            let at = format!("/api_clients/{n}");
            let good = client
                .id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !good || !clients.insert(client.id.as_str()) {
                self.wrong(
                    &format!("{at}/id"),
                    "Use letters, digits, hyphens, dots and underscores, and each id once.",
                );
            }
            self.person(&format!("{at}/person"), &client.person);
        }
    }

    fn person(&mut self, at: &str, email: &str) {
        if let Some(email) = self.take(at, EmailAddress::parse(email))
            && !self.people.contains(email.key())
        {
            self.wrong(at, format!("{email} is not among the people of this file."));
        }
    }

    fn account(&mut self, account: &AccountPart, at: &str) {
        let _ = self.take(
            &format!("{at}/name"),
            Name::parse(&account.name, "Smart Account Name"),
        );
        if account.state == State::Pending {
            self.wrong(
                &format!("{at}/state"),
                "An account of a file is active or inactive: a request makes one that is pending.",
            );
        }
        self.past(&format!("{at}/since"), &account.since);
        let places = self.places(account, at);
        if let Some(domain) = self.take(&format!("{at}/domain"), DomainIdentifier::parse(&account.domain)) {
            let kept = (places.clone(), account.state == State::Active);
            if self.domains.insert(domain.as_str().to_owned(), kept).is_some() {
                self.wrong(
                    &format!("{at}/domain"),
                    "Another account of this file has this domain.",
                );
            }
        }
        for (n, role) in account.roles.iter().enumerate() {
            let at = format!("{at}/roles/{n}");
            self.person(&format!("{at}/person"), &role.person);
            if role.role.is_over_account() != role.virtual_account.is_empty() {
                let says = if role.virtual_account.is_empty() {
                    "This role is held in a Virtual Account: name one."
                } else {
                    "This role is held in the whole account: leave virtual_account out."
                };
                self.wrong(&format!("{at}/role"), says);
            }
            self.place(&format!("{at}/virtual_account"), &places, &role.virtual_account);
        }
        let named = self.licenses(account, at, &places);
        self.devices(account, at, &places, &named);
        for (n, token) in account.registration_tokens.iter().enumerate() {
            let at = format!("{at}/registration_tokens/{n}");
            self.place(&format!("{at}/virtual_account"), &places, &token.virtual_account);
            self.past(&format!("{at}/created"), &token.created);
            self.past(&format!("{at}/revoked"), &token.revoked);
            if token.max_uses > 0 && token.uses > token.max_uses {
                self.wrong(&format!("{at}/uses"), "It was used more often than it can be.");
            }
        }
    }

    /// The keys of the Virtual Accounts of an account.
    fn places(&mut self, account: &AccountPart, at: &str) -> HashSet<String> {
        let mut keys: HashMap<String, String> = HashMap::new();
        let mut defaults = 0;
        for (n, place) in account.virtual_accounts.iter().enumerate() {
            let at = format!("{at}/virtual_accounts/{n}");
            let _ = self.take(&format!("{at}/name"), Name::parse(&place.name, "Name"));
            if keys
                .insert(search_key(&place.name), search_key(&place.within))
                .is_some()
            {
                self.wrong(&format!("{at}/name"), "Another Virtual Account has this name.");
            }
            defaults += i32::from(place.is_default);
            if defaults > 1 && place.is_default {
                self.wrong(
                    &format!("{at}/is_default"),
                    "One Virtual Account is the default one.",
                );
            }
            if place.is_default && !place.within.is_empty() {
                self.wrong(
                    &format!("{at}/within"),
                    "The default Virtual Account lies within no other.",
                );
            }
            let tags = virtual_accounts::parse_tags(&place.tags.join("\n"));
            let _ = self.take(&format!("{at}/tags"), tags);
            self.past(&format!("{at}/since"), &place.since);
            self.when(&format!("{at}/preferred_end_date"), &place.preferred_end_date);
        }
        if defaults == 0 {
            keys.entry(search_key(virtual_accounts::DEFAULT)).or_default();
        }
        for (n, place) in account.virtual_accounts.iter().enumerate() {
            let at = format!("{at}/virtual_accounts/{n}/within");
            let (mut above, mut steps) = (search_key(&place.within), 0);
            while !above.is_empty() && steps <= keys.len() {
                steps += 1;
                match keys.get(&above) {
                    Some(next) => above.clone_from(next),
                    None => {
                        self.wrong(&at, "No Virtual Account of this account has this name.");
                        break;
                    }
                }
            }
            if steps > keys.len() {
                self.wrong(&at, "This Virtual Account would lie within itself.");
            }
        }
        keys.into_keys().collect()
    }

    fn place(&mut self, at: &str, places: &HashSet<String>, name: &str) {
        if !name.is_empty() && !places.contains(&search_key(name)) {
            self.wrong(at, "No Virtual Account of this account has this name.");
        }
    }

    /// The licenses that an account has of its own.
    fn licenses(&mut self, account: &AccountPart, at: &str, places: &HashSet<String>) -> HashSet<String> {
        let mut own = HashSet::new();
        for (n, license) in account.licenses.iter().enumerate() {
            let at = format!("{at}/licenses/{n}");
            self.place(&format!("{at}/virtual_account"), places, &license.virtual_account);
            if !license.license.chars().all(|c| c.is_ascii_graphic()) {
                self.wrong(
                    &format!("{at}/license"),
                    "Use visible ASCII characters without spaces.",
                );
            }
            if license.name.is_empty() && catalog::entitlement(&license.license).is_none() {
                self.wrong(
                    &format!("{at}/license"),
                    "The catalog does not know this license. Name one that it knows, or say what people call it (name).",
                );
            }
            own.insert(license.license.clone());
            let starts = self.when(&format!("{at}/starts"), &license.starts);
            let ends = self.when(&format!("{at}/ends"), &license.ends);
            if starts.zip(ends).is_some_and(|(starts, ends)| ends < starts) {
                self.wrong(&format!("{at}/ends"), "It ends before it starts.");
            }
            if license.term != Term::Perpetual && license.ends.is_empty() {
                self.wrong(&format!("{at}/term"), "A term has an end: say when (ends).");
            }
            let tags = virtual_accounts::parse_tags(&license.tags.join("\n"));
            let _ = self.take(&format!("{at}/tags"), tags);
        }
        own
    }

    fn devices(&mut self, account: &AccountPart, at: &str, places: &HashSet<String>, own: &HashSet<String>) {
        let mut known = HashSet::new();
        for (n, device) in account.product_instances.iter().enumerate() {
            let at = format!("{at}/product_instances/{n}");
            self.place(&format!("{at}/virtual_account"), places, &device.virtual_account);
            let mut problems = Problems::default();
            match Udi::parse(&device.pid, &device.serial, &mut problems) {
                Some(udi) if !known.insert(udi.key()) => {
                    self.wrong(
                        &format!("{at}/serial"),
                        "Another product instance of this account has this pid and serial.",
                    );
                }
                _ => {}
            }
            for problem in problems.list() {
                self.wrong(&at, problem.says.clone());
            }
            self.past(&format!("{at}/registered"), &device.registered);
            self.past(&format!("{at}/renewed"), &device.renewed);
            self.past(&format!("{at}/last_contact"), &device.last_contact);
            let mut used = HashSet::new();
            for (m, one) in device.uses.iter().enumerate() {
                let at = format!("{at}/uses/{m}/license");
                if !own.contains(&one.license) && catalog::entitlement(&one.license).is_none() {
                    self.wrong(&at, "Neither the catalog nor this account knows this license.");
                }
                if !used.insert(one.license.as_str()) {
                    self.wrong(&at, "The license stands here twice.");
                }
            }
        }
    }

    fn orders(&mut self, scenario: &Scenario) {
        let mut identifiers = HashSet::new();
        for (n, order) in scenario.orders.iter().enumerate() {
            let at = format!("/orders/{n}");
            if !identifiers.insert(search_key(&order.identifier)) {
                self.wrong(
                    &format!("{at}/identifier"),
                    "Another order has this Order Identifier.",
                );
            }
            self.past(&format!("{at}/ordered"), &order.ordered);
            if let Err(Error::Invalid(problems)) =
                orders::check_order(&told(order, self.now), Source::Scenario, self.now)
            {
                for problem in problems.list() {
                    // "lines[0].sku" is "/lines/0/sku", and "ordered_at" was looked at above.
                    let field = problem.field.replace("].", "/").replace('[', "/");
                    if field != "ordered_at" {
                        self.wrong(&format!("{at}/{field}"), problem.says.clone());
                    }
                }
            }
            let partner = order.partner_domain.to_lowercase();
            if !partner.is_empty() && !self.domains.contains_key(&partner) {
                self.wrong(
                    &format!("{at}/partner_domain"),
                    "No account of this file has this domain.",
                );
            }
            for (m, line) in order.lines.iter().enumerate() {
                let at = format!("{at}/lines/{m}");
                let needs_one = !matches!(line.state, LineState::Unassigned | LineState::NotAssignable);
                match self.domains.get(&line.account.to_lowercase()).cloned() {
                    Some((places, _)) => {
                        self.place(&format!("{at}/virtual_account"), &places, &line.virtual_account);
                    }
                    None if needs_one || !line.account.is_empty() => {
                        self.wrong(
                            &format!("{at}/account"),
                            "Say to which account of this file the line is assigned, by its domain.",
                        );
                    }
                    None => {}
                }
            }
        }
    }
}

/// An order, as orders are told everywhere.
pub fn told(order: &OrderPart, now: Moment) -> Told {
    Told {
        identifier: order.identifier.clone(),
        customer: order.customer.clone(),
        customer_domain: order.customer_domain.clone(),
        customer_email: order.customer_email.clone(),
        partner_domain: order.partner_domain.clone(),
        order_type: order.order_type.word().to_owned(),
        status: order.status.word().to_owned(),
        purchase_order: order.purchase_order.clone(),
        ordered_at: moment(&order.ordered, now).map_or_else(String::new, Moment::rfc3339),
        end_customer_account: String::new(),
        lines: order
            .lines
            .iter()
            .map(|line| ToldLine {
                sku: line.sku.clone(),
                quantity: line.quantity.to_string(),
                term_months: if line.term_months == 0 {
                    String::new()
                } else {
                    line.term_months.to_string()
                },
            })
            .collect(),
    }
}
