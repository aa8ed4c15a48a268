//! Runs a workflow of GitHub from its file: jobs, conditions, outputs, composite actions, artifacts; steps with bash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::expression::{holds, interpolate};
use super::world::{READER, TENANT, WRITER, World, copy_folder};

/// One run of a workflow.
pub(super) struct Run<'a> {
    world: &'a World,
    /// Its number.
    pub id: u64,
    event: Value,
    commit: String,
    log: String,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `success` or `failure`.
    pub conclusion: &'static str,
    /// Each job with its result: success, failure or skipped.
    pub jobs: BTreeMap<String, &'static str>,
    /// All that the steps printed.
    pub log: String,
}

/// A list of steps under way: a job's, or a composite action's.
struct Scope {
    contexts: Value,
    environment: BTreeMap<String, String>,
    workspace: PathBuf,
    folder: PathBuf,
    failed: bool,
}

impl<'a> Run<'a> {
    /// `event` is the context `github` as far as the trigger decides it.
    pub(super) fn new(world: &'a World, id: u64, commit: &str, event: Value) -> Self {
        Self { world, id, event, commit: commit.to_owned(), log: String::new() }
    }

    /// Runs the workflow of this file under `examples/ci/github`.
    pub(super) fn go(self, file: &str) -> Outcome {
        self.go_with(file, |_, _| ())
    }

    /// The same; `before` is called with the name of each job before it runs.
    pub(super) fn go_with(mut self, file: &str, before: impl Fn(&World, &str)) -> Outcome {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/github").join(file);
        let workflow: Value = serde_yaml::from_str(&std::fs::read_to_string(source).unwrap()).unwrap();
        assert_eq!(workflow["permissions"], json!({}), "a workflow gives nothing to all of its jobs");
        self.note(file, Value::Null);
        let mut needs = json!({});
        let mut jobs = BTreeMap::new();
        let all = workflow["jobs"].as_object().unwrap();
        while jobs.len() < all.len() {
            let is_next = |(name, job): &(&String, &Value)| {
                !jobs.contains_key(*name) && needed(job).iter().all(|needed| jobs.contains_key(needed))
            };
            let (name, job) = all.iter().find(is_next).expect("jobs do not wait for each other");
            before(self.world, name);
            let (result, outputs) = self.job(job, &needs);
            needs[name] = json!({"result": result, "outputs": outputs});
            jobs.insert(name.clone(), result);
        }
        let conclusion = if jobs.values().any(|result| *result == "failure") { "failure" } else { "success" };
        self.note(file, Value::from(conclusion));
        Outcome { conclusion, jobs, log: self.log }
    }

    /// Lets the host know of this run.
    fn note(&self, file: &str, conclusion: Value) {
        let mut runs = self.world.json("fake/runs.json");
        let runs = runs.as_array_mut().unwrap();
        runs.retain(|run| run["id"] != self.id);
        runs.push(json!({
            "id": self.id, "path": format!(".github/workflows/{file}"), "event": self.event["event_name"],
            "head_branch": self.event["head_branch"], "conclusion": conclusion,
            "head_repository": {"full_name": "contoso/access"},
        }));
        self.world.write("fake/runs.json", &Value::from(std::mem::take(runs)).to_string());
    }

    fn job(&mut self, job: &Value, needs: &Value) -> (&'static str, Value) {
        let workspace = self.world.path(&format!("runner-{}", self.id));
        let _ = std::fs::remove_dir_all(&workspace);
        let temporary = workspace.join("temporary");
        let workspace = workspace.join("workspace");
        for folder in [&workspace, &temporary] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let permissions = job["permissions"].as_object().expect("each job says what it needs");
        let mut github = self.event.clone();
        for (name, value) in [
            ("repository", "contoso/access"),
            ("server_url", "https://github.example"),
            ("sha", &self.commit),
            ("workspace", workspace.to_str().unwrap()),
        ] {
            github[name] = Value::from(value);
        }
        github["run_id"] = Value::from(self.id);
        let pairs: Vec<String> =
            permissions.iter().map(|(name, value)| format!("{name}:{}", value.as_str().unwrap())).collect();
        github["token"] = Value::from(pairs.join(","));
        let contexts = json!({
            "github": github, "needs": needs, "steps": {}, "runner": {"temp": temporary}, "inputs": self.event["inputs"],
            "vars": {
                "AZURE_TENANT_ID": TENANT, "ROLEWRIGHT_PLAN_CLIENT_ID": READER,
                "ROLEWRIGHT_APPLY_CLIENT_ID": WRITER, "ROLEWRIGHT_VERSION": "v0.1.0",
                "ROLEWRIGHT_SHA256": self.world.sha256(), "ROLEWRIGHT_REPOSITORY": "contoso/rolewright",
            },
        });
        let failed = needed(job).iter().any(|name| needs[name]["result"] != "success");
        if !holds(job.get("if"), &contexts, failed) {
            return ("skipped", json!({}));
        }
        let mut environment = self.world.environment();
        environment.insert("RUNNER_TEMP".to_owned(), temporary.to_str().unwrap().to_owned());
        environment.insert("GITHUB_REPOSITORY".to_owned(), "contoso/access".to_owned());
        environment.insert("GITHUB_PATH".to_owned(), temporary.join("path").to_str().unwrap().to_owned());
        environment
            .insert("GITHUB_STEP_SUMMARY".to_owned(), self.world.path("fake/summary").to_str().unwrap().to_owned());
        if permissions.get("id-token").is_some_and(|value| value == "write") {
            let subject = match (job["environment"].as_str(), self.event["event_name"].as_str().unwrap()) {
                (Some(name), _) => format!("environment:{name}"),
                (None, "pull_request") => "pull_request".to_owned(),
                (None, _) => format!("ref:{}", self.event["ref"].as_str().unwrap()),
            };
            environment.insert("ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(), format!("{}/?a=1", self.world.issuer()));
            environment.insert("ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(), format!("repo:contoso/access:{subject}"));
        }
        let mut scope = Scope { contexts, environment, folder: workspace.clone(), workspace, failed: false };
        add(&mut scope, &job["env"]);
        for step in job["steps"].as_array().unwrap() {
            self.step(step, &mut scope);
        }
        let mut outputs = json!({});
        for (name, text) in job["outputs"].as_object().into_iter().flatten() {
            outputs[name] = Value::from(interpolate(text.as_str().unwrap(), &scope.contexts));
        }
        (if scope.failed { "failure" } else { "success" }, outputs)
    }

    fn step(&mut self, step: &Value, scope: &mut Scope) {
        if !holds(step.get("if"), &scope.contexts, scope.failed) {
            return;
        }
        let outputs = match (step["uses"].as_str(), step["run"].as_str()) {
            (Some(action), None) => self.uses(action, step, scope),
            (None, Some(script)) => self.run(script, step, scope),
            _ => panic!("a step either uses or runs: {step}"),
        };
        if let Some(id) = step["id"].as_str() {
            scope.contexts["steps"][id] = json!({"outputs": outputs});
        }
    }

    fn run(&mut self, script: &str, step: &Value, scope: &mut Scope) -> Value {
        assert!(!script.contains("${{"), "nothing is written into a script: {script}");
        let output_file = self.world.path("fake/step-output");
        std::fs::write(&output_file, "").unwrap();
        let mut environment = scope.environment.clone();
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            environment.insert(name.clone(), interpolate(&text(value), &scope.contexts));
        }
        environment.insert("GITHUB_OUTPUT".to_owned(), output_file.to_str().unwrap().to_owned());
        let added = std::fs::read_to_string(&environment["GITHUB_PATH"]).unwrap_or_default();
        let path = added.lines().rev().chain([environment["PATH"].as_str()]).collect::<Vec<_>>().join(":");
        environment.insert("PATH".to_owned(), path);
        let folder = match step["working-directory"].as_str() {
            Some(folder) => scope.folder.join(interpolate(folder, &scope.contexts)),
            None => scope.folder.clone(),
        };
        let output = self.world.bash(script, &folder, &environment);
        self.log.push_str(&String::from_utf8_lossy(&output.stdout));
        self.log.push_str(&String::from_utf8_lossy(&output.stderr));
        scope.failed |= !output.status.success();
        let lines = std::fs::read_to_string(output_file).unwrap();
        lines
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
    }

    fn uses(&mut self, action: &str, step: &Value, scope: &mut Scope) -> Value {
        let with = |name: &str| step["with"].get(name).map(|value| interpolate(&text(value), &scope.contexts));
        if let Some(folder) = action.strip_prefix("./") {
            return self.composite(&scope.workspace.join(folder), step, scope);
        }
        let (name, hash) = action.split_once('@').unwrap();
        assert!(hash.len() == 40 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{action} is pinned by its hash");
        match name {
            "actions/checkout" => {
                assert_eq!(with("persist-credentials").as_deref(), Some("false"), "no token is left in the checkout");
                let commit = with("ref").unwrap_or_else(|| self.commit.clone());
                self.world.check_out(&commit, &scope.workspace.join(with("path").unwrap_or_default()));
            }
            "actions/upload-artifact" => self.upload(&with("name").unwrap(), Path::new(&with("path").unwrap()), &with),
            "actions/download-artifact" => {
                let from = self.world.path(&format!("fake/artifacts/{}/{}", self.id, with("name").unwrap()));
                copy_folder(&from, Path::new(&with("path").unwrap()));
            }
            other => panic!("the action {other} is not known"),
        }
        json!({})
    }

    /// Keeps a file as an artifact of this run.
    fn upload(&self, name: &str, file: &Path, with: &dyn Fn(&str) -> Option<String>) {
        if !file.exists() {
            assert_eq!(with("if-no-files-found").as_deref(), Some("ignore"), "{} is missing", file.display());
            return;
        }
        let folder = self.world.path(&format!("fake/artifacts/{}/{name}", self.id));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
        let mut artifacts = self.world.json("fake/artifacts.json");
        let rows = artifacts.as_array_mut().unwrap();
        rows.push(json!({
            "id": rows.len() + 1, "name": name, "expired": false, "workflow_run": {"id": self.id},
            "created_at": format!("2026-01-01T00:{:02}:00Z", rows.len()),
        }));
        self.world.write("fake/artifacts.json", &artifacts.to_string());
    }

    fn composite(&mut self, folder: &Path, step: &Value, outer: &mut Scope) -> Value {
        let action = std::fs::read_to_string(folder.join("action.yml")).expect("the action is where it is looked for");
        let action: Value = serde_yaml::from_str(&action).unwrap();
        let mut inputs = json!({});
        let declared = action["inputs"].as_object().unwrap();
        for given in step["with"].as_object().unwrap().keys() {
            assert!(declared.contains_key(given), "the action has an input {given}");
        }
        for (name, input) in declared {
            let given = step["with"].get(name).or_else(|| input.get("default"));
            assert!(given.is_some() || input["required"] != true, "the input {name} is given");
            inputs[name] =
                Value::from(given.map(|value| interpolate(&text(value), &outer.contexts)).unwrap_or_default());
        }
        let mut scope = Scope {
            contexts: outer.contexts.clone(),
            environment: outer.environment.clone(),
            workspace: outer.workspace.clone(),
            folder: outer.folder.clone(),
            failed: false,
        };
        scope.contexts["inputs"] = inputs;
        scope.contexts["steps"] = json!({});
        scope.environment.insert("GITHUB_ACTION_PATH".to_owned(), folder.to_str().unwrap().to_owned());
        for step in action["runs"]["steps"].as_array().unwrap() {
            assert!(step["run"].is_null() || step["shell"] == "bash");
            self.step(step, &mut scope);
        }
        outer.failed |= scope.failed;
        let outputs = action["outputs"].as_object().unwrap();
        outputs
            .iter()
            .map(|(name, output)| {
                (name.clone(), Value::from(interpolate(output["value"].as_str().unwrap(), &scope.contexts)))
            })
            .collect()
    }
}

fn add(scope: &mut Scope, environment: &Value) {
    for (name, value) in environment.as_object().into_iter().flatten() {
        let value = interpolate(&text(value), &scope.contexts);
        scope.environment.insert(name.clone(), value);
    }
}

/// Returns the jobs that a job waits for.
fn needed(job: &Value) -> Vec<String> {
    match &job["needs"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// A scalar of YAML as GitHub hands it on.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
