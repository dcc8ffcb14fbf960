//! The mailbox for scripts: a CI job reads the letter that it waits for and follows its link.

use super::integrity::chains;
use super::model::{Arrived, Wanted, links};
use super::service;
use crate::authz::action::Operate;
use crate::error::Error;
use crate::events::ChainShape;
use crate::http::form::PathPart;
use crate::http::{Answer, LabOnly, May, Param, Visit, json};
use crate::kernel::Moment;
use crate::kernel::ids::LetterId;
use utoipa::ToSchema;

/// Letters per answer at most.
const MOST: i64 = 100;

/// A letter in the lab's mailbox.
#[derive(serde::Serialize, ToSchema)]
pub struct Letter {
    /// Its id.
    id: LetterId,
    /// Stable over all tries of delivery.
    message_id: String,
    /// The kind of letter.
    #[serde(rename = "letter")]
    kind: String,
    /// The sender.
    from: String,
    /// The addressee's name, or empty.
    to_name: String,
    /// The addressee's address.
    to: String,
    /// The subject.
    subject: String,
    /// Portal time.
    sent_at: Moment,
    /// Whether the mailbox was marked as read since.
    read: bool,
    /// As plain text.
    text: String,
    /// As HTML.
    html: String,
    /// The addresses of this portal that the text holds, each once.
    links: Vec<String>,
}

impl Letter {
    fn of(visit: &Visit, arrived: Arrived) -> Self {
        let config = &visit.portal.config;
        Self {
            links: links(&arrived.text, &config.base_url),
            id: arrived.id,
            message_id: arrived.message_id,
            kind: arrived.letter,
            from: config.mail_from.clone(),
            to_name: arrived.to_name,
            to: arrived.to_address,
            subject: arrived.subject,
            sent_at: arrived.sent_at,
            read: arrived.read_at.is_some(),
            text: arrived.text,
            html: arrived.html,
        }
    }
}

/// Letters, the newest first.
#[derive(serde::Serialize, ToSchema)]
pub struct Mailbox {
    /// How many match.
    total: u64,
    /// At most 100 of them.
    letters: Vec<Letter>,
}

/// Names and meanings of the parameters of the list.
pub const LIST: &[Param] = &[
    Param::text("q", "Words in addressee, subject or text."),
    Param::text("to", "The address of the addressee, or a part of it without @."),
    Param::text("letter", "The kind of letter."),
    Param::PAGE,
];

/// GET /api/v1/simulator/mailbox
pub async fn mailbox(lab: LabOnly) -> Answer {
    let mut wanted = Wanted::default();
    let mut number: i64 = 1;
    for (key, value) in url::form_urlencoded::parse(lab.query.as_bytes()) {
        let value: String = value.trim().chars().take(254).collect();
        match key.as_ref() {
            "q" => wanted.q = value,
            "to" => wanted.to = value,
            "letter" => wanted.letter = value,
            "page" => number = value.parse().unwrap_or(1),
            _ => {}
        }
    }
    let (found, total) = lab
        .portal
        .db
        .read(move |r| {
            Ok((
                service::whole_letters(r, &wanted, MOST, (number - 1) * MOST)?,
                service::matching(r, &wanted)?,
            ))
        })
        .await?;
    let letters = found.into_iter().map(|one| Letter::of(&lab, one)).collect();
    json(200, &Mailbox { total, letters })
}

/// GET /api/v1/simulator/mailbox/{letter}
pub async fn letter(lab: LabOnly, PathPart(id): PathPart<LetterId>) -> Answer {
    let found = lab.portal.db.read(move |r| service::letter(r, id)).await?;
    json(200, &Letter::of(&lab, found))
}

/// The chain of an account.
#[derive(serde::Serialize, ToSchema)]
pub struct ChainOf {
    /// Domain or name of the account, or "the portal".
    key: String,
    /// How it was found.
    chain: ChainShape,
}

/// The chains of the record.
#[derive(serde::Serialize, ToSchema)]
pub struct Chains {
    /// Whether all of them hold.
    holds: bool,
    /// One of each account, and that of what belongs to none.
    items: Vec<ChainOf>,
}

/// GET /api/v1/simulator/record
pub async fn record(may: May<Operate>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let chains = may.portal.db.read(|r| chains(r)).await?;
    json(
        200,
        &Chains {
            holds: chains.iter().all(|(_, chain)| chain.broken.is_empty()),
            items: chains
                .into_iter()
                .map(|(key, chain)| ChainOf {
                    key,
                    chain: ChainShape::from(chain),
                })
                .collect(),
        },
    )
}
