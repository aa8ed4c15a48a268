//! The Azure part of seeds: what their tables say, sizes, determinism.

use rolewright::sandbox::Seed;
use serde_json::{Value, json};

use crate::arm_pim::{CONTRIBUTOR, OWNER, SUBSCRIPTION, path};
use crate::arm_pim_schedule::subscription;
use crate::client::Client;

#[tokio::test]
async fn contoso_is_a_landing_zone() {
    let c = Client::seeded(Seed::Contoso).await;
    assert_eq!(subscription(&c, "prod-core").await, SUBSCRIPTION);
    assert_eq!(subscription(&c, "prod-connectivity").await, "/subscriptions/73f57816-72c7-5f62-8f2d-bec17210906b");
    assert_eq!(subscription(&c, "corp-payroll").await, "/subscriptions/7c3d3709-83f5-5647-9cde-f36a6e01b70a");
    let shop = subscription(&c, "online-shop").await;
    assert_eq!(shop, "/subscriptions/03fb4eba-938b-5cb9-89ed-798c4b4828bb");
    let groups = c.get("/providers/Microsoft.Management/managementGroups?api-version=2023-04-01").await.rows().clone();
    let mut names: Vec<&str> = groups.iter().map(|row| row["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let root = "5a9dbb0c-0000-4000-8000-000000000001";
    assert_eq!(names, [root, "contoso", "corp", "landingzones", "online", "platform", "sandbox-mg"]);
    let everywhere = c.get(&path("", "roleEligibilitySchedules")).await.rows().clone();
    assert_eq!(everywhere.len(), 7);
    let conditions = everywhere.iter().filter(|row| row["properties"].get("condition").is_some()).count();
    assert_eq!(conditions, 1);
    let active = c.get(&path("", "roleAssignmentSchedules")).await.rows().clone();
    let by = |name: &str, value: Value| active.iter().filter(|row| row["properties"][name] == value).count();
    assert_eq!(by("assignmentType", json!("Activated")), 1);
    // Three rights of rolewright's own, five of MS-PIM, two that nobody declared; through PIM an activation, an application and a group.
    assert_eq!((by("roleAssignmentScheduleRequestId", Value::Null), active.len()), (10, 13));
    let owner = c.get(&path(SUBSCRIPTION, &format!("roleManagementPolicies/{OWNER}"))).await.body;
    assert_eq!(
        (&owner["properties"]["isOrganizationDefault"], &owner["properties"]["lastModifiedBy"]["displayName"]),
        (&json!(false), &json!("Heidi Portal"))
    );
    let contractors = c.id("groups", "sg-contractors").await;
    assert_eq!(c.held("roleEligibilitySchedules", &shop, &contractors, CONTRIBUTOR).await.len(), 1);
}

#[tokio::test]
async fn empty_has_one_subscription_under_the_root() {
    let c = Client::seeded(Seed::Empty).await;
    assert_eq!(c.get("/subscriptions?api-version=2022-12-01").await.rows().len(), 1);
    assert!(c.get(&path("", "roleEligibilitySchedules")).await.rows().is_empty());
    assert_eq!(c.get(&path("", "roleAssignmentSchedules")).await.rows().len(), 3);
}

#[tokio::test]
async fn an_estate_has_the_size_that_was_asked() {
    let seed: Seed = "enterprise:50,subscriptions=30,assignments=8".parse().unwrap();
    assert_eq!(seed, Seed::Estate { people: 50, subscriptions: 30, assignments: 8 });
    let (c, again) = (Client::seeded(seed.clone()).await, Client::seeded(seed).await);
    assert_eq!(c.running.state_json(), again.running.state_json());
    assert_eq!(c.get("/subscriptions?api-version=2022-12-01").await.rows().len(), 30);
    let eligible = c.get(&path("", "roleEligibilitySchedules")).await.rows().len();
    assert_eq!(eligible, 30 * 6);
    let of_one = c.get(&path(SUBSCRIPTION, "roleEligibilitySchedules")).await.rows().len();
    assert_eq!(of_one, 6);
    assert_eq!("enterprise:9,assignments=3".parse(), Ok(Seed::Estate { people: 9, subscriptions: 1, assignments: 3 }));
    assert!("enterprise:9,subscription=3".parse::<Seed>().is_err());
}

#[tokio::test]
async fn a_state_goes_to_a_file_and_back() {
    let c = Client::seeded(Seed::Contoso).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::to_vec(&c.running.state_json()).unwrap()).unwrap();
    let again = Client::seeded(Seed::File(file.path().to_owned())).await;
    assert_eq!(again.running.state_json()["azure"], c.running.state_json()["azure"]);
}
