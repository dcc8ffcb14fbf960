//! Where a device calls, in the words of the real ones: the profile of Call Home, and the trustpoint. The address of the
//! profile is where it registers. What is said of certificates is kept and shown; how they are checked is left to the
//! computer that the device runs on.

use super::client::Client;
use serde::{Deserialize, Serialize};

/// What is said when nobody understands a line.
const LINES: &str = "The device knows these lines:\n\
  call-home profile CiscoTAC-1 [no] reporting smart-licensing-data\n\
  call-home profile CiscoTAC-1 destination transport-method http\n\
  call-home profile CiscoTAC-1 [no] destination address http ADDRESS\n\
  call-home [no] http secure server-identity-check\n\
  crypto pki trustpoint SLA-TrustPoint revocation-check none | crl";

/// Where the portal answers when nobody says so.
pub const PORTAL: &str = "http://127.0.0.1:8080";

/// How it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallHome {
    /// The address of a portal; none for the one that is asked when nobody says so.
    pub address: Option<String>,
    /// Whether the profile reports smart licensing data: without, the device does not register.
    pub reports: bool,
    /// Whether the name in the portal's certificate is checked.
    pub checks_identity: bool,
    /// Whether it is looked up that the certificate was not revoked.
    pub checks_revocation: bool,
}

impl Default for CallHome {
    fn default() -> Self {
        Self {
            address: None,
            reports: true,
            checks_identity: true,
            checks_revocation: true,
        }
    }
}

impl CallHome {
    /// Takes a line that begins with "call-home".
    pub fn configure(&mut self, words: &[String]) -> Result<(), String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["profile", _, "reporting", "smart-licensing-data"] => self.reports = true,
            ["profile", _, "no", "reporting", "smart-licensing-data"] => self.reports = false,
            ["profile", _, "destination", "transport-method", "http"] => {}
            ["profile", _, "destination", "address", "http", address] => {
                Client::of(address)?;
                self.address = Some(address.trim_end_matches('/').to_owned());
            }
            ["profile", _, "no", "destination", "address", "http", ..] => self.address = None,
            ["http", "secure", "server-identity-check"] => self.checks_identity = true,
            ["no", "http", "secure", "server-identity-check"] => self.checks_identity = false,
            _ => return Err(LINES.to_owned()),
        }
        Ok(())
    }

    /// Takes a line that begins with "crypto".
    pub fn trust(&mut self, words: &[String]) -> Result<(), String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["pki", "trustpoint", _, "revocation-check", "none"] => self.checks_revocation = false,
            ["pki", "trustpoint", _, "revocation-check", "crl"] => self.checks_revocation = true,
            _ => return Err(LINES.to_owned()),
        }
        Ok(())
    }

    /// "show call-home".
    pub fn words(&self) -> String {
        let on = |is: bool| if is { "enabled" } else { "disabled" };
        format!(
            "Call Home is ENABLED\n\
             Profile Name: CiscoTAC-1\n\
             \x20 Profile status: ACTIVE\n\
             \x20 Reporting: {}\n\
             \x20 Transport Method: http\n\
             \x20 HTTP address: {}\n\
             Http secure server identity check: {}\n\
             Trustpoint SLA-TrustPoint: revocation check {}\n",
            if self.reports {
                "smart-licensing-data"
            } else {
                "nothing"
            },
            self.address.as_deref().unwrap_or(PORTAL),
            on(self.checks_identity),
            if self.checks_revocation { "crl" } else { "none" },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_taken_and_others_are_answered_with_those_that_are() {
        let mut one = CallHome::default();
        for text in [
            "profile CiscoTAC-1 reporting smart-licensing-data",
            "profile CiscoTAC-1 destination transport-method http",
            "profile CiscoTAC-1 destination address http http://127.0.0.1:8081/",
            "no http secure server-identity-check",
        ] {
            one.configure(&line(text)).unwrap();
        }
        one.trust(&line("pki trustpoint SLA-TrustPoint revocation-check none"))
            .unwrap();
        assert_eq!(one.address.as_deref(), Some("http://127.0.0.1:8081"));
        assert!(one.reports && !one.checks_identity && !one.checks_revocation);
        for bad in [
            "profile CiscoTAC-1 destination transport-method email",
            "profile",
            "x",
        ] {
            assert!(
                one.configure(&line(bad))
                    .unwrap_err()
                    .contains("revocation-check")
            );
        }
        one.configure(&line(
            "profile CiscoTAC-1 no destination address http http://127.0.0.1:8081",
        ))
        .unwrap();
        assert_eq!(one.address, None);
        assert!(
            one.configure(&line("profile CiscoTAC-1 destination address http nowhere"))
                .is_err()
        );
    }
}
