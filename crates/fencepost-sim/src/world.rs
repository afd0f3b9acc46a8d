//! What models and simulator share: the store, the parties that drive the production machines, and the oracle
//! that judges them.

mod cursor;
pub mod oracle;
pub mod reader;
pub mod store;
pub mod writer;

pub use oracle::{Append, Broken, Oracle};
pub use reader::{Begin, Reader};
pub use store::Store;
pub use writer::Writer;
