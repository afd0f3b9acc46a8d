//! All scenarios, one file for each family.

pub(crate) mod compaction;
mod covered;
mod fixtures;
mod flushes;
mod gaps;
mod held;
mod idle;
mod lance_writes;
mod live;
mod openers;
mod ping_pong;
mod pipelined;
mod reclaimed;
mod size;
mod stock;
mod we_write;

use crate::report::Report;

/// Plays every scenario, in the order of the table.
pub(crate) async fn play_all(report: &mut Report) {
    fixtures::play(report).await;
    lance_writes::play(report).await;
    we_write::play(report).await;
    ping_pong::play(report).await;
    live::play(report).await;
    covered::play(report).await;
    gaps::play(report).await;
    idle::play(report).await;
    held::play(report).await;
    openers::play(report).await;
    pipelined::play(report).await;
    flushes::play(report).await;
    compaction::play(report).await;
    reclaimed::play(report).await;
    stock::play(report).await;
    size::play(report).await;
}
