//! Writes what was read of a file as YAML.

use crate::kernel::marked::{Entry, Node, Value};
use std::fmt::Write as _;

/// As YAML.
pub fn written(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out, 0, false);
    out
}

fn write(node: &Node, out: &mut String, indent: usize, in_list: bool) {
    match &node.value {
        Value::Text { .. } => {
            scalar(node, out);
            out.push('\n');
        }
        Value::List(items) => {
            for item in items {
                let _ = write!(out, "{:indent$}- ", "");
                write(item, out, indent + 2, true);
            }
        }
        Value::Map(entries) => {
            for (n, Entry { key, node: value, .. }) in entries.iter().enumerate() {
                if n > 0 || !in_list {
                    let _ = write!(out, "{:indent$}", "");
                }
                out.push_str(key);
                out.push(':');
                match &value.value {
                    Value::Text { .. } => {
                        out.push(' ');
                        write(value, out, indent, false);
                    }
                    Value::List(items) if items.iter().all(is_scalar) => {
                        out.push_str(" [");
                        for (n, item) in items.iter().enumerate() {
                            out.push_str(if n > 0 { ", " } else { "" });
                            scalar(item, out);
                        }
                        out.push_str("]\n");
                    }
                    _ => {
                        out.push('\n');
                        write(value, out, indent + 2, false);
                    }
                }
            }
        }
    }
}

fn is_scalar(node: &Node) -> bool {
    matches!(node.value, Value::Text { .. })
}

/// Numbers, yes and no as they are; text without quotes where nobody could take it for something else.
fn scalar(node: &Node, out: &mut String) {
    let Value::Text { text, is_plain } = &node.value else {
        return;
    };
    let looks_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '@' | '/' | '(' | ')'))
        && !text.ends_with(' ')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if *is_plain || looks_plain {
        out.push_str(text);
    } else {
        // A text of JSON is one of YAML.
        out.push_str(&serde_json::Value::from(text.as_str()).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_and_yaml_are_written_alike() {
        let yaml = tree("name: ours\npeople:\n  - email: a@x.example\n    access_level: 2\n").unwrap();
        let json = tree("{\n\t\"name\": \"ours\",\n\t\"people\": [\n\t\t{\"email\": \"a@x.example\", \"access_level\": 2}\n\t]\n}").unwrap();
        assert_eq!(written(&yaml), written(&json));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "[ -~\u{e9}\\n:#'\"]{0,30}", number in any::<i64>()) {
            let json = serde_json::json!({ "text": text, "number": number, "list": [text, { "a": text, "b": [] }] });
            let node = tree(&json.to_string()).unwrap();
            let again = tree(&written(&node)).unwrap();
            prop_assert_eq!(written(&again), written(&node));
        }
    }
}
