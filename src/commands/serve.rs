//! `licentral serve`: from the settings to a portal that answers, and back to a clean stop.

use super::{checked, key, say};
use crate::app::{self, Parts};
use crate::http::{Portal, server};
use crate::identity;
use crate::kernel::{Clock, Edition};
use crate::platform::config::{Config, Settings};
use crate::platform::db::{Db, Schema, migrate, not_opened};
use crate::platform::mail::Transport;
use crate::platform::tls::Front;
use crate::platform::{settings, telemetry, traces};
use crate::simulator::scenario;
use crate::system_users;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::sync::Notify;

/// Serves the cloud, and in a lab the On-Prem portal beside it.
pub fn serve(settings: Settings) -> Result<(), String> {
    let beside = settings.on_prem_beside()?;
    let config = checked(settings)?;
    telemetry::start(&config.log);
    traces::start(config.traces.as_ref(), "licentral")?;
    let cloud_url = config.base_url.clone();
    let beside = match beside {
        Some(settings) if config.is_lab() => {
            let mut beside = checked(settings)?;
            beside.edition = Edition::OnPrem;
            Some(beside)
        }
        _ => None,
    };
    let mut cloud = prepare(
        Config {
            neighbour: beside.as_ref().map(|one| one.base_url.clone()),
            ..config
        },
        None,
    )?;
    let on_prem = match beside {
        Some(config) => Some(prepare(
            Config {
                neighbour: Some(cloud_url),
                ..config
            },
            Some(&cloud.parts.portal),
        )?),
        None => None,
    };
    if let Some(on_prem) = &on_prem {
        let _ = cloud.parts.portal.beside.set(on_prem.parts.portal.clone());
        let _ = on_prem.parts.portal.beside.set(cloud.parts.portal.clone());
    }
    fill(&cloud.parts.portal, on_prem.as_ref().map(|one| &one.parts.portal))?;
    if let Some(link) = identity::bootstrap(&cloud.parts.portal)
        .map_err(|e| format!("the link for the first operator could not be made: {e:?}"))?
    {
        say(&format!(
            "\nNobody can sign in yet. Open this address within an hour to become the first operator; it works once:\n{link}"
        ))?;
    }
    cloud.is_first = true;
    let both: Vec<Prepared> = std::iter::once(cloud).chain(on_prem).collect();
    to_the_end(both)
}

/// Serves an On-Prem portal alone, against a cloud in another process.
pub fn serve_on_prem(settings: Settings) -> Result<(), String> {
    let mut config = checked(settings.for_on_prem_alone())?;
    if config.identity_provider.is_some() {
        return Err(
            "LICENTRAL_OIDC_ISSUER is for the cloud: the users of an On-Prem server sign in with user name and password."
                .to_owned(),
        );
    }
    config.edition = Edition::OnPrem;
    telemetry::start(&config.log);
    traces::start(config.traces.as_ref(), "licentral-on-prem")?;
    let mut prepared = prepare(config, None)?;
    prepared.is_first = true;
    fill(&prepared.parts.portal, None)?;
    to_the_end(vec![prepared])
}

/// Serves until somebody ends it, and lets nothing be lost that was done.
fn to_the_end(portals: Vec<Prepared>) -> Result<(), String> {
    let served = actix_web::rt::System::new().block_on(run(portals));
    traces::stop();
    served.map_err(|e| e.to_string())
}

/// A portal that can be served.
struct Prepared {
    parts: Parts,
    listener: TcpListener,
    /// Of the portals of this process: the one that follows the clock and answers for metrics.
    is_first: bool,
}

/// Opens everything that a portal needs. Beside another portal of the same lab it shares clock and mailbox with that.
fn prepare(config: Config, beside: Option<&Portal>) -> Result<Prepared, String> {
    let db = open_database(&config)?;
    let claimed =
        settings::claim(&db, config.edition).map_err(|e| format!("cannot read the database: {e:?}"))?;
    if let Err(kept) = claimed {
        return Err(format!(
            "The database is that of {kept}, and {} was started. Name another one.",
            config.edition
        ));
    }
    let signing = key::of_database(&db, &config.key_file, config.is_lab(), &config.base_url)?;
    let (clock, transport) = match beside {
        Some(portal) => (portal.clock.clone(), Transport::Page(Some(portal.db.clone()))),
        None => (Clock::new(), Transport::of(&config)?),
    };
    let mut parts = app::build(config, db, clock, transport, signing)?;
    if let Some(portal) = beside {
        parts.portal.letters = portal.letters.clone();
    }
    let listen = parts.portal.config.listen;
    let setting = match beside {
        Some(_) => "LICENTRAL_ON_PREM_LISTEN=127.0.0.1:8082, or =off to leave the On-Prem portal out",
        None => "--listen 127.0.0.1:8090",
    };
    let listener = TcpListener::bind(listen)
        .map_err(|e| format!("cannot listen on {listen}: {e}. Another program may be using the port; choose another with {setting}."))?;
    Ok(Prepared {
        parts,
        listener,
        is_first: false,
    })
}

/// Fills empty databases of a lab and says what there is.
fn fill(portal: &Portal, on_prem: Option<&Portal>) -> Result<(), String> {
    let filled = match on_prem {
        Some(on_prem) => scenario::fill_both(portal, on_prem),
        None => scenario::fill_if_empty(portal).map(|words| words.into_iter().collect()),
    };
    for words in filled.map_err(|e| format!("the scenario could not be loaded: {}", super::words(e)))? {
        say(&words)?;
    }
    for one in std::iter::once(portal).chain(on_prem) {
        if one.config.edition.is_on_prem()
            && let Some(words) = system_users::bootstrap(one)
                .map_err(|e| format!("the first user could not be made: {e:?}"))?
        {
            say(&words)?;
        }
    }
    greet(portal, on_prem)
}

/// Opens the database at the right schema: a lab brings it up to date by itself, production is told what to do.
fn open_database(config: &Config) -> Result<Db, String> {
    let url = &config.database_url;
    let schema = migrate::compare(url).map_err(|e| not_opened(url, e))?;
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
    Db::open_with_standbys(url, config.read_database_url.as_deref())
}

fn greet(portal: &Portal, on_prem: Option<&Portal>) -> Result<(), String> {
    let url = &portal.config.base_url;
    let name = portal.config.edition;
    if !portal.config.is_lab() {
        return say(&format!("{name} is ready: {url}"));
    }
    let more = on_prem.map_or_else(String::new, |one| {
        format!("\n{} is ready: {}", one.config.edition, one.config.base_url)
    });
    let first = match name {
        Edition::Cloud => format!(
            "First thing to try: open {url}/login, choose Pat Quill (pat@bramwell.example) and request a Smart Account for a customer.\n\
             Every letter the portal sends is in {url}/simulator/mailbox. Everyone's password is licentral-demo."
        ),
        Edition::OnPrem => {
            format!("Open {url}/login. Every letter the portal sends is in {url}/simulator/mailbox.")
        }
    };
    say(&format!(
        "{name} is ready: {url}{more}\n\n{first}\nA simulation. Not affiliated with or endorsed by Cisco. Stop with Ctrl+C."
    ))
}

/// Serves until a signal, then finishes what is under way.
async fn run(portals: Vec<Prepared>) -> std::io::Result<()> {
    let mut served = Vec::new();
    let mut handles = Vec::new();
    let mut jobs = Vec::new();
    let mut metrics = None;
    let mut fronts = Vec::new();
    for Prepared {
        parts,
        listener,
        is_first,
    } in portals
    {
        let portal = parts.portal.clone();
        fronts.extend(portal.config.tls.clone());
        if is_first
            && portal.config.is_lab()
            && let Err(error) = settings::follow_clock(&portal.db, &portal.clock).await
        {
            tracing::warn!(%error, "the clock's setting could not be read");
        }
        let server = server::build(portal.clone(), parts.routes, listener)?;
        handles.push(server.handle());
        let ends = Arc::new(Notify::new());
        jobs.push((
            ends.clone(),
            actix_web::rt::spawn(portal.jobs.clone().keep_running(ends)),
        ));
        if let (true, Some(at)) = (is_first, portal.config.metrics_listen) {
            metrics = Some(actix_web::rt::spawn(serve_metrics(
                TcpListener::bind(at)?,
                portal,
            )));
        }
        served.push(actix_web::rt::spawn(server));
    }
    let reloads = actix_web::rt::spawn(reload_certificates(fronts));
    actix_web::rt::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping");
        futures_util::future::join_all(handles.iter().map(|handle| handle.stop(true))).await;
    });
    let mut outcome = Ok(());
    for server in served {
        let ended = server.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
        outcome = outcome.and(ended);
    }
    for (ends, job) in jobs {
        ends.notify_one();
        let _ = job.await;
    }
    reloads.abort();
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    outcome
}

/// Reads certificates anew at SIGHUP: they are replaced every few weeks, and nobody should be sent away for that.
async fn reload_certificates(fronts: Vec<Arc<Front>>) {
    use tokio::signal::unix::{SignalKind, signal};
    if fronts.is_empty() {
        return;
    }
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return;
    };
    while hangup.recv().await.is_some() {
        for front in &fronts {
            match front.reload() {
                Ok(()) => tracing::info!("the certificate was read anew"),
                Err(why) => tracing::error!(why, "the certificate stays as it was"),
            }
        }
    }
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
                crate::server::measure(&portal).await;
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
