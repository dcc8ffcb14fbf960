//! The description of the API allows nothing that the rules refuse, as far as one value alone can tell.

use super::world::World;
use serde_json::{Value, json};

fn resolved<'a>(schema: &'a Value, all: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => &all[name.rsplit('/').next().unwrap()],
        None => schema,
    }
}

/// Values that a schema allows and that a rule may well refuse.
fn edges(schema: &Value) -> Vec<Value> {
    let mut edges = Vec::new();
    let kind = match &schema["type"] {
        // Nullable: the other of the two.
        Value::Array(kinds) => kinds
            .iter()
            .find(|kind| *kind != "null")
            .cloned()
            .unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("integer") => {
            let least = schema["minimum"].as_i64();
            let most = schema["maximum"].as_i64();
            edges.extend(
                [-1, 0, 1_000_000_000_000]
                    .into_iter()
                    .filter(|n| least.is_none_or(|least| *n >= least) && most.is_none_or(|most| *n <= most))
                    .map(Value::from),
            );
            if schema["format"] == "int32" {
                edges.retain(|n| n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()));
            }
        }
        Some("string")
            if schema["enum"].is_null() && schema["format"].is_null() && schema["pattern"].is_null() =>
        {
            if schema["minLength"].is_null() {
                edges.push(json!(""));
            }
            if schema["maxLength"].is_null() {
                edges.push(json!("x".repeat(20_000)));
            }
        }
        Some("array") if schema["minItems"].is_null() => edges.push(json!([])),
        _ => {}
    }
    edges
}

/// Of which fields of its body an answer complains.
fn complaints(page: &crate::support::Page) -> Vec<String> {
    let Ok(answer) = serde_json::from_str::<Value>(&page.body) else {
        return Vec::new();
    };
    answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["pointer"].as_str())
        .map(|pointer| {
            pointer
                .trim_start_matches('/')
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[test]
fn what_the_description_allows_is_not_refused_for_its_size() {
    let w = World::new();
    let document: Value = serde_json::from_str(w.p.parts.openapi).unwrap();
    let schemas = &document["components"]["schemas"];
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for route in w.writes() {
        let operation = &document["paths"][&route.path][route.method.to_lowercase()];
        let schema = resolved(
            &operation["requestBody"]["content"]["application/json"]["schema"],
            schemas,
        );
        if !route.path.starts_with("/api/v1/accounts/") || schema["properties"].is_null() {
            continue;
        }
        let path = w.ours(&route.path);
        let body = super::asking::sample(schema, schemas);
        let ask = |body: &Value| w.visitor("ada@xyz.example").send_json(&route.method, &path, body);
        let usual = complaints(&ask(&body));
        for (field, about) in schema["properties"].as_object().unwrap() {
            if usual.contains(field) {
                continue;
            }
            for edge in edges(resolved(about, schemas)) {
                tried += 1;
                let mut changed = body.clone();
                changed[field] = edge.clone();
                if complaints(&ask(&changed)).contains(field) {
                    let short: String = edge.to_string().chars().take(20).collect();
                    wrong.push(format!("{} {}: {field} = {short}", route.method, route.path));
                }
            }
        }
    }
    assert!(tried > 40, "only {tried}");
    assert!(
        wrong.is_empty(),
        "the description allows what is refused:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_errors_of_the_token_door_are_described() {
    let w = World::new();
    let document: Value = serde_json::from_str(w.p.parts.openapi).unwrap();
    let said = &document["paths"]["/api/v1/token"]["post"]["responses"];
    let kinds = &document["components"]["schemas"]["TokenErrorCode"]["enum"];
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (body, status, error) in [
        ("", 400, "invalid_request"),
        ("grant_type=password", 400, "unsupported_grant_type"),
        (
            "grant_type=client_credentials&client_id=a&client_secret=b",
            401,
            "invalid_client",
        ),
    ] {
        let page =
            w.p.api_without_token()
                .send("POST", "/api/v1/token", &form, Some(body.as_bytes()));
        assert_eq!(page.status, status, "{body}");
        assert_eq!(page.json()["error"], error, "{body}");
        let schema = &said[status.to_string()]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/TokenError", "{status}");
        assert!(kinds.as_array().unwrap().contains(&json!(error)), "{error}");
    }
}
