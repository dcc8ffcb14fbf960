//! The tables of licenses.

mod moves;
mod pools;

pub use moves::*;
pub use pools::*;
