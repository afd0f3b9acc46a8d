//! Settings of the bucket, which lie beside its objects: what it does to them by itself.

#[cfg(feature = "cloud")]
mod rules;
#[cfg(all(test, feature = "cloud"))]
mod tests;

use super::bench::{Bench, Found};
use super::report::Seen;
use fencepost_store::Backend;

/// Reads what these credentials may read, and says how to look for the rest by hand. Costs a LIST, and a GET
/// for each setting.
pub(super) async fn of_bucket(bench: Bench<'_>) -> Found {
    #[cfg(feature = "cloud")]
    if let Some(seen) = read::settings(bench).await? {
        return Ok(seen);
    }
    Ok(Seen::not_applicable(match bench.store().backend() {
        Backend::Memory | Backend::Local => "there are none",
        Backend::Azure => {
            "not looked at: they belong to the account, and a container does not tell them; by hand: \
             `az storage account management-policy show` and `az storage account blob-service-properties show`, each with \
             `--account-name ACCOUNT`; no rule may delete or move what is below the log"
        }
        _ => {
            "not checked: the store was opened elsewhere; no lifecycle rule may delete or move objects below the log"
        }
    }))
}

#[cfg(feature = "cloud")]
mod read {
    use super::super::bench::Bench;
    use super::super::report::{Outcome, Seen};
    use super::rules::{Effect, Lifecycle, ObjectLock, Rule, Versioning};
    use fencepost_store::{Backend, BucketSetting as Setting, Escaped, StoreError};
    use serde::de::DeserializeOwned;

    /// `None` where there is nobody to ask.
    pub(super) async fn settings(bench: Bench<'_>) -> Result<Option<Seen>, StoreError> {
        let store = bench.store();
        if !store.has_settings() {
            return Ok(None);
        }
        // The address of the bucket is that of its listings.
        store.list_all("settings").await?;
        let (Some(versioning), Some(lifecycle)) =
            (store.setting("versioning").await, store.setting("lifecycle").await)
        else {
            return Ok(None);
        };
        let lock = match store.backend() {
            // GCS has locks too, but not among what its XML interface tells.
            Backend::S3 => store.setting("object-lock").await,
            _ => None,
        };
        // The folder of the suite lies directly below what was named to the doctor.
        let root = store.root().as_ref();
        let place = root.rsplit_once('/').map_or(String::new(), |(place, _)| format!("{place}/"));
        Ok(Some(judge(&place, &versioning, &lifecycle, lock.as_ref(), by_hand(store.backend()))))
    }

    pub(super) fn judge(
        place: &str,
        versioning: &Setting,
        lifecycle: &Setting,
        lock: Option<&Setting>,
        by_hand: &str,
    ) -> Seen {
        let mut findings = Findings::default();
        let rules = findings.read::<Lifecycle>("lifecycle rules", lifecycle);
        let versioning = findings.read::<Versioning>("versioning", versioning);
        let lock = lock.and_then(|lock| findings.read::<ObjectLock>("object lock", lock));
        let rules = rules.map(|rules| rules.map_or_else(Vec::new, |found| found.rules));
        for rule in rules.iter().flatten() {
            findings.rule(place, rule);
        }
        let swept = rules.iter().flatten().any(Rule::ends_old_versions);
        if versioning.as_ref().is_some_and(|found| found.as_ref().is_some_and(Versioning::is_on)) {
            match (swept, rules.is_some()) {
                (true, _) => findings.add(Outcome::Passed, "versioning is on, and old versions expire", None),
                (false, true) => findings.add(
                    Outcome::Warning,
                    "versioning is on and no rule expires noncurrent versions",
                    Some(FREES_NOTHING),
                ),
                (false, false) => findings.add(
                    Outcome::Warning,
                    "versioning is on, and it is not known whether noncurrent versions expire",
                    Some(FREES_NOTHING),
                ),
            }
        }
        if lock.flatten().is_some_and(|lock| lock.locks_by_default()) {
            findings.add(Outcome::Warning, "each new object is locked for a time", Some(FREES_NOTHING));
        }
        findings.conclude(by_hand)
    }

    #[derive(Default)]
    struct Findings {
        worst: Option<Outcome>,
        lost: Option<&'static str>,
        texts: Vec<String>,
        unread: Vec<String>,
    }

    impl Findings {
        /// What a document says; `None` if it could not be read, `Some(None)` if nothing was set.
        fn read<T: DeserializeOwned>(&mut self, what: &str, setting: &Setting) -> Option<Option<T>> {
            let why = match setting {
                Setting::Absent => return Some(None),
                Setting::Found(text) => match quick_xml::de::from_str(text) {
                    Ok(found) => return Some(Some(found)),
                    Err(_) => "the answer cannot be understood".to_owned(),
                },
                Setting::Denied(status) => status.to_string(),
                Setting::Unknown(why) => why.clone(),
            };
            self.unread.push(format!("{what} could not be read ({why})"));
            None
        }

        fn rule(&mut self, place: &str, rule: &Rule) {
            let effect = rule.effect();
            for prefix in rule.prefixes() {
                // It meets everything here, or all that is in a log right here; or at least something.
                let everything = place.starts_with(prefix) || prefix.starts_with(&format!("{place}_mem_wal"));
                if effect == Effect::None || !(everything || prefix.starts_with(place)) {
                    continue;
                }
                let name = Escaped(rule.name());
                let objects = match prefix {
                    "" => "all objects of the bucket".to_owned(),
                    prefix => format!("objects below `{}`", Escaped(prefix)),
                };
                let (text, lost) = match effect {
                    Effect::Deletes => {
                        let after = rule.after();
                        (format!("lifecycle rule `{name}` deletes {objects}, {}", Escaped(&after)), DELETES)
                    }
                    Effect::Freezes => {
                        (format!("lifecycle rule `{name}` moves {objects} into an archive"), FREEZES)
                    }
                    Effect::Moves | Effect::None => {
                        (format!("lifecycle rule `{name}` moves {objects} to another class"), MOVES)
                    }
                };
                let outcome = match effect {
                    Effect::Moves | Effect::None => Outcome::Warning,
                    _ if everything => Outcome::Failed,
                    // Whether a log is there is not known.
                    _ => Outcome::Warning,
                };
                self.add(outcome, text, Some(lost));
            }
        }

        fn add(&mut self, outcome: Outcome, text: impl Into<String>, lost: Option<&'static str>) {
            let grave = |outcome| match outcome {
                Outcome::Failed => 2,
                Outcome::Warning => 1,
                _ => 0,
            };
            if self.worst.is_none_or(|worst| grave(outcome) > grave(worst)) {
                (self.worst, self.lost) = (Some(outcome), lost);
            }
            self.texts.push(text.into());
        }

        fn conclude(mut self, by_hand: &str) -> Seen {
            if self.texts.is_empty() && self.unread.is_empty() {
                self.texts.push("versioning is off, and no rule touches what is here".to_owned());
            }
            let outcome = match (self.worst, self.unread.is_empty()) {
                (Some(worst @ (Outcome::Failed | Outcome::Warning)), _) => worst,
                (_, true) => Outcome::Passed,
                // No failure: a writer should not have the right to read them.
                (_, false) => Outcome::Unknown,
            };
            let by_hand = (!self.unread.is_empty()).then(|| format!("by hand: {by_hand}"));
            let mut texts = self.texts;
            texts.extend(self.unread.drain(..).chain(by_hand));
            Seen { outcome, text: texts.join("; "), lost: self.lost }
        }
    }

    const fn by_hand(backend: Backend) -> &'static str {
        match backend {
            Backend::Gcs => {
                "`gcloud storage buckets describe gs://BUCKET` shows lifecycle, versioning, soft delete and retention; no rule \
                 may delete or move what is below the log"
            }
            _ => {
                "`aws s3api get-bucket-versioning`, `get-bucket-lifecycle-configuration` and `get-object-lock-configuration`, \
                 each with `--bucket BUCKET`; no rule may delete or move what is below the log"
            }
        }
    }

    const DELETES: &str = "rows that nobody has read yet once they are old enough, and the fence entries that stop stalled writers, which \
                           would then report success for rows that nobody ever reads";
    const FREEZES: &str =
        "no rows, but nobody can read or open the log until somebody restores them from the archive";
    const MOVES: &str = "no rows; moving small objects, and reading them there, can cost more than it saves";
    const FREES_NOTHING: &str =
        "no rows, but a collection frees nothing: what it deletes stays and is paid for";
}
