//! The driver around the core: what it must not get wrong although the core decides rightly.

mod checkpoint;
mod cursors;
mod ends;
mod followers;
mod inspects;
mod looks;
mod repairs;
mod rows;
mod unreadable;
mod verifies;
mod waits;
