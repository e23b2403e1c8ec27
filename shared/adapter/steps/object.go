package steps

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"waymark/shared/domain/step"
)

const (
	pageBytes    = 16 << 10  // of a column, before compression: what a reader holds of each
	rowGroupRows = 128 << 10 // what a writer holds
	batch        = 128       // records that are converted at a time
)

// writer makes objects, one after the other.
type writer struct {
	out     bytes.Buffer
	parquet *parquet.GenericWriter[record]
	records []record
	err     error
}

func newWriter() *writer {
	w := &writer{records: make([]record, 0, batch)}
	w.parquet = parquet.NewGenericWriter[record](&w.out, parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.PageBufferSize(pageBytes), parquet.DataPageStatistics(false), // the index of pages has them already
		parquet.MaxRowsPerRowGroup(rowGroupRows), parquet.CreatedBy("waymark", "1", ""))
	return w
}

func (w *writer) begin() {
	w.out.Reset()
	w.parquet.Reset(&w.out)
	w.records, w.err = w.records[:0], nil
}

func (w *writer) add(r record) {
	w.records = append(w.records, r)
	if len(w.records) == batch {
		w.flush()
	}
}

func (w *writer) flush() {
	if w.err == nil {
		_, w.err = w.parquet.Write(w.records)
	}
	clear(w.records) // the orders are their owner's
	w.records = w.records[:0]
}

// end gives the object.
func (w *writer) end() ([]byte, error) {
	w.flush()
	if w.err == nil {
		w.err = w.parquet.Close()
	}
	if w.err != nil {
		return nil, fmt.Errorf("encode Parquet: %w", w.err)
	}
	return seal(w.out.Bytes())
}

// An object ends with its footer, the footer's length and the mark PAR1. In front of the footer stands the CRC-32 of
// all the rest, where no reader of Parquet looks: pages have checksums of their own, but headers and footer have none.
const (
	tail     = 8
	checksum = 4
)

var errDamaged = errors.New("the object is damaged")

// footerAt is where the footer of an object begins.
func footerAt(object []byte) (int, error) {
	at := len(object) - tail
	if at < 0 {
		return 0, errDamaged
	}
	length := int64(binary.LittleEndian.Uint32(object[at:]))
	if length > int64(at) {
		return 0, errDamaged
	}
	return at - int(length), nil
}

func seal(object []byte) ([]byte, error) {
	at, err := footerAt(object)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 0, len(object)+checksum)
	sealed = append(sealed, object[:at]...)
	sealed = binary.LittleEndian.AppendUint32(sealed, crc32.ChecksumIEEE(object))
	return append(sealed, object[at:]...), nil
}

// unseal checks an object.
func unseal(object []byte) error {
	at, err := footerAt(object)
	if err != nil || at < checksum {
		return errDamaged
	}
	sum := crc32.Update(crc32.ChecksumIEEE(object[:at-checksum]), crc32.IEEETable, object[at:])
	if sum != binary.LittleEndian.Uint32(object[at-checksum:]) {
		return errDamaged
	}
	return nil
}

// object is an object that is being read.
type object struct {
	key     string
	columns []reader
	chunks  []int // of the columns, their places in a row group
	groups  []parquet.RowGroup
	rows    int64 // that are left in the row group that is being read
	records []record
	buffer  []record
}

func (t *Table) open(ctx context.Context, key string, columns step.Columns) (*object, error) {
	stream, err := t.objects.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(stream)
	_ = stream.Close()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	o := &object{key: key}
	if err := o.guard(func() error { return o.begin(body, columns) }); err != nil {
		return nil, err
	}
	return o, nil
}

// guard names the object in errors. Some damages make parquet-go panic.
func (o *object) guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read %s: %w: %v", o.key, errDamaged, p)
		}
	}()
	if err := do(); err != nil {
		return fmt.Errorf("read %s: %w", o.key, err)
	}
	return nil
}

func (o *object) begin(body []byte, columns step.Columns) error {
	if err := unseal(body); err != nil {
		return err
	}
	file, err := parquet.OpenFile(bytes.NewReader(body), int64(len(body)),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	want := parquet.SchemaOf(record{})
	for _, c := range readers() {
		if !isAsked(columns, c.columnName()) {
			continue
		}
		wanted, _ := want.Lookup(c.columnName())
		found, ok := file.Schema().Lookup(c.columnName())
		if _, isNewer := c.(newer); isNewer && !ok {
			continue // what is not there is empty
		}
		if !ok || !isAlike(found.Node, wanted.Node) {
			return fmt.Errorf("column %s is not there, or is of another type", c.columnName())
		}
		o.columns, o.chunks = append(o.columns, c), append(o.chunks, found.ColumnIndex)
	}
	o.groups = file.RowGroups()
	o.buffer = make([]record, min(file.NumRows(), batch))
	return nil
}

func isAlike(a, b parquet.Node) bool {
	return a.Optional() == b.Optional() && a.Repeated() == b.Repeated() && a.Type().String() == b.Type().String()
}

// next gives the records that follow, none at the end. They are valid until the next call.
func (o *object) next() ([]record, error) {
	err := o.guard(o.read)
	return o.records, err
}

func (o *object) read() error {
	for o.rows == 0 {
		if len(o.groups) == 0 {
			o.records = nil
			return nil
		}
		chunks := o.groups[0].ColumnChunks()
		o.rows = o.groups[0].NumRows()
		o.groups = o.groups[1:]
		for i, c := range o.columns {
			c.open(chunks[o.chunks[i]], o.rows)
		}
	}
	o.records = o.buffer[:min(o.rows, int64(len(o.buffer)))]
	for _, c := range o.columns {
		if err := c.fill(o.records); err != nil {
			return err
		}
	}
	if o.rows -= int64(len(o.records)); o.rows == 0 && len(o.groups) == 0 {
		o.columns, o.groups = nil, nil // the memory is needed for other objects
	}
	return nil
}
