//! The file of `--record`: each call with its answer as one line of JSON, without anything that opens a door.

use crate::kernel::Clock;
use crate::platform::private;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What stands where a secret stood.
const HIDDEN: &str = "***";
/// Shorter ones are not looked for elsewhere: they would be found in words.
const SHORTEST: usize = 8;

/// What was asked.
pub struct Call<'a> {
    /// Host and port, as the command named them.
    pub host: &'a str,
    /// The method.
    pub method: &'a str,
    /// Without what stands behind the question mark.
    pub path: &'a str,
    /// What stands behind it, or "".
    pub query: &'a str,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// Whole.
    pub body: &'a [u8],
}

/// What came back.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// Whole.
    pub body: &'a [u8],
}

/// An open record.
pub struct Record {
    out: Mutex<Out>,
    clock: Clock,
}

struct Out {
    file: std::fs::File,
    secrets: Secrets,
}

impl Record {
    /// Opens a file, whose lines stay; a new one is its owner's alone.
    pub fn open(file: &Path) -> Result<Self, String> {
        let file = private::writing()
            .create(true)
            .append(true)
            .open(file)
            .map_err(|e| format!("cannot write to {}: {e}", file.display()))?;
        Ok(Self {
            out: Mutex::new(Out {
                file,
                secrets: Secrets::default(),
            }),
            clock: Clock::new(),
        })
    }

    /// A call and its answer, which took so many microseconds.
    pub fn call(&self, call: &Call<'_>, answer: &Answer<'_>, micros: u64) -> std::io::Result<()> {
        self.line(|secrets| {
            let asked = json!({
                "host": call.host,
                "method": call.method,
                "path": call.path,
                "query": secrets.form(call.query, true),
                "headers": secrets.headers(&call.headers),
                "body": secrets.body(call.body, true),
            });
            let answered = json!({
                "status": answer.status,
                "headers": secrets.headers(&answer.headers),
                "body": secrets.body(answer.body, false),
            });
            json!({ "call": asked, "answer": answered, "micros": micros })
        })
    }

    /// A host that was not reached.
    pub fn refused(&self, host: &str) -> std::io::Result<()> {
        self.line(|_| json!({ "refused": host }))
    }

    fn line(&self, make: impl FnOnce(&mut Secrets) -> Value) -> std::io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = make(&mut out.secrets);
        if let Value::Object(line) = &mut line {
            line.insert("at".to_owned(), json!(self.clock.wall()));
        }
        let text = out.secrets.gone(line.to_string());
        writeln!(out.file, "{text}")
    }
}

/// The secrets that went by: what is one is taken out wherever it turns up again, for example in a message.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    /// What stands for a secret.
    fn hide(&mut self, secret: &str) -> String {
        for word in secret.split_whitespace() {
            if word.len() >= SHORTEST {
                self.0.insert(word.to_owned());
            }
        }
        HIDDEN.to_owned()
    }

    fn gone(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
        }
        text
    }

    /// Headers that say something of a call; all others stay away, whatever they are called. Credentials are remembered.
    fn headers(&mut self, headers: &[(String, String)]) -> Value {
        let mut kept = Map::new();
        for (name, value) in headers {
            match name.as_str() {
                "authorization" => {
                    let (scheme, credentials) = value.split_once(' ').unwrap_or(("", value));
                    self.hide(credentials);
                    if let Ok(pair) = data_encoding::BASE64.decode(credentials.trim().as_bytes())
                        && let Some((_, secret)) = String::from_utf8_lossy(&pair).split_once(':')
                    {
                        self.hide(secret);
                    }
                    kept.insert(name.clone(), json!(format!("{scheme} {HIDDEN}")));
                }
                "accept" | "content-type" | "retry-after" | "user-agent" | "x-request-id"
                | "x-correlation-id" => {
                    kept.insert(name.clone(), json!(value));
                }
                csw if csw.starts_with("x-csw-") => {
                    kept.insert(name.clone(), json!(value));
                }
                _ => {}
            }
        }
        Value::Object(kept)
    }

    /// JSON or a form. Of anything else only its length is told: where nothing can be found, nothing can be hidden.
    fn body(&mut self, body: &[u8], is_asked: bool) -> Value {
        if body.is_empty() {
            return Value::Null;
        }
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return self.json("", value, is_asked);
        }
        match std::str::from_utf8(body) {
            Ok(text) if is_asked && text.contains('=') && !text.contains(['{', '\n', '<']) => {
                self.form(text, true)
            }
            _ => json!({ "bytes": body.len() }),
        }
    }

    fn form(&mut self, text: &str, is_asked: bool) -> Value {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if is_secret(&name, is_asked) {
                self.hide(&value);
                out.append_pair(&name, HIDDEN);
            } else {
                out.append_pair(&name, &value);
            }
        }
        json!(out.finish())
    }

    fn json(&mut self, name: &str, value: Value, is_asked: bool) -> Value {
        match value {
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| {
                    let value = self.json(&name, value, is_asked);
                    (name, value)
                })
                .collect(),
            Value::Array(all) => all
                .into_iter()
                .map(|one| self.json(name, one, is_asked))
                .collect(),
            Value::Null | Value::Bool(_) => value,
            Value::String(text) if is_secret(name, is_asked) => json!(self.hide(&text)),
            Value::Number(number) if is_secret(name, is_asked) => json!(self.hide(&number.to_string())),
            other => other,
        }
    }
}

/// Whether what is called so opens a door. `code` is one where it is traded for an access token; in answers it is the number
/// of an error.
fn is_secret(name: &str, is_asked: bool) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let holds = [
        "secret",
        "password",
        "passwd",
        "passphrase",
        "cookie",
        "apikey",
        "assertion",
        "credential",
    ];
    holds.iter().any(|word| plain.contains(word))
        || plain.ends_with("token")
        || plain.ends_with("tokens")
        || matches!(
            plain.as_str(),
            "authorization" | "proxyauthorization" | "pwd" | "pass" | "codeverifier"
        )
        || (is_asked && plain == "code")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cret-of-the-client";

    fn call<'a>(query: &'a str, header: Option<&str>, body: &'a [u8]) -> Call<'a> {
        Call {
            host: "cloudsso.cisco.com:443",
            method: "POST",
            path: "/as/token.oauth2",
            query,
            headers: header
                .map(|value| ("authorization".to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            body,
        }
    }

    #[test]
    fn no_secret_is_kept_in_whichever_way_it_was_sent() {
        let file = std::env::temp_dir().join(format!("licentral-record-{}.jsonl", token()));
        let record = Record::open(&file).unwrap();
        let answer = |body: &'static str| Answer {
            status: 200,
            headers: vec![("set-cookie".to_owned(), "id=cookie-of-the-session".to_owned())],
            body: body.as_bytes(),
        };
        let form = format!(
            "grant_type=password&client_id=demo&client_secret={SECRET}&password=pass-of-ada&code=code-of-ada"
        );
        let json = format!(
            "{{\"client_id\":\"demo\",\"client_secret\":\"{SECRET}\",\"nested\":[{{\"Password\":\"pass-of-ada\"}}]}}"
        );
        let basic = format!(
            "Basic {}",
            data_encoding::BASE64.encode(format!("demo:{SECRET}").as_bytes())
        );
        let token = r#"{"access_token":"token-of-the-door","refresh_token":"again-of-the-door","token_type":"Bearer","expires_in":3599}"#;
        let told =
            r#"{"error":"invalid_client","error_description":"s3cret-of-the-client is wrong","code":400001}"#;
        let made =
            r#"{"tokens":[{"token":"token-of-a-device"}],"authorizationCodes":[{"status":"SUCCESS"}]}"#;
        for (asked, answered) in [
            (call("", None, form.as_bytes()), answer(token)),
            (call(&form, None, b""), answer(token)),
            (call("", None, json.as_bytes()), answer(told)),
            (
                call("", Some(&basic), b"grant_type=client_credentials"),
                answer(token),
            ),
            (
                call(
                    "",
                    Some("Bearer token-of-the-door"),
                    b"{\"tokens\":[\"token-of-a-device\"]}",
                ),
                answer(made),
            ),
            (
                call("", None, b"{\"client_secret\": \"s3cret-of-the-client"),
                answer("<p>token-of-the-door</p>"),
            ),
        ] {
            record.call(&asked, &answered, 1).unwrap();
        }
        record.refused("other.example:443").unwrap();
        let kept = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        for secret in [
            SECRET,
            "pass-of-ada",
            "code-of-ada",
            "token-of",
            "again-of",
            "cookie-of",
            &basic[6..],
        ] {
            assert!(!kept.contains(secret), "{secret} stands in {kept}");
        }
        for word in [
            "client_id=demo",
            r#""token_type":"Bearer""#,
            r#""expires_in":3599"#,
            r#""code":400001"#,
            r#""authorizationCodes":[{"status":"SUCCESS"}]"#,
            r#""refused":"other.example:443""#,
            r#""bytes":"#,
        ] {
            assert!(kept.contains(word), "{word} is missing in {kept}");
        }
        assert_eq!(kept.lines().count(), 7);
        for line in kept.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
    }

    fn token() -> String {
        crate::platform::token::random()
    }
}
