//! Where a pipeline of the examples runs in a test: the embedded tenant behind HTTP, a repository, a release to download, an
//! issuer of identity tokens, and the state of a fake host in files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use rolewright::sandbox::{Running, Sandbox, SandboxOptions, Seed};
use serde_json::{Value, json};

pub(super) const TENANT: &str = "5a9dbb0c-0000-4000-8000-000000000001";
pub(super) const READER: &str = "00000000-0000-4000-8000-0000000000a1";
pub(super) const WRITER: &str = "00000000-0000-4000-8000-0000000000a2";
const ADMIN: &str = "00000000-0000-4000-8000-0000000000a3";

/// Manifests with one assignment of Alice, whose role is left open.
const MANIFESTS: &str = "
apiVersion: rolewright/v1
kind: Tenant
metadata: {name: contoso}
spec:
  tenantId: 5a9dbb0c-0000-4000-8000-000000000001
  breakGlass: [{user: breakglass1@contoso.example}, {user: breakglass2@contoso.example}]
---
apiVersion: rolewright/v1
kind: ActiveAssignment
metadata: {name: break-glass}
spec:
  role: {directoryRole: Global Administrator}
  principals: [{user: breakglass1@contoso.example}, {user: breakglass2@contoso.example}]
  schedule: {permanent: true}
  purpose: breakGlass
";

/// A policy of the protected branch.
const POLICY: &str = "package rolewright.team

deny contains {\"msg\": \"not of this team\", \"address\": change.address} if {
	some change in input.plan.changes
	contains(change.address, \"mallory@\")
}
";

/// Returns a manifest that makes a user eligible for a role.
pub(super) fn eligible(name: &str, role: &str, user: &str) -> String {
    format!(
        "apiVersion: rolewright/v1\nkind: EligibleAssignment\nmetadata: {{name: {name}}}\nspec:\n  role: {{directoryRole: {role}}}\n  \
         principals: [{{user: {user}@contoso.example}}]\n  schedule: {{duration: P90D, renewBefore: P14D}}\n  justification: a test\n"
    )
}

/// Everything around a pipeline.
pub(super) struct World {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    tenant: Option<Running>,
    issuer: String,
    sha256: std::cell::RefCell<String>,
}

impl World {
    /// A tenant, a repository with `main` on which the manifests above lie, and no state of the host.
    pub(super) fn new() -> Self {
        for program in ["bash", "git", "jq", "tar"] {
            let found = Command::new(program).arg("--version").output();
            assert!(found.is_ok(), "the tests of the pipelines need {program}: {found:?}");
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = SandboxOptions { seed: Seed::Empty, ..SandboxOptions::default() };
        let tenant = runtime.block_on(Sandbox::start(options)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            folder,
            runtime,
            tenant: Some(tenant),
            issuer: issue_tokens(),
            sha256: std::cell::RefCell::default(),
        };
        for name in ["fake", "bin", "home", "origin"] {
            std::fs::create_dir(world.path(name)).unwrap();
        }
        for user in ["alice", "bob", "carol", "mallory"] {
            world.graph(
                "POST",
                "/v1.0/users",
                &json!({
                    "displayName": user, "userPrincipalName": format!("{user}@contoso.example"), "mailNickname": user,
                    "accountEnabled": true, "passwordProfile": {"password": "x"},
                }),
            );
        }
        world.git("origin", &["init", "--quiet", "--initial-branch=main"]);
        world.write("origin/access/tenant.yaml", MANIFESTS);
        world.write("origin/guardrails/team.rego", POLICY);
        world.commit("the beginning");
        world.release();
        world
    }

    /// Returns a path in the folder of the test.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(super) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Copies a folder of this repository into the test's.
    pub(super) fn copy(&self, from: &str, to: &str) {
        copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from), &self.path(to));
    }

    /// Puts a fake program in front of the real ones.
    pub(super) fn fake(&self, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/ci/fake").join(name);
        std::fs::copy(from, self.path("bin").join(name)).unwrap();
    }

    /// Runs git in a folder of the test and returns what it printed.
    pub(super) fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.path(folder));
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        let output = command.output().expect("git is installed");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything in the repository and returns the commit.
    pub(super) fn commit(&self, message: &str) -> String {
        self.git("origin", &["add", "--all"]);
        self.git("origin", &["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git("origin", &["rev-parse", "HEAD"])
    }

    /// Checks a commit out into a new folder.
    pub(super) fn check_out(&self, commit: &str, to: &Path) {
        let to = to.to_str().unwrap();
        self.git("origin", &["clone", "--quiet", "--no-checkout", ".", to]);
        let output = Command::new("git").args(["-C", to, "checkout", "--quiet", "--detach", commit]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What every process gets, and nothing of whoever runs the test.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        [
            ("PATH", path),
            ("HOME", text(self.path("home"))),
            ("FAKE", text(self.path("fake"))),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_AUTHOR_NAME", "A".to_owned()),
            ("GIT_AUTHOR_EMAIL", "a@contoso.example".to_owned()),
            ("GIT_COMMITTER_NAME", "A".to_owned()),
            ("GIT_COMMITTER_EMAIL", "a@contoso.example".to_owned()),
            ("ROLEWRIGHT_METADATA_HOST", self.tenant.as_ref().unwrap().origins().metadata),
            ("ROLEWRIGHT_NO_PROGRESS", "true".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Runs a step as the hosts do: a file of bash that stops at the first mistake.
    pub(super) fn bash(&self, script: &str, folder: &Path, environment: &BTreeMap<String, String>) -> Output {
        let file = self.path("step-to-run.sh");
        std::fs::write(&file, script).unwrap();
        Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(file)
            .current_dir(folder)
            .env_clear()
            .envs(environment)
            .output()
            .expect("bash is installed")
    }

    /// The address that gives out identity tokens.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Calls the tenant as its administrator: somebody who does not use rolewright.
    pub(super) fn graph(&self, method: &str, path: &str, body: &Value) -> Value {
        let origins = self.tenant.as_ref().unwrap().origins();
        self.runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let form = [
                ("client_id", ADMIN.to_owned()),
                ("client_secret", "sandbox".to_owned()),
                ("grant_type", "client_credentials".to_owned()),
                ("scope", format!("{}/.default", origins.graph)),
            ];
            let token = http.post(format!("{}/{TENANT}/oauth2/v2.0/token", origins.login)).form(&form);
            let token: Value = token.send().await.unwrap().json().await.unwrap();
            let request = http.request(method.parse().unwrap(), format!("{}{path}", origins.graph)).json(body);
            let answer = request.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
            assert!(answer.status().is_success(), "{method} {path}: {}", answer.text().await.unwrap());
            answer.json().await.unwrap_or(Value::Null)
        })
    }

    /// Lets the tenant's time pass.
    pub(super) fn wait(&self, hours: i64) {
        self.tenant.as_ref().unwrap().advance(jiff::SignedDuration::from_hours(hours));
    }

    /// Returns who of rolewright's identities wrote to the tenant, request by request.
    pub(super) fn writers(&self) -> Vec<String> {
        let is_write = |entry: &rolewright::sandbox::Entry| {
            entry.method != "GET" && !entry.path.ends_with("/token") && !entry.path.ends_with("$batch")
        };
        let journal = self.tenant.as_ref().unwrap().journal();
        let callers = journal.into_iter().filter(is_write).filter_map(|entry| entry.caller);
        callers.filter(|caller| caller == READER || caller == WRITER).collect()
    }

    /// Returns the users who are eligible for a role, by what the tenant says.
    pub(super) fn eligible(&self) -> Vec<String> {
        let path = "/v1.0/roleManagement/directory/roleEligibilitySchedules?$expand=principal";
        let rows = self.graph("GET", path, &Value::Null);
        let name = |row: &Value| row["principal"]["displayName"].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> = rows["value"].as_array().unwrap().iter().map(name).collect();
        names.sort();
        names
    }

    /// Returns the calls of rolewright since the beginning, one a line.
    pub(super) fn calls(&self) -> String {
        std::fs::read_to_string(self.path("fake/calls")).unwrap_or_default()
    }

    /// Packs what a release holds, by the step of the workflow that releases. The binary is a file that calls the real one and
    /// notes how.
    fn release(&self) {
        use sha2::Digest as _;
        let target = "x86_64-unknown-linux-gnu";
        let binary = format!(
            "#!/bin/bash\necho \"$*\" >> \"$FAKE/calls\"\nexec '{}' \"$@\"\n",
            env!("CARGO_BIN_EXE_rolewright")
        );
        let built = format!("release/target/{target}/release/rolewright");
        self.write(&built, &binary);
        std::fs::set_permissions(self.path(&built), std::fs::Permissions::from_mode(0o755)).unwrap();
        for folder in [".github/actions/rolewright", "examples/ci"] {
            self.copy(folder, &format!("release/{folder}"));
        }
        for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "data/NOTICE.md"] {
            self.write(&format!("release/{file}"), "");
        }
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/workflows/release.yml");
        let workflow: Value = serde_yaml::from_str(&std::fs::read_to_string(source).unwrap()).unwrap();
        let steps = workflow["jobs"]["build"]["steps"].as_array().unwrap();
        let packs = |step: &&Value| step["run"].as_str().is_some_and(|script| script.contains("tar -czf"));
        let script = steps.iter().find(packs).unwrap()["run"].as_str().unwrap();
        let mut environment = self.environment();
        for (name, value) in [("TAG", "v0.1.0"), ("TARGET", target), ("RUNNER_OS", "Linux")] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        let output = self.bash(script, &self.path("release"), &environment);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let packed = std::fs::read(self.path(&format!("release/packed/rolewright-v0.1.0-{target}.tar.gz"))).unwrap();
        std::fs::write(self.path("fake/release.tar.gz"), &packed).unwrap();
        let digest = sha2::Sha256::digest(&packed);
        self.expect_release(&digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    /// The checksum that whoever set the pipeline up has chosen.
    pub(super) fn sha256(&self) -> String {
        self.sha256.borrow().clone()
    }

    /// Chooses another.
    pub(super) fn expect_release(&self, sha256: &str) {
        sha256.clone_into(&mut self.sha256.borrow_mut());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(tenant) = self.tenant.take() {
            let _ = self.runtime.block_on(tenant.stop());
        }
    }
}

/// Returns the files of this name below a folder.
pub(super) fn found(folder: &Path, name: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(found(&entry.path(), name)),
            false if entry.file_name() == name => files.push(entry.path().display().to_string()),
            false => {}
        }
    }
    files
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Returns the token of a workload that Entra takes for this application: what the federated credentials would decide.
fn assertion(client: &str) -> String {
    let encode = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.none",
        encode(&json!({"alg": "none"})),
        encode(&json!({"sub": client, "aud": "api://AzureADTokenExchange"}))
    )
}

/// Which application trusts a subject: the federated credentials of examples/ci/README.md.
fn trusted(subject: &str) -> &'static str {
    match subject {
        "repo:contoso/access:environment:rolewright-apply" | "rolewright-apply" => WRITER,
        "repo:contoso/access:pull_request" | "repo:contoso/access:ref:refs/heads/main" | "rolewright-plan" => READER,
        _ => "nobody",
    }
}

/// Returns the token of a job of GitLab that signs in as `client`. Its subject is the branch, whatever the environment: both
/// applications trust `main`, the reading one every branch.
pub(super) fn assertion_of_branch(branch: &str, client: &str) -> String {
    let is_trusted = client == READER || (client == WRITER && branch == "main");
    assertion(if is_trusted { client } else { "nobody" })
}

/// Starts what gives out identity tokens to jobs, in the forms of GitHub and of Azure Pipelines; it ends with the process.
/// The subject comes as bearer token (GitHub) or as the id of a service connection.
fn issue_tokens() -> String {
    fn answer(mut stream: TcpStream) -> std::io::Result<()> {
        let mut subject = String::new();
        for line in BufReader::new(stream.try_clone()?).lines() {
            let line = line?;
            if let Some((_, query)) = line.split_once("serviceConnectionId=") {
                subject = query.split([' ', '&']).next().unwrap_or_default().to_owned();
            }
            let (name, value) = line.split_once(": ").unwrap_or_default();
            if name.eq_ignore_ascii_case("authorization") && subject.is_empty() {
                subject = value.trim_start_matches("Bearer ").to_owned();
            }
            if line.is_empty() {
                break;
            }
        }
        let token = assertion(trusted(&subject));
        let body = json!({"value": token, "oidcToken": token}).to_string();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = answer(stream);
        }
    });
    origin
}
