//! A load, and the requests that it makes in a month of 30 days.

use super::Measured;
use super::prices::Prices;
use crate::args::Cost;
use crate::output::counted;
use humantime::format_duration;
use indicatif::HumanBytes;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What a log has to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// Entries a second, each of which is one PUT.
    pub(super) entries: f64,
    pub(super) entry_bytes: f64,
    pub(super) lease_ttl: Duration,
    pub(super) checkpoint_every: Duration,
    pub(super) gc_every: Duration,
    pub(super) readers: f64,
    pub(super) poll_every: Duration,
}

impl Load {
    /// As was asked for; what was not, as was measured.
    pub(super) fn of(args: &Cost, measured: &Measured) -> Self {
        let entries = measured.entries as f64 / measured.over.as_secs_f64().max(1.0);
        let bytes = measured.entry_bytes as f64 / (measured.entries as f64).max(1.0);
        Self {
            entries: args.entries_per_second.unwrap_or(entries),
            entry_bytes: args.entry_bytes.map_or(bytes, |bytes| bytes as f64),
            lease_ttl: args.lease_ttl,
            checkpoint_every: args.checkpoint_every,
            gc_every: args.gc_every,
            readers: f64::from(args.readers),
            poll_every: args.poll_every,
        }
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "entries_per_second": self.entries, "entry_bytes": self.entry_bytes, "readers": self.readers,
            "lease_ttl_seconds": self.lease_ttl.as_secs_f64(),
            "checkpoint_every_seconds": self.checkpoint_every.as_secs_f64(),
            "gc_every_seconds": self.gc_every.as_secs_f64(), "poll_every_seconds": self.poll_every.as_secs_f64(),
        })
    }

    pub(super) fn describe(&self) -> String {
        format!(
            "load        {:.3} entries a second of {}; a checkpoint every {}, a collection every {}; {}, each looking every {}\n",
            self.entries,
            HumanBytes(self.entry_bytes.round() as u64),
            format_duration(self.checkpoint_every),
            format_duration(self.gc_every),
            counted(self.readers as u64, "reader"),
            format_duration(self.poll_every),
        )
    }
}

/// Requests of one purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Item {
    pub(super) put: f64,
    pub(super) get: f64,
    pub(super) list: f64,
}

impl Item {
    pub(super) fn dollars(&self, prices: &Prices) -> f64 {
        (self.put * prices.put + self.get * prices.get + self.list * prices.list) / 1e6
    }
}

/// A month's requests by purpose, and what is stored. Deletions cost nothing at any of the stores in the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Items {
    appends: Item,
    lease: Item,
    checkpoints: Item,
    collections: Item,
    reading: Item,
    pub(super) stored_bytes: f64,
}

impl Items {
    pub(super) fn of(load: &Load) -> Self {
        let times = |every: Duration| MONTH / every.as_secs_f64().max(0.001);
        let entries = load.entries * MONTH;
        let (checkpoints, collections) = (times(load.checkpoint_every), times(load.gc_every));
        // What a pass finds: the entries since the last one, and some documents.
        let pages = (load.entries * load.gc_every.as_secs_f64() / 1_000.0).ceil().max(1.0);
        Self {
            appends: Item { put: entries, ..Item::default() },
            // Three renewals in a time to live.
            lease: Item { put: 3.0 * times(load.lease_ttl), ..Item::default() },
            checkpoints: Item { put: 2.0 * checkpoints, get: 4.0 * checkpoints, list: 4.0 * checkpoints },
            // The age of an entry's epoch is in its trailer: a GET of 64 bytes for each entry that goes.
            collections: Item {
                put: 2.0 * collections,
                get: entries + 4.0 * collections,
                list: (5.0 + pages) * collections,
            },
            reading: Item { get: load.readers * (entries + times(load.poll_every)), ..Item::default() },
            // Kept until the checkpoint and then the collection after it, on average half of each more.
            stored_bytes: load.entries
                * load.entry_bytes
                * (load.checkpoint_every.as_secs_f64() + load.gc_every.as_secs_f64()),
        }
    }

    pub(super) fn each(&self) -> [(&'static str, Item); 5] {
        [
            ("appends", self.appends),
            ("the lease", self.lease),
            ("checkpoints", self.checkpoints),
            ("collections", self.collections),
            ("reading", self.reading),
        ]
    }

    pub(super) fn storage_dollars(&self, prices: &Prices) -> f64 {
        self.stored_bytes / 1e9 * prices.storage
    }

    pub(super) fn dollars(&self, prices: &Prices) -> f64 {
        self.storage_dollars(prices) + self.each().iter().map(|(_, item)| item.dollars(prices)).sum::<f64>()
    }

    pub(super) fn document(&self, prices: Option<&Prices>) -> Value {
        let items = self.each().into_iter().map(|(name, item)| {
            let dollars = prices.map(|prices| item.dollars(prices));
            (
                name.replace(' ', "_"),
                json!({"put": item.put, "get": item.get, "list": item.list, "usd": dollars}),
            )
        });
        let mut document = Map::from_iter(items);
        document.insert("stored_bytes".to_owned(), self.stored_bytes.into());
        document.insert("storage_usd".to_owned(), json!(prices.map(|prices| self.storage_dollars(prices))));
        document.insert("usd".to_owned(), json!(prices.map(|prices| self.dollars(prices))));
        Value::Object(document)
    }
}

/// 30 days in seconds.
const MONTH: f64 = 30.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// One entry a second, as the README's arithmetic has it: 2.6 million PUTs, $13 on S3.
    #[test]
    fn a_month_of_an_entry_a_second_is_what_it_is_by_hand() {
        let load = Load {
            entries: 1.0,
            entry_bytes: 1_000.0,
            lease_ttl: Duration::from_secs(10),
            checkpoint_every: Duration::from_secs(60),
            gc_every: Duration::from_secs(3_600),
            readers: 1.0,
            poll_every: Duration::from_secs(1),
        };
        let items = Items::of(&load);
        assert_eq!((items.appends.put, items.lease.put), (2_592_000.0, 777_600.0));
        assert_eq!(items.checkpoints, Item { put: 86_400.0, get: 172_800.0, list: 172_800.0 });
        assert_eq!(items.reading.get, 2.0 * 2_592_000.0);
        assert_eq!(items.stored_bytes, 3_660_000.0);
    }
}
