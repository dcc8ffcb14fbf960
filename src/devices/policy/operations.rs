//! What is done with usage data files and the reporting policy, once for pages and scripts.

use super::model::{Days, LicenseClass};
use super::rules;
use super::usage_files;
use crate::authz::action::{EditReportingPolicy, ReportUsage, ViewInventory};
use crate::error::{Error, Result};
use crate::http::May;
use crate::kernel::ids::UsageFileId;

/// The acknowledgement with the name of its file, for a page or a script.
pub async fn acknowledged(may: &May<ReportUsage>, id: UsageFileId) -> Result<(String, String)> {
    let view = may.also::<ViewInventory>().await?;
    let signing = may.portal.signing.clone();
    let (file, text) = may
        .does(move |tx, permit, now| {
            usage_files::acknowledgement(tx, (&view, permit), signing.files(), now, id)
        })
        .await?;
    let name: String = file
        .name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let name = name
        .trim_end_matches(".gz")
        .trim_end_matches(".tar")
        .trim_end_matches(".txt");
    Ok((format!("ACK_{name}.txt"), text))
}

/// Why it is not changed elsewhere.
pub const FIXED: &str = "The reporting policy is changed in laboratories alone.";

/// Changes the policy, for a page or a script.
pub async fn changed(may: &May<EditReportingPolicy>, wanted: Vec<(LicenseClass, Days)>) -> Result<()> {
    if !may.portal.config.is_lab() {
        return Err(Error::refused("usage.policy-fixed", FIXED));
    }
    may.does(move |tx, permit, now| rules::change_policy(tx, permit, now, &wanted))
        .await
}
