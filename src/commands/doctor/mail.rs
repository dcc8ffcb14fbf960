//! Whether letters go out.

use crate::kernel::EmailAddress;
use crate::platform::config::{Config, MailRoute};
use crate::platform::findings::Finding;
use crate::platform::mail::Transport;

const MAIL: &str = "mail";

/// Connects to the mail server, and sends a letter where it is said to whom.
pub fn look(config: &Config, send_to: Option<&str>) -> Finding {
    let (place, transport) = match (&config.mail, Transport::of(config)) {
        (_, Err(why)) => return Finding::wrong(MAIL, why, "Mend LICENTRAL_SMTP_URL."),
        (MailRoute::Mailbox, _) => {
            return Finding::ok(
                MAIL,
                "Letters are kept at /simulator/mailbox: LICENTRAL_SMTP_URL is not set.",
            );
        }
        (MailRoute::Folder(folder), Ok(transport)) => (folder.display().to_string(), transport),
        (MailRoute::Smtp(url), Ok(transport)) => {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            (format!("{host}{port}"), transport)
        }
    };
    let to = match send_to.map(EmailAddress::parse).transpose() {
        Ok(to) => to,
        Err(says) => return Finding::wrong(MAIL, format!("--send-to: {says}"), "Give an address."),
    };
    let from = config.mail_from.clone();
    let done = actix_web::rt::System::new().block_on(async {
        transport.answers().await?;
        match &to {
            Some(to) => transport
                .try_out(&from, to.as_str(), &config.base_url)
                .await
                .map(|()| true),
            None => Ok(false),
        }
    });
    match (done, to) {
        (Ok(true), Some(to)) => Finding::ok(
            MAIL,
            format!("{place} has taken a letter to {to}. Look whether it arrives."),
        ),
        (Ok(_), _) => Finding::ok(
            MAIL,
            format!("{place} answers. Whether letters arrive says: licentral doctor --send-to ADDRESS"),
        ),
        (Err(why), _) => Finding::wrong(
            MAIL,
            format!("{place} does not take letters: {why}"),
            "See that LICENTRAL_SMTP_URL names the right server, port, user and password; smtp:// speaks STARTTLS and smtps:// TLS, with a certificate that this computer believes; and that the server takes letters from LICENTRAL_MAIL_FROM.",
        ),
    }
}
