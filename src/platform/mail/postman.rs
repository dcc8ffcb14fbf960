//! Takes letters from the outbox and delivers them. Nobody else sends mail.

use super::transport::{Failure, Sent, Transport};
use super::{Desk, Envelope, Letters, Written, outbox};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::{Clock, Event, Kind, Who};
use crate::platform::db::Db;
use crate::platform::deliveries::{MOST_TRIES, next_try, short};
use crate::platform::faults::{Faults, Surface};
use crate::platform::signing::Signing;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Delivers letters.
#[derive(Clone)]
pub struct Postman {
    db: Db,
    clock: Clock,
    letters: Letters,
    transport: Transport,
    signing: Arc<Signing>,
    base_url: String,
    from: lettre::message::Mailbox,
    faults: Arc<Faults>,
}

impl Postman {
    /// A postman for this portal.
    pub fn new(
        db: Db,
        clock: Clock,
        letters: Letters,
        transport: Transport,
        signing: Arc<Signing>,
        base_url: String,
        from: lettre::message::Mailbox,
    ) -> Self {
        Self {
            db,
            clock,
            letters,
            transport,
            signing,
            base_url,
            from,
            faults: Arc::default(),
        }
    }

    /// One whose mail server a lab can let fail.
    #[must_use]
    pub fn failing_by(mut self, faults: Arc<Faults>) -> Self {
        self.faults = faults;
        self
    }

    /// Delivers what is due. A letter that cannot be put into words or sent never stops the others.
    pub async fn deliver(&self) -> Result<()> {
        loop {
            let wall = self.clock.wall();
            let due = self.db.read(move |r| outbox::due(r, wall, 50)).await?;
            if due.is_empty() {
                return Ok(());
            }
            for id in due {
                let wall = self.clock.wall();
                let Some((envelope, attempt)) = self
                    .db
                    .housekeeping(move |tx| outbox::claim(tx, id, wall))
                    .await?
                else {
                    continue;
                };
                let result = self.deliver_one(&envelope).await;
                self.settle(&envelope, attempt, result).await?;
            }
        }
    }

    async fn deliver_one(&self, envelope: &Envelope) -> Result<Option<()>, Failure> {
        let Some(writer) = self.letters.writer(&envelope.letter) else {
            return Err(Failure::for_good(format!("no such letter: {}", envelope.letter)));
        };
        let desk = Desk {
            base_url: self.base_url.clone(),
            signing: self.signing.clone(),
            now: self.clock.now(),
        };
        let for_writing = envelope.clone();
        let written = self
            .db
            .read(
                move |r| match catch_unwind(AssertUnwindSafe(|| writer.write(r, &desk, &for_writing))) {
                    Ok(result) => result,
                    Err(_) => Err(Error::refused(
                        "mail.unwritable",
                        "the letter could not be put into words",
                    )),
                },
            )
            .await;
        let written: Written = match written {
            Ok(Some(written)) => written,
            // A letter about something that is gone is not needed any more.
            Ok(None) | Err(Error::NotFound) => return Ok(None),
            Err(Error::Unavailable(cause)) => return Err(Failure::passing(cause.for_the_log())),
            Err(error) => return Err(Failure::for_good(error.to_string())),
        };
        let sent = Sent {
            id: envelope.id,
            message_id: format!("<{}@{}>", envelope.id, self.from.email.domain()),
            letter: envelope.letter.clone(),
            to_name: one_line(&envelope.to_name),
            to_address: envelope.to_address.clone(),
            subject: one_line(&written.subject),
            text: written.text,
            html: written.html,
            at: self.clock.now(),
        };
        if self.faults.stops(Surface::Mail, self.clock.wall()) {
            return Err(Failure::passing(
                "a fault rule of this lab: the mail server does not answer",
            ));
        }
        self.transport
            .send(&self.db, &self.from, self.clock.wall(), sent)
            .await
            .map(Some)
    }

    async fn settle(
        &self,
        envelope: &Envelope,
        attempt: i32,
        result: Result<Option<()>, Failure>,
    ) -> Result<()> {
        let (id, now, wall) = (envelope.id, self.clock.now(), self.clock.wall());
        match result {
            Ok(sent) => {
                metrics::counter!("licentral_letters_sent_total").increment(1);
                let note = if sent.is_some() { "" } else { "not needed any more" };
                self.db
                    .housekeeping(move |tx| outbox::sent(tx, id, attempt, now, note))
                    .await
            }
            Err(failure) if failure.is_for_good || attempt >= MOST_TRIES => {
                metrics::counter!("licentral_letters_given_up_total").increment(1);
                let letter = envelope.letter.clone();
                let to = envelope.to_address.clone();
                let problem = short(&failure.why);
                self.db
                    .write(move |tx| {
                        outbox::give_up(tx, id, attempt, now, &problem)?;
                        let event = Event::new(
                            Kind::LetterGivenUp,
                            id,
                            format!("The letter {letter} to {to} was given up: {problem}"),
                        )
                        .ended(Outcome::Failed);
                        tx.record(now, &Who::portal("mail"), &event, ())
                    })
                    .await
            }
            Err(failure) => {
                let again = next_try(attempt, wall);
                let problem = short(&failure.why);
                tracing::warn!(
                    letter = envelope.letter,
                    attempt,
                    "a letter could not be delivered and will be tried again"
                );
                self.db
                    .housekeeping(move |tx| outbox::later(tx, id, attempt, again, &problem))
                    .await
            }
        }
    }
}

/// Line ends and other controls in a header would make another header of what follows.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}
