//! By what scripts know things: entitlement tags, software tags, names and numbers of Virtual Accounts, UDIs.

use super::body::Object;
use crate::authz::{Does, Permit, Within};
use crate::catalog;
use crate::devices::{Device, Udi};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::platform::token;
use crate::virtual_accounts::{self, VirtualAccount};
use serde_json::{Value, json};

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

/// The entitlement tag of a license, in the published form.
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
    catalog::all()
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

/// The Virtual Account with this name, within reach of a permit.
///
/// Some libraries write a blank in a path as they write it in a form: `+` is one where no name has it.
pub fn place<A: Does>(read: &mut dyn Reads, permit: &Permit<A>, name: &str) -> Result<VirtualAccount> {
    let mut found = virtual_accounts::named(read, permit.within(), &[name.trim()])?;
    if found.is_empty() && name.contains('+') {
        let name = name.replace('+', " ");
        found = virtual_accounts::named(read, permit.within(), &[name.trim()])?;
    }
    found.pop().ok_or(Error::NotFound)
}

/// The ids of those that are named; none for all within reach. One that is not known is not found.
pub fn places(
    read: &mut dyn Reads,
    within: &Within,
    names: &[String],
) -> Result<Option<Vec<VirtualAccountId>>> {
    if names.is_empty() {
        return Ok(None);
    }
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = virtual_accounts::named(read, within, &wanted)?;
    let mut keys: Vec<String> = names.iter().map(|name| crate::kernel::search_key(name)).collect();
    keys.sort_unstable();
    keys.dedup();
    if found.len() < keys.len() {
        return Err(Error::NotFound);
    }
    Ok(Some(found.into_iter().map(|one| one.id).collect()))
}

/// The UDI in an object with `sudi`, in either spelling.
pub fn udi(object: Object<'_>) -> Result<Udi> {
    let sudi = object.within("sudi");
    let either = |camel: &str, snake: &str| match sudi.text(camel) {
        text if text.is_empty() => sudi.text(snake),
        text => text,
    };
    let mut problems = Problems::default();
    Udi::parse(
        &either("udiPid", "udi_pid"),
        &either("udiSerialNumber", "udi_serial_number"),
        &mut problems,
    )
    .ok_or_else(|| Error::invalid("sudi", "sudi needs udiPid and udiSerialNumber."))
}

/// A device's `sudi`.
pub fn sudi(pid: &str, serial: &str, hostname: &str) -> Value {
    json!({
        "suvi": null, "uuid": null, "hostIdentifier": (!hostname.is_empty()).then_some(hostname), "udiPid": pid,
        "udiSerialNumber": serial, "udiVid": null, "macAddress": null,
    })
}

/// The same of a device.
pub fn sudi_of(device: &Device) -> Value {
    sudi(&device.pid, &device.serial, &device.hostname)
}

/// Whether a text looks like a code that a device shows.
pub fn is_code(text: &str) -> bool {
    (4..=400).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-+/=".contains(c))
}

/// How a device is called in lists.
pub fn display_name(pid: &str, serial: &str) -> String {
    format!("UDI_PID:{pid}; UDI_SN:{serial}; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_license_of_the_catalog_has_a_tag_that_leads_back_to_it() {
        let mut seen = std::collections::BTreeSet::new();
        for one in catalog::all().iter().flat_map(|item| &item.entitlements) {
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
