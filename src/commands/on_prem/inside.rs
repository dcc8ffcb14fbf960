//! What is done inside an account: local Virtual Accounts, product instances, licenses.

use super::server::{Server, permit_in};
use super::{Done, Trouble, say, show};
use crate::app;
use crate::authz::action::{CreateTopVirtualAccount, ManageTokens, RemoveDevice, Transfer, ViewInventory};
use crate::devices::{self, Device, Move};
use crate::http::widgets::counted;
use crate::kernel::ids::{DeviceId, VirtualAccountId};
use crate::kernel::{Edition, search_key};
use crate::licenses::{self, Precedence, TransferLine};
use crate::local_accounts::LocalAccount;
use crate::tokens::{self, Rights, Terms};
use crate::virtual_accounts::{self, AccessLevel, Details, NewVirtualAccount, Typed, VirtualAccount};
use std::collections::HashMap;

/// So many product instances are removed at once.
const AT_ONCE: usize = 1_000;

impl Server {
    fn places_of(&self, account: &LocalAccount) -> Done<Vec<VirtualAccount>> {
        Ok(self
            .inner
            .db
            .read_now(|r| virtual_accounts::of_account(r, account.id))?)
    }

    fn place(&self, account: &LocalAccount, name: &str) -> Done<VirtualAccount> {
        let places = self.places_of(account)?;
        let names: Vec<String> = places.iter().map(|one| one.name.clone()).collect();
        places
            .into_iter()
            .find(|one| search_key(&one.name) == search_key(name))
            .ok_or_else(|| {
                Trouble::Own(format!(
                    "There is no local Virtual Account of this name. There is: {}.",
                    names.join(", ")
                ))
            })
    }

    /// Prints the local Virtual Accounts.
    pub fn places(&self) -> Done {
        let account = self.account()?;
        say(&show::places(&self.places_of(&account)?))
    }

    /// Makes a local Virtual Account.
    pub fn add_place(&self, name: &str, description: &str) -> Done {
        let account = self.active()?;
        let (at, id) = (self.inner.clock.now(), VirtualAccountId::new());
        let typed = Typed {
            name,
            description,
            access: AccessLevel::Unrestricted.word(),
            end_date: "",
            tags: "",
        };
        let new = NewVirtualAccount::of(&Details::parse(&typed, at, None)?, false);
        let permit = permit_in::<CreateTopVirtualAccount>(&account);
        self.inner
            .db
            .write_now(|tx| virtual_accounts::create(tx, &permit, at, id, &new))?;
        say(&format!("The local Virtual Account {} is there.", new.name))
    }

    /// Prints the product instances.
    pub fn devices(&self) -> Done {
        let account = self.account()?;
        let names: HashMap<VirtualAccountId, String> = self
            .places_of(&account)?
            .into_iter()
            .map(|place| (place.id, place.name))
            .collect();
        let mut none = true;
        self.inner.db.read_now(|r| {
            devices::each_of_account(r, account.id, &mut |one, used| {
                none = false;
                let place = names.get(&one.virtual_account).map_or("", String::as_str);
                super::super::say(&show::device(&one, &used, place)).map_err(crate::error::Error::internal)
            })
        })?;
        if none {
            return say("There are no product instances.");
        }
        Ok(())
    }

    /// Prints a new registration token, and nothing else.
    pub fn token(&self, place: Option<&str>) -> Done {
        let account = self.active()?;
        let place = self.place(&account, place.unwrap_or(virtual_accounts::DEFAULT))?;
        let terms = Terms {
            description: "By command".to_owned(),
            days: 30,
            max_uses: None,
            export_controlled: true,
        };
        let at = self.inner.clock.now();
        let new = tokens::New::make(&self.inner.signing, at, place.id, terms)?;
        let (view, manage) = (
            permit_in::<ViewInventory>(&account),
            permit_in::<ManageTokens>(&account),
        );
        let occupants = app::occupants(Edition::OnPrem);
        self.inner.db.write_now(|tx| {
            let rights = Rights {
                view: &view,
                manage: &manage,
            };
            tokens::create(tx, &rights, &occupants, at, std::slice::from_ref(&new), None)
        })?;
        say(new.text().reveal())
    }

    /// Those that are called so: by serial number, or by product id and serial number; all of them when nothing is said.
    fn called(&self, account: &LocalAccount, called: Option<&str>) -> Done<Vec<Device>> {
        let wanted = called.map(search_key);
        let mut found = Vec::new();
        self.inner.db.read_now(|r| {
            devices::each_of_account(r, account.id, &mut |one, _| {
                let is_meant = wanted.as_ref().is_none_or(|wanted| {
                    *wanted == search_key(&one.serial)
                        || *wanted == search_key(&format!("{} {}", one.pid, one.serial))
                });
                if is_meant {
                    found.push(one);
                }
                Ok(())
            })
        })?;
        match (called, found.len()) {
            (None, _) | (Some(_), 1) => Ok(found),
            (Some(_), _) => Err(Trouble::Own(
                "There is no product instance of this name here, or more than one. Say its product id and its serial number: \"PID SERIAL\".".to_owned(),
            )),
        }
    }

    /// Removes one, or all of them.
    pub fn remove_devices(&self, called: Option<&str>) -> Done {
        let account = self.active()?;
        let found = self.called(&account, called)?;
        let (view, permit) = (
            permit_in::<ViewInventory>(&account),
            permit_in::<RemoveDevice>(&account),
        );
        let at = self.inner.clock.now();
        let ids: Vec<DeviceId> = found.iter().map(|one| one.id).collect();
        for some in ids.chunks(AT_ONCE) {
            self.inner
                .db
                .write_locked_now(|tx| devices::remove(tx, &view, &permit, at, some, None))?;
        }
        say(&format!(
            "Removed: {}. The cloud learns of it with the next synchronization.",
            counted(found.len() as u64, "product instance", "product instances")
        ))
    }

    /// Puts a product instance, with what it uses, into another local Virtual Account.
    pub fn transfer_device(&self, called: &str, to: &str) -> Done {
        let account = self.active()?;
        let (found, to) = (self.called(&account, Some(called))?, self.place(&account, to)?);
        let these = Move {
            ids: found.iter().map(|one| one.id).collect(),
            to: to.id,
        };
        let (view, permit) = (
            permit_in::<ViewInventory>(&account),
            permit_in::<Transfer>(&account),
        );
        let (occupants, at) = (app::occupants(Edition::OnPrem), self.inner.clock.now());
        self.inner
            .db
            .write_locked_now(|tx| devices::transfer(tx, &view, &permit, &occupants, at, &these, None))?;
        say(&format!("{called} is in {} now.", to.name))
    }

    /// Moves licenses from one local Virtual Account to another.
    pub fn transfer_licenses(&self, license: &str, quantity: i64, from: &str, to: &str) -> Done {
        let account = self.active()?;
        let (from, to) = (self.place(&account, from)?, self.place(&account, to)?);
        let entitlement = [license.to_owned()];
        let stock = self
            .inner
            .db
            .read_now(|r| licenses::stocks_of(r, account.id, from.id, &entitlement))?
            .pop()
            .ok_or_else(|| Trouble::Own(format!("{} has nothing of this license.", from.name)))?;
        let line = TransferLine {
            stock: stock.id,
            to: to.id,
            quantity,
            term: None,
            only: None,
        };
        let (permit, at) = (permit_in::<Transfer>(&account), self.inner.clock.now());
        self.inner.db.write_now(|tx| {
            let by = Precedence::LongestTermLast;
            licenses::transfer(tx, &permit, at, std::slice::from_ref(&line), by, None, None)
        })?;
        say(&format!(
            "{quantity} of {license} went from {} to {}.",
            from.name, to.name
        ))
    }

    /// Prints what there is of each license.
    pub fn licenses(&self) -> Done {
        let account = self.account()?;
        let mut held = Vec::new();
        for place in self.places_of(&account)? {
            let stocks = self
                .inner
                .db
                .read_now(|r| licenses::stocks_in(r, account.id, place.id))?;
            held.extend(stocks.into_iter().map(|stock| (place.name.clone(), stock)));
        }
        say(&show::licenses(&held))
    }
}
