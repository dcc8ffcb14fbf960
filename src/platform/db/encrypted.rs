//! TLS to PostgreSQL. The client library that is built in speaks none: with it OpenSSL would come into the program. So it
//! connects to a socket in a folder that is ours alone, where a relay within this process takes what it says, speaks TLS with
//! the server, and carries bytes both ways ([decision 27]).
//!
//! [decision 27]: ../../../docs/decisions/0027-tls-to-postgresql-by-a-relay.md

use super::address::{Address, Encryption};
use super::hosts::Host;
use crate::platform::tls_client::Seen;
use crate::platform::token;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc};

/// How the folders of relays are called.
const FOLDER: &str = "licentral-db-";
/// "Let us speak TLS": a message of eight bytes with the number that PostgreSQL has for it.
const TLS_WANTED: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// The first message of a client is not longer, says the server.
const LONGEST_HELLO: usize = 10_000;
/// No message before somebody is let in is longer.
const LONGEST: usize = 65_536;
/// The name of the protocol within TLS.
const PROTOCOL: &[u8] = b"postgresql";

/// Carries the connections of one address. Dropping it ends the sockets; connections that stand go on to their own end.
pub struct Relay {
    folder: PathBuf,
    url: String,
    /// What libpq calls each host, and what it is.
    names: Vec<(String, String)>,
    ends: Arc<Notify>,
}

/// A server, and how it is spoken to.
struct Server {
    host: String,
    port: u16,
    patience: Duration,
    encryption: Encryption,
}

/// What bytes are carried over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Relay {
    /// Listens for libpq.
    pub fn start(address: &Address, encryption: &Encryption) -> Result<Arc<Self>, String> {
        let folder = make_folder()?;
        let mut relay = Self {
            url: address.through(&folder),
            folder,
            names: Vec::new(),
            ends: Arc::default(),
        };
        let mut listeners = Vec::new();
        for (host, number) in address.hosts.iter().zip(1..) {
            if let Host::Network { name, port } = host {
                let socket = relay.folder.join(format!(".s.PGSQL.{number}"));
                let listener = std::os::unix::net::UnixListener::bind(&socket)
                    .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
                    .map_err(|e| cannot(&relay.folder, &e))?;
                let server = Server {
                    host: name.clone(),
                    port: *port,
                    patience: address.patience(),
                    encryption: encryption.clone(),
                };
                listeners.push((listener, Arc::new(server)));
                let called = format!("connection to server on socket \"{}\" failed: ", socket.display());
                relay.names.push((called, format!("{host}: ")));
            }
        }
        let runtime = runtime()?;
        let ends = relay.ends.clone();
        std::thread::Builder::new()
            .name("database-tls".to_owned())
            .spawn(move || runtime.block_on(serve(listeners, &ends)))
            .map_err(|e| format!("no thread for TLS to the database: {e}"))?;
        Ok(Arc::new(relay))
    }

    /// What libpq is to connect to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What libpq said, with the names of the servers in place of those of sockets.
    pub fn in_words(&self, said: &str) -> String {
        let mut words = said.trim().replace("FATAL:  ", "");
        for (called, host) in &self.names {
            words = words.replace(called, host);
        }
        words
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ends.notify_one();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("TLS to the database cannot be set up: {e}"))
}

fn cannot(folder: &Path, why: &std::io::Error) -> String {
    format!(
        "TLS to the database needs a folder for sockets, and {} does not serve: {why}. Name a short one that can be written in TMPDIR.",
        folder.display()
    )
}

/// Makes a folder that only this user may enter: whoever connects to its sockets speaks with the server.
fn make_folder() -> Result<PathBuf, String> {
    let within = std::env::temp_dir();
    sweep(&within);
    let name: String = token::random().chars().take(12).collect();
    let folder = within.join(format!("{FOLDER}{name}"));
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .map_err(|e| cannot(&folder, &e))?;
    Ok(folder)
}

/// Removes the folders of processes that were killed: nobody listens in them. One that is being made has no sockets yet, or has
/// them for a moment only.
fn sweep(within: &Path) {
    for entry in std::fs::read_dir(within).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(FOLDER);
        let is_old = entry
            .metadata()
            .and_then(|facts| facts.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age.as_secs() > 60));
        if !is_ours || !is_old {
            continue;
        }
        let sockets = std::fs::read_dir(entry.path()).into_iter().flatten().flatten();
        let is_dead = sockets
            .map(|socket| std::os::unix::net::UnixStream::connect(socket.path()))
            .all(|tried| tried.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused));
        if is_dead {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Accepts until the relay is dropped, and then waits for the connections that are open.
async fn serve(listeners: Vec<(std::os::unix::net::UnixListener, Arc<Server>)>, ends: &Notify) {
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let mut accepting = Vec::new();
    for (listener, server) in listeners {
        match UnixListener::from_std(listener) {
            Ok(listener) => accepting.push(tokio::spawn(accept(listener, server, open.clone()))),
            Err(error) => tracing::error!(%error, "TLS to the database cannot be set up"),
        }
    }
    ends.notified().await;
    for one in accepting {
        one.abort();
    }
    drop(open);
    let _ = all_closed.recv().await;
}

async fn accept(listener: UnixListener, server: Arc<Server>, open: mpsc::Sender<()>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (server, open) = (server.clone(), open.clone());
                tokio::spawn(async move {
                    server.carry(stream).await;
                    drop(open);
                });
            }
            // No more files may be opened: it gets better when something is closed.
            Err(error) => {
                tracing::warn!(%error, "a connection to the database cannot be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Server {
    /// One connection, from its first byte to its end.
    async fn carry(&self, mut inner: UnixStream) {
        let Ok(hello) = first_message(&mut inner).await else {
            return;
        };
        let opened = tokio::time::timeout(self.patience * 2, self.open(&hello, &mut inner)).await;
        let why = match opened {
            Ok(Ok(mut outer)) => {
                let _ = copy_bidirectional(&mut inner, &mut outer).await;
                return;
            }
            Ok(Err(why)) => why,
            Err(_) => "does not answer".to_owned(),
        };
        let _ = inner.write_all(&refusal(&why)).await;
    }

    /// A connection to the server, on which the first message was sent and answered.
    async fn open(&self, hello: &[u8], inner: &mut UnixStream) -> Result<Box<dyn Stream>, String> {
        let mut outer = self.reach().await?;
        let said = async {
            outer.write_all(hello).await?;
            outer.flush().await?;
            pass_first_answer(&mut outer, inner).await
        };
        said.await
            .map_err(|e| self.encryption.client.words(&e, &self.host))?;
        Ok(outer)
    }

    /// A connection to the server, in TLS if it is to be.
    async fn reach(&self) -> Result<Box<dyn Stream>, String> {
        let mut stream = self.connect().await?;
        if self.speaks_tls(&mut stream).await? {
            let client = &self.encryption.client;
            return Ok(Box::new(client.connect(stream, &self.host, PROTOCOL).await?));
        }
        if self.encryption.may_be_clear {
            return Ok(Box::new(stream));
        }
        Err(
            "the server speaks no TLS (ssl is off there), and DATABASE_URL asks for it with sslmode"
                .to_owned(),
        )
    }

    /// Each address of the host, until one answers.
    async fn connect(&self) -> Result<TcpStream, String> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|e| format!("the name cannot be found: {e}"))?;
        let mut why = "the name has no address".to_owned();
        for address in found {
            match tokio::time::timeout(self.patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    notice_silence(&stream).map_err(|e| e.to_string())?;
                    return Ok(stream);
                }
                Ok(Err(error)) => why = format!("cannot be reached: {error}"),
                Err(_) => "does not answer".clone_into(&mut why),
            }
        }
        Err(why)
    }

    /// Asks whether the server speaks TLS. Of the answer one byte is read and no more: what follows is believed only when it is
    /// within TLS.
    async fn speaks_tls(&self, stream: &mut TcpStream) -> Result<bool, String> {
        let mut answer = [0];
        let asked = async {
            stream.write_all(&TLS_WANTED).await?;
            stream.read_exact(&mut answer).await
        };
        asked
            .await
            .map_err(|e| format!("the server hung up when it was asked for TLS: {e}"))?;
        match answer {
            [b'S'] => Ok(true),
            [b'N'] => Ok(false),
            _ => Err(
                "the server does not know the question for TLS, or is too busy. Its own log says more"
                    .to_owned(),
            ),
        }
    }
}

/// As `address.rs` has it for libpq.
fn notice_silence(stream: &TcpStream) -> std::io::Result<()> {
    use rustix::net::sockopt;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(5))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(2))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, 10_000)?;
    Ok(())
}

/// What libpq says first: four bytes of length, themselves counted, and the rest.
async fn first_message(inner: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    inner.read_exact(&mut length).await?;
    let whole = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(8..=LONGEST_HELLO).contains(&whole) {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut message = length.to_vec();
    message.resize(whole, 0);
    if let Some(rest) = message.get_mut(4..) {
        inner.read_exact(rest).await?;
    }
    Ok(message)
}

/// Hands on how the server wants to know who it is. Of the ways that it offers the one is left out that is bound to TLS
/// (SCRAM-SHA-256-PLUS): libpq is not within it, and takes the offer for an attack.
async fn pass_first_answer(outer: &mut dyn Stream, inner: &mut UnixStream) -> std::io::Result<()> {
    const NEGOTIATES: u8 = b'v';
    loop {
        let mut head = [0; 5];
        outer.read_exact(&mut head).await?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=LONGEST).contains(&length) {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length - 4];
        outer.read_exact(&mut body).await?;
        if kind == b'R' {
            body = without_binding(body);
        }
        inner.write_all(&message(kind, &body)).await?;
        if kind != NEGOTIATES {
            return Ok(());
        }
    }
}

/// A message of the server: its kind, its length without the kind, and what it says.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// Names of ways to sign in, each with a zero behind it, and a zero at the end.
fn without_binding(body: Vec<u8>) -> Vec<u8> {
    const SASL: [u8; 4] = [0, 0, 0, 10];
    let Some(offered) = body.strip_prefix(&SASL) else {
        return body;
    };
    let mut kept = SASL.to_vec();
    for name in offered.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        if !name.ends_with(b"-PLUS") {
            kept.extend_from_slice(name);
            kept.push(0);
        }
    }
    kept.push(0);
    kept
}

/// What libpq takes for the server's word that it cannot be used now, whereupon it goes on to the next host.
fn refusal(why: &str) -> Vec<u8> {
    const CANNOT_CONNECT_NOW: &str = "57P03";
    let body = format!("SFATAL\0VFATAL\0C{CANNOT_CONNECT_NOW}\0M{why}\0\0");
    message(b'E', body.as_bytes())
}

/// How it stands with TLS to a database.
#[derive(Debug)]
pub enum Standing {
    /// What is said stays on this computer.
    NotNeeded,
    /// It goes over the network in the clear, to these hosts.
    Clear(String),
    /// Each host, with what was seen of it, or why it does not serve.
    Encrypted(Vec<(String, Result<Seen, String>)>),
}

/// Shakes hands with each host of an address.
pub fn look(url: &str) -> Result<Standing, String> {
    if url.starts_with("sqlite://") {
        return Ok(Standing::NotNeeded);
    }
    let address = Address::parse(url)?;
    let Some(encryption) = address.encryption()? else {
        return Ok(if address.hosts.iter().any(Host::is_elsewhere) {
            Standing::Clear(address.shown())
        } else {
            Standing::NotNeeded
        });
    };
    let runtime = runtime()?;
    let mut seen = Vec::new();
    for host in &address.hosts {
        if let Host::Network { name, port } = host {
            let server = Server {
                host: name.clone(),
                port: *port,
                patience: address.patience(),
                encryption: encryption.clone(),
            };
            seen.push((host.to_string(), runtime.block_on(server.look())));
        }
    }
    Ok(Standing::Encrypted(seen))
}

impl Server {
    async fn look(&self) -> Result<Seen, String> {
        let looked = async {
            let mut stream = self.connect().await?;
            if !self.speaks_tls(&mut stream).await? {
                return Err("the server speaks no TLS (ssl is off there)".to_owned());
            }
            let client = &self.encryption.client;
            let stream = client.connect(stream, &self.host, PROTOCOL).await?;
            Ok(Seen::of(&stream))
        };
        tokio::time::timeout(self.patience * 2, looked)
            .await
            .unwrap_or_else(|_| Err("does not answer".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_sign_in_that_is_bound_to_tls_is_left_out() {
        let body = |names: &str| [&[0, 0, 0, 10][..], names.as_bytes()].concat();
        assert_eq!(
            without_binding(body("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")),
            body("SCRAM-SHA-256\0\0")
        );
        // Every other question stays as it is.
        for other in [&[0, 0, 0, 0][..], &[0, 0, 0, 5, 1, 2, 3, 4], b"abc"] {
            assert_eq!(without_binding(other.to_vec()), other);
        }
    }

    #[test]
    fn folders_are_ours_alone_and_go_with_the_relay() {
        use std::os::unix::fs::PermissionsExt;
        let address = Address::parse("postgres://127.0.0.1:1/db?sslmode=require").unwrap();
        let encryption = address.encryption().unwrap().unwrap();
        let relay = Relay::start(&address, &encryption).unwrap();
        let folder = relay.folder.clone();
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        // Others' sockets are listened to, so they stay.
        sweep(&std::env::temp_dir());
        assert!(folder.join(".s.PGSQL.1").exists());
        drop(relay);
        assert!(!folder.exists());
    }
}
