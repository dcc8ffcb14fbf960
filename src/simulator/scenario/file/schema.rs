//! The schema of scenario files, as JSON Schema from the types themselves; and whether a file keeps to it.

use super::shape::Scenario;
use crate::kernel::marked::{Entry, Mistake, Node, Value as Part};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The schema: what the documentation shows, what editors take, and what files are held against.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut parts: Vec<(String, RefOr<Schema>)> = Vec::new();
    Scenario::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, part) in parts {
        definitions.insert(name, strict(part));
    }
    let mut whole = strict(Scenario::schema());
    if let Some(map) = whole.as_object_mut() {
        map.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        map.insert("title".to_owned(), json!("Licentral scenario file"));
        map.insert("$defs".to_owned(), Value::Object(definitions));
    }
    whole
});

/// The schema.
pub fn schema() -> &'static Value {
    &SCHEMA
}

/// A part of the schema, with references as JSON Schema has them.
fn strict(part: RefOr<Schema>) -> Value {
    let text = serde_json::to_string(&part).unwrap_or_default();
    serde_json::from_str(&text.replace("#/components/schemas/", "#/$defs/")).unwrap_or_default()
}

/// On which line each thing is, by its JSON pointer.
#[derive(Debug, Clone, Default)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of a thing; of what holds it, when it is not there itself.
    pub fn of(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.0.get(pointer) {
                return *line;
            }
            match pointer.rsplit_once('/') {
                Some((above, _)) => pointer = above,
                None => return 0,
            }
        }
    }
}

/// A file that is held against the schema.
#[derive(Debug, Default)]
pub struct Held {
    /// Where things are.
    pub lines: Lines,
    /// What is wrong.
    pub mistakes: Vec<Mistake>,
}

impl Held {
    /// The values of a file. Where something is wrong it is named, and left out.
    pub fn read(&mut self, node: &Node) -> Value {
        self.value(node, schema(), "").unwrap_or_default()
    }

    fn wrong(&mut self, line: usize, says: String) {
        self.mistakes.push(Mistake::at(line, says));
    }

    fn value(&mut self, node: &Node, schema: &Value, at: &str) -> Option<Value> {
        self.lines.0.insert(at.to_owned(), node.line);
        let schema = match schema.get("$ref").and_then(Value::as_str) {
            Some(name) => definition(name)?,
            None => schema,
        };
        let name = at.rsplit('/').find(|part| part.parse::<usize>().is_err());
        let name = name.filter(|one| !one.is_empty()).unwrap_or("The file");
        match (word(schema, "type"), &node.value) {
            ("object", Part::Map(entries)) => Some(self.object(entries, node.line, schema, at)),
            ("array", Part::List(items)) => Some(self.array(items, node.line, schema, at, name)),
            ("string", Part::Text { text, .. }) => self.text(text, node.line, schema, name),
            ("integer", Part::Text { text, is_plain: true }) => self.number(text, node.line, schema, name),
            ("boolean", Part::Text { text, is_plain: true }) if text == "true" || text == "false" => {
                Some(Value::Bool(text == "true"))
            }
            ("object", _) => {
                self.wrong(node.line, format!("{name} has names with values: name: value."));
                None
            }
            ("array", _) => {
                self.wrong(
                    node.line,
                    format!("{name} is a list: begin each entry with a hyphen."),
                );
                None
            }
            ("string", _) => {
                self.wrong(node.line, format!("{name} is a text."));
                None
            }
            ("integer", _) => {
                self.wrong(node.line, format!("{name} is a whole number without quotes."));
                None
            }
            ("boolean", _) => {
                self.wrong(node.line, format!("{name} is true or false."));
                None
            }
            _ => None,
        }
    }

    fn object(&mut self, entries: &[Entry], line: usize, schema: &Value, at: &str) -> Value {
        let mut found = Map::new();
        let none = Map::new();
        let known = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&none);
        for Entry {
            key,
            line,
            node: value,
        } in entries
        {
            let Some(property) = known.get(key) else {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let short: String = key.chars().take(60).collect();
                self.wrong(
                    *line,
                    format!("{short} is not known here. Known are: {}.", names.join(", ")),
                );
                continue;
            };
            let pointer = format!("{at}/{key}");
            if self.lines.0.contains_key(&pointer) {
                self.wrong(*line, format!("{key} stands here twice."));
                continue;
            }
            self.lines.0.insert(pointer.clone(), *line);
            // "name:" without anything is as good as left out.
            if value.is_nothing() {
                continue;
            }
            if let Some(value) = self.value(value, property, &pointer) {
                found.insert(key.clone(), value);
            }
            self.lines.0.insert(pointer, *line);
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !entries
                .iter()
                .any(|one| one.key == name && !one.node.is_nothing())
            {
                self.wrong(line, format!("{name} is missing here."));
            }
        }
        Value::Object(found)
    }

    fn array(&mut self, items: &[Node], line: usize, schema: &Value, at: &str, name: &str) -> Value {
        let (least, most) = (bound(schema, "minItems"), bound(schema, "maxItems"));
        let many = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if least.is_some_and(|least| many < least) {
            self.wrong(line, format!("{name} has one entry at least."));
        }
        if let Some(most) = most.filter(|most| many > *most) {
            self.wrong(line, format!("{name} has at most {most} entries."));
        }
        let entry = schema.get("items").unwrap_or(&Value::Null);
        Value::Array(
            items
                .iter()
                .enumerate()
                // What is wrong keeps its place: the others are counted on.
                .map(|(n, item)| self.value(item, entry, &format!("{at}/{n}")).unwrap_or_default())
                .collect(),
        )
    }

    fn text(&mut self, text: &str, line: usize, schema: &Value, name: &str) -> Option<Value> {
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            if !words.contains(&text) {
                self.wrong(line, format!("{name} is one of: {}.", words.join(", ")));
                return None;
            }
        }
        let letters = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let (least, most) = (bound(schema, "minLength"), bound(schema, "maxLength"));
        if least.is_some_and(|least| letters < least) {
            self.wrong(line, format!("{name} is empty."));
            return None;
        }
        if let Some(most) = most.filter(|most| letters > *most) {
            self.wrong(line, format!("{name} has at most {most} characters."));
            return None;
        }
        Some(Value::from(text))
    }

    fn number(&mut self, text: &str, line: usize, schema: &Value, name: &str) -> Option<Value> {
        let (least, most) = (
            bound(schema, "minimum").unwrap_or(i64::MIN),
            bound(schema, "maximum").unwrap_or(i64::MAX),
        );
        match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Some(Value::from(number)),
            Ok(_) => {
                self.wrong(line, format!("{name} is a number from {least} to {most}."));
                None
            }
            Err(_) => {
                self.wrong(line, format!("{name} is a whole number."));
                None
            }
        }
    }
}

fn definition(reference: &str) -> Option<&'static Value> {
    let name = reference.strip_prefix("#/$defs/")?;
    schema().get("$defs")?.get(name)
}

/// A word of the schema; of a type that may also be nothing, the other.
fn word<'a>(schema: &'a Value, key: &str) -> &'a str {
    match schema.get(key) {
        Some(Value::String(word)) => word,
        Some(Value::Array(words)) => words
            .iter()
            .filter_map(Value::as_str)
            .find(|one| *one != "null")
            .unwrap_or_default(),
        _ => "",
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the schema's bounds are whole numbers below 2^53"
)]
fn bound(schema: &Value, key: &str) -> Option<i64> {
    let bound = schema.get(key)?;
    bound
        .as_i64()
        .or_else(|| bound.as_f64().map(|number| number as i64))
}
