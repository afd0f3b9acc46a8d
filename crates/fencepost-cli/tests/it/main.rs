//! Real runs of the command, on the local default.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not reach")]

mod bad_bytes;
mod bad_place;
mod below;
mod collect;
mod counts;
mod damage_told;
mod day;
mod demo;
mod doctor;
mod equal_or_refused;
mod first_writers;
mod formats;
mod hostile_input;
mod interrupted;
mod killed;
mod lance;
mod lance_table;
mod lease;
mod leash;
mod looking;
mod manners;
mod matrix;
mod memory;
mod operating;
mod output_file;
mod page;
mod parquet;
mod reclaims;
mod records;
mod repair;
mod restore;
mod secrets;
mod sql;
mod standby;
mod stopped;
mod streams;
mod support;
mod terminal;
mod unreachable;
mod values;
mod versions;
