//! Reads the parts of a file one by one, and collects what is wrong with them.

use crate::kernel::marked::{Entry, Mistake, Node, Value};

/// What is wrong with a file, so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes(pub(super) Vec<Mistake>);

impl Mistakes {
    pub(super) fn add(&mut self, line: usize, says: impl Into<String>) {
        self.0.push(Mistake::at(line, says));
    }
}

/// A map of a file, of which it is known what may stand in it.
pub(super) struct Part<'a> {
    pub(super) line: usize,
    entries: &'a [Entry],
}

/// A map in which nothing but these may stand.
pub(super) fn part<'a>(node: &'a Node, known: &[&str], mistakes: &mut Mistakes) -> Option<Part<'a>> {
    let Value::Map(entries) = &node.value else {
        mistakes.add(
            node.line,
            format!("Use names and values here: {}.", known.join(", ")),
        );
        return None;
    };
    for (n, entry) in entries.iter().enumerate() {
        if entries.iter().take(n).any(|other| other.key == entry.key) {
            mistakes.add(entry.line, format!("{} stands here twice.", shown(&entry.key)));
        }
        if !known.contains(&entry.key.as_str()) {
            let says = format!(
                "{} is not known here. Use: {}.",
                shown(&entry.key),
                known.join(", ")
            );
            mistakes.add(entry.line, says);
        }
    }
    Some(Part {
        line: node.line,
        entries,
    })
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("\u{201c}{short}\u{201d}")
}

/// A text of a file, with its line.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Part<'_> {
    pub(super) fn find(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|one| one.key == key)
            .map(|one| &one.node)
    }

    /// A text that may be left out.
    pub(super) fn text_or_none(&self, key: &str, most: usize, mistakes: &mut Mistakes) -> Option<Text> {
        let node = self.find(key)?;
        text(node, key, most, mistakes)
    }

    /// A text that has to be there.
    pub(super) fn text(&self, key: &str, most: usize, mistakes: &mut Mistakes) -> Option<Text> {
        if self.find(key).is_none() {
            mistakes.add(self.line, format!("{key} is missing."));
        }
        self.text_or_none(key, most, mistakes)
    }

    /// A whole number that may be left out.
    pub(super) fn number_or_none(
        &self,
        key: &str,
        (least, most): (i64, i64),
        mistakes: &mut Mistakes,
    ) -> Option<i64> {
        let node = self.find(key)?;
        let number = match &node.value {
            Value::Text { text, .. } => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            let says = format!("{key}: use a whole number from {least} to {most}.");
            mistakes.add(node.line, says);
        }
        number
    }

    /// A whole number that has to be there.
    pub(super) fn number(&self, key: &str, within: (i64, i64), mistakes: &mut Mistakes) -> Option<i64> {
        if self.find(key).is_none() {
            mistakes.add(self.line, format!("{key} is missing."));
        }
        self.number_or_none(key, within, mistakes)
    }

    /// true or false; false when it is left out.
    pub(super) fn yes(&self, key: &str, mistakes: &mut Mistakes) -> bool {
        match self.find(key).map(|node| (node.line, &node.value)) {
            None => false,
            Some((_, Value::Text { text, .. })) if text == "true" => true,
            Some((_, Value::Text { text, .. })) if text == "false" => false,
            Some((line, _)) => {
                mistakes.add(line, format!("{key}: use true or false."));
                false
            }
        }
    }

    /// One of some words; the first one when it is left out.
    pub(super) fn word<T: std::str::FromStr>(
        &self,
        key: &str,
        words: &[&str],
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let first = words.first().copied().unwrap_or_default();
        let Some(node) = self.find(key) else {
            return first.parse().ok();
        };
        let found = match &node.value {
            Value::Text { text, .. } if words.contains(&text.trim()) => text.trim().parse().ok(),
            _ => None,
        };
        if found.is_none() {
            mistakes.add(node.line, format!("{key}: use one of: {}.", words.join(", ")));
        }
        found
    }

    /// The parts of a list; none when it is left out.
    pub(super) fn list(&self, key: &str, most: usize, mistakes: &mut Mistakes) -> &[Node] {
        let Some(node) = self.find(key) else { return &[] };
        let Value::List(nodes) = &node.value else {
            mistakes.add(node.line, format!("{key}: use a list."));
            return &[];
        };
        if nodes.len() > most {
            mistakes.add(node.line, format!("{key}: use at most {most}."));
        }
        nodes.get(..most.min(nodes.len())).unwrap_or_default()
    }
}

/// A text of up to so many characters.
pub(super) fn text(node: &Node, what: &str, most: usize, mistakes: &mut Mistakes) -> Option<Text> {
    let Value::Text { text, .. } = &node.value else {
        mistakes.add(node.line, format!("{what}: use a text."));
        return None;
    };
    let text = text.trim();
    let long = text.chars().count();
    if long == 0 || long > most {
        mistakes.add(node.line, format!("{what}: use 1 to {most} characters."));
        return None;
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        mistakes.add(node.line, format!("{what}: use no control characters."));
        return None;
    }
    Some(Text {
        line: node.line,
        text: text.to_owned(),
    })
}
