package dynamo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
)

// Where a page stands says where the copies of an event can be, so that they are found without walking over a busy day or a long history
// (docs/adr/0018-large-histories.md). The rules are:
//
//   - an event without a timestamp is a page of its own, under the hash of its source and id: all copies of it stand together, whenever they came;
//   - a page whose touchpoints lie within narrowSpan stands among the narrow ones: a copy of an event is on one that begins at most that much
//     before it;
//   - every other page is wide: a copy of an event is on one that begins on the same UTC day.
//
// All of them sort between "T#" and "T$", in this order.
const (
	untimedPrefix = "T#!"
	widePrefix    = "T#"
	narrowPrefix  = "T#~"
)

const (
	narrowSpan = event.Millis(60_000)         // what a browser sends at once lies within seconds
	dayMillis  = event.Millis(24 * 3_600_000) //
	// A query costs a read unit and a round trip even where it finds nothing, so ranges with a smaller gap between them are read by one.
	narrowGap = event.Millis(3_600_000)
)

// spansAtOnce bounds how many ranges of pages are read at a time.
const spansAtOnce = 8

// maxPageBytes bounds one page as stored, well under the limit of an item.
const maxPageBytes = 350 << 10

// sortableMillis writes an instant of the years 1970 to 2099 so that text sorts as time does.
const sortableMillis = "2006-01-02T15:04:05.000Z"

// spansOf gives the ranges of pages on which copies of these touchpoints can be.
func spansOf(pk string, copies []event.Touchpoint) []span {
	var spans []span
	var timed []event.Millis
	untimed := map[string]bool{}
	for _, t := range copies {
		if !t.Untimed {
			timed = append(timed, t.Original)
			continue
		}
		if prefix := untimedKey(t); !untimed[prefix] {
			untimed[prefix] = true
			spans = append(spans, span{pk: pk, from: prefix, to: prefix + "~"})
		}
	}
	slices.Sort(timed)
	for _, r := range reaches(timed, dayMillis, func(at event.Millis) event.Millis { return at - at%dayMillis }) {
		spans = append(spans, span{pk: pk, from: widePrefix + r.from.Day(), to: widePrefix + textOf(r.to) + "~"})
	}
	for _, r := range reaches(timed, narrowGap, func(at event.Millis) event.Millis { return at - narrowSpan }) {
		spans = append(spans, span{pk: pk, from: narrowPrefix + textOf(r.from), to: narrowPrefix + textOf(r.to) + "~"})
	}
	return spans
}

// reach is a range of times at which pages may begin, both ends in it.
type reach struct{ from, to event.Millis }

// reaches joins the ranges from back(at) to at, of sorted times, that lie no more than gap apart.
func reaches(times []event.Millis, gap event.Millis, back func(event.Millis) event.Millis) []reach {
	var out []reach
	for _, at := range times {
		from := back(at)
		if n := len(out); n > 0 && from <= out[n-1].to+gap {
			out[n-1].to = at
			continue
		}
		out = append(out, reach{from, at})
	}
	return out
}

// textOf sorts as time does.
func textOf(at event.Millis) string { return at.Time().Format(sortableMillis) }

// untimedKey is where all copies of an untimed event stand.
func untimedKey(t event.Touchpoint) string {
	return untimedPrefix + hash(fmt.Appendf(nil, "%d#%s%s", len(t.Source), t.Source, t.ID)) + "#"
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// PutPage stores touchpoints of one identifier, all of one UTC day of original time. The same touchpoints are the same items, so that storing
// them again changes nothing. A page too large for one item is stored as several, and untimed touchpoints each for itself.
func (t *Table) PutPage(ctx context.Context, workspace string, id event.Identifier, page []event.Touchpoint) error {
	if len(page) == 0 {
		return nil
	}
	sorted := slices.Clone(page)
	slices.SortFunc(sorted, byTimeThenBytes)
	if first, last := sorted[0].Original.Day(), sorted[len(sorted)-1].Original.Day(); first != last {
		return fmt.Errorf("write page: its touchpoints are of %s to %s, a page is of one day", first, last)
	}
	items, err := t.dayItems(partitionOf(workspace, id), sorted)
	if err != nil {
		return err
	}
	return translate("write page", t.putItems(ctx, items))
}

// dayItems makes the items of sorted touchpoints of one day.
func (t *Table) dayItems(pk string, sorted []event.Touchpoint) ([]item, error) {
	var timed []event.Touchpoint
	var items []item
	for _, one := range sorted {
		if !one.Untimed {
			timed = append(timed, one)
			continue
		}
		alone, err := t.pageItems(pk, untimedKey(one), []event.Touchpoint{one})
		if err != nil {
			return nil, err
		}
		items = append(items, alone...)
	}
	if len(timed) == 0 {
		return items, nil
	}
	together, err := t.pageItems(pk, "", timed)
	return append(items, together...), err
}

// pageItems makes the items of sorted touchpoints, more than one where they are too large for one. Without a prefix it is their time that
// says where they stand.
func (t *Table) pageItems(pk, prefix string, sorted []event.Touchpoint) ([]item, error) {
	content, err := plain(sorted)
	if err != nil {
		return nil, fmt.Errorf("encode page: %w", err)
	}
	body := t.codec.compress(content)
	if half := len(sorted) / 2; len(body) > maxPageBytes && half > 0 {
		first, err := t.pageItems(pk, prefix, sorted[:half])
		if err != nil {
			return nil, err
		}
		second, err := t.pageItems(pk, prefix, sorted[half:])
		return append(first, second...), err
	}
	if prefix == "" {
		prefix = prefixOf(sorted)
	}
	i := address{pk, prefix + textOf(sorted[0].Original) + "#" + hash(content)}.item()
	i["b"] = binary(body)
	return []item{i}, nil
}

// prefixOf is that of narrow or of wide pages.
func prefixOf(sorted []event.Touchpoint) string {
	if sorted[len(sorted)-1].Original-sorted[0].Original <= narrowSpan {
		return narrowPrefix
	}
	return widePrefix
}

// putItems writes items without a condition; several at once where there are several.
func (t *Table) putItems(ctx context.Context, items []item) error {
	if len(items) == 1 {
		return t.put(ctx, items[0], condition{})
	}
	seen := map[string]bool{}
	var writes []types.WriteRequest
	for _, i := range items {
		if sk := i.text("SK"); !seen[sk] { // a batch call takes no item twice
			seen[sk] = true
			writes = append(writes, putRequest(i))
		}
	}
	return t.batchWrite(ctx, writes)
}

// byTimeThenBytes writes the bytes of touchpoints only where their times do not tell.
func byTimeThenBytes(a, b event.Touchpoint) int {
	if c := cmp.Compare(a.Original, b.Original); c != 0 {
		return c
	}
	return bytes.Compare(a.Bytes(), b.Bytes())
}
