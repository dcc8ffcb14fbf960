//! The account of the page, and what its reader may do there.

use super::cookies::{csrf_seal, seal_flash};
use super::{FLASH, Visit};
use crate::authz::{Action, Does, Permit, Role, TenantKind, matrix};
use crate::error::{Error, Result};
use crate::http::reply::Answer;
use crate::http::shell::{Flash, FlashKind, Theme};
use crate::kernel::ids::SmartAccountId;
use crate::platform::token;

impl Visit {
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
        self.csrf_with(self.cookie.as_deref())
    }

    /// The same for a session that goes on under another cookie, which comes with the page.
    pub fn csrf_with(&self, cookie: Option<&str>) -> String {
        let salt: String = token::random().chars().take(11).collect();
        let seal = csrf_seal(&self.portal.signing.seal_key, cookie, &salt);
        format!("{salt}.{seal}")
    }
}

impl Visit {
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
            Err(Error::Forbidden { .. } | Error::NotFound | Error::SecondFactorNeeded) => Ok(None),
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
    pub fn list(&self, spec: &crate::http::list::ListSpec<'_>) -> crate::http::list::ListQuery {
        crate::http::list::ListQuery::parse(&self.query, spec).in_words_of(self.portal.config.edition)
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
        let mut response = crate::http::reply::redirect(to);
        let sealed = seal_flash(&self.portal.signing.seal_key, &flash);
        crate::http::reply::set_cookie(&mut response, FLASH, &sealed, Some(60));
        response
    }

    /// Goes on to another page, which says what was done.
    pub fn done(&self, to: &str, says: impl Into<String>) -> Answer {
        Ok(self.see_other(to, Flash::new(FlashKind::Ok, says)))
    }
}
