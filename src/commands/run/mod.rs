//! `licentral run`: a script that was written for the vendor, unchanged, and led to a portal of ours. The command is started
//! with a proxy and a certificate to believe; the vendor's hosts lead to the portal, every other host is refused.

mod proxy;
mod record;
mod relay;
mod targets;
mod trust;

use super::complain;
use clap::Args;
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
    let system = actix_web::rt::System::new();
    let code = system.block_on(led(args)).unwrap_or_else(|(code, why)| {
        complain(&format!("licentral run: {why}"));
        code
    });
    // A call to a portal may still be waited for, by nobody.
    std::mem::forget(system);
    ExitCode::from(code)
}

async fn led(args: RunArgs) -> Result<u8, (u8, String)> {
    let own = |why: String| (OWN_FAILURE, why);
    let targets = Targets::of(&args.portal, &args.on_prem, &args.on_prem_host).map_err(own)?;
    let trust = Trust::make(&targets.names()).map_err(own)?;
    let record = args
        .record
        .as_deref()
        .map(Record::open)
        .transpose()
        .map_err(own)?;
    let proxy = Proxy::new(targets, trust.front.clone(), record).map_err(own)?;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|e| own(e.to_string()))?;
    let port = listener.local_addr().map_err(|e| own(e.to_string()))?.port();
    // Before there is anybody who would have to be told.
    let signals = Signals::listen().map_err(|e| own(e.to_string()))?;
    let child = start(&args.command, &trust, port)?;
    let serving = actix_web::rt::spawn(proxy.clone().serve(listener));
    let status = signals.until_end(child).await.map_err(|e| own(e.to_string()))?;
    serving.abort();
    if proxy.connections.get() == 0 {
        complain(
            "licentral run: no call of the command came this way. A program that does not read HTTPS_PROXY is not led, and nothing keeps it from the real hosts.",
        );
    }
    Ok(code_of(status))
}

#[expect(
    clippy::disallowed_methods,
    reason = "not a setting of ours: what the command would get is added to"
)]
fn start(command: &[OsString], trust: &Trust, port: u16) -> Result<Child, (u8, String)> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| (OWN_FAILURE, "There is no command.".to_owned()))?;
    Command::new(program)
        .args(arguments)
        .envs(trust.environment(port, |name| std::env::var_os(name)))
        .spawn()
        .map_err(|e| {
            let code = if e.kind() == ErrorKind::NotFound {
                NOT_FOUND
            } else {
                NOT_STARTED
            };
            (
                code,
                format!("{} cannot be started: {e}", program.to_string_lossy()),
            )
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
