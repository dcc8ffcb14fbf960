//! The source of the portal, read as text.

use crate::support::repository;
use std::path::Path;

/// A file of the source.
pub struct Source {
    /// From `src/` or `templates/` on: `http/form.rs`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Without comments, and without the tests at its end.
    pub code: String,
}

impl Source {
    /// The floor or room: the first folder, or the file's own name when it stands in `src/` itself.
    pub fn place(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
    /// The line in which a text stands, for messages.
    pub fn line_of(&self, needle: &str) -> usize {
        self.text
            .find(needle)
            .map_or(0, |at| self.text[..at].lines().count() + 1)
    }
}

/// Every Rust file under `src/` but for the build script.
pub fn rust() -> Vec<Source> {
    let mut found = files("src", "rs");
    found.retain(|s| !s.path.starts_with("build/"));
    assert!(found.len() > 50, "the source was not found");
    found
}

/// Every template for pages and letters, without the comments of the template language.
pub fn templates() -> Vec<Source> {
    let mut found = files("templates", "html");
    for source in &mut found {
        let mut text = String::new();
        for (number, part) in source.text.split("{#").enumerate() {
            let kept = if number == 0 {
                part
            } else {
                part.split_once("#}").map_or("", |(_, rest)| rest)
            };
            text.push_str(kept);
        }
        source.text = text;
    }
    found
}

fn files(folder: &str, extension: &str) -> Vec<Source> {
    let root = repository().join(folder);
    let mut found = Vec::new();
    walk(&root, &mut |path| {
        if path.extension().is_some_and(|e| e == extension) {
            let text = std::fs::read_to_string(path).unwrap();
            found.push(Source {
                path: path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(),
                // Tests of a module that stand in a file of their own are no code either.
                code: if path.ends_with("tests.rs") {
                    String::new()
                } else {
                    code_of(&text)
                },
                text,
            });
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, each: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), each);
        } else {
            each(&entry.path());
        }
    }
}

fn code_of(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| match line.find(" // ") {
            Some(at) => &line[..at],
            None => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first names behind `crate::`, of paths and of lists in braces alike.
pub fn modules_used(code: &str) -> Vec<String> {
    heads_after(code, "crate::")
}

/// The first names behind a prefix that ends in `::`.
pub fn heads_after(code: &str, prefix: &str) -> Vec<String> {
    let mut heads = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        // `$crate::` and `other_crate::` are other words.
        let before = code[..at].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' || before == ':' {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if rest.starts_with('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut heads_here = true;
            for c in rest.chars() {
                match c {
                    '{' => {
                        depth += 1;
                        if depth == 1 {
                            heads_here = true;
                        }
                    }
                    '}' => depth -= 1,
                    ',' if depth == 1 => {
                        heads.push(std::mem::take(&mut word));
                        heads_here = true;
                    }
                    c if depth == 1 && heads_here && (c.is_alphanumeric() || c == '_') => word.push(c),
                    // What follows a name (` as other`, `::inside`) is no name.
                    c if depth == 1 && !(c.is_whitespace() && word.is_empty()) => heads_here = false,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            heads.push(word);
        } else {
            heads.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    heads.retain(|head| !head.is_empty());
    heads.sort();
    heads.dedup();
    heads
}

#[test]
fn paths_are_read_in_all_their_forms() {
    let code = "use crate::platform::db::{Db, Tx};\nuse crate::{\n authn as a, authz::{Role, Permit}, http::Routes as R };\nfn f() { crate::app::build(); $crate::words!(); other_crate::no(); }";
    assert_eq!(
        modules_used(code),
        ["app", "authn", "authz", "http", "platform", "words"]
    );
    assert_eq!(
        heads_after("use crate::schema::{a, b};", "schema::"),
        Vec::<String>::new()
    );
    assert_eq!(heads_after("use schema::{a, b};", "schema::"), ["a", "b"]);
}
