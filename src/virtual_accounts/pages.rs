//! The list of Virtual Accounts, flat and as a tree; one of them, with its pop-ups.

use super::model::AccessLevel;
use super::service::{self, Branch, Order, Row};
use super::store::{Filter, Sort};
use crate::authn::Person;
use crate::authz::action::{DeleteVirtualAccount, EditVirtualAccount, ViewVirtualAccounts};
use crate::authz::{Action, Does, Permit, grants};
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Shell, Visit, page, page_with, reason,
};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::search_key;
use askama::Template;
use serde::Deserialize;

impl Named for VirtualAccountId {
    const NAME: &'static str = "va";
}

/// So many tags are offered as check boxes; with more of them one is typed.
const MOST_TAGS_OFFERED: usize = 60;

const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "description",
        label: "Description",
        default_on: true,
    },
    ColumnSpec {
        key: "access",
        label: "Access level",
        default_on: true,
    },
    ColumnSpec {
        key: "parent",
        label: "Parent",
        default_on: true,
    },
    ColumnSpec {
        key: "tags",
        label: "Tags",
        default_on: true,
    },
    ColumnSpec {
        key: "users",
        label: "Users",
        default_on: true,
    },
    ColumnSpec {
        key: "end",
        label: "Preferred end Date",
        default_on: false,
    },
    ColumnSpec {
        key: "created",
        label: "Created",
        default_on: false,
    },
];

/// The address of the list.
pub fn address(visit: &Visit) -> String {
    let number = visit.number();
    format!("/sa/{number}/account/virtual-accounts")
}

/// The crumbs that lead to the list and, when there is one, to a Virtual Account.
pub fn crumbs(visit: &Visit, one: Option<(&str, VirtualAccountId)>) -> Vec<Crumb> {
    let address = address(visit);
    let mut crumbs = vec![
        Crumb::text("Account Management"),
        Crumb::link("Virtual Accounts", &address),
    ];
    if let Some((name, id)) = one {
        crumbs.push(Crumb::link(name, format!("{address}/{id}")));
    }
    crumbs
}

pub const ACCESS: &[(&str, &str)] = &[("unrestricted", "Unrestricted"), ("restricted", "Restricted")];
pub const LEVELS: &[(&str, &str)] = &[("top", "Top level"), ("nested", "Nested")];
/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "access", "users", "created"];

/// Whether the Virtual Accounts of this portal are flat: those of a local account are not nested.
pub fn is_flat(visit: &Visit) -> bool {
    visit.portal.config.edition.is_on_prem()
}

/// What a list's address asks for. Which tags there are is known only by then, so they are given. A flat list has neither
/// levels nor parents, and no access levels: orders, which go by those, are the cloud's.
pub fn query(path: String, raw: &str, tags: &[String], is_flat: bool) -> ListQuery {
    let offered: Vec<(&str, &str)> = if tags.len() > MOST_TAGS_OFFERED {
        Vec::new()
    } else {
        tags.iter().map(|tag| (tag.as_str(), tag.as_str())).collect()
    };
    // A tag is the same filter however it is written in the address.
    let raw = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            url::form_urlencoded::parse(raw.as_bytes()).map(|(key, value)| match key.as_ref() {
                "tag" => (key, known_tag(tags, &value).to_owned()),
                _ => (key, value.into_owned()),
            }),
        )
        .finish();
    let filters = [
        FilterSpec {
            key: "access",
            label: "Access level",
            values: ACCESS,
        },
        FilterSpec {
            key: "tag",
            label: "Tag",
            values: &offered,
        },
        FilterSpec {
            key: "level",
            label: "Level",
            values: LEVELS,
        },
    ];
    let columns: Vec<ColumnSpec<'_>> = COLUMNS
        .iter()
        .filter(|column| !is_flat || !["parent", "access"].contains(&column.key))
        .copied()
        .collect();
    let mut list = ListQuery::parse(
        &raw,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "name",
            filters: if is_flat { &filters[1..2] } else { &filters },
            columns: &columns,
        },
    );
    list.check_values("tag", |wanted| tags.iter().any(|tag| tag == wanted));
    list
}

/// What a query narrows the list to.
pub fn filter(list: &ListQuery) -> Filter {
    let levels = list.values("level");
    Filter {
        typed: list.q.clone(),
        levels: list
            .values("access")
            .iter()
            .filter_map(|word| word.parse::<AccessLevel>().ok())
            .collect(),
        tags: list.values("tag").iter().map(|tag| search_key(tag)).collect(),
        nested: match levels.as_slice() {
            ["nested"] => Some(true),
            ["top"] => Some(false),
            _ => None,
        },
    }
}

/// How a query sorts the list.
pub fn order(list: &ListQuery) -> Order {
    match list.sort.as_str() {
        "access" => Order::By(Sort::Access),
        "created" => Order::By(Sort::Created),
        "users" => Order::Users,
        _ => Order::By(Sort::Name),
    }
}

/// What can be done with a Virtual Account, each with the reason when it cannot.
struct Controls {
    edit: Option<String>,
    parent: Option<String>,
    default: Option<String>,
    delete: Option<String>,
}

impl Controls {
    fn of(visit: &Visit, row: &Row, administrators: &[Person]) -> Self {
        let (id, edits) = (row.one.id, Action::EditVirtualAccount);
        let edit = reason::against(visit, edits, Some(id), administrators);
        // Held on the Virtual Account alone, the role does not reach the default one, nor what concerns the account.
        let is_whole = reason::against(visit, edits, None, administrators).is_none();
        let edit = edit.or_else(|| {
            (row.one.is_default && !is_whole)
                .then(|| reason::cannot(visit, "edit the default Virtual Account", administrators))
        });
        let default = reason::against(visit, edits, Some(id), administrators)
            .or_else(|| {
                (!is_whole)
                    .then(|| reason::cannot(visit, "choose the default Virtual Account", administrators))
            })
            .or_else(|| row.against_default());
        let delete = reason::against(visit, Action::DeleteVirtualAccount, Some(id), administrators)
            .or_else(|| row.against_deletion());
        Self {
            parent: edit.clone(),
            edit,
            default,
            delete,
        }
    }
}

/// A line of the list.
struct Line {
    row: Row,
    /// Where the row stands in the tree; 1 in the flat list.
    level: usize,
    /// Whether the row is asked for, and not only there for what stands below it.
    is_match: bool,
    /// What stands above, from the top: said where the rows above are on an earlier page.
    path: String,
    /// Tags, and the list narrowed to them.
    tags: Vec<(String, String)>,
    controls: Controls,
}

impl Line {
    /// The one directly above, as the column says it.
    fn parent(&self) -> &str {
        match (self.row.one.parent, self.row.above.first()) {
            (_, Some(name)) => name,
            (Some(_), None) => "Beyond your Virtual Accounts",
            (None, None) => "",
        }
    }
}

/// The tag as the filter knows it, whatever the spelling.
fn known_tag<'a>(tags: &'a [String], tag: &'a str) -> &'a str {
    tags.iter()
        .find(|known| search_key(known) == search_key(tag))
        .map_or(tag, String::as_str)
}

#[derive(Template)]
#[template(path = "virtual_accounts/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    count: String,
    /// Where the list is, whichever way it is shown.
    address: String,
    csv: String,
    /// Shown as a tree.
    is_tree: bool,
    /// Whether one sees only those in which one holds a role.
    some: bool,
    /// Why none can be created.
    create_off: Option<String>,
}

/// What a page of the list is made of.
struct Found {
    branches: Vec<Branch>,
    list: ListQuery,
    /// Rows.
    total: u64,
    /// Rows that are asked for.
    matches: u64,
    tags: Vec<String>,
    administrators: Vec<Person>,
}

async fn find(may: &May<ViewVirtualAccounts>, is_tree: bool) -> Result<Found> {
    let path = if is_tree {
        format!("{}/tree", address(may))
    } else {
        address(may)
    };
    let (permit, occupants, raw, is_flat) = (
        may.permit.clone(),
        may.portal.occupants.clone(),
        may.query.clone(),
        is_flat(may),
    );
    may.portal
        .db
        .read(move |r| {
            let tags = service::tags_in_use(r, &permit)?;
            let mut list = query(path, &raw, &tags, is_flat);
            let wanted = filter(&list);
            let (branches, total, matches) = if is_tree {
                service::branches(r, &permit, &occupants, &wanted, |total| {
                    list.clamp(total);
                    (list.offset(), list.limit())
                })?
            } else {
                let total = service::count(r, &permit, &wanted)?;
                list.clamp(total);
                let cut = (list.offset(), list.limit());
                let rows = service::page(
                    r,
                    &permit,
                    &occupants,
                    &wanted,
                    order(&list),
                    list.descending,
                    cut,
                )?;
                let branches = rows
                    .into_iter()
                    .map(|row| Branch {
                        row,
                        level: 1,
                        is_match: true,
                    })
                    .collect();
                (branches, total, total)
            };
            let account = permit.within().account()?;
            Ok(Found {
                branches,
                list,
                total,
                matches,
                tags,
                administrators: grants::administrators_of(r, account)?,
            })
        })
        .await
}

async fn show(may: May<ViewVirtualAccounts>, is_tree: bool) -> Answer {
    let found = find(&may, is_tree).await?;
    let (address, is_flat) = (address(&may), is_flat(&may));
    let list = found.list;
    // The same words and filters lead to the other way of showing it.
    let elsewhere = |path: String| {
        let mut other = query(path, &may.query, &found.tags, is_flat);
        other.page = 1;
        other.href()
    };
    let flat = query(address.clone(), &may.query, &found.tags, is_flat);
    let mut rows: Vec<Line> = Vec::with_capacity(found.branches.len());
    for branch in found.branches {
        let Branch { row, level, is_match } = branch;
        let is_first = rows.is_empty();
        let path = if is_tree && is_first && level > 1 {
            row.above
                .iter()
                .rev()
                .cloned()
                .collect::<Vec<_>>()
                .join(" \u{203a} ")
        } else {
            String::new()
        };
        rows.push(Line {
            controls: Controls::of(&may, &row, &found.administrators),
            tags: row
                .one
                .tag_list()
                .into_iter()
                .map(|tag| {
                    (
                        tag.to_owned(),
                        list.only_filter("tag", known_tag(&found.tags, tag)),
                    )
                })
                .collect(),
            path,
            level,
            is_match,
            row,
        });
    }
    let tabs = vec![
        Tab {
            label: "List".to_owned(),
            href: elsewhere(address.clone()),
            current: !is_tree,
            count: None,
        },
        Tab {
            label: "Tree".to_owned(),
            href: elsewhere(format!("{address}/tree")),
            current: is_tree,
            count: None,
        },
    ];
    let list = list.in_words_of(may.portal.config.edition);
    page(&ListPage {
        shell: may.list_shell(
            "Virtual Accounts",
            &[
                Crumb::text("Account Management"),
                Crumb::text("Smart Account Management"),
            ],
            &list,
        ),
        tabs: if is_flat { Vec::new() } else { tabs },
        csv: flat.csv_href(),
        pager: list.pager(found.total),
        count: counted(
            found.matches,
            may.say("Virtual Account"),
            may.say("Virtual Accounts"),
        ),
        rows,
        is_tree,
        some: may.permit.within().only().is_some(),
        create_off: reason::against_all(&may, Action::CreateNestedVirtualAccount, &found.administrators),
        address,
        list,
    })
}

pub async fn all(may: May<ViewVirtualAccounts>) -> Answer {
    show(may, false).await
}

pub async fn tree(may: May<ViewVirtualAccounts>) -> Answer {
    show(may, true).await
}

pub async fn csv(may: May<ViewVirtualAccounts>) -> Answer {
    let (permit, occupants, raw, path, is_flat) = (
        may.permit.clone(),
        may.portal.occupants.clone(),
        may.query.clone(),
        address(&may),
        is_flat(&may),
    );
    let rows = may
        .portal
        .db
        .read(move |r| {
            let tags = service::tags_in_use(r, &permit)?;
            let list = query(path, &raw, &tags, is_flat);
            list.understood()?;
            service::page(
                r,
                &permit,
                &occupants,
                &filter(&list),
                order(&list),
                list.descending,
                (0, u64::MAX),
            )
        })
        .await?;
    let mut table = Table::new(&[
        may.say("Virtual Account"),
        "Default",
        "Description",
        "Access level",
        "Parent",
        "On-Prem",
        "Users",
        "Tags",
        "Preferred end Date",
        "Created",
    ])?;
    for row in rows {
        table.row([
            row.one.name.as_str(),
            if row.one.is_default { "yes" } else { "no" },
            &row.one.description,
            row.one.access_level.label(),
            row.above.first().map_or("", String::as_str),
            row.on_prem().unwrap_or_default(),
            &row.users.to_string(),
            &row.one.tag_list().join(", "),
            &row.one
                .preferred_end_date
                .map(|at| at.utc().format("%Y-%m-%d").to_string())
                .unwrap_or_default(),
            &row.one.created_at.rfc3339(),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("virtual-accounts"),
        table.finish()?,
    ))
}

/// The tabs of a Virtual Account.
pub fn tabs(number: i64, id: VirtualAccountId, name: &str, current: &str, users: Option<u64>) -> Vec<Tab> {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let base = format!("/sa/{number}/account/virtual-accounts/{id}");
    vec![
        Tab {
            label: "Overview".to_owned(),
            href: base.clone(),
            current: current == "overview",
            count: None,
        },
        Tab {
            label: "Users".to_owned(),
            href: format!("{base}/users"),
            current: current == "users",
            count: users,
        },
        Tab {
            label: "Event Log".to_owned(),
            href: format!("/sa/{number}/activity?va={name}"),
            current: false,
            count: None,
        },
    ]
}

#[derive(Template)]
#[template(path = "virtual_accounts/one.html")]
struct OnePage {
    shell: Shell,
    tabs: Vec<Tab>,
    /// Where this page is.
    path: String,
    /// Where the list is.
    address: String,
    row: Row,
    /// The one above, as far as one may see it.
    parent: Option<(VirtualAccountId, String)>,
    children: Vec<(VirtualAccountId, String)>,
    tags: Vec<(String, String)>,
    controls: Controls,
    /// Which pop-up is open: parent, default, delete, or none.
    dialog: &'static str,
    form: FormState,
    /// What the pop-up "Change Parent Account" offers.
    parents: Vec<Choice>,
    /// Whether it offers the top level.
    may_be_top: bool,
}

impl OnePage {
    fn users(&self) -> String {
        counted(self.row.users, "person", "people")
    }
}

const TITLES: &[(&str, &str)] = &[
    ("parent", "Change Parent Account"),
    ("default", "Set as Default Virtual Account"),
    ("delete", "Delete Virtual Account"),
];

/// The page of a Virtual Account, with a pop-up over it or none. `permit` is the right to what the pop-up does.
async fn detail<A: Does>(
    visit: &Visit,
    view: Permit<ViewVirtualAccounts>,
    permit: Permit<A>,
    id: VirtualAccountId,
    dialog: &'static str,
    form: FormState,
) -> Result<OnePage> {
    let account = view.within().account()?;
    let may_be_top = permit.within().only().is_none();
    let occupants = visit.portal.occupants.clone();
    let (row, parents, children, tags, all, people) = visit
        .portal
        .db
        .read(move |r| {
            service::theirs(r, &view, &permit, id)?;
            Ok((
                service::row(r, &view, &occupants, id)?,
                if dialog == "parent" {
                    service::possible_parents(r, &permit, Some(id))?
                } else {
                    Vec::new()
                },
                service::nested_in(r, &view, id)?,
                service::tags_in_use(r, &view)?,
                service::names(r, &[account])?,
                grants::administrators_of(r, account)?,
            ))
        })
        .await?;
    let (one, number) = (&row.one, visit.number());
    let address = address(visit);
    let mut shell = visit.account_shell(one.name.clone(), &crumbs(visit, None));
    if let Some((_, title)) = TITLES.iter().find(|(name, _)| *name == dialog) {
        shell = shell.with_dialog(*title);
    }
    shell.error_title = form.has_problems();
    let path = format!("{address}/{id}");
    Ok(OnePage {
        shell,
        tabs: tabs(number, id, &one.name, "overview", Some(row.users)),
        parent: one
            .parent
            .zip(row.above.first().cloned())
            .filter(|(id, _)| all.iter().any(|(_, other, _, _)| other == id)),
        children,
        tags: one
            .tag_list()
            .into_iter()
            .map(|tag| {
                let list = query(address.clone(), "", &tags, false);
                (tag.to_owned(), list.only_filter("tag", known_tag(&tags, tag)))
            })
            .collect(),
        controls: Controls::of(visit, &row, &people),
        parents: parents
            .into_iter()
            .map(|(id, name, level)| choice(id, &name, level))
            .collect(),
        may_be_top,
        dialog,
        form,
        path,
        address,
        row,
    })
}

/// A Parent Account in a select, set in by its level.
pub fn choice(id: VirtualAccountId, name: &str, level: usize) -> Choice {
    let dashes = "\u{2014} ".repeat(level.saturating_sub(1));
    Choice::new(id.as_str(), format!("{dashes}{name}"))
}

pub async fn one(may: May<ViewVirtualAccounts>, id: PathPart<VirtualAccountId>) -> Answer {
    let view = may.permit.clone();
    page(&detail(&may, view.clone(), view, id.0, "", FormState::new()).await?)
}

/// The page with a pop-up over it.
async fn with_dialog<A: Does>(
    may: &May<A>,
    id: VirtualAccountId,
    status: u16,
    dialog: &'static str,
    form: FormState,
) -> Answer {
    let view = may.also::<ViewVirtualAccounts>().await?;
    let shown = detail(may, view, may.permit.clone(), id, dialog, form).await?;
    page_with(status, &shown)
}

/// A Virtual Account that one sees and may do this with: before anything is said about what was typed.
pub async fn reached<A: Does>(may: &May<A>, id: VirtualAccountId) -> Result<super::VirtualAccount> {
    let (view, permit) = (may.also::<ViewVirtualAccounts>().await?, may.permit.clone());
    may.portal
        .db
        .read(move |r| service::theirs(r, &view, &permit, id))
        .await
}

/// What a pop-up or a form shows again, and with which status; anything else stays an error.
pub fn again(error: Error, field: &str) -> Result<(u16, Problems)> {
    match error {
        Error::Invalid(problems) => Ok((422, problems)),
        Error::Refused(refusal) if refusal.code.starts_with("virtual-accounts.") => {
            let mut problems = Problems::default();
            problems.add(field, refusal.says);
            Ok((409, problems))
        }
        other => Err(other),
    }
}

pub fn done(text: String) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text,
        link: None,
    }
}

pub async fn parent_dialog(may: May<EditVirtualAccount>, id: PathPart<VirtualAccountId>) -> Answer {
    let one = reached(&may, id.0).await?;
    service::not_default(&may.permit, &one)?;
    let form = fresh().with_value("parent", one.parent.map_or_else(String::new, |id| id.to_string()));
    with_dialog(&may, id.0, 200, "parent", form).await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentForm {
    parent: String,
}

/// The parent that a form names: none for the top level.
pub fn read_parent(typed: &str) -> Result<Option<VirtualAccountId>> {
    if typed.is_empty() {
        return Ok(None);
    }
    typed
        .parse()
        .map(Some)
        .map_err(|_| Error::invalid("parent", "Choose a Parent Account from the list."))
}

pub async fn change_parent(
    may: May<EditVirtualAccount>,
    id: PathPart<VirtualAccountId>,
    form: Posted<ParentForm>,
) -> Answer {
    let one = reached(&may, id.0).await?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let moved = match read_parent(&form.value.parent) {
        Ok(parent) => {
            may.portal
                .db
                .write(move |tx| service::move_below(tx, &permit, at, id, parent))
                .await
        }
        Err(error) => Err(error),
    };
    match moved {
        Ok(()) => Ok(may.see_other(
            &format!("{}/{id}", address(&may)),
            done(format!("The Parent Account of {} was saved.", one.name)),
        )),
        Err(error) => {
            let (status, problems) = again(error, "parent")?;
            with_dialog(&may, id, status, "parent", form.again(&problems)).await
        }
    }
}

pub async fn default_dialog(may: May<EditVirtualAccount>, id: PathPart<VirtualAccountId>) -> Answer {
    with_dialog(&may, id.0, 200, "default", fresh()).await
}

pub async fn make_default(
    may: May<EditVirtualAccount>,
    id: PathPart<VirtualAccountId>,
    form: Posted<NoFields>,
) -> Answer {
    let one = reached(&may, id.0).await?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let occupants = may.portal.occupants.clone();
    let set = may
        .portal
        .db
        .write(move |tx| service::set_default(tx, &permit, &occupants, at, id))
        .await;
    match set {
        Ok(()) => Ok(may.see_other(
            &format!("{}/{id}", address(&may)),
            done(format!("{} is the default Virtual Account now.", one.name)),
        )),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            with_dialog(&may, id, status, "default", form.again(&problems)).await
        }
    }
}

pub async fn delete_dialog(may: May<DeleteVirtualAccount>, id: PathPart<VirtualAccountId>) -> Answer {
    with_dialog(&may, id.0, 200, "delete", fresh()).await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteForm {
    confirm: String,
}

pub async fn delete(
    may: May<DeleteVirtualAccount>,
    id: PathPart<VirtualAccountId>,
    form: Posted<DeleteForm>,
) -> Answer {
    reached(&may, id.0).await?;
    let (permit, at, id) = (may.permit.clone(), may.portal.clock.now(), id.0);
    let (occupants, typed) = (may.portal.occupants.clone(), form.value.confirm.clone());
    let gone = may
        .portal
        .db
        .write(move |tx| service::delete(tx, &permit, &occupants, at, id, Some(&typed)))
        .await;
    match gone {
        Ok(name) => Ok(may.see_other(
            &address(&may),
            done(format!("The Virtual Account {name} was deleted.")),
        )),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            with_dialog(&may, id, status, "delete", form.again(&problems)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tab_is_a_page_and_one_is_current() {
        let id = VirtualAccountId::new();
        let tabs = tabs(100_001, id, "Lab & Co", "users", Some(3));
        assert_eq!(tabs.iter().filter(|t| t.current).count(), 1);
        assert!(tabs[1].current && tabs[1].href.ends_with("/users") && tabs[1].count == Some(3));
        assert!(tabs[2].href.ends_with("?va=Lab+%26+Co"));
    }

    #[test]
    fn a_tag_is_one_filter_however_it_is_written() {
        let tags = ["North".to_owned()];
        let list = query("/x".to_owned(), "tag=NORTH&level=nested", &tags, false);
        assert_eq!(list.values("tag"), ["North"]);
        let filter = filter(&list);
        assert_eq!(filter.tags, ["north"]);
        assert_eq!(filter.nested, Some(true));
        assert_eq!(known_tag(&tags, "NORTH"), "North");
        let both = query("/x".to_owned(), "level=nested&level=top", &tags, false);
        assert_eq!(super::filter(&both).nested, None);
    }
}
