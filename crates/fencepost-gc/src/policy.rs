//! What the owner of a log wants kept longer than safety asks for.

use fencepost_fence::Window;
use fencepost_format::Position;
use std::time::Duration;

/// How much is kept beyond what the protocol keeps anyway.
///
/// No setting can make a collection unsafe: the replay point, cursors and needed posts hold whatever the policy says.
/// Ages are measured on the store's own clock, see [`Inventory::now`](crate::Inventory::now).
///
/// ```
/// use fencepost_gc::Policy;
/// use std::time::Duration;
///
/// let policy = Policy::new().with_retain_entries(10_000).with_retain_age(Duration::from_secs(7 * 24 * 3600));
/// assert_eq!(policy.retain_entries(), 10_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Policy {
    retain_entries: u64,
    retain_age: Option<Duration>,
    manifests_keep: u64,
    manifests_age: Duration,
    lance_opener_age: Duration,
    lance_flush_age: Duration,
    strict: bool,
    fenced_off_accepted: Position,
    all_claims: bool,
    window: Window,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retain_entries: 0,
            retain_age: None,
            manifests_keep: MANIFESTS_KEEP,
            manifests_age: DAY,
            lance_opener_age: DAY,
            lance_flush_age: DAY,
            strict: false,
            fenced_off_accepted: Position::NONE,
            all_claims: false,
            window: Window::PROTOCOL,
        }
    }
}

impl Policy {
    /// The defaults, each explained at its setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Positions below `R` to keep, in positions. Default: 0, since what lies below `R` is safe elsewhere.
    ///
    /// More lets a consumer without a cursor start a little in the past, and costs the storage of that many entries.
    /// A huge number keeps everything.
    pub const fn with_retain_entries(mut self, positions: u64) -> Self {
        self.retain_entries = positions;
        self
    }

    /// Age below which entries are kept. Default: none.
    ///
    /// Everything from the lowest young entry upward stays, so that what is kept has no holes. Longer lets consumers come
    /// late without a cursor, and costs storage. The time is the store's: where something stays for its age alone, a pass writes a
    /// small object to learn it, so time passes on a log that nobody writes to as well. A dry run writes nothing; to it, it is as late as the
    /// newest object.
    pub const fn with_retain_age(mut self, age: Duration) -> Self {
        self.retain_age = Some(age);
        self
    }

    /// How many of the newest manifest versions stay. Default: 64; at least 1 stays whatever is asked for.
    ///
    /// Safety does not depend on it (P-9). Fewer make a slow reader of manifests list again more often; many make
    /// each listing of manifests longer (1,000 names to a request on S3).
    pub const fn with_manifests_keep(mut self, versions: u64) -> Self {
        self.manifests_keep = if versions == 0 { 1 } else { versions };
        self
    }

    /// Age below which manifest versions stay. Default: one day, also for Lance's readers, which may trust an old hint.
    ///
    /// Shorter or longer has the same effects as fewer or more [versions](Self::with_manifests_keep).
    pub const fn with_manifests_age(mut self, age: Duration) -> Self {
        self.manifests_age = age;
        self
    }

    /// How long an unsettled claim by Lance holds entries back (P-58). Default: one day.
    ///
    /// Lance's opener replays from the `R` that it read at its claim, however long ago that was, and does not look at the
    /// manifest afterwards. While a superseded claim of Lance's has no data entry, what it may replay stays. Shorter bets
    /// that no Lance process stalls so long while it opens; the bet is lost with acknowledged rows. Longer costs the storage of
    /// what lies above that `R`. An object whose time lies in the future, on a store whose clock once ran ahead, makes it
    /// shorter. Shards that Lance never wrote to are not concerned, and [strict](Self::with_strict) collections do without.
    pub const fn with_lance_opener_age(mut self, age: Duration) -> Self {
        self.lance_opener_age = age;
        self
    }

    /// Age below which the folder of an SSTable that no manifest names stays (P-81). Default: one day.
    ///
    /// Its flush may be under way: all files are written, and the manifest that names them is not. Shorter bets that no flush stalls so
    /// long between two of its requests; the bet is lost with an SSTable that the manifest names and that is not there. Longer
    /// costs the storage of what failed flushes left. [Strict](Self::with_strict) collections do without.
    pub const fn with_lance_flush_age(mut self, age: Duration) -> Self {
        self.lance_flush_age = age;
        self
    }

    /// Whether no clock may let go of anything where Lance writes. Default: no.
    ///
    /// An unsettled claim by Lance then counts until an operator releases its epoch (P-59), whatever its age, and no manifest
    /// version is pruned, since the versions are the evidence, and since Lance's commits have no cure against pruned versions.
    /// What a failed flush left goes once a later epoch was claimed above its generation (P-81), however young it is.
    /// It costs some hundred bytes for each version, for ever, and a few reads more in each pass. Claims whose
    /// versions an earlier pass pruned are not seen. Shards that Lance never wrote to are not concerned.
    pub const fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Up to which position acknowledged entries may go that a loss fenced off (P-101). Default: none.
    ///
    /// Nobody reads them, and they are the only copy of rows that somebody was told are durable; so they hold the collection, and it says so, until the operator has saved
    /// these rows and says this. What is fenced off counts as accepted if the entry that proves it stands at or below this position.
    pub const fn with_fenced_off_accepted(mut self, through: Position) -> Self {
        self.fenced_off_accepted = through;
        self
    }

    /// Whether to look at claims of any age, also those that were let go. Default: no. For reports; decides nothing.
    pub const fn with_all_claims(mut self, all: bool) -> Self {
        self.all_claims = all;
        self
    }

    /// Another window than the protocol's, for models and their tests.
    pub const fn with_window_for_models(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    pub(crate) const fn window(&self) -> Window {
        self.window
    }

    /// Positions below `R` that are kept.
    #[must_use]
    pub const fn retain_entries(&self) -> u64 {
        self.retain_entries
    }

    /// Age below which entries are kept.
    #[must_use]
    pub const fn retain_age(&self) -> Option<Duration> {
        self.retain_age
    }

    /// How many manifest versions are kept.
    #[must_use]
    pub const fn manifests_keep(&self) -> u64 {
        self.manifests_keep
    }

    /// Age below which manifest versions are kept.
    #[must_use]
    pub const fn manifests_age(&self) -> Duration {
        self.manifests_age
    }

    /// Whether no clock may let go of anything where Lance writes.
    #[must_use]
    pub const fn strict(&self) -> bool {
        self.strict
    }

    /// Up to which position acknowledged entries may go that a loss fenced off.
    #[must_use]
    pub const fn fenced_off_accepted(&self) -> Position {
        self.fenced_off_accepted
    }

    pub(crate) const fn reads_all_claims(&self) -> bool {
        self.strict || self.all_claims
    }

    /// How long an unsettled claim by Lance holds entries back.
    #[must_use]
    pub const fn lance_opener_age(&self) -> Duration {
        self.lance_opener_age
    }

    /// Age below which the folder of an SSTable that no manifest names stays.
    #[must_use]
    pub const fn lance_flush_age(&self) -> Duration {
        self.lance_flush_age
    }
}

const MANIFESTS_KEEP: u64 = 64;
const DAY: Duration = Duration::from_secs(24 * 3600);
