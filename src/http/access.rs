//! Proofs of access: the first parameter of every handler is one of these.

use super::kept::ReadsOnly;
use super::portal::Portal;
use super::visit::Visit;
use crate::authn::Actor;
use crate::authz::{Action, Decided, Does, Over, Permit, delegation, matrix};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Read, Recorded, Tx};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a route demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Nothing,
    /// Nothing, but only a lab has it.
    Lab,
    /// To be signed in.
    SignedIn,
    /// A permit for an action.
    May(Action),
}

impl std::fmt::Display for Demand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Lab => f.write_str("a lab"),
            Self::SignedIn => f.write_str("signed in"),
            Self::May(action) => write!(f, "may {}", action.name()),
        }
    }
}

/// A proof of access.
pub trait Proof: FromRequest {
    /// What it proves.
    const DEMAND: Demand;
}

/// Parameters of a handler that begin with a proof of access.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not begin with a proof of access",
    label = "the first parameter of a handler must be `Public`, `LabOnly`, `SignedIn` or `May<_>`"
)]
pub trait Guarded {
    /// What is demanded.
    const DEMAND: Demand;
}

/// The parameters of a handler, asked one after the other and the proof first. Asked all at once, as the
/// library does, a body is read for somebody who may not send one, and which refusal wins is chance.
pub struct InTurn<Args>(pub Args);

macro_rules! guarded {
    ($($other:ident),*) => {
        impl<P: Proof, $($other),*> Guarded for (P, $($other,)*) { const DEMAND: Demand = P::DEMAND; }

        impl<P: Proof + 'static, $($other: FromRequest + 'static),*> FromRequest for InTurn<(P, $($other,)*)> {
            type Error = actix_web::Error;
            type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;
            #[allow(unused_mut, unused_variables, reason = "a handler may take nothing but the proof")]
            fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let (req, mut payload) = (req.clone(), payload.take());
                Box::pin(async move {
                    let proof = P::from_request(&req, &mut Payload::None).await.map_err(Into::into)?;
                    Ok(Self((proof, $($other::from_request(&req, &mut payload).await.map_err(Into::into)?,)*)))
                })
            }
        }
    };
}
guarded!();
guarded!(A);
guarded!(A, B);
guarded!(A, B, C);
guarded!(A, B, C, D);
guarded!(A, B, C, D, E);

type Found<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// Anybody.
pub struct Public(Visit);
/// Anybody, in a lab. In production the route is not there.
pub struct LabOnly(Visit);
/// Somebody who is signed in.
pub struct SignedIn {
    visit: Visit,
    actor: Arc<Actor>,
}
/// Somebody who may do `A`.
pub struct May<A: Does> {
    visit: Visit,
    /// For services.
    pub permit: Permit<A>,
}

macro_rules! visits {
    ($($proof:ident),*) => {$(
        impl std::ops::Deref for $proof {
            type Target = Visit;
            fn deref(&self) -> &Visit { &self.0 }
        }
    )*};
}
visits!(Public, LabOnly);

impl std::ops::Deref for SignedIn {
    type Target = Visit;
    fn deref(&self) -> &Visit {
        &self.visit
    }
}
impl<A: Does> std::ops::Deref for May<A> {
    type Target = Visit;
    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl SignedIn {
    /// Who.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }
}

impl<A: Does> May<A> {
    /// Reads what this permit lets one see, in one snapshot.
    pub async fn reads<T: Send + 'static>(
        &self,
        with: impl FnOnce(&mut Read<'_>, &Permit<A>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.permit.clone();
        let db = &self.visit.portal.db;
        db.read(move |r| with(r, &permit)).await
    }

    /// Does something under this permit, at portal time, and records it. The closure may run more than once.
    pub async fn does<T: Send + 'static>(
        &self,
        with: impl Fn(&mut Tx<'_>, &Permit<A>, Moment) -> Result<Recorded<T>> + Send + 'static,
    ) -> Result<T> {
        let (permit, at) = (self.permit.clone(), self.visit.portal.clock.now());
        let db = &self.visit.portal.db;
        db.write(move |tx| with(tx, &permit, at)).await
    }

    /// The permit for something else in the same account, where one page needs two.
    pub async fn also<B: Does>(&self) -> Result<Permit<B>> {
        let actor = self.visit.actor.clone().ok_or(Error::SignedOut)?;
        let visit = &self.visit;
        let wall = visit.portal.clock.wall();
        let asked = match B::ACTION.over() {
            Over::Account => Permit::ask(actor, visit.tenant.as_ref(), &visit.grants, wall),
            Over::Anywhere | Over::Platform => Permit::ask(actor, None, &visit.everywhere, wall),
        };
        if matches!(asked, Err(Error::Forbidden { .. })) {
            note_denial(visit, B::ACTION).await;
        }
        asked
    }
}

impl FromRequest for Public {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Ok(Self(Visit::of(&req).await?)) })
    }
}
impl Proof for Public {
    const DEMAND: Demand = Demand::Nothing;
}

impl FromRequest for LabOnly {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let visit = Visit::of(&req).await?;
            if visit.portal.config.is_lab() {
                Ok(Self(visit))
            } else {
                Err(Error::NotFound)
            }
        })
    }
}
impl Proof for LabOnly {
    const DEMAND: Demand = Demand::Lab;
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let visit = Visit::of(&req).await?;
            let actor = visit.actor.clone().ok_or(Error::SignedOut)?;
            Ok(Self { visit, actor })
        })
    }
}
impl Proof for SignedIn {
    const DEMAND: Demand = Demand::SignedIn;
}

impl<A: Does> FromRequest for May<A> {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admitted = admit(req.clone(), A::ACTION);
        Box::pin(async move {
            let (visit, decided) = admitted.await?;
            let permit = Permit::of(decided)?;
            Ok(Self { visit, permit })
        })
    }
}

/// Lets somebody in who may do an action. Compiled once, whatever the action is.
fn admit(req: HttpRequest, action: Action) -> Found<(Visit, Decided)> {
    Box::pin(async move {
        let visit = Visit::of(&req).await?;
        let actor = visit.actor.clone().ok_or(Error::SignedOut)?;
        let (tenant, grants) = match action.over() {
            Over::Account => (visit.tenant.as_ref(), &visit.grants),
            Over::Anywhere | Over::Platform => (None, &visit.everywhere),
        };
        // Only a member of the account can act in another member's stead, and nobody with borrowed eyes.
        let lent = match tenant {
            Some(tenant) if delegation::lendable(action) && !grants.is_empty() && visit.preview.is_none() => {
                let (account, person) = (tenant.id, actor.person.id);
                let now = visit.portal.clock.now();
                visit
                    .portal
                    .db
                    .read(move |r| delegation::lent_to(r, account, person, now))
                    .await?
            }
            _ => Vec::new(),
        };
        let wall = visit.portal.clock.wall();
        match Decided::ask(action, actor, tenant, grants, &lent, wall) {
            Ok(decided) => {
                if matrix::reads_only(action) {
                    req.extensions_mut().insert(ReadsOnly);
                }
                Ok((visit, decided))
            }
            Err(error) => {
                if matches!(error, Error::Forbidden { .. }) && visit.preview.is_none() {
                    note_denial(&visit, action).await;
                }
                Err(error)
            }
        }
    })
}

impl<A: Does> Proof for May<A> {
    const DEMAND: Demand = Demand::May(A::ACTION);
}

/// The end of a path, as much of it as the record takes: some of the vendor's are longer.
fn end_of(path: &str) -> String {
    const MOST: usize = 100;
    let length = path.chars().count();
    if length <= MOST {
        return path.to_owned();
    }
    let end = path.chars().skip(length - (MOST - 1));
    std::iter::once('\u{2026}').chain(end).collect()
}

/// A refusal for want of a right is kept in the record of the account.
async fn note_denial(visit: &Visit, action: Action) {
    let Some(actor) = visit.actor.clone() else { return };
    let tenant = visit
        .tenant
        .as_ref()
        .filter(|_| action.over() == Over::Account)
        .map(|t| t.id);
    let mut event = Event::new(
        Kind::Denied,
        end_of(&visit.path),
        format!("{} tried to {} and may not.", actor.person.name, action.words()),
    )
    .ended(Outcome::Refused);
    event.account = tenant;
    let portal: &Portal = &visit.portal;
    let now = portal.clock.now();
    if let Err(error) = portal
        .db
        .write(move |tx| tx.record(now, &actor.who, &event, ()))
        .await
    {
        tracing::warn!(%error, "a denial could not be recorded");
    }
}
