//! Graded labs: each done once as a learner would, and once wrongly; nobody sees another's; files that are wrong.

use crate::support::both::call_at;
use crate::support::{Account, Portal, TestDevice, program};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::authn::PlatformRole;
use licentral::kernel::Who;
use licentral::kernel::ids::{SmartAccountId, VirtualAccountId};
use licentral::local_accounts;
use licentral::platform::config::Mode;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{lab_attempts, sync_responses, virtual_accounts as places};
use serde_json::{Value, json};

const LABS: &str = "/api/v1/simulator/labs";
const FILES: &str = "/api/v1/simulator/lab-files";
const LEARNERS: &str = "/api/v1/simulator/learners";
const ADA: &str = "ada@xyz.example";
const BOB: &str = "bob@xyz.example";
const OLGA: &str = "olga@licensing.example";
const ADMIN: &str = "admin@on-prem.example";
const NE: &str = "c9200-ne-48";

/// Somebody in the middle of a lab.
struct Learner<'a> {
    p: &'a Portal,
    email: &'static str,
    lab: &'static str,
    tag: String,
    account: Account,
}

impl<'a> Learner<'a> {
    fn begins(p: &'a Portal, email: &'static str, lab: &'static str) -> Self {
        let begun = p.api(email).post(&format!("{LABS}/{lab}/start"), &json!({}));
        let begun = begun.expect(201).json();
        let attempt = &begun["attempt"];
        let tag = attempt["tag"].as_str().unwrap().to_owned();
        let number = attempt["account"].as_i64().unwrap();
        assert_eq!(attempt["points"], 0);
        let (id, default) =
            p.db.read_now(|r| {
                let id: SmartAccountId = lab_attempts::table
                    .filter(lab_attempts::tag.eq(&tag))
                    .select(lab_attempts::account_id)
                    .first(r.conn())?;
                let default: VirtualAccountId = places::table
                    .filter(places::smart_account_id.eq(id).and(places::is_default.eq(true)))
                    .select(places::id)
                    .first(r.conn())?;
                Ok((id, default))
            })
            .unwrap();
        let account = Account {
            id,
            number,
            name: format!("Graded lab {tag}"),
            default,
        };
        let one = Self {
            p,
            email,
            lab,
            tag,
            account,
        };
        assert!(!one.is_done(1), "{}", one.look());
        assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());
        one
    }
    /// The attempt, once the jobs have looked.
    fn look(&self) -> Value {
        self.p.run_jobs();
        let shown = self.p.api(self.email).get(&format!("{LABS}/{}", self.lab));
        shown.expect(200).json()["attempt"].clone()
    }
    fn is_done(&self, step: usize) -> bool {
        !self.look()["steps"][step - 1]["done_at"].is_null()
    }
    fn told(&self, step: usize) -> Vec<String> {
        let shown = self.look();
        let told = shown["steps"][step - 1]["told"].as_array().unwrap().clone();
        told.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }
    #[track_caller]
    fn is_told(&self, step: usize, words: &str) {
        let told = self.told(step);
        assert!(told.iter().any(|one| one.contains(words)), "{told:?}");
    }
    /// All steps are done, nothing was wrong, and all points are won.
    #[track_caller]
    fn has_done_it_all(&self) {
        let shown = self.look();
        assert_eq!(shown["state"], "done", "{shown:#}");
        let listed = self.p.api(self.email).get(LABS).json();
        let items = listed["items"].as_array().unwrap().clone();
        let mine = items.iter().find(|one| one["key"] == self.lab).unwrap();
        assert_eq!(mine["won"], mine["points"], "{shown:#}");
    }
    /// No step is done by it, and it did not win all points.
    #[track_caller]
    fn has_not_done_it(&self) {
        assert_ne!(self.look()["state"], "done");
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/accounts/{}/{rest}", self.account.number)
    }
    fn post(&self, rest: &str, body: &Value) -> Value {
        let reply = self.p.api(self.email).post(&self.path(rest), body);
        assert!(reply.status < 300, "{rest}: {} {}", reply.status, reply.body);
        serde_json::from_str(&reply.body).unwrap_or_default()
    }
    fn place(&self, name: &str) -> VirtualAccountId {
        self.p
            .db
            .read_now(|r| {
                Ok(places::table
                    .filter(
                        places::smart_account_id
                            .eq(self.account.id)
                            .and(places::name.eq(name)),
                    )
                    .select(places::id)
                    .first(r.conn())?)
            })
            .unwrap()
    }
    fn transfer(&self, key: &str, from: &str, to: &str, quantity: i64) {
        let (license, _) = self.p.stock_named(&self.account, from, key).unwrap();
        let line = json!({ "license": license, "to": self.place(to), "quantity": quantity });
        self.post("license-transfers", &json!({ "lines": [line] }));
    }
    fn device_id(&self, serial: &str) -> String {
        let found = self
            .p
            .api(self.email)
            .get(&self.path("devices"))
            .expect(200)
            .json();
        let items = found["items"].as_array().unwrap().clone();
        let one = items.iter().find(|one| one.to_string().contains(serial)).unwrap();
        one["id"].as_str().unwrap().to_owned()
    }
    fn move_device(&self, serial: &str, to: &str) {
        let body = json!({ "devices": [self.device_id(serial)], "virtual_account": self.place(to) });
        self.post("devices/transfer", &body);
    }
    fn remove_device(&self, serial: &str) {
        self.post("devices/remove", &json!({ "devices": [self.device_id(serial)] }));
    }
    fn registers(&self, place: &str, serial: &str) -> TestDevice {
        let body = json!({ "virtual_accounts": [self.place(place)] });
        let made = self.post("registration-tokens", &body);
        let text = made["items"][0]["token"].as_str().unwrap();
        self.p.device(text, serial)
    }
    fn assigns(&self, order: &str, place: Option<&str>) {
        let mut target = json!({ "smart_account": format!("{}.example", self.tag) });
        if let Some(place) = place {
            target["virtual_account"] = json!(place);
        }
        self.post(
            "order-assignments",
            &json!({ "orders": [format!("{}-{order}", self.tag)], "target": target }),
        );
        self.p.complete();
    }
}

#[test]
fn the_labs_of_one_portal_are_done_and_done_wrongly() {
    let (p, _) = Portal::with_cast();

    // A first switch, from token to license.
    let one = Learner::begins(&p, ADA, "first-switch");
    let serial = format!("SW-{}", one.tag);
    let mut switch = one.registers("DEFAULT", &serial);
    assert!(one.is_done(1) && one.is_done(2) && !one.is_done(3));
    switch.report(&[(NE, 1), ("c9200-dna-e-48", 1)]).expect(200);
    assert!(one.is_done(3) && !one.is_done(4));
    one.post("virtual-accounts", &json!({ "name": "Access Layer" }));
    assert!(one.is_done(4));
    one.move_device(&serial, "Access Layer");
    one.transfer(NE, "DEFAULT", "Access Layer", 1);
    one.has_done_it_all();
    let two = Learner::begins(&p, BOB, "first-switch");
    let mut other = two.registers("DEFAULT", "SOME-OTHER");
    two.is_told(2, "with another serial number than SW-");
    other.report(&[(NE, 3)]).expect(200);
    two.is_told(3, "more than there is");
    two.has_not_done_it();

    // Out of compliance.
    let one = Learner::begins(&p, ADA, "shortage");
    assert!(!one.is_done(2));
    one.transfer(NE, "Spare", "Campus", 1);
    assert!(!one.is_done(1));
    one.transfer(NE, "Branches", "Campus", 1);
    one.has_done_it_all();
    let two = Learner::begins(&p, BOB, "shortage");
    two.transfer(NE, "Branches", "Campus", 2);
    two.is_told(1, "You took more from Branches");
    two.remove_device(&format!("C3{}", two.tag));
    // Told once Campus is in compliance as well: the step was done meanwhile, and is not watched any more.
    assert!(two.is_done(1));
    two.has_not_done_it();

    // Replace a failed switch.
    let one = Learner::begins(&p, ADA, "replacement");
    one.remove_device(&format!("OLD{}", one.tag));
    assert!(one.is_done(1));
    let mut new = one.registers("Campus", &format!("NEW-{}", one.tag));
    assert!(one.is_done(2) && !one.is_done(3));
    new.report(&[(NE, 1)]).expect(200);
    one.has_done_it_all();
    let two = Learner::begins(&p, BOB, "replacement");
    let mut new = two.registers("Campus", &format!("NEW-{}", two.tag));
    new.report(&[(NE, 1)]).expect(200);
    two.is_told(3, "Campus was short of a license");
    two.has_not_done_it();

    // In the wrong Virtual Account.
    let one = Learner::begins(&p, ADA, "wrong-virtual-account");
    one.move_device(&format!("CA{}", one.tag), "Campus");
    one.has_done_it_all();
    let two = Learner::begins(&p, BOB, "wrong-virtual-account");
    two.transfer(NE, "Campus", "Branches", 1);
    two.is_told(1, "move the switch instead");
    two.move_device(&format!("BR{}", two.tag), "Campus");
    two.is_told(1, "You moved the switch of the branches");
    two.has_not_done_it();
    assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn the_labs_of_orders_and_requests_are_done_and_done_wrongly() {
    let (p, _) = Portal::with_cast();

    // Assign an order.
    let one = Learner::begins(&p, ADA, "assign-order");
    one.assigns("campus", Some("Campus"));
    assert!(one.is_done(1) && !one.is_done(2));
    one.assigns("branches", Some("Branches"));
    one.has_done_it_all();
    let two = Learner::begins(&p, "dan@xyz.example", "assign-order");
    two.assigns("campus", None);
    two.is_told(1, "are in DEFAULT");
    two.assigns("branches", Some("Campus"));
    two.has_not_done_it();

    // A term is about to end.
    let one = Learner::begins(&p, ADA, "expiring-term");
    one.assigns("renewal", Some("Campus"));
    one.has_done_it_all();
    let two = Learner::begins(&p, "dan@xyz.example", "expiring-term");
    two.assigns("renewal", Some("Branches"));
    two.is_told(2, "The renewal went to Branches");
    two.has_not_done_it();

    // Request a Smart Account for a customer. The letter is looked for in the lab's mailbox, which this portal has not.
    let sends = |who: &'static str, domain: &str, customer: &str| {
        let body = json!({ "name": format!("Customer {domain}"), "domain": domain,
            "customer_emails": [format!("it@{customer}")] });
        let made = p.api(who).post("/api/v1/account-requests", &body);
        made.expect(201).json()["reference"].as_str().unwrap().to_owned()
    };
    let one = Learner::begins(&p, "pat@bramwell.example", "request-account");
    let customer = format!("{}-customer.example", one.tag);
    p.person(&format!("it@{customer}"), "Ina Tal");
    let reference = sends("pat@bramwell.example", &customer, &customer);
    assert!(one.is_done(1) && !one.is_done(3));
    let mut it = p.api(&format!("it@{customer}"));
    it.post(
        &format!("/api/v1/account-requests/{reference}/approve"),
        &json!({}),
    )
    .expect(200);
    assert!(one.is_done(3) && one.told(1).is_empty());
    let two = Learner::begins(&p, BOB, "request-account");
    let customer = format!("{}-customer.example", two.tag);
    p.person(&format!("it@{customer}"), "Ina Tal");
    sends(BOB, "branch.xyz.example", &customer);
    two.is_told(1, "You sent a request for another domain");
    let reference = sends(BOB, &customer, &customer);
    let denial = format!("/api/v1/account-requests/{reference}/deny");
    let mut it = p.api(&format!("it@{customer}"));
    it.post(&denial, &json!({ "reason": "Not ours." })).expect(200);
    two.is_told(3, "The request was denied");
    two.has_not_done_it();
}

/// A cloud and the On-Prem portal beside it.
fn both() -> (Portal, Portal) {
    let (cloud, _) = Portal::with_cast();
    let server = Portal::start_on_prem();
    server.clock.set(cloud.clock.setting());
    server.system_user(ADMIN, "Ines Okoro", PlatformRole::SystemAdministrator);
    assert!(cloud.parts.beside.set(server.parts.clone()).is_ok());
    (cloud, server)
}

/// What a learner does at the On-Prem server.
struct Server<'a> {
    server: &'a Portal,
    learner: &'a Learner<'a>,
    account: SmartAccountId,
    number: i64,
}

impl<'a> Server<'a> {
    fn of(server: &'a Portal, learner: &'a Learner<'a>) -> Self {
        let name = format!("On-Prem-{}", learner.tag);
        let found = server
            .db
            .read_now(|r| local_accounts::list(r, None, 100, 0))
            .unwrap();
        let one = found.iter().find(|one| one.name == name).unwrap();
        call_at(&server.db, one.id, &learner.p.base);
        Self {
            server,
            learner,
            account: one.id,
            number: one.number,
        }
    }
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/on-prem/accounts/{}{rest}", self.number)
    }
    fn synchronize(&self) {
        let done = self
            .server
            .api(ADMIN)
            .post(&self.path("/sync/network"), &json!({}));
        assert!(done.status < 300, "{} {}", done.status, done.body);
    }
    fn remove_devices(&self) {
        let mut admin = self.server.api(ADMIN);
        let base = format!("/api/v1/accounts/{}/devices", self.number);
        let found = admin.get(&base).expect(200).json();
        let ids: Vec<Value> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].clone())
            .collect();
        admin
            .post(&format!("{base}/remove"), &json!({ "devices": ids }))
            .expect(200);
    }
    fn file(&self) -> Vec<u8> {
        let (db, clock) = (&self.server.db, &self.server.clock);
        let signing = self.server.parts.signing.clone();
        let key = db
            .read_now(|r| local_accounts::key_of(r, &signing, self.account))
            .unwrap();
        let at = (clock.now(), clock.wall());
        let made = local_accounts::generate(db, &Who::portal("tests"), at, self.account, &key);
        made.unwrap().bytes
    }
    fn manager(&self) -> String {
        let path = self.learner.path("device-managers");
        let found = self.learner.p.api(self.learner.email).get(&path).json();
        found["items"][0]["id"].as_str().unwrap().to_owned()
    }
    fn uploads(&self, bytes: &[u8]) -> crate::support::Reply {
        let path = format!("device-managers/{}/sync-files", self.manager());
        self.learner.p.api(self.learner.email).send(
            "POST",
            &self.learner.path(&path),
            &[("content-type", "application/octet-stream")],
            Some(bytes),
        )
    }
    fn submits(&self, id: &str) {
        let path = format!("device-managers/{}/sync-files/{id}/submit", self.manager());
        self.learner.post(&path, &json!({}));
    }
    fn applies_the_response(&self) {
        let cloud = &self.learner.p.db;
        let text: String = cloud
            .read_now(|r| {
                Ok(sync_responses::table
                    .filter(sync_responses::smart_account_id.eq(self.learner.account.id))
                    .order(sync_responses::sequence.desc())
                    .select(sync_responses::content)
                    .first(r.conn())?)
            })
            .unwrap();
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap();
        let (db, at) = (&self.server.db, self.server.clock.now());
        local_accounts::apply(db, &Who::portal("tests"), at, self.account, &bytes).unwrap();
    }
}

#[test]
fn the_labs_with_an_on_prem_server_are_done_and_done_wrongly() {
    let (cloud, server) = both();

    // Synchronize: a file out, and its response back.
    let one = Learner::begins(&cloud, ADA, "synchronize-on-prem");
    let here = Server::of(&server, &one);
    let uploaded = here.uploads(&here.file()).expect(201).json();
    assert!(one.is_done(1) && !one.is_done(2));
    here.submits(uploaded["id"].as_str().unwrap());
    assert!(one.is_done(2) && !one.is_done(3));
    here.applies_the_response();
    one.has_done_it_all();
    let two = Learner::begins(&cloud, BOB, "synchronize-on-prem");
    let there = Server::of(&server, &two);
    let bytes = there.file();
    let broken = there.uploads(&bytes[..bytes.len() / 2]);
    assert!(broken.status >= 400, "{}", broken.body);
    two.is_told(1, "The cloud refused a file");
    two.has_not_done_it();

    // A lost file.
    let one = Learner::begins(&cloud, ADA, "lost-sync-file");
    let here = Server::of(&server, &one);
    let uploaded = here.uploads(&here.file()).expect(201).json();
    here.submits(uploaded["id"].as_str().unwrap());
    assert!(one.is_done(1) && !one.is_done(2));
    here.applies_the_response();
    one.has_done_it_all();
    let two = Learner::begins(&cloud, BOB, "lost-sync-file");
    let there = Server::of(&server, &two);
    let lost = format!("device-managers/{}/remove", there.manager());
    two.post(&lost, &json!({ "lost": true, "case_number": "698123456" }));
    two.is_told(1, "A lost file is no lost server");
    two.has_not_done_it();

    // Delete an On-Prem account, in the order of the documents.
    let one = Learner::begins(&cloud, ADA, "delete-on-prem-account");
    let here = Server::of(&server, &one);
    here.remove_devices();
    assert!(one.is_done(1) && !one.is_done(2));
    here.synchronize();
    assert!(one.is_done(2) && !one.is_done(3));
    let mut admin = server.api(ADMIN);
    admin
        .post(
            &here.path("/deactivate"),
            &json!({ "reason": "The plant is closed." }),
        )
        .expect(200);
    assert!(one.is_done(3) && !one.is_done(4));
    assert!(admin.delete(&here.path("")).status < 300);
    assert!(one.is_done(4) && !one.is_done(5));
    one.post(&format!("device-managers/{}/remove", here.manager()), &json!({}));
    one.has_done_it_all();
    let two = Learner::begins(&cloud, BOB, "delete-on-prem-account");
    let there = Server::of(&server, &two);
    let lost = format!("device-managers/{}/remove", there.manager());
    two.post(&lost, &json!({ "lost": true, "case_number": "698123456" }));
    two.is_told(2, "You removed the device manager as lost");
    assert_eq!(
        licentral::simulator::check(&cloud.db).unwrap(),
        Vec::<String>::new()
    );

    // What was begun goes with everything, at the server as well: when it is ended, and when its time is over.
    let of_ada = Learner::begins(&cloud, ADA, "lost-sync-file");
    cloud.advance_wall(TimeDelta::hours(23));
    let mut bob = cloud.api(BOB);
    bob.post(&format!("{LABS}/delete-on-prem-account/end"), &json!({}))
        .expect(200);
    let names: Vec<String> = server
        .db
        .read_now(|r| local_accounts::list(r, None, 100, 0))
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert!(!names.contains(&format!("On-Prem-{}", two.tag)), "{names:?}");
    assert!(names.contains(&format!("On-Prem-{}", of_ada.tag)), "{names:?}");
    cloud.advance_wall(TimeDelta::hours(2));
    cloud.run_jobs();
    let left = server
        .db
        .read_now(|r| local_accounts::list(r, None, 100, 0))
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
    let mut bob = cloud.api(BOB);
    bob.get(&two.path("devices")).expect(404);
    assert_eq!(
        licentral::simulator::check(&server.db).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn nobody_sees_another_learner_but_those_who_teach() {
    let (p, _) = Portal::with_cast();
    let one = Learner::begins(&p, ADA, "shortage");
    let mut bob = p.api(BOB);
    // Ada's work is not Bob's: not in the list, not behind the address, not by its name.
    let listed = bob.get(LABS).expect(200).json();
    assert!(!listed.to_string().contains(&one.tag), "{listed}");
    assert_eq!(
        bob.get(&format!("{LABS}/shortage")).expect(200).json()["attempt"],
        Value::Null
    );
    for path in ["hint", "end"] {
        let body = if path == "hint" {
            json!({ "step": 1 })
        } else {
            json!({})
        };
        let refused = bob.post(&format!("{LABS}/shortage/{path}"), &body);
        assert_eq!(refused.expect(409).json()["code"], "lab.attempt-over");
    }
    bob.get(&one.path("licenses")).expect(404);
    // Two at the same lab: what one does ticks nothing off for the other.
    let two = Learner::begins(&p, BOB, "shortage");
    one.transfer(NE, "Spare", "Campus", 1);
    one.transfer(NE, "Branches", "Campus", 1);
    one.has_done_it_all();
    assert!(!two.is_done(1) && two.told(1).is_empty());
    // Hints cost, and there are no more than there are.
    for n in 1..=2 {
        let shown = bob.post(&format!("{LABS}/shortage/hint"), &json!({ "step": 1 }));
        let shown = shown.expect(200).json();
        assert_eq!(shown["attempt"]["steps"][0]["hints"].as_array().unwrap().len(), n);
    }
    let refused = bob.post(&format!("{LABS}/shortage/hint"), &json!({ "step": 1 }));
    assert_eq!(refused.expect(409).json()["code"], "lab.no-hint-left");
    bob.post(&format!("{LABS}/shortage/hint"), &json!({ "step": 9 }))
        .expect(404);
    bob.post(&format!("{LABS}/shortage/hint"), &json!({ "step": 0 }))
        .expect(422);
    let refused = bob.post(&format!("{LABS}/shortage/start"), &json!({}));
    assert_eq!(refused.expect(409).json()["code"], "lab.attempt-running");
    // Learners see no list of learners; operators do, and whom they name.
    bob.get(LEARNERS).expect(403);
    bob.post(FILES, &json!({ "file": "x" })).expect(403);
    p.sign_in(BOB).get("/simulator/learners").expect(403);
    let mut olga = p.api(OLGA);
    let all = olga.get(LEARNERS).expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(all["items"][0]["learner"], BOB);
    assert_eq!(all["items"][0]["hints"], 2);
    assert_eq!(all["items"][1]["points"], all["items"][1]["out_of"]);
    let teachers = "/api/v1/simulator/instructors";
    let named = olga.put(teachers, &json!({ "email": "cy@xyz.example", "teaches": true }));
    assert_eq!(named.expect(200).json()["items"][0]["email"], "cy@xyz.example");
    let nobody = json!({ "email": "no@xyz.example", "teaches": true });
    olga.put(teachers, &nobody).expect(422);
    let mut cy = p.api("cy@xyz.example");
    let id = cy.get(LEARNERS).expect(200).json()["items"][0]["id"].clone();
    let path = format!("{LEARNERS}/{}", id.as_str().unwrap());
    assert_eq!(cy.get(&path).expect(200).json()["tag"], two.tag.as_str());
    bob.get(&path).expect(403);
    cy.put(teachers, &json!({ "email": BOB, "teaches": true }))
        .expect(403);
    olga.put(teachers, &json!({ "email": "cy@xyz.example", "teaches": false }))
        .expect(200);
    cy.get(LEARNERS).expect(403);
    // When its time is over the account is gone, and the points stay.
    p.advance_wall(TimeDelta::hours(25));
    p.run_jobs();
    let mut ada = p.api(ADA);
    let shown = ada.get(&format!("{LABS}/shortage")).json();
    assert_eq!(shown["attempt"]["points"], 60);
    ada.get(&one.path("licenses")).expect(404);
    assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn a_wrong_file_changes_nothing_and_a_right_one_is_a_lab() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    let file = "lab: our-own\ntitle: Our own\nsays: Make it.\nminutes: 5\nstart:\n  role: account-admin\nsteps:\n  - step: Make it\n    says: Make the Virtual Account Ours-{tag}.\n    points: 7\n    done: events[virtual-account.created].message contains \"Ours-{tag}\"\n";
    olga.post(FILES, &json!({ "file": file })).expect(201);
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/learners").expect(200);
    let before = p.fingerprint();
    let wrong = file
        .replace("minutes: 5", "minutes: soon")
        .replace("points: 7", "points: 700")
        .replace("contains", "==");
    let refused = olga.post(FILES, &json!({ "file": wrong })).expect(422).json();
    let says: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["detail"].as_str().unwrap())
        .collect();
    assert_eq!(
        says,
        [
            "Line 4: minutes: use a whole number from 1 to 480.",
            "Line 10: points: use a whole number from 0 to 100."
        ]
    );
    // The last one could be read but for a key that nothing is known of.
    let more = file.replace("minutes: 5", "minutes: 5\nhours: 1");
    for bad in ["", "lab: [", &file.replace("our-own", "shortage"), &more] {
        olga.post(FILES, &json!({ "file": bad })).expect(422);
    }
    page.fill_and_submit("Add lab", &[("file", wrong.as_str())])
        .expect(422)
        .shows("Line 4: minutes")
        .shows("Line 10: points");
    p.fingerprint().assert_same(&before, "nothing was done");
    let one = Learner::begins(&p, ADA, "our-own");
    olga.delete(&format!("{FILES}/our-own")).expect(204);
    // It was begun, and goes on by the file as it was.
    p.api(ADA).get(&format!("{LABS}/our-own")).expect(404);
    one.post(
        "virtual-accounts",
        &json!({ "name": format!("Ours-{}", one.tag) }),
    );
    p.run_jobs();
    let all = olga.get(LEARNERS).json();
    assert_eq!(
        (&all["items"][0]["state"], &all["items"][0]["points"]),
        (&json!("done"), &json!(7))
    );
    // By command; and not in production.
    let folder = std::env::temp_dir();
    let (id, secret) = p.api_client(OLGA, true);
    let run = |words: &[&str]| {
        let done = program(&["lab", "labs"], &folder)
            .args(words)
            .args([
                "--portal",
                &p.base,
                "--client-id",
                &id,
                "--client-secret",
                &secret,
            ])
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let path = folder.join(format!("graded-{}.yaml", std::process::id()));
    let name = path.to_str().unwrap();
    std::fs::write(&path, &wrong).unwrap();
    let (code, said) = run(&["check", name]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("Line 4: ") && said.contains("Line 10: "), "{said}");
    assert!(run(&["add", name]).1.contains("Line 4: "));
    std::fs::write(&path, file).unwrap();
    assert_eq!(run(&["check", name]).0, Some(0));
    assert_eq!(run(&["add", name]).0, Some(0));
    assert!(run(&[]).1.contains("our-own"));
    assert!(run(&["start", "our-own"]).1.contains("Make it"));
    assert!(run(&["show", "our-own"]).1.contains("0 of 7"));
    assert!(run(&["learners"]).1.contains(ADA));
    assert_eq!(run(&["end", "our-own"]).0, Some(0));
    assert_eq!(run(&["remove", "our-own"]).0, Some(0));
    std::fs::remove_file(&path).unwrap();
    let (p, _) = Portal::with_cast_as(|config| config.mode = Mode::Production);
    let mut olga = p.api(OLGA);
    for path in [LABS, FILES, LEARNERS] {
        olga.get(path).expect(404);
    }
    olga.post(&format!("{LABS}/shortage/start"), &json!({}))
        .expect(404);
    p.sign_in(OLGA).get("/simulator/labs").expect(404);
}
