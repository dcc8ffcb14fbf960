//! One request, as far as pages are concerned: who, where, and what stands around the page.

use super::kept::{self, Now};
use super::portal::Portal;
use super::refused::Whom;
use super::shell::{AccountCard, Crumb, Flash, FlashKind, LabStrip, PersonCard, Shell, Theme};
use super::surface::Surface;
use super::view_as::{self, Preview};
use crate::authn::{Actor, Via, api_client, session, system_users};
use crate::authz::{Action, Does, Grant, Permit, Role, Tenant, TenantKind, grants, matrix};
use crate::error::{Error, Result};
use crate::kernel::Edition;
use crate::kernel::ids::SmartAccountId;
use crate::platform::{settings, token};
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
    waiting: Vec<(&'static str, u64)>,
    theme: Theme,
    flash: Vec<Flash>,
    cookie: Option<String>,
    /// Where parts of the answer may be kept.
    now: Option<Now>,
}

/// Who asks and where they stand, as it was found out.
type FoundOut = (
    Actor,
    Option<(Tenant, Vec<Grant>)>,
    Vec<Grant>,
    Vec<(&'static str, u64)>,
);

/// What a request says about itself; taken as owned values, since the database is asked meanwhile.
struct Asked {
    path: String,
    /// An access token counts, and a session does not.
    is_api: bool,
    number: Option<Option<i64>>,
    /// How a script of the vendor names the account: by its domain, name or number.
    named: Option<String>,
    last_account: Option<i64>,
    cookie: Option<String>,
    view_as: Option<String>,
    bearer: Option<String>,
    address: String,
    request_id: String,
    /// The answer is a refusal: an account in which the person has no role is not named around it.
    refused: bool,
}

impl Asked {
    /// All that who asks and where they stand is found out from, but the address of the sender and the id of the request.
    fn key(&self) -> String {
        format!(
            "visit\n{:?}",
            (
                self.is_api,
                self.number,
                &self.named,
                self.last_account,
                &self.cookie,
                &self.bearer,
                self.path.starts_with(FIRST_SIGN_IN),
                self.path == "/logout",
                self.refused,
            )
        )
    }
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

    async fn look(req: &HttpRequest, refused: bool) -> Result<Self> {
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
            request_id: super::headers::request_id(req),
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
        }
        Ok(visit)
    }

    /// Refuses what changes something to those who may only read.
    fn may_change(&self, req: &HttpRequest) -> Result<()> {
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

    async fn find_out(&mut self, mut asked: Asked) -> Result<()> {
        let (view_as, in_account) = (asked.view_as.take(), asked.number);
        let (address, request_id) = (asked.address.clone(), asked.request_id.clone());
        let key = asked.key();
        if let (Some(now), None) = (&self.now, &view_as)
            && let Some((mut actor, standing, everywhere, waiting)) = now.find_part::<FoundOut>(&key)
        {
            actor.who.address = address;
            actor.who.request_id = request_id;
            self.stand(actor, standing, everywhere, waiting);
            return Ok(());
        }
        let (clock, signing) = (self.portal.clock.clone(), self.portal.signing.clone());
        let menu = self.portal.menu.clone();
        let is_on_prem = self.portal.config.edition.is_on_prem();
        let found = self
            .portal
            .db
            .read(move |r| {
                let wall = clock.wall();
                let who = match (&asked.cookie, &asked.bearer, asked.is_api) {
                    // Pages know cookies alone and the API knows tokens alone: neither is fooled by the other's.
                    (Some(cookie), _, false) => {
                        session::find(r, wall, cookie, &asked.address, &asked.request_id)?
                    }
                    (_, Some(bearer), true) => {
                        api_client::find(r, &signing, wall, bearer, &asked.address, &asked.request_id)?
                            .map(|actor| (actor, false))
                    }
                    _ => None,
                };
                let Some((actor, touch)) = who else {
                    return Ok(None);
                };
                if is_on_prem
                    && !asked.path.starts_with(FIRST_SIGN_IN)
                    && asked.path != "/logout"
                    && system_users::must_change_password(r, actor.person.id)?
                {
                    return Err(Error::FirstSignIn);
                }
                let person = actor.person.id;
                if let Some(named) = &asked.named {
                    asked.number = Some(grants::number_of(r, named, is_on_prem)?);
                }
                let mut outside = asked.number.is_none();
                let mut standing = match asked.number.unwrap_or(asked.last_account) {
                    Some(number) => grants::standing(r, number, person)?,
                    None => None,
                };
                let stands = |standing: &Option<(Tenant, Vec<Grant>)>| {
                    actor.sees_every_tenant()
                        || standing.as_ref().is_some_and(|(_, grants)| !grants.is_empty())
                };
                if asked.refused && !outside && !stands(&standing) {
                    outside = true;
                    standing = match asked.last_account {
                        Some(number) => grants::standing(r, number, person)?,
                        None => None,
                    };
                }
                let everywhere = if outside {
                    grants::of_person(r, person)?
                } else {
                    Vec::new()
                };
                // The account that was open last is forgotten when one's last role in it is gone; somebody with roles in
                // one account alone has that one open from the beginning.
                if outside && !asked.is_api && !stands(&standing) {
                    standing = match everywhere.first() {
                        Some(first) if everywhere.iter().all(|grant| grant.account == first.account) => {
                            grants::standing_in(r, first.account, person)?
                        }
                        _ => None,
                    };
                }
                let waiting = match &standing {
                    Some((tenant, grants)) if !asked.is_api => menu.counts(
                        r,
                        &super::menu::Onlooker {
                            actor: &actor,
                            tenant,
                            grants,
                            now: clock.now(),
                        },
                    )?,
                    _ => Vec::new(),
                };
                Ok(Some((actor, touch, standing, everywhere, waiting)))
            })
            .await?;
        let Some((actor, touch, standing, everywhere, waiting)) = found else {
            return Ok(());
        };
        if let (true, Via::Session { key, .. }) = (touch, &actor.via) {
            let (db, key, wall) = (self.portal.db.clone(), key.clone(), self.portal.clock.wall());
            actix_web::rt::spawn(async move {
                if let Err(error) = db.housekeeping(move |tx| session::touch(tx, &key, wall)).await {
                    tracing::warn!(%error, "a session's last use could not be noted");
                }
            });
        }
        if let Some(now) = &self.now {
            let found = (
                actor.clone(),
                standing.clone(),
                everywhere.clone(),
                waiting.clone(),
            );
            now.keep_part(key, &found);
        }
        self.stand(actor, standing, everywhere, waiting);
        if let Some(cookie) = view_as {
            self.borrow_eyes(&cookie, in_account).await?;
        }
        Ok(())
    }

    fn stand(
        &mut self,
        actor: Actor,
        standing: Option<(Tenant, Vec<Grant>)>,
        everywhere: Vec<Grant>,
        waiting: Vec<(&'static str, u64)>,
    ) {
        if let Some((tenant, grants)) = standing {
            self.tenant = Some(tenant);
            self.grants = grants;
        }
        self.everywhere = everywhere;
        self.waiting = waiting;
        self.actor = Some(Arc::new(actor));
    }

    /// A part of a page that is the same for other requests at this moment. The key says all that it is made from, whose
    /// it is and how far they see among it.
    pub fn part<T: Clone + Send + Sync + 'static>(
        &self,
        key: impl FnOnce() -> String,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        match &self.now {
            Some(now) => now.part(key, make),
            None => make(),
        }
    }

    /// While another role's eyes are borrowed, that role alone counts: in its account, and everywhere else. Who may
    /// no longer do so sees with their own again. `number` is of the account that the page is in, if it is in one.
    async fn borrow_eyes(&mut self, cookie: &str, number: Option<Option<i64>>) -> Result<()> {
        let Some(actor) = self.actor.clone() else {
            return Ok(());
        };
        let Some(preview) = Preview::open(&self.portal.signing.seal_key, &actor, cookie) else {
            return Ok(());
        };
        let person = actor.person.id;
        let standing = self
            .portal
            .db
            .read(move |r| grants::standing(r, preview.number, person))
            .await?;
        let Some((tenant, _)) = standing.filter(|(tenant, held)| preview.holds(tenant, &actor, held)) else {
            return Ok(());
        };
        let grant = preview.grant(&tenant, &actor, self.portal.clock.now());
        if number.is_some_and(|number| number != Some(preview.number)) {
            // A page of another account: the role means nothing there.
            self.grants.clear();
        } else {
            self.tenant = Some(tenant);
            self.grants = vec![grant.clone()];
        }
        self.everywhere = vec![grant];
        // What waits for the person does not wait for other eyes.
        self.waiting.clear();
        self.preview = Some(preview);
        let mut plain = (*actor).clone();
        plain.platform.clear();
        self.actor = Some(Arc::new(plain));
        Ok(())
    }

    /// The number of the account of the page; 0 on pages outside of any.
    pub fn number(&self) -> i64 {
        self.tenant.as_ref().map_or(0, |tenant| tenant.number)
    }

    /// How many things wait behind an entry of the menu; none when it is not for this person.
    pub fn waiting(&self, path: &str) -> Option<u64> {
        self.waiting
            .iter()
            .find(|(known, _)| *known == path)
            .map(|(_, count)| *count)
    }

    /// The token that forms of this session carry. Another one on each page, so that compressed pages tell nothing of it.
    pub fn csrf(&self) -> String {
        let salt: String = token::random().chars().take(11).collect();
        let seal = csrf_seal(&self.portal.signing.seal_key, self.cookie.as_deref(), &salt);
        format!("{salt}.{seal}")
    }

    /// What stands around a page with this title.
    pub fn shell(&self, title: impl Into<String>) -> Shell {
        let person = self.actor.as_ref().map(|actor| PersonCard {
            name: actor.person.name.clone(),
            email: actor.person.email.to_string(),
            role: self.role_words(),
        });
        let lab = self.portal.config.is_lab().then(|| LabStrip {
            now: self.portal.clock.now().utc(),
            frozen: matches!(
                self.portal.clock.setting(),
                crate::kernel::clock::Setting::Frozen { .. }
            ),
            letters: self.portal.letters.load(std::sync::atomic::Ordering::Relaxed),
        });
        Shell {
            title: title.into(),
            theme: self.theme,
            csrf: self.csrf(),
            person,
            account: self.tenant.as_ref().map(|t| AccountCard {
                number: t.number,
                name: t.name.clone(),
                domain: t.domain.clone(),
            }),
            menu: self.portal.menu.sections(self),
            crumbs: Vec::new(),
            flash: self.flash.clone(),
            lab,
            path: self.path.clone(),
            view_as: self.preview.map(|_| self.role_words()),
            alerts: self.waiting(super::menu::ALERTS),
            edition: self.portal.config.edition,
            lab_base: match &self.portal.config.neighbour {
                Some(cloud) if self.portal.config.edition.is_on_prem() => cloud.clone(),
                _ => String::new(),
            },
            may_view_as: self.tenant.is_some() && self.holds(Action::ViewAs),
            ..Shell::default()
        }
    }

    /// The shell of a page within a Smart Account: crumbs begin with its name.
    pub fn account_shell(&self, title: impl Into<String>, between: &[Crumb]) -> Shell {
        let edition = self.portal.config.edition;
        let mut shell = self.shell(edition.words(&title.into()).into_owned());
        if let Some(tenant) = &self.tenant {
            shell
                .crumbs
                .push(Crumb::link(&tenant.name, format!("/sa/{}", tenant.number)));
        }
        if let Some(tenant) = self.tenant.as_ref().filter(|tenant| tenant.is_out_of_use()) {
            let (label, to) = match tenant.kind {
                TenantKind::Smart => (
                    "Smart Account properties",
                    format!("/sa/{}/account", tenant.number),
                ),
                TenantKind::Local => ("Account Properties", format!("/sa/{}/account", tenant.number)),
            };
            shell.flash.push(Flash {
                kind: FlashKind::Warn,
                text: matrix::out_of_use(tenant).to_owned(),
                link: Some((label.to_owned(), to)),
            });
        }
        // The sections of the cloud's menu are not those of an On-Prem server.
        let crumbs = between
            .iter()
            .filter(|crumb| crumb.href.is_some() || !edition.is_on_prem());
        shell.crumbs.extend(crumbs.map(|crumb| Crumb {
            label: match crumb.label.as_str() {
                "Virtual Accounts" => edition.say("Virtual Accounts").to_owned(),
                other => other.to_owned(),
            },
            href: crumb.href.clone(),
        }));
        shell.crumbs.push(Crumb::text(shell.title.clone()));
        shell
    }

    /// The shell of a list: what could not be used of its address is said above it.
    pub fn list_shell(
        &self,
        title: impl Into<String>,
        between: &[Crumb],
        list: &super::list::ListQuery,
    ) -> Shell {
        let mut shell = self.account_shell(title, between);
        for says in &list.dropped {
            shell.flash.push(Flash {
                kind: FlashKind::Warn,
                text: says.clone(),
                link: None,
            });
        }
        shell
    }

    /// The name of a file with a list: what it is, of which Smart Account, and when.
    pub fn file_name(&self, what: &str) -> String {
        let domain = self
            .tenant
            .as_ref()
            .map(|t| match t.kind {
                TenantKind::Smart => format!("_{}", t.domain),
                TenantKind::Local => format!("_{}", t.number),
            })
            .unwrap_or_default();
        let now = self.portal.clock.now().utc();
        format!("{what}{domain}_{}.csv", now.format("%Y%m%dT%H%MZ"))
    }

    /// The permit for something that a part of a page needs; none when one may not. Nobody was denied anything.
    pub fn perhaps<A: Does>(&self) -> Result<Option<Permit<A>>> {
        let Some(actor) = self.actor.clone() else {
            return Ok(None);
        };
        match Permit::ask(
            actor,
            self.tenant.as_ref(),
            &self.grants,
            self.portal.clock.wall(),
        ) {
            Ok(permit) => Ok(Some(permit)),
            Err(Error::Forbidden { .. } | Error::NotFound) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Whether one of one's roles in the account of the page allows an action, at least in a part of it: for showing
    /// or refusing a control. What is done asks for a permit.
    pub fn holds(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| self.allows(action, grant.role)) || self.holds_by_platform(action)
    }

    /// Whether a role is named for an action in the account of the page.
    pub fn allows(&self, action: Action, role: Role) -> bool {
        let kind = self
            .tenant
            .as_ref()
            .map_or(TenantKind::Smart, |tenant| tenant.kind);
        matrix::allows_in(kind, action, role)
    }

    /// Whether an account is there at all for whoever asks.
    pub fn opens(&self, account: SmartAccountId) -> bool {
        self.everywhere.iter().any(|grant| grant.account == account)
            || self.actor.as_ref().is_some_and(|actor| actor.sees_every_tenant())
    }

    /// Whether a role over the portal allows an action.
    pub fn holds_by_platform(&self, action: Action) -> bool {
        self.actor.as_ref().is_some_and(|actor| {
            actor
                .platform
                .iter()
                .any(|role| matrix::holders(action).contains(&matrix::Holder::Platform(*role)))
        })
    }

    /// A list as the address asks for it, in the words of the edition.
    pub fn list(&self, spec: &super::list::ListSpec<'_>) -> super::list::ListQuery {
        super::list::ListQuery::parse(&self.query, spec).in_words_of(self.portal.config.edition)
    }

    /// A text of the program in the words of the edition.
    pub fn say(&self, text: &'static str) -> &'static str {
        self.portal.config.edition.say(text)
    }

    /// The theme that was chosen.
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// One's role, as the top bar shows it.
    pub fn role_words(&self) -> String {
        let platform = self
            .actor
            .as_ref()
            .and_then(|a| a.platform.first())
            .map(|r| r.label().to_owned());
        // On a page outside of any account, before one was opened: whatever there is.
        let held = if self.grants.is_empty() {
            &self.everywhere
        } else {
            &self.grants
        };
        let edition = self.portal.config.edition;
        let mut here: Vec<&str> = held.iter().map(|g| g.role.label_in(edition)).collect();
        here.dedup();
        platform
            .or_else(|| here.first().map(|r| (*r).to_owned()))
            .unwrap_or_else(|| "No role yet".to_owned())
    }

    /// Goes on to another page with a message.
    pub fn see_other(&self, to: &str, flash: Flash) -> actix_web::HttpResponse {
        let flash = Flash {
            text: self.portal.config.edition.words(&flash.text).into_owned(),
            ..flash
        };
        let mut response = super::reply::redirect(to);
        let sealed = seal_flash(&self.portal.signing.seal_key, &flash);
        super::reply::set_cookie(&mut response, FLASH, &sealed, Some(60));
        response
    }
}

/// Whether a form's token belongs to the session of this cookie.
pub fn csrf_fits(key: &[u8; 32], cookie: Option<&str>, given: &str) -> bool {
    given
        .split_once('.')
        .is_some_and(|(salt, seal)| token::same(seal, &csrf_seal(key, cookie, salt)))
}

fn csrf_seal(key: &[u8; 32], cookie: Option<&str>, salt: &str) -> String {
    let session = cookie.map_or_else(|| "signed-out".to_owned(), token::digest);
    token::seal(key, &format!("form {salt} {session}"))
}

fn seal_flash(key: &[u8; 32], flash: &Flash) -> String {
    let value = serde_json::json!({ "kind": flash.kind.as_str(), "text": flash.text, "link": flash.link });
    let text = data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{text}.{}", token::seal(key, &format!("flash {text}")))
}

fn open_flash(key: &[u8; 32], sealed: &str) -> Option<Flash> {
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
fn named_account(req: &HttpRequest, portal: &Portal) -> Option<String> {
    match req.match_info().get("said") {
        Some(part) => Some(super::surface::plain(part)),
        None => req
            .headers()
            .get(portal.dialect.account_header)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    }
}

/// Which portal a request came to.
pub(super) fn edition_of(req: &HttpRequest) -> Edition {
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

pub(super) fn bearer(req: &HttpRequest) -> Option<String> {
    let given = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// The client's address. What a proxy says counts only when the proxy is one of ours.
pub(super) fn client_address(req: &HttpRequest, portal: &Portal) -> String {
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
