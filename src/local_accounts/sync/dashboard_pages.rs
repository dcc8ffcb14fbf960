//! The dashboard: every On-Prem account that one may see, and how its synchronization stands.

use super::super::model::{AccountState, LocalAccount, SyncState};
use super::super::store as accounts;
use super::{schedule, store};
use crate::authz::Action;
use crate::authz::action::ViewOnPremAccounts;
use crate::devices::policy::on_prem::{self, Reporting};
use crate::devices::{self, Standing};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager, column};
use crate::http::reply::attachment;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, May, Routes, Shell, Visit, page_with};
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Kind, Moment, Sought, search_key};
use crate::licenses::{self, Total};
use crate::platform::db::{Reads, times_of};
use askama::Template;
use std::collections::HashMap;

/// So many accounts are read for the list at most; the design is for 500 on one server.
const MOST: i64 = 5_000;
/// So many changes are counted at most.
const MOST_CHANGES: i64 = 10_000;

/// What the cloud has to hear of: product instances, what they use, and local Virtual Accounts.
const TOLD: &[Kind] = &[
    Kind::DeviceAdded,
    Kind::DeviceRegistered,
    Kind::DeviceReported,
    Kind::DeviceDeregistered,
    Kind::DeviceMoved,
    Kind::DeviceRemoved,
    Kind::DeviceReleased,
    Kind::DeviceExpired,
    Kind::VirtualAccountCreated,
    Kind::VirtualAccountChanged,
    Kind::VirtualAccountDeleted,
];

const DASHBOARD: &str = "/on-prem-accounts";

pub fn routes(routes: &mut Routes) {
    routes.get("/", show);
    routes.get(DASHBOARD, show);
    routes.get("/on-prem-accounts.csv", csv);
}

const COLUMNS: &[ColumnSpec<'static>] = &[
    column("sync", "Sync Status", true),
    column("last", "Last Sync", true),
    column("sa", "Smart Account", true),
    column("va", "Virtual Account", true),
    column("licenses", "Licenses", true),
    column("devices", "Devices", true),
    column("analytics", "Product Analytics & Others", true),
];

const STATUSES: &[(&str, &str)] = &[
    (SyncState::Never.word(), SyncState::Never.label()),
    (SyncState::InProgress.word(), SyncState::InProgress.label()),
    (SyncState::Generated.word(), SyncState::Generated.label()),
    (SyncState::Successful.word(), SyncState::Successful.label()),
    (SyncState::Failed.word(), SyncState::Failed.label()),
    (SyncState::Overdue.word(), SyncState::Overdue.label()),
];

/// What an address of the dashboard asks for, or one of another list of the same rows.
pub fn query(path: &str, raw: &str, columns: &[ColumnSpec<'_>]) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path: path.to_owned(),
            sorts: &["name", "sync", "last", "sa", "va", "licenses", "devices"],
            default_sort: "name",
            filters: &[FilterSpec {
                key: "sync",
                label: "Sync Status",
                values: STATUSES,
            }],
            columns,
        },
    )
}

/// What of an address was not understood is said on the page.
pub fn tell_dropped(shell: &mut Shell, list: &ListQuery) {
    for says in &list.dropped {
        shell.flash.push(crate::http::Flash::new(
            crate::http::FlashKind::Warn,
            says.clone(),
        ));
    }
}

/// The rows of the page that is looked at.
pub fn of_page(rows: Vec<Row>, list: &ListQuery) -> Vec<Row> {
    list.cut(rows).collect()
}

/// An account as the dashboard shows it.
pub struct Row {
    pub account: LocalAccount,
    pub licenses: Total,
    /// Product instances by what the clock has made of them.
    pub connected: i64,
    pub silent: i64,
    pub released: i64,
    /// Those that report by policy.
    pub reporting: Reporting,
    /// Changes that no answered synchronization file told the cloud of.
    pub changes: usize,
    pub now: Moment,
    /// Why one may not synchronize, or "".
    pub no_sync: String,
    /// Whether the server has a schedule.
    pub has_schedule: bool,
    /// Whether one may open the account: it is synchronized by people who hold no role in it.
    pub is_open: bool,
}

impl Row {
    pub fn state(&self) -> SyncState {
        self.account.sync_state(self.now)
    }
    pub fn badge(&self) -> &'static str {
        match self.state() {
            SyncState::Never => "",
            SyncState::InProgress | SyncState::Generated => "info",
            SyncState::Successful => "ok",
            SyncState::Failed => "bad",
            SyncState::Overdue => "warn",
        }
    }
    pub fn href(&self) -> String {
        format!("/sa/{}", self.account.number)
    }
    pub fn sync_href(&self) -> String {
        format!("/on-prem-accounts/{}/sync", self.account.number)
    }
    pub fn smart_account(&self) -> &str {
        self.account
            .cloud
            .as_ref()
            .map_or(self.account.smart_account.as_str(), |cloud| {
                cloud.smart_account_name.as_str()
            })
    }
    pub fn virtual_account(&self) -> &str {
        self.account
            .cloud
            .as_ref()
            .map_or(self.account.virtual_account.as_str(), |cloud| {
                cloud.virtual_account.as_str()
            })
    }
    pub fn devices(&self) -> i64 {
        self.connected + self.silent + self.released
    }
    pub fn licenses_shown(&self) -> String {
        shown(self.licenses.purchased)
    }
    pub fn devices_shown(&self) -> String {
        shown(self.devices())
    }
    pub fn pending(&self) -> String {
        not_yet(self.changes)
    }
    pub fn analytics(&self) -> String {
        let mut facts = Vec::new();
        if self.devices() > 0 {
            facts.push(format!("{} connected", shown(self.connected)));
        }
        if self.reporting.devices > 0 {
            facts.push(format!("{} reporting by policy", shown(self.reporting.devices)));
            if self.reporting.overdue > 0 {
                facts.push(format!("{} overdue", shown(self.reporting.overdue)));
            }
            facts.push(match self.reporting.last {
                Some(at) => format!("last report {}", at.words()),
                None => "no report yet".to_owned(),
            });
        }
        let late = self.silent + self.released;
        if late > 0 {
            facts.push(format!("{} failed to connect", shown(late)));
        }
        if self.licenses.short > 0 {
            facts.push(counted(
                self.licenses.short.unsigned_abs(),
                "shortage",
                "shortages",
            ));
        }
        facts.join(", ")
    }
    /// Why nothing is synchronized by the network, or "".
    pub fn no_network(&self) -> String {
        if !self.no_sync.is_empty() {
            return self.no_sync.clone();
        }
        match self.account.cloud.as_ref() {
            Some(cloud) if cloud.url.is_none() => {
                "The account was registered by file, and no address of the cloud is known.".to_owned()
            }
            _ => String::new(),
        }
    }
}

fn shown(amount: i64) -> String {
    number(&amount.unsigned_abs())
}

/// What the cloud has not heard of yet, by account: since its last file that was answered, or since the beginning.
fn changes_of(read: &mut dyn Reads, shown: &[LocalAccount]) -> Result<HashMap<SmartAccountId, usize>> {
    let ids: Vec<SmartAccountId> = shown.iter().map(|one| one.id).collect();
    let told = store::told_at(read, &ids)?;
    let from = if told.len() == ids.len() {
        told.values().min().copied()
    } else {
        None
    };
    let mut changes = HashMap::new();
    for (account, at) in times_of(read, &ids, TOLD, from, MOST_CHANGES)? {
        if told.get(&account).is_none_or(|told| at > *told) {
            *changes.entry(account).or_default() += 1;
        }
    }
    Ok(changes)
}

/// How much of an account the cloud has not heard of yet.
pub fn changes(read: &mut dyn Reads, account: &LocalAccount) -> Result<usize> {
    let mut found = changes_of(read, std::slice::from_ref(account))?;
    Ok(found.remove(&account.id).unwrap_or_default())
}

/// In words; "" when it knows all.
pub fn not_yet(changes: usize) -> String {
    match changes {
        0 => String::new(),
        more => format!(
            "{} not yet in the cloud",
            counted(more as u64, "change", "changes")
        ),
    }
}

/// The accounts that one may see, with everything that the dashboard shows of them.
pub async fn rows(visit: &Visit) -> Result<Vec<Row>> {
    let only: Option<Vec<SmartAccountId>> = visit
        .actor
        .as_ref()
        .filter(|actor| !actor.sees_every_tenant() && !visit.holds_by_platform(Action::ViewAdminWorkspace))
        .map(|_| visit.everywhere.iter().map(|grant| grant.account).collect());
    let now = visit.portal.clock.now();
    let no_sync = if visit.holds_by_platform(Action::SynchronizeOnPrem) {
        String::new()
    } else {
        "A System Administrator or a System Operator synchronizes On-Prem accounts.".to_owned()
    };
    let (found, totals, devices, reporting, mut changes, schedule) = visit
        .portal
        .db
        .read(move |r| {
            let found: Vec<LocalAccount> = accounts::list(r, only.as_deref(), MOST, 0)?
                .into_iter()
                .filter(|one| !one.state.is_request())
                .collect();
            let ids: Vec<SmartAccountId> = found.iter().map(|one| one.id).collect();
            Ok((
                licenses::totals(r, &ids)?,
                devices::totals(r, &ids)?,
                on_prem::reporting(r, &ids)?,
                changes_of(r, &found)?,
                schedule::kept(r)?,
                found,
            ))
        })
        .await
        .map(|(totals, devices, reporting, changes, schedule, found)| {
            (found, totals, devices, reporting, changes, schedule)
        })?;
    Ok(found
        .into_iter()
        .map(|account| {
            let count = |standing| devices.get(&(account.id, standing)).copied().unwrap_or_default();
            Row {
                licenses: totals.get(&account.id).copied().unwrap_or_default(),
                connected: count(Standing::Connected),
                silent: count(Standing::Silent),
                released: count(Standing::Released),
                reporting: reporting.get(&account.id).copied().unwrap_or_default(),
                changes: changes.remove(&account.id).unwrap_or_default(),
                now,
                no_sync: if account.state == AccountState::Active {
                    no_sync.clone()
                } else {
                    format!("The account is {}.", account.state)
                },
                has_schedule: schedule.is_some(),
                is_open: visit.opens(account.id),
                account,
            }
        })
        .collect())
}

/// Those that are asked for, in the order that is asked for.
pub fn asked(rows: Vec<Row>, list: &ListQuery) -> Vec<Row> {
    let sought = Sought::parse(&list.q);
    let statuses = list.values("sync");
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| {
            let words = format!(
                "{} {} {}",
                row.account.name,
                row.smart_account(),
                row.virtual_account()
            );
            sought.fits(&search_key(&words))
                && (statuses.is_empty() || statuses.contains(&row.state().word()))
        })
        .collect();
    // The list comes by name, and a sort keeps the order of what is equal.
    match list.sort.as_str() {
        "sync" => rows.sort_by_key(Row::state),
        "last" => rows.sort_by_key(|row| row.account.synced_at),
        "sa" => rows.sort_by_key(|row| search_key(row.smart_account())),
        "va" => rows.sort_by_key(|row| search_key(row.virtual_account())),
        "licenses" => rows.sort_by_key(|row| row.licenses.purchased),
        "devices" => rows.sort_by_key(Row::devices),
        _ => {}
    }
    if list.descending {
        rows.reverse();
    }
    rows
}

/// The pop-up "Initiate manual (offline) sync" of one account.
pub struct Manual {
    pub account: LocalAccount,
    pub form: crate::http::FormState,
}

#[derive(Template)]
#[template(path = "local_accounts/dashboard.html")]
struct Dashboard {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Row>,
    count: String,
    runs: bool,
    may_decide: bool,
    manual: Option<Manual>,
    back: String,
}

/// The dashboard, with the pop-up of one account over it or without.
pub async fn page(visit: &Visit, manual: Option<Manual>, status: u16) -> Answer {
    let mut list = query(DASHBOARD, &visit.query, COLUMNS);
    let rows = asked(rows(visit).await?, &list);
    let total = rows.len() as u64;
    list.clamp(total);
    let mut shell = visit.shell("On-Prem Accounts");
    tell_dropped(&mut shell, &list);
    if let Some(manual) = &manual {
        shell = shell.with_dialog("Initiate manual (offline) sync");
        shell.error_title = manual.form.has_problems();
    }
    let shown = of_page(rows, &list);
    let runs = shown.iter().any(|row| row.state() == SyncState::InProgress);
    if runs && manual.is_none() {
        shell.again_after = Some(3);
    }
    page_with(
        status,
        &Dashboard {
            shell,
            pager: list.pager(total),
            count: counted(total, "On-Prem account", "On-Prem accounts"),
            runs,
            may_decide: visit.holds_by_platform(Action::ManageOnPremAccounts),
            back: list.href(),
            rows: shown,
            manual,
            list,
        },
    )
}

/// GET /
async fn show(may: May<ViewOnPremAccounts>) -> Answer {
    page(&may, None, 200).await
}

/// GET /on-prem-accounts.csv
async fn csv(may: May<ViewOnPremAccounts>) -> Answer {
    let mut table = Table::new(&[
        "On-Prem Account Name",
        "Sync Status",
        "Last Sync",
        "Smart Account",
        "Virtual Account",
        "Licenses",
        "Devices",
        "Product Analytics & Others",
        "Changes not yet in the cloud",
    ])?;
    for row in asked(rows(&may).await?, &query(DASHBOARD, &may.query, COLUMNS)) {
        table.row([
            row.account.name.as_str(),
            row.state().label(),
            &row.account.synced_at.map_or_else(String::new, Moment::rfc3339),
            row.smart_account(),
            row.virtual_account(),
            &row.licenses.purchased.to_string(),
            &row.devices().to_string(),
            &row.analytics(),
            &row.changes.to_string(),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("on-prem-accounts"),
        table.finish()?,
    ))
}
