//! The two portals that this program can be: the cloud, and the On-Prem server beside it. Both serve the same rooms for a
//! tenant; what differs between them is told here and in the two lists of rooms under `app`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

crate::words! {
    #[derive(Default)]
    /// Which portal a process serves. A database holds the data of one edition.
    pub enum Edition {
        /// The licence portal in the cloud: a tenant is a Smart Account.
        #[default]
        Cloud = "cloud", "Licentral";
        /// An On-Prem licence server: a tenant is a local account.
        OnPrem = "on-prem", "Licentral On-Prem";
    }
}

/// Words of the cloud and those of an On-Prem server, longer ones before those that they hold.
const LOCAL_WORDS: &[(&str, &str)] = &[
    ("Create Virtual Account and View Details", "Save"),
    ("Create Virtual Account", "New Virtual\0Account"),
    (
        "new orders without a Virtual Account go here",
        "licenses that the cloud tells of come here first",
    ),
    (
        "new orders without a Virtual Account go there",
        "licenses that the cloud tells of come there first",
    ),
    // They are flat.
    ("create a nested Virtual Account", "create a Virtual Account"),
    ("create a top level Virtual Account", "create a Virtual Account"),
    ("Your Smart and Virtual Account access", "On-Prem Accounts"),
    ("Smart Account Administrator", "Local Account Administrator"),
    ("Smart Account Approver", "Local Account Approver"),
    ("Smart Account User", "Local Account User"),
    ("Smart Account Viewer", "Local Account Viewer"),
    (
        "Virtual Account Administrator",
        "Local Virtual Account Administrator",
    ),
    ("Virtual Account User", "Local Virtual Account User"),
    ("Virtual Account Viewer", "Local Virtual Account Viewer"),
    ("A Smart Account", "An On-Prem account"),
    ("a Smart Account", "an On-Prem account"),
    ("Smart Account", "On-Prem account"),
];

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

    /// A text of the program in the words of this edition. What people have typed keeps its words: only texts that stand in
    /// the code are taken.
    pub fn say(self, text: &'static str) -> &'static str {
        static SAID: LazyLock<Mutex<HashMap<&'static str, &'static str>>> = LazyLock::new(Mutex::default);
        match self.words(text) {
            Cow::Borrowed(same) => same,
            Cow::Owned(said) => SAID
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(text)
                .or_insert_with(|| Box::leak(said.into_boxed_str())),
        }
    }

    /// The same for a sentence that the program has made, such as a refusal.
    pub fn words(self, text: &str) -> Cow<'_, str> {
        if !self.is_on_prem() || !(text.contains("Smart Account") || text.contains("Virtual Account")) {
            return Cow::Borrowed(text);
        }
        // What is the cloud's keeps its name: "Cisco Smart Account", "Cisco Virtual Account".
        let mut said = text
            .replace("Cisco Smart ", "Cisco Smart\0")
            .replace("Cisco Virtual ", "Cisco Virtual\0");
        for (cloud, local) in LOCAL_WORDS {
            said = said.replace(cloud, local);
        }
        // "Virtual Account", but where it is a local one already.
        let mut whole = String::with_capacity(said.len() + 16);
        let mut rest = said.as_str();
        while let Some(at) = rest.find("Virtual Account") {
            let (before, from) = rest.split_at(at);
            whole.push_str(before);
            let is_local = whole.ends_with("ocal ");
            let begins = whole.is_empty() || whole.ends_with(". ") || whole.ends_with(": ");
            if !is_local {
                whole.push_str(if begins { "Local " } else { "local " });
            }
            let (words, after) = from.split_at("Virtual Account".len());
            whole.push_str(words);
            rest = after;
        }
        whole.push_str(rest);
        Cow::Owned(whole.replace('\0', " "))
    }

    /// The title of the page on which licenses or devices go to another division.
    pub const fn assignment_title(self) -> &'static str {
        match self {
            Self::Cloud => "Edit Virtual Account assignment",
            Self::OnPrem => "Edit Local Virtual Account Assignment",
        }
    }

    /// The page on which one arrives after signing in.
    pub const fn start(self) -> &'static str {
        match self {
            Self::Cloud => "/software-central",
            Self::OnPrem => "/on-prem-accounts",
        }
    }

    /// The page on which one finds the tenants that one may see.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Cloud => "/access",
            Self::OnPrem => "/on-prem-accounts",
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
    fn an_on_prem_server_says_it_in_its_own_words() {
        for (cloud, local) in [
            ("Virtual Account", "Local Virtual Account"),
            (
                "Edit Virtual Account assignment",
                "Edit local Virtual Account assignment",
            ),
            (
                "A Smart Account keeps one. Virtual Accounts are in it.",
                "An On-Prem account keeps one. Local Virtual Accounts are in it.",
            ),
            (
                "Ask a Smart Account Administrator of this Smart Account.",
                "Ask a Local Account Administrator of this On-Prem account.",
            ),
            ("Virtual Account User", "Local Virtual Account User"),
            ("Licenses", "Licenses"),
        ] {
            assert_eq!(Edition::OnPrem.say(cloud), local);
            assert_eq!(Edition::Cloud.say(cloud), cloud);
        }
    }

    #[test]
    fn the_editions_keep_their_cookies_apart() {
        assert_eq!(Edition::Cloud.cookie("__Host-session"), "__Host-session");
        assert_eq!(Edition::OnPrem.cookie("__Host-session"), "__Host-on-prem-session");
        assert_eq!(Edition::OnPrem.cookie("other"), "other");
    }
}
