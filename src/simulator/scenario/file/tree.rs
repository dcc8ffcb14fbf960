//! Reads YAML, of which JSON is a part, into a tree in which each thing knows its line; and writes YAML.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use std::fmt::Write as _;

/// How deep lists and maps lie within one another at most.
const DEEPEST: usize = 12;
/// How many things a file holds at most.
const MOST: usize = 500_000;

/// A mistake, and the line on which it is; 0 for the whole file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// What to do about it.
    pub says: String,
}

impl Mistake {
    /// One on a line.
    pub fn on(line: usize, says: impl Into<String>) -> Self {
        Self {
            line,
            says: says.into(),
        }
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.says),
            line => write!(f, "Line {line}: {}", self.says),
        }
    }
}

/// A thing in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// From 1.
    pub line: usize,
    /// What it is.
    pub what: What,
}

/// What a thing is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Text; one that is plain may be a number, a yes or a no, or nothing.
    Scalar {
        /// As it stands there.
        text: String,
        /// Without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Names and what they stand for, in the order of the file; each with its line.
    Map(Vec<(String, usize, Node)>),
}

impl Node {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let mut reader = Reader {
            parser: Parser::new_from_str(text),
            things: 0,
        };
        let mut found = None;
        while let Some((event, line)) = reader.next()? {
            match event {
                Event::DocumentStart(_) if found.is_some() => {
                    return Err(Mistake::on(
                        line,
                        "A file holds one scenario: nothing follows after ---.",
                    ));
                }
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
                event => found = Some(reader.node(event, line, 0)?),
            }
        }
        found.ok_or_else(|| Mistake::on(0, "The file is empty."))
    }

    /// Whether it says that there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.what, What::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// As YAML.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, false);
        out
    }

    fn write(&self, out: &mut String, indent: usize, in_list: bool) {
        match &self.what {
            What::Scalar { .. } => {
                self.scalar(out);
                out.push('\n');
            }
            What::List(items) => {
                for item in items {
                    let _ = write!(out, "{:indent$}- ", "");
                    item.write(out, indent + 2, true);
                }
            }
            What::Map(entries) => {
                for (n, (key, _, value)) in entries.iter().enumerate() {
                    if n > 0 || !in_list {
                        let _ = write!(out, "{:indent$}", "");
                    }
                    out.push_str(key);
                    out.push(':');
                    match &value.what {
                        What::Scalar { .. } => {
                            out.push(' ');
                            value.write(out, indent, false);
                        }
                        What::List(items) if items.iter().all(Self::is_scalar) => {
                            out.push_str(" [");
                            for (n, item) in items.iter().enumerate() {
                                out.push_str(if n > 0 { ", " } else { "" });
                                item.scalar(out);
                            }
                            out.push_str("]\n");
                        }
                        _ => {
                            out.push('\n');
                            value.write(out, indent + 2, false);
                        }
                    }
                }
            }
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(self.what, What::Scalar { .. })
    }

    /// Numbers, yes and no as they are; text without quotes where nobody could take it for something else.
    fn scalar(&self, out: &mut String) {
        let What::Scalar { text, plain } = &self.what else {
            return;
        };
        let looks_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| {
                c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '@' | '/' | '(' | ')')
            })
            && !text.ends_with(' ')
            && !matches!(
                text.to_ascii_lowercase().as_str(),
                "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
            );
        if *plain || looks_plain {
            out.push_str(text);
        } else {
            // A text of JSON is one of YAML.
            out.push_str(&serde_json::Value::from(text.as_str()).to_string());
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    things: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, usize)>, Mistake> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, span.start.line()))),
            Some(Err(error)) => Err(Mistake::on(
                error.marker().line(),
                format!("This is neither YAML nor JSON from here on: {}.", error.info()),
            )),
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, Mistake> {
        self.things += 1;
        if self.things > MOST {
            return Err(Mistake::on(line, format!("A file holds at most {MOST} things.")));
        }
        if depth > DEEPEST {
            return Err(Mistake::on(
                line,
                "Lists and maps lie too deep within one another here.",
            ));
        }
        let what = match event {
            Event::Scalar(text, style, ..) => What::Scalar {
                text: text.into_owned(),
                plain: style == ScalarStyle::Plain,
            },
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Some((Event::SequenceEnd, _)) => break,
                        Some((event, line)) => items.push(self.node(event, line, depth + 1)?),
                        None => return Err(Mistake::on(line, "This list has no end.")),
                    }
                }
                What::List(items)
            }
            Event::MappingStart(..) => {
                let mut entries: Vec<(String, usize, Node)> = Vec::new();
                loop {
                    let (key, at) = match self.next()? {
                        Some((Event::MappingEnd, _)) => break,
                        Some((Event::Scalar(key, ..), at)) => (key.into_owned(), at),
                        Some((_, at)) => return Err(Mistake::on(at, "Write a name here, then a colon.")),
                        None => return Err(Mistake::on(line, "This map has no end.")),
                    };
                    let Some((event, line)) = self.next()? else {
                        return Err(Mistake::on(at, "The file breaks off here."));
                    };
                    let value = self.node(event, line, depth + 1)?;
                    entries.push((key, at, value));
                }
                What::Map(entries)
            }
            Event::Alias(_) => {
                return Err(Mistake::on(
                    line,
                    "Write it out: what *name stands for is not read.",
                ));
            }
            _ => return Err(Mistake::on(line, "This cannot stand here.")),
        };
        Ok(Node { line, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_read_as_well_and_each_thing_knows_its_line() {
        let yaml = Node::parse("name: ours\npeople:\n  - email: a@x.example\n    access_level: 2\n").unwrap();
        let json = Node::parse("{\n\t\"name\": \"ours\",\n\t\"people\": [\n\t\t{\"email\": \"a@x.example\", \"access_level\": 2}\n\t]\n}").unwrap();
        let What::Map(entries) = &yaml.what else {
            panic!("{yaml:?}")
        };
        assert_eq!(
            (entries[1].0.as_str(), entries[1].1, entries[1].2.line),
            ("people", 2, 3)
        );
        assert_eq!(yaml.yaml(), json.yaml());
        for (bad, line) in [
            ("a: [1\nb: 2\n", 2),
            ("a: *b\n", 1),
            ("a: 1\n---\nb: 2\n", 2),
            ("", 0),
        ] {
            assert_eq!(Node::parse(bad).unwrap_err().line, line, "{bad:?}");
        }
        assert!(Node::parse(&"[".repeat(100)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "[ -~é\\n:#'\"]{0,30}", number in any::<i64>()) {
            let json = serde_json::json!({ "text": text, "number": number, "list": [text, { "a": text, "b": [] }] });
            let node = Node::parse(&json.to_string()).unwrap();
            let again = Node::parse(&node.yaml()).unwrap();
            prop_assert_eq!(again.yaml(), node.yaml());
        }

        #[test]
        fn no_file_panics(text in "[-a:{}\\[\\], \\n\"'#&*|>]{0,60}") {
            let _ = Node::parse(&text);
        }
    }
}
