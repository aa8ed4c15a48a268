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
    /// Allow that nobody is left who could give roles on a subscription that the manifests own.
    #[arg(long)]
    pub allow_no_azure_administrator: bool,
    /// Allow the identity that applies to lose rights that it applies with.
    #[arg(long)]
    pub allow_losing_own_rights: bool,
    /// Allow role settings that ask for an approval which nobody can give.
    #[arg(long)]
    pub allow_unreachable_approvers: bool,
    /// Allow removals by manifests that declare nothing, or nothing of the kind that is removed.
    #[arg(long)]
    pub allow_empty_manifests: bool,
}

impl OverrideArgs {
    /// Returns the flags that were given, as they are written.
    pub(crate) fn names(&self) -> Vec<String> {
        let Self {
            allow_mass_removal,
            allow_few_global_administrators,
            allow_no_azure_administrator,
            allow_losing_own_rights,
            allow_unreachable_approvers,
            allow_empty_manifests,
        } = self;
        let all = [
            (allow_mass_removal, "--allow-mass-removal"),
            (allow_few_global_administrators, "--allow-few-global-administrators"),
            (allow_no_azure_administrator, "--allow-no-azure-administrator"),
            (allow_losing_own_rights, "--allow-losing-own-rights"),
            (allow_unreachable_approvers, "--allow-unreachable-approvers"),
            (allow_empty_manifests, "--allow-empty-manifests"),
        ];
        all.into_iter().filter(|(given, _)| **given).map(|(_, flag)| flag.to_owned()).collect()
    }
}
