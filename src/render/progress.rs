//! stub
/// b
pub struct Bar;
impl Bar {
    /// n
    pub fn new(_: u64, _: bool) -> Self {
        Self
    }
    /// f
    pub fn finish(self) {}
    /// b
    pub fn begin(&mut self, _: &str) {}
    /// a
    pub fn advance(&mut self) {}
}
