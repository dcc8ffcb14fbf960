//! What is asked before a second factor is changed.

use super::second_factor::HERE;
use crate::authn::passkeys::Passkey;

/// What stands over the page.
#[derive(Clone)]
pub enum Dialog {
    None,
    SetUp,
    Renew,
    Remove,
    AddPasskey,
    RemovePasskey(Box<Passkey>),
}

impl Dialog {
    pub const fn title(&self) -> &'static str {
        match self {
            Self::None => "Second factor",
            Self::SetUp | Self::AddPasskey => "Show your second factor",
            Self::Renew => "Make new recovery codes?",
            Self::Remove => "Remove second factor?",
            Self::RemovePasskey(_) => "Remove passkey?",
        }
    }
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
    pub const fn is_danger(&self) -> bool {
        matches!(self, Self::Remove | Self::RemovePasskey(_))
    }
    pub const fn picture(&self) -> &'static str {
        if self.is_danger() {
            "triangle-alert"
        } else {
            "shield-check"
        }
    }
    pub const fn tone(&self) -> &'static str {
        if self.is_danger() { "danger" } else { "ask" }
    }
    /// Where its form is sent.
    pub fn action(&self) -> String {
        match self {
            Self::None => HERE.to_owned(),
            Self::SetUp => format!("{HERE}/set-up/prove"),
            Self::Renew => format!("{HERE}/recovery-codes"),
            Self::Remove => format!("{HERE}/remove"),
            Self::AddPasskey => format!("{HERE}/passkeys/prove"),
            Self::RemovePasskey(passkey) => format!("{HERE}/passkeys/{}/remove", passkey.id),
        }
    }
    /// What is so, before it is done.
    pub fn says(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::SetUp => "Before another second factor is set up, show one that you have. New recovery codes take the place of the old ones.".to_owned(),
            Self::AddPasskey => "Before a passkey is added, show a second factor that you have.".to_owned(),
            Self::Renew => "The codes that you have now are no longer good afterwards.".to_owned(),
            Self::Remove => "Your authenticator is no longer asked for. Without a passkey, your password alone then lets you in. All other sessions end and your API clients are revoked.".to_owned(),
            Self::RemovePasskey(passkey) => format!("The passkey {} no longer lets you in. Without another second factor, your password alone does. All other sessions end and your API clients are revoked.", passkey.name),
        }
    }
    pub const fn button(&self) -> &'static str {
        match self {
            Self::None | Self::SetUp | Self::AddPasskey => "Continue",
            Self::Renew => "Make new codes",
            Self::Remove => "Remove second factor",
            Self::RemovePasskey(_) => "Remove passkey",
        }
    }
}
