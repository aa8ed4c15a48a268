//! Values: schedules, periods, scopes.

use jiff::SignedDuration;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use rolewright::core::feasibility::{Request, obstacles};
use rolewright::core::period::Period;
use rolewright::core::schedule::{Ask, Verdict, Window};
use rolewright::core::scope::{ArmScope, DirectoryScope};

use crate::world::{choices, config, now, schedule, settings};
use rolewright::core::assignment::Mode;
use rolewright::core::state::ApplyAs;

fn asked(verdict: Verdict) -> Option<Ask> {
    match verdict {
        Verdict::Grant(ask) | Verdict::Regrant(ask) | Verdict::Update(ask) | Verdict::Extend(ask) => Some(ask),
        Verdict::InSync | Verdict::Expired => None,
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn what_was_granted_is_in_sync(mut choices in choices(20), start in -600_i64..600_000, end in -600_i64..60_000_000) {
        let schedule = schedule(&mut choices);
        let at = |seconds: i64| now() + SignedDuration::from_secs(seconds);
        let start = (start % 3 != 0).then(|| at(start));
        let live = match end % 5 {
            0 => None,
            1 => Some(Window::new(start, None, now())),
            _ => Some(Window::new(start, Some(at(end)), now())),
        };
        let verdict = schedule.judge(live.as_ref(), now());
        if let Some(ask) = asked(verdict) {
            let granted = ask.window(now());
            prop_assert_eq!(schedule.judge(Some(&granted), now()), Verdict::InSync);
            prop_assert!(ask.covers(&granted, now()) && ask.matches(&granted, now()));
            prop_assert_eq!(Some(ask), schedule.widest(now()), "whatever is there, the same is asked for");
        } else if verdict == Verdict::InSync {
            // in sync is never wider than written
            prop_assert!(schedule.widest(now()).unwrap().covers(&live.unwrap(), now()));
        }
    }

    #[test]
    fn what_is_feasible_at_its_widest_is_feasible(mut choices in choices(120), length in 1_i64..500) {
        let settings = settings(&mut choices);
        let schedule = schedule(&mut choices);
        let Some(widest) = schedule.widest(now()) else { return Ok(()) };
        let mode = if length % 2 == 0 { Mode::Eligible } else { Mode::Active };
        let request = |ask| Request {
            mode, ask, has_justification: true, has_ticket: true, apply_as: ApplyAs::Application,
        };
        let live = Window::new(None, Some(now() + SignedDuration::from_hours(24 * length)), now());
        if let Some(ask) = asked(schedule.judge(Some(&live), now())) {
            prop_assert_eq!(
                obstacles(&settings, &request(&ask), now()),
                obstacles(&settings, &request(&widest), now())
            );
        }
    }

    #[test]
    fn periods_read_back(seconds in 0_i64..3_000_000_000) {
        let period = Period::seconds(seconds);
        prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
    }

    #[test]
    fn no_text_upsets_the_readers(text in any::<String>()) {
        if let Ok(period) = text.parse::<Period>() {
            prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
        }
        for text in [text.clone(), format!("/{text}"), format!("/administrativeUnits/{text}")] {
            if let Some(scope) = DirectoryScope::parse(&text) {
                let printed = scope.to_string();
                prop_assert!(printed != "/" || scope == DirectoryScope::Tenant, "{text:?} prints as the whole tenant");
                prop_assert_eq!(DirectoryScope::parse(&printed), Some(scope));
            }
            if let Some(scope) = ArmScope::parse(&text) {
                prop_assert_eq!(ArmScope::parse(scope.as_str()), Some(scope));
            }
        }
    }
}
