//! The rules of this room.

use crate::authn::password;
use crate::error::Problems;
use crate::kernel::{Secret, pasted};

/// A new password, typed twice, of as many characters as are asked for here. The complaint stands beside the field that has
/// to change.
pub fn new_password(
    field: &str,
    typed: &str,
    again: &str,
    about: &[&str],
    shortest: usize,
) -> std::result::Result<Secret, Problems> {
    let mut problems = Problems::default();
    let secret = Secret::new(typed);
    if typed.is_empty() {
        problems.add(field, "Enter a password.");
    } else if let Err(says) = password::check(&secret, about, shortest) {
        problems.add(field, says);
    } else if typed != again {
        problems.add(
            format!("{field}_again"),
            "The two passwords differ. Type the same password twice.",
        );
    }
    if problems.is_empty() {
        Ok(secret)
    } else {
        Err(problems)
    }
}

/// What a browser calls itself, in two words that its owner recognises.
pub fn agent_words(agent: &str) -> String {
    // The order matters: most claim to be others as well.
    let browser = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]
    .into_iter()
    .find(|(mark, _)| agent.contains(mark))
    .map(|(_, name)| name);
    let system = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]
    .into_iter()
    .find(|(mark, _)| agent.contains(mark))
    .map(|(_, name)| name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

/// What a script sends to be given an access token, gathered from wherever it stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    pub grant: Option<String>,
    pub id: Option<String>,
    pub secret: Option<Secret>,
    /// Of the person who signs in through the client.
    pub user_name: Option<String>,
    pub password: Option<Secret>,
    /// With which a person has let the client in, and the address to which it was sent.
    pub code: Option<String>,
    pub back: Option<String>,
    /// One of them stands twice in the body, or in the address: which is meant nobody can tell.
    pub stands_twice: bool,
}

/// What is read of it.
const NAMES: [&str; 7] = [
    "grant_type",
    "client_id",
    "client_secret",
    "username",
    "password",
    "code",
    "redirect_uri",
];

impl Credentials {
    /// Takes a named value in. What was said first counts: the header before the body before the address.
    fn take(&mut self, name: &str, value: String) {
        if name == "password" {
            // A password may begin or end with anything.
            self.password.get_or_insert(Secret::new(value));
            return;
        }
        // Ids and secrets of clients are base64url: what else came along was copied with them.
        let value = pasted::code(&value);
        match name {
            "grant_type" => drop(self.grant.get_or_insert(value)),
            "client_id" => drop(self.id.get_or_insert(value)),
            "client_secret" => drop(self.secret.get_or_insert(Secret::new(value))),
            "username" => drop(self.user_name.get_or_insert(value)),
            "code" => drop(self.code.get_or_insert(value)),
            "redirect_uri" => drop(self.back.get_or_insert(value)),
            _ => {}
        }
    }

    fn take_form(&mut self, form: &[u8]) {
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(form).into_owned() {
            self.stands_twice |= NAMES.contains(&name.as_str()) && seen.contains(&name);
            self.take(&name, value);
            seen.push(name);
        }
    }

    /// From the `Authorization` header (HTTP Basic), the body (a form or JSON) and the query string:
    /// scripts in the field use all of them.
    pub fn gather(authorization: Option<&str>, body: &[u8], query: &str) -> Self {
        let mut found = Self::default();
        if let Some((id, secret)) = authorization.and_then(basic) {
            found.take("client_id", id);
            found.take("client_secret", secret);
        }
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if let Ok(serde_json::Value::Object(map)) = serde_json::from_slice(body) {
            for (name, value) in map {
                match value {
                    serde_json::Value::String(value) => found.take(&name, value),
                    serde_json::Value::Number(value) => found.take(&name, value.to_string()),
                    _ => {}
                }
            }
        } else {
            found.take_form(body);
        }
        found.take_form(query.as_bytes());
        found
    }
}

/// Id and secret of HTTP Basic, each form-encoded as RFC 6749 has it.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = data_encoding::BASE64.decode(encoded.trim().as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        url::form_urlencoded::parse(part.as_bytes())
            .next()
            .map(|(name, _)| name.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn browsers_are_called_by_the_names_that_people_know() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
        assert_eq!(agent_words(chrome), "Chrome on Linux");
        assert_eq!(agent_words(&format!("{chrome} Edg/130")), "Edge on Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1";
        assert_eq!(agent_words(phone), "Safari on iPhone");
        assert_eq!(agent_words("curl/8.5.0"), "curl");
        assert_eq!(agent_words(""), "Unknown browser");
    }

    #[test]
    fn credentials_are_found_wherever_they_stand() {
        let wanted = Credentials {
            grant: Some("client_credentials".into()),
            id: Some("lc-1".into()),
            secret: Some(Secret::new("s+/=")),
            ..Credentials::default()
        };
        let form = b"grant_type=client_credentials&client_id=lc-1&client_secret=s%2B%2F%3D";
        assert_eq!(Credentials::gather(None, form, ""), wanted);
        let query = std::str::from_utf8(form).unwrap();
        assert_eq!(Credentials::gather(None, b"", query), wanted);
        let json = br#"{"grant_type":"client_credentials","client_id":"lc-1","client_secret":"s+/="}"#;
        assert_eq!(Credentials::gather(None, json, ""), wanted);
        assert!(Credentials::gather(None, b"client_id=a&client_id=b", "").stands_twice);
        assert!(!Credentials::gather(None, b"client_id=a&scope=x&scope=y", "client_id=a").stands_twice);
        let copied =
            "grant_type=client_credentials&client_id=%C2%A0lc-1%E2%80%8B&client_secret=%22s%2B%2F%3D%22";
        assert_eq!(Credentials::gather(None, b"", copied), wanted);
        let header = format!("Basic {}", data_encoding::BASE64.encode(b"lc-1:s%2B%2F%3D"));
        assert_eq!(
            Credentials::gather(Some(&header), b"grant_type=client_credentials", ""),
            wanted
        );
        assert_eq!(
            Credentials::gather(Some(&header), b"", "client_id=other")
                .id
                .as_deref(),
            Some("lc-1")
        );
        assert_eq!(
            Credentials::gather(Some("Basic ???"), b"[1]", ""),
            Credentials::default()
        );
    }

    proptest! {
        #[test]
        fn whatever_is_sent_as_credentials_is_read_or_left(header in "\\PC*", body in any::<Vec<u8>>(), query in "\\PC*") {
            let _ = Credentials::gather(Some(&header), &body, &query);
            let _ = agent_words(&header);
        }
    }

    fn complaint(typed: &str, again: &str) -> Option<String> {
        new_password(
            "password",
            typed,
            again,
            &["Ada Lovelace", "ada@xyz.example"],
            password::SHORTEST,
        )
        .err()
        .and_then(|p| p.list().first().map(|p| p.field.clone()))
    }

    #[test]
    fn a_new_password_is_typed_twice_and_is_good() {
        let good = "teal cabin forty orbit";
        assert_eq!(complaint(good, good), None);
        assert_eq!(
            complaint(good, "teal cabin forty orbits").as_deref(),
            Some("password_again")
        );
        assert_eq!(complaint("", "").as_deref(), Some("password"));
        assert_eq!(complaint("lovelace1", "lovelace1").as_deref(), Some("password"));
        assert_eq!(complaint("short", "short").as_deref(), Some("password"));
    }
}
