//! Whatever happens to a cloud and an On-Prem server (devices, transfers, lost files, repeated files, removed managers,
//! restored backups): when it is over, the way that each portal names leads to agreement.

use crate::support::both::{ADMIN, Both, SKU, assert_agree, call_at};
use crate::support::{
    Account, Api, Cast, Database, PolicyDevice, Portal, Reply, as_many_as, placed, registration,
};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::devices::policy::payload::{Sent, acknowledged};
use licentral::devices::reservation::codes::{RequestCode, return_code};
use licentral::kernel::Edition;
use licentral::kernel::clock::Setting;
use licentral::kernel::ids::{SmartAccountId, VirtualAccountId};
use licentral::kernel::{Moment, Who};
use licentral::local_accounts::{self, Way};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{devices, kept_reports, license_stocks as stocks, usage_reports};
use licentral::platform::signing::FileKey;
use licentral::platform::token::random_bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::cell::RefCell;
use std::collections::HashMap;

const NE: &str = "c9200-ne-48";
const DNA: &str = "c9200-dna-e-48";

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A product instance registers in one of the two local Virtual Accounts and uses so many.
    Device {
        at: usize,
        uses: i64,
    },
    /// One of them is removed, or moved to the other local Virtual Account.
    Remove(usize),
    Move(usize),
    /// A product instance by policy reports to the server that it uses so many of one of two licenses, with all that is not
    /// acknowledged; one that the server does not know is trusted first. Or it sends a report of before once more.
    Report {
        device: usize,
        license: usize,
        uses: i64,
    },
    ReportAgain {
        device: usize,
        report: usize,
    },
    /// Licenses go from one local Virtual Account to the other.
    Shift(i64),
    /// Licenses of a local Virtual Account are set aside for a device that never calls, or come back from one.
    Reserve {
        at: usize,
        quantity: i64,
    },
    GiveBack(usize),
    /// Licenses come in the cloud, or are taken elsewhere there.
    More(i64),
    Fewer(i64),
    /// The account synchronizes, over the network or by file.
    Network,
    ByFile,
    /// A file is made and never arrives; it arrives and its response does not.
    FileLost,
    ResponseLost,
    /// What was sent before is sent once more.
    FileAgain(usize),
    ResponseAgain(usize),
    /// The account is registered again; the authorization arrives or not.
    Register,
    AuthorizationLost,
    /// The cloud removes the device manager as lost.
    RemoveManager,
    /// A backup is made, or restored.
    SaveServer,
    RestoreServer,
    SaveCloud,
    RestoreCloud,
    /// A day goes by.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_usize, 1..4_i64).prop_map(|(at, uses)| Step::Device { at, uses }),
        2 => (0..9_usize).prop_map(Step::Remove),
        2 => (0..9_usize).prop_map(Step::Move),
        6 => (0..3_usize, 0..2_usize, 0..4_i64)
            .prop_map(|(device, license, uses)| Step::Report { device, license, uses }),
        2 => (0..3_usize, 0..9_usize).prop_map(|(device, report)| Step::ReportAgain { device, report }),
        2 => (1..4_i64).prop_map(Step::Shift),
        2 => (0..2_usize, 1..3_i64).prop_map(|(at, quantity)| Step::Reserve { at, quantity }),
        1 => (0..9_usize).prop_map(Step::GiveBack),
        3 => (1..6_i64).prop_map(Step::More),
        2 => (1..4_i64).prop_map(Step::Fewer),
        4 => Just(Step::Network),
        2 => Just(Step::ByFile),
        1 => Just(Step::FileLost),
        2 => Just(Step::ResponseLost),
        2 => (0..9_usize).prop_map(Step::FileAgain),
        2 => (0..9_usize).prop_map(Step::ResponseAgain),
        1 => Just(Step::Register),
        1 => Just(Step::AuthorizationLost),
        1 => Just(Step::RemoveManager),
        1 => Just(Step::SaveServer),
        1 => Just(Step::RestoreServer),
        1 => Just(Step::SaveCloud),
        1 => Just(Step::RestoreCloud),
        1 => Just(Step::Wait),
    ]
}

/// Both portals before anything happened: each history begins with copies.
struct First {
    cloud: Database,
    server: Database,
    cast: Cast,
    local: Account,
    places: [VirtualAccountId; 2],
    /// The Virtual Account of the cloud to which the account is bound.
    bound: VirtualAccountId,
    /// API clients, and a session of Ada: the copies know them, too.
    ada: (String, String),
    admin: (String, String),
    session: String,
    /// A registration token of the server.
    token: String,
    at: Moment,
}

fn first() -> First {
    let both = Both::start();
    let local = both.local();
    let lab = both.server.virtual_account(&local, "Lab");
    let (ada, admin) = (
        both.cloud.api_client("ada@xyz.example", true),
        both.server.api_client(ADMIN, true),
    );
    let session = both.cloud.session_of("ada@xyz.example");
    let (_, token) = both.server.registration_token(&local, both.default, None);
    First {
        cast: both.cast,
        places: [both.default, lab],
        bound: both.place,
        local,
        ada,
        admin,
        session,
        token,
        at: both.server.clock.now(),
        cloud: both.cloud.leave().at_rest(),
        server: both.server.leave().at_rest(),
    }
}

/// A history that goes on.
struct Run<'a> {
    first: &'a First,
    cloud: Option<Portal>,
    server: Option<Portal>,
    /// Ada at the cloud, and an administrator of the server, once they were asked for.
    ada: RefCell<Option<Api>>,
    admin: RefCell<Option<Api>>,
    clock: Setting,
    who: Who,
    files: Vec<Vec<u8>>,
    responses: Vec<Vec<u8>>,
    saved_server: Option<Database>,
    saved_cloud: Option<Database>,
    /// The cloud has forgotten what it counted since its backup.
    cloud_forgot: bool,
    reporters: Vec<Reporter>,
}

/// A product instance by policy: what it has signed, and what is not acknowledged of that.
struct Reporter {
    device: PolicyDevice,
    credential: Option<String>,
    all: Vec<Sent>,
    open: Vec<Sent>,
}

impl<'a> Run<'a> {
    fn begin(first: &'a First) -> Self {
        let mut run = Self {
            first,
            cloud: None,
            server: None,
            ada: RefCell::default(),
            admin: RefCell::default(),
            clock: licentral::kernel::Clock::new().setting(),
            who: Who::portal("tests"),
            files: Vec::new(),
            responses: Vec::new(),
            saved_server: None,
            saved_cloud: None,
            cloud_forgot: false,
            reporters: Vec::new(),
        };
        run.reporters = ["RUM1", "RUM2", "RUM3"]
            .into_iter()
            .map(|serial| Reporter {
                device: PolicyDevice {
                    key: FileKey::make().unwrap().0,
                    serial,
                    now: first.at,
                },
                credential: None,
                all: Vec::new(),
                open: Vec::new(),
            })
            .collect();
        run.open_cloud(first.cloud.copy());
        run.open_server(first.server.copy());
        run
    }

    fn open_cloud(&mut self, database: Database) {
        let cloud = Portal::start_on(database, |_| {});
        cloud.clock.set(self.clock);
        self.cloud = Some(cloud);
        self.ada.take();
        self.meet();
    }
    fn open_server(&mut self, database: Database) {
        let server = Portal::start_on(database, |config| config.edition = Edition::OnPrem);
        server.clock.set(self.clock);
        self.server = Some(server);
        self.admin.take();
        self.meet();
    }
    /// Each portal that starts has another port.
    fn meet(&self) {
        if let (Some(cloud), Some(server)) = (&self.cloud, &self.server) {
            call_at(&server.db, self.first.local.id, &cloud.base);
        }
    }

    fn cloud(&self) -> &Portal {
        self.cloud.as_ref().unwrap()
    }
    fn server(&self) -> &Portal {
        self.server.as_ref().unwrap()
    }
    fn id(&self) -> SmartAccountId {
        self.first.local.id
    }
    fn ada(&self) -> Api {
        let mut ada = self.ada.borrow_mut();
        ada.get_or_insert_with(|| self.cloud().api_of(self.first.ada.clone()))
            .clone()
    }
    fn admin(&self) -> Api {
        let mut admin = self.admin.borrow_mut();
        admin
            .get_or_insert_with(|| self.server().api_of(self.first.admin.clone()))
            .clone()
    }
    fn key(&self) -> FileKey {
        let signing = self.server().parts.signing.clone();
        self.server()
            .db
            .read_now(|r| local_accounts::key_of(r, &signing, self.id()))
            .unwrap()
    }
    fn account(&self) -> local_accounts::LocalAccount {
        self.server()
            .db
            .read_now(|r| local_accounts::find(r, self.id()))
            .unwrap()
    }
    fn managers(&self) -> String {
        format!("/api/v1/accounts/{}/device-managers", self.first.cast.xyz.number)
    }
    fn manager(&self) -> String {
        format!("{}/{}", self.managers(), self.account().cloud.unwrap().manager)
    }
    /// The id of a product instance, and where it is.
    fn device(&self, n: usize) -> Option<(String, VirtualAccountId)> {
        let all: Vec<(String, VirtualAccountId)> = self
            .server()
            .db
            .read_now(|r| {
                Ok(devices::table
                    .order(devices::udi_serial)
                    .select((devices::id, devices::virtual_account_id))
                    .load(r.conn())?)
            })
            .unwrap();
        all.get(n % all.len().max(1)).cloned()
    }
    /// Transfers licenses, as far as there are so many.
    fn shift(&self, cloud: bool, from: VirtualAccountId, to: VirtualAccountId, quantity: i64) {
        let (portal, mut api, number) = if cloud {
            (self.cloud(), self.ada(), self.first.cast.xyz.number)
        } else {
            (self.server(), self.admin(), self.first.local.number)
        };
        let stock: Option<String> = portal
            .db
            .read_now(|r| {
                Ok(stocks::table
                    .filter(stocks::virtual_account_id.eq(from))
                    .filter(stocks::entitlement.eq(NE))
                    .select(stocks::id)
                    .first(r.conn())
                    .optional()?)
            })
            .unwrap();
        if let Some(stock) = stock {
            let body = json!({ "lines": [{ "license": stock, "to": to, "quantity": quantity }] });
            let path = format!("/api/v1/accounts/{number}/license-transfers");
            said(&api.post(&path, &body), &[200, 409, 422]);
        }
    }

    /// Sets licenses aside, as far as there are so many.
    fn reserve(&self, place: VirtualAccountId, quantity: i64) {
        let serial = licentral::kernel::ids::DeviceId::new().to_string();
        let request = RequestCode::make("C9200-48P-E", &serial[..13], random_bytes()).unwrap();
        let body = json!({ "virtual_account": place, "request_code": request.text,
            "licenses": [{ "entitlement": NE, "quantity": quantity }] });
        let path = format!("/api/v1/accounts/{}/reservations", self.first.local.number);
        // Where there is none of the license, it is not found.
        said(&self.admin().post(&path, &body), &[201, 404, 409, 422]);
    }

    /// Returns one reservation by the code that its device shows: false when there is none.
    fn give_back(&self, n: usize) -> bool {
        let account = format!("/api/v1/accounts/{}", self.first.local.number);
        let mut admin = self.admin();
        let held = admin
            .get(&format!("{account}/reservations?status=reserved"))
            .expect(200)
            .json();
        let held = held["items"].as_array().unwrap().clone();
        let Some(one) = held.get(n % held.len().max(1)) else {
            return false;
        };
        let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let whole = admin
            .get(&format!("{account}/reservations/{}", word(&one["id"])))
            .expect(200)
            .json();
        let (code, pid, serial) = (
            word(&whole["authorization_code"]),
            word(&whole["pid"]),
            word(&whole["serial"]),
        );
        let body = json!({ "return_code": return_code(&code, &pid, &serial) });
        let path = format!("{account}/devices/{}/return-reservation", word(&one["device"]));
        said(&admin.post(&path, &body), &[204]);
        true
    }

    fn made(&mut self, way: Way) -> Option<Vec<u8>> {
        let (server, key) = (self.server(), self.key());
        let made = local_accounts::make(&server.db, &self.who, server.clock.now(), self.id(), &key, way);
        let bytes = made.ok()?.bytes;
        self.files.push(bytes.clone());
        Some(bytes)
    }

    fn network(&self) -> Result<local_accounts::Applied, licentral::error::Error> {
        let server = self.server();
        local_accounts::network(
            &server.db,
            &server.clock,
            &self.who,
            self.id(),
            &self.key(),
            false,
        )
    }

    fn apply(&self, response: &[u8]) {
        use licentral::error::Error;
        let server = self.server();
        let done = local_accounts::apply(&server.db, &self.who, server.clock.now(), self.id(), response);
        assert!(
            matches!(done, Ok(_) | Err(Error::Refused(_) | Error::Stale)),
            "a response: {done:?}"
        );
    }

    fn does(&mut self, step: Step) {
        let raw = [("content-type", "application/octet-stream")];
        match step {
            Step::Device { at, uses } => {
                let server = self.server();
                let (now, account) = (server.clock.now(), &self.first.local);
                let some = [placed(account, self.first.places[at], NE, uses, now)];
                server
                    .db
                    .housekeeping_now(|tx| {
                        licentral::devices::place_many(tx, now, &self.who, account.id, &some)
                    })
                    .unwrap();
            }
            Step::Remove(n) => {
                if let Some((id, _)) = self.device(n) {
                    let path = format!("/api/v1/accounts/{}/devices/{id}", self.first.local.number);
                    // One that holds a reservation goes with its return code alone.
                    said(&self.admin().delete(&path), &[204, 409]);
                }
            }
            Step::Move(n) => {
                if let Some((id, place)) = self.device(n) {
                    let to = self.first.places[usize::from(place == self.first.places[0])];
                    let body = json!({ "devices": [id], "virtual_account": to });
                    let path = format!("/api/v1/accounts/{}/devices/transfer", self.first.local.number);
                    said(&self.admin().post(&path, &body), &[200, 409]);
                }
            }
            Step::Report {
                device,
                license,
                uses,
            } => self.report(device, license, uses),
            Step::ReportAgain { device, report } => {
                let one = &self.reporters[device];
                let sent = one.all.get(report % one.all.len().max(1)).cloned();
                if let Some(sent) = sent {
                    self.send(device, &[sent]);
                }
            }
            Step::Shift(quantity) => {
                let [default, lab] = self.first.places;
                self.shift(false, default, lab, quantity);
            }
            Step::Reserve { at, quantity } => self.reserve(self.first.places[at], quantity),
            Step::GiveBack(n) => drop(self.give_back(n)),
            Step::More(quantity) => {
                let cast = &self.first.cast;
                self.cloud().licenses(&cast.xyz, self.first.bound, SKU, quantity);
            }
            Step::Fewer(quantity) => {
                self.shift(true, self.first.bound, self.first.cast.xyz.default, quantity);
            }
            Step::Network => drop(self.network()),
            Step::ByFile => {
                let Some(file) = self.made(Way::File) else { return };
                let files = format!("{}/sync-files", self.manager());
                let mut ada = self.ada();
                let waits = ada.send("POST", &files, &raw, Some(&file));
                said(&waits, &[200, 201, 404, 409]);
                if waits.status >= 400 {
                    return;
                }
                let one = format!("{files}/{}", waits.json()["id"].as_str().unwrap());
                let submitted = ada.send("POST", &format!("{one}/submit"), &raw, Some(b""));
                said(&submitted, &[200, 409]);
                let response = ada.get(&format!("{one}/response"));
                said(&response, &[200, 409]);
                if response.status == 200 {
                    self.responses.push(response.bytes.clone());
                    self.apply(&response.bytes);
                }
            }
            Step::FileLost => drop(self.made(Way::File)),
            Step::ResponseLost => {
                let Some(file) = self.made(Way::File) else { return };
                let answer = self.cloud().sync(&file);
                said(&answer, &[200, 409]);
                if answer.status == 200 {
                    self.responses.push(answer.bytes.clone());
                }
            }
            Step::FileAgain(n) => {
                if let Some(file) = self.files.get(n % self.files.len().max(1)) {
                    said(&self.cloud().sync(file), &[200, 409]);
                }
            }
            Step::ResponseAgain(n) => {
                if let Some(response) = self.responses.get(n % self.responses.len().max(1)) {
                    self.apply(response);
                }
            }
            Step::Register => self.register(true),
            Step::AuthorizationLost => self.register(false),
            Step::RemoveManager => {
                let path = format!("{}/remove", self.manager());
                let body = json!({ "lost": true, "case_number": "698123456" });
                said(&self.ada().post(&path, &body), &[204, 404, 409]);
            }
            Step::SaveServer => {
                let rests = self.server.take().unwrap().leave().at_rest();
                self.saved_server = Some(rests.copy());
                self.open_server(rests);
            }
            Step::RestoreServer => {
                if let Some(copy) = self.saved_server.as_ref().map(Database::copy) {
                    drop(self.server.take());
                    self.open_server(copy);
                }
            }
            Step::SaveCloud => {
                let rests = self.cloud.take().unwrap().leave().at_rest();
                self.saved_cloud = Some(rests.copy());
                self.open_cloud(rests);
            }
            Step::RestoreCloud => {
                if let Some(copy) = self.saved_cloud.as_ref().map(Database::copy) {
                    drop(self.cloud.take());
                    self.cloud_forgot = true;
                    self.open_cloud(copy);
                }
            }
            Step::Wait => {
                self.clock = self.cloud().clock.advanced(TimeDelta::days(1));
                self.cloud().clock.set(self.clock);
                self.server().clock.set(self.clock);
            }
        }
    }

    /// Registers the account again, as the refusals of both portals say. `arrives` says whether the authorization does.
    fn register(&self, arrives: bool) {
        let one = format!("/api/v1/on-prem/accounts/{}", self.first.local.number);
        let mut admin = self.admin();
        admin
            .post(&format!("{one}/registration-file"), &json!({}))
            .expect(200);
        let registration = admin
            .get(&format!("{one}/registration-file"))
            .expect(200)
            .body
            .clone();
        let Some(authorization) = self.authorized(&registration) else {
            return;
        };
        if arrives {
            let body = json!({ "authorization": authorization, "cloud": self.cloud().base });
            admin.post(&format!("{one}/authorization"), &body).expect(200);
        }
    }

    /// The authorization of the cloud for a registration file.
    fn authorized(&self, registration: &str) -> Option<String> {
        let mut ada = self.ada();
        let text = |reply: &Reply| reply.json()["authorization"].as_str().map(str::to_owned);
        let again = json!({ "registration": registration, "reason": "Case 698123456" });
        let reply = ada.post(&format!("{}/re-register", self.manager()), &again);
        if reply.status == 200 {
            return text(&reply);
        }
        let all = ada.get(&self.managers()).expect(200).json();
        let all: Vec<&str> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        // The cloud has this key already, perhaps of one that was added anew: its answer was lost.
        if code(&reply) == "device-managers.already-registered" {
            let mut browser = self.cloud().browser_of(self.first.session.clone());
            let [manager] = all[..] else {
                panic!("{all:?}: {}", reply.body)
            };
            let page = format!(
                "/sa/{}/devices/device-managers/{manager}/authorization-file",
                self.first.cast.xyz.number
            );
            return Some(browser.get(&page).expect(200).body.clone());
        }
        // Removed there, or not known to a cloud that was restored: whatever is bound to the Virtual Account goes first.
        said(&reply, &[404, 409]);
        for bound in all {
            let path = format!("{}/{bound}/remove", self.managers());
            let body = json!({ "lost": true, "case_number": "698123456" });
            said(&ada.post(&path, &body), &[204]);
        }
        let new = json!({ "name": "Plant", "virtual_account": "Local", "registration": registration });
        let reply = ada.post(&self.managers(), &new);
        said(&reply, &[201]);
        text(&reply)
    }

    /// A product instance by policy sends reports. Answers with the status: 401 where the server does not know it.
    fn send(&mut self, device: usize, reports: &[Sent]) -> u16 {
        let one = &self.reporters[device];
        let Some(credential) = one.credential.clone() else {
            return 401;
        };
        let all: Vec<_> = reports
            .iter()
            .map(|one| json!({ "payload": one.payload, "signature": { "signing_type": one.signing, "key": one.key, "value": one.value } }))
            .collect();
        let body = json!({ "reports": all }).to_string();
        let reply = self.server().api_without_token().send(
            "POST",
            "/device/v1/usage",
            &[
                ("authorization", &credential),
                ("content-type", "application/json"),
            ],
            Some(body.as_bytes()),
        );
        // A report of before may be older than what was counted since.
        said(&reply, &[200, 401, 409, 429]);
        if reply.status == 200 {
            let text = reply.json()["acknowledgement"].as_str().unwrap().to_owned();
            for (ack, key) in acknowledged(&text) {
                assert_eq!(
                    key,
                    self.cloud().parts.signing.files().public_key(),
                    "the cloud acknowledges"
                );
                let ids: Vec<String> = serde_json::from_value(ack["report_ids"].clone()).unwrap();
                self.reporters[device]
                    .open
                    .retain(|one| !ids.contains(&one.read(false).unwrap().id));
            }
        }
        reply.status
    }

    fn report(&mut self, device: usize, license: usize, uses: i64) {
        // Sign-in attempts of a device that the server does not know any more cost it a wait.
        let now = self.server().clock.now();
        let one = &mut self.reporters[device];
        let n = one.all.len();
        one.device.now = now.plus(TimeDelta::seconds(i64::try_from(n).unwrap()));
        let id = format!("{}{n:03}", now.utc().timestamp());
        let sent = one.device.report(&id, [NE, DNA][license], uses, 1);
        one.all.push(sent.clone());
        one.open.push(sent);
        let open = one.open.clone();
        if self.send(device, &open) != 401 {
            return;
        }
        let secret = licentral::platform::token::random();
        let mut asked = registration(&self.first.token, self.reporters[device].device.serial, &secret);
        asked["by_policy"] = json!(true);
        asked["force"] = json!(true);
        let reply = self.server().ask_to_register(&asked);
        said(&reply, &[200, 201, 409, 429]);
        if reply.status < 300 {
            self.reporters[device].credential = Some(format!(
                "Bearer {}.{secret}",
                reply.json()["device"].as_str().unwrap()
            ));
            self.send(device, &open);
        }
    }

    /// Each report that the server knows is counted in the cloud, once, and acknowledged; the product instances hear it.
    fn reports_agree(&mut self) {
        let counted: Vec<(String, String, Option<Moment>)> = self
            .cloud()
            .db
            .read_now(|r| {
                Ok(usage_reports::table
                    .order(usage_reports::report_id)
                    .select((
                        usage_reports::udi_key,
                        usage_reports::report_id,
                        usage_reports::acknowledged_at,
                    ))
                    .load(r.conn())?)
            })
            .unwrap();
        for pair in counted.windows(2) {
            assert_ne!(
                (&pair[0].0, &pair[0].1),
                (&pair[1].0, &pair[1].1),
                "a report counts once"
            );
        }
        let kept: Vec<(String, String, String, Option<Moment>, String)> = self
            .server()
            .db
            .read_now(|r| {
                Ok(kept_reports::table
                    .order(kept_reports::ended_at)
                    .select((
                        kept_reports::device_id,
                        kept_reports::entitlement,
                        kept_reports::report_id,
                        kept_reports::acknowledged_at,
                        kept_reports::says,
                    ))
                    .load(r.conn())?)
            })
            .unwrap();
        let latest: HashMap<(&str, &str), &str> = kept
            .iter()
            .map(|(device, license, id, ..)| ((device.as_str(), license.as_str()), id.as_str()))
            .collect();
        for (device, license, id, at, says) in &kept {
            assert!(
                at.is_some() && says.is_empty(),
                "{id} is not acknowledged: {says}"
            );
            // A cloud that was restored from a backup hears again of what is in use, and not of what is past.
            let is_latest = latest[&(device.as_str(), license.as_str())] == id;
            assert!(
                (self.cloud_forgot && !is_latest)
                    || counted.iter().any(|one| one.1 == *id && one.2.is_some()),
                "{id} is acknowledged and not counted"
            );
        }
        // What the server forgot with a backup it hears now, and the cloud with one more synchronization.
        for device in 0..self.reporters.len() {
            let open = self.reporters[device].open.clone();
            if !open.is_empty() {
                self.send(device, &open);
            }
        }
        self.network().unwrap();
        for device in 0..self.reporters.len() {
            let open = self.reporters[device].open.clone();
            // What an older life of it left open may be older than what counts now: that is refused.
            if !open.is_empty() && self.send(device, &open) == 200 {
                assert!(self.reporters[device].open.is_empty(), "{device} hears nothing");
            }
        }
    }

    /// The end of it: what stands in the way of a synchronization is done as it is said.
    fn agrees(&mut self) {
        // What is reserved beyond what the cloud has is kept here until it comes back.
        while self.give_back(0) {}
        self.does(Step::Wait);
        let mut tried = Vec::new();
        for _ in 0..3 {
            match self.network() {
                Ok(_) => {
                    assert_agree(
                        (&self.cloud().db, self.first.cast.xyz.id, self.first.bound),
                        (&self.server().db, self.id()),
                        "at the end",
                    );
                    self.reports_agree();
                    assert_agree(
                        (&self.cloud().db, self.first.cast.xyz.id, self.first.bound),
                        (&self.server().db, self.id()),
                        "after all have reported again",
                    );
                    return;
                }
                Err(error) => tried.push(format!("{error:?}")),
            }
            assert!(
                self.account().failure.contains("register the account again"),
                "no way out is named: {tried:#?}"
            );
            self.register(true);
        }
        panic!("they do not come to agree: {tried:#?}");
    }
}

#[track_caller]
fn said(reply: &Reply, statuses: &[u16]) {
    assert!(
        statuses.contains(&reply.status),
        "{} {}: {} {}",
        reply.method,
        reply.path,
        reply.status,
        reply.body
    );
}

fn code(reply: &Reply) -> String {
    reply.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn random_histories_end_in_agreement() {
    let first = first();
    let cases = u32::try_from(as_many_as("LICENTRAL_HISTORIES", 5)).unwrap();
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let ran = TestRunner::new(config).run(&proptest::collection::vec(step(), 4..24), |steps| {
        let mut run = Run::begin(&first);
        for step in steps {
            run.does(step);
        }
        run.agrees();
        Ok(())
    });
    ran.unwrap_or_else(|found| panic!("{found}"));
    println!("{cases} histories");
}
