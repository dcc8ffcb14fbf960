//! Looks into a file as the cloud would, and spoils one.

use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::local_accounts;
use crate::platform::db::{Db, off_the_loop};
use crate::platform::signing::FileKey;
use crate::sync;
use crate::sync::workshop::{self, Looked, Way};
use std::io::Cursor;

/// What a file would change.
#[derive(Debug, Clone)]
pub struct Difference {
    /// At which device manager.
    pub manager: String,
    pub appeared: i64,
    pub changed: i64,
    pub vanished: i64,
    pub unchanged: i64,
    /// Licenses: name, balance before and after.
    pub licenses: Vec<(String, i64, i64)>,
}

/// What is told of a file.
#[derive(Debug)]
pub struct Seen {
    pub looked: Looked,
    /// What it would change; none where it would be refused.
    pub difference: Option<Difference>,
    /// Code and reason of a refusal.
    pub refused: Option<(String, String)>,
}

/// Only a lab's cloud takes such files in.
pub fn takes_them(portal: &Portal) -> Result<()> {
    if portal.config.is_lab() && !portal.config.edition.is_on_prem() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Looks into a file.
pub async fn inspect(portal: &Portal, _permit: &Permit<Operate>, bytes: Vec<u8>) -> Result<Seen> {
    takes_them(portal)?;
    let (db, at) = (portal.db.clone(), portal.clock.now());
    off_the_loop(move || {
        let key = key_of(&db, &bytes);
        let mut looked = workshop::look(Cursor::new(&bytes), key.as_deref())?;
        let (difference, refused) = match sync::look_now(&db, at, &bytes) {
            Ok((manager, file)) => {
                let licenses = file
                    .effects()
                    .into_iter()
                    .map(|one| (one.name, one.before, one.after))
                    .collect();
                let difference = Difference {
                    manager,
                    appeared: file.appeared,
                    changed: file.changed,
                    vanished: file.vanished,
                    unchanged: file.unchanged,
                    licenses,
                };
                (Some(difference), None)
            }
            Err(error) => (None, Some(told(error)?)),
        };
        // What is wrong with the file itself comes first; but of a key that it does not know, the cloud knows more.
        let refused = match looked.refused.take().map(told).transpose()? {
            Some((code, says)) if code != "sync.bad-signature" || refused.is_none() => Some((code, says)),
            _ => refused,
        };
        Ok(Seen {
            looked,
            difference,
            refused,
        })
    })
    .await
}

/// Code and reason of a refusal; anything else is an error of ours.
fn told(error: Error) -> Result<(String, String)> {
    match error {
        Error::Refused(refusal) => Ok((refusal.code.to_owned(), refusal.says.into_owned())),
        other => Err(other),
    }
}

/// With which key the file has to be signed, if its server is registered here.
fn key_of(db: &Db, bytes: &[u8]) -> Option<String> {
    let manager = db.read_now(|r| sync::claimed(r, bytes)).ok()?;
    Some(manager.public_key)
}

/// A spoiled copy. What has to be signed again is signed by the server of this lab, if the file is of it.
pub async fn spoil(
    portal: &Portal,
    _permit: &Permit<Operate>,
    bytes: Vec<u8>,
    way: &'static Way,
) -> Result<Vec<u8>> {
    takes_them(portal)?;
    let (db, beside) = (portal.db.clone(), portal.beside.get().cloned());
    off_the_loop(move || {
        let key = match (way.signs, &beside) {
            (true, Some(on_prem)) => own_key(&db, on_prem, &bytes)?,
            _ => None,
        };
        if way.signs && key.is_none() {
            return Err(Error::refused(
                "lab.no-key-to-sign",
                "This way signs the copy again, and the file is not of the On-Prem server of this lab. Use licentral sync spoil beside the server that made it.",
            ));
        }
        workshop::spoil(&bytes, way, key.as_ref()).map_err(|says| Error::invalid("file", says))
    })
    .await
}

fn own_key(db: &Db, on_prem: &Portal, bytes: &[u8]) -> Result<Option<FileKey>> {
    let Some(public) = key_of(db, bytes) else {
        return Ok(None);
    };
    on_prem
        .db
        .read_now(|r| local_accounts::key_with(r, &on_prem.signing, &public))
}
