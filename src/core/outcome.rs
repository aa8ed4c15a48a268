//! What became of the changes of a plan when it was carried out.

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Carried out.
    Done,
    /// It was so already.
    AlreadySo,
    /// Accepted, but not yet in force when we stopped looking.
    Pending(String),
    /// Not carried out, or only in part.
    Failed(String),
    /// Not begun, because of another change.
    Skipped(String),
    /// Not begun, because the run was stopped.
    Stopped,
}

impl State {
    /// Tells whether the change holds now.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySo)
    }
}

/// The outcome of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The change, by its index in the plan.
    pub change: usize,
    /// What became of it.
    pub state: State,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// One per change, in the plan's order.
    pub outcomes: Vec<Outcome>,
    /// Remarks: a role that got another id than asked, a wider grant that was revoked.
    pub remarks: Vec<String>,
    /// Whether something wider than asked for was granted; the run has then failed, whatever else succeeded.
    pub was_wider: bool,
}

impl Report {
    /// Tells whether every change holds.
    pub fn is_complete(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.state.is_success()) && !self.was_wider
    }
}
