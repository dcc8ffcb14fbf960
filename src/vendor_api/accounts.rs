//! The Smart Accounts of a person, and the search over all of them.

use super::body::{Call, MISSING};
use super::face::done;
use super::paths::{A, B};
use crate::authz::action::{ViewDirectory, ViewVirtualAccounts};
use crate::authz::{Does, Grant, Permit, Role, Tenant, grants};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes, SignedIn, json};
use crate::kernel::ids::PersonId;
use crate::kernel::search_key;
use crate::platform::db::Reads;
use crate::smart_accounts::{self, SmartAccount};
use crate::virtual_accounts::{self, VirtualAccount};
use actix_web::http::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A search answers with so many at most.
pub const MOST: u64 = 1_000;
/// The kind of all accounts here; the other one holds what nobody has claimed.
const KIND: &str = "CUSTOMER";

pub fn routes(routes: &mut Routes) {
    let a = |rest: &str| format!("{A}{rest}");
    let b = |rest: &str| format!("{B}{rest}");
    routes.vendor(
        Method::GET,
        &a("/v2/accounts"),
        "The Smart Accounts of the person, with roles.",
        mine,
    );
    routes.vendor(
        Method::GET,
        &a("/v1/accounts/search"),
        "Search for Smart Accounts by name or domain, with their numbers.",
        search,
    );
    routes.vendor(
        Method::GET,
        &a("/v2/accounts/search"),
        "The Smart Accounts of the person, with the numbers of their Virtual Accounts.",
        with_numbers,
    );
    routes.vendor(
        Method::POST,
        &a("/v2/accounts/search"),
        "The Smart Accounts that are recommended to a partner: those of the person.",
        recommended,
    );
    routes.vendor(
        Method::POST,
        &b("/accounts/v2/smart-recommendation"),
        "The Smart Accounts that are recommended to a partner: those of the person.",
        recommended,
    );
    routes.vendor(
        Method::GET,
        &b("/accounts/v1/user/search-smart-accounts"),
        "The Smart Accounts of the person, with numbers and roles.",
        of_user,
    );
    for version in ["v1", "v2"] {
        routes.vendor(
            Method::GET,
            &b(&format!("/accounts/{version}/validate-user-access")),
            "Which roles the person holds, by account.",
            access,
        );
    }
    routes.vendor(
        Method::GET,
        &b("/accounts/v1/virtual-account/default"),
        "The default Virtual Account of a Smart Account.",
        default_place,
    );
}

/// An account in which a person holds something.
pub struct Mine {
    pub account: SmartAccount,
    grants: Vec<Grant>,
    names: HashMap<crate::kernel::ids::VirtualAccountId, String>,
}

impl Mine {
    /// Each role once: as a role over the account, or with the name of its Virtual Account.
    fn roles(&self) -> Vec<(Role, Option<&str>)> {
        let mut roles: Vec<(Role, Option<&str>)> = Vec::new();
        for grant in &self.grants {
            let place = match grant.virtual_account {
                None => None,
                Some(id) => match self.names.get(&id) {
                    Some(name) => Some(name.as_str()),
                    None => continue,
                },
            };
            if !roles.contains(&(grant.role, place)) {
                roles.push((grant.role, place));
            }
        }
        roles
    }
    /// As lists of roles have it: a role over the account has no key for a Virtual Account.
    fn roles_shape(&self, key: &str, in_code: bool) -> Value {
        let all = self.roles().into_iter().map(|(role, place)| {
            let mut one = json!({ "role": if in_code { code(role) } else { role.label() } });
            if let (Some(place), Some(map)) = (place, one.as_object_mut()) {
                map.insert(key.to_owned(), place.into());
            }
            one
        });
        Value::Array(all.collect())
    }
}

/// A role as programs know it.
const fn code(role: Role) -> &'static str {
    match role {
        Role::AccountAdmin => "AccountAdmin",
        Role::AccountApprover => "AccountApprover",
        Role::AccountUser => "AccountUser",
        Role::AccountViewer => "AccountViewer",
        Role::VirtualAdmin => "VirtualAccountAdmin",
        Role::VirtualUser => "VirtualAccountUser",
        Role::VirtualViewer => "VirtualAccountViewer",
    }
}

/// The accounts in which a person holds something, by their numbers.
pub fn of_person(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Mine>> {
    let mut by: HashMap<_, Vec<Grant>> = HashMap::new();
    for grant in grants::of_person(read, person)? {
        by.entry(grant.account).or_default().push(grant);
    }
    let ids: Vec<_> = by.keys().copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    for account in smart_accounts::find_many(read, &ids)? {
        let grants = by.remove(&account.id).unwrap_or_default();
        let places: Vec<_> = grants.iter().filter_map(|grant| grant.virtual_account).collect();
        let names = if places.is_empty() {
            HashMap::new()
        } else {
            virtual_accounts::these(read, account.id, &places)?
                .into_iter()
                .map(|one| (one.id, one.name))
                .collect()
        };
        found.push(Mine {
            account,
            grants,
            names,
        });
    }
    found.sort_by_key(|one| one.account.number);
    Ok(found)
}

pub async fn accounts(who: &SignedIn) -> Result<Vec<Mine>> {
    let person = who.actor().person.id;
    who.portal.db.read(move |r| of_person(r, person)).await
}

/// The account that a script names somewhere else than in the path, and the permit for something in it.
pub async fn permit_in<A: Does>(who: &SignedIn, named: &str) -> Result<(Permit<A>, Tenant)> {
    let (person, on_prem) = (who.actor().person.id, who.portal.config.edition.is_on_prem());
    let named = named.to_owned();
    let (tenant, held) = who
        .portal
        .db
        .read(move |r| match grants::number_of(r, &named, on_prem)? {
            Some(number) => grants::standing(r, number, person),
            None => Ok(None),
        })
        .await?
        .ok_or(Error::NotFound)?;
    let permit = Permit::ask(who.actor().clone(), Some(&tenant), &held, who.portal.clock.wall())?;
    Ok((permit, tenant))
}

async fn mine(who: SignedIn, call: Call) -> Answer {
    let wanted = call.query("domain").map(str::to_ascii_lowercase);
    let rows: Vec<Value> = accounts(&who)
        .await?
        .iter()
        .filter(|one| wanted.as_ref().is_none_or(|domain| one.account.domain == *domain))
        .map(|one| {
            json!({
                "accountDomain": one.account.domain, "accountName": one.account.name, "accountType": KIND,
                "accountStatus": one.account.state.label(), "roles": one.roles_shape("virtualAccount", false),
            })
        })
        .collect();
    done("", json!({ "accounts": rows }))
}

async fn access(who: SignedIn, call: Call) -> Answer {
    let (domain, name) = (
        call.query("domain").map(str::to_ascii_lowercase),
        call.query("accountName").map(search_key),
    );
    let rows: Vec<Value> = accounts(&who)
        .await?
        .iter()
        .filter(|one| domain.as_ref().is_none_or(|domain| one.account.domain == *domain))
        .filter(|one| {
            name.as_ref()
                .is_none_or(|name| search_key(&one.account.name) == *name)
        })
        .map(|one| {
            let roles = one.roles_shape("virtualAccount", false);
            json!({
                "accountName": one.account.name, "accountDomain": one.account.domain, "accountType": KIND,
                "accountStatus": one.account.state.label(), "accounts": roles, "roles": roles,
            })
        })
        .collect();
    done(
        "OK",
        json!({ "accounts": rows, "data": rows, "messageCode": "CSW-SMARTACC-SUCCESS", "message": "SUCCESS" }),
    )
}

/// Whether a wanted kind of account is the one that there is.
fn is_kind(call: &Call, name: &str) -> Result<bool> {
    match call.query(name) {
        None => Ok(true),
        Some(kind) if kind.eq_ignore_ascii_case(KIND) => Ok(true),
        Some(kind) if kind.eq_ignore_ascii_case("HOLDING") => Ok(false),
        Some(_) => Err(Error::invalid(name, format!("{name} is CUSTOMER or HOLDING."))),
    }
}

async fn search(may: May<ViewDirectory>, call: Call) -> Answer {
    let (name, domain) = (
        call.query("name").unwrap_or_default().to_owned(),
        call.query("domain").unwrap_or_default().to_owned(),
    );
    let (cut, of_kind) = (call.cut()?, is_kind(&call, "type")?);
    let person = may.permit.person()?;
    let found: Vec<SmartAccount> = may
        .portal
        .db
        .read(move |r| {
            let typed = if domain.is_empty() { &name } else { &domain };
            if typed.trim().is_empty() {
                return Ok(of_person(r, person)?.into_iter().map(|one| one.account).collect());
            }
            let mut found = smart_accounts::search(r, typed, MOST.cast_signed())?;
            let (name, domain) = (search_key(&name), domain.to_ascii_lowercase());
            found.retain(|one| {
                (name.is_empty() || search_key(&one.name).contains(&name))
                    && (domain.is_empty() || one.domain.contains(&domain))
            });
            Ok(found)
        })
        .await?;
    let found: Vec<SmartAccount> = found.into_iter().filter(|_| of_kind).collect();
    let skip = usize::try_from(cut.offset).unwrap_or(usize::MAX);
    let take = usize::try_from(cut.limit.min(MOST)).unwrap_or_default();
    let rows: Vec<Value> = found
        .iter()
        .skip(skip)
        .take(take)
        .map(|one| {
            let status = one.state.label();
            json!({
                "id": one.number, "domain": one.domain, "name": one.name, "type": KIND, "status": status,
                "accountDomain": one.domain, "accountName": one.name, "accountType": KIND, "accountStatus": status,
            })
        })
        .collect();
    done("", json!({ "totalRecords": found.len(), "accounts": rows }))
}

/// The Virtual Accounts of an account that somebody reaches, the default one first.
fn reached(read: &mut dyn Reads, mine: &Mine) -> Result<Vec<VirtualAccount>> {
    let everywhere = mine.grants.iter().any(|grant| grant.virtual_account.is_none());
    let mut all = virtual_accounts::of_account(read, mine.account.id)?;
    all.retain(|one| everywhere || mine.names.contains_key(&one.id));
    Ok(all)
}

async fn with_numbers(who: SignedIn) -> Answer {
    let person = who.actor().person.id;
    let rows = who
        .portal
        .db
        .read(move |r| {
            let mut rows = Vec::new();
            for mine in of_person(r, person)? {
                let places: Vec<Value> = reached(r, &mine)?
                    .into_iter()
                    .map(|one| {
                        json!({ "default": one.is_default, "name": one.name, "virtual_account_id": one.number.to_string() })
                    })
                    .collect();
                rows.push(json!({
                    "account_id": mine.account.number.to_string(), "domain": mine.account.domain, "name": mine.account.name,
                    "virtual_accounts": places,
                }));
            }
            Ok(rows)
        })
        .await?;
    json(
        200,
        &json!({ "status": "COMPLETE", "statusMessage": "", "message": "", "message_code": "", "accounts": rows }),
    )
}

async fn recommended(who: SignedIn, call: Call) -> Answer {
    if call.whole().text("crPartyID").is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let rows: Vec<Value> = accounts(&who)
        .await?
        .iter()
        .map(|one| {
            json!({
                "accountDomainIdentifier": one.account.domain, "accountName": one.account.name,
                "status": one.account.state.label().to_uppercase(),
            })
        })
        .collect();
    done(
        "",
        json!({ "totalRows": rows.len().to_string(), "smartAccounts": rows }),
    )
}

async fn of_user(who: SignedIn, call: Call) -> Answer {
    const NO_USER: &str = "User id is either blank or not provided";
    let user = call
        .query("userId")
        .filter(|user| !user.trim().is_empty())
        .ok_or_else(|| Error::BadRequest(NO_USER.into()))?;
    let own = who.actor().person.email.to_string();
    let is_own = own.eq_ignore_ascii_case(user)
        || own
            .split('@')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(user));
    if !is_own {
        return Err(Error::Forbidden {
            action: "read the accounts of somebody else",
        });
    }
    let of_kind = is_kind(&call, "accountType")?;
    let is_true = |name: &str| {
        call.query(name)
            .is_some_and(|said| said.eq_ignore_ascii_case("true"))
    };
    let in_words = is_true("addRoleDipslayName") || is_true("addRoleDisplayName");
    let (role, domain) = (
        call.query("roleName").map(str::to_lowercase),
        call.query("smartAccountDomain").map(str::to_ascii_lowercase),
    );
    let rows: Vec<Value> = accounts(&who)
        .await?
        .iter()
        .filter(|_| of_kind)
        .filter(|one| domain.as_ref().is_none_or(|domain| one.account.domain == *domain))
        .filter(|one| {
            role.as_ref().is_none_or(|wanted| {
                one.roles().iter().any(|(role, _)| {
                    role.label().to_lowercase() == *wanted || code(*role).to_lowercase() == *wanted
                })
            })
        })
        .map(|one| {
            json!({
                "accountId": one.account.number, "accountName": one.account.name, "accountDomain": one.account.domain,
                "accountType": KIND, "roles": one.roles_shape("virtualAccountName", !in_words),
            })
        })
        .collect();
    done("", json!({ "accounts": rows }))
}

async fn default_place(who: SignedIn, call: Call) -> Answer {
    let named = call
        .query("smartAccountId")
        .or_else(|| call.query("smartAccountDomain"))
        .ok_or_else(|| Error::BadRequest(MISSING.into()))?;
    let (permit, tenant) = permit_in::<ViewVirtualAccounts>(&who, named).await?;
    let id = tenant.id;
    let place = who
        .portal
        .db
        .read(move |r| virtual_accounts::default_of(r, id))
        .await?;
    if !permit.within().covers(place.id) {
        return Err(Error::NotFound);
    }
    json(
        200,
        &json!({
            "id": place.number, "name": place.name, "accountId": tenant.number, "accountName": tenant.name,
            "accountDomain": tenant.domain, "default": true,
        }),
    )
}
