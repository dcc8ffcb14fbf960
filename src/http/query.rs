//! The query parameters of the API's operations. What one takes is said once: requests are held against it, and the
//! description of the API is made from it.

use super::list::{self, LONGEST, SIZES, no_choice, quoted};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::borrow::Cow;
use uuid::Uuid;

/// No list has as many pages.
const MOST_PAGES: u64 = 1_000_000_000;

/// A query parameter.
#[derive(Debug, Clone)]
pub struct Param {
    name: &'static str,
    says: Cow<'static, str>,
    takes: Takes,
    many: bool,
    required: bool,
}

#[derive(Debug, Clone)]
enum Takes {
    Text,
    /// So many characters.
    Longer(usize),
    /// From the first to the second.
    Whole(u64, u64),
    Choice(&'static [(&'static str, &'static str)]),
    Sort(Cow<'static, [&'static str]>),
    Day,
    Id,
    Page,
    Per,
}

impl Param {
    /// The number of the page. Past the last page there is an empty one.
    pub const PAGE: Self = Self::new(
        "page",
        Takes::Page,
        "From 1. A page after the last has no items; the total is that of the whole list.",
    );
    /// How many rows a page has.
    pub const PER: Self = Self::new("per", Takes::Per, "Rows of a page.");

    const fn new(name: &'static str, takes: Takes, says: &'static str) -> Self {
        Self {
            name,
            says: Cow::Borrowed(says),
            takes,
            many: false,
            required: false,
        }
    }
    /// Words to look for.
    pub const fn text(name: &'static str, says: &'static str) -> Self {
        Self::new(name, Takes::Text, says)
    }
    /// A text of so many characters at most.
    pub const fn longer(name: &'static str, most: usize, says: &'static str) -> Self {
        Self::new(name, Takes::Longer(most), says)
    }
    /// A whole number between two, which are taken too.
    pub const fn whole(name: &'static str, least: u64, most: u64, says: &'static str) -> Self {
        Self::new(name, Takes::Whole(least, most), says)
    }
    /// One of these words, each of which has a label on pages.
    pub const fn choice(
        name: &'static str,
        words: &'static [(&'static str, &'static str)],
        says: &'static str,
    ) -> Self {
        Self::new(name, Takes::Choice(words), says)
    }
    /// A day.
    pub const fn day(name: &'static str, says: &'static str) -> Self {
        Self::new(name, Takes::Day, says)
    }
    /// The id of a thing. Whether there is such a thing is for the operation to say.
    pub const fn id(name: &'static str, says: &'static str) -> Self {
        Self::new(name, Takes::Id, says)
    }
    /// By what the list is sorted.
    pub const fn sort(keys: &'static [&'static str], says: &'static str) -> Self {
        Self::new("sort", Takes::Sort(Cow::Borrowed(keys)), says)
    }
    /// The same for a list that is declared once.
    pub(super) fn sorts(keys: Vec<&'static str>, default: &str) -> Self {
        let says = format!("With - in front the other way round; {default} without it.");
        Self {
            says: Cow::Owned(says),
            ..Self::new("sort", Takes::Sort(Cow::Owned(keys)), "")
        }
    }
    /// It may come several times, and what fits one of the values fits.
    pub const fn many(mut self) -> Self {
        self.many = true;
        self
    }
    /// It has to come.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn check(&self, value: &str) -> Result<(), String> {
        let length = value.chars().count();
        let whole = || value.parse::<u64>().ok();
        let good = match &self.takes {
            Takes::Text | Takes::Longer(_) => {
                let most = match self.takes {
                    Takes::Longer(most) => most,
                    _ => LONGEST,
                };
                if length > most {
                    return Err(format!(
                        "“{}” has {length} characters. It takes at most {most}.",
                        self.name
                    ));
                }
                true
            }
            Takes::Whole(least, most) => whole().is_some_and(|n| (*least..=*most).contains(&n)),
            Takes::Choice(words) => words.iter().any(|(word, _)| *word == value),
            Takes::Sort(keys) => keys.contains(&value.strip_prefix('-').unwrap_or(value)),
            Takes::Day => list::is_day(value),
            Takes::Id => Uuid::try_parse(value).is_ok(),
            Takes::Page => whole().is_some_and(|page| (1..=MOST_PAGES).contains(&page)),
            Takes::Per => whole().is_some_and(|per| SIZES.contains(&per)),
        };
        if good {
            Ok(())
        } else {
            Err(no_choice(self.name, value))
        }
    }

    fn schema(&self) -> Value {
        let one = match &self.takes {
            Takes::Text => json!({ "type": "string", "minLength": 1, "maxLength": LONGEST }),
            Takes::Longer(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
            Takes::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Takes::Choice(words) => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                json!({ "type": "string", "enum": words })
            }
            Takes::Sort(keys) => {
                let both: Vec<String> = keys
                    .iter()
                    .flat_map(|key| [(*key).to_owned(), format!("-{key}")])
                    .collect();
                json!({ "type": "string", "enum": both })
            }
            Takes::Day => json!({ "type": "string", "format": "date" }),
            Takes::Id => json!({ "type": "string", "format": "uuid" }),
            Takes::Page => json!({ "type": "integer", "minimum": 1, "maximum": MOST_PAGES }),
            Takes::Per => json!({ "type": "integer", "enum": SIZES }),
        };
        if self.many {
            json!({ "type": "array", "items": one })
        } else {
            one
        }
    }

    /// As the description of the API has it.
    pub(super) fn described(&self) -> Value {
        let mut whole = json!({
            "name": self.name, "in": "query", "required": self.required, "schema": self.schema(), "description": self.says,
        });
        if let Some(map) = whole.as_object_mut().filter(|_| self.many) {
            map.insert("style".to_owned(), json!("form"));
            map.insert("explode".to_owned(), json!(true));
        }
        whole
    }
}

/// Holds the query of a request against what its operation takes. A filter that is not understood would mean "all", and
/// a script removes what a list gives: so a name that is not known, a value that is not taken or is empty, and a second
/// value of what may stand once are refused.
pub(super) fn check(params: &[Param], raw: &str) -> Result<()> {
    let refuse = |says: String| Err(Error::BadRequest(says.into()));
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
        let Some(param) = params.iter().find(|param| param.name == name) else {
            let known: Vec<&str> = params.iter().map(|param| param.name).collect();
            return refuse(if known.is_empty() {
                format!(
                    "{} is no parameter of this operation: it has none.",
                    quoted(&name)
                )
            } else {
                format!(
                    "{} is no parameter of this operation. It has: {}.",
                    quoted(&name),
                    known.join(", ")
                )
            });
        };
        if !param.many && seen.contains(&param.name) {
            return refuse(format!("“{name}” stands several times. It may stand once."));
        }
        seen.push(param.name);
        let value = value.trim();
        if value.is_empty() {
            return refuse(format!("“{name}” is empty. Leave it out, or give it a value."));
        }
        param
            .check(value)
            .map_err(|says| Error::BadRequest(says.into()))?;
    }
    match params
        .iter()
        .find(|param| param.required && !seen.contains(&param.name))
    {
        Some(missing) => refuse(format!("“{}” is missing.", missing.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param::text("q", "Words."),
        Param::id("va", "An id.").many(),
        Param::choice("status", &[("on", "On"), ("off", "Off")], "A state.").many(),
        Param::sort(&["name", "date"], "The order."),
        Param::day("from", "A day."),
        Param::PAGE,
        Param::PER,
    ];

    #[test]
    fn what_is_not_understood_is_refused_by_its_name() {
        for good in [
            "",
            "q=a&page=1&per=10",
            "status=on&status=off&sort=-date",
            "from=2026-11-01&va=0193c1a0-0000-7000-8000-000000000000",
            "page=1000000000",
        ] {
            assert!(check(PARAMS, good).is_ok(), "{good}");
        }
        for (bad, named) in [
            ("virtual_account=x", "“virtual_account”"),
            ("va=no-such", "“va”"),
            ("va=", "“va”"),
            ("q=%20", "“q”"),
            ("q=a&q=b", "“q”"),
            ("status=on&status=gone", "“status”"),
            ("sort=colour", "“sort”"),
            ("from=2026-02-30", "“from”"),
            ("page=0", "“page”"),
            ("page=1&page=1", "“page”"),
            ("page=99999999999999999999", "“page”"),
            ("per=26", "“per”"),
            ("=", "“”"),
        ] {
            let says = check(PARAMS, bad).unwrap_err().to_string();
            assert!(says.starts_with(named), "{bad}: {says}");
        }
        let needed = [Param::text("q", "Words.").required()];
        assert!(check(&needed, "").is_err());
        assert!(check(&needed, "q=a").is_ok());
        assert!(check(&[], "a=b").is_err());
    }

    #[test]
    fn the_description_says_what_is_taken() {
        let said: Vec<Value> = PARAMS.iter().map(Param::described).collect();
        assert_eq!(said[1]["schema"]["items"]["format"], "uuid");
        assert_eq!(said[2]["schema"]["items"]["enum"], json!(["on", "off"]));
        assert_eq!(
            said[3]["schema"]["enum"],
            json!(["name", "-name", "date", "-date"])
        );
        assert_eq!(said[5]["schema"]["minimum"], 1);
    }
}
