//! By what scripts know things: entitlement tags, software tags, names and numbers of Virtual Accounts, UDIs.

use super::body::Object;
use crate::authz::{Does, Permit, Within};
use crate::devices::{Device, Udi};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts::{self, VirtualAccount};
use serde_json::{Value, json};

pub use crate::catalog::{entitlement_of, entitlement_tag, product_of, software_tag};

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
