//! Which host leads where.

use crate::platform::portal_calls;
use std::net::IpAddr;

/// A host as a script names it, and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// In small letters; an address without brackets.
    pub host: String,
    /// The one that goes with the scheme, where none is named; [`ANY_PORT`] where it is not known.
    pub port: u16,
}

/// Stands for a port that is not known.
pub const ANY_PORT: u16 = 0;

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.port == ANY_PORT {
            return f.write_str(&self.host);
        }
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Asked {
    /// Of `host:port`, `[::1]:port` or a host alone. Nothing else is taken, so that what is said of it can be shown.
    pub fn of(text: &str, usual_port: u16) -> Option<Self> {
        // A name and a password before the host are nobody's business.
        let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':')?)),
            None => match text.rsplit_once(':') {
                Some((host, _)) if host.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_name = (1..=253).contains(&host.len())
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if !is_name && host.parse::<IpAddr>().is_err() {
            return None;
        }
        let port = match port {
            None => usual_port,
            Some(port) => port.parse().ok()?,
        };
        Some(Self { host, port })
    }
}

/// A portal that answers for the vendor.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its address, without a slash at the end.
    pub url: String,
    /// What it wants to be called in the header `Host`.
    pub authority: String,
    /// The same, as a client would name it.
    asked: Asked,
}

impl Target {
    fn of(typed: &str) -> Result<Self, String> {
        let address = portal_calls::address(typed)?;
        let url = url::Url::parse(&address).map_err(|e| e.to_string())?;
        let port = url.port_or_known_default().unwrap_or(80);
        let asked = url
            .host_str()
            .and_then(|host| Asked::of(&format!("{host}:{port}"), port))
            .ok_or_else(|| format!("{typed} is no address of a portal."))?;
        if is_vendors(&asked.host) {
            return Err(format!(
                "{typed} is the vendor's own address. A run leads away from there: give the address of a Licentral portal."
            ));
        }
        let authority = address.split_once("://").map_or(String::new(), |(_, rest)| {
            rest.split('/').next().unwrap_or_default().to_owned()
        });
        Ok(Self {
            url: address,
            authority,
            asked,
        })
    }
}

/// Whether a host is in the vendor's domain, where a run never goes.
fn is_vendors(host: &str) -> bool {
    host == "cisco.com" || host.ends_with(".cisco.com")
}

/// Where all hosts lead that lead anywhere.
#[derive(Debug)]
pub struct Targets {
    cloud: Target,
    on_prem: Target,
    /// Names of the script's own On-Prem server, on a port or on any.
    on_prem_hosts: Vec<(String, Option<u16>)>,
}

impl Targets {
    /// The vendor's names lead to `portal`, these names to `on_prem`.
    pub fn of(portal: &str, on_prem: &str, on_prem_hosts: &[String]) -> Result<Self, String> {
        let mut hosts = Vec::new();
        for given in on_prem_hosts {
            let asked = Asked::of(given, ANY_PORT)
                .ok_or_else(|| format!("--on-prem-host {given}: give a host name, or one with a port, such as ssm.company.example:8443."))?;
            if crate::vendor_api::HOSTS.contains(&asked.host.as_str()) {
                return Err(format!(
                    "--on-prem-host {given}: this name is that of the vendor's cloud."
                ));
            }
            hosts.push((asked.host, (asked.port != ANY_PORT).then_some(asked.port)));
        }
        Ok(Self {
            cloud: Target::of(portal)?,
            on_prem: Target::of(on_prem)?,
            on_prem_hosts: hosts,
        })
    }

    /// Where a host leads; none for every host that is not known.
    pub fn lead(&self, asked: &Asked) -> Option<&Target> {
        let host = asked.host.as_str();
        if crate::vendor_api::HOSTS.contains(&host) || *asked == self.cloud.asked {
            return Some(&self.cloud);
        }
        let is_on_prem = self.on_prem_hosts.iter().any(|(name, port)| {
            name == host && (asked.port == ANY_PORT || port.is_none_or(|port| port == asked.port))
        });
        (is_on_prem || *asked == self.on_prem.asked).then_some(&self.on_prem)
    }

    /// The ports on which the portals and the script's On-Prem server are named, besides the usual ones.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        let own = [&self.cloud, &self.on_prem].map(|target| target.asked.port);
        self.on_prem_hosts.iter().filter_map(|(_, port)| *port).chain(own)
    }

    /// All names for which a certificate is needed.
    pub fn names(&self) -> Vec<String> {
        let own = [&self.cloud, &self.on_prem].map(|target| target.asked.host.clone());
        let mut names: Vec<String> = crate::vendor_api::HOSTS
            .iter()
            .map(|&host| host.to_owned())
            .collect();
        names.extend(self.on_prem_hosts.iter().map(|(name, _)| name.clone()).chain(own));
        let mut seen = std::collections::BTreeSet::new();
        // What is no name in a certificate is reached by name alone where a client does not look at it.
        names.retain(|name| !name.contains('_') && seen.insert(name.clone()));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_understood_or_not_taken() {
        for (text, host, port) in [
            ("swapi.cisco.com:443", "swapi.cisco.com", 443),
            ("SWAPI.cisco.com.", "swapi.cisco.com", 80),
            ("ada:secret@apx.cisco.com:8443", "apx.cisco.com", 8443),
            ("[::1]:8443", "::1", 8443),
            ("[::1]", "::1", 80),
            ("::1", "::1", 80),
            ("192.0.2.7:443", "192.0.2.7", 443),
        ] {
            let asked = Asked::of(text, 80).unwrap();
            assert_eq!((asked.host.as_str(), asked.port), (host, port), "{text}");
        }
        for text in [
            "",
            ":443",
            "a b:443",
            "a:port",
            "a:99999",
            "\u{1b}[31m:443",
            "ä.example:443",
        ] {
            assert_eq!(Asked::of(text, 80), None, "{text}");
        }
    }

    #[test]
    fn only_the_known_hosts_lead_anywhere() {
        let targets = Targets::of(
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8081/",
            &["ssm.company.example".to_owned(), "192.0.2.7:8443".to_owned()],
        )
        .unwrap();
        let lead = |text: &str| {
            let asked = Asked::of(text, 443).unwrap();
            targets.lead(&asked).map(|target| target.url.clone())
        };
        for host in crate::vendor_api::HOSTS {
            assert_eq!(lead(host).as_deref(), Some("http://127.0.0.1:8080"), "{host}");
        }
        for host in [
            "ssm.company.example:8443",
            "SSM.company.example",
            "192.0.2.7:8443",
            "127.0.0.1:8081",
        ] {
            assert_eq!(lead(host).as_deref(), Some("http://127.0.0.1:8081"), "{host}");
        }
        for host in [
            "software.cisco.com",
            "swapi.cisco.com.evil.example",
            "evil-swapi.cisco.com",
            "192.0.2.7:443",
            "127.0.0.1:8082",
            "localhost:8080",
            "company.example",
        ] {
            assert_eq!(lead(host), None, "{host}");
        }
        for vendors in [
            "https://swapi.cisco.com",
            "https://cisco.com",
            "ftp://127.0.0.1",
            "portal",
        ] {
            assert!(
                Targets::of(vendors, "http://127.0.0.1:8081", &[]).is_err(),
                "{vendors}"
            );
        }
        assert!(Targets::of("http://a", "http://b", &["apx.cisco.com".to_owned()]).is_err());
    }
}
