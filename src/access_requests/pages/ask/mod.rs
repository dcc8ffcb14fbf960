//! Asking for access, step by step, and what one has asked for. Each step is a page with an address; nothing
//! is kept before the last.

mod asked;
mod own;
mod steps;

pub use own::{list, one, show_withdraw, withdraw};
pub use steps::{send, show};

use crate::http::{Crumb, FormState, Shell, Visit};

const TITLE: &str = "Request access";

fn shell_of(visit: &Visit, title: &str, last: &str, form: &FormState) -> Shell {
    let mut shell = visit.shell(title);
    shell.error_title = form.has_problems();
    shell.crumbs = vec![
        Crumb::link("Your Smart and Virtual Account access", "/access"),
        Crumb::text(last),
    ];
    shell
}
