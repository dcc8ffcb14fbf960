//! The description of the API (OpenAPI 3.1), made from the list of routes and the types of its bodies.

use super::access::Demand;
use super::routes::{Api, Routes};
use serde_json::{Map, Value, json};

/// The document.
pub fn document(routes: &Routes, codes: &[crate::error::Coded]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas: Map<String, Value> = Map::new();
    schemas.insert("Problem".to_owned(), problem_schema(codes));
    for (method, path, demand, api) in routes.operations() {
        for (name, schema) in &api.schemas {
            if let Ok(value) = serde_json::to_value(schema) {
                schemas.insert(name.clone(), value);
            }
        }
        let operation = operation(method.as_str(), path, demand, api);
        let entry = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(method.as_str().to_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Licentral API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that a page of the portal can do. A simulation; not affiliated with or endorsed by Cisco. Times are RFC 3339 in UTC.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "client": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "client": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token of an API client, from POST /api/v1/token. It lives for 3,599 seconds and dies with its client." } },
        },
    })
}

/// One operation, with what it takes and gives.
fn operation(method: &str, path: &str, demand: Demand, api: &Api) -> Value {
    let mut operation = json!({
        "summary": api.summary,
        "operationId": operation_id(method, path),
        "tags": [tag(path)],
        "parameters": parameters(path, api),
        "responses": responses(api),
        "x-demands": demand.to_string(),
    });
    if let Some(map) = operation.as_object_mut() {
        if let Some(name) = &api.takes {
            map.insert("requestBody".to_owned(), json!({ "required": true, "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } } }));
        }
        if api.takes_file {
            map.insert(
                "requestBody".to_owned(),
                json!({ "required": true, "content": { "application/octet-stream": {} } }),
            );
        }
        if matches!(demand, Demand::Nothing | Demand::Lab) {
            map.insert("security".to_owned(), json!([]));
        }
    }
    operation
}

fn parameters(path: &str, api: &Api) -> Vec<Value> {
    let mut parameters: Vec<Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{').and_then(|p| p.strip_suffix('}')))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": path_schema(name), "description": describe(name) }))
        .collect();
    parameters.extend(api.query.iter().map(super::query::Param::described));
    if api.once {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string", "maxLength": 200 }, "description": "The same key with the same body is carried out once; kept for 72 hours." }));
    }
    parameters
}

fn responses(api: &Api) -> Map<String, Value> {
    let mut responses = Map::new();
    let good = |says: &str| {
        let mut good = json!({ "description": says });
        if let Some(map) = good.as_object_mut() {
            if let Some(name) = &api.gives {
                map.insert("content".to_owned(), json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } }));
            } else if api.gives_file {
                map.insert("content".to_owned(), json!({ "application/octet-stream": {} }));
            }
        }
        good
    };
    let is_empty = api.gives.is_none() && !api.gives_file;
    let done = if is_empty {
        "Done; there is nothing to say."
    } else {
        "Done."
    };
    responses.insert(api.status.to_string(), good(done));
    if let Some((status, when)) = api.also {
        responses.insert(status.to_string(), good(when));
    }
    for (status, when) in api.fails {
        let shape = api.fails_with.as_deref().unwrap_or("Problem");
        responses.insert(status.to_string(), json!({ "description": when, "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{shape}") } } } }));
    }
    let problem = |says: &str| json!({ "description": says, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } });
    responses.insert(
        "default".to_owned(),
        problem("Refused or failed; the code says why."),
    );
    responses
}

fn problem_schema(codes: &[crate::error::Coded]) -> Value {
    let codes: Vec<&str> = codes.iter().map(|(code, ..)| *code).collect();
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "code", "detail", "request_id"],
        "properties": {
            "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
            "code": { "type": "string", "description": "Stable. One of the general codes of /help/problems, or of the rules.", "examples": codes },
            "detail": { "type": "string" }, "request_id": { "type": "string" }, "action": { "type": "string" },
            "errors": { "type": "array", "items": { "type": "object", "required": ["pointer", "detail"], "properties": { "pointer": { "type": "string" }, "detail": { "type": "string" } } } },
        },
    })
}

fn describe(name: &str) -> &'static str {
    match name {
        "said" => "The number of the Smart Account.",
        "reference" => "The reference of the request.",
        "snapshot" => "The name of the snapshot.",
        "fault" => "The number of the rule.",
        "lab" => "The name of the lab.",
        "request" => "The number of the request.",
        _ => "The id.",
    }
}

fn path_schema(name: &str) -> Value {
    match name {
        "said" | "fault" | "request" => json!({ "type": "integer", "minimum": 1 }),
        "reference" | "client" | "lookup" => json!({ "type": "string", "minLength": 1 }),
        "snapshot" | "lab" => json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": 40 }),
        _ => json!({ "type": "string", "format": "uuid" }),
    }
}

fn tag(path: &str) -> String {
    if path.starts_with("/device/") {
        return "device protocol".to_owned();
    }
    path.trim_start_matches("/api/v1/")
        .split('/')
        .find(|part| !part.is_empty() && !part.starts_with('{'))
        .unwrap_or("portal")
        .replace('-', " ")
}

fn operation_id(method: &str, path: &str) -> String {
    let words: Vec<String> = path
        .trim_start_matches("/api/v1/")
        .split('/')
        .map(|part| part.trim_matches(['{', '}']).replace('-', "_"))
        .collect();
    format!("{}_{}", method.to_lowercase(), words.join("_"))
}
