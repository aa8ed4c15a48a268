//! getEntities and lists of management groups, as Microsoft's own clients ask for them (arm.md D.2).

use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::{Value, json};

use crate::client::{Client, TENANT, options};

const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";
const ENTITIES: &str = "/providers/Microsoft.Management/getEntities";
const V: &str = "api-version=2023-04-01";

/// Root > a > (b > s2, s1), and the first subscription below the root.
async fn world(page_size: Option<usize>) -> Client {
    let c = Client::start(SandboxOptions { page_size, ..options(Seed::Empty) }).await;
    c.group("a", None).await;
    c.group("b", Some("a")).await;
    c.subscription("s1", "a").await;
    c.subscription("s2", "b").await;
    c
}

fn names(rows: &[Value]) -> Vec<&str> {
    let name = |row: &Value| if row["type"] == "/subscriptions" { "displayName" } else { "name" };
    let mut names: Vec<&str> =
        rows.iter().map(|row| row[name(row)].as_str().or(row["properties"]["displayName"].as_str()).unwrap()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn entities_are_posted_and_their_next_pages_are_got() {
    let c = world(Some(2)).await;
    let mut got = c.post(&format!("{ENTITIES}?{V}&$top=50"), json!(null)).await;
    let mut ids = Vec::new();
    loop {
        ids.extend(got.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = got.body["nextLink"].as_str() else { break };
        let posted = c.post(next, json!(null)).await;
        got = c.get(next).await;
        assert_eq!(posted.body, got.body);
    }
    assert_eq!(ids.len(), 6);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(c.delete(&format!("{ENTITIES}?{V}")).await.status, 501);
}

#[tokio::test]
async fn entities_are_searched_filtered_and_trimmed() {
    let c = world(None).await;
    let ask = async |query: &str| c.post(&format!("{ENTITIES}?{V}&{query}"), json!(null)).await;
    for (query, expected) in [
        ("$filter=name eq 'A'", &["a"][..]),
        ("groupName=b", &["b"]),
        ("$filter=contains(name,'5A9DBB')", &[TENANT, "prod-core"]),
        ("$filter=contains(displayName,'group')", &[TENANT, "a", "b"]),
        ("$filter=contains(displayName, 'Group') and name eq 'b'", &["b"]),
        ("$filter=contains(displayName,'s')", &["s1", "s2"]),
        ("$search=ParentOnly&groupName=a", &["a"]),
        ("$search=ChildrenOnly&groupName=A", &["b", "s1"]),
        ("$search=ParentAndFirstLevelChildren&$filter=name eq 'a'", &["a", "b", "s1"]),
    ] {
        let got = ask(query).await;
        assert_eq!((names(got.rows()), &got.body["count"]), (expected.to_vec(), &json!(expected.len())), "{query}");
    }
    for query in [
        "$filter=displayName eq 'Group a'",
        "$filter=not (name eq 'a')",
        "$filter=permissions eq 'view'",
        "$filter=name",
        "$search=AllowedParents&groupName=a",
        "$search=ParentOnly",
        "$search=ParentOnly&$filter=contains(name,'a')",
        "$select=Permissions",
    ] {
        assert_eq!(ask(query).await.status, 400, "{query}");
    }
    let got = ask("groupName=b&$select=Name,DisplayName,Type,ParentNameChain").await;
    assert_eq!(
        got.rows()[0],
        json!({"id": format!("{GROUPS}/b"), "name": "b", "type": "Microsoft.Management/managementGroups",
            "properties": {"displayName": "Group b", "parentNameChain": [TENANT, "a"]}})
    );
}

#[tokio::test]
async fn groups_link_on_in_both_spellings() {
    let c = world(Some(2)).await;
    let first = c.get(&format!("{GROUPS}?{V}")).await;
    assert_eq!((first.rows().len(), &first.body["nextLink"]), (2, &first.body["@nextLink"]));
    let last = c.get(first.body["@nextLink"].as_str().unwrap()).await;
    assert_eq!(last.rows().len(), 1);
    assert!(last.body.get("nextLink").is_none() && last.body.get("@nextLink").is_none());
}

#[tokio::test]
async fn children_may_leave_subscriptions_out() {
    let c = world(None).await;
    let ask = async |more: &str| c.get(&format!("{GROUPS}/a?{V}&$expand=children&$recurse=true{more}")).await;
    let all = ask("").await;
    assert_eq!(all.body["properties"]["children"].as_array().unwrap().len(), 2);
    let groups = ask("&$filter=children.childType ne Subscription").await;
    let children = groups.body["properties"]["children"].as_array().unwrap();
    assert_eq!((children.len(), &children[0]["name"], &children[0]["children"]), (1, &json!("b"), &Value::Null));
    let other = ask("&$filter=children.childType eq Subscription").await;
    assert_eq!((other.status, other.code().as_str()), (400, "BadRequest"));
}
