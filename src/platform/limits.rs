//! What clients are given of time and room.

use std::time::Duration;

/// What clients are given of time and room, so that those who take without end leave some for others.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most connections that are open at once. One more, and the slowest has to go.
    pub connections: usize,
    /// So long nobody is asked to go.
    pub young: Duration,
    /// So long a connection may rest between two requests, or wait for the beginning of one.
    pub idle: Duration,
    /// So long the head of a request, or of a synchronization file, may take.
    pub head: Duration,
    /// So long a body or an answer may take, and longer by what has passed at `rate`.
    pub patience: Duration,
    /// Bytes in a second.
    pub rate: u32,
    /// So long a body may let wait without counting.
    pub free: Duration,
    /// The most bodies that may let wait at once.
    pub bodies: usize,
    /// And from one network.
    pub bodies_per_network: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: open_files().saturating_sub(RESERVE).clamp(64, 4096),
            young: Duration::from_millis(300),
            idle: Duration::from_secs(45),
            head: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            rate: 64 * 1024,
            free: Duration::from_secs(2),
            bodies: 128,
            bodies_per_network: 32,
        }
    }
}

impl Limits {
    /// How long so many bytes take at the least rate.
    pub fn time_for(&self, bytes: usize) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Duration::from_micros(bytes.saturating_mul(1_000_000) / u64::from(self.rate.max(1)))
    }
}

/// Files that are kept free for the database, letters, and connections that nobody has looked at yet.
const RESERVE: usize = 256;

/// How many files this process may have open: each connection is one. Where the system does not say it in
/// Linux's way, what is usual.
pub fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .map_or(1024, |most| most.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert!(open_files() > 0);
        let limits = Limits::default();
        assert!(limits.connections <= open_files().max(64));
        assert_eq!(limits.time_for(128 * 1024), Duration::from_secs(2));
    }
}
