//! "Access request Automation settings": rules in order, reminder and end.

mod rule;
mod settings;

pub use rule::{add, change, remove, shift, show_new, show_remove, show_rule};
pub use settings::{save_days, show};

const TITLE: &str = "Access request Automation settings";
