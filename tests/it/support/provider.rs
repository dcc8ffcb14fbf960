//! An identity provider in the test's own process, which can also answer as none should: with wrong claims, wrong keys, wrong
//! signatures. What a provider that is certified does is tried in `tests/browser/provider.test.mjs`.

use super::Portal;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use licentral::kernel::{Clock, Secret};
use licentral::platform::config::{Config, IdentityProvider};
use licentral::platform::token;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const CLIENT: &str = "licentral";
/// With characters that have to be coded in the header.
const SECRET: &str = "s3:cret&+";

/// How a token is signed that should not be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// With a key of the same name that is not the provider's.
    OtherKey,
    /// With the public key as a shared secret.
    Hmac,
    /// Not at all.
    Unsigned,
}

type Bend = Box<dyn Fn(&mut Value) + Send>;

struct Key {
    id: String,
    pkcs8: Vec<u8>,
    public: String,
}

impl Key {
    fn make(id: &str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(made.as_ref()).unwrap();
        Self {
            id: id.to_owned(),
            pkcs8: made.as_ref().to_vec(),
            public: BASE64URL_NOPAD.encode(pair.public_key().as_ref()),
        }
    }
    fn published(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.id, "x": self.public })
    }
}

/// What came with a code.
#[derive(Clone)]
struct Asked {
    nonce: String,
    challenge: String,
}

/// What a test steers.
pub struct Steered {
    /// The claims of whoever signs in, without those of the protocol.
    pub person: Value,
    /// Changes the claims of the ID token.
    pub bend: Option<Bend>,
    /// Changes how it is signed.
    pub forgery: Option<Forgery>,
    /// Changes what the userinfo endpoint says.
    pub userinfo: Option<Value>,
    /// A code is good more than once.
    pub takes_codes_again: bool,
    /// How often the keys were asked for.
    pub key_fetches: usize,
    clock: Clock,
    key: Key,
    codes: HashMap<String, Asked>,
}

/// A provider that listens.
pub struct Provider {
    /// As it names itself.
    pub issuer: String,
    steered: Arc<Mutex<Steered>>,
}

impl Provider {
    /// Starts one at which this person signs in.
    pub fn start(person: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let steered = Arc::new(Mutex::new(Steered {
            person,
            bend: None,
            forgery: None,
            userinfo: None,
            takes_codes_again: false,
            key_fetches: 0,
            clock: Clock::new(),
            key: Key::make("first"),
            codes: HashMap::new(),
        }));
        let (inside, named) = (steered.clone(), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &named, &inside);
            }
        });
        Self { issuer, steered }
    }

    /// What can be steered.
    pub fn steer(&self) -> MutexGuard<'_, Steered> {
        self.steered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A portal that trusts it.
    pub fn portal(&self, change: impl FnOnce(&mut Config)) -> Portal {
        let portal = Portal::start_as(|config| {
            config.identity_provider = Some(self.settings());
            change(config);
        });
        self.steer().clock = portal.clock.clone();
        portal
    }

    /// Its settings.
    pub fn settings(&self) -> IdentityProvider {
        let group = |group: &str, role: &str| (group.to_owned(), role.to_owned());
        IdentityProvider {
            issuer: self.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(Secret::new(SECRET)),
            name: "Company".to_owned(),
            scopes: "openid email profile".to_owned(),
            groups: vec![group("ops", "operator"), group("help", "support")],
            groups_claim: "groups".to_owned(),
            is_second_factor: false,
        }
    }

    /// Signs from now on with another key, and knows the old one no more.
    pub fn change_key(&self, id: &str) {
        self.steer().key = Key::make(id);
    }

    /// What a browser does that was sent here: the path of the portal to which it is sent back.
    pub fn authorize(&self, address: &str) -> String {
        let address = url::Url::parse(address).unwrap();
        assert!(
            address
                .as_str()
                .starts_with(&format!("{}/authorize?", self.issuer))
        );
        let has: HashMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!(has["response_type"], "code");
        assert_eq!(has["client_id"], CLIENT);
        assert_eq!(has["code_challenge_method"], "S256");
        let code = token::random();
        let asked = Asked {
            nonce: has["nonce"].clone(),
            challenge: has["code_challenge"].clone(),
        };
        self.steer().codes.insert(code.clone(), asked);
        let back = url::Url::parse(&has["redirect_uri"]).unwrap();
        format!("{}?code={code}&state={}", back.path(), has["state"])
    }
}

impl Steered {
    fn id_token(&self, issuer: &str, nonce: &str) -> String {
        let now = self.clock.wall().utc().timestamp();
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300, "auth_time": now,
        });
        let person = self.person.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(person);
        if let Some(bend) = &self.bend {
            bend(&mut claims);
        }
        let algorithm = match self.forgery {
            Some(Forgery::Hmac) => "HS256",
            Some(Forgery::Unsigned) => "none",
            _ => "EdDSA",
        };
        let header = json!({ "alg": algorithm, "kid": self.key.id });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(&claims));
        let sign = |key: &EncodingKey, algorithm| {
            jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap()
        };
        let signature = match self.forgery {
            None => sign(&EncodingKey::from_ed_der(&self.key.pkcs8), Algorithm::EdDSA),
            Some(Forgery::OtherKey) => {
                let other = Key::make(&self.key.id);
                sign(&EncodingKey::from_ed_der(&other.pkcs8), Algorithm::EdDSA)
            }
            Some(Forgery::Hmac) => {
                let public = BASE64URL_NOPAD.decode(self.key.public.as_bytes()).unwrap();
                sign(&EncodingKey::from_secret(&public), Algorithm::HS256)
            }
            Some(Forgery::Unsigned) => String::new(),
        };
        format!("{message}.{signature}")
    }

    fn trade(&mut self, issuer: &str, authorization: &str, body: &[u8]) -> (u16, Value) {
        let has: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let coded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = BASE64.encode(format!("{}:{}", coded(CLIENT), coded(SECRET)).as_bytes());
        if authorization != format!("Basic {basic}") {
            return (401, json!({ "error": "invalid_client" }));
        }
        let asked = if self.takes_codes_again {
            self.codes.get(&has["code"]).cloned()
        } else {
            self.codes.remove(&has["code"])
        };
        let digest = BASE64URL_NOPAD.encode(&Sha256::digest(has["code_verifier"].as_bytes()));
        match asked.filter(|asked| asked.challenge == digest) {
            Some(asked) => {
                let id_token = self.id_token(issuer, &asked.nonce);
                (
                    200,
                    json!({ "id_token": id_token, "access_token": "a", "token_type": "Bearer" }),
                )
            }
            None => (400, json!({ "error": "invalid_grant" })),
        }
    }
}

fn serve(mut stream: TcpStream, issuer: &str, steered: &Mutex<Steered>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let mut steered = steered.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, answer) = match path {
        "/.well-known/openid-configuration" => (
            200,
            json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "end_session_endpoint": format!("{issuer}/end"),
            }),
        ),
        "/keys" => {
            steered.key_fetches += 1;
            let strange = json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "strange" });
            (200, json!({ "keys": [strange, steered.key.published()] }))
        }
        "/token" => steered.trade(issuer, &authorization, &body),
        "/userinfo" => {
            let same = json!({ "sub": steered.person["sub"] });
            (200, steered.userinfo.clone().unwrap_or(same))
        }
        _ => (404, Value::Null),
    };
    let text = answer.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}
