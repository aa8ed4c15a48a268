//! How far long work has come, on stderr; silent when nobody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::escape::terminal;

/// A bar, or a spinner where the amount of work is not known. It is gone once it is finished or dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// Returns a bar for `total` pieces of work. Nothing is drawn unless `is_shown` and stderr is a terminal.
    pub fn new(total: usize, is_shown: bool) -> Self {
        let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target(is_shown));
        bar.set_style(style("{pos}/{len} {wide_msg}"));
        Self { bar }
    }

    /// Returns a spinner for work of unknown length, such as reading a tenant, under the same conditions.
    pub fn spinner(is_shown: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, target(is_shown));
        bar.set_style(style("{spinner} {wide_msg}"));
        if !bar.is_hidden() {
            // an eighth of a second: fast enough to look alive, slow enough to cost nothing
            bar.enable_steady_tick(Duration::from_millis(125));
        }
        Self { bar }
    }

    /// Says what is being worked on.
    pub fn say(&self, text: &str) {
        self.bar.set_message(terminal(text).into_owned());
    }

    /// Counts one finished piece of work.
    pub fn advance(&self) {
        self.bar.inc(1);
    }

    /// Runs `print` while the bar is out of the way, so that other lines on stderr stay whole.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Returns how many pieces are finished.
    pub fn position(&self) -> u64 {
        self.bar.position()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Returns stderr, which stays silent when it is no terminal, or nothing.
fn target(is_shown: bool) -> ProgressDrawTarget {
    match is_shown {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use indicatif::TermLike;

    /// A terminal that keeps its last line.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn shows(&self) -> String {
            self.0.lock().unwrap().trim_end().to_owned()
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            60
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn counts_even_when_nobody_watches() {
        let bar = Bar::new(3, false);
        bar.say("directory/settings/Global Administrator");
        bar.advance();
        assert_eq!((bar.position(), bar.suspend(|| 7)), (1, 7));
        bar.finish();
        assert!(bar.bar.is_hidden() && bar.bar.is_finished());
    }

    #[test]
    fn shows_what_it_works_on_and_leaves_nothing_behind() {
        let screen = Screen::default();
        let bar = Bar::new(3, false);
        bar.bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(screen.clone())));
        bar.say("role\u{1b}[2J\nname");
        bar.advance();
        bar.bar.force_draw();
        assert_eq!(screen.shows(), "1/3 role\\u{1b}[2J\\nname");
        drop(bar);
        assert_eq!(screen.shows(), "");
    }
}
