//! What `show` prints. The substance is that of the real commands, the layout our own.

use super::state::{Registration, State, Try, time};
use crate::catalog;
use crate::kernel::Moment;

fn authorization_words(word: &str) -> &'static str {
    match word {
        "authorized" => "AUTHORIZED",
        "authorized-reservation" => "AUTHORIZED - RESERVATION",
        "out-of-compliance" => "OUT OF COMPLIANCE",
        "authorization-expired" => "AUTHORIZATION EXPIRED",
        _ => "No Licenses in Use",
    }
}

fn use_words(word: &str) -> &'static str {
    match word {
        "out-of-compliance" => "OUT OF COMPLIANCE",
        "reservation-in-compliance" => "RESERVATION IN COMPLIANCE",
        _ => "IN COMPLIANCE",
    }
}

fn evaluation(state: &State, now: Moment) -> String {
    let left = state.evaluation_left(now);
    if left == 0 {
        return "EVAL EXPIRED".to_owned();
    }
    format!(
        "EVAL MODE\n  Evaluation Period Remaining: {} days, {} hours, {} minutes",
        left / 86_400,
        left % 86_400 / 3_600,
        left % 3_600 / 60
    )
}

/// The status of the authorization: one line, or some.
fn authorization(state: &State, now: Moment) -> String {
    if let Some((_, at)) = state.reserved().and_then(|one| one.installed.as_ref()) {
        return format!("AUTHORIZED - RESERVATION on {}", time(*at));
    }
    match &state.registration {
        None if state.needs.is_empty() => "No Licenses in Use".to_owned(),
        None => evaluation(state, now),
        Some(registration) => {
            let words = authorization_words(registration.authorization.as_deref().unwrap_or_default());
            match registration.authorized_at {
                Some(at) => format!("{words} on {}", time(at)),
                None => words.to_owned(),
            }
        }
    }
}

fn export_words(registration: Option<&Registration>) -> &'static str {
    if registration.is_some_and(|one| one.export_controlled) {
        "ALLOWED"
    } else {
        "NOT ALLOWED"
    }
}

/// `show license status`.
pub fn status(state: &State, now: Moment) -> String {
    let mut out = String::from("Smart Licensing is ENABLED\n\nRegistration:\n");
    let mut line = |text: String| out.push_str(&format!("{text}\n"));
    match &state.registration {
        None if state.reserved().is_some() => {
            reserved_status(state, now, &mut line);
            return out;
        }
        None => unregistered_status(state, now, &mut line),
        Some(one) => registered_status(one, state, now, &mut line),
    }
    line(format!(
        "\nConnection:\n  Transport: HTTP to {}\n  Sending hostname: {}",
        state
            .registration
            .as_ref()
            .map(|one| one.portal.as_str())
            .or(state.call_home.address.as_deref())
            .unwrap_or("a portal that is named when the device registers"),
        if state.hostname.is_empty() {
            "no hostname"
        } else {
            "enabled"
        }
    ));
    out
}

fn reserved_status(state: &State, now: Moment, line: &mut impl FnMut(String)) {
    line("  Status: REGISTERED - SPECIFIC LICENSE RESERVATION".to_owned());
    // The reservation carries it: what is export-controlled is among its licenses, or is not.
    let controlled = state.reserved().is_some_and(|one| {
        one.licenses
            .iter()
            .any(|one| catalog::entitlement(&one.entitlement).is_some_and(|known| known.export_controlled))
    });
    line(format!(
        "  Export-Controlled Functionality: {}",
        if controlled { "ALLOWED" } else { "NOT ALLOWED" }
    ));
    line("\nLicense Authorization:".to_owned());
    line(format!("  Status: {}", authorization(state, now)));
    line("\nLicense Reservation is ENABLED".to_owned());
}

fn unregistered_status(state: &State, now: Moment, line: &mut impl FnMut(String)) {
    match &state.attempt {
        Some(attempt) => {
            line("  Status: UNREGISTERED - REGISTRATION FAILED".to_owned());
            line(format!(
                "  Export-Controlled Functionality: {}",
                export_words(None)
            ));
            line(format!("  Initial Registration: {}", attempt.words()));
        }
        None => {
            line("  Status: UNREGISTERED".to_owned());
            line(format!(
                "  Export-Controlled Functionality: {}",
                export_words(None)
            ));
        }
    }
    line("\nLicense Authorization:".to_owned());
    line(format!("  Status: {}", authorization(state, now)));
    if let Some(code) = state.reservation.as_ref().and_then(|one| one.returned.as_ref()) {
        line(format!(
            "\nLicense Reservation was returned\n  Return code: {code}"
        ));
    }
}

fn registered_status(one: &Registration, state: &State, now: Moment, line: &mut impl FnMut(String)) {
    line("  Status: REGISTERED".to_owned());
    line(format!("  Smart Account: {} ({})", one.smart_account, one.domain));
    line(format!("  Virtual Account: {}", one.virtual_account));
    line(format!(
        "  Export-Controlled Functionality: {}",
        export_words(Some(one))
    ));
    line(format!(
        "  Initial Registration: SUCCEEDED on {}",
        time(one.registered_at)
    ));
    line(format!(
        "  Last Renewal Attempt: {}",
        one.renewal.as_ref().map_or_else(|| "None".to_owned(), Try::words)
    ));
    line(format!("  Next Renewal Attempt: {}", time(one.renew_at)));
    line(format!("  Registration Expires: {}", time(one.expires_at)));
    line("\nLicense Authorization:".to_owned());
    line(format!("  Status: {}", authorization(state, now)));
    line(format!(
        "  Last Communication Attempt: {}",
        one.communication
            .as_ref()
            .map_or_else(|| "None".to_owned(), Try::words)
    ));
    line(format!(
        "  Next Communication Attempt: {}",
        time(one.next_contact_at)
    ));
    if let Some(deadline) = one.deadline_at {
        line(format!("  Communication Deadline: {}", time(deadline)));
    }
}

/// What a license is called, whether the portal has told it or not.
fn name_of(state: &State, entitlement: &str) -> String {
    let told = state
        .registration
        .iter()
        .flat_map(|one| &one.licenses)
        .find(|one| one.entitlement == entitlement);
    told.map(|one| one.name.clone())
        .or_else(|| catalog::entitlement(entitlement).map(|known| known.name.to_owned()))
        .unwrap_or_else(|| entitlement.to_owned())
}

/// How a license stands.
fn standing_of(state: &State, entitlement: &str, now: Moment) -> &'static str {
    if let Some(reserved) = state.reserved() {
        let needed: i64 = state
            .needs
            .iter()
            .filter(|need| need.entitlement == entitlement)
            .map(|need| need.quantity)
            .sum();
        let there: i64 = reserved
            .licenses
            .iter()
            .filter(|one| one.entitlement == entitlement && one.ends_at.is_none_or(|at| at > now))
            .map(|one| one.quantity)
            .sum();
        return if needed <= there {
            "RESERVATION IN COMPLIANCE"
        } else {
            "NOT RESERVED"
        };
    }
    match &state.registration {
        None if state.evaluation_left(now) == 0 => "EVAL EXPIRED",
        None => "EVAL MODE",
        Some(one) => one
            .licenses
            .iter()
            .find(|held| held.entitlement == entitlement)
            .map_or("WAITING: not reported yet", |held| use_words(&held.status)),
    }
}

/// `show license usage`.
pub fn usage(state: &State, now: Moment) -> String {
    let mut out = format!(
        "License Authorization:\n  Status: {}\n",
        authorization(state, now)
    );
    for need in &state.needs {
        let controlled = catalog::entitlement(&need.entitlement).is_some_and(|known| known.export_controlled);
        out.push_str(&format!(
            "\n{} ({}):\n  Count: {}\n  Status: {}\n  Export status: {}\n",
            name_of(state, &need.entitlement),
            need.entitlement,
            need.quantity,
            standing_of(state, &need.entitlement, now),
            if controlled {
                "RESTRICTED - export-controlled"
            } else {
                "NOT RESTRICTED"
            }
        ));
    }
    if state.needs.is_empty() {
        out.push_str("\nNo licenses in use.\n");
    }
    out
}

/// `show license summary`.
pub fn summary(state: &State, now: Moment) -> String {
    let mut out = String::from("Smart Licensing is ENABLED\n\nRegistration:\n");
    match &state.registration {
        None if state.reserved().is_some() => {
            out.push_str("  Status: REGISTERED - SPECIFIC LICENSE RESERVATION\n");
        }
        None => out.push_str("  Status: UNREGISTERED\n"),
        Some(one) => out.push_str(&format!(
            "  Status: REGISTERED\n  Smart Account: {}\n  Virtual Account: {}\n  Last Renewal Attempt: {}\n  Next Renewal Attempt: {}\n",
            one.smart_account,
            one.virtual_account,
            one.renewal.as_ref().map_or_else(|| "None".to_owned(), Try::words),
            time(one.renew_at)
        )),
    }
    out.push_str(&format!(
        "\nLicense Authorization:\n  Status: {}\n\nLicense Usage:\n",
        authorization(state, now)
    ));
    let rows: Vec<[String; 4]> = state
        .needs
        .iter()
        .map(|need| {
            [
                name_of(state, &need.entitlement),
                need.entitlement.clone(),
                need.quantity.to_string(),
                standing_of(state, &need.entitlement, now).to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        out.push_str("  No licenses in use.\n");
        return out;
    }
    let widest = |n: usize, head: &str| {
        rows.iter()
            .filter_map(|row| row.get(n))
            .map(|text| text.chars().count())
            .chain([head.len()])
            .max()
            .unwrap_or_default()
    };
    let (a, b, c) = (
        widest(0, "License"),
        widest(1, "Entitlement Tag"),
        widest(2, "Count"),
    );
    out.push_str(&format!(
        "  {:<a$}  {:<b$}  {:>c$}  Status\n",
        "License", "Entitlement Tag", "Count"
    ));
    for [name, key, count, status] in &rows {
        out.push_str(&format!("  {name:<a$}  {key:<b$}  {count:>c$}  {status}\n"));
    }
    out
}

/// `show license all`.
pub fn all(state: &State, now: Moment) -> String {
    format!(
        "{}\nLicense Usage\n=============\n\n{}\nProduct Information\n===================\n\n  UDI: {}\n  Product: {}\n  Host name: {}\n  Software: {}\n",
        status(state, now),
        usage(state, now),
        state.udi(),
        state.product,
        state.hostname,
        state.software
    )
}

/// `show version`.
pub fn version(state: &State) -> String {
    format!(
        "Licentral device simulator {}\nA simulation. Not affiliated with or endorsed by Cisco.\n\n{} with software {}\nHost name: {}\nModel Number: {}\nSystem Serial Number: {}\n",
        env!("CARGO_PKG_VERSION"),
        state.product,
        state.software,
        state.hostname,
        state.pid,
        state.serial
    )
}

#[cfg(test)]
mod tests {
    use super::super::state::Held;
    use super::*;

    #[test]
    fn a_device_out_of_its_box_is_unregistered_and_evaluates() {
        let now = Moment::parse("2026-11-22T10:00:00Z").unwrap();
        let says = status(&State::new(now), now);
        for words in [
            "Smart Licensing is ENABLED",
            "Status: UNREGISTERED",
            "EVAL MODE",
            "90 days",
        ] {
            assert!(says.contains(words), "{words} in:\n{says}");
        }
    }

    #[test]
    fn a_registered_one_names_its_accounts_and_dates() {
        let now = Moment::parse("2022-08-22T10:00:00Z").unwrap();
        let day = |n| now.plus(chrono::TimeDelta::days(n));
        let mut state = State::new(now);
        state.registration = Some(Registration {
            portal: "http://127.0.0.1:8080".to_owned(),
            device: "d".to_owned(),
            secret: "s".to_owned(),
            smart_account: "XYZ COMPANY".to_owned(),
            domain: "xyz.example".to_owned(),
            virtual_account: "DEFAULT".to_owned(),
            export_controlled: true,
            registered_at: now,
            renew_at: day(180),
            expires_at: day(365),
            renewal: None,
            authorization: Some("out-of-compliance".to_owned()),
            authorized_at: Some(now),
            communication: Some(Try {
                at: now,
                failed: None,
            }),
            next_contact_at: now.plus(chrono::TimeDelta::hours(12)),
            deadline_at: Some(day(90)),
            licenses: vec![Held {
                entitlement: "c9200-ne-48".to_owned(),
                name: "C9200 Network Essentials, 48-port".to_owned(),
                quantity: 1,
                status: "out-of-compliance".to_owned(),
            }],
        });
        let says = status(&state, now);
        for words in [
            "Status: REGISTERED",
            "Smart Account: XYZ COMPANY",
            "Virtual Account: DEFAULT",
            "Initial Registration: SUCCEEDED on Aug 22 2022",
            "Next Renewal Attempt: Feb 18 2023",
            "Registration Expires: Aug 22 2023",
            "OUT OF COMPLIANCE",
            "Next Communication Attempt: Aug 22 2022 22:00:00 UTC",
            "Communication Deadline: Nov 20 2022",
        ] {
            assert!(says.contains(words), "{words} in:\n{says}");
        }
        assert!(summary(&state, now).contains("c9200-ne-48"));
        assert!(usage(&state, now).contains("Count: 1"));
        assert!(!all(&state, now).contains(": s\n"));
    }
}
