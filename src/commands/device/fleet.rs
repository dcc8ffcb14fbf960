//! `licentral device fleet`: many devices at once, each of which registers and reports.

use super::client::{Client, Failed};
use super::state::Need;
use super::{Done, parse_needs, say};
use crate::devices::Udi;
use crate::devices::policy::payload::Report;
use crate::kernel::Clock;
use crate::platform::signing::FileKey;
use crate::platform::token;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PID: &str = "C9200-48P-E";
const SOFTWARE: &str = "17.12.4";

/// What a fleet is made of.
#[derive(Args)]
pub struct FleetArgs {
    /// How many devices.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// A registration token that may be used so often.
    #[arg(long, allow_hyphen_values = true)]
    token: String,
    /// How many call at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    concurrency: u16,
    /// What each of them needs: ENTITLEMENT[=N], separated by commas; "none" for none.
    #[arg(long, default_value = "c9200-ne-48,c9200-dna-e-48")]
    licenses: String,
    /// Another number makes other devices; the same one makes the same again, which a portal that has them refuses.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// They are not registered: each signs usage reports and sends them, by policy.
    #[arg(long)]
    policy: bool,
}

/// What came of one kind of call.
#[derive(Default)]
struct Tally {
    done: usize,
    refused: BTreeMap<String, usize>,
    took: Vec<Duration>,
}

impl Tally {
    fn note(&mut self, took: Duration, failed: Option<&Failed>) {
        match failed {
            None => {
                self.done += 1;
                self.took.push(took);
            }
            Some(failed) => {
                let why = match failed {
                    Failed::Refused { code, .. } => code.clone(),
                    Failed::Unreachable(_) => "no answer".to_owned(),
                };
                *self.refused.entry(why).or_default() += 1;
            }
        }
    }
    fn words(&mut self, what: &str, all: Duration) -> String {
        self.took.sort_unstable();
        let at = |share: usize| {
            self.took
                .get(self.took.len().saturating_sub(1) * share / 100)
                .map_or(0.0, |took| took.as_secs_f64() * 1000.0)
        };
        let mut words = format!(
            "{what}: {} in {:.1} s, {:.0} a second; half took {:.0} ms or less, 99 of 100 took {:.0} ms or less",
            self.done,
            all.as_secs_f64(),
            f64::from(u32::try_from(self.done).unwrap_or(u32::MAX)) / all.as_secs_f64().max(0.001),
            at(50),
            at(99)
        );
        for (why, count) in &self.refused {
            words.push_str(&format!("\n  {count} not: {why}"));
        }
        words
    }
}

/// A device that is known: its serial number and its credential.
struct Member(String, String);

/// Runs a fleet.
pub fn run(portal: &str, args: FleetArgs) -> Done {
    let client = Client::of(portal)?;
    let wanted = parse_needs(std::slice::from_ref(&args.licenses))?;
    let needs: Vec<Value> = wanted
        .iter()
        .map(|need| json!({ "entitlement": need.entitlement, "quantity": need.quantity }))
        .collect();
    let count = args.count as usize;
    let members: Mutex<Vec<Member>> = Mutex::new(Vec::with_capacity(count));
    let failure: Mutex<Option<Failed>> = Mutex::new(None);
    let mut registering = Tally::default();
    let took = at_once(count, args.concurrency, &mut registering, |n| {
        let (secret, serial) = (token::random(), format!("FLT{:04}{n:07}", args.seed));
        let said = client.post(
            "/device/v1/register",
            None,
            &json!({
                "token": args.token, "secret": secret, "udi": { "pid": PID, "serial": serial },
                "hostname": format!("fleet-{}-{n:06}", args.seed), "product": "C9200 Series Switch", "software": SOFTWARE, "by_policy": args.policy,
            }),
        );
        match said {
            Ok((_, text)) => {
                let said: Value = serde_json::from_str(&text).unwrap_or_default();
                let id = said.get("device").and_then(Value::as_str).unwrap_or_default();
                locked(&members).push(Member(serial, format!("{id}.{secret}")));
                None
            }
            Err(failed) => {
                locked(&failure).get_or_insert_with(|| failed.clone());
                Some(failed)
            }
        }
    });
    let did = if args.policy { "Trusted" } else { "Registered" };
    say(&registering.words(did, took))?;
    let members = members.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut reporting = Tally::default();
    let states: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let took = at_once(members.len(), args.concurrency, &mut reporting, |n| {
        let Member(serial, credential) = members.get(n)?;
        let (path, body) = if args.policy {
            ("/device/v1/usage", signed(serial, &wanted)?)
        } else {
            ("/device/v1/report", json!({ "licenses": needs }))
        };
        match client.post(path, Some(credential), &body) {
            Ok((_, text)) => {
                let said: Value = serde_json::from_str(&text).unwrap_or_default();
                let word = match said.get("acknowledgement").and_then(Value::as_str) {
                    Some("") => "not acknowledged yet",
                    Some(_) => "acknowledged",
                    None => said.get("authorization").and_then(Value::as_str).unwrap_or("?"),
                };
                *locked(&states).entry(word.to_owned()).or_default() += 1;
                None
            }
            Err(failed) => {
                locked(&failure).get_or_insert_with(|| failed.clone());
                Some(failed)
            }
        }
    });
    if !members.is_empty() {
        say(&reporting.words("Reported", took))?;
        for (word, count) in states.into_inner().unwrap_or_else(PoisonError::into_inner) {
            say(&format!("  {count} {word}"))?;
        }
    }
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(()),
        Some(failed) => Err(failed.into()),
    }
}

/// What a device uses now, in reports that it signs; none when that cannot be done here.
fn signed(serial: &str, wanted: &[Need]) -> Option<Value> {
    let (key, _) = FileKey::make().ok()?;
    let now = Clock::new().now();
    let mut reports = Vec::new();
    for (n, need) in wanted.iter().enumerate() {
        let report = Report {
            udi: Udi {
                pid: PID.to_owned(),
                serial: serial.to_owned(),
            },
            id: (now.utc().timestamp_millis().unsigned_abs() + n as u64).to_string(),
            entitlement: need.entitlement.clone(),
            quantity: need.quantity,
            began_at: now,
            ended_at: now,
            software: SOFTWARE.to_owned(),
            sha256: String::new(),
            key: String::new(),
        };
        let shape = report.sign(&key).ok()?.shape();
        reports.push(json!({ "payload": shape.get("payload"), "signature": shape.get("signature") }));
    }
    Some(json!({ "reports": reports }))
}

fn locked<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something for each number below `count`, so many at once, and says how long all of it took.
fn at_once(
    count: usize,
    concurrency: u16,
    tally: &mut Tally,
    call: impl Fn(usize) -> Option<Failed> + Sync,
) -> Duration {
    let next = AtomicUsize::new(0);
    let shared = Mutex::new(tally);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..usize::from(concurrency).min(count) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let at = Instant::now();
                    let failed = call(n);
                    let took = at.elapsed();
                    locked(&shared).note(took, failed.as_ref());
                }
            });
        }
    });
    begun.elapsed()
}
