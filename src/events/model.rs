//! A line of the record, and what can be asked of it.

use crate::kernel::Moment;
use crate::kernel::event::{Kind, Outcome};
use crate::kernel::ids::{EventId, PersonId, VirtualAccountId};

/// One thing that happened.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Entry {
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: Moment,
    /// In which Virtual Account; none for the whole account.
    pub virtual_account: Option<VirtualAccountId>,
    /// What.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
    /// Who; none when the portal itself acted.
    pub actor_id: Option<PersonId>,
    /// Name and address of who, as they were then.
    pub actor: String,
    /// Which thing.
    pub about: String,
    /// Facts, as JSON.
    pub detail: String,
    /// Network address of the request.
    pub address: String,
    /// Id of the request.
    pub request_id: String,
}

impl Entry {
    /// The colour of its badge.
    pub fn outcome_kind(&self) -> &'static str {
        match self.outcome {
            Outcome::Done => "ok",
            Outcome::Refused => "warn",
            Outcome::Failed => "bad",
        }
    }
    /// The facts.
    pub fn facts(&self) -> serde_json::Value {
        serde_json::from_str(&self.detail).unwrap_or(serde_json::Value::Null)
    }
}

/// What is asked of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these kinds; all when empty.
    pub kinds: Vec<Kind>,
    /// Any of these endings; all when empty.
    pub outcomes: Vec<Outcome>,
    /// A part of who did it, as a search key.
    pub who: String,
    /// Not before.
    pub from: Option<Moment>,
    /// Before.
    pub until: Option<Moment>,
    /// In any of these Virtual Accounts; anywhere when it is none.
    pub places: Option<Vec<VirtualAccountId>>,
}

impl Filter {
    /// Whether everything is asked for.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// A fact before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name, in words.
    pub what: String,
    /// As it was, or "".
    pub before: String,
    /// As it is, or "".
    pub after: String,
    /// Whether the two differ.
    pub differs: bool,
}

/// What was before and after, fact by fact; none when the event does not say.
pub fn changes(detail: &serde_json::Value) -> Vec<Change> {
    let (Some(before), Some(after)) = (detail.get("before"), detail.get("after")) else {
        return Vec::new();
    };
    let empty = serde_json::Map::new();
    let (old, new) = (before.as_object(), after.as_object());
    if old.is_none() && new.is_none() {
        return vec![Change {
            what: "Value".to_owned(),
            before: words(before),
            after: words(after),
            differs: before != after,
        }];
    }
    let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let said = |facts: &serde_json::Map<_, _>| facts.get(name).map(words).unwrap_or_default();
            let (before, after) = (said(old), said(new));
            Change {
                what: title(name),
                differs: before != after,
                before,
                after,
            }
        })
        // What was nothing and is nothing did not change and says nothing.
        .filter(|change| !(change.before.is_empty() && change.after.is_empty()))
        .collect()
}

/// The other facts of an event.
pub fn others(detail: &serde_json::Value) -> Vec<(String, String)> {
    detail
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.as_str() != "before" && name.as_str() != "after")
        .map(|(name, value)| (title(name), words(value)))
        .collect()
}

fn title(name: &str) -> String {
    let text = name.replace(['_', '-'], " ");
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn words(value: &serde_json::Value) -> String {
    use serde_json::Value as V;
    match value {
        V::Null => String::new(),
        V::String(text) => text.clone(),
        V::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        V::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_told_fact_by_fact() {
        let detail = json!({ "before": { "name": "A", "tags": ["x", "y"] }, "after": { "name": "B", "tags": ["x", "y"], "is_default": true }, "case_number": 7 });
        let told = changes(&detail);
        assert_eq!(
            told.iter()
                .map(|c| (c.what.as_str(), c.before.as_str(), c.after.as_str(), c.differs))
                .collect::<Vec<_>>(),
            [
                ("Is default", "", "yes", true),
                ("Name", "A", "B", true),
                ("Tags", "x, y", "x, y", false)
            ]
        );
        assert_eq!(others(&detail), [("Case number".to_owned(), "7".to_owned())]);
        // What was not there and is empty now is nothing that changed.
        let made = json!({ "before": null, "after": { "name": "A", "parent": null, "tags": [] } });
        assert_eq!(changes(&made).len(), 1);
        assert!(changes(&serde_json::Value::Null).is_empty());
        assert!(changes(&json!([1])).is_empty());
    }
}
