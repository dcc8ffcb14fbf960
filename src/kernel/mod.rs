//! Words of the trade: values without input or output. Everything above speaks in these.

pub mod addresses;
pub mod clock;
pub mod edition;
pub mod event;
mod folded;
pub mod ids;
pub mod lifecycle;
pub mod looks;
pub mod marked;
pub mod pasted;
pub mod secret;
pub mod table;
pub mod text;
pub mod who;
pub mod words;

pub use clock::{Clock, Moment};
pub use edition::Edition;
pub use event::{Event, Kind};
pub use folded::search_key;
pub use lifecycle::{Life, Lifecycle};
pub use pasted::Sought;
pub use secret::Secret;
pub use text::{DomainIdentifier, EmailAddress, Name};
pub use who::Who;
