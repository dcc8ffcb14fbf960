//! Asks a route as somebody: pages with a browser, the API with a token.

use super::world::World;
use crate::support::{Api, Browser, Cast, Page};
use licentral::http::routes::Listed;

/// Somebody, with both ways in.
#[derive(Clone)]
pub struct Visitor {
    pub browser: Browser,
    api: Api,
    csrf: String,
}

/// Whether a path is the API's.
pub fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// Whether a method only looks.
pub fn is_read(route: &Listed) -> bool {
    matches!(route.method.as_str(), "GET" | "HEAD")
}

impl World {
    /// Nobody in particular.
    pub fn nobody(&self) -> Visitor {
        let browser = self.p.browser();
        Visitor {
            csrf: self.p.csrf_of(&browser),
            api: self.p.api_without_token(),
            browser,
        }
    }

    /// Somebody with this address.
    pub fn visitor(&self, email: &str) -> Visitor {
        let browser = self.p.sign_in(email);
        Visitor {
            csrf: self.p.csrf_of(&browser),
            api: self.p.api(email),
            browser,
        }
    }

    /// Everybody of the cast and a stranger without a session, with the words for their column.
    pub fn everybody(&self) -> Vec<(&'static str, Visitor)> {
        let mut all = vec![("nobody", self.nobody())];
        all.extend(
            Cast::EVERYONE
                .iter()
                .map(|(word, email)| (*word, self.visitor(email))),
        );
        all
    }

    /// The routes of pages and of the API that look.
    pub fn reads(&self) -> Vec<Listed> {
        let mut list = self.p.routes();
        list.retain(|r| r.method == "GET");
        list
    }

    /// The routes that change something.
    pub fn writes(&self) -> Vec<Listed> {
        let mut list = self.p.routes();
        list.retain(|r| !is_read(r));
        list
    }
}

impl Visitor {
    /// Asks with whatever the method needs and nothing more: an empty form with a good token, an empty
    /// JSON object.
    pub fn ask(&mut self, method: &str, path: &str) -> Page {
        let body = !matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS");
        if is_api(path) {
            let headers: &[(&str, &str)] = if body {
                &[("content-type", "application/json")]
            } else {
                &[]
            };
            return self
                .api
                .send(method, path, headers, body.then_some(b"{}".as_slice()));
        }
        // A copy, so that a cookie that is set (an account that was opened last) changes nothing later.
        let mut browser = self.browser.clone();
        if method == "GET" {
            browser.open(path);
        } else if method == "POST" {
            browser.post_fields(path, &[("csrf", &self.csrf)]);
        } else {
            let base = browser.base().to_owned();
            let headers = [("sec-fetch-site", "same-origin"), ("origin", base.as_str())];
            browser.send(method, path, &headers, body.then_some(b"".as_slice()));
        }
        browser.page().clone()
    }
}
