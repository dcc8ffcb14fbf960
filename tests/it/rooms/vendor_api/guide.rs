//! What the guide "Point your scripts here" says is tried as it stands there, with the address of a portal of the test.

use crate::support::{Cast, Portal, repository};
use licentral::authn::api_client;
use licentral::kernel::Name;
use std::io::Write;
use std::process::{Command, Stdio};

/// The first block of a language, as it stands in the guide.
pub fn block(language: &str) -> String {
    let guide = std::fs::read_to_string(repository().join("docs/guides/point-your-scripts-here.md")).unwrap();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A portal with what the guide speaks of.
pub fn portal() -> (Portal, Cast) {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let (at, ada) = (p.clock.now(), p.find_person("ada@xyz.example").id);
    let name = Name::parse("Guide", "name").unwrap();
    p.db.housekeeping_now(|tx| {
        api_client::add(tx, at, ada, "demo-ada", "licentral-demo-secret", &name, true)
    })
    .unwrap();
    (p, cast)
}

/// What a program says to a text; nothing when it is not installed.
fn run(program: &str, text: &str) -> Option<String> {
    let mut child = Command::new(program)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env("no_proxy", "127.0.0.1")
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{program}: {}", out.status);
    Some(String::from_utf8(out.stdout).unwrap())
}

#[test]
fn the_guide_works_as_it_stands() {
    let (p, _) = portal();
    let block = |language| block(language).replace("http://127.0.0.1:8080", &p.base);
    if let Some(said) = run("sh", &block("sh")) {
        assert!(said.contains("\"accountDomain\":\"xyz.example\""), "{said}");
        assert!(said.contains("\"totalRecords\":2"), "{said}");
    }
    if let Some(said) = run("python3", &block("python")) {
        assert!(
            said.contains("C9200 DNA Essentials, 48-port Corporate Network Devices 5 0 In Compliance"),
            "{said}"
        );
        assert!(said.contains("A valid, active token was generated."), "{said}");
    }
}
