package importer

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"sync/atomic"
)

// maxLineBytes bounds a line of NDJSON or of a log. An event may have 32 KB; a line of which only some columns are used may be longer.
const maxLineBytes = 1 << 20

// peekBytes is how far a file is looked at before it is read.
const peekBytes = 1 << 16

// rowError is a row that cannot be read; reading goes on behind it. What could be read of it says which group it belongs to.
type rowError struct {
	line    int64
	reason  string
	partial record
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

// source reads the rows of one file. next answers io.EOF at the end and *rowError for a row that cannot be read.
type source interface {
	columns() []string // nil when the format cannot know them
	next() (record, error)
}

// counter counts the bytes read so far, for the progress bar, which runs in another goroutine.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// open unpacks gzip, which it knows by its first bytes and not by the file's name, reads the header, and finds out how the file is written.
func (f format) open(file string, r io.Reader) (source, error) {
	buffered := bufio.NewReaderSize(r, peekBytes)
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", file, err)
		}
		buffered = bufio.NewReaderSize(unpacked, peekBytes)
	}
	buffered, err := f.asUTF8(buffered)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	buffered = withLineFeeds(buffered)
	switch f.kind {
	case "csv":
		return f.openCSV(file, buffered)
	case "w3c":
		return openW3C(f, file, buffered)
	case "ndjson":
		return f.openJSON(buffered), nil
	case "jsonapi":
		return openAPI(buffered), nil
	}
	return &lineSource{format: f, r: buffered}, nil
}
