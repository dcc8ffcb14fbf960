//! What those have in common that speak with a portal over plain HTTP. There is no TLS in it: a lab answers on this very
//! machine, and a portal elsewhere stands behind a proxy that can be reached otherwise.

use serde_json::Value;

/// An address such as `http://127.0.0.1:8080`, without a slash at its end. `who` speaks plain HTTP alone; `instead` is
/// what to do about it.
pub fn address(typed: &str, who: &str, instead: &str) -> Result<String, String> {
    let typed = typed.trim_end_matches('/');
    let url = url::Url::parse(typed).map_err(|e| format!("{typed} is no address of a portal: {e}"))?;
    if url.scheme() != "http" {
        return Err(format!("{typed}: the {who} speaks plain HTTP. {instead}"));
    }
    Ok(typed.to_owned())
}

/// A text of an answer; empty when it is not there.
pub fn word<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What a refusal says, with what it says of each part of the request.
pub fn says(problem: &Value) -> String {
    let mut says = word(problem, "detail").to_owned();
    let errors = problem.get("errors").and_then(Value::as_array);
    for one in errors.into_iter().flatten() {
        says.push_str(&format!(" {}: {}", word(one, "pointer"), word(one, "detail")));
    }
    says
}
