//! What can be said to `licentral lab`.

use crate::platform::fleet::Trouble;
use crate::simulator::scenario::CLIENT_SECRET;
use crate::sync::workshop::WAYS;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The powers of a lab.
#[derive(Args)]
pub struct LabArgs {
    /// Address of the portal.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    pub portal: String,
    /// Id of an API client of the operator.
    #[arg(long, global = true, default_value = "demo-olga", allow_hyphen_values = true)]
    pub client_id: String,
    /// Its secret.
    #[arg(long, global = true, default_value = CLIENT_SECRET, hide_default_value = true, allow_hyphen_values = true)]
    pub client_secret: String,
    /// Print the portal's answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub what: What,
}

#[derive(Subcommand)]
pub enum What {
    /// Show the clock, or move it.
    Clock {
        #[command(subcommand)]
        what: Option<ClockWhat>,
    },
    /// List what is due, and when.
    Due,
    /// List what the lab can be filled with.
    Scenarios,
    /// Empty the portals of the lab and fill them with a scenario, or with a scenario file.
    Load {
        /// Such as demo; or a file, such as ./ours.yaml.
        scenario: String,
        /// Only say what is wrong with the file, with line numbers.
        #[arg(long)]
        check: bool,
    },
    /// Write the present state of the lab as a scenario file, without secrets.
    Export {
        /// The file; without it the text is printed.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Print the JSON Schema of scenario files instead.
        #[arg(long)]
        schema: bool,
    },
    /// Show the simulated fleet and the On-Prem accounts of the lab, or change them.
    Fleet {
        #[command(subcommand)]
        what: Option<FleetWhat>,
    },
    /// Make an account of tables that were exported from the real portal.
    Account(Box<AccountArgs>),
    /// Look into a file of a synchronization, or make a bad one of it. Nothing is taken in.
    SyncFile {
        #[command(subcommand)]
        what: SyncFileWhat,
    },
    /// Fill the lab anew with the scenario that was loaded last.
    Reset,
    /// Take a snapshot of the portals of the lab; without a name, list those that there are.
    Snapshot {
        /// Small letters, digits and hyphens.
        name: Option<String>,
        /// Delete it instead.
        #[arg(long, requires = "name")]
        delete: bool,
    },
    /// Make the portals of the lab what they were when a snapshot was taken.
    Restore {
        /// Its name.
        name: String,
    },
    /// List the fault rules that hold.
    Faults {
        /// Remove all of them.
        #[arg(long)]
        clear: bool,
        /// Remove the one with this number.
        #[arg(long, conflicts_with = "clear")]
        remove: Option<u64>,
    },
    /// Add a fault rule: by a name such as slow-portal, or with --effect.
    Fault(Box<FaultArgs>),
    /// Say why somebody may do something in an account or not, or why a request was refused.
    Explain {
        /// The action by its name, such as ManageUsers, or in words.
        #[arg(required_unless_present = "request")]
        action: Option<String>,
        /// Address of the person; the operator without it.
        #[arg(long)]
        person: Option<String>,
        /// Domain or name of the account; the portal without it.
        #[arg(long)]
        account: Option<String>,
        /// Name of the Virtual Account.
        #[arg(long)]
        virtual_account: Option<String>,
        /// The request_id of a refusal, instead.
        #[arg(long, conflicts_with = "action")]
        request: Option<String>,
    },
    /// List the throw-away tenants, or make or remove some.
    Tenants {
        #[command(subcommand)]
        what: Option<TenantsWhat>,
    },
    /// Say whether the chain of the record of each account holds.
    Record,
    /// List the requests of API clients that are kept; keep them from now on, or no longer.
    Requests {
        /// Of this client alone.
        #[arg(long, allow_hyphen_values = true)]
        client: Option<String>,
        /// Keep them from now on, of all clients or of that one.
        #[arg(long, conflicts_with_all = ["off", "forget"])]
        on: bool,
        /// Keep them no longer.
        #[arg(long, conflicts_with = "forget")]
        off: bool,
        /// Forget those that are kept.
        #[arg(long)]
        forget: bool,
    },
    /// Show a kept request with body and answer.
    Request {
        /// Its number in the list.
        number: u64,
        /// Carry it out again, by the right of its own client.
        #[arg(long)]
        replay: bool,
    },
    /// List the graded labs, go through one, or teach.
    Labs {
        #[command(subcommand)]
        what: Option<super::labs::LabsWhat>,
    },
    /// Show the events of an account as they happen, and pass them on to an address.
    Listen(ListenArgs),
    /// Wait until an expression holds; say what it was when the time is over.
    Wait {
        /// Such as: licenses[xyz.example/DEFAULT/c9200-ne-48].balance == 0
        expression: String,
        /// Such as 30s or 2m; at most 5m.
        #[arg(long, default_value = "30s", value_parser = seconds)]
        timeout: i64,
        /// Also write a report as CI servers read it.
        #[arg(long)]
        junit: Option<PathBuf>,
    },
    /// Say whether expressions hold now.
    Assert {
        /// Such as: orders[118402977].state == assigned
        #[arg(required = true)]
        expressions: Vec<String>,
        /// Also write a report as CI servers read it.
        #[arg(long)]
        junit: Option<PathBuf>,
    },
}

/// A fault rule. The portal says what is wrong with it.
#[derive(Args, serde::Serialize)]
pub struct FaultArgs {
    /// A rule by its name.
    #[arg(required_unless_present = "effect")]
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<String>,
    /// delay, status, answer, cut or drop.
    #[arg(long, conflicts_with = "preset")]
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<String>,
    /// For delay.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// For status.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u64>,
    /// For answer.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// any, pages, api, devices, on-prem, vendor, mail or webhooks.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    surface: Option<String>,
    /// With this method alone.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// With a path that begins so.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// From this person or API client alone.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// So many of a hundred.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<u64>,
    /// It ends after so many hits.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// It ends after so long, such as 30s.
    #[arg(long = "for", value_parser = seconds)]
    #[serde(rename = "for_seconds", skip_serializing_if = "Option::is_none")]
    lasts: Option<i64>,
}

#[derive(Subcommand)]
pub enum TenantsWhat {
    /// Make some. Their people, API clients and secrets stand in the answer: use --json.
    Make {
        /// How many.
        #[arg(default_value_t = 1)]
        count: u64,
        /// empty or licensed.
        #[arg(long, default_value = "licensed")]
        part: String,
        /// How long they live, such as 30m or 2h.
        #[arg(long = "for", value_parser = seconds, default_value = "1h")]
        lasts: i64,
        /// A name for them.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Remove those of a name, with everything in them.
    Remove {
        /// Their name.
        name: String,
    },
}

/// An account like yours: each table is a CSV file.
#[derive(Args)]
pub struct AccountArgs {
    /// The name of the account.
    pub name: String,
    /// Its domain identifier.
    pub domain: String,
    /// Of Virtual Accounts.
    #[arg(long)]
    pub virtual_accounts: Option<PathBuf>,
    /// Of users.
    #[arg(long)]
    pub users: Option<PathBuf>,
    /// Of licenses.
    #[arg(long)]
    pub licenses: Option<PathBuf>,
    /// Of subscriptions.
    #[arg(long)]
    pub subscriptions: Option<PathBuf>,
    /// Of product instances.
    #[arg(long)]
    pub product_instances: Option<PathBuf>,
    /// Names, addresses and serial numbers stay as they are.
    #[arg(long)]
    pub keep_names: bool,
    /// A column that is not found by itself, such as license_quantity:4.
    #[arg(long = "column")]
    pub columns: Vec<String>,
    /// Only say what would be made.
    #[arg(long)]
    pub check: bool,
}

#[derive(Subcommand)]
pub enum FleetWhat {
    /// Start a fleet: its devices register, and report by the lab's clock.
    Start {
        /// Domain of the Smart Account.
        account: String,
        /// Name of the Virtual Account; the default one without it.
        #[arg(long, default_value = "")]
        virtual_account: String,
        /// How many devices.
        #[arg(long, default_value_t = 20)]
        count: u64,
        /// What each of them needs: ENTITLEMENT[=N], between commas.
        #[arg(long, default_value = "c9200-ne-48,c9200-dna-e-48")]
        licenses: String,
        /// Of a hundred calls so many are followed by some trouble.
        #[arg(long, default_value_t = 0)]
        unrest: u64,
        /// They are not registered: each signs usage reports, by policy.
        #[arg(long)]
        policy: bool,
    },
    /// Let something befall devices of it.
    Trouble {
        /// What.
        #[arg(value_parser = Trouble::ALL.iter().map(|one| one.word()).collect::<Vec<_>>())]
        kind: String,
        /// How many.
        #[arg(long, default_value_t = 1)]
        count: u64,
    },
    /// End it. Its devices stay registered.
    Stop,
    /// Let the On-Prem portal of the lab synchronize by itself each day, or no longer.
    OnPrem {
        /// daily or off.
        #[arg(value_parser = ["daily", "off"])]
        when: String,
    },
}

#[derive(Subcommand)]
pub enum SyncFileWhat {
    /// Show header, checks, records, what it would change in the portal, and why it would be refused.
    Show {
        /// A synchronization, response, registration or authorization file.
        file: PathBuf,
    },
    /// Make a bad copy of a synchronization file, signed again by the lab's On-Prem server where it has to be.
    Make {
        /// A good one.
        file: PathBuf,
        /// In which way.
        #[arg(long = "as", value_parser = WAYS.iter().map(|way| way.word).collect::<Vec<_>>())]
        way: String,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
pub enum ClockWhat {
    /// It stands still.
    Freeze,
    /// It runs on from where it stands.
    Resume,
    /// It goes forward.
    Advance {
        /// Such as 90s, 15m, 12h or 30d.
        #[arg(value_parser = seconds)]
        by: i64,
    },
    /// It goes forward to the next thing that is due.
    Next,
    /// It shows the system's time again.
    Reset,
}

/// To what one listens.
#[derive(clap::Args)]
pub struct ListenArgs {
    /// Domain or name of the account.
    #[arg(long, default_value = "xyz.example")]
    pub account: String,
    /// Where events are passed on to, by POST. Without it they are shown alone.
    #[arg(long)]
    pub forward_to: Option<String>,
    /// A kind of event, or a group such as licenses.*; several times for several. All, when there is none.
    #[arg(long = "kind")]
    pub kinds: Vec<String>,
    /// The name of the webhook in the account. One of that name is replaced.
    #[arg(long, default_value = "licentral lab listen")]
    pub name: String,
    /// End after so many events.
    #[arg(long)]
    pub count: Option<u64>,
    /// End after so long, such as 30s.
    #[arg(long = "for", value_parser = seconds)]
    pub lasts: Option<i64>,
}

/// "30s", "2m", "12h" or "7d" in seconds.
pub fn seconds(typed: &str) -> Result<i64, String> {
    let number = typed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match typed.get(number.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err("Use a whole number with s, m, h or d, such as 30s.".to_owned()),
    };
    number
        .parse::<i64>()
        .ok()
        .filter(|n| *n >= 0)
        .and_then(|n| n.checked_mul(unit))
        .ok_or_else(|| "Use a whole number with s, m, h or d, such as 30s.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (typed, wanted) in [
            ("30s", 30),
            ("30", 30),
            ("2m", 120),
            ("12h", 43_200),
            ("7d", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(seconds(typed).unwrap(), wanted);
        }
        for bad in ["", "s", "-1s", "1.5h", "1w", "s30", "99999999999999999d"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
