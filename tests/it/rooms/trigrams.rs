//! Searching by the index of trigrams finds what reading everything would find.

use crate::support::{Cast, Portal, placed};
use licentral::devices::Device;
use licentral::kernel::{Sought, Who, search_key};
use licentral::platform::db::Db;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// Words that have given databases trouble, and some that hold one another.
const NAMES: &[&str] = &[
    "sw-berlin-01",
    "sw-berlin-011",
    "SW-BERLIN-01.xyz.example",
    "50%_off",
    "50x_off",
    "a_b",
    "axb",
    r"back\slash",
    "quote\"d",
    "it's",
    "AND OR NOT",
    "NEAR(a b)",
    "col:umn",
    "star*",
    "^caret",
    "ümlaut-straße",
    "Ελλάδα-δρομολογητής",
    "東京ルーター",
    "роутер-москва",
    "🛰satellite🛰",
    "e\u{301}te\u{301}",
    "ab",
    "abc",
    "aaaaaaaaaa",
    "(paren)",
    "-minus",
    "+plus",
    "a  b   c",
];

fn keyed(device: &Device) -> String {
    search_key(&format!(
        "{} {} {} {}",
        device.hostname, device.pid, device.serial, device.product
    ))
}

fn portal() -> (Portal, Cast, Vec<String>) {
    let (p, cast) = Portal::with_cast();
    let (at, who) = (p.clock.now(), Who::portal("tests"));
    let mut keys = Vec::new();
    // A small account is read whole, and the index is not asked.
    let others: Vec<String> = (0..300).map(|number| format!("rack-{number:03}")).collect();
    for account in [&cast.xyz, &cast.harborview] {
        let place = account.default;
        let some: Vec<_> = NAMES
            .iter()
            .copied()
            .chain(others.iter().map(String::as_str))
            .map(|name| {
                let (mut device, uses) = placed(account, place, "c9200-ne-48", 1, at);
                name.clone_into(&mut device.hostname);
                (device, uses)
            })
            .collect();
        if account.id == cast.xyz.id {
            keys = some.iter().map(|(device, _)| keyed(device)).collect();
        }
        p.db.housekeeping_now(|tx| licentral::devices::place_many(tx, at, &who, account.id, &some))
            .unwrap();
    }
    (p, cast, keys)
}

/// What the API says that it finds.
fn total(api: &mut crate::support::Api, cast: &Cast, typed: &str) -> u64 {
    let typed: String = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect();
    let (mut total, mut shown) = (1, 0);
    for page in 1.. {
        let path = format!(
            "/api/v1/accounts/{}/devices?per=100&page={page}&q={typed}",
            cast.xyz.number
        );
        let reply = api.get(&path);
        reply.expect(200);
        let found = reply.json();
        total = found["total"].as_u64().unwrap();
        shown += found["items"].as_array().unwrap().len() as u64;
        if page * 100 >= total {
            break;
        }
    }
    assert_eq!(total, shown, "counted and shown");
    total
}

#[test]
fn a_search_finds_what_reading_everything_finds() {
    let (p, cast, keys) = portal();
    let mut api = p.api("ada@xyz.example");
    // Parts of what is there, with what one types by mistake; and anything at all.
    let part = (0..NAMES.len(), 0..20_usize, 1..12_usize)
        .prop_map(|(at, from, many)| NAMES[at].chars().skip(from).take(many).collect::<String>());
    let typed = prop_oneof![
        4 => part.clone(),
        2 => (part.clone(), part).prop_map(|(one, other)| format!("{one} {other}")),
        1 => "[a-z%_\\\\\"'*^:()+-]{1,8}",
        1 => "\\PC{0,6}",
        1 => "[a-z0-9]{195,200}",
    ];
    let mut cases: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    cases.extend(
        [
            "a",
            "ab",
            "%",
            "_",
            "%%%",
            "\"",
            "\"\"\"",
            "AND",
            "a OR b",
            "NEAR",
            "*",
            "東",
            "東京ル",
            "x".repeat(200).as_str(),
        ]
        .map(str::to_owned),
    );
    let mut runner = TestRunner::new(Config {
        cases: 0,
        ..Config::default()
    });
    for _ in 0..crate::support::as_many_as("LICENTRAL_SEARCHES", 150) {
        cases.push(typed.new_tree(&mut runner).unwrap().current());
    }
    // An empty search is no search, and the API says so.
    cases.retain(|typed| !typed.trim().is_empty());
    for typed in cases {
        let sought = Sought::parse(&typed);
        let wanted = keys.iter().filter(|key| sought.fits(key)).count() as u64;
        assert_eq!(total(&mut api, &cast, &typed), wanted, "{typed:?}");
    }
}

#[test]
fn the_index_follows_what_is_written() {
    use diesel::prelude::*;
    use licentral::platform::db::Reads;
    use licentral::platform::db::schema::devices;
    let (p, cast, _) = portal();
    let mut api = p.api("ada@xyz.example");
    assert_eq!(total(&mut api, &cast, "sw-berlin-011"), 1);
    let one = devices::table.filter(
        devices::smart_account_id
            .eq(cast.xyz.id)
            .and(devices::hostname.eq("sw-berlin-011")),
    );
    p.db.housekeeping_now(|tx| {
        diesel::update(one)
            .set((
                devices::hostname.eq("renamed"),
                devices::search_key.eq("renamed-entirely"),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    assert_eq!(total(&mut api, &cast, "sw-berlin-011"), 0);
    assert_eq!(total(&mut api, &cast, "med-ent"), 1);
    p.db.housekeeping_now(|tx| {
        diesel::delete(licentral::platform::db::schema::device_usage::table).execute(tx.conn())?;
        diesel::delete(devices::table.filter(devices::search_key.eq("renamed-entirely")))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    assert_eq!(total(&mut api, &cast, "med-ent"), 0);
    // A copy of the whole database finds the same.
    if p.database_url().starts_with("sqlite://") {
        let copy = p.parts.config.key_file.with_file_name("copy.db");
        p.db.copy_to(&copy.to_string_lossy()).unwrap();
        let file = copy.to_string_lossy();
        let mut conn = diesel::SqliteConnection::establish(&file).unwrap();
        let found: Vec<String> = devices::table
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
                "id IN (SELECT thing FROM trigrams CROSS JOIN trigrams_of ON number = trigrams.rowid WHERE trigrams MATCH '\"ber\" AND \"rli\" AND \"lin\"')",
            ))
            .select(devices::search_key)
            .load(&mut conn)
            .unwrap();
        assert!(
            !found.is_empty() && found.iter().all(|key| key.contains("berlin")),
            "{found:?}"
        );
    }
}

#[test]
fn pages_from_the_end_go_on_where_pages_from_the_start_end() {
    let (p, cast, keys) = portal();
    let mut api = p.api("ada@xyz.example");
    for sort in ["name", "-name", "product", "-contact", "status"] {
        let mut by = |per: usize| {
            let mut seen = Vec::new();
            for page in 1..=keys.len().div_ceil(per) {
                let path = format!(
                    "/api/v1/accounts/{}/devices?per={per}&page={page}&sort={sort}",
                    cast.xyz.number
                );
                let found = api.get(&path).json();
                let ids = found["items"].as_array().unwrap();
                seen.extend(ids.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
            }
            seen
        };
        assert_eq!(by(25), by(100), "sorted by {sort}");
        assert_eq!(by(25).len(), keys.len());
    }
}

/// FTS5 keeps the shape of the index in each connection, and its own check believes what is kept: after others have
/// merged the pieces of the index it called a sound file damaged.
#[test]
fn the_check_takes_no_merged_index_for_a_damaged_one() {
    let (p, cast) = Portal::with_cast();
    let (at, who) = (p.clock.now(), Who::portal("tests"));
    let another = Db::open(p.database_url()).unwrap();
    for round in 0..40 {
        let place = cast.xyz.default;
        let one = [placed(&cast.xyz, place, "c9200-ne-48", 1, at)];
        p.db.housekeeping_now(|tx| licentral::devices::place_many(tx, at, &who, cast.xyz.id, &one))
            .unwrap();
        let said = licentral::simulator::check(&another).unwrap();
        assert!(
            !said.iter().any(|one| one.contains("damaged")),
            "round {round}: {said:#?}"
        );
    }
}
