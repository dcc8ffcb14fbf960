//! `licentral run`: a script that was written for the vendor, unchanged, and led to a portal of ours. The command is started
//! with a proxy and a certificate to believe; the vendor's hosts lead to the portal, every other host is refused. Where the
//! system allows it, the command has a network of its own with no other way out.

#[cfg(target_os = "linux")]
mod network;
mod proxy;
mod record;
mod relay;
mod targets;
mod trust;

use super::complain;
use clap::Args;
#[cfg(target_os = "linux")]
use network::Network;
#[cfg(target_os = "linux")]
pub use network::WithinArgs;
use proxy::Proxy;
use record::Record;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus};
use targets::Targets;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use trust::Trust;

/// When the run itself fails, as with other programs that start one.
const OWN_FAILURE: u8 = 125;
const NOT_STARTED: u8 = 126;
const NOT_FOUND: u8 = 127;

/// The status to end with, and why.
type Failed = (u8, String);

/// What can be said to `licentral run`.
#[derive(Args)]
pub struct RunArgs {
    /// The portal that answers for the vendor's cloud.
    #[arg(long, value_name = "ADDRESS", default_value = "http://127.0.0.1:8080")]
    portal: String,
    /// The portal that answers for the script's On-Prem server.
    #[arg(long, value_name = "ADDRESS", default_value = "http://127.0.0.1:8081")]
    on_prem: String,
    /// By what name, or address, the script calls its On-Prem server: on any port, or on one (NAME:8443). May be repeated.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    on_prem_host: Vec<String>,
    /// A file to which each call with its answer is added, as one line of JSON, without secrets.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// A port of this machine that the command needs, such as 6379 for a Redis server. May be repeated.
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    local_port: Vec<u16>,
    /// Leave the command this machine's network. A program that asks for no proxy is then neither led nor held.
    #[arg(long)]
    open_network: bool,
    /// The command, and what belongs to it.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    command: Vec<OsString>,
}

/// Runs the command to its end. Its status is ours; where a signal ended it, 128 and the signal's number.
pub fn run(args: RunArgs) -> ExitCode {
    ended(led(args))
}

/// Runs a command in a network of its own, for a run outside.
#[cfg(target_os = "linux")]
pub fn within(args: WithinArgs) -> ExitCode {
    ended(network::within(args))
}

fn ended(run: impl Future<Output = Result<u8, Failed>>) -> ExitCode {
    let system = actix_web::rt::System::new();
    let code = system.block_on(run).unwrap_or_else(|(code, why)| {
        complain(&format!("licentral run: {why}"));
        code
    });
    // A call to a portal may still be waited for, by nobody.
    std::mem::forget(system);
    ExitCode::from(code)
}

async fn led(args: RunArgs) -> Result<u8, Failed> {
    let own = |why: String| (OWN_FAILURE, why);
    let targets = Targets::of(&args.portal, &args.on_prem, &args.on_prem_host).map_err(own)?;
    let trust = Trust::make(&targets.names()).map_err(own)?;
    let record = args
        .record
        .as_deref()
        .map(Record::open)
        .transpose()
        .map_err(own)?;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|e| own(e.to_string()))?;
    let port = listener.local_addr().map_err(|e| own(e.to_string()))?.port();
    let held = hold(&args, &trust, &targets, port);
    let is_held = held.is_some();
    let mut command = held.map_or_else(|| plain(&args.command), Ok)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "not a setting of ours: what the command would get is added to"
    )]
    command.envs(trust.environment(port, |name| std::env::var_os(name)));
    let proxy = Proxy::new(targets, trust.front.clone(), record).map_err(own)?;
    // Before there is anybody who would have to be told.
    let signals = Signals::listen().map_err(|e| own(e.to_string()))?;
    let child = start(command)?;
    let serving = actix_web::rt::spawn(proxy.clone().serve(listener));
    let status = signals.until_end(child).await.map_err(|e| own(e.to_string()))?;
    serving.abort();
    if proxy.connections.get() == 0 && !is_held {
        complain("licentral run: no call of the command came this way.");
    }
    Ok(code_of(status))
}

/// The command in a network of its own. None where it is not wanted, or where the system gives none, which is said.
#[cfg(target_os = "linux")]
fn hold(args: &RunArgs, trust: &Trust, targets: &Targets, port: u16) -> Option<Command> {
    if args.open_network {
        return None;
    }
    let held = Network::make(trust.folder(), targets, port, &args.local_port)
        .and_then(|network| network.command(&args.command).map_err(|e| e.to_string()));
    held.inspect_err(|why| tell_unheld(why)).ok()
}

#[cfg(not(target_os = "linux"))]
fn hold(args: &RunArgs, _trust: &Trust, _targets: &Targets, _port: u16) -> Option<Command> {
    if !args.open_network {
        tell_unheld("only Linux does");
    }
    None
}

fn tell_unheld(why: &str) {
    complain(&format!(
        "licentral run: this system gives the command no network of its own ({why}). A program that does not read HTTPS_PROXY is not led, and nothing keeps it from the real hosts. --open-network leaves this line out."
    ));
}

/// The command as it was typed.
fn plain(command: &[OsString]) -> Result<Command, Failed> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| (OWN_FAILURE, "There is no command.".to_owned()))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

fn start(mut command: Command) -> Result<Child, Failed> {
    command.spawn().map_err(|e| {
        let code = if e.kind() == ErrorKind::NotFound {
            NOT_FOUND
        } else {
            NOT_STARTED
        };
        let program = command.get_program().to_string_lossy();
        (code, format!("{program} cannot be started: {e}"))
    })
}

/// The code of a shell for how a process ended.
fn code_of(status: ExitStatus) -> u8 {
    let signal = || status.signal().map(|number| 128 + number);
    let code = status.code().or_else(signal).unwrap_or(i32::from(OWN_FAILURE));
    u8::try_from(code).unwrap_or(OWN_FAILURE)
}

/// Signals that are the command's business: who sends them here means the command.
struct Signals {
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    terminate: Signal,
    /// At a terminal the keys' signals reach the command by themselves, and need not be sent a second time.
    is_at_terminal: bool,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            is_at_terminal: std::fs::File::open("/dev/tty").is_ok(),
        })
    }

    /// Waits for the command, and hands on what comes meanwhile.
    async fn until_end(mut self, mut child: Child) -> std::io::Result<ExitStatus> {
        let id = child.id().to_string();
        let end = actix_web::rt::task::spawn_blocking(move || child.wait());
        tokio::pin!(end);
        loop {
            let (name, is_of_keys) = tokio::select! {
                ended = &mut end => return ended.map_err(std::io::Error::other)?,
                _ = self.interrupt.recv() => ("INT", true),
                _ = self.quit.recv() => ("QUIT", true),
                _ = self.hangup.recv() => ("HUP", true),
                _ = self.terminate.recv() => ("TERM", false),
            };
            if is_of_keys && self.is_at_terminal {
                continue;
            }
            // By a shell: sending a signal is not among what the standard library can do safely.
            let _ = Command::new("sh")
                .args(["-c", "kill -s \"$0\" \"$1\"", name, &id])
                .status();
        }
    }
}
