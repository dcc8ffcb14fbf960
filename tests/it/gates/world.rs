//! A portal in which there is one of everything, and the addresses of it.

use crate::support::{Cast, Database, PolicyDevice, Portal, Sold};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::authz::links::{self, Purpose};
use licentral::kernel::ids::{
    AssignmentId, EventId, ImportId, LetterId, LinkId, OrderDraftId, OrderId, PersonId, RegistrationTokenId,
    SavedViewId, SmartAccountId, UserGroupId,
};
use licentral::kernel::{Edition, EmailAddress, Event, Kind, Who};
use licentral::platform::db::schema::{
    access_delegations, access_requests, access_settings, account_requests, domain_changes, events,
    links as link_rows, mailbox, order_assignments, order_drafts, outbox, saved_views, sessions,
    user_group_access, user_group_people, user_group_requests, user_groups, user_imports,
};
use licentral::platform::db::{Reads, Tx};
use licentral::platform::mail::LINK_KIND;
use licentral::platform::token;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Instant;

/// A portal with the cast, and one of everything in XYZ COMPANY.
pub struct World {
    pub p: Portal,
    pub(super) things: Things,
}

/// What is in it.
#[derive(Clone)]
pub struct Things {
    pub cast: Cast,
    /// By address: a session, and the id and the secret of an API client. A copy need not sign anybody in.
    pub keys: BTreeMap<String, (String, (String, String))>,
    pub(super) client: String,
    pub(super) session: String,
    pub(super) invited: PersonId,
    pub(super) group: UserGroupId,
    /// Sent to XYZ COMPANY by a group of Bramwell Distribution.
    pub(super) lookup_to_us: &'static str,
    /// Sent by the group of XYZ COMPANY to Bramwell Distribution.
    pub(super) lookup_of_ours: &'static str,
    pub(super) import: ImportId,
    pub(super) import_of_group: ImportId,
    /// A file of orders of the operator.
    pub(super) intake: licentral::kernel::ids::OrderImportId,
    pub(super) order: OrderId,
    /// A license in Corporate Network Devices.
    pub(super) license: String,
    /// A product instance there, which uses it.
    pub(super) device: String,
    /// An assignment that Ada is still choosing, and one that she has asked for.
    pub(super) draft: OrderDraftId,
    pub(super) assignment: AssignmentId,
    /// A view of Order Inventory that Ada has saved.
    pub(super) view: SavedViewId,
    /// A registration token of "Corporate Network Devices".
    pub(super) registration: RegistrationTokenId,
    /// Licenses of DEFAULT that are reserved, and the product instance that holds them.
    pub(super) reservation: String,
    pub(super) reserved_device: String,
    /// A device manager of XYZ COMPANY, and a file of it that waits.
    pub(super) manager: String,
    pub(super) syncfile: String,
    /// A usage data file of DEFAULT.
    pub(super) usagefile: String,
    /// A product instance by policy of DEFAULT that holds an authorization code.
    pub(super) authorized_device: String,
    /// One that was applied, and so was answered.
    pub(super) applied: String,
    /// A local account that Ada has asked for, by its number.
    pub(super) waiting: i64,
    /// A webhook of XYZ COMPANY, and something that it was to be told.
    pub(super) webhook: (String, String),
}

/// A usage data file of a product instance by policy.
fn usage_file(p: &Portal, cast: &Cast) -> String {
    let report = PolicyDevice::new(p, "FOC2402POLI").report("1", "c9200-dna-e-48", 1, 1);
    let made = p.api("ada@xyz.example").send(
        "POST",
        &format!(
            "/api/v1/accounts/{}/usage-files?va={}",
            cast.xyz.number, cast.xyz.default
        ),
        &[("content-type", "application/octet-stream")],
        Some(licentral::devices::policy::files::usage_file(&[report]).as_bytes()),
    );
    made.expect(201);
    made.json()["file"]["id"].as_str().unwrap().to_owned()
}

/// A product instance by policy with an authorization code for an enforced license.
fn authorized(p: &Portal, cast: &Cast) -> String {
    p.licenses(&cast.xyz, cast.xyz.default, "HSEC-C8300", 1);
    let body = serde_json::json!({ "virtual_account": cast.xyz.default, "pid": "C9200-48P-E", "serial": "FOC2402AUTH",
        "licenses": [{ "entitlement": "hsec-k9", "quantity": 1 }] });
    let path = format!("/api/v1/accounts/{}/license-authorizations", cast.xyz.number);
    let made = p.api("ada@xyz.example").post(&path, &body);
    made.expect(201);
    made.json()["device"].as_str().unwrap().to_owned()
}

/// A webhook that is off again, and the delivery of its own beginning.
pub(super) fn webhook(p: &Portal, number: i64) -> (String, String) {
    let mut ada = p.api("ada@xyz.example");
    let all = format!("/api/v1/accounts/{number}/webhooks");
    let mut hook = serde_json::json!({ "name": "Receiver", "url": "http://127.0.0.1:9/" });
    let added = ada.post(&all, &hook).expect(201).json();
    let id = added["webhook"]["id"].as_str().unwrap().to_owned();
    let one = format!("{all}/{id}");
    let told = ada.get(&format!("{one}/deliveries")).expect(200).json();
    hook["is_on"] = false.into();
    ada.put(&one, &hook).expect(200);
    (id, told["items"][0]["id"].as_str().unwrap().to_owned())
}

impl std::ops::Deref for World {
    type Target = Things;
    fn deref(&self) -> &Things {
        &self.things
    }
}

/// The editions whose routes the gates ask.
pub const ASKED: &[Edition] = &[Edition::Cloud, Edition::OnPrem];

/// Stands in everything that belongs to Harborview Clinics and in nothing else.
pub const CANARY: &str = "Zitronenfalter";

impl World {
    /// The cloud's.
    pub fn new() -> Self {
        Self::of(Edition::Cloud)
    }

    /// Runs a check in the world of each edition.
    pub fn each(check: impl Fn(Self)) {
        for edition in ASKED {
            check(Self::of(*edition));
        }
    }

    /// A copy of the one that was made first: making it takes a hundred requests.
    pub fn of(edition: Edition) -> Self {
        Self::keeping(edition, true)
    }

    /// The same, of which everything is made each time that it is asked.
    pub fn that_keeps_nothing(edition: Edition) -> Self {
        Self::keeping(edition, false)
    }

    fn keeping(edition: Edition, keeps_pages: bool) -> Self {
        static FIRST: [OnceLock<(Database, Things, Instant)>; 2] = [OnceLock::new(), OnceLock::new()];
        let first = &FIRST[usize::from(edition.is_on_prem())];
        let (database, things, made) = first.get_or_init(|| {
            let Self { p, mut things } = match edition {
                Edition::Cloud => Self::made(),
                Edition::OnPrem => Self::made_on_prem(),
            };
            let others = edition.is_on_prem().then_some(super::on_prem::OTHERS);
            let everyone = super::asking::everyone(edition);
            let emails = everyone.into_iter().map(|(_, email)| email);
            for email in emails.chain(others.into_iter().flatten().copied()) {
                let keys = (p.session_of(email), p.api_client(email, true));
                things.keys.insert(email.to_owned(), keys);
            }
            (p.leave().at_rest(), things, Instant::now())
        });
        let p = Portal::start_on(database.copy(), |config| {
            config.edition = edition;
            config.keeps_pages &= keeps_pages;
        });
        // As if it had just been made: for how long a sign-in is fresh, nobody has waited for the gates before.
        p.advance_wall(-TimeDelta::from_std(made.elapsed()).unwrap());
        Self {
            p,
            things: things.clone(),
        }
    }

    /// Of which edition it is.
    pub fn edition(&self) -> Edition {
        self.p.parts.config.edition
    }

    fn made() -> Self {
        let (p, cast) = Portal::with_cast();
        let (client, _) = p.api_client("ada@xyz.example", true);
        let cookie = p.session_of("ada@xyz.example");
        let digest = token::digest(&cookie);
        let session =
            p.db.read_now(|r| {
                Ok(sessions::table
                    .find(&digest)
                    .select(sessions::public_id)
                    .first::<String>(r.conn())?)
            })
            .unwrap();
        let invited = p.invited("ivo@xyz.example", "Ivo Marsh");
        p.virtual_account(&cast.harborview, &format!("{CANARY} ward"));
        p.person("willa@harborview.example", &format!("Willa {CANARY}"));
        p.role(
            "willa@harborview.example",
            &cast.harborview,
            None,
            licentral::authz::Role::AccountUser,
        );
        for account in [&cast.xyz, &cast.harborview] {
            let words = if account.number == cast.xyz.number {
                "our own business"
            } else {
                CANARY
            };
            let event = Event::new(
                Kind::AccountChanged,
                account.id,
                format!("Something happened: {words}."),
            )
            .within(account.id)
            .changed(&words, &words);
            let (at, who) = (p.clock.now(), Who::portal(words));
            p.db.write_now(|tx| tx.record(at, &who, &event, ())).unwrap();
        }
        p.person(CUSTOMER, "Kim Alder");
        let at = p.clock.now();
        p.db.housekeeping_now(|tx| put_letters(tx, at)).unwrap();
        let order = p.order(&Sold::to(&cast.xyz, "xyz.example").named("118402977"));
        p.order(&Sold::to(&cast.harborview, "harborview.example").named(&format!("ORD-{CANARY}")));
        let (registration, _) = p.registration_token(&cast.xyz, cast.corporate, Some(25));
        let (_, theirs) = p.registration_token(&cast.harborview, cast.harborview.default, None);
        p.device(&theirs, CANARY);
        // In DEFAULT, which nobody can delete anyhow: licenses of an order, and a product instance that uses one.
        let sold = p.order(&Sold::to(&cast.xyz, "xyz.example").named("118402978"));
        p.api("ada@xyz.example")
            .post(
                &format!("/api/v1/accounts/{}/order-assignments", cast.xyz.number),
                &serde_json::json!({ "orders": [sold], "target": { "smart_account": "xyz.example", "virtual_account": "DEFAULT" } }),
            )
            .expect(202);
        p.complete();
        let (license, _) = p.stock_named(&cast.xyz, "DEFAULT", "c9200-ne-48").unwrap();
        let (_, text) = p.registration_token(&cast.xyz, cast.xyz.default, None);
        let mut device = p.device(&text, "JAE24010001");
        device.report(&[("c9200-ne-48", 1)]).expect(200);
        let device = device.id;
        let reserved = p
            .api("ada@xyz.example")
            .post(
                &format!("/api/v1/accounts/{}/reservations", cast.xyz.number),
                &serde_json::json!({ "virtual_account": cast.xyz.default, "request_code": "BB-ZC9200-48P-E:FOC2401X0AB-BHk4w9qc7-38",
                    "licenses": [{ "entitlement": "c9200-dna-e-48", "quantity": 1 }] }),
            )
            .expect(201)
            .json();
        // Bound to a Virtual Account of its own, with a file that was applied and one that waits.
        let mut on_prem = p.on_prem(
            &cast.xyz,
            "ada@xyz.example",
            "Smart-On-Prem-Account",
            "Local-Virtual-Account",
        );
        p.sync(&on_prem.file(p.clock.now(), &[])).expect(200);
        on_prem.last_response = 1;
        let mut theirs = p.on_prem(
            &cast.harborview,
            "eve@harborview.example",
            &format!("{CANARY} server"),
            &format!("{CANARY} site"),
        );
        p.sync(&theirs.file(p.clock.now(), &[(&format!("{CANARY}-2"), "Lab", &[])]))
            .expect(200);
        let waiting = p
            .api("ada@xyz.example")
            .send(
                "POST",
                &format!(
                    "/api/v1/accounts/{}/device-managers/{}/sync-files",
                    cast.xyz.number, on_prem.id
                ),
                &[("content-type", "application/octet-stream")],
                Some(&on_prem.file(p.clock.now(), &[])),
            )
            .expect(201)
            .json();
        let things = Things {
            waiting: 0,
            webhook: webhook(&p, cast.xyz.number),
            usagefile: usage_file(&p, &cast),
            authorized_device: authorized(&p, &cast),
            manager: on_prem.id.to_string(),
            syncfile: waiting["id"].as_str().unwrap().to_owned(),
            applied: p
                .api("ada@xyz.example")
                .get(&format!(
                    "/api/v1/accounts/{}/device-managers/{}/sync-files",
                    cast.xyz.number, on_prem.id
                ))
                .json()["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|file| file["outcome"] == "applied")
                .unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            cast,
            keys: BTreeMap::new(),
            client,
            session,
            invited,
            group: UserGroupId::new(),
            lookup_to_us: "UGR-AAAA-AAAA",
            lookup_of_ours: "UGR-BBBB-BBBB",
            import: ImportId::new(),
            import_of_group: ImportId::new(),
            intake: licentral::kernel::ids::OrderImportId::new(),
            order,
            license,
            device,
            draft: OrderDraftId::new(),
            assignment: AssignmentId::new(),
            view: SavedViewId::new(),
            registration,
            reservation: reserved["id"].as_str().unwrap().to_owned(),
            reserved_device: reserved["device"].as_str().unwrap().to_owned(),
        };
        let world = Self { p, things };
        world
            .p
            .db
            .housekeeping_now(|tx| world.put_groups(tx, at))
            .unwrap();
        world
            .p
            .db
            .housekeeping_now(|tx| world.put_assignments(tx, at))
            .unwrap();
        world.keep_a_file();
        world.ask_for_an_account();
        world.ask_for_a_domain();
        world.ask_for_access();
        world
    }

    /// A file of orders that waits for the operator.
    fn keep_a_file(&self) {
        use licentral::platform::db::schema::order_imports;
        let (at, olga) = (
            self.p.clock.now(),
            self.p.find_person("olga@licensing.example").id,
        );
        let content = serde_json::json!({ "entries": [{ "line": 2, "told": {
            "identifier": "FILE-1", "customer": "XYZ COMPANY", "customer_domain": "xyz.example", "customer_email": "",
            "partner_domain": "", "order_type": "", "status": "", "purchase_order": "", "ordered_at": "",
            "end_customer_account": "", "lines": [{ "sku": "C9200-48P-E", "quantity": "1", "term_months": "" }] } }] });
        self.p
            .db
            .housekeeping_now(|tx| {
                diesel::insert_into(order_imports::table)
                    .values((
                        order_imports::id.eq(self.intake),
                        order_imports::person_id.eq(olga),
                        order_imports::content.eq(content.to_string()),
                        order_imports::created_at.eq(at),
                        order_imports::version.eq(1),
                    ))
                    .execute(tx.conn())?;
                Ok(())
            })
            .unwrap();
    }

    /// Pat of Bramwell asks to be a user of a Virtual Account of XYZ COMPANY, of which Dan is the administrator.
    /// A rule asks the administrators, and Ada has named Cy as her delegate for next month.
    fn ask_for_access(&self) {
        let mut pat = self.p.api("pat@bramwell.example");
        pat.post(
            "/api/v1/access-requests",
            &serde_json::json!({ "domain": "xyz.example", "scope": "virtual-accounts", "role": "virtual-user",
                "virtual_accounts": [self.cast.corporate], "note": "Our own business." }),
        )
        .expect(201);
        let mut ada = self.p.api("ada@xyz.example");
        let base = format!("/api/v1/accounts/{}", self.cast.xyz.number);
        ada.put(
            &format!("{base}/access-request-settings"),
            &serde_json::json!({ "remind_days": 7, "expire_days": 14, "version": 0,
                "rules": [{ "verdict": "ask" }, { "domain": "elsewhere.example", "verdict": "decline" }] }),
        )
        .expect(200);
        let day = |days| {
            let at = self.p.clock.now().plus(TimeDelta::days(days)).utc();
            at.format("%Y-%m-%d").to_string()
        };
        ada.post(
            &format!("{base}/access-delegations"),
            &serde_json::json!({ "delegate": "cy@xyz.example", "starts": day(30), "ends": day(40) }),
        )
        .expect(201);
        self.p.run_jobs();
    }

    fn access(&self) -> String {
        self.p
            .db
            .read_now(|r| {
                Ok(access_requests::table
                    .select(access_requests::id)
                    .first::<String>(r.conn())?)
            })
            .unwrap()
    }

    fn rule(&self) -> String {
        let rules: String = self
            .p
            .db
            .read_now(|r| {
                Ok(access_settings::table
                    .select(access_settings::rules)
                    .first::<String>(r.conn())?)
            })
            .unwrap();
        let rules: serde_json::Value = serde_json::from_str(&rules).unwrap();
        rules[0]["id"].as_str().unwrap().to_owned()
    }

    fn delegation(&self) -> String {
        self.p
            .db
            .read_now(|r| {
                Ok(access_delegations::table
                    .select(access_delegations::id)
                    .first::<String>(r.conn())?)
            })
            .unwrap()
    }

    /// A group here that Dan may change as well, with Vera in it; one of Bramwell Distribution that asks to be
    /// let in; and two lists of people that Ada has not added yet, each with a wrong line.
    fn put_groups(&self, tx: &mut Tx<'_>, at: licentral::kernel::Moment) -> licentral::error::Result<()> {
        let theirs = UserGroupId::new();
        let (us, them) = (self.cast.xyz.id, self.cast.bramwell.id);
        for (id, account, name) in [(self.group, us, "Field engineers"), (theirs, them, "Resellers")] {
            diesel::insert_into(user_groups::table)
                .values((
                    user_groups::id.eq(id),
                    user_groups::smart_account_id.eq(account),
                    user_groups::name.eq(name),
                    user_groups::name_key.eq(name.to_lowercase()),
                    user_groups::description.eq("Of a test."),
                    user_groups::created_at.eq(at),
                    user_groups::version.eq(1),
                ))
                .execute(tx.conn())?;
        }
        diesel::insert_into(user_group_people::table)
            .values((
                user_group_people::group_id.eq(self.group),
                user_group_people::person_id.eq(self.p.find_person("vera@xyz.example").id),
                user_group_people::smart_account_id.eq(us),
                user_group_people::since.eq(at),
            ))
            .execute(tx.conn())?;
        diesel::insert_into(user_group_access::table)
            .values((
                user_group_access::id.eq(EventId::new().as_str()),
                user_group_access::group_id.eq(self.group),
                user_group_access::smart_account_id.eq(us),
                user_group_access::virtual_account_id.eq(Some(self.cast.corporate)),
                user_group_access::scope.eq(self.cast.corporate.to_string()),
                user_group_access::role.eq("virtual-user"),
                user_group_access::created_at.eq(at),
            ))
            .execute(tx.conn())?;
        for (lookup, group, owner, target, by) in [
            (self.lookup_to_us, theirs, them, us, "pat@bramwell.example"),
            (self.lookup_of_ours, self.group, us, them, "ada@xyz.example"),
        ] {
            diesel::insert_into(user_group_requests::table)
                .values((
                    user_group_requests::id.eq(EventId::new().as_str()),
                    user_group_requests::lookup_id.eq(lookup),
                    user_group_requests::group_id.eq(group),
                    user_group_requests::smart_account_id.eq(owner),
                    user_group_requests::target_account_id.eq(target),
                    user_group_requests::state.eq("waiting"),
                    user_group_requests::note.eq(""),
                    user_group_requests::asked_by.eq(self.p.find_person(by).id),
                    user_group_requests::asked_at.eq(at),
                ))
                .execute(tx.conn())?;
        }
        let ada = self.p.find_person("ada@xyz.example").id;
        put_import(tx, at, self.import, (us, ada), None)?;
        put_import(tx, at, self.import_of_group, (us, ada), Some(self.group))?;
        Ok(())
    }

    /// What Ada does with orders.
    fn put_assignments(
        &self,
        tx: &mut Tx<'_>,
        at: licentral::kernel::Moment,
    ) -> licentral::error::Result<()> {
        let (us, ada) = (self.cast.xyz.id, self.p.find_person("ada@xyz.example").id);
        let target = serde_json::json!({ "account": us, "virtual_account": self.cast.corporate });
        let content = serde_json::json!({ "work": "assign", "orders": [self.order], "target": target });
        diesel::insert_into(order_drafts::table)
            .values((
                order_drafts::id.eq(self.draft),
                order_drafts::smart_account_id.eq(us),
                order_drafts::person_id.eq(ada),
                order_drafts::content.eq(content.to_string()),
                order_drafts::created_at.eq(at),
                order_drafts::version.eq(1),
            ))
            .execute(tx.conn())?;
        diesel::insert_into(order_assignments::table)
            .values((
                order_assignments::id.eq(self.assignment),
                order_assignments::smart_account_id.eq(us),
                order_assignments::requested_by.eq(Some(ada)),
                order_assignments::requester.eq("Ada Lindqvist (ada@xyz.example)"),
                order_assignments::is_unchecked.eq(false),
                order_assignments::orders.eq(1),
                order_assignments::lines.eq(1),
                order_assignments::requested_at.eq(at),
                order_assignments::settled_at.eq(Some(at)),
            ))
            .execute(tx.conn())?;
        let view = (self.list(), "assignment=unassigned");
        put_view(tx, at, self.view, (us, ada), (&view.0, view.1))
    }

    /// A request for a customer, when there is a room for it: asked for by Pat of Bramwell, to be decided by
    /// somebody at the customer and, for the domain, by Drew.
    fn ask_for_an_account(&self) {
        if !self.p.has_route("POST", "/access/request-for-customer") {
            return;
        }
        let mut pat = self.p.sign_in("pat@bramwell.example");
        pat.get("/access/request-for-customer").expect(200);
        pat.fill_and_send("Send Request", REQUEST).expect(303);
        self.p.run_jobs();
    }

    /// Another Account Domain Identifier for XYZ COMPANY, wished for by Bob and to be decided by Drew.
    fn ask_for_a_domain(&self) {
        let page = format!("/sa/{}/account/domain", self.cast.xyz.number);
        if !self.p.has_route("POST", "/sa/{said}/account/domain") {
            return;
        }
        let mut bob = self.p.sign_in("bob@xyz.example");
        bob.get(&page).expect(200);
        bob.fill_and_send("Change domain", &[("domain", "xyz-group.example")])
            .expect(303);
        self.p.run_jobs();
    }

    fn domain_change(&self) -> Option<String> {
        self.p
            .db
            .read_now(|r| {
                Ok(domain_changes::table
                    .select(domain_changes::id)
                    .first::<String>(r.conn())
                    .optional()?)
            })
            .unwrap()
    }

    /// The list of which Ada has saved a view.
    pub fn list(&self) -> String {
        let list = match self.edition() {
            Edition::Cloud => "orders/order-inventory",
            Edition::OnPrem => "devices/device-inventory",
        };
        format!("/sa/{}/{list}", self.cast.xyz.number)
    }

    /// The address of ours that a pattern stands for.
    pub fn ours(&self, pattern: &str) -> String {
        self.fill(pattern, |name| self.value(pattern, name))
    }

    /// The same with parameters that name nothing.
    pub fn nothing(&self, pattern: &str) -> String {
        self.fill(pattern, no_such)
    }

    /// In this account, with our other parameters.
    pub fn ours_within(&self, pattern: &str, number: i64) -> String {
        self.fill(pattern, |name| {
            if name == "said" {
                number.to_string()
            } else {
                self.value(pattern, name)
            }
        })
    }

    /// In this account, with other parameters that name nothing.
    pub fn nothing_within(&self, pattern: &str, number: i64) -> String {
        self.fill(pattern, |name| {
            if name == "said" {
                number.to_string()
            } else {
                no_such(name)
            }
        })
    }

    fn fill(&self, pattern: &str, value: impl Fn(&str) -> String) -> String {
        pattern
            .split('/')
            .map(|part| {
                let Some((before, rest)) = part.split_once('{') else {
                    return part.to_owned();
                };
                let (name, after) = rest.split_once('}').unwrap();
                format!("{before}{}{after}", value(name))
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    /// One of ours.
    fn value(&self, pattern: &str, name: &str) -> String {
        match name {
            "said" => self.cast.xyz.number.to_string(),
            "va" => self.cast.corporate.to_string(),
            // As scripts of the vendor name it.
            "vname" => "Corporate%20Network%20Devices".to_owned(),
            "subscription" => "Sub118402977".to_owned(),
            "uuid" => "00000000-0000-0000-0000-000000000000".to_owned(),
            "person" => self.p.find_person("vera@xyz.example").id.to_string(),
            // The log of the server has what belongs to no account.
            "event" if pattern.starts_with("/admin/") => self.event_of_server(),
            "client" => self.client.clone(),
            "session" => self.session.clone(),
            "event" => self.event(),
            "letter" => self.letter(pattern.contains("/operator/")),
            "group" => self.group.to_string(),
            "lookup" if pattern.contains("/external/") => self.lookup_to_us.to_owned(),
            "lookup" => self.lookup_of_ours.to_owned(),
            "import" if pattern.contains("/user-groups/") => self.import_of_group.to_string(),
            "import" => self.import.to_string(),
            "reference" => self.reference().unwrap_or_else(|| no_such(name)),
            "access" => self.access(),
            "rule" => self.rule(),
            "delegation" => self.delegation(),
            "token" => self.token(pattern),
            "order" => self.order.to_string(),
            "license" => self.license.clone(),
            "device" if pattern.contains("authorization") => self.authorized_device.clone(),
            "device"
                if ["return", "rehost", "reservation"]
                    .iter()
                    .any(|way| pattern.contains(way)) =>
            {
                self.reserved_device.clone()
            }
            "device" => self.device.clone(),
            "draft" => self.draft.to_string(),
            "assignment" => self.assignment.to_string(),
            "view" => self.view.to_string(),
            "registration" => self.registration.to_string(),
            "reservation" => self.reservation.clone(),
            "manager" => self.manager.clone(),
            "webhook" => self.webhook.0.clone(),
            "delivery" => self.webhook.1.clone(),
            "syncfile" if pattern.contains("response") || pattern.ends_with("/done") => self.applied.clone(),
            "syncfile" => self.syncfile.clone(),
            "usagefile" => self.usagefile.clone(),
            "intake" => self.intake.to_string(),
            // A local account, by its number: one that waits, where it is not about one in use.
            "account"
                if ["/sync", "activate", "/delet", "re-register"]
                    .iter()
                    .any(|step| pattern.contains(step)) =>
            {
                self.cast.xyz.number.to_string()
            }
            "account" => self.waiting.to_string(),
            "change" => self.domain_change().unwrap_or_else(|| no_such(name)),
            // The emptiest: it is loaded for each who may.
            "scenario" => "empty".to_owned(),
            "way" => "tampered".to_owned(),
            // A world is a copy of a database without its snapshots, and no rule holds in it.
            "snapshot" | "fault" => no_such(name),
            "batch" => "no-such".to_owned(),
            // One of the program, which everybody may begin. Nobody has, and nothing that a client sent is kept.
            "lab" => "shortage".to_owned(),
            "attempt" | "request" => no_such(name),
            // Browsers make none for a portal at an address of numbers.
            "passkey" => no_such(name),
            // A file of the look or of the documentation: no parameter that anybody's data stands behind.
            "name" | "page" => no_such(name),
            other => panic!(
                "{pattern} has a parameter {{{other}}}: teach tests/it/gates/world.rs what to put there"
            ),
        }
    }

    /// The last thing that happened in XYZ COMPANY.
    fn event(&self) -> String {
        let account = self.cast.xyz.id;
        self.p
            .db
            .read_now(|r| {
                Ok(events::table
                    .filter(events::smart_account_id.eq(account))
                    .filter(events::virtual_account_id.is_null())
                    .select(events::id)
                    .order(events::id.asc())
                    .first::<String>(r.conn())?)
            })
            .unwrap()
    }

    fn event_of_server(&self) -> String {
        self.p
            .db
            .read_now(|r| {
                Ok(events::table
                    .filter(events::smart_account_id.is_null())
                    .select(events::id)
                    .order(events::id.asc())
                    .first::<String>(r.conn())?)
            })
            .unwrap()
    }

    fn letter(&self, is_queued: bool) -> String {
        self.p
            .db
            .read_now(|r| {
                Ok(if is_queued {
                    outbox::table
                        .filter(outbox::gave_up_at.is_not_null())
                        .select(outbox::id)
                        .first::<String>(r.conn())?
                } else {
                    mailbox::table.select(mailbox::id).first::<String>(r.conn())?
                })
            })
            .unwrap()
    }

    /// Of the request that Pat sent.
    pub fn reference(&self) -> Option<String> {
        self.p
            .db
            .read_now(|r| {
                Ok(account_requests::table
                    .select(account_requests::reference)
                    .first::<String>(r.conn())
                    .optional()?)
            })
            .unwrap()
    }

    /// A link that works: the customer's own for requests, one made here for everything else. Signed anew each
    /// time, since a signature is good at one address of the portal alone.
    fn token(&self, pattern: &str) -> String {
        let at = self.p.clock.now();
        let expires = at.plus(TimeDelta::hours(1));
        let (purpose, about) = match pattern.split('/').nth(1).unwrap() {
            "invite" => (Purpose::Invitation, self.invited.to_string()),
            "password" => (
                Purpose::ResetPassword,
                self.p.find_person("ada@xyz.example").id.to_string(),
            ),
            "ar" => (Purpose::DecideAccess, self.access()),
            "setup" => (Purpose::SetUp, "00000000-0000-0000-0000-000000000000".to_owned()),
            "r" | "requests" => (Purpose::DecideAccountRequest, String::new()),
            other => panic!("/{other}/ takes a link: teach tests/it/gates/world.rs how to make one"),
        };
        let id = if purpose == Purpose::DecideAccountRequest {
            self.customers_link()
        } else {
            let id = LinkId::new();
            let whose = if purpose == Purpose::Invitation {
                "ivo@xyz.example"
            } else {
                "ada@xyz.example"
            };
            let to = EmailAddress::parse(whose).unwrap();
            self.p
                .db
                .housekeeping_now(|tx| links::make(tx, at, id, purpose, &about, &to, expires))
                .unwrap();
            id
        };
        self.p
            .parts
            .signing
            .sign(LINK_KIND, purpose.word(), id.as_str(), at, expires)
            .unwrap()
    }

    /// The newest to the customer who is asked to decide the request.
    fn customers_link(&self) -> LinkId {
        self.p
            .db
            .read_now(|r| {
                Ok(link_rows::table
                    .filter(link_rows::email_key.eq(CUSTOMER))
                    .select(link_rows::id)
                    .order(link_rows::id.desc())
                    .first::<LinkId>(r.conn())?)
            })
            .unwrap()
    }
}

/// Who is asked to decide the request of the world.
pub const CUSTOMER: &str = "kim@alderridge.example";

/// The request of the world.
pub const REQUEST: &[(&str, &str)] = &[
    ("name", "Alder Ridge Health"),
    ("domain", "alderridge.example"),
    ("customer_emails", CUSTOMER),
];

/// A parameter of the right kind that names nothing.
fn no_such(name: &str) -> String {
    match name {
        "said" | "account" => "999999999".to_owned(),
        "client" => "NoSuchClientNoSuchClient".to_owned(),
        "token" => "eyJ0eXAiOiJsaW5rK2p3dCJ9.eyJzdWIiOiJ4In0.AAAA".to_owned(),
        "reference" => "SAR-2026-99999".to_owned(),
        "lookup" => "UGR-2222-2222".to_owned(),
        "vname" => "No%20such%20place".to_owned(),
        "name" | "page" | "scenario" => "no-such-page".to_owned(),
        "snapshot" => "no-such-snapshot".to_owned(),
        "fault" | "request" => "999".to_owned(),
        "lab" => "no-such-lab".to_owned(),
        _ => EventId::new().to_string(),
    }
}

/// A list of people that somebody has not added yet, with a wrong line.
pub(super) fn put_import(
    tx: &mut Tx<'_>,
    at: licentral::kernel::Moment,
    id: ImportId,
    (account, person): (SmartAccountId, PersonId),
    group: Option<UserGroupId>,
) -> licentral::error::Result<()> {
    let role = if group.is_none() {
        r#""account-user""#
    } else {
        "null"
    };
    let lines = r#"[{"number":1,"typed":"new@xyz.example"},{"number":2,"typed":"wrong"}]"#;
    diesel::insert_into(user_imports::table)
        .values((
            user_imports::id.eq(id),
            user_imports::smart_account_id.eq(account),
            user_imports::person_id.eq(person),
            user_imports::group_id.eq(group),
            user_imports::content.eq(format!(r#"{{"places":null,"role":{role},"lines":{lines}}}"#)),
            user_imports::created_at.eq(at),
            user_imports::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// A list as somebody has saved it.
pub(super) fn put_view(
    tx: &mut Tx<'_>,
    at: licentral::kernel::Moment,
    id: SavedViewId,
    (account, person): (SmartAccountId, PersonId),
    (list, query): (&str, &str),
) -> licentral::error::Result<()> {
    diesel::insert_into(saved_views::table)
        .values((
            saved_views::id.eq(id),
            saved_views::smart_account_id.eq(account),
            saved_views::person_id.eq(person),
            saved_views::list.eq(list),
            saved_views::name.eq("To do"),
            saved_views::name_key.eq("to do"),
            saved_views::query.eq(query),
            saved_views::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// A letter in the mailbox, one that is on its way and one that was given up.
pub(super) fn put_letters(tx: &mut Tx<'_>, at: licentral::kernel::Moment) -> licentral::error::Result<()> {
    let id = LetterId::new();
    diesel::insert_into(mailbox::table)
        .values((
            mailbox::id.eq(id),
            mailbox::message_id.eq(format!("<{id}@licentral.example>")),
            mailbox::letter.eq("test"),
            mailbox::to_name.eq("Ada Lindqvist"),
            mailbox::to_address.eq("ada@xyz.example"),
            mailbox::subject.eq("A letter"),
            mailbox::text_body.eq("Words."),
            mailbox::html_body.eq("<!DOCTYPE html><html lang=\"en\"><head><title>A letter</title></head><body><p>Words.</p></body></html>"),
            mailbox::search_key.eq("words"),
            mailbox::sent_at.eq(at),
        ))
        .execute(tx.conn())?;
    for gave_up in [None, Some(at)] {
        let id = LetterId::new();
        diesel::insert_into(outbox::table)
            .values((
                outbox::id.eq(id),
                outbox::letter.eq("no-such-letter"),
                outbox::about_id.eq(id.as_str()),
                outbox::extra.eq("{}"),
                outbox::to_name.eq("Ada Lindqvist"),
                outbox::to_address.eq("ada@xyz.example"),
                outbox::not_before.eq(at),
                outbox::attempts.eq(10),
                outbox::gave_up_at.eq(gave_up),
                outbox::last_problem.eq("the mail server said no"),
                outbox::created_at.eq(at),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}
