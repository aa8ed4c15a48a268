//! What can be set before a sandbox starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;

use super::{ClockSetting, FaultRule, Observer, Seed, Throttle};
use crate::clock::{SharedClock, SystemClock};

/// How a sandbox behaves. The default is the `empty` seed on a free port of 127.0.0.1, in memory, with no lag and no faults.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// What the tenant is made of, at first use.
    pub seed: Seed,
    /// Where the tenant lives between runs; written after every change.
    pub state: Option<PathBuf>,
    /// Where the journal is appended.
    pub journal: Option<PathBuf>,
    /// How long each request waits before it is handled, on the base clock.
    pub latency: SignedDuration,
    /// How many rows a page has at most; `None` is the service's 100, or what `$top` asks up to its limit.
    pub page_size: Option<usize>,
    /// Whether an empty page comes now and then, as the service may send.
    pub empty_pages: bool,
    /// Replication and read lag: GETs see the tenant as it was so long ago, and PIM does not know younger objects.
    pub lag: SignedDuration,
    /// Token bucket of Microsoft Graph.
    pub throttle: Option<Throttle>,
    /// Whether ARM's token buckets are on (arm.md D.5).
    pub throttle_arm: bool,
    /// Faults from the start.
    pub faults: Vec<FaultRule>,
    /// How old an assignment must be to be removed; the service wants five minutes.
    pub min_age: SignedDuration,
    /// How to set tenant time at the start.
    pub clock: Option<ClockSetting>,
    /// The clock that tenant time runs by.
    pub base: SharedClock,
    /// HTTPS under a throw-away certificate authority instead of HTTP.
    pub tls: bool,
    /// How long tokens live.
    pub token_lifetime: SignedDuration,
    /// Called after each request.
    pub observer: Option<Observer>,
    /// The names of the built-in Azure roles that a new tenant lists, all when absent: a tenant with a dozen answers ARM's lists,
    /// which hold a policy of 17 rules for each, in a fraction of the time.
    pub azure_roles: Option<Vec<String>>,
    /// Behaviours that sources leave open.
    pub switches: Switches,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: Seed::Empty,
            state: None,
            journal: None,
            latency: SignedDuration::ZERO,
            page_size: None,
            empty_pages: false,
            lag: SignedDuration::ZERO,
            throttle: None,
            throttle_arm: false,
            faults: Vec::new(),
            min_age: SignedDuration::from_mins(5),
            clock: None,
            base: Arc::new(SystemClock),
            tls: false,
            token_lifetime: SignedDuration::from_secs(3600),
            observer: None,
            azure_roles: None,
            switches: Switches::default(),
        }
    }
}

/// On which versions `…/group/resources` answers; elsewhere it is 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupResources {
    /// On v1.0 and beta, as the SDK of 2026-10 has it.
    Everywhere,
    /// On beta alone, as it was documented first.
    BetaOnly,
    /// On neither.
    Nowhere,
}

/// Behaviours on which sources disagree or say nothing; the default is the one with the better evidence (graph.md 15, arm.md H).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switches {
    /// Failed policy rules are named in the newer form of the message (`MfaRule - Multi-factor …`; graph.md 7.2).
    pub newer_policy_message: bool,
    /// The code for a service principal as eligible (graph.md 2.9; unconfirmed).
    pub eligible_service_principal_code: String,
    /// The code for a group that PIM cannot manage: dynamic, synchronised, for distribution (graph.md 4.4; unconfirmed).
    pub unmanageable_group_code: String,
    /// Where the list of onboarded groups is (graph.md 4.1; sources disagree).
    pub group_resources: GroupResources,
    /// The tenant has Entra ID P2; without it PIM answers `AadPremiumLicenseRequired` (graph.md 9).
    pub is_licensed: bool,
    /// Deleted custom roles go to `deletedItems` (graph.md 2.3; public cloud only).
    pub soft_delete: bool,
    /// An update gives the schedule a new id, as it does for groups (graph.md 2.8; unconfirmed for directory roles).
    pub renewed_schedule_ids: bool,
    /// A schedule made with `afterDuration` prints that duration and no end (graph.md 2.9; not uniform).
    pub keeps_durations: bool,
    /// Assignments made outside PIM appear in schedules and instances (graph.md 2.8; some reports say they do not).
    pub shows_outside: bool,
    /// Lists of schedules and instances show what members have through a group too, as rows of their own whose `memberType` is
    /// `Group` (graph.md 2.7; documented for `filterByCurrentUser` only).
    pub lists_group_rows: bool,
    /// A custom role created with a `templateId` gets another id all the same (graph.md 3.6 #1).
    pub distinct_template_ids: bool,
    /// `Ticketing` is accepted in rule 7 (graph.md 3.4; unconfirmed).
    pub admin_ticketing: bool,
    /// Approvers are printed with `id` and `isBackup` on v1.0 too, as the documentation for groups shows (graph.md 3.1).
    pub approver_ids: bool,
    /// A duplicate plain assignment is 409 `Request_MultipleObjectsWithSameKeyValue` instead of 400 (graph.md 2.5).
    pub duplicate_conflict: bool,
    /// ARM takes a `maximumDuration` beside `isExpirationRequired: false`, as it did in 2022 (arm.md C.5).
    pub keeps_maximum_duration: bool,
    /// Every PATCH gives an ARM policy a new name (arm.md C.1; reported, not recorded).
    pub renamed_policies: bool,
    /// For 90 seconds after its creation ARM answers the removal of an assignment with `RoleAssignmentDoesNotExist` (arm.md B.7).
    pub settling_removals: bool,
    /// Schedules and instances of ARM that are older than 30 days carry upper-case GUIDs as names (arm.md 0.1; recorded for old rows).
    pub uppercase_names: bool,
    /// For a minute after a write of an Azure role definition every other read shows what was before, nothing for a new one
    /// (arm.md A.3, G.7).
    pub alternating_roles: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            newer_policy_message: false,
            eligible_service_principal_code: "InvalidRoleAssignmentRequest".to_owned(),
            unmanageable_group_code: "InvalidRoleAssignmentRequest".to_owned(),
            group_resources: GroupResources::Everywhere,
            is_licensed: true,
            soft_delete: true,
            renewed_schedule_ids: false,
            keeps_durations: false,
            shows_outside: true,
            lists_group_rows: false,
            distinct_template_ids: false,
            admin_ticketing: false,
            approver_ids: false,
            duplicate_conflict: false,
            keeps_maximum_duration: false,
            renamed_policies: false,
            settling_removals: false,
            uppercase_names: false,
            alternating_roles: false,
        }
    }
}
