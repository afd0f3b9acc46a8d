//! The checks: their names, what each does, and why a log needs it.

use std::fmt;

/// One check of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// A second create of a name must be refused.
    CreateTwice,
    /// Of many creates of one name at once, at most one may win.
    CreateRace,
    /// An answer "exists" for a name without an object.
    ExistsOfNothing,
    /// A deleted name can be created again.
    CreateAfterDelete,
    /// A read after a create finds it.
    ReadAfterWrite,
    /// A read after a create finds it, though a read before had found nothing.
    ReadAfterAbsent,
    /// A read after a deletion finds nothing.
    ReadAfterDelete,
    /// Reads during overwrites are whole, and not older than what was acknowledged.
    ReadWhileOverwritten,
    /// A listing after a create has the object; one after a deletion does not.
    ListAfterWrite,
    /// Listings of many pages, while objects come and go, miss nothing that was acknowledged and stays.
    ListUnderChange,
    /// A deletion of several names with a missing one among them.
    BulkDelete,
    /// Reads of a part, by explicit offsets.
    RangeReads,
    /// A large object comes back byte for byte.
    LargeObject,
    /// Sizes, times and ETags agree between reads and listings.
    Metadata,
    /// Updates on condition of an ETag. No log needs them.
    ConditionalUpdate,
    /// The store's clock against this machine's.
    Clock,
    /// Local directories: whether writes are flushed to the disk.
    Fsync,
    /// Versioning and lifecycle rules of the bucket.
    BucketSettings,
    /// How long creates and reads take.
    Latency,
}

impl Check {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 19] = [
        Self::CreateTwice,
        Self::CreateRace,
        Self::ExistsOfNothing,
        Self::CreateAfterDelete,
        Self::ReadAfterWrite,
        Self::ReadAfterAbsent,
        Self::ReadAfterDelete,
        Self::ReadWhileOverwritten,
        Self::ListAfterWrite,
        Self::ListUnderChange,
        Self::BulkDelete,
        Self::RangeReads,
        Self::LargeObject,
        Self::Metadata,
        Self::ConditionalUpdate,
        Self::Clock,
        Self::Fsync,
        Self::BucketSettings,
        Self::Latency,
    ];

    /// A stable word for programs.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.texts().0
    }

    /// What the check does, for people.
    #[must_use]
    pub const fn tests(self) -> &'static str {
        self.texts().1
    }

    /// Why a log needs it, or that it does not.
    #[must_use]
    pub const fn why(self) -> &'static str {
        self.texts().2
    }

    /// Whether the check is essential: a store is called safe only if all essential checks could be carried out.
    #[must_use]
    pub const fn is_essential(self) -> bool {
        !matches!(
            self,
            Self::ConditionalUpdate | Self::BucketSettings | Self::Latency | Self::ExistsOfNothing
        )
    }

    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::CreateTwice => (
                "create_twice",
                "a second create of an existing object is refused",
                "an append is a create: the refusal is how a writer learns that it was replaced",
            ),
            Self::CreateRace => (
                "create_race",
                "of many creates of one name at once, exactly one wins",
                "two writers may want the same position in the same moment",
            ),
            Self::ExistsOfNothing => (
                "exists_of_nothing",
                "a create refused as existing finds something there",
                "tolerated: a writer reads back and tries again; good to know",
            ),
            Self::CreateAfterDelete => (
                "create_after_delete",
                "a deleted name can be created again and then reads as the new object",
                "after a collection old bytes must not come back under a name that is used anew",
            ),
            Self::ReadAfterWrite => (
                "read_after_write",
                "GET and HEAD find an object as soon as its create was acknowledged",
                "an absent position is the end of the log: rows after it would be lost",
            ),
            Self::ReadAfterAbsent => (
                "read_after_absent",
                "GET and HEAD find an object that they did not find before it was created",
                "readers wait at the end of the log by reading a position that is not there yet",
            ),
            Self::ReadAfterDelete => (
                "read_after_delete",
                "GET and HEAD no longer find a deleted object",
                "a reader must not replay what was collected",
            ),
            Self::ReadWhileOverwritten => (
                "read_while_overwritten",
                "reads during overwrites are whole and not older than the last acknowledged one",
                "an object must be seen whole or not at all, by its latest bytes",
            ),
            Self::ListAfterWrite => (
                "list_after_write",
                "a listing has an object as soon as its create was acknowledged",
                "the current manifest, the entries to collect and the cursors to respect are found by listing",
            ),
            Self::ListUnderChange => (
                "list_under_change",
                "listings of several pages, while objects come and go, miss nothing that stays",
                "collectors list while a writer appends",
            ),
            Self::BulkDelete => (
                "bulk_delete",
                "a deletion of several names, one of them missing, deletes these and no others",
                "collections delete in bulk, and again after a crash",
            ),
            Self::RangeReads => (
                "range_reads",
                "reads of a part return exactly that part",
                "a collector reads only the last bytes of an entry to find out what it is",
            ),
            Self::LargeObject => (
                "large_object",
                "a large object comes back byte for byte",
                "entries hold what was appended in one group",
            ),
            Self::Metadata => (
                "metadata",
                "sizes, times and ETags agree between reads and listings",
                "the size in a listing says where an entry's last bytes are",
            ),
            Self::ConditionalUpdate => (
                "conditional_update",
                "an update on condition of the current ETag",
                "for information: nothing in the log needs it",
            ),
            Self::Clock => (
                "clock",
                "the store's clock agrees with this machine's",
                "retention by age would delete too early or never, and signed requests are refused at 15 minutes",
            ),
            Self::Fsync => (
                "fsync",
                "a local store flushes what it writes before it says done",
                "otherwise a power loss destroys acknowledged rows",
            ),
            Self::BucketSettings => (
                "bucket_settings",
                "versioning and lifecycle rules",
                "a lifecycle rule that deletes entries deletes rows, and versioning keeps what was collected",
            ),
            Self::Latency => (
                "latency",
                "the time of sequential 4 KiB creates and reads",
                "for information: an append takes one create",
            ),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_check_is_there_once_and_has_an_id_of_its_own() {
        assert!(Check::ALL.windows(2).all(|two| two[0] < two[1]));
        let ids: BTreeSet<_> = Check::ALL.iter().map(|check| check.id()).collect();
        assert_eq!(ids.len(), Check::ALL.len());
    }
}
