//! How many programs do what: a campaign of programs that never meet anything interesting proves little.

use core::fmt;

/// What one program has met.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is something a program has met or not")]
pub(crate) struct Covered {
    pub(crate) categories: bool,
    /// Categories a store made: in memory, and on disk.
    pub(crate) made: bool,
    pub(crate) made_on_disk: bool,
    pub(crate) instances: bool,
    pub(crate) aborted: bool,
    pub(crate) busy: bool,
    pub(crate) folds: bool,
    pub(crate) states: bool,
    pub(crate) moved_bookmarks: bool,
    pub(crate) changes: usize,
    pub(crate) events: usize,
}

/// What many programs have met.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Shares {
    pub programs: u32,
    pub runs: u32,
    pub categories: u32,
    pub made: u32,
    pub made_on_disk: u32,
    pub instances: u32,
    pub aborted: u32,
    pub busy: u32,
    pub folds: u32,
    pub states: u32,
    pub moved_bookmarks: u32,
    pub on_disk_both_ways: u32,
    pub changes: usize,
    pub events: usize,
}

impl Shares {
    /// Counts a program that was run so many times, and so on disk.
    pub(crate) fn count(&mut self, covered: &Covered, runs: u32, on_disk_both_ways: bool) {
        self.programs += 1;
        self.runs += runs;
        self.categories += u32::from(covered.categories);
        self.made += u32::from(covered.made);
        self.made_on_disk += u32::from(covered.made_on_disk);
        self.instances += u32::from(covered.instances);
        self.aborted += u32::from(covered.aborted);
        self.busy += u32::from(covered.busy);
        self.folds += u32::from(covered.folds);
        self.states += u32::from(covered.states);
        self.moved_bookmarks += u32::from(covered.moved_bookmarks);
        self.on_disk_both_ways += u32::from(on_disk_both_ways);
        self.changes += covered.changes;
        self.events += covered.events;
    }

    /// The part of the programs, in percent.
    #[must_use]
    pub fn percent(&self, programs: u32) -> u32 {
        programs * 100 / self.programs.max(1)
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |count| self.percent(count);
        write!(
            f,
            "{} programs, {} runs: {}% with categories, {}% with some the store made, {}% with some a store on disk made, {}% with multi-value instances, {}% with aborted work, {}% refused as busy, \
             {}% unfold, {}% restore states, {}% use a bookmark that moved, {}% on disk with and without push-down; \
             {} changes, {} events",
            self.programs,
            self.runs,
            percent(self.categories),
            percent(self.made),
            percent(self.made_on_disk),
            percent(self.instances),
            percent(self.aborted),
            percent(self.busy),
            percent(self.folds),
            percent(self.states),
            percent(self.moved_bookmarks),
            percent(self.on_disk_both_ways),
            self.changes,
            self.events
        )
    }
}
