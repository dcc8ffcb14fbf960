//! The two portals that this program can be: the cloud, and the On-Prem server beside it. Both serve the same rooms for a
//! tenant; what differs between them is told here and in the two lists of rooms under `app`.

crate::words! {
    /// Which portal a process serves. A database holds the data of one edition.
    pub enum Edition {
        /// The licence portal in the cloud: a tenant is a Smart Account.
        Cloud = "cloud", "Licentral";
        /// An On-Prem licence server: a tenant is a local account.
        OnPrem = "on-prem", "Licentral On-Prem";
    }
}

impl Default for Edition {
    fn default() -> Self {
        Self::Cloud
    }
}

impl Edition {
    /// Whether it is the On-Prem server.
    pub const fn is_on_prem(self) -> bool {
        matches!(self, Self::OnPrem)
    }

    /// What a tenant is called.
    pub const fn tenant(self) -> &'static str {
        match self {
            Self::Cloud => "Smart Account",
            Self::OnPrem => "On-Prem account",
        }
    }

    /// What a division of a tenant is called, in the middle of a sentence.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Cloud => "Virtual Account",
            Self::OnPrem => "local Virtual Account",
        }
    }

    /// The page on which one arrives after signing in.
    pub const fn start(self) -> &'static str {
        match self {
            Self::Cloud => "/software-central",
            Self::OnPrem => "/",
        }
    }

    /// The name under which a browser keeps a cookie. A browser sends cookies to every port of a host, so two portals on
    /// one computer would sign each other out if they used the same names.
    pub fn cookie(self, name: &str) -> String {
        match (self, name.strip_prefix("__Host-")) {
            (Self::OnPrem, Some(rest)) => format!("__Host-on-prem-{rest}"),
            _ => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editions_keep_their_cookies_apart() {
        assert_eq!(Edition::Cloud.cookie("__Host-session"), "__Host-session");
        assert_eq!(Edition::OnPrem.cookie("__Host-session"), "__Host-on-prem-session");
        assert_eq!(Edition::OnPrem.cookie("other"), "other");
    }
}
