//! Builds beside the server. `x serve` starts this program once more for them, so that a change of the sources can end
//! such a build at once, with the compilers that it has started.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::parts::{self, Part};
use crate::quality::{self, Quality};
use crate::{process, workspace};

/// A build that is under way; dropping it ends it.
pub struct Behind {
    build: Child,
    /// Open as long as the build is wanted: [`run`] ends when the other end is closed, however that came about.
    wanted: Option<ChildStdin>,
}

impl Behind {
    /// Starts building every part.
    ///
    /// # Errors
    /// If this program cannot be started.
    pub fn start(quality: Quality) -> Result<Self> {
        let this = std::env::current_exe().context("this program has no path")?;
        // The page that is looked at comes first.
        let mut command = match process::find("nice") {
            Some(nice) => {
                let mut command = Command::new(nice);
                command.args(["-n", "10"]).arg(this);
                command
            }
            None => Command::new(this),
        };
        command.arg("behind");
        if quality == Quality::Quick {
            command.arg("--dev");
        }
        let mut build = command
            .current_dir(workspace::root())
            .stdin(Stdio::piped())
            // A group of its own, which can be ended as a whole.
            .process_group(0)
            .spawn()
            .context("the build behind the server cannot be started")?;
        let wanted = build.stdin.take();
        Ok(Self { build, wanted })
    }

    /// How it ended; `None` if it has not.
    ///
    /// # Errors
    /// If the system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.build.try_wait()?)
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.wanted.take();
        let _ = self.build.wait();
    }
}

/// `x behind`: builds every part, until its standard input is closed.
///
/// # Errors
/// If a part cannot be built.
pub fn run(arguments: &quality::Arguments) -> Result<()> {
    thread::spawn(|| {
        // Nothing is ever sent: this ends with the server, also if that is killed.
        let _ = std::io::stdin().read(&mut [0]);
        // 0: the group of the caller, which is this program and all that it has started.
        let _ = Command::new("kill").args(["-s", "TERM", "0"]).status();
    });
    parts::build(&Part::ALL, arguments.quality())
}
