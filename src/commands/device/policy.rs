//! Smart Licensing Using Policy: the device measures what it uses, signs a report of it, and sends or saves it. Nothing is
//! registered; an acknowledgement ends what was reported.

use super::call_home::PORTAL;
use super::client::Client;
use super::state::{ByPolicy, File, OpenReport, State, Trust, Try};
use super::{Done, RegisterSaid, say};
use crate::devices::Udi;
use crate::devices::policy::files::usage_file;
use crate::devices::policy::payload::{Report, Sent, acknowledged};
use crate::kernel::{Moment, Secret};
use crate::platform::signing::FileKey;
use crate::platform::{private, token};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// So many reports travel at once.
const AT_ONCE: usize = 40;

/// What is known of reporting by policy; made when it is needed first.
pub fn of(state: &mut State) -> Result<&mut ByPolicy, String> {
    if state.policy.is_none() {
        let (_, secret) = FileKey::make().map_err(|e| e.to_string())?;
        state.policy = Some(ByPolicy::new(secret.reveal().to_owned()));
    }
    state.policy.as_mut().ok_or_else(|| "no policy".to_owned())
}

fn free(state: &State) -> Result<(), String> {
    if state.registration.is_some() {
        Err("The device is registered and reports as a registered one. Deregister it first: license smart deregister".to_owned())
    } else if state.reserved().is_some() {
        Err("Licenses are reserved for the device, and it never reports. Return them first: license smart reservation return local".to_owned())
    } else {
        Ok(())
    }
}

/// `license smart transport smart|cslu|off`.
pub fn transport(file: &File, state: &mut State, kind: &str) -> Done {
    kind.clone_into(&mut of(state)?.transport);
    Ok(file.write(state)?)
}

/// `license smart url [smart|cslu] ADDRESS`, or `default`. The address for CSLU is the one that an On-Prem server names.
pub fn url(file: &File, state: &mut State, words: &[String]) -> Done {
    let address = match words {
        [one] if one == "default" => None,
        [one] => Some(one),
        [kind, one] if kind == "smart" || kind == "cslu" => Some(one),
        _ => {
            return Err(
                "Say: license smart url smart ADDRESS, license smart url cslu ADDRESS, or license smart url default"
                    .to_owned()
                    .into(),
            );
        }
    };
    let address = address
        .map(|one| {
            // The tenant in the address for CSLU is known by the trust.
            let one = one
                .split_once("/cslu/v1/pi/")
                .map_or(one.as_str(), |(server, _)| server);
            Client::of(one).map(|client| client.portal().to_owned())
        })
        .transpose()?;
    of(state)?.url = address;
    Ok(file.write(state)?)
}

/// Where reports go: named on the line, else configured, else where trust was established.
fn client(state: &State, portal: Option<&str>) -> Result<Client, String> {
    let policy = state.policy.as_ref();
    let configured = policy.and_then(|one| one.url.as_deref());
    let trusted = policy
        .and_then(|one| one.trust.as_ref())
        .map(|one| one.portal.as_str());
    Client::of(portal.or(configured).or(trusted).unwrap_or(PORTAL))
}

/// Where the device is trusted, and with what it proves itself there.
pub fn trusted(state: &State, portal: Option<&str>) -> Result<(Client, String), String> {
    let policy = state.policy.as_ref();
    if policy.is_some_and(|one| one.transport == "off") {
        return Err(
            "The transport is off. Say: license smart transport smart; or save a file: license smart save usage all file PATH"
                .to_owned(),
        );
    }
    let trust = policy
        .and_then(|one| one.trust.as_ref())
        .ok_or("The portal does not trust the device yet. Say: license smart trust idtoken TOKEN all")?;
    Ok((
        client(state, portal)?,
        format!("{}.{}", trust.device, trust.secret),
    ))
}

/// `license smart trust idtoken TOKEN local|all [force]`: the portal knows the device from then on; nothing is registered.
pub fn trust(
    file: &File,
    state: &mut State,
    portal: Option<&str>,
    now: Moment,
    token_text: &str,
    force: bool,
) -> Done {
    free(state)?;
    let client = client(state, portal)?;
    // Kept before it is sent: if the answer is lost, the same secret asks for the same.
    let secret = state.offered.take().unwrap_or_else(token::random);
    state.offered = Some(secret.clone());
    of(state)?;
    file.write(state)?;
    let (_, text) = client.post(
        "/device/v1/register",
        None,
        &json!({
            "token": token_text.trim(), "secret": secret, "udi": { "pid": state.pid, "serial": state.serial },
            "hostname": state.hostname, "product": state.product, "software": state.software, "force": force,
            "by_policy": true,
        }),
    )?;
    let said: RegisterSaid = client.read(&text)?;
    state.offered = None;
    let policy = of(state)?;
    policy.ahead = said.registered_at.since(now).num_seconds();
    policy.trust = Some(Trust {
        portal: client.portal().to_owned(),
        device: said.device,
        secret,
        smart_account: said.smart_account.name.clone(),
        virtual_account: said.virtual_account.clone(),
        at: said.registered_at,
    });
    file.write(state)?;
    say(&format!(
        "Trust established: {} ({}) reports by policy to {}, Virtual Account {}.",
        state.hostname,
        state.udi(),
        said.smart_account.name,
        said.virtual_account
    ))
}

/// Measures what is used now: a report for each license that is needed, and one of 0 for each that no longer is.
fn measure(state: &mut State, now: Moment) -> Result<(), String> {
    let (udi, software) = (
        Udi {
            pid: state.pid.clone(),
            serial: state.serial.clone(),
        },
        state.software.clone(),
    );
    let mut used: Vec<(String, i64)> = state
        .needs
        .iter()
        .map(|need| (need.entitlement.clone(), need.quantity))
        .collect();
    let policy = of(state)?;
    for (entitlement, quantity) in &policy.said {
        if *quantity > 0 && used.iter().all(|(key, _)| key != entitlement) {
            used.push((entitlement.clone(), 0));
        }
    }
    let key = FileKey::kept(&Secret::new(policy.key.clone())).ok_or("The key of the device is damaged.")?;
    let until = now.plus(TimeDelta::seconds(policy.ahead));
    let until = policy.until.map_or(until, |last| last.max(until));
    for (entitlement, quantity) in used {
        // The clock makes the number, so that a device that was set up anew uses none again.
        policy.number = (policy.number + 1).max(until.utc().timestamp_millis().unsigned_abs());
        let report = Report {
            udi: udi.clone(),
            id: policy.number.to_string(),
            entitlement: entitlement.clone(),
            quantity,
            began_at: policy.until.unwrap_or(until),
            ended_at: until,
            software: software.clone(),
            sha256: String::new(),
            key: String::new(),
        };
        let sent = report.sign(&key).map_err(|e| e.to_string())?;
        policy.open.push(OpenReport {
            id: report.id,
            report: sent.shape(),
        });
        policy.said.insert(entitlement, quantity);
    }
    policy.until = Some(until);
    Ok(())
}

fn open_reports(policy: &ByPolicy) -> Vec<Sent> {
    policy
        .open
        .iter()
        .filter_map(|one| Sent::of(&one.report).ok())
        .collect()
}

/// What the portal says to usage reports.
#[derive(Deserialize)]
struct UsageSaid {
    acknowledgement: String,
}

/// `license smart sync all`: what was not acknowledged yet is sent, with what is used now.
pub fn sync(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    free(state)?;
    let (client, credential) = trusted(state, portal)?;
    measure(state, now)?;
    let policy = of(state)?;
    if policy.open.is_empty() {
        return say("Nothing is used, and nothing is left to report.");
    }
    let reports: Vec<Value> = policy
        .open
        .iter()
        .map(|one| json!({ "payload": one.report.get("payload"), "signature": one.report.get("signature") }))
        .collect();
    // Kept before it is sent: if the answer is lost, the same reports go again and are counted once.
    file.write(state)?;
    let mut done = 0;
    for some in reports.chunks(AT_ONCE) {
        let asked = client.post("/device/v1/usage", Some(&credential), &json!({ "reports": some }));
        match asked.and_then(|(_, text)| client.read::<UsageSaid>(&text)) {
            Ok(said) if said.acknowledgement.is_empty() => {}
            Ok(said) => done += learn(state, now, &said.acknowledgement)?,
            Err(failed) => {
                of(state)?.communication = Some(Try {
                    at: now,
                    failed: Some(failed.words()),
                });
                file.write(state)?;
                return Err(failed.into());
            }
        }
    }
    of(state)?.communication = Some(Try {
        at: now,
        failed: None,
    });
    file.write(state)?;
    let open = of(state)?.open.len();
    say(&if open == 0 {
        format!(
            "Usage reported: {} sent, {done} acknowledged.{}",
            reports.len(),
            next_words(state)
        )
    } else {
        format!(
            "Usage reported: {} sent, {done} acknowledged. {open} wait for the synchronization of the On-Prem server: say license smart sync all again afterwards.",
            reports.len()
        )
    })
}

fn next_words(state: &State) -> String {
    match state.policy.as_ref().and_then(|one| one.report_by) {
        Some(at) => format!(" The next report is due by {}.", super::state::time(at)),
        None => " The policy asks for no further report.".to_owned(),
    }
}

fn field(said: &Value, name: &str) -> Value {
    said.get(name).cloned().unwrap_or_default()
}

/// Takes acknowledgements over: what they name is reported, and is forgotten here.
fn learn(state: &mut State, now: Moment, text: &str) -> Result<usize, String> {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    let mut done = 0;
    let mut is_ours = false;
    for (said, key) in acknowledged(text) {
        let says = |pointer: &str, own: &str| said.pointer(pointer).and_then(Value::as_str) == Some(own);
        if !says("/sudi/udi_pid", &pid) || !says("/sudi/udi_serial_number", &serial) {
            continue;
        }
        if !policy.portal_key.is_empty() && policy.portal_key != key {
            return Err("The acknowledgement is signed by another portal than the ones before.".to_owned());
        }
        is_ours = true;
        policy.portal_key = key;
        let ids: Vec<String> = serde_json::from_value(field(&said, "report_ids")).unwrap_or_default();
        let before = policy.open.len();
        policy.open.retain(|one| !ids.contains(&one.id));
        done += before - policy.open.len();
        policy.report_by = serde_json::from_value(field(&said, "next_report_by")).unwrap_or(None);
        policy.rules = field(&said, "policy");
        policy.acknowledged_at = Some(now);
    }
    if is_ours {
        Ok(done)
    } else {
        Err("There is no acknowledgement for this device in it, or its signature does not fit.".to_owned())
    }
}

/// `license smart save usage all file PATH`.
pub fn save(file: &File, state: &mut State, now: Moment, path: &Path) -> Done {
    free(state)?;
    measure(state, now)?;
    file.write(state)?;
    let policy = of(state)?;
    let text = usage_file(&open_reports(policy));
    let written = private::writing()
        .create(true)
        .truncate(true)
        .open(path)
        .and_then(|mut out| out.write_all(text.as_bytes()));
    written.map_err(|e| format!("{} cannot be written: {e}", path.display()))?;
    say(&format!(
        "{} usage reports are in {}. Upload it in the portal, at Usage Data Files, and import the acknowledgement: license smart import FILE",
        policy.open.len(),
        path.display()
    ))
}

/// `license smart import PATH`: an acknowledgement.
pub fn import(file: &File, state: &mut State, now: Moment, path: &Path) -> Done {
    let text =
        std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let done = learn(state, now, &text)?;
    file.write(state)?;
    say(&format!(
        "{done} usage reports are acknowledged.{}",
        next_words(state)
    ))
}

/// `show license rum id all`: each report that is not acknowledged yet, and what was measured last of each license.
pub fn reports(state: &State) -> String {
    let Some(policy) = &state.policy else {
        return "Smart Licensing Usage Report: none. The device does not report by policy.\n".to_owned();
    };
    let mut out = String::from(
        "Smart Licensing Usage Report:\n  Report Id       State   Feature Name                    Count  Ended\n",
    );
    for one in &policy.open {
        // The state is what the device knows: without an acknowledgement it stays open.
        let read = Sent::of(&one.report).ok().and_then(|sent| sent.read(true).ok());
        let Some(report) = read else { continue };
        out.push_str(&format!(
            "  {:<15} OPEN    {:<30} {:>6}  {}\n",
            report.id,
            report.entitlement,
            report.quantity,
            super::state::time(report.ended_at)
        ));
    }
    if policy.open.is_empty() {
        out.push_str("  None: every report is acknowledged.\n");
    }
    out
}

/// The last part of `show license usage` and `show license all` of a device by policy; "" of any other.
pub fn shown(state: &State) -> String {
    let Some(policy) = &state.policy else {
        return String::new();
    };
    let mut out = String::from("\nSmart Licensing Using Policy:\n");
    let mut line = |name: &str, says: String| out.push_str(&format!("  {name}: {says}\n"));
    line("Transport", policy.transport.to_uppercase());
    line(
        "Trust Code Installed",
        policy.trust.as_ref().map_or_else(
            || "<none>".to_owned(),
            |one| {
                format!(
                    "{} ({}, {})",
                    super::state::time(one.at),
                    one.smart_account,
                    one.virtual_account
                )
            },
        ),
    );
    let at = |at: Option<Moment>| at.map_or_else(|| "<none>".to_owned(), super::state::time);
    line("Last report measured", at(policy.until));
    line("Last ACK received", at(policy.acknowledged_at));
    line("Next ACK deadline", at(policy.report_by));
    line("Reports that wait for an ACK", policy.open.len().to_string());
    if let Some(tried) = &policy.communication {
        line("Last communication", tried.words());
    }
    for one in policy.rules.as_array().into_iter().flatten() {
        line(
            &format!("Policy, {}", one["license_class"].as_str().unwrap_or_default()),
            format!(
                "first report {} days, every {} days, on change {} days",
                one["first_report_days"], one["report_every_days"], one["report_on_change_days"]
            ),
        );
    }
    out
}
