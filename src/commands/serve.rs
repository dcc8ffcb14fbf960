//! `licentral serve`: from the settings to a portal that answers, and back to a clean stop.

use super::{checked, say};
use crate::app::{self, Parts};
use crate::http::{Portal, server};
use crate::identity;
use crate::kernel::Clock;
use crate::platform::config::{Config, Settings};
use crate::platform::db::{Db, Schema, migrate};
use crate::platform::mail::Transport;
use crate::platform::signing::Signing;
use crate::platform::{settings, telemetry};
use crate::simulator::scenario;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::sync::Notify;

pub fn serve(settings: Settings) -> Result<(), String> {
    let config = checked(settings)?;
    telemetry::start(&config.log);
    let db = open_database(&config)?;
    let clock = Clock::new();
    let signing = Signing::open(&config.key_file, config.is_lab(), &config.base_url)?;
    let transport = Transport::of(&config)?;
    let parts = app::build(config, db, clock, transport, signing)?;
    let listener = TcpListener::bind(parts.portal.config.listen)
        .map_err(|e| format!("cannot listen on {}: {e}. Another program may be using the port; choose another with --listen 127.0.0.1:8081.", parts.portal.config.listen))?;
    let first = scenario::fill_if_empty(&parts.portal)
        .map_err(|e| format!("the scenario could not be loaded: {e:?}"))?;
    greet(&parts.portal, first.as_deref())?;
    if let Some(link) = identity::bootstrap(&parts.portal)
        .map_err(|e| format!("the link for the first operator could not be made: {e:?}"))?
    {
        say(&format!(
            "\nNobody can sign in yet. Open this address within an hour to become the first operator; it works once:\n{link}"
        ))?;
    }
    actix_web::rt::System::new()
        .block_on(run(parts, listener))
        .map_err(|e| e.to_string())
}

/// Opens the database at the right schema: a lab brings it up to date by itself, production is told what to do.
fn open_database(config: &Config) -> Result<Db, String> {
    let url = &config.database_url;
    let schema = migrate::compare(url).map_err(|e| format!("cannot open the database: {e}"))?;
    match schema {
        Schema::Current => {}
        Schema::Behind(_) if config.is_lab() => {
            migrate::run(url).map_err(|e| format!("the database could not be brought up to date: {e}"))?;
        }
        Schema::Behind(steps) => {
            return Err(format!(
                "The database lacks {} steps of this program's schema. Make a backup, then run: licentral migrate",
                steps.len()
            ));
        }
        Schema::Ahead(steps) => {
            return Err(format!(
                "The database was used by a newer Licentral (it has the steps {}, which this program does not know). Start that program, or restore a backup.",
                steps.join(", ")
            ));
        }
    }
    Db::open(url)
}

fn greet(portal: &Portal, first: Option<&str>) -> Result<(), String> {
    let url = &portal.config.base_url;
    if let Some(words) = first {
        say(words)?;
    }
    if portal.config.is_lab() {
        say(&format!(
            "Licentral is ready: {url}\n\nFirst thing to try: open {url}/login, choose Pat Quill (pat@bramwell.example) and request a Smart Account for a customer.\n\
             Every letter the portal sends is in {url}/simulator/mailbox. Everyone's password is licentral-demo.\n\
             A simulation. Not affiliated with or endorsed by Cisco. Stop with Ctrl+C."
        ))
    } else {
        say(&format!("Licentral is ready: {url}"))
    }
}

/// Serves until a signal, then finishes what is under way.
async fn run(parts: Parts, listener: TcpListener) -> std::io::Result<()> {
    let portal = parts.portal.clone();
    if portal.config.is_lab()
        && let Err(error) = settings::follow_clock(&portal.db, &portal.clock).await
    {
        tracing::warn!(%error, "the clock's setting could not be read");
    }
    let stop = Arc::new(Notify::new());
    let server = server::build(portal.clone(), parts.routes, listener)?;
    let handle = server.handle();
    let jobs = actix_web::rt::spawn(portal.jobs.clone().keep_running(stop.clone()));
    let metrics = match portal.config.metrics_listen {
        Some(at) => Some(actix_web::rt::spawn(serve_metrics(
            TcpListener::bind(at)?,
            portal.clone(),
        ))),
        None => None,
    };
    actix_web::rt::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping");
        handle.stop(true).await;
    });
    let served = server.await;
    stop.notify_one();
    let _ = jobs.await;
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    served
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}

/// The second listener: counters, and what stands behind "ready".
async fn serve_metrics(listener: TcpListener, portal: Portal) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    if listener.set_nonblocking(true).is_err() {
        return;
    }
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            continue;
        };
        let portal = portal.clone();
        actix_web::rt::spawn(async move {
            let mut head = [0; 1024];
            let Ok(Ok(read)) =
                tokio::time::timeout(std::time::Duration::from_secs(2), stream.read(&mut head)).await
            else {
                return;
            };
            let line = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
            let (status, body) = if line.starts_with("GET /metrics ") {
                ("200 OK", telemetry::print())
            } else if line.starts_with("GET /readyz ") {
                let outbox = portal.db.read(|r| crate::platform::mail::counts(r)).await;
                match outbox {
                    Ok(counts) => (
                        "200 OK",
                        format!(
                            "database: answers\nletters waiting: {}\nletters given up: {}\n",
                            counts.waiting, counts.given_up
                        ),
                    ),
                    Err(_) => (
                        "503 Service Unavailable",
                        "database: does not answer\n".to_owned(),
                    ),
                }
            } else {
                ("404 Not Found", String::new())
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}
