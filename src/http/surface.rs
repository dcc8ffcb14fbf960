//! Whom a path is for: which credentials count there, whether a form may be sent there, and what an error looks like.

use super::portal::Portal;
use super::routes::Listed;
use crate::error::Error;
use crate::kernel::Edition;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

/// Whom a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// People with a browser: sessions, forms, HTML.
    Page,
    /// Scripts that were written for this portal: access tokens and `application/problem+json`.
    Api,
    /// Product instances.
    Device,
    /// On-Prem servers.
    DeviceManager,
    /// Scripts that were written for the vendor's portals: access tokens, and errors as they know them.
    Vendor,
}

/// The folders of each surface; everything else is a page.
const FOLDERS: &[(&str, Surface)] = &[
    ("/api/", Surface::Api),
    ("/device/", Surface::Device),
    ("/device-manager/", Surface::DeviceManager),
    ("/services/", Surface::Vendor),
    ("/v1/software/", Surface::Vendor),
    ("/as/", Surface::Vendor),
    ("/idp/", Surface::Vendor),
    ("/oauth2/", Surface::Vendor),
    ("/oauth/", Surface::Vendor),
    ("/backend/", Surface::Vendor),
];

impl Surface {
    /// Of a path as it is routed.
    pub fn of(path: &str) -> Self {
        FOLDERS
            .iter()
            .find(|(folder, _)| path.starts_with(folder))
            .map_or(Self::Page, |(_, surface)| *surface)
    }
    /// Whether programs get JSON here, where people get pages. They know no cookies, so another site has nothing to borrow.
    pub fn is_for_programs(self) -> bool {
        self != Self::Page
    }
    /// Whether an access token of an API client counts, and a session does not.
    pub fn takes_access_tokens(self) -> bool {
        matches!(self, Self::Api | Self::Vendor)
    }
}

/// What went wrong with a request of a vendor's script.
pub struct Failed<'a> {
    /// Which portal was asked.
    pub edition: Edition,
    /// The path as it was routed.
    pub path: &'a str,
    /// What is wrong.
    pub error: &'a Error,
    /// It came with an `Authorization`, good or not.
    pub is_authorized: bool,
    /// It has the header that names an account where the path names none.
    pub names_account: bool,
}

/// How scripts of the vendor are understood and answered. The room that knows their language gives it.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The path under which a request is routed; none when it is not the vendor's. Asked with what the path was, and with
    /// the access token.
    pub routed: fn(Edition, &[Listed], &str, Option<&str>) -> Option<String>,
    /// An error as its scripts know it.
    pub failed: fn(&Failed<'_>) -> HttpResponse,
    /// Another answer than the portal's own, for a path as it is routed: a status, and what is said.
    pub told: fn(&str, StatusCode, &str) -> HttpResponse,
    /// The header that names a Smart Account where the path names none.
    pub account_header: &'static str,
}

/// A part of a path without its percent-encoding.
pub fn plain(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

/// The path under which a request is routed.
pub fn path_of(req: &HttpRequest) -> String {
    let routed = req.app_data::<Data<Portal>>().and_then(|portal| {
        let bearer = super::visit::bearer(req);
        let edition = portal.config.edition;
        (portal.dialect.routed)(edition, &portal.routes, req.path(), bearer.as_deref())
    });
    routed.unwrap_or_else(|| req.path().to_owned())
}

/// Routes what is written in one of the vendor's ways as if it were written in the one that is registered.
pub async fn settle<B: MessageBody>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let path = path_of(req.request());
    if path != req.path() {
        let target = match req.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let mut parts = req.uri().clone().into_parts();
        if let Ok(target) = target.parse::<PathAndQuery>() {
            parts.path_and_query = Some(target);
            if let Ok(uri) = Uri::from_parts(parts) {
                req.match_info_mut().get_mut().update(&uri);
                req.head_mut().uri = uri;
            }
        }
    }
    next.call(req).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_for_one_kind_of_reader() {
        for (path, surface) in [
            ("/", Surface::Page),
            ("/sa/100001/account", Surface::Page),
            ("/api/v1/me", Surface::Api),
            ("/device/v1/report", Surface::Device),
            ("/device-manager/v1/sync", Surface::DeviceManager),
            ("/devices", Surface::Page),
            ("/as/token.oauth2", Surface::Vendor),
            (
                "/services/api/smart-accounts-and-licensing/v2/accounts",
                Surface::Vendor,
            ),
            ("/v1/software/apis/clc/v1/graphql", Surface::Vendor),
            ("/assets/app.css", Surface::Page),
        ] {
            assert_eq!(Surface::of(path), surface, "{path}");
        }
    }
}
