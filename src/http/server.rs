//! The server: layers around the routes, and how it starts and stops.

use super::assets;
use super::portal::Portal;
use super::routes::Routes;
use super::wire::Wire;
use super::{errors, headers, kept, lab, quota, recorder, searches, surface};
use crate::error::Error;
use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::{Compress, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Builds the server on a listener that is open already, so that the caller knows the port.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one home of route registration"
)]
pub fn build(portal: Portal, routes: Arc<Routes>, listener: TcpListener) -> std::io::Result<Server> {
    let (connections, limits) = (portal.connections.clone(), portal.config.limits.clone());
    let most = connections.most();
    let tls = portal.config.tls.clone();
    let data = Data::new(portal);
    let server = ServerBuilder::new();
    let stopping = server.graceful_shutdown_signal();
    let server = server.listen("licentral", listener, move || {
        let (routes, connections, stopping) = (routes.clone(), connections.clone(), stopping.clone());
        let (tls, patience) = (tls.clone(), limits.head);
        let app = App::new()
            .app_data(data.clone())
            // Inside out: the last layer is the first to see a request.
            .wrap(from_fn(headers::same_site))
            .wrap(from_fn(errors::face))
            .wrap(from_fn(surface::settle))
            .wrap(from_fn(searches::around))
            .wrap(Compress::default())
            .wrap(from_fn(kept::around))
            .wrap(from_fn(quota::around))
            .wrap(from_fn(recorder::around))
            .wrap(from_fn(lab::around))
            .wrap(from_fn(headers::around))
            .service(
                web::resource("/assets/{name}")
                    .route(web::get().to(asset))
                    .route(web::head().to(asset)),
            )
            .configure(move |config| routes.install(config))
            .default_service(web::to(|| async { Err::<HttpResponse, Error>(Error::NotFound) }));
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(limits.head)
            .client_disconnect_timeout(Duration::from_secs(2))
            .keep_alive(Duration::from_secs(30))
            .on_connect_ext(|wire: &Wire, data| {
                data.insert(wire.seat());
            })
            .h1(map_config(
                app.into_factory().map_err(|error| error.error_response()),
                |()| AppConfig::default(),
            ));
        fn_service(move |stream: TcpStream| {
            let (connections, tls) = (connections.clone(), tls.clone());
            async move {
                // A compressed page goes out in pieces, and without this the last one waits for the first to be
                // acknowledged, which a client puts off for 40 ms.
                stream.set_nodelay(true)?;
                let peer = stream.peer_addr().ok();
                let connection = connections.take(stream)?;
                let wire = match tls {
                    None => Wire::Plain(connection),
                    Some(front) => Wire::Secure(Box::new(front.accept(connection, patience).await?)),
                };
                Ok((wire, peer))
            }
        })
        .map_err(DispatchError::Io)
        .and_then(http)
        // Whatever a client does to its connection is no fault of ours.
        .map_err(|error| tracing::debug!(%error, "a connection ended before its time"))
    })?;
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(1, 8));
    let server = server
        .workers(workers)
        // As many as there are connections to the database: more would only wait for one.
        .worker_max_blocking_threads(6)
        // For a moment only: whom there is no room for is sent away by `Connections`, and nobody waits for long.
        .max_concurrent_connections(most.div_ceil(workers))
        .shutdown_timeout(10)
        .disable_signals();
    Ok(server.run())
}

/// A file of the look: its name holds its content's digest, so it may be kept for ever.
async fn asset(req: HttpRequest) -> Result<HttpResponse, Error> {
    let asset = assets::find(req.path()).ok_or(Error::NotFound)?;
    let accepts = req
        .headers()
        .get("accept-encoding")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let (body, encoding) = match (asset.br, asset.gz) {
        (Some(br), _) if accepts.contains("br") => (br, Some("br")),
        (_, Some(gz)) if accepts.contains("gzip") => (gz, Some("gzip")),
        _ => (asset.raw, None),
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("content-type", asset.kind))
        .insert_header(("cache-control", "public, max-age=31536000, immutable"))
        .insert_header(("vary", "accept-encoding"));
    if let Some(encoding) = encoding {
        response.insert_header(("content-encoding", encoding));
    }
    Ok(response.body(body))
}
