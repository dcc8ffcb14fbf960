//! Throw-away tenants: what is in them, that they never see one another, and that nothing of them is left.

use crate::support::{Portal, program};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::platform::config::Mode;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{devices, orders};
use serde_json::{Value, json};

const OLGA: &str = "olga@licensing.example";
const TENANTS: &str = "/api/v1/simulator/tenants";

fn client(of: &Value, n: usize) -> (String, String) {
    let one = &of["people"][n];
    let text = |key: &str| one[key].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

#[test]
fn tenants_of_two_jobs_never_see_one_another() {
    let (p, cast) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    let made = olga
        .post(TENANTS, &json!({ "count": 2, "name": "ci-1" }))
        .expect(201)
        .json();
    let [one, two] = [&made["items"][0], &made["items"][1]];
    assert_eq!(one["domain"], "t1-ci-1.example");
    let (mut first, mut second) = (p.api_of(client(one, 0)), p.api_of(client(two, 0)));
    let base = |tenant: &Value| format!("/api/v1/accounts/{}", tenant["number"]);
    let licenses = first.get(&format!("{}/licenses", base(one))).expect(200).json();
    assert_eq!(licenses["total"], 2, "{licenses}");
    // A whole round: a Virtual Account, a token, a device, a shortage.
    let place = first
        .post(
            &format!("{}/virtual-accounts", base(one)),
            &json!({ "name": "Job" }),
        )
        .expect(201)
        .json();
    let token = first
        .post(
            &format!("{}/registration-tokens", base(one)),
            &json!({ "virtual_accounts": [place["id"]] }),
        )
        .expect(201)
        .json();
    let mut device = p.device(token["items"][0]["token"].as_str().unwrap(), "JAE99990001");
    device.report(&[("c9200-ne-48", 3)]).expect(200);
    let shape = json!({ "identifier": "TEN-1", "customer": one["name"], "customer_domain": one["domain"],
        "lines": [{ "sku": "C9200-NE-48-P", "quantity": 1 }] });
    olga.post("/api/v1/orders", &shape).expect(201);
    first
        .post(
            &format!("{}/order-assignments", base(one)),
            &json!({ "orders": ["TEN-1"], "target": { "smart_account": one["domain"], "virtual_account": "Job" } }),
        )
        .expect(202);
    p.complete();
    for path in ["", "/licenses", "/devices", "/orders", "/users", "/events"] {
        second.get(&format!("{}{path}", base(one))).expect(404);
        p.api("ada@xyz.example")
            .get(&format!("{}{path}", base(one)))
            .expect(404);
    }
    second.get(&format!("{}/events", base(two))).expect(200);
    p.api_of(client(one, 2))
        .post(
            &format!("{}/virtual-accounts", base(one)),
            &json!({ "name": "X" }),
        )
        .expect(403);
    // The name is taken; what is wrong is said.
    olga.post(TENANTS, &json!({ "count": 1, "name": "ci-1" }))
        .expect(422);
    olga.post(TENANTS, &json!({ "count": 201 })).expect(422);
    p.api("ada@xyz.example")
        .post(TENANTS, &json!({ "count": 1 }))
        .expect(403);
    assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());
    // Gone, with everything, and with what others saw of it.
    olga.delete(&format!("{TENANTS}/ci-1")).expect(204);
    olga.delete(&format!("{TENANTS}/ci-1")).expect(404);
    first.get("/api/v1/me").expect(401);
    assert_eq!(olga.get(TENANTS).expect(200).json()["items"], json!([]));
    assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());
    let left =
        p.db.read_now(|r| {
            let devices: i64 = devices::table
                .filter(devices::udi_serial.eq("JAE99990001"))
                .count()
                .get_result(r.conn())?;
            let orders: i64 = orders::table
                .filter(orders::identifier.eq("TEN-1"))
                .count()
                .get_result(r.conn())?;
            Ok((devices, orders))
        })
        .unwrap();
    assert_eq!(left, (0, 0));
    p.api("ada@xyz.example")
        .get(&format!("/api/v1/accounts/{}", cast.xyz.number))
        .expect(200);
    // Under the same name anew.
    olga.post(TENANTS, &json!({ "count": 1, "name": "ci-2", "part": "empty" }))
        .expect(201);
    assert_eq!(p.events_of("lab.tenants").len(), 3);
}

#[test]
fn a_hundred_are_made_at_once_and_go_when_their_time_is_over() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    olga.post(TENANTS, &json!({ "count": 100, "seconds": 600, "name": "many" }))
        .expect(201);
    p.advance_wall(TimeDelta::seconds(400));
    p.run_jobs();
    let mut olga = p.api(OLGA);
    assert_eq!(olga.get(TENANTS).json()["items"].as_array().unwrap().len(), 100);
    p.advance_wall(TimeDelta::seconds(201));
    p.run_jobs();
    assert_eq!(olga.get(TENANTS).json()["items"], json!([]));
    assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());
    // Not endlessly many at once.
    for name in ["a", "b"] {
        olga.post(TENANTS, &json!({ "count": 200, "part": "empty", "name": name }))
            .expect(201);
    }
    let full = olga.post(TENANTS, &json!({ "count": 101, "part": "empty", "name": "c" }));
    assert_eq!(full.expect(409).json()["code"], "lab.too-many-tenants");
}

#[test]
fn tenants_by_page_and_by_command_and_none_in_production() {
    let (p, _) = Portal::with_cast();
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/tenants").expect(200).shows("None.");
    page.fill_and_submit("Make tenants", &[("count", "many"), ("name", "Not Good")])
        .expect(422)
        .shows("Use a whole number.");
    page.fill_and_submit(
        "Make tenants",
        &[
            ("count", "2"),
            ("part", "empty"),
            ("seconds", "600"),
            ("name", "page"),
        ],
    )
    .expect(200)
    .shows("t2-page.example")
    .shows("lcs_");
    page.get("/simulator/tenants").expect(200);
    page.fill_and_submit("Remove page", &[])
        .expect(200)
        .shows("2 throw-away tenants were removed with everything.");
    let (id, secret) = p.api_client(OLGA, true);
    let run = |words: &[&str]| {
        let done = program(&["lab", "tenants"], &std::env::temp_dir())
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
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    assert!(run(&["make", "2", "--name", "cli", "--for", "10m"]).contains("t2-cli.example"));
    assert!(run(&[]).contains("t1-cli.example"));
    assert!(run(&["remove", "cli"]).contains("were removed"));
    let (p, _) = Portal::with_cast_as(|config| config.mode = Mode::Production);
    let mut olga = p.api(OLGA);
    olga.get(TENANTS).expect(404);
    olga.post(TENANTS, &json!({ "count": 1 })).expect(404);
    p.sign_in(OLGA).get("/simulator/tenants").expect(404);
}
