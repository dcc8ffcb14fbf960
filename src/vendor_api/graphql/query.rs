//! What a GraphQL query asks for, when its fragments are written out and its variables are filled in. Types are not looked at:
//! what a variable holds is looked at where it is used.

use super::parse::{DEEPEST, MOST_FIELDS, Part, What, When, document};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A field that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Under which name it is answered.
    pub key: String,
    pub name: String,
    pub arguments: Map<String, Value>,
    /// What of it is wanted; nothing of a plain value.
    pub wanted: Vec<Field>,
}

/// Writes fragments out and fills variables in.
struct Writer<'a> {
    fragments: &'a HashMap<String, Vec<Part>>,
    variables: &'a Map<String, Value>,
    fields: usize,
}

impl Writer<'_> {
    fn write(&mut self, parts: &[Part], depth: usize, into: &mut Vec<Field>) -> Result<(), String> {
        if depth > 2 * DEEPEST {
            return Err(format!("A query is nested {DEEPEST} levels deep at most."));
        }
        for part in parts {
            self.fields += 1;
            if self.fields > MOST_FIELDS {
                return Err(format!("A query names {MOST_FIELDS} fields at most."));
            }
            let stays = |(include, said): &When| (said.fill(self.variables) == Value::Bool(true)) == *include;
            if !part.when.iter().all(stays) {
                continue;
            }
            match &part.what {
                What::Named(name) => {
                    let fragments = self.fragments;
                    let parts = fragments
                        .get(name)
                        .ok_or_else(|| format!("There is no fragment {name}."))?;
                    self.write(parts, depth + 1, into)?;
                }
                What::Inline(parts) => self.write(parts, depth + 1, into)?,
                What::Field {
                    key,
                    name,
                    arguments,
                    wanted,
                } => {
                    // Asked for twice under one name, it is answered once, with what either wants.
                    let at = match into.iter().position(|known| known.key == *key) {
                        Some(at) => at,
                        None => {
                            into.push(Field {
                                key: key.clone(),
                                name: name.clone(),
                                arguments: arguments
                                    .iter()
                                    .map(|(name, said)| (name.clone(), said.fill(self.variables)))
                                    .collect(),
                                wanted: Vec::new(),
                            });
                            into.len() - 1
                        }
                    };
                    if let Some(field) = into.get_mut(at) {
                        if field.name != *name {
                            return Err(format!("{key} is asked for as two different fields."));
                        }
                        self.write(wanted, depth + 1, &mut field.wanted)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The fields that the operation with this name asks for, with its variables filled in; what is wrong with the text
/// otherwise. The name may be missing where there is one operation.
pub fn read(text: &str, operation: &str, given: &Map<String, Value>) -> Result<Vec<Field>, String> {
    let (operations, fragments) = document(text)?;
    let chosen = match operations.as_slice() {
        [one] => one,
        [] => return Err("The query has no operation.".to_owned()),
        several => several
            .iter()
            .find(|one| !operation.is_empty() && one.name == operation)
            .ok_or("operationName names none of the operations.")?,
    };
    if chosen.kind != "query" {
        return Err("Only queries are taken here.".to_owned());
    }
    let mut variables = given.clone();
    for (name, usual, needed) in &chosen.variables {
        match usual {
            Some(usual) if !variables.contains_key(name) => {
                variables.insert(name.clone(), usual.fill(&Map::new()));
            }
            _ if *needed && variables.get(name).is_none_or(Value::is_null) => {
                return Err(format!("The variable ${name} is missing."));
            }
            _ => {}
        }
    }
    let mut fields = Vec::new();
    Writer {
        fragments: &fragments,
        variables: &variables,
        fields: 0,
    }
    .write(&chosen.parts, 1, &mut fields)?;
    Ok(fields)
}

/// A name of a type for a field that holds an object.
fn type_of(field: &str) -> String {
    let mut chars = field.strip_prefix("get").unwrap_or(field).chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Of a value only what is wanted, under the names that were asked for; `null` for what it does not have. `kind` is the name
/// of its type, `rows` that of what stands in `data`.
pub fn project(value: &Value, wanted: &[Field], kind: &str, rows: &str) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|one| project(one, wanted, kind, rows)).collect(),
        Value::Object(map) if !wanted.is_empty() => Value::Object(
            wanted
                .iter()
                .map(|field| {
                    if field.name == "__typename" {
                        return (field.key.clone(), kind.into());
                    }
                    let one = map.get(&field.name).unwrap_or(&Value::Null);
                    let kind = if field.name == "data" {
                        rows.to_owned()
                    } else {
                        type_of(&field.name)
                    };
                    (field.key.clone(), project(one, &field.wanted, &kind, rows))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_query_is_read_with_its_variables() {
        let variables = json!({ "input": { "smartAccount": { "id": 1 } } });
        let text = "query Sum($input: LicenseInput!) { a: getLicenseSummary(input: $input) { status data { product } } }";
        let fields = read(text, "", variables.as_object().unwrap()).unwrap();
        assert_eq!(
            (fields[0].key.as_str(), fields[0].name.as_str()),
            ("a", "getLicenseSummary")
        );
        assert_eq!(fields[0].arguments["input"]["smartAccount"]["id"], 1);
        let all = json!({ "status": "SUCCESS", "code": 200, "data": [{ "product": "x", "other": 1 }] });
        assert_eq!(
            project(&all, &fields[0].wanted, "", ""),
            json!({ "status": "SUCCESS", "data": [{ "product": "x" }] })
        );
        let inline = "{ getLicenseSummary(input: { pagination: { page: 1, pageSize: 10 }, smartAccount: { id: 5, virtualAccounts: [1 2] } }) { code } }";
        let fields = read(inline, "", &Map::new()).unwrap();
        assert_eq!(
            fields[0].arguments["input"]["smartAccount"]["virtualAccounts"],
            json!([1, 2])
        );
        for bad in [
            "",
            "{",
            "mutation { x }",
            "{ a(",
            "{ a } { b }",
            "{ ...F }",
            "query ( { a }",
            "{ a(b: \"x) }",
            "{ a .. b }",
            "query ($x: Int!) { a(b: $x) }",
            "{ a: b a: c }",
            "fragment F on T { a }",
            "{ ...F } fragment F on T { b { ...F } }",
        ] {
            assert!(read(bad, "", &Map::new()).is_err(), "{bad:?}");
        }
        assert!(read(&"{a".repeat(100), "", &Map::new()).is_err());
    }

    #[test]
    fn fragments_directives_and_defaults_are_written_out() {
        let text = r#"
            # Two operations, as a tool keeps them in one file.
            query One { a }
            query Two($page: Int = 2, $more: Boolean = false, $who: [ID!]) @cached(ttl: 5) {
                first: get(input: { page: $page, text: "a\u0062 \"c\"", block: """ d "e" """ }) {
                    __typename ...Row ... on Thing { id } ... @include(if: $more) { hidden } extra @skip(if: true)
                }
            }
            fragment Row on Thing { name place { id } place { name } }
        "#;
        let fields = read(text, "Two", &Map::new()).unwrap();
        assert_eq!(
            fields[0].arguments["input"],
            json!({ "page": 2, "text": "ab \"c\"", "block": "d \"e\"" })
        );
        let value =
            json!({ "id": 1, "name": "n", "place": { "id": 2, "name": "p" }, "hidden": 1, "extra": 1 });
        assert_eq!(
            project(&value, &fields[0].wanted, "Thing", ""),
            json!({ "__typename": "Thing", "name": "n", "place": { "id": 2, "name": "p" }, "id": 1 })
        );
        assert!(read(text, "", &Map::new()).is_err());
        // What doubles with each fragment comes to an end.
        let mut bomb = "{ ...F0 }".to_owned();
        for n in 0..14 {
            bomb.push_str(&format!(" fragment F{n} on T {{ ...F{} ...F{} }}", n + 1, n + 1));
        }
        bomb.push_str(" fragment F14 on T { a }");
        assert!(read(&bomb, "", &Map::new()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_as_a_query_is_read_or_refused(text in "\\PC{0,200}|[{}()\\[\\]:$!@a-z0-9\" .,-]{0,200}") {
            let _ = read(&text, "", &Map::new());
        }
    }
}
