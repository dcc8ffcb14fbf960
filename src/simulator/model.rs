//! Letters as the mailbox shows them, and how the lab's clock may be moved.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::clock::Setting;
use crate::kernel::ids::LetterId;
use chrono::TimeDelta;

/// A letter that has arrived in the lab's mailbox.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Arrived {
    /// Its id.
    pub id: LetterId,
    /// Stable over all tries.
    pub message_id: String,
    /// Which letter.
    pub letter: String,
    /// To whom.
    pub to_name: String,
    /// Where to.
    pub to_address: String,
    /// One line.
    pub subject: String,
    /// Plain.
    pub text: String,
    /// Laid out.
    pub html: String,
    /// Portal time.
    pub sent_at: Moment,
    /// When the mailbox was marked as read.
    pub read_at: Option<Moment>,
}

/// A row of the list.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Row {
    /// Its id.
    pub id: LetterId,
    /// Which letter.
    pub letter: String,
    /// To whom.
    pub to_name: String,
    /// Where to.
    pub to_address: String,
    /// One line.
    pub subject: String,
    /// Portal time.
    pub sent_at: Moment,
    /// When the mailbox was marked as read.
    pub read_at: Option<Moment>,
}

/// What narrows the list.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Words in addressee, subject or text.
    pub q: String,
    /// A whole address, or a part of one.
    pub to: String,
    /// The kind of letter.
    pub letter: String,
}

/// "account-requests.domain-approved" as a person reads it: "Account requests: domain approved".
pub fn letter_words(letter: &str) -> String {
    let words = letter.replace('.', ": ").replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// A piece of a letter's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Words(String),
    /// A link to this portal: the whole address, and its part behind the portal's own.
    Link(String, String),
}

/// Finds the links to this portal in a plain text. Other addresses stay text: the portal sends none.
pub fn pieces(text: &str, base_url: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find(base_url).map(|at| rest.split_at(at)) {
        words.push_str(before);
        let end = from
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`'))
            .unwrap_or(from.len());
        // A sentence that ends with a link leaves its full stop behind.
        let whole = from
            .get(..end)
            .unwrap_or(from)
            .trim_end_matches(['.', ',', ';', ':', '!', ')', ']']);
        let path = whole.strip_prefix(base_url).unwrap_or_default();
        // http://host.example:80801 and http://host.example.evil begin like http://host.example:8080 and are others.
        if path.is_empty() || path.starts_with(['/', '?', '#']) {
            if !words.is_empty() {
                found.push(Piece::Words(std::mem::take(&mut words)));
            }
            let path = if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            };
            found.push(Piece::Link(whole.to_owned(), path));
        } else {
            words.push_str(whole);
        }
        rest = from.get(whole.len()..).unwrap_or_default();
    }
    words.push_str(rest);
    if !words.is_empty() {
        found.push(Piece::Words(words));
    }
    found
}

/// The links of a text, each once, in their order.
pub fn links(text: &str, base_url: &str) -> Vec<String> {
    let mut links = Vec::new();
    for piece in pieces(text, base_url) {
        if let Piece::Link(whole, _) = piece
            && !links.contains(&whole)
        {
            links.push(whole);
        }
    }
    links
}

/// What one does with the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It stands still.
    Freeze,
    /// It runs on from where it stands.
    Resume,
    /// It is so much later.
    Advance(TimeDelta),
    /// It shows the system's time again.
    Reset,
}

impl Step {
    /// As the record says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Freeze => "stopped",
            Self::Resume => "started again",
            Self::Advance(_) => "advanced",
            Self::Reset => "set to the system's time",
        }
    }
}

/// One step forward may be so long, in days.
pub const LONGEST_STEP: i64 = 3_660;
/// Both databases, calendars and people read years of four digits without trouble.
const LATEST: &str = "2100-01-01T00:00:00Z";

/// What the clock shows under a setting, when the system's time is this.
pub fn shows(setting: Setting, system: Moment) -> Moment {
    match setting {
        Setting::Running { ahead } => system.plus(TimeDelta::microseconds(ahead)),
        Setting::Frozen { at } => at,
    }
}

/// The setting after a step. Never earlier than before: what was due has been done, and cannot be undone.
pub fn steer(now: Setting, system: Moment, step: Step) -> Result<Setting> {
    let before = shows(now, system);
    let after = match step {
        Step::Freeze => Setting::Frozen { at: before },
        Step::Resume => Setting::Running {
            ahead: before.since(system).num_microseconds().unwrap_or_default(),
        },
        Step::Advance(by) => match now {
            Setting::Running { ahead } => Setting::Running {
                ahead: ahead.saturating_add(by.num_microseconds().unwrap_or(i64::MAX)),
            },
            Setting::Frozen { at } => Setting::Frozen { at: at.plus(by) },
        },
        Step::Reset => Setting::Running { ahead: 0 },
    };
    let shown = shows(after, system);
    if shown < before {
        return Err(Error::refused(
            "lab.clock-backwards",
            format!(
                "The portal's clock shows {}, which is later than the system's time. It only goes forwards: deadlines that have passed would not come back. Start with a new database to begin again.",
                before.words()
            ),
        ));
    }
    if Moment::parse(LATEST).is_some_and(|latest| shown >= latest) {
        return Err(Error::refused(
            "lab.clock-too-far",
            "The clock goes to the end of the year 2099 and no further.",
        ));
    }
    Ok(after)
}

/// A typed number with its unit.
pub fn typed_step(amount: &str, unit: &str) -> Result<TimeDelta, String> {
    let number: i64 = amount
        .trim()
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "Enter a whole number from 1, such as 14.".to_owned())?;
    let seconds: i64 = match unit {
        "minutes" => 60,
        "hours" => 3_600,
        "days" => 86_400,
        _ => return Err("Choose minutes, hours or days.".to_owned()),
    };
    number
        .checked_mul(seconds)
        .filter(|all| *all <= LONGEST_STEP * 86_400)
        .map(TimeDelta::seconds)
        .ok_or_else(|| format!("Enter at most {LONGEST_STEP} days."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "http://127.0.0.1:8080";

    #[test]
    fn links_to_this_portal_are_found_and_others_are_not() {
        let text = "Open http://127.0.0.1:8080/requests/link/ab.c-d_e. Or (http://127.0.0.1:8080).\nNot http://127.0.0.1:80801/x, not https://evil.example/.";
        let found = pieces(text, BASE);
        assert!(found.contains(&Piece::Link(
            format!("{BASE}/requests/link/ab.c-d_e"),
            "/requests/link/ab.c-d_e".to_owned()
        )));
        assert_eq!(
            links(text, BASE),
            [format!("{BASE}/requests/link/ab.c-d_e"), BASE.to_owned()]
        );
        assert!(
            pieces("http://127.0.0.1:8080.evil.example/x", BASE)
                .iter()
                .all(|p| matches!(p, Piece::Words(_)))
        );
    }

    #[test]
    fn the_clock_goes_forwards_only() {
        let system = Moment::parse("2026-11-21T12:00:00Z").unwrap();
        let running = Setting::Running { ahead: 0 };
        let later = steer(running, system, Step::Advance(TimeDelta::days(7))).unwrap();
        assert_eq!(shows(later, system), system.plus(TimeDelta::days(7)));
        assert!(
            matches!(steer(later, system, Step::Reset), Err(Error::Refused(r)) if r.code == "lab.clock-backwards")
        );
        let frozen = steer(running, system, Step::Freeze).unwrap();
        let afterwards = system.plus(TimeDelta::hours(1));
        assert_eq!(shows(frozen, afterwards), system);
        assert_eq!(steer(frozen, afterwards, Step::Reset).unwrap(), running);
        let resumed = steer(frozen, afterwards, Step::Resume).unwrap();
        assert_eq!(shows(resumed, afterwards), system);
        assert!(
            matches!(steer(running, system, Step::Advance(TimeDelta::days(40_000))), Err(Error::Refused(r)) if r.code == "lab.clock-too-far")
        );
    }

    #[test]
    fn a_step_is_a_whole_number_of_units() {
        assert_eq!(typed_step(" 14 ", "days").unwrap(), TimeDelta::days(14));
        for (amount, unit) in [
            ("0", "days"),
            ("-1", "days"),
            ("1.5", "hours"),
            ("9999999999999999", "days"),
            ("4000", "days"),
            ("1", "years"),
        ] {
            assert!(typed_step(amount, unit).is_err(), "{amount} {unit}");
        }
    }

    #[test]
    fn kinds_of_letters_read_as_words() {
        assert_eq!(
            letter_words("account-requests.domain-approved"),
            "Account requests: domain approved"
        );
        assert_eq!(letter_words(""), "");
    }

    proptest! {
        #[test]
        fn no_text_loses_a_letter(text in "(http://127\\.0\\.0\\.1:8080|[/a-z .,é\\n<>)]){0,40}") {
            let again: String = pieces(&text, BASE)
                .into_iter()
                .map(|piece| match piece { Piece::Words(words) => words, Piece::Link(whole, _) => whole })
                .collect();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn no_step_goes_back(ahead in -1_000_000_000_000_i64..1_000_000_000_000, days in 0_i64..3_660, which in 0..4) {
            let system = Moment::parse("2026-11-21T12:00:00Z").unwrap();
            let now = Setting::Running { ahead };
            let step = match which { 0 => Step::Freeze, 1 => Step::Resume, 2 => Step::Advance(TimeDelta::days(days)), _ => Step::Reset };
            if let Ok(after) = steer(now, system, step) {
                prop_assert!(shows(after, system) >= shows(now, system));
            }
        }
    }
}
