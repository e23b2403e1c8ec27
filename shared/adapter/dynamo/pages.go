package dynamo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// maxPageBytes bounds one page as stored, well under the limit of an item.
const maxPageBytes = 350 << 10

// PutPages writes a page for each identifier, in any order. The name of a page is made of its content, so the same
// touchpoints are the same item, and writing them again changes nothing. A page too large for one item is stored as
// several. After an error some may be written.
func (t *Table) PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	writer := pageWriter{codec: t.codec}
	writes := make([]types.WriteRequest, 0, len(pages))
	for id, page := range pages {
		if err := writer.encode(page); err != nil {
			return fmt.Errorf("encode page: %w", err)
		}
		writes = writer.items(writes, partitionOf(ns, id), writer.lines)
	}
	return translate("write pages", t.bulkWrite(ctx, writes))
}

// pageWriter encodes one page after the other in the same memory.
type pageWriter struct {
	codec   codec
	buffer  bytes.Buffer
	ends    []int
	lines   []line
	content []byte
}

// line is one touchpoint as it is stored.
type line struct {
	at   event.Millis
	text []byte
}

// encode gives the lines of a page, by time and then by bytes. They are good until the next call.
func (w *pageWriter) encode(page []event.Touchpoint) error {
	w.buffer.Reset()
	encoder := json.NewEncoder(&w.buffer)
	encoder.SetEscapeHTML(false)
	w.ends, w.lines = w.ends[:0], w.lines[:0]
	for n := range page {
		if err := encoder.Encode(&page[n]); err != nil {
			return err
		}
		w.ends = append(w.ends, w.buffer.Len())
	}
	all, from := w.buffer.Bytes(), 0
	for n, end := range w.ends {
		w.lines = append(w.lines, line{page[n].Original, bytes.TrimSuffix(all[from:end], []byte("\n"))})
		from = end
	}
	slices.SortFunc(w.lines, func(a, b line) int { return cmp.Or(cmp.Compare(a.at, b.at), bytes.Compare(a.text, b.text)) })
	return nil
}

// items adds the items of sorted lines, none of none.
func (w *pageWriter) items(writes []types.WriteRequest, pk string, lines []line) []types.WriteRequest {
	if len(lines) == 0 {
		return writes
	}
	content := w.join(lines)
	sk, body := "T#"+lines[0].at.Day()+"#"+hash(content), w.codec.compress(content)
	if half := len(lines) / 2; len(body) > maxPageBytes && half > 0 {
		return w.items(w.items(writes, pk, lines[:half]), pk, lines[half:])
	}
	i := address{pk, sk}.item()
	i["b"] = binary(body)
	return append(writes, putRequest(i))
}

// join makes one JSON array of lines. It is good until the next call.
func (w *pageWriter) join(lines []line) []byte {
	out := append(w.content[:0], '[')
	for n, l := range lines {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, l.text...)
	}
	w.content = append(out, ']')
	return w.content
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}
