//! One request, as far as pages are concerned: who, where, and what stands around the page.

mod cookies;
mod frame;
mod place;
mod who;

pub use cookies::{bearer, client_address, csrf_fits, edition_of, raw_cookie};
use cookies::{named_account, open_flash};
use who::Asked;

use crate::authn::{Actor, Via, session};
use crate::authz::{Grant, Tenant, matrix};
use crate::error::{Error, Result};
use crate::http::kept::{self, Now};
use crate::http::portal::Portal;
use crate::http::quota::Caller;
use crate::http::refused::Whom;
use crate::http::shell::{Flash, Theme};
use crate::http::surface::Surface;
use crate::http::view_as::{self, Preview};
use crate::platform::settings;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use std::sync::Arc;

/// The cookie that carries one message to the next page.
pub const FLASH: &str = "__Host-flash";

/// The cookie that remembers which Smart Account was open last.
pub const ACCOUNT: &str = "__Host-account";

/// The pages of the first sign-in at an On-Prem server begin so.
pub const FIRST_SIGN_IN: &str = "/first-sign-in";

/// The pages on which a second factor is set up begin so.
pub const SECOND_FACTOR: &str = "/profile/second-factor";

/// What somebody may open who has to set a second factor up before anything else.
const WITHOUT_FACTOR: &[&str] = &[
    SECOND_FACTOR,
    FIRST_SIGN_IN,
    "/confirm-password",
    "/log",
    "/help",
    "/password/",
];

/// The cookie of the chosen appearance.
pub const THEME: &str = "__Host-theme";

/// Facts of a request.
#[derive(Clone)]
pub struct Visit {
    /// The portal.
    pub portal: Portal,
    /// Who asks, when known.
    pub actor: Option<Arc<Actor>>,
    /// The Smart Account of the page; on pages outside of one, the one that was open last.
    pub tenant: Option<Tenant>,
    /// The actor's roles in that account.
    pub grants: Vec<Grant>,
    /// All of the actor's roles; only read for pages outside of an account.
    pub everywhere: Vec<Grant>,
    /// Another role's eyes, while they are borrowed.
    pub preview: Option<Preview>,
    /// The path.
    pub path: String,
    /// What stands behind the `?`.
    pub query: String,
    /// The address that counts: of the client, behind trusted proxies.
    pub address: String,
    /// What the browser says it is.
    pub agent: String,
    /// The id of the request.
    pub request_id: String,
    pub(super) waiting: Vec<(&'static str, u64)>,
    pub(super) theme: Theme,
    pub(super) flash: Vec<Flash>,
    pub(super) cookie: Option<String>,
    /// Where parts of the answer may be kept.
    pub(super) now: Option<Now>,
}

impl Visit {
    /// Finds out who asks, and where they stand.
    pub async fn of(req: &HttpRequest) -> Result<Self> {
        let visit = Self::look(req, false).await?;
        visit.may_change(req)?;
        Ok(visit)
    }

    /// The same for the page of a refusal: a page of an account that one may not know of stands in the account that was
    /// open before.
    pub async fn around_refusal(req: &HttpRequest) -> Result<Self> {
        Self::look(req, true).await
    }

    pub(super) async fn look(req: &HttpRequest, refused: bool) -> Result<Self> {
        let portal = req
            .app_data::<Data<Portal>>()
            .ok_or_else(|| Error::internal("no portal"))?
            .get_ref()
            .clone();
        let cookie = raw_cookie(req, session::COOKIE);
        let surface = Surface::of(req.path());
        let asked = Asked {
            path: req.path().to_owned(),
            is_api: surface.takes_access_tokens(),
            named: (surface == Surface::Vendor)
                .then(|| named_account(req, &portal))
                .flatten(),
            // A number that is no number names no account, like any other unknown one.
            number: req.match_info().get("said").map(|said| said.parse().ok()),
            last_account: (surface == Surface::Page)
                .then(|| raw_cookie(req, ACCOUNT)?.parse().ok())
                .flatten(),
            cookie: cookie.clone(),
            view_as: raw_cookie(req, view_as::COOKIE),
            bearer: bearer(req),
            address: client_address(req, &portal),
            request_id: crate::http::headers::request_id(req),
            refused,
        };
        let mut visit = Self {
            actor: None,
            tenant: None,
            grants: Vec::new(),
            everywhere: Vec::new(),
            preview: None,
            path: asked.path.clone(),
            query: req.query_string().to_owned(),
            address: asked.address.clone(),
            agent: req
                .headers()
                .get(header::USER_AGENT)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            request_id: asked.request_id.clone(),
            waiting: Vec::new(),
            theme: raw_cookie(req, THEME).map_or(Theme::Auto, |t| Theme::parse(&t)),
            flash: Vec::new(),
            cookie,
            now: kept::now_of(req),
            portal,
        };
        if let Some(sealed) = raw_cookie(req, FLASH) {
            visit
                .flash
                .extend(open_flash(&visit.portal.signing.seal_key, &sealed));
        }
        if asked.is_api
            && visit.portal.config.edition.is_on_prem()
            && !visit.portal.db.read(|r| settings::api_is_on(r)).await?
        {
            return Err(Error::ApiOff);
        }
        // What a device sends as its credential is its own room's business, not a person's.
        if asked.cookie.is_some() || (asked.bearer.is_some() && asked.is_api) {
            visit.find_out(asked).await?;
        }
        if let Some(actor) = &visit.actor {
            let whom = Whom {
                person: actor.person.id,
                account: visit.tenant.as_ref().map(|tenant| tenant.id),
            };
            req.extensions_mut().insert(whom);
            if let Via::Client { id, .. } = &actor.via {
                req.extensions_mut().insert(Caller(id.clone()));
            }
        }
        Ok(visit)
    }

    /// Refuses what changes something to those who may only read.
    pub(super) fn may_change(&self, req: &HttpRequest) -> Result<()> {
        // What an operation demands says nothing of whether it changes something; its method does. A client may
        // always end itself. Scripts of the vendor read with POST as well: there each action says whether it only reads.
        if !req.method().is_safe()
            && Surface::of(&self.path) != Surface::Vendor
            && let Some(Via::Client {
                may_write: false, id, ..
            }) = self.actor.as_ref().map(|actor| &actor.via)
            && !self.path.ends_with(&format!("/{id}"))
        {
            return Err(Error::refused("api.scope", matrix::READ_ONLY));
        }
        // Who a token stands for is no business of an API that one subscribes to; an On-Prem server has no subscriptions.
        if Surface::of(&self.path) == Surface::Vendor
            && !self.path.starts_with("/idp/")
            && !self.portal.config.edition.is_on_prem()
            && let Some(Via::Client {
                is_subscribed: false, ..
            }) = self.actor.as_ref().map(|actor| &actor.via)
        {
            return Err(Error::refused("api.not-subscribed", "Invalid Client"));
        }
        if self.preview.is_some()
            && !req.method().is_safe()
            && !view_as::STILL_DONE.contains(&self.path.as_str())
        {
            return Err(Error::refused(
                "view-as.read-only",
                "You see the portal as another role. Nothing can be changed until you stop.",
            ));
        }
        Ok(())
    }
}
