//! Calls to addresses that somebody has typed in: which of them the portal may reach, and a client that connects to an
//! address that was looked at and to no other. Redirects are not followed, and no proxy stands between.
//!
//! A lab reaches this computer alone, an installation in production public addresses alone: whoever administers an account
//! is not to look around in the network that the portal stands in. A setting names networks besides.

use super::tls;
use super::traces::Outgoing;
use std::io;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// So long connecting, sending and answering may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many bytes of an answer are read; the rest is left.
const MOST_ANSWER: u64 = 2_000;
/// The longest address, in bytes.
pub const LONGEST_URL: usize = 500;

/// By what receivers know the portal.
const USER_AGENT: &str = concat!("licentral/", env!("CARGO_PKG_VERSION"));

/// Addresses whose first bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// As IPv6; an IPv4 address is mapped.
    base: u128,
    mask: u128,
    is_v4: bool,
}

impl Network {
    /// `10.20.0.0/16`, or one address.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let wrong = || "Use addresses and networks such as 192.168.1.7 or 10.20.0.0/16.".to_owned();
        let (address, bits) = match typed.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (typed, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(wrong());
        }
        let mask = u128::MAX.checked_shl(most - bits).unwrap_or_default();
        Ok(Self {
            base: as_number(address) & mask,
            mask,
            is_v4: address.is_ipv4(),
        })
    }

    fn holds(self, address: IpAddr) -> bool {
        self.is_v4 == address.is_ipv4() && as_number(address) & self.mask == self.base
    }
}

fn as_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Where calls may go.
#[derive(Debug, Clone)]
pub struct Reach {
    is_lab: bool,
    besides: Vec<Network>,
}

impl Reach {
    /// What the mode allows, and these networks besides.
    pub fn new(is_lab: bool, besides: Vec<Network>) -> Self {
        Self { is_lab, besides }
    }

    /// Whether a call may go to an address.
    pub fn allows(&self, address: IpAddr) -> bool {
        // An IPv4 address in the clothes of IPv6 is the same address.
        let address = address.to_canonical();
        self.besides.iter().any(|network| network.holds(address))
            || if self.is_lab {
                address.is_loopback()
            } else {
                is_public(address)
            }
    }

    /// An address that somebody has typed, as far as it can be judged before a name is looked up.
    pub fn url(&self, typed: &str) -> Result<String, String> {
        let typed = typed.trim();
        let url = url::Url::parse(typed)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .ok_or(
                "Enter an address that begins with https://, such as https://hooks.company.example/licenses.",
            )?;
        if url.as_str().len() > LONGEST_URL {
            return Err(format!("The address may have at most {LONGEST_URL} characters."));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "Leave user name and password out of the address: receivers verify the signature.".to_owned(),
            );
        }
        if url.fragment().is_some() {
            return Err("Leave out what stands behind the #: it is never sent.".to_owned());
        }
        if url.scheme() == "http" && !self.is_lab && self.besides.is_empty() {
            return Err("Use https://: what is sent over http:// can be read on the way.".to_owned());
        }
        let literal = match url.host() {
            Some(url::Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(url::Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            _ => None,
        };
        match literal {
            Some(address) if !self.allows(address) => Err(self.refusal()),
            _ => Ok(url.as_str().to_owned()),
        }
    }

    /// Why an address is not called.
    pub fn refusal(&self) -> String {
        if self.is_lab {
            "A lab calls this computer alone (127.0.0.1 or localhost), unless LICENTRAL_WEBHOOK_NETWORKS names other networks."
        } else {
            "This portal calls public addresses alone, unless LICENTRAL_WEBHOOK_NETWORKS names other networks."
        }
        .to_owned()
    }

    /// A client that goes nowhere else.
    pub fn caller(&self) -> Caller {
        Caller {
            agent: tls::believed().map(|tls| self.agent(tls)),
        }
    }

    fn agent(&self, tls: ureq::tls::TlsConfig) -> ureq::Agent {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Whatever the environment names: it would look names up itself.
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .tls_config(tls)
            .middleware(Outgoing::Told)
            .build();
        let resolver = Within {
            reach: self.clone(),
            names: DefaultResolver::default(),
        };
        ureq::Agent::with_parts(config, DefaultConnector::default(), resolver)
    }
}

/// Looks names up, and leaves out what may not be called: what is left is what is connected to.
#[derive(Debug)]
struct Within {
    reach: Reach,
    names: DefaultResolver,
}

impl Resolver for Within {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found.iter().filter(|address| self.may_go(uri, address)) {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            return Err(ureq::Error::Io(io::Error::new(
                io::ErrorKind::PermissionDenied,
                self.reach.refusal(),
            )));
        }
        Ok(allowed)
    }
}

impl Within {
    fn may_go(&self, uri: &ureq::http::Uri, address: &SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        // In the clear only within a lab or a network that was named.
        let in_the_clear = uri.scheme_str() == Some("http") && !self.reach.is_lab;
        self.reach.allows(ip) && (!in_the_clear || self.reach.besides.iter().any(|network| network.holds(ip)))
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The beginning of the body, as text.
    pub body: String,
    /// How long it took, in milliseconds.
    pub took_ms: i32,
}

/// Calls what may be reached. It waits for the answer, so it is used off the loop, and never inside a transaction.
#[derive(Debug, Clone)]
pub struct Caller {
    /// None can be made when the authorities of `SSL_CERT_FILE` cannot be read: then this says why.
    agent: Result<ureq::Agent, String>,
}

impl Caller {
    /// Sends JSON by POST. An answer is an answer, whatever its status.
    pub fn post(&self, url: &str, headers: &[(&str, String)], body: &str) -> Result<Answered, String> {
        let begun = Instant::now();
        let agent = self.agent.as_ref().map_err(Clone::clone)?;
        let mut request = agent
            .post(url)
            .header("content-type", "application/json")
            .header("user-agent", USER_AGENT);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer = request.send(body).map_err(|error| in_words(&error))?;
        let mut bytes = Vec::new();
        // What is said of a body that breaks off is its status, which has come.
        let _ = answer
            .body_mut()
            .as_reader()
            .take(MOST_ANSWER)
            .read_to_end(&mut bytes);
        let body: String = String::from_utf8_lossy(&bytes)
            .chars()
            .filter(|c| *c != '\0')
            .take(2_000)
            .collect();
        Ok(Answered {
            status: answer.status().as_u16(),
            body,
            took_ms: i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX),
        })
    }
}

fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("No answer came within {} seconds.", PATIENCE.as_secs()),
        ureq::Error::HostNotFound => "The name of the host is not known.".to_owned(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => error.to_string(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "Nothing listens at this address.".to_owned()
        }
        other => format!("It could not be sent: {other}."),
    }
}

/// Blocks of IPv4 that are no public addresses (IANA's registry of special purposes), multicast, and the rest of class E.
#[expect(
    clippy::ip_constant,
    reason = "blocks in a table, not the addresses that have names"
)]
const NOT_PUBLIC_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Blocks within 2000::/3 that are no public addresses or carry IPv4 addresses in them. Outside of it nothing is public.
const NOT_PUBLIC_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4
            .iter()
            .any(|(base, bits)| (v4.to_bits() ^ base.to_bits()) >> (32 - bits) == 0),
        IpAddr::V6(v6) => {
            v6.to_bits() >> 125 == 1
                && !NOT_PUBLIC_V6
                    .iter()
                    .any(|(base, bits)| (v6.to_bits() ^ base.to_bits()) >> (128 - bits) == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(reach: &Reach, addresses: &[&str]) -> Vec<bool> {
        addresses
            .iter()
            .map(|address| reach.allows(address.parse().unwrap()))
            .collect()
    }

    #[test]
    fn production_reaches_public_addresses_alone_in_whatever_clothes() {
        let production = Reach::new(false, Vec::new());
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
        ];
        assert_eq!(allowed(&production, &public), [true; 6]);
        for private in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2001::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!production.allows(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn a_lab_reaches_this_computer_and_networks_that_were_named() {
        let lab = Reach::new(true, Vec::new());
        assert_eq!(
            allowed(
                &lab,
                &[
                    "127.0.0.1",
                    "::1",
                    "::ffff:127.0.0.1",
                    "10.0.0.1",
                    "1.1.1.1",
                    "169.254.169.254"
                ]
            ),
            [true, true, true, false, false, false]
        );
        let named = ["10.20.0.0/16", "192.168.1.7", "fd00::/8"].map(|one| Network::parse(one).unwrap());
        for is_lab in [true, false] {
            let reach = Reach::new(is_lab, named.to_vec());
            assert_eq!(
                allowed(
                    &reach,
                    &[
                        "10.20.255.1",
                        "10.21.0.1",
                        "192.168.1.7",
                        "192.168.1.8",
                        "fd12::1",
                        "::ffff:10.20.0.9"
                    ]
                ),
                [true, false, true, false, true, true]
            );
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "host", "10.0.0.0/-1"] {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
        assert!(
            Reach::new(true, vec![Network::parse("0.0.0.0/0").unwrap()]).allows("1.1.1.1".parse().unwrap())
        );
    }

    #[test]
    fn an_address_is_judged_before_anything_is_sent() {
        let (lab, production) = (Reach::new(true, Vec::new()), Reach::new(false, Vec::new()));
        assert_eq!(
            lab.url(" http://127.0.0.1:9000/hook ").unwrap(),
            "http://127.0.0.1:9000/hook"
        );
        assert!(production.url("https://hooks.company.example/x?y=z").is_ok());
        for bad in [
            "",
            "hooks",
            "ftp://a.example/",
            "https://",
            "https://user:word@a.example/",
            "https://user@a.example/",
            "https://a.example/#part",
            "http://a.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::ffff:10.0.0.1]/",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert!(production.url(bad).is_err(), "{bad}");
        }
        assert!(lab.url("http://10.0.0.1/").is_err() && lab.url("http://localhost:1/").is_ok());
        let long = format!("https://a.example/{}", "x".repeat(LONGEST_URL));
        assert!(production.url(&long).is_err());
    }

    #[test]
    fn a_name_that_leads_here_is_not_called_in_production() {
        let production = Reach::new(false, Vec::new());
        let said = production
            .caller()
            .post("https://localhost:9/", &[], "{}")
            .unwrap_err();
        assert!(said.contains("public addresses alone"), "{said}");
        let lab = Reach::new(true, Vec::new());
        let said = lab.caller().post("http://localhost:9/", &[], "{}").unwrap_err();
        assert_eq!(said, "Nothing listens at this address.");
    }
}
