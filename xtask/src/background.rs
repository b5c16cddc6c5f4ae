//! Builds in the background of the server. `x serve` starts this program again for them, so that a change of the sources
//! can end such a build immediately, with all compilers that it has started.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::parts::{self, Part};
use crate::quality::{self, Quality};
use crate::{process, workspace};

/// A build that is under way; dropping it ends it.
pub struct BackgroundBuild {
    build: Child,
    /// Open as long as the build is wanted. [`run`] ends when this end is closed, also if the server is killed.
    wanted: Option<ChildStdin>,
}

impl BackgroundBuild {
    /// Starts building every part.
    ///
    /// # Errors
    /// If this program cannot be started.
    pub fn start(quality: Quality) -> Result<Self> {
        let this = std::env::current_exe().context("this program has no path")?;
        // A low priority: the page that a person looks at comes first.
        let mut command = match process::find("nice") {
            Some(nice) => {
                let mut command = Command::new(nice);
                command.args(["-n", "10"]).arg(this);
                command
            }
            None => Command::new(this),
        };
        command.arg("background");
        if quality == Quality::Quick {
            command.arg("--dev");
        }
        let mut build = command
            .current_dir(workspace::root())
            .stdin(Stdio::piped())
            // A process group of its own, which can be ended as a whole.
            .process_group(0)
            .spawn()
            .context("the background build cannot be started")?;
        let wanted = build.stdin.take();
        Ok(Self { build, wanted })
    }

    /// How the build ended; `None` if it has not.
    ///
    /// # Errors
    /// If the system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.build.try_wait()?)
    }
}

impl Drop for BackgroundBuild {
    fn drop(&mut self) {
        self.wanted.take();
        let _ = self.build.wait();
    }
}

/// `x background`: builds every part, until its standard input is closed.
///
/// # Errors
/// If a part cannot be built.
pub fn run(arguments: &quality::Arguments) -> Result<()> {
    thread::spawn(|| {
        // Nothing is ever sent. Reading ends when the server ends, also if it is killed.
        let _ = std::io::stdin().read(&mut [0]);
        // 0 is the caller's own group: this program and all that it has started.
        let _ = Command::new("kill").args(["-s", "TERM", "0"]).status();
    });
    parts::build(&Part::ALL, arguments.quality())
}
