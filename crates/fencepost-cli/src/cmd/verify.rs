//! `verify`: reads everything, says what is wrong.

use crate::args::Verify;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::progress;
use serde_json::json;

pub(super) async fn run(args: Verify, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let progress = progress::bar("entries read");
    let shown = progress.clone();
    let found = wal
        .verify(move |read, of| {
            shown.set_length(of);
            shown.set_position(read);
        })
        .await?;
    progress.finish_and_clear();
    let problems = found.problems.iter();
    if json {
        let problems = problems
            .map(|problem| json!({"object": problem.object, "offset": problem.offset, "what": problem.what}));
        let document = json!({
            "ok": found.is_ok(), "shard": wal.shard().to_string(), "entries": found.entries, "rows": found.rows,
            "manifests": found.manifests, "problems": problems.collect::<Vec<_>>(),
        });
        output::json(&document)?;
    } else {
        for problem in problems {
            let place = problem.offset.map_or_else(String::new, |offset| format!(", byte {offset}"));
            output::line(&output::printable(&format!("{}{place}: {}", problem.object, problem.what)))?;
        }
        let verdict =
            if found.is_ok() { "sound".to_owned() } else { format!("{} problems", found.problems.len()) };
        output::line(&format!(
            "{verdict}: {} entries, {} rows, {} manifests read",
            found.entries, found.rows, found.manifests
        ))?;
    }
    if found.is_ok() { Ok(()) } else { Err(Failure::said(Exit::Damaged)) }
}
