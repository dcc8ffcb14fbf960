//! The people of the demo.

use super::days_before;
use super::facts::XYZ;
use crate::authn::{Actor, PlatformRole, Via, people};
use crate::authz::{Does, Permit, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{EmailAddress, Moment, Name, Who};
use crate::platform::db::Tx;
use crate::simulator::scenario::year;
use crate::smart_accounts;
use std::sync::Arc;

/// Somebody of the cast: address, name, access level, role over the portal, days since they came.
type Character = (&'static str, &'static str, i32, Option<PlatformRole>, i64);

pub(super) const OLGA: Character = (
    "olga@licensing.example",
    "Olga Brandt",
    0,
    Some(PlatformRole::Operator),
    380,
);

/// Runs the customer account that has nobody of the cast in it.
pub(super) const JUNE: &str = "june@fairwater.example";

/// Asked for access and was given it.
pub(super) const ROSA: &str = "rosa@xyz.example";

/// Everyone. The first twelve are the cast.
pub(super) const CAST: &[Character] = &[
    OLGA,
    (
        "sam@licensing.example",
        "Sam Ortega",
        0,
        Some(PlatformRole::Support),
        380,
    ),
    (
        "drew@licensing.example",
        "Drew Tanaka",
        0,
        Some(PlatformRole::DomainApprover),
        379,
    ),
    ("ada@xyz.example", "Ada Marsh", 2, None, 372),
    ("bob@xyz.example", "Bob Ferrant", 0, None, 371),
    ("cy@xyz.example", "Cy Okafor", 1, None, 371),
    ("vera@xyz.example", "Vera Lindholm", 0, None, 366),
    ("dan@xyz.example", "Dan Reyes", 2, None, 362),
    ("una@xyz.example", "Una Castell", 0, None, 362),
    ("pat@bramwell.example", "Pat Quill", 2, None, 340),
    ("eve@harborview.example", "Eve Harrow", 0, None, 210),
    ("noa@newcomer.example", "Noa Winter", 0, None, 6),
    (JUNE, "June Fairley", 0, None, 45),
    (ROSA, "Rosa Klein", 0, None, 150),
];

/// Somebody with an id and a time of arrival.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Their id.
    pub id: PersonId,
    pub(super) email: EmailAddress,
    pub(super) name: Name,
    pub(super) level: i32,
    pub(super) platform: Option<PlatformRole>,
    pub(super) since: Moment,
}

impl Planned {
    pub(super) fn of(now: Moment, (email, name, level, platform, days): Character) -> Result<Self> {
        Ok(Self {
            id: PersonId::new(),
            email: EmailAddress::parse(email).map_err(Error::internal)?,
            name: Name::parse(name, "Name").map_err(Error::internal)?,
            level,
            platform,
            since: days_before(now, days, 8),
        })
    }
    /// Name and address, as the record keeps them.
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.email)
    }
    /// Their name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
    /// As one who asks: what they may is decided by the roles that they hold.
    pub(super) fn actor(&self, tx: &mut Tx<'_>) -> Result<Arc<Actor>> {
        Ok(Arc::new(Actor {
            person: people::find(tx, self.id)?,
            platform: self.platform.into_iter().collect(),
            has_second_factor: false,
            via: Via::Client {
                id: "scenario".to_owned(),
                may_write: true,
                is_subscribed: true,
            },
            who: self.who(if self.email.domain() == XYZ.1 {
                year::OFFICE
            } else {
                year::PARTNER
            }),
        }))
    }
    pub(super) fn permit<A: Does>(&self, tx: &mut Tx<'_>, at: Moment) -> Result<Permit<A>> {
        let held = grants::of_person(tx, self.id)?;
        Permit::ask(self.actor(tx)?, None, &held, at)
    }
    pub(super) fn permit_in<A: Does>(
        &self,
        tx: &mut Tx<'_>,
        account: SmartAccountId,
        at: Moment,
    ) -> Result<Permit<A>> {
        let number = smart_accounts::find(tx, account)?.number;
        let (tenant, held) = grants::standing(tx, number, self.id)?.ok_or(Error::NotFound)?;
        Permit::ask(self.actor(tx)?, Some(&tenant), &held, at)
    }
    /// As one who did something.
    pub fn who(&self, address: &str) -> Who {
        Who {
            person: Some(self.id),
            label: self.label(),
            address: address.to_owned(),
            request_id: String::new(),
        }
    }
}
