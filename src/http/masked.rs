//! Hides secrets in what is kept of requests and answers, before it is kept.

use serde_json::Value;

/// What stands in the place of a secret.
pub const HIDDEN: &str = "[hidden]";

/// A field whose name holds one of these holds a secret.
const NAMES: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "token",
    "authorization",
    "credential",
    "private",
    "assertion",
    "recovery",
    "otp",
];

/// A text that begins so is a secret, whatever its name: a client's secret, a signed token, a header with one.
const BEGINNINGS: &[&str] = &["lcs_", "eyJ", "Bearer ", "Basic "];

/// Words in a query of GraphQL, where secrets stand within the text.
const WITHIN: &[&str] = &["password", "secret", "lcs_", "eyJ"];

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// With each secret hidden.
    pub text: String,
    /// Whether there was one.
    pub had_secrets: bool,
}

fn is_named(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|one| name.contains(one))
}

fn is_secret(name: &str, value: &str) -> bool {
    let is_query = name == "query" || name == "mutation";
    !value.is_empty()
        && (is_named(name)
            || BEGINNINGS.iter().any(|one| value.starts_with(one))
            || (is_query && WITHIN.iter().any(|one| value.contains(one))))
}

/// Hides what is secret in a value that stands under a name; says whether there was something.
fn hide(name: &str, value: &mut Value) -> bool {
    match value {
        Value::String(text) if is_secret(name, text) => {
            HIDDEN.clone_into(text);
            true
        }
        // All of them: the first that is found is not the last.
        Value::Array(all) => {
            let mut had = false;
            for one in all {
                had |= hide(name, one);
            }
            had
        }
        Value::Object(fields) => {
            let mut had = false;
            for (name, one) in fields {
                had |= hide(name, one);
            }
            had
        }
        _ => false,
    }
}

/// Hides the secrets of JSON; none when it is no JSON.
pub fn json(text: &str) -> Option<Masked> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let had_secrets = hide("", &mut value);
    Some(Masked {
        // As it was sent, when there is nothing to hide.
        text: if had_secrets {
            value.to_string()
        } else {
            text.to_owned()
        },
        had_secrets,
    })
}

/// Hides the secrets of a form, or of what stands behind the `?` of an address.
pub fn form(text: &str) -> Masked {
    let mut had_secrets = false;
    let mut masked = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        if is_secret(&name, &value) {
            had_secrets = true;
            masked.append_pair(&name, HIDDEN);
        } else {
            masked.append_pair(&name, &value);
        }
    }
    Masked {
        text: if had_secrets {
            masked.finish()
        } else {
            text.to_owned()
        },
        had_secrets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_hidden_by_name_and_by_looks_and_all_else_stays() {
        let text = r#"{"name": "CI", "client_secret": "x1", "deep": [{"Password": "x2", "n": 3}], "tokens": ["x3"],
            "items": [{"token": "x4", "uses": 1}], "link": "eyJx5", "note": "lcs_x6", "query": "{a(password:\"x7\")}"}"#;
        let masked = json(text).unwrap();
        assert!(masked.had_secrets);
        for n in 1..=7 {
            assert!(!masked.text.contains(&format!("x{n}")), "{}", masked.text);
        }
        assert!(masked.text.contains("\"uses\":1") && masked.text.contains("\"name\":\"CI\""));
        let plain = "{ \"lines\": [1, 2] }";
        assert_eq!(json(plain).unwrap().text, plain);
        assert_eq!(json("no json"), None);
        let masked = form("a=1&access_token=x1&b=lcs_x2");
        assert_eq!(
            (masked.text.contains("x1"), masked.text.contains("x2")),
            (false, false)
        );
        assert!(masked.had_secrets && masked.text.starts_with("a=1&"));
        assert_eq!(form("q=a%20b").text, "q=a%20b");
    }

    proptest! {
        #[test]
        fn no_secret_comes_through(name in "[a-z_]{0,6}(secret|password|token)[a-z_]{0,6}", value in "[A-Za-z0-9]{8,20}zz") {
            let text = serde_json::json!({ "a": { name.clone(): value.clone() } }).to_string();
            prop_assert!(!json(&text).unwrap().text.contains(&value));
            let text = url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            prop_assert!(!form(&text).text.contains(&value));
        }
    }
}
