//! The lab's mailbox: every letter that the portal has sent, to whomever.

use super::list::MAILBOX;
use super::model::{Arrived, Piece, Row, letter_words, pieces};
use super::service;
use crate::error::Error;
use crate::http::NoFields;
use crate::http::form::{Named, PathPart};
use crate::http::list::{AtLab, Listing};
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, Flash, FlashKind, LabOnly, Posted, Shell, Visit, page};
use crate::kernel::ids::LetterId;
use crate::platform::config::Days;
use askama::Template;
use std::sync::atomic::Ordering;

impl Named for LetterId {
    const NAME: &'static str = "letter";
}

/// What the HTML of a letter may do in its frame: show itself and pictures that it brings along.
const LETTER_CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; form-action 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "simulator/mailbox.html")]
struct MailboxPage {
    shell: Shell,
    found: Listing<Row>,
    unread: u64,
    kept: Option<Days>,
}

impl MailboxPage {
    fn kind(row: &Row) -> String {
        letter_words(&row.letter)
    }
}

/// GET /simulator/mailbox
pub async fn list(lab: LabOnly) -> Answer {
    let (found, unread) = MAILBOX.page(&lab, &AtLab, |r, _, _| service::unread(r)).await?;
    page(&MailboxPage {
        shell: lab.shell("Mailbox").with_dropped(&found.list),
        found,
        unread,
        kept: lab.portal.config.retention.mail,
    })
}

/// POST /simulator/mailbox/read
pub async fn mark_read(lab: LabOnly, _form: Posted<NoFields>) -> Answer {
    let now = lab.portal.clock.now();
    let marked = lab
        .portal
        .db
        .housekeeping(move |tx| service::mark_all_read(tx, now))
        .await?;
    lab.portal.letters.store(0, Ordering::Relaxed);
    let marked = u64::try_from(marked).unwrap_or_default();
    Ok(lab.see_other(
        MAILBOX.path,
        Flash {
            kind: FlashKind::Ok,
            text: format!(
                "{} marked as read.",
                counted(marked, "letter was", "letters were")
            ),
            link: None,
        },
    ))
}

#[derive(Template)]
#[template(path = "simulator/letter.html")]
struct LetterPage {
    shell: Shell,
    letter: Arrived,
    kind: String,
    from: String,
    tabs: Vec<Tab>,
    /// The text in pieces, or none for the HTML.
    text: Option<Vec<Piece>>,
}

/// GET /simulator/mailbox/{letter}
pub async fn show(lab: LabOnly, id: PathPart<LetterId>) -> Answer {
    let (portal, now) = (&lab.portal, lab.portal.clock.now());
    let letter = service::open_letter(&portal.db, &portal.letters, id.0, now).await?;
    let as_text = url::form_urlencoded::parse(lab.query.as_bytes())
        .any(|(key, value)| key == "view" && value == "text");
    let mut shell = lab.shell(letter.subject.clone());
    shell.crumbs = vec![
        Crumb::link("Mailbox", MAILBOX.path),
        Crumb::text(letter.subject.clone()),
    ];
    let tab = |label: &str, view: &str, current| Tab {
        label: label.to_owned(),
        href: format!("{}/{}{view}", MAILBOX.path, letter.id),
        current,
        count: None,
    };
    page(&LetterPage {
        shell,
        kind: letter_words(&letter.letter),
        from: lab.portal.config.mail_from.clone(),
        tabs: vec![tab("HTML", "", !as_text), tab("Text", "?view=text", as_text)],
        text: as_text.then(|| pieces(&letter.text, &lab.portal.config.base_url)),
        letter,
    })
}

async fn find(visit: &Visit, PathPart(id): PathPart<LetterId>) -> Result<Arrived, Error> {
    visit.portal.db.read(move |r| service::letter(r, id)).await
}

/// GET /simulator/mailbox/{letter}/html
pub async fn html(lab: LabOnly, id: PathPart<LetterId>) -> Answer {
    let letter = find(&lab, id).await?;
    // Links leave the frame in which the letter is shown.
    let body = letter
        .html
        .replacen("<head>", "<head>\n<base target=\"_top\">", 1);
    Ok(actix_web::HttpResponse::Ok()
        .insert_header(("content-type", "text/html; charset=utf-8"))
        .insert_header(("content-security-policy", LETTER_CSP))
        .body(body))
}
