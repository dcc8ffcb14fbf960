//! Passwords: whether one is good enough, and hashing on threads of its own.
//!
//! Hashing takes 19 MiB and some milliseconds on purpose. It runs on half of the processors, each thread
//! with one block of memory that it keeps, so that a flood of sign-ins neither eats the memory nor keeps
//! pages from being served. When too many wait, the answer is "try again in a moment".

use crate::error::{Cause, Error, Result};
use crate::kernel::Secret;
use crate::platform::token;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// What OWASP asks of argon2id at the time of writing; also this library's defaults.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const QUEUE: usize = 64;
/// The shortest password. Fifteen would be asked for by NIST where there is no second factor; the score below
/// makes up for it.
pub const SHORTEST: usize = 8;
/// The longest.
pub const LONGEST: usize = 128;

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Right {
        /// The hash was made with other parameters than today's and should be made anew.
        outdated: bool,
    },
    /// It is not.
    Wrong,
}

enum Work {
    Hash(Secret, oneshot::Sender<Result<String, String>>),
    /// Without a hash, the work is done all the same: time must not tell who exists.
    Verify(Secret, Option<String>, oneshot::Sender<Verdict>),
}

/// Hashes and verifies. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    queue: SyncSender<Work>,
    filled: Arc<AtomicU64>,
}

/// What a thread works with.
#[derive(Default)]
struct Desk {
    blocks: Vec<Block>,
    filled: Arc<AtomicU64>,
}

impl Hasher {
    /// Starts the threads.
    pub fn start() -> Self {
        let (queue, work) = sync_channel(QUEUE);
        let work = Arc::new(Mutex::new(work));
        let threads = std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).max(1));
        let filled = Arc::new(AtomicU64::new(0));
        for number in 0..threads {
            let work = work.clone();
            let desk = Desk {
                blocks: Vec::new(),
                filled: filled.clone(),
            };
            let started = std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || serve(&work, desk));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for passwords could not be started");
            }
        }
        Self { queue, filled }
    }

    /// How much has been done so far: KiB of memory that were filled, each as often as it was. Two answers that took as
    /// much of it took as long.
    pub fn filled(&self) -> u64 {
        self.filled.load(Ordering::Relaxed)
    }

    fn enqueue(&self, work: Work) -> Result<()> {
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => Error::TooMany {
                retry_after: std::time::Duration::from_secs(3),
            },
            TrySendError::Disconnected(_) => Error::Unavailable(Cause::of("the password threads have ended")),
        })
    }

    /// The hash of a password.
    pub async fn hash(&self, password: &Secret) -> Result<String> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Work::Hash(password.clone(), reply))?;
        answer.await.map_err(Error::internal)?.map_err(Error::internal)
    }

    /// Whether a password fits a hash.
    pub async fn verify(&self, password: &Secret, hash: Option<String>) -> Result<Verdict> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Work::Verify(password.clone(), hash, reply))?;
        answer.await.map_err(Error::internal)
    }

    /// As [`Hasher::hash`], for commands and scenarios that run off the loop.
    pub fn hash_now(&self, password: &Secret) -> Result<String> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Work::Hash(password.clone(), reply))?;
        answer
            .blocking_recv()
            .map_err(Error::internal)?
            .map_err(Error::internal)
    }
}

fn serve(work: &Mutex<Receiver<Work>>, mut desk: Desk) {
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(Work::Hash(password, reply)) => {
                let salt = token::random_bytes::<16>();
                let made = derive(&password, &salt, MEMORY, PASSES, 1, &mut desk)
                    .map(|key| phc(MEMORY, PASSES, 1, &salt, &key));
                let _ = reply.send(made);
            }
            Ok(Work::Verify(password, hash, reply)) => {
                let _ = reply.send(verify(&password, hash.as_deref(), &mut desk));
            }
            Err(_) => return,
        }
    }
}

fn derive(
    password: &Secret,
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
    desk: &mut Desk,
) -> Result<[u8; 32], String> {
    let params = Params::new(memory, passes, lanes, Some(32)).map_err(|e| e.to_string())?;
    desk.blocks.resize(params.block_count(), Block::default());
    desk.filled
        .fetch_add(u64::from(memory) * u64::from(passes), Ordering::Relaxed);
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.reveal().as_bytes(), salt, &mut key, &mut desk.blocks)
        .map_err(|e| e.to_string())?;
    Ok(key)
}

fn phc(memory: u32, passes: u32, lanes: u32, salt: &[u8], key: &[u8]) -> String {
    format!(
        "$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}",
        BASE64_NOPAD.encode(salt),
        BASE64_NOPAD.encode(key)
    )
}

fn verify(password: &Secret, hash: Option<&str>, desk: &mut Desk) -> Verdict {
    let parsed = hash.and_then(parse);
    let Some((m, t, p, salt, key)) = parsed else {
        let _ = derive(password, b"nobody has this one", MEMORY, PASSES, 1, desk);
        return Verdict::Wrong;
    };
    match derive(password, &salt, m, t, p, desk) {
        Ok(derived) if token::same(&BASE64_NOPAD.encode(&derived), &BASE64_NOPAD.encode(&key)) => {
            Verdict::Right {
                outdated: (m, t, p) != (MEMORY, PASSES, 1),
            }
        }
        _ => Verdict::Wrong,
    }
}

fn parse(hash: &str) -> Option<(u32, u32, u32, Vec<u8>, Vec<u8>)> {
    let mut parts = hash.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = parts
        .next()?
        .split(',')
        .map(|part| part.split_once('=').and_then(|(_, n)| n.parse::<u32>().ok()));
    let (m, t, p) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // A row in the database must not be able to ask for all the memory there is.
    if m > 1_048_576 || t > 100 || p > 16 {
        return None;
    }
    let salt = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
    let key = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
    Some((m, t, p, salt, key))
}

/// Whether a new password is good enough; says what to do when it is not. `about` are words that an
/// attacker would try first: the person's name and address, the company. `shortest` is the fewest characters here.
pub fn check(password: &Secret, about: &[&str], shortest: usize) -> Result<(), String> {
    let text = password.reveal();
    let length = text.chars().count();
    if length < shortest {
        return Err(format!("Use at least {shortest} characters."));
    }
    if length > LONGEST {
        return Err(format!("Use at most {LONGEST} characters."));
    }
    if text == super::system_users::DEFAULT_PASSWORD {
        return Err("This is the password that the server came with. Choose another.".to_owned());
    }
    let folded = crate::kernel::search_key(text);
    let words: Vec<String> = about
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 4)
        .chain([
            "licentral".to_owned(),
            "license".to_owned(),
            "password".to_owned(),
        ])
        .collect();
    // What is left when the words that anybody would try are taken out must still be long enough.
    let rest = words
        .iter()
        .fold(folded, |rest, word| rest.replace(word.as_str(), ""));
    if rest.chars().filter(|c| c.is_alphanumeric()).count() < 5 {
        return Err("This password is mostly a name that others would try first. Choose another.".to_owned());
    }
    let hints: Vec<&str> = words.iter().map(String::as_str).collect();
    let score = zxcvbn::zxcvbn(text, &hints).score();
    if score < zxcvbn::Score::Three {
        return Err(
            "This password is easy to guess. Use a few unrelated words or more characters.".to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash_and_no_other() {
        let mut desk = Desk::default();
        let secret = Secret::new("correct horse \u{1f40e}");
        let hash = phc(
            8,
            1,
            1,
            b"0123456789abcdef",
            &derive(&secret, b"0123456789abcdef", 8, 1, 1, &mut desk).unwrap(),
        );
        assert_eq!(
            verify(&secret, Some(&hash), &mut desk),
            Verdict::Right { outdated: true }
        );
        assert_eq!(
            verify(&Secret::new("correct horse"), Some(&hash), &mut desk),
            Verdict::Wrong
        );
        assert_eq!(verify(&secret, None, &mut desk), Verdict::Wrong);
        assert_eq!(
            verify(
                &secret,
                Some("$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA"),
                &mut desk
            ),
            Verdict::Wrong
        );
    }

    #[test]
    fn weak_passwords_are_told_why() {
        for bad in [
            "short",
            "password1",
            "licentral1",
            "adalovelace1",
            "12345678",
            "qwertyuiop",
            super::super::system_users::DEFAULT_PASSWORD,
            &"x".repeat(129),
        ] {
            assert!(
                check(&Secret::new(bad), &["Ada Lovelace", "ada@xyz.example"], SHORTEST).is_err(),
                "{bad}"
            );
        }
        check(
            &Secret::new("teal cabin forty orbit"),
            &["Ada Lovelace"],
            SHORTEST,
        )
        .unwrap();
        check(
            &Secret::new("\u{fc}".repeat(3) + "gr\u{f6}n tal wolke mond"),
            &[],
            15,
        )
        .unwrap();
        assert!(check(&Secret::new("teal cabin forty"), &[], 17).is_err());
    }
}
