//! How an On-Prem server is registered: the file that it makes, and the file that answers it.

use super::format::{self, AuthorizationHeader, RegistrationHeader};
use crate::device_managers::New;
use crate::error::Result;
use crate::kernel::Moment;
use crate::platform::signing::{FileKey, file_key_id};
use crate::smart_accounts::SmartAccount;
use std::io::Cursor;

/// Reads a REGISTRATION file. It is signed with the key that it carries: whoever made it has that key.
pub fn read(text: &str) -> Result<RegistrationHeader> {
    // Pasted text may have lost its last line end, or got more of them.
    let text = format!("{}\n", text.trim_ascii().replace("\r\n", "\n"));
    let opened = format::open(Cursor::new(text.as_bytes()))?;
    let claimed: RegistrationHeader = opened.claimed()?;
    let read = opened
        .verify::<RegistrationHeader>(&claimed.public_key)?
        .check(&format::Limits::default())?;
    Ok(read.header)
}

/// The AUTHORIZATION file for a device manager that is to be.
pub fn answer(
    key: &FileKey,
    at: Moment,
    account: &SmartAccount,
    new: &New,
    virtual_account: &str,
) -> Result<String> {
    let header = AuthorizationHeader {
        manager: new.id,
        name: new.name.clone(),
        key_id: file_key_id(&new.public_key).unwrap_or_default(),
        smart_account: account.number,
        smart_account_name: account.name.clone(),
        domain: account.domain.clone(),
        virtual_account: virtual_account.to_owned(),
        public_key: key.public_key().to_owned(),
        registered_at: at,
    };
    format::text_of(&header, key)
}
