//! From text to rows: quotes, separators, and the line in which a row begins.

use super::MOST_COLUMNS;

/// What may stand between two cells, the likeliest first.
pub const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// A row that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line in which it begins, as an editor counts them.
    pub line: usize,
    cells: ::csv::StringRecord,
}

impl Row {
    /// What stands in a column; "" behind the last one. Without the apostrophe that keeps a spreadsheet from running it.
    pub fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map(clean).unwrap_or_default()
    }
    /// Its cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(clean)
    }
    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.cells.len()
    }
    /// Whether all of its cells are empty.
    pub fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

fn clean(cell: &str) -> &str {
    super::without_guard(cell.trim())
}

/// All rows; more than `most` are refused, and so are quotes that swallow what follows them.
pub fn read(text: &str, separator: char, most: usize) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    walk(text, separator, |row| {
        if rows.len() > most {
            return Err(
                "The file has more rows than are taken at once. Divide it into several files.".to_owned(),
            );
        }
        if row.len() > MOST_COLUMNS {
            return Err(format!(
                "Line {} of the file has {} columns. Up to {MOST_COLUMNS} are read.",
                row.line,
                row.len()
            ));
        }
        rows.push(row);
        Ok(true)
    })?;
    Ok(rows)
}

/// The first rows, and whether they could be read with this separator.
pub fn first(text: &str, separator: char, most: usize) -> (Vec<Row>, bool) {
    let mut rows = Vec::new();
    let sound = walk(text, separator, |row| {
        if row.len() > MOST_COLUMNS {
            return Err(String::new());
        }
        rows.push(row);
        Ok(rows.len() < most)
    });
    (rows, sound.is_ok())
}

/// Hands out row by row, until it is told to stop.
fn walk(
    text: &str,
    separator: char,
    mut take: impl FnMut(Row) -> Result<bool, String>,
) -> Result<(), String> {
    let separator = u8::try_from(separator).unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut count = LineCount::of(text);
    let mut cells = ::csv::StringRecord::new();
    loop {
        let more = reader
            .read_record(&mut cells)
            .map_err(|e| format!("The file is no CSV: {e}."))?;
        if !more {
            return Ok(());
        }
        let line = count.at(cells.position().map_or(0, ::csv::Position::byte));
        let begin = count.byte;
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let raw = text.as_bytes().get(begin..end).unwrap_or_default();
        if cells.iter().any(|cell| cell.contains(['\n', '\r'])) && !is_closed(raw, separator) {
            return Err(format!(
                "A quote (\u{22}) in line {line} of the file is not closed, or text follows the closing one. Mend the line and choose the file again."
            ));
        }
        // Copied cell by cell: a copy as a whole has room for the longest row so far.
        let row = Row {
            line,
            cells: cells.iter().collect(),
        };
        let directive = line == 1 && row.cells.get(0).is_some_and(|cell| cell.starts_with("sep="));
        if !row.is_empty() && !directive && !take(row)? {
            return Ok(());
        }
    }
}

/// Whether each quoted cell of a row ends where the next one begins. Only a row of several lines can swallow others.
fn is_closed(raw: &[u8], separator: u8) -> bool {
    let (mut quoted, mut begins, mut closed) = (false, true, false);
    for byte in raw.iter().copied() {
        if quoted {
            quoted = byte != b'"';
            closed = !quoted;
        } else if byte == b'"' && (closed || begins) {
            // Twice within quotes it is a quote.
            (quoted, closed, begins) = (true, false, false);
        } else if byte == separator {
            (begins, closed) = (true, false);
        } else if !matches!(byte, b'\r' | b'\n') {
            if closed && byte != b' ' {
                return false;
            }
            begins = false;
        }
    }
    !quoted
}

/// Counts the lines of a text as an editor does. The reader's own count has a row begin before the empty lines
/// that it skips, and with the second half of a line's end.
struct LineCount<'a> {
    rest: &'a [u8],
    /// How far it has come.
    byte: usize,
    line: usize,
}

impl<'a> LineCount<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
            byte: 0,
            line: 1,
        }
    }
    /// The line of the first row at or behind a byte; bytes are asked for in their order.
    fn at(&mut self, byte: u64) -> usize {
        while let [first, rest @ ..] = self.rest {
            let end = matches!(first, b'\r' | b'\n');
            if self.byte as u64 >= byte && !end {
                break;
            }
            // The two marks of one line's end count once.
            if *first == b'\n' || (end && rest.first() != Some(&b'\n')) {
                self.line += 1;
            }
            self.byte += 1;
            self.rest = rest;
        }
        self.line
    }
}
