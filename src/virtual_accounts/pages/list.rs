//! The list and the tree of Virtual Accounts, as pages and as CSV.

use super::{address, is_flat};
use crate::authn::Person;
use crate::authz::action::ViewVirtualAccounts;
use crate::authz::{Action, grants};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, Crumb, May, Shell, Visit, page, reason};
use crate::kernel::search_key;
use crate::virtual_accounts::model::AccessLevel;
use crate::virtual_accounts::service::{self, Branch, Order, Row};
use crate::virtual_accounts::store::{Filter, Sort};
use askama::Template;

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

pub const ACCESS: &[(&str, &str)] = &[("unrestricted", "Unrestricted"), ("restricted", "Restricted")];

pub const LEVELS: &[(&str, &str)] = &[("top", "Top level"), ("nested", "Nested")];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "access", "users", "created"];

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
pub(super) struct Controls {
    pub(super) edit: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) default: Option<String>,
    pub(super) delete: Option<String>,
}

impl Controls {
    pub(super) fn of(visit: &Visit, row: &Row, administrators: &[Person]) -> Self {
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
pub(super) fn known_tag<'a>(tags: &'a [String], tag: &'a str) -> &'a str {
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
    let (occupants, raw, is_flat) = (may.portal.occupants.clone(), may.query.clone(), is_flat(may));
    may.reads(move |r, permit| {
        let tags = service::tags_in_use(r, permit)?;
        let mut list = query(path, &raw, &tags, is_flat);
        let wanted = filter(&list);
        let (branches, total, matches) = if is_tree {
            service::branches(r, permit, &occupants, &wanted, |total| {
                list.clamp(total);
                (list.offset(), list.limit())
            })?
        } else {
            let total = service::count(r, permit, &wanted)?;
            list.clamp(total);
            let cut = (list.offset(), list.limit());
            let rows = service::page(r, permit, &occupants, &wanted, order(&list), list.descending, cut)?;
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

/// The branches as lines. A page of the tree that begins below the top says first what stands above it.
fn lines(
    may: &May<ViewVirtualAccounts>,
    branches: Vec<Branch>,
    list: &ListQuery,
    (tags, administrators): (&[String], &[Person]),
    is_tree: bool,
) -> Vec<Line> {
    let mut rows: Vec<Line> = Vec::with_capacity(branches.len());
    for branch in branches {
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
            controls: Controls::of(may, &row, administrators),
            tags: row
                .one
                .tag_list()
                .into_iter()
                .map(|tag| (tag.to_owned(), list.only_filter("tag", known_tag(tags, tag))))
                .collect(),
            path,
            level,
            is_match,
            row,
        });
    }
    rows
}

/// The two ways of showing the list.
fn tabs(address: &str, is_tree: bool, elsewhere: impl Fn(String) -> String) -> Vec<Tab> {
    vec![
        Tab {
            label: "List".to_owned(),
            href: elsewhere(address.to_owned()),
            current: !is_tree,
            count: None,
        },
        Tab {
            label: "Tree".to_owned(),
            href: elsewhere(format!("{address}/tree")),
            current: is_tree,
            count: None,
        },
    ]
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
    let rows = lines(
        &may,
        found.branches,
        &list,
        (&found.tags, &found.administrators),
        is_tree,
    );
    let tabs = tabs(&address, is_tree, elsewhere);
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
    let (occupants, raw, path, is_flat) = (
        may.portal.occupants.clone(),
        may.query.clone(),
        address(&may),
        is_flat(&may),
    );
    let rows = may
        .reads(move |r, permit| {
            let tags = service::tags_in_use(r, permit)?;
            let list = query(path, &raw, &tags, is_flat);
            list.understood()?;
            service::page(
                r,
                permit,
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

#[cfg(test)]
mod tests {
    use super::*;

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
