//! The one place that signs and verifies: emailed links, API access tokens, and the files that travel between an
//! On-Prem server and the cloud.
//!
//! Ed25519 only. A token's own header never chooses the algorithm; its purpose stands in `aud`, so that a
//! token made for one thing opens nothing else.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::{private, token};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Signs, verifies and seals with the keys of this installation.
pub struct Signing {
    encoding: EncodingKey,
    decoding: DecodingKey,
    key_id: String,
    /// By what the file itself is called.
    file_id: String,
    /// For form tokens and one-shot cookies.
    pub seal_key: [u8; 32],
    issuer: String,
    /// Signs files.
    files: FileKey,
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signing({})", self.key_id)
    }
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// Whom or what it is about.
    pub sub: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
}

/// The keys as the key file holds them.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    /// PKCS#8 of the Ed25519 key, base64.
    ed25519: String,
    /// 32 bytes, base64.
    seal: String,
}

impl Signing {
    /// Reads the key file, or makes it when it is not there and `may_make`.
    pub fn open(path: &Path, may_make: bool, issuer: &str) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && may_make => Self::make_file(path)?,
            Err(e) => return Err(format!("cannot read the key file {}: {e}", path.display())),
        };
        let wrong = |what: &str| format!("the key file {} is damaged: {what}", path.display());
        let file: KeyFile = serde_json::from_str(&text).map_err(|e| wrong(&e.to_string()))?;
        let pkcs8 = data_encoding::BASE64
            .decode(file.ed25519.as_bytes())
            .map_err(|_| wrong("ed25519 is not base64"))?;
        let seal = data_encoding::BASE64
            .decode(file.seal.as_bytes())
            .map_err(|_| wrong("seal is not base64"))?;
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).map_err(|_| wrong("not an Ed25519 key"))?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            file_id: short_id(&[public, &seal].concat()),
            encoding: EncodingKey::from_ed_der(&pkcs8),
            decoding: DecodingKey::from_ed_der(public),
            key_id: short_id(public),
            seal_key: seal.try_into().map_err(|_| wrong("seal is not 32 bytes"))?,
            issuer: issuer.to_owned(),
            files: FileKey::of(&pkcs8).ok_or_else(|| wrong("not an Ed25519 key"))?,
        })
    }

    /// By what the key file is called: two files with one name hold the same keys. It gives nothing of them away.
    pub fn file_id(&self) -> &str {
        &self.file_id
    }

    /// Signs files of this installation, and says with which public key they are verified.
    pub fn files(&self) -> &FileKey {
        &self.files
    }

    /// Writes a new key file, readable by its owner alone. Another process may have been quicker: then its file counts.
    fn make_file(path: &Path) -> Result<String, String> {
        use std::io::Write;
        let document = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new())
            .map_err(|_| "no key could be made".to_owned())?;
        let file = KeyFile {
            ed25519: data_encoding::BASE64.encode(document.as_ref()),
            seal: data_encoding::BASE64.encode(&token::random_bytes::<32>()),
        };
        let text = serde_json::to_string_pretty(&file).map_err(|e| e.to_string())?;
        let cannot = |e: std::io::Error| format!("cannot write the key file {}: {e}", path.display());
        // Written beside and moved into place without overwriting, so that a reader never sees half a file.
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let mut out = private::writing()
            .create(true)
            .truncate(true)
            .open(&beside)
            .map_err(cannot)?;
        out.write_all(text.as_bytes())
            .and_then(|()| out.sync_all())
            .map_err(cannot)?;
        let linked = std::fs::hard_link(&beside, path);
        let _ = std::fs::remove_file(&beside);
        match linked {
            Ok(()) => Ok(text),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                std::fs::read_to_string(path).map_err(cannot)
            }
            Err(e) => Err(cannot(e)),
        }
    }

    /// Signs a token for one purpose. `kind` is the header's `typ`.
    pub fn sign(
        &self,
        kind: &str,
        purpose: &str,
        subject: &str,
        now: Moment,
        expires: Moment,
    ) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.key_id.clone());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: purpose.to_owned(),
            sub: subject.to_owned(),
            exp: expires.utc().timestamp(),
            nbf: now.utc().timestamp(),
            iat: now.utc().timestamp(),
            jti: token::random().chars().take(22).collect(),
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(Error::internal)
    }

    /// Reads a token made for this purpose by this installation; nothing when anything about it is wrong.
    /// Times are compared here and not by the library, since portal time may be virtual.
    pub fn verify(&self, kind: &str, purpose: &str, token: &str, now: Moment) -> Option<Claims> {
        const SKEW: i64 = 5;
        /// A system's clock that is set is set back at times: what was signed before still counts.
        const SET_BACK: i64 = 60;
        let claims = self.verify_whenever(kind, purpose, token)?;
        let now = now.utc().timestamp();
        (claims.exp > now - SKEW && claims.nbf <= now + SET_BACK).then_some(claims)
    }

    /// For what a token says that it was made. Nothing is verified: this only tells with which question to go on.
    pub fn claimed_purpose(token: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Claimed {
            aud: String,
        }
        let (_, rest) = token.split_once('.')?;
        let (claims, _) = rest.split_once('.')?;
        let bytes = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
        serde_json::from_slice(&bytes)
            .ok()
            .map(|claimed: Claimed| claimed.aud)
    }

    /// The key under which things of one kind are locked, derived from the installation's own: what locks one kind
    /// opens no other.
    fn lock_of(&self, kind: &str) -> Option<RandomizedNonceKey> {
        let mut key = [0; 32];
        Salt::new(HKDF_SHA256, b"licentral locked text 1")
            .extract(&self.seal_key)
            .expand(&[kind.as_bytes()], HKDF_SHA256)
            .and_then(|expanded| expanded.fill(&mut key))
            .ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &key).ok()
    }

    /// Locks a text that has to be read again later: encrypted, and bound to what it belongs to, so that one row's
    /// text means nothing in another row.
    pub fn lock(&self, kind: &str, about: &str, text: &str) -> Result<String> {
        let locked = || {
            let mut bytes = text.as_bytes().to_vec();
            let nonce = self
                .lock_of(kind)?
                .seal_in_place_append_tag(Aad::from(about.as_bytes()), &mut bytes)
                .ok()?;
            let mut whole = nonce.as_ref().to_vec();
            whole.append(&mut bytes);
            Some(data_encoding::BASE64URL_NOPAD.encode(&whole))
        };
        locked().ok_or_else(|| Error::internal("a text could not be locked"))
    }

    /// Reads what [`Signing::lock`] has locked for the same thing; nothing when it was altered, belongs to another, or
    /// was locked under another installation's key.
    pub fn unlock(&self, kind: &str, about: &str, locked: &str) -> Option<String> {
        let whole = data_encoding::BASE64URL_NOPAD.decode(locked.as_bytes()).ok()?;
        let (nonce, bytes) = whole.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = bytes.to_vec();
        let text = self
            .lock_of(kind)?
            .open_in_place(nonce, Aad::from(about.as_bytes()), &mut bytes)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    /// As [`Signing::verify`], whether or not the token's time has come or gone: only for telling the one it
    /// was made for what has become of the matter.
    pub fn verify_whenever(&self, kind: &str, purpose: &str, token: &str) -> Option<Claims> {
        if token.len() > 2000 {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(kind) || header.kid.as_deref() != Some(self.key_id.as_str()) {
            return None;
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        rules.set_audience(&[purpose]);
        rules.set_issuer(&[&self.issuer]);
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules)
            .ok()?
            .claims;
        Some(claims)
    }
}

/// A key that signs files: the installation's own, or one that an On-Prem server makes and keeps.
pub struct FileKey {
    encoding: EncodingKey,
    public: String,
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKey({})", file_key_id(&self.public).unwrap_or_default())
    }
}

/// What the first part of a signed file's header says. Nothing else is taken there.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    alg: Algorithm,
    typ: String,
    kid: String,
}

impl FileKey {
    /// Makes a new one: the key, and the text by which [`FileKey::kept`] finds it again. The text is a secret.
    pub fn make() -> Result<(Self, crate::kernel::Secret)> {
        let document = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new())
            .map_err(|_| Error::internal("no key could be made"))?;
        let key = Self::of(document.as_ref()).ok_or_else(|| Error::internal("no key could be made"))?;
        Ok((
            key,
            crate::kernel::Secret::new(data_encoding::BASE64.encode(document.as_ref())),
        ))
    }

    /// The key that was made before.
    pub fn kept(text: &crate::kernel::Secret) -> Option<Self> {
        Self::of(&data_encoding::BASE64.decode(text.reveal().as_bytes()).ok()?)
    }

    fn of(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        Some(Self {
            encoding: EncodingKey::from_ed_der(pkcs8),
            public: data_encoding::BASE64URL_NOPAD.encode(pair.public_key().as_ref()),
        })
    }

    /// Its public half, base64url without padding.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// Signs a text: a compact JWS whose `typ` says for what it is.
    pub fn sign_file(&self, kind: &str, payload: &str) -> Result<String> {
        let header = serde_json::to_vec(&FileHeader {
            alg: Algorithm::EdDSA,
            typ: kind.to_owned(),
            kid: file_key_id(&self.public).unwrap_or_default(),
        })
        .map_err(Error::internal)?;
        let b64 = data_encoding::BASE64URL_NOPAD;
        let message = format!("{}.{}", b64.encode(&header), b64.encode(payload.as_bytes()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.encoding, Algorithm::EdDSA)
            .map_err(Error::internal)?;
        Ok(format!("{message}.{signature}"))
    }
}

fn short_id(bytes: &[u8]) -> String {
    token::fingerprint(bytes).chars().take(16).collect()
}

/// By what a public key is called in a file: the first 16 hexadecimal digits of its SHA-256. Nothing when it is no key.
pub fn file_key_id(public_key: &str) -> Option<String> {
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(public_key.as_bytes())
        .ok()?;
    (bytes.len() == 32).then(|| short_id(&bytes))
}

/// What a signed text says, when it was signed with the other half of this key and for this purpose, and not a bit of
/// it was changed since; otherwise nothing. There is one spelling of each signed text: the unused bits at the end of a
/// base64url part have to be zero.
pub fn verify_file(kind: &str, public_key: &str, signed: &str) -> Option<String> {
    let b64 = data_encoding::BASE64URL_NOPAD;
    let key_id = file_key_id(public_key)?;
    let key = DecodingKey::from_ed_der(&b64.decode(public_key.as_bytes()).ok()?);
    let (message, signature) = signed.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    b64.decode(signature.as_bytes()).ok()?;
    let said: FileHeader = serde_json::from_slice(&b64.decode(header.as_bytes()).ok()?).ok()?;
    if said.alg != Algorithm::EdDSA || said.typ != kind || said.kid != key_id {
        return None;
    }
    let good =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::EdDSA).unwrap_or(false);
    let payload = b64.decode(payload.as_bytes()).ok()?;
    good.then(|| String::from_utf8(payload).ok())?
}

/// What a signed text claims, and nobody has verified: good for finding the key with which to verify it, and for
/// nothing else.
pub fn claimed_in_file(signed: &str) -> Option<String> {
    let payload = signed.split('.').nth(1)?;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_signed_text_is_good_for_its_kind_and_its_key_and_only_unaltered() {
        let (ours, secret) = FileKey::make().unwrap();
        let (theirs, _) = FileKey::make().unwrap();
        let again = FileKey::kept(&secret).unwrap();
        assert_eq!(again.public_key(), ours.public_key());
        let signed = ours.sign_file("a+jws", r#"{"n":1}"#).unwrap();
        assert_eq!(
            again.sign_file("a+jws", r#"{"n":1}"#).unwrap(),
            signed,
            "the same each time"
        );
        assert_eq!(
            verify_file("a+jws", ours.public_key(), &signed).as_deref(),
            Some(r#"{"n":1}"#)
        );
        assert_eq!(claimed_in_file(&signed).as_deref(), Some(r#"{"n":1}"#));
        assert!(
            verify_file("b+jws", ours.public_key(), &signed).is_none(),
            "another kind"
        );
        assert!(
            verify_file("a+jws", theirs.public_key(), &signed).is_none(),
            "another key"
        );
        assert!(verify_file("a+jws", "", &signed).is_none(), "no key");
        for at in 0..signed.len() {
            for bit in 0..8 {
                let mut bent = signed.clone().into_bytes();
                bent[at] ^= 1 << bit;
                let Ok(bent) = String::from_utf8(bent) else {
                    continue;
                };
                assert!(
                    verify_file("a+jws", ours.public_key(), &bent).is_none(),
                    "bit {bit} of {at}"
                );
            }
            assert!(
                verify_file("a+jws", ours.public_key(), &signed[..at]).is_none(),
                "cut at {at}"
            );
        }
        let b64 = data_encoding::BASE64URL_NOPAD;
        let none = b64.encode(br#"{"alg":"none","typ":"a+jws","kid":""}"#);
        let hs = b64.encode(
            format!(
                r#"{{"alg":"HS256","typ":"a+jws","kid":"{}"}}"#,
                file_key_id(ours.public_key()).unwrap()
            )
            .as_bytes(),
        );
        let payload = signed.split('.').nth(1).unwrap();
        assert!(verify_file("a+jws", ours.public_key(), &format!("{none}.{payload}.")).is_none());
        assert!(verify_file("a+jws", ours.public_key(), &format!("{hs}.{payload}.AAAA")).is_none());
    }

    fn signing(name: &str) -> Signing {
        let path = std::env::temp_dir().join(format!("licentral-{}-{name}.key", std::process::id()));
        let made = Signing::open(&path, true, "http://127.0.0.1").unwrap();
        std::fs::remove_file(path).unwrap();
        made
    }

    #[test]
    fn what_is_locked_opens_for_the_same_thing_and_under_the_same_key_alone() {
        let (ours, theirs) = (signing("c"), signing("d"));
        let locked = ours.lock("token", "row 1", "the text").unwrap();
        assert_eq!(
            ours.unlock("token", "row 1", &locked).as_deref(),
            Some("the text")
        );
        assert_ne!(
            ours.lock("token", "row 1", "the text").unwrap(),
            locked,
            "never the same twice"
        );
        assert!(ours.unlock("token", "row 2", &locked).is_none(), "another row");
        assert!(ours.unlock("code", "row 1", &locked).is_none(), "another kind");
        assert!(theirs.unlock("token", "row 1", &locked).is_none(), "another key");
        for at in 0..locked.len() - 1 {
            let mut bent: Vec<char> = locked.chars().collect();
            bent[at] = if bent[at] == 'A' { 'B' } else { 'A' };
            let bent: String = bent.into_iter().collect();
            assert!(ours.unlock("token", "row 1", &bent).is_none(), "altered at {at}");
        }
        for short in ["", "AAAA", "not base64!"] {
            assert!(ours.unlock("token", "row 1", short).is_none());
        }
    }

    #[test]
    fn a_token_opens_what_it_was_made_for_and_nothing_else() {
        let (ours, theirs) = (signing("a"), signing("b"));
        let now = crate::kernel::Clock::new().now();
        let token = ours
            .sign("link+jwt", "decide", "row", now, now.plus(TimeDelta::hours(1)))
            .unwrap();
        assert_eq!(ours.verify("link+jwt", "decide", &token, now).unwrap().sub, "row");
        assert!(
            ours.verify("link+jwt", "reset", &token, now).is_none(),
            "another purpose"
        );
        assert!(
            ours.verify("at+jwt", "decide", &token, now).is_none(),
            "another kind"
        );
        assert!(
            theirs.verify("link+jwt", "decide", &token, now).is_none(),
            "another key"
        );
        assert!(
            ours.verify("link+jwt", "decide", &token, now.plus(TimeDelta::hours(2)))
                .is_none(),
            "expired"
        );
        assert!(
            ours.verify("link+jwt", "decide", &token, now.plus(TimeDelta::seconds(-55)))
                .is_some(),
            "the clock was set back"
        );
        assert!(
            ours.verify("link+jwt", "decide", &token, now.plus(TimeDelta::seconds(-65)))
                .is_none(),
            "not yet"
        );
        // The signature's last character holds padding bits, so it is left out.
        for at in 0..token.len() - 2 {
            let mut bent: Vec<char> = token.chars().collect();
            bent[at] = if bent[at] == 'A' { 'B' } else { 'A' };
            assert!(
                ours.verify("link+jwt", "decide", &bent.into_iter().collect::<String>(), now)
                    .is_none(),
                "altered at {at}"
            );
        }
        let parts: Vec<&str> = token.split('.').collect();
        let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"typ":"link+jwt","alg":"none"}"#);
        assert!(
            ours.verify("link+jwt", "decide", &format!("{none}.{}.", parts[1]), now)
                .is_none()
        );
    }
}
