//! Synchronization: what travels between an On-Prem server and the cloud.

pub mod format;
