//! Reading the front-coded lists that `data/build.py` writes.

/// Restores names whose leading segments are those of the name before.
///
/// A line is one base-36 digit, the number of segments (parts between slashes) shared with the name before, and the rest:
/// `0Microsoft.Compute/disks/read`, then `2write` for `Microsoft.Compute/disks/write`.
#[derive(Debug, Default)]
pub(super) struct FrontCoded {
    before: String,
}

impl FrontCoded {
    /// Returns the name that `line` stands for.
    ///
    /// # Panics
    /// When the line is not front-coded: the data are part of the program and a test reads all of them.
    pub(super) fn name(&mut self, line: &str) -> String {
        let digit =
            line.chars().next().and_then(|c| c.to_digit(36)).unwrap_or_else(|| panic!("not front-coded: {line:?}"));
        let shared = match digit {
            0 => 0,
            count => {
                let mut slashes = self.before.match_indices('/').map(|(at, _)| at + 1);
                slashes.nth(count as usize - 1).unwrap_or_else(|| panic!("shares too much: {line:?}"))
            }
        };
        self.before.truncate(shared);
        self.before.push_str(&line[1..]);
        self.before.clone()
    }
}

/// Returns the lines of a data file without comments.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_segments_are_restored() {
        let mut names = FrontCoded::default();
        assert_eq!(names.name("0A.B/disks/read"), "A.B/disks/read");
        assert_eq!(names.name("2write"), "A.B/disks/write");
        assert_eq!(names.name("1vms/start/action"), "A.B/vms/start/action");
        assert_eq!(names.name("0C"), "C");
    }
}
