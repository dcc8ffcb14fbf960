//! The description of the API, made ready for a page.

use serde_json::{Map, Value};

/// Operations that stand under one heading.
pub struct Group {
    /// Its words.
    pub name: String,
    /// For links within the page.
    pub anchor: String,
    /// In the order of paths.
    pub operations: Vec<Operation>,
}

/// One operation.
pub struct Operation {
    /// For links within the page.
    pub anchor: String,
    /// get, post, ...
    pub verb: String,
    /// With its `{parameters}`.
    pub path: String,
    /// One sentence.
    pub summary: String,
    /// What it demands, in words.
    pub demands: String,
    /// In the path, after the `?`, in the head.
    pub parameters: Vec<Parameter>,
    /// The name of the JSON that it takes, or "".
    pub takes: String,
    /// Whether its body is a file as it is.
    pub takes_file: bool,
    /// The status of success; "200 or 202" where there are two.
    pub status: String,
    /// The name of the JSON that it answers with, or "".
    pub gives: String,
    /// Whether it answers with a file.
    pub gives_file: bool,
    /// How to call it.
    pub curl: String,
}

/// A parameter.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// path, query or header.
    pub place: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub says: String,
}

/// A JSON object.
pub struct Shape {
    /// Its name.
    pub name: String,
    /// What it is.
    pub says: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The values, when it is a closed set of words.
    pub words: String,
}

/// A field of an object.
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type in words.
    pub kind: String,
    /// The shape that it is of, or "".
    pub shape: String,
    /// Whether it is always there.
    pub required: bool,
    /// What it means.
    pub says: String,
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn last(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The shape that a schema is of, or "".
fn shape_of(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return last(reference);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            let found = shape_of(inner);
            if !found.is_empty() {
                return found;
            }
        }
    }
    ["oneOf", "allOf", "anyOf"]
        .iter()
        .flat_map(|key| list(schema, key))
        .map(shape_of)
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// A type in words: "string (date-time)", "list of HeldShape", "integer, or null".
fn kind_of(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return last(reference);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", words.join(", "));
    }
    if let Some(inner) = schema.get("items") {
        return format!("list of {}", kind_of(inner));
    }
    let either: Vec<String> = ["oneOf", "anyOf", "allOf"]
        .iter()
        .flat_map(|key| list(schema, key))
        .map(kind_of)
        .collect();
    if !either.is_empty() {
        return either.join(", or ");
    }
    let base = match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(some)) => some
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", or "),
        _ => "any".to_owned(),
    };
    match schema.get("format").and_then(Value::as_str) {
        Some(format) if !format.starts_with("int") => format!("{base} ({format})"),
        _ => base,
    }
}

/// An example of a schema. `depth` ends shapes that hold themselves.
fn example(schema: &Value, shapes: &Map<String, Value>, depth: u8) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let name = shape_of(schema);
    if schema.get("$ref").is_some() {
        return shapes
            .get(&name)
            .map_or(Value::Null, |shape| example(shape, shapes, depth - 1));
    }
    if let Some(first) = list(schema, "examples").next().or_else(|| schema.get("example")) {
        return first.clone();
    }
    if let Some(first) = list(schema, "enum").next() {
        return first.clone();
    }
    if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
        return Value::Object(
            fields
                .iter()
                .map(|(name, field)| (name.clone(), example(field, shapes, depth - 1)))
                .collect(),
        );
    }
    let kind = kind_of(schema);
    if let Some(inner) = schema.get("items") {
        return Value::Array(vec![example(inner, shapes, depth - 1)]);
    }
    if kind.starts_with("integer") || kind.starts_with("number") {
        return Value::from(1);
    }
    match kind.as_str() {
        "boolean" => Value::Bool(true),
        other if other.starts_with("string (date-time)") => Value::from("2026-11-21T18:30:00Z"),
        other if other.starts_with("string") => Value::from("…"),
        _ => ["oneOf", "anyOf", "allOf"]
            .iter()
            .flat_map(|key| list(schema, key))
            .map(|one| example(one, shapes, depth - 1))
            .find(|one| !one.is_null())
            .unwrap_or(Value::Null),
    }
}

fn anchor(words: &str) -> String {
    words
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}

/// "account requests" becomes "Account requests".
fn heading(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn curl(base: &str, verb: &str, path: &str, body: &str, takes_file: bool, open: bool) -> String {
    let path = path
        .replace("{said}", "100001")
        .replace("{reference}", "SAR-2026-00001");
    let mut line = String::from("curl");
    if verb != "get" {
        line.push_str(&format!(" -X {}", verb.to_uppercase()));
    }
    line.push_str(&format!(" {base}{path}"));
    if !open {
        line.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
    }
    if !body.is_empty() {
        line.push_str(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '");
        line.push_str(body);
        line.push('\'');
    }
    if takes_file {
        line.push_str(" \\\n  -H \"Content-Type: application/octet-stream\" \\\n  --data-binary @FILE");
    }
    line
}

/// Reads the document. What it does not have is left out.
pub fn read(document: &str, base: &str) -> (Vec<Group>, Vec<Shape>) {
    let document: Value = serde_json::from_str(document).unwrap_or(Value::Null);
    let empty = Map::new();
    let shapes = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let mut groups: Vec<Group> = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object).unwrap_or(&empty);
    for (path, verbs) in paths {
        for (verb, operation) in verbs.as_object().unwrap_or(&empty) {
            let name = list(operation, "tags")
                .next()
                .and_then(Value::as_str)
                .unwrap_or("portal")
                .to_owned();
            let one = read_operation(path, verb, operation, shapes, base);
            match groups.iter_mut().find(|group| group.name == heading(&name)) {
                Some(group) => group.operations.push(one),
                None => groups.push(Group {
                    anchor: format!("tag-{}", anchor(&name)),
                    name: heading(&name),
                    operations: vec![one],
                }),
            }
        }
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let shapes = shapes
        .iter()
        .map(|(name, shape)| read_shape(name, shape))
        .collect();
    (groups, shapes)
}

fn read_operation(
    path: &str,
    verb: &str,
    operation: &Value,
    shapes: &Map<String, Value>,
    base: &str,
) -> Operation {
    let takes = operation
        .pointer("/requestBody/content/application~1json/schema")
        .map(shape_of)
        .unwrap_or_default();
    let sample = shapes
        .get(&takes)
        .map(|shape| example(shape, shapes, 5))
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_default();
    let answers: Vec<(&String, &Value)> = operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'))
        .collect();
    let statuses: Vec<&str> = answers.iter().map(|(status, _)| status.as_str()).collect();
    let answer = answers.first().map(|(_, answer)| *answer);
    let is_file = |holder: Option<&Value>| {
        holder.is_some_and(|one| one.pointer("/content/application~1octet-stream").is_some())
    };
    let takes_file = is_file(operation.get("requestBody"));
    let open = operation
        .get("security")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    Operation {
        anchor: anchor(&text(operation, "operationId")),
        verb: verb.to_owned(),
        path: path.to_owned(),
        summary: text(operation, "summary"),
        demands: demand_words(&text(operation, "x-demands")),
        parameters: list(operation, "parameters")
            .map(|one| Parameter {
                name: text(one, "name"),
                place: text(one, "in"),
                required: one.get("required").and_then(Value::as_bool).unwrap_or(false),
                says: text(one, "description"),
            })
            .collect(),
        curl: curl(base, verb, path, &sample, takes_file, open),
        takes,
        takes_file,
        status: statuses.join(" or "),
        gives_file: is_file(answer),
        gives: answer
            .and_then(|one| one.pointer("/content/application~1json/schema"))
            .map(shape_of)
            .unwrap_or_default(),
    }
}

/// "may ViewEvents" becomes "who may view the event log".
fn demand_words(demand: &str) -> String {
    let action = demand
        .strip_prefix("may ")
        .and_then(|name| crate::authz::Action::ALL.iter().find(|a| a.name() == name));
    match (action, demand) {
        (Some(action), _) => format!("who may {}", action.words()),
        (None, "signed in") => "everybody with an access token".to_owned(),
        (None, "a lab") => "everybody, in a lab".to_owned(),
        _ => "everybody".to_owned(),
    }
}

fn read_shape(name: &str, shape: &Value) -> Shape {
    let required: Vec<&str> = list(shape, "required").filter_map(Value::as_str).collect();
    let empty = Map::new();
    let fields = shape
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    Shape {
        name: name.to_owned(),
        says: text(shape, "description"),
        fields: fields
            .iter()
            .map(|(name, field)| Field {
                name: name.clone(),
                kind: kind_of(field),
                shape: shape_of(field),
                required: required.contains(&name.as_str()),
                says: text(field, "description"),
            })
            .collect(),
        words: if fields.is_empty() {
            kind_of(shape)
        } else {
            String::new()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_told_with_its_parameters_body_and_call() {
        let document = serde_json::json!({
            "paths": { "/api/v1/accounts/{said}/requests": { "post": {
                "summary": "Asks.", "operationId": "post_requests", "tags": ["requests"], "x-demands": "may ViewEvents",
                "parameters": [{ "name": "said", "in": "path", "required": true, "description": "The number." }],
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Asked" } } } },
                "responses": { "201": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Made" } } } }, "default": {} },
            } } },
            "components": { "schemas": {
                "Asked": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "description": "A name." }, "more": { "type": "array", "items": { "$ref": "#/components/schemas/Made" } } } },
                "Made": { "type": "object", "properties": { "at": { "type": "string", "format": "date-time" }, "count": { "type": ["integer", "null"] } } },
            } },
        });
        let (groups, shapes) = read(&document.to_string(), "http://portal.example");
        let one = &groups[0].operations[0];
        assert_eq!((one.verb.as_str(), one.status.as_str()), ("post", "201"));
        assert_eq!((one.takes.as_str(), one.gives.as_str()), ("Asked", "Made"));
        assert_eq!(one.demands, "who may view the event log");
        assert!(
            one.curl
                .starts_with("curl -X POST http://portal.example/api/v1/accounts/100001/requests"),
            "{}",
            one.curl
        );
        assert!(one.curl.contains("2026-11-21T18:30:00Z"), "{}", one.curl);
        let asked = &shapes[0];
        assert_eq!(asked.fields[0].name, "more");
        assert_eq!(asked.fields[0].kind, "list of Made");
        assert_eq!(asked.fields[0].shape, "Made");
        assert!(asked.fields[1].required);
        assert_eq!(shapes[1].fields[1].kind, "integer, or null");
    }

    #[test]
    fn an_operation_on_files_says_so_and_names_each_status() {
        let file = serde_json::json!({ "content": { "application/octet-stream": {} } });
        let document = serde_json::json!({ "paths": { "/api/v1/files": { "post": {
            "requestBody": file, "responses": { "202": {}, "200": file, "default": {} } } } } });
        let (groups, _) = read(&document.to_string(), "");
        let one = &groups[0].operations[0];
        assert!(one.takes_file && one.gives_file && one.gives.is_empty());
        assert_eq!(one.status, "200 or 202");
        assert!(one.curl.ends_with("--data-binary @FILE"), "{}", one.curl);
    }

    #[test]
    fn a_document_that_is_none_makes_an_empty_page() {
        let (groups, shapes) = read("not json", "");
        assert!(groups.is_empty() && shapes.is_empty());
    }
}
