//! The life of a kind of thing, as one table: in which states it begins, and what makes of which state which. Stores
//! change a state only from those that the table names, and `docs/lifecycles.md` is printed from the same tables.

use crate::error::{Error, Result};
use std::fmt::Display;

/// The life of one kind of thing.
#[derive(Debug)]
pub struct Lifecycle<S: 'static> {
    /// Of what; begins with a capital letter.
    pub of: &'static str,
    /// Every state.
    pub states: &'static [S],
    /// Those in which it begins.
    pub begins: &'static [S],
    /// From, what happens, to.
    pub moves: &'static [(S, &'static str, S)],
}

impl<S: Copy + PartialEq + Display> Lifecycle<S> {
    /// The states from which it can come into this one.
    pub fn before(&self, to: S) -> Vec<S> {
        let mut before: Vec<S> = Vec::new();
        for (from, _, next) in self.moves {
            if *next == to && !before.contains(from) {
                before.push(*from);
            }
        }
        before
    }

    /// That there is such a move. Whoever asks for another has made a mistake.
    pub fn must(&self, from: S, to: S) -> Result<()> {
        if self.before(to).contains(&from) {
            Ok(())
        } else {
            Err(Error::internal(format!(
                "{}: {from} does not become {to}",
                self.of
            )))
        }
    }

    /// The same in words.
    pub fn in_words(&self) -> Life {
        let words = |states: &[S]| states.iter().map(ToString::to_string).collect();
        Life {
            of: self.of,
            states: words(self.states),
            begins: words(self.begins),
            moves: self
                .moves
                .iter()
                .map(|(from, happens, to)| (from.to_string(), (*happens).to_owned(), to.to_string()))
                .collect(),
        }
    }
}

/// The life of a kind of thing in words, for the documentation.
#[derive(Debug, Clone)]
pub struct Life {
    /// Of what; begins with a capital letter.
    pub of: &'static str,
    /// Every state.
    pub states: Vec<String>,
    /// Those in which it begins.
    pub begins: Vec<String>,
    /// From, what happens, to.
    pub moves: Vec<(String, String, String)>,
}

impl Life {
    /// The states that nothing follows.
    pub fn ends(&self) -> Vec<&str> {
        let leads_on = |state: &str| self.moves.iter().any(|(from, ..)| from == state);
        let states = self.states.iter().map(String::as_str);
        states.filter(|state| !leads_on(state)).collect()
    }

    /// What is wrong with the table.
    pub fn flaws(&self) -> Vec<String> {
        let mut reached = self.begins.clone();
        let mut next = 0;
        while let Some(state) = reached.get(next).cloned() {
            for (from, _, to) in &self.moves {
                if *from == state && !reached.contains(to) {
                    reached.push(to.clone());
                }
            }
            next += 1;
        }
        let mut flaws: Vec<String> = self
            .states
            .iter()
            .filter(|state| !reached.contains(state))
            .map(|state| format!("{}: nothing leads to {state}", self.of))
            .collect();
        for (n, one) in self.moves.iter().enumerate() {
            if self.moves.iter().take(n).any(|other| other == one) {
                flaws.push(format!("{}: {one:?} stands there twice", self.of));
            }
        }
        flaws
    }

    /// A section of the documentation.
    pub fn print(&self) -> String {
        let begins = self.begins.join(" or ");
        let ends = match self.ends() {
            none if none.is_empty() => "No state is the last.".to_owned(),
            ends => format!("Nothing follows {}.", ends.join(" or ")),
        };
        let mut out = format!(
            "## {}\n\nBegins as {begins}. {ends}\n\n| from | what happens | to |\n|---|---|---|\n",
            self.of
        );
        for (from, happens, to) in &self.moves {
            out.push_str(&format!("| {from} | {happens} | {to} |\n"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Lifecycle<&str> = Lifecycle {
        of: "Letter",
        states: &["written", "sent", "lost", "read"],
        begins: &["written"],
        moves: &[
            ("written", "it is posted", "sent"),
            ("sent", "it is opened", "read"),
        ],
    };

    #[test]
    fn moves_are_those_of_the_table() {
        assert_eq!(LIFE.before("read"), ["sent"]);
        assert!(LIFE.must("written", "sent").is_ok());
        assert!(LIFE.must("written", "read").is_err());
        assert_eq!(LIFE.in_words().ends(), ["lost", "read"]);
    }

    #[test]
    fn a_state_that_nothing_leads_to_is_a_flaw() {
        assert_eq!(LIFE.in_words().flaws(), ["Letter: nothing leads to lost"]);
    }
}
