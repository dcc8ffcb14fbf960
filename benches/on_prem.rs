//! One On-Prem server with 500 local accounts and 100,000 product instances, and its cloud: `cargo bench --bench on_prem`.
//!
//! Two processes of the real program, as two sites run them. Each workload prints its ratio to a limit that was measured in
//! the same run: pages to a bare actix handler, a synchronization file to the same rows read by one statement in a loop and
//! packed by the same library. At the end the schedule of all accounts falls on one minute, while somebody reads pages of
//! both portals.

#![allow(clippy::pedantic, reason = "a benchmark may say things in the plainest way")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a benchmark prints, and ends loudly when something is wrong"
)]

mod support;

use diesel::prelude::*;
use diesel::sql_types::Text;
use licentral::devices::{Device, Standing, Usage};
use licentral::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use licentral::kernel::{Moment, Who};
use licentral::local_accounts;
use licentral::platform::db::Db;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::{Duration, Instant};
use support::{Peak, Portal, Reader, get, measure, serve_bare, sign_in, start_bare};

const ACCOUNTS: i64 = 500;
const DEVICES: usize = 100_000;
/// Each account has so many, but for the first, which has all the others.
const EACH: usize = 20;
const USES: [&str; 3] = ["c9200-dna-e-48", "c9200-ne-48", "c9300-ne-48"];

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return serve_bare(args.next().unwrap().parse().unwrap());
    }
    let (cloud, server) = (Portal::start("demo"), Portal::start_on_prem());
    let begun = Instant::now();
    let site = Site::fill(&cloud, &server);
    println!(
        "{ACCOUNTS} local accounts were registered, and {DEVICES} product instances put into them, in {:.0} s; the first account has {}.\n",
        begun.elapsed().as_secs_f64(),
        DEVICES - EACH * (ACCOUNTS as usize - 1)
    );
    let bare = start_bare();
    println!("| workload | req/s | of the limit | p50 ms | p99 ms | server CPU, µs/request |");
    println!("|---|---|---|---|---|---|");
    let limit = measure(
        "bare actix handler (the limit)",
        bare.port,
        &bare.child,
        &get("/", "", bare.port),
        None,
    );
    // The limit has been measured: its process would only take time from the others.
    drop(bare);
    let (_, admin) = sign_in(server.port, "admin@on-prem.example", "licentral-demo");
    for (name, path) in site.pages() {
        measure(
            name,
            server.port,
            &server.child,
            &get(&path, &admin, server.port),
            Some(limit),
        );
    }
    println!();
    site.first_file(&server);
    println!();
    site.network(&cloud, &server);
    println!();
    site.one_minute(&cloud, &server, &admin);
}

/// What the workloads need to know.
struct Site {
    /// The access token of an API client of the server.
    here: String,
    /// Numbers of the local accounts.
    numbers: Vec<i64>,
    /// Of the Smart Account.
    cloud_number: String,
}

fn ask(portal: &Portal, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = portal.ask(method, path, token, body.to_string().as_bytes());
    (
        status,
        serde_json::from_str(&answer).unwrap_or(Value::String(answer)),
    )
}

/// The access token of a client of the demo.
fn token(portal: &Portal, client: &str) -> String {
    let form =
        format!("grant_type=client_credentials&client_id={client}&client_secret=licentral-demo-secret");
    let request = format!(
        "POST /api/v1/token HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        portal.port,
        form.len()
    );
    let (status, answer) = support::Wire::open(portal.port).ask(request.as_bytes());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

impl Site {
    fn fill(cloud: &Portal, server: &Portal) -> Self {
        let (here, there) = (token(server, "demo-admin"), token(cloud, "demo-ada"));
        let ada = cloud.sign_in("ada@xyz.example");
        let cloud_number = cloud.first_account(&ada);
        let managers = format!("/api/v1/accounts/{cloud_number}/device-managers");
        let url = format!("http://127.0.0.1:{}", cloud.port);
        let mut numbers = Vec::new();
        for n in 0..ACCOUNTS {
            let (name, place) = (format!("Plant {n}"), format!("Bench {n}"));
            let wanted = json!({ "name": name, "smart_account": "XYZ COMPANY", "virtual_account": place, "email": "ops@xyz.example" });
            let (status, made) = ask(server, "POST", "/api/v1/on-prem/accounts", &here, &wanted);
            assert_eq!(status, 201, "{made}");
            let number = made["number"].as_i64().unwrap();
            let file = format!("/api/v1/on-prem/accounts/{number}/registration-file");
            assert_eq!(ask(server, "POST", &file, &here, &json!({})).0, 200);
            let (_, registration) = server.ask("GET", &file, &here, b"");
            let body = json!({ "name": name, "virtual_account": place, "registration": registration });
            let (status, added) = ask(cloud, "POST", &managers, &there, &body);
            assert_eq!(status, 201, "{added}");
            let body = json!({ "authorization": added["authorization"], "cloud": url });
            let authorize = format!("/api/v1/on-prem/accounts/{number}/authorization");
            let (status, active) = ask(server, "POST", &authorize, &here, &body);
            assert_eq!(status, 200, "{active}");
            numbers.push(number);
        }
        let db = Db::open(&url_of(server)).unwrap();
        for (n, number) in numbers.iter().enumerate() {
            let count = if n == 0 {
                DEVICES - EACH * (numbers.len() - 1)
            } else {
                EACH
            };
            put_devices(&db, *number, count);
        }
        Self {
            here,
            numbers,
            cloud_number,
        }
    }

    fn pages(&self) -> [(&'static str, String); 6] {
        let first = format!("/sa/{}", self.numbers[0]);
        [
            ("On-Prem Accounts: the dashboard of 500", "/".to_owned()),
            (
                "On-Prem Accounts, sorted by Last Sync",
                "/on-prem-accounts?sort=last".to_owned(),
            ),
            ("Overview of the first account", first.clone()),
            (
                "Device Inventory, first page of 90,020",
                format!("{first}/devices/device-inventory"),
            ),
            (
                "License Inventory of the first account",
                format!("{first}/licensing/license-inventory"),
            ),
            ("Synchronisation: 25 of 500", "/admin/synchronisation".to_owned()),
        ]
    }

    /// "Generate an On-Prem Account synchronization file" of the first account, beside its rows read and packed in a loop.
    fn first_file(&self, server: &Portal) {
        let path = format!("/api/v1/on-prem/accounts/{}/sync/file", self.numbers[0]);
        println!(
            "| what | seen, s | the same rows read and packed in a loop, s | ratio | memory of the server at most, MB |"
        );
        println!("|---|---|---|---|---|");
        for name in ["the first file", "another", "a third"] {
            let raw = raw_file(server);
            let peak = Peak::of(server.child.id());
            let begun = Instant::now();
            let request = support::call(server.port, "POST", &path, &self.here, b"");
            let (status, file) = support::Wire::open(server.port).ask(&request);
            let took = begun.elapsed().as_secs_f64();
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&file));
            println!(
                "| {name} ({:.1} MB) | {took:.2} | {raw:.2} | {:.3} | {} |",
                file.len() as f64 / 1_000_000.0,
                raw / took,
                peak.end()
            );
        }
    }

    /// The first account over the network: 90,020 product instances out, the response in.
    fn network(&self, cloud: &Portal, server: &Portal) {
        println!("| what | s | memory of the server at most, MB | memory of the cloud at most, MB |");
        println!("|---|---|---|---|");
        let path = format!("/api/v1/on-prem/accounts/{}/sync/network", self.numbers[0]);
        for name in [
            "the first account over the network, all of it new",
            "the same again",
        ] {
            let (here, there) = (Peak::of(server.child.id()), Peak::of(cloud.child.id()));
            let begun = Instant::now();
            let (status, done) = ask(server, "POST", &path, &self.here, &json!({}));
            assert_eq!(status, 200, "{done}");
            println!(
                "| {name} | {:.2} | {} | {} |",
                begun.elapsed().as_secs_f64(),
                here.end(),
                there.end()
            );
        }
    }

    /// The schedule of all accounts falls on the next whole minute.
    fn one_minute(&self, cloud: &Portal, server: &Portal, admin: &str) {
        let at = chrono::Utc::now() + chrono::TimeDelta::seconds(75);
        let schedule = json!({ "schedule": { "start": at.format("%Y-%m-%d").to_string(), "frequency": "daily", "time": at.format("%H:%M").to_string() } });
        let before = self.synchronized(server);
        let (status, set) = ask(server, "PUT", "/api/v1/on-prem/schedule", &self.here, &schedule);
        assert_eq!(status, 200, "{set}");
        let until = set["next_at"].as_str().unwrap().to_owned();
        let wait = (Moment::parse(&until).unwrap().utc() - chrono::Utc::now())
            .to_std()
            .unwrap_or_default();
        std::thread::sleep(wait);
        let ada = cloud.sign_in("ada@xyz.example");
        let (xyz, first) = (&self.cloud_number, self.numbers[0]);
        let readers = [
            ("On-Prem: dashboard", server.port, admin, "/".to_owned()),
            (
                "On-Prem: Device Inventory",
                server.port,
                admin,
                format!("/sa/{first}/devices/device-inventory"),
            ),
            (
                "cloud: Device Managers",
                cloud.port,
                &ada,
                format!("/sa/{xyz}/devices/device-managers"),
            ),
            (
                "cloud: License Inventory",
                cloud.port,
                &ada,
                format!("/sa/{xyz}/licensing/license-inventory"),
            ),
        ]
        .map(|(name, port, cookie, path)| (name, Reader::begin(port, cookie, &path)));
        let peaks = (Peak::of(server.child.id()), Peak::of(cloud.child.id()));
        let begun = Instant::now();
        let over = loop {
            std::thread::sleep(Duration::from_millis(500));
            let now = self.synchronized(server);
            if now.iter().zip(&before).all(|(now, before)| now > before) {
                break begun.elapsed();
            }
            assert!(
                begun.elapsed() < Duration::from_secs(900),
                "not all of them had their turn"
            );
        };
        println!(
            "{ACCOUNTS} accounts whose schedule fell on one minute were synchronized after {:.0} s. Memory at most: server {} MB, cloud {} MB.\n",
            over.as_secs_f64(),
            peaks.0.end(),
            peaks.1.end()
        );
        println!("| page meanwhile | how long it took |");
        println!("|---|---|");
        for (name, reader) in readers {
            println!("| {name} | {} |", reader.end());
        }
    }

    /// How many of its files each account has had answered.
    fn synchronized(&self, server: &Portal) -> Vec<i64> {
        let db = Db::open(&url_of(server)).unwrap();
        db.read_now(|r| {
            self.numbers
                .iter()
                .map(|number| Ok(local_accounts::by_number(r, *number)?.last_response))
                .collect()
        })
        .unwrap()
    }
}

fn url_of(server: &Portal) -> String {
    format!("sqlite://{}", server.folder.join("server.db").display())
}

/// Product instances with what they use, as they are when they have registered.
fn put_devices(db: &Db, number: i64, count: usize) {
    let (account, place): (SmartAccountId, VirtualAccountId) = db
        .read_now(|r| {
            let account = local_accounts::by_number(r, number)?.id;
            Ok((account, licentral::virtual_accounts::default_of(r, account)?.id))
        })
        .unwrap();
    let (at, who) = (Moment::of(chrono::Utc::now()), Who::portal("bench"));
    let all: Vec<(Device, Vec<Usage>)> = (0..count)
        .map(|n| device(account, place, number, n, at))
        .collect();
    for some in all.chunks(2_000) {
        db.housekeeping_now(|tx| licentral::devices::place_many(tx, at, &who, account, some))
            .unwrap();
    }
}

fn device(
    account: SmartAccountId,
    place: VirtualAccountId,
    number: i64,
    n: usize,
    at: Moment,
) -> (Device, Vec<Usage>) {
    let device = Device {
        id: DeviceId::new(),
        account,
        virtual_account: place,
        manager: None,
        pid: "C9200-48P-E".to_owned(),
        serial: format!("BEN{number:03}{n:06}"),
        hostname: format!("sw-{number}-{n}"),
        product: "C9200 Series Switch".to_owned(),
        policy: None,
        report_by: None,
        report_key: String::new(),
        software: "17.12.4".to_owned(),
        standing: Standing::Connected,
        is_reserved: false,
        export_controlled: true,
        secret_hash: String::new(),
        token: None,
        licenses: USES.len() as i32,
        registered_at: at,
        renewed_at: at,
        contact_at: at,
        reported_at: Some(at),
        version: 1,
        local_place: String::new(),
    };
    let usage = USES.map(|entitlement| Usage {
        entitlement: entitlement.to_owned(),
        quantity: 1,
        reserved: 0,
        since: at,
    });
    (device, usage.to_vec())
}

#[derive(diesel::QueryableByName, serde::Serialize)]
struct Line {
    #[diesel(sql_type = Text)]
    pid: String,
    #[diesel(sql_type = Text)]
    serial: String,
    #[diesel(sql_type = Text)]
    hostname: String,
    #[diesel(sql_type = Text)]
    product: String,
    #[diesel(sql_type = Text)]
    software: String,
    #[diesel(sql_type = Text)]
    usage: String,
}

/// The limit of a synchronization file: its rows by one statement, each written as JSON, hashed and packed.
fn raw_file(server: &Portal) -> f64 {
    use sha2::Digest as _;
    let path = server.folder.join("server.db");
    let mut conn = diesel::SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    let begun = Instant::now();
    let rows = diesel::sql_query(
        "SELECT d.udi_pid AS pid, d.udi_serial AS serial, d.hostname AS hostname, d.product AS product, d.software AS software, group_concat(u.entitlement || ':' || u.quantity) AS usage \
         FROM devices d JOIN device_usage u ON u.device_id = d.id \
         WHERE d.smart_account_id = (SELECT smart_account_id FROM devices GROUP BY smart_account_id ORDER BY count(*) DESC LIMIT 1) GROUP BY d.id",
    )
    .load_iter::<Line, diesel::connection::DefaultLoadingMode>(&mut conn)
    .unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let (mut hash, mut count) = (sha2::Sha256::new(), 0);
    for row in rows {
        let mut line = serde_json::to_vec(&row.unwrap()).unwrap();
        line.push(b'\n');
        hash.update(&line);
        packed.write_all(&line).unwrap();
        count += 1;
    }
    let bytes = packed.finish().unwrap();
    assert_eq!(count, DEVICES - EACH * (ACCOUNTS as usize - 1));
    assert!(!bytes.is_empty() && hash.finalize().len() == 32);
    begun.elapsed().as_secs_f64()
}
