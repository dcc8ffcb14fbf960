//! The tables of orders.

mod drafts;
mod imports;
mod lines;
mod orders;
mod requests;
mod views;

pub use drafts::*;
pub use imports::*;
pub use lines::*;
pub use orders::*;
pub use requests::*;
pub use views::*;

use super::model::Order;
use crate::kernel::search_key;

/// So many ids in one question.
const CHUNK: usize = 400;

fn count(of: i64) -> u64 {
    u64::try_from(of).unwrap_or_default()
}

/// What a search looks in.
fn found_by(order: &Order) -> String {
    let text = format!(
        "{} {} {} {} {}",
        order.identifier, order.customer, order.customer_domain, order.customer_email, order.purchase_order
    );
    search_key(&text).chars().take(1000).collect()
}

fn customer_key(order: &Order) -> String {
    search_key(&order.customer).chars().take(400).collect()
}
