//! Stands in for the faces of rooms that are being built at the same time.

#![allow(dead_code, reason = "replaced when they are there")]

/// `crate::licenses`.
pub mod licenses {
    use crate::error::Result;
    use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
    use crate::kernel::{Moment, Who};
    use crate::platform::db::{Reads, Tx};

    /// A use.
    #[derive(Debug)]
    pub struct Use {
        pub virtual_account: VirtualAccountId,
        pub entitlement: String,
        pub by: i64,
    }
    /// How a license stands.
    #[derive(Debug)]
    pub struct Standing {
        pub entitlement: String,
        pub name: String,
        pub is_short: bool,
        pub balance: i64,
    }
    /// Changes uses.
    pub fn change_use(_: &mut Tx<'_>, _: Moment, _: &Who, _: SmartAccountId, _: &[Use]) -> Result<()> {
        Ok(())
    }
    /// How they stand.
    pub fn standing_of(
        _: &mut dyn Reads,
        _: SmartAccountId,
        _: VirtualAccountId,
        _: &[String],
    ) -> Result<Vec<Standing>> {
        Ok(Vec::new())
    }
}

/// `crate::catalog`.
pub mod catalog {
    /// What the catalog says of an entitlement.
    #[derive(Debug)]
    pub struct Known {
        pub name: String,
        pub export_controlled: bool,
    }
    /// Finds it.
    pub fn entitlement(_: &str) -> Option<Known> {
        None
    }
}
