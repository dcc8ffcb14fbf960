//! A person's browser: keeps cookies, reads pages, and sends the forms that it finds on them.

use super::Portal;
use licentral::platform::token;
use scraper::{ElementRef, Html, Selector};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// How it was asked for.
    pub method: String,
    /// Path and query.
    pub path: String,
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The same as it came: of files.
    pub bytes: Vec<u8>,
}

impl Page {
    /// A header, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
    /// The page as a tree.
    pub fn html(&self) -> Html {
        Html::parse_document(&self.body)
    }
    /// Where a redirect leads, as path and query.
    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }
    /// The text of what a selector finds, one entry each, white space made single.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.html().select(&sel(selector)).map(|e| text_of(e)).collect()
    }
    /// The values of an attribute of what a selector finds.
    pub fn attrs(&self, selector: &str, name: &str) -> Vec<String> {
        self.html()
            .select(&sel(selector))
            .filter_map(|e| e.value().attr(name).map(str::to_owned))
            .collect()
    }
    /// The text of the page itself, without what stands around it. Of an open dialog when there is one.
    pub fn text_of_main(&self) -> String {
        let html = self.html();
        let main = html.select(&sel("dialog[open]")).next();
        main.or_else(|| html.select(&sel("main")).next())
            .map_or_else(|| self.body.clone(), text_of)
    }
    /// JSON, when it is some.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON: {e}: {}", self.body))
    }
    /// Fails with the page when the status is another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(
            self.status,
            status,
            "{} {} answered {}:\n{}",
            self.method,
            self.path,
            self.status,
            self.text_of_main()
        );
        self
    }
    /// Fails with the page when the words are not on it.
    #[track_caller]
    pub fn shows(&self, words: &str) -> &Self {
        let text = self.text_of_main();
        assert!(
            text.contains(words),
            "{} does not show {words:?}:\n{text}",
            self.path
        );
        self
    }
    /// Fails when the words are on the page.
    #[track_caller]
    pub fn shows_not(&self, words: &str) -> &Self {
        let text = self.text_of_main();
        assert!(!text.contains(words), "{} shows {words:?}:\n{text}", self.path);
        self
    }
}

pub fn sel(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|e| panic!("{selector:?}: {e}"))
}

fn text_of(element: ElementRef<'_>) -> String {
    one_space(&element.text().collect::<Vec<_>>().join(" "))
}

fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One person's browser. Clones have cookies of their own.
#[derive(Clone)]
pub struct Browser {
    base: String,
    agent: ureq::Agent,
    /// Name and value.
    pub cookies: BTreeMap<String, String>,
    page: Page,
    requests: Arc<Mutex<Vec<String>>>,
    seal_key: [u8; 32],
    /// The name of the cookie of a session.
    pub session_cookie: String,
}

impl Portal {
    /// A form token that is good in this browser.
    pub fn csrf_of(&self, browser: &Browser) -> String {
        browser.csrf()
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        Browser {
            base: self.base.clone(),
            agent: self.agent.clone(),
            cookies: BTreeMap::new(),
            page: Page::default(),
            requests: self.requests.clone(),
            seal_key: self.parts.signing.seal_key,
            session_cookie: self
                .parts
                .config
                .edition
                .cookie(licentral::authn::session::COOKIE),
        }
    }
}

/// Asks without following, and takes every status as an answer.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .timeout_global(Some(std::time::Duration::from_secs(120)))
        .build()
        .new_agent()
}

impl Browser {
    /// A browser for a portal that another process serves.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            agent: agent(),
            cookies: BTreeMap::new(),
            page: Page::default(),
            requests: Arc::default(),
            seal_key: [0; 32],
            session_cookie: licentral::authn::session::COOKIE.to_owned(),
        }
    }

    /// The same browser before a process that serves the same database at another address.
    pub fn moved_to(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            requests: Arc::default(),
            ..self.clone()
        }
    }

    /// Opens a page and follows where it leads.
    pub fn get(&mut self, path: &str) -> &Page {
        self.open(path);
        self.follow()
    }

    /// Opens a page and stays there, even when it leads on.
    pub fn open(&mut self, path: &str) -> &Page {
        self.send("GET", path, &[("sec-fetch-site", "same-origin")], None)
    }

    /// Goes on for as long as the answer is a redirect.
    pub fn follow(&mut self) -> &Page {
        for _ in 0..10 {
            if !matches!(self.page.status, 301 | 302 | 303 | 307 | 308) {
                return &self.page;
            }
            let to = self.page.location().expect("a redirect to nowhere").to_owned();
            self.open(&to);
        }
        panic!("redirects in a circle at {}", self.page.path)
    }

    /// The page that is open.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The text of the open page.
    pub fn text_of_main(&self) -> String {
        self.page.text_of_main()
    }

    /// Opens the link with this text.
    #[track_caller]
    pub fn click(&mut self, text: &str) -> &Page {
        let html = self.page.html();
        let links: Vec<(String, String)> = html
            .select(&sel("a[href]"))
            .map(|a| (text_of(a), a.value().attr("href").unwrap().to_owned()))
            .collect();
        let found = links
            .iter()
            .find(|(t, _)| t == text)
            .or_else(|| links.iter().find(|(t, _)| t.contains(text)));
        let Some((_, href)) = found else {
            let all: Vec<_> = links.iter().map(|(t, _)| t).collect();
            panic!("no link {text:?} on {}; there are {all:?}", self.page.path)
        };
        let href = href.clone();
        self.get(&href)
    }

    /// Sends the form that is found by the text of its button or by a selector (one that begins with
    /// `form`, `#`, `.` or `[`), as the page has it (hidden fields too) but for these fields. Follows.
    #[track_caller]
    pub fn fill_and_submit(&mut self, form: &str, fields: &[(&str, &str)]) -> &Page {
        self.fill_and_send(form, fields);
        self.follow()
    }

    /// The same without following.
    #[track_caller]
    pub fn fill_and_send(&mut self, form: &str, fields: &[(&str, &str)]) -> &Page {
        let filled = Form::find(&self.page, form).fill(fields);
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&filled.fields)
            .finish();
        if filled.method == "get" {
            let path = filled.action.split('?').next().unwrap_or_default().to_owned();
            return self.open(&format!("{path}?{encoded}"));
        }
        self.post(&filled.action, &encoded)
    }

    /// Every form of the open page: method, action, and the fields as they would be sent.
    pub fn forms(&self) -> Vec<(String, String, Vec<(String, String)>)> {
        let html = self.page.html();
        html.select(&sel("form"))
            .map(|form| Form::of(&self.page, &html, form))
            .map(|form| (form.method, form.action, form.fields))
            .collect()
    }

    /// The form as it would be sent: action and fields. For tests that bend it.
    #[track_caller]
    pub fn form(&self, form: &str) -> (String, Vec<(String, String)>) {
        let form = Form::find(&self.page, form).fill(&[]);
        (form.action, form.fields)
    }

    /// Sends an encoded form as a page of the portal would.
    pub fn post(&mut self, path: &str, encoded: &str) -> &Page {
        let base = self.base.clone();
        self.send(
            "POST",
            path,
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", &base),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            Some(encoded.as_bytes()),
        )
    }

    /// Sends these fields as a page of the portal would.
    pub fn post_fields(&mut self, path: &str, fields: &[(&str, &str)]) -> &Page {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.post(path, &encoded)
    }

    /// A form token that is good in this browser, without opening a page for it.
    pub fn csrf(&self) -> String {
        let session = self
            .cookies
            .get(&self.session_cookie)
            .map_or_else(|| "signed-out".to_owned(), |cookie| token::digest(cookie));
        format!(
            "salt.{}",
            token::seal(&self.seal_key, &format!("form salt {session}"))
        )
    }

    /// Where the portal answers.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends anything. Cookies are sent and kept; nothing is followed.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> &Page {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// The same for a portal that may be gone.
    pub fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<&Page, ureq::Error> {
        let path = self.local(path);
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let line: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            request = request.header("cookie", line.join("; "));
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer?;
        let headers: Vec<(String, String)> = answer
            .headers()
            .iter()
            .map(|(n, v)| {
                (
                    n.as_str().to_owned(),
                    String::from_utf8_lossy(v.as_bytes()).into_owned(),
                )
            })
            .collect();
        let bytes = answer.body_mut().with_config().limit(100_000_000).read_to_vec()?;
        self.page = Page {
            method: method.to_owned(),
            path,
            status: answer.status().as_u16(),
            headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        };
        self.keep_cookies();
        if let Some(id) = self.page.header("x-request-id") {
            self.requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(id.to_owned());
        }
        Ok(&self.page)
    }

    /// As a browser keeps them: what `__Host-` promises is insisted on.
    fn keep_cookies(&mut self) {
        for (name, line) in &self.page.headers {
            if name != "set-cookie" {
                continue;
            }
            let mut parts = line.split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|p| p.split_once('=')).expect("a cookie");
            let attributes: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
            let has = |wanted: &str| attributes.iter().any(|a| a == wanted);
            assert!(
                name.starts_with("__Host-") && has("secure") && has("path=/") && has("httponly"),
                "a cookie that is not for this host alone: {line}"
            );
            assert!(
                has("samesite=lax") || has("samesite=strict"),
                "a cookie that other sites may send: {line}"
            );
            if has("max-age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A path, from an address of this portal or from one beside the open page.
    fn local(&self, path: &str) -> String {
        let path = path.strip_prefix(&self.base).unwrap_or(path);
        if path.starts_with('/') {
            return path.split('#').next().unwrap_or_default().to_owned();
        }
        let here = url::Url::parse(&format!("{}{}", self.base, self.page.path)).unwrap();
        let there = here.join(path).unwrap();
        assert!(
            there.as_str().starts_with(&self.base),
            "{path} leads out of the portal"
        );
        there[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
    }
}

/// A form of a page.
struct Form {
    method: String,
    action: String,
    fields: Vec<(String, String)>,
    /// Fields that may be filled: with the values that may be chosen, or none where anything may be typed.
    controls: BTreeMap<String, Vec<(String, String)>>,
    about: String,
}

impl Form {
    #[track_caller]
    fn find(page: &Page, wanted: &str) -> Self {
        let html = page.html();
        let is_selector = ["form", "#", ".", "["].iter().any(|s| wanted.starts_with(s));
        let buttons: Vec<ElementRef<'_>> = html
            .select(&sel("button, input[type=submit]"))
            .filter(|b| !matches!(b.value().attr("type"), Some("button" | "reset")))
            .collect();
        let label = |b: &ElementRef<'_>| {
            let own = text_of(*b);
            if own.is_empty() {
                let named = b.value().attr("aria-label").or(b.value().attr("value"));
                named.unwrap_or_default().to_owned()
            } else {
                own
            }
        };
        let (form, button) = if is_selector {
            let form = html.select(&sel(wanted)).next();
            (
                form.unwrap_or_else(|| panic!("no {wanted} on {}", page.path)),
                None,
            )
        } else {
            // Of two alike, the one in the open dialog is meant: the other cannot be reached.
            let mut alike: Vec<ElementRef<'_>> = buttons
                .iter()
                .copied()
                .filter(|b| b.value().attr("disabled").is_none() && label(b) == wanted)
                .collect();
            alike.sort_by_key(|b| {
                !b.ancestors()
                    .filter_map(ElementRef::wrap)
                    .any(|a| a.value().name() == "dialog")
            });
            let Some(button) = alike.first().copied() else {
                let all: Vec<_> = buttons
                    .iter()
                    .map(|b| {
                        let off = b.value().attr("disabled").map_or("", |_| " (disabled)");
                        format!("{}{off}", label(b))
                    })
                    .collect();
                panic!(
                    "no button {wanted:?} on {} ({}); there are {all:?}\n{}",
                    page.path,
                    page.status,
                    page.text_of_main()
                )
            };
            let form = match button.value().attr("form") {
                Some(id) => html.select(&sel(&format!("form#{id}"))).next(),
                None => button
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    .find(|a| a.value().name() == "form"),
            };
            (
                form.unwrap_or_else(|| panic!("the button {wanted:?} stands in no form")),
                Some(button),
            )
        };
        let mut found = Self::of(page, &html, form);
        wanted.clone_into(&mut found.about);
        if let Some(button) = button {
            let by = |name: &str| button.value().attr(name).map(str::to_owned);
            if let Some(action) = by("formaction") {
                found.action = action;
            }
            if let Some(name) = by("name") {
                found.fields.push((name, by("value").unwrap_or_default()));
            }
        }
        found
    }

    fn of(page: &Page, html: &Html, form: ElementRef<'_>) -> Self {
        let mut found = Self {
            method: form.value().attr("method").unwrap_or("get").to_ascii_lowercase(),
            action: form
                .value()
                .attr("action")
                .filter(|a| !a.is_empty())
                .unwrap_or(&page.path)
                .to_owned(),
            fields: Vec::new(),
            controls: BTreeMap::new(),
            about: String::new(),
        };
        let id = form.value().attr("id");
        let controls = sel("input, select, textarea");
        let inside = html
            .select(&controls)
            .filter(|control| match control.value().attr("form") {
                Some(of) => Some(of) == id,
                None => control.ancestors().any(|a| a.id() == form.id()),
            });
        for control in inside {
            found.take(control);
        }
        found
    }

    fn take(&mut self, control: ElementRef<'_>) {
        let attr = |name: &str| control.value().attr(name);
        let Some(name) = attr("name").map(str::to_owned) else {
            return;
        };
        let off = control
            .ancestors()
            .filter_map(ElementRef::wrap)
            .any(|a| a.value().name() == "fieldset" && a.value().attr("disabled").is_some());
        if attr("disabled").is_some() || off {
            return;
        }
        let mut give = |value: String| self.fields.push((name.clone(), value));
        match (control.value().name(), attr("type").unwrap_or("text")) {
            ("textarea", _) => {
                let text: String = control.text().collect();
                give(text.strip_prefix('\n').unwrap_or(&text).to_owned());
                self.controls.entry(name).or_default();
            }
            ("select", _) => {
                let options: Vec<(String, String, bool)> = control
                    .select(&sel("option"))
                    .filter(|o| o.value().attr("disabled").is_none())
                    .map(|o| {
                        let text = text_of(o);
                        let value = o.value().attr("value").map_or(text.clone(), str::to_owned);
                        (value, text, o.value().attr("selected").is_some())
                    })
                    .collect();
                if let Some((value, ..)) = options.iter().find(|o| o.2).or(options.first()) {
                    give(value.clone());
                }
                self.controls
                    .entry(name)
                    .or_default()
                    .extend(options.into_iter().map(|(value, text, _)| (value, text)));
            }
            ("input", "submit" | "button" | "reset" | "image" | "file") => {}
            ("input", "checkbox" | "radio") => {
                let value = attr("value").unwrap_or("on").to_owned();
                if attr("checked").is_some() {
                    give(value.clone());
                }
                let label = control
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    .find(|a| a.value().name() == "label")
                    .map(text_of);
                self.controls
                    .entry(name)
                    .or_default()
                    .push((value, label.unwrap_or_default()));
            }
            _ => {
                give(attr("value").unwrap_or_default().to_owned());
                self.controls.entry(name).or_default();
            }
        }
    }

    /// Puts values in. A choice may be named by its value or by its label; the same field may stand several
    /// times; an empty value of a choice that has no such option unchooses it.
    #[track_caller]
    fn fill(mut self, given: &[(&str, &str)]) -> Self {
        for (name, _) in given {
            self.fields.retain(|(n, _)| n != name);
        }
        for (name, value) in given {
            let Some(choices) = self.controls.get(*name) else {
                let all: Vec<_> = self.controls.keys().collect();
                panic!("no field {name:?} in the form {}; there are {all:?}", self.about)
            };
            let chosen = if choices.is_empty() {
                (*value).to_owned()
            } else if let Some((v, _)) = choices
                .iter()
                .find(|(v, _)| v == value)
                .or_else(|| choices.iter().find(|(_, l)| l == value))
                .or_else(|| {
                    choices
                        .iter()
                        .find(|(_, l)| !value.is_empty() && l.contains(*value))
                })
            {
                v.clone()
            } else if value.is_empty() {
                continue;
            } else {
                panic!(
                    "{name:?} has no choice {value:?} in the form {}; there are {choices:?}",
                    self.about
                )
            };
            self.fields.push(((*name).to_owned(), chosen));
        }
        self
    }
}
