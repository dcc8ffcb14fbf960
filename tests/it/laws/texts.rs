//! What may not stand in the source.

use super::sources::{rust, templates};

#[test]
fn no_query_is_put_together_from_text() {
    let mut wrong = Vec::new();
    for source in rust() {
        let flat: String = source.code.split_whitespace().collect();
        for bad in [
            "sql_query(format!(",
            "sql_query(&format!(",
            "sql_query(&",
            "batch_execute(&format!(",
            "batch_execute(format!(",
        ] {
            if flat.contains(bad) {
                wrong.push(format!("src/{}: {bad}", source.path));
            }
        }
        // A piece of SQL may only be a constant.
        for (at, _) in flat
            .match_indices("sql::<")
            .filter(|(at, _)| !flat[..*at].ends_with("from_"))
        {
            let argument = flat[at..].split_once(">(").map_or("", |(_, rest)| rest);
            if !argument.starts_with('"') {
                wrong.push(format!(
                    "src/{}: sql of something that is no constant",
                    source.path
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is read besides: in which file, by what, and why.
const READ_BESIDES: &[(&str, &str, &str)] = &[
    (
        "catalog/model.rs",
        "include_str!",
        "the catalog is a part of the program: one file beside its code, read by a test",
    ),
    (
        "simulator/graded/built_in.rs",
        "include_str!",
        "the labs of the program are files like those of teachers, each read by a test",
    ),
    (
        "commands/run/trust.rs",
        "include_str!",
        "what is loaded into Node is a part of the program, in another language",
    ),
    (
        "commands/run/mod.rs",
        "std::env::var",
        "what Java and Node are told already is added to",
    ),
    (
        "platform/tls.rs",
        "std::env::var",
        "SSL_CERT_FILE is no setting of ours: it says to all programs whom to believe",
    ),
    (
        "platform/config/check.rs",
        "std::env::var",
        "OpenTelemetry's variables are none of ours alone: its library reads more of them",
    ),
    ("platform/config/check.rs", "env::var(", "the same"),
];

#[test]
fn nothing_is_read_from_disk_or_environment_beside_the_settings() {
    let mut wrong = Vec::new();
    for source in rust() {
        for bad in [
            "include_str!",
            "std::env::var",
            "env::var(",
            "allow(clippy::disallowed",
        ] {
            let is_known = READ_BESIDES
                .iter()
                .any(|(path, what, _)| *path == source.path && *what == bad);
            if source.code.contains(bad) && !is_known {
                wrong.push(format!("src/{}: {bad}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn templates_escape_everything() {
    let mut wrong = Vec::new();
    for template in templates() {
        let flat: String = template.text.split_whitespace().collect();
        for bad in [
            "|safe",
            "|escape(\"none\")",
            "{%filtersafe",
            "|e(\"none\")",
            "escape=\"none\"",
        ] {
            if flat.contains(bad) {
                wrong.push(format!("templates/{}: {bad}", template.path));
            }
        }
    }
    for source in rust() {
        // Plain text has no markup to escape for.
        let flat: String = source.code.split_whitespace().collect();
        let flat = flat.replace(".txt\",escape=\"none\"", "");
        for bad in [
            "escape=\"none\"",
            "MarkupDisplay",
            "filters::Safe",
            "(Safe(",
            "=Safe(",
            ":Safe(",
        ] {
            if flat.contains(bad) {
                wrong.push(format!("src/{}: {bad}", source.path));
            }
        }
    }
    // Markup that is made already is what a template made, or a date.
    for source in rust() {
        for named in source.code.split("HtmlSafe for ").skip(1) {
            let name: String = named.chars().take_while(|c| c.is_alphanumeric()).collect();
            let by_template = source.code.split("derive(Template)]").skip(1).any(|rest| {
                rest.lines()
                    .take(6)
                    .any(|line| line.contains(&format!("struct {name}")))
            });
            if !by_template && (source.path.as_str(), name.as_str()) != ("http/parts.rs", "When") {
                wrong.push(format!("src/{}: {name} is HtmlSafe and no template", source.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "What people typed would become markup:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn templates_need_no_exception_from_the_content_security_policy() {
    let mut wrong = Vec::new();
    for template in templates() {
        // Letters are read in mail programs, which know no style sheets.
        if template.path.starts_with("letters/")
            || template.path == "layout/letter.html"
            || template.path == "components/letter.html"
        {
            continue;
        }
        let lower = template.text.to_lowercase();
        for bad in [
            " style=\"",
            " onclick=",
            " onload=",
            " onsubmit=",
            " onchange=",
            "javascript:",
            "<style",
        ] {
            if lower.contains(bad) {
                wrong.push(format!("templates/{}: {bad}", template.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_form_that_changes_something_carries_its_token() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for template in templates() {
        let lower = template.text.replace('\'', "\"");
        for (at, _) in lower.match_indices("<form") {
            let form = lower[at..].split("</form>").next().unwrap();
            let open = form.split('>').next().unwrap().to_lowercase();
            if !open.contains("method=\"post\"") {
                continue;
            }
            seen += 1;
            // A form around a button that is switched off is never sent.
            if !form.contains("type=\"submit\"") && form.contains("aria-disabled=\"true\"") {
                continue;
            }
            if !(form.contains("::hidden(") || form.contains("name=\"csrf\"")) {
                wrong.push(format!("templates/{}: {open}>", template.path));
            }
        }
    }
    assert!(seen > 0, "no form was found: the test reads past them");
    assert!(
        wrong.is_empty(),
        "Begin each with {{{{ f::hidden(shell.csrf, form.once) }}}}:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_lint_that_is_turned_off_says_why() {
    let mut wrong = Vec::new();
    for source in rust() {
        for (at, _) in source
            .code
            .match_indices("#[allow(")
            .chain(source.code.match_indices("#[expect("))
        {
            let attribute = source.code[at..].split(")]").next().unwrap();
            if !attribute.contains("reason") {
                wrong.push(format!("src/{}: {attribute}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
