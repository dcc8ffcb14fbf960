//! Who may use whom. The tables below are `docs/architecture.md` as data; what the compiler keeps by itself
//! (private stores, permits, records) is not asked again here.

use super::sources::{Source, heads_after, modules_used, rust};
use crate::support::repository;
use std::collections::{BTreeMap, BTreeSet};

/// Floors, the lowest first. A floor may use those below it; `kernel` and `error` are one.
const FLOORS: &[&[&str]] = &[
    &["kernel", "error", "words"],
    &["platform", "found", "put_many", "deadlines"],
    &["authn"],
    &["authz"],
    &["http"],
];

/// Rooms, the lowest first: a room may use the faces of those before it, and all floors.
const ROOMS: &[&str] = &[
    "identity",
    "saved_views",
    "system_users",
    "user_accounts",
    "smart_accounts",
    "virtual_accounts",
    "members",
    "access_requests",
    "account_requests",
    "catalog",
    "licenses",
    "orders",
    "tokens",
    "devices",
    "device_managers",
    "sync",
    "alerts",
    "events",
    "webhooks",
    "explain",
    "server",
    "local_accounts",
    "vendor_api",
    "home",
    "simulator",
];

/// Above the rooms, and free to use all of them.
const ABOVE: &[&str] = &["app", "commands", "main", "lib"];

/// A file that may use what the floors' order does not allow it, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

#[test]
fn every_file_uses_only_what_lies_below_it() {
    let mut wrong = Vec::new();
    for source in rust() {
        let Some(allowed) = allowed(source.place()) else {
            continue;
        };
        for used in modules_used(&source.code) {
            let excepted = EXCEPTIONS
                .iter()
                .any(|(path, module, _)| *path == source.path && *module == used);
            if used != source.place() && !allowed.contains(used.as_str()) && !excepted {
                wrong.push(format!(
                    "src/{}:{} uses crate::{used}",
                    source.path,
                    source.line_of(&format!("crate::{used}"))
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "These uses go up or sideways. Move what is needed down, or ask a room below by its face:\n{}",
        wrong.join("\n")
    );
}

/// What a place may use; none for those above the rooms.
fn allowed(place: &str) -> Option<BTreeSet<&'static str>> {
    if ABOVE.contains(&place) {
        return None;
    }
    if let Some(floor) = FLOORS.iter().position(|names| names.contains(&place)) {
        return Some(FLOORS[..=floor].iter().copied().flatten().copied().collect());
    }
    let room = ROOMS.iter().position(|name| *name == place).unwrap_or_else(|| {
        panic!("src/{place} is neither floor nor room: write it into tests/it/laws/architecture.rs")
    });
    let floors = FLOORS.iter().copied().flatten();
    Some(floors.chain(&ROOMS[..room]).copied().collect())
}

#[test]
fn the_rooms_are_those_of_the_table_of_contents() {
    let lib = std::fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let part = lib
        .split("// Rooms")
        .nth(1)
        .unwrap()
        .split("// Above all")
        .next()
        .unwrap();
    let listed: BTreeSet<&str> = part
        .lines()
        .filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(listed, ROOMS.iter().copied().collect());
}

#[test]
fn a_room_shows_its_face_alone() {
    let mut wrong = Vec::new();
    for source in rust() {
        let is_face = ROOMS.contains(&source.place()) && source.name() == "mod.rs";
        for inner in ["model", "store", "service", "pages", "api", "letters", "jobs"] {
            if is_face && source.code.contains(&format!("pub mod {inner};")) {
                wrong.push(format!("src/{}: pub mod {inner}", source.path));
            }
        }
        // A way round `crate::`.
        if source.code.contains("super::super::super") {
            wrong.push(format!("src/{}: super::super::super", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_done_under_a_permit_is_done_by_does() {
    let mut wrong = Vec::new();
    for source in rust() {
        // However it is broken into lines.
        let code: String = source.code.split_whitespace().collect();
        if code.contains("may.portal.db.write(") {
            wrong.push(format!("src/{}", source.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "These write past May::does, which gives permit and time (decision 25):\n{}",
        wrong.join("\n")
    );
}

/// A crate, where it may be used, and files besides with the reason.
type Home = (
    &'static str,
    fn(&Source) -> bool,
    &'static [(&'static str, &'static str)],
);

const HOMES: &[Home] = &[
    (
        "diesel",
        |s| s.name() == "store.rs" || s.path.contains("/store/") || s.path.starts_with("platform/"),
        &[
            ("kernel/clock.rs", "a moment says how it is kept"),
            ("kernel/ids.rs", "ids say how they are kept"),
            ("kernel/words.rs", "words say how they are kept"),
        ],
    ),
    (
        "actix_web",
        |s| {
            let name = s.name();
            matches!(s.place(), "http" | "app" | "commands" | "vendor_api")
                || name.starts_with("pages")
                || name.ends_with("_pages.rs")
                || name.starts_with("api")
                || s.path.contains("pages/")
                || s.path.contains("/api/")
        },
        &[
            (
                "platform/db/off_the_loop.rs",
                "web::block: the server's own threads for what blocks",
            ),
            (
                "identity/entrance.rs",
                "whoever signs a person in gives the browser its cookie",
            ),
        ],
    ),
    (
        "askama",
        |s| {
            let name = s.name();
            s.place() == "http"
                || name.starts_with("pages")
                || name.ends_with("_pages.rs")
                || name == "letters.rs"
                || s.path.contains("pages/")
        },
        &[],
    ),
    (
        "lettre",
        |s| s.path.starts_with("platform/mail/"),
        &[(
            "platform/config/check.rs",
            "the sender's address is checked with the other settings",
        )],
    ),
    (
        "jsonwebtoken",
        |s| s.path == "platform/signing.rs",
        &[
            (
                "authn/provider/id_token.rs",
                "an identity provider signs with keys of its own",
            ),
            ("authn/provider/known.rs", "those keys, as it publishes them"),
        ],
    ),
    ("argon2", |s| s.path == "authn/password.rs", &[]),
    (
        "rustls",
        |s| matches!(s.path.as_str(), "platform/tls.rs" | "platform/tls_client.rs"),
        &[],
    ),
    ("rcgen", |s| s.path == "platform/tls.rs", &[]),
    ("opentelemetry", |s| s.path.starts_with("platform/traces/"), &[]),
];

#[test]
fn libraries_stay_in_their_homes() {
    let mut wrong = Vec::new();
    for source in rust() {
        for (library, is_home, besides) in HOMES {
            // A derive that only says which columns a row of the model has is no query.
            // And the name of a method is a word, not a way to speak HTTP.
            let code = source
                .code
                .replace("diesel::Queryable", "")
                .replace("actix_web::http::Method", "");
            let uses = code.contains(&format!("{library}::"));
            let excepted = besides.iter().any(|(path, _)| *path == source.path);
            if uses && !is_home(&source) && !excepted {
                wrong.push(format!(
                    "src/{}:{} uses {library}",
                    source.path,
                    source.line_of(&format!("{library}::"))
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_exception_has_outlived_its_reason() {
    let sources = rust();
    for (library, _, besides) in HOMES {
        for (path, _) in *besides {
            let source = sources.iter().find(|s| s.path == *path);
            assert!(
                source.is_some_and(|s| s.code.contains(&format!("{library}::"))),
                "src/{path} does not use {library} any more"
            );
        }
    }
    for (path, module, _) in EXCEPTIONS {
        let source = sources.iter().find(|s| s.path == *path);
        assert!(
            source.is_some_and(|s| modules_used(&s.code).contains(&(*module).to_owned())),
            "src/{path} does not use {module} any more"
        );
    }
    for (table, place, _) in SHARED_TABLES {
        assert!(
            users_of_tables(&sources)
                .get(*table)
                .is_some_and(|places| places.contains(*place)),
            "{place} does not name the table {table} any more"
        );
    }
}

/// A table that a second place names, and why.
const SHARED_TABLES: &[(&str, &str, &str)] = &[
    (
        "smart_accounts",
        "authz",
        "every decision needs the tenant's id, name and state: a join by a face would cost each request a query",
    ),
    (
        "virtual_accounts",
        "authz",
        "a person's own roles name where they are held; who lists them stands below the rooms, so no face can be asked",
    ),
    (
        "smart_accounts",
        "local_accounts",
        "a local account is a tenant: both rows are made, read and ended together",
    ),
    (
        "links",
        "authn",
        "a new password calls off every link that was sent for the old one",
    ),
    (
        "events",
        "platform",
        "the floor that commits writes the record; the room reads it",
    ),
    ("event_tallies", "platform", "counted where the record is written"),
    (
        "webhooks",
        "platform",
        "what is to be told of an event is put down in the transaction that records it",
    ),
    (
        "webhook_deliveries",
        "platform",
        "what is to be told of an event is put down in the transaction that records it",
    ),
    (
        "mailbox",
        "platform",
        "the lab's transport writes what the simulator's page shows",
    ),
    (
        "people",
        "members",
        "the list of users is searched, filtered, sorted and paged in one statement: thousands of people cannot go through faces",
    ),
    (
        "grants",
        "members",
        "the list of users is searched, filtered, sorted and paged in one statement: thousands of people cannot go through faces",
    ),
    (
        "people",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
    (
        "smart_accounts",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
    (
        "virtual_accounts",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
    (
        "grants",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
    (
        "events",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
    (
        "event_tallies",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
    (
        "access_requests",
        "simulator",
        "an expression of the lab asks what is so, over all tenants, like `licentral check`; it changes nothing",
    ),
    (
        "account_requests",
        "simulator",
        "an expression of the lab asks what is so, over all tenants, like `licentral check`; it changes nothing",
    ),
    (
        "devices",
        "simulator",
        "an expression of the lab asks what is so, over all tenants, like `licentral check`; it changes nothing",
    ),
    (
        "license_stocks",
        "simulator",
        "an expression of the lab asks what is so, over all tenants, like `licentral check`; it changes nothing",
    ),
    (
        "orders",
        "simulator",
        "an expression of the lab asks what is so, over all tenants, like `licentral check`; it changes nothing",
    ),
    (
        "counters",
        "simulator",
        "the scenario `large` writes many rows at once; `licentral check` says whether it kept the rules",
    ),
];

fn users_of_tables(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        if source.path == "platform/db/schema.rs" {
            continue;
        }
        let code = source
            .code
            .replace("crate::platform::db::schema", "schema")
            .replace("super::schema", "schema")
            .replace("platform::db::schema", "schema");
        for table in heads_after(&code, "schema::") {
            users.entry(table).or_default().insert(source.place().to_owned());
        }
    }
    users
}

#[test]
fn a_table_has_one_owner() {
    let mut wrong = Vec::new();
    for (table, mut places) in users_of_tables(&rust()) {
        for (shared, place, _) in SHARED_TABLES {
            if *shared == table && places.len() > 1 {
                places.remove(*place);
            }
        }
        if places.len() > 1 {
            wrong.push(format!("{table} is named in {places:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "Ask the owner's face instead:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_table_is_in_use() {
    let used = users_of_tables(&rust());
    let unused: Vec<String> = super::schema_parity::declared()
        .into_keys()
        .filter(|table| !used.contains_key(table))
        .collect();
    assert!(unused.is_empty(), "no store names {unused:?}");
}

/// Where the portal acts by itself, and how often. A number may only go down without a second thought.
const BY_THE_PORTAL: &[(&str, usize, &str)] = &[
    (
        "alerts/service.rs",
        1,
        "letters are written when nobody asks; each addressee is told of what they reach",
    ),
    (
        "commands/on_prem/server.rs",
        2,
        "whoever owns the database and the keys of an On-Prem server may do everything there",
    ),
    (
        "local_accounts/adopt/mod.rs",
        1,
        "an old file is taken over as a whole, by whoever may manage the accounts of the server",
    ),
    (
        "simulator/graded/start.rs",
        3,
        "the account of a graded lab is filled before its learner is in it, on both portals of the lab",
    ),
    (
        "simulator/fleet/service.rs",
        2,
        "a simulated fleet comes in with a token of its own, made by whoever operates the lab",
    ),
    (
        "simulator/scenario/file/export.rs",
        1,
        "the whole state of a lab is written as a file, by whoever operates it",
    ),
    (
        "simulator/scenario/file/fill.rs",
        3,
        "what a scenario file or a throw-away tenant says is written before anybody is in it, by whoever operates the lab",
    ),
    (
        "simulator/scenario/file/write.rs",
        3,
        "what a scenario file or a throw-away tenant says is written before anybody is in it, by whoever operates the lab",
    ),
    (
        "webhooks/lab.rs",
        1,
        "a command of the lab listens to any account",
    ),
    (
        "webhooks/service.rs",
        1,
        "a webhook is told of whatever happens in its account, when nobody asks",
    ),
    (
        "simulator/scenario/story.rs",
        4,
        "a scenario is written before anybody can ask",
    ),
];

#[test]
fn the_portal_acts_by_itself_in_known_places() {
    let found: BTreeMap<String, usize> = rust()
        .iter()
        .filter(|s| s.path != "authz/permit.rs")
        .map(|s| (s.path.clone(), s.code.matches("by_the_portal").count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    let wanted: BTreeMap<String, usize> = BY_THE_PORTAL
        .iter()
        .map(|(path, count, _)| ((*path).to_owned(), *count))
        .collect();
    assert_eq!(
        found, wanted,
        "A permit without a person goes round every check. Take one from a request, or write the use and its reason into BY_THE_PORTAL."
    );
}
