//! A simulated device on the command line. It takes the words of the real commands, keeps what it knows in a file, and
//! speaks the device protocol with a portal.

mod authorization;
mod call_home;
mod client;
mod fleet;
mod line;
mod needs;
mod policy;
mod registration;
mod reservation;
mod show;
mod state;

pub use line::DeviceArgs;

use crate::kernel::Clock;
use call_home::PORTAL;
use client::Failed;
use line::{Authorize, License, Reserve, Show, Smart, What};
use needs::{needs_in_words, parse_needs};
use registration::{RegisterSaid, deregister, register, renew, report};
use state::{File, Need, State};
use std::process::ExitCode;

/// How it ends when the portal said no.
const REFUSED: u8 = 3;

/// How it ends when the portal did not answer.
const UNREACHABLE: u8 = 4;

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
                Authorize::Request { line } => authorization::request(file, &mut state, portal, now, &line),
                Authorize::Install { code } => authorization::install(file, &mut state, now, &code),
                Authorize::Return { online: None, .. } => authorization::give_back(file, &mut state),
                Authorize::Return { .. } => authorization::give_back_online(file, &mut state, portal),
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
