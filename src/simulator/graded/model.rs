//! An attempt at a graded lab: what was seen of each step, and what points come of it.

use super::definition::{Definition, Names, Step};
use crate::error::{Error, Result};
use crate::http::form::Named;
use crate::kernel::ids::{LabAttemptId, PersonId, SmartAccountId};
use crate::kernel::{Moment, text};
use crate::simulator::expressions::Scope;
use chrono::TimeDelta;

/// So long the account of an attempt lives, by wall time.
pub const LIVES: TimeDelta = TimeDelta::hours(24);
/// So many labs of teachers there are at most.
pub const MOST_FILES: i64 = 200;

/// The name of a lab, as it stands in addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabName(String);

impl LabName {
    /// Reads one.
    pub fn parse(typed: &str) -> Result<Self, String> {
        if text::is_slug(typed, 40) {
            Ok(Self(typed.to_owned()))
        } else {
            Err("use small letters, digits and hyphens, at most 40, such as first-switch.".to_owned())
        }
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for LabName {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::parse(s)
    }
}
impl Named for LabName {
    const NAME: &'static str = "lab";
}
impl Named for LabAttemptId {
    const NAME: &'static str = "attempt";
}

/// A lab that a teacher has written.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct LabFile {
    pub name: String,
    pub definition: String,
    pub added_by: String,
    pub added_at: Moment,
}

/// A lab that somebody has begun.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Attempt {
    pub id: LabAttemptId,
    pub person: PersonId,
    pub lab: String,
    /// The file as it was then.
    pub definition: String,
    pub tag: String,
    pub account: SmartAccountId,
    pub account_number: i64,
    /// Portal time.
    pub since: Moment,
    /// Wall time, as those that follow.
    pub began_at: Moment,
    pub expires_at: Moment,
    pub done_at: Option<Moment>,
    pub ended_at: Option<Moment>,
}

crate::words! {
    /// How an attempt stands.
    pub enum State {
        /// It is under way.
        Running = "running", "Running";
        /// All steps are done.
        Done = "done", "Done";
        /// It was ended before.
        Ended = "ended", "Ended";
        /// Its time was over before.
        Over = "over", "Time over";
    }
}

impl Attempt {
    /// How it stands at a wall time.
    pub fn state(&self, wall: Moment) -> State {
        if self.done_at.is_some() {
            State::Done
        } else if self.ended_at.is_some_and(|at| at < self.expires_at) {
            State::Ended
        } else if wall >= self.expires_at {
            State::Over
        } else {
            State::Running
        }
    }
    /// Whether its account is still there.
    pub fn has_account(&self, wall: Moment) -> bool {
        self.ended_at.is_none() && wall < self.expires_at
    }
    /// Whose things its conditions are about.
    pub fn scope(&self) -> Scope {
        Scope {
            account: self.account,
            person: self.person,
            since: self.since,
        }
    }
    /// Minutes from the beginning to the end, or until now.
    pub fn minutes(&self, wall: Moment) -> i64 {
        let end = self
            .done_at
            .or(self.ended_at)
            .unwrap_or(wall)
            .min(self.expires_at);
        end.since(self.began_at).num_minutes().max(0)
    }
}

crate::words! {
    /// What was seen of a step.
    pub enum MarkKind {
        /// It is done.
        Done = "done", "Done";
        /// A wrong turn was taken.
        Wrong = "wrong", "Wrong turn";
        /// A hint was taken.
        Hint = "hint", "Hint";
    }
}

/// Something that was seen of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::Queryable)]
pub struct Mark {
    /// From 0.
    pub step: i32,
    pub kind: MarkKind,
    /// Which wrong turn or hint, from 0.
    pub number: i32,
    /// Wall time.
    pub at: Moment,
}

/// An attempt with its lab and all that was seen.
#[derive(Debug, Clone)]
pub struct Standing {
    pub lab: Definition,
    pub attempt: Attempt,
    pub marks: Vec<Mark>,
}

/// A step as it stands.
pub struct StepSeen<'a> {
    pub number: usize,
    pub step: &'a Step,
    pub done_at: Option<Moment>,
    pub hints: usize,
    /// Which wrong turns were taken, in the order of the file.
    pub wrong: Vec<usize>,
}

impl Standing {
    /// Of an attempt and its marks.
    pub fn of(attempt: Attempt, marks: Vec<Mark>) -> Result<Self> {
        let lab = Definition::read(&attempt.definition)
            .map_err(|_| Error::internal("the file of an attempt cannot be read"))?;
        Ok(Self { lab, attempt, marks })
    }

    /// The names of the attempt's things.
    pub fn names(&self) -> Names {
        Names::of(&self.attempt.tag)
    }

    /// Whether something was seen of a step.
    pub fn has(&self, step: usize, kind: MarkKind, number: usize) -> bool {
        self.find(step, kind, number).is_some()
    }

    fn find(&self, step: usize, kind: MarkKind, number: usize) -> Option<&Mark> {
        self.marks.iter().find(|mark| {
            mark.kind == kind
                && usize::try_from(mark.step) == Ok(step)
                && usize::try_from(mark.number) == Ok(number)
        })
    }

    /// The steps as they stand.
    pub fn steps(&self) -> Vec<StepSeen<'_>> {
        let one = |(number, step): (usize, &'_ Step)| {
            let wrong = 0..step.wrong.len();
            let hints = 0..step.hints.len();
            (
                self.find(number, MarkKind::Done, 0).map(|mark| mark.at),
                hints.filter(|n| self.has(number, MarkKind::Hint, *n)).count(),
                wrong.filter(|n| self.has(number, MarkKind::Wrong, *n)).collect(),
            )
        };
        let steps = self.lab.steps.iter().enumerate();
        steps
            .map(|(number, step)| {
                let (done_at, hints, wrong) = one((number, step));
                StepSeen {
                    number,
                    step,
                    done_at,
                    hints,
                    wrong,
                }
            })
            .collect()
    }

    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.steps().iter().filter(|one| one.done_at.is_some()).count()
    }

    /// Whether all of them are.
    pub fn is_done(&self) -> bool {
        self.done() == self.lab.steps.len()
    }

    /// How many marks of a kind there are.
    pub fn count(&self, kind: MarkKind) -> usize {
        self.marks.iter().filter(|mark| mark.kind == kind).count()
    }

    /// Points for what is done, less what hints and wrong turns cost; never below none.
    pub fn points(&self) -> u32 {
        let (mut won, mut lost) = (0_u32, 0_u32);
        for one in self.steps() {
            if one.done_at.is_some() {
                won += one.step.points;
            }
            lost += self.lab.hint_costs * u32::try_from(one.hints).unwrap_or_default();
            let wrong = one.wrong.iter().filter_map(|n| one.step.wrong.get(*n));
            lost += wrong.map(|wrong| wrong.costs).sum::<u32>();
        }
        won.saturating_sub(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(step: i32, kind: MarkKind, number: i32) -> Mark {
        Mark {
            step,
            kind,
            number,
            at: Moment::parse("2026-11-29T08:00:00Z").unwrap(),
        }
    }

    #[test]
    fn hints_and_wrong_turns_cost_and_nobody_falls_below_none() {
        let file = "lab: x\ntitle: X\nsays: X\nminutes: 1\nhint_costs: 3\nstart: {role: account-user}\nsteps:\n- step: A\n  says: A\n  points: 10\n  done: orders[{tag}].state == assigned\n  hints: [One, Two]\n  wrong: [{when: 'orders[{tag}].lines == 9', says: No, costs: 4}]\n- step: B\n  says: B\n  points: 5\n  done: orders[{tag}].lines == 2\n";
        let at = Moment::parse("2026-11-29T08:00:00Z").unwrap();
        let attempt = Attempt {
            id: LabAttemptId::new(),
            person: PersonId::new(),
            lab: "x".into(),
            definition: file.into(),
            tag: "k3".into(),
            account: SmartAccountId::new(),
            account_number: 1,
            since: at,
            began_at: at,
            expires_at: at.plus(LIVES),
            done_at: None,
            ended_at: None,
        };
        let of = |marks: Vec<Mark>| Standing::of(attempt.clone(), marks).unwrap();
        let done = mark(0, MarkKind::Done, 0);
        let (hint, wrong) = (mark(0, MarkKind::Hint, 0), mark(0, MarkKind::Wrong, 0));
        assert_eq!((of(vec![]).points(), of(vec![hint]).points()), (0, 0));
        assert_eq!(of(vec![done, hint, wrong]).points(), 3);
        assert!(!of(vec![done]).is_done());
        assert!(of(vec![done, mark(1, MarkKind::Done, 0)]).is_done());
        assert_eq!(attempt.state(at), State::Running);
        assert_eq!(attempt.state(at.plus(LIVES)), State::Over);
        assert_eq!(attempt.minutes(at.plus(TimeDelta::days(9))), 24 * 60);
    }
}
