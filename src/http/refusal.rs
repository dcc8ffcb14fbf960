//! What stands around the page of a refusal: the menu and the person as on every other page, what was tried in the
//! page's own words, who may do it, and whom one may ask.

use super::error_words::Words;
use super::shell::Shell;
use super::visit::Visit;
use crate::authn::PlatformRole;
use crate::authn::people::Person;
use crate::authz::matrix::{self, Holder};
use crate::authz::{Action, Over, TenantKind, grants};
use crate::error::Error;
use actix_web::HttpRequest;

/// How many administrators are named.
const MOST_NAMED: usize = 3;

/// Actions that stand for several things: which of them a page is about, by a part of its address.
const ASPECTS: &[(Action, &str, &str)] = &[
    (Action::ViewInventory, "/licensing", "view licenses"),
    (Action::ViewInventory, "/devices", "view devices"),
    (Action::ViewInventory, "/orders", "view orders"),
    (Action::ViewInventory, "/alerts", "view alerts"),
    (Action::Transfer, "/licensing", "transfer licenses"),
    (Action::Transfer, "/devices", "transfer devices"),
    (Action::ManageTokens, "/revoke", "revoke tokens"),
    (Action::ManageTokens, "/copy", "copy tokens"),
    (Action::ManageTokens, "/download", "download tokens"),
    (Action::ManageTokens, "", "generate tokens"),
    (Action::Synchronize, "/upload-sync-file", "upload sync files"),
    (Action::Synchronize, "/response-file", "download response files"),
    (
        Action::ChangeAccountState,
        "/deactivate",
        "deactivate this Smart Account",
    ),
    (
        Action::ChangeAccountState,
        "/reactivate",
        "reactivate this Smart Account",
    ),
    (Action::DecideAccess, "/approve", "approve access requests"),
    (Action::DecideAccess, "/decline", "decline access requests"),
];

/// The visit that was refused, and who could help.
pub struct Around {
    visit: Visit,
    administrators: Vec<Person>,
}

impl Around {
    /// Whether the page of an error stands in the portal: not where the portal itself is in trouble, and a look into
    /// the database would be more of it.
    pub fn suits(path: &str, error: &Error) -> bool {
        !super::Surface::of(path).is_for_programs()
            && !matches!(
                error,
                Error::SignedOut
                    | Error::FreshSignInNeeded
                    | Error::CrossSite
                    | Error::TooMany { .. }
                    | Error::Unavailable(_)
                    | Error::Internal(_)
            )
    }

    /// Looks again who asks; none when nobody is signed in, or it cannot be known.
    pub async fn of(req: &HttpRequest, error: &Error) -> Option<Self> {
        let visit = Visit::around_refusal(req).await.ok()?;
        visit.actor.as_ref()?;
        let wanted = matches!(error, Error::Forbidden { .. } | Error::NotFound);
        let administrators = match &visit.tenant {
            Some(tenant) if wanted => {
                let account = tenant.id;
                let found = visit
                    .portal
                    .db
                    .read(move |r| grants::administrators_of(r, account));
                found.await.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        Some(Self {
            visit,
            administrators,
        })
    }

    /// What stands around the page.
    pub fn shell(&self, title: &str) -> Shell {
        if self.visit.tenant.is_some() {
            self.visit.account_shell(title, &[])
        } else {
            self.visit.shell(title)
        }
    }

    /// Whether the page that was asked for lies in the account that is open.
    fn is_inside(&self) -> bool {
        let root = format!("/sa/{}", self.visit.number());
        self.visit.tenant.is_some()
            && (self.visit.path == root || self.visit.path.starts_with(&format!("{root}/")))
    }

    /// What was tried, in the words of the page that it was tried on.
    fn tried(&self, words: &'static str, is_read: bool) -> String {
        let Some(action) = Action::named(words) else {
            return words.to_owned();
        };
        let entry = self.visit.portal.menu.entry_of(&self.visit);
        if let Some(label) = entry
            .filter(|e| is_read && e.action == action)
            .and_then(|e| e.label)
        {
            return format!("open {label}");
        }
        aspect(action, &self.visit.path).to_owned()
    }

    /// Puts the page's words in place of the general ones.
    pub fn tell(&self, error: &Error, is_read: bool, words: &mut Words) {
        let is_start = |way: &(String, String)| way.0.starts_with("Go to ");
        let account = self.visit.tenant.as_ref();
        let inside = account.filter(|_| self.is_inside());
        if let Error::Forbidden { action } = error {
            let edition = self.visit.portal.config.edition;
            words.heading = format!("You may not {}", edition.words(&self.tried(action, is_read)));
            words.says = match inside {
                Some(account) => format!("Your role in {} does not allow it.", account.name),
                None => "Your role does not allow it.".to_owned(),
            };
            words.next.retain(is_start);
            // Roles of a local account are not asked for, but given.
            if let Some(account) =
                inside.filter(|one| one.kind == TenantKind::Smart && !self.is_administrator())
            {
                let href = format!("/access/request?domain={}", account.domain);
                words.next.insert(0, ("Request another role".to_owned(), href));
            }
        }
        if matches!(error, Error::NotFound) && inside.is_some() {
            "The page does not exist, what it was about is gone, or it belongs to a Virtual Account in which you hold no role.".clone_into(&mut words.says);
            words.next.retain(is_start);
        }
        if let Some(account) = account {
            words.next.retain(|way| !is_start(way));
            let at = usize::from(words.next.first().is_some_and(|(label, _)| label == "Go back"));
            let back = (
                format!("Back to {}", account.name),
                format!("/sa/{}", account.number),
            );
            words.next.insert(at, back);
        }
    }

    fn is_administrator(&self) -> bool {
        let own = self.visit.actor.as_ref().map(|actor| actor.person.id);
        self.administrators.iter().any(|person| Some(person.id) == own)
    }

    /// One's roles here, and those that would do.
    pub fn facts(&self, error: &Error) -> Vec<(&'static str, String)> {
        let Error::Forbidden { action } = error else {
            return Vec::new();
        };
        let mut facts = vec![("Your role", self.own_roles())];
        if let Some(action) = Action::named(action) {
            let edition = self.visit.portal.config.edition;
            facts.push(("Who may", edition.words(&holders(action)).into_owned()));
        }
        facts
    }

    fn own_roles(&self) -> String {
        let edition = self.visit.portal.config.edition;
        let mut words: Vec<&str> = self
            .visit
            .actor
            .iter()
            .flat_map(|actor| actor.platform.iter().map(|role| role.label()))
            .chain(self.visit.grants.iter().map(|grant| grant.role.label_in(edition)))
            .collect();
        words.dedup();
        if words.is_empty() {
            return self.visit.role_words();
        }
        words.join(", ")
    }

    /// Administrators of the account that the page is in, which is one's own.
    pub fn may_be_asked(&self, error: &Error) -> Vec<Person> {
        let of_account = match error {
            Error::Forbidden { action } => Action::named(action).is_none_or(|a| a.over() == Over::Account),
            _ => true,
        };
        if !of_account || !self.is_inside() || self.is_administrator() {
            return Vec::new();
        }
        self.administrators.iter().take(MOST_NAMED).cloned().collect()
    }
}

fn aspect(action: Action, path: &str) -> &'static str {
    ASPECTS
        .iter()
        .find(|(whole, part, _)| *whole == action && path.contains(part))
        .map_or_else(|| action.words(), |(_, _, words)| words)
}

/// The roles that may, those over the portal too where they are the only ones.
fn holders(action: Action) -> String {
    if action.over() == Over::Platform {
        let labels: Vec<&str> = matrix::holders(action)
            .iter()
            .filter_map(|holder| match holder {
                Holder::Platform(role) => Some(PlatformRole::label(*role)),
                _ => None,
            })
            .collect();
        return labels.join(", ");
    }
    matrix::who_may(action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_known_by_its_words() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.words()), Some(*action));
            assert!(!holders(*action).is_empty(), "{}", action.name());
        }
    }

    #[test]
    fn a_page_of_orders_speaks_of_orders_alone() {
        assert_eq!(aspect(Action::ViewInventory, "/sa/1/orders/2"), "view orders");
        assert_eq!(
            aspect(Action::Transfer, "/sa/1/devices/transfer"),
            "transfer devices"
        );
        assert_eq!(
            aspect(Action::EditAccount, "/sa/1/account"),
            Action::EditAccount.words()
        );
    }
}
