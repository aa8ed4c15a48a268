//! When somebody belongs to a group: every schedule, eligible and active, as member and as owner.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::group_words::{eligible, of_mode, owning};
use crate::stage::Stage;
use crate::words::{permanent, until};

const ALICE: &str = "[{user: alice@contoso.example}]";
const SIDES: [(&str, &str); 4] =
    [("eligible", "member"), ("eligible", "owner"), ("active", "member"), ("active", "owner")];

/// A group in which alice is something, applied.
struct Play {
    stage: Stage,
    alice: String,
    group: String,
    mode: &'static str,
    access: &'static str,
}

impl Play {
    fn new((mode, access): (&'static str, &'static str), schedule: &str) -> Self {
        let stage = Stage::new();
        let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
        stage.write("tenant.yaml", &owning("['sg-pim-*']"));
        let play = Self { stage, alice, group, mode, access };
        play.stage.allow_permanent((&play.group, access));
        play.declare(schedule);
        play.stage.apply();
        play
    }

    fn declare(&self, schedule: &str) {
        let target = format!("sg-pim-ops:{}", self.access);
        self.stage.write("a.yaml", &of_mode(self.mode, "a", &target, ALICE, schedule));
    }

    fn at(&self) -> (&str, &str) {
        (&self.group, self.access)
    }

    fn address(&self) -> String {
        format!("group/{}/sg-pim-ops:{}/user:alice@contoso.example", self.mode, self.access)
    }

    fn schedule(&self) -> Option<Value> {
        self.stage.group_schedule(self.mode, self.at(), &self.alice)
    }

    fn end(&self) -> Value {
        self.stage.group_end(self.mode, self.at(), &self.alice)
    }

    fn requested(&self) -> Vec<String> {
        self.stage.requested_in(self.mode, &self.group)
    }

    /// Asserts that nobody was given anything but what alice was.
    #[track_caller]
    fn has_nothing_else(&self) {
        for (mode, access) in SIDES {
            let found = self.stage.group_schedule(mode, (&self.group, access), &self.alice);
            assert_eq!(found.is_some(), (mode, access) == (self.mode, self.access), "{mode} {access}");
        }
    }

    /// Tells whether the end is as far from now as asked, to the minute.
    fn ends_in(&self, days: i64) -> bool {
        let end: Timestamp = self.end().as_str().unwrap().parse().unwrap();
        let wanted = rolewright::clock::Clock::now(&self.stage.clock) + SignedDuration::from_hours(24 * days);
        end.duration_since(wanted).abs() < SignedDuration::from_mins(1)
    }
}

#[test]
fn each_side_is_granted_moved_narrowed_and_taken_away_without_touching_the_others() {
    for side in SIDES {
        let play = Play::new(side, "{end: 2026-09-01T00:00:00Z}");
        play.has_nothing_else();
        assert_eq!(play.end(), "2026-09-01T00:00:00Z");
        play.declare("{end: 2026-10-01T00:00:00Z}");
        assert_eq!(play.stage.changes(), [format!("update {}", play.address())]);
        assert_eq!(play.stage.plan()["changes"][0]["direction"], "widens");
        play.stage.run(&["drift"]).exits(2);
        play.stage.apply();
        play.declare("{end: 2026-08-01T00:00:00Z}");
        assert_eq!(play.stage.plan()["changes"][0]["direction"], "narrows");
        play.stage.apply();
        assert_eq!(play.end(), "2026-08-01T00:00:00Z");
        play.has_nothing_else();
        assert_eq!(play.requested(), ["adminAssign", "adminUpdate", "adminUpdate"], "in place, without a gap");
        play.stage.advance(1);
        play.stage.erase("a.yaml");
        assert_eq!(play.stage.changes(), [format!("remove {}", play.address())]);
        play.stage.apply();
        assert!(play.schedule().is_none());
        assert_eq!(play.requested().len(), 4);
    }
}

#[test]
fn permanent_becomes_bounded_and_permanent_again() {
    for side in SIDES {
        let play = Play::new(side, "{permanent: true}");
        assert_eq!(play.end(), Value::Null);
        play.declare("{end: 2026-09-01T00:00:00Z}");
        assert_eq!(play.stage.plan()["changes"][0]["direction"], "narrows");
        play.stage.apply();
        assert_eq!(play.end(), "2026-09-01T00:00:00Z");
        play.declare("{permanent: true}");
        assert_eq!(play.stage.plan()["changes"][0]["direction"], "widens");
        play.stage.apply();
        assert_eq!(play.end(), Value::Null);
    }
}

#[test]
fn a_future_start_is_changed_and_then_cancelled_through_its_request() {
    for side in SIDES {
        let play = Play::new(side, "{start: 2026-07-01T00:00:00Z, end: 2026-09-01T00:00:00Z}");
        assert_eq!(play.schedule().unwrap()["scheduleInfo"]["startDateTime"], "2026-07-01T00:00:00Z");
        assert!(!play.stage.linked(play.at()).contains(&play.alice), "not yet");
        play.declare("{start: 2026-07-15T00:00:00Z, end: 2026-09-01T00:00:00Z}");
        assert_eq!(play.stage.changes(), [format!("update {}", play.address())]);
        play.stage.apply();
        assert_eq!(play.schedule().unwrap()["scheduleInfo"]["startDateTime"], "2026-07-15T00:00:00Z");
        play.stage.erase("a.yaml");
        let mark = play.stage.mark();
        play.stage.apply();
        let written = play.stage.written_since(mark);
        assert_eq!(written.len(), 1, "{written:?}");
        assert!(written[0].ends_with("/cancel"), "{written:?}");
        assert!(play.schedule().is_none());
    }
}

#[test]
fn a_future_start_whose_request_is_gone_is_removed_and_one_that_arrives_is_in_force() {
    for side in SIDES {
        let play = Play::new(side, "{start: 2026-12-01T00:00:00Z, end: 2027-03-01T00:00:00Z}");
        play.stage.advance(24 * 60);
        play.stage.assert_converged();
        assert!(play.requested().is_empty(), "the service forgot its requests");
        play.stage.erase("a.yaml");
        play.stage.apply();
        assert!(play.schedule().is_none());
        assert_eq!(play.requested(), ["adminRemove"]);

        play.declare("{start: 2026-09-01T00:00:00Z, end: 2026-12-01T00:00:00Z}");
        play.stage.apply();
        play.stage.advance(24 * 60);
        play.stage.assert_converged();
        assert_eq!(play.schedule().unwrap()["status"], "Provisioned");
        assert_eq!(play.stage.linked(play.at()).contains(&play.alice), side.0 == "active");
    }
}

#[test]
fn renewal_extends_in_place_and_only_inside_its_window() {
    for side in SIDES {
        let play = Play::new(side, "{duration: P30D, renewBefore: P7D}");
        assert!(play.ends_in(30));
        play.stage.advance(24 * 23 - 1);
        play.stage.assert_converged();
        play.stage.advance(2);
        assert_eq!(play.stage.changes(), [format!("extend {}", play.address())]);
        play.stage.run(&["plan", "--detailed-exitcode"]).exits(2);
        play.stage.run(&["drift"]).exits(0).says("alice");
        let first = play.schedule().unwrap()["id"].clone();
        play.stage.apply();
        assert!(play.ends_in(30));
        assert_eq!(play.requested(), ["adminAssign", "adminExtend"]);
        assert_ne!(play.schedule().unwrap()["id"], first, "the service gave it another id");
        // longer than written is narrowed
        play.stage.advance(1);
        play.stage.in_group(side.0, "adminUpdate", play.at(), &play.alice, permanent());
        assert_eq!(play.stage.changes(), [format!("update {}", play.address())]);
        play.stage.run(&["drift"]).exits(2);
        play.stage.apply();
        assert!(play.ends_in(30));
        // nobody ran for too long: it is granted anew
        play.stage.advance(24 * 31);
        assert!(play.schedule().is_none());
        assert_eq!(play.stage.changes(), [format!("create {}", play.address())]);
        play.stage.apply();
        assert!(play.ends_in(30));
    }
}

#[test]
fn without_renewal_a_grant_runs_out_before_it_is_granted_anew() {
    for side in SIDES {
        let play = Play::new(side, "{duration: P30D}");
        play.stage.advance(24 * 30 - 1);
        play.stage.assert_converged();
        play.stage.advance(1);
        assert!(play.schedule().is_none());
        assert!(!play.stage.linked(play.at()).contains(&play.alice));
        assert_eq!(play.stage.changes(), [format!("regrant {}", play.address())]);
        play.stage.apply();
        assert!(play.ends_in(30));
    }
}

#[test]
fn an_end_in_the_past_is_a_warning_and_never_a_request() {
    let stage = Stage::new();
    let (alice, group) = (stage.user("alice"), stage.group("sg-pim-ops", false));
    stage.write("a.yaml", &eligible("a", "sg-pim-ops:member", ALICE, "{end: 2026-05-01T00:00:00Z}"));
    stage.run(&["plan", "--detailed-exitcode"]).exits(0).says("expired").says("a.yaml:");
    let mark = stage.mark();
    stage.apply();
    assert!(stage.written_since(mark).is_empty() && !stage.is_onboarded(&group));
    // what is live and should have ended is removed only with ownership
    stage.in_group("eligible", "adminAssign", (&group, "member"), &alice, until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    stage.assert_converged();
    stage.write("tenant.yaml", &owning("['sg-pim-*']"));
    assert_eq!(stage.changes(), ["remove group/eligible/sg-pim-ops:member/user:alice@contoso.example"]);
    stage.apply();
}

#[test]
fn what_is_too_young_is_removed_once_it_is_old_enough() {
    for side in SIDES {
        let play = Play::new(side, "{end: 2026-09-01T00:00:00Z}");
        let before = rolewright::clock::Clock::now(&play.stage.clock);
        play.stage.erase("a.yaml");
        play.stage.apply();
        assert!(play.schedule().is_none());
        let waited = rolewright::clock::Clock::now(&play.stage.clock).duration_since(before);
        assert!(waited >= SignedDuration::from_mins(4) && waited < SignedDuration::from_mins(7), "{waited}");
    }
}

#[test]
fn the_modes_are_told_apart() {
    let play = Play::new(("eligible", "member"), "{end: 2026-09-01T00:00:00Z}");
    let (stage, alice) = (&play.stage, &play.alice);
    // active access does not satisfy the eligible declaration, nor the other way round
    stage.in_group("active", "adminAssign", play.at(), alice, until("2026-09-01T00:00:00Z"));
    stage.advance(1);
    assert_eq!(stage.changes(), ["remove group/active/sg-pim-ops:member/user:alice@contoso.example"]);
    stage.write("a.yaml", &of_mode("active", "a", "sg-pim-ops:member", ALICE, "{end: 2026-09-01T00:00:00Z}"));
    assert_eq!(stage.changes(), ["remove group/eligible/sg-pim-ops:member/user:alice@contoso.example"]);
    stage.apply();
    assert!(play.schedule().is_none());
    assert!(stage.group_schedule("active", play.at(), alice).is_some());
    // and member is not owner
    stage.write("a.yaml", &of_mode("active", "a", "sg-pim-ops:owner", ALICE, "{end: 2026-09-01T00:00:00Z}"));
    let mut changes = stage.changes();
    changes.sort();
    assert_eq!(
        changes,
        [
            "create group/active/sg-pim-ops:owner/user:alice@contoso.example",
            "remove group/active/sg-pim-ops:member/user:alice@contoso.example",
        ]
    );
    stage.apply();
    assert_eq!(stage.linked((&play.group, "owner")), std::slice::from_ref(alice));
    assert!(stage.linked((&play.group, "member")).is_empty());
}

#[test]
fn an_activation_is_neither_drift_nor_removed() {
    for access in ["member", "owner"] {
        let play = Play::new(("eligible", access), "{end: 2026-09-01T00:00:00Z}");
        let (stage, alice) = (&play.stage, &play.alice);
        stage.activate_in_group("alice", alice, play.at(), 4);
        assert!(stage.linked(play.at()).contains(alice));
        stage.assert_converged();
        let notice = format!("activation group/active/sg-pim-ops:{access}/user:alice@contoso.example");
        assert!(stage.notices().contains(&notice), "{:?}", stage.notices());
        stage.apply();
        assert!(stage.linked(play.at()).contains(alice), "nobody ended it");
        // changed meanwhile, it goes on
        play.declare("{end: 2026-08-01T00:00:00Z}");
        stage.apply();
        assert!(stage.linked(play.at()).contains(alice));
        stage.advance(5);
        assert!(!stage.linked(play.at()).contains(alice), "it ran out");
        stage.assert_converged();
    }
}

#[test]
fn purged_requests_change_nothing() {
    for side in SIDES {
        let play = Play::new(side, "{end: 2027-01-01T00:00:00Z}");
        play.stage.allow_permanent(play.at());
        play.declare("{permanent: true}");
        play.stage.apply();
        play.stage.advance(24 * 60);
        assert!(play.requested().is_empty());
        play.stage.assert_converged();
        play.declare("{end: 2026-12-01T00:00:00Z}");
        play.stage.apply();
        play.stage.erase("a.yaml");
        play.stage.advance(1);
        play.stage.apply();
        assert_eq!(json!(play.schedule()), Value::Null);
    }
}
