//! The ID token: its signature, and everything that makes it one for this portal and this sign-in (OpenID Connect Core 1.0,
//! section 3.1.3.7).

use super::claims::Said;
use super::{Failed, Provider};
use crate::kernel::Moment;
use crate::platform::token;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};

/// Clocks may be so far apart, in seconds.
const SKEW: i64 = 60;

/// Whether a key is for signatures of this kind. Keys that are shared secrets are for none: whoever verifies with one could
/// sign with it.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm as A;
    let is_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512
        ),
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => algorithm == A::ES256,
            EllipticCurve::P384 => algorithm == A::ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(pair) => {
            matches!(pair.curve, EllipticCurve::Ed25519) && algorithm == A::EdDSA
        }
        _ => false,
    };
    let is_named = key
        .common
        .key_algorithm
        .as_ref()
        .is_none_or(|named| format!("{named:?}") == format!("{algorithm:?}"));
    let is_for_signing = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    is_kind && is_named && is_for_signing
}

/// The key that a token names; without a name, the only one that fits.
fn pick<'k>(keys: &'k [Jwk], header: &Header) -> Option<&'k Jwk> {
    let mut fitting = keys.iter().filter(|key| fits(key, header.alg));
    if let Some(id) = &header.kid {
        return fitting.find(|key| key.common.key_id.as_ref() == Some(id));
    }
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

impl Provider {
    fn key_of(&self, header: &Header) -> Result<DecodingKey, Failed> {
        let mut keys = self.keys()?;
        if pick(&keys, header).is_none()
            && let Some(more) = self.keys_once_more()?
        {
            keys = more;
        }
        let key = pick(&keys, header).ok_or(Failed::Wrong("its key is not one of the provider's"))?;
        DecodingKey::from_jwk(key).map_err(|_| Failed::Wrong("its key cannot be read"))
    }

    /// What a token says, when it was signed by the provider for this portal, for this sign-in, and a short while ago.
    pub(super) fn verify(&self, id_token: &str, nonce: &str, wall: Moment) -> Result<Said, Failed> {
        let header = jsonwebtoken::decode_header(id_token)
            .map_err(|_| Failed::Wrong("the ID token cannot be read"))?;
        let key = self.key_of(&header)?;
        let client = self.settings.client_id.as_str();
        let mut rules = Validation::new(header.alg);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        rules.set_audience(&[client]);
        rules.set_issuer(&[self.issuer()]);
        // By the portal's own clock, below.
        rules.validate_exp = false;
        let said = jsonwebtoken::decode::<Said>(id_token, &key, &rules)
            .map_err(|e| Failed::Wrong(words(e.kind())))?
            .claims;
        let now = wall.utc().timestamp();
        if said.iss != self.issuer() {
            return Err(Failed::Wrong("the ID token is from another issuer"));
        }
        if said.exp <= now - SKEW {
            return Err(Failed::Wrong("the ID token is expired"));
        }
        if said.iat > now + SKEW {
            return Err(Failed::Wrong("the ID token is from the future"));
        }
        let is_shared = said.aud.as_array().is_some_and(|all| all.len() > 1);
        if said.azp.as_deref().is_some_and(|azp| azp != client) || (is_shared && said.azp.is_none()) {
            return Err(Failed::Wrong("the ID token was made for another client"));
        }
        if !token::same(said.nonce.as_deref().unwrap_or_default(), nonce) {
            return Err(Failed::Wrong("the ID token belongs to another sign-in"));
        }
        if said.sub.is_empty() || said.sub.chars().count() > 255 {
            return Err(Failed::Wrong("the ID token names nobody"));
        }
        Ok(said)
    }
}

/// In words for the record.
fn words(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind as K;
    match kind {
        K::InvalidSignature => "the signature of the ID token does not hold",
        K::InvalidIssuer => "the ID token is from another issuer",
        K::InvalidAudience => "the ID token was made for another client",
        _ => "the ID token cannot be read",
    }
}
