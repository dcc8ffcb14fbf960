//! What an On-Prem server prints.

use crate::http::widgets::counted;
use crate::kernel::Moment;
use crate::onprem::{Account, Answered, Holding, LocalDevice, LocalPlace};

/// The local Virtual Accounts.
pub fn places(list: &[LocalPlace]) -> String {
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
pub fn device(one: &LocalDevice, place: &str) -> String {
    let usage: Vec<String> = one
        .usage
        .iter()
        .map(|(entitlement, quantity)| format!("{entitlement}={quantity}"))
        .collect();
    format!(
        "{}  {}  {}  {place}  {}",
        one.pid,
        one.serial,
        if one.hostname.is_empty() {
            "-"
        } else {
            &one.hostname
        },
        if usage.is_empty() {
            "no licenses in use".to_owned()
        } else {
            usage.join(",")
        }
    )
}

/// What there is of each license.
pub fn licenses(list: &[Holding]) -> String {
    if list.is_empty() {
        return "There are no licenses: the next response of the cloud brings them, and nothing is in use."
            .to_owned();
    }
    let width = |of: fn(&Holding) -> &str| list.iter().map(|one| of(one).chars().count()).max().unwrap_or(0);
    let (a, b) = (
        width(|one| &one.place).max(15),
        width(|one| &one.entitlement).max(7),
    );
    let mut out = format!(
        "{:<a$}  {:<b$}  {:>9}  {:>9}  {:>9}  Status\n",
        "Virtual Account", "License", "Purchased", "In Use", "Balance"
    );
    for one in list {
        out.push_str(&format!(
            "{:<a$}  {:<b$}  {:>9}  {:>9}  {:>9}  {}\n",
            one.place,
            one.entitlement,
            one.purchased,
            one.in_use,
            one.balance(),
            one.status()
        ));
    }
    out
}

/// What came of a response.
pub fn answered(answered: &Answered) -> String {
    match answered {
        Answered::Applied {
            sequence,
            licenses,
            due_at,
        } => format!(
            "Synchronization Successful: the response to file {sequence} was applied, with {} of licenses. The next synchronization is due by {}.",
            counted(*licenses as u64, "line", "lines"),
            due_at.words()
        ),
        Answered::Before => "This response was applied before. Nothing has changed.".to_owned(),
    }
}

/// How everything stands.
pub fn status(account: &Account, devices: i64, now: Moment) -> String {
    let facts = &account.facts;
    let time = |at: Option<Moment>| at.map_or_else(|| "-".to_owned(), Moment::words);
    let mut out = format!(
        "On-Prem Account Name: {}\nState:                {}\nSync Status:          {}\n",
        account.name,
        facts.state,
        account.sync_state(now)
    );
    if let Some(why) = &facts.failure {
        out.push_str(&format!("  Failure reason:     {why}\n"));
    }
    out.push_str(&format!(
        "Last Sync:            {}\nDue:                  {}\nLast file:            {}\nLast response:        {}\nProduct Instances:    {devices}\n",
        time(facts.synced_at),
        time(facts.due_at),
        facts.sequence,
        facts.last_response
    ));
    match &facts.cloud {
        None => out.push_str("Smart Account:        not registered\n"),
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
    out.push_str(&match &facts.schedule {
        None => "Schedule:             none\n".to_owned(),
        Some(one) => format!(
            "Schedule:             {} at {} UTC from {}, next on {}\n",
            one.frequency,
            one.time.format("%H:%M"),
            one.start,
            one.next_at.words()
        ),
    });
    if let Some(why) = &facts.deactivated_for {
        out.push_str(&format!("Deactivated:          {why}\n"));
    }
    out.push_str(&format!("Public key:           {}\n", facts.public_key));
    out
}
