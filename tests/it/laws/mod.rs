//! What holds for the code and for the schema.

mod architecture;
mod expanding;
mod generated;
mod migrations;
mod schema_parity;
mod sizes;
pub mod sources;
mod texts;
