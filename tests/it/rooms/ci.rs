//! The script of `docs/guides/ci.md` is run as it stands.

use crate::support::repository;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

#[test]
fn the_script_of_the_guide_takes_a_fresh_lab_through_everything_without_a_sleep() {
    let guide = std::fs::read_to_string(repository().join("docs/guides/ci.md")).unwrap();
    let script = guide
        .split("```bash\n")
        .nth(1)
        .unwrap()
        .split("\n```")
        .next()
        .unwrap();
    assert!(
        !script.contains("sleep"),
        "the script is to wait for what it needs"
    );
    let folder = std::env::temp_dir().join(format!("licentral-ci-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let program = Path::new(env!("CARGO_BIN_EXE_licentral"));
    #[expect(clippy::disallowed_methods, reason = "where the shell finds curl")]
    let others = std::env::var("PATH").unwrap();
    let path = format!("{}:{others}", program.parent().unwrap().display());
    let done = Command::new("bash")
        .args(["-c", script])
        .current_dir(&folder)
        .env("PATH", path)
        .env("PORT", port.to_string())
        .env_remove("DATABASE_URL")
        .env_remove("LICENTRAL_MODE")
        .env_remove("LICENTRAL_LISTEN")
        .env_remove("LICENTRAL_SCENARIO")
        .output()
        .unwrap();
    let said = format!(
        "{}\n{}\n{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
        std::fs::read_to_string(folder.join("lab.log")).unwrap_or_default()
    );
    assert!(done.status.success(), "{said}");
    assert!(said.contains("All of it holds."), "{said}");
    let report = std::fs::read_to_string(folder.join("report.xml")).unwrap();
    assert!(report.contains("tests=\"3\" failures=\"0\""), "{report}");
    // The lab may still be stopping.
    let _ = std::fs::remove_dir_all(&folder);
}
