//! stub
use crate::core::plan::Plan;
/// w
#[derive(Clone, Copy)]
pub enum Wording {
    /// p
    Plan,
    /// d
    Drift,
}
/// o
pub struct Options {
    /// v
    pub verbose: bool,
    /// c
    pub color: bool,
    /// w
    pub width: usize,
    /// w
    pub wording: Wording,
}
/// t
pub fn text(p: &Plan, _o: &Options) -> String {
    let mut s = String::new();
    for c in &p.changes {
        s += &format!(
            "{} {} [{:?}] {:?}\n",
            c.action.as_str(),
            c.address,
            c.direction,
            c.source.as_ref().map(|o| o.to_string())
        );
        for f in &c.fields {
            s += &format!("    {}: {} -> {}\n", f.path, f.before, f.after);
        }
    }
    for n in &p.notices {
        s += &format!("note {:?}\n", n);
    }
    for u in &p.unmanaged {
        s += &format!("unmanaged {:?}\n", u);
    }
    for v in &p.verdicts {
        s += &format!("verdict {:?}\n", v);
    }
    for v in &p.unreadable {
        s += &format!("unreadable {:?}\n", v);
    }
    s += &format!("{:?}\n", p.summary);
    s
}
/// j
pub fn json(p: &Plan) -> String {
    serde_json::to_string_pretty(p).unwrap_or_default() + "\n"
}
/// m
pub fn markdown(p: &Plan) -> String {
    json(p)
}
