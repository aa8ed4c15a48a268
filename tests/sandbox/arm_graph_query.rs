//! Azure Resource Graph (arm.md D.3; statuses, headers and the error body as recorded).

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::arm_pim::{OWNER, SUBSCRIPTION, at, guid, role};
use crate::client::{Client, Got};

const V: &str = "2021-03-01";

impl Client {
    async fn ask_graph(&self, version: &str, body: Value) -> Got {
        self.post(&format!("/providers/Microsoft.ResourceGraph/resources?api-version={version}"), body).await
    }
}

#[tokio::test]
async fn assignments_are_found_across_scopes() {
    let c = Client::seeded(Seed::Empty).await;
    c.group("corp", None).await;
    let shop = c.subscription("shop", "corp").await;
    let ann = c.person("ann").await;
    for (n, scope) in [(1, SUBSCRIPTION), (2, shop.as_str())] {
        let body = json!({"properties": {"roleDefinitionId": role(OWNER), "principalId": ann}});
        assert_eq!(
            c.arm_put(&at(scope, &format!("roleAssignments/{}", guid(n)), "2022-04-01"), body).await.status,
            201
        );
    }
    let query = format!(
        "authorizationresources | where type =~ 'Microsoft.Authorization/roleAssignments' | where properties.principalId == '{ann}' \
         | project id, name, properties | order by name asc"
    );
    let got = c.ask_graph(V, json!({"query": query})).await;
    assert_eq!(
        (got.status, &got.body["totalRecords"], &got.body["resultTruncated"]),
        (200, &json!(2), &json!("false"))
    );
    assert_eq!(got.body["data"][0]["name"], guid(1));
    assert_eq!(got.body["data"][1]["properties"]["scope"], shop);
    assert_eq!(got.header("x-ms-user-quota-remaining"), "14");
    assert_eq!(got.header("x-ms-user-quota-resets-after"), "00:00:05");
    let group = c.ask_graph(V, json!({"query": query, "managementGroups": ["corp"]})).await;
    assert_eq!(group.body["totalRecords"], 1);
    let above = json!({"query": "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | count",
        "managementGroups": ["corp"], "options": {"authorizationScopeFilter": "AtScopeAboveAndBelow"}});
    // Its own, and the three of the applications at the root.
    assert_eq!(c.ask_graph("2022-10-01", above).await.body["data"], json!([{"Count": 4}]));
}

#[tokio::test]
async fn pages_go_by_skip_token() {
    let c = Client::seeded(Seed::Empty).await;
    c.group("corp", None).await;
    for name in ["s1", "s2", "s3"] {
        c.subscription(name, "corp").await;
    }
    let query =
        "ResourceContainers | where type == 'microsoft.resources/subscriptions' | project id, name | order by name asc";
    let first = c.ask_graph(V, json!({"query": query, "options": {"$top": 3}})).await;
    assert_eq!((first.body["count"].as_u64(), first.body["totalRecords"].as_u64()), (Some(3), Some(4)));
    let rest =
        c.ask_graph(V, json!({"query": query, "options": {"$top": 3, "$skipToken": first.body["$skipToken"]}})).await;
    assert_eq!(rest.body["data"][0]["name"], "s3");
    assert!(rest.body.get("$skipToken").is_none());
    // Without the id there is no way on.
    let lost = c.ask_graph(V, json!({"query": query.replace("id, ", ""), "options": {"$top": 3}})).await;
    assert_eq!((&lost.body["resultTruncated"], lost.body.get("$skipToken")), (&json!("true"), None));
    // The oldest version answers in columns.
    let table =
        c.ask_graph("2019-04-01", json!({"query": query, "subscriptions": [SUBSCRIPTION.rsplit('/').next()]})).await;
    assert_eq!(table.body["data"]["columns"][1], json!({"name": "name", "type": "string"}));
    assert_eq!(table.body["data"]["rows"], json!([[SUBSCRIPTION, "prod-core"]]));
}

#[tokio::test]
async fn bad_queries_are_told_where() {
    let c = Client::seeded(Seed::Empty).await;
    let got = c.ask_graph(V, json!({"query": "project id, location | where where"})).await;
    assert_eq!((got.status, got.code().as_str()), (400, "BadRequest"));
    let details = &got.body["error"]["details"];
    assert_eq!(details[0]["code"], "InvalidQuery");
    let failure = &details[1];
    assert_eq!((&failure["code"], &failure["line"]), (&json!("ParserFailure"), &json!(1)));
    assert_eq!((&failure["characterPositionInLine"], &failure["token"]), (&json!(34), &json!("<EOF>")));
    assert_eq!(c.ask_graph(V, json!({"query": "nowhere | count"})).await.status, 400);
    assert_eq!(c.ask_graph(V, json!({"query": "resources | summarize count()"})).await.status, 400);
    assert_eq!(c.ask_graph(V, json!({"query": "resources", "options": {"$top": 5000}})).await.status, 400);
    assert_eq!(c.ask_graph("2000-01-01", json!({"query": "resources"})).await.code(), "InvalidResourceType");
}

#[tokio::test]
async fn only_what_may_be_read_is_found() {
    let mut c = Client::seeded(Seed::Empty).await;
    c.person("ann").await;
    c.act_as(json!({"user": "ann@contoso.example"})).await;
    let got = c.ask_graph(V, json!({"query": "resourcecontainers | count"})).await;
    assert_eq!(got.body["data"], json!([{"Count": 0}]));
}
