//! What only a sandbox has, under `/sandbox`, without a token: clock, faults, state, journal. (`/sandbox/token` is in `token`.)

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::fault::FaultRule;
use super::instant;
use super::world::World;

/// Answers `GET|POST /sandbox/clock`, `GET|POST /sandbox/faults`, `GET /sandbox/state`, `GET /sandbox/journal`.
pub(crate) fn answer(world: &Arc<World>, method: &str, parts: &[&str], body: Option<Value>) -> Answer {
    match (method, parts) {
        ("GET", ["clock"]) => Ok(clock(world)),
        ("POST", ["clock"]) => {
            let body = body.unwrap_or(Value::Null);
            let now = world.store.now();
            let members = body.as_object().filter(|members| members.len() == 1);
            let wanted = match members.and_then(|members| members.iter().next()) {
                Some((name, Value::String(text))) if name == "now" => text.parse::<Timestamp>().ok(),
                Some((name, Value::String(text))) if name == "advance" => {
                    let (is_back, text) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
                    instant::duration(text).map(|d| instant::plus(now, if is_back { -d } else { d }))
                }
                _ => None,
            };
            let wanted = wanted.ok_or_else(|| {
                Problem::bad("Expected {\"now\": \"2026-11-21T10:00:00Z\"} or {\"advance\": \"P60D\"}.")
            })?;
            world.store.set_now(wanted)?;
            Ok(clock(world))
        }
        ("GET", ["faults"]) => Ok(Reply::json(200, serde_json::to_value(world.faults.rules()).unwrap_or_default())),
        ("POST", ["faults"]) => {
            let rules: Vec<FaultRule> =
                serde_json::from_value(body.unwrap_or(Value::Null)).map_err(|error| Problem::bad(error.to_string()))?;
            world.faults.set(rules);
            world.update_past();
            Ok(Reply::empty())
        }
        ("GET", ["state"]) => Ok(Reply::json(200, world.state_json())),
        ("GET", ["journal"]) => Ok(Reply::json(200, serde_json::to_value(world.journal.entries()).unwrap_or_default())),
        _ => Err(Problem::not_emulated(&format!("{method} /sandbox/{}", parts.join("/")))),
    }
}

fn clock(world: &World) -> Reply {
    Reply::json(200, json!({"now": instant::precise(world.store.now())}))
}
