//! "Add User": a list of addresses or a file, the report on it, and the button that adds.

use super::model::{
    Content, Entry, Import, Line, MEANINGS, MOST_LINES, PeopleFile, Report, numbered, read_again, read_file,
    typed,
};
use super::service::{self, Done};
use crate::authz::action::{ManageGroups, ManageUsers};
use crate::authz::{Does, Role};
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::form::{LIST_LIMIT, Named, PathPart, fresh};
use crate::http::list::Pager;
use crate::http::sheet::{SheetCard, chosen};
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, ListQuery, ListSpec, May, Posted, Routes, Shell, Visit, page,
    page_with,
};
use crate::kernel::addresses::recipients;
use crate::kernel::ids::{ImportId, UserGroupId};
use crate::members::access::{self, AccessFields};
use crate::members::groups;
use crate::members::groups::pages as groups_pages;
use crate::members::model::{APPROVER_CAUTION, Scope};
use crate::members::pages::{base, may_assign};
use crate::members::service::place;
use askama::Template;
use serde::Deserialize;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/users/add", show_add);
    routes.post("/sa/{said}/account/users/add", add);
    routes.get("/sa/{said}/account/users/add/{import}", review);
    routes.post("/sa/{said}/account/users/add/{import}", mend);
    routes.post("/sa/{said}/account/users/add/{import}/confirm", confirm);
}

/// The pages that add to a user group.
pub fn group_routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/user-groups/{group}/add", show_add_to_group);
    routes.post("/sa/{said}/account/user-groups/{group}/add", add_to_group);
    routes.get(
        "/sa/{said}/account/user-groups/{group}/add/{import}",
        review_of_group,
    );
    routes.post(
        "/sa/{said}/account/user-groups/{group}/add/{import}",
        mend_of_group,
    );
    routes.post(
        "/sa/{said}/account/user-groups/{group}/add/{import}/confirm",
        confirm_of_group,
    );
}

impl Named for ImportId {
    const NAME: &'static str = "import";
}

const STEPS: [&str; 2] = ["Users and role", "Review"];
const GROUP_STEPS: [&str; 2] = ["Users", "Review"];

#[derive(Template)]
#[template(path = "members/add.html")]
struct AddPage {
    shell: Shell,
    title: String,
    says: String,
    steps: [&'static str; 2],
    form: FormState,
    /// Scope and role are asked for; a group has its own.
    scoped: bool,
    fields: AccessFields,
    caution: &'static str,
    back: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddForm {
    #[serde(default)]
    emails: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    virtual_account: Vec<String>,
}

/// The lines of both fields: what the file says under its own numbers, then what was typed.
fn lines(form: &AddForm, problems: &mut Problems) -> PeopleFile {
    let mut file = read_file(&form.file).unwrap_or_else(|says| {
        problems.add("file", says);
        PeopleFile::default()
    });
    let last = match &file.table {
        Some(table) => table.found.last,
        None => file.lines.len(),
    };
    file.lines.extend(numbered(last, recipients(&form.emails)));
    if file.lines.is_empty() && file.table.is_none() && problems.is_empty() {
        problems.add(
            "emails",
            "Enter at least one e-mail address, or choose a CSV file.",
        );
    }
    if file.lines.len() > MOST_LINES {
        problems.add(
            "emails",
            format!(
                "{} lines are more than the 10,000 that are taken at once.",
                file.lines.len()
            ),
        );
    }
    file
}

fn user_crumbs(visit: &Visit) -> [Crumb; 2] {
    [
        Crumb::text("Account Management"),
        Crumb::link("Users", base(visit, "users")),
    ]
}

async fn add_page(may: &May<ManageUsers>, form: FormState) -> Result<AddPage> {
    let within = may.permit.within().clone();
    let account = within.account()?;
    let place = may.portal.db.read(move |r| place(r, account)).await?;
    let mut shell = may.account_shell("Add User", &user_crumbs(may));
    shell.error_title = form.has_problems();
    Ok(AddPage {
        shell,
        title: "Add User".to_owned(),
        says: format!(
            "People are added to {} by their e-mail addresses. You see what becomes of each line before anything is written.",
            place.name
        ),
        steps: STEPS,
        scoped: true,
        fields: access::fields(&place, &within, true),
        form,
        // Who may give roles in some Virtual Accounts gives no Approver role.
        caution: if within.only().is_none() && !may.portal.config.edition.is_on_prem() {
            APPROVER_CAUTION
        } else {
            ""
        },
        back: base(may, "users"),
    })
}

async fn show_add(may: May<ManageUsers>) -> Answer {
    let whole = may.permit.within().only().is_none();
    let form = fresh().with_value("scope", if whole { access::ENTIRE } else { access::SELECTED });
    page(&add_page(&may, form).await?)
}

async fn add(may: May<ManageUsers>, posted: Posted<AddForm, LIST_LIMIT>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let file = lines(typed, &mut problems);
    let mut asked = Problems::default();
    let given = access::read(
        &typed.scope,
        &typed.role,
        &typed.virtual_account,
        may.permit.within(),
        &mut asked,
    );
    for one in asked.list() {
        problems.add(&one.field, &one.says);
    }
    let (Some((scope, role)), true) = (given, problems.is_empty()) else {
        return page_with(422, &add_page(&may, posted.again(&problems)).await?);
    };
    may_assign(&may, role)?;
    let content = Content {
        places: match scope {
            Scope::Account => None,
            Scope::These(list) => Some(list),
        },
        role: Some(role),
        lines: file.lines,
        table: file.table,
    };
    let id = keep(&may, None, content).await?;
    crate::http::see_other(&format!("{}/add/{id}", base(&may, "users")))
}

/// Keeps a list for its review.
async fn keep<A: Does>(may: &May<A>, group: Option<UserGroupId>, content: Content) -> Result<ImportId> {
    let import = Import {
        id: ImportId::new(),
        account: may.permit.within().account()?,
        author: may.permit.person()?,
        group,
        content,
        done_at: None,
        version: 1,
    };
    let (id, at) = (import.id, may.portal.clock.now());
    may.portal
        .db
        .housekeeping(move |tx| service::keep(tx, at, &import))
        .await?;
    Ok(id)
}

// The report -------------------------------------------------------------------------------------------------

/// So many wrong lines are shown to be mended at once.
const WRONG_AT_ONCE: usize = 100;

#[derive(Template)]
#[template(path = "members/review.html")]
struct ReviewPage {
    shell: Shell,
    title: String,
    /// What would be given to whom.
    says: String,
    steps: [&'static str; 2],
    version: i64,
    path: String,
    back: String,
    tabs: Vec<Tab>,
    /// How the file was read, when it is a table.
    sheet: Option<SheetCard>,
    wrong: Vec<Line>,
    wrong_count: usize,
    acting: usize,
    rows: Vec<Line>,
    pager: Pager,
    done: bool,
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

fn review_page(
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
    let permit = may.permit.clone();
    let (import, says, report) = may
        .portal
        .db
        .read(move |r| {
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

async fn review(may: May<ManageUsers>, id: PathPart<ImportId>) -> Answer {
    page(&reviewed(&may, id.0).await?)
}

/// Lines as they were mended, and which are left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MendForm {
    version: String,
    #[serde(default)]
    number: Vec<String>,
    #[serde(default)]
    typed: Vec<String>,
    /// Numbers of lines.
    #[serde(default)]
    leave: Vec<String>,
    /// All wrong lines are left out.
    #[serde(default)]
    all: String,
    /// Columns that were chosen: the file is read anew.
    #[serde(default)]
    column: Vec<String>,
    /// The line of its heading, or "".
    #[serde(default)]
    head: String,
}

/// What the list says after what was sent from its review.
fn changed(content: &Content, form: &MendForm, wrong: &[usize]) -> Result<Content> {
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

fn wrong_numbers(report: &Report) -> Vec<usize> {
    report
        .lines
        .iter()
        .filter(|line| line.verdict.is_wrong())
        .map(|line| line.number)
        .collect()
}

async fn mend(may: May<ManageUsers>, id: PathPart<ImportId>, posted: Posted<MendForm, LIST_LIMIT>) -> Answer {
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

async fn confirm(may: May<ManageUsers>, id: PathPart<ImportId>, _: Posted<NoFields>) -> Answer {
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let asked = may.permit.clone();
    let import = may
        .portal
        .db
        .read(move |r| service::find(r, asked.within(), asked.person()?, id))
        .await?;
    if let Some(role) = import.content.role {
        may_assign(&may, role)?;
    }
    let new = service::ids(import.content.lines.len());
    let done = may
        .portal
        .db
        .write(move |tx| service::add_kept(tx, &permit, at, id, &new, false))
        .await;
    match done {
        Ok(done) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(&base(&may, "users"), flash(done)))
        }
        // The report says which lines stand in the way.
        Err(Error::Refused(_)) => page_with(409, &reviewed(&may, id).await?),
        Err(other) => Err(other),
    }
}

// Into a group -----------------------------------------------------------------------------------------------

async fn group_add_page(may: &May<ManageGroups>, id: UserGroupId, form: FormState) -> Result<AddPage> {
    let permit = may.permit.clone();
    let (group, _) = may
        .portal
        .db
        .read(move |r| groups::report(r, &permit, id, &[]))
        .await?;
    let back = groups_pages::path(may, id);
    let mut shell = may.account_shell(
        "Add users",
        &groups_pages::crumbs(may, Some((&group.name, &back))),
    );
    shell.error_title = form.has_problems();
    Ok(AddPage {
        shell,
        title: "Add users".to_owned(),
        says: format!(
            "Whoever is in {} holds the group's role at once. You see what becomes of each line before anything is written.",
            group.name
        ),
        steps: GROUP_STEPS,
        scoped: false,
        fields: AccessFields::default(),
        form,
        caution: "",
        back,
    })
}

async fn show_add_to_group(may: May<ManageGroups>, id: PathPart<UserGroupId>) -> Answer {
    page(&group_add_page(&may, id.0, fresh()).await?)
}

async fn add_to_group(
    may: May<ManageGroups>,
    id: PathPart<UserGroupId>,
    posted: Posted<AddForm, LIST_LIMIT>,
) -> Answer {
    let mut problems = Problems::default();
    let file = lines(&posted.value, &mut problems);
    // Whether this group may be changed is asked with the page itself.
    let again = group_add_page(&may, id.0, posted.again(&problems)).await?;
    if !problems.is_empty() {
        return page_with(422, &again);
    }
    let content = Content {
        places: None,
        role: None,
        lines: file.lines,
        table: file.table,
    };
    let import = keep(&may, Some(id.0), content).await?;
    crate::http::see_other(&format!("{}/add/{import}", groups_pages::path(&may, id.0)))
}

async fn reviewed_of_group(may: &May<ManageGroups>, group: UserGroupId, id: ImportId) -> Result<ReviewPage> {
    let permit = may.permit.clone();
    let (import, group_name, report) = may
        .portal
        .db
        .read(move |r| {
            let import = service::find(r, permit.within(), permit.person()?, id)?;
            if import.group != Some(group) {
                return Err(Error::NotFound);
            }
            let (found, report) = groups::report(r, &permit, group, &import.content.lines)?;
            Ok((import, found.name, report))
        })
        .await?;
    let back = groups_pages::path(may, group);
    let crumbs = groups_pages::crumbs(may, Some((&group_name, &back)));
    Ok(review_page(
        may,
        &import,
        report,
        (
            "Add users".to_owned(),
            format!("Into the user group {group_name}"),
            GROUP_STEPS,
        ),
        &crumbs,
        (format!("{back}/add/{id}"), back),
    ))
}

async fn review_of_group(
    may: May<ManageGroups>,
    group: PathPart<UserGroupId>,
    id: PathPart<ImportId>,
) -> Answer {
    page(&reviewed_of_group(&may, group.0, id.0).await?)
}

async fn mend_of_group(
    may: May<ManageGroups>,
    group: PathPart<UserGroupId>,
    id: PathPart<ImportId>,
    posted: Posted<MendForm, LIST_LIMIT>,
) -> Answer {
    let (permit, group, id) = (may.permit.clone(), group.0, id.0);
    let form = posted.value;
    let version = form.version.parse().unwrap_or_default();
    may.portal
        .db
        .housekeeping(move |tx| {
            let mut import = service::find(tx, permit.within(), permit.person()?, id)?;
            if import.group != Some(group) {
                return Err(Error::NotFound);
            }
            import.version = version;
            let (_, report) = groups::report(tx, &permit, group, &import.content.lines)?;
            let content = changed(&import.content, &form, &wrong_numbers(&report))?;
            service::mend(tx, &import, &content)
        })
        .await?;
    crate::http::see_other(&format!("{}/add/{id}", groups_pages::path(&may, group)))
}

async fn confirm_of_group(
    may: May<ManageGroups>,
    group: PathPart<UserGroupId>,
    id: PathPart<ImportId>,
    _: Posted<NoFields>,
) -> Answer {
    let (permit, at, group, id) = (may.permit.clone(), may.portal.clock.now(), group.0, id.0);
    let asked = may.permit.clone();
    let import = may
        .portal
        .db
        .read(move |r| service::find(r, asked.within(), asked.person()?, id))
        .await?;
    if import.group != Some(group) {
        return Err(Error::NotFound);
    }
    let new = service::ids(import.content.lines.len());
    let done = may
        .portal
        .db
        .write(move |tx| groups::add_kept(tx, &permit, at, id, &new, false))
        .await;
    match done {
        Ok(done) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(&groups_pages::path(&may, group), flash(done)))
        }
        Err(Error::Refused(refusal)) if refusal.code == "members.lines-wrong" => {
            page_with(409, &reviewed_of_group(&may, group, id).await?)
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
