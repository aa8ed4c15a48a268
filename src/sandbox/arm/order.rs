//! The order of members in ARM's JSON, which clients may not depend on and recorded documents have (arm.md A.1, B.1, B.3).

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

/// Which objects (they have these members) print in which order; the first row that fits counts. Members that a row does not name
/// follow in alphabetical order.
const ORDERS: &[(&[&str], &[&str])] = &[
    (&["error"], &["error"]),
    (&["registrationState"], &["id", "namespace", "resourceTypes", "registrationState", "registrationPolicy"]),
    (&["resourceTypes"], &["displayName", "operations", "resourceTypes", "id", "type", "name"]),
    (
        &["subscriptionPolicies"],
        &[
            "id",
            "authorizationSource",
            "managedByTenants",
            "tags",
            "subscriptionId",
            "tenantId",
            "displayName",
            "state",
            "subscriptionPolicies",
        ],
    ),
    (
        &["tenantCategory"],
        &["id", "tenantId", "countryCode", "displayName", "domains", "tenantCategory", "defaultDomain", "tenantType"],
    ),
    (&["code", "message"], &["code", "message", "target", "details"]),
    (&["totalRecords"], &["totalRecords", "count", "data", "facets", "resultTruncated", "$skipToken"]),
    (
        &["requestType"],
        &[
            "targetRoleEligibilityScheduleId",
            "targetRoleAssignmentScheduleId",
            "targetRoleEligibilityScheduleInstanceId",
            "targetRoleAssignmentScheduleInstanceId",
            "scope",
            "roleDefinitionId",
            "principalId",
            "principalType",
            "requestType",
            "status",
            "approvalId",
            "linkedRoleEligibilityScheduleId",
            "scheduleInfo",
            "ticketInfo",
            "justification",
            "requestorId",
            "createdOn",
            "condition",
            "conditionVersion",
            "expandedProperties",
        ],
    ),
    (
        &["memberType"],
        &[
            "roleAssignmentScheduleId",
            "originRoleAssignmentId",
            "roleEligibilityScheduleId",
            "linkedRoleEligibilityScheduleId",
            "linkedRoleEligibilityScheduleInstanceId",
            "assignmentType",
            "scope",
            "roleDefinitionId",
            "principalId",
            "principalType",
            "status",
            "roleEligibilityScheduleRequestId",
            "roleAssignmentScheduleRequestId",
            "startDateTime",
            "endDateTime",
            "memberType",
            "createdOn",
            "updatedOn",
            "condition",
            "conditionVersion",
            "expandedProperties",
        ],
    ),
    (
        &["roleName", "assignableScopes"],
        &[
            "roleName",
            "type",
            "description",
            "assignableScopes",
            "permissions",
            "createdOn",
            "updatedOn",
            "createdBy",
            "updatedBy",
        ],
    ),
    (
        &["principalId", "updatedBy"],
        &[
            "roleDefinitionId",
            "principalId",
            "principalType",
            "scope",
            "condition",
            "conditionVersion",
            "createdOn",
            "updatedOn",
            "createdBy",
            "updatedBy",
            "delegatedManagedIdentityResourceId",
            "description",
        ],
    ),
    (&["actions", "notActions"], &["actions", "notActions", "dataActions", "notDataActions"]),
    (
        &["effectiveRules"],
        &[
            "scope",
            "roleDefinitionId",
            "policyId",
            "isOrganizationDefault",
            "lastModifiedDateTime",
            "lastModifiedBy",
            "rules",
            "effectiveRules",
            "policyProperties",
            "policyAssignmentProperties",
        ],
    ),
    (
        &["ruleType"],
        &[
            "enabledRules",
            "isExpirationRequired",
            "maximumDuration",
            "notificationType",
            "recipientType",
            "isDefaultRecipientsEnabled",
            "notificationLevel",
            "notificationRecipients",
            "setting",
            "isEnabled",
            "claimValue",
            "id",
            "ruleType",
            "target",
        ],
    ),
    (&["caller", "operations", "level"], &["caller", "operations", "level"]),
    (
        &["approvalStages"],
        &[
            "isApprovalRequired",
            "isApprovalRequiredForExtension",
            "isRequestorJustificationRequired",
            "approvalMode",
            "approvalStages",
        ],
    ),
    (
        &["approvalStageTimeOutInDays"],
        &[
            "approvalStageTimeOutInDays",
            "isApproverJustificationRequired",
            "escalationTimeInMinutes",
            "primaryApprovers",
            "isEscalationEnabled",
            "escalationApprovers",
        ],
    ),
    (&["scope", "roleDefinition", "policy"], &["scope", "roleDefinition", "policy"]),
    (&["principal", "roleDefinition", "scope"], &["principal", "roleDefinition", "scope"]),
    (&["expiration"], &["startDateTime", "expiration"]),
    (&["locationPlacementId"], &["locationPlacementId", "quotaId", "spendingLimit"]),
    (&["id", "displayName", "type", "name"], USUAL),
    (&["id", "displayName", "type"], &["id", "displayName", "email", "type"]),
    (&["isDataAction"], &["name", "displayName", "description", "origin", "properties", "isDataAction"]),
    (
        &["regionType"],
        &[
            "regionType",
            "regionCategory",
            "geographyGroup",
            "longitude",
            "latitude",
            "physicalLocation",
            "pairedRegion",
        ],
    ),
    (&["regionalDisplayName"], &["id", "name", "displayName", "regionalDisplayName", "metadata"]),
    (&["type", "value"], &["type", "value"]),
    (&["value"], &["value", "nextLink", "@nextLink", "count"]),
];
const PLAIN: &[&str] = &["properties", "id", "type", "name"];
const PIM: &[&str] = &["properties", "name", "id", "type"];
const USUAL: &[&str] = &["id", "tenantId", "name", "type", "displayName", "email", "location", "tags", "properties"];

fn order(members: &Map<String, Value>) -> &'static [&'static str] {
    let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
    if members.contains_key("properties")
        && let Some(kind) = kind.strip_prefix("Microsoft.Authorization/")
        && kind != "providerOperations"
    {
        return if ["roleDefinitions", "roleAssignments"].contains(&kind) { PLAIN } else { PIM };
    }
    let found = ORDERS.iter().find(|(marks, _)| marks.iter().all(|mark| members.contains_key(*mark)));
    // A region and the one that it is paired with (recorded).
    if members.len() == 2 && members.contains_key("name") && members.contains_key("id") {
        return &["name", "id"];
    }
    found.map_or(USUAL, |(_, order)| order)
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item))?;
                }
                list.end()
            }
            Value::Object(members) => {
                let order = order(members);
                let mut map = serializer.serialize_map(Some(members.len()))?;
                let first = order.iter().filter_map(|name| members.get_key_value(*name));
                let rest = members.iter().filter(|(name, _)| !order.contains(&name.as_str()));
                for (name, value) in first.chain(rest) {
                    map.serialize_entry(name, &Ordered(value))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

/// Returns a document as bytes in ARM's order.
pub(crate) fn bytes(body: &Value) -> Vec<u8> {
    serde_json::to_vec(&Ordered(body)).unwrap_or_default()
}

/// Returns a document as text in ARM's order.
pub(crate) fn text(body: &Value) -> String {
    serde_json::to_string(&Ordered(body)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_come_as_recorded() {
        let text = |value: Value| String::from_utf8(bytes(&value)).unwrap();
        let row = json!({"name": "n", "type": "Microsoft.Authorization/roleAssignments", "id": "i", "properties": {
            "scope": "/", "principalId": "p", "updatedBy": null, "roleDefinitionId": "r", "zeal": 1}});
        assert_eq!(
            text(json!({"nextLink": "l", "value": [row]})),
            r#"{"value":[{"properties":{"roleDefinitionId":"r","principalId":"p","scope":"/","updatedBy":null,"zeal":1},"id":"i","type":"Microsoft.Authorization/roleAssignments","name":"n"}],"nextLink":"l"}"#
        );
        let who = json!({"id": "i", "type": "User", "email": "e", "displayName": "d"});
        assert_eq!(text(who), r#"{"id":"i","displayName":"d","email":"e","type":"User"}"#);
        assert_eq!(text(json!({"error": {"message": "m", "code": "c"}})), r#"{"error":{"code":"c","message":"m"}}"#);
        assert_eq!(text(json!("Not implemented exception")), "\"Not implemented exception\"");
    }
}
