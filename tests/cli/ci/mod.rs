//! The action and the pipelines of `examples/ci`, run from their files with bash: against the embedded tenant behind HTTP, and
//! hosts that are faked by programs before the real ones. Nothing here reaches a network. Needs bash, git, jq and tar.

mod azure;
mod expression;
mod github;
mod gitlab;
mod pipeline;
mod same;
mod workflow;
mod world;
