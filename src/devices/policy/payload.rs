//! One usage report, as product instances by policy make it: a payload, of which every byte is signed. The shape is the
//! published one; the signature is our own (Ed25519), never the vendor's.
//!
//! The portal reads here, and `licentral device` writes here.

use super::super::model::{MOST_QUANTITY, Udi};
use crate::catalog::{entitlement_of, entitlement_tag, software_tag};
use crate::error::{Problems, Refusal};
use crate::kernel::Moment;
use crate::platform::signing::{FileKey, verify_file};
use crate::platform::token;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// What the signature of a payload says that it is for.
const SIGNED: &str = "licentral-usage+jws";
/// What the signature of an acknowledgement says that it is for.
const ACKNOWLEDGED: &str = "licentral-acknowledgement+jws";
/// By what a signature of ours is known in `signing_type`.
pub const SIGNING: &str = "licentral-ed25519";

/// One report as it came, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The text that was signed.
    pub payload: String,
    /// How.
    pub signing: String,
    /// With the other half of which key.
    pub key: String,
    /// The signature.
    pub value: String,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of which product instance.
    pub udi: Udi,
    /// The number that the product instance gave it.
    pub id: String,
    /// Of which license.
    pub entitlement: String,
    /// How many were in use at the end.
    pub quantity: i64,
    /// From when.
    pub began_at: Moment,
    /// Until when.
    pub ended_at: Moment,
    /// Which software the product instance runs, or "".
    pub software: String,
    /// SHA-256 of the payload, in hexadecimal.
    pub sha256: String,
    /// The public key of its signature; "" where a lab takes signatures that are not ours.
    pub key: String,
}

fn no(code: &'static str, says: impl Into<String>) -> Refusal {
    Refusal {
        code,
        says: says.into().into(),
    }
}

fn not_understood(why: &str) -> Refusal {
    no(
        "usage.not-understood",
        format!("This is no usage report: {why} Save the usage on the product instance again."),
    )
}

/// A signature without the text that it signs: whoever verifies has the text.
fn detached(signed: &str) -> Option<String> {
    let (message, signature) = signed.rsplit_once('.')?;
    let (header, _) = message.split_once('.')?;
    Some(format!("{header}..{signature}"))
}

fn fits(kind: &str, key: &str, value: &str, text: &str) -> bool {
    let Some((header, signature)) = value.split_once("..") else {
        return false;
    };
    let whole = format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(text.as_bytes()));
    verify_file(kind, key, &whole).as_deref() == Some(text)
}

fn time(value: &Value) -> Option<Moment> {
    match value {
        Value::String(text) => Moment::parse(text.trim()),
        Value::Number(seconds) => chrono::DateTime::from_timestamp(seconds.as_i64()?, 0).map(Moment::of),
        _ => None,
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

impl Sent {
    /// From the shape in which it travels: `payload` and `signature`, the latter with `signing_type`, `key` and `value`.
    pub fn of(shape: &Value) -> Result<Self, Refusal> {
        let payload = shape["payload"]
            .as_str()
            .ok_or_else(|| not_understood("it has no payload."))?;
        let signature = &shape["signature"];
        Ok(Self {
            payload: payload.to_owned(),
            signing: word(&signature["signing_type"]),
            key: word(&signature["key"]),
            value: word(&signature["value"]),
        })
    }

    /// The shape in which it travels.
    pub fn shape(&self) -> Value {
        json!({
            "payload": self.payload, "header": { "type": "rum" },
            "signature": { "signing_type": self.signing, "key": self.key, "value": self.value },
        })
    }

    /// Looks at the signature, and reads what was signed. `any` takes signatures that are not ours without a look.
    pub fn read(&self, any: bool) -> Result<Report, Refusal> {
        self.check(any)?;
        self.claims()
    }

    /// Looks at the signature alone.
    pub fn check(&self, any: bool) -> Result<(), Refusal> {
        let is_ours = self.signing == SIGNING;
        if is_ours && !fits(SIGNED, &self.key, &self.value, &self.payload) {
            return Err(no(
                "usage.bad-signature",
                "The signature does not fit: a byte of this report was changed since the product instance signed it. Save the usage on the product instance again, and send it as it is.",
            ));
        }
        if !is_ours && !any {
            return Err(no(
                "usage.foreign-signature",
                "This report was not signed by a simulated product instance, and other signatures cannot be verified here. A lab takes them unverified with accept_device_codes.",
            ));
        }
        Ok(())
    }

    /// Of which product instance it says that it is, at whose signature nobody has looked: good for putting reports in order,
    /// and for nothing else.
    pub fn named(&self) -> Option<Udi> {
        let named: Named = serde_json::from_str(&self.payload).ok()?;
        udi(&named.asset_identification.instance.sudi)
    }

    /// What it says, whoever signed it.
    fn claims(&self) -> Result<Report, Refusal> {
        let mut report = read(&self.payload)?;
        if self.signing == SIGNING {
            report.key.clone_from(&self.key);
        }
        Ok(report)
    }
}

/// As much of a payload as names its product instance; the rest is passed over.
#[derive(serde::Deserialize)]
struct Named {
    asset_identification: NamedAsset,
}
#[derive(serde::Deserialize)]
struct NamedAsset {
    instance: NamedInstance,
}
#[derive(serde::Deserialize)]
struct NamedInstance {
    sudi: Value,
}

fn udi(sudi: &Value) -> Option<Udi> {
    Udi::parse(
        &word(&sudi["udi_pid"]),
        &word(&sudi["udi_serial_number"]),
        &mut Problems::default(),
    )
}

/// What stands there; `null` for nothing.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn read(payload: &str) -> Result<Report, Refusal> {
    let value: Value =
        serde_json::from_str(payload).map_err(|_| not_understood("its payload is no JSON."))?;
    let sudi = at(&value, "/asset_identification/instance/sudi");
    let meta = at(&value, "/meta");
    let udi = udi(sudi).ok_or_else(|| not_understood("udi_pid or udi_serial_number is missing."))?;
    let id = word(&meta["report_id"]);
    let good = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
    };
    if !good(&id, 40) {
        return Err(not_understood("report_id is missing."));
    }
    let entitlement = entitlement_of(&word(&meta["entitlement_tag"]));
    if !good(&entitlement, 100) {
        return Err(not_understood("entitlement_tag is missing, or is no tag."));
    }
    let measured = at(&value, "/measurements")
        .as_array()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| not_understood("it has no measurements."))?;
    let (mut began, mut latest): (Option<Moment>, Option<(Moment, i64)>) = (None, None);
    for one in measured {
        let (from, until) = (time(&one["start_time"]), time(&one["end_time"]));
        let (Some(from), Some(until)) = (from, until) else {
            return Err(not_understood("a measurement has no start_time or end_time."));
        };
        let quantity = word(at(one, "/value/value"))
            .parse::<i64>()
            .ok()
            .filter(|n| (0..=MOST_QUANTITY).contains(n))
            .ok_or_else(|| not_understood("a count is no whole number from 0 to 1,000,000."))?;
        if until < from {
            return Err(not_understood("a measurement ends before it begins."));
        }
        began = Some(began.map_or(from, |began| began.min(from)));
        if latest.is_none_or(|(end, _)| until >= end) {
            latest = Some((until, quantity));
        }
    }
    let (Some(began_at), Some((ended_at, quantity))) = (began, latest) else {
        return Err(not_understood("it has no measurements."));
    };
    Ok(Report {
        udi,
        id,
        entitlement,
        quantity,
        began_at,
        ended_at,
        software: word(&meta["software_version"]).chars().take(100).collect(),
        sha256: token::fingerprint(payload.as_bytes()),
        key: String::new(),
    })
}

impl Report {
    /// Makes the payload of a report and signs it: what a simulated product instance sends.
    pub fn sign(&self, key: &FileKey) -> crate::error::Result<Sent> {
        let count = json!({ "type": "COUNT", "value": self.quantity.to_string() });
        let payload = json!({
            "asset_identification": {
                "asset": { "name": software_tag(&self.udi.pid) },
                "instance": { "sudi": { "udi_pid": self.udi.pid, "udi_serial_number": self.udi.serial } },
                "signature": null,
            },
            "meta": {
                "entitlement_tag": entitlement_tag(&self.entitlement), "report_id": self.id,
                "software_version": self.software, "ha_udi": [],
            },
            "measurements": [{
                "log_time": self.ended_at.utc().timestamp(), "metric_name": "ENTITLEMENT",
                "start_time": self.began_at, "end_time": self.ended_at, "sample_interval": 900, "num_samples": 1,
                "meta": { "termination_reason": "CurrentUsageRequested" }, "value": count,
            }],
        })
        .to_string();
        let value = detached(&key.sign_file(SIGNED, &payload)?).unwrap_or_default();
        Ok(Sent {
            signing: SIGNING.to_owned(),
            key: key.public_key().to_owned(),
            value,
            payload,
        })
    }
}

/// What the portal acknowledges of one product instance: the document that it imports.
pub fn acknowledgement(key: &FileKey, udi: &Udi, facts: &Value) -> crate::error::Result<String> {
    let mut said = json!({ "sudi": { "udi_pid": udi.pid, "udi_serial_number": udi.serial } });
    if let (Some(said), Some(facts)) = (said.as_object_mut(), facts.as_object()) {
        said.extend(facts.clone());
    }
    // Nothing in it can end its section early.
    let data = said.to_string().replace('>', "\\u003e");
    let value = detached(&key.sign_file(ACKNOWLEDGED, &data)?).unwrap_or_default();
    Ok(format!(
        "<smartLicenseRumAck><data><![CDATA[{data}]]></data><signature><signingType>{SIGNING}</signingType><key>{}</key><value>{value}</value></signature></smartLicenseRumAck>",
        key.public_key()
    ))
}

/// What stands between two texts, and what follows.
fn between<'a>(text: &'a str, begins: &str, ends: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = text.split_once(begins)?;
    rest.split_once(ends)
}

/// What the acknowledgements in a file say whose signature fits, with the key of each.
pub fn acknowledged(file: &str) -> Vec<(Value, String)> {
    acknowledgements_in(file)
        .into_iter()
        .map(|(said, key, _)| (said, key))
        .collect()
}

/// The same, each with its own text.
pub fn acknowledgements_in(file: &str) -> Vec<(Value, String, String)> {
    const BEGINS: &str = "<smartLicenseRumAck>";
    const ENDS: &str = "</smartLicenseRumAck>";
    let mut found = Vec::new();
    let mut rest = file;
    while let Some((one, after)) = between(rest, BEGINS, ENDS) {
        rest = after;
        let Some((data, signature)) = between(one, "<data><![CDATA[", "]]></data>") else {
            continue;
        };
        let part = |begins, ends| between(signature, begins, ends).map_or("", |(text, _)| text);
        let (key, value) = (part("<key>", "</key>"), part("<value>", "</value>"));
        if let Ok(said) = serde_json::from_str(data)
            && fits(ACKNOWLEDGED, key, value, data)
        {
            found.push((said, key.to_owned(), format!("{BEGINS}{one}{ENDS}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report() -> Report {
        let at = Moment::parse("2026-01-01T00:00:00Z").unwrap();
        Report {
            udi: Udi {
                pid: "C9200-48P-E".to_owned(),
                serial: "FOC1".to_owned(),
            },
            id: "17".to_owned(),
            entitlement: "c9200-ne-48".to_owned(),
            quantity: 3,
            began_at: at,
            ended_at: at.plus(chrono::TimeDelta::days(1)),
            software: "17.12.4".to_owned(),
            sha256: String::new(),
            key: String::new(),
        }
    }

    #[test]
    fn what_was_signed_is_read_and_no_byte_of_it_can_be_changed() {
        let (key, _) = FileKey::make().unwrap();
        let sent = report().sign(&key).unwrap();
        let read = sent.read(false).unwrap();
        assert_eq!(
            (read.id.as_str(), read.entitlement.as_str(), read.quantity),
            ("17", "c9200-ne-48", 3)
        );
        assert_eq!(read.key, key.public_key());
        assert_eq!(sent.named(), Some(read.udi));
        assert_eq!(Sent::of(&sent.shape()).unwrap(), sent);
        for at in 0..sent.payload.len() {
            let mut bent = sent.clone();
            let mut bytes = bent.payload.into_bytes();
            bytes[at] ^= 1;
            bent.payload = String::from_utf8(bytes).unwrap();
            assert_eq!(bent.read(false).unwrap_err().code, "usage.bad-signature");
        }
        let blank = Sent {
            payload: format!("{} ", sent.payload),
            ..sent.clone()
        };
        assert_eq!(blank.read(true).unwrap_err().code, "usage.bad-signature");
        let foreign = Sent {
            signing: "builtin".to_owned(),
            ..sent
        };
        assert_eq!(foreign.read(false).unwrap_err().code, "usage.foreign-signature");
        assert_eq!(foreign.read(true).unwrap().key, "");
    }

    #[test]
    fn an_acknowledgement_says_what_was_signed_alone() {
        let (key, _) = FileKey::make().unwrap();
        let udi = Udi {
            pid: "A]]>B".to_owned(),
            serial: "1".to_owned(),
        };
        let text = acknowledgement(&key, &udi, &json!({ "report_ids": ["17"] })).unwrap();
        let said = acknowledged(&format!("<smartLicense>{text}{text}</smartLicense>"));
        assert_eq!(said.len(), 2);
        assert_eq!(said[0].0["sudi"]["udi_pid"], "A]]>B");
        assert_eq!(said[0].1, key.public_key());
        assert!(acknowledged(&text.replace("17", "18")).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_or_refused(text in "\\PC*", n in any::<f64>()) {
            let _ = read(&text);
            let _ = acknowledged(&text);
            let mut value: Value = serde_json::from_str(&report().sign(&FileKey::make().unwrap().0).unwrap().payload).unwrap();
            value["measurements"][0]["start_time"] = json!(n);
            let _ = read(&value.to_string());
        }
    }
}
