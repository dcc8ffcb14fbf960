//! What was found of a part of an installation, and what to mend: for `licentral doctor` and for the page Health.

use super::limits;
use super::tls::{self, Files};
use serde::Serialize;
use std::path::Path;
use utoipa::ToSchema;

/// Below so many days a certificate is to be renewed.
pub const FEW_DAYS: u32 = 14;
/// Below so much of a disk is free, in MiB, nothing may be written soon.
const LITTLE: u64 = 200;
/// Below so much somebody should look.
const SOME: u64 = 2048;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nothing is to be done.
    Ok,
    /// It works, and somebody should know of it.
    Note,
    /// It does not work, or soon will not.
    Wrong,
}

/// What was found of one thing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Finding {
    /// At what was looked.
    pub looked_at: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What there is.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(looked_at: &'static str, found: impl Into<String>) -> Self {
        Self {
            looked_at,
            standing: Standing::Ok,
            found: found.into(),
            mend: None,
        }
    }
    /// Somebody should know of it.
    pub fn note(looked_at: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            looked_at,
            standing: Standing::Note,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
    /// Something is to be mended.
    pub fn wrong(looked_at: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            looked_at,
            standing: Standing::Wrong,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
}

/// A certificate and its key.
pub fn certificate(files: &Files) -> Finding {
    const TLS: &str = "TLS";
    let shown = files.certificate.display();
    let renew = "Renew the certificate, put the new files in the old ones' place, and send SIGHUP.";
    match tls::days_left(files) {
        Err(why) => Finding::wrong(
            TLS,
            why,
            "Put the two files right: PEM, readable by the portal's user, the key belonging to the first certificate.",
        ),
        Ok(days) if days < FEW_DAYS => Finding::note(TLS, format!("{shown} ends in {days} days."), renew),
        Ok(days) => Finding::ok(TLS, format!("{shown} and its key fit; {days} days are left.")),
    }
}

/// Where traces go, and why they do not arrive, if they do not. Nobody is kept waiting by that.
pub fn traces(collector: &str, failing: Option<String>) -> Finding {
    const TRACES: &str = "traces";
    match failing {
        None => Finding::ok(TRACES, format!("They are sent to {collector}")),
        Some(why) => Finding::note(
            TRACES,
            format!("They do not arrive at {collector}: {why}"),
            "See that the collector runs and takes OTLP over HTTP (port 4318), that OTEL_EXPORTER_OTLP_ENDPOINT names it, and that OTEL_EXPORTER_OTLP_HEADERS holds what it wants to see.",
        ),
    }
}

/// How many bytes are free in a folder.
pub fn free(folder: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// Free room in a folder.
pub fn disk(folder: &Path) -> Finding {
    const DISK: &str = "disk";
    let shown = folder.display();
    match rustix::fs::statvfs(folder) {
        Err(why) => Finding::wrong(
            DISK,
            format!("{shown}: {why}"),
            "Make the folder, for the portal's user.",
        ),
        Ok(facts) => {
            let free = facts.f_bavail.saturating_mul(facts.f_frsize) / (1024 * 1024);
            let found = format!("{free} MiB are free in {shown}");
            let mend = "Make room: where nothing can be written, the portal answers reads alone.";
            if facts.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
                Finding::wrong(
                    DISK,
                    format!("{shown} can only be read."),
                    "Mount it for writing.",
                )
            } else if free < LITTLE {
                Finding::wrong(DISK, found, mend)
            } else if free < SOME {
                Finding::note(DISK, found, mend)
            } else {
                Finding::ok(DISK, found)
            }
        }
    }
}

/// How many connections there is room for.
pub fn open_files() -> Finding {
    let most = limits::open_files();
    let found = format!("{most} files may be open at once");
    if most < 1024 {
        Finding::note(
            "open files",
            format!("{found}; each connection is one, and 256 are kept for other things."),
            "Give the process more: LimitNOFILE=8192 in its unit, or ulimit -n.",
        )
    } else {
        Finding::ok("open files", found)
    }
}
