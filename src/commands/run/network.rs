//! A network of the command's own, in which there is this machine's loopback and nothing else. A program that asks its
//! environment for no proxy is led all the same: the vendor's names stand in its file of hosts, and the ports of this
//! network lead to the proxy. Whatever else it looks up or opens, it finds no way out.
//!
//! Linux gives that to everybody who may make a user namespace. The program `unshare` makes it, and this program is started
//! once more within: it sets up what is there, starts the command and waits for it.

use super::targets::Targets;
use super::{Failed, OWN_FAILURE, Signals, code_of, start};
use clap::Args;
use rustix::mount::mount_bind;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// How `unshare` is asked: first as root, who needs no user namespace and keeps the files of others, then as anybody.
const WAYS: &[&[&str]] = &[
    &["--net", "--mount"],
    &["--user", "--map-current-user", "--keep-caps", "--net", "--mount"],
];

const HOSTS: &str = "/etc/hosts";

/// Where services of this machine look up names for a process, past the network.
const RESOLVERS: &[&str] = &[
    "/run/systemd/resolve",
    "/run/nscd",
    "/run/avahi-daemon",
    "/var/lib/sss/pipes",
];

/// What the part within is told. Nobody else calls it.
#[derive(Args)]
pub struct WithinArgs {
    /// The folder of the run.
    folder: PathBuf,
    /// The ports that lead to the proxy.
    #[arg(long, value_delimiter = ',')]
    ports: Vec<u16>,
    /// The ports that lead to the same ones of this machine.
    #[arg(long, value_delimiter = ',')]
    local: Vec<u16>,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// A network that was tried.
pub struct Network {
    folder: PathBuf,
    ports: BTreeSet<u16>,
    local: BTreeSet<u16>,
    way: &'static [&'static str],
}

impl Network {
    /// Makes one for the proxy on this port, in the run's folder; `local` are ports of this machine that are there too. An
    /// error says why this system gives none.
    pub fn make(folder: &Path, targets: &Targets, proxy_port: u16, local: &[u16]) -> Result<Self, String> {
        let cannot = |e: std::io::Error| e.to_string();
        let names: Vec<String> = targets.names().into_iter().filter(|name| is_name(name)).collect();
        let before = std::fs::read_to_string(HOSTS).unwrap_or_default();
        let hosts = format!("127.0.0.1 {}\n{before}", names.join(" "));
        std::fs::write(folder.join("hosts"), hosts).map_err(cannot)?;
        std::fs::create_dir(folder.join("nothing")).map_err(cannot)?;
        let ports: BTreeSet<u16> = targets.ports().chain([80, 443, proxy_port]).collect();
        let local: BTreeSet<u16> = local
            .iter()
            .copied()
            .filter(|port| !ports.contains(port))
            .collect();
        let ways = local.iter().map(|port| (port.to_string(), *port));
        for (name, port) in ways.chain([(PROXY.to_owned(), proxy_port)]) {
            let (listener, _folder) = bind(folder, &name).map_err(cannot)?;
            actix_web::rt::spawn(let_out(listener, port));
        }
        let mut network = Self {
            folder: folder.to_owned(),
            ports,
            local,
            way: &[],
        };
        let mut why = String::new();
        for way in WAYS {
            network.way = way;
            // Everything that is set up for a command, and no command.
            match network.command(&[]).and_then(|mut command| command.output()) {
                Ok(tried) if tried.status.success() => return Ok(network),
                Ok(tried) => {
                    String::from_utf8_lossy(&tried.stderr).trim().clone_into(&mut why);
                }
                Err(error) => why = format!("unshare: {error}"),
            }
        }
        Err(why)
    }

    /// How a command is started within.
    pub fn command(&self, command: &[OsString]) -> std::io::Result<Command> {
        let listed = |ports: &BTreeSet<u16>| -> String {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            ports.join(",")
        };
        let mut outer = Command::new("unshare");
        outer
            .args(self.way)
            .arg("--")
            .arg(std::env::current_exe()?)
            .args(["within", "--ports", &listed(&self.ports)]);
        if !self.local.is_empty() {
            outer.args(["--local", &listed(&self.local)]);
        }
        outer.arg(&self.folder).arg("--").args(command);
        Ok(outer)
    }
}

fn is_name(host: &str) -> bool {
    host != "localhost" && host.parse::<std::net::IpAddr>().is_err()
}

/// What the way to the proxy is called; one to a port of this machine is called by its number.
const PROXY: &str = "proxy";

/// Leads whoever comes out of the command's network to a port of this machine.
async fn let_out(listener: UnixListener, port: u16) {
    while let Ok((mut from, _)) = listener.accept().await {
        actix_web::rt::spawn(async move {
            let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            copy_bidirectional(&mut from, &mut to).await
        });
    }
}

/// A socket between the two networks. A path to it may be longer than the address of a socket can be, so that it is named
/// by the folder's descriptor, which has to live as long as the address is needed.
fn way(folder: &Path, name: &str) -> std::io::Result<(PathBuf, File)> {
    let folder = File::open(folder)?;
    let path = format!("/proc/self/fd/{}/way-{name}", folder.as_raw_fd());
    Ok((path.into(), folder))
}

fn bind(folder: &Path, name: &str) -> std::io::Result<(UnixListener, File)> {
    let (path, folder) = way(folder, name)?;
    Ok((UnixListener::bind(path)?, folder))
}

/// The part within: sets up the network, runs the command, and ends as it does.
pub async fn within(args: WithinArgs) -> Result<u8, Failed> {
    let own = |why: String| (OWN_FAILURE, why);
    wake_loopback().map_err(|e| own(format!("the loopback device: {e}")))?;
    replace(&args.folder).map_err(|e| own(format!("the names of hosts: {e}")))?;
    let to_proxy = args.ports.iter().map(|port| (*port, PROXY.to_owned()));
    let local = args.local.iter().map(|port| (*port, port.to_string()));
    for (port, name) in to_proxy.chain(local) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|e| own(format!("port {port}: {e}")))?;
        actix_web::rt::spawn(lead(listener, args.folder.clone(), name));
    }
    if args.command.is_empty() {
        return Ok(0);
    }
    let signals = Signals::listen().map_err(|e| own(e.to_string()))?;
    let child = start(super::plain(&args.command)?)?;
    let status = signals.until_end(child).await.map_err(|e| own(e.to_string()))?;
    Ok(code_of(status))
}

/// Leads whoever comes to a port to a way out.
async fn lead(listener: TcpListener, folder: PathBuf, name: String) {
    while let Ok((mut from, _)) = listener.accept().await {
        let way = way(&folder, &name);
        actix_web::rt::spawn(async move {
            let (path, _folder) = way?;
            let mut to = UnixStream::connect(path).await?;
            copy_bidirectional(&mut from, &mut to).await
        });
    }
}

/// Puts the run's file of hosts in place of the machine's, and hides services that look up names.
fn replace(folder: &Path) -> std::io::Result<()> {
    mount_bind(folder.join("hosts"), HOSTS)?;
    for resolver in RESOLVERS {
        if Path::new(resolver).is_dir() {
            mount_bind(folder.join("nothing"), *resolver)?;
        }
    }
    Ok(())
}

/// A new network has a loopback device that is down. Asks the kernel to bring it up (netlink, RTM_NEWLINK), and reads
/// whether it did.
fn wake_loopback() -> std::io::Result<()> {
    const LENGTH: u32 = 32;
    const RTM_NEWLINK: u16 = 16;
    /// NLM_F_REQUEST and NLM_F_ACK.
    const FLAGS: u16 = 1 | 4;
    /// Always the first device of a network.
    const LOOPBACK: u32 = 1;
    const IFF_UP: u32 = 1;
    let mut ask = Vec::new();
    ask.extend(LENGTH.to_ne_bytes());
    ask.extend(RTM_NEWLINK.to_ne_bytes());
    ask.extend(FLAGS.to_ne_bytes());
    // Sequence and port, family and kind of device: none is needed.
    ask.extend([0; 12]);
    ask.extend(LOOPBACK.to_ne_bytes());
    ask.extend(IFF_UP.to_ne_bytes());
    ask.extend(IFF_UP.to_ne_bytes());
    let kernel = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // The protocol of routes and devices is number 0, the usual one.
        None,
    )?;
    rustix::io::write(&kernel, &ask)?;
    let mut answer = [0; 128];
    let length = rustix::io::read(&kernel, &mut answer)?;
    // Behind the head of 16 bytes: 0, or the number of an error, negative.
    let code = answer.get(16..20).filter(|_| length >= 20);
    let code = code
        .and_then(|bytes| bytes.try_into().ok())
        .map(i32::from_ne_bytes);
    match code {
        Some(0) => Ok(()),
        Some(error) => Err(std::io::Error::from_raw_os_error(-error)),
        None => Err(std::io::ErrorKind::InvalidData.into()),
    }
}
