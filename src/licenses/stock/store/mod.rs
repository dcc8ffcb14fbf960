//! The tables of stocks and of their days.

macro_rules! columns {
    () => {
        (
            stocks::id,
            stocks::smart_account_id,
            stocks::virtual_account_id,
            stocks::entitlement,
            stocks::name,
            stocks::billing,
            stocks::purchased,
            stocks::reserved,
            stocks::in_use,
            stocks::balance,
            stocks::terms,
            stocks::term,
            stocks::ends_at,
            stocks::short_since,
            stocks::version,
        )
    };
}

mod list;
mod stock;

pub use list::*;
pub use stock::*;
