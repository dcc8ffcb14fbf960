//! What a list can be narrowed by.

use super::spec::{DAY, FilterSpec};
use crate::http::Param;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Edition, Moment};
use std::str::FromStr;

type Words = &'static [(&'static str, &'static str)];

/// What a list can be narrowed by. `Q` is what it narrows: a query of the database, what a room's store is asked for, or
/// the rows themselves.
pub struct Filter<Q: 'static> {
    pub(super) key: &'static str,
    label: &'static str,
    /// For the description of the API.
    says: &'static str,
    pub(super) values: Values,
    /// Whether it may stand several times.
    many: bool,
    /// Whether the lists of an On-Prem server have it as well.
    everywhere: bool,
    pub(super) apply: fn(Q, &Chosen<'_>) -> Q,
}

#[derive(Clone, Copy)]
pub(super) enum Values {
    Words(Words),
    WordsIn(fn(Edition) -> Words),
    /// The list says which there are.
    Known,
    /// The same, and they are ids.
    KnownIds,
    Day,
    Text,
    Places,
    /// No address has it.
    Unseen,
}

impl<Q> Filter<Q> {
    /// Some of these words, each of which has a label.
    pub const fn words(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        words: Words,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Words(words), apply)
    }
    /// The same where the words differ with the edition, or are put together when they are asked for.
    pub const fn words_in(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        words: fn(Edition) -> Words,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::WordsIn(words), apply)
    }
    /// Some of the choices of which the list knows by this key; see [`Lookup::Choices`](super::Lookup).
    pub const fn known(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Known, apply)
    }
    /// The same, and they are ids.
    pub const fn known_ids(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::KnownIds, apply)
    }
    /// A day.
    pub const fn day(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Day, apply).once()
    }
    /// A text that is typed.
    pub const fn text(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self::of(key, label, says, Values::Text, apply)
    }
    /// The Virtual Account, by its id or its name.
    pub const fn places(apply: fn(Q, &Chosen<'_>) -> Q) -> Self {
        Self::of(
            "va",
            "Virtual Account",
            "Id of a Virtual Account.",
            Values::Places,
            apply,
        )
    }
    /// One that no reader sees: the program alone narrows by it.
    pub const fn unseen(key: &'static str, apply: fn(Q, &Chosen<'_>) -> Q) -> Self {
        Self::of(key, "", "", Values::Unseen, apply)
    }
    const fn of(
        key: &'static str,
        label: &'static str,
        says: &'static str,
        values: Values,
        apply: fn(Q, &Chosen<'_>) -> Q,
    ) -> Self {
        Self {
            key,
            label,
            says,
            values,
            many: true,
            everywhere: true,
            apply,
        }
    }
    /// A script may give it once.
    pub const fn once(mut self) -> Self {
        self.many = false;
        self
    }
    /// An On-Prem server does not have it.
    pub const fn in_the_cloud(mut self) -> Self {
        self.everywhere = false;
        self
    }

    /// As the description of the API has it; none when no address does.
    pub(super) fn param(&self) -> Option<Param> {
        let param = match self.values {
            Values::Words(words) => Param::choice(self.key, words, self.says),
            Values::WordsIn(words) => Param::choice(self.key, words(Edition::Cloud), self.says),
            Values::Day => Param::day(self.key, self.says),
            Values::Text | Values::Known => Param::text(self.key, self.says),
            Values::Places | Values::KnownIds => Param::id(self.key, self.says),
            Values::Unseen => return None,
        };
        Some(if self.many { param.many() } else { param })
    }

    /// What an address may say of it, of which `offered` is known already; none when nothing.
    pub(super) fn spec<'a>(
        &self,
        edition: Edition,
        offered: &'a [(&'a str, &'a str)],
    ) -> Option<FilterSpec<'a>> {
        let values = match self.values {
            Values::Words(words) => words,
            Values::WordsIn(words) => words(edition),
            Values::Day => DAY,
            Values::Text => &[],
            Values::Known | Values::KnownIds | Values::Places => offered,
            Values::Unseen => return None,
        };
        (self.everywhere || !edition.is_on_prem()).then_some(FilterSpec {
            key: self.key,
            label: self.label,
            values,
        })
    }
}

/// What was chosen of a filter: one value at least.
pub struct Chosen<'a> {
    pub values: Vec<&'a str>,
    /// What they stand for, of a filter whose values are looked up; see [`Lookup::Meaning`](super::Lookup).
    pub meant: &'a [String],
    /// Of a filter of Virtual Accounts, those that one sees among them: perhaps none.
    pub places: Vec<VirtualAccountId>,
    /// Portal time.
    pub now: Moment,
}

impl Chosen<'_> {
    /// The values as the words that they are.
    pub fn words<T: FromStr>(&self) -> Vec<T> {
        self.values.iter().filter_map(|word| word.parse().ok()).collect()
    }
    /// What they stand for, of what is left so far; all of it when nothing has narrowed that yet.
    pub fn meant_among<T: FromStr + PartialEq>(&self, left: Option<Vec<T>>) -> Vec<T> {
        let meant: Vec<T> = self.meant.iter().filter_map(|word| word.parse().ok()).collect();
        match left {
            Some(left) => left.into_iter().filter(|one| meant.contains(one)).collect(),
            None => meant,
        }
    }
    pub fn has(&self, value: &str) -> bool {
        self.values.contains(&value)
    }
    /// The first value as it was typed, or "".
    pub fn text(&self) -> &str {
        self.values.first().copied().unwrap_or_default()
    }
    /// The day.
    pub fn day(&self) -> Option<chrono::NaiveDate> {
        self.text().parse().ok()
    }
    /// When it begins.
    pub fn from(&self) -> Option<Moment> {
        self.day()
            .map(|day| Moment::of(day.and_time(chrono::NaiveTime::MIN).and_utc()))
    }
    /// When it has ended.
    pub fn until(&self) -> Option<Moment> {
        self.from().map(|from| from.plus(chrono::TimeDelta::days(1)))
    }
}
