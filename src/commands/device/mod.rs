//! A simulated device on the command line. It takes the words of the real commands, keeps what it knows in a file, and
//! speaks the device protocol with a portal.

mod authorization;
mod call_home;
mod client;
mod fleet;
mod policy;
mod reservation;
mod show;
mod state;

use crate::kernel::{Clock, Moment};
use crate::platform::token;
use clap::{Args, Subcommand};
use client::{Client, Failed};
use serde::Deserialize;
use serde_json::json;
use state::{File, Held, Need, PORTAL, Registration, State, Try};
use std::path::PathBuf;
use std::process::ExitCode;

/// How it ends when the portal said no.
const REFUSED: u8 = 3;
/// How it ends when the portal did not answer.
const UNREACHABLE: u8 = 4;

/// A simulated device.
#[derive(Args)]
pub struct DeviceArgs {
    /// The file in which the device keeps what it knows.
    #[arg(long, global = true, default_value = state::FILE)]
    state: PathBuf,
    /// Address of the portal. A registered device goes on with the one where it registered.
    #[arg(long, global = true)]
    portal: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// What the real ones call "license smart ...".
    License {
        #[command(subcommand)]
        smart: License,
    },
    /// Shows how it stands.
    Show {
        #[command(subcommand)]
        what: Show,
    },
    /// Where it calls: call-home profile CiscoTAC-1 destination address http ADDRESS.
    CallHome {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// How it trusts: crypto pki trustpoint SLA-TrustPoint revocation-check none.
    Crypto {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// Says which licenses it needs: ENTITLEMENT or ENTITLEMENT=NUMBER, each; "none" for none. A registered device
    /// reports it at once.
    Use {
        /// The licenses.
        #[arg(required = true, value_name = "ENTITLEMENT[=N]")]
        licenses: Vec<String>,
    },
    /// Makes another device of it: a file that is there already is kept, unless "force" is said.
    Init {
        /// Product id.
        #[arg(long)]
        pid: Option<String>,
        /// Serial number.
        #[arg(long)]
        serial: Option<String>,
        /// Host name.
        #[arg(long)]
        hostname: Option<String>,
        /// What kind of product it is.
        #[arg(long)]
        product: Option<String>,
        /// Which software it runs.
        #[arg(long)]
        software: Option<String>,
        /// In place of the file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Registers and reports many devices at once, and prints how fast it went.
    Fleet(fleet::FleetArgs),
}

#[derive(Subcommand)]
enum License {
    /// Smart Licensing.
    Smart {
        #[command(subcommand)]
        what: Smart,
    },
}

#[derive(Subcommand)]
enum Smart {
    /// Registers with a token: register idtoken TOKEN [force].
    Register {
        /// The word "idtoken".
        #[arg(value_parser = ["idtoken"])]
        idtoken: String,
        /// A registration token of a Virtual Account.
        #[arg(allow_hyphen_values = true)]
        token: String,
        /// The word "force": takes the place of an older registration.
        #[arg(value_parser = ["force"])]
        force: Option<String>,
    },
    /// Ends the registration. What was used is free again.
    Deregister,
    /// Renews: "auth" reports what is used and asks for authorization, "id" renews the certificate.
    Renew {
        /// auth or id.
        #[arg(value_parser = ["auth", "id"])]
        what: String,
    },
    /// How it reports by policy: smart, to the cloud; cslu, to an On-Prem server; or off, by file alone.
    Transport {
        /// smart, cslu or off.
        #[arg(value_parser = ["smart", "cslu", "off"])]
        kind: String,
    },
    /// Where it reports by policy: url smart ADDRESS, url cslu ADDRESS, or url default.
    Url {
        /// The rest of the line.
        #[arg(required = true, value_name = "WORD")]
        line: Vec<String>,
    },
    /// Lets the portal trust it, so that it can report by policy: trust idtoken TOKEN local|all [force].
    Trust {
        /// The word "idtoken".
        #[arg(value_parser = ["idtoken"])]
        idtoken: String,
        /// A registration token of a Virtual Account.
        #[arg(allow_hyphen_values = true)]
        token: String,
        /// local or all: a simulated device is one alone.
        #[arg(value_parser = ["local", "all"])]
        which: String,
        /// The word "force": takes the place of an older trust or registration.
        #[arg(value_parser = ["force"])]
        force: Option<String>,
    },
    /// Reports what it uses by policy: sync all.
    Sync {
        /// all or local: a simulated device is one alone.
        #[arg(value_parser = ["all", "local"])]
        which: String,
    },
    /// Saves what it uses as a file to upload: save usage all file PATH.
    Save {
        /// The word "usage".
        #[arg(value_parser = ["usage"])]
        usage: String,
        /// The word "all".
        #[arg(value_parser = ["all"])]
        all: String,
        /// The word "file".
        #[arg(value_parser = ["file"])]
        file: String,
        /// The file.
        path: PathBuf,
    },
    /// Takes an acknowledgement in that was downloaded from the portal.
    Import {
        /// The file.
        path: PathBuf,
    },
    /// The authorization code of a device by policy, for enforced licenses.
    Authorization {
        #[command(subcommand)]
        what: Authorize,
    },
    /// Licenses that are reserved for a device that never calls.
    Reservation {
        #[command(subcommand)]
        what: Reserve,
    },
}

#[derive(Subcommand)]
enum Authorize {
    /// Shows the request code to enter in the portal: request local.
    Request {
        /// The word "local".
        #[arg(value_parser = ["local"])]
        local: String,
    },
    /// Installs the authorization code that the portal generated.
    Install {
        /// The code.
        code: String,
    },
    /// Gives the licenses up and shows the return code to enter in the portal: return local.
    Return {
        /// The word "local".
        #[arg(value_parser = ["local"])]
        local: String,
    },
}

#[derive(Subcommand)]
enum Reserve {
    /// Shows the request code to enter in the portal: request local.
    Request {
        /// The word "local".
        #[arg(value_parser = ["local"])]
        local: String,
    },
    /// Installs the authorization code that the portal gave.
    Install {
        /// The code.
        code: String,
    },
    /// Gives the licenses up and shows the return code to enter in the portal: return local.
    Return {
        /// The word "local".
        #[arg(value_parser = ["local"])]
        local: String,
    },
}

#[derive(Subcommand)]
enum Show {
    /// Of the licenses.
    License {
        /// status, usage, summary, authorization, all, or rum.
        #[arg(value_parser = ["status", "usage", "summary", "authorization", "all", "rum"])]
        what: String,
        /// After rum: id all.
        rest: Vec<String>,
    },
    /// What kind of device it is.
    Version,
    /// Where it calls.
    CallHome,
}

/// Why it did not work.
enum Trouble {
    /// Here.
    Own(String),
    /// There.
    Theirs(Failed),
}
impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Own(why)
    }
}
impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Theirs(failed)
    }
}
type Done = Result<(), Trouble>;

/// Does what the command line says. Ends with 0 when it was done, 1 for what is wrong here, 2 for words that are not
/// known, 3 when the portal refused, 4 when it did not answer.
pub fn run(args: DeviceArgs) -> ExitCode {
    let done = match args.what {
        What::Fleet(fleet) => fleet::run(args.portal.as_deref().unwrap_or(PORTAL), fleet),
        What::Init {
            pid,
            serial,
            hostname,
            product,
            software,
            force,
        } => init(
            &File::at(&args.state),
            [pid, serial, hostname, product, software],
            force,
        ),
        what => one(&File::at(&args.state), args.portal.as_deref(), what),
    };
    let (why, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Trouble::Own(why)) => (why, 1),
        Err(Trouble::Theirs(failed @ Failed::Refused { .. })) => (failed.words(), REFUSED),
        Err(Trouble::Theirs(failed)) => (failed.words(), UNREACHABLE),
    };
    super::complain(&format!("% {why}"));
    ExitCode::from(code)
}

fn say(text: &str) -> Done {
    Ok(super::say(text.trim_end())?)
}

fn init(file: &File, given: [Option<String>; 5], force: bool) -> Done {
    let there = match file.read() {
        Ok(there) => there.is_some(),
        // It is to be replaced, so it need not be whole.
        Err(_) if force => true,
        Err(why) => return Err(why.into()),
    };
    if there && !force {
        return Err(format!(
            "There is a device in {} already. Say --force to make another one of it, or name another file with --state.",
            file.path()
        )
        .into());
    }
    let mut state = State::new(Clock::new().now());
    let [pid, serial, hostname, product, software] = given;
    let other = pid.is_some();
    for (field, given) in [
        (&mut state.pid, pid),
        (&mut state.serial, serial),
        (&mut state.hostname, hostname),
        (&mut state.software, software),
    ] {
        if let Some(given) = given {
            *field = given;
        }
    }
    state.product = product.unwrap_or(if other { state.pid.clone() } else { state.product });
    // Another product needs what the catalog says that it carries.
    if let Some(item) = crate::catalog::find(&state.pid).filter(|item| !item.entitlements.is_empty()) {
        state.needs = item
            .entitlements
            .iter()
            .map(|one| Need {
                entitlement: one.key.clone(),
                quantity: one.per_unit,
            })
            .collect();
    } else if other {
        state.needs.clear();
        state.evaluating_since = None;
    }
    file.write(&state)?;
    say(&format!(
        "{} ({}) is in {}. It needs: {}.",
        state.hostname,
        state.udi(),
        file.path(),
        needs_in_words(&state)
    ))
}

fn needs_in_words(state: &State) -> String {
    let all: Vec<String> = state
        .needs
        .iter()
        .map(|need| format!("{}={}", need.entitlement, need.quantity))
        .collect();
    if all.is_empty() {
        "no licenses".to_owned()
    } else {
        all.join(", ")
    }
}

fn one(file: &File, portal: Option<&str>, what: What) -> Done {
    let now = Clock::new().now();
    let known = file.read()?;
    let is_new = known.is_none();
    let mut state = known.unwrap_or_else(|| State::new(now));
    match what {
        What::Show { what } => {
            if is_new {
                file.write(&state)?;
            }
            match what {
                Show::Version => say(&show::version(&state)),
                Show::CallHome => say(&state.call_home.words()),
                Show::License { what, rest } => say(&match what.as_str() {
                    "rum" if rest == ["id", "all"] => policy::reports(&state),
                    "rum" => return Err("Say: show license rum id all".to_owned().into()),
                    _ if !rest.is_empty() => return Err(format!("Say: show license {what}").into()),
                    "status" => show::status(&state, now),
                    "usage" => show::usage(&state, now) + &policy::shown(&state),
                    "summary" => show::summary(&state, now),
                    "authorization" => authorization::shown(&state),
                    _ => show::all(&state, now) + &policy::shown(&state),
                }),
            }
        }
        What::CallHome { line } => {
            state.call_home.configure(&line)?;
            Ok(file.write(&state)?)
        }
        What::Crypto { line } => {
            state.call_home.trust(&line)?;
            Ok(file.write(&state)?)
        }
        What::Use { licenses } => {
            state.needs = parse_needs(&licenses)?;
            state.count_evaluation(now);
            file.write(&state)?;
            if state.registration.is_some() {
                report(file, &mut state, portal, now)
            } else {
                say(&format!("It needs: {}.", needs_in_words(&state)))
            }
        }
        What::License {
            smart: License::Smart { what },
        } => match what {
            Smart::Register { token, force, .. } => {
                register(file, &mut state, portal, now, &token, force.is_some())
            }
            Smart::Deregister => deregister(file, &mut state, portal, now),
            Smart::Renew { what } if what == "id" => renew(file, &mut state, portal, now),
            Smart::Renew { .. } => report(file, &mut state, portal, now),
            Smart::Transport { kind } => policy::transport(file, &mut state, &kind),
            Smart::Url { line } => policy::url(file, &mut state, &line),
            Smart::Trust { token, force, .. } => {
                policy::trust(file, &mut state, portal, now, &token, force.is_some())
            }
            Smart::Sync { .. } => policy::sync(file, &mut state, portal, now),
            Smart::Save { path, .. } => policy::save(file, &mut state, now, &path),
            Smart::Import { path } => policy::import(file, &mut state, now, &path),
            Smart::Authorization { what } => match what {
                Authorize::Request { .. } => authorization::request(file, &mut state),
                Authorize::Install { code } => authorization::install(file, &mut state, now, &code),
                Authorize::Return { .. } => authorization::give_back(file, &mut state),
            },
            Smart::Reservation { what } => match what {
                Reserve::Request { .. } => reservation::request(file, &mut state),
                Reserve::Install { code } => reservation::install(file, &mut state, now, &code),
                Reserve::Return { .. } => reservation::give_back(file, &mut state, now),
            },
        },
        What::Init { .. } | What::Fleet(_) => Ok(()),
    }
}

/// Reads ENTITLEMENT[=N], each.
pub(super) fn parse_needs(words: &[String]) -> Result<Vec<Need>, String> {
    if let [word] = words
        && word == "none"
    {
        return Ok(Vec::new());
    }
    let mut needs: Vec<Need> = Vec::new();
    for word in words
        .iter()
        .flat_map(|word| word.split(','))
        .filter(|word| !word.is_empty())
    {
        let (entitlement, number) = word.split_once('=').unwrap_or((word, "1"));
        let quantity: i64 = number
            .parse()
            .ok()
            .filter(|n| (1..=1_000_000).contains(n))
            .ok_or_else(|| format!("{word}: the number is 1 to 1,000,000."))?;
        if needs.iter().any(|need| need.entitlement == entitlement) {
            return Err(format!("{entitlement} is named twice."));
        }
        needs.push(Need {
            entitlement: entitlement.to_owned(),
            quantity,
        });
    }
    Ok(needs)
}

#[derive(Deserialize)]
struct AccountSaid {
    name: String,
    domain: String,
}

#[derive(Deserialize)]
struct RegisterSaid {
    device: String,
    smart_account: AccountSaid,
    virtual_account: String,
    registered_at: Moment,
    renew_at: Moment,
    expires_at: Moment,
    next_contact_at: Moment,
    export_controlled: bool,
}

#[derive(Deserialize)]
struct StatusSaid {
    smart_account: AccountSaid,
    virtual_account: String,
    authorization: String,
    licenses: Vec<Held>,
    renew_at: Moment,
    expires_at: Moment,
    contact_at: Moment,
    next_contact_at: Moment,
    deadline_at: Moment,
    export_controlled: bool,
}

fn register(
    file: &File,
    state: &mut State,
    portal: Option<&str>,
    now: Moment,
    token_text: &str,
    force: bool,
) -> Done {
    if state.registration.is_some() && !force {
        return Err(
            "The device is registered already. Deregister it first (license smart deregister), or say force."
                .to_owned()
                .into(),
        );
    }
    if state.reserved().is_some() {
        return Err(
            "Licenses are reserved for the device, and it never calls. Return them first: license smart reservation return local"
                .to_owned()
                .into(),
        );
    }
    if !state.call_home.reports {
        return Err(
            "The profile of call-home reports nothing. Say: call-home profile CiscoTAC-1 reporting smart-licensing-data"
                .to_owned()
                .into(),
        );
    }
    // Named on the line, else configured, else where it was registered before.
    let before = state.registration.as_ref().map(|one| one.portal.as_str());
    let client = Client::of(
        portal
            .or(state.call_home.address.as_deref())
            .or(before)
            .unwrap_or(PORTAL),
    )?;
    // Kept before it is sent: if the answer is lost, the same secret asks for the same registration.
    let secret = state.offered.take().unwrap_or_else(token::random);
    state.offered = Some(secret.clone());
    file.write(state)?;
    let asked = client.post(
        "/device/v1/register",
        None,
        &json!({
            "token": token_text.trim(), "secret": secret, "udi": { "pid": state.pid, "serial": state.serial },
            "hostname": state.hostname, "product": state.product, "software": state.software, "force": force,
        }),
    );
    let said: RegisterSaid = match asked.and_then(|(_, text)| client.read(&text)) {
        Ok(said) => said,
        Err(failed) => {
            if state.registration.is_none() {
                state.attempt = Some(Try {
                    at: now,
                    failed: Some(failed.words()),
                });
            }
            file.write(state)?;
            return Err(failed.into());
        }
    };
    state.offered = None;
    state.attempt = None;
    state.registration = Some(Registration {
        portal: client.portal().to_owned(),
        device: said.device,
        secret,
        smart_account: said.smart_account.name,
        domain: said.smart_account.domain,
        virtual_account: said.virtual_account,
        export_controlled: said.export_controlled,
        registered_at: said.registered_at,
        renew_at: said.renew_at,
        expires_at: said.expires_at,
        renewal: None,
        authorization: None,
        authorized_at: None,
        communication: None,
        next_contact_at: said.next_contact_at,
        deadline_at: None,
        licenses: Vec::new(),
    });
    state.count_evaluation(now);
    file.write(state)?;
    if let Some(one) = &state.registration {
        say(&format!(
            "Registered: {} ({}) in {}, Virtual Account {}.",
            state.hostname,
            state.udi(),
            one.smart_account,
            one.virtual_account
        ))?;
    }
    report(file, state, portal, now)
}

/// The registration, or that there is none.
fn registered<'s>(state: &'s State, portal: Option<&str>) -> Result<(Client, &'s Registration), Trouble> {
    let Some(one) = &state.registration else {
        return Err(
            "The device is not registered. Register it first: license smart register idtoken TOKEN"
                .to_owned()
                .into(),
        );
    };
    let client = Client::of(portal.unwrap_or(&one.portal))?;
    Ok((client, one))
}

/// Takes over what the portal says of the device.
fn learn(state: &mut State, said: StatusSaid) {
    let Some(one) = &mut state.registration else {
        return;
    };
    if one.authorization.as_deref() != Some(&said.authorization) {
        one.authorized_at = Some(said.contact_at);
    }
    one.smart_account = said.smart_account.name;
    one.domain = said.smart_account.domain;
    one.virtual_account = said.virtual_account;
    one.export_controlled = said.export_controlled;
    one.authorization = Some(said.authorization);
    one.renew_at = said.renew_at;
    one.expires_at = said.expires_at;
    one.next_contact_at = said.next_contact_at;
    one.deadline_at = Some(said.deadline_at);
    one.communication = Some(Try {
        at: said.contact_at,
        failed: None,
    });
    one.licenses = said.licenses;
}

/// Notes a call that failed. A portal that knows the device no more has ended its registration.
fn note_failure(file: &File, state: &mut State, now: Moment, failed: Failed, is_renewal: bool) -> Done {
    if failed.is_unknown() {
        state.registration = None;
        state.attempt = Some(Try {
            at: now,
            failed: Some("the portal has ended the registration".to_owned()),
        });
        state.count_evaluation(now);
        file.write(state)?;
        return Err(Failed::Refused {
            code: "signed-out".to_owned(),
            says: "The portal does not know this device any more: it was removed, or its registration expired. It is UNREGISTERED now; register it again with a token."
                .to_owned(),
        }
        .into());
    }
    if let Some(one) = &mut state.registration {
        let attempt = Some(Try {
            at: now,
            failed: Some(failed.words()),
        });
        if is_renewal {
            one.renewal = attempt;
        } else {
            one.communication = attempt;
        }
        file.write(state)?;
    }
    Err(failed.into())
}

/// `renew auth`, and what follows a registration: reports the use of licenses.
fn report(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    let (client, one) = registered(state, portal)?;
    let licenses: Vec<_> = state
        .needs
        .iter()
        .map(|need| json!({ "entitlement": need.entitlement, "quantity": need.quantity }))
        .collect();
    let credential = format!("{}.{}", one.device, one.secret);
    let said = client
        .post(
            "/device/v1/report",
            Some(&credential),
            &json!({ "licenses": licenses, "at": now.rfc3339() }),
        )
        .and_then(|(_, text)| client.read::<StatusSaid>(&text));
    match said {
        Ok(said) => {
            let is_due = said.contact_at >= said.renew_at;
            learn(state, said);
            file.write(state)?;
            if is_due {
                renew(file, state, portal, now)?;
            }
        }
        Err(failed) => return note_failure(file, state, now, failed, false),
    }
    let Some(one) = &state.registration else {
        return Ok(());
    };
    let count = one.licenses.len();
    say(&format!(
        "License Authorization: {}. {} {} in use.",
        match one.authorization.as_deref() {
            Some("authorized") => "AUTHORIZED",
            Some("out-of-compliance") => "OUT OF COMPLIANCE",
            Some("authorized-reservation") => "AUTHORIZED - RESERVATION",
            _ => "No Licenses in Use",
        },
        count,
        if count == 1 { "license" } else { "licenses" }
    ))
}

/// `renew id`: a new certificate.
fn renew(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    let (client, one) = registered(state, portal)?;
    let credential = format!("{}.{}", one.device, one.secret);
    let said = client
        .post("/device/v1/renew", Some(&credential), &json!({}))
        .and_then(|(_, text)| client.read::<StatusSaid>(&text));
    match said {
        Ok(said) => {
            let (at, expires) = (said.contact_at, said.expires_at);
            learn(state, said);
            if let Some(one) = &mut state.registration {
                one.renewal = Some(Try { at, failed: None });
            }
            file.write(state)?;
            say(&format!(
                "The registration was renewed and expires on {}.",
                show::time(expires)
            ))
        }
        Err(failed) => note_failure(file, state, now, failed, true),
    }
}

fn deregister(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    let (client, one) = registered(state, portal)?;
    let credential = format!("{}.{}", one.device, one.secret);
    let told = client.post("/device/v1/deregister", Some(&credential), &json!({}));
    let says = match told {
        Ok(_) => "Deregistered. What was used is free again.",
        // Done before, and the answer was lost; or somebody removed it.
        Err(failed) if failed.is_unknown() => "Deregistered. The portal did not know this device any more.",
        Err(failed) => return Err(failed.into()),
    };
    state.registration = None;
    state.attempt = None;
    state.count_evaluation(now);
    file.write(state)?;
    say(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_words_with_numbers() {
        let words = |all: &[&str]| parse_needs(&all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let needs = words(&["a=2", "b,c=3"]).unwrap();
        assert_eq!(
            needs
                .iter()
                .map(|n| (n.entitlement.as_str(), n.quantity))
                .collect::<Vec<_>>(),
            [("a", 2), ("b", 1), ("c", 3)]
        );
        assert!(words(&["none"]).unwrap().is_empty());
        for wrong in ["a=0", "a=x", "a=1,a=2"] {
            assert!(words(&[wrong]).is_err(), "{wrong}");
        }
    }
}
