//! A file that a person wrote as YAML or JSON (which is YAML as well), as a tree whose every part knows its line: so that
//! everything that is wrong with it can be said with the line.
//!
//! Plain data alone: anchors, aliases, tags and several documents are refused.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// How much a file may hold.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Lists and maps within one another at most.
    pub deepest: usize,
    /// Parts at most.
    pub parts: usize,
}

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// In this line; the first is 1. 0 is the whole file.
    pub line: usize,
    /// What to do about it.
    pub says: String,
}

impl Mistake {
    /// One in a line.
    pub fn at(line: usize, says: impl Into<String>) -> Self {
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

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub line: usize,
    /// What it is.
    pub value: Value,
}

/// What a part of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, a number or a word.
    Text {
        /// As it is written.
        text: String,
        /// Without quotes: it may be a number, a yes or a no, or nothing.
        is_plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Names and what belongs to each, in the order of the file.
    Map(Vec<Entry>),
}

impl Node {
    /// Whether it says that there is nothing.
    pub fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Text { text, is_plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }
}

/// A name in a map, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub key: String,
    /// Where it stands.
    pub line: usize,
    /// What belongs to it.
    pub node: Node,
}

/// A list or map that is not closed yet.
enum Open {
    List(usize, Vec<Node>),
    Map(usize, Vec<Entry>, Option<(String, usize)>),
}

/// Reads a file. A name may stand twice in a map: whoever knows what is to stand there says so.
pub fn read(text: &str, bounds: Bounds) -> Result<Node, Mistake> {
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut parts = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            Mistake::at(
                e.marker().line().max(1),
                format!("This is neither YAML nor JSON: {}.", e.info()),
            )
        })?;
        let line = span.start.line().max(1);
        parts += 1;
        if parts > bounds.parts {
            return Err(Mistake::at(line, "The file has too many parts."));
        }
        let closed = match event {
            Event::Scalar(text, style, 0, None) => Some(Node {
                line,
                value: Value::Text {
                    text: text.into_owned(),
                    is_plain: style == ScalarStyle::Plain,
                },
            }),
            Event::SequenceStart(0, None) => {
                open.push(Open::List(line, Vec::new()));
                None
            }
            Event::MappingStart(0, None) => {
                open.push(Open::Map(line, Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(closed),
            Event::DocumentStart(_) if root.is_some() => {
                return Err(Mistake::at(line, "Put one document into the file."));
            }
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => {
                return Err(Mistake::at(line, "Use no anchors, aliases or tags (&, * and !)."));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => None,
        };
        if open.len() > bounds.deepest {
            return Err(Mistake::at(line, "This lies too deep within lists."));
        }
        if let Some(node) = closed {
            put(&mut open, &mut root, node)?;
        }
    }
    root.ok_or_else(|| Mistake::at(0, "The file is empty."))
}

fn closed(open: Open) -> Node {
    match open {
        Open::List(line, nodes) => Node {
            line,
            value: Value::List(nodes),
        },
        Open::Map(line, entries, _) => Node {
            line,
            value: Value::Map(entries),
        },
    }
}

/// Puts a part where it belongs: into what is open, or at the root.
fn put(open: &mut [Open], root: &mut Option<Node>, node: Node) -> Result<(), Mistake> {
    match open.last_mut() {
        None => *root = Some(node),
        Some(Open::List(_, nodes)) => nodes.push(node),
        Some(Open::Map(_, entries, name)) => match (name.take(), node.value) {
            (Some((key, line)), value) => entries.push(Entry {
                key,
                line,
                node: Node {
                    line: node.line,
                    value,
                },
            }),
            (None, Value::Text { text, .. }) => *name = Some((text, node.line)),
            (None, _) => return Err(Mistake::at(node.line, "Use a word as a name.")),
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds {
        deepest: 16,
        parts: 10_000,
    };

    fn mistake(text: &str) -> String {
        read(text, BOUNDS).unwrap_err().to_string()
    }

    #[test]
    fn yaml_and_json_are_one_tree_with_lines() {
        let yaml = read("a: 1\nb:\n  - x\n  - \"y: z\"\n", BOUNDS).unwrap();
        let json = read("{\"a\": 1,\n\n\"b\": [\"x\",\n\"y: z\"]}", BOUNDS).unwrap();
        let Value::Map(entries) = &yaml.value else {
            panic!("{yaml:?}")
        };
        assert_eq!((entries[0].line, entries[1].line), (1, 2));
        let Value::List(list) = &entries[1].node.value else {
            panic!("{yaml:?}")
        };
        let quoted = Value::Text {
            text: "y: z".into(),
            is_plain: false,
        };
        assert_eq!((list[1].line, &list[1].value), (4, &quoted));
        let Value::Map(entries) = &json.value else {
            panic!("{json:?}")
        };
        assert_eq!((entries[1].key.as_str(), entries[1].line), ("b", 3));
    }

    #[test]
    fn what_is_no_plain_data_is_refused_with_its_line() {
        assert_eq!(mistake(""), "The file is empty.");
        assert!(mistake("a: &x 1\nb: *x\n").starts_with("Line 1: Use no anchors"));
        assert!(mistake("a: !!binary x\n").starts_with("Line 1: Use no anchors"));
        assert!(mistake("a: *b\n").starts_with("Line 1: "));
        assert!(mistake("a: 1\n---\nb: 2\n").starts_with("Line 2: Put one document"));
        assert!(mistake("a: 1\nb: [\n").starts_with("Line "));
        assert!(mistake("a: [1\nb: 2\n").starts_with("Line 2"));
        assert!(mistake(&format!("{}{}", "[".repeat(100), "]".repeat(100))).contains("too deep"));
        assert!(mistake(&"- a\n".repeat(20_000)).contains("too many parts"));
        assert!(mistake("? [a]\n: b\n").contains("Use a word as a name"));
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "[\\[\\]{}:,\"'&*!|>#\\-? \\na-c\u{e9}]{0,80}") {
            let _ = read(&text, BOUNDS);
        }
    }
}
