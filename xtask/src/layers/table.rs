//! Who may depend on whom. A new edge is a design decision, and it is made here.

/// One crate of the workspace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    pub(super) name: &'static str,
    /// Our crates that it may depend on.
    pub(super) ours: Ours,
    /// Further crates of ours that its tests may use.
    pub(super) dev: &'static [&'static str],
    /// Crates that must not be among all that it pulls in; a star at the end stands for any ending.
    pub(super) never: &'static [&'static str],
    /// It takes the names and headers of the format, not arrow.
    pub(super) without_codec: bool,
    /// It is of no use outside this workspace.
    pub(super) private: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ours {
    Any,
    Only(&'static [&'static str]),
}

const fn layer(name: &'static str, ours: &'static [&'static str]) -> Layer {
    Layer { name, ours: Ours::Only(ours), dev: &[], never: &[], without_codec: false, private: false }
}

const FORMAT: &str = "fencepost-format";
const STORE: &str = "fencepost-store";
const FENCE: &str = "fencepost-fence";
const GC: &str = "fencepost-gc";
const DOCTOR: &str = "fencepost-doctor";
const FACADE: &str = "fencepost";

pub(super) const LAYERS: &[Layer] = &[
    Layer { never: NO_IO, ..layer(FORMAT, &[]) },
    Layer { never: NO_ARROW, dev: &["fencepost-simstore"], ..layer(STORE, &[]) },
    Layer { never: NOTHING_BUT_DECISIONS, without_codec: true, ..layer(FENCE, &[FORMAT]) },
    Layer { never: NOTHING_BUT_DECISIONS, without_codec: true, ..layer(GC, &[FORMAT, FENCE]) },
    Layer { never: NO_ARROW, dev: &["fencepost-simstore"], ..layer(DOCTOR, &[STORE]) },
    layer(FACADE, &[FORMAT, FENCE, STORE, GC, DOCTOR]),
    layer("fencepost-cli", &[FACADE]),
    Layer { never: NO_ARROW, ..layer("fencepost-simstore", &[]) },
    Layer { ours: Ours::Any, private: true, ..layer("fencepost-sim", &[]) },
    Layer { ours: Ours::Any, private: true, ..layer("fencepost-sim-facade", &[]) },
    Layer { ours: Ours::Any, private: true, ..layer("fencepost-torture", &[]) },
    Layer { ours: Ours::Any, private: true, ..layer("fencepost-bench", &[]) },
    Layer { private: true, ..layer("xtask", &[]) },
];

/// No network, no runtime, no randomness. (Arrow brings `chrono` along, so clocks are left to clippy.)
const NO_IO: &[&str] = &["async-trait", "futures", "object_store", "rand", "reqwest", "tokio"];

/// A store moves bytes and knows neither rows nor logs.
const NO_ARROW: &[&str] = &["arrow", "arrow-*", "parquet", "prost"];

/// No IO, no clock, no randomness, no async, no rows.
const NOTHING_BUT_DECISIONS: &[&str] = &[
    "arrow",
    "arrow-*",
    "async-trait",
    "chrono",
    "fastrand",
    "futures",
    "futures-*",
    "getrandom",
    "object_store",
    "rand",
    "rand_*",
    "reqwest",
    "time",
    "tokio",
    "tokio-*",
];
