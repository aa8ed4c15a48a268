//! Where Azure roles hold: every kind of scope, named in every way, and names that mean nothing or too much.

use serde_json::json;

use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, eligible, owning, scope, settings, until};
use crate::stage::Stage;

const ROLE: &str = "Reader";
const ALICE: &str = "[{user: alice@contoso.example}]";
const LONGEST: &str = "Expiration_EndUser_Assignment";

fn declare(stage: &Stage, scopes: &str) {
    stage.write("a.yaml", &eligible("a", ROLE, scopes, ALICE, "{end: 2026-09-01T00:00:00Z}"));
}

#[test]
fn every_kind_of_scope_by_its_names() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let corp = stage.management_group("corp", "Corp Landing Zone", ROOT_GROUP);
    let online = stage.management_group("online", "Online", &corp);
    stage.move_subscription(SUBSCRIPTION, &corp);
    let dev = stage.subscription("dev", "Dev Sandbox", &online);
    let net = stage.resource_group(SUBSCRIPTION, "RG-Net");
    let vault = stage.storage_account(&net, "stlogs");
    let forms = [
        ("corp", "managementGroup: Corp Landing Zone".to_owned(), corp.clone()),
        ("online", "managementGroup: online".to_owned(), online),
        ("prod", "subscription: prod-core".to_owned(), SUBSCRIPTION.to_owned()),
        ("dev", format!("subscription: {}", dev.rsplit('/').next().unwrap()), dev),
        ("net", "subscription: prod-core, resourceGroup: rg-net".to_owned(), net),
        ("vault", format!("resource: '{vault}'"), vault),
    ];
    let docs: String = forms.iter().map(|(name, form, _)| scope(name, form)).collect();
    stage.write("scopes.yaml", &docs);
    declare(&stage, "[corp, online, prod, dev, net, vault, /]");
    let changes = stage.changes();
    assert_eq!(changes.len(), 7, "{changes:?}");
    stage.apply();
    for (_, _, scope) in &forms {
        assert!(stage.azure_schedule("eligible", scope, &alice).is_some(), "{scope}");
    }
    assert!(stage.azure_schedule("eligible", "/", &alice).is_some());
    // a scope written out as its id is the same as by its name; declared twice it is one
    declare(
        &stage,
        &format!(
            "[corp, online, {}, dev, net, vault, /]",
            SUBSCRIPTION.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")
        ),
    );
    stage.assert_converged();
    // and back, all of it, by owning the root of the tenant
    stage.erase("a.yaml");
    stage.advance(1);
    stage.write("tenant.yaml", &crate::stage::tenant(&format!(
        "  ownership:\n    - {{azureScopes: [/], exact: true, assignments: authoritative}}\n    - {{azureScopes: ['{ROOT_GROUP}'], assignments: authoritative}}\n  \
         ignore: {{principals: [{{servicePrincipal: rolewright-plan}}, {{servicePrincipal: rolewright-apply}}, {{servicePrincipal: rolewright-admin}}]}}\n  limits: {{maxRemovalPercent: 100}}\n"
    )));
    assert_eq!(stage.changes().len(), 7, "{:?}", stage.changes());
    stage.apply();
    assert!(stage.azure_schedule("eligible", &corp, &alice).is_none());
}

#[test]
fn what_does_not_exist_is_an_error_at_its_line_with_what_could_be_meant() {
    let stage = Stage::new();
    stage.user("alice");
    stage.resource_group(SUBSCRIPTION, "rg-net");
    stage.management_group("corp", "Corp", ROOT_GROUP);
    for (form, says, line) in [
        ("subscription: prod-cor".to_owned(), "did you mean `prod-core`?", "scopes.yaml:6"),
        ("managementGroup: corb".to_owned(), "did you mean `Corp`?", "scopes.yaml:6"),
        ("subscription: prod-core, resourceGroup: rg-nett".to_owned(), "did you mean `rg-net`?", "a.yaml:7"),
        (format!("resource: '{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Storage/storageAccounts/none'"), "there is no resource", "a.yaml:7"),
        ("resource: '/subscriptions/5a9dbb0c-0000-4000-8000-00000000dead/resourceGroups/x/providers/Microsoft.Storage/storageAccounts/none'".to_owned(), "there is no", "a.yaml:7"),
    ] {
        stage.write("scopes.yaml", &scope("place", &form));
        declare(&stage, "[place]");
        let mark = stage.mark();
        stage.run(&["apply", "--yes"]).exits(1).says(says).says(line);
        assert!(stage.azure_written_since(mark).is_empty());
    }
}

#[test]
fn a_name_that_two_subscriptions_have_is_an_error_with_both_ids() {
    let stage = Stage::new();
    stage.user("alice");
    let one = stage.subscription("one", "shared", ROOT_GROUP);
    let two = stage.subscription("two", "Shared", ROOT_GROUP);
    stage.write("scopes.yaml", &scope("place", "subscription: shared"));
    declare(&stage, "[place]");
    let id = |scope: &str| scope.rsplit('/').next().unwrap().to_owned();
    stage.run(&["plan"]).exits(1).says("ambiguous-name").says(&id(&one)).says(&id(&two)).says("scopes.yaml:6");
    stage.write("scopes.yaml", &scope("place", &format!("subscription: {}", id(&two))));
    stage.apply();
    assert_eq!(stage.azure_rows(&two, "roleEligibilitySchedules").len(), 1);
    assert!(stage.azure_rows(&one, "roleEligibilitySchedules").is_empty());
}

#[test]
fn a_fan_out_reaches_what_lies_below_and_what_comes_later() {
    let stage = Stage::new();
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    let inner = stage.management_group("inner", "Inner", &corp);
    stage.move_subscription(SUBSCRIPTION, &corp);
    let dev = stage.subscription("dev", "dev", &inner);
    let outside = stage.subscription("outside", "outside", ROOT_GROUP);
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    let far = stage.resource_group(&outside, "rg-far");
    let declare = |kinds: &str| {
        stage.write("scopes.yaml", &scope("all", &format!("under: {{managementGroup: corp, kinds: {kinds}}}")));
        stage.write("s.yaml", &settings("s", "Owner", "[all]", "activation: {maxDuration: PT1H}"));
    };
    declare("[managementGroup]");
    assert_eq!(stage.changes(), [format!("update azure/settings/Owner@{}", inner.to_lowercase())]);
    declare("[managementGroup, subscription, resourceGroup]");
    assert_eq!(stage.changes().len(), 4);
    stage.apply();
    for scope in [&inner, &dev, &net, SUBSCRIPTION] {
        assert_eq!(stage.azure_rules(scope, "Owner")[LONGEST]["maximumDuration"], "PT1H", "{scope}");
    }
    for scope in [&outside, &far, &corp] {
        assert_eq!(stage.azure_rules(scope, "Owner")[LONGEST]["maximumDuration"], "PT8H", "{scope}");
    }
    // a new group is found by the next plan
    let new = stage.resource_group(&dev, "rg-new");
    assert_eq!(stage.changes(), [format!("update azure/settings/Owner@{}", new.to_lowercase())]);
    stage.run(&["drift"]).exits(2);
    stage.apply();
    // a scope that the fan-out reaches and another manifest names has two settings
    stage.write("t.yaml", &settings("t", "Owner", &format!("[{SUBSCRIPTION}]"), "activation: {maxDuration: PT2H}"));
    stage.run(&["plan"]).exits(1).says("conflicting-declaration").says("s.yaml:").says("t.yaml:");
    stage.erase("t.yaml");
    // an assignment does not fan out
    stage.user("alice");
    stage.write("a.yaml", &eligible("a", "Owner", "[all]", ALICE, "{duration: P30D}"));
    stage.run(&["plan"]).exits(1).says("which only role settings may do").says("a.yaml:7");
}

#[test]
fn a_fan_out_that_is_not_seen_whole_is_an_error() {
    let stage = Stage::new();
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    stage.move_subscription(SUBSCRIPTION, &corp);
    stage.write("scopes.yaml", &scope("all", "under: {managementGroup: corp, kinds: [resourceGroup]}"));
    stage.write("s.yaml", &settings("s", "Owner", "[all]", "activation: {maxDuration: PT1H}"));
    stage.run(&["plan"]).exits(0).says("empty-fan-out");
    let refuse = |path: &str| {
        let answer = json!({"answer": {"status": 403, "code": "AuthorizationFailed", "message": "Not yours."}});
        stage.faults(json!([{"match": {"method": "GET", "path": path}, "effect": answer}]));
    };
    for path in ["/resourceGroups", "/descendants"] {
        refuse(path);
        for more in [None, Some("--allow-incomplete")] {
            let line: Vec<&str> = std::iter::once("plan").chain(more).collect();
            stage.run(&line).exits(1).says("could not be read").says("scopes.yaml:6");
        }
    }
}

#[test]
fn role_ids_and_rows_in_every_form_are_the_same() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let dev = stage.subscription("dev", "dev", ROOT_GROUP);
    let corp = stage.management_group("corp", "Corp", ROOT_GROUP);
    let guid = stage.azure_role(ROLE).to_uppercase();
    let forms = [
        (SUBSCRIPTION, format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}")),
        (&dev, format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}")),
        (&corp, format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}")),
    ];
    for (scope, id) in &forms {
        let name = uuid::Uuid::new_v4().to_string().to_uppercase();
        let path = crate::azure_words::pim(scope, &format!("roleEligibilityScheduleRequests/{name}"));
        let body = json!({"properties": {"requestType": "AdminAssign", "principalId": alice.to_uppercase(), "roleDefinitionId": id,
            "scheduleInfo": {"expiration": {"type": "AfterDateTime", "endDateTime": "2026-09-01T00:00:00.0000000+00:00"}}}});
        stage.arm_admin("PUT", &path, Some(body));
    }
    stage.write("tenant.yaml", &owning(&[&format!("'{ROOT_GROUP}'")]));
    declare(&stage, &format!("[{SUBSCRIPTION}, '{dev}', '{corp}']"));
    stage.assert_converged();
    // by its GUID, in either case, the role is the same as by its name
    stage.write(
        "a.yaml",
        &eligible("a", &guid, &format!("[{SUBSCRIPTION}, '{dev}', '{corp}']"), ALICE, "{end: 2026-09-01T00:00:00Z}"),
    );
    stage.assert_converged();
}

#[test]
fn old_rows_with_uppercase_guids_are_the_same_assignments() {
    let maker = Stage::new();
    let alice = maker.user("alice");
    maker.azure_request("eligible", "AdminAssign", ROLE, &alice, SUBSCRIPTION, until("2026-09-01T00:00:00Z"));
    let mut state = maker.running().state_json();
    let rows = state["azure"]["schedules"][SUBSCRIPTION].as_object_mut().unwrap();
    for (name, mut row) in std::mem::take(rows) {
        row["principal"] = json!(alice.to_uppercase());
        rows.insert(name.to_uppercase(), row);
    }
    let seed = maker.path().join("seed.json");
    std::fs::write(&seed, state.to_string()).unwrap();
    let stage = Stage::with(|options| options.seed = rolewright::sandbox::Seed::File(seed));
    stage.advance(1);
    let row = &stage.azure_rows(SUBSCRIPTION, "roleEligibilitySchedules")[0];
    assert_eq!(row["properties"]["principalId"], alice.to_uppercase().as_str());
    stage.write("tenant.yaml", &owning(&[SUBSCRIPTION]));
    declare(&stage, &format!("[{SUBSCRIPTION}]"));
    stage.assert_converged();
}

#[test]
fn one_place_under_two_names_is_one_place() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.write("scopes.yaml", &scope("prod", "subscription: prod-core"));
    declare(&stage, &format!("[prod, {SUBSCRIPTION}]"));
    stage.run(&["plan"]).exits(0).says("duplicate-declaration");
    stage.apply();
    assert_eq!(stage.azure_requested("eligible", SUBSCRIPTION), ["AdminAssign"]);
    assert!(stage.azure_schedule("eligible", SUBSCRIPTION, &alice).is_some());
    let other = eligible("b", ROLE, "[prod]", ALICE, "{end: 2026-10-01T00:00:00Z}");
    stage.write("b.yaml", &other);
    stage.run(&["plan"]).exits(1).says("conflicting-declaration").says("a.yaml:").says("b.yaml:");
}

#[test]
fn a_resource_group_that_is_gone_is_an_error_where_it_is_declared_or_owned() {
    let stage = Stage::new();
    stage.user("alice");
    let net = stage.resource_group(SUBSCRIPTION, "rg-net");
    stage.write("tenant.yaml", &owning(&[&format!("'{net}'")]));
    declare(&stage, &format!("['{net}']"));
    stage.apply();
    stage.arm_admin("DELETE", &format!("{net}?api-version=2021-04-01"), None);
    stage.run(&["plan"]).exits(1).says("there is no resource group").says("a.yaml:7");
    stage.erase("a.yaml");
    stage.run(&["plan"]).exits(1).says("there is no resource group").says("tenant.yaml:");
}
