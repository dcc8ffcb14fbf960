//! "Inventory" by Virtual Account: its head, which the tabs of other rooms show as well, and the tab Licenses.

use crate::authz::action::ViewInventory;
use crate::authz::{Does, Permit};
use crate::error::{Error, Result};
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, ListQuery, May, Shell, Visit, see_other};
use crate::kernel::Edition;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::search_key;
use crate::platform::db::Reads;
use crate::platform::settings;
use crate::virtual_accounts;
use askama::Template;

/// A tab of "Inventory".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InventoryTab {
    /// The Virtual Account and its registration tokens.
    General,
    /// Its licenses.
    Licenses,
    /// Its product instances.
    ProductInstances,
    /// What happened in it.
    EventLog,
}

impl InventoryTab {
    const ALL: [Self; 4] = [
        Self::General,
        Self::Licenses,
        Self::ProductInstances,
        Self::EventLog,
    ];

    /// As it stands in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Licenses => "licenses",
            Self::ProductInstances => "product-instances",
            Self::EventLog => "event-log",
        }
    }
    /// As people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Licenses => "Licenses",
            Self::ProductInstances => "Product Instances",
            Self::EventLog => "Event Log",
        }
    }
}

/// Title, Virtual Account and tabs: what stands above every tab. A page shows it by `{{ head }}`.
#[derive(Template)]
#[template(path = "licenses/place_head.html")]
pub struct InventoryHead {
    edition: Edition,
    name: String,
    path: String,
    current: &'static str,
    /// The Virtual Accounts within reach: id, name, whether it is this one.
    places: Vec<(VirtualAccountId, String, bool)>,
    tabs: Vec<Tab>,
}

// A template of its own, escaped where it is written.
impl askama::filters::HtmlSafe for InventoryHead {}

impl InventoryHead {
    /// For a Virtual Account within reach; "not found" for any other.
    pub fn of<A: Does>(
        read: &mut dyn Reads,
        permit: &Permit<A>,
        number: i64,
        va: VirtualAccountId,
        current: InventoryTab,
    ) -> Result<Self> {
        let places = within_reach(read, permit)?;
        let name = places
            .iter()
            .find(|(id, _)| *id == va)
            .map(|(_, name)| name.clone())
            .ok_or(Error::NotFound)?;
        let path = format!("/sa/{number}/licensing/inventory");
        Ok(Self {
            edition: settings::edition(read)?,
            tabs: InventoryTab::ALL
                .iter()
                .map(|tab| Tab {
                    label: tab.label().to_owned(),
                    href: format!("{path}/{va}/{}", tab.word()),
                    current: *tab == current,
                    count: None,
                })
                .collect(),
            places: places
                .into_iter()
                .map(|(id, name)| (id, name, id == va))
                .collect(),
            current: current.word(),
            path,
            name,
        })
    }

    /// The name of the Virtual Account.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands around a tab with a list.
    pub fn shell(&self, visit: &Visit, list: &ListQuery) -> Shell {
        visit.list_shell(format!("Inventory: {}", self.name), &self.crumbs(), list)
    }

    /// What stands before the last crumb.
    pub fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::text("Licensing"),
            Crumb::link("Inventory", self.path.clone()),
        ]
    }
}

/// The Virtual Accounts that one reaches, the default one first.
fn within_reach<A: Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
) -> Result<Vec<(VirtualAccountId, String)>> {
    let account = permit.within().account()?;
    let default = virtual_accounts::default_of(read, account)?.id;
    let mut places = virtual_accounts::reached(read, permit.within())?;
    places.sort_by_key(|(id, name)| (*id != default, search_key(name), *id));
    Ok(places)
}

/// GET /sa/{said}/licensing/inventory: the Virtual Account that was chosen, or the default one. `?va=…&tab=…`
pub async fn choose(may: May<ViewInventory>) -> Answer {
    let asked = |key: &str| {
        url::form_urlencoded::parse(may.query.as_bytes())
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.into_owned())
    };
    let wanted = asked("va");
    let tab = InventoryTab::ALL
        .into_iter()
        .find(|tab| asked("tab").as_deref() == Some(tab.word()))
        .unwrap_or(InventoryTab::Licenses);
    let places = may.reads(move |r, permit| within_reach(r, permit)).await?;
    let (id, _) = match wanted {
        None => places.first().ok_or(Error::NotFound)?,
        Some(wanted) => places
            .iter()
            .find(|(id, _)| id.as_str() == wanted)
            .ok_or(Error::NotFound)?,
    };
    see_other(&format!(
        "/sa/{}/licensing/inventory/{id}/{}",
        may.number(),
        tab.word()
    ))
}
