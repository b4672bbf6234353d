//! The measure of unfinished work (`tables` 2.2, TBL_ASYNC): there is one thread, so work that may be left
//! over goes on in slices of so many row steps, between which other calls are served.

/// Row steps of one slice.
pub(super) const SLICE_STEPS: usize = 16_384;

/// Row steps that a call of the backend for the sake of a single row counts as: it costs about as much as
/// so many rows of a scan.
pub(super) const CALL_STEPS: usize = 16;

/// What is left of a slice. A row step is one row read, one tested and taken in, or one put in its place.
#[derive(Debug)]
pub(super) struct Slice {
    whole: usize,
    left: usize,
}

impl Slice {
    /// A slice of so many steps.
    pub(super) const fn of(steps: usize) -> Self {
        Self { whole: steps, left: steps }
    }

    /// No slice: the work is done to its end.
    pub(super) const fn unlimited() -> Self {
        Self::of(usize::MAX)
    }

    /// Steps of the whole slice: no piece of work may need more.
    pub(super) const fn whole(&self) -> usize {
        self.whole
    }

    /// Steps that are left.
    pub(super) const fn left(&self) -> usize {
        self.left
    }

    /// So many steps were made.
    pub(super) const fn spend(&mut self, steps: usize) {
        self.left = self.left.saturating_sub(steps);
    }
}
