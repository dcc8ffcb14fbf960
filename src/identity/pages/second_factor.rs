//! One's second factor: setting it up, new recovery codes, removing it.

use super::super::picture::Picture;
use super::super::service::{self, Caller, Draft, Known, Proof};
use super::second_step::WRONG;
use super::{next_page, own_shell, own_tabs, prove, query_value};
use crate::authn::second_factor::{self, RECOVERY_CODES, RecoveryCodes, Standing};
use crate::authn::{people, session, throttle, totp};
use crate::error::{Problems, Result};
use crate::http::widgets::Tab;
use crate::http::{
    Answer, Flash, FlashKind, FormState, Posted, Routes, Shell, SignedIn, form, page, page_with, reply,
};
use crate::platform::token;
use askama::Template;
use serde::Deserialize;

const HERE: &str = "/profile/second-factor";

pub fn routes(routes: &mut Routes) {
    routes.get(HERE, show);
    routes.get("/profile/second-factor/set-up", show_set_up);
    routes.post("/profile/second-factor/set-up", set_up);
    routes.get("/profile/second-factor/recovery-codes", show_renew);
    routes.post("/profile/second-factor/recovery-codes", renew);
    routes.get("/profile/second-factor/remove", show_remove);
    routes.post("/profile/second-factor/remove", remove);
}

/// What stands over the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialog {
    None,
    Renew,
    Remove,
}

impl Dialog {
    const fn title(self) -> &'static str {
        match self {
            Self::None => "Second factor",
            Self::Renew => "Make new recovery codes?",
            Self::Remove => "Remove second factor?",
        }
    }
}

#[derive(Template)]
#[template(path = "identity/second_factor.html")]
struct FactorView {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    standing: Option<Standing>,
    dialog: Dialog,
    /// Recovery codes that were just made: they are shown this once.
    codes: Vec<String>,
    all_codes: usize,
    /// The page that opens only with a second factor, or "".
    next: String,
    /// Otherwise the identity provider says who it is.
    has_password: bool,
}

impl FactorView {
    /// The address of the page that sets one up.
    fn set_up(&self) -> String {
        let next: String = url::form_urlencoded::byte_serialize(self.next.as_bytes()).collect();
        format!("{HERE}/set-up?next={next}")
    }
}

async fn view(who: &SignedIn, form: FormState, dialog: Dialog) -> Result<FactorView> {
    let id = who.actor().person.id;
    let (standing, hash) = who
        .portal
        .db
        .read(move |r| Ok((second_factor::standing(r, id)?, people::password_hash(r, id)?)))
        .await?;
    let mut shell = own_shell(who, "Second factor");
    if dialog != Dialog::None {
        shell = shell.with_dialog(dialog.title());
    }
    shell.error_title = form.has_problems();
    Ok(FactorView {
        shell,
        form,
        tabs: own_tabs(HERE),
        standing,
        dialog,
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

/// Who has one already has nothing to set up.
async fn has_one(who: &SignedIn) -> Result<bool> {
    let id = who.actor().person.id;
    who.portal.db.read(move |r| second_factor::is_set(r, id)).await
}

async fn show_set_up(who: SignedIn) -> Answer {
    let wall = who.portal.clock.wall();
    if has_one(&who).await? {
        return reply::see_other(HERE);
    }
    service::fresh(who.actor(), wall)?;
    let next = query_value(&who, "next");
    page(&set_up_view(&who, form::fresh(), &Draft::make(wall), &next)?)
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
    service::fresh(&actor, caller.wall)?;
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
        let form = posted.again(&problems).with_value("code", "");
        return page_with(422, &set_up_view(&who, form, &draft, &posted.value.next)?);
    };
    let (codes, cookie) = (RecoveryCodes::make(), token::random());
    let (kept, new) = (codes.clone(), cookie.clone());
    who.portal
        .db
        .write(move |tx| {
            service::set_up_second_factor(tx, &caller, &signing, &actor, (&draft, step), &kept, &new)
        })
        .await?;
    who.portal.jobs.nudge();
    let mut shown = view(&who, form::fresh(), Dialog::None).await?;
    shown.codes = codes.shown();
    if !posted.value.next.is_empty() {
        next_page(&who, &posted.value.next).clone_into(&mut shown.next);
    }
    shown.shell.csrf = who.csrf_with(Some(&cookie));
    // No redirect: the codes are known to this answer alone.
    let mut response = page(&shown)?;
    reply::set_cookie(&mut response, session::COOKIE, &cookie, None);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proving {
    #[serde(default)]
    current_password: String,
    code: String,
}

async fn has_password(who: &SignedIn) -> Result<bool> {
    let id = who.actor().person.id;
    let hash = who.portal.db.read(move |r| people::password_hash(r, id)).await?;
    Ok(hash.is_some())
}

/// The page with a dialog that changes the second factor. It asks for the password; who has none proves who they are before.
async fn show_dialog(who: &SignedIn, dialog: Dialog) -> Answer {
    if !has_one(who).await? {
        return reply::see_other(HERE);
    }
    let view = view(who, form::fresh(), dialog).await?;
    if !view.has_password {
        service::fresh(who.actor(), who.portal.clock.wall())?;
    }
    page(&view)
}

/// Password and code as they were typed; without the code, which is looked at in the write. None with the complaint.
async fn proof_of(who: &SignedIn, typed: &Proving) -> Result<std::result::Result<Proof, Problems>> {
    let mut problems = Problems::default();
    if typed.code.trim().is_empty() {
        problems.add("code", "Enter a code of your authenticator, or a recovery code.");
        return Ok(Err(problems));
    }
    let proven = if has_password(who).await? {
        prove(who, who.actor(), &typed.current_password).await?
    } else {
        // The identity provider has said who it is, a short while ago.
        service::fresh(who.actor(), who.portal.clock.wall())?;
        let person = who.actor().person.clone();
        let subjects = throttle::subjects(person.email.key(), &who.address);
        Some((Known { person, hash: None }, subjects))
    };
    match proven {
        Some((known, subjects)) => Ok(Ok(Proof {
            known,
            subjects,
            code: typed.code.clone(),
        })),
        None => {
            problems.add("current_password", "The password is not right.");
            Ok(Err(problems))
        }
    }
}

async fn not_yet(who: &SignedIn, posted: &Posted<Proving>, problems: &Problems, dialog: Dialog) -> Answer {
    let form = posted.again(problems).with_value("code", "");
    page_with(422, &view(who, form, dialog).await?)
}

fn wrong_code() -> Problems {
    let mut problems = Problems::default();
    problems.add("code", WRONG);
    problems
}

async fn show_renew(who: SignedIn) -> Answer {
    show_dialog(&who, Dialog::Renew).await
}

async fn renew(who: SignedIn, posted: Posted<Proving>) -> Answer {
    let proof = match proof_of(&who, &posted.value).await? {
        Ok(proof) => proof,
        Err(problems) => return not_yet(&who, &posted, &problems, Dialog::Renew).await,
    };
    let (caller, signing, codes) = (
        Caller::of(&who),
        who.portal.signing.clone(),
        RecoveryCodes::make(),
    );
    let kept = codes.clone();
    let done = who
        .portal
        .db
        .write(move |tx| service::renew_codes(tx, &caller, &signing, &proof, &kept))
        .await?;
    if !done {
        return not_yet(&who, &posted, &wrong_code(), Dialog::Renew).await;
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
    let (caller, actor, signing, cookie) = (
        Caller::of(&who),
        who.actor().clone(),
        who.portal.signing.clone(),
        token::random(),
    );
    let new = cookie.clone();
    let done = who
        .portal
        .db
        .write(move |tx| service::remove_own(tx, &caller, &signing, &actor, &proof, &new))
        .await?;
    if !done {
        return not_yet(&who, &posted, &wrong_code(), Dialog::Remove).await;
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
