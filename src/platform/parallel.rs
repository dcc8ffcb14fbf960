//! Work that needs nothing but processors, on all of them.

use std::num::NonZero;
use std::thread;

/// Below so many things it is not worth another thread.
const FEW: usize = 64;

/// Does the same with each, and gives what came of it in their order.
pub fn each<T: Sync, U: Send>(some: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    if some.len() < FEW || threads == 1 {
        return some.iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let parts: Vec<_> = some
            .chunks(some.len().div_ceil(threads))
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<U>>()))
            .collect();
        let mut all = Vec::with_capacity(some.len());
        for part in parts {
            match part.join() {
                Ok(mut done) => all.append(&mut done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn each_thing_is_done_once_in_its_place() {
        for count in [0, 1, 63, 64, 65, 1_000] {
            let some: Vec<usize> = (0..count).collect();
            let done = each(&some, |n| n * 2);
            assert_eq!(done, some.iter().map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
