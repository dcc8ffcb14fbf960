//! Numbers and small pictures, made ready for the macros in `templates/components/ui.html`.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass everything by reference"
)]

use chrono::{DateTime, NaiveDate, Utc};

/// 1540 becomes "1,540".
pub fn number(count: &u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The same of a number that is kept with a sign and never below zero.
pub fn quantity(amount: &i64) -> String {
    number(&amount.unsigned_abs())
}

/// A balance: "+8", "0" or "−6" with a real minus sign.
pub fn signed(amount: &i64) -> String {
    let size = number(&amount.unsigned_abs());
    match amount.signum() {
        1 => format!("+{size}"),
        -1 => format!("\u{2212}{size}"),
        _ => size,
    }
}

/// The class that colours a balance.
pub fn balance_class(amount: &i64) -> &'static str {
    match amount.signum() {
        1 => "plus",
        -1 => "minus",
        _ => "zero",
    }
}

/// "1 order", "31 orders", "1,540 orders".
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(&count), if count == 1 { one } else { many })
}

/// One line of a history.
#[derive(Debug, Clone)]
pub struct Happening {
    pub what: String,
    pub who: String,
    pub at: DateTime<Utc>,
    pub note: String,
}

/// One tab; each is a page.
#[derive(Debug, Clone)]
pub struct Tab {
    pub label: String,
    pub href: String,
    pub current: bool,
    pub count: Option<u64>,
}

/// How much of what was bought is in use.
#[derive(Debug, Clone, Copy)]
pub struct UseBar {
    pub used: u64,
    /// 0 when nothing was bought, as with usage billing.
    pub total: u64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shares are shown to a tenth of a percent; no count comes near 2^52"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

impl UseBar {
    pub fn new(used: u64, total: u64) -> Self {
        Self { used, total }
    }

    pub fn used_text(&self) -> String {
        number(&self.used)
    }

    pub fn percent_text(&self) -> String {
        if self.total == 0 {
            String::new()
        } else {
            format!("{:.0}%", share(self.used, self.total))
        }
    }

    pub fn is_over(&self) -> bool {
        self.total > 0 && self.used > self.total
    }

    /// Length of the blue part, of 100.
    pub fn fill(&self) -> String {
        let whole = self.used.max(self.total);
        let part = if self.total == 0 {
            0
        } else {
            self.used.min(self.total)
        };
        format!("{:.1}", share(part, whole))
    }

    /// Length of the red part, of 100.
    pub fn over(&self) -> String {
        format!("{:.1}", share(self.used.saturating_sub(self.total), self.used))
    }
}

/// A part of a ring, and a line of its legend.
#[derive(Debug, Clone)]
pub struct DonutPart {
    pub label: String,
    pub count: u64,
    /// One of ok, warn, info, mute, plum, bad.
    pub colour: &'static str,
    /// Filters by this part, or clears the filter when it is on.
    pub href: String,
    pub on: bool,
}

/// A card with a ring and a legend of links.
#[derive(Debug, Clone)]
pub struct Donut {
    pub title: String,
    /// What is counted, such as "orders".
    pub unit: &'static str,
    pub parts: Vec<DonutPart>,
}

#[derive(Debug, Clone)]
pub struct Arc {
    pub href: String,
    pub colour: &'static str,
    pub on: bool,
    pub start: String,
    pub length: String,
}

/// The white between two arcs, in hundredths of the ring.
const GAP: f64 = 1.6;

impl Donut {
    fn total(&self) -> u64 {
        self.parts.iter().map(|part| part.count).sum()
    }

    /// The number in the middle: what is chosen, otherwise all.
    pub fn middle(&self) -> String {
        if self.parts.iter().any(|part| part.on) {
            number(&self.parts.iter().filter(|p| p.on).map(|p| p.count).sum())
        } else {
            number(&self.total())
        }
    }

    pub fn below(&self) -> String {
        if self.parts.iter().any(|part| part.on) {
            format!("of {}", number(&self.total()))
        } else {
            self.unit.to_owned()
        }
    }

    pub fn arcs(&self) -> Vec<Arc> {
        let total = self.total();
        let shown: Vec<_> = self.parts.iter().filter(|part| part.count > 0).collect();
        // A ring of one part has no ends.
        let gap = if shown.len() > 1 { GAP } else { 0.0 };
        let mut at = 0.0;
        shown
            .into_iter()
            .map(|part| {
                let long = share(part.count, total);
                let start = at + gap / 2.0;
                at += long;
                Arc {
                    href: part.href.clone(),
                    colour: part.colour,
                    on: part.on,
                    start: format!("{start:.2}"),
                    // Even one in a thousand is to be seen.
                    length: format!("{:.2}", (long - gap).max(0.4)),
                }
            })
            .collect()
    }
}

/// Numbers over days, as steps: each holds until the next changes it.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What the lines are.
    pub series: [&'static str; 2],
    points: Vec<(NaiveDate, [i64; 2])>,
}

/// The size of the drawing, in its own units.
const WIDE: f64 = 640.0;
const HIGH: f64 = 160.0;

#[expect(
    clippy::cast_precision_loss,
    reason = "places in a drawing; no count that is drawn comes near 2^52"
)]
fn part(of: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { of as f64 / whole as f64 }
}

impl Chart {
    pub fn new(series: [&'static str; 2], points: Vec<(NaiveDate, [i64; 2])>) -> Self {
        Self { series, points }
    }

    /// The number at the top: the greatest, rounded up so that half of it is whole.
    pub fn top(&self) -> i64 {
        let most = self
            .points
            .iter()
            .flat_map(|(_, numbers)| *numbers)
            .max()
            .unwrap_or_default()
            .max(2);
        most + most % 2
    }

    pub fn top_text(&self) -> String {
        number(&self.top().unsigned_abs())
    }

    pub fn half_text(&self) -> String {
        number(&(self.top() / 2).unsigned_abs())
    }

    /// The line of a series.
    pub fn path(&self, series: usize) -> String {
        let steps = i64::try_from(self.points.len()).unwrap_or(i64::MAX).max(2) - 1;
        let mut path = String::new();
        let mut last = None;
        for (at, (_, numbers)) in (0_i64..).zip(&self.points) {
            let Some(amount) = numbers.get(series) else {
                continue;
            };
            let (x, y) = (part(at, steps) * WIDE, HIGH - part(*amount, self.top()) * HIGH);
            match last {
                None => path.push_str(&format!("M{x:.1} {y:.1}")),
                Some(before) if before != *amount => path.push_str(&format!("H{x:.1}V{y:.1}")),
                Some(_) => {}
            }
            last = Some(*amount);
        }
        path.push_str(&format!("H{WIDE:.1}"));
        path
    }

    /// The first and the last day.
    pub fn ends(&self) -> (String, String) {
        let words = |one: Option<&(NaiveDate, [i64; 2])>| {
            one.map(|(day, _)| day.format("%-d %b %Y").to_string())
                .unwrap_or_default()
        };
        (words(self.points.first()), words(self.points.last()))
    }

    /// The days on which a number changed, the newest first, for those who read the drawing as a table.
    pub fn changes(&self) -> Vec<(String, [String; 2])> {
        let mut found: Vec<(String, [String; 2])> = Vec::new();
        let mut last = None;
        for (day, numbers) in &self.points {
            if last != Some(numbers) {
                found.push((
                    day.format("%-d %b %Y").to_string(),
                    numbers.map(|n| number(&n.unsigned_abs())),
                ));
                last = Some(numbers);
            }
        }
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_steps_where_a_number_changes() {
        let day = |n| NaiveDate::from_ymd_opt(2026, 11, n).unwrap();
        let chart = Chart::new(
            ["Purchased", "In Use"],
            vec![(day(1), [4, 0]), (day(2), [4, 2]), (day(3), [4, 2])],
        );
        assert_eq!(chart.path(0), "M0.0 0.0H640.0");
        assert_eq!(chart.path(1), "M0.0 160.0H320.0V80.0H640.0");
        assert_eq!((chart.top_text(), chart.half_text()), ("4".into(), "2".into()));
        assert_eq!(chart.changes().len(), 2);
        assert_eq!(chart.changes()[0].0, "2 Nov 2026");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(&0), "0");
        assert_eq!(number(&999), "999");
        assert_eq!(number(&1_540), "1,540");
        assert_eq!(number(&12_345_678), "12,345,678");
        assert_eq!(
            (signed(&8), signed(&0), signed(&-1_006)),
            ("+8".into(), "0".into(), "−1,006".into())
        );
        assert_eq!(counted(1, "order", "orders"), "1 order");
    }

    #[test]
    fn a_bar_turns_red_past_its_end() {
        let bar = UseBar::new(126, 120);
        assert_eq!((bar.fill().as_str(), bar.over().as_str()), ("95.2", "4.8"));
        assert_eq!(bar.percent_text(), "105%");
        let none = UseBar::new(3, 0);
        assert_eq!((none.fill().as_str(), none.is_over()), ("0.0", false));
    }

    #[test]
    fn arcs_fill_the_ring() {
        let part = |count, on| DonutPart {
            label: String::new(),
            count,
            colour: "ok",
            href: String::new(),
            on,
        };
        let ring = Donut {
            title: String::new(),
            unit: "orders",
            parts: vec![part(31, true), part(14, false), part(3, false), part(0, false)],
        };
        let arcs = ring.arcs();
        assert_eq!(arcs.len(), 3);
        assert_eq!(arcs.first().map(|a| a.length.as_str()), Some("62.98"));
        assert_eq!((ring.middle().as_str(), ring.below().as_str()), ("31", "of 48"));
    }
}
