//! Machinery that knows nothing of licences.

pub mod calendar;
pub mod config;
pub mod db;
pub mod deadlines;
pub mod deliveries;
pub mod faults;
pub mod findings;
pub mod fleet;
pub mod jobs;
pub mod limits;
pub mod mail;
pub mod occupants;
pub mod outbound;
pub mod parallel;
pub mod portal_calls;
pub mod private;
pub mod progress;
pub mod reach;
pub mod settings;
pub mod signing;
pub mod telemetry;
pub mod tls;
pub mod tls_client;
pub mod token;
pub mod traces;
