//! `licentral lab listen`: shows the events of an account as they happen, and passes them on to an address. The lab sends
//! them here as a webhook; what the address answers goes back, and so stands in the delivery.

use super::client::{Client, Failed};
use super::words::ListenArgs;
use super::{Told, text};
use crate::commands::{complain, say};
use crate::http::widgets::counted;
use crate::platform::reach::{Caller, Network, Reach};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The longest line of a head, and the most lines.
const LINE: u64 = 8 * 1024;
const LINES: usize = 100;
/// The most bytes of a body.
const BODY: usize = 1024 * 1024;
/// So long the portal may take over a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens until it is interrupted, the time is over or so many events have come.
pub fn listen(client: &Client, args: &ListenArgs, as_json: bool) -> Result<Told, Failed> {
    let here = |error: std::io::Error| Failed::Unreachable(format!("This computer cannot listen: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").map_err(here)?;
    let address = listener.local_addr().map_err(here)?;
    let body = json!({
        "account": args.account,
        "url": format!("http://{address}/"),
        "name": args.name,
        "kinds": args.kinds,
    });
    let said = client.send("POST", "listeners", &body)?;
    if !as_json {
        tell(&format!(
            "Listening to {}. It is signed with {}.",
            args.account,
            text(&said, "secret")
        ));
    }
    let over = Arc::new(AtomicBool::new(false));
    wait_for_the_end(address, over.clone(), args.lasts);
    let heard = serve(&listener, &over, args, as_json);
    client.delete(&format!("listeners/{}", text(&said, "id")))?;
    Ok(Told::good(
        format!("{} heard.", counted(heard, "event was", "events were")),
        json!({ "heard": heard }),
    ))
}

fn tell(line: &str) {
    let _ = say(line);
}

/// Wakes the listener when it is interrupted or the time is over.
fn wait_for_the_end(address: SocketAddr, over: Arc<AtomicBool>, lasts: Option<i64>) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            let time = async {
                match lasts.and_then(|seconds| u64::try_from(seconds).ok()) {
                    Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = time => {}
            }
        });
        over.store(true, Ordering::Release);
        let _ = TcpStream::connect(address);
    });
}

/// Takes one request after the other; says how many events came.
fn serve(listener: &TcpListener, over: &AtomicBool, args: &ListenArgs, as_json: bool) -> u64 {
    let everywhere = ["0.0.0.0/0", "::/0"]
        .into_iter()
        .filter_map(|one| Network::parse(one).ok());
    let caller = Reach::new(true, everywhere.collect()).caller();
    let mut heard = 0;
    for stream in listener.incoming().flatten() {
        if over.load(Ordering::Acquire) {
            break;
        }
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let Some((headers, body)) = read(&stream) else {
            answer(&stream, 400, "");
            continue;
        };
        let (status, answered) = pass_on(&caller, args.forward_to.as_deref(), &headers, &body);
        show(&headers, &body, status, as_json);
        answer(&stream, status, &answered);
        heard += 1;
        if args.count.is_some_and(|count| heard >= count) {
            break;
        }
    }
    heard
}

/// The headers, by their names in small letters, and the body of a request.
fn read(stream: &TcpStream) -> Option<(Vec<(String, String)>, String)> {
    let mut reader = BufReader::new(stream);
    let line = |reader: &mut BufReader<&TcpStream>| {
        let mut line = String::new();
        reader.by_ref().take(LINE).read_line(&mut line).ok()?;
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    };
    line(&mut reader)?;
    let mut headers = Vec::new();
    loop {
        let one = line(&mut reader)?;
        if one.is_empty() {
            break;
        }
        let (name, value) = one.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        if headers.len() > LINES {
            return None;
        }
    }
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .filter(|length| *length <= BODY)?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, String::from_utf8(body).ok()?))
}

fn header<'a>(headers: &'a [(String, String)], wanted: &str) -> &'a str {
    headers
        .iter()
        .find(|(name, _)| name == wanted)
        .map_or("", |(_, value)| value)
}

/// What the address answers; 204 where there is none.
fn pass_on(caller: &Caller, to: Option<&str>, headers: &[(String, String)], body: &str) -> (u16, String) {
    let Some(to) = to else {
        return (204, String::new());
    };
    let ours: Vec<(&str, String)> = headers
        .iter()
        .filter(|(name, _)| name.starts_with("licentral-"))
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    match caller.post(to, &ours, body) {
        Ok(answered) => (answered.status, answered.body),
        Err(why) => {
            complain(&format!("{to}: {why}"));
            (502, why)
        }
    }
}

/// One line of an event, or its body.
fn show(headers: &[(String, String)], body: &str, status: u16, as_json: bool) {
    if as_json {
        tell(body);
        return;
    }
    let said: Value = serde_json::from_str(body).unwrap_or_default();
    let event = said.get("event").unwrap_or(&Value::Null);
    tell(&format!(
        "{}  {}  {} [{status}]",
        text(event, "at"),
        header(headers, "licentral-event"),
        text(event, "message")
    ));
}

fn answer(mut stream: &TcpStream, status: u16, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 {status} .\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}
