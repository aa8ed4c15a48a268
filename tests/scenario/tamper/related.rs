//! What may be done to something that a saved plan touches or relies on.

use fastrand::Rng;
use serde_json::{Value, json};

use super::portal::{self, Key, ROLE_FIELDS};
use super::tenant::CONDITION;
use crate::stage::Stage;
use crate::words::until;

/// One deed, and the address that must be named when the plan is refused.
pub(super) struct Deed {
    pub(super) what: String,
    pub(super) address: String,
    run: Box<Act>,
}

type Act = dyn Fn(&Stage, &mut Rng);

/// An end that nothing in the tenant or the plan has.
const OTHER_END: &str = "2026-08-15T00:00:00Z";

impl Deed {
    fn new(address: &str, what: &str, run: impl Fn(&Stage, &mut Rng) + 'static) -> Self {
        Self { what: format!("{address}: {what}"), address: address.to_owned(), run: Box::new(run) }
    }

    pub(super) fn run(&self, stage: &Stage, random: &mut Rng) {
        (self.run)(stage, random);
    }
}

/// Returns every object of the plan with all that can be done to it.
pub(super) fn objects(plan: &Value) -> Vec<Vec<Deed>> {
    let list = |name: &str| plan[name].as_array().unwrap().clone();
    let changes = list("changes").into_iter().map(|change| {
        let address = change["address"].as_str().unwrap().to_owned();
        let subject = change["subject"].clone();
        match subject["kind"].as_str().unwrap() {
            "role" => of_role_change(&address, &subject),
            "settings" => of_settings(&address, &subject["target"]),
            _ => of_assignment(&address, &subject),
        }
    });
    let relied = list("relies").into_iter().map(|relied| of_relied(relied["address"].as_str().unwrap(), &relied["on"]));
    changes.chain(relied).filter(|deeds| !deeds.is_empty()).collect()
}

fn of_role_change(address: &str, subject: &Value) -> Vec<Deed> {
    let (before, after) = (subject["before"].clone(), subject["after"].clone());
    if before.is_null() {
        return vec![Deed::new(address, "somebody makes a role of this name", move |stage, _| {
            super::tenant::directory_role(stage, after["displayName"].as_str().unwrap());
        })];
    }
    let mut deeds = of_role(address, &before);
    if after.is_null() {
        let id = before["id"].as_str().unwrap().to_owned();
        deeds.push(Deed::new(address, "somebody deletes it", move |stage, _| {
            stage.admin("DELETE", &format!("/roleManagement/directory/roleDefinitions/{id}"), None);
        }));
    }
    deeds
}

/// A custom role, by its surface and id.
fn of_role(address: &str, role: &Value) -> Vec<Deed> {
    let text = |name: &str| role[name].as_str().unwrap().to_owned();
    let deed = |field: &'static str| {
        let (surface, id) = (text("surface"), text("id"));
        Deed::new(address, field, move |stage, _| portal::write_role(stage, &surface, &id, field))
    };
    ROLE_FIELDS.into_iter().map(deed).collect()
}

fn of_settings(address: &str, target: &Value) -> Vec<Deed> {
    let deed = |number: usize| {
        let target = target.clone();
        Deed::new(address, &format!("rule {number}"), move |stage, random| {
            let grace = stage.id_of("grace");
            let rule = portal::write_rule(stage, &target, number, &grace, random);
            println!("wrote {rule}");
        })
    };
    (0..17).map(deed).collect()
}

fn of_assignment(address: &str, subject: &Value) -> Vec<Deed> {
    let (key, before, ask) = (subject["key"].clone(), subject["before"].clone(), subject["ask"].clone());
    let deed = |what: &str, verb: &'static str, end: Option<String>, condition: Option<String>| {
        let key = key.clone();
        Deed::new(address, what, move |stage, _| {
            Key(&key).request(stage, verb, end.as_deref(), condition.as_deref());
        })
    };
    let other = || Some(OTHER_END.to_owned());
    let condition = subject["condition"].as_str().map(str::to_owned);
    if before.is_null() {
        let end = ask["end"]["at"].as_str().map(str::to_owned);
        return vec![
            deed("somebody grants it as planned", "assign", end, condition.clone()),
            deed("somebody grants it until another day", "assign", other(), condition),
        ];
    }
    let provenance = before["provenance"].clone();
    if provenance.get("pim").is_none() {
        let key = key.clone();
        return vec![Deed::new(address, "somebody takes it away", move |stage, _| {
            Key(&key).remove_plain(stage, &provenance);
        })];
    }
    let live = before["condition"].as_str().map(str::to_owned);
    let away = match before["window"]["start"].is_null() {
        true => deed("somebody takes it away", "remove", None, None),
        // what is to begin is no assignment yet
        false => Deed::new(address, "somebody cancels it", move |stage, _| {
            let request = provenance["pim"]["request"].as_str().unwrap();
            let path = format!("/roleManagement/directory/roleEligibilityScheduleRequests/{request}/cancel");
            stage.admin("POST", &path, None);
        }),
    };
    let mut deeds = vec![away, deed("somebody gives it another end", "update", other(), live.clone())];
    if live.is_some() {
        let end = before["window"]["end"].as_str().map(str::to_owned);
        deeds.push(deed("somebody takes its condition away", "update", end.clone(), None));
        let another = CONDITION.replace("'logs'", "'secrets'");
        deeds.push(deed("somebody gives it another condition", "update", end, Some(another)));
    }
    deeds
}

fn of_relied(address: &str, on: &Value) -> Vec<Deed> {
    let (kind, what) = on.as_object().unwrap().iter().next().unwrap();
    let id = what.as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        // who could rewrite a built-in role?
        "role" if !["Watch Operator", "Other Operator", "VM Watcher"].iter().any(|name| address.ends_with(name)) => {
            Vec::new()
        }
        "role" => of_role(address, what),
        "settings" => of_settings(address, what),
        "principal" => of_principal(address, &id),
        "members" => of_members(address, &id),
        "leads" => of_leads(address, &id),
        "below" => of_scope(address, &id),
        "holders" | "holdersOfRole" => of_holders(address, what),
        other => panic!("nobody meddles with {other}"),
    }
}

fn of_principal(address: &str, id: &str) -> Vec<Deed> {
    let (kind, _) = address.split_once(':').unwrap();
    let path = format!("/{kind}s/{id}");
    let delete = {
        let path = path.clone();
        Deed::new(address, "somebody deletes it", move |stage, _| drop(stage.admin("DELETE", &path, None)))
    };
    if kind == "group" {
        return vec![delete];
    }
    let patch = |what: &str, body: Value| {
        let path = path.clone();
        Deed::new(address, what, move |stage, _| drop(stage.admin("PATCH", &path, Some(body.clone()))))
    };
    vec![
        delete,
        patch("somebody disables it", json!({ "accountEnabled": false })),
        patch("somebody makes it a guest", json!({ "userType": "Guest" })),
    ]
}

fn of_members(address: &str, group: &str) -> Vec<Deed> {
    let deed = |what: &str, run: fn(&Stage, &str)| {
        let group = group.to_owned();
        Deed::new(address, what, move |stage, _| run(stage, &group))
    };
    vec![
        deed("somebody joins", |stage, group| stage.link((group, "member"), &stage.id_of("dave"))),
        deed("somebody leaves", |stage, group| {
            let first = stage.linked((group, "member"))[0].clone();
            stage.unlink((group, "member"), &first);
        }),
        deed("one is swapped for another", |stage, group| {
            let first = stage.linked((group, "member"))[0].clone();
            stage.unlink((group, "member"), &first);
            stage.link((group, "member"), &stage.id_of("dave"));
        }),
        deed("somebody becomes an owner", |stage, group| stage.link((group, "owner"), &stage.id_of("dave"))),
        deed("somebody becomes eligible", |stage, group| {
            stage.in_group("eligible", "adminAssign", (group, "member"), &stage.id_of("dave"), until(OTHER_END));
        }),
    ]
}

fn of_leads(address: &str, group: &str) -> Vec<Deed> {
    let deed = |what: &str, verb: &'static str, mode: &'static str, role: &'static str| {
        let group = group.to_owned();
        Deed::new(address, what, move |stage, _| {
            let target = json!({ "surface": "directory", "role": stage.role(role), "scope": "/" });
            let key = json!({ "target": target, "principal": group, "mode": mode });
            Key(&key).request(stage, verb, (verb != "remove").then_some(OTHER_END), None);
        })
    };
    vec![
        deed("it gets a role", "assign", "eligible", "Exchange Administrator"),
        deed("it gets another role", "assign", "active", "Directory Writers"),
        deed("it loses a role", "remove", "active", "Printer Administrator"),
        deed("it has a role for longer", "update", "eligible", "Other Operator"),
    ]
}

fn of_holders(address: &str, what: &Value) -> Vec<Deed> {
    let (role, is_azure) =
        (what["role"].as_str().or(what["id"].as_str()).unwrap().to_owned(), what["surface"] == "azure");
    let deed = |what: &str, verb: &'static str, name: &'static str| {
        let role = role.clone();
        Deed::new(address, what, move |stage, _| {
            let target = match is_azure {
                true => json!({ "surface": "azure", "role": role, "scope": super::tenant::SCOPE }),
                false => json!({ "surface": "directory", "role": role, "scope": "/" }),
            };
            let key = json!({ "target": target, "principal": stage.id_of(name), "mode": "eligible" });
            Key(&key).request(stage, verb, Some(OTHER_END), None);
        })
    };
    vec![deed("somebody gets it", "assign", "grace"), deed("somebody else gets it", "assign", "heidi")]
}

fn of_scope(address: &str, scope: &str) -> Vec<Deed> {
    let deed = |what: &str, run: fn(&Stage, &str)| {
        let scope = scope.to_owned();
        Deed::new(address, what, move |stage, _| run(stage, &scope))
    };
    vec![
        deed("a subscription is moved into it", |stage, scope| {
            stage.move_subscription(&super::tenant::subscription(stage, "outside"), scope);
        }),
        deed("a subscription is made in it", |stage, scope| drop(stage.subscription("new", "new", scope))),
        deed("a subscription leaves it", |stage, _| {
            let inside = super::tenant::subscription(stage, "inside");
            stage.move_subscription(&inside, crate::azure_words::ROOT_GROUP);
        }),
    ]
}
