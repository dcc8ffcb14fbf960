//! The names of what belongs to one attempt: no two learners meet one another's things.

/// What can stand between braces, and what it stands for.
pub const PLACEHOLDERS: &[(&str, &str)] = &[
    ("tag", "what the names of the learner's things begin with"),
    ("account", "the domain of the learner's Smart Account"),
    ("account_name", "the name of the learner's Smart Account"),
    (
        "customer",
        "the domain of a customer that has no Smart Account yet",
    ),
    ("on_prem", "the name of the learner's On-Prem account"),
];

/// The names of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    tag: String,
}

impl Names {
    /// Of the attempt with this tag.
    pub fn of(tag: &str) -> Self {
        Self { tag: tag.to_owned() }
    }
    /// Domain of the learner's Smart Account.
    pub fn account(&self) -> String {
        format!("{}.example", self.tag)
    }
    /// Its name.
    pub fn account_name(&self) -> String {
        format!("Graded lab {}", self.tag)
    }
    /// Name of the learner's On-Prem account.
    pub fn on_prem(&self) -> String {
        format!("On-Prem-{}", self.tag)
    }

    /// Puts them into a text.
    pub fn fill(&self, text: &str) -> String {
        let customer = format!("{}-customer.example", self.tag);
        text.replace("{tag}", &self.tag)
            .replace("{account}", &self.account())
            .replace("{account_name}", &self.account_name())
            .replace("{customer}", &customer)
            .replace("{on_prem}", &self.on_prem())
    }

    /// What stands between braces in a text and is no name.
    pub fn unknown(text: &str) -> Vec<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
            .filter(|name| !PLACEHOLDERS.iter().any(|(known, _)| known == name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_and_others_are_named() {
        let names = Names::of("k3");
        let all: Vec<String> = PLACEHOLDERS
            .iter()
            .map(|(name, _)| format!("{{{name}}}"))
            .collect();
        assert_eq!(
            names.fill(&all.join(" ")),
            "k3 k3.example Graded lab k3 k3-customer.example On-Prem-k3"
        );
        assert_eq!(Names::unknown("{tag} {x} y} {z"), ["x"]);
    }
}
