//! What is kept of a webhook, how it is read from what somebody typed, and how it signs.

use crate::error::{Error, Problems, Result};
use crate::kernel::event::Kind;
use crate::kernel::ids::{DeliveryId, EventId, SmartAccountId, WebhookId};
use crate::kernel::{Moment, Name};
use crate::platform::reach::Reach;
use crate::platform::token;
use chrono::TimeDelta;

/// So many webhooks an account has at most.
pub const MOST: usize = 20;
/// So many events are told once more at a time.
pub const MOST_REPLAYED: usize = 10_000;
/// So long the former secret still signs, by wall time.
pub const ROTATION: TimeDelta = TimeDelta::hours(24);
/// A receiver that looks takes no signature that is older, or newer, than this.
pub const TOLERANCE: i64 = 300;

/// The header that names the delivery.
pub const DELIVERY: &str = "Licentral-Delivery";
/// The header that names the webhook.
pub const WEBHOOK: &str = "Licentral-Webhook";
/// The header that names the kind of event.
pub const EVENT: &str = "Licentral-Event";
/// The header with the time and the signatures.
pub const SIGNATURE: &str = "Licentral-Signature";

/// Where an account wants to be told of its events.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Webhook {
    pub id: WebhookId,
    pub account: SmartAccountId,
    pub name: String,
    pub url: String,
    /// Kinds and groups of them, with spaces between them; empty for all.
    pub kinds: String,
    pub is_on: bool,
    /// Locked.
    pub secret: String,
    /// Locked; empty when there is none.
    pub former_secret: String,
    /// Until then the former one signs as well, by wall time.
    pub former_until: Option<Moment>,
    pub created_at: Moment,
    pub version: i64,
}

impl Webhook {
    /// The kinds, one by one.
    pub fn kinds(&self) -> Vec<String> {
        self.kinds.split_whitespace().map(str::to_owned).collect()
    }
    /// Where it goes, for the record: a query may hold a secret of the receiver's.
    pub fn place(&self) -> String {
        match self.url.split_once('?') {
            Some((place, _)) => format!("{place}?\u{2026}"),
            None => self.url.clone(),
        }
    }
    /// What the record keeps.
    pub fn facts(&self) -> serde_json::Value {
        serde_json::json!({ "name": self.name, "address": self.place(), "kinds": self.kinds(), "is_on": self.is_on })
    }
}

crate::words! {
    /// What became of a delivery.
    pub enum State {
        /// It is tried, or will be.
        Waiting = "waiting", "Waiting";
        /// The receiver took it.
        Delivered = "delivered", "Delivered";
        /// It is not tried any more by itself.
        GivenUp = "given-up", "Given up";
    }
}

impl State {
    /// The colour of its badge.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Waiting => "info",
            Self::Delivered => "ok",
            Self::GivenUp => "bad",
        }
    }
}

/// An event that a webhook is told.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Delivery {
    pub id: DeliveryId,
    pub event: EventId,
    pub kind: Kind,
    pub is_replay: bool,
    /// Not before, by wall time.
    pub not_before: Moment,
    pub attempts: i32,
    pub sent_at: Option<Moment>,
    pub gave_up_at: Option<Moment>,
    pub last_problem: String,
    /// The status of the newest answer.
    pub last_status: Option<i32>,
    /// The beginning of its body.
    pub last_answer: String,
    pub took_ms: Option<i32>,
    /// Of the newest try, by wall time.
    pub tried_at: Option<Moment>,
    pub created_at: Moment,
}

impl Delivery {
    /// What became of it.
    pub fn state(&self) -> State {
        if self.sent_at.is_some() {
            State::Delivered
        } else if self.gave_up_at.is_some() {
            State::GivenUp
        } else {
            State::Waiting
        }
    }
}

/// How many deliveries of a webhook are in which state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub waiting: u64,
    pub delivered: u64,
    pub given_up: u64,
}

/// A webhook as somebody wants it.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub name: Name,
    pub url: String,
    pub kinds: String,
    pub is_on: bool,
}

impl Wanted {
    /// Reads what was typed.
    pub fn read(reach: &Reach, name: &str, url: &str, typed: &str, is_on: bool) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Name"));
        let url = problems.take("url", reach.url(url));
        let kinds = problems.take("kinds", kinds(typed));
        match (name, url, kinds) {
            (Some(name), Some(url), Some(kinds)) => Ok(Self {
                name,
                url,
                kinds,
                is_on,
            }),
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// Reads kinds of events, with spaces, commas or line ends between them.
pub fn kinds(typed: &str) -> Result<String, String> {
    let mut named: Vec<&str> = Vec::new();
    for one in typed
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|one| !one.is_empty())
    {
        if one != "*" && !Kind::ALL.iter().any(|kind| kind.is_among(one)) {
            return Err(format!(
                "There is no kind of event {one:?}. Use a kind such as licenses.out-of-compliance, or a group such as licenses.*."
            ));
        }
        if !named.contains(&one) {
            named.push(one);
        }
    }
    if named.contains(&"*") {
        return Ok(String::new());
    }
    let kinds = named.join(" ");
    if kinds.len() > 4_000 {
        return Err("Name groups such as licenses.*, or leave it empty for all kinds.".to_owned());
    }
    Ok(kinds)
}

/// A new secret. Its beginning lets people and scanners of source code see what they have found.
pub fn new_secret() -> String {
    format!("lcw_{}", token::random())
}

/// What stands in the header: a time, and a signature with each secret that is good now.
pub fn signature(secrets: &[String], at: Moment, body: &str) -> String {
    let time = at.utc().timestamp();
    let mut header = format!("t={time}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&token::hex_mac(secret.as_bytes(), &format!("{time}.{body}")));
    }
    header
}

/// Whether a header was made with one of these secrets for this body, a short while ago.
pub fn fits(header: &str, secrets: &[String], wall: Moment, body: &str) -> Result<(), &'static str> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = value.parse::<i64>().ok(),
            Some(("v1", value)) => signatures.push(value),
            _ => {}
        }
    }
    let Some(time) = time else {
        return Err("There is no signature.");
    };
    if (wall.utc().timestamp() - time).abs() > TOLERANCE {
        return Err("The signature is older than five minutes.");
    }
    let good = secrets.iter().any(|secret| {
        let made = token::hex_mac(secret.as_bytes(), &format!("{time}.{body}"));
        signatures.iter().any(|given| token::same(given, &made))
    });
    if good {
        Ok(())
    } else {
        Err("The signature does not fit the secret and the body.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Moment {
        Moment::parse("2026-11-28T12:00:00Z").unwrap()
    }

    #[test]
    fn a_signature_is_good_for_its_secret_its_body_and_a_short_while() {
        let header = signature(&["one".to_owned(), "two".to_owned()], noon(), "{}");
        // Made with another program: printf '1795867200.{}' | openssl dgst -sha256 -hmac one
        let first = "t=1795867200,v1=7f0817769085fa86992d52c83bd5f63586d5efc13c0d3060a51e1b8dae6e1d8c,v1=";
        assert!(header.starts_with(first), "{header}");
        let holds =
            |secret: &str, at: Moment, body: &str| fits(&header, &[secret.to_owned()], at, body).is_ok();
        assert!(
            holds("one", noon(), "{}") && holds("two", noon(), "{}"),
            "while the secret is rotated"
        );
        assert!(!holds("three", noon(), "{}") && !holds("one", noon(), "{ }"));
        assert!(!holds("one", noon().plus(TimeDelta::seconds(301)), "{}"));
        assert!(!holds("one", noon().plus(TimeDelta::seconds(-301)), "{}"));
        assert!(fits("", &["one".to_owned()], noon(), "{}").is_err());
        assert!(fits("t=1795867200", &["one".to_owned()], noon(), "{}").is_err());
    }

    #[test]
    fn kinds_are_those_that_there_are() {
        assert_eq!(
            kinds(" order.received,\nlicenses.* order.received ").unwrap(),
            "order.received licenses.*"
        );
        assert_eq!(kinds("").unwrap(), "");
        assert_eq!(kinds("* order.received").unwrap(), "");
        for bad in ["order.recieved", "licences.*", "Order.received", "order", "'"] {
            assert!(kinds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_record_keeps_no_query() {
        let mut hook = Webhook {
            id: WebhookId::new(),
            account: SmartAccountId::new(),
            name: "x".to_owned(),
            url: "https://a.example/hook?token=secret".to_owned(),
            kinds: String::new(),
            is_on: true,
            secret: String::new(),
            former_secret: String::new(),
            former_until: None,
            created_at: noon(),
            version: 1,
        };
        assert!(!hook.facts().to_string().contains("token"));
        hook.url = "https://a.example/hook".to_owned();
        assert_eq!(hook.place(), hook.url);
    }
}
