//! The report before anything is written: what became of each line, and mending it.

use super::STEPS;
use super::add::user_crumbs;
use crate::authz::Role;
use crate::authz::action::ManageUsers;
use crate::error::{Error, Result};
use crate::http::form::{LIST_LIMIT, PathPart};
use crate::http::list::Pager;
use crate::http::sheet::{SheetCard, chosen};
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, ListQuery, ListSpec, May, NoFields, Posted, Shell, Visit, page,
    page_with,
};
use crate::kernel::ids::ImportId;
use crate::members::imports::model::{Content, Entry, Import, Line, MEANINGS, Report, read_again, typed};
use crate::members::imports::service::{self, Done};
use crate::members::model::Scope;
use crate::members::pages::{base, may_assign};
use askama::Template;
use serde::Deserialize;

/// So many wrong lines are shown to be mended at once.
const WRONG_AT_ONCE: usize = 100;

#[derive(Template)]
#[template(path = "members/review.html")]
pub(super) struct ReviewPage {
    pub(super) shell: Shell,
    pub(super) title: String,
    /// What would be given to whom.
    pub(super) says: String,
    pub(super) steps: [&'static str; 2],
    pub(super) version: i64,
    pub(super) path: String,
    pub(super) back: String,
    pub(super) tabs: Vec<Tab>,
    /// How the file was read, when it is a table.
    pub(super) sheet: Option<SheetCard>,
    pub(super) wrong: Vec<Line>,
    pub(super) wrong_count: usize,
    pub(super) acting: usize,
    pub(super) rows: Vec<Line>,
    pub(super) pager: Pager,
    pub(super) done: bool,
}

impl ReviewPage {
    fn button(&self) -> String {
        format!("Add {}", counted(self.acting as u64, "user", "users"))
    }
    /// A column has to be chosen before anybody can be added.
    fn asks(&self) -> bool {
        self.sheet.as_ref().is_some_and(|sheet| sheet.asks)
    }
}

const SHOW: &[crate::http::list::FilterSpec<'_>] = &[crate::http::list::FilterSpec {
    key: "show",
    label: "Show",
    values: &[
        ("added", "Will be added"),
        ("invited", "Will be invited"),
        ("changed", "Role will change"),
        ("unchanged", "Has this already"),
        ("repeated", "Repeated"),
        ("wrong", "Wrong"),
    ],
}];

pub(super) fn review_page(
    visit: &Visit,
    import: &Import,
    report: Report,
    (title, says, steps): (String, String, [&'static str; 2]),
    crumbs: &[Crumb],
    (path, back): (String, String),
) -> ReviewPage {
    let mut list = ListQuery::parse(
        &visit.query,
        &ListSpec {
            path: path.clone(),
            sorts: &["line"],
            default_sort: "line",
            filters: SHOW,
            columns: &[],
        },
    );
    let all = report.lines.len() as u64;
    let mut tabs = vec![Tab {
        label: "All lines".to_owned(),
        href: list.clear_href(),
        current: list.filters.is_empty(),
        count: Some(all),
    }];
    for (word, label) in SHOW.iter().flat_map(|filter| filter.values) {
        let count = report.count(|verdict| verdict.word() == *word);
        if count > 0 || list.has("show", word) {
            tabs.push(Tab {
                label: (*label).to_owned(),
                href: list.only_filter("show", word),
                current: list.has("show", word),
                count: Some(count as u64),
            });
        }
    }
    let (wrong_count, acting) = (report.wrong(), report.acting());
    let wrong = report
        .lines
        .iter()
        .filter(|line| line.verdict.is_wrong())
        .take(WRONG_AT_ONCE)
        .cloned()
        .collect();
    let shown: Vec<Line> = report
        .lines
        .into_iter()
        .filter(|line| list.filters.is_empty() || list.has("show", line.verdict.word()))
        .collect();
    let total = shown.len() as u64;
    list.clamp(total);
    let pager = list.pager(total);
    let rows = list.cut(shown).collect();
    let mut shell = visit.account_shell("Review", crumbs);
    let sheet = import
        .content
        .table
        .as_ref()
        .filter(|_| import.done_at.is_none())
        .map(|kept| {
            let mut card = SheetCard::of(&kept.found, &MEANINGS, &path, import.version);
            card.caution = "All lines of the file are read anew; what was mended or left out below is lost.";
            card
        });
    shell.error_title = wrong_count > 0 || sheet.as_ref().is_some_and(|sheet| sheet.asks);
    ReviewPage {
        sheet,
        shell,
        title,
        says,
        steps,
        version: import.version,
        path,
        back,
        tabs,
        wrong,
        wrong_count,
        acting,
        rows,
        pager,
        done: import.done_at.is_some(),
    }
}

/// The role and the place, in words.
fn in_words(
    role: Role,
    scope: &Scope,
    names: &std::collections::HashMap<crate::kernel::ids::VirtualAccountId, String>,
) -> String {
    match scope {
        Scope::Account => format!("{role}, {}", Scope::ENTIRE),
        Scope::These(list) => {
            let mut places: Vec<&str> = list
                .iter()
                .filter_map(|id| names.get(id))
                .map(String::as_str)
                .collect();
            places.sort_unstable();
            let more = places.len().saturating_sub(5);
            let mut said = places.into_iter().take(5).collect::<Vec<_>>().join(", ");
            if more > 0 {
                said.push_str(&format!(", {more} more"));
            }
            format!("{role} in {said}")
        }
    }
}

async fn reviewed(may: &May<ManageUsers>, id: ImportId) -> Result<ReviewPage> {
    let (import, says, report) = may
        .reads(move |r, permit| {
            let import = service::find(r, permit.within(), permit.person()?, id)?;
            if import.group.is_some() {
                return Err(Error::NotFound);
            }
            let (place, report) = service::report(r, permit.within(), &import.content)?;
            let role = import.content.role.ok_or(Error::NotFound)?;
            let says = in_words(role, &import.content.scope(), &place.names);
            Ok((import, says, report))
        })
        .await?;
    let mut crumbs = user_crumbs(may).to_vec();
    let add = format!("{}/add", base(may, "users"));
    crumbs.push(Crumb::link("Add User", &add));
    Ok(review_page(
        may,
        &import,
        report,
        ("Add User".to_owned(), says, STEPS),
        &crumbs,
        (format!("{add}/{id}"), base(may, "users")),
    ))
}

pub(super) async fn review(may: May<ManageUsers>, id: PathPart<ImportId>) -> Answer {
    page(&reviewed(&may, id.0).await?)
}

/// Lines as they were mended, and which are left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MendForm {
    pub(super) version: String,
    #[serde(default)]
    pub(super) number: Vec<String>,
    #[serde(default)]
    pub(super) typed: Vec<String>,
    /// Numbers of lines.
    #[serde(default)]
    pub(super) leave: Vec<String>,
    /// All wrong lines are left out.
    #[serde(default)]
    pub(super) all: String,
    /// Columns that were chosen: the file is read anew.
    #[serde(default)]
    pub(super) column: Vec<String>,
    /// The line of its heading, or "".
    #[serde(default)]
    pub(super) head: String,
}

/// What the list says after what was sent from its review.
pub(super) fn changed(content: &Content, form: &MendForm, wrong: &[usize]) -> Result<Content> {
    match &content.table {
        Some(kept) if !form.column.is_empty() => {
            let layout = chosen(&kept.found, &MEANINGS, &form.column, &form.head);
            read_again(content, &layout).map_err(|says| Error::invalid("file", says))
        }
        _ => Ok(Content {
            lines: mended(&content.lines, form, wrong),
            ..content.clone()
        }),
    }
}

/// The lines after mending. What is left out or emptied is gone.
fn mended(before: &[Entry], form: &MendForm, wrong: &[usize]) -> Vec<Entry> {
    let left: Vec<usize> = form.leave.iter().filter_map(|n| n.parse().ok()).collect();
    let mended: std::collections::HashMap<usize, &str> = form
        .number
        .iter()
        .filter_map(|n| n.parse().ok())
        .zip(form.typed.iter().map(String::as_str))
        .collect();
    before
        .iter()
        .filter_map(|Entry { number, typed: line }| {
            let number = *number;
            if left.contains(&number) || (form.all == "1" && wrong.contains(&number)) {
                return None;
            }
            let Some(line) = mended.get(&number) else {
                return Some(Entry {
                    number,
                    typed: line.clone(),
                });
            };
            let line = line.trim();
            (!line.is_empty()).then(|| Entry {
                number,
                typed: typed(line),
            })
        })
        .collect()
}

pub(super) fn wrong_numbers(report: &Report) -> Vec<usize> {
    report
        .lines
        .iter()
        .filter(|line| line.verdict.is_wrong())
        .map(|line| line.number)
        .collect()
}

pub(super) async fn mend(
    may: May<ManageUsers>,
    id: PathPart<ImportId>,
    posted: Posted<MendForm, LIST_LIMIT>,
) -> Answer {
    let (permit, id) = (may.permit.clone(), id.0);
    let form = posted.value;
    let version = form.version.parse().unwrap_or_default();
    may.portal
        .db
        .housekeeping(move |tx| {
            let mut import = service::find(tx, permit.within(), permit.person()?, id)?;
            if import.group.is_some() {
                return Err(Error::NotFound);
            }
            import.version = version;
            let (_, report) = service::report(tx, permit.within(), &import.content)?;
            let content = changed(&import.content, &form, &wrong_numbers(&report))?;
            service::mend(tx, &import, &content)
        })
        .await?;
    crate::http::see_other(&format!("{}/add/{id}", base(&may, "users")))
}

/// What came of it, for the next page.
pub fn flash(done: Option<Done>) -> Flash {
    let text = match done {
        None => "This list was added already.".to_owned(),
        Some(done) => {
            let added = (done.added + done.changed) as u64;
            let mut parts = Vec::new();
            if added > 0 || done.invited == 0 {
                parts.push(counted(added, "user was added", "users were added"));
            }
            if done.invited > 0 {
                parts.push(format!(
                    "{} with a link to set up a user account",
                    counted(done.invited as u64, "person was invited", "people were invited")
                ));
            }
            format!("{}.", parts.join(", "))
        }
    };
    Flash {
        kind: FlashKind::Ok,
        text,
        link: None,
    }
}

pub(super) async fn confirm(may: May<ManageUsers>, id: PathPart<ImportId>, _: Posted<NoFields>) -> Answer {
    let id = id.0;
    let import = may
        .reads(move |r, permit| service::find(r, permit.within(), permit.person()?, id))
        .await?;
    if let Some(role) = import.content.role {
        may_assign(&may, role)?;
    }
    let new = service::ids(import.content.lines.len());
    let done = may
        .does(move |tx, permit, at| service::add_kept(tx, permit, at, id, &new, false))
        .await;
    match done {
        Ok(done) => Ok(may.see_other(&base(&may, "users"), flash(done))),
        // The report says which lines stand in the way.
        Err(Error::Refused(_)) => page_with(409, &reviewed(&may, id).await?),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::imports::model::numbered;

    #[test]
    fn mended_lines_take_the_place_of_wrong_ones_and_others_are_left_out() {
        let typed = ["a@b.example", "wrong", "worse", "c@d.example", "worst", ""];
        // The first line of the file is its heading.
        let before = numbered(1, typed.map(str::to_owned).to_vec());
        let form = |all: &str| MendForm {
            version: "1".to_owned(),
            number: vec!["3".to_owned(), "4".to_owned()],
            typed: vec![" x@y.example ".to_owned(), String::new()],
            leave: vec!["6".to_owned()],
            all: all.to_owned(),
            column: Vec::new(),
            head: String::new(),
        };
        let left = |form| -> Vec<(usize, String)> {
            mended(&before, &form, &[3, 4, 6, 7])
                .into_iter()
                .map(|e| (e.number, e.typed))
                .collect()
        };
        // What is left keeps its number; what was not on the page stays as it was, be it empty.
        let of = |list: &[(usize, &str)]| -> Vec<(usize, String)> {
            list.iter().map(|(n, typed)| (*n, (*typed).to_owned())).collect()
        };
        assert_eq!(
            left(form("")),
            of(&[
                (2, "a@b.example"),
                (3, "x@y.example"),
                (5, "c@d.example"),
                (7, "")
            ])
        );
        assert_eq!(left(form("1")), of(&[(2, "a@b.example"), (5, "c@d.example")]));
    }
}
