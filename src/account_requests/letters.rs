//! The letters of this room. All say what they have to say through one [`Letter`], so that both faces of a
//! letter, plain and laid out, always say the same.

use super::model::{Creator, CreatorState, DomainReview, Request, RequestKind, RequestState};
use super::{service, store};
use crate::authn::people;
use crate::authz::links::{self, Purpose};
use crate::error::{Error, Result};
use crate::platform::db::{Read, Reads};
use crate::platform::mail::{Desk, Envelope, Letter, Letters, Tell};
use crate::smart_accounts::{self, SmartAccount};

/// M1, to each customer address: a Smart Account waits, and how to activate it.
pub const PENDING: &str = "account-requests.pending";
/// M3, to each Account creator: the pending approval and its link.
pub const APPROVAL: &str = "account-requests.approval";
/// To Domain approvers: a domain to look at, with the Note to Cisco Approver.
pub const DOMAIN: &str = "account-requests.domain";
/// M2, to administrators of accounts with the same TLD.
pub const SAME_TLD: &str = "account-requests.same-tld";
/// M4, to the next approver.
pub const FORWARDED: &str = "account-requests.forwarded";
/// M5, to the requester: what came of it.
pub const OUTCOME: &str = "account-requests.outcome";
/// To the new administrator.
pub const WELCOME: &str = "account-requests.welcome";
/// To the other Account creators: it is over.
pub const CLOSED: &str = "account-requests.closed";
/// To those who are asked, after a week.
pub const REMINDER: &str = "account-requests.reminder";
/// To Account creators: the domain was approved, so that they can decide.
pub const DOMAIN_APPROVED: &str = "account-requests.domain-approved";

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

const ALL: &[(&str, Tell)] = &[
    (PENDING, pending),
    (APPROVAL, approval),
    (DOMAIN, domain),
    (SAME_TLD, same_tld),
    (FORWARDED, forwarded),
    (OUTCOME, outcome),
    (WELCOME, welcome),
    (CLOSED, closed),
    (REMINDER, reminder),
    (DOMAIN_APPROVED, domain_approved),
];

/// What nearly every letter speaks of.
struct Matter {
    request: Request,
    account: SmartAccount,
    /// Name and address of the requester.
    requester: String,
}

impl Matter {
    fn of(read: &mut dyn Reads, request: Request) -> Result<Self> {
        let account = smart_accounts::find(read, request.account)?;
        let requester = people::find(read, request.requester)?.label();
        Ok(Self {
            request,
            account,
            requester,
        })
    }
    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Smart Account Name", self.account.name.clone()),
            ("Account Domain Identifier", self.account.domain.clone()),
            ("Requested by", self.requester.clone()),
            ("Requested on", self.request.sent_at.words()),
            ("Reference", self.request.reference.clone()),
        ]
    }
    fn page(&self, desk: &Desk) -> String {
        desk.page(&format!("/requests/{}", self.request.reference))
    }
    fn expiry(&self) -> String {
        format!(
            "The link is yours alone and works until {}. Opening it decides nothing.",
            self.request.expires_at.words()
        )
    }
}

/// The matter of a letter to an Account creator, with their link; nothing once they are no longer asked.
fn asked(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<(Matter, Creator, String)>> {
    let (request, creator) = service::by_creator(read, &envelope.about_id)?;
    if !request.is_open(desk.now) || creator.state != CreatorState::Asked {
        return Ok(None);
    }
    let Some(link) = links::about(read, Purpose::DecideAccountRequest, creator.id.as_str())? else {
        return Ok(None);
    };
    let address = desk.link(
        Purpose::DecideAccountRequest.word(),
        link.id.as_str(),
        "/r/",
        link.expires_at,
    )?;
    Ok(Some((Matter::of(read, request)?, creator, address)))
}

/// The matter of a letter about a request.
fn about(read: &mut Read<'_>, envelope: &Envelope) -> Result<Matter> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let request = store::find(read, id)?;
    Matter::of(read, request)
}

fn quoted(label: &'static str, text: &str) -> Vec<(&'static str, String)> {
    if text.is_empty() {
        Vec::new()
    } else {
        vec![(label, text.to_owned())]
    }
}

/// What a customer reads while the domain is still looked at.
fn domain_first(request: &Request) -> Option<String> {
    request.waits_for_domain().then(|| {
        "A Domain approver looks at the Account Domain Identifier first. You can read, forward or deny the request meanwhile; we write again when it can be approved.".to_owned()
    })
}

fn pending(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((matter, _, link)) = asked(read, desk, envelope)? else {
        return Ok(None);
    };
    Ok(Some(Letter {
        subject: format!("A Smart Account is pending for you: {}", matter.account.name),
        heading: "A Smart Account is pending for you".to_owned(),
        opening: vec![format!(
            "{} has requested the Smart Account {} for your organization. It is pending until you activate it.",
            matter.requester, matter.account.name
        )],
        facts: matter.facts(),
        quotes: quoted("Note to Customer", &matter.request.note_to_customer),
        steps: vec![
            "Open the link below. If you have no user account yet, enter your name and a password.".to_owned(),
            "Read the request.".to_owned(),
            "Choose Approve and Create the Account. You become its Smart Account Administrator.".to_owned(),
        ],
        button: Some(("Activate the Smart Account", link)),
        closing: domain_first(&matter.request)
            .into_iter()
            .chain([
                matter.expiry(),
                "If you did not expect this, open the link and choose Deny Request, or forward the request to the person in your organization who should decide.".to_owned(),
            ])
            .collect(),
    }))
}

fn approval(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((matter, _, link)) = asked(read, desk, envelope)? else {
        return Ok(None);
    };
    Ok(Some(Letter {
        subject: format!(
            "Your approval is pending: {} ({})",
            matter.account.name, matter.request.reference
        ),
        heading: "Your approval is pending".to_owned(),
        opening: vec![format!(
            "You are the assigned Account creator of the Smart Account {}. The request waits for your decision.",
            matter.account.name
        )],
        facts: matter.facts(),
        button: Some(("View the Pending Request", link)),
        closing: domain_first(&matter.request)
            .into_iter()
            .chain([matter.expiry()])
            .collect(),
        ..Letter::default()
    }))
}

fn domain(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = about(read, envelope)?;
    if !matter.request.is_open(desk.now) || !matter.request.waits_for_domain() {
        return Ok(None);
    }
    let again = envelope.extra.get("again").and_then(serde_json::Value::as_bool) == Some(true);
    let is_own = matter.request.kind == RequestKind::Own;
    let what = if is_own {
        "Smart Account request"
    } else {
        "Account Domain Identifier"
    };
    let mut opening = vec![format!(
        "{} has requested the Smart Account {}. The {} {} needs your approval:",
        matter.requester,
        matter.account.name,
        what,
        if is_own {
            &matter.request.reference
        } else {
            &matter.account.domain
        }
    )];
    opening.extend(
        matter
            .request
            .reasons()
            .iter()
            .map(|reason| reason.label().to_owned()),
    );
    Ok(Some(Letter {
        subject: format!(
            "{}{what} to approve: {} ({})",
            if again { "Reminder: " } else { "" },
            matter.account.domain,
            matter.request.reference
        ),
        heading: format!("{what} to approve"),
        opening,
        facts: matter.facts(),
        quotes: quoted("Note to Cisco Approver", &matter.request.note_to_approver),
        button: Some(("View the request", matter.page(desk))),
        closing: vec![format!(
            "The request expires on {} if nobody decides it.",
            matter.request.expires_at.words()
        )],
        ..Letter::default()
    }))
}

fn same_tld(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = about(read, envelope)?;
    let theirs = envelope.extra("account").parse().map_err(|_| Error::NotFound)?;
    let theirs = smart_accounts::find(read, theirs)?;
    Ok(Some(Letter {
        subject: format!(
            "A Smart Account was requested under {}",
            matter.account.registrable
        ),
        heading: format!(
            "A Smart Account was requested under {}",
            matter.account.registrable
        ),
        opening: vec![
            format!(
                "You administer the Smart Account {} ({}). Another one was requested under the same company domain.",
                theirs.name, theirs.domain
            ),
            "This is a notice: a Domain approver looks at the request, and you need not do anything. If your organization does not want a second Smart Account, tell the requester.".to_owned(),
        ],
        facts: matter.facts(),
        button: Some((
            "Open your Smart Account",
            desk.page(&format!("/sa/{}", theirs.number)),
        )),
        ..Letter::default()
    }))
}

fn forwarded(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((matter, _, link)) = asked(read, desk, envelope)? else {
        return Ok(None);
    };
    Ok(Some(Letter {
        subject: format!(
            "Forwarded to you for approval: {} ({})",
            matter.account.name, matter.request.reference
        ),
        heading: "A Smart Account request was forwarded to you".to_owned(),
        opening: vec![format!(
            "{} has forwarded the request for the Smart Account {} to you. You decide now.",
            envelope.extra("by"),
            matter.account.name
        )],
        facts: matter.facts(),
        quotes: quoted("Note", &envelope.extra("note"))
            .into_iter()
            .chain(quoted("Note to Customer", &matter.request.note_to_customer))
            .collect(),
        button: Some(("View the Pending Request", link)),
        closing: domain_first(&matter.request)
            .into_iter()
            .chain([matter.expiry()])
            .collect(),
        ..Letter::default()
    }))
}

fn outcome(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = about(read, envelope)?;
    let name = &matter.account.name;
    let says = service::outcome(read, &matter.request)?;
    let (subject, heading, opening, button) = match matter.request.state {
        RequestState::Approved => {
            let next = if matter.request.kind == RequestKind::Own {
                "You are its Smart Account Administrator.".to_owned()
            } else {
                "Its Smart Account Administrator is the person who approved it.".to_owned()
            };
            let button = if matter.request.kind == RequestKind::Own {
                ("Open the Smart Account", desk.page(&format!("/sa/{}", matter.account.number)))
            } else {
                ("View the request", matter.page(desk))
            };
            (
                format!("Approved: the Smart Account {name} is active"),
                "Your request was approved".to_owned(),
                vec![says, format!("The Smart Account {name} is active."), next],
                button,
            )
        }
        RequestState::Denied => (
            format!("Denied: your request for the Smart Account {name}"),
            "Your request was denied".to_owned(),
            vec![
                says,
                format!("The pending Smart Account {name} was canceled, and its Account Domain Identifier is free again."),
            ],
            ("View the request", matter.page(desk)),
        ),
        RequestState::Expired => (
            format!("Expired: your request for the Smart Account {name}"),
            "Your request has expired".to_owned(),
            vec![
                says,
                "The pending Smart Account was canceled, and its Account Domain Identifier is free again. You can send a new request.".to_owned(),
            ],
            ("View the request", matter.page(desk)),
        ),
        RequestState::Pending | RequestState::Withdrawn => return Ok(None),
    };
    Ok(Some(Letter {
        subject,
        heading,
        opening,
        facts: matter.facts(),
        quotes: quoted("Deny reason", &matter.request.reason),
        button: Some(button),
        ..Letter::default()
    }))
}

fn welcome(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = about(read, envelope)?;
    Ok(Some(Letter {
        subject: format!("Your Smart Account {} is active", matter.account.name),
        heading: format!("Your Smart Account {} is active", matter.account.name),
        opening: vec![
            "You are its Smart Account Administrator. It has one Virtual Account, DEFAULT, in which licenses are stored when they are first purchased.".to_owned(),
        ],
        facts: vec![
            ("Smart Account Name", matter.account.name.clone()),
            ("Smart Account ID", matter.account.number.to_string()),
            ("Account Domain Identifier", matter.account.domain.clone()),
        ],
        button: Some((
            "Open the Smart Account",
            desk.page(&format!("/sa/{}", matter.account.number)),
        )),
        ..Letter::default()
    }))
}

fn closed(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let matter = about(read, envelope)?;
    if matter.request.state == RequestState::Pending {
        return Ok(None);
    }
    Ok(Some(Letter {
        subject: format!(
            "No longer pending: {} ({})",
            matter.account.name, matter.request.reference
        ),
        heading: format!("The request is {}", matter.request.state.label().to_lowercase()),
        opening: vec![
            service::outcome(read, &matter.request)?,
            "You were asked to decide it as well. Your link no longer works, and you need not do anything."
                .to_owned(),
        ],
        facts: matter.facts(),
        button: Some(("View the request", matter.page(desk))),
        ..Letter::default()
    }))
}

fn reminder(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((matter, _, link)) = asked(read, desk, envelope)? else {
        return Ok(None);
    };
    Ok(Some(Letter {
        subject: format!(
            "Reminder: your approval is pending: {} ({})",
            matter.account.name, matter.request.reference
        ),
        heading: "Your approval is still pending".to_owned(),
        opening: vec![format!(
            "The request for the Smart Account {} waits for your decision. It expires on {}.",
            matter.account.name,
            matter.request.expires_at.words()
        )],
        facts: matter.facts(),
        button: Some(("View the Pending Request", link)),
        closing: domain_first(&matter.request).into_iter().collect(),
        ..Letter::default()
    }))
}

fn domain_approved(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let Some((matter, _, link)) = asked(read, desk, envelope)? else {
        return Ok(None);
    };
    if matter.request.domain_review != DomainReview::Given {
        return Ok(None);
    }
    Ok(Some(Letter {
        subject: format!(
            "You can decide now: {} ({})",
            matter.account.name, matter.request.reference
        ),
        heading: "The Account Domain Identifier was approved".to_owned(),
        opening: vec![format!(
            "A Domain approver has approved {}. You can now approve the Smart Account {} and create it.",
            matter.account.domain, matter.account.name
        )],
        facts: matter.facts(),
        button: Some(("View the Pending Request", link)),
        closing: vec![matter.expiry()],
        ..Letter::default()
    }))
}
