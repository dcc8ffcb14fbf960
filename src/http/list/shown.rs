//! What a page shows of a list: its filters, the heads of its columns, its pages.

use super::query::{ListQuery, SIZES};
use super::spec::Head;

/// A filter as the "Filters" panel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterPanel {
    pub key: String,
    pub label: String,
    pub date: bool,
    /// Empty for a date or a free text, whose value is `text`.
    pub choices: Vec<Tick>,
    pub text: String,
}

/// A check box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    pub value: String,
    pub label: String,
    pub on: bool,
}

/// An active filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    pub label: String,
    pub remove_href: String,
}

/// A column's head that sorts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortHead {
    pub label: String,
    pub href: String,
    pub dir: Option<Direction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl SortHead {
    /// The value of `aria-sort`, for the sorting column only.
    pub fn aria(&self) -> Option<&'static str> {
        self.dir.map(|dir| match dir {
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        })
    }

    pub fn icon(&self) -> &'static str {
        match self.dir {
            None => "chevrons-up-down",
            Some(Direction::Ascending) => "arrow-up",
            Some(Direction::Descending) => "arrow-down",
        }
    }
}

/// Where a page stands in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    pub path: String,
    /// Number of the first row, from 1; 0 when there is none.
    pub from: u64,
    pub to: u64,
    pub total: u64,
    pub page: u64,
    pub pages: u64,
    pub per: u64,
    pub prev: Option<String>,
    pub next: Option<String>,
    /// The first, the last, and those around this page.
    pub links: Vec<PageLink>,
    /// What the "Rows" form keeps.
    pub hidden: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    pub number: u64,
    pub href: String,
    pub current: bool,
    /// Pages are left out before this one.
    pub gap_before: bool,
}

impl Pager {
    /// "1–25 of 31".
    pub fn summary(&self) -> String {
        use crate::http::widgets::number;
        if self.total == 0 {
            "0 of 0".to_owned()
        } else {
            format!(
                "{}–{} of {}",
                number(&self.from),
                number(&self.to),
                number(&self.total)
            )
        }
    }

    /// Page sizes, each with whether it is in use.
    pub fn sizes(&self) -> Vec<(u64, bool)> {
        SIZES.iter().map(|size| (*size, *size == self.per)).collect()
    }
}

impl ListQuery {
    pub fn chips(&self) -> Vec<Chip> {
        let mut chips = Vec::new();
        if !self.q.is_empty() {
            chips.push(Chip {
                label: format!("Search: {}", self.q),
                remove_href: self.without_search(),
            });
        }
        for (key, value) in &self.filters {
            if let Some(known) = self.known.iter().find(|known| known.key == *key) {
                chips.push(Chip {
                    label: format!("{}: {}", known.label, known.label_of(value)),
                    remove_href: self.without_filter(key, value),
                });
            }
        }
        chips
    }

    pub fn sort_head(&self, key: &str, label: &str) -> SortHead {
        SortHead {
            label: label.to_owned(),
            href: self.toggle_sort(key),
            dir: (self.sort == key).then_some(if self.descending {
                Direction::Descending
            } else {
                Direction::Ascending
            }),
        }
    }

    /// The heads of the columns that are shown, each with how it sorts, if it does.
    pub fn heads(&self) -> impl Iterator<Item = (&Head, Option<SortHead>)> {
        self.heads
            .iter()
            .filter(|head| head.stays || self.shows(head.key))
            .map(|head| (head, head.by.map(|key| self.sort_head(key, &head.label))))
    }

    /// Hidden fields for a form that sets `except` itself.
    pub fn hidden(&self, except: &[&str]) -> Vec<(String, String)> {
        let mut pairs = self.pairs();
        pairs.retain(|(key, _)| !except.contains(&key.as_str()));
        pairs
    }

    /// Hidden fields for the form that sets all filters.
    pub fn hidden_without_filters(&self) -> Vec<(String, String)> {
        let mut pairs = self.hidden(&["page"]);
        pairs.retain(|(key, _)| self.known.iter().all(|known| known.key != *key));
        pairs
    }

    pub fn panels(&self) -> Vec<FilterPanel> {
        self.known
            .iter()
            .map(|known| FilterPanel {
                key: known.key.clone(),
                label: known.label.clone(),
                date: known.date,
                choices: known
                    .values
                    .iter()
                    .map(|(value, label)| Tick {
                        value: value.clone(),
                        label: label.clone(),
                        on: self.has(&known.key, value),
                    })
                    .collect(),
                text: self.value(&known.key).unwrap_or_default().to_owned(),
            })
            .collect()
    }

    pub fn column_choices(&self) -> Vec<Tick> {
        self.all_columns
            .iter()
            .map(|(key, label, _)| Tick {
                value: key.clone(),
                label: label.clone(),
                on: self.shows(key),
            })
            .collect()
    }

    /// The pager of a list with `total` rows. A page past the end shows as the last one.
    pub fn pager(&self, total: u64) -> Pager {
        let pages = self.pages(total);
        let page = self.page.min(pages);
        let from = if total == 0 { 0 } else { (page - 1) * self.per + 1 };
        let mut links: Vec<PageLink> = Vec::new();
        let near = page.saturating_sub(1).max(1)..=(page + 1).min(pages);
        let mut last = 0;
        for number in std::iter::once(1).chain(near).chain(std::iter::once(pages)) {
            if number <= last {
                continue;
            }
            links.push(PageLink {
                number,
                href: self.at_page(number),
                current: number == page,
                gap_before: number > last + 1,
            });
            last = number;
        }
        Pager {
            path: self.path.clone(),
            from,
            to: (page * self.per).min(total),
            total,
            page,
            pages,
            per: self.per,
            prev: (page > 1).then(|| self.at_page(page - 1)),
            next: (page < pages).then(|| self.at_page(page + 1)),
            links,
            hidden: self.hidden(&["page", "per"]),
        }
    }
}
