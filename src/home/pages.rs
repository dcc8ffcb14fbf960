//! The landing page, choosing a Smart Account, and the Overview of one.

use crate::access_requests;
use crate::account_requests;
use crate::alerts;
use crate::authn::PlatformRole;
use crate::authz::action::{ViewAccount, ViewEvents, ViewInventory, ViewUsers, ViewVirtualAccounts};
use crate::authz::{Action, Grant, matrix};
use crate::error::Error;
use crate::events;
use crate::http::form_state::Choice;
use crate::http::widgets::{Happening, counted};
use crate::http::{Answer, Crumb, FormState, May, Public, Shell, SignedIn, page, see_other};
use crate::kernel::ids::SmartAccountId;
use crate::kernel::pasted::line;
use crate::kernel::{Sought, search_key};
use crate::members;
use crate::orders;
use crate::smart_accounts::{self, SmartAccount, State};
use crate::virtual_accounts;
use askama::Template;
use std::collections::HashSet;

pub async fn start(visit: Public) -> Answer {
    see_other(if visit.actor.is_some() {
        "/software-central"
    } else {
        "/login"
    })
}

#[derive(Template)]
#[template(path = "home/software_central.html")]
struct SoftwareCentral {
    shell: Shell,
    /// Where "Access Cisco License Central" leads.
    access: String,
    /// The account that it opens, or "".
    opens: String,
    requests: i64,
    lab: bool,
    operates: bool,
}

/// The accounts in which one holds a role, each once.
pub fn accounts_of(grants: &[Grant]) -> Vec<SmartAccountId> {
    let mut seen = HashSet::new();
    grants
        .iter()
        .map(|grant| grant.account)
        .filter(|id| seen.insert(*id))
        .collect()
}

pub async fn software_central(visit: SignedIn) -> Answer {
    let mine = accounts_of(&visit.everywhere);
    let email = visit.actor().person.email.key().to_owned();
    let domains = visit.actor().has(PlatformRole::DomainApprover);
    let (only, requests) = visit
        .portal
        .db
        .read(move |r| {
            let only = match mine.as_slice() {
                [one] => Some(smart_accounts::find(r, *one)?),
                _ => None,
            };
            let mut requests = account_requests::waiting_for(r, &email)?;
            if domains {
                requests += account_requests::waiting_domains(r)?;
            }
            Ok((only, requests))
        })
        .await?;
    let opens = match (&visit.tenant, only) {
        (Some(last), _) => Some((last.number, last.name.clone())),
        (None, Some(one)) => Some((one.number, one.name)),
        (None, None) => None,
    };
    let mut shell = visit.shell("Software Central");
    // The page before any Smart Account: its menu would belong to none.
    shell.account = None;
    shell.menu = Vec::new();
    let operates = visit.actor().has(PlatformRole::Operator);
    page(&SoftwareCentral {
        shell,
        access: opens
            .as_ref()
            .map_or_else(|| "/select".to_owned(), |(number, _)| format!("/sa/{number}")),
        opens: opens.map(|(_, name)| name).unwrap_or_default(),
        requests,
        lab: visit.portal.config.is_lab(),
        operates,
    })
}

/// An account to choose.
struct Choosable {
    account: SmartAccount,
    roles: String,
}

#[derive(Template)]
#[template(path = "home/select.html")]
struct Select {
    shell: Shell,
    form: FormState,
    ways: Vec<Choice>,
    q: String,
    rows: Vec<Choosable>,
    count: String,
    has_any: bool,
    /// Support finds any account, and has none of their own.
    supports: bool,
    /// Where the directory goes on with the same words.
    directory: String,
}

/// The roles that somebody holds in an account, each once, in words.
fn role_words(grants: &[Grant], account: SmartAccountId) -> String {
    let mut words: Vec<&str> = Vec::new();
    for grant in grants.iter().filter(|grant| grant.account == account) {
        if !words.contains(&grant.role.label()) {
            words.push(grant.role.label());
        }
    }
    words.join(", ")
}

fn fits(account: &SmartAccount, by: &str, sought: &Sought) -> bool {
    match by {
        "domain" => sought.fits(&account.domain),
        "id" => sought.fits(&account.number.to_string()),
        _ => sought.fits(&search_key(&account.name)),
    }
}

pub async fn select(visit: SignedIn) -> Answer {
    let (mut by, mut q) = ("name", String::new());
    for (key, value) in url::form_urlencoded::parse(visit.query.as_bytes()) {
        match key.as_ref() {
            "by" if value == "domain" => by = "domain",
            "by" if value == "id" => by = "id",
            "q" => q = value.trim().chars().take(200).collect(),
            _ => {}
        }
    }
    let mine = accounts_of(&visit.everywhere);
    let has_any = !mine.is_empty();
    let supports = visit.actor().has(PlatformRole::Support);
    let typed = q.clone();
    let mut accounts = visit
        .portal
        .db
        .read(move |r| {
            let mut accounts = smart_accounts::find_many(r, &mine)?;
            // Support opens any account, but finds it as everybody does.
            if supports && !typed.is_empty() {
                let known: HashSet<_> = accounts.iter().map(|a| a.id).collect();
                let mut more = smart_accounts::search(r, &typed, 50)?;
                if let Some(number) = (by == "id").then(|| line(&typed).parse().ok()).flatten() {
                    match smart_accounts::find_by_number(r, number) {
                        Ok(account) => more.push(account),
                        Err(Error::NotFound) => {}
                        Err(other) => return Err(other),
                    }
                }
                more.retain(|a| !known.contains(&a.id));
                accounts.append(&mut more);
            }
            Ok(accounts)
        })
        .await?;
    let sought = Sought::parse(&q);
    accounts.retain(|account| fits(account, by, &sought));
    accounts.sort_by_key(|account| (search_key(&account.name), account.number));
    let rows: Vec<Choosable> = accounts
        .into_iter()
        .map(|account| Choosable {
            roles: role_words(&visit.everywhere, account.id),
            account,
        })
        .collect();
    let mut shell = visit.shell("Select a Smart Account");
    shell.crumbs = vec![
        Crumb::link("Software Central", "/software-central"),
        Crumb::text("Select a Smart Account"),
    ];
    let words: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    page(&Select {
        shell,
        form: FormState::new().with_value("by", by),
        ways: vec![
            Choice::new("name", "Smart Account name"),
            Choice::new("domain", "Domain Identifier"),
            Choice::new("id", "Smart Account ID"),
        ],
        count: counted(rows.len() as u64, "Smart Account", "Smart Accounts"),
        rows,
        has_any,
        supports,
        directory: if q.is_empty() {
            "/access".to_owned()
        } else {
            format!("/access?q={words}")
        },
        q,
    })
}

/// Something that wants looking at.
struct Attention {
    kind: &'static str,
    icon: &'static str,
    title: String,
    says: String,
    link: Option<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "home/overview.html")]
struct Overview {
    shell: Shell,
    account: SmartAccount,
    attention: Vec<Attention>,
    role: String,
    virtual_accounts: Option<u64>,
    users: Option<u64>,
    happenings: Vec<Happening>,
    log: bool,
    /// The worst alerts, and how many there are; none where one does not see the inventory.
    alerts: Option<(Vec<alerts::Alert>, u64)>,
}

pub async fn overview(may: May<ViewAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let (see_accounts, see_users, see_events) = (
        may.perhaps::<ViewVirtualAccounts>()?,
        may.perhaps::<ViewUsers>()?,
        may.perhaps::<ViewEvents>()?,
    );
    let see_orders = may.perhaps::<ViewInventory>()?;
    let log = see_events.is_some();
    let actor = may.permit.actor()?;
    let email = actor.person.email.key().to_owned();
    let domains = actor.has(PlatformRole::DomainApprover);
    let now = may.portal.clock.now();
    let (account, divisions, users, newest, waiting, administrators, unassigned, alerts) = may
        .portal
        .db
        .read(move |r| {
            let divisions = match &see_accounts {
                Some(permit) => Some(virtual_accounts::count_all(r, permit)?),
                None => None,
            };
            let users = match &see_users {
                Some(permit) => Some(members::count(r, permit)?),
                None => None,
            };
            let newest = match &see_events {
                Some(permit) => events::newest(r, permit, 6)?,
                None => Vec::new(),
            };
            let mut waiting = account_requests::waiting_for(r, &email)?;
            if domains {
                waiting += account_requests::waiting_domains(r)?;
            }
            Ok((
                smart_accounts::find(r, id)?,
                divisions,
                users,
                newest,
                waiting,
                members::administrators(r, &[id])?,
                match &see_orders {
                    Some(permit) if permit.within().only().is_none() => orders::waiting(r, permit.within())?,
                    _ => orders::Unassigned::default(),
                },
                match &see_orders {
                    Some(permit) => Some(alerts::worst(r, permit, now, 5)?),
                    None => None,
                },
            ))
        })
        .await?;
    let number = account.number;
    let mut shell = may.shell("Overview");
    shell.crumbs = vec![Crumb::text(&account.name), Crumb::text("Overview")];
    page(&Overview {
        shell,
        attention: attention(
            &account,
            waiting,
            may.waiting(access_requests::PENDING).unwrap_or_default(),
            administrators.is_empty(),
            unassigned,
        ),
        role: may.role_words(),
        virtual_accounts: divisions,
        users,
        happenings: newest
            .into_iter()
            .map(|entry| Happening {
                what: entry.kind.label().to_owned(),
                who: entry.actor,
                at: entry.at.utc(),
                note: entry.message,
            })
            .collect(),
        log: log && number > 0,
        alerts,
        account,
    })
}

fn attention(
    account: &SmartAccount,
    waiting: i64,
    asking: u64,
    orphaned: bool,
    unassigned: orders::Unassigned,
) -> Vec<Attention> {
    let mut list = Vec::new();
    if asking > 0 {
        list.push(Attention {
            kind: "warn",
            icon: "user-plus",
            title: counted(asking, "access request is pending", "access requests are pending"),
            says: "Somebody asked for access to this Smart Account and needs an answer.".to_owned(),
            link: Some((
                "Pending Access Requests",
                access_requests::PENDING.replace("{said}", &account.number.to_string()),
            )),
        });
    }
    if waiting > 0 {
        list.push(Attention {
            kind: "warn",
            icon: "inbox",
            title: counted(
                waiting.unsigned_abs(),
                "request waits for your decision",
                "requests wait for your decision",
            ),
            says: "Somebody asked for a Smart Account and needs your answer.".to_owned(),
            link: Some(("View requests", "/requests".to_owned())),
        });
    }
    // Those that nobody can assign need no attention, but count as what they are.
    if unassigned.assignable > 0 {
        let which = unassigned.words();
        list.push(Attention {
            kind: "warn",
            icon: "package",
            title: counted(unassigned.all, "order is Unassigned", "orders are Unassigned"),
            says: if which.is_empty() {
                "Their licenses arrive once they are assigned to a Smart Account and a Virtual Account."
                    .to_owned()
            } else {
                which
            },
            link: Some((
                "Order Inventory",
                format!(
                    "/sa/{}/orders/order-inventory?assignment=unassigned",
                    account.number
                ),
            )),
        });
    }
    if account.state != State::Active {
        list.push(Attention {
            kind: "warn",
            icon: "triangle-alert",
            title: format!("This Smart Account is {}", account.status_words().to_lowercase()),
            says: account.pending_detail.map_or_else(
                || "Nothing can be changed in it.".to_owned(),
                |detail| detail.label().to_owned(),
            ),
            link: None,
        });
    }
    if orphaned && account.state == State::Active {
        list.push(Attention {
            kind: "bad",
            icon: "user-minus",
            title: "Nobody administers this Smart Account".to_owned(),
            says: format!(
                "Only a {} can {}.",
                matrix::who_may(Action::AssignApprover),
                Action::ManageUsers.words()
            ),
            link: None,
        });
    }
    list
}
