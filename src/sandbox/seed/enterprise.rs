//! A generated tenant for measurements: the same for the same numbers.

use serde_json::json;

use super::super::catalog;
use super::super::id::TENANT;
use super::super::place::Access;
use super::super::tenant::Side;
use super::build::{Builder, Span};

/// Built-in Azure roles that are handed out, most of them as eligible.
const ROLES: [&str; 7] = [
    "Reader",
    "Contributor",
    "Owner",
    "Network Contributor",
    "Virtual Machine Contributor",
    "Storage Account Contributor",
    "Key Vault Contributor",
];

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) people: u32,
    pub(super) subscriptions: u32,
    /// PIM assignments of a subscription, those of its resource groups included.
    pub(super) assignments: u32,
}

/// Fills the tenant with so many users, a role-assignable group per 50, a unit per 100, 20 custom roles, and one eligible
/// assignment per user; then the groups' members and owners in PIM, then Azure.
pub(super) fn fill(b: &mut Builder, of: Size) {
    let size = of.people;
    let mut random = fastrand::Rng::with_seed(u64::from(size));
    let users: Vec<String> = (0..size).map(|n| b.user(&format!("user{n:05}"), &format!("User {n:05}"))).collect();
    let mut units = vec!["/".to_owned()];
    for n in 0..size.div_ceil(100) {
        units.push(format!("/administrativeUnits/{}", b.unit(&format!("Unit {n:03}"), &[])));
    }
    let mut groups = Vec::new();
    for n in 0..size.div_ceil(50) {
        let members: Vec<&str> = (0..10).filter_map(|_| random.choice(&users)).map(String::as_str).collect();
        groups.push(b.group(&format!("sg-role-{n:04}"), json!({"isAssignableToRole": true}), &members));
    }
    for n in 0..20 {
        let action = "microsoft.directory/users/standard/read";
        b.custom_role(&format!("Custom Role {n:02}"), "Generated", &[action], None);
    }
    let anywhere: Vec<&str> =
        catalog::built_ins().iter().filter(|role| !role.implicit).map(|role| role.display_name.as_str()).collect();
    let in_units: Vec<&str> = catalog::built_ins()
        .iter()
        .filter(|role| role.unit_assignable)
        .map(|role| role.display_name.as_str())
        .collect();
    for user in &users {
        let scope = random.choice(&units).map_or("/", String::as_str).to_owned();
        let roles = if scope == "/" { &anywhere } else { &in_units };
        let Some(role) = random.choice(roles) else { continue };
        b.assign(Side::Eligible, user, role, &scope, Span::until(random.i64(1..100), random.i64(30..300)));
    }
    for group in &groups {
        let Some(role) = random.choice(&anywhere) else { continue };
        b.assign(Side::Eligible, group, role, "/", Span::until(5, random.i64(30..300)));
    }
    group_access(b, &groups, &users);
    azure(b, of, &users, &mut random);
}

/// Has PIM manage every group: an owner outside it, three people eligible as members and one as owner, one member through PIM; every
/// fifth with an activation of four hours.
fn group_access(b: &mut Builder, groups: &[String], users: &[String]) {
    // Six different people; a tenant with fewer has no use for groups.
    for (n, group) in groups.iter().enumerate().filter(|_| users.len() >= 6) {
        let person = |i: usize| users[(n * 7 + i) % users.len()].as_str();
        b.own(group, &[person(0)]);
        for i in 1..4 {
            b.assign_group(Side::Eligible, person(i), group, Access::Member, Span::until(20, 100 + (n % 50) as i64));
        }
        b.assign_group(Side::Eligible, person(4), group, Access::Owner, Span::until(20, 90));
        b.assign_group(Side::Active, person(5), group, Access::Member, Span::until(20, 60));
        if n % 5 == 0 {
            let shorter = json!({"maximumDuration": "PT4H"});
            b.group_rule(group, Access::Member, "Expiration_EndUser_Assignment", shorter);
        }
    }
}

/// Fills Azure with a management group per 20 subscriptions, two resource groups in each, MS-PIM and the PIM assignments: of four
/// one active and three eligible, of two one at the subscription and one in a resource group.
fn azure(b: &mut Builder, of: Size, users: &[String], random: &mut fastrand::Rng) {
    b.management_group("contoso", "Contoso", TENANT);
    for n in 0..of.subscriptions {
        let group = format!("mg-{:03}", n / 20);
        if n % 20 == 0 {
            b.management_group(&group, &format!("Group {:03}", n / 20), "contoso");
        }
        let name = if n == 0 { "prod-core".to_owned() } else { format!("sub-{n:04}") };
        let subscription = b.subscription(&name, &group);
        let groups = [b.resource_group(&subscription, "rg-a"), b.resource_group(&subscription, "rg-b")];
        b.ms_pim(&subscription);
        for i in 0..of.assignments {
            let Some(user) = users.get((n as usize * 31 + i as usize) % users.len().max(1)) else { continue };
            let side = if i % 4 == 3 { Side::Active } else { Side::Eligible };
            let scope = if i % 2 == 0 { &subscription } else { &groups[(i as usize / 2) % 2] };
            let role = ROLES[i as usize % ROLES.len()];
            b.azure_assign(side, user, role, scope, Span::until(random.i64(1..100), random.i64(30..80)));
        }
    }
}
