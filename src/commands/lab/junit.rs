//! What was asserted, as the reports of CI servers have it.

use serde_json::Value;

/// One assertion.
pub struct Case {
    /// What was to hold.
    pub expression: String,
    /// Whether it did.
    pub holds: bool,
    /// What it was made of.
    pub facts: String,
    /// In seconds.
    pub took: f64,
}

impl Case {
    /// From an answer of the portal.
    pub fn of(expression: &str, answer: &Value) -> Self {
        let facts = answer.get("facts").and_then(Value::as_array);
        let facts: Vec<String> = facts
            .into_iter()
            .flatten()
            .map(|one| {
                let fact = one.get("fact").and_then(Value::as_str).unwrap_or_default();
                match one.get("value") {
                    None | Some(Value::Null) => format!("{fact} is nothing"),
                    Some(value) => format!("{fact} is {value}"),
                }
            })
            .collect();
        let waited = answer
            .get("waited_ms")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        Self {
            expression: expression.to_owned(),
            holds: answer.get("holds").and_then(Value::as_bool) == Some(true),
            facts: facts.join("; "),
            took: std::time::Duration::from_millis(waited).as_secs_f64(),
        }
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let word = if self.holds { "holds" } else { "does not hold" };
        format!("{word}: {} ({})", self.expression, self.facts)
    }
}

/// The report.
pub fn report(cases: &[Case]) -> String {
    let failures = cases.iter().filter(|case| !case.holds).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"licentral lab\" tests=\"{}\" failures=\"{failures}\">\n",
        cases.len()
    );
    for case in cases {
        out.push_str(&format!(
            "  <testcase classname=\"licentral.lab\" name=\"{}\" time=\"{:.3}\"",
            escaped(&case.expression),
            case.took
        ));
        if case.holds {
            out.push_str("/>\n");
        } else {
            out.push_str(&format!(
                "><failure message=\"{}\"/></testcase>\n",
                escaped(&case.facts)
            ));
        }
    }
    out.push_str("</testsuite>\n");
    out
}

/// As text stands in an attribute. What XML cannot hold becomes a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('?'),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_names_what_did_not_hold() {
        let good = Case::of(
            "mails[].count < 3",
            &json!({ "holds": true, "facts": [], "waited_ms": 12 }),
        );
        let bad = Case::of(
            "orders[\"1\"].state == x",
            &json!({ "holds": false, "facts": [{ "fact": "orders[\"1\"].state", "value": null }] }),
        );
        let xml = report(&[good, bad]);
        assert!(xml.contains("tests=\"2\" failures=\"1\""));
        assert!(xml.contains("name=\"mails[].count &lt; 3\" time=\"0.012\"/>"));
        assert!(xml.contains("<failure message=\"orders[&quot;1&quot;].state is nothing\"/>"));
    }
}
