//! The first start: the link with which the first operator comes in.

use super::{Caller, NOBODY, SET_UP_LIFE};
use crate::authn::{PlatformRole, people};
use crate::authz::links::{self, Link, Purpose};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::entrance::Entrance;
use crate::kernel::ids::{LinkId, PersonId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::mail::LINK_KIND;

/// A link for making the first operator, when there is nobody at all. An older one ends with it.
pub fn bootstrap(portal: &Portal) -> Result<Option<String>> {
    let (id, now) = (LinkId::new(), portal.clock.now());
    let expires = now.plus(SET_UP_LIFE);
    let email = EmailAddress::parse("set-up@licentral.example").map_err(Error::internal)?;
    let needed = portal.db.write_now(|tx| {
        if people::count(tx)? > 0 {
            return Ok(tx.unchanged(false));
        }
        links::end_about(tx, NOBODY, now)?;
        links::make(tx, now, id, Purpose::SetUp, NOBODY, &email, expires)?;
        let event = Event::new(
            Kind::SetUpLinkMade,
            id,
            "A link for making the first operator was printed.",
        );
        tx.record(now, &Who::portal("first start"), &event, true)
    })?;
    if !needed {
        return Ok(None);
    }
    let token = portal
        .signing
        .sign(LINK_KIND, Purpose::SetUp.word(), id.as_str(), now, expires)?;
    Ok(Some(format!("{}/setup/{token}", portal.config.base_url)))
}

/// Whether a link for setting the portal up counts.
pub fn may_set_up(read: &mut dyn Reads, portal: &Portal, now: Moment, token: &str) -> Result<Link> {
    let link = links::open(read, &portal.signing, now, Purpose::SetUp, token)?;
    if people::count(read)? == 0 {
        Ok(link)
    } else {
        Err(Error::DeadLink)
    }
}

/// Who the first operator is to be.
#[derive(Clone)]
pub struct Operator {
    pub id: PersonId,
    pub email: EmailAddress,
    pub name: Name,
    pub hash: String,
}

/// Makes the first operator and signs them in.
pub fn set_up(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    entrance: &Entrance,
    token: &str,
    operator: &Operator,
) -> Result<Recorded<()>> {
    let link = may_set_up(tx, portal, caller.now, token)?;
    links::use_up(tx, link.id, caller.now)?;
    let person = people::add(
        tx,
        caller.now,
        operator.id,
        &operator.email,
        &operator.name,
        Some(&operator.hash),
        0,
    )?;
    people::give_platform_role(tx, person.id, PlatformRole::Operator)?;
    entrance.begin(tx, &person)?;
    let event = Event::new(
        Kind::SetUp,
        person.id,
        format!("{} became the first operator.", person.label()),
    );
    tx.record(caller.now, &entrance.who(&person), &event, ())
}
