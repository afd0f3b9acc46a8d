//! The steps of a collection that look for what failed flushes left.
// P-80, P-88.

use super::reads::Reads;
use super::{Collection, Step};
use crate::{Inventory, SsTableFolder, lance};
use fencepost_fence::{ReadReply, Tick};
use fencepost_format::{Manifest, ReclaimEnd, SsTableName, Version};

impl Collection {
    /// After the latest manifest was read, so that what is there by now and was not flushed then is known to
    /// be so.
    // P-80.
    pub(super) fn list_sstables(&mut self, now: Tick) {
        if lance::may_have_flushed(&self.inventory, self.known_facts()) {
            self.step = Step::ListSsTables(self.question(now));
        } else {
            self.publish(now);
        }
    }

    pub(super) fn listed_sstables(&mut self, now: Tick, listed: Inventory) {
        self.inventory.absorb(listed);
        self.read_reclaims(now);
    }

    pub(super) fn folder(&mut self, now: Tick, name: SsTableName, read: ReadReply<SsTableFolder>) {
        let Step::Folders(reads) = &mut self.step else { unreachable!("called while listing folders") };
        match read {
            ReadReply::Found(folder) => drop(self.inventory.sstables.insert(name, Some(folder))),
            ReadReply::Absent => drop(self.inventory.sstables.remove(&name)),
            // What is given up stays in the inventory with nothing known of it, and so in the store.
            ReadReply::Damaged => {}
            ReadReply::Unknown => {
                reads.again(now, &name, self.params.retry_timeout);
                return self.go_on_after_folders(now);
            }
        }
        reads.settle(now, &name);
        self.go_on_after_folders(now);
    }

    pub(super) fn go_on_after_folders(&mut self, now: Tick) {
        let Step::Folders(reads) = &self.step else { unreachable!("called while listing folders") };
        if reads.is_done() {
            let wanted = lance::names_to_read(&self.inventory, self.known_facts(), &self.policy);
            self.step = Step::Names(Reads::new(now, wanted, self.params.reads_in_flight));
            self.go_on_after_names(now);
        }
    }

    /// Which folders matter depends on what reclaims took out.
    pub(super) fn read_reclaims(&mut self, now: Tick) {
        let wanted = lance::reclaims_to_read(&self.inventory, self.known_facts());
        self.step = Step::Reclaims(Reads::new(now, wanted, self.params.reads_in_flight));
        self.go_on_after_reclaims(now);
    }

    /// What a reclaim took out of the manifest. One that cannot be read tells of nothing, and its folders stay.
    // P-88.
    pub(super) fn reclaim(&mut self, now: Tick, number: u64, read: ReadReply<ReclaimEnd>) {
        let Step::Reclaims(reads) = &mut self.step else { unreachable!("called while reading reclaims") };
        match read {
            ReadReply::Found(end) => self.inventory.note_reclaimed(&end),
            ReadReply::Absent | ReadReply::Damaged => {}
            ReadReply::Unknown => {
                reads.again(now, &number, self.params.retry_timeout);
                return self.go_on_after_reclaims(now);
            }
        }
        reads.settle(now, &number);
        self.go_on_after_reclaims(now);
    }

    fn go_on_after_reclaims(&mut self, now: Tick) {
        let Step::Reclaims(reads) = &self.step else { unreachable!("called while reading reclaims") };
        if reads.is_done() {
            let wanted = lance::folders_to_list(&self.inventory, self.known_facts(), &self.policy);
            self.step = Step::Folders(Reads::new(now, wanted, self.params.reads_in_flight));
            self.go_on_after_folders(now);
        }
    }

    /// Which SSTables the older manifests name.
    // P-80.
    pub(super) fn names(&mut self, now: Tick, version: Version, read: ReadReply<Manifest>) {
        let Step::Names(reads) = &mut self.step else { unreachable!("called while reading names") };
        match read {
            ReadReply::Found(manifest) => self.inventory.note_sstables(&manifest),
            ReadReply::Damaged | ReadReply::Absent => drop(self.inventory.names_read.insert(version, false)),
            ReadReply::Unknown => {
                for version in reads.again(now, &version, self.params.retry_timeout) {
                    self.inventory.names_read.insert(version, false);
                }
                return self.go_on_after_names(now);
            }
        }
        reads.settle(now, &version);
        self.go_on_after_names(now);
    }

    fn go_on_after_names(&mut self, now: Tick) {
        let Step::Names(reads) = &self.step else { unreachable!("called while reading names") };
        if reads.is_done() {
            self.publish(now);
        }
    }
}
