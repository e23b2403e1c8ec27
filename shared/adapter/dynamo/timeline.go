package dynamo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// maxPageBytes bounds one page as stored, well under the limit of an item.
const maxPageBytes = 350 << 10

// sortableMillis writes an instant of the years 1970 to 2099 so that text sorts as time does.
const sortableMillis = "2006-01-02T15:04:05.000Z"

// Load reads the aggregate of an identifier and then, never before, the pages of the UTC days given. (Read the other way round, a page that
// another writer adds in between would be missing here and contained there.) An identifier that is not stored has the zero aggregate.
func (t *Table) Load(ctx context.Context, workspace string, id event.Identifier, days []string) (profile.Aggregate, []event.Touchpoint, error) {
	a, err := t.aggregate(ctx, workspace, id)
	if err != nil {
		return a, nil, err
	}
	var touchpoints []event.Touchpoint
	for _, run := range runs(days) {
		touchpoints, err = t.pages(ctx, span{pk: partitionOf(workspace, id), from: "T#" + run.first, to: "T#" + run.last + "~"}, touchpoints)
		if err != nil {
			return a, nil, err
		}
	}
	return a, touchpoints, nil
}

// Timeline reads the aggregate and then every page.
func (t *Table) Timeline(ctx context.Context, workspace string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error) {
	a, err := t.aggregate(ctx, workspace, id)
	if err != nil {
		return a, nil, err
	}
	touchpoints, err := t.pages(ctx, span{pk: partitionOf(workspace, id), from: "T#", to: "T$"}, nil)
	return a, touchpoints, err
}

func (t *Table) aggregate(ctx context.Context, workspace string, id event.Identifier) (profile.Aggregate, error) {
	var a profile.Aggregate
	i, err := t.get(ctx, address{partitionOf(workspace, id), "P"})
	if err != nil || i == nil {
		return a, translate("read profile", err)
	}
	return t.aggregateIn(i)
}

func (t *Table) aggregateIn(i item) (profile.Aggregate, error) {
	var a profile.Aggregate
	err := t.unpack(i, &a)
	a.Version = i.number("v")
	return a, err
}

func (t *Table) pages(ctx context.Context, s span, touchpoints []event.Touchpoint) ([]event.Touchpoint, error) {
	for i, err := range t.query(ctx, s) {
		if err != nil {
			return nil, translate("read timeline", err)
		}
		var page []event.Touchpoint
		if err := t.unpack(i, &page); err != nil {
			return nil, err
		}
		touchpoints = append(touchpoints, page...)
	}
	return touchpoints, nil
}

// run is a run of days without a gap.
type run struct{ first, last string }

// runs joins neighbouring days, so that one query reads them.
func runs(days []string) []run {
	sorted := slices.Compact(slices.Sorted(slices.Values(days)))
	var out []run
	for _, day := range sorted {
		if n := len(out); n > 0 && dayAfter(out[n-1].last) == day {
			out[n-1].last = day
			continue
		}
		out = append(out, run{day, day})
	}
	return out
}

func dayAfter(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

// PutPage stores touchpoints of one identifier, all of one UTC day of original time. The same touchpoints are the same item, so that storing
// them again changes nothing. A page too large for one item is stored as several.
func (t *Table) PutPage(ctx context.Context, workspace string, id event.Identifier, page []event.Touchpoint) error {
	if len(page) == 0 {
		return nil
	}
	sorted := slices.Clone(page)
	slices.SortFunc(sorted, byTimeThenBytes)
	if first, last := sorted[0].Original.Day(), sorted[len(sorted)-1].Original.Day(); first != last {
		return fmt.Errorf("write page: its touchpoints are of %s to %s, a page is of one day", first, last)
	}
	items, err := t.pageItems(partitionOf(workspace, id), sorted)
	if err != nil {
		return err
	}
	for _, i := range items {
		if err := t.put(ctx, i, condition{}); err != nil {
			return translate("write page", err)
		}
	}
	return nil
}

// pageItems gives the items of a page: one, or several where it is too large for one.
func (t *Table) pageItems(pk string, sorted []event.Touchpoint) ([]item, error) {
	content, err := plain(sorted)
	if err != nil {
		return nil, fmt.Errorf("encode page: %w", err)
	}
	body := t.codec.compress(content)
	if half := len(sorted) / 2; len(body) > maxPageBytes && half > 0 {
		first, err := t.pageItems(pk, sorted[:half])
		if err != nil {
			return nil, err
		}
		second, err := t.pageItems(pk, sorted[half:])
		return append(first, second...), err
	}
	sum := sha256.Sum256(content)
	i := address{pk, "T#" + sorted[0].Original.Time().Format(sortableMillis) + "#" + hex.EncodeToString(sum[:8])}.item()
	i["b"] = binary(body)
	return []item{i}, nil
}

// Commit writes the aggregate if the stored one is the version before it, or absent for version 1; else fault.Conflict.
func (t *Table) Commit(ctx context.Context, workspace string, id event.Identifier, a profile.Aggregate) error {
	i, err := t.packed(address{partitionOf(workspace, id), "P"}, a)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	i["v"] = number(a.Version)
	return translate("write profile", t.put(ctx, i, after(a.Version)))
}

// byTimeThenBytes writes the bytes of touchpoints only where their times do not tell.
func byTimeThenBytes(a, b event.Touchpoint) int {
	if c := cmp.Compare(a.Original, b.Original); c != 0 {
		return c
	}
	return bytes.Compare(a.Bytes(), b.Bytes())
}
