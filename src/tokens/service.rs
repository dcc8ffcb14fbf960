//! What can be done with registration tokens.

use super::model::{State, Terms, Token, Written, shortened};
use super::store;
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::authz::{Does, Permit, matrix};
use crate::error::{Error, Result};
use crate::http::list::Asked;
use crate::http::widgets::{counted, number};
use crate::kernel::ids::{RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Secret};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::signing::Signing;
use crate::smart_accounts;
use crate::virtual_accounts::{self, VirtualAccount};
use serde_json::json;
use std::collections::HashMap;

/// Under which name texts of tokens are locked.
const LOCK: &str = "registration token";

/// A token that is to be: its id, its text and what is kept of that are made before the write.
#[derive(Debug, Clone)]
pub struct New {
    id: RegistrationTokenId,
    place: VirtualAccountId,
    terms: Terms,
    expires: Moment,
    text: Secret,
    hash: String,
    /// How its text begins.
    short: String,
    sealed: String,
}

impl New {
    /// Makes one for a Virtual Account.
    pub fn make(signing: &Signing, now: Moment, place: VirtualAccountId, terms: Terms) -> Result<Self> {
        let expires = terms.expires(now);
        let (id, written) = (RegistrationTokenId::new(), Written::new(expires));
        Ok(Self {
            hash: written.hash(),
            short: shortened(&written.text()),
            sealed: signing.lock(LOCK, id.as_str(), &written.text())?,
            text: Secret::new(written.text()),
            id,
            place,
            terms,
            expires,
        })
    }
    /// Its id.
    pub fn id(&self) -> RegistrationTokenId {
        self.id
    }
    /// Until when it opens something.
    pub fn expires(&self) -> Moment {
        self.expires
    }
    /// What a device registers with.
    pub fn text(&self) -> &Secret {
        &self.text
    }
}

/// The text of a token; nothing when it was locked under a key that this installation has no longer.
pub fn text_of(signing: &Signing, token: &Token) -> Option<String> {
    signing.unlock(LOCK, token.id.as_str(), &token.sealed)
}

/// Its beginning, by which people tell their tokens apart.
pub fn short_text(signing: &Signing, token: &Token) -> String {
    text_of(signing, token).map_or_else(|| "Cannot be shown".to_owned(), |text| shortened(&text))
}

/// The text for somebody who may have it.
pub fn revealed(signing: &Signing, token: &Token) -> Result<String> {
    text_of(signing, token).ok_or_else(|| {
        Error::refused(
            "tokens.other-key",
            "The key of this installation was replaced since, so the text of this registration token cannot be read any more. Devices that have it can still use it. Generate another one.",
        )
    })
}

// Reading -------------------------------------------------------------------------------------------------------

/// How many there are.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewInventory>, asked: &Asked) -> Result<u64> {
    store::count(read, permit.within(), asked)
}

/// So many of them, after so many.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    asked: &Asked,
    cut: (u64, u64),
) -> Result<Vec<Token>> {
    store::page(read, permit.within(), asked, cut)
}

/// One that one may see.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewInventory>, id: RegistrationTokenId) -> Result<Token> {
    store::these(read, permit.within().account()?, &[id])?
        .pop()
        .filter(|token| permit.within().covers(token.virtual_account))
        .ok_or(Error::NotFound)
}

/// One that one may see and manage: what lies beyond one's sight is not there, what lies beyond one's right is
/// forbidden.
pub fn theirs(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ManageTokens>,
    id: RegistrationTokenId,
) -> Result<Token> {
    let token = find(read, view, id)?;
    covered(permit, token.virtual_account)?;
    Ok(token)
}

fn covered<A: Does>(permit: &Permit<A>, place: VirtualAccountId) -> Result<()> {
    if permit.within().covers(place) {
        Ok(())
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}

/// The Virtual Account of a page, if one sees it.
pub fn place(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    id: VirtualAccountId,
) -> Result<VirtualAccount> {
    if !permit.within().covers(id) {
        return Err(Error::NotFound);
    }
    virtual_accounts::these(read, permit.within().account()?, &[id])?
        .pop()
        .ok_or(Error::NotFound)
}

/// Names of Virtual Accounts of an account that a permit reaches, in order.
pub fn places<A: Does>(read: &mut dyn Reads, permit: &Permit<A>) -> Result<Vec<(VirtualAccountId, String)>> {
    virtual_accounts::reached(read, permit.within())
}

// Writing -------------------------------------------------------------------------------------------------------

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

// For devices ---------------------------------------------------------------------------------------------------

/// What a token opens.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// Which token.
    pub id: RegistrationTokenId,
    /// Whose the product instance becomes.
    pub account: SmartAccountId,
    /// Where it lands.
    pub virtual_account: VirtualAccountId,
    /// Whether it may use export-controlled functionality.
    pub export_controlled: bool,
}

impl From<Token> for Redeemed {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            account: token.account,
            virtual_account: token.virtual_account,
            export_controlled: token.export_controlled,
        }
    }
}

/// Why a token opens nothing, each end with a code of its own.
fn refusal(state: State) -> Option<Error> {
    let code = match state {
        State::Active => return None,
        State::Expired => "tokens.expired",
        State::Exhausted => "tokens.exhausted",
        State::Revoked => "tokens.revoked",
    };
    Some(Error::refused(code, state.because()))
}

fn known(read: &mut dyn Reads, text: &str) -> Result<Token> {
    let written = Written::parse(text).ok_or_else(|| {
        Error::refused(
            "tokens.garbled",
            "This is not the whole text of a registration token. Copy it again.",
        )
    })?;
    store::by_hash(read, &written.hash())?.ok_or_else(|| {
        Error::refused(
            "tokens.unknown",
            "There is no such registration token here. It may have been deleted with its Virtual Account, or belongs to another portal.",
        )
    })
}

/// Whose a token is, whether it still opens anything or not: a device whose first answer got lost asks again with a
/// token that may be used up by now.
pub fn whose(read: &mut dyn Reads, text: &str) -> Result<Redeemed> {
    known(read, text).map(Redeemed::from)
}

/// What a token is called, or the words for one without a description; nothing of one that is gone. For the page of a
/// product instance that came with it.
pub fn description_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: RegistrationTokenId,
) -> Result<Option<String>> {
    Ok(store::these(read, account, &[id])?.pop().map(|token| {
        if token.description.is_empty() {
            format!("Without a description, by {}", token.creator)
        } else {
            token.description
        }
    }))
}

fn brought(read: &mut dyn Reads, at: Moment, text: &str) -> Result<Token> {
    let token = known(read, text)?;
    if let Some(error) = refusal(token.state(at)) {
        return Err(error);
    }
    if smart_accounts::find(read, token.account)?.state != smart_accounts::State::Active {
        return Err(Error::refused("smart-account.inactive", matrix::INACTIVE));
    }
    Ok(token)
}

/// Says how often a token was used before it came here: for scenario files.
pub fn used(tx: &mut Tx<'_>, account: SmartAccountId, id: RegistrationTokenId, uses: i64) -> Result<()> {
    store::set_uses(tx, account, id, uses)
}

/// What the token that a device brings opens, if it opens anything. Counts nothing.
pub fn look_up(read: &mut dyn Reads, at: Moment, text: &str) -> Result<Redeemed> {
    brought(read, at, text).map(Redeemed::from)
}

/// The same, and counts one use: of any number of devices that come at once, as many as there are uses left get in. A
/// part of the caller's write and of its record.
pub fn redeem(tx: &mut Tx<'_>, at: Moment, text: &str) -> Result<Redeemed> {
    let token = brought(tx, at, text)?;
    if store::count_use(tx, token.id, at)? {
        return Ok(token.into());
    }
    // Somebody was quicker: what is so now says why.
    let now = store::these(tx, token.account, &[token.id])?
        .pop()
        .map_or(State::Revoked, |token| token.state(at));
    Err(refusal(now).unwrap_or(Error::Stale))
}
