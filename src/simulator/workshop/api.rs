//! The workshop for scripts.

use super::LARGEST;
use super::service::{self, Seen};
use crate::authz::action::Operate;
use crate::error::Error;
use crate::http::form::RawBody;
use crate::http::reply::attachment;
use crate::http::{Answer, May, json};
use crate::sync::workshop::{WAYS, Way};
use serde::Serialize;
use utoipa::ToSchema;

/// The ways, as the description of the API names them; the same as [`WAYS`], in their order.
pub const WORDS: &[(&str, &str)] = &[
    ("tampered", ""),
    ("bad-signature", ""),
    ("truncated", ""),
    ("appended", ""),
    ("future-version", ""),
    ("not-a-sync-file", ""),
    ("replayed", ""),
    ("reordered", ""),
    ("repeated", ""),
    ("unknown-field", ""),
    ("wrong-account", ""),
    ("wrong-device-manager", ""),
    ("wrong-count", ""),
    ("oversized", ""),
    ("bomb", ""),
];

/// The way with this word.
pub fn way(word: &str) -> Option<&'static Way> {
    WAYS.iter().find(|one| one.word == word)
}

/// A field of a header.
#[derive(Serialize, ToSchema)]
pub struct HeaderField {
    name: String,
    value: String,
}

/// A license whose balance a file changes.
#[derive(Serialize, ToSchema)]
pub struct LicenseEffect {
    name: String,
    before: i64,
    after: i64,
}

/// What a file would change.
#[derive(Serialize, ToSchema)]
pub struct FileDifference {
    device_manager: String,
    appeared: i64,
    changed: i64,
    vanished: i64,
    unchanged: i64,
    licenses: Vec<LicenseEffect>,
}

/// How many records a file has.
#[derive(Serialize, ToSchema)]
pub struct FileCounts {
    places: u64,
    devices: u64,
    usages: u64,
    licenses: u64,
}

/// What is in a file.
#[derive(Serialize, ToSchema)]
pub struct Inspected {
    /// Which file it is.
    kind: String,
    header: Vec<HeaderField>,
    /// The checks that it passed.
    checks: Vec<String>,
    counts: Option<FileCounts>,
    /// The first 100 records, as they stand in it.
    records: Vec<String>,
    /// What it would change here; none when it would be refused.
    difference: Option<FileDifference>,
    /// The code with which it would be refused.
    code: Option<String>,
    /// Why it would be refused.
    says: Option<String>,
}

impl From<Seen> for Inspected {
    fn from(seen: Seen) -> Self {
        let (code, says) = seen.refused.unzip();
        Self {
            kind: seen.looked.kind.to_string(),
            header: seen
                .looked
                .header
                .into_iter()
                .map(|(name, value)| HeaderField { name, value })
                .collect(),
            checks: seen.looked.checks,
            counts: seen.looked.counts.map(|one| FileCounts {
                places: one.places,
                devices: one.devices,
                usages: one.usages,
                licenses: one.licenses,
            }),
            records: seen.looked.records,
            difference: seen.difference.map(|one| FileDifference {
                device_manager: one.manager,
                appeared: one.appeared,
                changed: one.changed,
                vanished: one.vanished,
                unchanged: one.unchanged,
                licenses: one
                    .licenses
                    .into_iter()
                    .map(|(name, before, after)| LicenseEffect { name, before, after })
                    .collect(),
            }),
            code,
            says,
        }
    }
}

/// POST /api/v1/simulator/sync-files/inspect
pub async fn inspect(may: May<Operate>, body: RawBody<LARGEST>) -> Answer {
    let seen = service::inspect(&may.portal, &may.permit, body.0.to_vec()).await?;
    json(200, &Inspected::from(seen))
}

/// POST /api/v1/simulator/sync-files/spoil
pub async fn spoil(may: May<Operate>, body: RawBody<LARGEST>) -> Answer {
    let word = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "way")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let way = way(&word).ok_or(Error::NotFound)?;
    let bytes = service::spoil(&may.portal, &may.permit, body.0.to_vec(), way).await?;
    Ok(attachment(
        "application/octet-stream",
        &format!("{}.sync", way.word),
        bytes,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_way() {
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        let ways: Vec<&str> = WAYS.iter().map(|one| one.word).collect();
        assert_eq!(words, ways);
    }
}
