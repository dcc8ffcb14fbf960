//! What went wrong, said once, for every floor and room. How it looks is decided by `http::errors` alone.

use std::borrow::Cow;
use std::time::Duration;

/// The result of most things here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// Nobody is signed in, or no longer.
    SignedOut,
    /// The password must have been given a short while ago, and was not.
    FreshSignInNeeded,
    /// The password is still the one that the server came with: the first sign-in is to be finished before anything else.
    FirstSignIn,
    /// What was asked for opens only to those who sign in with a second factor, and there is none.
    SecondFactorNeeded,
    /// The API of this server was switched off.
    ApiOff,
    /// May be seen, may not be done.
    Forbidden {
        /// What was tried, as words that follow "may not".
        action: &'static str,
    },
    /// Is not there, or one may not know that it is.
    NotFound,
    /// Fields and their complaints.
    Invalid(Problems),
    /// A rule of the trade said no.
    Refused(Refusal),
    /// Somebody has changed it meanwhile.
    Stale,
    /// The request cannot be read at all.
    BadRequest(Cow<'static, str>),
    /// The body is of a kind that is not taken here.
    WrongKind,
    /// The request came from somewhere else than this portal's own pages.
    CrossSite,
    /// An emailed link that is unknown, used, expired or cancelled: which of them is not said.
    DeadLink,
    /// No such method on this path.
    MethodNotAllowed {
        /// Which there are.
        allow: String,
    },
    /// More than is taken.
    TooLarge {
        /// How many bytes are.
        limit: usize,
    },
    /// Too often.
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// Cannot be done now; try again later.
    Unavailable(Cause),
    /// Our fault. Never shown.
    Internal(Cause),
}

/// A coded refusal by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable: scripts go by it.
    pub code: &'static str,
    /// For people.
    pub says: Cow<'static, str>,
}

/// A code with which a rule refuses: the code, when it does, and the way out.
pub type Coded = (&'static str, &'static str, &'static str);

impl Error {
    /// A refusal by a rule.
    pub fn refused(code: &'static str, says: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Refusal {
            code,
            says: says.into(),
        })
    }
    /// Our fault, with what led to it.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Cause::of(cause))
    }
    /// One complaint about one field.
    pub fn invalid(field: impl Into<String>, says: impl Into<String>) -> Self {
        let mut problems = Problems::default();
        problems.add(field, says);
        Self::Invalid(problems)
    }
    /// What stands on a form that was not carried out, and the status of its page: complaints about fields (422), and the
    /// refusal of a rule (409) beside the field that `rules` has for its code. A code that ends with a full stop stands
    /// for all that begin so, and "" for every code; the first that fits counts. Anything else stays an error.
    pub fn on_form(self, rules: &[(&str, &str)]) -> Result<(u16, Problems)> {
        let fits = |rule: &str, code: &str| {
            rule == code || ((rule.is_empty() || rule.ends_with('.')) && code.starts_with(rule))
        };
        match self {
            Self::Invalid(problems) => Ok((422, problems)),
            Self::Refused(refusal) => match rules.iter().find(|(rule, _)| fits(rule, refusal.code)) {
                Some((_, field)) => {
                    let mut problems = Problems::default();
                    problems.add(*field, refusal.says);
                    Ok((409, problems))
                }
                None => Err(Self::Refused(refusal)),
            },
            other => Err(other),
        }
    }
    /// True when the same transaction may well succeed if it is run once more.
    pub fn wants_another_try(&self) -> bool {
        matches!(self, Self::Unavailable(cause) | Self::Internal(cause) if cause.again)
    }
}

/// Why, for the log alone: it has no `Display`, so it cannot be shown by accident.
pub struct Cause {
    chain: Box<dyn std::error::Error + Send + Sync>,
    pub(crate) again: bool,
}

impl Cause {
    /// Takes an error in.
    pub fn of(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            chain: cause.into(),
            again: false,
        }
    }
    /// The same, for something that may well succeed when tried again.
    pub fn again(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            chain: cause.into(),
            again: true,
        }
    }
    /// The error itself, if it is of this kind.
    pub fn as_a<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.chain.downcast_ref()
    }
    /// The whole chain in one line, for the log.
    pub fn for_the_log(&self) -> String {
        let mut line = self.chain.to_string();
        let mut next = self.chain.source();
        while let Some(error) = next {
            line.push_str(": ");
            line.push_str(&error.to_string());
            next = error.source();
        }
        line
    }
}
impl std::fmt::Debug for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.for_the_log())
    }
}

/// Complaints, each about a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// A complaint about a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field's name in the form or in the JSON.
    pub field: String,
    /// What to do about it.
    pub says: String,
}

impl Problems {
    /// One more.
    pub fn add(&mut self, field: impl Into<String>, says: impl Into<String>) {
        self.0.push(Problem {
            field: field.into(),
            says: says.into(),
        });
    }
    /// Keeps a good value; notes what is wrong with a bad one.
    pub fn take<T>(&mut self, field: &str, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|says| self.add(field, says)).ok()
    }
    /// Keeps a good value; takes over what is wrong with a bad one.
    pub fn take_all<T>(&mut self, parsed: std::result::Result<T, Self>) -> Option<T> {
        parsed.map_err(|found| self.0.extend(found.0)).ok()
    }
    /// All of them.
    pub fn list(&self) -> &[Problem] {
        &self.0
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// `Err` with the complaints when there are any.
    pub fn or_ok(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self))
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never a cause: this text may reach a person through a library that prints errors.
        match self {
            Self::SignedOut => f.write_str("signed out"),
            Self::FreshSignInNeeded => f.write_str("the password is needed again"),
            Self::FirstSignIn => f.write_str("the first sign-in is not finished"),
            Self::SecondFactorNeeded => f.write_str("a second factor is needed"),
            Self::ApiOff => f.write_str("the API is switched off"),
            Self::Forbidden { action } => write!(f, "may not {action}"),
            Self::NotFound => f.write_str("not found"),
            Self::Invalid(problems) => write!(f, "{} fields are not right", problems.0.len()),
            Self::Refused(refusal) => write!(f, "{}: {}", refusal.code, refusal.says),
            Self::Stale => f.write_str("changed meanwhile"),
            Self::BadRequest(says) => f.write_str(says),
            Self::WrongKind => f.write_str("unsupported kind of body"),
            Self::CrossSite => f.write_str("the request came from another site"),
            Self::DeadLink => f.write_str("the link no longer works"),
            Self::MethodNotAllowed { allow } => write!(f, "allowed here: {allow}"),
            Self::TooLarge { limit } => write!(f, "more than {limit} bytes"),
            Self::TooMany { .. } => f.write_str("too many requests"),
            Self::Unavailable(_) => f.write_str("not available now"),
            Self::Internal(_) => f.write_str("internal error"),
        }
    }
}
impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_beside_the_field_that_the_rules_have_for_its_code() {
        let on = |error: Error, rules: &[(&str, &str)]| {
            let (status, problems) = error.on_form(rules).ok()?;
            Some((status, problems.list()[0].field.clone()))
        };
        let refused = || Error::refused("room.rule", "No.");
        assert_eq!(
            on(Error::invalid("name", "Enter a name."), &[]),
            Some((422, "name".to_owned()))
        );
        assert_eq!(
            on(refused(), &[("room.rule", "role"), ("room.", "")]),
            Some((409, "role".to_owned()))
        );
        assert_eq!(
            on(refused(), &[("room.other", "role"), ("room.", "name")]),
            Some((409, "name".to_owned()))
        );
        assert_eq!(on(refused(), &[("", "")]), Some((409, String::new())));
        for rules in [
            &[][..],
            &[("room", "x")],
            &[("room.rul", "x")],
            &[("other.", "x")],
        ] {
            assert!(
                matches!(refused().on_form(rules), Err(Error::Refused(_))),
                "{rules:?}"
            );
        }
        assert!(matches!(Error::Stale.on_form(&[("", "")]), Err(Error::Stale)));
    }
}
