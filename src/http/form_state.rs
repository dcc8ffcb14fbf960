//! What a form shows: the values that were sent, and what is wrong with them.

use std::fmt;

/// One thing to put right. `says` tells what to do: "Enter a deny reason."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name, or "" when the whole form is meant.
    pub field: String,
    pub says: String,
}

/// One of the answers that a select, or a group of radio buttons, offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    /// A second line below the label. Only radio buttons show it.
    pub note: String,
    pub disabled: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            note: String::new(),
            disabled: false,
        }
    }

    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Shown, but not to be had. The note should say why.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }
}

/// The values of a form on their way back to the page. Passwords are never kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FormState {
    values: Vec<(String, String)>,
    problems: Vec<FieldProblem>,
    /// The key under which this form may be carried out once.
    pub once: String,
}

/// Values stay out of logs: they are people's names, addresses and notes.
impl fmt::Debug for FormState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormState")
            .field(
                "fields",
                &self.values.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl FormState {
    pub fn new() -> Self {
        Self::default()
    }

    /// A form whose POST may be carried out once under this key.
    #[must_use]
    pub fn with_once(mut self, once: impl Into<String>) -> Self {
        self.once = once.into();
        self
    }

    /// Adds a value; a name may come several times.
    #[must_use]
    pub fn with_value(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.add(name, value);
        self
    }

    /// Takes a value away, so that its field is empty again.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.values.retain(|(known, _)| known != name);
        self
    }

    /// Adds all values of a sent form, leaving out the secret ones.
    #[must_use]
    pub fn with_values<N: Into<String>, V: Into<String>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in pairs {
            self.add(name, value);
        }
        self
    }

    #[must_use]
    pub fn with_problem(mut self, field: impl Into<String>, says: impl Into<String>) -> Self {
        self.refuse(field, says);
        self
    }

    fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        // A password must not stand in the page's source, not even in that of its own author.
        if !name.to_ascii_lowercase().contains("password") {
            self.values.push((name, value.into()));
        }
    }

    /// Notes a problem with a field, or with the whole form when `field` is "".
    pub fn refuse(&mut self, field: impl Into<String>, says: impl Into<String>) {
        self.problems.push(FieldProblem {
            field: field.into(),
            says: says.into(),
        });
    }

    /// The first value under this name, or "".
    pub fn value(&self, name: &str) -> &str {
        self.values
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    pub fn values(&self, name: &str) -> Vec<&str> {
        self.values
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Whether `value` is among those chosen under this name.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.values
            .iter()
            .any(|(known, kept)| known == name && kept == value)
    }

    /// The first problem with this field.
    pub fn problem(&self, name: &str) -> Option<&str> {
        self.problems
            .iter()
            .find(|problem| problem.field == name)
            .map(|problem| problem.says.as_str())
    }

    pub fn problems(&self) -> &[FieldProblem] {
        &self.problems
    }

    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_values_but_never_passwords() {
        let form = FormState::new().with_values([
            ("name", "Alder Ridge"),
            ("role", "admin"),
            ("role", "user"),
            ("new_Password_again", "secret"),
        ]);
        assert_eq!(form.value("name"), "Alder Ridge");
        assert_eq!(form.values("role"), ["admin", "user"]);
        assert!(form.is("role", "user") && !form.is("role", "viewer"));
        assert_eq!(form.value("new_Password_again"), "");
        assert_eq!(form.value("unknown"), "");
        assert!(!format!("{form:?}").contains("Alder"));
    }

    #[test]
    fn ties_problems_to_fields() {
        let form = FormState::new()
            .with_problem("reason", "Enter a deny reason.")
            .with_problem("", "The balance changed.");
        assert!(form.has_problems());
        assert_eq!(form.problem("reason"), Some("Enter a deny reason."));
        assert_eq!(form.problem("name"), None);
        assert_eq!(form.problems().len(), 2);
    }
}
