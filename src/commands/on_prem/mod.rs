//! An On-Prem server on the command line: a thin caller of what its portal does, on the same database. Whoever may read the
//! database and its keys may do everything, so nobody signs in; the record says that it was done by command.

mod inside;
mod server;
mod show;
mod sync;

use crate::error::Error;
use crate::kernel::Edition;
use crate::platform::private;
use clap::{Args, Subcommand};
use server::Server;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use server::key_of;

/// How it ends when a rule, here or in the cloud, said no, or the cloud did not answer.
const REFUSED: u8 = 3;

/// An On-Prem server.
#[derive(Args)]
pub struct OnPremArgs {
    /// The database of the server: a SQLite file (licentral-on-prem.db when nothing is said), or an address such as
    /// postgres://user:password@host/database.
    #[arg(
        long,
        global = true,
        env = "LICENTRAL_ON_PREM_DATABASE_URL",
        hide_env_values = true
    )]
    data: Option<String>,
    /// The file of the server's keys. Without it: the one beside the database, licentral-on-prem.key.
    #[arg(long, global = true)]
    keys: Option<PathBuf>,
    /// Name or number of the On-Prem account, when the server has several.
    #[arg(long, global = true)]
    account: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serves an On-Prem portal, in lab or production mode, against a cloud in another process.
    Serve(Box<crate::platform::config::Settings>),
    /// Takes over the file in which this command kept an account before there was an On-Prem portal. Its key is read from
    /// the file beside it.
    Adopt {
        /// The file, such as licentral-onprem.db.
        file: PathBuf,
        /// "Email for Notification" of the account.
        #[arg(long)]
        email: String,
    },
    /// On-Prem accounts.
    Account {
        #[command(subcommand)]
        what: AccountWhat,
    },
    /// Approves a request and has the account registered by the cloud: over the network, or with a file to be carried there
    /// (--out).
    Register {
        /// An account that is registered already, once more, with a new key: after a backup was restored, or when the cloud
        /// has another key.
        #[arg(long)]
        again: bool,
        /// Why it is registered again, or the number of a case (with --again and --cloud).
        #[arg(long, requires_all = ["again", "cloud"])]
        reason: Option<String>,
        /// The registration file to write.
        #[arg(long, conflicts_with = "cloud", required_unless_present = "cloud")]
        out: Option<PathBuf>,
        /// Address of the cloud, such as http://127.0.0.1:8080.
        #[arg(long, requires_all = ["client_id", "client_secret"])]
        cloud: Option<String>,
        /// Id of an API client of somebody of the cloud who may set up an On-Prem account there.
        #[arg(long, allow_hyphen_values = true)]
        client_id: Option<String>,
        /// Its secret.
        #[arg(long, allow_hyphen_values = true)]
        client_secret: Option<String>,
    },
    /// Takes in the authorization file that the cloud gave for the registration file.
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
    /// Product instances of the account.
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
    /// Requests one. Next it is registered.
    New {
        /// "Account Name".
        #[arg(long)]
        name: String,
        /// "Cisco Smart Account": its name, domain identifier or number.
        #[arg(long)]
        smart_account: String,
        /// "Cisco Virtual Account", to which DEFAULT is bound.
        #[arg(long)]
        virtual_account: String,
        /// "Email for Notification".
        #[arg(long)]
        email: String,
    },
    /// Deactivates it, when it has no product instance any more and the cloud knows.
    Deactivate {
        /// Why. The requester is sent it.
        #[arg(long)]
        reason: String,
    },
    /// Deletes it, when it is Inactive or its request was rejected.
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
    /// Generates a registration token, good for 30 days: product instances register with it at the address of the served
    /// portal.
    Token {
        /// The local Virtual Account; DEFAULT when nothing is said.
        #[arg(long)]
        virtual_account: Option<String>,
    },
    /// Not here: a product instance registers itself, at the address of the served portal.
    Add {
        /// Whatever was said before.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        _words: Vec<String>,
    },
    /// Not here: a product instance reports itself what it uses.
    Use {
        /// Whatever was said before.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        _words: Vec<String>,
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
    /// Sets the schedule of the server, by which its accounts synchronize while it is served.
    Schedule {
        /// "Start Date", such as 2026-12-01.
        #[arg(long, required_unless_present = "off")]
        start: Option<String>,
        /// "Frequency": daily, weekly or monthly.
        #[arg(long, required_unless_present = "off")]
        frequency: Option<String>,
        /// "Time of Day", UTC, such as 02:30.
        #[arg(long, required_unless_present = "off")]
        time: Option<String>,
        /// No schedule any more.
        #[arg(long, conflicts_with_all = ["start", "frequency", "time"])]
        off: bool,
    },
    /// Synchronizes the accounts whose turn it is by the schedule: for a server that is not served all the time.
    RunDue,
}

/// Why it did not work.
enum Trouble {
    /// Something is wrong here.
    Own(String),
    /// A rule said no, or the cloud did, or it did not answer.
    Refused(String),
}
impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Own(why)
    }
}
impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let is_refusal = matches!(error, Error::Refused(_) | Error::Invalid(_));
        let why = Edition::OnPrem.words(&super::words(error)).into_owned();
        if is_refusal {
            Self::Refused(why)
        } else {
            Self::Own(why)
        }
    }
}
type Done<T = ()> = Result<T, Trouble>;

/// Does what the command line says. Ends with 0 when it was done, 1 for what is wrong here, 2 for words that are not known, 3
/// when a rule said no (here or in the cloud) or the cloud did not answer.
pub fn run(args: OnPremArgs) -> ExitCode {
    let (why, code) = match does(args) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Trouble::Own(why)) => (why, 1),
        Err(Trouble::Refused(why)) => (why, REFUSED),
    };
    super::complain(&format!("% {why}"));
    ExitCode::from(code)
}

fn does(args: OnPremArgs) -> Done {
    let OnPremArgs {
        data,
        keys,
        account,
        what,
    } = args;
    let data = data.as_deref();
    let open = |may_make| Server::open(data, keys.as_deref(), account.as_deref(), may_make);
    match what {
        What::Serve(mut settings) => {
            if let Some(data) = data
                && settings.database_url == "sqlite://licentral.db"
            {
                settings.database_url = server::address(Some(data));
            }
            if let Some(keys) = &keys {
                settings.key_file.clone_from(keys);
            }
            Ok(super::serve::serve_on_prem(*settings)?)
        }
        What::Adopt { file, email } => open(true)?.adopt(&file, &email),
        What::Account { what } => match what {
            AccountWhat::New {
                name,
                smart_account,
                virtual_account,
                email,
            } => open(true)?.request(&name, &smart_account, &virtual_account, &email),
            AccountWhat::Deactivate { reason } => open(false)?.deactivate(&reason),
            AccountWhat::Delete => open(false)?.delete(),
        },
        What::Register {
            out: Some(out),
            again,
            ..
        } => open(false)?.register_by_file(&out, again),
        What::Register {
            cloud,
            client_id,
            client_secret,
            again,
            reason,
            ..
        } => open(false)?.register_over_network(
            crate::local_accounts::ApiClient {
                cloud: cloud.unwrap_or_default(),
                id: client_id.unwrap_or_default(),
                secret: client_secret.unwrap_or_default(),
            },
            again,
            &reason.unwrap_or_default(),
        ),
        What::Authorize { file, cloud } => open(false)?.authorize(&file, cloud.as_deref()),
        What::VirtualAccount { what } => match what {
            PlaceWhat::Add { name, description } => open(false)?.add_place(&name, &description),
            PlaceWhat::List => open(false)?.places(),
        },
        What::Device { what } => device(open, what),
        What::Licenses => open(false)?.licenses(),
        What::Transfer {
            device: Some(device),
            to,
            ..
        } => open(false)?.transfer_device(&device, &to),
        What::Transfer {
            license,
            quantity,
            from,
            to,
            ..
        } => open(false)?.transfer_licenses(
            &license.unwrap_or_default(),
            quantity,
            &from.unwrap_or_default(),
            &to,
        ),
        What::Sync { what } => sync(&open(false)?, what),
        What::Status => open(false)?.status(),
    }
}

fn device(open: impl Fn(bool) -> Done<Server>, what: DeviceWhat) -> Done {
    match what {
        DeviceWhat::Remove { device, .. } => open(false)?.remove_devices(device.as_deref()),
        DeviceWhat::List => open(false)?.devices(),
        DeviceWhat::Token { virtual_account } => open(false)?.token(virtual_account.as_deref()),
        DeviceWhat::Add { .. } => Err(Trouble::Own(
            "A product instance registers itself, at the address at which this server is served (licentral on-prem serve). Generate a token (device token, or New Token on the tab General of a local Virtual Account in the portal); then: licentral device license smart register idtoken TOKEN --portal ADDRESS; or many at once: licentral device fleet --count N --token TOKEN --portal ADDRESS".to_owned(),
        )),
        DeviceWhat::Use { .. } => Err(Trouble::Own(
            "A product instance reports itself what it uses: licentral device use ENTITLEMENT[=N], in the folder where it keeps its state.".to_owned(),
        )),
    }
}

fn sync(server: &Server, what: SyncWhat) -> Done {
    match what {
        SyncWhat::Generate { out } => server.generate(&out),
        SyncWhat::Apply { file } => server.apply(&file),
        SyncWhat::Now => server.now(),
        SyncWhat::Schedule { off: true, .. } => server.schedule(None),
        SyncWhat::Schedule {
            start,
            frequency,
            time,
            ..
        } => server.schedule(Some((
            &start.unwrap_or_default(),
            &frequency.unwrap_or_default(),
            &time.unwrap_or_default(),
        ))),
        SyncWhat::RunDue => server.run_due(),
    }
}

fn say(text: &str) -> Done {
    Ok(super::say(text.trim_end())?)
}

fn cannot(what: &str, path: &Path, e: &std::io::Error) -> Trouble {
    Trouble::Own(format!("{} cannot be {what}: {e}", path.display()))
}

fn read_file(path: &Path) -> Done<Vec<u8>> {
    std::fs::read(path).map_err(|e| cannot("read", path, &e))
}

/// Writes a new file that only its owner reads; one that is there is kept. Half a one is not left behind.
fn write_new(path: &Path, bytes: &[u8]) -> Done {
    let mut file: File = private::writing()
        .create_new(true)
        .open(path)
        .map_err(|e| cannot("written", path, &e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| {
        let _ = std::fs::remove_file(path);
        cannot("written", path, &e)
    })
}
