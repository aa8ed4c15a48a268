//! What a plan rests on besides its changes: by what it is judged, and where it looked. Kept in the plan, so that a saved one can be
//! judged again over a fresh observation, without any manifest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::core::hierarchy::Hierarchy;
use crate::core::id::PrincipalId;
use crate::core::name::{Handle, Lookup, Meaning, NameKind, Names, Reference};
use crate::core::observed::Unreadable;
use crate::core::principal::PrincipalType;
use crate::core::reach::{Asked, FanOut, Reach};
use crate::core::state::Tenant;
use crate::core::target::Surface;

/// What a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Basis {
    /// The Tenant manifest, its names resolved: limits, emergency accounts, ownership.
    pub tenant: Tenant,
    /// The surfaces that were read.
    pub surfaces: BTreeSet<Surface>,
    /// Those of them that were read only because others lead there.
    pub beside: BTreeSet<Surface>,
    /// Where in Azure and among groups planning looked.
    pub reach: Reach,
    /// What could not be read and stands in the way of nothing that is declared.
    pub unneeded: Vec<Unreadable>,
    /// The principals that the manifests name.
    pub principals: BTreeMap<PrincipalId, PrincipalType>,
}

impl Basis {
    /// Returns how the principals are looked up again: by their ids.
    pub fn references(&self) -> BTreeSet<Reference> {
        let by_id = |(id, kind): (&PrincipalId, &PrincipalType)| {
            Reference::new(NameKind::Principal(*kind), Handle::Id(id.to_string()))
        };
        self.principals.iter().map(by_id).collect()
    }

    /// Returns the principals among the meanings of names.
    pub fn principals(names: &Names) -> BTreeMap<PrincipalId, PrincipalType> {
        let principal = |lookup: &Lookup| match lookup {
            Lookup::One(Meaning::Principal(principal)) => Some((principal.id.clone(), principal.kind?)),
            _ => None,
        };
        names.values().filter_map(principal).collect()
    }
}

impl Asked for Basis {
    /// No fan-out is left: [`Basis::reach`] holds the scopes that each came to.
    fn fan_outs(&self, _: &Names) -> Vec<crate::core::declared::Declared<FanOut>> {
        Vec::new()
    }

    fn reach(&self, _: &Names, _: &Hierarchy) -> Reach {
        self.reach.clone()
    }
}
