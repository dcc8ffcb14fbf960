//! Pages of the documentation that the program prints: they fail here when they are stale.
//! `LICENTRAL_BLESS=1 cargo test --test it` writes them anew.

use crate::support::golden;
use licentral::{authz, commands};

#[test]
fn docs_permissions_is_what_the_matrix_says() {
    golden("docs/permissions.md", &authz::matrix::print());
}

#[test]
fn docs_problems_is_what_the_rooms_say() {
    golden("docs/problems.md", &commands::print_problems());
}

#[test]
fn every_code_of_a_refusal_is_listed_and_every_listed_code_is_used() {
    let listed: Vec<&str> = licentral::app::refusals().iter().map(|(code, _)| *code).collect();
    let mut twice = listed.clone();
    twice.dedup();
    assert_eq!(twice.len(), listed.len(), "a code is listed twice: {listed:?}");
    let sources = super::sources::rust();
    let mut wrong = Vec::new();
    for source in &sources {
        let flat: String = source.code.split_whitespace().collect::<Vec<_>>().join(" ");
        for (at, _) in flat.match_indices("refused(") {
            let argument = flat[at + "refused(".len()..].trim_start();
            let Some(code) = argument.strip_prefix('"').and_then(|a| a.split('"').next()) else {
                continue;
            };
            // Said by a command or kept inside the mail floor: no reader of the API meets these.
            if !listed.contains(&code) && !["backup.postgres", "mail.unwritable"].contains(&code) {
                wrong.push(format!(
                    "src/{} refuses with {code:?}, which no REFUSALS lists",
                    source.path
                ));
            }
        }
    }
    for code in &listed {
        let uses: usize = sources
            .iter()
            .map(|s| s.code.matches(&format!("\"{code}\"")).count())
            .sum();
        if uses < 2 {
            wrong.push(format!("{code:?} is listed and nothing refuses with it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
