//! How far work is that takes a while, for the pages of the process that does it. Another process knows that the work
//! goes on, by the database, and not how far it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Running = Arc<Mutex<HashMap<String, (Arc<AtomicU64>, u64)>>>;

/// All such work of this process.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    running: Running,
}

/// One such work; it is over when this is dropped.
#[derive(Debug)]
pub struct Steps {
    name: String,
    done: Arc<AtomicU64>,
    running: Running,
}

fn open(running: &Running) -> MutexGuard<'_, HashMap<String, (Arc<AtomicU64>, u64)>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    /// Work with so many steps begins.
    pub fn begin(&self, name: impl ToString, steps: u64) -> Steps {
        let (name, done) = (name.to_string(), Arc::new(AtomicU64::new(0)));
        open(&self.running).insert(name.clone(), (done.clone(), steps));
        Steps {
            name,
            done,
            running: self.running.clone(),
        }
    }

    /// Whether this process does nothing of the kind.
    pub fn is_idle(&self) -> bool {
        open(&self.running).is_empty()
    }

    /// How many steps of how many; nothing when this process does not do it.
    pub fn of(&self, name: impl ToString) -> Option<(u64, u64)> {
        open(&self.running)
            .get(&name.to_string())
            .map(|(done, steps)| (done.load(Ordering::Relaxed).min(*steps), *steps))
    }
}

impl Steps {
    /// From the start, since a write may be tried again.
    pub fn restart(&self) {
        self.done.store(0, Ordering::Relaxed);
    }

    /// One more.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        open(&self.running).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_known_while_it_goes_on() {
        let progress = Progress::default();
        assert_eq!(progress.of("a"), None);
        let steps = progress.begin("a", 3);
        steps.step();
        steps.step();
        assert_eq!(progress.of("a"), Some((2, 3)));
        steps.restart();
        assert_eq!(progress.of("a"), Some((0, 3)));
        drop(steps);
        assert_eq!(progress.of("a"), None);
    }
}
