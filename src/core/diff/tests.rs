//! What the manifests' own checks refuse already is refused here as well, under the same codes: a plan may come to be without them.

use std::collections::BTreeMap;

use super::*;
use crate::core::assignment::{AssignmentKey, DeclaredAssignment, Mode};
use crate::core::declared::Declared;
use crate::core::id::{GroupId, PrincipalId, RoleId, TenantId};
use crate::core::origin::Origin;
use crate::core::ownership::{Ignore, Ownership};
use crate::core::principal::PrincipalType::{self, Group, ServicePrincipal, User};
use crate::core::schedule::Schedule;
use crate::core::scope::DirectoryScope;
use crate::core::state::{ApplyAs, Limits, Tenant};
use crate::core::target::{Access, Target};

fn origin() -> Origin {
    Origin { file: "a.yaml".into(), line: 7, column: 1, start: 0, end: 0 }
}

/// Compares one declared assignment with an empty tenant; returns how many changes there are, and the codes of the mistakes.
fn refused(target: &Target, kind: PrincipalType, mode: Mode) -> (usize, Vec<&'static str>) {
    let key = AssignmentKey { target: target.clone(), principal: PrincipalId::new("p"), mode };
    let schedule = Schedule::Window { start: None, end: "2026-09-01T00:00:00Z".parse().unwrap() };
    let declared = DeclaredAssignment {
        principal_type: kind,
        schedule,
        condition: None,
        justification: Some("because".into()),
        ticket: None,
        purpose: None,
    };
    let desired = Desired {
        tenant: Tenant {
            name: "contoso".into(),
            id: TenantId::new("t"),
            apply_as: ApplyAs::Application,
            ownership: Ownership { entries: Vec::new(), ignore: Ignore::default() },
            break_glass: Vec::new(),
            applied_by: None,
            limits: Limits::default(),
            at: origin(),
        },
        roles: BTreeMap::new(),
        settings: BTreeMap::new(),
        assignments: [(key, Declared::new(declared, origin()))].into(),
    };
    let observed = Observed::empty("2026-06-01T00:00:00Z".parse().unwrap());
    let (found, labels) = (BTreeMap::new(), Labels::default());
    let difference = diff(&Context { desired: &desired, found: &found, observed: &observed, labels: &labels });
    assert!(difference.mistakes.iter().all(|mistake| mistake.at == Some(origin())), "{:?}", difference.mistakes);
    (difference.changes.len(), difference.mistakes.iter().map(|mistake| mistake.code).collect())
}

fn of_group(access: Access) -> Target {
    Target::Group { group: GroupId::new("g"), access }
}

#[test]
fn an_eligible_service_principal() {
    let role = Target::Directory { role: RoleId::new("r"), scope: DirectoryScope::Tenant };
    for target in [role, of_group(Access::Member), of_group(Access::Owner)] {
        assert_eq!(refused(&target, ServicePrincipal, Mode::Eligible), (0, vec!["eligible-service-principal"]));
        assert_eq!(refused(&target, ServicePrincipal, Mode::Active), (1, vec![]));
        assert_eq!(refused(&target, User, Mode::Eligible), (1, vec![]));
    }
}

#[test]
fn a_group_as_owner() {
    for mode in [Mode::Eligible, Mode::Active] {
        assert_eq!(refused(&of_group(Access::Owner), Group, mode), (0, vec!["group-as-owner"]));
        assert_eq!(refused(&of_group(Access::Member), Group, mode), (1, vec![]));
        assert_eq!(refused(&of_group(Access::Owner), User, mode), (1, vec![]));
    }
}
