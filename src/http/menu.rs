//! The left menu: sections and entries in their documented order, shown to those who may open them.

use super::search::{Hits, Search, Searcher};
use super::shell::{MenuGroup, MenuItem, MenuSection};
use super::visit::Visit;
use crate::authn::Actor;
use crate::authz::{Action, Grant, Tenant, matrix};
use crate::error::Result;
use crate::kernel::Moment;
use crate::platform::db::Read;

/// Where alerts stand: the bell in the top bar leads there, and counts what the entry counts.
pub const ALERTS: &str = "/sa/{said}/alerts";

/// Sections of the cloud, in order, with their icons.
const SECTIONS: &[Section] = &[
    ("Overview", "layout-dashboard"),
    ("Licensing", "key-round"),
    ("Devices", "server"),
    ("Orders", "package"),
    ("Account Management", "users"),
    ("Activity", "activity"),
    ("Operator", "shield"),
    ("Lab", "flask"),
];

/// The section that a lab alone has.
pub const LAB: &str = "Lab";

/// A section of the menu: its words and its icon.
pub type Section = (&'static str, &'static str);

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
#[derive(Clone)]
pub struct Menu {
    sections: &'static [Section],
    items: Vec<Item>,
    counters: Vec<(&'static str, Counter)>,
    /// Folders of pages, and the entry to which they belong.
    covers: Vec<(&'static str, &'static str)>,
    searchers: Vec<Searcher>,
}

impl Default for Menu {
    fn default() -> Self {
        Self {
            sections: SECTIONS,
            items: Vec::new(),
            counters: Vec::new(),
            covers: Vec::new(),
            searchers: Vec::new(),
        }
    }
}

impl Menu {
    pub(super) fn add(&mut self, item: Item) {
        self.items.push(item);
    }

    /// Sets the entries anew, for an edition that has its own order and words. What rooms count stays.
    pub(super) fn arrange(&mut self, sections: &'static [Section], items: &[Item]) {
        self.sections = sections;
        self.items = items.to_vec();
    }

    pub(super) fn cover(&mut self, folder: &'static str, path: &'static str) {
        self.covers.push((folder, path));
    }

    pub(super) fn add_searcher(&mut self, searcher: Searcher) {
        self.searchers.push(searcher);
    }

    /// What every room finds, those that find nothing left out.
    pub fn search(&self, read: &mut Read<'_>, search: &Search) -> Result<Vec<Hits>> {
        let mut found = Vec::new();
        for searcher in &self.searchers {
            found.extend(searcher(read, search)?.filter(|hits| hits.total > 0));
        }
        Ok(found)
    }

    pub(super) fn add_counted(&mut self, item: Item, counter: Counter) {
        self.counters.push((item.path, counter));
        self.items.push(item);
    }

    /// What waits behind the entries that count, by their paths.
    pub(super) fn counts(
        &self,
        read: &mut Read<'_>,
        onlooker: &Onlooker<'_>,
    ) -> Result<Vec<(&'static str, u64)>> {
        let mut counts = Vec::new();
        for (path, counter) in &self.counters {
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
        self.items
            .iter()
            .filter(above)
            .map(|item| item.path)
            .max_by_key(|path| path.len())
            .or_else(|| {
                let covers = |folder: &str| visit.path.starts_with(&folder.replace("{said}", number));
                let found = self.covers.iter().find(|(folder, _)| covers(folder));
                found.map(|(_, path)| *path)
            })
    }

    /// The entry that a visit belongs to, whether it is shown to this person or not.
    pub(super) fn entry_of(&self, visit: &Visit) -> Option<&Item> {
        let path = self.current(visit, &visit.number().to_string())?;
        self.items.iter().find(|item| item.path == path)
    }

    /// The menu of a visit.
    pub fn sections(&self, visit: &Visit) -> Vec<MenuSection> {
        let Some(actor) = &visit.actor else {
            return Vec::new();
        };
        let shown = |item: &Item| {
            if item.section == LAB && !visit.portal.config.is_lab() {
                return false;
            }
            if !item.path.contains("{said}") {
                let named = matrix::holders(item.action);
                return named.contains(&matrix::Holder::Anyone)
                    || actor
                        .platform
                        .iter()
                        .any(|role| named.contains(&matrix::Holder::Platform(*role)));
            }
            visit.tenant.is_some()
                && (visit.grants.iter().any(|g| visit.allows(item.action, g.role))
                    || visit.waiting(item.path).is_some()
                    || actor.sees_every_tenant())
        };
        let number = visit
            .tenant
            .as_ref()
            .map(|t| t.number.to_string())
            .unwrap_or_default();
        let mut sections = Vec::new();
        for (label, icon) in self.sections {
            let mut section = MenuSection {
                label,
                icon,
                href: None,
                groups: Vec::new(),
                current: false,
            };
            for item in self
                .items
                .iter()
                .filter(|item| item.section == *label && shown(item))
            {
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
