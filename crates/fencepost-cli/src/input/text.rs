//! Text to batches: the first rows decide the schema, and rows that are there are handed over in time.

use super::InputOptions;
use super::fault::Fault;
use super::feed::{Feed, Flow};
use super::stop::Stop;
use arrow::array::RecordBatch;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A text format of rows.
pub(super) trait Format {
    type Record;

    /// Whether the bytes are text, in UTF-8, and may begin with its mark.
    const IS_TEXT: bool = true;

    /// Takes bytes up to the end of a record: how many, and the record if it is whole.
    fn split(&mut self, bytes: &[u8]) -> Result<(usize, Option<Self::Record>), Fault>;
    /// What is left at the end of the input.
    fn end(&mut self) -> Result<Option<Self::Record>, Fault>;
    /// Bytes of a record in memory, where many of them are held.
    fn size(&self, record: &Self::Record) -> usize;
    /// Decides the schema by the first records, and says what the user should know about it.
    fn infer(&mut self, sample: &[Self::Record]) -> Result<Vec<String>, Fault>;
    /// Adds a row, and says how many bytes it takes in a batch, about. One that is refused may have been
    /// added in part: [`take`](Self::take) leaves it out.
    fn push(&mut self, record: &Self::Record) -> Result<usize, Fault>;
    /// The first rows of those that were added since the last time.
    fn take(&mut self, rows: usize) -> RecordBatch;
}

/// The rows of a text.
pub(super) struct Text<F: Format> {
    feed: Feed,
    format: F,
    bytes: Vec<u8>,
    at: usize,
    /// Whether what may stand before a text was passed.
    begun: bool,
    ended: bool,
    /// Read to decide the schema, and not a row yet.
    sample: VecDeque<F::Record>,
    /// Built before anything else is, to be handed out first.
    ready: VecDeque<RecordBatch>,
    fault: Option<Fault>,
    /// A fault behind the sample.
    later: Option<Fault>,
    /// Of `to_skip`, what is still to be passed over.
    skip: u64,
    to_skip: u64,
    rows_max: usize,
    bytes_max: usize,
    stop: Stop,
    /// How long rows may wait for others. Rows of a file never do.
    interval: Option<Duration>,
    /// When the first rows, which are in the sample, have waited long enough.
    until: Option<Instant>,
}

enum Next<R> {
    Record(R),
    Late,
    End,
}

impl<F: Format> Text<F> {
    /// Reads the first rows and decides the schema.
    ///
    /// A file with a fault among them is refused as a whole. Of a stream, which cannot be read again, the
    /// rows before the fault are handed out first.
    pub(super) fn open(feed: Feed, format: F, options: &InputOptions) -> Result<Self, Fault> {
        let interval = feed.is_stream().then_some(options.flush_interval);
        let mut text = Self {
            feed,
            format,
            bytes: Vec::new(),
            at: 0,
            begun: !F::IS_TEXT,
            ended: false,
            sample: VecDeque::new(),
            ready: VecDeque::new(),
            fault: None,
            later: None,
            skip: options.skip,
            to_skip: options.skip,
            rows_max: options.batch_rows.max(1),
            bytes_max: options.batch_bytes.max(1),
            stop: options.stop.clone(),
            interval,
            until: None,
        };
        let mut sample = text.read_sample(options.infer_rows.max(1));
        if let (true, Some(fault)) = (sample.is_empty() || interval.is_none(), &text.later) {
            return Err(fault.clone());
        }
        for note in text.format.infer(sample.make_contiguous())? {
            crate::output::note_line(format_args!("note: {note}"));
        }
        text.sample = sample;
        let mut held = 0;
        while interval.is_none() && !text.sample.is_empty() {
            // A few rows may be much more than they are as text.
            if held > (READY_BATCHES_MAX.saturating_mul(text.bytes_max)) as u64 {
                text.check_sample()?;
                break;
            }
            let batch = text.assemble();
            held += batch.as_ref().map_or(0, crate::weight::held);
            // A fault behind the sample comes once the rows before it are in the log.
            match &text.fault {
                Some(fault) if !text.sample.is_empty() || batch.is_none() => return Err(fault.clone()),
                _ => text.ready.extend(batch),
            }
        }
        Ok(text)
    }

    /// Makes sure that the rest of the sample can be built, and builds nothing that stays.
    fn check_sample(&mut self) -> Result<(), Fault> {
        let (mut rows, mut bytes) = (0, 0);
        for record in &self.sample {
            bytes += self.format.push(record)?;
            rows += 1;
            if bytes >= self.bytes_max {
                self.format.take(rows);
                (rows, bytes) = (0, 0);
            }
        }
        self.format.take(rows);
        Ok(())
    }

    fn read_sample(&mut self, rows_max: usize) -> VecDeque<F::Record> {
        let (mut sample, mut bytes, mut until) = (VecDeque::new(), 0, None);
        while sample.len() < rows_max && bytes < SAMPLE_BYTES_MAX && !is_past(until) {
            match self.read_record(until) {
                Ok(Next::Record(record)) => {
                    until = until.or_else(|| self.due());
                    bytes += self.format.size(&record);
                    sample.push_back(record);
                }
                Ok(Next::Late | Next::End) => break,
                Err(fault) => {
                    self.later = Some(fault);
                    break;
                }
            }
        }
        self.until = until;
        sample
    }

    /// When rows that begin to wait now have waited long enough.
    fn due(&self) -> Option<Instant> {
        self.interval.and_then(|interval| Instant::now().checked_add(interval))
    }

    /// The next batch: as many rows as fit, or as are there when the first of them has waited long enough.
    fn assemble(&mut self) -> Option<RecordBatch> {
        // The first rows have waited since the sample began.
        let (mut rows, mut bytes, mut until) = (0, 0, self.until.take());
        while self.fault.is_none()
            && rows < self.rows_max
            && bytes < self.bytes_max
            && (!self.sample.is_empty() || !is_past(until))
        {
            let record = match self.sample.front() {
                Some(_) => None,
                None => match self.read_record(until) {
                    Ok(Next::Record(record)) => Some(record),
                    Ok(Next::Late | Next::End) => break,
                    Err(fault) => {
                        self.fault = Some(fault);
                        break;
                    }
                },
            };
            let record =
                record.as_ref().or_else(|| self.sample.front()).expect("read above, or of the sample");
            if self.skip > 0 {
                self.skip -= 1;
                until = None;
            } else {
                match self.format.push(record) {
                    Ok(used) => bytes += used,
                    Err(fault) => {
                        // It stays in the sample: that tells that the fault is there.
                        self.fault = Some(fault);
                        break;
                    }
                }
                rows += 1;
                until = until.or_else(|| self.due());
            }
            self.sample.pop_front();
        }
        (rows > 0).then(|| self.format.take(rows))
    }

    fn read_record(&mut self, until: Option<Instant>) -> Result<Next<F::Record>, Fault> {
        // Whoever found it cannot go on.
        if let Some(fault) = self.later.take() {
            return Err(fault);
        }
        loop {
            while self.at < self.bytes.len() {
                let (used, record) = self.format.split(&self.bytes[self.at..])?;
                self.at += used;
                if let Some(record) = record {
                    return Ok(Next::Record(record));
                }
            }
            if self.ended {
                return Ok(Next::End);
            }
            match self.feed.next(until)? {
                Flow::Bytes(bytes) => self.accept(bytes)?,
                Flow::Late => return Ok(Next::Late),
                // Shorter than a mark: it is none, and comes again as text.
                Flow::End if !self.begun => (self.begun, self.at) = (true, 0),
                Flow::End => {
                    self.ended = true;
                    if let Some(record) = self.format.end()? {
                        return Ok(Next::Record(record));
                    }
                }
                // Half a row is none.
                Flow::Stopped => self.ended = true,
            }
        }
    }

    /// Passes over the byte order mark of UTF-8, and knows those of other encodings.
    fn accept(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        if self.begun {
            (self.bytes, self.at) = (bytes, 0);
            return Ok(());
        }
        self.bytes.extend(bytes);
        if [&[0xff, 0xfe][..], &[0xfe, 0xff], &[0, 0, 0xfe, 0xff]]
            .iter()
            .any(|mark| self.bytes.starts_with(mark))
        {
            return Err(Fault::new("the text is in UTF-16 or UTF-32")
                .with_advice("Convert it to UTF-8, for example with iconv."));
        }
        let mark = UTF8_MARK.iter().zip(&self.bytes).take_while(|(mark, byte)| mark == byte).count();
        self.at = if mark == UTF8_MARK.len() { mark } else { 0 };
        self.begun = mark == UTF8_MARK.len() || mark < self.bytes.len();
        if !self.begun {
            // The rest of the mark is still to come, and nothing is split until then.
            self.at = self.bytes.len();
        }
        Ok(())
    }
}

impl<F: Format> Iterator for Text<F> {
    type Item = Result<RecordBatch, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        // A file can be read again, so nothing of it need be handed over in a hurry.
        if self.interval.is_none() && self.stop.is_asked() {
            return None;
        }
        loop {
            if let Some(batch) = self.ready.pop_front().or_else(|| self.assemble()) {
                return Some(Ok(batch));
            }
            if let Some(fault) = self.fault.take() {
                self.ended = true;
                self.sample.clear();
                (self.bytes, self.at) = (Vec::new(), 0);
                return Some(Err(fault));
            }
            if self.ended && self.sample.is_empty() && self.at >= self.bytes.len() {
                let missing = std::mem::take(&mut self.skip);
                // Whoever was stopped has not seen the end.
                let too_few = missing > 0 && !self.stop.is_asked();
                return too_few.then(|| Err(Fault::too_few(self.to_skip - missing, self.to_skip)));
            }
        }
    }
}

fn is_past(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() >= until)
}

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// How much of an input is held in memory to decide its schema.
const SAMPLE_BYTES_MAX: usize = 64 << 20;
/// How much of it is held as batches, in batches as large as they are meant to be. More is built twice.
const READY_BATCHES_MAX: usize = 16;
