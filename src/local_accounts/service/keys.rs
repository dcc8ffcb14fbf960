//! The keys with which accounts sign their files.

use super::LOCK;
use crate::error::{Error, Result};
use crate::kernel::Secret;
use crate::kernel::ids::SmartAccountId;
use crate::local_accounts::store::{self, KeptKey};
use crate::platform::db::Reads;
use crate::platform::signing::{FileKey, Signing};

/// A new key of an account, ready to be kept.
pub(super) fn new_key(signing: &Signing, id: SmartAccountId) -> Result<KeptKey> {
    let (_, secret) = FileKey::make()?;
    sealed(signing, id, &secret)
}

/// The key with this text, ready to be kept with an account.
pub fn sealed(signing: &Signing, id: SmartAccountId, secret: &Secret) -> Result<KeptKey> {
    let key = FileKey::kept(secret).ok_or_else(|| Error::internal("the text of a key cannot be read"))?;
    Ok(KeptKey {
        public: key.public_key().to_owned(),
        sealed: signing.lock(LOCK, id.as_str(), secret.reveal())?,
    })
}

pub(super) fn opened(signing: &Signing, id: SmartAccountId, sealed: &str) -> Result<FileKey> {
    signing
        .unlock(LOCK, id.as_str(), sealed)
        .and_then(|text| FileKey::kept(&Secret::new(text)))
        .ok_or_else(|| Error::internal("the key of a local account cannot be unlocked with this key file"))
}

/// The key with which an account signs its files.
pub fn key_of(read: &mut dyn Reads, signing: &Signing, id: SmartAccountId) -> Result<FileKey> {
    opened(signing, id, &store::sealed_key(read, id)?)
}

/// The key of the account whose files are verified with this one, where this server has it.
pub fn key_with(read: &mut dyn Reads, signing: &Signing, public_key: &str) -> Result<Option<FileKey>> {
    match store::with_key(read, public_key)? {
        Some(id) => key_of(read, signing, id).map(Some),
        None => Ok(None),
    }
}
