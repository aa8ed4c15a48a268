//! Stories of merge requests on GitLab, each job run from the file: `before_script` and `script` with bash, in one shell.

use serde_json::{Value, json};

use super::world::{READER, TENANT, WRITER, World, assertion_of_branch, copy_folder, eligible, found};

/// A project on GitLab with a merge request that makes Alice eligible.
struct Project {
    world: World,
    pipeline: Value,
    head: String,
}

impl Project {
    fn new() -> Self {
        let world = World::new();
        world.fake("curl");
        for file in ["comments", "issues", "pulls", "runs"] {
            world.write(&format!("fake/{file}.json"), "[]");
        }
        world.git("origin", &["checkout", "--quiet", "-b", "alice"]);
        world.write("origin/access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
        let head = world.commit("alice");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/gitlab/.gitlab-ci.yml");
        let pipeline = serde_yaml::from_str(&std::fs::read_to_string(source).unwrap()).unwrap();
        Self { world, pipeline, head }
    }

    /// Runs one job. Artifacts of the jobs that it needs are put into its folder; its own are kept under `id`. Returns whether
    /// it succeeded, and its log.
    fn job(&self, name: &str, id: u64, commit: &str, needs: &[u64], variables: &[(&str, &str)]) -> (bool, String) {
        let job = &self.pipeline[name];
        assert_eq!(job["extends"], ".rolewright");
        let template = &self.pipeline[".rolewright"];
        let builds = self.world.path(&format!("builds-{id}"));
        let folder = builds.join("project");
        self.world.check_out(commit, &folder);
        for need in needs {
            let kept = self.world.path(&format!("fake/artifacts/{need}"));
            if kept.exists() {
                copy_folder(&kept, &folder.join("rolewright"));
            }
        }
        let mut environment = self.world.environment();
        for (name, value) in [
            ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
            ("CI_PROJECT_ID", "1"),
            ("CI_PROJECT_DIR", folder.to_str().unwrap()),
            ("CI_BUILDS_DIR", builds.to_str().unwrap()),
            ("CI_JOB_ID", &id.to_string()),
            ("CI_JOB_URL", "https://gitlab.example/contoso/access/-/jobs/1"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_COMMIT_SHA", commit),
            ("ROLEWRIGHT_TOKEN", "SECRET"),
            ("CI_JOB_TOKEN", "SECRET"),
            ("ROLEWRIGHT_VERSION", "v0.1.0"),
            ("ROLEWRIGHT_SHA256", &self.world.sha256()),
            ("ROLEWRIGHT_REPOSITORY", "contoso/rolewright"),
            ("ROLEWRIGHT_PLAN_CLIENT_ID", READER),
            ("ROLEWRIGHT_APPLY_CLIENT_ID", WRITER),
            ("AZURE_TENANT_ID", TENANT),
        ]
        .into_iter()
        .chain(variables.iter().copied())
        {
            environment.insert(name.to_owned(), value.to_owned());
        }
        for (name, value) in [template, job].iter().flat_map(|part| part["variables"].as_object().into_iter().flatten())
        {
            let mut value = value.as_str().unwrap().to_owned();
            for known in ["CI_PROJECT_DIR", "ROLEWRIGHT_PLAN_CLIENT_ID", "ROLEWRIGHT_APPLY_CLIENT_ID"] {
                value = value.replace(&format!("${known}"), &environment[known]);
            }
            environment.insert(name.clone(), value);
        }
        let branch = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").map_or("main", String::as_str);
        let token = assertion_of_branch(branch, &environment["AZURE_CLIENT_ID"]);
        environment.insert("ROLEWRIGHT_ID_TOKEN".to_owned(), token);
        let lines = [&template["before_script"], &job["script"]].into_iter().flat_map(|part| part.as_array().unwrap());
        let script = lines.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n");
        let output = self.world.bash(&script, &folder, &environment);
        let kept = self.world.path(&format!("fake/artifacts/{id}"));
        for path in job["artifacts"]["paths"].as_array().into_iter().flatten() {
            let path = path.as_str().unwrap().strip_prefix("rolewright/").unwrap();
            let (from, to) = (folder.join("rolewright").join(path), kept.join(path));
            if from.exists() {
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(from, to).unwrap();
            }
        }
        let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), log)
    }

    /// Runs the job of the merge request.
    fn planning(&self, id: u64, variables: &[(&str, &str)]) -> (bool, String) {
        let branch = "a$(touch${IFS}branch)";
        let mut all = vec![
            ("CI_MERGE_REQUEST_IID", "10"),
            ("CI_MERGE_REQUEST_TITLE", "$(touch title)"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", branch),
            ("CI_COMMIT_REF_NAME", branch),
        ];
        all.extend(variables);
        self.job("plan", id, &self.head, &[], &all)
    }

    fn plan(&self, id: u64) {
        let (is_done, log) = self.planning(id, &[]);
        assert!(is_done, "{log}");
        for file in ["title", "branch"] {
            assert_eq!(found(&self.world.path(""), file), Vec::<String>::new(), "{file} was run");
        }
        self.note(id, "plan", "refs/merge-requests/10/head");
    }

    /// Lets the project know of a pipeline with one job that has artifacts.
    fn note(&self, id: u64, job: &str, reference: &str) {
        let mut runs = self.world.json("fake/runs.json");
        runs.as_array_mut().unwrap().push(json!({"id": id, "status": "success", "ref": reference,
            "jobs": [{"id": id, "name": job, "artifacts_file": {"filename": "artifacts.zip"}}]}));
        self.world.write("fake/runs.json", &runs.to_string());
    }

    fn merge(&self) -> String {
        self.world.git("origin", &["checkout", "--quiet", "main"]);
        self.world.git("origin", &["merge", "--quiet", "--no-ff", "-m", "merged", "alice"]);
        let commit = self.world.git("origin", &["rev-parse", "HEAD"]);
        let pull = json!([{"iid": 10, "state": "merged", "target_branch": "main", "source_project_id": 1, "sha": self.head,
            "merge_commit_sha": commit}]);
        self.world.write("fake/pulls.json", &pull.to_string());
        commit
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.world.json("fake/comments.json");
        let ours = notes.as_array().unwrap().iter().filter(|note| note["author"]["id"] == 7);
        ours.map(|note| note["body"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn what_was_reviewed_is_applied_once_it_is_merged() {
    let project = Project::new();
    let mallory = json!([{"id": 1, "system": false, "author": {"id": 8}, "updated_at": "2027-01-01T00:00:00Z",
        "body": format!("<!-- rolewright:plan:{TENANT} -->\n<!-- rolewright-reviewed sha256:{} {} -->", "0".repeat(64), project.head)}]);
    project.world.write("fake/comments.json", &mallory.to_string());
    for id in [1, 2] {
        project.plan(id);
        assert_eq!(project.notes().len(), 1, "edited in place");
        assert!(project.notes()[0].contains("user&#58;alice@"));
    }
    assert_eq!(project.world.json("fake/comments.json")[0], mallory[0], "what others say is left alone");
    assert_eq!(project.world.writers(), Vec::<String>::new());

    let commit = project.merge();
    let (is_done, log) = project.job("reviewed", 3, &commit, &[], &[]);
    assert!(is_done && project.world.read("fake/artifacts/3/verdict") == "same\n", "{log}");
    let (is_done, log) = project.job("apply", 4, &commit, &[3], &[]);
    assert!(is_done, "{log}");
    assert_eq!(project.world.eligible(), ["alice"]);
    let digest = project.world.read("fake/artifacts/3/digest");
    assert!(project.notes()[0].lines().nth(1).unwrap().contains(digest.trim()));
    assert!(project.world.calls().contains(&format!(" --digest {} --yes", digest.trim())));
    assert!(project.world.writers().iter().all(|who| who == WRITER));
    let (is_done, log) = project.job("replan", 5, &commit, &[3, 4], &[]);
    assert!(is_done && project.notes()[1].contains("**Applied.**"), "{log}");
}

#[test]
fn a_merge_request_cannot_sign_in_to_write() {
    let project = Project::new();
    let shouted = TENANT.to_uppercase();
    let (is_done, log) = project.planning(1, &[("ROLEWRIGHT_PLAN_CLIENT_ID", WRITER), ("AZURE_TENANT_ID", &shouted)]);
    assert!(!is_done && project.notes()[0].contains("there is no plan"), "{log}");
    assert!(
        project.notes()[0].starts_with(&format!("<!-- rolewright:plan:{TENANT} -->")),
        "one marker for each tenant"
    );
}

#[test]
fn a_file_of_the_repository_is_no_verdict() {
    let mut project = Project::new();
    project.world.git("origin", &["checkout", "--quiet", "main"]);
    project.world.write("origin/rolewright/verdict", "same\n");
    let commit = project.world.commit("a verdict of one's own");
    for name in ["reviewed", "apply"] {
        let id = 1 + u64::from(name == "apply");
        let (is_done, log) = project.job(name, id, &commit, &[], &[]);
        assert!(!is_done && log.contains("may not hold anything named rolewright"), "{name}: {log}");
    }
    project.head = commit;
    assert!(!project.planning(3, &[]).0);
    assert!(!project.world.calls().contains("apply") && project.notes().is_empty());
}

#[test]
fn a_stale_plan_is_replaced_and_one_that_was_tampered_with_is_refused() {
    let project = Project::new();
    project.plan(1);
    let commit = project.merge();
    let file = "fake/artifacts/1/plan.json";
    let genuine = project.world.read(file);
    project.world.write(file, &genuine.replace("alice@contoso.example", "carol@contoso.example"));
    let (is_done, log) = project.job("reviewed", 2, &commit, &[], &[]);
    assert!(!is_done && log.contains("was edited"), "{log}");
    let (is_done, log) = project.job("replan", 20, &commit, &[2], &[]);
    assert!(is_done && project.notes()[1].contains("**Not applied:** the plan could not be verified"), "{log}");

    project.world.write(file, &genuine);
    let users = project.world.graph("GET", "/v1.0/users?$filter=startswith(userPrincipalName,'alice@')", &Value::Null);
    project.world.graph("POST", "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests", &json!({
        "action": "adminAssign", "principalId": users["value"][0]["id"], "directoryScopeId": "/", "justification": "by hand",
        "roleDefinitionId": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P300D"}},
    }));
    let before = project.notes();
    let (is_done, log) = project.job("reviewed", 3, &commit, &[], &[]);
    assert!(is_done && project.world.read("fake/artifacts/3/verdict") == "stale\n", "{log}");
    let (is_done, log) = project.job("apply", 4, &commit, &[3], &[]);
    assert!(is_done && log.contains("Nothing to apply: the verdict is stale."), "{log}");
    let (is_done, log) = project.job("replan", 5, &commit, &[3, 4], &[]);
    assert!(!is_done && log.contains("The reviewed plan is stale and nothing was written"), "{log}");
    project.note(5, "replan", "main");
    assert_eq!(project.world.writers(), Vec::<String>::new());
    assert!(project.notes().len() == 2 && project.notes()[0] != before[0], "a new plan to review");

    let by_hand = [("MERGE_REQUEST", "10")];
    let (is_done, log) = project.job("reviewed", 6, &commit, &[], &by_hand);
    assert!(is_done && project.world.read("fake/artifacts/6/verdict") == "same\n", "{log}");
    let (is_done, log) = project.job("apply", 7, &commit, &[6], &by_hand);
    assert!(is_done, "{log}");
    assert!(project.world.writers().iter().all(|who| who == WRITER));
}

#[test]
fn drift_opens_one_issue_and_closes_it() {
    let project = Project::new();
    let commit = project.merge();
    for id in [1, 2] {
        let (is_done, log) = project.job("drift", id, &commit, &[], &[]);
        assert!(is_done, "{log}");
        let issues = project.world.json("fake/issues.json");
        assert_eq!(issues.as_array().unwrap().len(), 1, "{issues}");
        assert_eq!((&issues[0]["state"], &issues[0]["confidential"]), (&json!("opened"), &json!("true")));
    }
    project.world.write("origin/access/broken.yaml", "kind: [");
    let broken = project.world.commit("broken");
    assert!(!project.job("drift", 3, &broken, &[], &[]).0);
    assert_eq!(project.world.json("fake/issues.json")[0]["state"], "opened");
    let before = project.world.git("origin", &["rev-parse", "main~2"]);
    let (is_done, log) = project.job("drift", 4, &before, &[], &[]);
    assert!(is_done && project.world.json("fake/issues.json")[0]["state"] == "closed", "{log}");
}
