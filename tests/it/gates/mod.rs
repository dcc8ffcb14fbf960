//! What holds for every route that there is. The routes come from the list that the server itself is built
//! from, so a new one is asked at once; a new kind of `{parameter}` has to be taught to `world.rs`.

mod asking;
mod canary;
mod csrf;
mod described;
mod head;
mod headers;
mod links;
mod lists;
mod matrix;
mod on_prem;
mod plans;
mod reading;
mod signed_out;
mod statements;
mod tenancy;
mod world;
