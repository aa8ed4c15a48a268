//! A stage for stories: an emulated tenant whose clock stands still, a folder of manifests, the program's own command line.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use rolewright::cli::{Answer, Surroundings, run_with};
use rolewright::clock::ManualClock;
use rolewright::sandbox::{Entry, FaultRule, Running, Sandbox, SandboxOptions};
use serde_json::{Value, json};

/// The instant at which every story begins.
pub(crate) const START: &str = "2026-06-01T08:00:00Z";
/// The tenant of every seed.
pub(crate) const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
/// The reading application.
const PLAN: &str = "00000000-0000-4000-8000-0000000000a1";
/// The writing application.
pub(crate) const APPLY: &str = "00000000-0000-4000-8000-0000000000a2";
/// The application for set-up and out-of-band change.
const ADMIN: &str = "00000000-0000-4000-8000-0000000000a3";

/// The built-in Azure roles of a stage: a plan reads a policy of 17 rules for each at every scope.
const AZURE_ROLES: [&str; 6] = [
    "Owner",
    "Contributor",
    "Reader",
    "User Access Administrator",
    "Storage Blob Data Reader",
    "Virtual Machine Contributor",
];

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Asserts the exit code; returns itself.
    #[track_caller]
    pub(crate) fn exits(self, code: u8) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Tells whether stdout or stderr has this text, wherever its lines are broken.
    fn has(&self, text: &str) -> bool {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = flat(text);
        [&self.stdout, &self.stderr].into_iter().any(|said| said.contains(text) || flat(said).contains(&wanted))
    }

    /// Asserts that stdout or stderr says this; returns itself.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let said = self.has(text);
        assert!(said, "`{text}` is missing\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that neither says this; returns itself.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        let said = self.has(text);
        assert!(!said, "`{text}` is there\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Returns stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// See the module.
pub(crate) struct Stage {
    running: Option<Running>,
    runtime: tokio::runtime::Runtime,
    pub(crate) clock: ManualClock,
    folder: tempfile::TempDir,
    origin: String,
    http: reqwest::Client,
    /// Whether guards may refuse manifests that declare nothing, and approvers who are not there.
    is_strict: std::sync::atomic::AtomicBool,
    /// How often something was applied: a nonce is used once, since it names the requests to Azure.
    applied: std::sync::atomic::AtomicUsize,
}

impl Stage {
    /// Returns a stage with the `empty` tenant.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Returns a stage with a tenant that `change` sets up.
    pub(crate) fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = ManualClock::new(START.parse().unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let azure_roles = Some(AZURE_ROLES.map(str::to_owned).to_vec());
        let base = Arc::new(clock.clone());
        let mut options = SandboxOptions { base, azure_roles, ..SandboxOptions::default() };
        change(&mut options);
        let running = runtime.block_on(Sandbox::start(options)).unwrap();
        let origin = running.origins().metadata;
        let folder = tempfile::tempdir().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (applied, is_strict) = Default::default();
        let stage = Self { running: Some(running), runtime, clock, folder, origin, http, applied, is_strict };
        stage.write("tenant.yaml", &tenant(""));
        stage
    }

    /// From now on no flag overrides a guard but those that are given.
    #[allow(dead_code, reason = "shared by the binaries that use this stage")]
    pub(crate) fn be_strict(&self) {
        self.is_strict.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// Writes a manifest file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Removes a manifest file.
    pub(crate) fn erase(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command over the folder, as the application that fits its verb.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let app = if arguments.first().is_some_and(|verb| verb.starts_with("apply")) { APPLY } else { PLAN };
        self.run_as(app, arguments)
    }

    /// Runs a command over the folder as an application.
    pub(crate) fn run_as(&self, app: &str, arguments: &[&str]) -> Run {
        self.run_with_answer(app, arguments, None)
    }

    /// Applies, and does `meanwhile` before it answers `yes` to the question.
    #[allow(dead_code, reason = "shared by the binaries that use this stage")]
    pub(crate) fn apply_asked(&self, arguments: &[&str], meanwhile: impl Fn() + Send + 'static) -> Run {
        let answer = move || {
            meanwhile();
            Ok("yes\n".to_owned())
        };
        let line: Vec<&str> = std::iter::once("apply").chain(arguments.iter().copied()).collect();
        self.run_with_answer(APPLY, &line, Some(Box::new(answer)))
    }

    fn run_with_answer(&self, app: &str, arguments: &[&str], answer: Option<Answer>) -> Run {
        let (stdout, stderr) = (Sink::default(), Sink::default());
        let app = app.to_owned();
        let surroundings = Surroundings {
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            environment: Box::new(move |name| match name {
                "AZURE_TENANT_ID" => Some(TENANT.to_owned()),
                "AZURE_CLIENT_ID" => Some(app.clone()),
                "AZURE_CLIENT_SECRET" => Some("sandbox".to_owned()),
                _ => None,
            }),
            clock: Some(Arc::new(self.clock.clone())),
            is_terminal: (false, false),
            answer,
            program: Some(env!("CARGO_BIN_EXE_rolewright").into()),
        };
        let folder = self.folder.path().to_string_lossy().into_owned();
        let mut line = vec!["rolewright", arguments[0]];
        // a verb that ends with `!` gets no folder: a saved plan needs no manifests
        match line[1].strip_suffix('!') {
            Some(verb) => line[1] = verb,
            None => line.push(&folder),
        }
        line.extend(&arguments[1..]);
        line.extend(["--metadata-host", &self.origin, "--color", "never"]);
        // most stories declare little or nothing, and empty groups as approvers: that alone is no accident here
        let is_planning = matches!(line[1], "plan" | "apply") && !arguments.contains(&"--plan");
        if is_planning && !self.is_strict.load(std::sync::atomic::Ordering::SeqCst) {
            let both = ["--allow-empty-manifests", "--allow-unreachable-approvers"];
            line.extend(both.into_iter().filter(|flag| !arguments.contains(flag)));
        }
        let nonce = match line[1] {
            "apply" => format!("story-{}", self.applied.fetch_add(1, std::sync::atomic::Ordering::SeqCst)),
            _ => "story".to_owned(),
        };
        if !arguments.contains(&"--nonce") {
            line.extend(["--nonce", &nonce]);
        }
        let code = run_with(line.iter().map(std::ffi::OsString::from), surroundings);
        Run { code, stdout: stdout.text(), stderr: stderr.text() }
    }

    /// Plans and returns the plan document.
    #[track_caller]
    pub(crate) fn plan(&self) -> Value {
        self.run(&["plan", "--format", "json"]).exits(0).json()
    }

    /// Plans and returns `action address` of every change, in order.
    #[track_caller]
    pub(crate) fn changes(&self) -> Vec<String> {
        let line = |c: &Value| format!("{} {}", c["action"].as_str().unwrap(), c["address"].as_str().unwrap());
        self.plan()["changes"].as_array().unwrap().iter().map(line).collect()
    }

    /// Applies, asserts success, and asserts that a plan of its own is empty (which no drift can be).
    #[track_caller]
    pub(crate) fn apply(&self) -> Run {
        let run = self.run(&["apply", "--yes"]).exits(0);
        self.run(&["plan", "--detailed-exitcode"]).exits(0);
        run
    }

    /// Asserts that plan and drift find nothing.
    #[track_caller]
    pub(crate) fn assert_converged(&self) {
        self.run(&["plan", "--detailed-exitcode"]).exits(0);
        self.run(&["drift"]).exits(0);
    }

    /// Sends a request to Graph v1.0 as the administrator application; returns status and body.
    pub(crate) fn graph(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.runtime.block_on(async {
            let token = self.token(ADMIN).await;
            self.send(&token, method, &format!("/v1.0{path}"), body).await
        })
    }

    /// Sends a request to Graph as a person; returns status and body.
    pub(crate) fn graph_as(&self, user: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.arm_as(user, method, &format!("/v1.0{path}"), body)
    }

    /// Sends a request to Azure Resource Manager as the administrator application; returns status and body.
    #[allow(dead_code, reason = "shared by the binaries that use this stage")]
    pub(crate) fn arm(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.runtime.block_on(async {
            let token = self.token(ADMIN).await;
            self.send(&token, method, path, body).await
        })
    }

    /// Sends a request to Azure Resource Manager as a person; returns status and body.
    pub(crate) fn arm_as(&self, user: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.runtime.block_on(async {
            let ask = json!({ "user": user, "mfa": true, "acrs": ["c1"] });
            let answer = self.http.post(format!("{}/sandbox/token", self.origin)).json(&ask).send().await.unwrap();
            let token: Value = answer.json().await.unwrap();
            self.send(token["access_token"].as_str().unwrap(), method, path, body).await
        })
    }

    async fn token(&self, app: &str) -> String {
        let form = [
            ("client_id", app),
            ("client_secret", "sandbox"),
            ("grant_type", "client_credentials"),
            ("scope", &format!("{}/.default", self.origin)),
        ];
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", self.origin);
        let token: Value = self.http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.origin)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// As [`Stage::graph`], asserting success and returning the body.
    #[track_caller]
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, body) = self.graph(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {body}");
        body
    }

    /// Makes a user; returns the object id.
    pub(crate) fn user(&self, name: &str) -> String {
        let body = json!({
            "displayName": name, "userPrincipalName": format!("{name}@contoso.example"), "mailNickname": "x",
            "accountEnabled": true, "passwordProfile": { "password": "x" },
        });
        self.id(self.admin("POST", "/users", Some(body)))
    }

    #[allow(dead_code, reason = "shared by the binaries that use this stage")]
    /// Returns the object id of a user by the name given to [`Stage::user`].
    pub(crate) fn id_of(&self, name: &str) -> String {
        self.id(self.admin("GET", &format!("/users/{name}@contoso.example"), None))
    }

    /// Makes a group; returns the object id.
    pub(crate) fn group(&self, name: &str, is_assignable: bool) -> String {
        let body = json!({
            "displayName": name, "mailNickname": "x", "mailEnabled": false, "securityEnabled": true,
            "isAssignableToRole": is_assignable,
        });
        self.id(self.admin("POST", "/groups", Some(body)))
    }

    /// Makes an administrative unit; returns the object id.
    pub(crate) fn unit(&self, name: &str) -> String {
        self.id(self.admin("POST", "/directory/administrativeUnits", Some(json!({ "displayName": name }))))
    }

    fn id(&self, body: Value) -> String {
        body["id"].as_str().unwrap().to_owned()
    }

    /// Returns the id of a role by its display name.
    pub(crate) fn role(&self, name: &str) -> String {
        let path = format!("/roleManagement/directory/roleDefinitions?$filter=displayName eq '{name}'");
        self.id(self.admin("GET", &path, None)["value"][0].clone())
    }

    /// Sends a schedule request (`eligible` or `active`) as the administrator application; returns the answer.
    #[track_caller]
    pub(crate) fn request(
        &self,
        mode: &str,
        action: &str,
        role: &str,
        principal: &str,
        scope: &str,
        info: Value,
    ) -> Value {
        let collection = match mode {
            "eligible" => "roleEligibilityScheduleRequests",
            _ => "roleAssignmentScheduleRequests",
        };
        let body = json!({
            "action": action, "roleDefinitionId": self.role(role), "principalId": principal, "directoryScopeId": scope,
            "justification": "story", "scheduleInfo": info,
        });
        self.admin("POST", &format!("/roleManagement/directory/{collection}"), Some(body))
    }

    /// Returns the rows of a collection of role management, e.g. `roleEligibilitySchedules`.
    pub(crate) fn rows(&self, collection: &str) -> Vec<Value> {
        let body = self.admin("GET", &format!("/roleManagement/directory/{collection}"), None);
        body["value"].as_array().unwrap().clone()
    }

    /// Returns the template id of a role, which policies are keyed by.
    fn template(&self, name: &str) -> String {
        let path = format!("/roleManagement/directory/roleDefinitions?$filter=displayName eq '{name}'");
        self.admin("GET", &path, None)["value"][0]["templateId"].as_str().unwrap().to_owned()
    }

    /// Returns the rules of a role's policy by rule id.
    pub(crate) fn rules(&self, role: &str) -> serde_json::Map<String, Value> {
        let role = self.template(role);
        let filter = format!("scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role}'");
        let path = format!("/policies/roleManagementPolicyAssignments?$filter={filter}&$expand=policy($expand=rules)");
        let body = self.admin("GET", &path, None);
        let rules = body["value"][0]["policy"]["rules"].as_array().unwrap();
        rules.iter().map(|rule| (rule["id"].as_str().unwrap().to_owned(), rule.clone())).collect()
    }

    /// Writes one rule of a role's policy as the administrator application, as somebody at the portal would.
    #[track_caller]
    pub(crate) fn write_rule(&self, role: &str, rule: Value) {
        let role = self.template(role);
        let filter = format!("scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role}'");
        let body = self.admin("GET", &format!("/policies/roleManagementPolicyAssignments?$filter={filter}"), None);
        let policy = body["value"][0]["policyId"].as_str().unwrap();
        let path = format!("/policies/roleManagementPolicies/{policy}/rules/{}", rule["id"].as_str().unwrap());
        self.admin("PATCH", &path, Some(rule));
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }

    /// Replaces the faults.
    #[allow(dead_code, reason = "shared by the binaries that use this stage")]
    pub(crate) fn faults(&self, rules: Value) {
        let rules: Vec<FaultRule> = serde_json::from_value(rules).unwrap();
        self.running().set_faults(rules);
    }

    /// Returns the requests sent by an application since `mark` of [`Stage::mark`].
    pub(crate) fn sent_since(&self, mark: usize) -> Vec<Entry> {
        self.running().journal().into_iter().skip(mark).collect()
    }

    /// Returns how many requests there were so far.
    pub(crate) fn mark(&self) -> usize {
        self.running().journal().len()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = self.runtime.block_on(running.stop());
        }
    }
}

/// Returns a Tenant manifest with these further lines under `spec`, each indented by two.
pub(crate) fn tenant(spec: &str) -> String {
    format!("apiVersion: rolewright/v1\nkind: Tenant\nmetadata: {{name: contoso}}\nspec:\n  tenantId: {TENANT}\n{spec}")
}

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
