//! Which licenses the device needs, in words.

use super::state::{Need, State};

pub(super) fn needs_in_words(state: &State) -> String {
    let all: Vec<String> = state
        .needs
        .iter()
        .map(|need| format!("{}={}", need.entitlement, need.quantity))
        .collect();
    if all.is_empty() {
        "no licenses".to_owned()
    } else {
        all.join(", ")
    }
}

/// Reads ENTITLEMENT[=N], each.
pub(super) fn parse_needs(words: &[String]) -> Result<Vec<Need>, String> {
    if let [word] = words
        && word == "none"
    {
        return Ok(Vec::new());
    }
    let mut needs: Vec<Need> = Vec::new();
    for word in words
        .iter()
        .flat_map(|word| word.split(','))
        .filter(|word| !word.is_empty())
    {
        let (entitlement, number) = word.split_once('=').unwrap_or((word, "1"));
        let quantity: i64 = number
            .parse()
            .ok()
            .filter(|n| (1..=1_000_000).contains(n))
            .ok_or_else(|| format!("{word}: the number is 1 to 1,000,000."))?;
        if needs.iter().any(|need| need.entitlement == entitlement) {
            return Err(format!("{entitlement} is named twice."));
        }
        needs.push(Need {
            entitlement: entitlement.to_owned(),
            quantity,
        });
    }
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_words_with_numbers() {
        let words = |all: &[&str]| parse_needs(&all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let needs = words(&["a=2", "b,c=3"]).unwrap();
        assert_eq!(
            needs
                .iter()
                .map(|n| (n.entitlement.as_str(), n.quantity))
                .collect::<Vec<_>>(),
            [("a", 2), ("b", 1), ("c", 3)]
        );
        assert!(words(&["none"]).unwrap().is_empty());
        for wrong in ["a=0", "a=x", "a=1,a=2"] {
            assert!(words(&[wrong]).is_err(), "{wrong}");
        }
    }
}
