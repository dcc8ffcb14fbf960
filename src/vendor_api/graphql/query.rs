//! Reads a GraphQL query: as much of the language as reading needs. Fragments and directives are not taken.

use serde_json::{Map, Value};

/// So deep may a query be nested.
const DEEPEST: usize = 16;
/// So many fields it may name.
const MOST_FIELDS: usize = 2_000;

/// A field that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Under which name it is answered.
    pub key: String,
    pub name: String,
    pub arguments: Map<String, Value>,
    /// What of it is wanted; nothing of a plain value.
    pub wanted: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Mark(char),
    Name(String),
    Text(String),
    Number(serde_json::Number),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() || c == ',' || c == '\u{feff}' => {}
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '$' | '!' | '=' => found.push(Token::Mark(c)),
            '"' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        Some('"') => break,
                        Some('\\') => text.push(match rest.next() {
                            Some('n') => '\n',
                            Some('t') => '\t',
                            Some(c @ ('"' | '\\' | '/')) => c,
                            _ => return Err("A text has an escape that is not understood.".to_owned()),
                        }),
                        Some(c) => text.push(c),
                        None => return Err("A text does not end.".to_owned()),
                    }
                }
                found.push(Token::Text(text));
            }
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
            '.' => return Err("Fragments are not understood here: name the fields.".to_owned()),
            other => return Err(format!("{other:?} is not understood in a query.")),
        }
    }
    Ok(found)
}

struct Reader<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    variables: &'a Map<String, Value>,
    fields: usize,
}

impl Reader<'_> {
    fn takes(&mut self, mark: char) -> bool {
        self.tokens.next_if_eq(&Token::Mark(mark)).is_some()
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

    fn selection(&mut self, depth: usize) -> Result<Vec<Field>, String> {
        if depth > DEEPEST {
            return Err(format!("A query is nested {DEEPEST} levels deep at most."));
        }
        let mut fields = Vec::new();
        while !self.takes('}') {
            self.fields += 1;
            if self.fields > MOST_FIELDS {
                return Err(format!("A query names {MOST_FIELDS} fields at most."));
            }
            let first = self.name()?;
            let (key, name) = if self.takes(':') {
                (first, self.name()?)
            } else {
                (first.clone(), first)
            };
            let mut arguments = Map::new();
            if self.takes('(') {
                while !self.takes(')') {
                    let name = self.name()?;
                    self.needs(':')?;
                    arguments.insert(name, self.value(depth)?);
                }
            }
            let wanted = if self.takes('{') {
                self.selection(depth + 1)?
            } else {
                Vec::new()
            };
            fields.push(Field {
                key,
                name,
                arguments,
                wanted,
            });
        }
        Ok(fields)
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(format!("A value is nested {DEEPEST} levels deep at most."));
        }
        match self.tokens.next() {
            Some(Token::Mark('$')) => {
                let name = self.name()?;
                Ok(self.variables.get(&name).cloned().unwrap_or(Value::Null))
            }
            Some(Token::Mark('[')) => {
                let mut list = Vec::new();
                while !self.takes(']') {
                    list.push(self.value(depth + 1)?);
                }
                Ok(Value::Array(list))
            }
            Some(Token::Mark('{')) => {
                let mut map = Map::new();
                while !self.takes('}') {
                    let name = self.name()?;
                    self.needs(':')?;
                    map.insert(name, self.value(depth + 1)?);
                }
                Ok(Value::Object(map))
            }
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Name(name)) => Ok(match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(name),
            }),
            _ => Err("A value is missing.".to_owned()),
        }
    }
}

/// The fields that a query asks for, with its variables filled in; what is wrong with it otherwise.
pub fn read(text: &str, variables: &Map<String, Value>) -> Result<Vec<Field>, String> {
    let mut reader = Reader {
        tokens: tokens(text)?.into_iter().peekable(),
        variables,
        fields: 0,
    };
    if let Some(Token::Name(kind)) = reader.tokens.next_if(|token| matches!(token, Token::Name(_))) {
        if kind != "query" {
            return Err("Only queries are taken here.".to_owned());
        }
        let _ = reader.tokens.next_if(|token| matches!(token, Token::Name(_)));
        if reader.takes('(') {
            // Types of variables: what they hold is looked at where it is used.
            let mut open = 1_usize;
            while open > 0 {
                match reader.tokens.next() {
                    Some(Token::Mark('(')) => open += 1,
                    Some(Token::Mark(')')) => open -= 1,
                    Some(_) => {}
                    None => return Err("A ')' is missing.".to_owned()),
                }
            }
        }
    }
    reader.needs('{')?;
    let fields = reader.selection(1)?;
    match reader.tokens.next() {
        None => Ok(fields),
        Some(_) => Err("One query is taken at a time.".to_owned()),
    }
}

/// Of a value only what is wanted, under the names that were asked for; `null` for what it does not have.
pub fn project(value: &Value, wanted: &[Field]) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|one| project(one, wanted)).collect(),
        Value::Object(map) if !wanted.is_empty() => Value::Object(
            wanted
                .iter()
                .map(|field| {
                    let one = map.get(&field.name).unwrap_or(&Value::Null);
                    (field.key.clone(), project(one, &field.wanted))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_query_is_read_with_its_variables() {
        let variables = json!({ "input": { "smartAccount": { "id": 1 } } });
        let text = "query Sum($input: LicenseInput!) { a: getLicenseSummary(input: $input) { status data { product } } }";
        let fields = read(text, variables.as_object().unwrap()).unwrap();
        assert_eq!(
            (fields[0].key.as_str(), fields[0].name.as_str()),
            ("a", "getLicenseSummary")
        );
        assert_eq!(fields[0].arguments["input"]["smartAccount"]["id"], 1);
        let all = json!({ "status": "SUCCESS", "code": 200, "data": [{ "product": "x", "other": 1 }] });
        assert_eq!(
            project(&all, &fields[0].wanted),
            json!({ "status": "SUCCESS", "data": [{ "product": "x" }] })
        );
        let inline = "{ getLicenseSummary(input: { pagination: { page: 1, pageSize: 10 }, smartAccount: { id: 5, virtualAccounts: [1 2] } }) { code } }";
        let fields = read(inline, &Map::new()).unwrap();
        assert_eq!(
            fields[0].arguments["input"]["smartAccount"]["virtualAccounts"],
            json!([1, 2])
        );
        for bad in [
            "",
            "{",
            "mutation { x }",
            "{ a(",
            "{ a } { b }",
            "{ ...F }",
            "query ( { a }",
            "{ a(b: \"x) }",
        ] {
            assert!(read(bad, &Map::new()).is_err(), "{bad:?}");
        }
        assert!(read(&"{a".repeat(100), &Map::new()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_as_a_query_is_read_or_refused(text in "\\PC{0,200}|[{}()\\[\\]:$!a-z0-9\" .,-]{0,200}") {
            let _ = read(&text, &Map::new());
        }
    }
}
