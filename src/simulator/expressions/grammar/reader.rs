//! Reading an expression.

use super::expression::{Expression, Fact, OPERATORS, Operator, Thing, Value};
use std::iter::Peekable;
use std::str::CharIndices;

/// Characters of an expression at most.
pub const LONGEST: usize = 1000;

/// Brackets and "not" within one another at most.
const DEEPEST: usize = 16;

/// Facts of an expression at most: each is a query.
const MOST_FACTS: usize = 20;

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) rest: Peekable<CharIndices<'a>>,
    pub(super) facts: usize,
}

type Read<T> = std::result::Result<T, String>;

impl Reader<'_> {
    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    /// What is wrong at this place.
    pub(super) fn wrong(&mut self, says: &str) -> String {
        let at = self.at();
        let before = self.text.get(..at).unwrap_or_default().chars().count();
        let here: String = self.text.get(at..).unwrap_or_default().chars().take(12).collect();
        if here.is_empty() {
            format!("It ends too soon. {says}")
        } else {
            format!("At character {}, \u{201c}{here}\u{201d}: {says}", before + 1)
        }
    }

    pub(super) fn skip(&mut self) {
        while self.rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    /// Takes these characters, if they come next.
    fn takes(&mut self, wanted: &str) -> bool {
        self.skip();
        let at = self.at();
        let comes = self.text.get(at..).is_some_and(|rest| rest.starts_with(wanted));
        if comes {
            for _ in wanted.chars() {
                self.rest.next();
            }
        }
        comes
    }

    /// Letters, digits, `_`, `-` and `.`; empty when none comes. `.` ends it where a field follows.
    fn word(&mut self) -> String {
        self.skip();
        let mut word = String::new();
        while let Some((_, c)) = self
            .rest
            .next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-'))
        {
            word.push(c);
        }
        word
    }

    /// Takes this word, if it comes next and does not go on.
    fn takes_word(&mut self, wanted: &str) -> bool {
        self.skip();
        let before = self.rest.clone();
        if self.word() == wanted {
            return true;
        }
        self.rest = before;
        false
    }

    pub(super) fn any(&mut self, depth: usize) -> Read<Expression> {
        let mut some = vec![self.all(depth)?];
        while self.takes_word("or") {
            some.push(self.all(depth)?);
        }
        Ok(match some.pop() {
            Some(one) if some.is_empty() => one,
            last => Expression::Any(some.into_iter().chain(last).collect()),
        })
    }

    fn all(&mut self, depth: usize) -> Read<Expression> {
        let mut some = vec![self.one(depth)?];
        while self.takes_word("and") {
            some.push(self.one(depth)?);
        }
        Ok(match some.pop() {
            Some(one) if some.is_empty() => one,
            last => Expression::All(some.into_iter().chain(last).collect()),
        })
    }

    fn one(&mut self, depth: usize) -> Read<Expression> {
        if depth > DEEPEST {
            return Err(self.wrong("This lies too deep within brackets."));
        }
        if self.takes_word("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return if self.takes(")") {
                Ok(inner)
            } else {
                Err(self.wrong("Close the bracket: )"))
            };
        }
        let fact = self.fact()?;
        let operator = self.operator(&fact)?;
        let value = self.value(&fact, operator)?;
        Ok(Expression::Compared(fact, operator, value))
    }

    fn fact(&mut self) -> Read<Fact> {
        self.skip();
        let before = self.rest.clone();
        let Ok(thing) = self.word().parse::<Thing>() else {
            self.rest = before;
            let known: Vec<&str> = Thing::ALL.iter().map(|thing| thing.word()).collect();
            return Err(self.wrong(&format!("Ask about one of: {}.", known.join(", "))));
        };
        self.facts += 1;
        if self.facts > MOST_FACTS {
            return Err(format!("Compare at most {MOST_FACTS} facts."));
        }
        if !self.takes("[") {
            return Err(self.wrong(&format!("Say which, as in {}.", thing.example())));
        }
        let mut key = String::new();
        while let Some((_, c)) = self.rest.next_if(|(_, c)| *c != ']') {
            key.push(c);
        }
        if !self.takes("]") {
            return Err(self.wrong("Close the bracket: ]"));
        }
        let key = key.trim().to_owned();
        if key.is_empty() && !matches!(thing, Thing::Events | Thing::Mails) {
            return Err(self.wrong(&format!("Say which, as in {}.", thing.example())));
        }
        if !self.takes(".") {
            return Err(self.wrong(&format!("Name a field, as in {}.", thing.example())));
        }
        let before = self.rest.clone();
        let name = self.word();
        let Some((field, is_number)) = thing.fields().iter().find(|(field, _)| *field == name) else {
            self.rest = before;
            let known: Vec<&str> = thing.fields().iter().map(|(field, _)| *field).collect();
            return Err(self.wrong(&format!(
                "The fields of {thing} are: {}.",
                known.join(", "),
                thing = thing.word()
            )));
        };
        Ok(Fact {
            thing,
            key,
            field,
            is_number: *is_number,
        })
    }

    fn operator(&mut self, fact: &Fact) -> Read<Operator> {
        let before = self.rest.clone();
        let found = if self.takes_word("contains") {
            Some(Operator::Contains)
        } else {
            OPERATORS
                .iter()
                .find_map(|(sign, operator)| self.takes(sign).then_some(*operator))
        };
        let fits = match found {
            Some(Operator::Is | Operator::IsNot) => true,
            Some(Operator::Contains) => !fact.is_number,
            Some(_) => fact.is_number,
            None => false,
        };
        match found.filter(|_| fits) {
            Some(operator) => Ok(operator),
            None => {
                self.rest = before;
                self.skip();
                let these = if fact.is_number {
                    "==, !=, <, <=, > or >="
                } else {
                    "==, != or contains"
                };
                Err(self.wrong(&format!("Compare {} by {these}.", fact.field)))
            }
        }
    }

    fn value(&mut self, fact: &Fact, operator: Operator) -> Read<Value> {
        let before = {
            self.skip();
            self.rest.clone()
        };
        let value = if self.takes("\"") {
            let mut text = String::new();
            while let Some((_, c)) = self.rest.next_if(|(_, c)| *c != '"') {
                text.push(c);
            }
            if !self.takes("\"") {
                return Err(self.wrong("Close the text: \""));
            }
            Some(Value::Text(text))
        } else {
            let word = self.word();
            match word.as_str() {
                "" | "and" | "or" | "not" => None,
                "nothing" => Some(Value::Nothing),
                _ if fact.is_number => word.parse().ok().map(Value::Number),
                _ => Some(Value::Text(word)),
            }
        };
        let fits = match &value {
            Some(Value::Nothing) => matches!(operator, Operator::Is | Operator::IsNot),
            Some(Value::Number(_)) => fact.is_number,
            Some(Value::Text(_)) => !fact.is_number,
            None => false,
        };
        match value.filter(|_| fits) {
            Some(value) => Ok(value),
            None => {
                self.rest = before;
                let these = if fact.is_number {
                    "a whole number"
                } else {
                    "a word, or a text in quotation marks"
                };
                Err(self.wrong(&format!("Compare {} with {these}.", fact.field)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use proptest::prelude::*;

    fn complaint(text: &str) -> String {
        match Expression::parse(text) {
            Err(Error::Invalid(problems)) => problems.list()[0].says.clone(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn holds(text: &str, value: Value) -> bool {
        Expression::parse(text).unwrap().holds(&|_| value.clone())
    }

    #[test]
    fn what_is_documented_is_understood() {
        for thing in Thing::ALL {
            assert!(Expression::parse(&format!("{} != nothing", thing.example())).is_ok());
        }
        let two = Expression::parse(
            "licenses[xyz.example/DEFAULT/c9200-ne-48].balance == -3 and not (mails[].count < 2 or devices[a b].state == silent)",
        )
        .unwrap();
        let facts: Vec<String> = two.facts().iter().map(ToString::to_string).collect();
        assert_eq!(
            facts,
            [
                "licenses[xyz.example/DEFAULT/c9200-ne-48].balance",
                "mails[].count",
                "devices[a b].state"
            ]
        );
    }

    #[test]
    fn values_are_compared_and_of_what_is_not_there_little_is_true() {
        assert!(holds("mails[].count >= 2", Value::Number(2)));
        assert!(!holds("mails[].count > 2", Value::Number(2)));
        assert!(holds(
            "orders[1].state == assigned",
            Value::Text("assigned".into())
        ));
        assert!(holds(
            "events[].message contains \"SHORT of\"",
            Value::Text("Now short of 3.".into())
        ));
        assert!(holds("orders[1].state == nothing", Value::Nothing));
        assert!(holds("orders[1].state != assigned", Value::Nothing));
        assert!(!holds("mails[].count < 2", Value::Nothing));
        assert!(holds(
            "not mails[].count < 2 or mails[].count == 7",
            Value::Nothing
        ));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, says) in [
            ("", "It ends too soon. Ask about one of: licenses, devices"),
            (
                "cats[1].state == x",
                "At character 1, “cats[1].stat”: Ask about one of",
            ),
            ("orders.state == x", "At character 7, “.state == x”: Say which"),
            ("orders[].state == x", "Say which"),
            (
                "orders[1].colour == x",
                "At character 11, “colour == x”: The fields of orders are: state",
            ),
            (
                "orders[1].state < x",
                "At character 17, “< x”: Compare state by ==, !=",
            ),
            (
                "orders[1].lines == many",
                "At character 20, “many”: Compare lines with a whole number.",
            ),
            ("orders[1].lines == 1 2", "At character 22, “2”: Join expressions"),
            ("(orders[1].lines == 1", "It ends too soon. Close the bracket: )"),
            ("orders[1.lines == 1", "It ends too soon. Close the bracket: ]"),
            ("orders[1].state == \"x", "It ends too soon. Close the text"),
            ("orders[1].lines < nothing", "Compare lines with a whole number."),
            ("orders[1].lines == 1 and", "It ends too soon. Ask about one of"),
        ] {
            let said = complaint(text);
            assert!(said.contains(says), "{text}: {said}");
        }
        assert!(complaint(&"(".repeat(100)).contains("too deep"));
        assert!(complaint(&"not ".repeat(100)).contains("too deep"));
        assert!(complaint(&"x".repeat(1001)).contains("at most 1000"));
        let many = vec!["mails[].count == 1"; 21].join(" or ");
        assert!(complaint(&many).contains("at most 20 facts"));
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "\\PC{0,80}") {
            let _ = Expression::parse(&text);
        }

        #[test]
        fn nor_do_its_own_words_in_any_order(words in proptest::collection::vec(
            prop_oneof![
                Just("licenses"), Just("["), Just("]"), Just("."), Just("balance"), Just("=="), Just("and"), Just("or"),
                Just("not"), Just("("), Just(")"), Just("7"), Just("-"), Just("\""), Just("nothing"), Just(" "), Just("é"),
                Just("mails[].count > 1"), Just("contains"),
            ],
            0..60,
        )) {
            if let Ok(expression) = Expression::parse(&words.concat()) {
                let _ = expression.holds(&|_| Value::Nothing);
            }
        }
    }
}
