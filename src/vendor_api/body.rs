//! What scripts send: JSON, a form, `null`, `""` or nothing; numbers as numbers or as text; limits in the body or in the
//! address.

use crate::error::{Error, Result};
use crate::http::form::{LIST_LIMIT, RawBody};
use crate::http::surface::plain;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde_json::{Map, Value};
use std::future::Future;
use std::pin::Pin;

/// How many rows a list has when nothing is said.
const USUAL_LIMIT: u64 = 50;
/// What the vendor says when something that must be there is not.
pub const MISSING: &str = "Missing required input parameters";

/// What a script asks, from wherever it stands.
pub struct Call {
    /// The JSON object of the body; an empty one when there is none.
    body: Map<String, Value>,
    query: Vec<(String, String)>,
    /// The name of the Virtual Account in the path.
    place: Option<String>,
    /// The header that names a Virtual Account by its number.
    place_number: Option<String>,
    /// The header that names the program that asks.
    system: Option<String>,
    /// As it was routed.
    path: String,
}

/// Which rows of a list are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How many; `u64::MAX` for all of them.
    pub limit: u64,
    /// Behind how many.
    pub offset: u64,
}

impl Cut {
    /// Those of rows that were all read.
    pub fn out<T>(self, rows: Vec<T>) -> Vec<T> {
        let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        rows.into_iter()
            .skip(whole(self.offset))
            .take(whole(self.limit))
            .collect()
    }
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = RawBody::<LIST_LIMIT>::from_request(&req, &mut payload).await?.0;
            let header = |name: &str| {
                req.headers()
                    .get(name)
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned)
            };
            let kind = header("content-type").unwrap_or_default().to_ascii_lowercase();
            Ok(Self {
                body: read(&bytes, kind.starts_with("application/x-www-form-urlencoded"))?,
                query: url::form_urlencoded::parse(req.query_string().as_bytes())
                    .into_owned()
                    .collect(),
                place: req.match_info().get("vname").map(plain),
                place_number: header("x-csw-virtual-account-id"),
                system: header("x-csw-requesting-system"),
                path: req.path().to_owned(),
            })
        })
    }
}

fn read(bytes: &[u8], is_form: bool) -> Result<Map<String, Value>> {
    // Some systems begin a text with a mark of its encoding.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(Value::String(text)) if text.is_empty() => Ok(Map::new()),
        Ok(_) => Err(Error::BadRequest("The body is no JSON object.".into())),
        Err(_) if is_form => Ok(url::form_urlencoded::parse(bytes)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect()),
        Err(_) => Err(Error::BadRequest("The body is no JSON.".into())),
    }
}

impl Call {
    /// A field of the body; `null` when it is not there.
    pub fn field(&self, name: &str) -> &Value {
        self.body.get(name).unwrap_or(&Value::Null)
    }
    /// The object `data`, in which some operations wrap all that they are told; the whole body where it is not there.
    pub fn data(&self) -> Object<'_> {
        Object(match self.body.get("data") {
            Some(Value::Object(map)) => map,
            _ => &self.body,
        })
    }
    /// The whole body.
    pub fn whole(&self) -> Object<'_> {
        Object(&self.body)
    }
    /// A parameter of the address, whatever its letters' case.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
    /// The name of the Virtual Account that the path or the address names.
    pub fn place(&self) -> Result<&str> {
        self.place
            .as_deref()
            .or_else(|| self.query("virtualAccountName"))
            .filter(|name| !name.trim().is_empty())
            .ok_or_else(|| Error::BadRequest(MISSING.into()))
    }
    /// The number of the Virtual Account that the header names.
    pub fn place_number(&self) -> Option<&str> {
        self.place_number.as_deref()
    }
    /// Which program asks: devices by policy and their proxies have to say so, in JSON.
    pub fn needs_system(&self) -> Result<()> {
        match &self.system {
            Some(text) if !text.trim().is_empty() => Ok(()),
            _ => Err(Error::BadRequest(MISSING.into())),
        }
    }
    /// Whether it came to an address of a family, or of a part of one.
    pub fn is_below(&self, begins: &str) -> bool {
        self.path.starts_with(begins)
    }
    /// The objects of a list. An empty object means nothing.
    pub fn objects(&self, name: &str) -> Result<Vec<Object<'_>>> {
        objects(self.field(name), name)
    }
    /// The texts of a list; nothing when it is not there.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        texts(self.field(name), name)
    }
    /// Which rows are asked for: in the body, or in the address.
    pub fn cut(&self) -> Result<Cut> {
        let number = |name: &str| -> Result<Option<i64>> {
            let said = match self.field(name) {
                Value::Null => self
                    .query(name)
                    .map_or(Value::Null, |text| Value::String(text.to_owned())),
                said => said.clone(),
            };
            whole_number(&said).map_err(|()| Error::invalid(name, format!("{name} is a whole number.")))
        };
        let limit = match number("limit")? {
            None => USUAL_LIMIT,
            Some(-1) => u64::MAX,
            Some(limit) => u64::try_from(limit)
                .map_err(|_| Error::invalid("limit", "limit is a whole number from 0, or -1 for all."))?,
        };
        let offset = u64::try_from(number("offset")?.unwrap_or(0))
            .map_err(|_| Error::invalid("offset", "offset is a whole number from 0."))?;
        Ok(Cut { limit, offset })
    }
}

/// An object that a script has sent.
#[derive(Clone, Copy)]
pub struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    /// A field; `null` when it is not there.
    pub fn field(self, name: &str) -> &'a Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }
    /// A text; "" when it is not there. A number counts as its text.
    pub fn text(self, name: &str) -> String {
        text(self.field(name))
    }
    /// A whole number, if there is one.
    pub fn number(self, name: &str) -> Result<Option<i64>> {
        whole_number(self.field(name))
            .map_err(|()| Error::invalid(name, format!("{name} is a whole number.")))
    }
    /// An object within; an empty one when it is not there.
    pub fn within(self, name: &str) -> Object<'a> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        Object(match self.field(name) {
            Value::Object(map) => map,
            _ => &NONE,
        })
    }
    /// The objects of a list within.
    pub fn objects(self, name: &str) -> Result<Vec<Object<'a>>> {
        objects(self.field(name), name)
    }
    /// The texts of a list within.
    pub fn texts(self, name: &str) -> Result<Vec<String>> {
        texts(self.field(name), name)
    }
}

/// A text; "" for `null`. A number or a truth value counts as its text.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

fn objects<'a>(value: &'a Value, name: &str) -> Result<Vec<Object<'a>>> {
    let Value::Array(list) = value else {
        return Err(if value.is_null() {
            Error::BadRequest(MISSING.into())
        } else {
            Error::invalid(name, format!("{name} is a list."))
        });
    };
    list.iter()
        .filter(|one| !matches!(one, Value::Object(map) if map.is_empty()))
        .map(|one| match one {
            Value::Object(map) => Ok(Object(map)),
            _ => Err(Error::invalid(name, format!("{name} is a list of objects."))),
        })
        .collect()
}

/// What a request is about: at least one, and not more than `most` that are done at once; `noun` says what they are.
pub fn some<'a>(list: Vec<Object<'a>>, name: &str, most: usize, noun: &str) -> Result<Vec<Object<'a>>> {
    if list.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    if list.len() > most {
        return Err(Error::invalid(
            name,
            format!("{name} holds at most {most} {noun}."),
        ));
    }
    Ok(list)
}

fn texts(value: &Value, name: &str) -> Result<Vec<String>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list)
            if list
                .iter()
                .all(|one| matches!(one, Value::String(_) | Value::Null)) =>
        {
            Ok(list.iter().map(text).filter(|text| !text.is_empty()).collect())
        }
        Value::String(one) if one.trim().is_empty() => Ok(Vec::new()),
        Value::String(one) => Ok(vec![one.trim().to_owned()]),
        _ => Err(Error::invalid(name, format!("{name} is a list of texts."))),
    }
}

/// A whole number, also as a text and as spreadsheets write it (`30.0`); none for `null` and "".
pub fn whole_number(value: &Value) -> Result<Option<i64>, ()> {
    /// Up to here every whole number has a floating one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within bounds")]
    let rounded = |number: f64| {
        (number.fract() == 0.0 && number.abs() <= EXACT)
            .then_some(number as i64)
            .ok_or(())
    };
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Ok(Some(whole)),
            None => rounded(number.as_f64().ok_or(())?).map(Some),
        },
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(whole) => Ok(Some(whole)),
            Err(_) => rounded(text.trim().parse::<f64>().map_err(drop)?).map(Some),
        },
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for good in [json!(30), json!("30"), json!(30.0), json!("30.0"), json!(" 30 ")] {
            assert_eq!(whole_number(&good), Ok(Some(30)), "{good}");
        }
        for none in [json!(null), json!(""), json!("  ")] {
            assert_eq!(whole_number(&none), Ok(None), "{none}");
        }
        for bad in [
            json!(1.5),
            json!("1.5"),
            json!("a"),
            json!([1]),
            json!({}),
            json!(true),
            json!(1e300),
            json!("NaN"),
            json!("inf"),
        ] {
            assert_eq!(whole_number(&bad), Err(()), "{bad}");
        }
    }

    #[test]
    fn nothing_is_sent_in_several_ways() {
        for nothing in ["", "  ", "null", "\"\"", "{}", "\r\n"] {
            assert!(read(nothing.as_bytes(), false).unwrap().is_empty(), "{nothing:?}");
        }
        assert_eq!(read(b"\xef\xbb\xbf{\"a\":1}", false).unwrap()["a"], 1);
        assert!(read(b"[1]", false).is_err());
        assert!(read(b"name=x", false).is_err());
        assert_eq!(read(b"name=a+b&description=", true).unwrap()["name"], "a b");
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_or_refused(bytes in any::<Vec<u8>>(), is_form in any::<bool>()) {
            let _ = read(&bytes, is_form);
        }
    }
}
