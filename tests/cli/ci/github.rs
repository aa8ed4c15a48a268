//! Stories of pull requests on GitHub.

use serde_json::{Value, json};

use super::workflow::{Outcome, Run};
use super::world::{READER, TENANT, WRITER, World, eligible, found};

/// A repository on GitHub that holds manifests, and rolewright's workflows.
struct Hub {
    world: World,
    runs: u64,
    pulls: Vec<Value>,
}

/// A pull request.
struct Pull {
    number: u64,
    branch: String,
    base: String,
    head: String,
    merge: String,
}

impl Hub {
    fn new() -> Self {
        let world = World::new();
        world.copy(".github/actions/rolewright", "origin/.github/actions/rolewright");
        world.commit("the action");
        for name in ["gh", "curl"] {
            world.fake(name);
        }
        for file in ["comments", "issues", "pulls", "runs", "artifacts"] {
            world.write(&format!("fake/{file}.json"), "[]");
        }
        Self { world, runs: 0, pulls: Vec::new() }
    }

    /// Opens a pull request that brings one file.
    fn open(&mut self, branch: &str, file: &str, text: &str) -> Pull {
        self.world.git("origin", &["checkout", "--quiet", "-b", branch, "main"]);
        let number = 10 + self.pulls.len() as u64;
        self.pulls.push(json!({"number": number, "merged_at": null, "base": {"ref": "main"}}));
        self.push(branch, number, file, text)
    }

    /// Pushes one file more to the branch of a pull request.
    fn push(&mut self, branch: &str, number: u64, file: &str, text: &str) -> Pull {
        self.world.git("origin", &["checkout", "--quiet", branch]);
        self.world.write(&format!("origin/{file}"), text);
        let head = self.world.commit("a change");
        let base = self.world.git("origin", &["rev-parse", "main"]);
        self.world.git("origin", &["checkout", "--quiet", "--detach", "main"]);
        self.world.git("origin", &["merge", "--quiet", "--no-ff", "-m", "merge", branch]);
        let merge = self.world.git("origin", &["rev-parse", "HEAD"]);
        Pull { number, branch: branch.to_owned(), base, head, merge }
    }

    fn next(&mut self) -> u64 {
        self.runs += 1;
        self.runs
    }

    fn plan(&mut self, pull: &Pull) -> Outcome {
        self.plan_from("contoso/access", pull)
    }

    fn plan_from(&mut self, repository: &str, pull: &Pull) -> Outcome {
        let event = json!({
            "event_name": "pull_request", "head_branch": pull.branch, "head_ref": pull.branch,
            "ref": format!("refs/pull/{}/merge", pull.number),
            "event": {"pull_request": {
                "number": pull.number, "title": "`touch title`$(touch title)",
                "head": {"sha": pull.head, "ref": pull.branch, "repo": {"full_name": repository}}, "base": {"sha": pull.base},
            }},
        });
        let id = self.next();
        Run::new(&self.world, id, &pull.merge, event).go("rolewright-plan.yml")
    }

    /// Merges, and returns the commit on main.
    fn merge(&mut self, pull: &Pull) -> String {
        self.world.git("origin", &["checkout", "--quiet", "main"]);
        self.world.git("origin", &["merge", "--quiet", "--no-ff", "-m", "merged", &pull.branch]);
        let commit = self.world.git("origin", &["rev-parse", "HEAD"]);
        self.pulls[(pull.number - 10) as usize] = json!({
            "number": pull.number, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": commit,
            "base": {"ref": "main"}, "head": {"sha": pull.head},
        });
        self.world.write("fake/pulls.json", &Value::from(self.pulls.clone()).to_string());
        commit
    }

    fn on_main(&mut self, event: &str, inputs: &Value, file: &str) -> Outcome {
        self.on_main_with(event, inputs, file, |_, _| ())
    }

    /// Runs a workflow on main; `before` is called with the name of each job before it runs.
    fn on_main_with(&mut self, event: &str, inputs: &Value, file: &str, before: impl Fn(&World, &str)) -> Outcome {
        let commit = self.world.git("origin", &["rev-parse", "main"]);
        let event = json!({
            "event_name": event, "ref": "refs/heads/main", "head_branch": "main", "inputs": inputs, "event": {},
        });
        let id = self.next();
        Run::new(&self.world, id, &commit, event).go_with(file, before)
    }

    fn apply(&mut self) -> Outcome {
        self.on_main("push", &Value::Null, "rolewright-apply.yml")
    }

    fn apply_by_hand(&mut self, pull: &Pull) -> Outcome {
        self.on_main("workflow_dispatch", &json!({"pull-request": pull.number.to_string()}), "rolewright-apply.yml")
    }

    fn drift(&mut self) -> Outcome {
        self.on_main("schedule", &Value::Null, "rolewright-drift.yml")
    }

    /// Returns the bodies of comments by the bot.
    fn comments(&self) -> Vec<String> {
        let comments = self.world.json("fake/comments.json");
        let ours = comments.as_array().unwrap().iter().filter(|c| c["user"]["login"] == "github-actions[bot]");
        ours.map(|c| c["body"].as_str().unwrap().to_owned()).collect()
    }

    /// Adds a comment of somebody.
    fn comment(&self, login: &str, kind: &str, body: &str) {
        let mut comments = self.world.json("fake/comments.json");
        let rows = comments.as_array_mut().unwrap();
        rows.push(json!({"id": 1000 + rows.len(), "issue": "10", "user": {"login": login, "type": kind}, "body": body,
            "updated_at": "2027-01-01T00:00:00Z"}));
        self.world.write("fake/comments.json", &comments.to_string());
    }
}

/// Returns the digest that a comment is bound to.
fn digest(comment: &str) -> &str {
    let line = comment.lines().nth(1).unwrap();
    line.strip_prefix("<!-- rolewright-reviewed ")
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn what_was_reviewed_is_applied_once_it_is_merged() {
    let mut hub = Hub::new();
    let forged = format!(
        "<!-- rolewright:plan:{TENANT} -->\n<!-- rolewright-reviewed sha256:{} {} -->\n",
        "0".repeat(64),
        "1".repeat(40)
    );
    hub.comment("mallory", "User", &forged);
    let first = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    let run = hub.plan(&first);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    let seen = hub.comments();
    assert_eq!(seen.len(), 1);
    assert!(
        seen[0].starts_with(&format!("<!-- rolewright:plan:{TENANT} -->\n")) && seen[0].contains("user&#58;alice@"),
        "{}",
        seen[0]
    );
    assert!(hub.world.read("fake/summary").contains("user&#58;alice@"));

    let second = hub.push("alice", first.number, "access/bob.yaml", &eligible("bob", "Helpdesk Administrator", "bob"));
    let run = hub.plan(&second);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    let seen = hub.comments();
    assert_eq!(seen.len(), 1, "edited in place");
    assert!(seen[0].contains("user&#58;bob@"));
    assert_eq!(hub.world.json("fake/comments.json")[0]["body"], Value::from(forged), "what others say is left alone");
    assert_eq!(hub.world.writers(), Vec::<String>::new(), "planning writes nothing");

    hub.merge(&second);
    let run = hub.apply();
    assert_eq!(run.conclusion, "success", "{}", run.log);
    assert_eq!(hub.world.eligible(), ["alice", "bob"]);
    let calls = hub.world.calls();
    let applied: Vec<_> = calls.lines().filter(|line| line.starts_with("apply ")).collect();
    assert_eq!(applied.len(), 1);
    assert!(
        applied[0].starts_with("apply access --plan ")
            && applied[0].contains(&format!(" --digest {} --yes ", digest(&seen[0]))),
        "{}",
        applied[0]
    );
    let writers = hub.world.writers();
    assert!(!writers.is_empty() && writers.iter().all(|who| who == WRITER) && READER != WRITER);
    assert!(hub.comments()[1].contains("**Applied.**"), "{:?}", hub.comments());

    let again = hub.apply_by_hand(&second);
    assert_eq!(again.jobs["apply"], "skipped", "what holds already is not applied: {}", again.log);
    assert_eq!(hub.world.writers().len(), writers.len());
}

/// Tells that nothing was written, by anybody whose identity a pipeline has.
fn assert_untouched(hub: &Hub, run: &Outcome) {
    assert_eq!(hub.world.writers(), Vec::<String>::new(), "{}", run.log);
    assert_eq!(hub.world.eligible(), Vec::<String>::new());
}

#[test]
fn a_plan_that_was_tampered_with_is_not_applied() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    assert_eq!(hub.plan(&pull).conclusion, "success");
    let artifact = format!("fake/artifacts/1/rolewright-plan-{}/plan.json", pull.head);
    let genuine = hub.world.read(&artifact);

    // what Mallory wants is a sound plan, made from manifests of her own
    let other = hub.open("carol", "access/alice.yaml", &eligible("alice", "Privileged Role Administrator", "carol"));
    let genuine_comments = hub.world.read("fake/comments.json");
    assert_eq!(hub.plan(&other).conclusion, "success");
    let wanted = hub.world.read(&format!("fake/artifacts/2/rolewright-plan-{}/plan.json", other.head));
    let wanted_digest = serde_json::from_str::<Value>(&wanted).unwrap()["digest"].as_str().unwrap().to_owned();
    hub.world.write("fake/comments.json", &genuine_comments);
    hub.merge(&pull);

    let edited = genuine.replace("alice@contoso.example", "carol@contoso.example");
    assert_ne!(edited, genuine);
    for (what, plan, word) in
        [("edited", &edited, "was edited"), ("another", &wanted, "no plan has the digest that the comment shows")]
    {
        hub.world.write(&artifact, plan);
        let run = hub.apply();
        assert_eq!((run.conclusion, run.jobs["apply"]), ("failure", "skipped"), "{what}: {}", run.log);
        assert!(run.log.contains(word), "{what}: {}", run.log);
        assert!(
            hub.comments()[1].contains("**Not applied:** the plan could not be verified"),
            "{what}: {:?}",
            hub.comments()
        );
        assert_untouched(&hub, &run);
    }

    // somebody says another digest
    let digest_now = digest(&hub.comments()[0]).to_owned();
    let forged = hub.comments()[0].replace(&digest_now, &wanted_digest);
    hub.comment("mallory", "User", &forged);
    let run = hub.apply();
    assert_eq!(run.jobs["apply"], "skipped", "{}", run.log);
    assert_untouched(&hub, &run);

    // whoever may push may have the bot say it, too: still the merged manifests ask for something else
    hub.world.write(
        "fake/comments.json",
        &hub.world.read("fake/comments.json").replace("mallory", "github-actions[bot]").replace("User", "Bot"),
    );
    let run = hub.apply();
    assert_eq!((run.jobs["reviewed"], run.jobs["apply"]), ("success", "skipped"), "{}", run.log);
    assert!(run.log.contains("the plan: manifestsDigest differs"), "{}", run.log);
    assert_untouched(&hub, &run);
}

#[test]
fn a_stale_plan_is_replaced_by_one_to_review_and_nothing_is_written() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    assert_eq!(hub.plan(&pull).conclusion, "success");
    let reviewed = digest(&hub.comments()[0]).to_owned();
    hub.merge(&pull);
    let users = hub.world.graph("GET", "/v1.0/users?$filter=startswith(userPrincipalName,'alice@')", &Value::Null);
    hub.world.graph(
        "POST",
        "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests",
        &json!({
            "action": "adminAssign", "principalId": users["value"][0]["id"], "directoryScopeId": "/", "justification": "by hand",
            "roleDefinitionId": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
            "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P300D"}},
        }),
    );
    let run = hub.apply();
    assert_eq!(
        (run.conclusion, run.jobs["apply"], run.jobs["report"]),
        ("failure", "skipped", "failure"),
        "{}",
        run.log
    );
    assert!(run.log.contains("The reviewed plan is stale and nothing was written"), "{}", run.log);
    assert_eq!(hub.world.writers(), Vec::<String>::new());
    let comments = hub.comments();
    assert_eq!(comments.len(), 1, "the new plan stands where the old one stood");
    assert_ne!(digest(&comments[0]), reviewed);

    let run = hub.apply_by_hand(&pull);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    assert!(hub.world.calls().contains(&format!(" --digest {} --yes", digest(&comments[0]))));
    assert!(hub.world.writers().iter().all(|who| who == WRITER));
}

#[test]
fn a_tenant_that_changes_while_people_approve_is_not_written_to() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    assert_eq!(hub.plan(&pull).conclusion, "success");
    hub.merge(&pull);
    let users = hub.world.graph("GET", "/v1.0/users?$filter=startswith(userPrincipalName,'alice@')", &Value::Null);
    let request = json!({
        "action": "adminAssign", "principalId": users["value"][0]["id"], "directoryScopeId": "/", "justification": "by hand",
        "roleDefinitionId": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P300D"}},
    });
    let run = hub.on_main_with("push", &Value::Null, "rolewright-apply.yml", |world, job| {
        if job == "apply" {
            world.graph("POST", "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests", &request);
        }
    });
    assert_eq!(
        (run.jobs["reviewed"], run.jobs["apply"], run.jobs["report"]),
        ("success", "failure", "failure"),
        "{}",
        run.log
    );
    assert_eq!(hub.world.writers(), Vec::<String>::new(), "{}", run.log);
    assert!(
        hub.comments().iter().any(|c| c.contains("**Not applied:** the tenant has changed")),
        "{:?}",
        hub.comments()
    );
}

#[test]
fn a_plan_that_expired_before_the_merge_is_reviewed_again() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    assert_eq!(hub.plan(&pull).conclusion, "success");
    hub.world.wait(25);
    hub.merge(&pull);
    let run = hub.apply();
    assert_eq!(
        (run.jobs["reviewed"], run.jobs["apply"], run.jobs["report"]),
        ("success", "skipped", "failure"),
        "{}",
        run.log
    );
    assert!(run.log.contains("The reviewed plan is stale: it has expired."), "{}", run.log);
    assert_untouched(&hub, &run);
    let run = hub.apply_by_hand(&pull);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    assert_eq!(hub.world.eligible(), ["alice"]);
}

#[test]
fn what_a_pull_request_brings_is_data() {
    let mut hub = Hub::new();
    let branch = "a$(touch${IFS}branch);`touch${IFS}branch`";
    hub.open(branch, "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    hub.push(branch, 10, ".github/actions/rolewright/plan.sh", "#!/bin/sh\ntouch \"$FAKE/script\"\n");
    let pull = hub.push(branch, 10, "rolewright", "#!/bin/sh\ntouch \"$FAKE/program\"\n");
    let run = hub.plan(&pull);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    assert!(hub.comments()[0].contains("alice@"), "{:?}", hub.comments());
    for file in ["script", "program", "branch", "title"] {
        assert_eq!(found(hub.world.path("").as_path(), file), Vec::<String>::new(), "{file} was run");
    }

    // a link could show a file of the runner in the message about a broken manifest
    let secret = hub.world.path("home/secret.yaml");
    let command = "link\n::error::forged ##vso[task.x]forged.yaml";
    hub.world.write("home/secret.yaml", "token: very-secret\n");
    std::os::unix::fs::symlink(&secret, hub.world.path("origin/link.yaml")).unwrap();
    hub.world.git("origin", &["checkout", "--quiet", branch]);
    std::fs::rename(hub.world.path("origin/link.yaml"), hub.world.path("origin/access").join(command)).unwrap();
    let pull = hub.push(branch, 10, "x", "");
    let run = hub.plan(&pull);
    assert_eq!(run.conclusion, "failure");
    assert!(run.log.contains("symbolic links are not read here: 1 below"), "{}", run.log);
    assert!(
        hub.comments().len() == 1 && hub.comments()[0].contains("**Failed: there is no plan.**"),
        "{:?}",
        hub.comments()
    );
    assert!(!run.log.contains("very-secret") && !run.log.contains("forged"), "{}", run.log);
}

#[test]
fn a_change_cannot_loosen_its_own_judge() {
    let mut hub = Hub::new();
    hub.open("mallory", "access/mallory.yaml", &eligible("mallory", "Helpdesk Administrator", "mallory"));
    let pull = hub.push("mallory", 10, "guardrails/team.rego", "package rolewright.team\n");
    let run = hub.plan(&pull);
    assert_eq!(run.conclusion, "failure", "{}", run.log);
    assert!(run.log.contains("refused by a guard or a guardrail"), "{}", run.log);
    assert!(hub.comments()[0].contains("not of this team"), "{:?}", hub.comments());
    // merged all the same, by somebody who may: what a plan refused is not applied
    hub.merge(&pull);
    let run = hub.apply();
    assert_eq!(run.jobs["apply"], "skipped", "{}", run.log);
    assert_untouched(&hub, &run);
}

#[test]
fn a_fork_gets_no_credentials() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    let run = hub.plan_from("mallory/access", &pull);
    assert_eq!(
        (run.conclusion, run.jobs["plan"], run.jobs["validate"]),
        ("success", "skipped", "success"),
        "{}",
        run.log
    );
    let calls = hub.world.calls();
    assert!(calls.contains("validate access") && !calls.contains("plan "), "{calls}");
    let broken = hub.push("alice", 10, "access/broken.yaml", "kind: [");
    assert_eq!(hub.plan_from("mallory/access", &broken).conclusion, "failure");
}

#[test]
fn a_plan_that_fails_replaces_what_the_comment_said() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    assert_eq!(hub.plan(&pull).conclusion, "success");
    let pull = hub.push("alice", pull.number, "access/broken.yaml", "kind: [");
    let run = hub.plan(&pull);
    assert_eq!(run.conclusion, "failure", "{}", run.log);
    let comments = hub.comments();
    assert!(
        comments.len() == 1 && comments[0].contains("**Failed with exit code 1: there is no plan.**"),
        "{comments:?}"
    );
    std::fs::remove_file(hub.world.path("origin/access/broken.yaml")).unwrap();
    hub.merge(&pull);
    let run = hub.apply();
    assert_eq!(run.jobs["apply"], "skipped", "{}", run.log);
}

#[test]
fn a_release_with_another_checksum_is_not_run() {
    let mut hub = Hub::new();
    let pull = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    hub.world.expect_release(&"0".repeat(64));
    let run = hub.plan(&pull);
    assert_eq!(run.conclusion, "failure");
    assert!(run.log.contains("is not the archive that was chosen"), "{}", run.log);
    assert_eq!(hub.world.calls(), "");
    assert!(hub.comments()[0].contains("**Failed: there is no plan.**"), "{:?}", hub.comments());
}

#[test]
fn drift_opens_one_issue_and_closes_it() {
    let mut hub = Hub::new();
    let run = hub.drift();
    assert_eq!((run.conclusion, hub.world.json("fake/issues.json")), ("success", json!([])), "{}", run.log);

    hub.world.git("origin", &["checkout", "--quiet", "main"]);
    hub.world.write("origin/access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    hub.world.commit("alice");
    let issue = |hub: &Hub| hub.world.json("fake/issues.json").as_array().unwrap().clone();
    for _ in 0..2 {
        let run = hub.drift();
        assert_eq!(run.conclusion, "success", "{}", run.log);
        let issues = issue(&hub);
        assert_eq!(issues.len(), 1, "one issue, edited in place");
        assert!(issues[0]["body"].as_str().unwrap().starts_with(&format!("<!-- rolewright:drift:{TENANT} -->\n")));
        assert_eq!(issues[0]["state"], "open");
    }

    // a look that fails says nothing about drift
    hub.world.write("origin/access/broken.yaml", "kind: [");
    hub.world.commit("broken");
    let run = hub.drift();
    assert_eq!(run.conclusion, "failure", "{}", run.log);
    assert_eq!(issue(&hub)[0]["state"], "open");

    std::fs::remove_file(hub.world.path("origin/access/broken.yaml")).unwrap();
    std::fs::remove_file(hub.world.path("origin/access/alice.yaml")).unwrap();
    hub.world.commit("as it was");
    let run = hub.drift();
    assert_eq!(run.conclusion, "success", "{}", run.log);
    assert_eq!(issue(&hub)[0]["state"], "closed");
    assert!(hub.comments()[0].contains("matches the manifests again"));
    assert_eq!(hub.world.writers(), Vec::<String>::new());
}
