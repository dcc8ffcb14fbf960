//! `licentral doctor`: looks at everything that an installation needs, says what it found and what to mend. It changes
//! nothing, and sends a letter only where it is told to whom.

mod looks;
mod mail;

use super::say;
use crate::platform::config::{Config, Settings};
use crate::platform::findings::{self, Finding, Standing};
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;

/// What to look at.
#[derive(Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    settings: Settings,
    /// The settings are those of an On-Prem server that is served alone (licentral on-prem serve).
    #[arg(long)]
    on_prem: bool,
    /// Send a letter to this address: that the mail server answers says little of whether letters arrive.
    #[arg(long, value_name = "ADDRESS")]
    send_to: Option<String>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// All of them.
#[derive(Serialize)]
struct Report {
    /// Nothing is wrong.
    ok: bool,
    findings: Vec<Finding>,
}

/// Looks, prints, and ends with 1 when something is wrong.
pub fn run(args: DoctorArgs) -> ExitCode {
    let settings = if args.on_prem {
        args.settings.for_on_prem_alone()
    } else {
        args.settings
    };
    let findings = look(&settings, args.send_to.as_deref());
    let report = Report {
        ok: findings.iter().all(|one| one.standing != Standing::Wrong),
        findings,
    };
    let text = if args.json {
        serde_json::to_string_pretty(&report).unwrap_or_default()
    } else {
        in_lines(&report)
    };
    match (say(&text), report.ok) {
        (Ok(()), true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn look(settings: &Settings, send_to: Option<&str>) -> Vec<Finding> {
    let config = Config::check(settings.clone());
    let mut findings = vec![looks::configuration(&config)];
    findings.push(looks::keys(settings));
    findings.extend(looks::database(settings));
    findings.extend(looks::database_tls(settings));
    findings.extend(looks::standbys(settings));
    match &config {
        Ok(config) => {
            findings.push(mail::look(config, send_to));
            findings.extend(config.identity_provider.as_ref().map(looks::provider));
            findings.extend(config.traces.as_ref().map(looks::traces));
        }
        Err(_) => findings.push(Finding::note(
            "mail",
            "Was not looked at, since the configuration is wrong.",
            "Mend the configuration, and look again.",
        )),
    }
    findings.push(looks::clock(settings));
    findings.push(looks::certificate(settings));
    findings.extend(looks::disk(settings));
    findings.push(findings::open_files());
    findings.push(looks::address(settings));
    findings
}

/// One line for each, and below it what to mend.
fn in_lines(report: &Report) -> String {
    let mut lines = Vec::new();
    for one in &report.findings {
        let mark = match one.standing {
            Standing::Ok => "ok   ",
            Standing::Note => "note ",
            Standing::Wrong => "WRONG",
        };
        lines.push(format!(
            "{mark}  {:<14}  {}",
            one.looked_at,
            one.found.replace('\n', "\n                       ")
        ));
        if let Some(mend) = &one.mend {
            lines.push(format!("                       -> {mend}"));
        }
    }
    lines.push(if report.ok {
        "\nNothing is wrong.".to_owned()
    } else {
        "\nSomething is wrong.".to_owned()
    });
    lines.join("\n")
}
