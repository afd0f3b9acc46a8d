//! One line for each scenario, and whether all of them came out as they must.

mod print;

use crate::Result;
use crate::ledger::{By, Ledger};
use crate::table::Table;
use crate::view::{Tally, View};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What a scenario is called, who deletes in it, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Title {
    pub(crate) family: &'static str,
    pub(crate) name: String,
    pub(crate) collector: &'static str,
    /// How many acknowledged rows must be lost: 0, but where losing is what is shown.
    pub(crate) loses: usize,
}

/// What a scenario leaves behind.
#[derive(Debug)]
pub(crate) enum Played {
    /// A table to look at, and what was promised about it.
    Table { table: Table, ledger: Ledger, note: String },
    /// Rows that the scenario counted by itself.
    Counted { by_lance: usize, by_us: usize, found: usize, note: String },
}

/// One scenario as it came out.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    family: &'static str,
    scenario: String,
    collector: &'static str,
    acknowledged_by_lance: usize,
    acknowledged_by_us: usize,
    refused: usize,
    found: usize,
    lost: usize,
    must_lose: usize,
    refused_but_found: usize,
    found_twice: usize,
    note: String,
    error: Option<String>,
    ok: bool,
}

/// What stays of a shard after a collection, by reason.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) reason: String,
    pub(crate) objects: usize,
    pub(crate) bytes: u64,
    pub(crate) why: String,
}

/// A shard before and after a collection.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    pub(crate) entries_before: usize,
    pub(crate) entry_bytes_before: u64,
    pub(crate) bytes_before: u64,
    pub(crate) entries_after: usize,
    pub(crate) entry_bytes_after: u64,
    pub(crate) bytes_after: u64,
    pub(crate) kept: Vec<Kept>,
}

/// All scenarios so far.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    lance: &'static str,
    lines: Vec<Line>,
    sizes: Option<Sizes>,
    seconds: f64,
    #[serde(skip)]
    only: Option<String>,
    #[serde(skip)]
    started: Instant,
}

impl Report {
    /// An empty one, for the scenarios with `only` in their names.
    pub(crate) fn new(only: Option<String>) -> Self {
        Self { lance: LANCE, lines: Vec::new(), sizes: None, seconds: 0.0, only, started: Instant::now() }
    }

    /// Plays a scenario, counts what is found, and adds its line.
    pub(crate) fn play<'a>(
        &'a mut self,
        title: Title,
        scenario: impl Future<Output = Result<Played>> + 'a,
    ) -> LocalBoxFuture<'a, ()> {
        // Boxed: these futures hold writers of both libraries.
        let scenario = scenario.boxed_local();
        self.play_boxed(title, scenario).boxed_local()
    }

    async fn play_boxed(&mut self, title: Title, scenario: LocalBoxFuture<'_, Result<Played>>) {
        if self.only.as_ref().is_some_and(|only| !title.family.contains(only) && !title.name.contains(only)) {
            return;
        }
        eprintln!("{}: {} ({})", title.family, title.name, title.collector);
        let counted =
            tokio::time::timeout(RETRY_TIMEOUT, async { count(&title, scenario.await?).await }).await;
        let counted = counted.unwrap_or_else(|_| Err(format!("no end after {RETRY_TIMEOUT:?}").into()));
        let line = counted.unwrap_or_else(|error| Line::failed(&title, error.to_string()));
        if !line.ok {
            eprintln!("  not as it must be: {line:?}");
        }
        self.lines.push(line);
        self.seconds = self.started.elapsed().as_secs_f64();
    }

    /// Adds what a collection left of a large shard.
    pub(crate) fn note_sizes(&mut self, sizes: Option<Sizes>) {
        self.sizes = sizes.or_else(|| self.sizes.take());
    }

    /// Whether every scenario came out as it must.
    pub(crate) fn is_ok(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.ok)
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers only")
    }
}

impl Line {
    fn of(title: &Title, by_lance: usize, by_us: usize, refused: usize, tally: Tally, note: String) -> Self {
        let lost = tally.lost.len();
        Self {
            family: title.family,
            scenario: title.name.clone(),
            collector: title.collector,
            acknowledged_by_lance: by_lance,
            acknowledged_by_us: by_us,
            refused,
            found: tally.found,
            lost,
            must_lose: title.loses,
            refused_but_found: tally.refused_but_found,
            found_twice: tally.twice,
            note,
            error: None,
            ok: lost == title.loses && tally.twice == 0,
        }
    }

    fn failed(title: &Title, error: String) -> Self {
        let line = Self::of(title, 0, 0, 0, Tally::default(), String::new());
        Self { error: Some(error), ok: false, ..line }
    }
}

async fn count(title: &Title, played: Played) -> Result<Line> {
    match played {
        Played::Table { table, ledger, mut note } => {
            let tally = View::of(&table).await?.against(&ledger);
            if !tally.lost.is_empty() {
                let lost: BTreeSet<_> = tally.lost.iter().copied().collect();
                let at = table.positions_of(&tally.lost).await?;
                note = format!("{note}; lost rows {lost:?}, at positions {at:?}");
            }
            let (by_lance, by_us) =
                (ledger.acknowledged_by(By::Lance), ledger.acknowledged_by(By::Fencepost));
            Ok(Line::of(title, by_lance, by_us, ledger.refused().len(), tally, note))
        }
        Played::Counted { by_lance, by_us, found, note } => {
            let missing = (by_lance + by_us).saturating_sub(found);
            let tally = Tally { found, lost: vec![0; missing], ..Tally::default() };
            Ok(Line::of(title, by_lance, by_us, 0, tally, note))
        }
    }
}

/// What the lock file holds.
const LANCE: &str = env!("LANCE_VERSION");
const RETRY_TIMEOUT: Duration = Duration::from_secs(900);
