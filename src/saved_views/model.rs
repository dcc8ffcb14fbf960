//! What is kept of a view, and how it is read from what a browser or a script sends.

use crate::error::{Error, Result};
use crate::http::reply::local_path;
use crate::kernel::Name;
use crate::kernel::ids::SavedViewId;
use url::form_urlencoded::{Serializer, parse};

/// The longest name, in characters.
const LONGEST_NAME: usize = 60;
/// The longest path of a list, in bytes.
const LONGEST_PATH: usize = 200;
/// The longest query, in bytes.
const LONGEST_QUERY: usize = 2_000;
/// So many views one keeps of one list.
pub const MOST_OF_A_LIST: usize = 50;
/// So many views one keeps in all.
pub const MOST: i64 = 500;

/// A view that somebody saved.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct SavedView {
    pub id: SavedViewId,
    /// Path of the list, such as `/sa/100000001/orders/order-inventory`.
    pub list: String,
    pub name: String,
    /// What stands behind the `?` of the list, without the page.
    pub query: String,
}

impl SavedView {
    /// The address of the list as it was saved.
    pub fn href(&self) -> String {
        address(&self.list, &self.query)
    }
}

fn address(list: &str, query: &str) -> String {
    if query.is_empty() {
        list.to_owned()
    } else {
        format!("{list}?{query}")
    }
}

/// A list as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownList {
    pub list: String,
    pub query: String,
}

impl ShownList {
    /// Reads the address of a list, such as `/sa/100000001/alerts?type=shortage&page=2`. Its page is left out: a view
    /// opens at the first one.
    pub fn parse(of: &str) -> Result<Self> {
        let (list, query) = of.split_once('?').unwrap_or((of, ""));
        // The query is written anew below, so that its bytes need not be looked at.
        if list.len() < 2 || list.len() > LONGEST_PATH || local_path(list) != list || list.contains('#') {
            return Err(Error::BadRequest(
                "A list is named by its path in this portal, such as /access.".into(),
            ));
        }
        let kept = parse(query.as_bytes()).filter(|(key, value)| key != "page" && !value.trim().is_empty());
        let query = Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.len() > LONGEST_QUERY {
            return Err(Error::invalid(
                "name",
                "This view has more filters than can be kept. Choose fewer.",
            ));
        }
        Ok(Self {
            list: list.to_owned(),
            query,
        })
    }

    /// The number of the account in whose pages the list stands.
    pub fn account(&self) -> Option<i64> {
        self.list.strip_prefix("/sa/")?.split('/').next()?.parse().ok()
    }

    pub fn href(&self) -> String {
        address(&self.list, &self.query)
    }
}

/// A name for a view.
pub fn view_name(given: &str) -> Result<String, String> {
    let name = Name::parse(given, "Name")?;
    if name.as_str().chars().count() > LONGEST_NAME {
        return Err(format!("The name may have at most {LONGEST_NAME} characters."));
    }
    Ok(name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_without_its_page() {
        let shown = ShownList::parse("/sa/100000001/alerts?type=shortage&page=4&q=&sort=-date").unwrap();
        assert_eq!(shown.href(), "/sa/100000001/alerts?type=shortage&sort=-date");
        assert_eq!(shown.account(), Some(100_000_001));
        assert_eq!(ShownList::parse("/access").unwrap().account(), None);
    }

    #[test]
    fn what_is_no_list_of_this_portal_is_refused() {
        let long = format!("/{}", "a".repeat(LONGEST_PATH));
        for of in [
            "",
            "/",
            "access",
            "//evil.example/x",
            "https://evil.example/",
            "/a b",
            "/a\\b",
            "/a#b",
            &long,
        ] {
            assert!(ShownList::parse(of).is_err(), "{of:?}");
        }
        let many = format!("/access?q={}", "x".repeat(LONGEST_QUERY));
        assert!(matches!(ShownList::parse(&many), Err(Error::Invalid(_))));
    }
}
