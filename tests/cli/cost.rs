//! What a plan costs: requests, counted in the tenant's journal, and memory, read from the kernel.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rolewright::clock::ManualClock;
use rolewright::sandbox::{Sandbox, SandboxOptions, Seed};
use serde_json::{Value, json};

const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
const PLAN: &str = "00000000-0000-4000-8000-0000000000a1";
const ADMIN: &str = "00000000-0000-4000-8000-0000000000a3";

/// 1,000 eligible assignments of 500 people, settings for every role that can be assigned, 20 custom roles.
fn manifests(roles: &[String]) -> String {
    let mut text =
        format!("apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {{name: big}}\nspec: {{tenantId: {TENANT}}}\n");
    for i in 0..20 {
        let _ = write!(
            text,
            "---\napiVersion: rolewright/v1\nkind: DirectoryRoleDefinition\nmetadata: {{name: custom-{i}}}\nspec:\n  displayName: Custom {i}\n  \
             permissions: [microsoft.directory/users/standard/read]\n"
        );
    }
    text.push_str("---\napiVersion: rolewright/v1\nkind: RoleSettings\nmetadata: {name: all}\nspec:\n  appliesTo:\n");
    for role in roles {
        let _ = writeln!(text, "    - directoryRole: {role}");
    }
    text.push_str("  activation: {maxDuration: PT4H}\n");
    for (index, role) in ["Helpdesk Administrator", "User Administrator"].iter().enumerate() {
        let _ = write!(
            text,
            "---\napiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: many-{index}}}\nspec:\n  \
             role: {{directoryRole: {role}}}\n  schedule: {{duration: P180D, renewBefore: P14D}}\n  principals:\n"
        );
        for i in 0..500 {
            let _ = writeln!(text, "    - user: person{i}@contoso.example");
        }
    }
    text
}

/// Plans a folder in a process of its own; returns the plan and the most memory it held, in kB.
#[cfg(target_os = "linux")]
fn planned(origin: &str, folder: &Path) -> (Value, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rolewright"))
        .args(["plan", "--format", "json", "--metadata-host", origin])
        .arg(folder)
        .env_clear()
        .env("AZURE_TENANT_ID", TENANT)
        .env("AZURE_CLIENT_ID", PLAN)
        .env("AZURE_CLIENT_SECRET", "sandbox")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || std::io::read_to_string(stdout).unwrap());
    let err = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
    let mut peak = 0_u64;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = peak.max(high.unwrap_or(0));
        std::thread::yield_now();
    }
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    assert!(child.wait().unwrap().success(), "{err}");
    (serde_json::from_str(&out).unwrap(), peak)
}

/// How many subscriptions the Azure plan is about.
const SUBSCRIPTIONS: usize = 12;

/// One group eligible at every subscription, settings of one role at each by a fan-out, and all of them owned.
fn azure_manifests(subscriptions: &[String]) -> String {
    let mut text = format!(
        "apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {{name: big}}\nspec: {{tenantId: {TENANT}}}\n---\n\
         apiVersion: rolewright/v1\nkind: Scope\nmetadata: {{name: all}}\nspec: {{under: {{managementGroup: {TENANT}, kinds: [subscription]}}}}\n---\n\
         apiVersion: rolewright/v1\nkind: RoleSettings\nmetadata: {{name: reader}}\nspec:\n  appliesTo: [{{azureRole: Reader, scopes: [all]}}]\n  \
         activation: {{maxDuration: PT4H}}\n---\napiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: readers}}\nspec:\n  \
         role: {{azureRole: Reader}}\n  principals: [{{group: sg-role-0000}}]\n  schedule: {{duration: P180D, renewBefore: P14D}}\n  scopes:\n"
    );
    for subscription in subscriptions {
        let _ = writeln!(text, "    - {subscription}");
    }
    text
}

#[cfg(target_os = "linux")]
#[test]
fn a_plan_over_subscriptions_makes_four_requests_for_each() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = ManualClock::new("2026-06-01T08:00:00Z".parse().unwrap());
    let seed: Seed = format!("enterprise:50,subscriptions={SUBSCRIPTIONS},assignments=20").parse().unwrap();
    let options = SandboxOptions { base: Arc::new(clock), seed, ..SandboxOptions::default() };
    let running = runtime.block_on(Sandbox::start(options)).unwrap();
    let origin = running.origins().metadata;
    let subscriptions = runtime.block_on(subscriptions(&origin));
    assert_eq!(subscriptions.len(), SUBSCRIPTIONS);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), azure_manifests(&subscriptions)).unwrap();

    let mark = running.journal().len();
    let (plan, peak) = planned(&origin, folder.path());
    let count =
        |kind: &str| plan["changes"].as_array().unwrap().iter().filter(|c| c["subject"]["kind"] == kind).count();
    assert_eq!((count("assignment"), count("settings")), (SUBSCRIPTIONS, SUBSCRIPTIONS));
    assert!(plan["unmanaged"].as_array().unwrap().len() >= SUBSCRIPTIONS * 20, "what is there was read");

    let sent: Vec<_> = running.journal().into_iter().skip(mark).filter(|e| e.batch.is_none()).collect();
    let pages = sent.iter().filter(|e| e.query.to_lowercase().contains("skiptoken")).count();
    let budget = 4 * SUBSCRIPTIONS + pages + 10;
    assert!(sent.len() <= budget, "{} requests, {budget} allowed ({pages} further pages)", sent.len());
    assert!(peak > 0 && peak < 300 * 1024, "{} MB", peak / 1024);
    assert!(sent.iter().all(|e| !e.path.contains("ScheduleRequests")), "a request log was read");
    println!("{} requests ({budget} allowed, {pages} further pages), {} MB", sent.len(), peak / 1024);
    runtime.block_on(running.stop()).unwrap();
}

/// Returns the ids of all subscriptions.
async fn subscriptions(origin: &str) -> Vec<String> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = token(&http, origin).await;
    let url = format!("{origin}/subscriptions?api-version=2022-12-01");
    let page: Value = http.get(&url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    page["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_plan_of_a_thousand_assignments_stays_within_its_requests_and_memory() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = ManualClock::new("2026-06-01T08:00:00Z".parse().unwrap());
    let options =
        SandboxOptions { base: Arc::new(clock), seed: Seed::Empty, page_size: Some(100), ..SandboxOptions::default() };
    let running = runtime.block_on(Sandbox::start(options)).unwrap();
    let origin = running.origins().metadata;
    let roles = runtime.block_on(people_and_roles(&origin));
    assert!(roles.len() > 120, "{}", roles.len());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), manifests(&roles)).unwrap();

    let mark = running.journal().len();
    let (plan, peak) = planned(&origin, folder.path());
    let count =
        |kind: &str| plan["changes"].as_array().unwrap().iter().filter(|c| c["subject"]["kind"] == kind).count();
    assert_eq!((count("assignment"), count("role"), count("settings")), (1000, 20, roles.len()));

    let sent: Vec<_> = running.journal().into_iter().skip(mark).filter(|e| e.batch.is_none()).collect();
    let is_further_page = |query: &str| query.contains("skiptoken");
    let pages = sent.iter().filter(|e| is_further_page(&e.query)).count();
    let per_twenty = 500_usize.div_ceil(20);
    let budget = 15 + pages + per_twenty;
    assert!(sent.len() <= budget, "{} requests, {budget} allowed ({pages} further pages)", sent.len());
    assert!(peak > 0 && peak < 150 * 1024, "{} MB", peak / 1024);
    assert!(sent.iter().all(|e| !e.path.contains("ScheduleRequests")), "a request log was read");
    println!(
        "{} requests ({pages} further pages, {per_twenty} batches allowed for names), {} MB",
        sent.len(),
        peak / 1024
    );
    runtime.block_on(running.stop()).unwrap();
}

/// Makes 500 people and returns the names of the roles that can be assigned.
async fn people_and_roles(origin: &str) -> Vec<String> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = token(&http, origin).await;
    for batch in (0..500).collect::<Vec<_>>().chunks(20) {
        let request = |i: &i32| {
            let body = json!({
                "displayName": format!("Person {i}"), "userPrincipalName": format!("person{i}@contoso.example"), "mailNickname": "x",
                "accountEnabled": true, "passwordProfile": { "password": "x" },
            });
            json!({ "id": i.to_string(), "method": "POST", "url": "/users", "body": body, "headers": { "Content-Type": "application/json" } })
        };
        let body = json!({ "requests": batch.iter().map(request).collect::<Vec<_>>() });
        let answer = http.post(format!("{origin}/v1.0/$batch")).bearer_auth(&token).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert!(answer["responses"].as_array().unwrap().iter().all(|r| r["status"] == 201), "{answer}");
    }
    let mut names = Vec::new();
    let mut url = format!("{origin}/v1.0/roleManagement/directory/roleDefinitions?$select=id,displayName,isEnabled");
    loop {
        let page: Value = http.get(&url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        names.extend(page["value"].as_array().unwrap().iter().map(|r| r["displayName"].as_str().unwrap().to_owned()));
        match page["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => return names,
        }
    }
}

/// Returns a token of the administrator.
async fn token(http: &reqwest::Client, origin: &str) -> String {
    let form = [
        ("client_id", ADMIN.to_owned()),
        ("client_secret", "sandbox".to_owned()),
        ("grant_type", "client_credentials".to_owned()),
        ("scope", format!("{origin}/.default")),
    ];
    let token: Value = http
        .post(format!("{origin}/{TENANT}/oauth2/v2.0/token"))
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    token["access_token"].as_str().unwrap().to_owned()
}
