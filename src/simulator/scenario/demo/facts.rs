//! The companies of the demo, and what they ask for and hold.

use super::cast::{JUNE, ROSA};
use crate::authz::Role;
use crate::smart_accounts::Visibility;

/// Name, domain, visibility, headquarters, days since it became Active.
pub(super) type Company = (&'static str, &'static str, Visibility, &'static str, i64);

pub(super) const XYZ: Company = (
    "XYZ COMPANY",
    "xyz.example",
    Visibility::Unrestricted,
    "1200 Harbor Street\nSuite 400\nSpringfield, OR 97477\nUnited States",
    372,
);

pub(super) const BRAMWELL: Company = (
    "Bramwell Distribution",
    "bramwell.example",
    Visibility::Unrestricted,
    "8 Canal Wharf\nLeeds LS11 5PS\nUnited Kingdom",
    340,
);

pub(super) const HARBORVIEW: Company = (
    "Harborview Clinics",
    "harborview.example",
    Visibility::Restricted,
    "77 Lakeside Avenue\nBurlington, VT 05401\nUnited States",
    210,
);

/// What became of a request that Pat sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// The customer created the account, so many days ago.
    Approved(i64),
    /// The Domain approver said no, so many days ago, for this reason.
    Denied(i64, &'static str),
    /// Pat took it back, so many days ago.
    Withdrawn(i64),
    /// It waits.
    Open,
}

/// A request: name, domain, Account creator, note to the approver, note to the customer, days since it was sent.
pub(super) type Asked = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
    Fate,
);

/// What Pat asked for, the oldest first.
pub(super) const REQUESTS: &[Asked] = &[
    (
        "Orchard Lane Schools",
        "orchardlane.example",
        "head.office@orchardlane.example",
        "",
        "Your licenses need a Smart Account. Please create it.",
        121,
        Fate::Withdrawn(120),
    ),
    (
        "Bluewater Marine",
        "bluewater.example",
        "chandler@harbormail.example",
        "The customer uses a mail provider; the domain is theirs.",
        "",
        91,
        Fate::Denied(
            89,
            "The domain belongs to another company. Ask the customer for the domain of their own organization.",
        ),
    ),
    (
        "Fairwater Foods",
        "fairwater.example",
        JUNE,
        "",
        "Welcome to your Smart Account. The licenses of your order follow as soon as it is there.",
        46,
        Fate::Approved(44),
    ),
    (
        "Meridian Labs",
        "meridianlabs.example",
        "it.lead@meridianlabs.example",
        "",
        "Please create the account so that your order can be assigned to it.",
        2,
        Fate::Open,
    ),
    (
        "Kestrel Freight",
        "kestrelfreight.example",
        "operations@kestrel-group.example",
        "Kestrel Freight and Kestrel Group are one company; the customer confirmed the domain by phone.",
        "",
        1,
        Fate::Open,
    ),
];

/// What became of a request for access to XYZ COMPANY.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// Somebody gave what was asked, so many days ago.
    Approved(&'static str, i64),
    /// Ada said no, so many days ago, for this reason.
    Declined(i64, &'static str),
    /// The requester took it back, so many days ago.
    Withdrawn(i64),
    /// It waits.
    Open,
}

/// A request for access: who, role, name of a Virtual Account or "" for all, note, days since it was sent.
pub(super) type Wanted = (&'static str, Role, &'static str, &'static str, i64, Answer);

/// Who asked for access to XYZ COMPANY, the oldest first.
pub(super) const WANTED: &[Wanted] = &[
    (
        ROSA,
        Role::VirtualUser,
        "Corporate Network Devices",
        "I joined the network team in Springfield.",
        149,
        Answer::Approved("dan@xyz.example", 148),
    ),
    (
        "pat@bramwell.example",
        Role::AccountUser,
        "",
        "To look after the licenses that we sold you.",
        96,
        Answer::Declined(95, "Partners see their orders in their own Smart Account."),
    ),
    (JUNE, Role::AccountViewer, "", "", 40, Answer::Withdrawn(39)),
    (
        "vera@xyz.example",
        Role::AccountUser,
        "",
        "I take over the license transfers from Cy next month.",
        5,
        Answer::Open,
    ),
    (
        "noa@newcomer.example",
        Role::VirtualViewer,
        "Public Network Devices",
        "We audit the guest networks this quarter.",
        2,
        Answer::Open,
    ),
    (
        "pat@bramwell.example",
        Role::VirtualUser,
        "Corporate Network Devices",
        "We replace the switches on the third floor and register them for you.",
        1,
        Answer::Open,
    ),
];

/// License tags of XYZ COMPANY: Virtual Account, entitlements, tags.
type Tagging = (&'static str, &'static [&'static str], &'static [&'static str]);

pub(super) const LICENSE_TAGS: &[Tagging] = &[
    (
        "Corporate Network Devices",
        &["c9300-na-48", "c9300-dna-a-48", "c9500-na-48y", "c9500-dna-a-48y"],
        &["Campus core"],
    ),
    (
        "Corporate Network Devices",
        &["c9200-ne-24", "c9200-dna-e-24"],
        &["Refresh 2027", "Cost center 4100"],
    ),
    (
        "Public Network Devices",
        &["air-na", "air-dna-a"],
        &["Cost center 4200"],
    ),
];

/// A Virtual Account: name, description, tags, the one above it, days since it was created.
type Division = (
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    i64,
);

/// The Virtual Accounts of XYZ COMPANY beside DEFAULT. One is named after the one above it.
pub(super) const DIVISIONS: &[Division] = &[
    (
        "Corporate Network Devices",
        "Switches, routers and wireless of the offices.",
        &["Offices", "Campus"],
        None,
        370,
    ),
    (
        "Public Network Devices",
        "What guests and the public reach.",
        &["Guest access", "DMZ"],
        None,
        369,
    ),
    (
        "Local-Virtual-Account",
        "Served by the On-Prem server in the Springfield data center.",
        &["Data center", "Springfield"],
        None,
        301,
    ),
    (
        "Branch Offices",
        "The small sites of the Northwest: one switch and one access point each.",
        &["Offices", "Northwest"],
        Some("Corporate Network Devices"),
        184,
    ),
];

/// Who holds what in XYZ COMPANY: address, role, name of the Virtual Account.
pub(super) const ROLES: &[(&str, Role, Option<&str>)] = &[
    ("ada@xyz.example", Role::AccountAdmin, None),
    ("bob@xyz.example", Role::AccountApprover, None),
    ("cy@xyz.example", Role::AccountUser, None),
    ("vera@xyz.example", Role::AccountViewer, None),
    (
        "dan@xyz.example",
        Role::VirtualAdmin,
        Some("Corporate Network Devices"),
    ),
    (
        "una@xyz.example",
        Role::VirtualUser,
        Some("Public Network Devices"),
    ),
];
