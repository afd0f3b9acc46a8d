//! The policy of a collection: what to keep longer than safety requires.

use fencepost_fence::Window;
use fencepost_format::Position;
use std::time::Duration;

/// How much a collection keeps beyond what the protocol keeps anyway.
///
/// The replay point, cursors and guarding fences hold whatever the policy says. Ages are measured on the
/// store's own clock, see [`Inventory::now`](crate::Inventory::now).
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
    clock_free: bool,
    drained: bool,
    fenced_off_accepted: Position,
    all_claims: bool,
    receipts_keep: u64,
    receipts_age: Duration,
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
            clock_free: false,
            drained: false,
            fenced_off_accepted: Position::NONE,
            all_claims: false,
            receipts_keep: RECEIPTS_KEEP,
            receipts_age: RECEIPTS_AGE,
            window: Window::PROTOCOL,
        }
    }
}

impl Policy {
    /// The defaults, each explained at its setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many positions below the replay point (`replay_after`) to keep. Default: 0, since everything below
    /// `replay_after` is safe elsewhere.
    ///
    /// More: a consumer without a cursor can start a little in the past, at the cost of storing that many entries.
    /// A huge number keeps everything.
    pub const fn with_retain_entries(mut self, positions: u64) -> Self {
        self.retain_entries = positions;
        self
    }

    /// Age below which entries are kept. Default: none.
    ///
    /// Everything from the lowest young entry upward stays, so the kept entries have no holes. Longer:
    /// consumers can come late without a cursor, at the cost of storage. The time is the store's. If anything
    /// stays for its age alone, a pass writes a small object to learn the time, so that entries age even on a
    /// log that nobody writes to. A dry run writes nothing; it takes the time of the newest object as the
    /// present.
    pub const fn with_retain_age(mut self, age: Duration) -> Self {
        self.retain_age = Some(age);
        self
    }

    /// How many of the newest manifest versions stay. Default: 64. At least 1 always stays.
    ///
    /// Safety does not depend on it. Fewer: a slow reader of manifests lists again more often. More: each
    /// listing of manifests is longer (1,000 names per request on S3).
    // P-9.
    pub const fn with_manifests_keep(mut self, versions: u64) -> Self {
        self.manifests_keep = if versions == 0 { 1 } else { versions };
        self
    }

    /// Age below which manifest versions stay. Default: one day. Lance's readers need it too: they may trust
    /// an old hint.
    ///
    /// Shorter or longer has the same effects as fewer or more [versions](Self::with_manifests_keep).
    pub const fn with_manifests_age(mut self, age: Duration) -> Self {
        self.manifests_age = age;
        self
    }

    /// How long an unsettled claim by Lance holds entries back. Default: one day.
    ///
    /// Lance's opener replays from the `replay_after` that it read at its claim, however long ago that was,
    /// and does not read the manifest again. Entries that a superseded claim by Lance may replay therefore
    /// stay until that claim has a data entry, or is older than this. Shorter: acknowledged rows are lost if
    /// a Lance process stalls longer than this while it opens. Longer: the entries above that `replay_after`
    /// need storage longer. If the store's clock once ran ahead, objects with a time in the future make the
    /// age shorter. It does not apply to shards that Lance never wrote to, nor to
    /// [clock-free](Self::with_clock_free) collections.
    // P-58.
    pub const fn with_lance_opener_age(mut self, age: Duration) -> Self {
        self.lance_opener_age = age;
        self
    }

    /// Age below which the folder of an SSTable that no manifest names stays. Default: one day.
    ///
    /// The flush may be under way: its files are written, but the manifest that names them is not. Shorter:
    /// if a flush stalls longer than this between two requests, the manifest names an SSTable that was
    /// deleted. Longer: the remains of failed flushes need storage longer. It does not apply to
    /// [clock-free](Self::with_clock_free) collections.
    // P-81.
    pub const fn with_lance_flush_age(mut self, age: Duration) -> Self {
        self.lance_flush_age = age;
        self
    }

    /// Never delete anything because of its age on shards that Lance writes to. Default: no.
    ///
    /// * An unsettled claim by Lance counts until an operator has its epoch forgotten, whatever its age.
    /// * No manifest version is pruned: the versions are the evidence, and Lance's commits cannot cope with
    ///   pruned ones.
    /// * The remains of a failed flush are deleted once a later epoch was claimed above its generation,
    ///   however young they are.
    ///
    /// It costs a few hundred bytes for each version, for ever, and a few more reads in each pass. Claims
    /// whose versions an earlier pass pruned are not seen. It does not apply to shards that Lance never wrote
    /// to.
    // P-59, P-81.
    pub const fn with_clock_free(mut self, clock_free: bool) -> Self {
        self.clock_free = clock_free;
        self
    }

    /// Delete SSTables that somebody took out of the manifest, although no reclaim did. Default: no.
    ///
    /// Some compactors copy the rows elsewhere, and then take the SSTable out of the shard's manifest without a marker in
    /// the table. Nothing here can check that the rows are elsewhere: whoever sets this says so, of all SSTables of the
    /// shard that are not in its latest manifest.
    // P-89.
    pub const fn with_drained(mut self, drained: bool) -> Self {
        self.drained = drained;
        self
    }

    /// The position up to which acknowledged entries that a loss fenced off may be deleted. Default: none.
    ///
    /// No reader sees these entries, but they are the only copy of rows that were acknowledged. They
    /// therefore hold the collection back, and its report says so, until the operator has saved the rows and
    /// sets this position. A fenced-off entry counts as accepted if the entry that proves it stands at or
    /// below this position.
    // P-101.
    pub const fn with_fenced_off_accepted(mut self, through: Position) -> Self {
        self.fenced_off_accepted = through;
        self
    }

    /// Whether to look at claims of any age, including those that hold nothing any more. Default: no. It
    /// changes only reports, never what is deleted.
    pub const fn with_all_claims(mut self, all: bool) -> Self {
        self.all_claims = all;
        self
    }

    /// How many collections' receipts to keep, whatever their age. Default: 100.
    // P-141.
    pub const fn with_receipts_keep(mut self, passes: u64) -> Self {
        self.receipts_keep = passes;
        self
    }

    /// Age below which receipts stay, however many there are. Default: 30 days.
    // P-141.
    pub const fn with_receipts_age(mut self, age: Duration) -> Self {
        self.receipts_age = age;
        self
    }

    /// A window other than the protocol's, for models and their tests.
    pub const fn with_window_for_models(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    pub(crate) const fn window(&self) -> Window {
        self.window
    }

    /// How many positions below `replay_after` are kept.
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

    /// Whether nothing is deleted because of its age on shards that Lance writes to.
    #[must_use]
    pub const fn clock_free(&self) -> bool {
        self.clock_free
    }

    /// Whether SSTables are deleted that somebody took out of the manifest, although no reclaim did.
    #[must_use]
    pub const fn drained(&self) -> bool {
        self.drained
    }

    /// The position up to which acknowledged entries that a loss fenced off may be deleted.
    #[must_use]
    pub const fn fenced_off_accepted(&self) -> Position {
        self.fenced_off_accepted
    }

    /// How many collections' receipts are kept, whatever their age.
    #[must_use]
    pub const fn receipts_keep(&self) -> u64 {
        self.receipts_keep
    }

    /// Age below which receipts stay.
    #[must_use]
    pub const fn receipts_age(&self) -> Duration {
        self.receipts_age
    }

    pub(crate) const fn reads_all_claims(&self) -> bool {
        self.clock_free || self.all_claims
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
const RECEIPTS_KEEP: u64 = 100;
const RECEIPTS_AGE: Duration = Duration::from_secs(30 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
