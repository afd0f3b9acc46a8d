//! What a check has to say about one place.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Worth a look; the step still passes.
    Warning,
    /// The step fails.
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// The short name of the rule, for searching and for filters.
    pub(crate) rule: &'static str,
    /// Relative to the workspace; absent where the finding is about no single file.
    pub(crate) path: Option<PathBuf>,
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn error(rule: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, rule, path: None, line: None, message: message.into() }
    }

    pub(crate) fn warning(rule: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(rule, message) }
    }

    pub(crate) fn at(mut self, path: impl Into<PathBuf>, line: impl Into<Option<usize>>) -> Self {
        self.path = Some(path.into());
        self.line = line.into();
        self
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]", self.rule)?;
        if let Some(path) = &self.path {
            write!(f, " {}", path.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_names_rule_and_place() {
        let finding = Finding::error("size", "too long").at("a/b.rs", 7);
        assert_eq!(finding.to_string(), "error[size] a/b.rs:7: too long");
        assert_eq!(Finding::warning("spec", "odd").to_string(), "warning[spec]: odd");
    }
}
