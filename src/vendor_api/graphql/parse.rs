//! How a GraphQL text is written: operations with variables and their defaults, selections, fragments, directives.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// So deep may a query be nested.
pub const DEEPEST: usize = 16;
/// So many fields it may name, fragments written out.
pub const MOST_FIELDS: usize = 2_000;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Mark(char),
    /// `...`
    Spread,
    Name(String),
    Text(String),
    Number(serde_json::Number),
}

/// A value as it is written: variables are filled in when the whole query has been read.
#[derive(Debug, Clone)]
pub enum Said {
    Plain(Value),
    Variable(String),
    List(Vec<Said>),
    Object(Vec<(String, Said)>),
}

impl Said {
    /// The value itself.
    pub fn fill(&self, variables: &Map<String, Value>) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Variable(name) => variables.get(name).cloned().unwrap_or(Value::Null),
            Self::List(list) => list.iter().map(|one| one.fill(variables)).collect(),
            Self::Object(map) => Value::Object(
                map.iter()
                    .map(|(name, one)| (name.clone(), one.fill(variables)))
                    .collect(),
            ),
        }
    }
}

/// `@include` (true) or `@skip` (false), with its condition.
pub type When = (bool, Said);

/// A part of a selection.
#[derive(Debug)]
pub struct Part {
    pub when: Vec<When>,
    pub what: What,
}

/// What stands there.
#[derive(Debug)]
pub enum What {
    Field {
        key: String,
        name: String,
        arguments: Vec<(String, Said)>,
        wanted: Vec<Part>,
    },
    /// A fragment by its name.
    Named(String),
    /// A fragment on the spot.
    Inline(Vec<Part>),
}

/// An operation: its name, its variables (with defaults, and whether they must be given), and what it selects.
#[derive(Debug)]
pub struct Operation {
    pub kind: String,
    pub name: String,
    pub variables: Vec<(String, Option<Said>, bool)>,
    pub parts: Vec<Part>,
}

fn text_of(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    const ENDLESS: &str = "A text does not end.";
    let mut text = String::new();
    if rest.next_if_eq(&'"').is_some() {
        if rest.next_if_eq(&'"').is_none() {
            return Ok(text);
        }
        // A text of several lines ends with three of them.
        loop {
            text.push(rest.next().ok_or(ENDLESS)?);
            if text.ends_with("\\\"\"\"") {
                text.truncate(text.len() - 4);
                text.push_str("\"\"\"");
            } else if text.ends_with("\"\"\"") {
                text.truncate(text.len() - 3);
                return Ok(text.trim().to_owned());
            }
        }
    }
    loop {
        match rest.next().ok_or(ENDLESS)? {
            '"' => return Ok(text),
            '\\' => text.push(match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(c @ ('"' | '\\' | '/')) => c,
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32)
                        .ok_or("A text has an escape that is not understood.")?
                }
                _ => return Err("A text has an escape that is not understood.".to_owned()),
            }),
            '\n' => return Err(ENDLESS.to_owned()),
            c => text.push(c),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() || c == ',' || c == '\u{feff}' => {}
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '$' | '!' | '=' | '@' => found.push(Token::Mark(c)),
            '"' => found.push(Token::Text(text_of(&mut rest)?)),
            c if c == '-' || c.is_ascii_digit() => {
                let mut text = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || "+-.eE".contains(*c)) {
                    text.push(c);
                }
                let number = text.parse().map_err(|_| format!("{text} is no number."))?;
                found.push(Token::Number(number));
            }
            c if c == '_' || c.is_ascii_alphabetic() => {
                let mut name = c.to_string();
                while let Some(c) = rest.next_if(|c| *c == '_' || c.is_ascii_alphanumeric()) {
                    name.push(c);
                }
                found.push(Token::Name(name));
            }
            '.' if rest.next() == Some('.') && rest.next() == Some('.') => found.push(Token::Spread),
            other => return Err(format!("{other:?} is not understood in a query.")),
        }
    }
    Ok(found)
}

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl Reader {
    fn takes(&mut self, mark: char) -> bool {
        self.tokens.next_if_eq(&Token::Mark(mark)).is_some()
    }
    fn takes_word(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Name(name) if name == word))
            .is_some()
    }
    fn needs(&mut self, mark: char) -> Result<(), String> {
        if self.takes(mark) {
            Ok(())
        } else {
            Err(format!("A {mark:?} is missing."))
        }
    }
    fn name(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            _ => Err("A name is missing.".to_owned()),
        }
    }

    /// Names with values, up to this mark.
    fn pairs(&mut self, end: char, depth: usize) -> Result<Vec<(String, Said)>, String> {
        let mut pairs = Vec::new();
        while !self.takes(end) {
            let name = self.name()?;
            self.needs(':')?;
            pairs.push((name, self.value(depth)?));
        }
        Ok(pairs)
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<(String, Said)>, String> {
        if self.takes('(') {
            self.pairs(')', depth)
        } else {
            Ok(Vec::new())
        }
    }

    /// Directives; those that are not known say nothing here.
    fn directives(&mut self, depth: usize) -> Result<Vec<When>, String> {
        let mut all = Vec::new();
        while self.takes('@') {
            let name = self.name()?;
            let mut arguments = self.arguments(depth)?;
            let condition = arguments.iter().position(|(name, _)| name == "if");
            if let ("include" | "skip", Some(at)) = (name.as_str(), condition) {
                all.push((name == "include", arguments.swap_remove(at).1));
            }
        }
        Ok(all)
    }

    fn selection(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        if depth > DEEPEST {
            return Err(format!("A query is nested {DEEPEST} levels deep at most."));
        }
        let mut parts = Vec::new();
        while !self.takes('}') {
            parts.push(self.part(depth)?);
            if parts.len() > MOST_FIELDS {
                return Err(format!("A query names {MOST_FIELDS} fields at most."));
            }
        }
        Ok(parts)
    }

    fn part(&mut self, depth: usize) -> Result<Part, String> {
        if self.tokens.next_if_eq(&Token::Spread).is_some() {
            let name = match self.tokens.next_if(|token| matches!(token, Token::Name(_))) {
                Some(Token::Name(word)) if word == "on" => {
                    self.name()?;
                    None
                }
                Some(Token::Name(name)) => Some(name),
                _ => None,
            };
            let when = self.directives(depth)?;
            let what = match name {
                Some(name) => What::Named(name),
                None => {
                    self.needs('{')?;
                    What::Inline(self.selection(depth + 1)?)
                }
            };
            return Ok(Part { when, what });
        }
        let first = self.name()?;
        let (key, name) = if self.takes(':') {
            (first, self.name()?)
        } else {
            (first.clone(), first)
        };
        let arguments = self.arguments(depth)?;
        let when = self.directives(depth)?;
        let wanted = if self.takes('{') {
            self.selection(depth + 1)?
        } else {
            Vec::new()
        };
        Ok(Part {
            when,
            what: What::Field {
                key,
                name,
                arguments,
                wanted,
            },
        })
    }

    fn value(&mut self, depth: usize) -> Result<Said, String> {
        if depth > DEEPEST {
            return Err(format!("A value is nested {DEEPEST} levels deep at most."));
        }
        match self.tokens.next() {
            Some(Token::Mark('$')) => Ok(Said::Variable(self.name()?)),
            Some(Token::Mark('[')) => {
                let mut list = Vec::new();
                while !self.takes(']') {
                    list.push(self.value(depth + 1)?);
                }
                Ok(Said::List(list))
            }
            Some(Token::Mark('{')) => Ok(Said::Object(self.pairs('}', depth + 1)?)),
            Some(Token::Text(text)) => Ok(Said::Plain(Value::String(text))),
            Some(Token::Number(number)) => Ok(Said::Plain(Value::Number(number))),
            Some(Token::Name(name)) => Ok(Said::Plain(match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(name),
            })),
            _ => Err("A value is missing.".to_owned()),
        }
    }

    /// A type; whether it must be given.
    fn kind(&mut self, depth: usize) -> Result<bool, String> {
        if depth > DEEPEST {
            return Err(format!("A type is nested {DEEPEST} levels deep at most."));
        }
        if self.takes('[') {
            self.kind(depth + 1)?;
            self.needs(']')?;
        } else {
            self.name()?;
        }
        Ok(self.takes('!'))
    }

    fn variables(&mut self) -> Result<Vec<(String, Option<Said>, bool)>, String> {
        let mut all = Vec::new();
        if !self.takes('(') {
            return Ok(all);
        }
        while !self.takes(')') {
            self.needs('$')?;
            let name = self.name()?;
            self.needs(':')?;
            let needed = self.kind(1)?;
            let usual = if self.takes('=') {
                Some(self.value(1)?)
            } else {
                None
            };
            self.directives(1)?;
            all.push((name, usual, needed));
        }
        Ok(all)
    }

    fn operation(&mut self) -> Result<Operation, String> {
        let kind = match self.tokens.next_if(|token| matches!(token, Token::Name(_))) {
            Some(Token::Name(kind)) => kind,
            _ => "query".to_owned(),
        };
        let name = match self.tokens.next_if(|token| matches!(token, Token::Name(_))) {
            Some(Token::Name(name)) => name,
            _ => String::new(),
        };
        let variables = self.variables()?;
        self.directives(1)?;
        self.needs('{')?;
        Ok(Operation {
            kind,
            name,
            variables,
            parts: self.selection(1)?,
        })
    }
}

/// The operations of a text, and its fragments by their names.
pub fn document(text: &str) -> Result<(Vec<Operation>, HashMap<String, Vec<Part>>), String> {
    let mut reader = Reader {
        tokens: tokens(text)?.into_iter().peekable(),
    };
    let (mut operations, mut fragments) = (Vec::new(), HashMap::new());
    while reader.tokens.peek().is_some() {
        if reader.takes_word("fragment") {
            let name = reader.name()?;
            if !reader.takes_word("on") {
                return Err(format!("The fragment {name} does not say on which type it is."));
            }
            reader.name()?;
            reader.directives(1)?;
            reader.needs('{')?;
            fragments.insert(name, reader.selection(1)?);
        } else {
            operations.push(reader.operation()?);
        }
    }
    Ok((operations, fragments))
}
