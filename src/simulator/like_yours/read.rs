//! Reads the tables of what is asked for.

use super::columns::{KINDS, Kind};
use super::making::Making;
use super::model::{Likeness, MOST_ROWS, Wanted};
use crate::error::{Error, Problems, Result};
use crate::kernel::table::{Found, Layout, Meaning, Table};
use crate::kernel::{DomainIdentifier, Moment, Name};

impl Wanted {
    /// Reads the tables. What is wrong stands beside the field of its table.
    pub fn read(&self, now: Moment) -> Result<Likeness, (Problems, Vec<(usize, Found)>)> {
        let mut problems = Problems::default();
        let _ = problems.take("name", Name::parse(&self.name, "Smart Account Name"));
        let domain = problems.take("domain", DomainIdentifier::parse(&self.domain));
        let mut tables = Vec::new();
        for (n, (kind, text)) in KINDS.iter().zip(&self.texts).enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            match self.table(kind, text) {
                Ok(table) => {
                    for missing in table.found.missing(kind.meanings) {
                        if let Some(meaning) = kind.meanings.get(missing) {
                            problems.add(kind.key, table.found.says(missing, meaning));
                        }
                    }
                    tables.push((n, table));
                }
                Err(says) => problems.add(kind.key, says),
            }
        }
        if tables.is_empty() && problems.is_empty() {
            problems.add("licenses", "Give one table at least.");
        }
        let found: Vec<(usize, Found)> = tables
            .iter()
            .map(|(n, table)| (*n, table.found.clone()))
            .collect();
        match domain {
            Some(domain) if problems.is_empty() => {
                let mut making = Making::new(self, domain.as_str(), now);
                for (n, table) in &tables {
                    making.take(*n, table);
                }
                Ok(making.done(found))
            }
            _ => Err((problems, found)),
        }
    }

    fn table(&self, kind: &Kind, text: &str) -> Result<Table, String> {
        let table = Table::read(text, kind.meanings, MOST_ROWS)?;
        let chosen = |meaning: &Meaning| {
            self.columns
                .iter()
                .filter_map(|sent| sent.split_once(':'))
                .find(|(key, _)| *key == meaning.key)
                .map(|(_, at)| at.parse::<usize>().ok().and_then(|at| at.checked_sub(1)))
        };
        let layout = &table.found.layout;
        let columns: Vec<Option<usize>> = kind
            .meanings
            .iter()
            .zip(&layout.columns)
            .map(|(meaning, found)| chosen(meaning).unwrap_or(*found))
            .collect();
        if columns == layout.columns {
            return Ok(table);
        }
        let layout = Layout {
            columns,
            ..layout.clone()
        };
        Table::read_as(text, &layout, MOST_ROWS)
    }
}

/// The same complaints as an error.
pub fn refused((problems, _): (Problems, Vec<(usize, Found)>)) -> Error {
    Error::Invalid(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Role;

    fn wanted(replace: bool) -> Wanted {
        let texts = [
            "Virtual Account,Description,Parent\nSales,Secret plans,\nBranch,,Sales\n",
            "Email,Name,Role,Virtual Account\nann@corp.example,Ann Real,Administrator,\nbo@corp.example,Bo Real,User,Branch\nnobody,,,\n",
            "License,Purchased,Virtual Account,Expiration Date\n\"C9200 Network Essentials, 48-port license\",10,Sales,\nOur Own License,5,Branch,12-May-40\nOld One,1,Sales,12-May-20\n",
            "",
            "Device Name,Product Number,Device Identifier 1 Value,Virtual Account,License,Quantity\ncore.corp.example,C9200-48P-E,FOC1,Sales,\"C9200 Network Essentials, 48-port license\",2\ncore.corp.example,C9200-48P-E,FOC1,Sales,Our Own License,1\n",
        ];
        Wanted {
            name: "Ours".to_owned(),
            domain: "ours.example".to_owned(),
            replace,
            texts: texts.map(str::to_owned),
            columns: Vec::new(),
        }
    }

    #[test]
    fn an_account_comes_of_exported_tables_and_what_cannot_be_read_is_told() {
        let now = Moment::parse("2026-11-29T08:00:00Z").unwrap();
        let made = wanted(false).read(now).unwrap();
        assert_eq!(made.people.len(), 2);
        assert_eq!(made.account.virtual_accounts[1].within, "Sales");
        let licenses: Vec<&str> = made
            .account
            .licenses
            .iter()
            .map(|one| one.license.as_str())
            .collect();
        assert_eq!(licenses, ["c9200-ne-48", "own-1-our-own-license"]);
        assert_eq!(made.account.roles[1].role, Role::VirtualUser);
        assert_eq!(made.account.product_instances[0].uses.len(), 1);
        assert_eq!(made.notes.len(), 3, "{:?}", made.notes);
    }

    #[test]
    fn nothing_of_the_tables_is_left_where_it_is_to_be_replaced() {
        let now = Moment::parse("2026-11-29T08:00:00Z").unwrap();
        let made = wanted(true).read(now).unwrap();
        let all = format!("{:?} {:?}", made.account, made.people);
        for secret in ["corp", "Real", "Sales", "Branch", "Secret", "FOC1", "core"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        assert_eq!(made.account.virtual_accounts[1].within, "Virtual Account 01");
    }

    #[test]
    fn a_column_that_is_missing_is_asked_for_and_can_be_chosen() {
        let now = Moment::parse("2026-11-29T08:00:00Z").unwrap();
        let mut wanted = wanted(false);
        wanted.texts[2] = "Thing,Many\nc9200-ne-48,4\n".to_owned();
        let (problems, found) = wanted.read(now).unwrap_err();
        assert!(problems.list().iter().all(|one| one.field == "licenses"));
        assert_eq!(found.len(), 4);
        wanted.columns = vec!["license_name:1".to_owned(), "license_quantity:2".to_owned()];
        wanted.texts[4].clear();
        assert_eq!(wanted.read(now).unwrap().account.licenses[0].quantity, 4);
    }
}
