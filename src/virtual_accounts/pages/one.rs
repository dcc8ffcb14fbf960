//! One Virtual Account: its page and its dialogs.

use super::list::{Controls, known_tag, query};
use super::{address, choice, crumbs};
use crate::authz::action::{DeleteVirtualAccount, EditVirtualAccount, ViewVirtualAccounts};
use crate::authz::{Does, Permit, grants};
use crate::error::{Error, Result};
use crate::http::NoFields;
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::widgets::{Tab, counted};
use crate::http::{Answer, FormState, May, Posted, Shell, Visit, page, page_with};
use crate::kernel::ids::VirtualAccountId;
use crate::virtual_accounts::service::{self, Row};
use askama::Template;
use serde::Deserialize;

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
pub async fn reached<A: Does>(
    may: &May<A>,
    id: VirtualAccountId,
) -> Result<crate::virtual_accounts::VirtualAccount> {
    let view = may.also::<ViewVirtualAccounts>().await?;
    may.reads(move |r, permit| service::theirs(r, &view, permit, id))
        .await
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
    let id = id.0;
    let moved = async {
        let parent = read_parent(&form.value.parent)?;
        may.does(move |tx, permit, at| service::move_below(tx, permit, at, id, parent))
            .await
    };
    match moved.await {
        Ok(()) => may.done(
            &format!("{}/{id}", address(&may)),
            format!("The Parent Account of {} was saved.", one.name),
        ),
        Err(error) => {
            let (status, form) = form.after(error, &[("virtual-accounts.", "parent")])?;
            with_dialog(&may, id, status, "parent", form).await
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
    let id = id.0;
    let occupants = may.portal.occupants.clone();
    let set = may
        .does(move |tx, permit, at| service::set_default(tx, permit, &occupants, at, id))
        .await;
    match set {
        Ok(()) => may.done(
            &format!("{}/{id}", address(&may)),
            format!("{} is the default Virtual Account now.", one.name),
        ),
        Err(error) => {
            let (status, form) = form.after(error, &[("virtual-accounts.", "")])?;
            with_dialog(&may, id, status, "default", form).await
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
    let id = id.0;
    let (occupants, typed) = (may.portal.occupants.clone(), form.value.confirm.clone());
    let gone = may
        .does(move |tx, permit, at| service::delete(tx, permit, &occupants, at, id, Some(&typed)))
        .await;
    match gone {
        Ok(name) => may.done(&address(&may), format!("The Virtual Account {name} was deleted.")),
        Err(error) => {
            let (status, form) = form.after(error, &[("virtual-accounts.", "")])?;
            with_dialog(&may, id, status, "delete", form).await
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
}
