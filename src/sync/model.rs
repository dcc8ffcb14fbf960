//! What is known of a synchronization file, and the rules about their order.

use super::format::SyncHeader;
use crate::device_managers::Manager;
use crate::devices;
use crate::error::Refusal;
use crate::http::widgets::number;
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, SyncFileId};
use serde::{Deserialize, Serialize};

crate::words! {
    /// What became of a file.
    pub enum Outcome {
        /// It is reviewed.
        Waiting = "waiting", "Waiting for Submit";
        /// It is what counts, or was.
        Applied = "applied", "Applied";
        /// A rule said no.
        Refused = "refused", "Refused";
        /// Somebody took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// A newer one was applied while it waited.
        Replaced = "replaced", "Replaced by a newer file";
    }
}

impl Outcome {
    /// The badge.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Waiting => "info",
            Self::Applied => "ok",
            Self::Refused => "bad",
            Self::Withdrawn | Self::Replaced => "",
        }
    }
}

crate::words! {
    /// Over which way a file came.
    pub enum Way {
        /// Somebody uploaded it.
        File = "file", "Uploaded file";
        /// The On-Prem server sent it itself.
        Network = "network", "Network sync";
    }
}

/// A synchronization file that came with a good signature.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct SyncFile {
    /// Its id.
    pub id: SyncFileId,
    /// Whose.
    pub account: SmartAccountId,
    /// From which On-Prem server.
    pub manager: DeviceManagerId,
    /// Of the whole file, in hexadecimal.
    pub sha256: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Over which way it came.
    pub way: Way,
    /// Its place in the history of the server.
    pub sequence: i64,
    /// The last response that the server had applied when it made it.
    pub last_response: i64,
    /// When it was made, by the server's clock.
    pub made_at: Moment,
    /// With what it was made.
    pub software: String,
    /// Local Virtual Accounts in it.
    pub places: i64,
    /// Product instances in it.
    pub devices: i64,
    /// Lines of usage in it.
    pub usages: i64,
    /// How long it is.
    pub file_bytes: i64,
    /// How long its content is, unpacked.
    pub unpacked_bytes: i64,
    /// What it changes, or changed.
    pub appeared: i64,
    /// See above.
    pub changed: i64,
    /// See above.
    pub vanished: i64,
    /// See above.
    pub unchanged: i64,
    /// What it does to licenses, as JSON.
    pub licenses: String,
    /// With what code it was refused, or "".
    pub code: String,
    /// Why.
    pub reason: String,
    /// When it came.
    pub uploaded_at: Moment,
    /// Who brought it.
    pub uploader: String,
    /// When its outcome was decided.
    pub settled_at: Option<Moment>,
    /// By whom.
    pub settler: String,
    /// Counts changes.
    pub version: i64,
    /// When somebody submitted it, if a job is to apply it.
    pub submitted_at: Option<Moment>,
    /// Who that was, as JSON.
    pub submitted_by: String,
    /// Of which registration of its device manager.
    pub registration: i64,
    /// Usage reports in it.
    pub reports: i64,
}

/// What a file does to one license of the Virtual Account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// Its balance when the file was looked at.
    pub before: i64,
    /// Its balance afterwards.
    pub after: i64,
    /// Whether nobody runs out of it.
    pub is_metered: bool,
}

impl Effect {
    /// Whether more is used afterwards than there is.
    pub fn is_short(&self) -> bool {
        self.after < 0 && !self.is_metered
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl SyncFile {
    /// A file that has just come.
    pub fn new(id: SyncFileId, manager: &Manager, header: &SyncHeader, came: &Came<'_>) -> Self {
        Self {
            id,
            account: manager.account,
            manager: manager.id,
            sha256: came.sha256.to_owned(),
            outcome: Outcome::Waiting,
            way: came.way,
            sequence: header.sequence,
            last_response: header.last_response,
            made_at: header.created_at,
            software: header.software.chars().take(200).collect(),
            places: whole(header.places),
            devices: whole(header.devices),
            usages: whole(header.usages),
            file_bytes: whole(came.bytes as u64),
            unpacked_bytes: whole(header.unpacked_bytes),
            appeared: 0,
            changed: 0,
            vanished: 0,
            unchanged: 0,
            licenses: "[]".to_owned(),
            code: String::new(),
            reason: String::new(),
            uploaded_at: came.at,
            uploader: came.by.chars().take(500).collect(),
            settled_at: None,
            settler: String::new(),
            version: 1,
            submitted_at: None,
            submitted_by: String::new(),
            registration: manager.registration,
            reports: whole(header.reports.unwrap_or_default()),
        }
    }
    /// Whether it was submitted and a job applies it.
    pub fn is_applying(&self) -> bool {
        self.outcome == Outcome::Waiting && self.submitted_at.is_some()
    }
    /// Whether it waits for Submit.
    pub fn is_waiting(&self) -> bool {
        self.outcome == Outcome::Waiting && self.submitted_at.is_none()
    }
    /// What has become of it, for programs.
    pub fn word(&self) -> &'static str {
        if self.is_applying() {
            "applying"
        } else {
            self.outcome.word()
        }
    }
    /// The same for people.
    pub fn label(&self) -> &'static str {
        if self.is_applying() {
            "Being applied"
        } else {
            self.outcome.label()
        }
    }
    /// Takes down what it does to product instances.
    pub fn does(&mut self, found: devices::Outcome) {
        self.appeared = whole(found.appeared);
        self.changed = whole(found.changed);
        self.vanished = whole(found.vanished);
        self.unchanged = whole(found.unchanged);
    }
    /// What it does to licenses.
    pub fn effects(&self) -> Vec<Effect> {
        serde_json::from_str(&self.licenses).unwrap_or_default()
    }
    /// "1,234 bytes", or larger units.
    pub fn size(&self) -> String {
        let bytes = self.file_bytes.unsigned_abs();
        match bytes {
            0..10_000 => format!("{} bytes", number(&bytes)),
            10_000..10_000_000 => format!("{} KB", number(&(bytes / 1_000))),
            _ => format!("{} MB", number(&(bytes / 1_000_000))),
        }
    }
}

/// How a file came.
#[derive(Debug, Clone)]
pub struct Came<'a> {
    /// Its hash.
    pub sha256: &'a str,
    /// Its length.
    pub bytes: usize,
    /// Over which way.
    pub way: Way,
    /// When.
    pub at: Moment,
    /// Who brought it.
    pub by: &'a str,
}

/// Why a genuine file of a device manager is not taken: what is newer was applied, or the latest response was not.
pub fn against(file_sequence: i64, last_response: i64, sequence: i64, name: &str) -> Option<Refusal> {
    let refusal = |code, says: String| {
        Some(Refusal {
            code,
            says: says.into(),
        })
    };
    if file_sequence <= sequence {
        return refusal(
            "sync.replayed",
            format!(
                "The file has the sequence {file_sequence}, and the file {sequence} of {name} was applied already. Generate a new file on the On-Prem server. If it was restored from a backup and counts from an earlier number, register it again: menu of {name}, Re-register."
            ),
        );
    }
    if last_response < sequence {
        let had = if last_response == 0 {
            "no response was applied there yet".to_owned()
        } else {
            format!("the response {last_response} was the last one applied there")
        };
        return refusal(
            "sync.old-response",
            format!(
                "When the file {file_sequence} was made, {had}, and the latest response of {name} is {sequence}. Download the latest response file, apply it on the On-Prem server, then generate another file. If the server does not know that file, because it was restored from a backup, register it again: menu of {name}, Re-register."
            ),
        );
    }
    None
}

/// What is said of a gap in the sequence; nothing where there is none.
pub fn gap(file_sequence: i64, applied: i64) -> Option<String> {
    match file_sequence.saturating_sub(applied).saturating_sub(1) {
        missing if missing <= 0 => None,
        1 => Some(format!(
            "The file {} was not seen here. Nothing is lost: each file holds everything.",
            applied + 1
        )),
        _ => Some(format!(
            "The files {} to {} were not seen here. Nothing is lost: each file holds everything.",
            applied + 1,
            file_sequence - 1
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(sequence: i64, last_response: i64, applied: i64) -> &'static str {
        against(sequence, last_response, applied, "it").map_or("", |refusal| refusal.code)
    }

    #[test]
    fn files_come_in_their_order_and_some_may_be_missing() {
        assert_eq!(code(1, 0, 0), "");
        assert_eq!(code(2, 1, 1), "");
        assert_eq!(code(9, 1, 1), "", "a gap is no fault");
        assert_eq!(
            code(9, 8, 1),
            "",
            "what was answered elsewhere is no fault either"
        );
        assert_eq!(code(1, 0, 1), "sync.replayed");
        assert_eq!(code(2, 0, 5), "sync.replayed");
        assert_eq!(code(6, 4, 5), "sync.old-response");
        assert_eq!(code(6, 0, 5), "sync.old-response");
        assert_eq!(gap(2, 1), None);
        assert!(gap(3, 1).unwrap().starts_with("The file 2 was"));
        assert!(gap(9, 1).unwrap().starts_with("The files 2 to 8 were"));
    }
}
