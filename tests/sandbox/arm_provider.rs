//! Resource providers, which Microsoft's command line registers before it asks for management groups.

use rolewright::sandbox::{SandboxOptions, Seed};
use serde_json::json;

use crate::arm_pim::SUBSCRIPTION;
use crate::client::{Client, PLAN, options};

fn path(rest: &str) -> String {
    format!("{SUBSCRIPTION}/providers{rest}?api-version=2021-04-01")
}

#[tokio::test]
async fn providers_are_registered_and_unregistered() {
    let mut c = Client::seeded(Seed::Empty).await;
    let got = c.post(&path("/microsoft.management/register"), json!(null)).await;
    assert_eq!((got.status, &got.body["registrationState"]), (200, &json!("Registered")), "{}", got.body);
    assert_eq!(got.body["id"], format!("{SUBSCRIPTION}/providers/Microsoft.Management"));
    for (verb, state) in [("unregister", "NotRegistered"), ("register", "Registered")] {
        for namespace in ["Microsoft.KeyVault", "Microsoft.Authorization", "Microsoft.Subscription"] {
            let got = c.post(&path(&format!("/{namespace}/{verb}")), json!(null)).await;
            assert_eq!(got.body["registrationState"], state, "{namespace}");
            let read = c.get(&path(&format!("/{namespace}"))).await;
            assert_eq!((read.status, &read.body), (200, &got.body));
        }
    }
    let missing = c.get(&path("/Microsoft.Nowhere")).await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "InvalidResourceNamespace"));
    assert_eq!(c.get(&format!("{}&$expand=metadata", path(""))).await.status, 400);
    c.sign_in(PLAN).await;
    assert_eq!(c.get(&path("/Microsoft.KeyVault")).await.status, 200);
    let refused = c.post(&path("/Microsoft.KeyVault/register"), json!(null)).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "AuthorizationFailed"));
}

#[tokio::test]
async fn types_carry_their_versions() {
    let c = Client::start(SandboxOptions { page_size: Some(200), ..options(Seed::Empty) }).await;
    let first = c.get(&path("")).await;
    let second = c.get(first.body["nextLink"].as_str().unwrap()).await;
    assert_eq!(first.rows().len(), 200);
    assert!(second.body.get("nextLink").is_none());
    let rows: Vec<_> = first.rows().iter().chain(second.rows()).collect();
    let kind = |namespace: &str, name: &str| {
        let row = rows.iter().find(|row| row["namespace"] == namespace).unwrap();
        let kinds = row["resourceTypes"].as_array().unwrap();
        (row["registrationPolicy"].clone(), kinds.iter().find(|kind| kind["resourceType"] == name).unwrap().clone())
    };
    let (policy, denials) = kind("Microsoft.Authorization", "denyAssignments");
    assert_eq!(denials["apiVersions"], json!(["2024-07-01-preview", "2022-04-01", "2018-07-01-preview"]), "{denials}");
    assert_eq!(policy, "RegistrationFree");
    let (policy, machines) = kind("Microsoft.Compute", "virtualMachines/extensions");
    assert_eq!(policy, "RegistrationRequired");
    assert_eq!(machines["locations"][0], "West Europe");
}
