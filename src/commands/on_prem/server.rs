//! Opens the database of an On-Prem server, and does what the Admin Workspace does with its accounts.

use super::super::key;
use super::{Done, Trouble, read_file, say, show, write_new};
use crate::authz::action::{ManageOnPremAccounts, RequestOnPremAccount};
use crate::authz::{Does, Permit};
use crate::kernel::{Clock, Edition, search_key};
use crate::local_accounts::{self, AccountState, ApiClient, LocalAccount, New, Registrar, Requested};
use crate::platform::db::{Db, Schema, migrate};
use crate::platform::settings;
use crate::platform::signing::FileKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The database when nothing is said.
const DATA: &str = "licentral-on-prem.db";

/// The address of a database that was named by its file or its address.
pub fn address(data: Option<&str>) -> String {
    let data = data.unwrap_or(DATA);
    if data.contains("://") {
        data.to_owned()
    } else {
        format!("sqlite://{data}")
    }
}

/// An On-Prem server, and which of its accounts is meant.
pub struct Server {
    /// Database, clock and keys.
    pub(super) inner: Registrar,
    wanted: Option<String>,
}

/// What the portal does by itself: whoever owns database and keys tells it to.
pub fn permit<A: Does>() -> Permit<A> {
    Permit::by_the_portal("command")
}

/// The same within an account.
pub fn permit_in<A: Does>(account: &LocalAccount) -> Permit<A> {
    Permit::by_the_portal_in(account.id, "command")
}

impl Server {
    /// Opens one; `may_make` says whether a new one is made when there is none.
    pub fn open(
        data: Option<&str>,
        keys: Option<&Path>,
        account: Option<&str>,
        may_make: bool,
    ) -> Done<Self> {
        let url = address(data);
        let file = url.strip_prefix("sqlite://").map(PathBuf::from);
        let is_new = file.as_ref().is_some_and(|file| !file.exists());
        if is_new && !may_make {
            return Err(Trouble::Own(format!(
                "There is no On-Prem server in {url} yet. Serve one (licentral on-prem serve), request an account (account new), or name another database with --data."
            )));
        }
        match migrate::compare(&url).map_err(|e| e.to_string())? {
            Schema::Current => {}
            Schema::Behind(_) if is_new => {
                migrate::run(&url).map_err(|e| e.to_string())?;
            }
            Schema::Behind(_) => {
                return Err(Trouble::Own(format!(
                    "{url} was written by an older program. If it is the database of an On-Prem server, bring it up to date: licentral migrate --database-url {url}. If it is a file of this command from before there was a portal, take it over: adopt FILE"
                )));
            }
            Schema::Ahead(_) => {
                return Err(Trouble::Own(format!(
                    "{url} was written by a newer program. Use that one."
                )));
            }
        }
        let db = Db::open(&url)?;
        if let Err(kept) = settings::claim(&db, Edition::OnPrem)? {
            return Err(Trouble::Own(format!(
                "{url} is the database of {kept}. Name that of an On-Prem server with --data."
            )));
        }
        let keys = match (keys, file) {
            (Some(keys), _) => keys.to_owned(),
            (None, Some(file)) => file.with_extension("key"),
            (None, None) => Path::new(DATA).with_extension("key"),
        };
        let signing = Arc::new(key::of_database(&db, &keys, is_new, "")?);
        let clock = Clock::new();
        // A lab's clock may have been moved.
        let setting = db.read_now(|r| settings::get(r, settings::CLOCK))?;
        if let Some(setting) = setting.and_then(|text| serde_json::from_str(&text).ok()) {
            clock.set(setting);
        }
        Ok(Self {
            inner: Registrar { db, clock, signing },
            wanted: account.map(str::to_owned),
        })
    }

    /// All accounts, by name.
    fn accounts(&self) -> Done<Vec<LocalAccount>> {
        Ok(self
            .inner
            .db
            .read_now(|r| local_accounts::list(r, None, i64::MAX, 0))?)
    }

    /// The account that is meant: the one that was named, or the only one.
    pub fn account(&self) -> Done<LocalAccount> {
        let all = self.accounts()?;
        let names = || {
            let names: Vec<&str> = all.iter().take(5).map(|one| one.name.as_str()).collect();
            names.join(", ")
        };
        let found = match &self.wanted {
            Some(wanted) => all
                .iter()
                .find(|one| search_key(&one.name) == search_key(wanted) || one.number.to_string() == *wanted),
            None if all.len() > 1 => {
                return Err(Trouble::Own(format!(
                    "There are {} accounts: {}. Say which with --account.",
                    all.len(),
                    names()
                )));
            }
            None => all.first(),
        };
        match (found, all.is_empty()) {
            (Some(found), _) => Ok(found.clone()),
            (None, true) => Err(Trouble::Own(
                "There is no On-Prem account here yet. Request one: account new".to_owned(),
            )),
            (None, false) => Err(Trouble::Own(format!(
                "There is no On-Prem account of this name. There is: {}.",
                names()
            ))),
        }
    }

    /// The account, which has to be Active, as for whatever is changed inside of it.
    pub fn active(&self) -> Done<LocalAccount> {
        let account = self.account()?;
        if account.state != AccountState::Active {
            return Err(Trouble::Refused(format!(
                "The On-Prem account {} is {}: nothing in it is changed. (on-prem.account-not-active)",
                account.name, account.state
            )));
        }
        Ok(account)
    }

    /// The key with which an account signs its files.
    pub fn key(&self, account: &LocalAccount) -> Done<FileKey> {
        let inner = &self.inner;
        Ok(inner
            .db
            .read_now(|r| local_accounts::key_of(r, &inner.signing, account.id))?)
    }

    /// Takes an old file over.
    pub fn adopt(&self, file: &Path, email: &str) -> Done {
        let inner = &self.inner;
        let permit = permit::<ManageOnPremAccounts>();
        let adopted =
            local_accounts::adopt(&inner.db, &inner.signing, &permit, inner.clock.now(), file, email)?;
        say(&show::adopted(&adopted))
    }

    /// Requests an account.
    pub fn request(&self, name: &str, smart_account: &str, virtual_account: &str, email: &str) -> Done {
        let asked = Requested::parse(name, smart_account, virtual_account, email)?;
        let new = New::make(&self.inner.signing, self.inner.clock.now())?;
        let permit = permit::<RequestOnPremAccount>();
        let account = self
            .inner
            .db
            .write_now(|tx| local_accounts::request(tx, &permit, &new, &asked, None))?;
        say(&format!(
            "The On-Prem account {} was requested: it is {}. Next: register --out FILE, or register --cloud ADDRESS.",
            account.name, account.state
        ))
    }

    /// Takes it out of use.
    pub fn deactivate(&self, reason: &str) -> Done {
        let account = self.account()?;
        let reason = local_accounts::reason(reason).map_err(Trouble::Refused)?;
        let (permit, at) = (permit::<ManageOnPremAccounts>(), self.inner.clock.now());
        self.inner
            .db
            .write_now(|tx| local_accounts::deactivate(tx, &permit, at, account.id, &reason))?;
        say(&format!(
            "The On-Prem account {} is Inactive. Next: account delete; and remove the device manager in the cloud.",
            account.name
        ))
    }

    /// Deletes it.
    pub fn delete(&self) -> Done {
        let account = self.account()?;
        let (permit, at) = (permit::<ManageOnPremAccounts>(), self.inner.clock.now());
        let name = self
            .inner
            .db
            .write_now(|tx| local_accounts::delete(tx, &permit, at, account.id))?;
        say(&format!(
            "The On-Prem account {name} is gone, and its key with it."
        ))
    }

    /// Writes the registration file.
    pub fn register_by_file(&self, out: &Path, again: bool) -> Done {
        let account = self.account()?;
        // An Active one gets a new key only when that is said.
        if again || account.state != AccountState::Active {
            self.inner.begin_by_hand(&permit(), &account)?;
        }
        let (account, text) = self.inner.file(account.id)?;
        write_new(out, text.as_bytes())?;
        let there = if account.state == AccountState::Active {
            "Re-register in the menu of the device manager"
        } else {
            "Add device manager"
        };
        say(&format!(
            "Written: {}. Bring it to the cloud: Devices, Device Managers, and there {there}. Then bring back the authorization file: authorize FILE",
            out.display()
        ))
    }

    /// Has the cloud register it.
    pub fn register_over_network(&self, client: ApiClient, again: bool, reason: &str) -> Done {
        let account = self.account()?;
        if account.state == AccountState::Active && !again {
            return Err(Trouble::Refused(format!(
                "The On-Prem account {} is registered already. For a new key: register --again --reason REASON (on-prem.registered)",
                account.name
            )));
        }
        let account = self.inner.by_client(&permit(), &account, &client, reason)?;
        say(&show::registered(&account))
    }

    /// Takes the authorization file in.
    pub fn authorize(&self, file: &Path, cloud: Option<&str>) -> Done {
        let account = self.account()?;
        let text = String::from_utf8_lossy(&read_file(file)?).into_owned();
        let url = local_accounts::address(cloud.unwrap_or_default()).map_err(Trouble::Refused)?;
        let account = self.inner.take_in(&permit(), account.id, &text, url)?;
        say(&show::registered(&account))
    }

    /// How the account that was named stands, or each.
    pub fn status(&self) -> Done {
        let accounts = match &self.wanted {
            Some(_) => vec![self.account()?],
            None => self.accounts()?,
        };
        if accounts.is_empty() {
            return say("There is no On-Prem account here yet. Request one: account new");
        }
        let now = self.inner.clock.now();
        let mut out = Vec::new();
        for account in &accounts {
            let (devices, schedule) = self.inner.db.read_now(|r| {
                Ok((
                    crate::devices::count_in(r, account.id)?,
                    local_accounts::schedule_of(r)?,
                ))
            })?;
            out.push(show::status(account, devices, schedule.as_ref(), now));
        }
        say(&out.join("\n"))
    }
}

/// The key of an account of an On-Prem server, for files that are signed anew.
pub fn key_of(data: &str, keys: Option<&Path>, account: Option<&str>) -> Result<FileKey, String> {
    let key = || {
        let server = Server::open(Some(data), keys, account, false)?;
        server.key(&server.account()?)
    };
    key().map_err(|trouble: Trouble| match trouble {
        Trouble::Own(why) | Trouble::Refused(why) => why,
    })
}
