//! What may be done in the same tenant that no reviewer of the plan has to do with.

use fastrand::Rng;
use serde_json::{Value, json};

use super::portal::{self, Key, ROLE_FIELDS};
use super::tenant::{SCOPE, azure_role, directory_role, group_id, subscription};
use crate::azure_words::{ROOT_GROUP, SUBSCRIPTION, until as azure_until};
use crate::stage::Stage;
use crate::words::{permanent, until};

/// Something unrelated.
pub(super) struct Deed {
    pub(super) what: &'static str,
    pub(super) run: fn(&Stage, &mut Rng),
}

const END: &str = "2026-08-15T00:00:00Z";
const RG_MISC: &str = "/subscriptions/5a9dbb0c-0000-4000-8000-0000000000b1/resourceGroups/rg-misc";

/// Everything that is tried.
pub(super) const DEEDS: &[Deed] = &[
    Deed {
        what: "the settings of another directory role",
        run: |stage, random| {
            let role = *random.choice(&["Teams Administrator", "Global Reader", "Spare Operator"]).unwrap();
            let target = json!({ "surface": "directory", "role": stage.role(role), "scope": "/" });
            rule(stage, &target, random);
        },
    },
    Deed {
        what: "the settings of another group, or of the owners of one",
        run: |stage, random| {
            let (group, access) = *random.choice(&[("sg-other", "member"), ("sg-tier", "owner")]).unwrap();
            let target = json!({ "surface": "group", "group": group_id(stage, group), "access": access });
            rule(stage, &target, random);
        },
    },
    Deed {
        what: "the settings of another Azure role, or at another scope",
        run: |stage, random| {
            let role = stage.azure_role(random.choice(&["Virtual Machine Contributor", "Contributor"]).unwrap());
            rule(stage, &json!({ "surface": "azure", "role": role, "scope": RG_MISC }), random);
        },
    },
    Deed {
        what: "another user's attributes",
        run: |stage, random| {
            let body =
                if random.bool() { json!({ "accountEnabled": false }) } else { json!({ "displayName": "Ivan II" }) };
            stage.admin("PATCH", &format!("/users/{}", stage.id_of("ivan")), Some(body));
        },
    },
    Deed {
        what: "another user goes",
        run: |stage, _| {
            stage.admin("DELETE", &format!("/users/{}", stage.id_of("ivan")), None);
        },
    },
    Deed {
        what: "what a holder is called at work",
        run: |stage, random| {
            let name = *random.choice(&["alice", "bob", "grace", "erin"]).unwrap();
            stage.admin(
                "PATCH",
                &format!("/users/{}", stage.id_of(name)),
                Some(json!({ "displayName": "Dr. Newname" })),
            );
        },
    },
    Deed {
        what: "a new user in a new group that gets a role",
        run: |stage, _| {
            let (group, user) = (stage.group("sg-new", true), stage.user("judy"));
            stage.link((&group, "member"), &user);
            stage.request("eligible", "adminAssign", "Teams Administrator", &group, "/", permanent());
        },
    },
    Deed {
        what: "an unrelated eligible assignment",
        run: |stage, random| {
            let role = *random.choice(&["Teams Administrator", "Global Reader", "Spare Operator"]).unwrap();
            stage.request("eligible", "adminAssign", role, &stage.id_of("grace"), "/", until(END));
        },
    },
    Deed {
        what: "an unrelated active assignment",
        run: |stage, _| {
            stage.request("active", "adminAssign", "Global Reader", &stage.id_of("alice"), "/", until(END));
        },
    },
    Deed {
        what: "an unrelated assignment outside of PIM",
        run: |stage, _| {
            stage.assign_plainly("Teams Administrator", &stage.id_of("frank"), "/");
        },
    },
    Deed {
        what: "an unrelated assignment goes",
        run: |stage, _| {
            let target = json!({ "surface": "directory", "role": stage.role("Spare Operator"), "scope": "/" });
            let key = json!({ "target": target, "principal": stage.id_of("ivan"), "mode": "eligible" });
            Key(&key).request(stage, "remove", None, None);
        },
    },
    Deed {
        what: "an unrelated custom role of the directory",
        run: |stage, random| match random.u8(..3) {
            0 => directory_role(stage, "New Operator"),
            _ => {
                let field = *random.choice(&ROLE_FIELDS).unwrap();
                portal::write_role(stage, "directory", &stage.role("Spare Operator"), field);
            }
        },
    },
    Deed {
        what: "an unrelated custom role of Azure",
        run: |stage, random| match random.u8(..3) {
            0 => azure_role(stage, "VM New"),
            _ => {
                let field = *random.choice(&ROLE_FIELDS).unwrap();
                portal::write_role(stage, "azure", &stage.azure_role("VM Other"), field);
            }
        },
    },
    Deed {
        what: "an assignment at another scope of Azure",
        run: |stage, random| {
            let scopes = [RG_MISC.to_owned(), SUBSCRIPTION.to_owned(), subscription(stage, "outside")];
            let scope = random.choice(&scopes).unwrap();
            let role = *random.choice(&["Reader", "Contributor", "Owner"]).unwrap();
            let mode = *random.choice(&["eligible", "active"]).unwrap();
            stage.azure_request(mode, "AdminAssign", role, &stage.id_of("grace"), scope, azure_until(END));
        },
    },
    Deed {
        what: "an Azure role outside of PIM elsewhere",
        run: |stage, _| {
            stage.azure_assign_plainly("Contributor", &stage.id_of("grace"), RG_MISC, None);
        },
    },
    Deed {
        what: "a new resource group and what is in it",
        run: |stage, _| {
            let group = stage.resource_group(SUBSCRIPTION, "rg-new");
            stage.storage_account(&group, "stnew");
        },
    },
    Deed {
        what: "a new resource where the plan grants something",
        run: |stage, _| {
            stage.storage_account(SCOPE, "stapp");
        },
    },
    Deed { what: "a new subscription elsewhere", run: |stage, _| drop(stage.subscription("new", "new", ROOT_GROUP)) },
    Deed {
        what: "a new management group elsewhere",
        run: |stage, _| {
            let lab = stage.management_group("lab", "Lab", ROOT_GROUP);
            stage.move_subscription(&subscription(stage, "outside"), &lab);
        },
    },
    Deed {
        what: "the members of an unrelated group",
        run: |stage, random| {
            let (other, access) = (group_id(stage, "sg-other"), if random.bool() { "member" } else { "owner" });
            stage.link((&other, access), &stage.id_of("grace"));
        },
    },
    Deed {
        what: "somebody activates an unrelated role",
        run: |stage, _| {
            stage.activate("heidi", &stage.id_of("heidi"), "Other Operator", 4);
        },
    },
    Deed {
        what: "somebody activates what they are eligible for",
        run: |stage, random| match random.bool() {
            true => stage.activate("dave", &stage.id_of("dave"), "Groups Administrator", 2),
            false => {
                let group = group_id(stage, "sg-tier");
                drop(stage.activate_in_group("frank", &stage.id_of("frank"), (&group, "member"), 2));
            }
        },
    },
    Deed {
        what: "somebody activates an Azure role",
        run: |stage, _| {
            stage.azure_activate("carol", &stage.id_of("carol"), "Storage Blob Data Reader", SCOPE, 2);
        },
    },
    Deed { what: "hours go by", run: |stage, random| stage.advance(random.i64(1..22)) },
    Deed { what: "a new application and its service principal", run: |stage, _| drop(stage.service("app-new")) },
    Deed {
        what: "another administrative unit",
        run: |stage, _| {
            let unit = stage.unit("APAC");
            let scope = format!("/administrativeUnits/{unit}");
            stage.request(
                "eligible",
                "adminAssign",
                "Password Administrator",
                &stage.id_of("alice"),
                &scope,
                until(END),
            );
        },
    },
    Deed {
        what: "what a group is for",
        run: |stage, _| {
            let path = format!("/groups/{}", group_id(stage, "sg-approvers"));
            stage.admin("PATCH", &path, Some(json!({ "description": "Approve with care" })));
        },
    },
];

fn rule(stage: &Stage, target: &Value, random: &mut Rng) {
    let number = random.usize(..17);
    let grace = stage.id_of("grace");
    println!("wrote {}", portal::write_rule(stage, target, number, &grace, random));
}
