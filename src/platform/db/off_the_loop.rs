//! What blocks runs beside the threads that serve requests.

use crate::error::{Error, Result};
use crate::platform::traces::Carried;
use std::any::Any;
use std::pin::Pin;

/// What blocks, and what comes of it.
type Job = Box<dyn FnOnce() -> Result<Box<dyn Any + Send>> + Send>;

/// Runs what blocks off the threads that serve requests.
pub fn off_the_loop<T: Send + 'static>(
    f: impl FnOnce() -> Result<T> + Send + 'static,
) -> impl Future<Output = Result<T>> {
    let carried = Carried::on();
    let done = blocked(Box::new(move || {
        let _attached = carried.attach();
        Ok(Box::new(f()?))
    }));
    async move {
        let value = done.await?.downcast::<T>();
        value
            .map(|value| *value)
            .map_err(|_| Error::internal("another value than was made"))
    }
}

/// Compiled once, whatever blocks: the library makes dozens of functions for each kind of closure.
fn blocked(job: Job) -> Pin<Box<dyn Future<Output = Result<Box<dyn Any + Send>>> + Send>> {
    Box::pin(async move {
        match actix_web::web::block(job).await {
            Ok(result) => result,
            Err(cancelled) => Err(Error::internal(cancelled)),
        }
    })
}
