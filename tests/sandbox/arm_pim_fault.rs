//! Faults and switches on PIM requests at ARM scopes.

use rolewright::sandbox::{Effect, FaultRule, Match, SandboxOptions, Seed, Switches};
use serde_json::{Value, json};

use crate::arm_pim::{READER, SUBSCRIPTION, body, guid, lasting, path};
use crate::arm_pim_schedule::subscription;
use crate::client::{Client, options};

async fn faulty(effect: Effect) -> Client {
    let matches =
        Match { method: Some("PUT".to_owned()), path: Some("ScheduleRequests".to_owned()), ..Match::default() };
    let faults = vec![FaultRule { matches, effect }];
    Client::start(SandboxOptions { faults, ..options(Seed::Contoso) }).await
}

#[tokio::test]
async fn a_request_can_end_otherwise_than_asked() {
    for status in ["Failed", "Granted"] {
        let c = faulty(Effect::Request { status: status.to_owned() }).await;
        let erin = c.id("users", "erin@contoso.example").await;
        let got =
            c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminAssign", &erin, READER, lasting("P9D"))).await;
        assert_eq!((got.status, &got.body["properties"]["status"]), (201, &json!(status)));
        assert!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &erin, READER).await.is_empty());
    }
}

#[tokio::test]
async fn a_request_can_be_granted_too_widely() {
    let c = faulty(Effect::Widen).await;
    let shop = subscription(&c, "online-shop").await;
    let (erin, group) = (c.id("users", "erin@contoso.example").await, format!("{shop}/resourceGroups/rg-shop-web"));
    let got = c.put_request("Eligibility", &group, 1, body("AdminAssign", &erin, READER, lasting("P9D"))).await;
    assert_eq!((got.status, &got.body["properties"]["scope"]), (201, &json!(shop)));
    let rows = c.held("roleEligibilitySchedules", &group, &erin, READER).await;
    assert_eq!(
        (&rows[0]["properties"]["scope"], &rows[0]["properties"]["memberType"]),
        (&json!(shop), &json!("Inherited"))
    );
}

#[tokio::test]
async fn provisioning_can_take_its_time() {
    let c = faulty(Effect::PendingProvisioning { seconds: 60 }).await;
    let erin = c.id("users", "erin@contoso.example").await;
    let got = c.put_request("Eligibility", SUBSCRIPTION, 1, body("AdminAssign", &erin, READER, lasting("P9D"))).await;
    assert_eq!(got.body["properties"]["status"], "PendingProvisioning");
    assert!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &erin, READER).await.is_empty());
    c.advance(61);
    assert_eq!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &erin, READER).await.len(), 1);
    let request = c.get(&path(SUBSCRIPTION, &format!("roleEligibilityScheduleRequests/{}", guid(1)))).await;
    assert_eq!(request.body["properties"]["status"], "Provisioned");
}

#[tokio::test]
async fn a_tenant_without_licence_has_no_pim() {
    let switches = Switches { is_licensed: false, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Contoso) }).await;
    for collection in ["roleEligibilitySchedules", "roleAssignmentScheduleInstances", "roleManagementPolicies"] {
        assert_eq!(c.get(&path(SUBSCRIPTION, collection)).await.code(), "AadPremiumLicenseRequired");
    }
    let got = c.put_request("Eligibility", SUBSCRIPTION, 1, Value::Null).await;
    assert_eq!(got.code(), "AadPremiumLicenseRequired");
}

#[tokio::test]
async fn principals_and_roles_are_unknown_until_they_are_replicated() {
    let lag = jiff::SignedDuration::from_secs(20);
    let c = Client::start(SandboxOptions { lag, ..options(Seed::Empty) }).await;
    let ann = c.person("ann").await;
    let sent = body("AdminAssign", &ann, READER, lasting("P9D"));
    let early = c.put_request("Eligibility", SUBSCRIPTION, 1, sent.clone()).await;
    assert_eq!((early.status, early.code().as_str()), (400, "SubjectNotFound"));
    c.advance(21);
    // The refused name was not spent.
    assert_eq!(c.put_request("Eligibility", SUBSCRIPTION, 1, sent).await.status, 201);
    assert!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await.is_empty());
    c.advance(21);
    assert_eq!(c.held("roleEligibilitySchedules", SUBSCRIPTION, &ann, READER).await.len(), 1);
}

#[tokio::test]
async fn old_rows_may_shout_their_names() {
    let switches = Switches { uppercase_names: true, ..Switches::default() };
    let c = Client::start(SandboxOptions { switches, ..options(Seed::Contoso) }).await;
    let dave = c.id("users", "dave@contoso.example").await;
    let connectivity = subscription(&c, "prod-connectivity").await;
    let row =
        &c.held("roleEligibilitySchedules", &connectivity, &dave, "4d97b98b-1d4f-4787-a291-c67834d212e7").await[0];
    let name = row["name"].as_str().unwrap();
    assert!(name == name.to_uppercase() && row["id"].as_str().unwrap().ends_with(name));
    let scope = row["properties"]["scope"].as_str().unwrap();
    let by = |name: &str| path(scope, &format!("roleEligibilitySchedules/{name}"));
    assert_eq!(c.get(&by(name)).await.body, c.get(&by(&name.to_lowercase())).await.body);
}
