//! What those have in common that call a portal: a command, or an On-Prem server.

use super::tls;
use serde_json::Value;
use std::time::Duration;

/// An address such as `http://127.0.0.1:8080`, without a slash at its end.
pub fn address(typed: &str) -> Result<String, String> {
    let typed = typed.trim_end_matches('/');
    let url = url::Url::parse(typed).map_err(|e| format!("{typed} is no address of a portal: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!(
            "{typed} is no address of a portal. Give one that begins with http:// or https://, such as http://127.0.0.1:8080."
        ));
    }
    Ok(typed.to_owned())
}

/// How a portal is called: nothing is followed elsewhere, and an answer may take so long.
pub fn agent(patience: Duration) -> Result<ureq::config::ConfigBuilder<ureq::typestate::AgentScope>, String> {
    Ok(ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(patience))
        .tls_config(tls::believed()?))
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
