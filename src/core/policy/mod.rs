//! Role settings: the content of a role management policy, in canonical form.

pub mod default;
pub mod direction;
pub mod field;
pub mod rule;
pub mod settings;
