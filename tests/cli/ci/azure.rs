//! Stories of pull requests on Azure DevOps.

use serde_json::{Value, json};

use super::pipeline::Pipeline;
use super::world::{TENANT, WRITER, World, eligible, found};

/// A project on Azure DevOps with a pull request that makes Alice eligible, planned once.
struct Project {
    world: World,
    head: String,
    merge: String,
}

impl Project {
    fn new() -> Self {
        let world = World::new();
        world.fake("curl");
        for file in ["threads", "issues", "pulls", "builds"] {
            world.write(&format!("fake/{file}.json"), "[]");
        }
        world.git("origin", &["checkout", "--quiet", "-b", "alice"]);
        world.write("origin/access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
        let head = world.commit("alice");
        world.git("origin", &["checkout", "--quiet", "--detach", "main"]);
        world.git("origin", &["merge", "--quiet", "--no-ff", "-m", "merge", "alice"]);
        let merge = world.git("origin", &["rev-parse", "HEAD"]);
        Self { world, head, merge }
    }

    /// Runs a pipeline and lets the project know of it. Returns how it ended, and its log.
    fn run(
        &self,
        id: u64,
        definition: u64,
        commit: &str,
        variables: &[(&str, &str)],
        parameter: &str,
    ) -> (String, String) {
        let file = ["", "pull-request.yml", "apply.yml", "drift.yml"][definition as usize];
        let mut pipeline = Pipeline::new(&self.world, id, commit, variables);
        pipeline.parameter = parameter.to_owned();
        let results = pipeline.go(file);
        let failed = results.values().any(|result| *result == "Failed");
        let branch = variables.iter().find(|(name, _)| *name == "Build.SourceBranch").unwrap().1;
        let mut builds = self.world.json("fake/builds.json");
        builds.as_array_mut().unwrap().push(json!({
            "id": id, "definition": {"id": definition}, "tags": pipeline.tags, "branch": branch,
            "result": if failed { "failed" } else { "succeeded" },
        }));
        self.world.write("fake/builds.json", &builds.to_string());
        let ended = results.iter().map(|(name, result)| format!("{name}:{result}")).collect::<Vec<_>>().join(" ");
        (ended, pipeline.log)
    }

    fn plan(&self, id: u64) -> (String, String) {
        let variables = [
            ("Build.Reason", "PullRequest"),
            ("Build.SourceBranch", "refs/pull/10/merge"),
            ("System.PullRequest.SourceBranch", "refs/heads/$(touch${IFS}branch)"),
            ("System.PullRequest.SourceCommitId", &self.head),
            ("System.PullRequest.PullRequestId", "10"),
            ("System.PullRequest.IsFork", "False"),
        ];
        let ended = self.run(id, 1, &self.merge, &variables, " ");
        assert_eq!(found(&self.world.path(""), "branch"), Vec::<String>::new(), "the branch was run");
        ended
    }

    fn merge(&self) -> String {
        self.world.git("origin", &["checkout", "--quiet", "main"]);
        self.world.git("origin", &["merge", "--quiet", "--no-ff", "-m", "merged", "alice"]);
        let commit = self.world.git("origin", &["rev-parse", "HEAD"]);
        let pull = json!([{
            "pullRequestId": 10, "status": "completed", "targetRefName": "refs/heads/main",
            "lastMergeCommit": {"commitId": commit}, "lastMergeSourceCommit": {"commitId": self.head},
        }]);
        self.world.write("fake/pulls.json", &pull.to_string());
        commit
    }

    fn on_main(&self, id: u64, definition: u64, parameter: &str) -> (String, String) {
        let commit = self.world.git("origin", &["rev-parse", "main"]);
        let variables = [("Build.SourceBranch", "refs/heads/main"), ("System.DefinitionId", "2")];
        self.run(id, definition, &commit, &variables, parameter)
    }

    fn threads(&self) -> Vec<String> {
        let threads = self.world.json("fake/threads.json");
        let ours = threads.as_array().unwrap().iter().filter(|t| t["comments"][0]["author"]["id"] == "build-service");
        ours.map(|t| t["comments"][0]["content"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn what_was_reviewed_is_applied_once_it_is_merged() {
    let project = Project::new();
    let mallory = json!([{"id": 1, "comments": [{"id": 1, "author": {"id": "mallory"}, "lastUpdatedDate": "2027-01-01T00:00:00Z",
        "content": format!("<!-- rolewright:plan:{TENANT} -->\n<!-- rolewright-reviewed sha256:{} {} -->", "0".repeat(64), project.head)}]}]);
    project.world.write("fake/threads.json", &mallory.to_string());
    for id in [1, 2] {
        let (ended, log) = project.plan(id);
        assert_eq!(ended, ":Succeeded", "{log}");
        assert_eq!(project.threads().len(), 1, "edited in place");
        assert!(project.threads()[0].contains("user&#58;alice@"));
    }
    assert_eq!(project.world.json("fake/threads.json")[0], mallory[0], "what others say is left alone");
    assert_eq!(project.world.writers(), Vec::<String>::new());

    project.merge();
    let (ended, log) = project.on_main(3, 2, " ");
    assert_eq!(ended, "apply:Succeeded report:Succeeded reviewed:Succeeded", "{log}");
    assert_eq!(project.world.eligible(), ["alice"]);
    let line = project.threads()[0].lines().nth(1).unwrap().to_owned();
    let digest = line.split(' ').find(|word| word.starts_with("sha256:")).unwrap().to_owned();
    assert!(project.world.calls().contains(&format!(" --digest {digest} --yes")), "{}", project.world.calls());
    assert!(project.world.writers().iter().all(|who| who == WRITER));
    assert!(project.threads()[1].contains("**Applied.**"));
}

#[test]
fn a_stale_plan_is_replaced_and_one_that_was_tampered_with_is_refused() {
    let project = Project::new();
    assert_eq!(project.plan(1).0, ":Succeeded");
    project.merge();
    let file = "fake/artifacts/1/rolewright-plan/plan.json";
    let genuine = project.world.read(file);
    project.world.write(file, &genuine.replace("alice@contoso.example", "carol@contoso.example"));
    let (ended, log) = project.on_main(2, 2, " ");
    assert_eq!(ended, "apply:Skipped report:Succeeded reviewed:Failed", "{log}");
    assert!(log.contains("was edited"), "{log}");
    assert!(
        project.threads()[1].contains("**Not applied:** the plan could not be verified"),
        "{:?}",
        project.threads()
    );

    project.world.write(file, &genuine);
    let users = project.world.graph("GET", "/v1.0/users?$filter=startswith(userPrincipalName,'alice@')", &Value::Null);
    project.world.graph("POST", "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests", &json!({
        "action": "adminAssign", "principalId": users["value"][0]["id"], "directoryScopeId": "/", "justification": "by hand",
        "roleDefinitionId": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P300D"}},
    }));
    let before = project.threads();
    let (ended, log) = project.on_main(3, 2, " ");
    assert_eq!(ended, "apply:Skipped report:Failed reviewed:Succeeded", "{log}");
    assert_eq!(project.world.writers(), Vec::<String>::new());
    assert_eq!(project.threads().len(), 2);
    assert_ne!(project.threads()[0], before[0], "a new plan to review");

    let (ended, log) = project.on_main(4, 2, "10");
    assert_eq!(ended, "apply:Succeeded report:Succeeded reviewed:Succeeded", "{log}");
    assert!(project.world.writers().iter().all(|who| who == WRITER));
}

#[test]
fn drift_makes_one_work_item_and_closes_it() {
    let project = Project::new();
    project.merge();
    for id in [1, 2] {
        let (ended, log) = project.on_main(id, 3, " ");
        assert_eq!(ended, ":Succeeded", "{log}");
        let items = project.world.json("fake/issues.json");
        assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
        assert_eq!(items[0]["state"], "To Do");
        let body = items[0]["body"].as_str().unwrap();
        assert!(body.starts_with("<pre>") && body.contains("user:alice@contoso.example"), "{body}");
        assert!(!body.contains("rolewright:drift:") && !body.contains("## "), "{body}");
    }
    project.world.write("origin/access/broken.yaml", "kind: [");
    project.world.commit("broken");
    assert_eq!(project.on_main(3, 3, " ").0, ":Failed");
    assert_eq!(project.world.json("fake/issues.json")[0]["state"], "To Do");
    for file in ["broken", "alice"] {
        std::fs::remove_file(project.world.path(&format!("origin/access/{file}.yaml"))).unwrap();
    }
    project.world.commit("as it was");
    let (ended, log) = project.on_main(4, 3, " ");
    assert_eq!(
        (ended.as_str(), project.world.json("fake/issues.json")[0]["state"].as_str()),
        (":Succeeded", Some("Done")),
        "{log}"
    );
}
