//! Asks a route as somebody: pages with a browser, the API with a token.

use super::links::Patterns;
use super::world::World;
use crate::support::{Api, Browser, Cast, Page};
use licentral::http::Surface;
use licentral::http::routes::Listed;
use licentral::kernel::Edition;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Somebody, with both ways in.
#[derive(Clone)]
pub struct Visitor {
    pub browser: Browser,
    api: Api,
    /// What there is no token for yet.
    client: Option<(String, String)>,
    csrf: String,
}

/// The cast, and who was asked to decide the request of the world.
pub fn everyone(edition: Edition) -> Vec<(&'static str, &'static str)> {
    if edition.is_on_prem() {
        return super::on_prem::EVERYONE.to_vec();
    }
    let mut all = Cast::EVERYONE.to_vec();
    all.push(("creator", super::world::CUSTOMER));
    all
}

/// Whether a path is for programs.
pub fn is_api(path: &str) -> bool {
    Surface::of(path).is_for_programs()
}

/// Whether a path is for scripts that were written for the vendor's portals.
pub fn is_vendors(path: &str) -> bool {
    Surface::of(path) == Surface::Vendor
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
            client: None,
            browser,
        }
    }

    /// Somebody of the cast, in the one session that each of them has.
    pub fn visitor(&self, email: &str) -> Visitor {
        let mut visitor = self.visitor_at_the_door(email);
        visitor.api();
        visitor
    }

    /// The same before they have a token for the API, which the first request to it brings (and which is recorded).
    pub fn visitor_at_the_door(&self, email: &str) -> Visitor {
        let (session, client) = self.keys[email].clone();
        let browser = self.p.browser_of(session);
        Visitor {
            csrf: self.p.csrf_of(&browser),
            api: self.p.api_without_token(),
            client: Some(client),
            browser,
        }
    }

    /// Everybody of the cast and a stranger without a session, with the words for their column.
    pub fn everybody(&self) -> Vec<(&'static str, Visitor)> {
        let mut all = vec![("nobody", self.nobody())];
        // The customer of the cloud's world is not of the cast.
        all.extend(
            everyone(self.edition())
                .into_iter()
                .filter(|(_, email)| *email != super::world::CUSTOMER)
                .map(|(word, email)| (word, self.visitor(email))),
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

/// What requests look like that are meant.
pub struct Bodies(BTreeMap<(String, String), Body>);

enum Body {
    Form(Vec<(String, String)>),
    Json(String),
}

/// The least that a schema asks for.
pub fn sample(schema: &Value, all: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return sample(&all[name], all);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    for one in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[one].as_array().and_then(|list| list.last()) {
            return sample(first, all);
        }
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required
                .iter()
                .filter_map(Value::as_str)
                .map(|name| (name.to_owned(), sample(&schema["properties"][name], all)));
            Value::Object(fields.collect())
        }
        Some("array") => Value::Array(vec![sample(&schema["items"], all)]),
        Some("boolean") => Value::Bool(false),
        Some("integer" | "number") => 1.into(),
        _ => "x@xyz.example".into(),
    }
}

impl World {
    /// For the API from its description, for pages from the forms that stand on them. Gathered once: every world
    /// is a copy of one.
    pub fn bodies(&self) -> &'static Bodies {
        static GATHERED: [OnceLock<Bodies>; 2] = [OnceLock::new(), OnceLock::new()];
        GATHERED[usize::from(self.edition().is_on_prem())].get_or_init(|| self.gathered())
    }

    fn gathered(&self) -> Bodies {
        let mut found = BTreeMap::new();
        let document: Value = serde_json::from_str(self.p.parts.openapi).unwrap();
        let schemas = &document["components"]["schemas"];
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                if !schema.is_null() {
                    let json = sample(schema, schemas).to_string();
                    found.insert((method.to_uppercase(), path.clone()), Body::Json(json));
                }
            }
        }
        let writes = self.writes();
        let writes = Patterns::of(writes.iter().map(|w| ("", w.path.as_str())));
        // The customer is not of the cast, and is the only one who has the forms that decide their request.
        let customer =
            (!self.edition().is_on_prem()).then(|| ("customer", self.visitor(super::world::CUSTOMER)));
        for (_, mut visitor) in self.everybody().into_iter().chain(customer) {
            for route in self.reads() {
                if is_api(&route.path) {
                    continue;
                }
                let mut path = self.ours(&route.path);
                // A pop-up about a list is opened from that list.
                if route.path == "/saved-views" {
                    path = format!("{path}?of={}", self.list());
                }
                visitor.browser.open(&path);
                for (method, action, mut fields) in visitor.browser.forms() {
                    if method != "post" {
                        continue;
                    }
                    let path = action.split('?').next().unwrap();
                    fields.retain(|(name, _)| name != "csrf" && name != "once");
                    for (_, value) in &mut fields {
                        if value.is_empty() {
                            "x@xyz.example".clone_into(value);
                        }
                    }
                    let Some(write) = writes.find("", path) else {
                        continue;
                    };
                    found
                        .entry(("POST".to_owned(), write.to_owned()))
                        .or_insert(Body::Form(fields));
                }
            }
        }
        Bodies(found)
    }
}

impl Visitor {
    fn api(&mut self) -> &mut Api {
        if let Some(client) = self.client.take() {
            self.api.come_in(&client);
        }
        &mut self.api
    }

    /// Asks the API with this body.
    pub fn send_json(&mut self, method: &str, path: &str, body: &Value) -> Page {
        self.api().send(
            method,
            path,
            &[("content-type", "application/json")],
            Some(body.to_string().as_bytes()),
        )
    }

    /// Asks with the body that such a request has when it comes from one of our pages or scripts.
    pub fn ask_in_earnest(&mut self, route: &Listed, path: &str, bodies: &Bodies) -> Page {
        let body = bodies.0.get(&(route.method.clone(), route.path.clone()));
        match body {
            Some(Body::Json(json)) => self.api().send(
                &route.method,
                path,
                &[("content-type", "application/json")],
                Some(json.as_bytes()),
            ),
            Some(Body::Form(fields)) => {
                let mut browser = self.browser.clone();
                let mut all = vec![("csrf", self.csrf.as_str())];
                all.extend(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())));
                browser.post_fields(path, &all).clone()
            }
            None => self.ask(&route.method, path),
        }
    }

    /// Asks with whatever the method needs and nothing more: an empty form with a good token, an empty
    /// JSON object.
    pub fn ask(&mut self, method: &str, path: &str) -> Page {
        let body = !matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS");
        if is_api(path) {
            let mut headers: Vec<(&str, &str)> = Vec::new();
            if body {
                headers.push(("content-type", "application/json"));
            }
            if is_vendors(path) {
                // Our account and its first place, where no path names them.
                headers.extend([
                    ("x-csw-smart-account-id", "100001"),
                    ("x-csw-virtual-account-id", "1"),
                    ("x-csw-requesting-system", "{}"),
                ]);
            }
            return self
                .api()
                .send(method, path, &headers, body.then_some(b"{}".as_slice()));
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
