//! What the guide "Point your scripts here" says is tried as it stands there, with the address of a portal of the test.

use crate::support::{Cast, Portal, repository};
use licentral::authn::api_client;
use licentral::kernel::Name;
use std::io::Write;
use std::process::{Child, Command, Stdio};

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
        api_client::add(
            tx,
            at,
            ada,
            "demo-ada",
            "licentral-demo-secret",
            &name,
            api_client::Scopes::ALL,
        )
    })
    .unwrap();
    (p, cast)
}

/// What a program says to a text; nothing when it is not installed.
fn run(program: &str, text: &str) -> Option<String> {
    let Some(mut child) = start(program, text) else {
        eprintln!("{program} is not installed: what the guide says of it was not tried.");
        return None;
    };
    drop(child.stdin.take());
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{program}: {}\n{said}", out.status);
    Some(said)
}

fn start(program: &str, text: &str) -> Option<Child> {
    let input = if program == "ansible-playbook" {
        "/dev/stdin"
    } else {
        "-"
    };
    let mut child = Command::new(program)
        .arg(input)
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("ANSIBLE_INVENTORY_UNPARSED_WARNING", "false")
        .env("ANSIBLE_NOCOLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env("no_proxy", "127.0.0.1")
        .spawn()
        .ok()?;
    child.stdin.as_mut()?.write_all(text.as_bytes()).ok()?;
    Some(child)
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
    if let Some(said) = run("ansible-playbook", &block("yaml")) {
        assert!(said.contains("Corporate Network Devices"), "{said}");
        assert!(said.contains("From a playbook"), "{said}");
        assert!(said.contains("failed=0"), "{said}");
    }
}
