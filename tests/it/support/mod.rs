//! A portal for one test, and those who use it.
#![allow(dead_code, unused_imports, reason = "a kit: not every test needs every tool")]

mod api;
mod authenticator;
pub mod both;
mod browser;
mod cast;
mod database;
mod devices;
mod edition;
mod fingerprint;
mod golden;
mod letters;
mod licenses;
mod log;
mod on_prem;
mod orders;
mod policy;
mod portal;
mod process;
pub mod provider;
mod server;
mod tokens;

pub use api::{Api, Reply};
pub use authenticator::{Authenticator, PRESENT, VERIFIED};
pub use browser::{Browser, Page, sel};
pub use cast::{Account, Cast, PASSWORD};
pub use database::{Database, postgres, repository, unpacked};
pub use devices::{ESSENTIALS, TestDevice, placed, registration, use_less};
pub use edition::LocalCast;
pub use fingerprint::{Fingerprint, Watch, columns, tables};
pub use golden::golden;
pub use letters::{Mail, link_in};
pub use licenses::{refused, sum_of};
pub use on_prem::{OnPrem, Serves, registration_again, registration_file};
pub use orders::Sold;
pub use policy::PolicyDevice;
pub use portal::{EventRow, Portal};
pub use process::{Process, licentral, program};
pub use server::{Server, Standby};

/// How many, or how often: some in each run, and as many as a variable says in a long experiment.
pub fn as_many_as(variable: &str, some: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    std::env::var(variable).map_or(some, |number| number.parse().expect(variable))
}

/// Whether answers are kept for whoever asks the same again: as the program has it, unless `LICENTRAL_KEPT_PAGES` is off.
pub fn keeps_pages() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    std::env::var("LICENTRAL_KEPT_PAGES").map_or(true, |word| word == "on")
}
