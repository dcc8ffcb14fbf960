//! One's second factor: setting it up, new recovery codes, removing it.

use super::super::operations::does;
use super::super::picture::Picture;
use super::super::service::{self, Caller, Draft, Known, Missed, Proof, Second, Shown};
use super::factor_dialog::Dialog;
use super::passkeys::{Ask, session_of};
use super::second_step::WRONG;
use super::{next_page, own_shell, own_tabs, prove, query_value};
use crate::authn::passkeys::{self, Asked, Passkey, Purpose, Site};
use crate::authn::second_factor::{self, RECOVERY_CODES, RecoveryCodes, Standing};
use crate::authn::{people, session, throttle, totp};
use crate::error::{Problems, Result};
use crate::http::widgets::Tab;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, form, page, page_with, reply,
};
use crate::platform::token;
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

pub(super) const HERE: &str = "/profile/second-factor";

pub fn routes(routes: &mut Routes) {
    routes.get(HERE, show);
    routes.get("/profile/second-factor/set-up", show_set_up);
    routes.post("/profile/second-factor/set-up", set_up);
    routes.post("/profile/second-factor/set-up/prove", prove_set_up);
    routes.get("/profile/second-factor/recovery-codes", show_renew);
    routes.post("/profile/second-factor/recovery-codes", renew);
    routes.get("/profile/second-factor/remove", show_remove);
    routes.post("/profile/second-factor/remove", remove);
}

#[derive(Template)]
#[template(path = "identity/second_factor.html")]
struct FactorView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    standing: Option<Standing>,
    passkeys: Vec<Passkey>,
    /// Whether browsers make passkeys for this portal.
    takes_passkeys: bool,
    base_url: String,
    dialog: Dialog,
    /// What the dialog asks of a passkey.
    ask: Option<Ask>,
    /// Recovery codes that were just made: they are shown this once.
    codes: Vec<String>,
    all_codes: usize,
    /// The page that opens only with a second factor, or "".
    next: String,
    /// Otherwise the identity provider says who it is.
    has_password: bool,
}

impl FactorView {
    /// The address of a page that sets one up: "set-up" or "passkeys/add".
    fn to(&self, page: &str) -> String {
        let next: String = url::form_urlencoded::byte_serialize(self.next.as_bytes()).collect();
        format!("{HERE}/{page}?next={next}")
    }
    const fn password_hint(&self) -> &'static str {
        if self.ask.is_some() {
            "Not needed with a passkey that checks who you are."
        } else {
            ""
        }
    }
    fn shows_codes(&self) -> bool {
        self.standing.is_some_and(|standing| standing.shows_codes)
    }
}

async fn view(who: &SignedIn, form: FormState, dialog: Dialog) -> Result<FactorView> {
    let id = who.actor().person.id;
    let (standing, passkeys, hash) = who
        .portal
        .db
        .read(move |r| {
            Ok((
                second_factor::standing(r, id)?,
                passkeys::of(r, id)?,
                people::password_hash(r, id)?,
            ))
        })
        .await?;
    let mut shell = own_shell(who, "Second factor");
    let ask = if dialog.is_none() {
        None
    } else {
        shell = shell.with_dialog(dialog.title());
        Ask::one_of(who, Purpose::Prove, &session_of(who)?, &passkeys)?
    };
    shell.error_title = form.has_problems();
    Ok(FactorView {
        shell,
        form,
        tabs: own_tabs(HERE),
        standing,
        passkeys,
        takes_passkeys: Site::of(&who.portal.config.base_url).is_some(),
        base_url: who.portal.config.base_url.clone(),
        dialog,
        ask,
        codes: Vec::new(),
        all_codes: RECOVERY_CODES,
        next: String::new(),
        has_password: hash.is_some(),
    })
}

async fn show(who: SignedIn) -> Answer {
    let mut shown = view(&who, form::fresh(), Dialog::None).await?;
    shown.next = query_value(&who, "next");
    page(&shown)
}

#[derive(Template)]
#[template(path = "identity/second_factor_set_up.html")]
struct SetUpView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    picture: Picture,
    /// Four letters at a time.
    secret: String,
    /// The same as a link: for an authenticator on this device.
    address: String,
    /// The secret, locked.
    draft: String,
    next: String,
}

fn set_up_view(who: &SignedIn, form: FormState, draft: &Draft, next: &str) -> Result<SetUpView> {
    let person = &who.actor().person;
    let issuer = who.portal.config.edition.to_string();
    let address = totp::address(&issuer, person.email.as_str(), &draft.secret);
    let letters: Vec<char> = draft.secret.reveal().chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
    let mut shell = own_shell(who, "Set up a second factor");
    shell.error_title = form.has_problems();
    Ok(SetUpView {
        shell,
        form,
        tabs: own_tabs(HERE),
        picture: Picture::of(&address)?,
        secret: groups.join(" "),
        address,
        draft: draft.lock(&who.portal.signing, person.id)?,
        next: next.to_owned(),
    })
}

async fn standing_of(who: &SignedIn) -> Result<Option<Standing>> {
    let id = who.actor().person.id;
    who.portal.db.read(move |r| second_factor::standing(r, id)).await
}

/// Who has one already has nothing to set up; who has passkeys shows one first.
async fn show_set_up(who: SignedIn) -> Answer {
    let wall = who.portal.clock.wall();
    match standing_of(&who).await? {
        Some(standing) if standing.shows_codes => return reply::see_other(HERE),
        Some(_) => return show_dialog(&who, Dialog::SetUp).await,
        None => service::fresh(who.actor(), wall)?,
    }
    let next = query_value(&who, "next");
    page(&set_up_view(&who, form::fresh(), &Draft::make(wall), &next)?)
}

async fn prove_set_up(who: SignedIn, posted: Posted<Proving>) -> Answer {
    if let Some(refused) = unproved(&who, &posted, Dialog::SetUp).await? {
        return Ok(refused);
    }
    // No redirect: that it was proved is known to this answer alone.
    let draft = Draft::make(who.portal.clock.wall());
    page(&set_up_view(&who, form::fresh(), &draft, "")?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    draft: String,
    code: String,
    #[serde(default)]
    next: String,
}

/// What is said to somebody who sets a second factor up, of a code that does not fit.
fn why_not(draft: &Draft, typed: &str, wall: crate::kernel::Moment) -> String {
    match totp::off_by(&draft.secret, typed, wall) {
        Some(off) => format!(
            "The clock of your authenticator is {} seconds {}. Let it set its time by itself, and enter the next code.",
            off.abs(),
            if off > 0 { "ahead" } else { "behind" }
        ),
        None => "The code does not belong to this secret. Take the secret over once more, and enter the code that is shown now.".to_owned(),
    }
}

async fn set_up(who: SignedIn, posted: Posted<Confirm>) -> Answer {
    let (caller, actor, signing) = (Caller::of(&who), who.actor().clone(), who.portal.signing.clone());
    // Whoever has passkeys has shown one: a draft is given to nobody else.
    if standing_of(&who).await?.is_none() {
        service::fresh(&actor, caller.wall)?;
    }
    let Some(draft) = Draft::open(&signing, caller.wall, actor.person.id, &posted.value.draft) else {
        let flash = Flash::new(
            FlashKind::Warn,
            "The secret was shown too long ago. Here is another one.".to_owned(),
        );
        return Ok(who.see_other("/profile/second-factor/set-up", flash));
    };
    let typed: String = posted.value.code.chars().filter(char::is_ascii_digit).collect();
    let Some(step) = totp::fitting(&draft.secret, &typed, caller.wall) else {
        let mut problems = Problems::default();
        problems.add("code", why_not(&draft, &typed, caller.wall));
        let form = posted.again(&problems).without("code").without("passkey");
        return page_with(422, &set_up_view(&who, form, &draft, &posted.value.next)?);
    };
    let (codes, cookie) = (RecoveryCodes::make(), token::random());
    let (kept, new) = (codes.clone(), cookie.clone());
    does(&who, move |tx, caller, actor| {
        service::set_up_second_factor(tx, caller, &signing, actor, (&draft, step), &kept, &new)
    })
    .await?;
    who.portal.jobs.nudge();
    show_codes(&who, &codes, &posted.value.next, &cookie).await
}

/// The page with recovery codes that were just made, and the new cookie of the session.
pub(super) async fn show_codes(who: &SignedIn, codes: &RecoveryCodes, next: &str, cookie: &str) -> Answer {
    let mut shown = view(who, form::fresh(), Dialog::None).await?;
    shown.codes = codes.shown();
    if !next.is_empty() {
        next_page(who, next).clone_into(&mut shown.next);
    }
    shown.shell.csrf = who.csrf_with(Some(cookie));
    // No redirect: the codes are known to this answer alone.
    let mut response = page(&shown)?;
    reply::set_cookie(&mut response, session::COOKIE, cookie, None);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proving {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    asked: String,
    #[serde(default)]
    passkey: String,
}

/// The page with a dialog that changes the second factor. It asks for the password; who has none proves who they are before.
pub(super) async fn show_dialog(who: &SignedIn, dialog: Dialog) -> Answer {
    if standing_of(who).await?.is_none() {
        return reply::see_other(HERE);
    }
    let view = view(who, form::fresh(), dialog).await?;
    if !view.has_password && view.ask.is_none() {
        service::fresh(who.actor(), who.portal.clock.wall())?;
    }
    page(&view)
}

/// The second factor that was shown; it is looked at in the write. Otherwise the complaint.
fn second_of(who: &SignedIn, typed: &Proving) -> Result<std::result::Result<Second, Problems>> {
    let mut problems = Problems::default();
    if typed.passkey.is_empty() {
        if typed.code.trim().is_empty() {
            problems.add("code", "Enter a code of your authenticator, or a recovery code.");
            return Ok(Err(problems));
        }
        return Ok(Ok(Second::Code(typed.code.clone())));
    }
    let (wall, of) = (who.portal.clock.wall(), session_of(who)?);
    let asked = Asked::open(&who.portal.signing, wall, Purpose::Prove, &of, &typed.asked);
    match (asked, passkeys::parse(&typed.passkey)) {
        (Some(asked), Ok(answer)) => Ok(Ok(Second::Passkey(Shown { asked, answer }))),
        (None, _) => {
            problems.add("", "Your passkey was asked for too long ago. Try again.");
            Ok(Err(problems))
        }
        (_, Err(wrong)) => {
            problems.add("", wrong.says());
            Ok(Err(problems))
        }
    }
}

/// Password and second factor as they were given. None with the complaint.
pub(super) async fn proof_of(
    who: &SignedIn,
    typed: &Proving,
) -> Result<std::result::Result<Proof, Problems>> {
    let second = match second_of(who, typed)? {
        Ok(second) => second,
        Err(problems) => return Ok(Err(problems)),
    };
    let person = who.actor().person.clone();
    let id = person.id;
    let hash = who.portal.db.read(move |r| people::password_hash(r, id)).await?;
    let is_by_passkey = matches!(second, Second::Passkey(_));
    if hash.is_some() && !(is_by_passkey && typed.current_password.is_empty()) {
        let Some((known, subjects)) = prove(who, who.actor(), &typed.current_password).await? else {
            let mut problems = Problems::default();
            problems.add("current_password", "The password is not right.");
            return Ok(Err(problems));
        };
        return Ok(Ok(Proof {
            known,
            is_proved: true,
            subjects,
            second,
        }));
    }
    // A passkey that checks who it is says as much as a password. Who has none was asked by the identity provider.
    let fresh = service::fresh(who.actor(), who.portal.clock.wall());
    let is_proved = hash.is_none() && fresh.is_ok();
    if !is_by_passkey {
        fresh?;
    }
    let subjects = throttle::subjects(person.email.key(), &who.address);
    Ok(Ok(Proof {
        known: Known { person, hash },
        is_proved,
        subjects,
        second,
    }))
}

/// Records that they have shown a second factor, or gives the dialog again that says why they have not.
pub(super) async fn unproved(
    who: &SignedIn,
    posted: &Posted<Proving>,
    dialog: Dialog,
) -> Result<Option<HttpResponse>> {
    let problems = match proof_of(who, &posted.value).await? {
        Ok(proof) => {
            let (caller, portal) = (Caller::of(who), who.portal.clone());
            let proved = who
                .portal
                .db
                .write(move |tx| service::prove(tx, &caller, &portal, &proof))
                .await?;
            who.portal.jobs.nudge();
            match proved {
                Ok(()) => return Ok(None),
                Err(missed) => missed.into(),
            }
        }
        Err(problems) => problems,
    };
    not_yet(who, posted, &problems, dialog).await.map(Some)
}

pub(super) async fn not_yet(
    who: &SignedIn,
    posted: &Posted<Proving>,
    problems: &Problems,
    dialog: Dialog,
) -> Answer {
    let form = posted.again(problems).without("code").without("passkey");
    page_with(422, &view(who, form, dialog).await?)
}

impl From<Missed> for Problems {
    fn from(missed: Missed) -> Self {
        let mut problems = Self::default();
        match missed {
            Missed::Code => problems.add("code", WRONG),
            Missed::Passkey(wrong) => problems.add("", wrong.says()),
        }
        problems
    }
}

async fn show_renew(who: SignedIn) -> Answer {
    show_dialog(&who, Dialog::Renew).await
}

async fn renew(who: SignedIn, posted: Posted<Proving>) -> Answer {
    let proof = match proof_of(&who, &posted.value).await? {
        Ok(proof) => proof,
        Err(problems) => return not_yet(&who, &posted, &problems, Dialog::Renew).await,
    };
    let (portal, codes) = (who.portal.clone(), RecoveryCodes::make());
    let kept = codes.clone();
    let done = does(&who, move |tx, caller, _| {
        service::renew_codes(tx, caller, &portal, &proof, &kept)
    })
    .await?;
    if let Err(missed) = done {
        return not_yet(&who, &posted, &missed.into(), Dialog::Renew).await;
    }
    who.portal.jobs.nudge();
    let mut shown = view(&who, form::fresh(), Dialog::None).await?;
    shown.codes = codes.shown();
    page(&shown)
}

async fn show_remove(who: SignedIn) -> Answer {
    show_dialog(&who, Dialog::Remove).await
}

async fn remove(who: SignedIn, posted: Posted<Proving>) -> Answer {
    let proof = match proof_of(&who, &posted.value).await? {
        Ok(proof) => proof,
        Err(problems) => return not_yet(&who, &posted, &problems, Dialog::Remove).await,
    };
    let (portal, cookie) = (who.portal.clone(), token::random());
    let new = cookie.clone();
    let done = does(&who, move |tx, caller, actor| {
        service::remove_own(tx, caller, &portal, actor, &proof, &new)
    })
    .await?;
    if let Err(missed) = done {
        return not_yet(&who, &posted, &missed.into(), Dialog::Remove).await;
    }
    who.portal.jobs.nudge();
    let flash = Flash::new(
        FlashKind::Ok,
        "The second factor is removed. All other sessions have ended and all API clients were revoked."
            .to_owned(),
    );
    let mut response = who.see_other(HERE, flash);
    reply::set_cookie(&mut response, session::COOKIE, &cookie, None);
    Ok(response)
}
