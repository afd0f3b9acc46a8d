//! Compression of columns, within Arrow IPC's own means: any Arrow reader undoes it.

use arrow_ipc::CompressionType;
use arrow_ipc::writer::IpcWriteOptions;
use arrow_schema::ArrowError;

use super::ALIGNMENT;

/// How the columns of an entry are compressed: each buffer by itself, as the Arrow IPC format has it.
///
/// Every Arrow reader reads all of these, Lance's too. A buffer that would not get shorter is left as it is.
/// Compressed columns cannot be read in place: a reader pays for them with another copy.
// F-4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all: readers share the memory of the object.
    #[default]
    None,
    /// LZ4 frames: little processor time, and moderately shorter.
    Lz4,
    /// Zstandard, at Arrow's level 3: shorter, and takes several times longer to write than LZ4.
    Zstd,
}

impl Compression {
    pub(super) fn options(self) -> IpcWriteOptions {
        let codec = match self {
            Self::None => None,
            Self::Lz4 => Some(CompressionType::LZ4_FRAME),
            Self::Zstd => Some(CompressionType::ZSTD),
        };
        write_options(codec).expect("Arrow knows this alignment, and both codecs in version V5")
    }
}

fn write_options(codec: Option<CompressionType>) -> Result<IpcWriteOptions, ArrowError> {
    IpcWriteOptions::try_new(ALIGNMENT, false, arrow_ipc::MetadataVersion::V5)?.try_with_compression(codec)
}
