//! The present state of a cloud as a scenario file. Secrets are never in it: people get the password of everybody in a lab,
//! API clients its secret, tokens a new text.

use super::shape::{
    AccountPart, ClientPart, DevicePart, FORMAT, LicensePart, LinePart, OrderPart, PersonPart, PlacePart,
    RolePart, Scenario, TokenPart, UsePart,
};
use crate::authn::people::{self, PersonState};
use crate::authn::{Person, api_client};
use crate::authz::action::ViewInventory;
use crate::authz::{Permit, grants};
use crate::catalog;
use crate::devices;
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::licenses;
use crate::orders::{self, LineState};
use crate::platform::db::Reads;
use crate::smart_accounts::{self, SmartAccount};
use crate::tokens;
use crate::virtual_accounts::{self, VirtualAccount};
use std::collections::HashMap;

/// So many of anything go into a file.
const MOST: usize = 20_000;
/// So many accounts.
const MOST_ACCOUNTS: usize = 500;

/// Counts what cannot go along.
#[derive(Default)]
struct Left {
    roles: u64,
    served: u64,
    reserved: u64,
    by_policy: u64,
}

/// The present state, under a name. Refused where a file would be larger than one that is read.
pub fn of_lab(read: &mut dyn Reads, name: &str, now: Moment) -> Result<Scenario> {
    let all = people::all(read, whole(MOST + 1))?;
    let accounts = smart_accounts::activated(read, whole(MOST_ACCOUNTS + 1))?;
    let orders = orders::all(read, whole(MOST + 1))?;
    if all.len() > MOST || accounts.len() > MOST_ACCOUNTS || orders.len() > MOST {
        return Err(too_much());
    }
    let emails: HashMap<PersonId, String> = all
        .iter()
        .map(|(person, _)| (person.id, person.email.to_string()))
        .collect();
    let (mut left, mut parts, mut places) = (Left::default(), Vec::new(), HashMap::new());
    for account in &accounts {
        parts.push(account_part(read, account, &emails, now, &mut left, &mut places)?);
    }
    let clients = api_client::all_living(read, whole(1_000))?;
    let found = Scenario {
        licentral_scenario: FORMAT,
        name: name.to_owned(),
        description: format!("The state of a lab at {}.", now.words()),
        people: all
            .iter()
            .map(|(person, since)| person_part(read, person, *since))
            .collect::<Result<_>>()?,
        api_clients: clients
            .into_iter()
            .filter_map(|(owner, client)| {
                Some(ClientPart {
                    id: client.id,
                    person: emails.get(&owner)?.clone(),
                    name: client.name,
                })
            })
            .collect(),
        accounts: parts,
        orders: order_parts(read, orders, &accounts, &places)?,
        left_out: left_out(&left),
    };
    let things: usize = found
        .accounts
        .iter()
        .map(|one| one.licenses.len() + one.product_instances.len())
        .sum();
    if things > MOST { Err(too_much()) } else { Ok(found) }
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn too_much() -> Error {
    Error::refused(
        "lab.too-much-for-a-file",
        "There is more in this lab than a scenario file holds. Take a snapshot instead.",
    )
}

fn left_out(left: &Left) -> Vec<String> {
    let mut says = vec![
        "Secrets, sessions, letters and the record.".to_owned(),
        "Requests for accounts and for access, user groups, device managers, webhooks and saved views."
            .to_owned(),
    ];
    let mut also = |many: u64, one: &str, more: &str| {
        if many > 0 {
            says.push(format!("{}.", counted(many, one, more)));
        }
    };
    also(
        left.roles,
        "role through a user group",
        "roles through user groups",
    );
    also(
        left.served,
        "product instance of an On-Prem server",
        "product instances of On-Prem servers",
    );
    also(
        left.reserved,
        "product instance with a reservation",
        "product instances with a reservation",
    );
    also(
        left.by_policy,
        "product instance that reports by policy",
        "product instances that report by policy",
    );
    says
}

fn person_part(read: &mut dyn Reads, person: &Person, since: Moment) -> Result<PersonPart> {
    Ok(PersonPart {
        email: person.email.to_string(),
        name: person.name.clone(),
        access_level: person.access_level.into(),
        platform_roles: people::platform_roles(read, person.id)?
            .into_iter()
            .filter(|role| !role.edition().is_on_prem())
            .collect(),
        invited: person.state == PersonState::Invited,
        since: since.rfc3339(),
    })
}

type Places = HashMap<(SmartAccountId, VirtualAccountId), String>;

fn account_part(
    read: &mut dyn Reads,
    account: &SmartAccount,
    emails: &HashMap<PersonId, String>,
    now: Moment,
    left: &mut Left,
    named: &mut Places,
) -> Result<AccountPart> {
    let places = virtual_accounts::of_account(read, account.id)?;
    let names: HashMap<VirtualAccountId, String> =
        places.iter().map(|one| (one.id, one.name.clone())).collect();
    let name = |id: VirtualAccountId| names.get(&id).cloned().unwrap_or_default();
    named.extend(names.iter().map(|(id, name)| ((account.id, *id), name.clone())));
    let mut part = AccountPart {
        state: account.state,
        visibility: account.visibility,
        headquarters: account.headquarters.clone(),
        since: account.activated_at.unwrap_or(account.created_at).rfc3339(),
        virtual_accounts: places.iter().map(|one| place_part(one, &names)).collect(),
        licenses_are_all: true,
        ..AccountPart::named(&account.name, &account.domain)
    };
    for grant in grants::in_account(read, account.id)? {
        match emails.get(&grant.person) {
            Some(email) if grant.is_direct() => part.roles.push(RolePart {
                person: email.clone(),
                role: grant.role,
                virtual_account: grant.virtual_account.map(name).unwrap_or_default(),
            }),
            _ => left.roles += 1,
        }
    }
    for place in &places {
        part.licenses.extend(license_parts(read, account.id, place)?);
    }
    devices::each_of_account(read, account.id, &mut |device, uses| {
        if device.manager.is_some() {
            left.served += 1;
        } else if device.is_reserved {
            left.reserved += 1;
        } else if device.policy.is_some() {
            left.by_policy += 1;
        } else if part.product_instances.len() > MOST {
            return Err(too_much());
        } else {
            part.product_instances
                .push(device_part(&device, uses, name(device.virtual_account)));
        }
        Ok(())
    })?;
    part.registration_tokens = token_parts(read, account.id, now, &name)?;
    Ok(part)
}

fn place_part(one: &VirtualAccount, names: &HashMap<VirtualAccountId, String>) -> PlacePart {
    PlacePart {
        access_level: one.access_level,
        is_default: one.is_default,
        within: one
            .parent
            .and_then(|id| names.get(&id).cloned())
            .unwrap_or_default(),
        preferred_end_date: one.preferred_end_date.map_or_else(String::new, Moment::rfc3339),
        tags: one.tag_list().into_iter().map(str::to_owned).collect(),
        since: one.created_at.rfc3339(),
        ..PlacePart::named(&one.name, &one.description)
    }
}

fn license_parts(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: &VirtualAccount,
) -> Result<Vec<LicensePart>> {
    let stocks = licenses::stocks_in(read, account, place.id)?;
    let ids: Vec<_> = stocks.iter().map(|stock| stock.id).collect();
    let tags = licenses::tags_of(read, account, &ids)?;
    let tagged: HashMap<&str, &Vec<String>> = stocks
        .iter()
        .filter_map(|stock| Some((stock.entitlement.as_str(), tags.get(&stock.id)?)))
        .collect();
    Ok(licenses::pools_in(read, account, place.id)?
        .into_iter()
        .map(|pool| LicensePart {
            virtual_account: place.name.clone(),
            name: match catalog::entitlement(&pool.entitlement) {
                Some(known) if known.name == pool.name => String::new(),
                _ => pool.name,
            },
            quantity: pool.purchased,
            billing: pool.billing,
            term: pool.term,
            starts: pool.starts_at.map_or_else(String::new, Moment::rfc3339),
            ends: pool.ends_at.map_or_else(String::new, Moment::rfc3339),
            tags: tagged
                .get(pool.entitlement.as_str())
                .map(|tags| (*tags).clone())
                .unwrap_or_default(),
            license: pool.entitlement,
        })
        .collect())
}

fn device_part(device: &devices::Device, uses: Vec<devices::Usage>, place: String) -> DevicePart {
    DevicePart {
        virtual_account: place,
        pid: device.pid.clone(),
        serial: device.serial.clone(),
        hostname: device.hostname.clone(),
        product: device.product.clone(),
        software: device.software.clone(),
        export_controlled: device.export_controlled,
        registered: device.registered_at.rfc3339(),
        renewed: device.renewed_at.rfc3339(),
        last_contact: device.contact_at.rfc3339(),
        uses: uses
            .into_iter()
            .map(|used| UsePart {
                license: used.entitlement,
                quantity: used.quantity,
            })
            .collect(),
    }
}

fn token_parts(
    read: &mut dyn Reads,
    account: SmartAccountId,
    now: Moment,
    name: &impl Fn(VirtualAccountId) -> String,
) -> Result<Vec<TokenPart>> {
    let permit = Permit::<ViewInventory>::by_the_portal_in(account, "scenario");
    let asked = tokens::LIST.whole(now).by("created", false);
    let found = tokens::page(read, &permit, &asked, (1_000, 0))?;
    Ok(found
        .into_iter()
        .map(|token| TokenPart {
            virtual_account: name(token.virtual_account),
            days: token
                .expires_at
                .since(token.created_at)
                .num_hours()
                .div_euclid(24)
                + i64::from(
                    token
                        .expires_at
                        .since(token.created_at)
                        .num_hours()
                        .rem_euclid(24)
                        > 0,
                ),
            description: token.description,
            created: token.created_at.rfc3339(),
            max_uses: token.max_uses.unwrap_or_default(),
            uses: token.uses,
            export_controlled: token.export_controlled,
            revoked: token.revoked_at.map_or_else(String::new, Moment::rfc3339),
        })
        .collect())
}

fn order_parts(
    read: &mut dyn Reads,
    all: Vec<orders::Order>,
    accounts: &[SmartAccount],
    places: &Places,
) -> Result<Vec<OrderPart>> {
    let domains: HashMap<SmartAccountId, &str> =
        accounts.iter().map(|one| (one.id, one.domain.as_str())).collect();
    let ids: Vec<_> = all.iter().map(|one| one.id).collect();
    let mut lines = orders::lines_of(read, &ids)?;
    Ok(all
        .into_iter()
        .map(|order| OrderPart {
            lines: lines
                .remove(&order.id)
                .unwrap_or_default()
                .into_iter()
                .map(|line| line_part(line, &domains, places))
                .collect(),
            partner_domain: order
                .partner_account
                .and_then(|id| domains.get(&id).copied())
                .unwrap_or_default()
                .to_owned(),
            identifier: order.identifier,
            customer: order.customer,
            customer_domain: order.customer_domain,
            customer_email: order.customer_email,
            order_type: order.order_type,
            status: order.status,
            purchase_order: order.purchase_order,
            ordered: order.ordered_at.rfc3339(),
        })
        .collect())
}

fn line_part(line: orders::Line, domains: &HashMap<SmartAccountId, &str>, places: &Places) -> LinePart {
    // Of an account that is Pending, and so not in the file, nothing can be said.
    let account = line.account.filter(|id| domains.contains_key(id));
    let place = account
        .zip(line.virtual_account)
        .and_then(|key| places.get(&key).cloned());
    LinePart {
        sku: line.sku,
        quantity: line.quantity,
        term_months: line.term_months.unwrap_or_default().into(),
        state: match line.state {
            LineState::NotAssignable => LineState::NotAssignable,
            _ if account.is_none() => LineState::Unassigned,
            LineState::Hold => LineState::Requested,
            state => state,
        },
        account: account
            .and_then(|id| domains.get(&id).copied())
            .unwrap_or_default()
            .to_owned(),
        virtual_account: place.unwrap_or_default(),
        reason: if account.is_some() {
            line.reason
        } else {
            String::new()
        },
        came_with_order: line.customer_active,
    }
}

/// The beginning of a name for a file, from what is loaded.
pub fn name_from(loaded: &str) -> String {
    let name: String = search_key(loaded)
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')
        .take(30)
        .collect();
    format!("{}-export", if name.is_empty() { "lab" } else { &name })
}
