//! Role management policies of directory roles and groups (graph.md 3): found by filter, read with their rules, written rule by
//! rule or in bulk.

mod write;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::{Answer, Problem, Reply};
use super::super::id;
use super::super::instant::{self, plus};
use super::super::odata::filter::{self, Expr};
use super::super::odata::{Allowed, Expand, Options};
use super::super::permission;
use super::super::place::{Access, Subject, Surface};
use super::super::route::Call;
use super::super::store::View;
use super::super::tenant::{Kind, Role, Tenant};
use super::super::world::World;
use super::{authority, not_emulated};

const ASSIGNMENTS: Allowed = Allowed {
    filter: &[("scopeId", "eq"), ("scopeType", "eq"), ("roleDefinitionId", "eq in"), ("policyId", "eq")],
    expand: &["policy"],
    ..Allowed::new("policies/roleManagementPolicyAssignments")
};
const POLICIES: Allowed = Allowed {
    filter: &[("scopeId", "eq"), ("scopeType", "eq"), ("id", "eq")],
    expand: &["rules", "effectiveRules"],
    ..Allowed::new("policies/roleManagementPolicies")
};
/// Answers `/policies/…`.
pub(super) fn answer(world: &Arc<World>, call: &Call, parts: &[&str]) -> Answer {
    let is_ours = matches!(parts.first(), Some(&("roleManagementPolicies" | "roleManagementPolicyAssignments")));
    if !is_ours {
        return Err(not_emulated(call));
    }
    super::licensed(world)?;
    let is_read = call.method == "GET";
    let filter = call.options.iter().find(|(name, _)| name.trim_start_matches('$') == "filter");
    let filter = filter.and_then(|(_, text)| filter::parse(text).ok());
    let about = About::of(filter.as_ref(), parts.get(1).copied());
    permission::pim(&call.caller, about.permissions(is_read))?;
    // A write is judged by the newest state, whatever reads see.
    let tenant = world.store.read(if is_read { call.view } else { View::Now });
    let door = Door { world, call, tenant: &tenant };
    match (is_read, about) {
        (true, About::Roles) => authority::read(&tenant, call, Surface::Directory, None)?,
        (true, About::Group(group)) => authority::read(&tenant, call, Surface::Group, Some(&group))?,
        (false, About::Roles) => authority::write(&tenant, call, None)?,
        (false, About::Group(group)) => authority::write(&tenant, call, Some(&group))?,
    }
    match (call.method.as_str(), parts) {
        ("GET", ["roleManagementPolicyAssignments"]) => door.assignments(),
        ("GET", ["roleManagementPolicyAssignments", id]) => door.assignment(id),
        ("GET", ["roleManagementPolicies"]) => door.policies(),
        ("GET", ["roleManagementPolicies", id]) => {
            let (kind, subject) = door.find(id)?;
            let options = Options::entity(call, &POLICIES)?;
            let row = door.policy_row(kind, subject);
            options.one(call, POLICIES.context, 200, row, |row, path| door.expand_rules(subject, row, path))
        }
        ("GET", ["roleManagementPolicies", id, "rules"]) => {
            let (_, subject) = door.find(id)?;
            let allowed = Allowed::new("policies/roleManagementPolicies/rules");
            // The 17 rules come in one page.
            let whole = Call { page_size: Some(usize::MAX), has_empty_pages: false, ..call.clone() };
            let mut reply =
                Options::collection(&whole, &allowed)?.answer(&whole, &allowed, door.rules(subject), |_, _| {})?;
            if let Some(body) = &mut reply.body {
                body["@odata.context"] =
                    json!(format!("{}/$metadata#policies/roleManagementPolicies('{id}')/rules", call.root()));
            }
            Ok(reply)
        }
        ("GET", ["roleManagementPolicies", id, "rules", rule]) => {
            let (_, subject) = door.find(id)?;
            let found = door.rules(subject).into_iter().find(|found| found["id"] == *rule).ok_or_else(not_found)?;
            let context = format!("policies/roleManagementPolicies('{id}')/rules");
            Options::entity(call, &Allowed::new("rules"))?.one(call, &context, 200, found, |_, _| {})
        }
        ("PATCH", ["roleManagementPolicies", id, "rules", rule]) => {
            let (_, subject) = door.find(id)?;
            let rule =
                call.object()?.get("id").and_then(Value::as_str).filter(|id| id != rule).map_or(
                    Ok(*rule),
                    |other| {
                        Err(Problem::new(400, "InvalidPolicyRule", format!("The policy rule id {other} is invalid.")))
                    },
                )?;
            door.write(subject, &[(rule, call.object()?)], false)?;
            Ok(Reply::empty())
        }
        ("PATCH", ["roleManagementPolicies", id]) => door.bulk(id),
        _ => Err(not_emulated(call)),
    }
}

fn not_found() -> Problem {
    Problem::new(404, "ResourceNotFound", "The resource is not found.")
}

/// What a call on policies is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Roles,
    Group(String),
}

impl About {
    /// Reads it from the filter of a list or the id of one object; directory roles where neither says so.
    fn of(filter: Option<&Expr>, id: Option<&str>) -> Self {
        let required = |path| filter.and_then(|filter| filter.required(path));
        let by_id = id.and_then(|id| id.strip_prefix("Group_")).map(|rest| rest.split('_').next().unwrap_or_default());
        let by_filter = required("scopeType").filter(|kind| kind.eq_ignore_ascii_case("Group"));
        let group = by_id.or_else(|| by_filter.map(|_| required("scopeId").unwrap_or_default()));
        group.map_or(Self::Roles, |group| Self::Group(group.to_ascii_lowercase()))
    }

    fn permissions(&self, is_read: bool) -> &'static [&'static str] {
        match (self, is_read) {
            (Self::Roles, true) => permission::READ_POLICIES,
            (Self::Roles, false) => permission::WRITE_POLICIES,
            (Self::Group(_), true) => permission::READ_GROUP_POLICIES,
            (Self::Group(_), false) => permission::WRITE_GROUP_POLICIES,
        }
    }
}

/// One call on policies, with what it sees.
#[derive(Debug, Clone, Copy)]
struct Door<'a> {
    world: &'a Arc<World>,
    call: &'a Call,
    tenant: &'a Tenant,
}

impl<'a> Door<'a> {
    /// Returns the subjects of a list and the word for its scope type as ids spell it; the filter on both is mandatory (graph.md 3.2).
    fn listed(&self, filter: Option<&Expr>) -> Result<(&'static str, Vec<Subject<'a>>), Problem> {
        let required = |path| filter.and_then(|filter| filter.required(path));
        let kind = required("scopeType").unwrap_or_default().to_ascii_lowercase();
        match (required("scopeId"), kind.as_str()) {
            (Some("/"), "directoryrole") => Ok(("DirectoryRole", self.roles().collect())),
            (Some("/"), "directory") => Ok(("Directory", self.roles().collect())),
            (Some(group), "group") if uuid::Uuid::parse_str(group).is_ok() => Ok(("Group", self.group(group)?)),
            _ => Err(Problem::wrapped(400, "MissingProvider", "The provider is missing.")),
        }
    }

    /// Returns the roles that have a policy: all but custom ones that PIM does not know yet.
    fn roles(&self) -> impl Iterator<Item = Subject<'a>> + use<'a> {
        let (now, lag) = (self.call.now, self.world.options.lag);
        let known = self.tenant.roles().filter(move |role| match role {
            Role::BuiltIn(_) => true,
            Role::Custom(_, role) => now >= plus(role.created, lag),
        });
        known.map(Subject::Role)
    }

    /// Returns both policies of a group: none while PIM does not know it yet (graph.md 4.4), 404 where there is no such group
    /// (unconfirmed).
    fn group(&self, group: &str) -> Result<Vec<Subject<'a>>, Problem> {
        if self.world.store.read(View::Now).object_of(Kind::Group, group).is_none() {
            return Err(not_found());
        }
        Ok(self
            .known_group(group)
            .map(|id| Access::BOTH.map(|access| Subject::Group(id, access)).to_vec())
            .unwrap_or_default())
    }

    fn known_group(&self, group: &str) -> Option<&'a str> {
        let found = self.tenant.object_of(Kind::Group, group);
        found.filter(|(_, group)| self.call.now >= plus(group.created, self.world.options.lag)).map(|(id, _)| id)
    }

    /// Returns the id of a policy. A group's is another one once the group is managed, and after every write (graph.md 3.6 #2).
    fn policy_id(&self, kind: &str, subject: Subject<'_>) -> String {
        match subject {
            Subject::Role(role) => format!("{kind}_{}_{}", id::TENANT, id::policy(role.template())),
            Subject::Group(group, _) => {
                let key = subject.key();
                let writes = self.tenant.policies.get(&key).map_or(0, |policy| policy.writes);
                let turn = u32::from(self.tenant.onboarded.contains(group)) + writes;
                format!("{kind}_{group}_{}", id::policy(&format!("{key}#{turn}")))
            }
        }
    }

    fn scope_id(subject: Subject<'_>) -> &str {
        match subject {
            Subject::Role(_) => "/",
            Subject::Group(group, _) => group,
        }
    }

    fn assignment_row(&self, kind: &str, subject: Subject<'_>) -> Value {
        let (policy, role) = (self.policy_id(kind, subject), subject.role_definition_id());
        json!({"id": format!("{policy}_{role}"), "policyId": policy, "scopeId": Self::scope_id(subject), "scopeType": kind,
            "roleDefinitionId": role})
    }

    fn policy_row(&self, kind: &str, subject: Subject<'_>) -> Value {
        let written = self.tenant.policies.get(&subject.key());
        json!({"id": self.policy_id(kind, subject), "displayName": kind, "description": kind,
            "isOrganizationDefault": false, "scopeId": Self::scope_id(subject), "scopeType": kind,
            "lastModifiedDateTime": written.and_then(|policy| policy.modified).map(instant::coarse),
            "lastModifiedBy": {"displayName": written.and_then(|policy| policy.modified_by.clone()), "id": null}})
    }

    /// Returns the rules as this version of the API prints approvers. A group's policy that was written prints its rules in another
    /// order and an empty context instead of none (E23; graph.md 3.3).
    fn rules(&self, subject: Subject<'_>) -> Vec<Value> {
        let mut rules = self.tenant.rules(subject).to_vec();
        if subject.surface() == Surface::Group && self.tenant.policies.contains_key(&subject.key()) {
            if let Some(part) = rules.get_mut(1..5) {
                part.rotate_left(1);
            }
            for rule in rules.iter_mut().filter(|rule| rule.get("claimValue").is_some_and(Value::is_null)) {
                rule["claimValue"] = json!("");
            }
        }
        let has_ids = self.call.is_beta || self.world.options.switches.approver_ids;
        let stages =
            rules.iter_mut().filter_map(|rule| rule.pointer_mut("/setting/approvalStages")?.as_array_mut()).flatten();
        for stage in stages {
            let approvers = stage.pointer_mut("/primaryApprovers").and_then(Value::as_array_mut);
            for approver in approvers.into_iter().flatten() {
                if has_ids && let Value::Object(members) = approver {
                    let id = members.remove("userId").or_else(|| members.remove("groupId"));
                    members.insert("id".to_owned(), id.unwrap_or_default());
                    members.insert("isBackup".to_owned(), json!(false));
                }
            }
        }
        rules
    }

    fn expand_rules(&self, subject: Subject<'_>, row: &mut Value, path: &Expand) {
        let mut rules = Value::Array(self.rules(subject));
        path.trim(&mut rules);
        row[path.path.as_str()] = rules;
    }

    fn expand_policy(&self, kind: &str, subject: Subject<'_>, row: &mut Value, path: &Expand) {
        let mut policy = self.policy_row(kind, subject);
        for inner in &path.inner {
            self.expand_rules(subject, &mut policy, inner);
        }
        path.trim(&mut policy);
        row["policy"] = policy;
    }

    fn assignments(&self) -> Answer {
        let options = Options::collection(self.call, &ASSIGNMENTS)?;
        let (kind, subjects) = self.listed(options.filter.as_ref())?;
        let rows: Vec<Value> = subjects.iter().map(|subject| self.assignment_row(kind, *subject)).collect();
        options.answer(self.call, &ASSIGNMENTS, rows, |row, path| {
            if let Some(subject) = subjects.iter().find(|s| row["roleDefinitionId"] == s.role_definition_id()) {
                self.expand_policy(kind, *subject, row, path);
            }
        })
    }

    fn assignment(&self, id: &str) -> Answer {
        let options = Options::entity(self.call, &ASSIGNMENTS)?;
        let (policy, _) = id.rsplit_once('_').ok_or_else(not_found)?;
        let (kind, subject) = self.find(policy)?;
        let row = self.assignment_row(kind, subject);
        if row["id"] != id {
            return Err(not_found());
        }
        let expand = |row: &mut Value, path: &Expand| self.expand_policy(kind, subject, row, path);
        options.one(self.call, ASSIGNMENTS.context, 200, row, expand)
    }

    fn policies(&self) -> Answer {
        let options = Options::collection(self.call, &POLICIES)?;
        let (kind, subjects) = self.listed(options.filter.as_ref())?;
        let rows: Vec<Value> = subjects.iter().map(|subject| self.policy_row(kind, *subject)).collect();
        options.answer(self.call, &POLICIES, rows, |row, path| {
            if let Some(subject) = subjects.iter().find(|subject| row["id"] == self.policy_id(kind, **subject)) {
                self.expand_rules(*subject, row, path);
            }
        })
    }

    /// Finds a policy by id; for directory roles both spellings of the scope type work, for groups the id of this moment alone.
    fn find(&self, policy: &str) -> Result<(&'static str, Subject<'a>), Problem> {
        let mut parts = policy.splitn(3, '_');
        let (word, scope) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let kind =
            ["DirectoryRole", "Directory", "Group"].into_iter().find(|kind| *kind == word).ok_or_else(not_found)?;
        let subjects: Vec<Subject<'a>> = match (kind, self.known_group(scope)) {
            ("Group", Some(group)) => Access::BOTH.map(|access| Subject::Group(group, access)).to_vec(),
            ("Group", None) => Vec::new(),
            _ => self.roles().collect(),
        };
        let found = subjects.into_iter().find(|subject| self.policy_id(kind, *subject) == policy);
        found.map(|subject| (kind, subject)).ok_or_else(not_found)
    }
}
