//! `cursor list|show|create|move|drop`: where consumers are, and what they keep from being collected.

use crate::args::{Cursor, CursorCreate, CursorDrop, CursorList, CursorMove, CursorShow, Target};
use crate::cmd::status::ago;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use fencepost::{
    Amount, CursorName, CursorOptions, CursorStart, CursorStatus, Leash, OnExceed, Overview, Position,
    ReadError, Wal,
};
use indicatif::HumanBytes;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) async fn run(cursor: Cursor, json: bool) -> Result<(), Failure> {
    match cursor {
        Cursor::List(args) => list(&args, json).await,
        Cursor::Show(args) => show(&args, json).await,
        Cursor::Create(args) => create(args, json).await,
        Cursor::Move(args) => advance(args, json).await,
        Cursor::Drop(args) => remove(&args, json).await,
    }
}

async fn list(args: &CursorList, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let overview = wal.overview().await?;
    let checkpoint = overview.manifest.replay_after;
    if json {
        let all: Vec<_> = all(&overview).map(|(cursor, held)| document(&overview, cursor, held)).collect();
        let shard = wal.shard().to_string();
        return output::json(&json!({
            "shard": shard, "tail": overview.tail.get(), "checkpoint": checkpoint.get(), "cursors": all,
        }));
    }
    for (cursor, held) in all(&overview) {
        if cursor.broken {
            output::line(&printable(&broken_line(cursor)))?;
            continue;
        }
        let mut line = format!(
            "{}: done with everything up to position {}, {} behind the tail",
            cursor.name,
            cursor.position,
            lag(&overview, cursor)
        );
        match holds(&overview, cursor) {
            0 => line.push_str("; it holds back nothing that is checkpointed"),
            positions => line.push_str(&format!(
                "; it holds back {} up to the checkpoint at {checkpoint} ({})",
                counted(positions, "position"),
                amount_and_age(held)
            )),
        }
        if let Some(leash) = cursor.leash {
            line.push_str(&format!("; leash: {leash}"));
        }
        if let Some(exceeded) = cursor.exceeded(held, SystemTime::now()) {
            line.push_str(&format!("; OVER ITS LEASH: {exceeded}"));
        }
        if cursor.half_made {
            line.push_str("; its creation is under way or was never finished: open it again, or drop it");
        }
        output::line(&printable(&line))?;
    }
    if overview.cursors.is_empty() {
        output::line("no cursors")?;
    }
    Ok(())
}

async fn show(args: &CursorShow, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let overview = wal.overview().await?;
    let (cursor, held) = find(&overview, &args.name)?;
    if json {
        return output::json(&document(&overview, cursor, held));
    }
    let now = SystemTime::now();
    let checkpoint = overview.manifest.replay_after;
    let state = match (cursor.half_made, is_overtaken(&overview, cursor)) {
        _ if cursor.broken => "broken: it holds nothing; make it anew with `cursor create`, or drop it",
        _ if cursor.exceeded(held, now).is_some() => "over its leash",
        (true, _) => "half made: open it again with `tail --cursor`, or drop it",
        (false, true) => "overtaken: a collection passed what its consumer reads next",
        (false, false) => "it holds what is above its position",
    };
    let oldest = held.oldest.map_or_else(String::new, |oldest| format!(", the oldest {}", ago(now, oldest)));
    let leash = cursor.leash.map_or_else(|| "none: it holds for ever".to_owned(), |leash| leash.to_string());
    let moved =
        cursor.moved.map_or_else(|| "at a time that is not known".to_owned(), |moved| ago(now, moved));
    let over = cursor.exceeded(held, now).map_or_else(String::new, |over| format!(": {over}"));
    output::line(&printable(&format!(
        "cursor      {}\nposition    {}; next is {}\ntail        {}, {} ahead\n\
         holds back  {} positions up to the checkpoint at {checkpoint}: {}{oldest}\nboundary    {}\nmoved       {moved}\nleash       {leash}\nstate       {state}{over}",
        cursor.name,
        cursor.position,
        cursor.position.next(),
        overview.tail,
        lag(&overview, cursor),
        holds(&overview, cursor),
        amount(held),
        overview.boundary,
    )))
}

async fn create(args: CursorCreate, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let overview = wal.overview().await?;
    let mut whole = overview.cursors.iter().filter(|cursor| !cursor.half_made && !cursor.broken);
    if let Some(there) = whole.find(|cursor| cursor.name == args.name) {
        let message = format!("there is a cursor {} already, at position {}", args.name, there.position);
        return Err(Failure::new(Exit::Input, message).with_advice("`cursor move` moves it on."));
    }
    let start = match args.at {
        None => CursorStart::Checkpoint,
        Some(target) => position(target, &overview)?.into(),
    };
    // P-165: who says `create` of one that was broken means it.
    let options = CursorOptions::from(start).with_broken_remade();
    let options = args.leash.leash().into_iter().fold(options, CursorOptions::with_leash);
    let made = wal.cursor(args.name, options).await?;
    told(&wal, json, "created", made.name(), made.position())
}

async fn advance(args: CursorMove, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let overview = wal.overview().await?;
    let (status, _) = find(&overview, &args.name)?;
    if status.broken {
        // It says when and why.
        return existing(&wal, args.name).await.map(drop);
    }
    let (before, to) = (status.position, position(args.to, &overview)?);
    if to < before {
        return Err(Failure::new(
            Exit::Input,
            format!("cursor {} is at {before} already, and cursors do not move back", args.name),
        )
        .with_advice(format!(
            "Collections may have passed what is below {before}. To read it once more if it is there: `tail --from {}`.",
            to.next()
        )));
    }
    if args.dry_run {
        return would(&wal, json, "moved", &overview, status, to);
    }
    let mut cursor = existing(&wal, args.name).await?;
    cursor.advance(to).await?;
    told(&wal, json, "moved", cursor.name(), cursor.position())
}

async fn remove(args: &CursorDrop, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    if args.dry_run {
        let overview = wal.overview().await?;
        let (status, _) = find(&overview, &args.name)?;
        return would(&wal, json, "dropped", &overview, status, overview.tail);
    }
    if !wal.remove_cursor(&args.name).await? {
        return Err(none(&args.name));
    }
    if json {
        let shard = wal.shard().to_string();
        return output::json(&json!({"shard": shard, "dropped": args.name.as_str()}));
    }
    output::line(&format!("dropped: cursor {}; collections keep nothing for it any more", args.name))
}

/// The position that was asked for, which somebody may have read.
fn position(target: Target, overview: &Overview) -> Result<Position, Failure> {
    match target {
        Target::At(position) if position > overview.tail => {
            let message =
                format!("position {position} is above the tail, {}: nobody has read it", overview.tail);
            Err(Failure::new(Exit::Input, message))
        }
        Target::At(position) => Ok(position),
        Target::Tail => Ok(overview.tail),
    }
}

/// What was done.
fn told(wal: &Wal, json: bool, done: &str, name: &CursorName, at: Position) -> Result<(), Failure> {
    if json {
        let shard = wal.shard().to_string();
        return output::json(&json!({"shard": shard, done: name.as_str(), "position": at.get()}));
    }
    output::line(&format!("{done}: cursor {name}; it holds what is above position {at}"))
}

/// What would be done, and what it would let go.
fn would(
    wal: &Wal,
    json: bool,
    done: &str,
    overview: &Overview,
    cursor: &CursorStatus,
    to: Position,
) -> Result<(), Failure> {
    let freed = cursor.position.distance_to(to.min(overview.manifest.replay_after));
    if json {
        return output::json(&json!({
            "shard": wal.shard().to_string(), done: cursor.name.as_str(), "dry_run": true,
            "position": cursor.position.get(), "frees": freed,
        }));
    }
    output::line(&format!(
        "would be {done}: cursor {} at position {}; collections could then pass {} that it holds back now",
        cursor.name,
        cursor.position,
        counted(freed, "position")
    ))
}

async fn existing(wal: &Wal, name: CursorName) -> Result<fencepost::Cursor, Failure> {
    match wal.existing_cursor(name).await {
        Err(ReadError::NoCursor { name, .. }) => Err(none(&name)),
        opened => Ok(opened?),
    }
}

fn find<'a>(overview: &'a Overview, name: &CursorName) -> Result<(&'a CursorStatus, &'a Amount), Failure> {
    all(overview).find(|(cursor, _)| cursor.name == *name).ok_or_else(|| none(name))
}

fn none(name: &CursorName) -> Failure {
    Failure::new(Exit::Input, format!("there is no cursor {name}; `cursor list` shows all cursors"))
}

fn all(overview: &Overview) -> impl Iterator<Item = (&CursorStatus, &Amount)> {
    overview.cursors.iter().zip(&overview.held_by_cursors)
}

fn broken_line(cursor: &CursorStatus) -> String {
    let CursorStatus { name, position, .. } = cursor;
    format!(
        "{name}: BROKEN at position {position}, since it was over its leash; it holds nothing: make it anew with `cursor create`, or drop it"
    )
}

/// How many positions a collection could pass if it were not for this cursor.
fn holds(overview: &Overview, cursor: &CursorStatus) -> u64 {
    if cursor.broken {
        return 0;
    }
    cursor.position.distance_to(overview.manifest.replay_after)
}

/// How many positions the consumer has yet to read.
fn lag(overview: &Overview, cursor: &CursorStatus) -> u64 {
    cursor.position.distance_to(overview.tail)
}

fn is_overtaken(overview: &Overview, cursor: &CursorStatus) -> bool {
    overview.boundary > cursor.position
}

fn amount_and_age(held: &Amount) -> String {
    let oldest = held.oldest.map(|oldest| format!(", the oldest {}", ago(SystemTime::now(), oldest)));
    format!("{}{}", amount(held), oldest.unwrap_or_default())
}

fn amount(held: &Amount) -> String {
    format!("{} with {}", counted(held.objects, "entry"), HumanBytes(held.bytes))
}

fn document(overview: &Overview, cursor: &CursorStatus, held: &Amount) -> Value {
    let oldest = held.oldest.and_then(|oldest| oldest.duration_since(UNIX_EPOCH).ok());
    json!({
        "name": cursor.name.as_str(), "position": cursor.position.get(), "lag": lag(overview, cursor),
        "holds": holds(overview, cursor), "half_made": cursor.half_made,
        "broken": cursor.broken,
        "moved": cursor.moved.and_then(|moved| Some(moved.duration_since(UNIX_EPOCH).ok()?.as_secs())),
        "leash": cursor.leash.map(leash),
        "exceeded": cursor.exceeded(held, SystemTime::now()),
        "held": {
            "objects": held.objects, "bytes": held.bytes, "oldest": oldest.map(|since| since.as_secs()),
        },
    })
}

fn leash(leash: Leash) -> Value {
    let seconds = |limit: Option<std::time::Duration>| limit.map(|limit| limit.as_secs_f64());
    let on_exceed = match leash.on_exceed() {
        OnExceed::Warn => "warn",
        OnExceed::Break => "break",
    };
    json!({
        "expire": seconds(leash.expire()), "age": seconds(leash.age()), "entries": leash.entries(),
        "bytes": leash.bytes(), "on_exceed": on_exceed,
    })
}
