//! What the facade promises when nothing goes wrong.

mod acknowledgements;
mod collector;
mod cursor;
mod group;
mod kinds;
mod leash;
mod open;
mod overview;
mod put_rate;
mod read_ahead;
mod reader;
mod records;
mod shards;
mod tail;
mod writer;
