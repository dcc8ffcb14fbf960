//! Answers.

use super::kept::Keep;
use crate::error::{Error, Result};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};

/// What a handler gives back.
pub type Answer = Result<HttpResponse>;

/// A page.
pub fn page(template: &impl askama::Template) -> Answer {
    page_with(200, template)
}

/// A page with another status: 422 for a form that came back.
pub fn page_with(status: u16, template: &impl askama::Template) -> Answer {
    let body = template.render().map_err(Error::internal)?;
    let status = StatusCode::from_u16(status).map_err(Error::internal)?;
    // A form that is carried out once is another form each time that it is shown.
    let is_same_again = !body.contains("name=\"once\"");
    Ok(answer(
        status,
        "text/html; charset=utf-8",
        body.into_bytes(),
        is_same_again,
    ))
}

fn answer(status: StatusCode, kind: &'static str, body: Vec<u8>, is_same_again: bool) -> HttpResponse {
    let mut response = HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, kind))
        .body(body);
    if is_same_again {
        Keep::mark(&mut response);
    }
    response
}

/// JSON.
pub fn json(status: u16, value: &impl serde::Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(Error::internal)?;
    let status = StatusCode::from_u16(status).map_err(Error::internal)?;
    Ok(answer(status, "application/json", body, true))
}

/// Nothing to say.
pub fn nothing() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

/// Goes on to another page.
pub fn see_other(to: &str) -> Answer {
    Ok(redirect(to))
}

/// Goes on to another page.
pub fn redirect(to: &str) -> HttpResponse {
    // An address that cannot stand in a header goes to the start page instead.
    let to = if HeaderValue::from_str(to).is_ok() {
        to
    } else {
        "/"
    };
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .finish()
}

/// Sets a cookie of this portal: for this host alone, never sent over plain connections, not readable by scripts.
pub fn set_cookie(response: &mut HttpResponse, name: &str, value: &str, max_age: Option<i64>) {
    let age = max_age
        .map(|seconds| format!("; Max-Age={seconds}"))
        .unwrap_or_default();
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    if let Ok(value) = HeaderValue::from_str(&line) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Removes a cookie.
pub fn drop_cookie(response: &mut HttpResponse, name: &str) {
    set_cookie(response, name, "", Some(0));
}

/// A path within this portal to go on to, or the start page: never another host.
pub fn local_path(given: &str) -> &str {
    let mut chars = given.chars();
    let good = chars.next() == Some('/')
        && !matches!(chars.next(), Some('/' | '\\'))
        && !given.contains('\\')
        && !given.to_ascii_lowercase().contains("%5c")
        && !given.to_ascii_lowercase().starts_with("/%2f")
        && !given.to_ascii_lowercase().starts_with("/%09")
        && given.chars().all(|c| !c.is_control() && !c.is_whitespace())
        && given.is_ascii()
        && given.len() < 2000;
    if good { given } else { "/" }
}

/// A file to be saved under a name. The name is made here, from ASCII.
pub fn attachment(
    kind: &'static str,
    name: &str,
    body: impl actix_web::body::MessageBody + 'static,
) -> HttpResponse {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let mut response = HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(body);
    if kind.starts_with("text/csv") {
        Keep::mark(&mut response);
    }
    response
}

/// A header by name, for the few places that set one.
pub fn set_header(response: &mut HttpResponse, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_sign_in_nobody_is_sent_to_another_host() {
        for good in [
            "/",
            "/access",
            "/sa/100001/activity?q=a&page=2",
            "/requests/SAR-2026-00001",
        ] {
            assert_eq!(local_path(good), good);
        }
        for bad in [
            "",
            "access",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "https:evil.example",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/%09/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /access",
            "/ /evil.example",
            "@evil.example",
            "javascript:alert(1)",
            "/%2f/evil.example",
            "/%2Fevil.example",
            "/a\\b",
            "/\u{2028}x",
        ] {
            assert_eq!(local_path(bad), "/", "{bad:?}");
        }
    }
}
