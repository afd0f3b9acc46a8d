//! Settings that Python hands over as dictionaries.

use crate::failure::Failure;
use fencepost::{
    CursorName, Epoch, Pipelining, Position, PutRate, ShardId, StoreOptions, Takeover, Wal, WalBuilder,
    WriterOptions,
};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// Where a log is, and how to speak to its store.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Place {
    location: String,
    storage_options: BTreeMap<String, String>,
    shard: Option<String>,
    create: bool,
    request_timeout: f64,
    retry_timeout: f64,
    read_ahead: u64,
}

impl Place {
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    pub(crate) fn retry_timeout(&self) -> Result<Duration, Failure> {
        seconds("retry_timeout", self.retry_timeout)
    }

    /// Only a log that may be created makes its directory.
    pub(crate) fn store_options(&self) -> Result<StoreOptions, Failure> {
        let options = StoreOptions::new()
            .with_request_timeout(seconds("request_timeout", self.request_timeout)?)
            .create_missing(self.create);
        let given = self.storage_options.iter();
        Ok(given.fold(options, |options, (key, value)| options.with_client_option(key, value)))
    }

    pub(crate) fn builder(&self) -> Result<WalBuilder, Failure> {
        let builder = Wal::at(self.location.as_str())
            .with_store_options(self.store_options()?)
            .with_retry_timeout(self.retry_timeout()?)
            .with_read_ahead(self.read_ahead);
        match &self.shard {
            Some(shard) => Ok(builder.with_shard(shard_id(shard)?)),
            None if self.create => Ok(builder.or_new_shard()),
            None => Ok(builder),
        }
    }
}

/// The settings of a writer.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct OfWriter {
    takeover: String,
    pipelining: String,
    lease_ttl: Option<f64>,
    wait_timeout: Option<f64>,
    holder: String,
    group_bytes_max: u64,
    entry_bytes_max: u64,
    buffer_bytes_max: u32,
    linger: f64,
    puts_per_second_max: Puts,
}

/// A number, or a word.
#[derive(FromPyObject)]
enum Puts {
    Number(u32),
    Word(String),
}

impl OfWriter {
    pub(crate) fn options(self) -> Result<WriterOptions, Failure> {
        let takeover = match self.takeover.as_str() {
            "expired" => Takeover::Expired,
            "now" => Takeover::Now,
            "free" => Takeover::Free,
            other => return Err(no_such("takeover", other, "expired, now or free")),
        };
        let pipelining = match self.pipelining.as_str() {
            "unless_lance" => Pipelining::UnlessLance,
            "always" => Pipelining::Always,
            "never" => Pipelining::Never,
            other => return Err(no_such("pipelining", other, "unless_lance, always or never")),
        };
        let rate = match &self.puts_per_second_max {
            Puts::Number(0) => return Err(no_such("puts_per_second_max", "0", "at least 1")),
            Puts::Number(rate) => NonZeroU32::new(*rate).map_or(PutRate::Unlimited, PutRate::AtMost),
            Puts::Word(word) if word == "default" => PutRate::Default,
            Puts::Word(word) if word == "unlimited" => PutRate::Unlimited,
            Puts::Word(word) => {
                return Err(no_such("puts_per_second_max", word, "a number, default or unlimited"));
            }
        };
        let ttl = self.lease_ttl.map(|ttl| seconds("lease_ttl", ttl)).transpose()?;
        let wait = self.wait_timeout.map(|timeout| seconds("wait_timeout", timeout)).transpose()?;
        Ok(WriterOptions::new()
            .with_takeover(takeover)
            .with_pipelining(pipelining)
            .with_lease_ttl(ttl)
            .with_wait_timeout(wait)
            .with_holder(self.holder)
            .with_group_bytes_max(self.group_bytes_max)
            .with_entry_bytes_max(self.entry_bytes_max)
            .with_buffer_bytes_max(self.buffer_bytes_max)
            .with_linger(seconds("linger", self.linger)?)
            // Whoever has memory of Python's may write to it, once it was submitted.
            .with_copied_columns(true)
            .with_puts_per_second_max(rate))
    }
}

pub(crate) fn seconds(name: &str, seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| no_such(name, &seconds.to_string(), "seconds, zero or more"))
}

pub(crate) fn position(number: u64) -> Result<Position, Failure> {
    Position::try_new(number).ok_or_else(|| no_such("position", &number.to_string(), "at most 2^62"))
}

pub(crate) fn epoch(number: u64) -> Result<Epoch, Failure> {
    Epoch::try_new(number).ok_or_else(|| no_such("epoch", &number.to_string(), "at most 2^62"))
}

pub(crate) fn shard_id(text: &str) -> Result<ShardId, Failure> {
    ShardId::parse(text).ok_or_else(|| no_such("shard", text, "a UUID in lower case, with hyphens"))
}

pub(crate) fn cursor_name(name: &str) -> Result<CursorName, Failure> {
    let rule = "1 to 64 letters, digits, dots, hyphens and underscores, with no dot in front";
    CursorName::parse(name).ok_or_else(|| no_such("cursor", name, rule))
}

fn no_such(name: &str, value: &str, instead: &str) -> Failure {
    Failure::invalid(format!("{name}={value:?} is not possible: {instead}"))
}
