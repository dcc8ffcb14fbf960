//! What an On-Prem server prints.

use crate::devices::{Device, Usage};
use crate::http::widgets::counted;
use crate::kernel::Moment;
use crate::licenses::Stock;
use crate::local_accounts::{Adopted, Applied, LocalAccount, Schedule};
use crate::virtual_accounts::VirtualAccount;

/// An account that is registered.
pub fn registered(account: &LocalAccount) -> String {
    match &account.cloud {
        Some(cloud) => format!(
            "Registered with {} ({}), Smart Account {}, as {}. DEFAULT is bound to the Virtual Account {}.",
            cloud.smart_account_name, cloud.domain, cloud.smart_account, cloud.manager, cloud.virtual_account
        ),
        None => format!("The On-Prem account {} is {}.", account.name, account.state),
    }
}

/// An account that was taken over.
pub fn adopted(adopted: &Adopted) -> String {
    let schedule = if adopted.had_schedule {
        " Its own schedule was not taken over: a schedule is the server's now (sync schedule, or Synchronisation in the Admin Workspace)."
    } else {
        ""
    };
    format!(
        "Taken over: the On-Prem account {}, with {} and {}. {} Next: synchronize it; the old file is of no use any more. A product instance that is to call here registers with this server, with \u{201c}force\u{201d} in place of the one that was taken over.{schedule}",
        adopted.account.name,
        counted(
            adopted.places as u64,
            "local Virtual Account",
            "local Virtual Accounts"
        ),
        counted(adopted.devices as u64, "product instance", "product instances"),
        registered(&adopted.account)
    )
}

/// The local Virtual Accounts.
pub fn places(list: &[VirtualAccount]) -> String {
    list.iter()
        .map(|one| {
            let bound = if one.is_default {
                " (bound to the cloud)"
            } else {
                ""
            };
            format!("{}{bound}  {}\n", one.name, one.description)
        })
        .collect::<Vec<String>>()
        .concat()
}

/// One product instance.
pub fn device(one: &Device, used: &[Usage], place: &str) -> String {
    let usage: Vec<String> = used
        .iter()
        .map(|usage| format!("{}={}", usage.entitlement, usage.quantity))
        .collect();
    let usage = if usage.is_empty() {
        "no licenses in use".to_owned()
    } else {
        usage.join(",")
    };
    let hostname = if one.hostname.is_empty() {
        "-"
    } else {
        &one.hostname
    };
    format!("{}  {}  {hostname}  {place}  {usage}", one.pid, one.serial)
}

/// What there is of each license, by local Virtual Account.
pub fn licenses(list: &[(String, Stock)]) -> String {
    if list.is_empty() {
        return "There are no licenses: the next response of the cloud brings them, and nothing is in use."
            .to_owned();
    }
    let width =
        |of: fn(&(String, Stock)) -> &str| list.iter().map(|one| of(one).chars().count()).max().unwrap_or(0);
    let (a, b) = (
        width(|(place, _)| place).max(15),
        width(|(_, stock)| &stock.entitlement).max(7),
    );
    let mut out = format!(
        "{:<a$}  {:<b$}  {:>9}  {:>9}  {:>9}  Status\n",
        "Virtual Account", "License", "Purchased", "In Use", "Balance"
    );
    for (place, stock) in list {
        let status = if stock.balance < 0 && !stock.is_metered() {
            "Out of Compliance"
        } else {
            "In Compliance"
        };
        out.push_str(&format!(
            "{place:<a$}  {:<b$}  {:>9}  {:>9}  {:>9}  {status}\n",
            stock.entitlement, stock.purchased, stock.in_use, stock.balance
        ));
    }
    out
}

/// What came of a response.
pub fn applied(applied: &Applied) -> String {
    match applied {
        Applied::Now {
            sequence,
            licenses,
            due_at,
            beyond,
        } => {
            let beyond = if *beyond > 0 {
                format!(" {beyond} more are reserved here than there are.")
            } else {
                String::new()
            };
            format!(
                "Synchronization Successful: the response to file {sequence} was applied, with {} of licenses. The next synchronization is due by {}.{beyond}",
                counted(*licenses as u64, "line", "lines"),
                due_at.words()
            )
        }
        Applied::Before { sequence } => {
            format!("The response to file {sequence} was applied before. Nothing has changed.")
        }
    }
}

/// A schedule, and its next time.
pub fn schedule(one: &Schedule, now: Moment) -> String {
    format!(
        "{} at {} UTC from {}, next on {}",
        one.frequency,
        one.time.format("%H:%M"),
        one.start,
        one.next_after(now).map_or_else(|| "-".to_owned(), Moment::words)
    )
}

/// How an account stands.
pub fn status(account: &LocalAccount, devices: u64, by: Option<&Schedule>, now: Moment) -> String {
    let time = |at: Option<Moment>| at.map_or_else(|| "-".to_owned(), Moment::words);
    let mut out = format!(
        "On-Prem Account Name: {}\nState:                {}\n",
        account.name, account.state
    );
    if !account.reason.is_empty() {
        out.push_str(&format!("  Reason:             {}\n", account.reason));
    }
    out.push_str(&format!("Sync Status:          {}\n", account.sync_state(now)));
    if !account.failure.is_empty() {
        out.push_str(&format!("  Failure reason:     {}\n", account.failure));
    }
    out.push_str(&format!(
        "Last Sync:            {}\nDue:                  {}\nLast file:            {}\nLast response:        {}\nProduct Instances:    {devices}\n",
        time(account.synced_at),
        time(account.due_at),
        account.sequence,
        account.last_response
    ));
    match &account.cloud {
        None => out.push_str(&format!(
            "Smart Account:        {}, not registered\nVirtual Account:      {}\n",
            account.smart_account, account.virtual_account
        )),
        Some(cloud) => out.push_str(&format!(
            "Smart Account:        {} ({}), {}\nVirtual Account:      {}\nDevice manager:       {}\nCloud:                {}\n",
            cloud.smart_account_name,
            cloud.domain,
            cloud.smart_account,
            cloud.virtual_account,
            cloud.manager,
            cloud.url.as_deref().unwrap_or("files are carried by hand")
        )),
    }
    let by = by.filter(|_| account.is_scheduled);
    out.push_str(&format!(
        "Schedule:             {}\nPublic key:           {}\n",
        by.map_or_else(|| "none".to_owned(), |one| schedule(one, now)),
        account.public_key
    ));
    out
}
