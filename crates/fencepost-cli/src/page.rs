//! Pages that need no network: one HTML file with its style, its script and its data in it.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;

/// What a page is made of, besides its data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    html: &'static str,
    script: &'static str,
}

/// One log, position by position.
pub(crate) const LOG: Page = Page {
    html: include_str!("page/log/page.html"),
    script: concat!(
        include_str!("page/shared.js"),
        include_str!("page/log/data.js"),
        include_str!("page/log/draw.js"),
        include_str!("page/log/move.js"),
        include_str!("page/log/tell.js"),
    ),
};

/// Many shards: where each stands, and which need attention.
pub(crate) const FLEET: Page = Page {
    html: include_str!("page/fleet/page.html"),
    script: concat!(include_str!("page/shared.js"), include_str!("page/fleet/fleet.js")),
};

const STYLE: &str = include_str!("page/page.css");

impl Page {
    /// Writes the page with these data to `path`; what was there before stays if that fails. Returns whether it
    /// is a file, not a pipe, a device or stdout.
    pub(crate) fn write(self, path: &Path, data: &Value) -> Result<bool, Failure> {
        let text = self.text(data);
        let written = output::open_file(path).and_then(|(mut file, beside)| {
            file.write_all(text.as_bytes())?;
            let is_file = beside.is_some();
            beside.map_or(Ok(()), output::Beside::take_name).map(|()| is_file)
        });
        written
            .map_err(|error| Failure::of(Exit::Failed, &error).while_doing(format!("`{}`", path.display())))
    }

    fn text(self, data: &Value) -> String {
        // `<` occurs in JSON within strings only, where an escape means the same: no text of a log can end the
        // element that it stands in.
        let data = data.to_string().replace('<', "\\u003c");
        let page = self.html.replace("/*STYLE*/", STYLE).replace("/*SCRIPT*/", self.script);
        page.replace("/*DATA*/", &data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_of_a_log_ends_the_element_that_it_stands_in() {
        let hostile = "s3://b/</script><script>alert(1)</script><!--";
        for page in [LOG, FLEET] {
            let text = page.text(&json!({ "location": hostile }));
            assert_eq!(text.matches("</script>").count(), 2);
            let data = text.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
            let read: Value = serde_json::from_str(data).unwrap();
            assert_eq!(read["location"], hostile);
        }
    }

    #[test]
    fn pages_are_whole_and_ask_nobody() {
        for page in [LOG, FLEET] {
            let text = page.text(&json!({}));
            for hole in
                ["/*STYLE*/", "/*SCRIPT*/", "/*DATA*/", "http://", "https://", "src=", "@import", "innerHTML"]
            {
                assert!(!text.contains(hole), "{hole}");
            }
        }
    }
}
