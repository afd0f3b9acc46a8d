//! The documents of S3 and of GCS's XML interface that say what a bucket does to its objects by itself.

use serde::Deserialize;

/// `GET ?versioning`.
#[derive(Debug, Deserialize)]
pub(super) struct Versioning {
    #[serde(rename = "Status")]
    status: Option<String>,
}

/// `GET ?object-lock`.
#[derive(Debug, Deserialize)]
pub(super) struct ObjectLock {
    #[serde(rename = "ObjectLockEnabled")]
    enabled: Option<String>,
    #[serde(rename = "Rule")]
    rule: Option<Present>,
}

/// `GET ?lifecycle`.
#[derive(Debug, Deserialize)]
pub(super) struct Lifecycle {
    #[serde(rename = "Rule", default)]
    pub(super) rules: Vec<Rule>,
}

/// One rule, of either dialect.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Rule {
    #[serde(rename = "ID")]
    id: Option<String>,
    /// S3: `Enabled` or `Disabled`. GCS has no rules that are off.
    status: Option<String>,
    /// S3, as it was before filters.
    prefix: Option<String>,
    filter: Option<Filter>,
    expiration: Option<Expiration>,
    noncurrent_version_expiration: Option<Present>,
    #[serde(rename = "Transition")]
    transitions: Vec<Transition>,
    /// GCS.
    action: Option<Action>,
    /// GCS.
    condition: Option<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    prefix: Option<String>,
    tag: Option<Present>,
    and: Option<Box<And>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct And {
    prefix: Option<String>,
    #[serde(rename = "Tag")]
    tags: Vec<Present>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Expiration {
    days: Option<String>,
    date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Transition {
    storage_class: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Action {
    delete: Option<Present>,
    set_storage_class: Option<Present>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Condition {
    age: Option<String>,
    is_live: Option<String>,
    #[serde(rename = "MatchesPrefix")]
    prefixes: Vec<String>,
    num_newer_versions: Option<Present>,
    days_since_noncurrent_time: Option<Present>,
}

/// An element of whose content nothing is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Present {}

/// What a rule does to objects that are current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Deletes them.
    Deletes,
    /// Moves them to where they cannot be read at once.
    Freezes,
    /// Moves them to another price.
    Moves,
}

impl Versioning {
    pub(super) fn is_on(&self) -> bool {
        self.status.as_deref() == Some("Enabled")
    }
}

impl ObjectLock {
    /// Whether each new object is locked without anybody asking for it.
    pub(super) const fn locks_by_default(&self) -> bool {
        self.enabled.is_some() && self.rule.is_some()
    }
}

impl Rule {
    pub(super) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or("without a name")
    }

    /// What becomes of current objects. A rule that is off, or for tagged objects only, is none: a log tags
    /// nothing.
    pub(super) fn effect(&self) -> Effect {
        if self.status.as_deref() == Some("Disabled") || self.wants_tags() {
            return Effect::None;
        }
        let expires = self.expiration.as_ref().is_some_and(|e| e.days.is_some() || e.date.is_some());
        let frozen = |t: &Transition| ["GLACIER", "DEEP_ARCHIVE"].contains(&t.storage_class.as_str());
        let gcs = |act: fn(&Action) -> bool| self.action.as_ref().is_some_and(act) && self.meets_current();
        if expires || gcs(|action| action.delete.is_some()) {
            Effect::Deletes
        } else if self.transitions.iter().any(frozen) {
            Effect::Freezes
        } else if !self.transitions.is_empty() || gcs(|action| action.set_storage_class.is_some()) {
            Effect::Moves
        } else {
            Effect::None
        }
    }

    /// Whether it ends versions that are no longer current, which is what a log on a bucket with versioning wants.
    pub(super) fn ends_old_versions(&self) -> bool {
        let gcs = self.action.as_ref().is_some_and(|action| action.delete.is_some()) && !self.meets_current();
        self.status.as_deref() != Some("Disabled") && (self.noncurrent_version_expiration.is_some() || gcs)
    }

    /// For how long objects stay, in words.
    pub(super) fn after(&self) -> String {
        let days = |days: &String| format!("{days} days after they were written");
        let expiration = self.expiration.as_ref();
        let s3 = expiration
            .and_then(|e| e.days.as_ref().map(days).or_else(|| e.date.as_ref().map(|d| format!("from {d}"))));
        let gcs = self.condition.as_ref().and_then(|condition| condition.age.as_ref()).map(days);
        s3.or(gcs).unwrap_or_else(|| "sooner or later".to_owned())
    }

    /// The prefixes that it is for; an empty one is for everything.
    pub(super) fn prefixes(&self) -> Vec<&str> {
        if let Some(condition) = self.condition.as_ref().filter(|condition| !condition.prefixes.is_empty()) {
            return condition.prefixes.iter().map(String::as_str).collect();
        }
        let filter = self.filter.as_ref();
        let and = filter.and_then(|filter| filter.and.as_ref()?.prefix.as_deref());
        let prefix = filter.and_then(|filter| filter.prefix.as_deref()).or(and);
        vec![prefix.or(self.prefix.as_deref()).unwrap_or_default()]
    }

    fn wants_tags(&self) -> bool {
        let filter = self.filter.as_ref();
        let and = filter.and_then(|filter| filter.and.as_ref());
        filter.is_some_and(|filter| filter.tag.is_some()) || and.is_some_and(|and| !and.tags.is_empty())
    }

    /// GCS: whether the condition can hold of objects that nobody deleted.
    fn meets_current(&self) -> bool {
        let Some(condition) = &self.condition else { return true };
        condition.is_live.as_deref() != Some("false")
            && condition.num_newer_versions.is_none()
            && condition.days_since_noncurrent_time.is_none()
    }
}
