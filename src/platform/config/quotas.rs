//! How often programs may call.

use super::Mode;
use clap::Args;

/// Calls in a minute, unless it is set, in production.
const OF_A_CLIENT: u32 = 6_000;
const OF_AN_ACCOUNT: u32 = 30_000;

/// How often programs may call in a minute.
#[derive(Debug, Clone, Args, Default)]
pub struct QuotaSettings {
    /// Calls of the APIs that one API client may make in a minute, for example 6000; 0 for any number. Without it: 6000 in
    /// production, any number in a lab.
    #[arg(long, env = "LICENTRAL_LIMIT_CLIENT", value_name = "CALLS",
        value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub limit_client: Option<u32>,
    /// Calls of the APIs that all API clients together may make in a minute for one Smart Account, for example 30000; 0 for any
    /// number. Without it: 30000 in production, any number in a lab.
    #[arg(long, env = "LICENTRAL_LIMIT_ACCOUNT", value_name = "CALLS",
        value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub limit_account: Option<u32>,
}

/// Calls in a minute; 0 for any number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quotas {
    /// Of an API client.
    pub client: u32,
    /// For a Smart Account, of all its API clients together.
    pub account: u32,
}

impl QuotaSettings {
    /// Nothing of it can be wrong.
    pub(super) fn check(&self, mode: Mode) -> Quotas {
        let usual = |calls| if mode == Mode::Lab { 0 } else { calls };
        Quotas {
            client: self.limit_client.unwrap_or_else(|| usual(OF_A_CLIENT)),
            account: self.limit_account.unwrap_or_else(|| usual(OF_AN_ACCOUNT)),
        }
    }
}
