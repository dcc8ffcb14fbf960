//! "View as": somebody sees the portal with another role's eyes for a while. What was chosen stands in a cookie that
//! is sealed for one session, so nobody can write their own and it is worth nothing elsewhere.

use crate::authn::{Actor, Via};
use crate::authz::matrix::{self, Holder};
use crate::authz::{Action, Grant, Role, Tenant};
use crate::kernel::Moment;
use crate::kernel::ids::{GrantId, VirtualAccountId};
use crate::platform::token;

/// The cookie that carries it.
pub const COOKIE: &str = "__Host-view-as";
/// What may still be done meanwhile: to stop, to sign out, to choose how the portal looks.
pub const STILL_DONE: &[&str] = &["/view-as/stop", "/logout", "/preferences"];

/// Whose eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// In which Smart Account.
    pub number: i64,
    /// With which role.
    pub role: Role,
    /// In which Virtual Account, for a role of one.
    pub virtual_account: Option<VirtualAccountId>,
}

fn seal(key: &[u8; 32], session: &str, says: &str) -> String {
    token::seal(key, &format!("view-as {session} {says}"))
}

/// The session that a preview belongs to. A client of the API has none.
fn session(actor: &Actor) -> Option<String> {
    match &actor.via {
        Via::Session { id, .. } => Some(id.to_string()),
        Via::Client { .. } => None,
    }
}

impl Preview {
    /// The cookie's value.
    pub fn sealed(&self, key: &[u8; 32], actor: &Actor) -> Option<String> {
        let place = self
            .virtual_account
            .map_or_else(|| "all".to_owned(), |id| id.to_string());
        let says = format!("{}.{}.{place}", self.number, self.role.word());
        let seal = seal(key, &session(actor)?, &says);
        Some(format!("{says}.{seal}"))
    }

    /// What a cookie says, when this session wrote it.
    pub fn open(key: &[u8; 32], actor: &Actor, cookie: &str) -> Option<Self> {
        let (says, given) = cookie.rsplit_once('.')?;
        if !token::same(given, &seal(key, &session(actor)?, says)) {
            return None;
        }
        let mut parts = says.split('.');
        let (number, role, place) = (parts.next()?, parts.next()?, parts.next()?);
        let virtual_account = match place {
            "all" => None,
            id => Some(id.parse().ok()?),
        };
        Some(Self {
            number: number.parse().ok()?,
            role: role.parse().ok()?,
            virtual_account,
        })
    }

    /// Whether somebody may look so: who may no longer do it sees with their own eyes again.
    pub fn holds(&self, tenant: &Tenant, actor: &Actor, grants: &[Grant]) -> bool {
        tenant.number == self.number
            && (actor
                .platform
                .iter()
                .any(|role| matrix::holders(Action::ViewAs).contains(&Holder::Platform(*role)))
                || grants.iter().any(|grant| {
                    grant.virtual_account.is_none() && matrix::allows(Action::ViewAs, grant.role)
                }))
    }

    /// The one role that counts meanwhile.
    pub fn grant(&self, tenant: &Tenant, actor: &Actor, at: Moment) -> Grant {
        Grant {
            id: GrantId::new(),
            account: tenant.id,
            virtual_account: self.virtual_account,
            person: actor.person.id,
            role: self.role,
            created_at: at,
            source: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::people::{Person, PersonState};
    use crate::kernel::ids::{PersonId, SessionId};
    use crate::kernel::{EmailAddress, Who};

    fn actor() -> Actor {
        let person = Person {
            id: PersonId::new(),
            email: EmailAddress::parse("ada@xyz.example").unwrap(),
            name: "Ada".to_owned(),
            access_level: 1,
            state: PersonState::Active,
            version: 1,
        };
        Actor {
            who: Who::portal("test"),
            platform: Vec::new(),
            has_second_factor: false,
            via: Via::Session {
                id: SessionId::new(),
                key: "k".to_owned(),
                fresh_at: Moment::parse("2026-01-01T00:00:00Z").unwrap(),
            },
            person,
        }
    }

    #[test]
    fn a_preview_is_read_back_by_the_session_that_wrote_it_and_by_no_other() {
        let (key, ada) = ([7; 32], actor());
        for virtual_account in [None, Some(VirtualAccountId::new())] {
            let preview = Preview {
                number: 100_001,
                role: Role::VirtualUser,
                virtual_account,
            };
            let cookie = preview.sealed(&key, &ada).unwrap();
            assert_eq!(Preview::open(&key, &ada, &cookie), Some(preview));
            assert_eq!(Preview::open(&key, &actor(), &cookie), None);
            assert_eq!(Preview::open(&[8; 32], &ada, &cookie), None);
            let forged = cookie.replacen("virtual-user", "account-admin", 1);
            assert_eq!(Preview::open(&key, &ada, &forged), None);
        }
        for rubbish in ["", ".", "a.b.c", "1.account-admin.all"] {
            assert_eq!(Preview::open(&key, &ada, rubbish), None);
        }
    }
}
