//! The labs that the program brings along: files like those that teachers write.

use super::definition::Definition;
use std::sync::LazyLock;

/// Each as it is written.
const FILES: &[&str] = &[
    include_str!("files/delete-on-prem-account.yaml"),
    include_str!("files/request-account.yaml"),
    include_str!("files/synchronize-on-prem.yaml"),
    include_str!("files/assign-order.yaml"),
    include_str!("files/first-switch.yaml"),
    include_str!("files/shortage.yaml"),
    include_str!("files/expiring-term.yaml"),
    include_str!("files/replacement.yaml"),
    include_str!("files/lost-sync-file.yaml"),
    include_str!("files/wrong-virtual-account.yaml"),
];

/// All of them, with their files, in the order in which they are learned.
pub fn all() -> &'static [(Definition, &'static str)] {
    static ALL: LazyLock<Vec<(Definition, &'static str)>> = LazyLock::new(|| {
        FILES
            .iter()
            .filter_map(|file| Some((Definition::read(file).ok()?, *file)))
            .collect()
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lab_of_the_program_is_right() {
        for file in FILES {
            let read = Definition::read(file);
            assert!(read.is_ok(), "{:?}\n{read:#?}", file.lines().next());
        }
        let mut names: Vec<&str> = all().iter().map(|(lab, _)| lab.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FILES.len());
    }
}
