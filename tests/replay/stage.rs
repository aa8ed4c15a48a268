//! The tenant in which a recorded request applies: what it names exists, what it creates does not, what the answer lists is there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::excerpt::BUILT_IN;
use crate::json::Json;
use crate::pair::Pair;

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
/// When everything that the recordings found there already was made.
const LONG_AGO: &str = "2015-01-01T00:00:00.1234567Z";

/// Returns the form of a state file: `base`, with what the pair needs.
pub(crate) fn state(base: &Value, recording: &[Pair], pair: &Pair) -> Value {
    let mut stage = Stage { state: base.clone() };
    stage.hierarchy(pair);
    let kind = pair.kind();
    match (kind.as_str(), pair.method.as_str(), pair.status) {
        ("roledefinitions", "GET" | "DELETE", 200) => stage.roles(pair.documents()),
        ("roledefinitions", "PUT", 201) if is_update(recording, pair) => stage.roles(pair.documents()),
        ("roleassignments", "GET" | "DELETE", 200) => stage.assignments(pair),
        ("roleassignments", "PUT", 201) => {
            let properties = pair.documents()[0].get("properties");
            stage.principal(properties);
            stage.role(&pair.scope(), properties.get("roleDefinitionId").text());
        }
        ("roleassignments", "PUT", 409) => stage.twin(pair, recording),
        ("roleassignmentschedulerequests" | "roleeligibilityschedulerequests", "PUT", 201) => {
            stage.principal(pair.documents()[0].get("properties"));
        }
        ("roleassignmentschedulerequests" | "roleeligibilityschedulerequests", "POST", _) => {
            prelude(recording, pair).iter().for_each(|first| stage.principal(first.documents()[0].get("properties")));
        }
        ("rolemanagementpolicies", "PATCH", 200) => stage.policy(pair),
        ("", "POST", 200) => stage.inventory(pair),
        _ => {}
    }
    stage.state
}

/// Returns the requests that make what this one is about.
pub(crate) fn prelude<'a>(recording: &'a [Pair], pair: &Pair) -> Option<&'a Pair> {
    let path = pair.path().strip_suffix("/cancel")?;
    recording.iter().find(|first| first.method == "PUT" && first.path() == path)
}

/// Returns what to send: what was recorded, or what must have been sent to get that answer.
pub(crate) fn sent(recording: &[Pair], pair: &Pair) -> Option<Value> {
    if let Some(sent) = &pair.sent {
        let mut sent = sent.value();
        // Where the last page ended only the service knows; `$skip` beside it says the same in rows.
        if let Some(options) = sent["options"].as_object_mut() {
            options.remove("$skipToken");
        }
        return Some(sent);
    }
    if pair.method != "PUT" {
        return None;
    }
    let members = |json: &Json, names: &[&str]| -> Value {
        let kept = json.members().iter().filter(|(name, _)| names.contains(&name.as_str()));
        json!({"properties": kept.map(|(name, value)| (name.clone(), value.value())).collect::<Map<_, _>>()})
    };
    match pair.kind().as_str() {
        "roledefinitions" => {
            let names = ["roleName", "description", "type", "assignableScopes", "permissions"];
            Some(members(pair.body.as_ref()?.get("properties"), &names))
        }
        "roleassignments" => {
            let names = ["roleDefinitionId", "principalId"];
            let same = recording.iter().find(|other| {
                other.method == "PUT" && other.status == 201 && other.path() == pair.path() && other.body.is_some()
            });
            if let Some(body) = same.and_then(|other| other.body.as_ref()) {
                return Some(members(body.get("properties"), &names));
            }
            let subscription = Path::new(&pair.scope()).subscription()?.to_owned();
            let message = pair.body.as_ref()?.at("error.message").text();
            let principal = message.split(' ').nth(1).and_then(|text| uuid::Uuid::parse_str(text).ok())?;
            let role = format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{READER}");
            Some(json!({"properties": {"roleDefinitionId": role, "principalId": principal.to_string()}}))
        }
        _ => None,
    }
}

/// Tells whether an earlier request of the recording made the role and none took it away.
fn is_update(recording: &[Pair], pair: &Pair) -> bool {
    let mut earlier = recording.iter().filter(|other| other.number < pair.number && other.path() == pair.path());
    earlier.rfind(|other| ["PUT", "DELETE"].contains(&other.method.as_str())).is_some_and(|last| last.method == "PUT")
}

/// An ARM id as text, and its parents.
struct Path<'a>(&'a str);

impl<'a> Path<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.strip_prefix("/providers/Microsoft.Subscription").unwrap_or(text);
        Self(text)
    }

    /// Returns the first so many segments, when there are as many.
    fn first(&self, count: usize) -> Option<&'a str> {
        let mut ends = self.0.match_indices('/').map(|(at, _)| at).skip(1).chain([self.0.len()]);
        self.0.starts_with('/').then(|| ends.nth(count - 1).map(|end| &self.0[..end])).flatten()
    }

    fn has(&self, at: usize, word: &str) -> bool {
        self.0.split('/').nth(at).is_some_and(|part| part.eq_ignore_ascii_case(word))
    }

    fn subscription(&self) -> Option<&'a str> {
        if self.has(1, "subscriptions") { self.first(2) } else { None }
    }

    fn resource_group(&self) -> Option<&'a str> {
        if self.has(1, "subscriptions") && self.has(3, "resourceGroups") { self.first(4) } else { None }
    }

    fn name(&self) -> &'a str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

struct Stage {
    state: Value,
}

impl Stage {
    fn put(&mut self, map: &str, key: &str, value: Value) {
        self.state["azure"][map][key.to_ascii_lowercase()] = value;
    }

    fn file(&mut self, map: &str, scope: &str, name: &str, row: Value) {
        self.state["azure"][map][scope.to_ascii_lowercase()][name.to_ascii_lowercase()] = row;
    }

    /// Adds every subscription, resource group and resource that the pair names.
    fn hierarchy(&mut self, pair: &Pair) {
        let scope = pair.scope();
        let (mut ids, mut groups) = (vec![scope.clone()], BTreeMap::new());
        for json in [&pair.body, &pair.sent].into_iter().flatten() {
            json.texts(&mut |text| {
                if text.starts_with("/subscriptions/") || text.starts_with("/providers/Microsoft.Subscription/") {
                    ids.push(text.to_owned());
                }
            });
        }
        let is_made = pair.status == 404 || (pair.kind().is_empty() && pair.method == "PUT");
        for id in ids.iter().rev() {
            let path = Path::new(id);
            if let Some(subscription) = path.subscription() {
                let name = Path(subscription).name();
                let root = self.state["azure"]["managementGroups"].as_object().unwrap().keys().next().unwrap().clone();
                let stored = json!({"id": name, "displayName": "Recorded", "parent": root, "state": "Enabled"});
                self.put("subscriptions", name, stored);
            }
            if let Some(group) = path.resource_group().filter(|_| !is_made) {
                groups.entry(group.to_ascii_lowercase()).or_insert_with(|| group.to_owned());
            }
        }
        for (key, id) in groups {
            let stored = json!({"id": id, "name": Path(&id).name(), "location": "westus"});
            self.put("resourceGroups", &key, stored);
        }
        if Path(&scope).has(5, "providers") {
            let parts: Vec<&str> = scope.split('/').skip(6).collect();
            let types: Vec<&str> = parts[1..].iter().step_by(2).copied().collect();
            let kind = format!("{}/{}", parts[0], types.join("/"));
            let stored = json!({"id": scope, "kind": kind, "name": Path(&scope).name(), "document": {}});
            self.put("resources", &scope, stored);
        }
        for document in pair.documents() {
            match document.get("type").text() {
                "Microsoft.Resources/resourceGroups" if !is_made => self.resource_group(document),
                kind if document.get("properties") == &Json::Null && kind.contains('/') => self.resource(document),
                _ => {}
            }
        }
    }

    fn resource_group(&mut self, document: &Json) {
        let mut stored = json!({"id": document.get("id").text(), "name": document.get("name").text(),
            "location": document.get("location").text()});
        for (name, found) in [("tags", document.get("tags")), ("managedBy", document.get("managedBy"))] {
            if *found != Json::Null {
                stored[name] = found.value();
            }
        }
        self.put("resourceGroups", document.get("id").text(), stored);
    }

    fn resource(&mut self, document: &Json) {
        let mut rest = document.value();
        let members = rest.as_object_mut().unwrap();
        for name in ["id", "name", "type"] {
            members.remove(name);
        }
        let (id, kind) = (document.get("id").text(), document.get("type").text());
        self.put(
            "resources",
            id,
            json!({"id": id, "kind": kind, "name": document.get("name").text(), "document": rest}),
        );
    }

    /// Adds the custom roles among the documents.
    fn roles(&mut self, documents: &[Json]) {
        for document in documents {
            let properties = document.get("properties");
            if properties.get("type").text() != "CustomRole" {
                continue;
            }
            let stored = json!({"roleName": properties.get("roleName").text(),
                "description": properties.get("description").text(),
                "assignableScopes": properties.get("assignableScopes").value(),
                "permissions": properties.get("permissions").value(),
                "created": properties.get("createdOn").text(), "updated": properties.get("updatedOn").text(),
                "createdBy": properties.get("createdBy").value(), "updatedBy": properties.get("updatedBy").value()});
            self.put("roles", document.get("name").text(), stored);
        }
    }

    /// Adds the role assignments that the answer shows, and the groups through which `assignedTo()` found some.
    fn assignments(&mut self, pair: &Pair) {
        self.groups_above(pair);
        let filter = pair.option("$filter").unwrap_or_default();
        let through = filter.strip_prefix("assignedTo('").and_then(|rest| rest.split('\'').next());
        for document in pair.documents() {
            let properties = document.get("properties");
            let principal = properties.get("principalId").text();
            if let Some(member) = through.filter(|member| !member.eq_ignore_ascii_case(principal)) {
                let group = json!({"kind": "group", "created": LONG_AGO, "properties": {"displayName": "Recorded"},
                    "members": [member]});
                self.state["objects"][principal] = group;
            }
            let mut row = row(properties);
            let names = [
                ("condition", "condition"),
                ("conditionVersion", "conditionVersion"),
                ("description", "description"),
                ("delegatedManagedIdentityResourceId", "delegatedManagedIdentity"),
                ("createdBy", "createdBy"),
                ("updatedBy", "updatedBy"),
            ];
            for (theirs, ours) in names {
                row[ours] = properties.get(theirs).value();
            }
            row["created"] = properties.get("createdOn").value();
            row["updated"] = properties.get("updatedOn").value();
            self.file("assignments", properties.get("scope").text(), document.get("name").text(), row);
        }
        if !filter.is_empty() {
            // Somebody else's, which the filter must keep out.
            self.another(pair, READER);
        }
        if pair.method == "DELETE" {
            // The last owner of a subscription could not go; the recorded ones had others.
            self.another(pair, OWNER);
        }
    }

    /// Gives somebody else a role at the scope.
    fn another(&mut self, pair: &Pair, role: &str) {
        let scope = pair.scope();
        let row = json!({"scope": scope, "role": role, "principal": "0a4d3ef7-0000-4000-8000-000000000002",
            "created": LONG_AGO, "updated": LONG_AGO});
        self.file("assignments", &scope, "0a4d3ef7-0000-4000-8000-000000000003", row);
    }

    /// Puts the management groups whose assignments the list shows above its subscription, one below the other.
    fn groups_above(&mut self, pair: &Pair) {
        let scope = pair.scope();
        let Some(subscription) = Path(&scope).subscription() else { return };
        let key = Path(subscription).name().to_ascii_lowercase();
        let mut parent = self.state["azure"]["subscriptions"][&key]["parent"].clone();
        let prefix = "/providers/Microsoft.Management/managementGroups/";
        for document in pair.documents() {
            let Some(id) = document.at("properties.scope").text().strip_prefix(prefix) else { continue };
            let group = id.to_ascii_lowercase();
            if self.state["azure"]["managementGroups"][&group].is_null() {
                let stored = json!({"id": id, "displayName": "Recorded", "parent": parent});
                self.state["azure"]["managementGroups"][&group] = stored;
                parent = Value::from(group);
            }
        }
        self.state["azure"]["subscriptions"][&key]["parent"] = parent;
    }

    /// Adds a custom role unless Microsoft has one with this id.
    fn role(&mut self, scope: &str, id: &str) {
        let name = id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        if BUILT_IN.contains(&name) {
            return;
        }
        let stored = json!({"roleName": "Recorded", "assignableScopes": [Path(scope).subscription().unwrap()],
            "permissions": [{"actions": ["*/read"]}], "created": LONG_AGO, "updated": LONG_AGO});
        self.put("roles", &name, stored);
    }

    /// Adds the resources that a query found, what a `$skip` passed over before them, and one more when a page followed.
    fn inventory(&mut self, pair: &Pair) {
        let Some(body) = &pair.body else { return };
        let data = body.get("data");
        let columns: Vec<&str> = data.get("columns").items().iter().map(|column| column.get("name").text()).collect();
        let of_table = data.get("rows").items().iter().map(|row| {
            let named = columns.iter().zip(row.items());
            Json::Object(named.map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
        });
        let found: Vec<Json> = data.items().iter().cloned().chain(of_table).collect();
        for row in &found {
            self.found(row.get("id").text(), row);
        }
        let subscription = found.iter().find_map(|row| Path(row.get("id").text()).subscription()).unwrap_or_default();
        let skipped = pair.sent.as_ref().and_then(|sent| sent.value()["options"]["$skip"].as_u64()).unwrap_or(0);
        let mut more: Vec<String> = (0..skipped).map(|number| format!("0/{number}")).collect();
        if !body.get("$skipToken").text().is_empty() {
            more.push("zz/0".to_owned());
        }
        for place in more {
            let (group, name) = place.split_once('/').unwrap();
            let id =
                format!("{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/n{name}");
            self.found(&id, &Json::Object(Vec::new()));
        }
    }

    /// Adds one resource with what a row says of it.
    fn found(&mut self, id: &str, row: &Json) {
        let parts: Vec<&str> = id.split('/').collect();
        let group = parts[..5].join("/");
        self.put("resourceGroups", &group, json!({"id": group, "name": parts[4], "location": "westus"}));
        let types: Vec<&str> = parts[7..].iter().step_by(2).copied().collect();
        let names = ["tags", "properties", "location", "sku", "kind"];
        let kept = row.members().iter().filter(|(name, _)| names.contains(&name.as_str()));
        let document: Map<_, _> = kept.map(|(name, value)| (name.clone(), value.value())).collect();
        let stored = json!({"id": id, "kind": format!("{}/{}", parts[6], types.join("/")), "name": Path(id).name(),
            "document": document});
        self.put("resources", id, stored);
    }

    /// Adds an assignment like the one that is asked for, under another name.
    fn twin(&mut self, pair: &Pair, recording: &[Pair]) {
        let sent = sent(recording, pair).unwrap();
        let sent = Json::read(&sent.to_string()).unwrap();
        let mut row = row(sent.get("properties"));
        row["scope"] = Value::from(pair.scope());
        self.file("assignments", &pair.scope(), "0a4d3ef7-0000-4000-8000-000000000001", row);
        self.principal(sent.get("properties"));
    }

    /// Adds the principal that the properties name.
    fn principal(&mut self, properties: &Json) {
        let expanded = properties.at("expandedProperties.principal");
        let kind = match properties.get("principalType").text() {
            "Group" => "group",
            "ServicePrincipal" => "servicePrincipal",
            _ => "user",
        };
        let mut object = json!({"kind": kind, "created": LONG_AGO, "properties": {"displayName": "Recorded"}});
        if !expanded.get("email").text().is_empty() {
            object["properties"]["mail"] = expanded.get("email").value();
        }
        self.state["objects"][properties.get("principalId").text()] = object;
    }

    /// Adds the policy that is written, with the rules that it had.
    fn policy(&mut self, pair: &Pair) {
        let rules = pair.documents()[0].at("properties.rules").value();
        let row = json!({"name": pair.name(), "rules": rules, "modified": LONG_AGO, "modifiedBy": "Recorded"});
        self.file("policies", &pair.scope(), READER, row);
    }
}

/// Returns an assignment as it is stored, made long ago.
fn row(properties: &Json) -> Value {
    let role = properties.get("roleDefinitionId").text().rsplit('/').next().unwrap_or_default();
    let kind = properties.get("principalType").text();
    json!({"scope": properties.get("scope").text(), "role": role.to_ascii_lowercase(),
        "principal": properties.get("principalId").text().to_ascii_lowercase(),
        "principalType": Some(kind).filter(|kind| !kind.is_empty()), "created": LONG_AGO, "updated": LONG_AGO})
}
