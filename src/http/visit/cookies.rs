//! The cookies and the form token of a request.

use crate::http::portal::Portal;
use crate::http::shell::{Flash, FlashKind};
use crate::kernel::Edition;
use crate::platform::token;
use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;

/// Whether a form's token belongs to the session of this cookie.
pub fn csrf_fits(key: &[u8; 32], cookie: Option<&str>, given: &str) -> bool {
    given
        .split_once('.')
        .is_some_and(|(salt, seal)| token::same(seal, &csrf_seal(key, cookie, salt)))
}

pub(super) fn csrf_seal(key: &[u8; 32], cookie: Option<&str>, salt: &str) -> String {
    let session = cookie.map_or_else(|| "signed-out".to_owned(), token::digest);
    token::seal(key, &format!("form {salt} {session}"))
}

pub(super) fn seal_flash(key: &[u8; 32], flash: &Flash) -> String {
    let value = serde_json::json!({ "kind": flash.kind.as_str(), "text": flash.text, "link": flash.link });
    let text = data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{text}.{}", token::seal(key, &format!("flash {text}")))
}

pub(super) fn open_flash(key: &[u8; 32], sealed: &str) -> Option<Flash> {
    let (text, seal) = sealed.split_once('.')?;
    if !token::same(seal, &token::seal(key, &format!("flash {text}"))) {
        return None;
    }
    let value: serde_json::Value =
        serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let kind = match value.get("kind")?.as_str()? {
        "ok" => FlashKind::Ok,
        "warn" => FlashKind::Warn,
        "bad" => FlashKind::Bad,
        _ => FlashKind::Info,
    };
    let link = value
        .get("link")
        .and_then(|l| serde_json::from_value::<Option<(String, String)>>(l.clone()).ok())
        .flatten();
    Some(Flash {
        kind,
        text: value.get("text")?.as_str()?.to_owned(),
        link,
    })
}

/// The account of a vendor's path, or of the header that stands in for it.
pub(super) fn named_account(req: &HttpRequest, portal: &Portal) -> Option<String> {
    match req.match_info().get("said") {
        Some(part) => Some(crate::http::surface::plain(part)),
        None => req
            .headers()
            .get(portal.dialect.account_header)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    }
}

/// Which portal a request came to.
pub fn edition_of(req: &HttpRequest) -> Edition {
    req.app_data::<Data<Portal>>()
        .map_or(Edition::Cloud, |portal| portal.config.edition)
}

/// A cookie as it was sent: nothing is decoded. `name` is the plain one; this edition's own is looked for.
pub fn raw_cookie(req: &HttpRequest, name: &str) -> Option<String> {
    let name = edition_of(req).cookie(name);
    req.headers()
        .get_all(header::COOKIE)
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name && !value.is_empty() && value.len() < 4000).then(|| value.to_owned())
        })
}

pub fn bearer(req: &HttpRequest) -> Option<String> {
    let given = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// The client's address. What a proxy says counts only when the proxy is one of ours.
pub fn client_address(req: &HttpRequest, portal: &Portal) -> String {
    let Some(peer) = req.peer_addr().map(|a| a.ip()) else {
        return String::new();
    };
    let trusted = &portal.config.trusted_proxies;
    if trusted.contains(&peer) {
        let said: Vec<std::net::IpAddr> = req
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|v| v.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(|one| one.trim().parse().ok())
            .collect();
        // From the right: the first address that is not one of our own proxies.
        if let Some(client) = said.iter().rev().find(|ip| !trusted.contains(ip)) {
            return client.to_string();
        }
    }
    peer.to_string()
}
