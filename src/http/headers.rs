//! What every answer carries, and what every request is asked first. The outermost layer, so that no
//! answer goes out without it.

use super::connections::{OurTurn, Seat};
use super::surface::Surface;
use super::visit::{ACCOUNT, FLASH, edition_of, raw_cookie};
use crate::error::Error;
use crate::kernel::Edition;
use crate::platform::traces;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use std::sync::Arc;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The answer to a form of this page may lead to another origin, which is named as `scheme://host:port`.
pub fn lets_forms_lead_to(response: &mut actix_web::HttpResponse, origin: &str) {
    let wider = CSP.replace("form-action 'self'", &format!("form-action 'self' {origin}"));
    super::reply::set_header(response, "content-security-policy", &wider);
}

#[derive(Clone)]
struct RequestId(String);

/// The id of a request: it stands in answers, logs and the record.
pub fn request_id(req: &HttpRequest) -> String {
    req.extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

/// Headers, the request's id, the log line.
pub async fn around<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let id = crate::kernel::ids::EventId::new().to_string();
    req.extensions_mut().insert(RequestId(id.clone()));
    let started = std::time::Instant::now();
    let traced = traced(&req, &id);
    let method = req.method().to_string();
    let https = req
        .app_data::<actix_web::web::Data<super::Portal>>()
        .is_some_and(|p| p.config.base_url.starts_with("https:"));
    let edition = edition_of(req.request());
    let had_flash = raw_cookie(req.request(), FLASH).is_some();
    let last_account = raw_cookie(req.request(), ACCOUNT);
    let account = req
        .path()
        .strip_prefix("/sa/")
        .and_then(|rest| rest.split('/').next())
        .map(str::to_owned);
    let turn = req.conn_data::<Arc<Seat>>().map(OurTurn::begin);
    let mut res = traced.around(next.call(req)).await?;
    let _attached = traced.attach();
    drop(turn);
    // The pattern and not the path: a path may hold a link's token.
    let route = res.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    let status = res.status();
    let is_page = res
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    dress(res.headers_mut(), &id, https);
    if is_page && had_flash && status != StatusCode::SEE_OTHER {
        append_cookie(
            res.headers_mut(),
            &format!("{FLASH}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"),
        );
    }
    if let Some(number) = account.filter(|n| {
        is_page
            && status == StatusCode::OK
            && n.chars().all(|c| c.is_ascii_digit())
            && last_account.as_deref() != Some(n)
    }) {
        append_cookie(
            res.headers_mut(),
            &format!("{ACCOUNT}={number}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        );
    }
    name_cookies(res.headers_mut(), edition);
    traced.end(
        Some(route.as_str()).filter(|route| *route != "-"),
        status.as_u16(),
    );
    let took = started.elapsed();
    metrics::histogram!("licentral_http_seconds", "route" => route.clone(), "status" => status.as_u16().to_string()).record(took.as_secs_f64());
    if !is_machinery(&route) {
        tracing::info!(
            request_id = id,
            method,
            route,
            status = status.as_u16(),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "request"
        );
    }
    Ok(res)
}

/// Files of the look, and questions whether the portal lives: nobody wants to read of them.
fn is_machinery(path: &str) -> bool {
    path.starts_with("/assets") || matches!(path, "/livez" | "/readyz")
}

/// The span of a request, where traces are on.
fn traced(req: &ServiceRequest, id: &str) -> traces::Request {
    traces::Request::begin(|| {
        let portal = req.app_data::<actix_web::web::Data<super::Portal>>()?;
        // Two that say whose span it is say nothing.
        let only = |name: &str| {
            let mut values = req.headers().get_all(name);
            let first = values.next()?.to_str().ok();
            first.filter(|_| values.next().is_none())
        };
        (!is_machinery(req.path())).then(|| traces::Asked {
            method: req.method().as_str(),
            base_url: &portal.config.base_url,
            edition: if portal.config.edition.is_on_prem() {
                "on-prem"
            } else {
                "cloud"
            },
            id,
            traceparent: only("traceparent"),
            tracestate: only("tracestate"),
        })
    })
}

/// Gives cookies the names of the edition: handlers know the plain ones alone.
fn name_cookies(headers: &mut HeaderMap, edition: Edition) {
    if !edition.is_on_prem() {
        return;
    }
    let lines: Vec<HeaderValue> = headers.remove(header::SET_COOKIE).collect();
    for line in lines {
        let named = line
            .to_str()
            .ok()
            .and_then(|line| line.split_once('='))
            .map(|(name, rest)| format!("{}={rest}", edition.cookie(name)));
        match named {
            Some(named) => append_cookie(headers, &named),
            None => headers.append(header::SET_COOKIE, line),
        }
    }
}

fn append_cookie(headers: &mut HeaderMap, line: &str) {
    if let Ok(value) = HeaderValue::from_str(line) {
        headers.append(header::SET_COOKIE, value);
    }
}

fn dress(headers: &mut HeaderMap, id: &str, https: bool) {
    let mut put = |name: &'static str, value: &str| {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name)
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
    };
    put("content-security-policy", CSP);
    put("x-content-type-options", "nosniff");
    put("referrer-policy", "no-referrer");
    put("cross-origin-opener-policy", "same-origin");
    put("cross-origin-resource-policy", "same-origin");
    put(
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    put("cache-control", "no-store");
    put("x-request-id", id);
    if https {
        put("strict-transport-security", "max-age=63072000; includeSubDomains");
    }
}

/// Refuses what changes things and comes from another site, and requests for another host. Refusals are
/// answers and not errors of the layer, so that the layer around this one can give them their face.
pub async fn same_site<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let config = req
        .app_data::<actix_web::web::Data<super::Portal>>()
        .map(|portal| portal.config.clone());
    let base = config.as_ref().map_or("", |config| config.base_url.as_str());
    let vendor_hosts = config.as_ref().map_or(&[][..], |config| &config.vendor_hosts);
    if let Err(error) = check_host(&req, base, vendor_hosts) {
        return Ok(req.error_response(error).map_into_right_body());
    }
    let is_safe = matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Programs know no cookies, so a foreign site has nothing to borrow there.
    if !is_safe && !Surface::of(req.path()).is_for_programs() {
        let value = |name: &str| {
            req.headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned)
        };
        let good = match (value("sec-fetch-site"), value("origin")) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => origin == base,
            (None, None) => false,
        };
        if !good {
            return Ok(req.error_response(Error::CrossSite).map_into_right_body());
        }
    }
    Ok(next.call(req).await?.map_into_left_body())
}

/// Only the host that the portal was configured for; on the vendor's paths also the vendor's host names, where they are
/// configured.
fn check_host(req: &ServiceRequest, base: &str, vendor_hosts: &[String]) -> Result<(), Error> {
    let wanted = base.split_once("://").map_or(base, |(_, rest)| rest);
    let named = req
        .headers()
        .get(header::HOST)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    // A whole address in the first line counts for more than the header (RFC 9112, section 3.2.2).
    let addressed = req
        .head()
        .uri
        .authority()
        .map(actix_web::http::uri::Authority::as_str);
    // Some proxies name the port that need not be named.
    let usual = if base.starts_with("https:") { ":443" } else { ":80" };
    let is_vendors = Surface::of(req.path()) == Surface::Vendor;
    let is_ours = |host: &str| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        (is_vendors && vendor_hosts.iter().any(|known| known.eq_ignore_ascii_case(name)))
            || host.eq_ignore_ascii_case(wanted)
            || host
                .strip_suffix(usual)
                .is_some_and(|h| h.eq_ignore_ascii_case(wanted))
    };
    if addressed.is_none_or(is_ours) && (is_ours(named) || matches!(req.path(), "/livez" | "/readyz")) {
        return Ok(());
    }
    Err(Error::BadRequest(
        format!("This portal answers at {base} alone.").into(),
    ))
}
