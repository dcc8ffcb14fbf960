//! Finds out who asks and where they stand.

use super::{FIRST_SIGN_IN, Visit, WITHOUT_FACTOR};
use crate::authn::{Actor, Via, api_client, session, system_users};
use crate::authz::{Grant, Tenant, grants};
use crate::error::{Error, Result};
use crate::http::menu::{Menu, Onlooker};
use crate::http::view_as::Preview;
use crate::kernel::Clock;
use crate::platform::db::Reads;
use crate::platform::signing::Signing;
use std::sync::Arc;

/// Who asks and where they stand, as it was found out.
type FoundOut = (
    Actor,
    Option<(Tenant, Vec<Grant>)>,
    Vec<Grant>,
    Vec<(&'static str, u64)>,
);

/// What of the portal it takes to find out.
struct Ground {
    clock: Clock,
    signing: Arc<Signing>,
    menu: Arc<Menu>,
    is_on_prem: bool,
    all_need_factor: bool,
}

/// What a request says about itself; taken as owned values, since the database is asked meanwhile.
pub(super) struct Asked {
    pub(super) path: String,
    /// An access token counts, and a session does not.
    pub(super) is_api: bool,
    pub(super) number: Option<Option<i64>>,
    /// How a script of the vendor names the account: by its domain, name or number.
    pub(super) named: Option<String>,
    pub(super) last_account: Option<i64>,
    pub(super) cookie: Option<String>,
    pub(super) view_as: Option<String>,
    pub(super) bearer: Option<String>,
    pub(super) address: String,
    pub(super) request_id: String,
    /// The answer is a refusal: an account in which the person has no role is not named around it.
    pub(super) refused: bool,
}

impl Asked {
    /// Whether it opens where everybody needs a second factor and there is none yet.
    fn opens_without_factor(&self) -> bool {
        WITHOUT_FACTOR.iter().any(|path| self.path.starts_with(path))
    }

    /// Who it is, and whether the session's last use is to be noted; none for nobody.
    fn who(&self, r: &mut dyn Reads, ground: &Ground) -> Result<Option<(Actor, bool)>> {
        let wall = ground.clock.wall();
        let who = match (&self.cookie, &self.bearer, self.is_api) {
            // Pages know cookies alone and the API knows tokens alone: neither is fooled by the other's.
            (Some(cookie), _, false) => session::find(r, wall, cookie, &self.address, &self.request_id)?,
            (_, Some(bearer), true) => {
                api_client::find(r, &ground.signing, wall, bearer, &self.address, &self.request_id)?
                    .map(|actor| (actor, false))
            }
            _ => None,
        };
        let Some((actor, touch)) = who else {
            return Ok(None);
        };
        if ground.is_on_prem
            && !self.path.starts_with(FIRST_SIGN_IN)
            && self.path != "/logout"
            && system_users::must_change_password(r, actor.person.id)?
        {
            return Err(Error::FirstSignIn);
        }
        if ground.all_need_factor && !actor.has_second_factor && !self.opens_without_factor() {
            return Err(Error::SecondFactorNeeded);
        }
        Ok(Some((actor, touch)))
    }

    /// In which account they stand, and the roles that they have anywhere when none was asked for.
    fn standing(
        &self,
        r: &mut dyn Reads,
        actor: &Actor,
    ) -> Result<(Option<(Tenant, Vec<Grant>)>, Vec<Grant>)> {
        let person = actor.person.id;
        let mut outside = self.number.is_none();
        let mut standing = match self.number.unwrap_or(self.last_account) {
            Some(number) => grants::standing(r, number, person)?,
            None => None,
        };
        let stands = |standing: &Option<(Tenant, Vec<Grant>)>| {
            actor.sees_every_tenant() || standing.as_ref().is_some_and(|(_, grants)| !grants.is_empty())
        };
        if self.refused && !outside && !stands(&standing) {
            outside = true;
            standing = match self.last_account {
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
        if outside && !self.is_api && !stands(&standing) {
            standing = match everywhere.first() {
                Some(first) if everywhere.iter().all(|grant| grant.account == first.account) => {
                    grants::standing_in(r, first.account, person)?
                }
                _ => None,
            };
        }
        // Nothing of an account is shown around a page to those to whom it does not open.
        if outside
            && !actor.has_second_factor
            && standing
                .as_ref()
                .is_some_and(|(tenant, _)| tenant.needs_second_factor)
        {
            standing = None;
        }
        Ok((standing, everywhere))
    }

    /// All that who asks and where they stand is found out from, but the address of the sender and the id of the request.
    pub(super) fn key(&self) -> String {
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
                self.opens_without_factor(),
                self.refused,
            )
        )
    }
}

impl Visit {
    pub(super) async fn find_out(&mut self, mut asked: Asked) -> Result<()> {
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
        let ground = Ground {
            clock: self.portal.clock.clone(),
            signing: self.portal.signing.clone(),
            menu: self.portal.menu.clone(),
            is_on_prem: self.portal.config.edition.is_on_prem(),
            all_need_factor: self.portal.config.needs_second_factor,
        };
        let found = self
            .portal
            .db
            .read(move |r| {
                let Some((actor, touch)) = asked.who(r, &ground)? else {
                    return Ok(None);
                };
                if let Some(named) = &asked.named {
                    asked.number = Some(grants::number_of(r, named, ground.is_on_prem)?);
                }
                let (standing, everywhere) = asked.standing(r, &actor)?;
                let waiting = match &standing {
                    Some((tenant, grants)) if !asked.is_api => ground.menu.counts(
                        r,
                        &Onlooker {
                            actor: &actor,
                            tenant,
                            grants,
                            now: ground.clock.now(),
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

    pub(super) fn stand(
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
    pub(super) async fn borrow_eyes(&mut self, cookie: &str, number: Option<Option<i64>>) -> Result<()> {
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
}
