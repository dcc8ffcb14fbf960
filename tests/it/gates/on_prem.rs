//! The world of the On-Prem edition. Its people have the addresses of the cloud's, so that one gate asks both.

use super::world::{CANARY, Things, World, put_import, put_letters, put_view};
use crate::support::{Cast, Portal};
use diesel::prelude::*;
use licentral::authn::PlatformRole;
use licentral::authz::Role;
use licentral::catalog::Billing;
use licentral::kernel::ids::{
    AssignmentId, EventId, ImportId, OrderDraftId, OrderId, OrderImportId, SavedViewId, UserGroupId,
};
use licentral::kernel::{Event, Kind, Who};
use licentral::licenses::supply::{self, Told};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::sessions;
use licentral::platform::token;
use std::collections::BTreeMap;

/// Everyone, with the words under which the golden table shows them.
pub const EVERYONE: &[(&str, &str)] = &[
    ("local-admin", "ada@xyz.example"),
    ("local-user", "cy@xyz.example"),
    ("lva-admin", "dan@xyz.example"),
    ("lva-user", "una@xyz.example"),
    ("stranger", "eve@harborview.example"),
    ("sys-user", "noa@newcomer.example"),
    ("sys-operator", "olga@licensing.example"),
    ("sys-admin", "sam@licensing.example"),
];

/// Who stands in no column of it, and is asked as well.
pub const OTHERS: &[&str] = &["bob@xyz.example", "vera@xyz.example", "pat@bramwell.example"];

impl World {
    pub(super) fn made_on_prem() -> Self {
        use PlatformRole::{SystemAdministrator, SystemOperator, SystemUser};
        let p = Portal::start_on_prem();
        for (email, name, role) in [
            ("ada@xyz.example", "Ada Lindqvist", SystemUser),
            ("bob@xyz.example", "Bob Tanaka", SystemUser),
            ("cy@xyz.example", "Cy Okafor", SystemUser),
            ("vera@xyz.example", "Vera Moreau", SystemUser),
            ("dan@xyz.example", "Dan Petrov", SystemUser),
            ("una@xyz.example", "Una Haddad", SystemUser),
            ("eve@harborview.example", "Eve Castellan", SystemUser),
            ("pat@bramwell.example", "Pat Quill", SystemUser),
            ("noa@newcomer.example", "Noa Brandt", SystemUser),
            ("olga@licensing.example", "Olga Verhoeven", SystemOperator),
            ("sam@licensing.example", "Sam Whitlock", SystemAdministrator),
        ] {
            p.system_user(email, name, role);
        }
        let xyz = p.local_account("Smart-On-Prem-Account");
        let harborview = p.local_account("Harborview Clinics");
        let bramwell = p.local_account("Bramwell Distribution");
        let corporate = p.virtual_account(&xyz, "Corporate Network Devices");
        let public = p.virtual_account(&xyz, "Public Network Devices");
        p.role("ada@xyz.example", &xyz, None, Role::AccountAdmin);
        p.role("bob@xyz.example", &xyz, None, Role::AccountUser);
        p.role("cy@xyz.example", &xyz, None, Role::AccountUser);
        p.role("vera@xyz.example", &xyz, None, Role::AccountUser);
        p.role("dan@xyz.example", &xyz, Some(corporate), Role::VirtualAdmin);
        p.role("una@xyz.example", &xyz, Some(public), Role::VirtualUser);
        p.role("eve@harborview.example", &harborview, None, Role::AccountAdmin);
        p.role("pat@bramwell.example", &bramwell, None, Role::AccountAdmin);
        p.virtual_account(&harborview, &format!("{CANARY} ward"));
        let (client, _) = p.api_client("ada@xyz.example", true);
        let invited = p.invited("ivo@xyz.example", "Ivo Marsh");
        let at = p.clock.now();
        p.db.housekeeping_now(|tx| put_letters(tx, at)).unwrap();
        for (account, words) in [
            (Some(xyz.id), "our own business"),
            (Some(harborview.id), CANARY),
            (None, "the server"),
        ] {
            let mut event = Event::new(Kind::ServerChanged, "x", format!("Something happened: {words}."))
                .changed(&words, &words);
            event.account = account;
            let who = Who::portal(words);
            p.db.write_now(|tx| tx.record(at, &who, &event, ())).unwrap();
        }
        let (registration, text) = p.registration_token(&xyz, xyz.default, Some(25));
        let told = [("c9200-ne-48", 5), ("c9200-dna-e-48", 2)].map(|(key, purchased)| Told {
            entitlement: key.to_owned(),
            name: format!("License {key}"),
            billing: Billing::Prepaid,
            purchased,
            ends_at: None,
        });
        p.db.housekeeping_now(|tx| {
            let who = Who::portal("tests");
            supply::respond(tx, at, &who, xyz.id, &[xyz.default], 1, &told).map(drop)
        })
        .unwrap();
        let mut device = p.device(&text, "JAE24010001");
        device.report(&[("c9200-ne-48", 1)]).expect(200);
        let device = device.id;
        let (license, _) = p.stock_named(&xyz, "DEFAULT", "c9200-ne-48").unwrap();
        let reserved = p
            .api("ada@xyz.example")
            .post(
                &format!("/api/v1/accounts/{}/reservations", xyz.number),
                &serde_json::json!({ "virtual_account": xyz.default, "request_code": "BB-ZC9200-48P-E:FOC2401X0AB-BHk4w9qc7-38",
                    "licenses": [{ "entitlement": "c9200-dna-e-48", "quantity": 1 }] }),
            )
            .expect(201)
            .json();
        let (import, view) = (ImportId::new(), SavedViewId::new());
        let ada = p.find_person("ada@xyz.example").id;
        let list = format!("/sa/{}/devices/device-inventory", xyz.number);
        p.db.housekeeping_now(|tx| {
            put_import(tx, at, import, (xyz.id, ada), None)?;
            put_view(tx, at, view, (xyz.id, ada), (&list, "q=c9200"))
        })
        .unwrap();
        let waiting = p.asked_for("Field-Account", ada);
        let (_, theirs) = p.registration_token(&harborview, harborview.default, None);
        p.device(&theirs, CANARY);
        let things = Things {
            client,
            session: other_session(&p),
            invited,
            registration,
            device,
            license,
            reservation: reserved["id"].as_str().unwrap().to_owned(),
            reserved_device: reserved["device"].as_str().unwrap().to_owned(),
            import,
            view,
            webhook: super::world::webhook(&p, xyz.number),
            waiting,
            cast: Cast {
                xyz,
                harborview,
                bramwell,
                corporate,
                public,
            },
            keys: BTreeMap::new(),
            // What this edition does not have.
            group: UserGroupId::new(),
            lookup_to_us: "UGR-AAAA-AAAA",
            lookup_of_ours: "UGR-BBBB-BBBB",
            import_of_group: ImportId::new(),
            intake: OrderImportId::new(),
            order: OrderId::new(),
            draft: OrderDraftId::new(),
            assignment: AssignmentId::new(),
            manager: EventId::new().to_string(),
            syncfile: EventId::new().to_string(),
            usagefile: EventId::new().to_string(),
            authorized_device: EventId::new().to_string(),
            applied: EventId::new().to_string(),
        };
        Self { p, things }
    }
}

/// Ada's other browser.
fn other_session(p: &Portal) -> String {
    let cookie = p.session_of("ada@xyz.example");
    let digest = token::digest(&cookie);
    p.db.read_now(|r| {
        Ok(sessions::table
            .find(&digest)
            .select(sessions::public_id)
            .first::<String>(r.conn())?)
    })
    .unwrap()
}
