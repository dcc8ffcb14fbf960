//! The tables of product instances by policy: policies, reports that were counted, usage files, and what scripts may ask
//! about later. Every statement names the account, but for the clock's.

mod files;
mod policies;
mod polls;
mod reports;

pub use files::*;
pub use policies::*;
pub use polls::*;
pub use reports::*;
