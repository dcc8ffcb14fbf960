//! The tags by which existing programs know licenses and software, in the published form.

use super::all;
use crate::platform::token;

const BEGINS: &str = "regid.2017-01.com.cisco.";
const VERSION: &str = ",1.0_";

/// 32 digits in five groups, the same for the same text.
fn groups(text: &str) -> String {
    let whole = token::fingerprint(text.as_bytes());
    let cut = |from: usize, to: usize| whole.get(from..to).unwrap_or_default().to_owned();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}

fn tag(kind: &str, key: &str) -> String {
    format!("{BEGINS}{key}{VERSION}{}", groups(&format!("{kind} {key}")))
}

/// The entitlement tag of a license.
pub fn entitlement_tag(key: &str) -> String {
    tag("entitlement", key)
}

/// What programs here know the license by that has this tag. The key itself, and the license's name in the catalog, are
/// understood as well.
pub fn entitlement_of(given: &str) -> String {
    let given = given.trim();
    let inside = given
        .strip_prefix(BEGINS)
        .and_then(|rest| rest.rsplit_once(VERSION))
        .map(|(key, _)| key)
        .filter(|key| entitlement_tag(key).eq_ignore_ascii_case(given));
    if let Some(key) = inside {
        return key.to_owned();
    }
    all()
        .iter()
        .flat_map(|item| &item.entitlements)
        .find(|one| one.name == given)
        .map_or_else(|| given.to_owned(), |one| one.key.clone())
}

/// The tag of the software that a product runs.
pub fn software_tag(product: &str) -> String {
    tag("software", product)
}

/// Which product runs the software with this tag.
pub fn product_of(given: &str) -> Option<&str> {
    let (product, _) = given.trim().strip_prefix(BEGINS)?.rsplit_once(VERSION)?;
    (software_tag(product).eq_ignore_ascii_case(given.trim())).then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_license_of_the_catalog_has_a_tag_that_leads_back_to_it() {
        let mut seen = std::collections::BTreeSet::new();
        for one in all().iter().flat_map(|item| &item.entitlements) {
            let tag = entitlement_tag(&one.key);
            assert_eq!(entitlement_of(&tag), one.key);
            assert_eq!(entitlement_of(&one.key), one.key);
            assert!(tag.len() <= 255 && !tag.contains(' '), "{tag}");
            seen.insert(tag);
        }
        assert!(seen.len() > 50);
        let stale = format!("{BEGINS}c9200-ne-48{VERSION}00000000-0000-0000-0000-000000000000");
        assert_eq!(entitlement_of(&stale), stale);
        assert_eq!(product_of(&software_tag("C9200-48P-E")), Some("C9200-48P-E"));
        assert_eq!(product_of("C9200-48P-E"), None);
    }
}
