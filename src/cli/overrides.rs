//! The long flags that override refusals. Each says what it allows, and a plan records that it was used: whoever reviews the plan
//! sees it.

/// Flags that override a guard. None has an environment variable (design.md 4).
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct OverrideArgs {
    /// Allow more removals than `limits.maxRemovals` and `limits.maxRemovalPercent`.
    #[arg(long)]
    pub allow_mass_removal: bool,
    /// Allow fewer Global Administrators than `limits.minGlobalAdministrators`.
    #[arg(long)]
    pub allow_few_global_administrators: bool,
}

impl OverrideArgs {
    /// Returns the flags that were given, as they are written.
    pub(crate) fn names(&self) -> Vec<String> {
        let Self { allow_mass_removal, allow_few_global_administrators } = self;
        let all = [
            (allow_mass_removal, "--allow-mass-removal"),
            (allow_few_global_administrators, "--allow-few-global-administrators"),
        ];
        all.into_iter().filter(|(given, _)| **given).map(|(_, flag)| flag.to_owned()).collect()
    }
}
