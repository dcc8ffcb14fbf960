//! How an On-Prem server is registered: the file that it makes, and the file that answers it.

use super::format::{self, AuthorizationHeader, RegistrationHeader};
use crate::error::{Error, Problems, Result};
use crate::kernel::Moment;
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::pasted::{code, is_unseen, line};
use crate::platform::signing::{FileKey, file_key_id};
use crate::smart_accounts::SmartAccount;
use std::io::Cursor;

/// Reads a REGISTRATION file. It is signed with the key that it carries: whoever made it has that key.
pub fn read(text: &str) -> Result<RegistrationHeader> {
    // It is pasted as well: out of a mail, with the marks of a quotation, and with the long line cut into several.
    let (first, rest) = text
        .trim_matches(|c: char| c.is_whitespace() || is_unseen(c))
        .split_once(['\n', '\r'])
        .unwrap_or((text, ""));
    let first = line(first);
    let text = format!("{first}\n{}\n", code(rest));
    let opened = format::open(Cursor::new(text.as_bytes()))?;
    let claimed: RegistrationHeader = opened.claimed()?;
    let read = opened
        .verify::<RegistrationHeader>(&claimed.public_key)?
        .check(&format::Limits::default())?;
    Ok(read.header)
}

/// What a registration file says, or what is wrong with it.
pub fn read_typed(typed: &str, field: &str, problems: &mut Problems) -> Result<Option<RegistrationHeader>> {
    if typed.trim().is_empty() {
        problems.add(
            field,
            "Choose the registration file of the On-Prem server, or paste its text.",
        );
        return Ok(None);
    }
    match read(typed) {
        Ok(header) => Ok(Some(header)),
        Err(Error::Refused(refusal)) => {
            problems.add(field, refusal.says);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// What is registered.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'a> {
    /// By what the cloud knows the On-Prem server.
    pub manager: DeviceManagerId,
    /// What it is called here.
    pub name: &'a str,
    /// Its key.
    pub public_key: &'a str,
    /// Name of its Virtual Account.
    pub virtual_account: &'a str,
}

/// The AUTHORIZATION file for a device manager that is to be, or that is registered again.
pub fn answer(
    key: &FileKey,
    at: Moment,
    account: &SmartAccount,
    registered: &Registered<'_>,
) -> Result<String> {
    let header = AuthorizationHeader {
        manager: registered.manager,
        name: registered.name.to_owned(),
        key_id: file_key_id(registered.public_key).unwrap_or_default(),
        smart_account: account.number,
        smart_account_name: account.name.clone(),
        domain: account.domain.clone(),
        virtual_account: registered.virtual_account.to_owned(),
        public_key: key.public_key().to_owned(),
        registered_at: at,
    };
    format::text_of(&header, key)
}
