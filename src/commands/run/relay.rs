//! One call: from the command to the portal, and its answer back.

use super::proxy::{Proxy, told};
use super::record::{Answer, Call};
use super::targets::{Asked, Target};
use actix_http::body::{BoxBody, SizedStream};
use actix_http::{HttpMessage, Request, Response, StatusCode};
use actix_web::rt::task::spawn_blocking;
use actix_web::web::Bytes;
use futures_util::StreamExt;
use std::io::Read;
use std::time::Instant;

/// The largest body of a call, in bytes, and of an answer.
const MOST_BODY: usize = 16 * 1024 * 1024;
const MOST_ANSWER: u64 = 64 * 1024 * 1024;

/// What belongs to a connection and not to a call. What is compressed could not be recorded.
const OF_THE_CONNECTION: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a portal answered. A body that ended before its time ends so for the command, too.
struct Got {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// How many bytes were announced, where fewer came.
    announced: Option<u64>,
}

impl Proxy {
    /// Sends a call to where its host leads.
    pub(super) async fn relay(&self, mut req: Request, asked: &Asked, target: &Target) -> Response<BoxBody> {
        let began = Instant::now();
        let mut payload = req.take_payload();
        let mut body = Vec::new();
        while let Some(piece) = payload.next().await {
            let Ok(piece) = piece else {
                return told(StatusCode::BAD_REQUEST, "The body ended before its time.");
            };
            body.extend_from_slice(&piece);
            if body.len() > MOST_BODY {
                return told(StatusCode::PAYLOAD_TOO_LARGE, "The body has more than 16 MiB.");
            }
        }
        let outgoing = match outgoing(&req, target) {
            Ok(outgoing) => outgoing,
            Err(error) => {
                return told(
                    StatusCode::BAD_REQUEST,
                    &format!("This cannot be passed on: {error}"),
                );
            }
        };
        let (agent, sent) = (self.agent.clone(), body.clone());
        let got = spawn_blocking(move || send(&agent, outgoing, sent)).await;
        let got = match got {
            Ok(Ok(got)) => got,
            Ok(Err(error)) => return self.unreachable(target, &error),
            Err(_) => return told(StatusCode::BAD_GATEWAY, "The call was given up."),
        };
        if let Some(record) = &self.record {
            let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let headers = req.headers().iter().map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            });
            let call = Call {
                host: &asked.to_string(),
                method: req.method().as_str(),
                path: req.path(),
                query: req.uri().query().unwrap_or_default(),
                headers: headers.collect(),
                body: &body,
            };
            let answered = got
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()));
            let answer = Answer {
                status: got.status,
                headers: answered.collect(),
                body: &got.body,
            };
            self.keep(record.call(&call, &answer, micros));
        }
        incoming(got)
    }
}

/// The request as the portal gets it: called by its own name, at its own address.
fn outgoing(req: &Request, target: &Target) -> Result<ureq::http::Request<()>, ureq::http::Error> {
    let path = req.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut builder = ureq::http::Request::builder()
        .method(req.method().as_str())
        .uri(format!("{}{path}", target.url))
        .header("host", &target.authority);
    for (name, value) in req.headers() {
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            builder = builder.header(name.as_str(), value.as_bytes());
        }
    }
    builder.body(())
}

fn send(agent: &ureq::Agent, request: ureq::http::Request<()>, body: Vec<u8>) -> Result<Got, ureq::Error> {
    let mut answer = match request.method().as_str() {
        "POST" | "PUT" | "PATCH" => agent.run(request.map(|()| body))?,
        // Some scripts send a body where none belongs.
        "GET" if !body.is_empty() => with_body(agent.get(request.uri()), request.headers(), &body)?,
        "DELETE" if !body.is_empty() => with_body(agent.delete(request.uri()), request.headers(), &body)?,
        _ => agent.run(request)?,
    };
    let headers: Vec<(String, Vec<u8>)> = answer
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    let announced = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok());
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    let read = answer
        .body_mut()
        .with_config()
        .limit(MOST_ANSWER)
        .reader()
        .read_to_end(&mut body);
    Ok(Got {
        status,
        headers,
        announced: read.is_err().then_some(announced.unwrap_or(u64::MAX)),
        body,
    })
}

fn with_body(
    mut sending: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    headers: &ureq::http::HeaderMap,
    body: &[u8],
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    if let Some(own) = sending.headers_mut() {
        own.clone_from(headers);
    }
    sending.force_send_body().send(body)
}

fn incoming(got: Got) -> Response<BoxBody> {
    let status = StatusCode::from_u16(got.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::build(status);
    for (name, value) in &got.headers {
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            response.append_header((name.as_str(), value.as_slice()));
        }
    }
    match got.announced {
        None => response.body(got.body).map_into_boxed_body(),
        Some(announced) => {
            let cut = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            let pieces = futures_util::stream::iter([Ok(Bytes::from(got.body)), Err(cut)]);
            response
                .body(SizedStream::new(announced, pieces))
                .map_into_boxed_body()
        }
    }
}
