//! Search over everything, in the account that is open: `GET /search`. The top bar's form leads here, and the script
//! takes its results into a dialog.

use super::directory::found_by;
use super::guide_pages;
use super::pages::accounts_of;
use crate::authz::action::ViewDirectory;
use crate::error::Result;
use crate::http::search::{Hit, Hits, MOST, Search, with_words};
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, Shell, SignedIn, page};
use crate::kernel::{Sought, search_key};
use crate::platform::db::Read;
use crate::smart_accounts;
use askama::Template;

#[derive(Template)]
#[template(path = "home/search.html")]
struct SearchPage {
    shell: Shell,
    q: String,
    /// The account that is searched, or "".
    account: String,
    groups: Vec<Hits>,
    count: String,
}

pub async fn search(visit: SignedIn) -> Answer {
    let q: String = url::form_urlencoded::parse(visit.query.as_bytes())
        .find(|(key, _)| key == "q")
        .map(|(_, value)| value.trim().chars().take(200).collect())
        .unwrap_or_default();
    let mut shell = visit.shell("Search");
    shell.crumbs = vec![Crumb::text("Search")];
    let mut groups = Vec::new();
    if let Some(search) = Search::of(&visit, &q) {
        let menu = visit.portal.menu.clone();
        let has = |path: &str| {
            visit
                .portal
                .routes
                .iter()
                .any(|r| r.method == "GET" && r.path == path)
        };
        groups.extend(pages(&shell, &q, &has));
        groups.extend(visit.portal.db.read(move |r| menu.search(r, &search)).await?);
        groups.extend(guides(&q));
    }
    let total: u64 = groups.iter().map(|group| group.total).sum();
    page(&SearchPage {
        account: visit.tenant.as_ref().map(|t| t.name.clone()).unwrap_or_default(),
        count: counted(total, "result", "results"),
        shell,
        q,
        groups,
    })
}

/// Pages that stand in the menus around every page: those of the left menu that this person sees, and one's own where
/// the edition has them.
fn pages(shell: &Shell, words: &str, has: &dyn Fn(&str) -> bool) -> Option<Hits> {
    const OWN: &[(&str, &str)] = &[
        ("Software Central", "/software-central"),
        ("Select a Smart Account", "/select"),
        ("Your Smart and Virtual Account access", "/access"),
        ("Your access requests", "/access/requests"),
        ("Smart Account requests", "/requests"),
        ("Your profile", "/profile"),
        ("Sessions", "/profile/sessions"),
        ("API access", "/profile/api"),
        ("Appearance", "/preferences"),
    ];
    let sought = Sought::parse(words);
    let is_meant = |label: &str| sought.fits(&search_key(label));
    let mut found = Vec::new();
    for section in &shell.menu {
        if let Some(href) = section.href.as_ref().filter(|_| is_meant(section.label)) {
            found.push((section.label, href.clone(), "Page".to_owned()));
        }
        for item in section.groups.iter().flat_map(|group| &group.items) {
            if is_meant(&format!("{} {}", section.label, item.label)) {
                found.push((item.label, item.href.clone(), section.label.to_owned()));
            }
        }
    }
    if let Some(account) = &shell.account
        && is_meant("Smart Account properties")
        && has("/sa/{said}/account")
    {
        let href = format!("/sa/{}/account", account.number);
        found.push(("Smart Account properties", href, account.name.clone()));
    }
    for (label, href) in OWN {
        if is_meant(label) && has(href) {
            found.push((label, (*href).to_owned(), "Yours".to_owned()));
        }
    }
    // There is no list of pages to lead on to: all that match are shown.
    (!found.is_empty()).then(|| Hits {
        label: "Pages",
        icon: "layout-dashboard",
        total: found.len() as u64,
        hits: found
            .into_iter()
            .map(|(label, href, says)| Hit {
                title: label.to_owned(),
                says,
                href,
            })
            .collect(),
        all: String::new(),
    })
}

fn guides(words: &str) -> Option<Hits> {
    let found = guide_pages::matching(words);
    (!found.is_empty()).then(|| Hits {
        label: "Help",
        icon: "circle-help",
        total: found.len() as u64,
        hits: found
            .iter()
            .map(|guide| Hit {
                title: guide.title.to_owned(),
                says: guide.says.to_owned(),
                href: guide.path.to_owned(),
            })
            .collect(),
        all: "/help".to_owned(),
    })
}

/// Smart Accounts in which one holds a role; the directory, to which the list leads, searches among all.
pub fn accounts(read: &mut Read<'_>, search: &Search) -> Result<Option<Hits>> {
    if search.permit::<ViewDirectory>()?.is_none() {
        return Ok(None);
    }
    let sought = Sought::parse(&search.words);
    let mut found = smart_accounts::find_many(read, &accounts_of(&search.everywhere))?;
    // As the directory does, to which the list leads.
    found.retain(|account| sought.fits(&found_by(account)));
    found.sort_by_key(|account| (search_key(&account.name), account.number));
    Ok(Some(Hits {
        label: "Smart Accounts",
        icon: "building-2",
        total: found.len() as u64,
        all: with_words("/access", &search.words),
        hits: found
            .into_iter()
            .take(usize::try_from(MOST).unwrap_or(usize::MAX))
            .map(|account| Hit {
                href: format!("/sa/{}", account.number),
                says: format!("{} · ID {}", account.domain, account.number),
                title: account.name,
            })
            .collect(),
    }))
}
