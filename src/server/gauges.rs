//! What is measured when Prometheus asks, not counted when it happens.

use super::health::LastBackup;
use crate::error::Result;
use crate::http::Portal;
use crate::platform::jobs::uptime;
use crate::platform::{findings, mail, settings, tls};

/// Whole numbers as gauges hold them.
fn float(number: u64) -> f64 {
    // Beyond 2^53 a gauge is off by one, which nobody sees.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floating")]
    let float = number as f64;
    float
}

/// Measures this process, and what it shares with others.
pub async fn measure(portal: &Portal) {
    metrics::gauge!("licentral_uptime_seconds").set(uptime().as_secs_f64());
    let open = u64::try_from(portal.connections.count()).unwrap_or(u64::MAX);
    metrics::gauge!("licentral_connections_open").set(float(open));
    for job in portal.jobs.report() {
        metrics::gauge!("licentral_job_failures_in_a_row", "job_name" => job.name).set(float(job.in_a_row));
    }
    if let Some(files) = portal.config.tls.as_ref().and_then(|front| front.files()) {
        let days = tls::days_left(files).unwrap_or_default();
        metrics::gauge!("licentral_certificate_days_left").set(f64::from(days));
    }
    let free = super::health::folders(portal)
        .iter()
        .filter_map(|folder| findings::free(folder))
        .min();
    if let Some(free) = free {
        metrics::gauge!("licentral_disk_free_bytes").set(float(free));
    }
    let told = told(portal).await;
    metrics::gauge!("licentral_database_up").set(if told.is_ok() { 1.0 } else { 0.0 });
    let Ok((counts, backup)) = told else { return };
    let whole = |count: i64| float(u64::try_from(count).unwrap_or_default());
    metrics::gauge!("licentral_letters_waiting").set(whole(counts.waiting));
    metrics::gauge!("licentral_letters_given_up").set(whole(counts.given_up));
    if let Some(backup) = backup {
        let age = portal.clock.wall().since(backup.at).num_seconds();
        metrics::gauge!("licentral_backup_age_seconds").set(whole(age));
    }
}

async fn told(portal: &Portal) -> Result<(mail::Counts, Option<LastBackup>)> {
    portal
        .db
        .read(|r| {
            let backup = settings::get(r, settings::LAST_BACKUP)?;
            Ok((
                mail::counts(r)?,
                backup.and_then(|text| serde_json::from_str(&text).ok()),
            ))
        })
        .await
}
