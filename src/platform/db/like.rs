//! Searching, the same on both databases.

/// The pattern "contains this text" for a column that holds a search key. Use with `.like(..).escape('\\')`.
pub fn contains(typed: &str) -> String {
    let mut pattern = String::from("%");
    for c in crate::kernel::search_key(typed).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_typed_is_no_pattern() {
        assert_eq!(super::contains(r"50%_\A"), r"%50\%\_\\a%");
    }
}
