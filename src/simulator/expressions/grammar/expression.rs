//! What an expression is made of.

use super::reader::{LONGEST, Reader};
use crate::error::{Error, Result};

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
            Self::Requests => &[("state", false)],
            Self::Accounts => &[("state", false), ("pending", false)],
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
    pub(super) is_number: bool,
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

pub(super) const OPERATORS: &[(&str, Operator)] = &[
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
