package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"waymark/shared/domain/event"
)

// window bounds what a reader of an object needs; compaction reads many at a time.
const window = 1 << 20

func newEncoder(out io.Writer) *zstd.Encoder {
	encoder, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	if err != nil {
		panic("archive: the options of the encoder are constant: " + err.Error())
	}
	return encoder
}

// lines compresses whole texts. It is safe for concurrent use.
type lines struct{ encoder *zstd.Encoder }

func newLines() lines { return lines{newEncoder(nil)} }

func (l lines) pack(text []byte) []byte { return l.encoder.EncodeAll(text, nil) }

// unpacked is an object that is being decompressed. One that was cut off ends with an error, never early: zstd knows its
// end and checksum.
type unpacked struct {
	*zstd.Decoder
	object io.Closer
}

func unpack(ctx context.Context, objects Objects, key string) (unpacked, error) {
	object, err := objects.Open(ctx, key)
	if err != nil {
		return unpacked{}, err
	}
	text, err := zstd.NewReader(object, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		_ = object.Close()
		return unpacked{}, fmt.Errorf("begin to decompress %s: %w", key, err)
	}
	return unpacked{text, object}, nil
}

func (u unpacked) close() {
	u.Decoder.Close()
	_ = u.object.Close() // nothing was written
}

// read yields the values of an object of compressed JSON.
func read[T any](ctx context.Context, objects Objects, key string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		text, err := unpack(ctx, objects, key)
		if err != nil {
			yield(none, err)
			return
		}
		defer text.close()
		decoder := json.NewDecoder(text)
		for {
			var value T
			switch err := decoder.Decode(&value); {
			case err == io.EOF:
				return
			case err != nil:
				yield(none, fmt.Errorf("read %s: %w", key, err))
				return
			case !yield(value, nil):
				return
			}
		}
	}
}

// readLines yields the lines of an object, each with its end.
func readLines(ctx context.Context, objects Objects, key string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		text, err := unpack(ctx, objects, key)
		if err != nil {
			yield(nil, err)
			return
		}
		defer text.close()
		for lines := bufio.NewReaderSize(text, 16<<10); ; {
			line, err := lines.ReadBytes('\n')
			if err == io.EOF && len(line) == 0 {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("read %s: %w", key, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// line is one record as text, with what it is sorted by.
type line struct {
	hash     byte
	kept     event.Identifier
	received event.Millis
	text     []byte
}

func hashOf(kept event.Identifier) byte {
	sum := sha256.Sum256([]byte(kept))
	return sum[0]
}

// compareLines orders the records of an object: doubles follow each other.
func compareLines(a, b line) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(string(a.kept), string(b.kept)),
		cmp.Compare(a.received, b.received), bytes.Compare(a.text, b.text))
}

// isDouble says whether both are one delivery that was archived twice: the record names its request and its place
// there.
func (l line) isDouble(of line) bool { return bytes.Equal(l.text, of.text) }

// dayLines are the lines of one UTC day of receipt, sorted.
type dayLines struct {
	day   string
	lines []line
}

func sortedLines(events []event.Record) ([]dayLines, error) {
	byDay := map[string][]line{}
	for _, r := range events {
		if len(r.Identifiers) == 0 {
			return nil, fmt.Errorf("event %s is kept under no identifier", r.Touchpoint.ID)
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text) // ends each value with the line
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(r); err != nil {
			return nil, err
		}
		day := r.Touchpoint.Received.Day()
		byDay[day] = append(byDay[day], line{hashOf(r.PrimaryID()), r.PrimaryID(), r.Touchpoint.Received, text.Bytes()})
	}
	var days []dayLines
	for day, all := range byDay {
		slices.SortFunc(all, compareLines)
		days = append(days, dayLines{day, slices.CompactFunc(all, line.isDouble)})
	}
	slices.SortFunc(days, func(a, b dayLines) int { return strings.Compare(a.day, b.day) })
	return days, nil
}

func (d dayLines) text() []byte {
	var all bytes.Buffer
	for _, l := range d.lines {
		all.Write(l.text)
	}
	return all.Bytes()
}
