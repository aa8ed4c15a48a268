//! A generated tenant for measurements: the same for the same size.

use serde_json::json;

use super::super::catalog;
use super::super::tenant::Side;
use super::build::{Builder, Span};

/// Fills the tenant with `size` users, a role-assignable group per 50, a unit per 100, 20 custom roles, and one eligible
/// assignment per user.
pub(super) fn fill(b: &mut Builder, size: u32) {
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
}
