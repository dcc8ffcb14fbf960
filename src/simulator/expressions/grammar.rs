//! What a script may ask about the state of a portal, as a small language:
//!
//! ```text
//! expression = all { "or" all }
//! all        = one { "and" one }
//! one        = "not" one | "(" expression ")" | fact operator value
//! fact       = thing "[" key "]" "." field
//! operator   = "==" | "!=" | "<" | "<=" | ">" | ">=" | "contains"
//! value      = whole number | "text" | word | "nothing"
//! ```
//!
//! It is parsed and looked up, and never more than that: no arithmetic, no variables, no calls.

use crate::error::{Error, Result};
use std::iter::Peekable;
use std::str::CharIndices;

/// Characters of an expression at most.
pub const LONGEST: usize = 1000;
/// Brackets and "not" within one another at most.
const DEEPEST: usize = 16;
/// Facts of an expression at most: each is a query.
const MOST_FACTS: usize = 20;

crate::words! {
    /// What one can ask about.
    pub enum Thing {
        /// A license in a Virtual Account.
        Licenses = "licenses", "A license: Smart Account, Virtual Account and license";
        /// A product instance.
        Devices = "devices", "A product instance: its host name or serial number";
        /// An order.
        Orders = "orders", "An order: its number";
        /// A request for access or for a Smart Account.
        Requests = "requests", "A request: its number";
        /// A Smart Account or a local account.
        Accounts = "accounts", "An account: its domain or name";
        /// Events of a kind, or all.
        Events = "events", "Events of a kind, or of all kinds";
        /// Letters to an address, or all.
        Mails = "mails", "Letters to an address, or all";
        /// Deliveries of a webhook.
        Webhooks = "webhooks", "A webhook: its name";
    }
}

impl Thing {
    /// Its fields, and whether they are numbers.
    pub const fn fields(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Licenses => &[
                ("purchased", true),
                ("reserved", true),
                ("in_use", true),
                ("balance", true),
            ],
            Self::Devices => &[("state", false), ("virtual_account", false), ("licenses", true)],
            Self::Orders => &[("state", false), ("status", false), ("lines", true)],
            Self::Requests | Self::Accounts => &[("state", false)],
            Self::Events => &[("count", true), ("message", false)],
            Self::Mails => &[("count", true), ("subject", false)],
            Self::Webhooks => &[("waiting", true), ("delivered", true), ("given_up", true)],
        }
    }

    /// What stands in the brackets, as an example.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Licenses => "licenses[xyz.example/DEFAULT/c9200-ne-48].balance",
            Self::Devices => "devices[branch-switch-1].state",
            Self::Orders => "orders[118402977].state",
            Self::Requests => "requests[AR-2026-00001].state",
            Self::Accounts => "accounts[harborview.example].state",
            Self::Events => "events[licenses.out-of-compliance].count",
            Self::Mails => "mails[ada@xyz.example].count",
            Self::Webhooks => "webhooks[CI].delivered",
        }
    }
}

/// What is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// About what.
    pub thing: Thing,
    /// About which of them.
    pub key: String,
    /// Which of its fields.
    pub field: &'static str,
    is_number: bool,
}

impl std::fmt::Display for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}].{}", self.thing.word(), self.key, self.field)
    }
}

/// A value, looked up or written down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// There is no such thing.
    Nothing,
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `contains`, whatever the case of the letters
    Contains,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("==", Operator::Is),
    ("!=", Operator::IsNot),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
];

impl Operator {
    /// Compares what was looked up with what was written down.
    fn holds(self, left: &Value, right: &Value) -> bool {
        use Value::{Number, Text};
        match (self, left, right) {
            (Self::Is, a, b) => a == b,
            (Self::IsNot, a, b) => a != b,
            (Self::Less, Number(a), Number(b)) => a < b,
            (Self::AtMost, Number(a), Number(b)) => a <= b,
            (Self::More, Number(a), Number(b)) => a > b,
            (Self::AtLeast, Number(a), Number(b)) => a >= b,
            (Self::Contains, Text(a), Text(b)) => a.to_lowercase().contains(&b.to_lowercase()),
            // Of what is not there nothing else can be said.
            _ => false,
        }
    }
}

/// An expression that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One of them holds.
    Any(Vec<Self>),
    /// All of them hold.
    All(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A fact compared with a value.
    Compared(Fact, Operator, Value),
}

impl Expression {
    /// Reads one; says where it cannot be understood, and what would be.
    pub fn parse(text: &str) -> Result<Self> {
        if text.chars().count() > LONGEST {
            return Err(Error::invalid(
                "expression",
                format!("Use at most {LONGEST} characters."),
            ));
        }
        let mut reader = Reader {
            text,
            rest: text.char_indices().peekable(),
            facts: 0,
        };
        let read = reader.any(0).and_then(|expression| {
            reader.skip();
            match reader.rest.peek() {
                None => Ok(expression),
                Some(_) => {
                    Err(reader.wrong("Join expressions by \u{201c}and\u{201d} or \u{201c}or\u{201d}."))
                }
            }
        });
        read.map_err(|says| Error::invalid("expression", says))
    }

    /// The facts that it compares, in order.
    pub fn facts(&self) -> Vec<&Fact> {
        match self {
            Self::Any(some) | Self::All(some) => some.iter().flat_map(Self::facts).collect(),
            Self::Not(one) => one.facts(),
            Self::Compared(fact, ..) => vec![fact],
        }
    }

    /// Whether it holds, when these are the values of its facts.
    pub fn holds(&self, value: &impl Fn(&Fact) -> Value) -> bool {
        match self {
            Self::Any(some) => some.iter().any(|one| one.holds(value)),
            Self::All(some) => some.iter().all(|one| one.holds(value)),
            Self::Not(one) => !one.holds(value),
            Self::Compared(fact, operator, with) => operator.holds(&value(fact), with),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    facts: usize,
}

type Read<T> = std::result::Result<T, String>;

impl Reader<'_> {
    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    /// What is wrong at this place.
    fn wrong(&mut self, says: &str) -> String {
        let at = self.at();
        let before = self.text.get(..at).unwrap_or_default().chars().count();
        let here: String = self.text.get(at..).unwrap_or_default().chars().take(12).collect();
        if here.is_empty() {
            format!("It ends too soon. {says}")
        } else {
            format!("At character {}, \u{201c}{here}\u{201d}: {says}", before + 1)
        }
    }

    fn skip(&mut self) {
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

    fn any(&mut self, depth: usize) -> Read<Expression> {
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
