//! Why a file is refused, for the page of problems.

use crate::error::Error;

/// With what codes files are refused.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "sync.bad-record",
        "A record of the file is not what the format demands.",
        "Generate the file again; when that is refused too, update the On-Prem server.",
    ),
    (
        "sync.bad-signature",
        "The header was changed, or was signed with another key.",
        "Generate the file again and bring it unchanged; a server that was set up anew is re-registered.",
    ),
    (
        "sync.body-altered",
        "The content of the file is not the one of which its signed header speaks.",
        "Generate the file again and bring it unchanged.",
    ),
    (
        "sync.not-a-sync-file",
        "The file is of another kind.",
        "Choose the file that is expected here.",
    ),
    (
        "sync.too-large",
        "The file is larger than is taken.",
        "Move product instances to another On-Prem server, or have the limit of this installation raised.",
    ),
    (
        "sync.truncated",
        "The file was cut off.",
        "Copy the file again, whole.",
    ),
    (
        "sync.unsupported-version",
        "The file has a version of the format that is not read here.",
        "Generate the file with a fitting version of the On-Prem server, or update this installation.",
    ),
];

pub(super) fn altered(why: &str) -> Error {
    Error::refused(
        "sync.body-altered",
        format!(
            "The content of the file is not what its header says: {why}. Generate the file again and bring it unchanged."
        ),
    )
}
