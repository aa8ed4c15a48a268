//! Putting the rows of a tenant's lists together.
//!
//! Several lists tell of the same thing and disagree (graph.md 2.8, C2): an assignment made outside PIM is a schedule row
//! without a request, an instance, a plain role assignment, or only the last. [`Observed::assemble`] is the one place that
//! decides what a row means.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::core::assignment::{Activation, AssignmentKey, Mode, ObservedAssignment, Provenance};
use crate::core::id::{PrincipalId, RoleId};
use crate::core::observed::Observed;
use crate::core::policy::settings::Settings;
use crate::core::row::{Membership, Row, ScheduleRow};
use crate::core::schedule::Window;
use crate::core::scope::ArmScope;
use crate::core::target::{Surface, Target};

impl Observed {
    /// Puts rows together.
    ///
    /// - Settings are keyed by a role's template id and are re-keyed to the role's object id (graph.md 3.6 #1).
    /// - Schedules are the intent. A schedule that is over is dropped; one that is activated becomes an activation.
    /// - An assigned instance without a schedule is standing access all the same.
    /// - A plain row is explained by a schedule or instance of the same target and principal, or by an instance that names it
    ///   as its origin; what remains is standing access that PIM does not know. Only a row that is the principal's own and in
    ///   force explains anything.
    pub fn assemble(now: Timestamp, rows: Vec<Row>) -> Self {
        let mut observed = Self::empty(now);
        let (mut plain, mut instances, mut settings) = (Vec::new(), Vec::new(), Vec::new());
        let mut explained: BTreeSet<(Target, PrincipalId)> = BTreeSet::new();
        for row in rows {
            match row {
                Row::Role(role) => {
                    observed.roles.insert(role.key(), *role);
                }
                Row::DeletedRole(role) => observed.deleted_roles.get_or_insert_default().push(role),
                Row::Settings(target, content) => settings.push((target, *content)),
                Row::Untouched(scope, roles) => observed.untouched.entry(scope).or_default().extend(roles),
                Row::Plain(row) => plain.push(row),
                Row::Instance(row) => instances.push(row),
                Row::Principal(principal) => observed.learn(principal),
                Row::Inherited(list, row) => observed.inherit(list, *row),
                Row::Schedule(row) => {
                    if row.mode == Mode::Active && row.is_in_force(now) {
                        explained.insert((row.target.clone(), row.principal.clone()));
                    }
                    observed.schedule(row);
                }
            }
        }
        let mut origins: BTreeSet<String> = BTreeSet::new();
        let mut present: BTreeSet<(Target, PrincipalId)> = BTreeSet::new();
        let mut unscheduled = Vec::new();
        for row in instances {
            // what reaches its holder from elsewhere, and what is over, explains nothing
            let is_over = row.end.is_some_and(|end| end <= now);
            if row.membership != Membership::Direct || is_over {
                continue;
            }
            origins.extend(row.origin);
            if row.is_activated {
                observed.activate(row.target.clone(), row.principal.clone(), row.end);
            } else if !explained.contains(&(row.target.clone(), row.principal.clone())) {
                unscheduled.push((row.target.clone(), row.principal.clone(), row.end));
            }
            present.insert((row.target, row.principal));
        }
        explained.extend(present);
        for (target, principal, end) in unscheduled {
            let window = Window { start: None, end };
            let key = AssignmentKey { target, principal, mode: Mode::Active };
            observed.put(key, ObservedAssignment { window, condition: None, provenance: Provenance::Unscheduled });
        }
        for row in plain {
            if explained.contains(&(row.target.clone(), row.principal.clone())) || origins.contains(&row.id) {
                continue;
            }
            let key = AssignmentKey { target: row.target, principal: row.principal, mode: Mode::Active };
            let window = Window { start: None, end: None };
            let provenance = Provenance::Plain { assignment: row.id };
            observed.put(key, ObservedAssignment { window, condition: row.condition, provenance });
        }
        let by_template: BTreeMap<(Surface, RoleId), RoleId> =
            (observed.roles.values()).map(|role| ((role.surface, role.template_id.clone()), role.id.clone())).collect();
        // a policy that is keyed by the template id goes before one that is keyed by the object id
        let is_by_id = |target: &Target| {
            let role = target.role();
            role.is_some_and(|role| !by_template.contains_key(&(target.surface(), role.clone())))
        };
        settings.sort_by_key(|(target, _): &(Target, Settings)| (is_by_id(target), target.clone()));
        for (target, content) in settings {
            let id = target.role().map(|role| {
                let known = by_template.get(&(target.surface(), role.clone()));
                known.unwrap_or(role).clone()
            });
            let target = id.map_or(target.clone(), |id| target.with_role(&id));
            observed.settings.entry(target).or_insert(content);
        }
        observed.activations.sort();
        observed.activations.dedup();
        if let Some(deleted) = &mut observed.deleted_roles {
            deleted.sort_by(|a, b| (&a.display_name, &a.id).cmp(&(&b.display_name, &b.id)));
        }
        observed
    }

    fn schedule(&mut self, row: ScheduleRow) {
        if row.membership != Membership::Direct {
            return;
        }
        if row.is_activated {
            if row.is_in_force(self.now) {
                self.activate(row.target, row.principal, row.end);
            }
            return;
        }
        let outside = row.request.is_none();
        // outside PIM the printed start is the time of the query (graph.md 2.8)
        let window = Window::new(row.start.filter(|_| !outside), row.end, self.now);
        if window.is_over(self.now) {
            return;
        }
        let provenance = match (row.request, row.assignment) {
            (Some(request), _) => Provenance::Pim { request },
            (None, Some(assignment)) => Provenance::Classic { assignment },
            (None, None) => Provenance::OutsidePim,
        };
        let key = AssignmentKey { target: row.target, principal: row.principal, mode: row.mode };
        self.put(key, ObservedAssignment { window, condition: row.condition, provenance });
    }

    fn inherit(&mut self, list: ArmScope, row: ScheduleRow) {
        if !row.is_activated && row.is_in_force(self.now) {
            let window = Window::new(None, row.end, self.now);
            let key = AssignmentKey { target: row.target, principal: row.principal, mode: row.mode };
            let provenance = Provenance::Pim { request: row.request.unwrap_or_default() };
            let found = ObservedAssignment { window, condition: row.condition, provenance };
            self.inherited.entry(list).or_default().insert(key, found);
        }
    }

    /// Adds an assignment. Of several for one key the widest counts.
    fn put(&mut self, key: AssignmentKey, found: ObservedAssignment) {
        match self.assignments.get_mut(&key) {
            None => {
                self.assignments.insert(key, found);
            }
            // lists of two scopes may show the same row
            Some(other) if *other == found => {}
            Some(other) => {
                // the widest counts; of equals any, but always the same one, whatever the order of the pages
                let width = |a: &ObservedAssignment| {
                    let request = match &a.provenance {
                        Provenance::Pim { request: text }
                        | Provenance::Classic { assignment: text }
                        | Provenance::Plain { assignment: text } => Some(text.clone()),
                        Provenance::OutsidePim | Provenance::Unscheduled => None,
                    };
                    (a.window.end.is_none(), a.window.end, a.window.start.is_none(), request)
                };
                if width(&found) > width(other) {
                    *other = found;
                }
                self.crowded.insert(key);
            }
        }
    }

    fn activate(&mut self, target: Target, principal: PrincipalId, end: Option<Timestamp>) {
        let same = |a: &&mut Activation| a.target == target && a.principal == principal;
        match self.activations.iter_mut().find(same) {
            Some(known) => known.end = known.end.max(end),
            None => self.activations.push(Activation { target, principal, end }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::role_definition::RoleDefinition;
    use crate::core::row::{InstanceRow, PlainRow};
    use crate::core::scope::DirectoryScope;

    fn target() -> Target {
        Target::Directory { role: RoleId::new("role"), scope: DirectoryScope::Tenant }
    }

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn schedule(mode: Mode) -> ScheduleRow {
        ScheduleRow {
            target: target(),
            principal: PrincipalId::new("p"),
            mode,
            membership: Membership::Direct,
            is_activated: false,
            start: Some("2026-06-01T12:00:05Z".parse().unwrap()),
            end: None,
            request: None,
            assignment: None,
            condition: None,
        }
    }

    fn plain() -> PlainRow {
        PlainRow { id: "plain-1".into(), target: target(), principal: PrincipalId::new("p"), condition: None }
    }

    #[test]
    fn a_row_made_outside_pim_is_not_pending_though_its_start_is_later_than_now() {
        let observed = Observed::assemble(now(), vec![Row::Schedule(schedule(Mode::Active))]);
        let found = observed.assignments.values().next().unwrap();
        assert_eq!(found.provenance, Provenance::OutsidePim);
        assert!(!found.window.is_pending());
    }

    #[test]
    fn plain_rows_are_explained_by_schedules_instances_and_origins() {
        let observed = Observed::assemble(now(), vec![Row::Plain(plain())]);
        assert_eq!(observed.unexplained().len(), 1);
        let observed = Observed::assemble(now(), vec![Row::Plain(plain()), Row::Schedule(schedule(Mode::Active))]);
        assert!(observed.unexplained().is_empty());
        let observed = Observed::assemble(now(), vec![Row::Plain(plain()), Row::Schedule(schedule(Mode::Eligible))]);
        assert_eq!(observed.unexplained().len(), 1, "an eligibility explains no active row");
        let instance = InstanceRow {
            target: Target::Directory { role: RoleId::new("other"), scope: DirectoryScope::Tenant },
            principal: PrincipalId::new("p"),
            membership: Membership::Direct,
            is_activated: true,
            end: None,
            origin: Some("plain-1".into()),
        };
        let observed = Observed::assemble(now(), vec![Row::Plain(plain()), Row::Instance(instance)]);
        assert!(observed.unexplained().is_empty());
        assert_eq!(observed.activations.len(), 1);
    }

    #[test]
    fn what_opens_later_does_not_hide_what_is_in_force() {
        let later = ScheduleRow {
            start: Some("2026-07-01T00:00:00Z".parse().unwrap()),
            request: Some("request".into()),
            ..schedule(Mode::Active)
        };
        let observed = Observed::assemble(now(), vec![Row::Schedule(later), Row::Plain(plain())]);
        assert_eq!(observed.unexplained().len(), 1);
        assert_eq!(observed.crowded.len(), 1);
    }

    #[test]
    fn what_is_over_or_comes_from_elsewhere_explains_nothing() {
        let over: Timestamp = "2026-06-01T11:00:00Z".parse().unwrap();
        let instance = InstanceRow {
            target: target(),
            principal: PrincipalId::new("p"),
            membership: Membership::Direct,
            is_activated: false,
            end: None,
            origin: Some("plain-1".into()),
        };
        let mute = [
            Row::Schedule(ScheduleRow { membership: Membership::Indirect, ..schedule(Mode::Active) }),
            Row::Schedule(ScheduleRow { end: Some(over), ..schedule(Mode::Active) }),
            Row::Schedule(ScheduleRow { end: Some(over), start: None, is_activated: true, ..schedule(Mode::Active) }),
            Row::Schedule(ScheduleRow {
                is_activated: true,
                start: Some("2026-06-01T12:10:00Z".parse().unwrap()),
                ..schedule(Mode::Active)
            }),
            Row::Instance(InstanceRow { membership: Membership::Indirect, ..instance.clone() }),
            Row::Instance(InstanceRow { end: Some(over), ..instance.clone() }),
            Row::Instance(InstanceRow { end: Some(over), is_activated: true, ..instance.clone() }),
        ];
        for row in mute {
            let observed = Observed::assemble(now(), vec![row.clone(), Row::Plain(plain())]);
            let found = observed.assignments.values().next().map(|found| &found.provenance);
            assert!(matches!(found, Some(Provenance::Plain { .. })), "{row:?} hides a plain row: {found:?}");
            assert!(observed.activations.is_empty(), "{row:?}");
            let observed = Observed::assemble(now(), vec![row.clone(), Row::Instance(instance.clone())]);
            let found = observed.assignments.values().next().map(|found| &found.provenance);
            assert_eq!(found, Some(&Provenance::Unscheduled), "{row:?} hides an instance");
        }
        let running = ScheduleRow { is_activated: true, start: None, ..schedule(Mode::Active) };
        let observed = Observed::assemble(now(), vec![Row::Schedule(running), Row::Plain(plain())]);
        assert!(observed.unexplained().is_empty(), "a running activation has a plain row");
    }

    #[test]
    fn activations_indirect_rows_and_past_rows_are_no_assignments() {
        let activated = ScheduleRow { is_activated: true, start: None, ..schedule(Mode::Active) };
        let indirect = ScheduleRow { membership: Membership::Indirect, ..schedule(Mode::Eligible) };
        let over = ScheduleRow { end: Some(now()), ..schedule(Mode::Eligible) };
        let observed =
            Observed::assemble(now(), vec![Row::Schedule(activated), Row::Schedule(indirect), Row::Schedule(over)]);
        assert!(observed.assignments.is_empty());
        assert_eq!(observed.activations.len(), 1);
    }

    #[test]
    fn settings_are_found_by_template_id_and_kept_by_object_id() {
        let role = RoleDefinition {
            surface: Surface::Directory,
            id: RoleId::new("object"),
            template_id: RoleId::new("template"),
            display_name: "Custom".into(),
            description: String::new(),
            is_enabled: true,
            is_built_in: false,
            permissions: crate::core::role_definition::Permissions::default(),
            assignable_scopes: BTreeSet::new(),
        };
        let keyed = Target::Directory { role: RoleId::new("template"), scope: DirectoryScope::Tenant };
        let settings = crate::core::policy::default::factory(Surface::Directory);
        let observed =
            Observed::assemble(now(), vec![Row::Settings(keyed, Box::new(settings)), Row::Role(Box::new(role))]);
        let target = Target::Directory { role: RoleId::new("object"), scope: DirectoryScope::Tenant };
        assert!(observed.settings.contains_key(&target));
    }
}
