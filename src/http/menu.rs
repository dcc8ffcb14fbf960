//! The left menu: sections and entries in their documented order, shown to those who may open them.

use super::shell::{MenuGroup, MenuItem, MenuSection};
use super::visit::Visit;
use crate::authn::{Actor, PlatformRole};
use crate::authz::{Action, Grant, Tenant, matrix};
use crate::error::Result;
use crate::kernel::Moment;
use crate::platform::db::Read;

/// Where alerts stand: the bell in the top bar leads there, and counts what the entry counts.
pub const ALERTS: &str = "/sa/{said}/alerts";

/// Sections, in order, with their icons.
const SECTIONS: &[(&str, &str)] = &[
    ("Overview", "layout-dashboard"),
    ("Licensing", "key-round"),
    ("Devices", "server"),
    ("Orders", "package"),
    ("Account Management", "users"),
    ("Activity", "activity"),
    ("Operator", "shield"),
];

/// An entry that a room asks for.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// One of the documented sections.
    pub section: &'static str,
    /// A heading within it, or none.
    pub group: Option<&'static str>,
    /// The entry's words; none when the section itself is the link.
    pub label: Option<&'static str>,
    /// Where to; `{said}` becomes the account's number.
    pub path: &'static str,
    /// Shown to those who may do this.
    pub action: Action,
}

/// Who looks at the menu of a Smart Account.
pub struct Onlooker<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// Where.
    pub tenant: &'a Tenant,
    /// What they hold there.
    pub grants: &'a [Grant],
    /// Portal time.
    pub now: Moment,
}

/// How many things wait behind an entry; none when it is not for this person. It is asked on every page: an
/// index must answer it.
pub type Counter = fn(&mut Read<'_>, &Onlooker<'_>) -> Result<Option<u64>>;

/// All entries.
#[derive(Clone, Default)]
pub struct Menu(
    Vec<Item>,
    Vec<(&'static str, Counter)>,
    Vec<(&'static str, &'static str)>,
);

impl Menu {
    pub(super) fn add(&mut self, item: Item) {
        self.0.push(item);
    }

    pub(super) fn cover(&mut self, folder: &'static str, path: &'static str) {
        self.2.push((folder, path));
    }

    pub(super) fn add_counted(&mut self, item: Item, counter: Counter) {
        self.1.push((item.path, counter));
        self.0.push(item);
    }

    /// What waits behind the entries that count, by their paths.
    pub(super) fn counts(
        &self,
        read: &mut Read<'_>,
        onlooker: &Onlooker<'_>,
    ) -> Result<Vec<(&'static str, u64)>> {
        let mut counts = Vec::new();
        for (path, counter) in &self.1 {
            if let Some(count) = counter(read, onlooker)? {
                counts.push((*path, count));
            }
        }
        Ok(counts)
    }

    /// The path of the entry that a visit belongs to: the closest above its page.
    fn current(&self, visit: &Visit, number: &str) -> Option<&'static str> {
        let above = |item: &&Item| {
            let href = item.path.replace("{said}", number);
            visit.path == href || (item.label.is_some() && visit.path.starts_with(&format!("{href}/")))
        };
        self.0
            .iter()
            .filter(above)
            .map(|item| item.path)
            .max_by_key(|path| path.len())
            .or_else(|| {
                let covers = |folder: &str| visit.path.starts_with(&folder.replace("{said}", number));
                let found = self.2.iter().find(|(folder, _)| covers(folder));
                found.map(|(_, path)| *path)
            })
    }

    /// The menu of a visit.
    pub fn sections(&self, visit: &Visit) -> Vec<MenuSection> {
        let Some(actor) = &visit.actor else {
            return Vec::new();
        };
        let shown = |item: &Item| {
            if !item.path.contains("{said}") {
                let named = matrix::holders(item.action);
                return named.contains(&matrix::Holder::Anyone)
                    || actor
                        .platform
                        .iter()
                        .any(|role| named.contains(&matrix::Holder::Platform(*role)));
            }
            visit.tenant.is_some()
                && (visit.grants.iter().any(|g| matrix::allows(item.action, g.role))
                    || visit.waiting(item.path).is_some()
                    || actor.has(PlatformRole::Support))
        };
        let number = visit
            .tenant
            .as_ref()
            .map(|t| t.number.to_string())
            .unwrap_or_default();
        let mut sections = Vec::new();
        for (label, icon) in SECTIONS {
            let mut section = MenuSection {
                label,
                icon,
                href: None,
                groups: Vec::new(),
                current: false,
            };
            for item in self.0.iter().filter(|item| item.section == *label && shown(item)) {
                let href = item.path.replace("{said}", &number);
                let current = self.current(visit, &number) == Some(item.path);
                section.current |= current;
                match item.label {
                    None => section.href = Some(href),
                    Some(label) => {
                        let entry = MenuItem {
                            label,
                            href,
                            current,
                            count: visit.waiting(item.path).unwrap_or_default(),
                        };
                        match section.groups.iter_mut().find(|g| g.label == item.group) {
                            Some(group) => group.items.push(entry),
                            None => section.groups.push(MenuGroup {
                                label: item.group,
                                items: vec![entry],
                            }),
                        }
                    }
                }
            }
            if section.href.is_some() || !section.groups.is_empty() {
                sections.push(section);
            }
        }
        sections
    }
}
