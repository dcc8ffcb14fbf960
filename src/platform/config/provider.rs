//! The settings of sign-in by an identity provider (OpenID Connect).

use crate::kernel::Secret;
use clap::Args;
use std::net::IpAddr;
use std::path::PathBuf;

/// What may be set of it. Without an issuer there is no such sign-in.
#[derive(Debug, Clone, Default, Args)]
pub struct ProviderSettings {
    /// Sign-in by an identity provider (OpenID Connect): its issuer, an address with https, letter by letter as the provider
    /// names it. Needs LICENTRAL_OIDC_CLIENT_ID.
    #[arg(long, env = "LICENTRAL_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// By what the provider knows this portal.
    #[arg(long, env = "LICENTRAL_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// The secret that the provider gave out with it; none for a public client.
    #[arg(long, env = "LICENTRAL_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<String>,
    /// A file that holds that secret.
    #[arg(long, env = "LICENTRAL_OIDC_CLIENT_SECRET_FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// What stands on the button behind "Sign in with", for example the company's name.
    #[arg(long, env = "LICENTRAL_OIDC_NAME", default_value = "single sign-on")]
    pub oidc_name: String,
    /// What is asked for, separated by spaces: openid and email are needed.
    #[arg(long, env = "LICENTRAL_OIDC_SCOPES", default_value = "openid email profile")]
    pub oidc_scopes: String,
    /// Which group of the provider holds which role over the portal: GROUP=ROLE, separated by semicolons, for example
    /// license-operators=operator;license-help=support. Roles: operator, support, domain-approver, instructor.
    #[arg(long, env = "LICENTRAL_OIDC_GROUPS", default_value = "")]
    pub oidc_groups: String,
    /// The claim that lists somebody's groups.
    #[arg(long, env = "LICENTRAL_OIDC_GROUPS_CLAIM", default_value = "groups")]
    pub oidc_groups_claim: String,
    /// portal: the provider's sign-in is one step, and a second factor of the portal is asked for where there is one or one is
    /// required. provider: its sign-in stands for both.
    #[arg(long, env = "LICENTRAL_OIDC_SECOND_FACTOR", default_value = "portal")]
    pub oidc_second_factor: String,
}

/// An identity provider, as it was set and checked.
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// As it names itself.
    pub issuer: String,
    /// By what it knows this portal.
    pub client_id: String,
    /// None for a public client.
    pub client_secret: Option<Secret>,
    /// On the button.
    pub name: String,
    /// Separated by spaces.
    pub scopes: String,
    /// Group, and the word of the role that it holds.
    pub groups: Vec<(String, String)>,
    /// The claim with the groups.
    pub groups_claim: String,
    /// Its sign-in stands for the second factor as well.
    pub is_second_factor: bool,
}

/// Whether what is sent to an address is read by nobody on the way: TLS, or this computer.
pub fn is_private(url: &url::Url) -> bool {
    let here = match url.host() {
        Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

impl ProviderSettings {
    /// Checks them; none when nothing was set.
    pub(super) fn check(&self, wrong: &mut Vec<String>) -> Option<IdentityProvider> {
        let Some(issuer) = self.oidc_issuer.clone() else {
            if self.oidc_client_id.is_some() {
                wrong.push(
                    "LICENTRAL_OIDC_ISSUER is missing: LICENTRAL_OIDC_CLIENT_ID needs it. For example https://login.company.example."
                        .to_owned(),
                );
            }
            return None;
        };
        let before = wrong.len();
        let is_good = url::Url::parse(&issuer)
            .is_ok_and(|url| is_private(&url) && url.query().is_none() && url.fragment().is_none());
        if !is_good || issuer.len() > 500 {
            wrong.push(format!(
                "LICENTRAL_OIDC_ISSUER is {issuer:?}. Use the issuer as the provider names it, with https, for example https://login.company.example."
            ));
        }
        let client_id = self.oidc_client_id.clone().unwrap_or_default();
        if client_id.is_empty() {
            wrong.push(
                "LICENTRAL_OIDC_CLIENT_ID is missing: by what the provider knows this portal.".to_owned(),
            );
        }
        let name = self.oidc_name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
            wrong.push("LICENTRAL_OIDC_NAME is to have 1 to 60 characters, for example Company.".to_owned());
        }
        if !self.oidc_scopes.split(' ').any(|scope| scope == "openid") {
            wrong.push(format!(
                "LICENTRAL_OIDC_SCOPES is {:?}. openid has to be among them, for example openid email profile groups.",
                self.oidc_scopes
            ));
        }
        if !matches!(self.oidc_second_factor.as_str(), "portal" | "provider") {
            wrong.push(format!(
                "LICENTRAL_OIDC_SECOND_FACTOR is {:?}. Use portal or provider.",
                self.oidc_second_factor
            ));
        }
        let groups = self.groups(wrong);
        let client_secret = self.secret(wrong);
        (wrong.len() == before).then(|| IdentityProvider {
            issuer,
            client_id,
            client_secret,
            name,
            scopes: self.oidc_scopes.trim().to_owned(),
            groups,
            groups_claim: self.oidc_groups_claim.clone(),
            is_second_factor: self.oidc_second_factor == "provider",
        })
    }

    /// A group may hold commas and equal signs, as names in a directory do: the role stands behind the last one.
    fn groups(&self, wrong: &mut Vec<String>) -> Vec<(String, String)> {
        let parts = self.oidc_groups.split(';').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .filter_map(|part| match part.rsplit_once('=') {
                Some((group, role)) if !group.trim().is_empty() => {
                    Some((group.trim().to_owned(), role.trim().to_owned()))
                }
                _ => {
                    wrong.push(format!(
                        "LICENTRAL_OIDC_GROUPS holds {part:?}. Use GROUP=ROLE, separated by semicolons, for example license-operators=operator;license-help=support."
                    ));
                    None
                }
            })
            .collect()
    }

    fn secret(&self, wrong: &mut Vec<String>) -> Option<Secret> {
        let text = match (&self.oidc_client_secret, &self.oidc_client_secret_file) {
            (None, None) => return None,
            (Some(_), Some(_)) => {
                wrong.push(
                    "LICENTRAL_OIDC_CLIENT_SECRET and LICENTRAL_OIDC_CLIENT_SECRET_FILE are both set. Keep one."
                        .to_owned(),
                );
                return None;
            }
            (Some(secret), None) => secret.clone(),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) => text.trim().to_owned(),
                Err(why) => {
                    wrong.push(format!(
                        "LICENTRAL_OIDC_CLIENT_SECRET_FILE: {} cannot be read: {why}.",
                        file.display()
                    ));
                    return None;
                }
            },
        };
        if text.is_empty() {
            wrong.push("LICENTRAL_OIDC_CLIENT_SECRET is empty. Leave it out for a public client.".to_owned());
        }
        Some(Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ProviderSettings {
        ProviderSettings {
            oidc_issuer: Some("https://login.company.example".to_owned()),
            oidc_client_id: Some("licentral".to_owned()),
            oidc_name: "Company".to_owned(),
            oidc_scopes: "openid email".to_owned(),
            oidc_groups: "cn=ops,ou=it,dc=example=operator; help = support".to_owned(),
            oidc_groups_claim: "groups".to_owned(),
            oidc_second_factor: "portal".to_owned(),
            ..ProviderSettings::default()
        }
    }

    #[test]
    fn groups_are_read_with_whatever_is_in_their_names() {
        let mut wrong = Vec::new();
        let found = settings().check(&mut wrong).unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
        let groups: Vec<_> = found
            .groups
            .iter()
            .map(|(g, r)| (g.as_str(), r.as_str()))
            .collect();
        assert_eq!(
            groups,
            [("cn=ops,ou=it,dc=example", "operator"), ("help", "support")]
        );
    }

    #[test]
    fn what_is_missing_or_open_to_others_is_told() {
        let told = |change: fn(&mut ProviderSettings)| {
            let (mut one, mut wrong) = (settings(), Vec::new());
            change(&mut one);
            assert!(one.check(&mut wrong).is_none());
            wrong.join("\n")
        };
        assert!(told(|s| s.oidc_issuer = None).contains("LICENTRAL_OIDC_ISSUER"));
        assert!(
            told(|s| s.oidc_issuer = Some("http://login.company.example".to_owned()))
                .contains("LICENTRAL_OIDC_ISSUER")
        );
        assert!(told(|s| s.oidc_client_id = None).contains("LICENTRAL_OIDC_CLIENT_ID"));
        assert!(told(|s| "email".clone_into(&mut s.oidc_scopes)).contains("LICENTRAL_OIDC_SCOPES"));
        assert!(told(|s| "ops".clone_into(&mut s.oidc_groups)).contains("LICENTRAL_OIDC_GROUPS"));
        assert!(
            told(|s| "both".clone_into(&mut s.oidc_second_factor)).contains("LICENTRAL_OIDC_SECOND_FACTOR")
        );
        assert!(
            told(|s| s.oidc_client_secret_file = Some("/nonexistent".into()))
                .contains("LICENTRAL_OIDC_CLIENT_SECRET_FILE")
        );
    }
}
