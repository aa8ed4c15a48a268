//! How long to wait for what, and how often to look.

use jiff::SignedDuration;

/// The waits between two looks at something recent: 2, 4, 8, 16 seconds, then every 30, until the budget is used up. The first
/// four are the pattern that works (graph.md 6.4); new custom roles take up to minutes.
pub(super) const LOOKS: [u64; 8] = [2, 4, 8, 16, 30, 30, 30, 30];

/// The wait between two looks that must both show an object: one after the other, both could meet the same replica.
pub(super) const SECOND_LOOK: SignedDuration = SignedDuration::from_secs(2);

/// The wait between two tries to remove what is younger than five minutes, and how long to go on: the rule lifts after five
/// minutes, six are allowed (design.md 3).
pub(super) const YOUTH_STEP: SignedDuration = SignedDuration::from_secs(30);
/// See [`YOUTH_STEP`].
pub(super) const YOUTH_TRIES: usize = 12;

/// How often one assignment is tried with whatever verb fits, before it counts as failed.
pub(super) const TRIES: usize = 12;

/// How often the service must say that something does not exist before it is believed, although it is listed or was just made.
pub(super) const DENIALS: usize = 3;

/// Returns the waits between the looks at an Azure role that was just written: reads may show the old and the new version in
/// turns for up to a minute (arm.md A.3).
pub(super) fn settling() -> impl Iterator<Item = SignedDuration> {
    std::iter::repeat_n(SignedDuration::from_secs(10), 12)
}

/// Returns the waits for something recent.
pub(super) fn looks() -> impl Iterator<Item = SignedDuration> {
    LOOKS.iter().map(|seconds| SignedDuration::from_secs(*seconds as i64))
}
