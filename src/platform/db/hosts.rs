//! The hosts of a PostgreSQL database's address.

/// Where PostgreSQL listens when nothing is said.
pub const DEFAULT_PORT: u16 = 5432;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// On the network.
    Network {
        /// A name, or an address without brackets.
        name: String,
        /// 5432 as a rule.
        port: u16,
    },
    /// A folder with a socket of this computer, or whatever libpq takes when nothing is said.
    Local {
        /// The folder.
        folder: String,
        /// Part of the socket's name.
        port: u16,
    },
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Network { name, port } => write!(f, "{name}:{port}"),
            Self::Local { folder, .. } if folder.is_empty() => f.write_str("this computer"),
            Self::Local { folder, .. } => f.write_str(folder),
        }
    }
}

impl Host {
    pub fn of(name: String, port: u16) -> Self {
        if name.is_empty() || name.starts_with('/') || name.starts_with('@') {
            Self::Local { folder: name, port }
        } else {
            Self::Network { name, port }
        }
    }

    /// `name`, `name:port`, `[address]:port`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, port) = rest
                    .split_once(']')
                    .ok_or_else(|| wrong(&format!("the host {text:?} without its closing bracket")))?;
                (name, port.strip_prefix(':'))
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        Ok(Self::of(decoded(name), port_of(port)?))
    }

    /// As it stands in an address.
    pub fn in_address(&self) -> String {
        match self {
            Self::Network { name, port } if name.contains(':') => format!("[{name}]:{port}"),
            Self::Network { name, port }
            | Self::Local {
                folder: name, port, ..
            } => format!("{}:{port}", encoded(name)),
        }
    }

    /// Whether what is said to it leaves this computer.
    pub fn is_elsewhere(&self) -> bool {
        match self {
            Self::Local { .. } => false,
            Self::Network { name, .. } => {
                name != "localhost"
                    && !name
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

/// In words, what is wrong with the address.
pub fn wrong(what: &str) -> String {
    format!("DATABASE_URL has {what}.")
}

fn port_of(text: Option<&str>) -> Result<u16, String> {
    match text {
        None | Some("") => Ok(DEFAULT_PORT),
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| wrong(&format!("the port {text:?}, which is no number from 1 to 65535"))),
    }
}

/// Ports that are a setting of their own; one may stand for all.
pub fn set_ports(hosts: &mut [Host], ports: &str) -> Result<(), String> {
    let ports: Vec<&str> = ports.split(',').collect();
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(wrong(&format!("{} ports for {} hosts", ports.len(), hosts.len())));
    }
    for (host, text) in hosts.iter_mut().zip(ports.iter().cycle()) {
        let (Host::Network { port, .. } | Host::Local { port, .. }) = host;
        *port = port_of(Some(text))?;
    }
    Ok(())
}

pub fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

pub fn encoded(text: &str) -> String {
    const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(text, PLAIN).to_string()
}
