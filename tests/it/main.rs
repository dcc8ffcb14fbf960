//! The portal as others meet it: over HTTP, on a fresh database for each test, on either kind of database.
//!
//! - `support`: a portal for a test, browsers and API clients to use it with, and the cast.
//! - `laws`: what holds for the code and the schema.
//! - `gates`: what holds for every route that there is; found from the list of routes, never from a list kept here.
//! - `rooms`: what each room does.
//! - `backup`: a copy of a database in use, put back elsewhere.
//! - `before`: databases that the program before has made.
//! - `races`, `kill`, `kill_sync`: many at once, and the power cut.
//! - `rolling`: the program before and this one, side by side on one database.
//! - `traces`: what a collector of traces is told, and that nobody waits for it.
//! - `standby`: reads that another server gives, and never a write that is missed.
//! - `histories`: whatever happens to a cloud and a server, they come to agree.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails may fail loudly; the helpers of tests are tests too"
)]
#![allow(
    clippy::pedantic,
    clippy::print_stdout,
    reason = "tests may say things in the plainest way"
)]

mod backup;
mod before;
mod connections;
mod gates;
mod histories;
mod kill;
mod kill_sync;
mod kill_usage;
mod laws;
mod mail;
mod races;
mod rolling;
mod rooms;
mod smoke;
mod standby;
mod support;
mod traces;
