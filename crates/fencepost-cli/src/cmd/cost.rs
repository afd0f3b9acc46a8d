//! `cost`: what a log costs, by what its objects show, and what it would cost under another load.

mod load;
mod prices;

use crate::args::Cost;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use crate::table::{Align, table};
use fencepost::Wal;
use humantime::format_duration;
use indicatif::{HumanBytes, HumanCount};
use load::{Items, Load};
use prices::Prices;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

pub(super) async fn run(args: Cost, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let measured = measure(&wal, args.over).await?;
    let scheme = args.place.log.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    let prices = Prices::of(&args, &scheme);
    let load = Load::of(&args, &measured);
    let items = Items::of(&load);
    if json {
        return output::json(&json!({
            "shard": wal.shard().to_string(), "measured": measured.document(), "load": load.document(),
            "month": items.document(prices.as_ref()), "prices": prices.map(|prices| prices.document()),
        }));
    }
    let mut text = measured.describe();
    text.push_str(&load.describe());
    text.push_str(&rows(&items, prices.as_ref()));
    text.push_str(&match &prices {
        Some(prices) => format!("{}\n", prices.describe()),
        None => {
            "no price is known for this store: choose a table with --prices, or give your own\n".to_owned()
        }
    });
    output::line(printable(&text).trim_end())
}

fn rows(items: &Items, prices: Option<&Prices>) -> String {
    let money = |dollars: Option<f64>| dollars.map_or_else(String::new, |dollars| format!("{dollars:.2}"));
    let mut rows: Vec<_> = items
        .each()
        .into_iter()
        .map(|(name, item)| {
            let count = |count: f64| HumanCount(count.round() as u64).to_string();
            vec![
                name.to_owned(),
                count(item.put),
                count(item.get),
                count(item.list),
                money(prices.map(|p| item.dollars(p))),
            ]
        })
        .collect();
    let stored = HumanBytes(items.stored_bytes.round() as u64);
    let storage = money(prices.map(|prices| items.storage_dollars(prices)));
    rows.push(vec![format!("storage, {stored}"), String::new(), String::new(), String::new(), storage]);
    let total = money(prices.map(|prices| items.dollars(prices)));
    rows.push(vec!["in all".to_owned(), String::new(), String::new(), String::new(), total]);
    table(&COLUMNS, &rows)
}

/// What the objects of the log show. Requests that left no object, such as reads, are not in it.
struct Measured {
    over: Duration,
    /// Entries that were written in that time and are still there.
    entries: u64,
    entry_bytes: u64,
    manifests: u64,
    /// Every object of the shard.
    objects: u64,
    bytes: u64,
    /// Positions that were ever taken: each was a PUT.
    positions: u64,
}

async fn measure(wal: &Wal, over: Duration) -> Result<Measured, Failure> {
    let overview = wal.overview().await?;
    let paths = wal.paths();
    let (entries, manifests) = (paths.wal_dir() + "/", paths.manifest_dir() + "/");
    let listed = wal.store().list_all(paths.root()).await.map_err(fencepost::ReadError::from)?;
    let since = SystemTime::now().checked_sub(over).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut found = Measured {
        over,
        entries: 0,
        entry_bytes: 0,
        manifests: 0,
        objects: listed.len() as u64,
        bytes: listed.iter().map(|object| object.size).sum(),
        positions: overview.highest.get().max(overview.tail.get()),
    };
    for object in listed.iter().filter(|object| object.last_modified >= since) {
        if object.path.as_ref().starts_with(&entries) {
            found.entries += 1;
            found.entry_bytes += object.size;
        } else if object.path.as_ref().starts_with(&manifests) && object.path.as_ref().ends_with(".binpb") {
            found.manifests += 1;
        }
    }
    Ok(found)
}

impl Measured {
    fn document(&self) -> Value {
        json!({
            "over_seconds": self.over.as_secs(), "entries": self.entries, "entry_bytes": self.entry_bytes,
            "manifests": self.manifests, "objects": self.objects, "bytes": self.bytes, "puts_ever": self.positions,
        })
    }

    fn describe(&self) -> String {
        format!(
            "now         {} with {}; {} taken so far, a PUT each\nlast {:<7}{} with {} and {} were written and are still there\n",
            counted(self.objects, "object"),
            HumanBytes(self.bytes),
            counted(self.positions, "position"),
            format_duration(self.over).to_string(),
            counted(self.entries, "entry"),
            HumanBytes(self.entry_bytes),
            counted(self.manifests, "manifest"),
        )
    }
}

const COLUMNS: [(&str, Align); 5] = [
    ("a month of", Align::Left),
    ("PUT", Align::Right),
    ("GET", Align::Right),
    ("LIST", Align::Right),
    ("$", Align::Right),
];
