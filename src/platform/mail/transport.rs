//! Where letters go.

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::LetterId;
use crate::platform::config::{Config, MailRoute};
use crate::platform::db::Db;
use crate::platform::db::schema::mailbox;
use crate::platform::tls;
use crate::platform::traces::Call;
use diesel::prelude::*;
use lettre::message::{Mailbox as Address, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// A letter on its way.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Of the outbox.
    pub id: LetterId,
    /// Stable over all tries.
    pub message_id: String,
    /// Which letter.
    pub letter: String,
    /// To whom.
    pub to_name: String,
    /// Where to.
    pub to_address: String,
    /// One line.
    pub subject: String,
    /// Plain.
    pub text: String,
    /// Laid out.
    pub html: String,
    /// Portal time.
    pub at: Moment,
}

/// Why a letter did not go out.
#[derive(Debug)]
pub struct Failure {
    pub(super) why: String,
    pub(super) is_for_good: bool,
}

impl Failure {
    /// Try again later.
    pub fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_for_good: false,
        }
    }
    /// Trying again would not help.
    pub fn for_good(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_for_good: true,
        }
    }
}

/// Decides in tests whether a letter gets through.
pub type Gate = Arc<dyn Fn(&Sent) -> Result<(), Failure> + Send + Sync>;

/// Letters kept in memory: for tests.
#[derive(Clone, Default)]
pub struct Mailbox {
    sent: Arc<Mutex<Vec<Sent>>>,
    gate: Arc<Mutex<Option<Gate>>>,
}

impl Mailbox {
    /// What has arrived.
    pub fn letters(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Lets letters through, or not.
    pub fn set_gate(&self, gate: Option<Gate>) {
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = gate;
    }
}

/// Where letters go.
#[derive(Clone)]
pub enum Transport {
    /// To a mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// To the lab's mailbox page: that of the portal itself, or of the other portal in the same lab.
    Page(Option<Db>),
    /// One file a letter.
    Folder(PathBuf),
    /// Into memory.
    Memory(Mailbox),
}

impl Transport {
    /// The transport of an installation.
    pub fn of(config: &Config) -> Result<Self, String> {
        match &config.mail {
            MailRoute::Mailbox => Ok(Self::Page(None)),
            MailRoute::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|e| format!("cannot make the mail folder {}: {e}", folder.display()))?;
                Ok(Self::Folder(folder.clone()))
            }
            MailRoute::Smtp(url) => {
                let host = url.host_str().unwrap_or_default();
                let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
                let mut builder = if url.scheme() == "smtps" {
                    AsyncSmtpTransport::<Tokio1Executor>::relay(host)
                        .map_err(|e| e.to_string())?
                        .tls(Tls::Wrapper(believing(host)?))
                        .port(465)
                } else if local && config.is_lab() {
                    // A mail catcher on the same computer seldom speaks TLS.
                    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(25)
                } else {
                    AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)
                        .map_err(|e| e.to_string())?
                        .tls(Tls::Required(believing(host)?))
                        .port(587)
                };
                if let Some(port) = url.port() {
                    builder = builder.port(port);
                }
                if !url.username().is_empty() {
                    builder = builder.credentials(Credentials::new(
                        url.username().to_owned(),
                        url.password().unwrap_or_default().to_owned(),
                    ));
                }
                Ok(Self::Smtp(
                    builder.timeout(Some(std::time::Duration::from_secs(20))).build(),
                ))
            }
        }
    }

    /// Whether somebody is there to take letters.
    pub async fn answers(&self) -> Result<(), String> {
        match self {
            Self::Smtp(server) => match server.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err("it answers, and is not ready".to_owned()),
                Err(e) => Err(with_causes(&e)),
            },
            _ => Ok(()),
        }
    }

    /// Sends a letter that only says that letters arrive, past the outbox: for somebody who sets a portal up.
    pub async fn try_out(&self, from: &str, to: &str, portal: &str) -> Result<(), String> {
        let from: Address = from
            .parse()
            .map_err(|e: lettre::address::AddressError| e.to_string())?;
        let (now, id) = (crate::kernel::Clock::new().system_time(), LetterId::new());
        let says = format!(
            "This letter was sent by the command licentral doctor of {portal}, to see that its letters arrive. It does."
        );
        let sent = Sent {
            id,
            message_id: format!("<{id}@licentral.invalid>"),
            letter: "doctor".to_owned(),
            to_name: String::new(),
            to_address: to.to_owned(),
            subject: "A letter of your Licentral".to_owned(),
            html: format!("<p>{}</p>", says.replace('&', "&amp;").replace('<', "&lt;")),
            text: says,
            at: now,
        };
        let message = build(&from, now, &sent).map_err(|failure| failure.why)?;
        match self {
            Self::Smtp(server) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "there is no portal yet whose outbox could keep it"
                )]
                let result = server.send(message).await;
                result.map(drop).map_err(|e| with_causes(&e))
            }
            Self::Folder(folder) => std::fs::write(folder.join(format!("{id}.eml")), message.formatted())
                .map_err(|e| e.to_string()),
            Self::Page(_) | Self::Memory(_) => Ok(()),
        }
    }

    pub(super) async fn send(
        &self,
        db: &Db,
        from: &Address,
        wall: Moment,
        sent: Sent,
    ) -> Result<(), Failure> {
        match self {
            Self::Smtp(server) => {
                let message = build(from, wall, &sent)?;
                // A reply that was cut off is neither passing nor for good by the library's reading: try again.
                let call = Call::begin("SMTP send");
                #[expect(clippy::disallowed_methods, reason = "the one place that sends mail")]
                let result = server.send(message).await;
                call.end(match &result {
                    Ok(_) => Ok(None),
                    Err(e) if e.is_permanent() => Err("refused"),
                    Err(_) => Err("passing"),
                });
                result.map(drop).map_err(|e| {
                    if e.is_permanent() {
                        Failure::for_good(e.to_string())
                    } else {
                        Failure::passing(e.to_string())
                    }
                })
            }
            Self::Folder(folder) => {
                let message = build(from, wall, &sent)?;
                std::fs::write(folder.join(format!("{}.eml", sent.id)), message.formatted())
                    .map_err(|e| Failure::passing(e.to_string()))
            }
            Self::Page(other) => put_into_mailbox(other.as_ref().unwrap_or(db), sent)
                .await
                .map_err(|e| Failure::passing(e.to_string())),
            Self::Memory(mailbox) => {
                let gate = mailbox
                    .gate
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                if let Some(gate) = gate {
                    gate(&sent)?;
                }
                build(from, wall, &sent)?;
                mailbox
                    .sent
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(sent);
                Ok(())
            }
        }
    }
}

/// An error with what is behind it: the library's own words leave the reason out.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let more = one.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = one.source();
    }
    words
}

/// TLS toward a mail server: it shows a certificate of an authority that browsers know, or of one of the file in
/// `SSL_CERT_FILE`, as with everything else that the portal calls.
fn believing(host: &str) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(known) = tls::authorities()? {
        parameters = parameters.certificate_store(CertificateStore::None);
        for one in known {
            let one = Certificate::from_der(one.to_vec()).map_err(|e| e.to_string())?;
            parameters = parameters.add_root_certificate(one);
        }
    }
    parameters.build().map_err(|e| e.to_string())
}

/// The message as mail servers take it. The library panics on some names, hence the net.
fn build(from: &Address, wall: Moment, sent: &Sent) -> Result<Message, Failure> {
    let make = || -> Result<Message, String> {
        let to: lettre::Address = sent
            .to_address
            .parse()
            .map_err(|e: lettre::address::AddressError| e.to_string())?;
        let name = Some(sent.to_name.clone()).filter(|n| !n.is_empty());
        Message::builder()
            .from(from.clone())
            .to(Address::new(name, to))
            .subject(sent.subject.clone())
            .message_id(Some(sent.message_id.clone()))
            .date(wall.utc().into())
            .multipart(MultiPart::alternative_plain_html(
                sent.text.clone(),
                sent.html.clone(),
            ))
            .map_err(|e| e.to_string())
    };
    catch_unwind(AssertUnwindSafe(make))
        .map_err(|_| Failure::for_good("the letter could not be built"))?
        .map_err(Failure::for_good)
}

async fn put_into_mailbox(db: &Db, sent: Sent) -> Result<()> {
    use crate::platform::db::Reads;
    db.housekeeping(move |tx| {
        let there: i64 = mailbox::table
            .filter(mailbox::message_id.eq(&sent.message_id))
            .count()
            .get_result(tx.conn())?;
        if there > 0 {
            return Ok(());
        }
        let key = crate::kernel::search_key(&format!(
            "{} {} {} {}",
            sent.to_name, sent.to_address, sent.subject, sent.text
        ));
        diesel::insert_into(mailbox::table)
            .values((
                mailbox::id.eq(sent.id.as_str()),
                mailbox::message_id.eq(&sent.message_id),
                mailbox::letter.eq(&sent.letter),
                mailbox::to_name.eq(&sent.to_name),
                mailbox::to_address.eq(&sent.to_address),
                mailbox::subject.eq(&sent.subject),
                mailbox::text_body.eq(&sent.text),
                mailbox::html_body.eq(&sent.html),
                mailbox::search_key.eq(key),
                mailbox::sent_at.eq(sent.at),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .await
}
