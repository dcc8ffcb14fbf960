//! What a simulated device remembers: one file, written whole or not at all.

use super::call_home::CallHome;
use crate::devices::reservation::codes::RequestCode;
use crate::kernel::Moment;
use crate::platform::private;
use crate::platform::token::random_bytes;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the file is called when nobody says so.
pub const FILE: &str = "licentral-device.json";
/// So long a device works without being registered, counted while it uses licenses.
pub const EVALUATION_DAYS: i64 = 90;

/// A time as a device prints it.
pub fn time(at: Moment) -> String {
    at.utc().format("%b %d %Y %H:%M:%S UTC").to_string()
}

/// A license that the device needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// What programs know it by.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
}

/// A license, as the portal last told of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Held {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// in-compliance, out-of-compliance or reservation-in-compliance.
    pub status: String,
}

/// How a try went.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Try {
    /// When.
    pub at: Moment,
    /// Why it failed; none when it did not.
    pub failed: Option<String>,
}

impl Try {
    /// In the words of a status.
    pub fn words(&self) -> String {
        match &self.failed {
            None => format!("SUCCEEDED on {}", time(self.at)),
            Some(why) => format!("FAILED on {}\n    Failure reason: {why}", time(self.at)),
        }
    }
}

/// What the portal knows the device by.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Where.
    pub portal: String,
    /// The id of the product instance.
    pub device: String,
    /// What it proves itself with.
    pub secret: String,
    /// Name of the Smart Account.
    pub smart_account: String,
    /// Its domain identifier.
    pub domain: String,
    /// Name of the Virtual Account.
    pub virtual_account: String,
    /// Whether export-controlled functionality is allowed.
    pub export_controlled: bool,
    /// Since when.
    pub registered_at: Moment,
    /// When the certificate is renewed.
    pub renew_at: Moment,
    /// When it runs out.
    pub expires_at: Moment,
    /// The last renewal.
    pub renewal: Option<Try>,
    /// What the licenses are authorized for.
    pub authorization: Option<String>,
    /// Since when it is so.
    pub authorized_at: Option<Moment>,
    /// The last report.
    pub communication: Option<Try>,
    /// When it reports next.
    pub next_contact_at: Moment,
    /// By when it must have.
    pub deadline_at: Option<Moment>,
    /// Each license.
    pub licenses: Vec<Held>,
}

/// A license that is reserved for the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aside {
    /// What programs know it by.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
    /// Until when; none for good.
    pub ends_at: Option<Moment>,
}

/// A reservation, from the request to the return.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// What the device asked with.
    pub request: String,
    /// What it was answered, and when that was installed.
    pub installed: Option<(String, Moment)>,
    /// What it may use by it.
    pub licenses: Vec<Aside>,
    /// The proof that it works by the code of an update.
    #[serde(default)]
    pub confirmation: Option<String>,
    /// The proof that it was given back.
    pub returned: Option<String>,
}

impl Reservation {
    /// One that is asked for: with the same request code until it is answered.
    pub fn asked(before: Option<&Self>, pid: &str, serial: &str) -> Result<Self, String> {
        let request =
            match before.filter(|one| one.installed.is_none()) {
                Some(pending) => pending.request.clone(),
                None => RequestCode::make(pid, serial, random_bytes())
                    .ok_or_else(|| {
                        "The product id or the serial number of this device cannot stand in a request code."
                            .to_owned()
                    })?
                    .text,
            };
        Ok(Self {
            request,
            installed: None,
            licenses: Vec::new(),
            confirmation: None,
            returned: None,
        })
    }
    /// Whether the device works by it.
    pub fn holds(&self) -> bool {
        self.installed.is_some() && self.returned.is_none()
    }
}

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of the file's format.
    pub format: u32,
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
    /// Host name.
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs.
    pub software: String,
    /// What it is configured to use.
    pub needs: Vec<Need>,
    /// Since when it is evaluated, and how many seconds it was before.
    pub evaluating_since: Option<Moment>,
    /// Seconds.
    pub evaluated: i64,
    /// The secret of a registration that was asked for and not answered, so that asking again is the same.
    pub offered: Option<String>,
    /// The last try to register, when it failed.
    pub attempt: Option<Try>,
    /// The registration.
    pub registration: Option<Registration>,
    /// The reservation, or the last one.
    #[serde(default)]
    pub reservation: Option<Reservation>,
    /// Where it calls.
    #[serde(default)]
    pub call_home: CallHome,
    /// How it reports by policy.
    #[serde(default)]
    pub policy: Option<ByPolicy>,
}

/// That the portal knows a device by policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Where.
    pub portal: String,
    /// The id of the product instance.
    pub device: String,
    /// What it proves itself with.
    pub secret: String,
    /// Name of the Smart Account.
    pub smart_account: String,
    /// Name of the Virtual Account.
    pub virtual_account: String,
    /// Since when, by the portal's clock.
    pub at: Moment,
}

/// A report that is not acknowledged yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenReport {
    /// Its number.
    pub id: String,
    /// As it travels.
    pub report: serde_json::Value,
}

/// What a device by policy knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByPolicy {
    /// smart or off.
    pub transport: String,
    /// Where it reports, when that was configured.
    pub url: Option<String>,
    /// The key with which it signs: a secret.
    pub key: String,
    /// By whom it is trusted.
    pub trust: Option<Trust>,
    /// By how many seconds the portal's clock is ahead of this one's.
    pub ahead: i64,
    /// The number of its last report.
    pub number: u64,
    /// Until when it has measured.
    pub until: Option<Moment>,
    /// What it measured last of each license.
    pub said: std::collections::BTreeMap<String, i64>,
    /// What is not acknowledged yet.
    pub open: Vec<OpenReport>,
    /// When an acknowledgement came last.
    pub acknowledged_at: Option<Moment>,
    /// When the next report is due.
    pub report_by: Option<Moment>,
    /// The policy, as the last acknowledgement told it.
    pub rules: serde_json::Value,
    /// With which key acknowledgements are signed.
    pub portal_key: String,
    /// How the last try went.
    pub communication: Option<Try>,
    /// Its authorization code, from the request to the return.
    #[serde(default)]
    pub authorization: Option<Reservation>,
    /// Codes that were returned, which install no more.
    #[serde(default)]
    pub returned: Vec<String>,
}

impl ByPolicy {
    /// One that has reported nothing yet.
    pub fn new(key: String) -> Self {
        Self {
            transport: "smart".to_owned(),
            url: None,
            key,
            trust: None,
            ahead: 0,
            number: 0,
            until: None,
            said: std::collections::BTreeMap::new(),
            open: Vec::new(),
            acknowledged_at: None,
            report_by: None,
            rules: serde_json::Value::Null,
            portal_key: String::new(),
            communication: None,
            authorization: None,
            returned: Vec::new(),
        }
    }
}

impl State {
    /// The access switch with 48 ports and its two licenses, out of its box.
    pub fn new(now: Moment) -> Self {
        let serial = crate::platform::token::fingerprint(&crate::platform::token::random_bytes::<8>());
        let serial: String = serial.chars().take(8).collect();
        Self {
            format: 1,
            pid: "C9200-48P-E".to_owned(),
            serial: format!("LAB{}", serial.to_ascii_uppercase()),
            hostname: "access-switch-01".to_owned(),
            product: "C9200 Series Switch".to_owned(),
            software: "17.12.4".to_owned(),
            needs: ["c9200-ne-48", "c9200-dna-e-48"]
                .map(|key| Need {
                    entitlement: key.to_owned(),
                    quantity: 1,
                })
                .to_vec(),
            evaluating_since: Some(now),
            evaluated: 0,
            offered: None,
            attempt: None,
            registration: None,
            reservation: None,
            call_home: CallHome::default(),
            policy: None,
        }
    }

    /// The reservation by which it works.
    pub fn reserved(&self) -> Option<&Reservation> {
        self.reservation.as_ref().filter(|one| one.holds())
    }

    /// Its UDI, as the real ones print it.
    pub fn udi(&self) -> String {
        format!("PID:{},SN:{}", self.pid, self.serial)
    }

    /// Seconds that are left of the evaluation.
    pub fn evaluation_left(&self, now: Moment) -> i64 {
        let running = self
            .evaluating_since
            .map_or(0, |since| now.since(since).num_seconds().max(0));
        (EVALUATION_DAYS * 86_400 - self.evaluated - running).max(0)
    }

    /// The evaluation counts down while it is not registered and uses something.
    pub fn count_evaluation(&mut self, now: Moment) {
        let runs = self.registration.is_none() && self.reserved().is_none() && !self.needs.is_empty();
        match (self.evaluating_since, runs) {
            (None, true) => self.evaluating_since = Some(now),
            (Some(since), false) => {
                self.evaluated += now.since(since).num_seconds().max(0);
                self.evaluating_since = None;
            }
            _ => {}
        }
    }
}

/// The file of a device.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
}

impl File {
    /// At a path.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// Reads it; none when there is none yet. A damaged one is told and never written over.
    pub fn read(&self) -> Result<Option<State>, String> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("The state file {} cannot be read: {e}", self.path())),
        };
        let damaged = |why: String| {
            format!(
                "The state file {} is damaged: {why}. Nothing was changed. Put an intact copy in its place, or name another file with --state.",
                self.path()
            )
        };
        let state: State = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        if state.format == 1 {
            Ok(Some(state))
        } else {
            Err(damaged(format!("its format {} is not known here", state.format)))
        }
    }

    /// Writes it: beside the old one first, then in its place, so that there is always a whole one. It holds the
    /// device's secret, so nobody else may read it.
    pub fn write(&self, state: &State) -> Result<(), String> {
        let wrong = |e: std::io::Error| format!("The state file {} cannot be written: {e}", self.path());
        let text = serde_json::to_string_pretty(state).map_err(|e| e.to_string())?;
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".{}.tmp", std::process::id()));
        let beside = PathBuf::from(beside);
        let new = private::writing().create(true).truncate(true).open(&beside);
        let written = new.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        });
        if let Err(e) = written.and_then(|()| std::fs::rename(&beside, &self.path)) {
            let _ = std::fs::remove_file(&beside);
            return Err(wrong(e));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_damaged_file_is_told_and_kept() {
        let folder = std::env::temp_dir().join(format!("licentral-state-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = File::at(&folder.join("device.json"));
        assert!(file.read().unwrap().is_none());
        let now = Moment::parse("2026-11-22T10:00:00Z").unwrap();
        file.write(&State::new(now)).unwrap();
        let whole = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(file.read().unwrap().unwrap().needs.len(), 2);
        for damaged in [
            "",
            "{",
            &whole[..whole.len() / 2],
            &whole.replace("\"format\": 1", "\"format\": 9"),
        ] {
            std::fs::write(file.path(), damaged).unwrap();
            assert!(file.read().unwrap_err().contains("damaged"));
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), damaged);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_evaluation_counts_while_nothing_is_registered_and_something_is_used() {
        let start = Moment::parse("2026-11-22T10:00:00Z").unwrap();
        let mut state = State::new(start);
        let later = start.plus(TimeDelta::days(10));
        assert_eq!(state.evaluation_left(later), 80 * 86_400);
        state.needs.clear();
        state.count_evaluation(later);
        assert_eq!(
            state.evaluation_left(later.plus(TimeDelta::days(50))),
            80 * 86_400
        );
    }
}
