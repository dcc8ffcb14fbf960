//! Every link and every form on every page leads somewhere.

use super::asking::{everyone, is_api};
use super::world::World;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Whether the parts of a path are those of a pattern.
fn is_of(pattern: &[String], path: &[&str]) -> bool {
    let part_fits = |(wanted, part): (&String, &&str)| match (wanted.find('{'), wanted.find('}')) {
        (Some(from), Some(to)) => {
            part.starts_with(&wanted[..from]) && part.ends_with(&wanted[to + 1..]) && !part.is_empty()
        }
        _ => wanted == part,
    };
    pattern.len() == path.len() && pattern.iter().zip(path).all(part_fits)
}

/// Patterns of paths by method, taken apart once: they are asked for each link of each page.
pub struct Patterns(BTreeMap<String, Vec<(String, Vec<String>)>>);

impl Patterns {
    pub fn of<'a>(routes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all: BTreeMap<String, Vec<(String, Vec<String>)>> = BTreeMap::new();
        for (method, path) in routes {
            let parts = path.split('/').map(str::to_owned).collect();
            all.entry(method.to_owned())
                .or_default()
                .push((path.to_owned(), parts));
        }
        Self(all)
    }
    /// The first pattern of a method that a path fits.
    pub fn find(&self, method: &str, path: &str) -> Option<&str> {
        let parts: Vec<&str> = path.split('/').collect();
        let (found, _) = self
            .0
            .get(method)?
            .iter()
            .find(|(_, pattern)| is_of(pattern, &parts))?;
        Some(found)
    }
}

#[test]
fn no_link_is_dead_and_no_form_leads_nowhere() {
    World::each(|w| {
        // Every page of an account begins with a link to it: as long as an edition has no such page, all would be dead.
        if !w.p.has_route("GET", "/sa/{said}") {
            return;
        }
        let routes = w.p.routes();
        let routes = Patterns::of(routes.iter().map(|r| (r.method.as_str(), r.path.as_str())));
        let wrong = RefCell::new(BTreeSet::new());
        let mut opened = BTreeSet::new();
        let mut dead: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        // Style and script are the same for everybody.
        let mut files = BTreeSet::new();
        for (word, email) in [vec![("nobody", "")], everyone(w.edition())].concat() {
            let mut visitor = if email.is_empty() {
                w.nobody()
            } else {
                w.visitor(email)
            };
            let mut queue: VecDeque<(String, String)> = w
                .reads()
                .into_iter()
                .filter(|r| !is_api(&r.path))
                .map(|r| (w.ours(&r.path), "the list of routes".to_owned()))
                .collect();
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            while let Some((at, from)) = queue.pop_front() {
                let bare = at.split(['?', '#']).next().unwrap().to_owned();
                // A few of the many sorts of one list, and a few of the many rows that look alike, are enough.
                let kind = routes.find("GET", &bare).unwrap_or(&bare).to_owned();
                let times = seen.entry(kind).or_default();
                *times += 1;
                if *times > 3 {
                    continue;
                }
                let page = visitor.ask("GET", &at);
                opened.insert(bare.clone());
                let is_link = from != "the list of routes";
                if (is_link && matches!(page.status, 404 | 405)) || page.status >= 500 {
                    dead.entry(format!("{bare} answers {}", page.status))
                        .or_default()
                        .insert(format!("{} as {word}", shortened(&from)));
                }
                if !page
                    .header("content-type")
                    .unwrap_or_default()
                    .starts_with("text/html")
                {
                    continue;
                }
                let here = url::Url::parse(&format!("{}{at}", w.p.base)).unwrap();
                let note = |to: &str, what: &str| -> Option<String> {
                    let there = match here.join(to) {
                        Ok(there) => there,
                        Err(e) => {
                            wrong
                                .borrow_mut()
                                .insert(format!("{word}: {bare} has the {what} {to:?}: {e}"));
                            return None;
                        }
                    };
                    (there.origin() == here.origin())
                        .then(|| there[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
                };
                // The gallery shows every part in every state, with made-up rows: its links are samples.
                if bare.starts_with("/operator/ui") {
                    continue;
                }
                let html = page.html();
                let attrs = |selector: &str, name: &str| -> Vec<String> {
                    html.select(&crate::support::sel(selector))
                        .filter_map(|e| e.value().attr(name).map(str::to_owned))
                        .collect()
                };
                let ids: BTreeSet<String> = attrs("[id]", "id").into_iter().collect();
                for href in attrs("a[href]", "href") {
                    if let Some(id) = href.strip_prefix('#') {
                        if !id.is_empty() && !ids.contains(id) {
                            wrong.borrow_mut().insert(format!(
                                "{word}: {bare} has a link to {href}, and nothing with that id"
                            ));
                        }
                        continue;
                    }
                    if let Some(to) = note(&href, "link") {
                        queue.push_back((to, bare.clone()));
                    }
                }
                for src in [attrs("[src]", "src"), attrs("link[href]", "href")].concat() {
                    if let Some(to) = note(&src, "source")
                        && files.insert(to.clone())
                    {
                        queue.push_back((to, bare.clone()));
                    }
                }
                for form in html.select(&crate::support::sel("form")) {
                    let method = form.value().attr("method").unwrap_or("get").to_ascii_uppercase();
                    let action = form.value().attr("action").unwrap_or(&at).to_owned();
                    let Some(to) = note(&action, "form") else {
                        wrong.borrow_mut().insert(format!(
                            "{word}: a form of {bare} leads out of the portal: {action}"
                        ));
                        continue;
                    };
                    let path = to.split('?').next().unwrap();
                    if routes.find(&method, path).is_none() {
                        wrong.borrow_mut().insert(format!(
                            "{word}: a form of {bare} is sent with {method} to {path}, which is no route"
                        ));
                    }
                }
                for action in attrs("[formaction]", "formaction") {
                    if let Some(to) = note(&action, "button")
                        && routes.find("POST", to.split('?').next().unwrap()).is_none()
                    {
                        wrong.borrow_mut().insert(format!(
                            "{word}: a button of {bare} leads to {to}, which is no route"
                        ));
                    }
                }
            }
        }
        let mut wrong = wrong.into_inner();
        for (target, from) in dead {
            let some: Vec<&str> = from.iter().map(String::as_str).take(3).collect();
            wrong.insert(format!(
                "{target}; {} pages lead there: {} ...",
                from.len(),
                some.join(", ")
            ));
        }
        assert!(
            wrong.is_empty(),
            "{} dead ends on {} pages:\n{}",
            wrong.len(),
            opened.len(),
            wrong.into_iter().collect::<Vec<_>>().join("\n")
        );
    });
}

/// Links are long and say nothing.
fn shortened(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if part.starts_with("ey") { "{token}" } else { part })
        .collect();
    parts.join("/")
}

#[test]
fn patterns_are_read_as_the_server_reads_them() {
    let fits = |pattern, path| Patterns::of([("GET", pattern)]).find("GET", path) == Some(pattern);
    assert!(fits("/sa/{said}/users.csv", "/sa/1/users.csv"));
    assert!(fits("/a/{x}.csv", "/a/b.csv"));
    assert!(!fits("/sa/{said}", "/sa/1/users"));
    assert!(!fits("/sa/{said}", "/sa/"));
    assert_eq!(Patterns::of([("GET", "/a")]).find("POST", "/a"), None);
}
