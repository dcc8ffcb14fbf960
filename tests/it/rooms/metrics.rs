//! What can be measured, and that the dashboard and the alert rules ask for nothing else.

use crate::support::{Browser, Database, Process, repository};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// Every name of ours that stands in a text.
fn named(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()))
        .filter(|word| word.starts_with("licentral_"))
        .map(str::to_owned)
        .collect()
}

fn document(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

#[test]
fn dashboard_and_alert_rules_name_what_there_is() {
    let database = Database::fresh();
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let process = Process::start_with(&database, &["--metrics-listen", &at.to_string()]);
    Browser::at(&process.base).open("/login").expect(200);
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let there = named(&answer);
    // Where there is no certificate of the portal's own, no backup and no standby, nothing is measured of them.
    let sometimes = [
        "licentral_certificate_days_left",
        "licentral_backup_age_seconds",
        "licentral_db_reads_total",
    ];
    for path in ["docs/monitoring/grafana.json", "docs/monitoring/alerts.yml"] {
        let asked = named(&document(path));
        assert!(asked.len() > 8, "{path} asks for {asked:?} alone");
        for name in asked {
            assert!(
                there.contains(&name) || sometimes.contains(&name.as_str()),
                "{path} asks for {name}, and there are {there:?}"
            );
        }
    }
    // And each one is explained.
    let explained = named(&document("docs/operations.md"));
    for name in there.iter().map(String::as_str).chain(sometimes) {
        let name = name.trim_end_matches("_sum").trim_end_matches("_count");
        assert!(
            explained.contains(name),
            "docs/operations.md does not explain {name}"
        );
    }
    assert!(answer.contains("licentral_database_up 1"), "{answer}");
    let dashboard: serde_json::Value =
        serde_json::from_str(&document("docs/monitoring/grafana.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}
