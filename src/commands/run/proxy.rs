//! The proxy that a command is led through. It knows a handful of hosts and where they lead; of all others it looks nothing
//! up and opens nothing.

use super::record::Record;
use super::targets::{ANY_PORT, Asked, Target, Targets};
use crate::platform::portal_calls;
use crate::platform::tls::{Front, Hello};
use actix_http::body::BoxBody;
use actix_http::{HttpMessage, HttpService, Request, Response, StatusCode};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_service};
use actix_web::rt;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The longest head of a request to the proxy, in bytes.
const MOST_HEAD: usize = 16 * 1024;
/// How long a command may take to begin, after it has opened a connection.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a portal may take with one call: longer than the longest fault of a lab.
const LONGEST_CALL: Duration = Duration::from_mins(10);

/// The proxy of one run.
pub struct Proxy {
    pub(super) targets: Targets,
    pub(super) agent: ureq::Agent,
    pub(super) record: Option<Record>,
    front: Arc<Front>,
    /// Of what was told already, so that a program that tries again and again does not fill the terminal.
    told: RefCell<BTreeSet<String>>,
    /// How many connections came.
    pub(super) connections: Cell<u64>,
}

impl Proxy {
    /// Calls the portals itself, by no other proxy.
    pub fn new(targets: Targets, front: Arc<Front>, record: Option<Record>) -> Result<Rc<Self>, String> {
        let agent = portal_calls::agent(LONGEST_CALL)?
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(10)))
            .allow_non_standard_methods(true)
            .accept("")
            .accept_encoding("")
            .user_agent("")
            .build()
            .new_agent();
        Ok(Rc::new(Self {
            targets,
            agent,
            record,
            front,
            told: RefCell::default(),
            connections: Cell::new(0),
        }))
    }

    /// Takes connections until nobody waits for it any more.
    pub async fn serve(self: Rc<Self>, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            self.connections.set(self.connections.get() + 1);
            let _ = stream.set_nodelay(true);
            let proxy = self.clone();
            rt::spawn(async move {
                // Whatever the command does to its connection is no fault of ours.
                let _ = proxy.connection(stream).await;
            });
        }
    }

    async fn connection(self: Rc<Self>, mut stream: TcpStream) -> std::io::Result<()> {
        match tokio::time::timeout(PATIENCE, beginning(&stream)).await?? {
            Begins::Connect(head) => {
                let mut read = vec![0; head.len()];
                stream.read_exact(&mut read).await?;
                let named = head.split_whitespace().nth(1).unwrap_or_default();
                self.tunnel(stream, named).await
            }
            Begins::Tls => self.secure(stream, None).await,
            // Each request names its host.
            Begins::Request => {
                self.http(stream, None).await;
                Ok(())
            }
        }
    }

    /// Opens the way to a host for whatever comes then: TLS, or requests as they are.
    async fn tunnel(self: Rc<Self>, mut stream: TcpStream, named: &str) -> std::io::Result<()> {
        let Some(asked) = Asked::of(named, 443) else {
            let answer = raw(
                400,
                "This is no host and port",
                "CONNECT takes a host and a port.",
            );
            return stream.write_all(answer.as_bytes()).await;
        };
        if self.targets.lead(&asked).is_none() {
            let says = self.refuse(&asked);
            let reason = format!("{asked} is refused by licentral run");
            return stream.write_all(raw(403, &reason, &says).as_bytes()).await;
        }
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        match tokio::time::timeout(PATIENCE, beginning(&stream)).await?? {
            Begins::Tls => self.secure(stream, Some(asked)).await,
            _ => {
                self.http(stream, Some(asked)).await;
                Ok(())
            }
        }
    }

    /// Requests within TLS. Where no tunnel has named the host, TLS itself does: a program was led here below its own notice.
    async fn secure(self: Rc<Self>, stream: TcpStream, tunnel: Option<Asked>) -> std::io::Result<()> {
        let hello = tokio::time::timeout(PATIENCE, Hello::of(stream)).await??;
        let Some(asked) = tunnel.or_else(|| Asked::of(&hello.host()?, ANY_PORT)) else {
            self.tell("a connection was refused that does not say to which host.");
            return Ok(());
        };
        if self.targets.lead(&asked).is_none() {
            self.refuse(&asked);
            return Ok(());
        }
        match tokio::time::timeout(PATIENCE, self.front.answer(hello)).await? {
            Ok(stream) => self.http(stream, Some(asked)).await,
            Err(error) => self.tell(&format!(
                "TLS with the command failed for {asked}: {error}. Does it believe the authority in SSL_CERT_FILE?"
            )),
        }
        Ok(())
    }

    /// Answers the requests of a connection: all for one host in a tunnel, otherwise each for the host that it names.
    async fn http<S>(self: &Rc<Self>, stream: S, tunnel: Option<Asked>)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let proxy = self.clone();
        let answer = move |req: Request| {
            let (proxy, tunnel) = (proxy.clone(), tunnel.clone());
            async move { Ok::<Response<BoxBody>, Infallible>(proxy.answer(req, tunnel).await) }
        };
        let service = HttpService::build()
            .client_request_timeout(PATIENCE)
            .keep_alive(PATIENCE)
            .h1(fn_service(answer).into_factory())
            .new_service(());
        if let Ok(service) = service.await {
            let _ = service.call((stream, None)).await;
        }
    }

    async fn answer(&self, req: Request, tunnel: Option<Asked>) -> Response<BoxBody> {
        let asked = tunnel.or_else(|| {
            let uri = req.uri();
            let usual = if uri.scheme_str() == Some("https") {
                443
            } else {
                80
            };
            match uri.authority() {
                Some(authority) => Asked::of(authority.as_str(), usual),
                None => Asked::of(req.headers().get("host")?.to_str().ok()?, usual),
            }
        });
        let Some(asked) = asked else {
            return told(
                StatusCode::BAD_REQUEST,
                "This is a proxy: the request has to name a host.",
            );
        };
        let Some(target) = self.targets.lead(&asked) else {
            return told(StatusCode::FORBIDDEN, &self.refuse(&asked));
        };
        self.relay(req, &asked, target).await
    }

    /// Says that a host is not reached, to whoever sits at the terminal.
    fn refuse(&self, asked: &Asked) -> String {
        let says = format!(
            "{asked} is not one of the vendor's hosts, so nothing was sent there, and its name was not looked up. If it stands for the script's On-Prem server, run with --on-prem-host {}.",
            asked.host
        );
        self.tell(&says);
        if let Some(record) = &self.record {
            self.keep(record.refused(&asked.to_string()));
        }
        says
    }

    /// Says something once.
    pub(super) fn tell(&self, says: &str) {
        if self.told.borrow_mut().insert(says.to_owned()) {
            crate::commands::complain(&format!("licentral run: {says}"));
        }
    }

    /// What became of a line of the record.
    pub(super) fn keep(&self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.tell(&format!("the record could not be written: {error}"));
        }
    }

    /// Where a call goes, for messages.
    pub(super) fn unreachable(&self, target: &Target, error: &ureq::Error) -> Response<BoxBody> {
        let says = format!(
            "The portal at {} gave no answer: {error}. Is it running, and is the address right (--portal, --on-prem)?",
            target.url
        );
        self.tell(&says);
        told(StatusCode::BAD_GATEWAY, &says)
    }
}

/// How a connection begins.
enum Begins {
    /// With the head of a CONNECT request.
    Connect(String),
    /// With TLS.
    Tls,
    /// With another request.
    Request,
}

/// Looks how a connection begins, and leaves it unread.
async fn beginning(stream: &TcpStream) -> std::io::Result<Begins> {
    const CONNECT: &[u8] = b"CONNECT ";
    /// The first byte of TLS.
    const HANDSHAKE: u8 = 0x16;
    let mut seen = vec![0; MOST_HEAD];
    loop {
        let length = stream.peek(&mut seen).await?;
        let seen = seen.get(..length).unwrap_or_default();
        if seen.first() == Some(&HANDSHAKE) {
            return Ok(Begins::Tls);
        }
        if length == 0 || !CONNECT.iter().zip(seen).all(|(a, b)| a == b) {
            return Ok(Begins::Request);
        }
        if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = seen.get(..end + 4).unwrap_or_default();
            return String::from_utf8(head.to_vec())
                .map(Begins::Connect)
                .map_err(|_| std::io::ErrorKind::InvalidData.into());
        }
        if length == MOST_HEAD {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// An answer in the vendor's shape: scripts read a body before they look at the status.
fn body(says: &str) -> String {
    json!({ "status": "ERROR", "statusMessage": says }).to_string()
}

pub(super) fn told(status: StatusCode, says: &str) -> Response<BoxBody> {
    Response::build(status)
        .insert_header(("content-type", "application/json"))
        .body(body(says))
        .map_into_boxed_body()
}

/// An answer to CONNECT. Many programs show nothing of it but the words behind the status.
fn raw(status: u16, reason: &str, says: &str) -> String {
    let body = body(says);
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
