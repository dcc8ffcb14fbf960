//! A script removes what a list gives it: so no list of the API takes a filter that it does not understand for "all". And a
//! list that is read page by page ends, and each of its rows can be told from the others.

use super::world::World;
use crate::support::{Cast, Page};
use serde_json::Value;
use std::collections::BTreeSet;

/// By which of its fields a row is told from the others.
const IDS: [&str; 6] = ["id", "key", "number", "reference", "sku", "lookup_id"];

/// A list of the API, as it is described, with somebody who may read it.
struct Described {
    pattern: String,
    path: String,
    parameters: Vec<Value>,
    email: &'static str,
}

impl Described {
    /// What has to stand in each request.
    fn needed(&self, except: &str) -> String {
        self.parameters
            .iter()
            .filter(|one| one["required"] == true && one["name"] != except)
            .map(|one| format!("&{}=ada@xyz.example", one["name"].as_str().unwrap()))
            .collect()
    }
}

fn ask(w: &World, list: &Described, query: &str) -> Page {
    w.visitor(list.email)
        .ask("GET", &format!("{}?{query}", list.path))
}

/// The rows of an answer: its list of things.
fn rows(page: &Page) -> Option<Vec<Value>> {
    let answer: Value = serde_json::from_str(&page.body).ok()?;
    answer
        .as_object()?
        .iter()
        .filter(|(name, _)| ["items", "requests", "letters", "sessions", "clients"].contains(&name.as_str()))
        .find_map(|(_, value)| value.as_array().cloned())
}

fn lists(w: &World) -> Vec<Described> {
    let document: Value = serde_json::from_str(w.p.parts.openapi).unwrap();
    let mut found = Vec::new();
    for route in w.reads() {
        if !route.path.starts_with("/api/v1/") || route.path == "/api/v1/openapi.json" {
            continue;
        }
        let operation = &document["paths"][&route.path]["get"];
        let parameters: Vec<Value> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["in"] == "query")
            .cloned()
            .collect();
        let mut list = Described {
            path: w.ours(&route.path),
            pattern: route.path.clone(),
            parameters,
            email: "",
        };
        let needed = list.needed("");
        let reader = Cast::EVERYONE.iter().find(|(_, email)| {
            list.email = email;
            ask(w, &list, needed.trim_start_matches('&')).status == 200
        });
        if reader.is_some() {
            found.push(list);
        }
    }
    assert!(found.len() > 30, "only {} can be read", found.len());
    found
}

#[track_caller]
fn refused(page: &Page, named: &str, what: &str) {
    assert_eq!(page.status, 400, "{what}: {}", page.body);
    assert!(
        page.body.contains(&format!("\u{201c}{named}\u{201d}")),
        "{what}: {}",
        page.body
    );
}

#[test]
fn what_is_not_understood_is_refused_and_never_means_all() {
    let w = World::new();
    for list in lists(&w) {
        let pattern = &list.pattern;
        let all = list.needed("");
        refused(&ask(&w, &list, &format!("no-such=1{all}")), "no-such", pattern);
        for one in &list.parameters {
            let name = one["name"].as_str().unwrap();
            let is_many = one["schema"]["type"] == "array";
            let schema = if is_many {
                &one["schema"]["items"]
            } else {
                &one["schema"]
            };
            let rest = list.needed(name);
            let with = |value: &str| {
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                ask(&w, &list, &format!("{name}={value}{rest}"))
            };
            refused(&with(""), name, &format!("{pattern} with an empty {name}"));
            let what = format!("{pattern} with a wrong {name}");
            let mut good = "xyz".to_owned();
            if let Some(words) = schema["enum"].as_array() {
                refused(&with("no-such"), name, &what);
                for word in words {
                    good = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
                    with(&good).expect(200);
                }
            } else if schema["type"] == "integer" {
                refused(&with("0"), name, &what);
                refused(&with("x"), name, &what);
                "1".clone_into(&mut good);
            } else if schema["format"] == "date" {
                refused(&with("2026-02-30"), name, &what);
                "2026-11-01".clone_into(&mut good);
            } else if schema["format"] == "uuid" {
                refused(&with("no-such"), name, &what);
                let nothing = with("0193c1a0-0000-7000-8000-000000000000");
                assert!([400, 404].contains(&nothing.status), "{what}: {}", nothing.status);
                "0193c1a0-0000-7000-8000-000000000000".clone_into(&mut good);
            } else {
                refused(&with(&"x".repeat(201)), name, &what);
                let nothing = with("zz-no-such-thing");
                if nothing.status == 200 {
                    assert_eq!(
                        rows(&nothing).map_or(0, |rows| rows.len()),
                        0,
                        "{what}: {}",
                        nothing.body
                    );
                    assert!(
                        nothing.json()["total"].as_u64().unwrap_or_default() == 0,
                        "{what}"
                    );
                } else {
                    refused(&nothing, name, &what);
                }
            }
            if !is_many {
                let good: String = url::form_urlencoded::byte_serialize(good.as_bytes()).collect();
                let twice = ask(&w, &list, &format!("{name}={good}&{name}={good}{rest}"));
                refused(&twice, name, &format!("{pattern} with {name} twice"));
            }
        }
    }
}

#[test]
fn a_list_ends_and_its_rows_have_ids() {
    let w = World::new();
    let mut with_rows = 0;
    for list in lists(&w) {
        let (pattern, all) = (&list.pattern, list.needed(""));
        let whole = ask(&w, &list, all.trim_start_matches('&'));
        let Some(all_rows) = rows(&whole) else { continue };
        with_rows += usize::from(!all_rows.is_empty());
        let mut seen = BTreeSet::new();
        for row in &all_rows {
            let id = IDS.iter().map(|id| &row[*id]).find(|id| !id.is_null());
            let id = id.unwrap_or_else(|| panic!("{pattern}: a row without an id: {row}"));
            assert!(seen.insert(id.to_string()), "{pattern}: {id} stands twice");
        }
        if list.parameters.iter().any(|one| one["name"] == "page") {
            let past = ask(&w, &list, &format!("page=1000000{all}"));
            past.expect(200);
            assert_eq!(rows(&past), Some(Vec::new()), "{pattern}: no end");
            assert_eq!(past.json()["total"], whole.json()["total"], "{pattern}");
        }
    }
    assert!(with_rows > 15, "only {with_rows} lists have rows");
}

#[test]
fn a_file_of_a_list_is_refused_as_well() {
    let w = World::new();
    let mut ada = w.visitor("ada@xyz.example");
    let mut tried = 0;
    for route in w.reads().into_iter().filter(|route| route.path.ends_with(".csv")) {
        let path = w.ours(&route.path);
        if route.path.contains("{order}") || ada.ask("GET", &path).status != 200 {
            continue;
        }
        tried += 1;
        let page = ada.ask("GET", &format!("{path}?no-such=1"));
        assert_eq!(page.status, 400, "{path}");
        let page = ada.ask("GET", &format!("{path}?sort=no-such"));
        assert_eq!(page.status, 400, "{path}");
    }
    assert!(tried >= 10, "only {tried}");
}
