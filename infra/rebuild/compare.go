package rebuild

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/profile"
)

// maxExamples is how many differing identifiers, orders or windows are named.
const maxExamples = 5

// The parts that are compared, in the order of the report.
var parts = []string{"profiles", "touchpoints", "traits", "links", "order claims", "kpi windows"}

// contest is two generations on their way to two hashes of each part.
type contest struct {
	old, new map[string]hash.Hash
	parts    map[string]*Part
}

func newContest() *contest {
	c := &contest{old: map[string]hash.Hash{}, new: map[string]hash.Hash{}, parts: map[string]*Part{}}
	for _, name := range parts {
		c.old[name], c.new[name], c.parts[name] = sha256.New(), sha256.New(), &Part{Name: name}
	}
	return c
}

// take adds what both say of one thing; "" is nothing.
func (c *contest) take(part, name, old, fresh string) {
	if old == "" && fresh == "" {
		return
	}
	p := c.parts[part]
	p.Compared++
	for side, text := range map[hash.Hash]string{c.old[part]: old, c.new[part]: fresh} {
		if text != "" {
			fmt.Fprintf(side, "%s\n%s\n", name, text)
		}
	}
	if old == fresh {
		return
	}
	if p.Differing++; len(p.Examples) < maxExamples {
		p.Examples = append(p.Examples, name)
	}
}

// compare hashes both generations, part by part: all that the archive names, without what may differ between two ways to process the same
// events (versions and revisions, times of computing, how touchpoints lie on pages, where facts lie).
func (w *work) compare(ctx context.Context) error {
	keys, err := w.objects(ctx)
	if err != nil {
		return err
	}
	c := newContest()
	if err := w.passes(ctx, "compare", keys, names(), func(p *pile) error { return w.comparePile(ctx, c, p) }); err != nil {
		return err
	}
	next, _ := w.workspace.Next()
	err = w.walk(ctx, w.workspace, next, func(old, fresh kpi.Window) error {
		name := fmt.Sprintf("%s %s", old.Grain, old.Key)
		if old.Revision == 0 {
			name = fmt.Sprintf("%s %s", fresh.Grain, fresh.Key)
		}
		c.take("kpi windows", name, windowText(old), windowText(fresh))
		return nil
	})
	if err != nil {
		return err
	}
	w.report.conclude(c)
	return nil
}

func windowText(w kpi.Window) string {
	if w.Revision == 0 {
		return ""
	}
	return w.Sum()
}

// comparePile compares identifiers and orders in the order of their places, which is the same however many passes there are.
func (w *work) comparePile(ctx context.Context, c *contest, p *pile) error {
	ids := slices.SortedFunc(maps.Keys(p.named), func(a, b event.Identifier) int { return cmp.Compare(place(a), place(b)) })
	done := 0
	for group := range slices.Chunk(ids, atOnce) {
		old, fresh, err := w.both(ctx, group)
		if err != nil {
			return err
		}
		for n, id := range group {
			for part, text := range old[n] {
				c.take(parts[part], string(id), text, fresh[n][part])
			}
		}
		done += len(group)
		w.tell(Progress{Phase: "compare", Done: done, Total: len(ids), Unit: "identifiers"})
	}
	orders := slices.SortedFunc(maps.Keys(p.orders), func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	next, _ := w.workspace.Next()
	for group := range slices.Chunk(orders, atOnce) {
		old, _, err := w.Table.Claims(ctx, w.workspace.Space(), group)
		if err != nil {
			return fmt.Errorf("read claims: %w", err)
		}
		fresh, _, err := w.Table.Claims(ctx, next.Space(), group)
		if err != nil {
			return fmt.Errorf("read claims: %w", err)
		}
		for _, key := range group {
			c.take("order claims", key, claimsText(old[key]), claimsText(fresh[key]))
		}
	}
	return nil
}

// texts is what one identifier holds of each part, in the order of parts up to links.
type texts [4]string

// both reads the identifiers in both generations at the same time.
func (w *work) both(ctx context.Context, ids []event.Identifier) (old, fresh []texts, err error) {
	next, _ := w.workspace.Next()
	var found [2][]texts
	spaces := []string{w.workspace.Space(), next.Space()}
	err = each(ctx, len(spaces), []int{0, 1}, func(ctx context.Context, side int) error {
		partitions, err := w.Table.Partitions(ctx, spaces[side], ids)
		if err != nil {
			return err
		}
		for _, p := range partitions {
			found[side] = append(found[side], textsOf(p))
		}
		return nil
	})
	return found[0], found[1], err
}

func textsOf(p profile.Partition) texts {
	var out texts
	if p.Aggregate.Version > 0 {
		p.Aggregate.Version = 0
		out[0] = string(p.Aggregate.Bytes())
	}
	touchpoints := sha256.New()
	distinct := event.Distinct(p.Touchpoints)
	for _, t := range distinct {
		touchpoints.Write(t.Bytes())
	}
	if len(distinct) > 0 {
		out[1] = hex.EncodeToString(touchpoints.Sum(nil))
	}
	if len(p.Traits) > 0 {
		out[2] = canonical(p.Traits)
	}
	links := slices.Concat(p.Node.Parents, p.Node.Children)
	slices.SortFunc(links, func(a, b identity.Link) int { return compareEnds(ends{a.Child, a.Parent}, ends{b.Child, b.Parent}) })
	if len(links) > 0 {
		out[3] = canonical(links)
	}
	return out
}

func claimsText(c profile.Claims) string {
	if len(c) == 0 {
		return ""
	}
	return canonical(c)
}

// canonical is a value as JSON, with the keys of maps sorted.
func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("rebuild: everything compared was decoded before: " + err.Error())
	}
	return string(text)
}
