//! Claims by Lance whose openers may still replay: what they hold back, and letting go of them.

use crate::args::{GcClaims, GcForget};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use fencepost::{Claim, ClaimState, Claims, Collected, Hold, Policy, Wal};
use serde_json::{Value, json};
use std::time::Duration;

/// `gc claims`.
pub(super) async fn list(args: &GcClaims, json: bool) -> Result<(), Failure> {
    let policy = args.retry_timeout.policy();
    let shards = args.place.open_all().await?;
    let (mut documents, mut is_old) = (Vec::new(), false);
    for wal in &shards {
        let claims = plan(wal, policy.clone()).await?.plan.claims;
        is_old |= args.warn_age.is_some_and(|limit| claims.unsettled().any(|claim| claim.silent_for > limit));
        documents.push(json!({"shard": wal.shard().to_string(), "claims": self::documents(&claims)}));
        if !json {
            output::line(&printable(&text(wal, &claims)))?;
        }
    }
    match (json, documents.as_slice()) {
        (false, _) => {}
        (true, [only]) => output::json(only)?,
        (true, _) => output::json(&json!({"shards": documents}))?,
    }
    if is_old { Err(Failure::said(Exit::Attention)) } else { Ok(()) }
}

/// `gc forget`.
pub(super) async fn forget(args: &GcForget, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    // What a clock-free collection would wait for.
    let claims = plan(&wal, Policy::new().with_clock_free(true)).await?.plan.claims;
    let epoch = args.epoch;
    let Some(claim) = claims.all.iter().find(|claim| claim.epoch == epoch) else {
        return Err(refused(format!(
            "Lance made no claim of epoch {epoch} that is still known; `gc claims` lists all claims"
        )));
    };
    match claim.state {
        ClaimState::Unsettled(_) | ClaimState::Forgotten => {}
        ClaimState::Current => {
            return Err(refused(format!(
                "epoch {epoch} holds the shard; only superseded claims can be forgotten"
            )));
        }
        _ => return Err(refused(format!("the claim of epoch {epoch} is settled and holds nothing back"))),
    }
    let recorded = if args.dry_run {
        false
    } else {
        let forgotten = wal.forget_claim(claim).await;
        forgotten.map_err(|error| Failure::of(Exit::Failed, &error))?;
        true
    };
    if json {
        let mut document = document(claim);
        document["shard"] = wal.shard().to_string().into();
        document["dry_run"] = args.dry_run.into();
        document["recorded"] = recorded.into();
        return output::json(&document);
    }
    let held = what_it_holds(claim).unwrap_or_else(|| format!("epoch {epoch} holds nothing back"));
    let said = if recorded {
        format!("forgotten for ever: epoch {epoch}; until now, {held}")
    } else {
        format!("would be forgotten for ever: {held}; first make sure that its process is gone")
    };
    output::line(&said)
}

async fn plan(wal: &Wal, policy: Policy) -> Result<Collected, Failure> {
    Ok(wal.collector().with_policy(policy.with_all_claims(true)).plan().await?)
}

fn refused(message: String) -> Failure {
    Failure::new(Exit::Input, message)
}

/// All claims, for programs.
pub(super) fn documents(claims: &Claims) -> Vec<Value> {
    claims.all.iter().map(document).collect()
}

fn document(claim: &Claim) -> Value {
    let holds = match claim.state {
        ClaimState::Unsettled(Hold { after, through }) => {
            json!({"after": after.get(), "through": through.map(|through| through.get())})
        }
        _ => Value::Null,
    };
    json!({
        "epoch": claim.epoch.get(), "version": claim.version.get(), "replay_after": claim.replay_after.get(),
        "age_seconds": claim.silent_for.as_secs(), "state": claim.state.name(), "holds": holds,
    })
}

/// What a claim holds back, in words; `None` if nothing.
pub(in crate::cmd) fn what_it_holds(claim: &Claim) -> Option<String> {
    let ClaimState::Unsettled(Hold { after, through }) = claim.state else { return None };
    let (epoch, version, first) = (claim.epoch, claim.version, after.next());
    Some(match through {
        Some(through) if through == first => {
            format!("the opener of epoch {epoch} (manifest {version}) is fenced at position {through}")
        }
        Some(through) => format!(
            "the opener of epoch {epoch} (manifest {version}) may replay positions {first} to {through}, where it is fenced"
        ),
        None => format!(
            "the opener of epoch {epoch} (manifest {version}) may replay everything from position {first} on; \
             once its process is gone, `gc forget` it"
        ),
    })
}

fn text(wal: &Wal, claims: &Claims) -> String {
    let mut text = format!("shard {}", wal.shard());
    for claim in &claims.all {
        let Claim { epoch, version, replay_after, .. } = claim;
        let age = humantime::format_duration(Duration::from_secs(claim.silent_for.as_secs()));
        let state = claim.state.name();
        text.push_str(&format!(
            "\nepoch {epoch}, manifest {version}, replays after position {replay_after}, {age} old: {state}"
        ));
        if let Some(holds) = what_it_holds(claim) {
            text.push_str(&format!("; {holds}"));
        }
    }
    if claims.all.is_empty() {
        text.push_str("\nno claims by Lance");
    }
    if let Some(version) = claims.unread {
        text.push_str(&format!(
            "\nmanifest {version} could not be read: it may be a claim, so everything is kept"
        ));
    }
    text
}
