//! The kinds of letters, and the one frame in which nearly all of them are put into words.

use super::{Desk, Envelope};
use crate::error::{Error, Result};
use crate::kernel::Edition;
use crate::platform::db::Read;
use crate::platform::settings;
use askama::Template;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A letter in words.
#[derive(Debug, Clone)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// The same, laid out.
    pub html: String,
}

/// Puts one kind of letter into words.
pub trait Writer: Send + Sync {
    /// The name of the kind.
    fn letter(&self) -> &'static str;
    /// The words, or none when there is no longer a reason to send it.
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>>;
}

/// What a letter says, in the order in which it says it. Both faces of a letter, plain and laid out, are made
/// from it, so they always say the same.
#[derive(Debug, Default)]
pub struct Letter {
    /// One line, for lists of letters.
    pub subject: String,
    /// Its own heading.
    pub heading: String,
    /// What it begins with.
    pub opening: Vec<String>,
    /// Names and values.
    pub facts: Vec<(&'static str, String)>,
    /// Somebody's own words, with what they are.
    pub quotes: Vec<(&'static str, String)>,
    /// What to do, one after the other.
    pub steps: Vec<String>,
    /// The way on: words and address.
    pub button: Option<(&'static str, String)>,
    /// What it ends with.
    pub closing: Vec<String>,
}

impl Letter {
    /// In the words of an edition: all but the facts' values and what somebody else has written.
    fn in_words_of(mut self, edition: Edition) -> Self {
        let says = |text: &mut String| *text = edition.words(text).into_owned();
        says(&mut self.subject);
        says(&mut self.heading);
        for texts in [&mut self.opening, &mut self.steps, &mut self.closing] {
            texts.iter_mut().for_each(says);
        }
        for (label, _) in &mut self.facts {
            *label = edition.say(label);
        }
        if let Some((label, _)) = &mut self.button {
            *label = edition.say(label);
        }
        self
    }
}

/// Thinks out what a letter says; none when there is no longer a reason to send it.
pub type Tell = fn(&mut Read<'_>, &Desk, &Envelope) -> Result<Option<Letter>>;

/// Every kind of letter that the portal knows.
#[derive(Clone, Default)]
pub struct Letters(BTreeMap<&'static str, Arc<dyn Writer>>);

impl Letters {
    /// Adds a kind.
    pub fn add(&mut self, writer: impl Writer + 'static) {
        self.0.insert(writer.letter(), Arc::new(writer));
    }
    /// Adds kinds that are told in the common frame.
    pub fn add_told(&mut self, kinds: &[(&'static str, Tell)]) {
        for (letter, tell) in kinds {
            self.add(Told { letter, tell: *tell });
        }
    }
    /// The writer of a kind.
    pub fn writer(&self, letter: &str) -> Option<Arc<dyn Writer>> {
        self.0.get(letter).cloned()
    }
    /// The names of all kinds.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

struct Told {
    letter: &'static str,
    tell: Tell,
}

impl Writer for Told {
    fn letter(&self) -> &'static str {
        self.letter
    }
    fn write(&self, read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Written>> {
        let Some(letter) = (self.tell)(read, desk, envelope)? else {
            return Ok(None);
        };
        let letter = letter.in_words_of(settings::edition(read)?);
        let greeting = if envelope.to_name.is_empty() {
            "Hello,".to_owned()
        } else {
            format!("Hello {},", envelope.to_name)
        };
        let html = Html {
            subject: letter.subject.clone(),
            greeting: &greeting,
            letter: &letter,
        };
        let text = Plain {
            greeting: &greeting,
            letter: &letter,
        };
        Ok(Some(Written {
            text: text.render().map_err(Error::internal)?,
            html: html.render().map_err(Error::internal)?,
            subject: letter.subject,
        }))
    }
}

#[derive(Template)]
#[template(path = "letters/told.html")]
struct Html<'a> {
    subject: String,
    greeting: &'a str,
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "letters/told.txt", escape = "none")]
struct Plain<'a> {
    greeting: &'a str,
    letter: &'a Letter,
}
