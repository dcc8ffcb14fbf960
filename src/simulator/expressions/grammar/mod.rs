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

mod expression;
mod reader;

pub use expression::{Expression, Fact, Thing, Value};
pub use reader::LONGEST;
