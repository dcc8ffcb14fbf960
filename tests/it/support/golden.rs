//! Files that hold what a test found when somebody last looked at it.

use super::repository;

/// Compares with a file of the repository; with `LICENTRAL_BLESS=1` writes it instead.
#[track_caller]
pub fn golden(path: &str, found: &str) {
    let file = repository().join(path);
    let found = format!("{}\n", found.trim_end());
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    if std::env::var("LICENTRAL_BLESS").is_ok_and(|v| v == "1") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, found).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    if kept == found {
        return;
    }
    let (was, is): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), found.lines().collect());
    let mut differences = String::new();
    for line in was.iter().filter(|l| !is.contains(l)) {
        differences.push_str(&format!("- {line}\n"));
    }
    for line in is.iter().filter(|l| !was.contains(l)) {
        differences.push_str(&format!("+ {line}\n"));
    }
    panic!(
        "{path} is stale. Look at what differs; if it is meant, run: LICENTRAL_BLESS=1 cargo test --test it\n{differences}"
    );
}
