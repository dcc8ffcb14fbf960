//! A cloud and an On-Prem portal with one registered account.

use super::{Account, Browser, Cast, Database, Page, Portal, registration_file};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::authn::PlatformRole;
use licentral::authz::Permit;
use licentral::kernel::Edition;
use licentral::kernel::ids::{SmartAccountId, VirtualAccountId};
use licentral::local_accounts::{self, AccountState, Cloud, LocalAccount, New, Requested};
use licentral::platform::db::schema::{
    device_usage, devices, license_stocks as stocks, local_accounts as rows, smart_accounts, sync_responses,
    virtual_accounts as places,
};
use licentral::platform::db::{Db, Reads};
use licentral::virtual_accounts;
use serde_json::json;

/// Brings one c9200-ne-48 each, for good.
pub const SKU: &str = "C9200-NE-48-P";
pub const ADMIN: &str = "admin@on-prem.example";
pub const OPERATOR: &str = "omar@on-prem.example";
pub const USER: &str = "uma@on-prem.example";

/// A cloud and an On-Prem portal with one registered account.
pub struct Both {
    pub cloud: Portal,
    pub cast: Cast,
    pub server: Portal,
    pub account: SmartAccountId,
    pub number: i64,
    /// The Virtual Account of the cloud to which it is bound.
    pub place: VirtualAccountId,
    /// The local DEFAULT.
    pub default: VirtualAccountId,
}

/// Sends a form as its page does.
pub fn send(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let csrf = browser.csrf();
    browser
        .post_fields(path, &[&[("csrf", csrf.as_str())], fields].concat())
        .clone()
}

/// A product instance as both portals have to know it: serial number, local Virtual Account, what it uses.
pub type Known = (String, String, Vec<(String, i64)>);

impl Both {
    pub fn start() -> Self {
        let (cloud, cast) = Portal::with_cast();
        let server = Portal::start_on_prem();
        server.clock.set(cloud.clock.setting());
        for (email, role) in [
            (ADMIN, PlatformRole::SystemAdministrator),
            (OPERATOR, PlatformRole::SystemOperator),
            (USER, PlatformRole::SystemUser),
        ] {
            server.system_user(email, "A User", role);
        }
        let signing = server.parts.signing.clone();
        let new = New::make(&signing, server.clock.now()).unwrap();
        let wanted = Requested::parse("Plant", "XYZ COMPANY", "Local", "plant@xyz.example").unwrap();
        let permit = Permit::by_the_portal("tests");
        let asked = server
            .db
            .write_now(|tx| local_accounts::request(tx, &permit, &new, &wanted, None))
            .unwrap();
        let key = server
            .db
            .read_now(|r| local_accounts::key_of(r, &signing, asked.id))
            .unwrap();
        let body = json!({ "name": "Plant", "virtual_account": "Local",
            "registration": registration_file(&key, "Plant", cloud.clock.now()) });
        let reply = cloud.api("ada@xyz.example").post(
            &format!("/api/v1/accounts/{}/device-managers", cast.xyz.number),
            &body,
        );
        reply.expect(201);
        let told = reply.json();
        let bound = Cloud {
            url: Some(cloud.base.clone()),
            manager: told["id"].as_str().unwrap().parse().unwrap(),
            smart_account: cast.xyz.number,
            smart_account_name: "XYZ COMPANY".to_owned(),
            domain: "xyz.example".to_owned(),
            virtual_account: "Local".to_owned(),
            public_key: cloud.parts.signing.files().public_key().to_owned(),
            registered_at: cloud.clock.now(),
        };
        let (id, now, default) = (asked.id, server.clock.now(), VirtualAccountId::new());
        server
            .db
            .housekeeping_now(|tx| {
                diesel::update(rows::table.find(id))
                    .set((
                        rows::state.eq(AccountState::Active),
                        rows::cloud.eq(Some(serde_json::to_string(&bound).unwrap())),
                    ))
                    .execute(tx.conn())?;
                diesel::update(smart_accounts::table.find(id))
                    .set(smart_accounts::state.eq("active"))
                    .execute(tx.conn())?;
                virtual_accounts::create_default(tx, now, id, default).map(drop)
            })
            .unwrap();
        let place = cloud
            .db
            .read_now(|r| {
                Ok(places::table
                    .filter(places::name.eq("Local"))
                    .select(places::id)
                    .first(r.conn())?)
            })
            .unwrap();
        Self {
            account: id,
            number: asked.number,
            place,
            default,
            cloud,
            cast,
            server,
        }
    }

    pub fn account(&self) -> LocalAccount {
        self.server
            .db
            .read_now(|r| local_accounts::find(r, self.account))
            .unwrap()
    }
    pub fn local(&self) -> Account {
        Account {
            id: self.account,
            number: self.number,
            name: "Plant".to_owned(),
            default: self.default,
        }
    }
    pub fn sync(&self, email: &str) -> Page {
        let mut browser = self.server.sign_in(email);
        send(
            &mut browser,
            &format!("/on-prem-accounts/{}/sync/network", self.number),
            &[],
        )
    }
    /// The response of the cloud to the first file.
    pub fn response(&self) -> Vec<u8> {
        let text: String = self
            .cloud
            .db
            .read_now(|r| {
                Ok(sync_responses::table
                    .select(sync_responses::content)
                    .first(r.conn())?)
            })
            .unwrap();
        data_encoding::BASE64.decode(text.as_bytes()).unwrap()
    }
    pub fn stock(&self, place: &str) -> [i64; 4] {
        self.server
            .stock_named(&self.local(), place, "c9200-ne-48")
            .map_or([0; 4], |(_, numbers)| numbers)
    }
    pub fn advance(&self, by: TimeDelta) {
        let to = self.cloud.clock.advanced(by);
        self.cloud.clock.set(to);
        self.server.clock.set(to);
    }

    /// The address at which the server calls the cloud.
    pub fn call_at(&self, url: &str) {
        call_at(&self.server.db, self.account, url);
    }
}

/// The address at which an account calls its cloud.
pub fn call_at(server: &Db, account: SmartAccountId, url: &str) {
    let mut cloud = server
        .read_now(|r| local_accounts::find(r, account))
        .unwrap()
        .cloud
        .unwrap();
    cloud.url = Some(url.to_owned());
    let text = serde_json::to_string(&cloud).unwrap();
    server
        .housekeeping_now(|tx| {
            diesel::update(rows::table.find(account))
                .set(rows::cloud.eq(Some(text.clone())))
                .execute(tx.conn())?;
            Ok(())
        })
        .unwrap();
}

// Whether both portals agree ------------------------------------------------------------------------------------

/// The product instances of an account at its server.
fn known_here(server: &Db, account: SmartAccountId) -> Vec<Known> {
    let rows: Vec<(String, String, String)> = server
        .read_now(|r| {
            Ok(devices::table
                .inner_join(places::table.on(places::id.eq(devices::virtual_account_id)))
                .filter(devices::smart_account_id.eq(account))
                .select((devices::id, devices::udi_serial, places::name))
                .load(r.conn())?)
        })
        .unwrap();
    with_usage(server, rows)
}

/// The same as the cloud knows them.
fn known_there(cloud: &Db, place: VirtualAccountId) -> Vec<Known> {
    let rows: Vec<(String, String, String)> = cloud
        .read_now(|r| {
            Ok(devices::table
                .filter(devices::virtual_account_id.eq(place))
                .select((devices::id, devices::udi_serial, devices::local_virtual_account))
                .load(r.conn())?)
        })
        .unwrap();
    with_usage(cloud, rows)
}

fn with_usage(db: &Db, rows: Vec<(String, String, String)>) -> Vec<Known> {
    let mut known: Vec<Known> = rows
        .into_iter()
        .map(|(id, serial, place)| {
            let mut usage: Vec<(String, i64)> = db
                .read_now(|r| {
                    Ok(device_usage::table
                        .filter(device_usage::device_id.eq(&id))
                        .filter(device_usage::quantity.gt(0))
                        .select((device_usage::entitlement, device_usage::quantity))
                        .load(r.conn())?)
                })
                .unwrap();
            usage.sort();
            (serial, place, usage)
        })
        .collect();
    known.sort();
    known
}

/// How many there are of each license: in all Virtual Accounts of a tenant, or in one of them.
fn purchased(db: &Db, account: SmartAccountId, place: Option<VirtualAccountId>) -> Vec<(String, i64)> {
    let rows: Vec<(String, VirtualAccountId, i64)> = db
        .read_now(|r| {
            Ok(stocks::table
                .filter(stocks::smart_account_id.eq(account))
                .select((stocks::entitlement, stocks::virtual_account_id, stocks::purchased))
                .load(r.conn())?)
        })
        .unwrap();
    let mut sums = std::collections::BTreeMap::new();
    for (entitlement, at, quantity) in rows {
        if place.is_none_or(|place| place == at) {
            *sums.entry(entitlement).or_insert(0) += quantity;
        }
    }
    sums.into_iter().filter(|(_, quantity)| *quantity != 0).collect()
}

/// Both know the same product instances and the same licenses, and `check` finds nothing in either. `place` is the one of
/// the cloud to which the account is bound.
#[track_caller]
pub fn assert_agree(
    (cloud, owner, place): (&Db, SmartAccountId, VirtualAccountId),
    (server, account): (&Db, SmartAccountId),
    when: &str,
) {
    assert_eq!(
        known_there(cloud, place),
        known_here(server, account),
        "{when}: product instances, in the cloud and here"
    );
    assert_eq!(
        purchased(cloud, owner, Some(place)),
        purchased(server, account, None),
        "{when}: licenses, in the cloud and here"
    );
    for (which, db) in [("the cloud", cloud), ("the server", server)] {
        let said = licentral::simulator::check(db).unwrap();
        assert!(said.is_empty(), "{when}: check of {which}: {said:#?}");
    }
}
