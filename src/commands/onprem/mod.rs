//! An On-Prem server on the command line: its rules are those of the room `onprem`, its state is a file.

mod show;

use crate::error::Error;
use crate::http::widgets::counted;
use crate::kernel::{Clock, Secret};
use crate::onprem::{Answered, Frequency, LocalState, NewDevice, OnPrem};
use crate::platform::db::{Db, Schema, migrate};
use crate::platform::outbound::{Client, Failed};
use crate::platform::private;
use crate::platform::signing::FileKey;
use crate::sync::format::Limits;
use chrono::{NaiveDate, NaiveTime};
use clap::{Args, Subcommand};
use serde_json::json;
use std::fs::File;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How it ends when a rule, here or in the cloud, said no.
const REFUSED: u8 = 3;
/// How it ends when the cloud did not answer.
const UNREACHABLE: u8 = 4;

/// An On-Prem server.
#[derive(Args)]
pub struct OnPremArgs {
    /// The file in which the server keeps what it knows. Its key is in a file beside it.
    #[arg(long, global = true, default_value = "licentral-onprem.db")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serves an On-Prem portal, in lab or production mode, against a cloud in another process.
    Serve(Box<crate::platform::config::Settings>),
    /// The local account.
    Account {
        #[command(subcommand)]
        what: AccountWhat,
    },
    /// Asks the cloud to register the local account: over the network, or with a file to be carried there (--out).
    Register {
        /// Once more, with a new key: after a backup was restored, or when the cloud has another key. The cloud says yes
        /// by Re-register; then sequences begin at 1.
        #[arg(long)]
        again: bool,
        /// Why it is registered again, or the number of a case (with --again and --cloud).
        #[arg(long, requires_all = ["again", "cloud"])]
        reason: Option<String>,
        /// The registration request file to write.
        #[arg(long, conflicts_with = "cloud")]
        out: Option<PathBuf>,
        /// Address of the cloud, such as http://127.0.0.1:8080.
        #[arg(long, requires_all = ["account", "client_id", "client_secret"])]
        cloud: Option<String>,
        /// Number of the Smart Account.
        #[arg(long)]
        account: Option<i64>,
        /// Id of an API client of a Smart Account Administrator.
        #[arg(long)]
        client_id: Option<String>,
        /// Its secret.
        #[arg(long, allow_hyphen_values = true)]
        client_secret: Option<String>,
        /// Name of the Virtual Account that the local DEFAULT is bound to.
        #[arg(long)]
        virtual_account: Option<String>,
    },
    /// Takes in the authorization file that the cloud gave for the registration request.
    Authorize {
        /// The file.
        file: PathBuf,
        /// Address of the cloud, if it can be reached.
        #[arg(long)]
        cloud: Option<String>,
    },
    /// Local Virtual Accounts.
    VirtualAccount {
        #[command(subcommand)]
        what: PlaceWhat,
    },
    /// Local product instances, simulated.
    Device {
        #[command(subcommand)]
        what: DeviceWhat,
    },
    /// Prints what each local Virtual Account has of each license, and what is in use.
    Licenses,
    /// Transfers a product instance, or licenses, between local Virtual Accounts.
    Transfer {
        /// Serial number, or "PID SERIAL".
        #[arg(long, conflicts_with_all = ["license", "from", "quantity"])]
        device: Option<String>,
        /// The license.
        #[arg(long, requires = "from", required_unless_present = "device")]
        license: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 1)]
        quantity: i64,
        /// From which local Virtual Account.
        #[arg(long)]
        from: Option<String>,
        /// To which.
        #[arg(long)]
        to: String,
    },
    /// Synchronization with the cloud.
    Sync {
        #[command(subcommand)]
        what: SyncWhat,
    },
    /// Prints how everything stands.
    Status,
}

#[derive(Subcommand)]
enum AccountWhat {
    /// Makes it.
    New {
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// Deactivates it, when it has no product instance any more and the cloud knows.
    Deactivate {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Deletes it, when it is Inactive.
    Delete,
}

#[derive(Subcommand)]
enum PlaceWhat {
    /// Makes one.
    Add {
        /// Its name.
        name: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Prints them.
    List,
}

#[derive(Subcommand)]
enum DeviceWhat {
    /// Registers one; or many, with --count.
    Add {
        /// Product id.
        #[arg(long, default_value = "C9200-48P-E")]
        pid: String,
        /// Serial number; with --count, what the serial numbers begin with.
        #[arg(long)]
        serial: String,
        /// Host name.
        #[arg(long, default_value = "")]
        hostname: String,
        /// What kind of product it is.
        #[arg(long, default_value = "C9200 Series Switch")]
        product: String,
        /// Which software it runs.
        #[arg(long, default_value = "17.12.4")]
        software: String,
        /// The local Virtual Account.
        #[arg(long)]
        virtual_account: Option<String>,
        /// What it uses: ENTITLEMENT[=N], separated by commas; "none" for none.
        #[arg(long = "use", default_value = "c9200-ne-48,c9200-dna-e-48")]
        uses: String,
        /// So many at once.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        count: Option<u32>,
    },
    /// Removes one, or all of them.
    Remove {
        /// Serial number, or "PID SERIAL".
        #[arg(required_unless_present = "all")]
        device: Option<String>,
        /// Each of them.
        #[arg(long, conflicts_with = "device")]
        all: bool,
    },
    /// Prints them.
    List,
    /// Says what one uses now.
    Use {
        /// Serial number, or "PID SERIAL".
        device: String,
        /// ENTITLEMENT or ENTITLEMENT=NUMBER, each; "none" for none.
        #[arg(required = true, value_name = "ENTITLEMENT[=N]")]
        licenses: Vec<String>,
    },
}

#[derive(Subcommand)]
enum SyncWhat {
    /// Writes a synchronization file, to be carried to the cloud.
    Generate {
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Applies the response file that the cloud gave.
    Apply {
        /// The file.
        file: PathBuf,
    },
    /// Synchronizes over the network.
    Now,
    /// Synchronizes by itself: `sync run-due`, which a timer calls, does it when it is time.
    Schedule {
        /// The first day, such as 2026-12-01.
        #[arg(long, required_unless_present = "off")]
        start: Option<NaiveDate>,
        /// daily or weekly.
        #[arg(long, required_unless_present = "off")]
        frequency: Option<Frequency>,
        /// Time of day, UTC, such as 02:30.
        #[arg(long, value_parser = time_of_day, required_unless_present = "off")]
        time: Option<NaiveTime>,
        /// Not any more.
        #[arg(long, conflicts_with_all = ["start", "frequency", "time"])]
        off: bool,
    },
    /// Synchronizes over the network if the schedule says so.
    RunDue,
}

fn time_of_day(typed: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(typed, "%H:%M")
        .map_err(|_| "a time of day is HH:MM, from 00:00 to 23:59".to_owned())
}

/// Why it did not work.
enum Trouble {
    /// Something is wrong here.
    Own(String),
    /// A rule said no.
    Refused(String),
    /// The cloud did not answer.
    Unreachable(String),
}
impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Own(why)
    }
}
impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(_) | Error::Invalid(_) => Self::Refused(super::words(error)),
            other => Self::Own(super::words(other)),
        }
    }
}
impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(why) => Self::Refused(why),
            Failed::Unreachable(why) => Self::Unreachable(why),
        }
    }
}
type Done<T = ()> = Result<T, Trouble>;

/// Does what the command line says. Ends with 0 when it was done, 1 for what is wrong here, 2 for words that are not
/// known, 3 when a rule said no (here or in the cloud), 4 when the cloud did not answer.
pub fn run(args: OnPremArgs) -> ExitCode {
    let args = match args {
        OnPremArgs {
            what: What::Serve(settings),
            ..
        } => {
            return match super::serve::serve_on_prem(*settings) {
                Ok(()) => ExitCode::SUCCESS,
                Err(why) => {
                    super::complain(&why);
                    ExitCode::FAILURE
                }
            };
        }
        args => args,
    };
    let (why, code) = match Server::open(&args.data).and_then(|server| server.does(args.what)) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Trouble::Own(why)) => (why, 1),
        Err(Trouble::Refused(why)) => (why, REFUSED),
        Err(Trouble::Unreachable(why)) => (why, UNREACHABLE),
    };
    super::complain(&format!("% {why}"));
    ExitCode::from(code)
}

fn say(text: &str) -> Done {
    Ok(super::say(text.trim_end())?)
}

/// A file beside another: the same name, and more.
fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}

fn cannot(what: &str, path: &Path, e: &std::io::Error) -> Trouble {
    Trouble::Own(format!("{} cannot be {what}: {e}", path.display()))
}

fn read_file(path: &Path) -> Done<File> {
    File::open(path).map_err(|e| cannot("read", path, &e))
}

/// A new file that only its owner reads; one that is there is kept.
fn new_file(path: &Path) -> Done<File> {
    private::writing()
        .read(true)
        .create_new(true)
        .open(path)
        .map_err(|e| cannot("written", path, &e))
}

/// Files that are not to be left behind.
struct Scratch(PathBuf);
impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Server {
    data: PathBuf,
    inner: OnPrem,
    clock: Clock,
}

impl Server {
    fn open(data: &Path) -> Done<Self> {
        let url = format!("sqlite://{}", data.display());
        match migrate::compare(&url).map_err(|e| e.to_string())? {
            Schema::Current => {}
            Schema::Behind(_) => {
                migrate::run(&url).map_err(|e| e.to_string())?;
            }
            Schema::Ahead(_) => {
                return Err(
                    format!("{} was written by a newer program. Use that one.", data.display()).into(),
                );
            }
        }
        let clock = Clock::new();
        Ok(Self {
            data: data.to_owned(),
            inner: OnPrem::new(Db::open(&url)?, clock.clone()),
            clock,
        })
    }

    fn key_file(&self) -> PathBuf {
        beside(&self.data, ".key")
    }

    /// Where the key is kept with which it asked to be registered again.
    fn next_key_file(&self) -> PathBuf {
        beside(&self.data, ".key.next")
    }

    /// The key that is registered. A new one takes its place once the authorization for it has come.
    fn key(&self) -> Done<FileKey> {
        let (path, next) = (self.key_file(), self.next_key_file());
        if next.exists() {
            let key = key_in(&next).map_err(Trouble::Own)?;
            if self.inner.account()?.facts.public_key == key.public_key() {
                std::fs::rename(&next, &path).map_err(|e| cannot("written", &path, &e))?;
            }
        }
        key_in(&path).map_err(Trouble::Own)
    }

    /// The text of a registration file: with its key, or with a new one, which is the same until it is answered.
    fn registration(&self, again: bool) -> Done<String> {
        if !again {
            return Ok(self.inner.registration_file(&self.key()?)?);
        }
        let path = self.next_key_file();
        let asked = self.inner.account()?.facts.next_key;
        let key = match path.exists().then(|| key_in(&path)) {
            Some(Ok(key)) if asked.as_deref() == Some(key.public_key()) => key,
            _ => {
                let _ = std::fs::remove_file(&path);
                make_key(&path)?
            }
        };
        Ok(self.inner.registration_again(&key)?)
    }

    fn does(&self, what: What) -> Done {
        match what {
            What::Serve(_) => Err(Trouble::Own("serve opens no file of the command".to_owned())),
            What::Account { what } => self.account(what),
            What::Register {
                out: Some(out),
                again,
                ..
            } => {
                let text = self.registration(again)?;
                let mut file = new_file(&out)?;
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(|e| cannot("written", &out, &e))?;
                say(&format!(
                    "Written: {}. Bring it to the cloud: Devices, Device Connections, Device Managers, and there {}. Then bring back the authorization file: authorize FILE",
                    out.display(),
                    if again {
                        "Re-register in the menu of the device manager"
                    } else {
                        "register a device manager"
                    }
                ))
            }
            What::Register {
                cloud: Some(cloud),
                account: Some(account),
                client_id: Some(id),
                client_secret: Some(secret),
                virtual_account,
                again,
                reason,
                ..
            } => {
                let known = self.inner.account()?;
                let manager = known
                    .facts
                    .cloud
                    .as_ref()
                    .filter(|_| again)
                    .map(|cloud| cloud.manager);
                let (path, body) = match (manager, reason, virtual_account) {
                    (Some(manager), Some(reason), _) => (
                        format!("device-managers/{manager}/re-register"),
                        json!({ "reason": reason }),
                    ),
                    (Some(_), None, _) => {
                        return Err("Say why it is registered again: --reason.".to_owned().into());
                    }
                    (None, _, Some(place)) => (
                        "device-managers".to_owned(),
                        json!({ "name": known.name, "virtual_account": place }),
                    ),
                    (None, _, None) => {
                        return Err(
                            "Say which Virtual Account DEFAULT is bound to: --virtual-account."
                                .to_owned()
                                .into(),
                        );
                    }
                };
                let client = Client::of(&cloud)?;
                let token = client.token(&id, &secret)?;
                let mut body = body;
                if let Some(map) = body.as_object_mut() {
                    map.insert("registration".to_owned(), self.registration(again)?.into());
                }
                let authorization = client.register(&token, account, &path, &body)?;
                self.authorize(Cursor::new(authorization.into_bytes()), Some(&cloud))
            }
            What::Register { .. } => Err("Say --out FILE, or --cloud with all that belongs to it."
                .to_owned()
                .into()),
            What::Authorize { file, cloud } => self.authorize(read_file(&file)?, cloud.as_deref()),
            What::VirtualAccount { what } => match what {
                PlaceWhat::Add { name, description } => {
                    self.inner.add_place(&name, &description)?;
                    say(&format!("The local Virtual Account {name} is there."))
                }
                PlaceWhat::List => say(&show::places(&self.inner.places()?)),
            },
            What::Device { what } => self.device(what),
            What::Licenses => say(&show::licenses(&self.inner.holdings()?)),
            What::Transfer {
                device: Some(device),
                to,
                ..
            } => {
                self.inner.transfer_device(&device, &to)?;
                say(&format!("{device} is in {to} now."))
            }
            What::Transfer {
                license,
                quantity,
                from,
                to,
                ..
            } => {
                let (license, from) = (license.unwrap_or_default(), from.unwrap_or_default());
                self.inner.transfer_licenses(&license, quantity, &from, &to)?;
                say(&format!("{quantity} of {license} went from {from} to {to}."))
            }
            What::Sync { what } => self.sync(what),
            What::Status => say(&show::status(
                &self.inner.account()?,
                self.inner.count_devices()?,
                self.clock.now(),
            )),
        }
    }

    fn account(&self, what: AccountWhat) -> Done {
        match what {
            AccountWhat::New { name } => {
                let path = self.key_file();
                // A key that is there belongs to an account that was begun here; it is as good as a new one.
                let key = if path.exists() {
                    self.key()?
                } else {
                    make_key(&path)?
                };
                let made = self.inner.create_account(&name, &key)?;
                say(&format!(
                    "The local account {} is there, with the local Virtual Account DEFAULT. Its key is in {}: keep it as a secret. Next: register --out FILE",
                    made.name,
                    path.display()
                ))
            }
            AccountWhat::Deactivate { reason } => {
                self.inner.deactivate(&reason)?;
                say(
                    "The local account is Inactive. Next: account delete; and remove the device manager in the cloud.",
                )
            }
            AccountWhat::Delete => {
                let name = self.inner.delete()?;
                for more in [".key", ".key.next", ".pending.sync"] {
                    let _ = std::fs::remove_file(beside(&self.data, more));
                }
                say(&format!("The local account {name} is gone, and its key with it."))
            }
        }
    }

    fn authorize(&self, file: impl std::io::Read + std::io::Seek, cloud: Option<&str>) -> Done {
        let cloud = self.inner.authorize(file, cloud)?;
        self.key()?;
        say(&format!(
            "Registered with {} ({}), Smart Account {}, as {}. DEFAULT is bound to the Virtual Account {}.",
            cloud.smart_account_name, cloud.domain, cloud.smart_account, cloud.manager, cloud.virtual_account
        ))
    }

    fn device(&self, what: DeviceWhat) -> Done {
        match what {
            DeviceWhat::Add {
                pid,
                serial,
                hostname,
                product,
                software,
                virtual_account,
                uses,
                count,
            } => {
                let usage = needs(&[uses])?;
                let one = |serial: String, hostname: String| NewDevice {
                    pid: pid.clone(),
                    serial,
                    hostname,
                    product: product.clone(),
                    software: software.clone(),
                    place: virtual_account.clone(),
                    usage: usage.clone(),
                };
                let new: Vec<NewDevice> = match count {
                    None => vec![one(serial, hostname)],
                    Some(count) => (1..=count)
                        .map(|n| one(format!("{serial}{n:07}"), format!("{hostname}{n}")))
                        .collect(),
                };
                self.inner.add_devices(&new)?;
                say(&format!(
                    "Registered: {}. The cloud learns of it with the next synchronization.",
                    new.len()
                ))
            }
            DeviceWhat::Remove { all: true, .. } => {
                let count = self.inner.remove_all_devices()?;
                say(&format!(
                    "Removed: {}. The cloud learns of it with the next synchronization.",
                    counted(count, "product instance", "product instances")
                ))
            }
            DeviceWhat::Remove { device, .. } => {
                let name = self.inner.remove_device(&device.unwrap_or_default())?;
                say(&format!(
                    "{name} is removed. The cloud learns of it with the next synchronization."
                ))
            }
            DeviceWhat::List => {
                let mut none = true;
                self.inner.each_device(&mut |one, place| {
                    none = false;
                    super::say(&show::device(one, place)).map_err(Error::internal)
                })?;
                if none {
                    say("There are no product instances.")
                } else {
                    Ok(())
                }
            }
            DeviceWhat::Use { device, licenses } => {
                self.inner.device_uses(&device, needs(&licenses)?)?;
                say("Reported. The cloud learns of it with the next synchronization.")
            }
        }
    }

    fn sync(&self, what: SyncWhat) -> Done {
        match what {
            SyncWhat::Generate { out } => {
                let header = self.generate(&out)?;
                say(&format!(
                    "Written: {} (synchronization file {}, {}, {} of usage). Upload it in the cloud: Devices, Device Connections, Device Managers, Upload sync file. Then bring back the response file: sync apply FILE",
                    out.display(),
                    header.sequence,
                    counted(header.devices, "product instance", "product instances"),
                    counted(header.usages, "line", "lines")
                ))
            }
            SyncWhat::Apply { file } => {
                let answered = self.inner.apply(read_file(&file)?, &Limits::default())?;
                say(&show::answered(&answered))
            }
            SyncWhat::Now => self.now(),
            SyncWhat::Schedule { off: true, .. } => {
                self.inner.schedule(None)?;
                say("It does not synchronize by itself any more.")
            }
            SyncWhat::Schedule {
                start: Some(start),
                frequency: Some(frequency),
                time: Some(time),
                ..
            } => {
                let next = self.inner.schedule(Some((start, frequency, time)))?;
                say(&format!(
                    "{frequency} at {} UTC, next on {}. Let a timer call \"sync run-due\" every few minutes.",
                    time.format("%H:%M"),
                    next.map(crate::kernel::Moment::words).unwrap_or_default()
                ))
            }
            SyncWhat::Schedule { .. } => {
                Err("Say --start, --frequency and --time, or --off.".to_owned().into())
            }
            SyncWhat::RunDue => {
                if self.inner.take_turn()? {
                    self.now()
                } else {
                    say("Nothing is due.")
                }
            }
        }
    }

    /// Writes a synchronization file: beside its place first, so that there is never half a one.
    fn generate(&self, out: &Path) -> Done<crate::sync::format::SyncHeader> {
        if out.exists() {
            return Err(format!("{} is there already. Name another file.", out.display()).into());
        }
        let key = self.key()?;
        let (body, whole) = (Scratch(beside(out, ".body.tmp")), Scratch(beside(out, ".tmp")));
        for old in [&body, &whole] {
            let _ = std::fs::remove_file(&old.0);
        }
        let mut file = new_file(&whole.0)?;
        let (header, _) = self.inner.generate(&key, new_file(&body.0)?, &mut file)?;
        file.sync_all()
            .and_then(|()| std::fs::rename(&whole.0, out))
            .map_err(|e| cannot("written", out, &e))?;
        Ok(header)
    }

    /// Synchronizes over the network. A file that was sent and not answered is sent again, the very same: the cloud
    /// gives the same answer to it, however often.
    fn now(&self) -> Done {
        let account = self.inner.account()?;
        let url = account.cloud()?.url.clone().ok_or_else(|| {
            "No address of the cloud is known. Carry files by hand (sync generate, sync apply), or say it: authorize FILE --cloud URL".to_owned()
        })?;
        if account.facts.state != LocalState::Active {
            return Err("The local account is not Active.".to_owned().into());
        }
        let client = Client::of(&url)?;
        self.inner.sync_begins()?;
        let done = self.exchange(&client);
        if let Err(trouble) = &done {
            let (Trouble::Own(why) | Trouble::Refused(why) | Trouble::Unreachable(why)) = trouble;
            self.inner.sync_failed(why)?;
        }
        say(&show::answered(&done?))
    }

    fn exchange(&self, client: &Client) -> Done<Answered> {
        let pending = beside(&self.data, ".pending.sync");
        if pending.exists() {
            match send(client, &pending)? {
                Ok(response) => {
                    self.inner.apply(Cursor::new(response), &Limits::default())?;
                }
                // It is of no use any more; a new one says everything.
                Err(Failed::Refused(_)) => {}
                Err(failed @ Failed::Unreachable(_)) => return Err(failed.into()),
            }
            std::fs::remove_file(&pending).map_err(|e| cannot("removed", &pending, &e))?;
        }
        self.generate(&pending)?;
        let response = match send(client, &pending)? {
            Ok(response) => response,
            Err(failed) => {
                if matches!(failed, Failed::Refused(_)) {
                    let _ = std::fs::remove_file(&pending);
                }
                return Err(failed.into());
            }
        };
        let answered = self.inner.apply(Cursor::new(response), &Limits::default())?;
        let _ = std::fs::remove_file(&pending);
        Ok(answered)
    }
}

/// Sends a synchronization file.
fn send(client: &Client, path: &Path) -> Done<Result<Vec<u8>, Failed>> {
    let mut file = read_file(path)?;
    let length = file.metadata().map_err(|e| cannot("read", path, &e))?.len();
    Ok(client.sync(&mut file, length))
}

/// A new key in a file of its own.
fn make_key(path: &Path) -> Done<FileKey> {
    let (key, secret) = FileKey::make()?;
    let mut file = new_file(path)?;
    file.write_all(secret.reveal().as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| cannot("written", path, &e))?;
    Ok(key)
}

/// The key of an On-Prem server, from its file.
pub fn key_in(path: &Path) -> Result<FileKey, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("The key file {} cannot be read: {e}", path.display()))?;
    FileKey::kept(&Secret::new(text.trim()))
        .ok_or_else(|| format!("The key file {} is damaged.", path.display()))
}

fn needs(words: &[String]) -> Result<Vec<(String, i64)>, String> {
    Ok(super::device::parse_needs(words)?
        .into_iter()
        .map(|need| (need.entitlement, need.quantity))
        .collect())
}
