//! What stands in the cells of exports.

use crate::authz::Role;
use crate::kernel::{Moment, search_key};

/// "1,200" is 1200.
pub fn whole(typed: &str) -> Option<i64> {
    let digits: String = typed
        .chars()
        .filter(|c| !matches!(c, ',' | ' ' | '\u{a0}'))
        .collect();
    digits.parse().ok().filter(|n| (1..=2_000_000_000).contains(n))
}

/// A day, as exports write it; none where there is none.
pub fn day(typed: &str) -> Result<Option<Moment>, String> {
    const FORMATS: &[&str] = &[
        // Two digits of a year first: they are not the year 20.
        "%d-%b-%y",
        "%d-%b-%Y",
        "%b %d, %Y",
        "%Y/%m/%d",
        "%m/%d/%Y",
        "%d.%m.%Y",
    ];
    if matches!(
        search_key(typed).as_str(),
        "" | "-" | "--" | "never" | "perpetual" | "n/a" | "na" | "none"
    ) {
        return Ok(None);
    }
    if let Some(at) = crate::orders::moment_of(typed) {
        return Ok(Some(at));
    }
    FORMATS
        .iter()
        .find_map(|format| chrono::NaiveDate::parse_from_str(typed, format).ok())
        .map(|day| Some(Moment::of(day.and_time(chrono::NaiveTime::MIN).and_utc())))
        .ok_or_else(|| "its date cannot be read.".to_owned())
}

/// A role in the words of exports.
pub fn role(typed: &str, in_place: bool) -> Result<Role, String> {
    let key = search_key(typed);
    let found = Role::ALL
        .iter()
        .find(|one| search_key(one.label()) == key || one.word() == key)
        .copied();
    let role = match found {
        Some(role) => role,
        None if key.contains("admin") => Role::AccountAdmin,
        None if key.contains("approver") => Role::AccountApprover,
        None if key.contains("view") => Role::AccountViewer,
        None if key.is_empty() || key.contains("user") => Role::AccountUser,
        None => return Err("its role is none that is known.".to_owned()),
    };
    Ok(match (role, in_place) {
        (Role::AccountAdmin, true) => Role::VirtualAdmin,
        (Role::AccountUser, true) => Role::VirtualUser,
        (Role::AccountViewer, true) => Role::VirtualViewer,
        (Role::VirtualAdmin, false) => Role::AccountAdmin,
        (Role::VirtualUser, false) => Role::AccountUser,
        (Role::VirtualViewer, false) => Role::AccountViewer,
        (role, _) => role,
    })
}
