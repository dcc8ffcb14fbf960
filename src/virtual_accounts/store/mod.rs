//! The tables of Virtual Accounts and of their tags.

macro_rules! columns {
    () => {
        (
            virtual_accounts::id,
            virtual_accounts::smart_account_id,
            virtual_accounts::name,
            virtual_accounts::description,
            virtual_accounts::access_level,
            virtual_accounts::is_default,
            virtual_accounts::parent_id,
            virtual_accounts::preferred_end_date,
            virtual_accounts::tags,
            virtual_accounts::created_at,
            virtual_accounts::version,
            virtual_accounts::number,
        )
    };
}

/// The Virtual Accounts within reach.
macro_rules! reached {
    ($within:expr) => {{
        let within: &Within = $within;
        let mut query = virtual_accounts::table
            .filter(virtual_accounts::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(virtual_accounts::id.eq_any(only.to_vec()));
        }
        query
    }};
}

/// What lies within reach and is asked for.
macro_rules! asked {
    ($within:expr, $filter:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let account = within.account()?;
        let mut query = virtual_accounts::table
            .filter(virtual_accounts::smart_account_id.eq(account))
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(virtual_accounts::id.eq_any(only.to_vec()));
        }
        if let Some(found) = crate::found!(
            virtual_accounts::table,
            &filter.typed,
            virtual_accounts::search_key
        ) {
            query = query.filter(found);
        }
        if !filter.levels.is_empty() {
            query = query.filter(virtual_accounts::access_level.eq_any(filter.levels.clone()));
        }
        if !filter.tags.is_empty() {
            let tagged = tags::table
                .filter(
                    tags::smart_account_id
                        .eq(account)
                        .and(tags::tag_key.eq_any(filter.tags.clone())),
                )
                .select(tags::virtual_account_id);
            query = query.filter(virtual_accounts::id.eq_any(tagged));
        }
        match filter.nested {
            Some(true) => query = query.filter(virtual_accounts::parent_id.is_not_null()),
            Some(false) => query = query.filter(virtual_accounts::parent_id.is_null()),
            None => {}
        }
        query
    }};
}

mod account;
mod list;
mod names;
mod tree;

pub use account::*;
pub use list::*;
pub use names::*;
pub use tree::*;
