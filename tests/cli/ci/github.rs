//! Stories of pull requests on GitHub.

use serde_json::{Value, json};

use super::workflow::{Outcome, Run};
use super::world::{READER, TENANT, WRITER, World, eligible};

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
        let commit = self.world.git("origin", &["rev-parse", "main"]);
        let event = json!({
            "event_name": event, "ref": "refs/heads/main", "head_branch": "main", "inputs": inputs, "event": {},
        });
        let id = self.next();
        Run::new(&self.world, id, &commit, event).go(file)
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
    line.strip_prefix("<!-- rolewright-reviewed ").and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn what_was_reviewed_is_applied_once_it_is_merged() {
    let mut hub = Hub::new();
    let forged = format!("<!-- rolewright:plan:{TENANT} -->\n<!-- rolewright-reviewed sha256:{} {} -->\n", "0".repeat(64), "1".repeat(40));
    hub.comment("mallory", "User", &forged);
    let first = hub.open("alice", "access/alice.yaml", &eligible("alice", "Helpdesk Administrator", "alice"));
    let run = hub.plan(&first);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    let seen = hub.comments();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with(&format!("<!-- rolewright:plan:{TENANT} -->\n")) && seen[0].contains("alice@contoso.example"), "{}", seen[0]);
    assert!(hub.world.read("fake/summary").contains("alice@contoso.example"));

    let second = hub.push("alice", first.number, "access/bob.yaml", &eligible("bob", "Helpdesk Administrator", "bob"));
    let run = hub.plan(&second);
    assert_eq!(run.conclusion, "success", "{}", run.log);
    let seen = hub.comments();
    assert_eq!(seen.len(), 1, "edited in place");
    assert!(seen[0].contains("bob@contoso.example"));
    assert_eq!(hub.world.json("fake/comments.json")[0]["body"], Value::from(forged), "what others say is left alone");
    assert_eq!(hub.world.writers(), Vec::<String>::new(), "planning writes nothing");

    hub.merge(&second);
    let run = hub.apply();
    assert_eq!(run.conclusion, "success", "{}", run.log);
    assert_eq!(hub.world.eligible(), ["alice", "bob"]);
    let calls = hub.world.calls();
    let applied: Vec<_> = calls.lines().filter(|line| line.starts_with("apply ")).collect();
    assert_eq!(applied.len(), 1);
    assert!(applied[0].starts_with("apply access --plan ") && applied[0].contains(&format!(" --digest {} --yes ", digest(&seen[0]))), "{}", applied[0]);
    let writers = hub.world.writers();
    assert!(!writers.is_empty() && writers.iter().all(|who| who == WRITER) && READER != WRITER);
    assert!(hub.comments()[1].contains("**Applied.**"), "{:?}", hub.comments());

    let again = hub.apply_by_hand(&second);
    assert_eq!(again.jobs["apply"], "skipped", "what holds already is not applied: {}", again.log);
    assert_eq!(hub.world.writers().len(), writers.len());
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
