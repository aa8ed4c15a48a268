//! stub
/// t
pub fn text(p: &crate::core::plan::Plan, r: &crate::core::outcome::Report, _c: bool) -> String {
    let mut s = String::new();
    for o in &r.outcomes {
        s += &format!("{:?} {}\n", o.state, p.changes[o.change].address);
    }
    s += &format!("{:?}\n", r.remarks);
    s
}
