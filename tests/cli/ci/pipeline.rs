//! Runs a pipeline of Azure DevOps from its file: stages, jobs, conditions, variables, templates, artifacts; steps with bash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::world::{READER, TENANT, WRITER, World, copy_folder};

/// One run of a pipeline.
pub(super) struct Pipeline<'a> {
    world: &'a World,
    /// Its number.
    pub id: u64,
    /// The commit that is checked out.
    pub commit: String,
    /// `Build.Reason` and the like.
    pub variables: BTreeMap<String, String>,
    /// The parameter of a run by hand.
    pub parameter: String,
    results: BTreeMap<String, &'static str>,
    /// `stage.job.step.variable` to value.
    outputs: BTreeMap<String, String>,
    /// All that the steps printed.
    pub log: String,
    /// The tags that steps gave the run.
    pub tags: Vec<String>,
}

/// A job under way.
struct Job {
    name: String,
    folder: PathBuf,
    variables: BTreeMap<String, String>,
    path: String,
    failed: bool,
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(world: &'a World, id: u64, commit: &str, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self {
            world,
            id,
            commit: commit.to_owned(),
            variables,
            parameter: " ".to_owned(),
            results: BTreeMap::new(),
            outputs: BTreeMap::new(),
            log: String::new(),
            tags: Vec::new(),
        }
    }

    fn load(file: &str) -> Value {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/azure-devops").join(file);
        serde_yaml::from_str(&std::fs::read_to_string(source).unwrap()).unwrap()
    }

    /// Runs the pipeline of this file and returns each stage (or job) with its result.
    pub(super) fn go(&mut self, file: &str) -> BTreeMap<String, &'static str> {
        let pipeline = Self::load(file);
        let stages = match pipeline["stages"].as_array() {
            Some(stages) => stages.clone(),
            None => vec![json!({"stage": "", "jobs": pipeline["jobs"]})],
        };
        for stage in stages {
            let name = stage["stage"].as_str().unwrap().to_owned();
            let failed = match &stage["dependsOn"] {
                Value::String(one) => self.results[one] != "Succeeded",
                _ => false,
            };
            let mut result = "Skipped";
            if self.holds(&stage["condition"], failed, &BTreeMap::new()) {
                for job in stage["jobs"].as_array().unwrap() {
                    result = self.job(&name, job);
                }
            }
            self.results.insert(name, result);
        }
        self.results.clone()
    }

    fn job(&mut self, stage: &str, job: &Value) -> &'static str {
        let name = job["job"].as_str().or_else(|| job["deployment"].as_str()).unwrap();
        let top = self.world.path(&format!("agent-{}-{stage}-{name}", self.id));
        let folder = top.join("s");
        for each in [&folder, &top.join("temporary")] {
            std::fs::create_dir_all(each).unwrap();
        }
        let mut variables = self.variables.clone();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        for (name, value) in [
            ("Agent.TempDirectory", text(&top.join("temporary"))),
            ("Build.SourcesDirectory", text(&folder)),
            ("Pipeline.Workspace", text(&top)),
            ("Build.BuildId", self.id.to_string()),
            ("Build.SourceVersion", self.commit.clone()),
            ("Build.Repository.Id", "11111111-0000-4000-8000-000000000002".to_owned()),
            ("System.CollectionUri", "https://dev.azure.example/contoso/".to_owned()),
            ("System.TeamProjectId", "11111111-0000-4000-8000-000000000001".to_owned()),
            ("System.OidcRequestUri", self.world.issuer().to_owned()),
            ("System.AccessToken", "SECRET".to_owned()),
            ("AZURE_TENANT_ID", TENANT.to_owned()),
            ("ROLEWRIGHT_VERSION", "v0.1.0".to_owned()),
            ("ROLEWRIGHT_SHA256", self.world.sha256()),
            ("ROLEWRIGHT_REPOSITORY", "contoso/rolewright".to_owned()),
            ("ROLEWRIGHT_PLAN_DEFINITION", "1".to_owned()),
            ("ROLEWRIGHT_WORK_ITEM_TYPE", "Issue".to_owned()),
            ("ROLEWRIGHT_WORK_ITEM_CLOSED", "Done".to_owned()),
        ] {
            variables.insert(name.to_owned(), value);
        }
        for (name, value) in job["variables"].as_object().into_iter().flatten() {
            let inner = value.as_str().unwrap().trim_start_matches("$[").trim_end_matches(']');
            variables.insert(name.clone(), self.value(inner.trim(), &variables));
        }
        let path = self.world.environment()["PATH"].clone();
        let mut job_now = Job { name: format!("{stage}.{name}"), folder, variables, path, failed: false };
        if !self.holds(&job["condition"], false, &job_now.variables) {
            return "Skipped";
        }
        let steps = match job["strategy"]["runOnce"]["deploy"]["steps"].as_array() {
            Some(steps) => {
                assert!(job["environment"].is_string(), "what writes stands behind an environment");
                steps
            }
            None => job["steps"].as_array().unwrap(),
        };
        for step in steps {
            self.step(step, &mut job_now);
        }
        if job_now.failed { "Failed" } else { "Succeeded" }
    }

    fn step(&mut self, step: &Value, job: &mut Job) {
        if let Some(template) = step["template"].as_str() {
            for step in Self::load(template)["steps"].as_array().unwrap() {
                self.step(step, job);
            }
            return;
        }
        if !self.holds(&step["condition"], job.failed, &job.variables) {
            return;
        }
        let given = |name: &str| expand(step["inputs"][name].as_str().unwrap_or_default(), &job.variables);
        let task = step["task"].as_str().unwrap_or_default();
        if step["checkout"] == "self" {
            assert_eq!(step["persistCredentials"], "false", "no token is left in the checkout");
            self.world.check_out(&self.commit, &job.folder);
        } else if let Some(script) = step["bash"].as_str() {
            self.bash(script, step, "", job);
        } else if task == "AzureCLI@2" {
            let (script, connection) = (given("inlineScript"), given("azureSubscription"));
            self.bash(&script, step, &connection, job);
        } else if task == "DownloadPipelineArtifact@2" {
            let from = self.world.path(&format!("fake/artifacts/{}/{}", given("pipelineId"), given("artifactName")));
            copy_folder(&from, Path::new(&given("targetPath")));
        } else if let Some(path) = step["publish"].as_str() {
            let path = PathBuf::from(expand(path, &job.variables));
            let to = self.world.path(&format!("fake/artifacts/{}/{}", self.id, step["artifact"].as_str().unwrap()));
            match path.is_dir() {
                true => copy_folder(&path, &to),
                false => {
                    std::fs::create_dir_all(&to).unwrap();
                    std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
                }
            }
        } else if step["download"] == "current" {
            let name = step["artifact"].as_str().unwrap();
            let from = self.world.path(&format!("fake/artifacts/{}/{name}", self.id));
            copy_folder(&from, &Path::new(&job.variables["Pipeline.Workspace"]).join(name));
        } else {
            panic!("a step that is not known: {step}");
        }
    }

    fn bash(&mut self, script: &str, step: &Value, connection: &str, job: &mut Job) {
        let parameter = script.contains("${{") || script.contains("$(System") || script.contains("$(Build");
        assert!(!parameter, "nothing is written into a script: {script}");
        let mut environment = self.world.environment();
        // every variable is in the environment, but for secrets
        for (name, value) in job.variables.iter().filter(|(name, _)| *name != "System.AccessToken") {
            environment.insert(name.to_uppercase().replace(['.', '-'], "_"), value.clone());
        }
        environment.insert("TF_BUILD".to_owned(), "True".to_owned());
        environment.insert("PATH".to_owned(), job.path.clone());
        if !connection.is_empty() {
            let client = if connection == "rolewright-apply" { WRITER } else { READER };
            for (name, value) in [("SERVICE_CONNECTION_ID", connection), ("CLIENT_ID", client), ("TENANT_ID", TENANT)] {
                environment.insert(format!("AZURESUBSCRIPTION_{name}"), value.to_owned());
            }
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap().replace("${{ parameters.pullRequest }}", &self.parameter);
            environment.insert(name.clone(), expand(&value, &job.variables));
        }
        let output = self.world.bash(script, &job.folder, &environment);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in printed.lines() {
            if let Some(rest) = line.strip_prefix("##vso[task.setvariable variable=") {
                let (head, value) = rest.split_once(']').unwrap();
                let (name, is_output) =
                    head.split_once(';').map_or((head, false), |(name, how)| (name, how == "isOutput=true"));
                match (is_output, step["name"].as_str()) {
                    (false, _) => drop(job.variables.insert(name.to_owned(), value.to_owned())),
                    (true, Some(step)) => {
                        job.variables.insert(format!("{step}.{name}"), value.to_owned());
                        self.outputs.insert(format!("{}.{step}.{name}", job.name), value.to_owned());
                    }
                    (true, None) => {}
                }
            } else if let Some(folder) = line.strip_prefix("##vso[task.prependpath]") {
                job.path = format!("{folder}:{}", job.path);
            } else if let Some(tag) = line.strip_prefix("##vso[build.addbuildtag]") {
                self.tags.push(tag.to_owned());
            }
        }
        self.log.push_str(&printed);
        self.log.push_str(&String::from_utf8_lossy(&output.stderr));
        job.failed |= !output.status.success();
    }

    /// Evaluates a condition; without one, what went before must have succeeded.
    fn holds(&self, condition: &Value, failed: bool, variables: &BTreeMap<String, String>) -> bool {
        let Some(text) = condition.as_str() else { return !failed };
        let mut variables = variables.clone();
        variables.insert("(failed)".to_owned(), failed.to_string());
        self.value(text, &variables) == "True"
    }

    /// Evaluates an expression: calls of functions, texts, and the contexts that ours name.
    fn value(&self, text: &str, variables: &BTreeMap<String, String>) -> String {
        let text = text.trim();
        if let Some(quoted) = text.strip_prefix('\'') {
            return quoted.trim_end_matches('\'').to_owned();
        }
        if let Some(name) = text.strip_prefix("variables['") {
            return variables.get(name.trim_end_matches("']")).cloned().unwrap_or_default();
        }
        if let Some(stage) = text.strip_prefix("dependencies.").and_then(|rest| rest.strip_suffix(".result")) {
            return self.results[stage].to_owned();
        }
        for (prefix, is_job) in [("dependencies.", false), ("stageDependencies.", true)] {
            if let Some((scope, name)) = text.strip_prefix(prefix).and_then(|rest| rest.split_once(".outputs['")) {
                let name = name.trim_end_matches("']");
                // outputs of a deployment begin with its name, those asked for in a stage's condition with the job's
                let name = match (is_job, name.matches('.').count()) {
                    (true, 2) => name.split_once('.').unwrap().1,
                    _ => name,
                };
                return self.outputs.get(&format!("{scope}.{name}")).cloned().unwrap_or_default();
            }
        }
        let (function, rest) =
            text.split_once('(').unwrap_or_else(|| panic!("an expression that is not known: {text}"));
        let inner = rest.strip_suffix(')').unwrap();
        let arguments: Vec<String> = split(inner).into_iter().map(|one| self.value(one, variables)).collect();
        let failed = variables.get("(failed)").is_some_and(|value| value == "true");
        let is_true = match function {
            "always" => true,
            "succeeded" => !failed,
            "canceled" => false,
            "and" => arguments.iter().all(|one| one == "True"),
            "or" => arguments.iter().any(|one| one == "True"),
            "not" => arguments[0] != "True",
            "eq" => arguments[0].eq_ignore_ascii_case(&arguments[1]),
            "ne" => !arguments[0].eq_ignore_ascii_case(&arguments[1]),
            "in" => arguments[1..].contains(&arguments[0]),
            other => panic!("the function {other} is not known"),
        };
        if is_true { "True" } else { "False" }.to_owned()
    }
}

/// Splits arguments at commas outside of brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(&text[start..]);
    }
    parts
}

/// Replaces each `$(name)` by its value; what is not known stays as it is written.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    for (name, value) in variables {
        out = out.replace(&format!("$({name})"), value);
    }
    out
}
