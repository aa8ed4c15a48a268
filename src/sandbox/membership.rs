//! Who belongs to a group: those linked outside PIM, whom the group's object lists, and those whom PIM lets in for a while, who
//! follow from schedules and the hour. To everybody else both are ordinary members or owners (graph.md 4.3).

use jiff::Timestamp;
use serde_json::Value;

use super::id;
use super::place::{Access, Key, Place, Subject};
use super::tenant::{Object, Request, Schedule, Side, Tenant};

/// A schedule with its id: one that is stored, or what a link outside PIM looks like.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Stored(&'a str, &'a Schedule),
    Link(Box<(String, Schedule)>),
}

impl Found<'_> {
    /// Returns the id of the schedule.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Stored(id, _) => id,
            Self::Link(link) => &link.0,
        }
    }

    /// Returns the schedule.
    pub(crate) fn schedule(&self) -> &Schedule {
        match self {
            Self::Stored(_, schedule) => schedule,
            Self::Link(link) => &link.1,
        }
    }

    /// Returns both as values.
    pub(crate) fn into_owned(self) -> (String, Schedule) {
        match self {
            Self::Stored(id, schedule) => (id.to_owned(), schedule.clone()),
            Self::Link(link) => *link,
        }
    }
}

impl Object {
    /// Returns those who were linked outside PIM.
    pub(crate) fn links(&self, access: Access) -> &[String] {
        match access {
            Access::Member => &self.members,
            Access::Owner => &self.owners,
        }
    }

    /// Returns those who were linked outside PIM, for a change.
    pub(crate) fn links_mut(&mut self, access: Access) -> &mut Vec<String> {
        match access {
            Access::Member => &mut self.members,
            Access::Owner => &mut self.owners,
        }
    }

    /// Tells whether it is a group that directory roles can be assigned to.
    pub(crate) fn is_role_assignable(&self) -> bool {
        self.properties.get("isAssignableToRole") == Some(&Value::Bool(true))
    }

    /// Tells whether a rule decides who is in the group.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.has_type("DynamicMembership")
    }

    fn has_type(&self, kind: &str) -> bool {
        let types = self.properties.get("groupTypes").and_then(Value::as_array);
        types.is_some_and(|types| types.iter().any(|found| found == kind))
    }

    /// Returns why PIM cannot manage the group, if so (graph.md 4.4).
    pub(crate) fn unmanageable(&self) -> Option<&'static str> {
        let is = |name: &str| self.properties.get(name) == Some(&Value::Bool(true));
        if self.is_dynamic() {
            return Some("Groups with dynamic membership cannot be managed in Privileged Identity Management.");
        }
        if is("onPremisesSyncEnabled") {
            return Some("Groups synchronized from on-premises cannot be managed in Privileged Identity Management.");
        }
        let is_distribution =
            self.properties.get("securityEnabled") == Some(&Value::Bool(false)) && !self.has_type("Unified");
        is_distribution.then_some("Only security groups and Microsoft 365 groups can be managed.")
    }
}

impl Tenant {
    /// Returns the schedules of a group that are stored, by id. Their ids begin with the group's, so that this costs what it returns.
    pub(crate) fn group_schedules<'a>(
        &'a self,
        group: &str,
    ) -> impl Iterator<Item = (&'a String, &'a Schedule)> + use<'a> {
        // '`' is what follows '_'
        let group = group.to_ascii_lowercase();
        let (from, to) = (format!("{group}_"), format!("{group}`"));
        self.schedules.range(from..to).map(|(id, s)| (id, &**s))
    }

    /// Returns the ids of all who are members or owners at `now`, in the order they came: links first, then those through PIM.
    /// Works for administrative units too, which PIM has no part in.
    pub(crate) fn linked<'a>(
        &'a self,
        id: &str,
        access: Access,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let plain = self.object(id).map(|(_, object)| object.links(access)).unwrap_or_default();
        let through = self.group_schedules(id).filter(move |(_, s)| {
            s.key.side == Side::Active && s.is_in_force(now) && s.key.place.group().is_some_and(|(_, by)| by == access)
        });
        plain.iter().map(String::as_str).chain(through.map(|(_, s)| s.key.principal.as_str()))
    }

    /// Returns the schedules of a group as PIM sees them at `now`: the stored ones, and one without a request for each link that
    /// PIM has no part in.
    pub(crate) fn group_rows(&self, group: &str, now: Timestamp) -> Vec<Found<'_>> {
        let mut rows: Vec<Found<'_>> = self.group_schedules(group).map(|(id, s)| Found::Stored(id, s)).collect();
        let (stored, found) = (rows.len(), self.object(group));
        let Some((group, object)) = found else { return rows };
        for access in Access::BOTH {
            for principal in object.links(access).iter().filter(|id| self.object(id).is_some()) {
                let (id, link) = outside(group, access, principal);
                let is_same = |s: &Schedule| s.key.is(&link.key) && s.is_in_force(now);
                if !rows[..stored].iter().any(|found| is_same(found.schedule())) {
                    rows.push(Found::Link(Box::new((id, link))));
                }
            }
        }
        rows
    }

    /// Takes away what a schedule stands for: the stored one, or the link behind one that is not.
    pub(crate) fn end_schedule(&mut self, id: &str, schedule: &Schedule) {
        if self.schedules.remove(id).is_some() {
            return;
        }
        if let Some((group, access)) = schedule.key.place.group() {
            self.unlink(group, access, &schedule.key.principal);
        }
    }

    /// Deletes an object: its links, what PIM keeps of a group, and the memberships that PIM gave it, which were links too. What it
    /// was eligible for, and directory roles, stay until somebody removes them.
    pub(crate) fn forget_object(&mut self, id: &str) {
        self.objects.remove(id);
        let is_linked = |object: &Object| object.members.iter().chain(&object.owners).any(|link| link == id);
        for object in self.objects.values_mut().filter(|object| is_linked(object)) {
            for access in Access::BOTH {
                object.links_mut(access).retain(|link| link != id);
            }
        }
        let goes = |s: &Schedule| {
            let group = s.key.place.group().map(|(group, _)| group);
            group == Some(id) || (group.is_some() && s.key.side == Side::Active && s.key.principal == id)
        };
        if self.schedules.values().any(|s| goes(s)) {
            self.schedules.retain(|_, s| !goes(s));
        }
        let is_of = |request: &Request| request.document.get("groupId").is_some_and(|group| group == id);
        if self.requests.values().any(|request| is_of(request)) {
            self.requests.retain(|_, request| !is_of(request));
        }
        for access in Access::BOTH {
            self.policies.remove(&Subject::Group(id, access).key());
        }
        self.onboarded.remove(id);
    }

    /// Has PIM manage the group from now on, if the place is one (graph.md 4.4).
    pub(crate) fn onboard(&mut self, place: &Place) {
        if let Some((group, _)) = place.group() {
            self.onboarded.insert(group.to_owned());
        }
    }

    /// Takes a link away; tells whether there was one.
    pub(crate) fn unlink(&mut self, id: &str, access: Access, principal: &str) -> bool {
        let Some(object) = self.objects.get_mut(id) else { return false };
        let links = object.links_mut(access);
        let before = links.len();
        links.retain(|link| !link.eq_ignore_ascii_case(principal));
        links.len() < before
    }
}

/// Returns the schedule that PIM shows for a link that it has no part in: permanent, active, no request (graph.md 4.3).
fn outside(group: &str, access: Access, principal: &str) -> (String, Schedule) {
    let place = Place::Group { group: group.to_owned(), access };
    let key = Key { side: Side::Active, principal: principal.to_owned(), place };
    let id = key.place.schedule_id(&id::minted("link", &key.text()));
    let schedule = Schedule {
        key,
        start: Timestamp::UNIX_EPOCH,
        end: None,
        duration: None,
        created: Timestamp::UNIX_EPOCH,
        modified: None,
        created_using: None,
        activated_using: None,
        visible_from: None,
    };
    (id, schedule)
}
