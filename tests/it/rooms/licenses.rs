//! Licenses: what is owned, what is used, what is short, and what goes where.

use crate::support::{Account, Cast, Portal, refused, sum_of};
use chrono::TimeDelta;
use licentral::error::Error;
use licentral::kernel::Who;
use licentral::kernel::ids::{LicensePoolId, VirtualAccountId};
use licentral::licenses;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

const NE: &str = "c9200-ne-48";
const DNA: &str = "c9200-dna-e-48";
const SWITCH: &str = "C9200-48P-E";

fn transfer_path(account: &Account) -> String {
    format!("/api/v1/accounts/{}/license-transfers", account.number)
}

fn line(p: &Portal, cast: &Cast, from: &str, to: VirtualAccountId, quantity: i64) -> Value {
    let (id, _) = p.stock_named(&cast.xyz, from, NE).unwrap();
    json!({ "license": id, "to": to, "quantity": quantity })
}

/// The two licenses of the founding document in DEFAULT, both in use by one switch.
fn with_switch() -> (Portal, Cast) {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, SWITCH, 1);
    for one in [NE, DNA] {
        p.uses(&cast.xyz, cast.xyz.default, one, 1).unwrap();
    }
    (p, cast)
}

#[test]
fn a_license_in_use_is_transferred_and_what_it_leaves_is_shown_first() {
    let (p, cast) = with_switch();
    assert_eq!(p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1, [1, 1, 0, 0]);
    let mut ada = p.sign_in("ada@xyz.example");
    let inventory = format!(
        "/sa/{}/licensing/inventory/{}/licenses",
        cast.xyz.number, cast.xyz.default
    );
    let ids: Vec<String> = [NE, DNA]
        .iter()
        .map(|one| p.stock_named(&cast.xyz, "DEFAULT", one).unwrap().0)
        .collect();
    ada.open(&inventory).expect(200).shows("Available Actions");
    ada.open(&format!(
        "/sa/{}/licensing/transfer?license={}&license={}&from={}",
        cast.xyz.number, ids[0], ids[1], cast.xyz.default
    ))
    .expect(200);
    // Nothing chosen: the form again, with the reason beside the fields.
    ada.fill_and_send("Next", &[]).expect(422).shows("Enter how many");
    let path = format!("/sa/{}/licensing/transfer", cast.xyz.number);
    let corporate = cast.corporate.to_string();
    let csrf = ada.csrf();
    let fields = |quantity: &'static str| {
        [
            ("csrf", csrf.as_str()),
            ("mode", "transfer"),
            ("from", cast.xyz.default.as_str()),
            ("license[]", &ids[0]),
            ("license[]", &ids[1]),
            ("to[]", &corporate),
            ("quantity[]", quantity),
            ("quantity[]", quantity),
        ]
    };
    ada.post_fields(&path, &fields("two"))
        .expect(422)
        .shows("whole number");
    ada.post_fields(&path, &fields("2"))
        .expect(409)
        .shows("At most 1");
    ada.post_fields(&path, &fields("1"))
        .expect(200)
        .shows("2 licenses will be short")
        .shows("Balance afterwards");
    assert_eq!(
        p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1,
        [1, 1, 0, 0],
        "nothing yet"
    );
    ada.fill_and_send("Transfer", &[]).expect(303);
    ada.follow().expect(200).shows("2 licenses were transferred.");
    assert_eq!(p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1, [0, 1, 0, -1]);
    assert_eq!(
        p.stock_named(&cast.xyz, "Corporate Network Devices", NE)
            .unwrap()
            .1,
        [1, 0, 0, 1]
    );
    assert_eq!(p.events_of("licenses.transferred").len(), 4, "one in each log");
    assert_eq!(p.events_of("licenses.out-of-compliance").len(), 2);
    ada.open(&inventory).expect(200).shows("Insufficient Licenses");
    // The switch deregisters: nothing is short any more.
    p.uses(&cast.xyz, cast.xyz.default, NE, -1).unwrap();
    assert_eq!(p.events_of("licenses.in-compliance").len(), 1);
    p.adds_up();
}

#[test]
fn what_cannot_be_transferred_is_refused_whole() {
    let (p, cast) = with_switch();
    let mut ada = p.api("ada@xyz.example");
    let path = transfer_path(&cast.xyz);
    let before = p.fingerprint();
    let mut no = |lines: Value| refused(&ada.post(&path, &json!({ "lines": lines })));
    assert_eq!(
        no(json!([line(&p, &cast, "DEFAULT", cast.corporate, 2)])),
        "licenses.not-enough"
    );
    assert_eq!(
        no(json!([
            line(&p, &cast, "DEFAULT", cast.corporate, 1),
            line(&p, &cast, "DEFAULT", cast.public, 1)
        ])),
        "licenses.not-enough",
        "one of it is not two"
    );
    assert_eq!(
        no(json!([line(&p, &cast, "DEFAULT", cast.xyz.default, 1)])),
        "licenses.same-place"
    );
    assert_eq!(
        no(json!([line(&p, &cast, "DEFAULT", cast.corporate, 0)])),
        "licenses.nothing-chosen"
    );
    assert_eq!(
        no(json!([line(&p, &cast, "DEFAULT", cast.corporate, -3)])),
        "licenses.nothing-chosen"
    );
    assert_eq!(no(json!([])), "licenses.nothing-chosen");
    ada.post(
        &path,
        &json!({ "lines": [{ "license": "x", "to": "y", "quantity": 1 }] }),
    )
    .expect(422);
    ada.post(
        &path,
        &json!({ "lines": [line(&p, &cast, "DEFAULT", cast.harborview.default, 1)] }),
    )
    .expect(404);
    // A dry run says what would be, and does nothing.
    let dry = ada.post(
        &path,
        &json!({ "lines": [line(&p, &cast, "DEFAULT", cast.corporate, 1)], "dry_run": true }),
    );
    assert_eq!(dry.expect(200).json()["lines"][0]["leaves_short"], true);
    // Una is a user of another Virtual Account: what lies in DEFAULT is not there for her. Vera may read alone.
    let lines = json!({ "lines": [line(&p, &cast, "DEFAULT", cast.public, 1)] });
    p.api("una@xyz.example").post(&path, &lines).expect(404);
    p.api("vera@xyz.example").post(&path, &lines).expect(403);
    p.api("eve@harborview.example").post(&path, &lines).expect(404);
    let changed = before.differences(&p.fingerprint());
    assert!(!changed.contains(" license_"), "{changed}");
}

#[test]
fn terms_that_end_first_go_first_and_are_used_first() {
    let (p, cast) = Portal::with_cast();
    let now = p.clock.now();
    for (months, quantity) in [(36, 5), (1, 3), (12, 2)] {
        p.licenses_of(&cast.xyz, cast.xyz.default, SWITCH, quantity, now, Some(months));
    }
    p.uses(&cast.xyz, cast.xyz.default, NE, 4).unwrap();
    let (id, numbers) = p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap();
    assert_eq!(numbers, [10, 4, 0, 6]);
    let mut ada = p.api("ada@xyz.example");
    let one = format!("/api/v1/accounts/{}/licenses/{id}", cast.xyz.number);
    let terms = |page: &Value| -> Vec<(i64, i64)> {
        page["pools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| (t["purchased"].as_i64().unwrap(), t["in_use"].as_i64().unwrap()))
            .collect()
    };
    assert_eq!(terms(&ada.get(&one).json()), [(3, 3), (2, 1), (5, 0)]);
    // The other way round on demand: what lasts longest would go first.
    let dry = |precedence: &str| json!({ "lines": [{ "license": id, "to": cast.corporate, "quantity": 4 }], "dry_run": true, "precedence": precedence });
    ada.post(&transfer_path(&cast.xyz), &dry("shortest")).expect(422);
    ada.post(&transfer_path(&cast.xyz), &dry("longest-term-first"))
        .expect(200);
    let mut page = p.sign_in("ada@xyz.example");
    page.open(&format!(
        "/sa/{}/licensing/transfer?license={id}",
        cast.xyz.number
    ))
    .expect(200)
    .shows("Precedence of terms");
    let corporate = cast.corporate.to_string();
    // Not to be had by choosing.
    let (action, mut fields) = page.form("Next");
    fields.retain(|(name, _)| !["to[]", "quantity[]", "precedence"].contains(&name.as_str()));
    let made_up = [
        ("to[]", corporate.as_str()),
        ("quantity[]", "6"),
        ("precedence", "shortest"),
    ];
    let all: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(made_up)
        .collect();
    page.post_fields(&action, &all)
        .expect(422)
        .shows("Choose which terms go first.");
    page.fill_and_send("Next", &[("precedence", "longest-term-first")])
        .expect(200)
        .shows("5 Term")
        .shows("1 Term");
    ada.post(
        &transfer_path(&cast.xyz),
        &json!({ "lines": [{ "license": id, "to": cast.corporate, "quantity": 4 }] }),
    )
    .expect(200);
    assert_eq!(terms(&ada.get(&one).json()), [(1, 1), (5, 3)]);
    // A month later nothing ends here, and three end where they went.
    p.advance(TimeDelta::days(40));
    p.run_jobs();
    assert_eq!(
        p.stock_named(&cast.xyz, "Corporate Network Devices", NE)
            .unwrap()
            .1,
        [1, 0, 0, 1]
    );
    assert_eq!(
        p.events_of("licenses.expired").len(),
        2,
        "one for each of the two licenses"
    );
    p.run_jobs();
    assert_eq!(p.events_of("licenses.expired").len(), 2, "and once");
    // What has ended can go nowhere.
    let (id, _) = p.stock_named(&cast.xyz, "Corporate Network Devices", NE).unwrap();
    let reply = ada.post(
        &transfer_path(&cast.xyz),
        &json!({ "lines": [{ "license": id, "to": cast.public, "quantity": 2 }] }),
    );
    assert!(
        reply.expect(409).json()["detail"]
            .as_str()
            .unwrap()
            .contains("has ended")
    );
    p.adds_up();
}

#[test]
fn a_license_is_used_before_it_is_bought_and_an_unknown_one_never() {
    let (p, cast) = Portal::with_cast();
    assert!(matches!(
        p.uses(&cast.xyz, cast.corporate, "no-such-thing", 1),
        Err(Error::Refused(refusal)) if refusal.code == "licenses.unknown"
    ));
    p.uses(&cast.xyz, cast.corporate, NE, 2).unwrap();
    assert_eq!(
        p.stock_named(&cast.xyz, "Corporate Network Devices", NE)
            .unwrap()
            .1,
        [0, 2, 0, -2]
    );
    p.sign_in("dan@xyz.example")
        .open(&format!(
            "/sa/{}/licensing/license-inventory?alert=short",
            cast.xyz.number
        ))
        .expect(200)
        .shows("Insufficient Licenses");
    assert!(matches!(
        p.uses(&cast.xyz, cast.corporate, NE, -3),
        Err(Error::Internal(_))
    ));
    p.licenses(&cast.xyz, cast.corporate, SWITCH, 2);
    assert_eq!(p.events_of("licenses.in-compliance").len(), 1);
    // What devices are billed for by use never runs out.
    p.uses(&cast.xyz, cast.corporate, "sna-flow", 5).unwrap();
    assert_eq!(
        p.stock_named(&cast.xyz, "Corporate Network Devices", "sna-flow")
            .unwrap()
            .1,
        [0, 5, 0, -5]
    );
    assert_eq!(
        p.events_of("licenses.out-of-compliance").len(),
        1,
        "of the other alone"
    );
    p.adds_up();
}

#[test]
fn what_is_reserved_stays_where_it_is() {
    let (p, cast) = with_switch();
    p.licenses(&cast.xyz, cast.xyz.default, SWITCH, 4);
    let (at, who) = (p.clock.now(), Who::portal("tests"));
    let reserve = |quantity| {
        p.db.housekeeping_now(|tx| {
            licenses::reserve(
                tx,
                at,
                &who,
                cast.xyz.id,
                cast.xyz.default,
                &[(NE.to_owned(), quantity)],
            )
        })
    };
    assert!(matches!(reserve(5), Err(Error::Refused(r)) if r.code == "licenses.not-enough"));
    let lines: Vec<(LicensePoolId, i64)> = reserve(3)
        .unwrap()
        .iter()
        .map(|one| (one.pool, one.quantity))
        .collect();
    assert_eq!(p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1, [5, 1, 3, 1]);
    let mut ada = p.api("ada@xyz.example");
    let reply = ada.post(
        &transfer_path(&cast.xyz),
        &json!({ "lines": [line(&p, &cast, "DEFAULT", cast.corporate, 3)] }),
    );
    assert!(
        reply.expect(409).json()["detail"]
            .as_str()
            .unwrap()
            .contains("3 are reserved")
    );
    let there = p
        .db
        .housekeeping_now(|tx| licenses::move_reserved(tx, at, &who, cast.xyz.id, &lines, cast.corporate))
        .unwrap();
    assert_eq!(p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1, [2, 1, 0, 1]);
    assert_eq!(
        p.stock_named(&cast.xyz, "Corporate Network Devices", NE)
            .unwrap()
            .1,
        [3, 0, 3, 0]
    );
    let lines: Vec<(LicensePoolId, i64)> = there.iter().map(|one| (one.pool, one.quantity)).collect();
    p.db.housekeeping_now(|tx| licenses::unreserve(tx, at, &who, cast.xyz.id, &lines))
        .unwrap();
    assert_eq!(
        p.stock_named(&cast.xyz, "Corporate Network Devices", NE)
            .unwrap()
            .1,
        [3, 0, 0, 3]
    );
    p.adds_up();
}

#[test]
fn the_pages_of_a_license_and_of_a_virtual_account_are_there_for_who_reaches_them() {
    let (p, cast) = with_switch();
    let (id, _) = p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap();
    let base = format!("/sa/{}/licensing", cast.xyz.number);
    let mut vera = p.sign_in("vera@xyz.example");
    for path in [
        format!("{base}/licenses/{id}"),
        format!("{base}/licenses/{id}/event-log"),
        format!("{base}/licenses/{id}/order-history"),
        format!("{base}/transactions"),
        format!("{base}/transactions.csv"),
        format!("{base}/inventory/{}/licenses", cast.xyz.default),
        format!("{base}/inventory/{}/event-log", cast.xyz.default),
    ] {
        vera.open(&path).expect(200);
    }
    vera.open(&format!("{base}/licenses/{id}"))
        .shows("cannot transfer licenses and devices");
    vera.open(&format!("{base}/inventory")).expect(303);
    let mut una = p.sign_in("una@xyz.example");
    for path in [
        format!("{base}/licenses/{id}"),
        format!("{base}/inventory/{}/licenses", cast.xyz.default),
        format!("{base}/inventory/{}/event-log", cast.xyz.default),
        format!("{base}/inventory?va={}", cast.xyz.default),
    ] {
        una.open(&path).expect(404);
    }
    una.open(&format!("{base}/inventory")).expect(303);
    una.follow().expect(200).shows("Public Network Devices");
}

#[test]
fn licenses_are_found_by_their_tags_and_only_who_may_changes_them() {
    let (p, cast) = with_switch();
    let base = format!("/sa/{}/licensing", cast.xyz.number);
    let ids: Vec<String> = [NE, DNA]
        .iter()
        .map(|one| p.stock_named(&cast.xyz, "DEFAULT", one).unwrap().0)
        .collect();
    let both = format!("{base}/license-tags?license={}&license={}", ids[0], ids[1]);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.open(&format!("{base}/license-tags")).expect(409);
    ada.open(&both).expect(200);
    // Nothing, too long, too many: the form again with what was typed, and nothing is changed.
    let before = p.fingerprint();
    ada.fill_and_send("Save", &[])
        .expect(422)
        .shows("Enter a tag to add");
    let long = "x".repeat(41);
    let again = ada.fill_and_send("Save", &[("add", &long)]);
    again.expect(422).shows("at most 40 characters");
    assert_eq!(again.attrs("input[name=add]", "value"), [long]);
    ada.fill_and_send("Save", &[("add", "tab\there")]).expect(422);
    let many: Vec<String> = (0..21).map(|n| format!("tag {n}")).collect();
    ada.fill_and_send("Save", &[("add", &many.join(", "))])
        .expect(422)
        .shows("at most 20 tags");
    let changed = before.differences(&p.fingerprint());
    assert!(!changed.contains(" license_tags"), "{changed}");

    ada.open(&both).expect(200);
    ada.fill_and_send("Save", &[("add", "Campus, =cost, campus")])
        .expect(303);
    ada.follow()
        .expect(200)
        .shows("The tags of 2 licenses were changed.");
    assert_eq!(p.events_of("licenses.tagged").len(), 2);
    // Again, written otherwise: nothing is different, and nothing is recorded.
    ada.open(&both).expect(200);
    ada.fill_and_send("Save", &[("add", "CAMPUS")]).expect(303);
    assert_eq!(p.events_of("licenses.tagged").len(), 2);
    // Taken from one of them.
    ada.open(&format!("{base}/license-tags?license={}&from=license", ids[1]))
        .expect(200);
    ada.fill_and_send("Save", &[("remove", "Campus")]).expect(303);
    ada.follow()
        .expect(200)
        .shows("The tags of 1 license were changed.")
        .shows("=cost")
        .shows_not("Campus");

    // By a part of it in the search, by all of it in the filter, and in the file, where no cell begins a formula.
    let mut api = p.api("ada@xyz.example");
    let list = format!("/api/v1/accounts/{}/licenses", cast.xyz.number);
    let mut found = |asked: &str| -> Vec<String> {
        let reply = api.get(&format!("{list}?va={}&{asked}", cast.xyz.default));
        let items = reply.expect(200).json()["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found("q=ampu"), [ids[0].clone()]);
    assert_eq!(found(&format!("q={DNA}")), [ids[1].clone()]);
    assert_eq!(found("license-tag=Campus"), [ids[0].clone()]);
    assert_eq!(found("license-tag=%3Dcost").len(), 2);
    ada.open(&format!("{base}/license-inventory.csv?license-tag=Campus"))
        .expect(200)
        .shows("'=cost, Campus")
        .shows_not(DNA);

    // Vera reads them; Una does not reach DEFAULT; Eve is of another company.
    let path = format!("/api/v1/accounts/{}/license-tags", cast.xyz.number);
    let body = json!({ "licenses": [ids[0]], "add": ["Hers"] });
    let before = p.fingerprint();
    p.api("vera@xyz.example").post(&path, &body).expect(403);
    p.api("una@xyz.example").post(&path, &body).expect(404);
    p.api("eve@harborview.example").post(&path, &body).expect(404);
    p.sign_in("vera@xyz.example")
        .open(&format!("{base}/license-inventory"))
        .expect(200)
        .shows("cannot manage license tags");
    p.sign_in("una@xyz.example").open(&both).expect(404);
    let mut una = p.sign_in("una@xyz.example");
    una.open(&format!("{base}/license-inventory?license-tag=Campus"))
        .expect(200)
        .shows_not("=cost");
    let changed = before.differences(&p.fingerprint());
    assert!(!changed.contains(" license_tags"), "{changed}");
    // All or nothing: one of these is not there.
    let stranger = json!({ "licenses": [ids[0], cast.xyz.default], "add": ["Half"] });
    api_of(&p).post(&path, &stranger).expect(404);
    let done = api_of(&p).post(
        &path,
        &json!({ "licenses": [ids[0], ids[0]], "add": ["New"], "remove": ["CAMPUS", "absent"] }),
    );
    assert_eq!(done.expect(200).json()["changed"], 1);
    assert_eq!(done.json()["licenses"][0]["tags"], json!(["=cost", "New"]));
    // They go with the Virtual Account.
    let while_ = p.virtual_account(&cast.xyz, "For a while");
    p.licenses(&cast.xyz, while_, SWITCH, 1);
    let lines = everything(&p, &cast, "For a while");
    for one in &lines {
        let body = json!({ "licenses": [one["license"]], "add": ["Short lived"] });
        api_of(&p).post(&path, &body).expect(200);
    }
    api_of(&p)
        .post(&transfer_path(&cast.xyz), &json!({ "lines": lines }))
        .expect(200);
    let place = format!("/api/v1/accounts/{}/virtual-accounts/{while_}", cast.xyz.number);
    api_of(&p).delete(&place).expect(204);
    p.adds_up();
}

/// Lines that transfer one of each license of the switch to DEFAULT.
fn everything(p: &Portal, cast: &Cast, from: &str) -> Vec<Value> {
    [NE, DNA]
        .iter()
        .map(|one| {
            let id = p.stock_named(&cast.xyz, from, one).unwrap().0;
            json!({ "license": id, "to": cast.xyz.default, "quantity": 1 })
        })
        .collect()
}

#[test]
fn the_ledger_outlives_the_virtual_account() {
    let (p, cast) = Portal::with_cast();
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    // A term ends in a Virtual Account, the rest goes elsewhere.
    let gone = p.virtual_account(&cast.xyz, "For a while");
    p.licenses(&cast.xyz, gone, SWITCH, 1);
    p.licenses_of(&cast.xyz, gone, SWITCH, 7, p.clock.now(), Some(1));
    p.advance(TimeDelta::days(40));
    p.run_jobs();
    let body = json!({ "lines": everything(&p, &cast, "For a while") });
    let mut ada = p.api("ada@xyz.example");
    ada.post(&transfer_path(&cast.xyz), &body).expect(200);
    p.adds_up();
    ada.delete(&format!("{base}/virtual-accounts/{gone}")).expect(204);
    p.adds_up();
    assert_eq!(p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1, [1, 0, 0, 1]);
    // The ledger names the place for those who see all of the account.
    let told = ada.get(&format!("{base}/license-transactions?per=100"));
    let of_gone = told.expect(200).json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["deleted_virtual_account"] == "For a while" && one["virtual_account"].is_null())
        .count();
    assert_eq!(of_gone, 6, "two licenses came by order, two by grant, two went");
    let mut page = p.sign_in("ada@xyz.example");
    page.open(&format!("/sa/{}/licensing/transactions", cast.xyz.number))
        .expect(200)
        .shows("For a while (deleted)");
}

fn api_of(p: &Portal) -> crate::support::Api {
    p.api("ada@xyz.example")
}

/// What a model thinks of three Virtual Accounts: purchased, reserved and in use of one license.
#[derive(Debug, Clone, Copy)]
enum Step {
    Grant(usize, i64),
    Use(usize, i64),
    Transfer(usize, usize, i64),
    Reserve(usize, i64),
    Return,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_usize, 1..20_i64).prop_map(|(a, n)| Step::Grant(a, n)),
        (0..3_usize, -6..9_i64).prop_map(|(a, n)| Step::Use(a, n)),
        (0..3_usize, 0..3_usize, 1..12_i64).prop_map(|(a, b, n)| Step::Transfer(a, b, n)),
        (0..3_usize, 1..8_i64).prop_map(|(a, n)| Step::Reserve(a, n)),
        Just(Step::Return),
    ]
}

/// Any sequence of grants, uses, transfers, reservations and returns leaves the numbers of a model, and no license is
/// lost or made.
#[test]
fn no_sequence_loses_a_license() {
    let (p, cast) = Portal::with_cast();
    let places = [cast.xyz.default, cast.corporate, cast.public];
    let names = ["DEFAULT", "Corporate Network Devices", "Public Network Devices"];
    let (at, who) = (p.clock.now(), Who::portal("tests"));
    let mut model = [[0_i64; 3]; 3];
    let mut held: Vec<(usize, Vec<(LicensePoolId, i64)>)> = Vec::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut ada = p.api("ada@xyz.example");
    for _ in 0..150 {
        let step = step().new_tree(&mut runner).unwrap().current();
        match step {
            Step::Grant(a, n) => {
                p.licenses(&cast.xyz, places[a], SWITCH, n);
                model[a][0] += n;
            }
            Step::Use(a, n) => {
                let fits = model[a][2] + n >= 0 && n != 0;
                let done = p.uses(&cast.xyz, places[a], NE, n).is_ok();
                assert!(done || !fits, "{step:?} {model:?}");
                if fits {
                    model[a][2] += n;
                }
            }
            Step::Transfer(a, b, n) => {
                let Some((id, _)) = p.stock_named(&cast.xyz, names[a], NE) else {
                    continue;
                };
                let fits = a != b && model[a][0] - model[a][1] >= n;
                let reply = ada.post(
                    &transfer_path(&cast.xyz),
                    &json!({ "lines": [{ "license": id, "to": places[b], "quantity": n }] }),
                );
                assert_eq!(reply.status, if fits { 200 } else { 409 }, "{step:?} {model:?}");
                if fits {
                    model[a][0] -= n;
                    model[b][0] += n;
                }
            }
            Step::Reserve(a, n) => {
                let fits = model[a][0] - model[a][1] - model[a][2] >= n;
                let done = p.db.housekeeping_now(|tx| {
                    licenses::reserve(tx, at, &who, cast.xyz.id, places[a], &[(NE.to_owned(), n)])
                });
                assert_eq!(done.is_ok(), fits, "{step:?} {model:?}");
                if let Ok(lines) = done {
                    held.push((a, lines.iter().map(|one| (one.pool, one.quantity)).collect()));
                    model[a][1] += n;
                }
            }
            Step::Return => {
                let Some((a, lines)) = held.pop() else { continue };
                p.db.housekeeping_now(|tx| licenses::unreserve(tx, at, &who, cast.xyz.id, &lines))
                    .unwrap();
                model[a][1] -= lines.iter().map(|(_, n)| n).sum::<i64>();
            }
        }
    }
    for (name, [purchased, reserved, in_use]) in names.iter().zip(model) {
        let found = p
            .stock_named(&cast.xyz, name, NE)
            .map_or([0; 4], |(_, numbers)| numbers);
        assert_eq!(
            found,
            [purchased, in_use, reserved, purchased - reserved - in_use],
            "{name}"
        );
    }
    assert_eq!(sum_of(&p, NE), model.iter().map(|one| one[0]).sum::<i64>());
    p.adds_up();
}
