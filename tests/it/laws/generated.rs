//! Pages of the documentation that the program prints: they fail here when they are stale.
//! `LICENTRAL_BLESS=1 cargo test --test it` writes them anew.

use crate::support::golden;
use licentral::{authz, commands};

#[test]
fn docs_permissions_is_what_the_matrix_says() {
    golden("docs/permissions.md", &authz::matrix::print());
}

#[test]
fn docs_problems_is_what_the_rooms_say() {
    golden("docs/problems.md", &commands::print_problems());
}

#[test]
fn docs_lifecycles_is_what_the_tables_say() {
    golden("docs/lifecycles.md", &commands::print_lifecycles());
}

#[test]
fn every_state_is_reached_and_every_move_stands_once() {
    let flaws: Vec<String> = licentral::app::lifecycles()
        .iter()
        .flat_map(licentral::kernel::Life::flaws)
        .collect();
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

#[test]
fn docs_vendor_api_is_what_the_routes_say() {
    use licentral::kernel::Edition;
    let of = |edition| licentral::app::routes(edition).list();
    golden(
        "docs/vendor-api.md",
        &licentral::vendor_api::print(&of(Edition::Cloud), &of(Edition::OnPrem)),
    );
}

#[test]
fn every_code_of_a_refusal_is_listed_and_every_listed_code_is_used() {
    let listed: Vec<&str> = licentral::app::refusals()
        .iter()
        .map(|(code, ..)| *code)
        .collect();
    let mut twice = listed.clone();
    twice.dedup();
    assert_eq!(twice.len(), listed.len(), "a code is listed twice: {listed:?}");
    let sources = super::sources::rust();
    let mut wrong = Vec::new();
    for source in &sources {
        let flat: String = source.code.split_whitespace().collect::<Vec<_>>().join(" ");
        for (at, _) in flat.match_indices("refused(") {
            let argument = flat[at + "refused(".len()..].trim_start();
            let Some(code) = argument.strip_prefix('"').and_then(|a| a.split('"').next()) else {
                continue;
            };
            // Said by a command or kept inside the mail floor: no reader of the API meets these.
            if !listed.contains(&code) && !["backup.postgres", "mail.unwritable"].contains(&code) {
                wrong.push(format!(
                    "src/{} refuses with {code:?}, which no REFUSALS lists",
                    source.path
                ));
            }
        }
    }
    for code in &listed {
        let uses: usize = sources
            .iter()
            .map(|s| s.code.matches(&format!("\"{code}\"")).count())
            .sum();
        if uses < 2 {
            wrong.push(format!("{code:?} is listed and nothing refuses with it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_a_refusal_has_a_way_out() {
    let wrong: Vec<String> = licentral::app::refusals()
        .iter()
        .filter(|(_, when, way)| way.len() < 10 || !way.ends_with('.') || !when.ends_with('.') || way == when)
        .map(|(code, _, way)| format!("{code}: {way:?}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "Say what somebody can do who is refused with these, as a sentence, and see it succeed in a test:\n{}",
        wrong.join("\n")
    );
}

/// The JSON Schema of scenario files.
#[test]
fn docs_schemas_scenario_file_is_the_schema_that_files_are_held_against() {
    let schema = licentral::simulator::scenario::file::schema();
    let text = serde_json::to_string_pretty(schema).unwrap();
    golden("docs/schemas/scenario-file.json", &text);
}

/// The JSON Schemas of the device protocol: each file stands alone, with what it refers to in `$defs`.
#[test]
fn docs_schemas_are_the_types_of_the_device_protocol() {
    use serde_json::{Value, json};
    let document = licentral::http::openapi::document(
        &licentral::app::routes(licentral::kernel::Edition::Cloud),
        &licentral::app::refusals(),
    );
    let schemas = &document["components"]["schemas"];
    fn names(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value.as_str()) {
                        ("$ref", Some(to)) => found.push(to.rsplit('/').next().unwrap().to_owned()),
                        _ => names(value, found),
                    }
                }
            }
            Value::Array(all) => all.iter().for_each(|one| names(one, found)),
            _ => {}
        }
    }
    for (name, file) in [
        ("RegisterRequest", "device-register-request"),
        ("RegisterAnswer", "device-register-answer"),
        ("ReportRequest", "device-report-request"),
        ("StatusAnswer", "device-status-answer"),
        ("UsageRequest", "device-usage-request"),
        ("UsageAnswer", "device-usage-answer"),
        ("AuthorizationRequest", "device-authorization-request"),
        ("AuthorizationAnswer", "device-authorization-answer"),
        ("Problem", "problem"),
    ] {
        let mut schema = schemas[name].clone();
        assert!(schema.is_object(), "{name} is not in the description of the API");
        // Codes grow with every room; the list of them is docs/problems.md.
        if let Some(code) = schema.pointer_mut("/properties/code") {
            code.as_object_mut().unwrap().remove("examples");
        }
        let mut wanted = Vec::new();
        names(&schema, &mut wanted);
        let mut definitions = serde_json::Map::new();
        while let Some(next) = wanted.pop() {
            if !definitions.contains_key(&next) {
                names(&schemas[&next], &mut wanted);
                definitions.insert(next.clone(), schemas[&next].clone());
            }
        }
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["title"] = json!(name);
        if !definitions.is_empty() {
            schema["$defs"] = Value::Object(definitions);
        }
        let text = serde_json::to_string_pretty(&schema).unwrap();
        golden(
            &format!("docs/schemas/{file}.json"),
            &text.replace("#/components/schemas/", "#/$defs/"),
        );
    }
}
