//! Tokens are made, revoked and shown; each is recorded.

use super::super::model::{State, Token};
use super::super::store;
use super::New;
use super::read::{covered, theirs};
use crate::authz::Permit;
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::{Error, Result};
use crate::http::widgets::{counted, number};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Once, OnceKey, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::virtual_accounts;
use serde_json::json;
use std::collections::HashMap;

/// For whom a token is made or shown: what one sees, and what one may manage.
pub struct Rights<'a> {
    /// The right to see.
    pub view: &'a Permit<ViewInventory>,
    /// The right to manage.
    pub manage: &'a Permit<ManageTokens>,
}

/// Generates registration tokens, all of them or none.
pub fn create(
    tx: &mut Tx<'_>,
    rights: &Rights<'_>,
    occupants: &Occupants,
    at: Moment,
    news: &[New],
    once: Option<&OnceKey>,
) -> Result<Recorded<Vec<RegistrationTokenId>>> {
    let (permit, account) = (rights.manage, rights.manage.within().account()?);
    let who = permit.who();
    let (Some(first), Some(last)) = (news.iter().map(New::id).min(), news.iter().map(New::id).max()) else {
        return Err(Error::refused(
            "tokens.nothing-chosen",
            "No Virtual Account was selected, so no registration token was generated.",
        ));
    };
    if let Once::Again(made) = tx.once(once)? {
        let ids: Vec<RegistrationTokenId> = made.split(' ').filter_map(|id| id.parse().ok()).collect();
        let [first, last] = ids.as_slice() else {
            return Err(Error::NotFound);
        };
        let made = store::made_together(tx, account, who.person, *first, *last)?;
        return Ok(tx.unchanged(made));
    }
    let mut places: HashMap<VirtualAccountId, String> = HashMap::new();
    for new in news {
        if !rights.view.within().covers(new.place) {
            return Err(Error::NotFound);
        }
        covered(permit, new.place)?;
    }
    let wanted: Vec<VirtualAccountId> = news.iter().map(|new| new.place).collect();
    if let Some(refusal) = virtual_accounts::against_registering(tx, occupants, account, &wanted)? {
        return Err(Error::Refused(refusal));
    }
    for found in virtual_accounts::these(tx, account, &wanted)? {
        places.insert(found.id, found.name);
    }
    let mut events = Vec::with_capacity(news.len());
    for new in news {
        let name = places.get(&new.place).ok_or(Error::NotFound)?;
        let token = Token {
            id: new.id,
            account,
            virtual_account: new.place,
            description: new.terms.description.clone(),
            sealed: new.sealed.clone(),
            export_controlled: new.terms.export_controlled,
            expires_at: new.expires,
            max_uses: new.terms.max_uses,
            uses: 0,
            created_at: at,
            created_by: who.person,
            creator: who.label.clone(),
            revoked_at: None,
            revoked_by: String::new(),
            version: 1,
        };
        store::insert(tx, &token, &new.hash, &new.short)?;
        let says = format!(
            "A registration token for {name} was generated. {} until {}.{}",
            uses_words(token.max_uses),
            token.expires_at.words(),
            if token.export_controlled {
                " Export-controlled functionality is allowed."
            } else {
                " Export-controlled functionality is not allowed."
            }
        );
        events
            .push(event(Kind::RegistrationTokenCreated, &token, says).changed(&json!(null), &facts(&token)));
    }
    tx.made(at, once, &format!("{first} {last}"))?;
    let ids = news.iter().map(New::id).collect();
    tx.record_all(at, rights.manage.who(), &events, ids)
}

/// "It can register 25 product instances", for the record and for people.
pub fn uses_words(max_uses: Option<i64>) -> String {
    match max_uses {
        Some(uses) => format!(
            "It can register up to {}",
            counted(
                u64::try_from(uses).unwrap_or_default(),
                "product instance",
                "product instances"
            )
        ),
        None => "It can register any number of product instances".to_owned(),
    }
}

/// "3 of 25", "3 of unlimited".
pub fn used_words(token: &Token) -> String {
    let used = number(&token.uses.unsigned_abs());
    match token.max_uses {
        Some(most) => format!("{used} of {}", number(&most.unsigned_abs())),
        None => format!("{used} of unlimited"),
    }
}

fn facts(token: &Token) -> serde_json::Value {
    json!({
        "description": token.description,
        "expires_at": token.expires_at,
        "max_uses": token.max_uses,
        "export_controlled": token.export_controlled,
        "revoked_at": token.revoked_at,
    })
}

fn event(kind: Kind, token: &Token, says: impl Into<String>) -> Event {
    Event::new(kind, token.id, says)
        .within(token.account)
        .in_virtual_account(token.virtual_account)
}

/// "the registration token "Branch switches" of DEFAULT".
fn called(tx: &mut Tx<'_>, token: &Token) -> Result<String> {
    let place = virtual_accounts::these(tx, token.account, &[token.virtual_account])?.pop();
    let place = place.map(|one| one.name).unwrap_or_default();
    Ok(if token.description.is_empty() {
        format!("registration token of {place}")
    } else {
        format!(
            "registration token \u{201c}{}\u{201d} of {place}",
            token.description
        )
    })
}

/// Takes a token back: nothing can be registered with it any more. What is registered stays so.
pub fn revoke(
    tx: &mut Tx<'_>,
    rights: &Rights<'_>,
    at: Moment,
    id: RegistrationTokenId,
) -> Result<Recorded<()>> {
    let before = theirs(tx, rights.view, rights.manage, id)?;
    active(&before, at)?;
    if !store::revoke(tx, before.account, id, at, rights.manage.who())? {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    after.revoked_at = Some(at);
    let says = format!("The {} was revoked.", called(tx, &before)?);
    let event = event(Kind::RegistrationTokenRevoked, &before, says).changed(&facts(&before), &facts(&after));
    tx.record(at, rights.manage.who(), &event, ())
}

/// Records that somebody takes a look at the texts of these tokens, to copy or to download them, and gives the tokens
/// back in the order in which they were asked for.
pub fn show(
    tx: &mut Tx<'_>,
    rights: &Rights<'_>,
    at: Moment,
    ids: &[RegistrationTokenId],
    how: Showing,
) -> Result<Recorded<Vec<Token>>> {
    let (mut events, mut shown) = (Vec::new(), Vec::new());
    for id in ids {
        let token = theirs(tx, rights.view, rights.manage, *id)?;
        active(&token, at)?;
        let says = format!("The text of the {} was {}.", called(tx, &token)?, how.words());
        events.push(event(Kind::RegistrationTokenShown, &token, says).with(json!({ "how": how.words() })));
        shown.push(token);
    }
    tx.record_all(at, rights.manage.who(), &events, shown)
}

/// How somebody takes a look at a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    /// On a page.
    Page,
    /// As a file.
    File,
    /// By a script.
    Script,
}

impl Showing {
    const fn words(self) -> &'static str {
        match self {
            Self::Page => "shown to be copied",
            Self::File => "downloaded",
            Self::Script => "read through the API",
        }
    }
}

fn active(token: &Token, now: Moment) -> Result<()> {
    match token.state(now) {
        State::Active => Ok(()),
        state => Err(Error::refused("tokens.not-active", state.because())),
    }
}
