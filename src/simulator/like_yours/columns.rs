//! Which columns the exports of the real portals have: those of Smart Software Manager ("Licenses", "License
//! Subscriptions", "Product Instances"), of License Central (its device export), and those of this portal.

use crate::kernel::table::{Guess, Meaning};

/// A column that its heading alone tells.
const fn named(
    key: &'static str,
    label: &'static str,
    names: &'static [&'static str],
    needed: bool,
) -> Meaning {
    Meaning {
        needed,
        ..Meaning::headed(key, label, names)
    }
}

fn is_address(cell: &str) -> bool {
    crate::kernel::EmailAddress::parse(cell).is_ok()
}

/// A table that may be given.
pub struct Kind {
    /// What forms and the API call it.
    pub key: &'static str,
    /// What pages call it.
    pub label: &'static str,
    /// What its columns mean.
    pub meanings: &'static [Meaning],
    /// What it usually holds.
    pub hint: &'static str,
}

/// Places of the meanings of Virtual Accounts.
pub mod place {
    pub const NAME: usize = 0;
    pub const DESCRIPTION: usize = 1;
    pub const WITHIN: usize = 2;
    pub const TAGS: usize = 3;
}

/// Places of the meanings of users.
pub mod user {
    pub const EMAIL: usize = 0;
    pub const NAME: usize = 1;
    pub const ROLE: usize = 2;
    pub const PLACE: usize = 3;
}

/// Places of the meanings of licenses and of subscriptions.
pub mod license {
    pub const NAME: usize = 0;
    pub const QUANTITY: usize = 1;
    pub const PLACE: usize = 2;
    pub const ENTITLEMENT: usize = 3;
    pub const BILLING: usize = 4;
    pub const STARTS: usize = 5;
    pub const ENDS: usize = 6;
    pub const SUBSCRIPTION: usize = 7;
    pub const STATUS: usize = 8;
}

/// Places of the meanings of product instances.
pub mod device {
    pub const SERIAL: usize = 0;
    pub const PID: usize = 1;
    pub const HOST: usize = 2;
    pub const PLACE: usize = 3;
    pub const PRODUCT: usize = 4;
    pub const SOFTWARE: usize = 5;
    pub const LICENSE: usize = 6;
    pub const QUANTITY: usize = 7;
}

const PLACES: &[Meaning] = &[
    named(
        "place_name",
        "name of the Virtual Account",
        &["virtual account", "virtual account name", "name"],
        true,
    ),
    named("place_description", "description", &["description"], false),
    named(
        "place_within",
        "Virtual Account above it",
        &["parent", "parent virtual account", "nested below", "within"],
        false,
    ),
    named("place_tags", "tags", &["tags", "tag"], false),
];

const USERS: &[Meaning] = &[
    Meaning {
        key: "user_email",
        label: "address",
        names: &["email", "email address", "email id", "ccoid", "user id", "user"],
        loose: &[],
        other: &[],
        looks: Some(is_address),
        guess: Guess::Cells,
        needed: true,
    },
    named(
        "user_name",
        "name of the user",
        &["name", "full name", "user name"],
        false,
    ),
    named("user_role", "role", &["role", "user role", "access"], false),
    named(
        "user_place",
        "Virtual Account of the role",
        &["virtual account", "virtual accounts", "scope"],
        false,
    ),
];

const LICENSES: &[Meaning] = &[
    named(
        "license_name",
        "license",
        &["license", "license name", "name", "licenses"],
        true,
    ),
    named(
        "license_quantity",
        "quantity",
        &[
            "purchased",
            "available to use",
            "purchased quantity",
            "quantity purchased",
            "quantity",
            "in stock",
        ],
        true,
    ),
    named(
        "license_place",
        "Virtual Account",
        &["virtual account", "virtual account name"],
        false,
    ),
    named(
        "license_entitlement",
        "entitlement",
        &["entitlement", "entitlement tag", "license tag", "tag"],
        false,
    ),
    named("license_billing", "billing", &["billing", "billing type"], false),
    named(
        "license_starts",
        "start",
        &["start date", "starts", "start"],
        false,
    ),
    named(
        "license_ends",
        "end",
        &[
            "end date",
            "expiration date",
            "expires",
            "term ends",
            "ends",
            "end",
        ],
        false,
    ),
    named(
        "license_subscription",
        "subscription",
        &["subscription id", "subscription"],
        false,
    ),
    named("license_status", "status", &["status"], false),
];

const SUBSCRIPTIONS: &[Meaning] = &[
    named(
        "subscription_name",
        "license of the subscription",
        &["license", "license name", "product", "name"],
        true,
    ),
    named(
        "subscription_quantity",
        "quantity of the subscription",
        &["quantity", "purchased"],
        true,
    ),
    named(
        "subscription_place",
        "Virtual Account",
        &["virtual account", "virtual account name"],
        false,
    ),
    named(
        "subscription_entitlement",
        "entitlement",
        &["entitlement", "entitlement tag", "tag"],
        false,
    ),
    named(
        "subscription_billing",
        "billing",
        &["billing", "billing type"],
        false,
    ),
    named(
        "subscription_starts",
        "start",
        &["start date", "starts", "start"],
        false,
    ),
    named(
        "subscription_ends",
        "end",
        &["end date", "expiration date", "expires", "ends", "end"],
        false,
    ),
    named(
        "subscription_id",
        "subscription",
        &["subscription id", "subscription"],
        false,
    ),
    named("subscription_status", "status", &["status"], false),
];

const DEVICES: &[Meaning] = &[
    named(
        "device_serial",
        "serial number",
        &[
            "serial number",
            "device identifier 1 value",
            "serial",
            "sn",
            "udi serial number",
        ],
        true,
    ),
    named(
        "device_pid",
        "product id",
        &["product number", "product id", "pid", "udi pid"],
        false,
    ),
    named(
        "device_host",
        "host name",
        &["host name", "hostname", "device name", "name", "product instance"],
        false,
    ),
    named(
        "device_place",
        "Virtual Account",
        &["virtual account", "virtual account name"],
        false,
    ),
    named(
        "device_product",
        "product",
        &["product type", "product", "product family"],
        false,
    ),
    named(
        "device_software",
        "software",
        &["software", "software version", "version"],
        false,
    ),
    named(
        "device_license",
        "license in use",
        &["license", "licenses", "license name", "entitlement"],
        false,
    ),
    named(
        "device_quantity",
        "quantity in use",
        &["quantity", "in use", "count"],
        false,
    ),
];

/// The tables, in the order in which they are read.
pub const KINDS: [Kind; 5] = [
    Kind {
        key: "virtual_accounts",
        label: "Virtual Accounts",
        meanings: PLACES,
        hint: "Name, description, the one above, tags.",
    },
    Kind {
        key: "users",
        label: "Users",
        meanings: USERS,
        hint: "Address, name, role, Virtual Account.",
    },
    Kind {
        key: "licenses",
        label: "Licenses",
        meanings: LICENSES,
        hint: "License, purchased quantity, Virtual Account, end.",
    },
    Kind {
        key: "subscriptions",
        label: "Subscriptions",
        meanings: SUBSCRIPTIONS,
        hint: "Subscription ID, license, quantity, start and end, status.",
    },
    Kind {
        key: "product_instances",
        label: "Product instances",
        meanings: DEVICES,
        hint: "Serial number, product number, host name, Virtual Account; a row for each license in use.",
    },
];
