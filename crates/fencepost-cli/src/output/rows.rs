//! Where rows go: a file, a terminal, or a pipe.

use super::{Beside, Out, is_terminal, open_file};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sink::OutputFormat;
use std::fs::File;
use std::path::Path;

/// Where rows of a format go (`None`: text for people), and the file that is yet to take its name, if there is one.
pub(crate) fn open_rows(
    path: Option<&Path>,
    format: Option<OutputFormat>,
) -> Result<(Out, Option<Beside>), Failure> {
    open_rows_with(path, format, |path| open_file(path).map_err(|error| Failure::of(Exit::Failed, &error)))
}

/// As [`open_rows`], with a way of its own to open a file.
pub(crate) fn open_rows_with(
    path: Option<&Path>,
    format: Option<OutputFormat>,
    open: impl FnOnce(&Path) -> Result<(File, Option<Beside>), Failure>,
) -> Result<(Out, Option<Beside>), Failure> {
    match path {
        Some(path) => {
            let opened = open(path);
            let (file, beside) =
                opened.map_err(|failure| failure.while_doing(format_args!("`{}`", path.display())))?;
            Ok((Out::file(file), beside))
        }
        None if is_terminal() && format.is_some_and(OutputFormat::is_binary) => Err(Failure::new(
            Exit::Usage,
            "this format is binary and not for a terminal; name a file with --output, or use a pipe",
        )),
        None if is_terminal() => Ok((Out::terminal(format == Some(OutputFormat::Ndjson)), None)),
        None => Ok((Out::stdout(), None)),
    }
}
