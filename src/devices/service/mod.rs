//! What people can do with product instances, and what the clock does.

mod change;
mod clock;
mod look;

pub use change::*;
pub use clock::*;
pub use look::*;
