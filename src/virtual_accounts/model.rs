//! What a Virtual Account is.

use crate::kernel::Moment;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};

/// The name of the Virtual Account that every Smart Account begins with.
pub const DEFAULT: &str = "DEFAULT";

crate::words! {
    /// Who finds the Virtual Account in a search.
    pub enum AccessLevel {
        /// "Will be searchable in all Account Selectors".
        Unrestricted = "unrestricted", "Unrestricted";
        /// "Will NOT appear in any Account Selectors and Searches".
        Restricted = "restricted", "Restricted";
    }
}

impl AccessLevel {
    /// What it means, in the words of the founding documents.
    pub const fn means(self) -> &'static str {
        match self {
            Self::Unrestricted => "Will be searchable in all Account Selectors",
            Self::Restricted => "Will NOT appear in any Account Selectors and Searches",
        }
    }
}

/// A Virtual Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct VirtualAccount {
    /// Its id.
    pub id: VirtualAccountId,
    /// Whose it is.
    pub account: SmartAccountId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who finds it.
    pub access_level: AccessLevel,
    /// Whether new orders without a Virtual Account go here.
    pub is_default: bool,
    /// The one above it.
    pub parent: Option<VirtualAccountId>,
    /// The default renewal date.
    pub preferred_end_date: Option<Moment>,
    /// Words, separated by line ends.
    pub tags: String,
    /// Since when.
    pub created_at: Moment,
    /// Counts changes.
    pub version: i64,
}

impl VirtualAccount {
    /// Its tags.
    pub fn tag_list(&self) -> Vec<&str> {
        self.tags.lines().filter(|tag| !tag.is_empty()).collect()
    }
}
