package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// maxExamples is how many differing identifiers, orders or windows are named.
const maxExamples = 5

// The parts that are compared, in the order of the report.
const (
	profiles = iota
	touchpoints
	traits
	links
	orderClaims
	kpiWindows
)

var partNames = [...]string{"profiles", "touchpoints", "traits", "links", "order claims", "kpi windows"}

// texts is what one generation says of a name, by part; "" is nothing.
type texts [len(partNames)]string

// comparison is two generations on their way to two hashes of each part.
type comparison struct {
	hashes [len(partNames)][2]hash.Hash
	parts  [len(partNames)]Part
}

func newComparison() *comparison {
	c := &comparison{}
	for i, name := range partNames {
		c.hashes[i], c.parts[i].Name = [2]hash.Hash{sha256.New(), sha256.New()}, name
	}
	return c
}

// take adds what the old and the new generation say of one thing.
func (c *comparison) take(name string, old, fresh texts) {
	for i := range c.parts {
		part := &c.parts[i]
		for side, text := range [2]string{old[i], fresh[i]} {
			if text != "" {
				fmt.Fprintf(c.hashes[i][side], "%s\n%s\n", name, text)
			}
		}
		if old[i] != "" || fresh[i] != "" {
			part.Compared++
		}
		if old[i] == fresh[i] {
			continue
		}
		if part.Differing++; len(part.Examples) < maxExamples {
			part.Examples = append(part.Examples, name)
		}
	}
}

// compare hashes the generation in use and the pending one, part by part: all that the archive names, without what may differ between two ways to
// process the same events (runs and revisions, times of computing, how touchpoints lie on pages).
func (w *work) compare(ctx context.Context) error {
	next, _ := w.workspace.Next()
	c := newComparison()
	err := w.eachName(ctx, func(ctx context.Context, some []string) error {
		var said [2]map[string]texts
		err := each(ctx, w.Workers, []int{0, 1}, func(ctx context.Context, side int) (err error) {
			said[side], err = w.texts(ctx, []workspace.Namespace{w.workspace.Namespace(), next.Namespace()}[side], some)
			return err
		})
		for _, name := range some {
			c.take(name, said[0][name], said[1][name])
		}
		return err
	})
	if err != nil {
		return err
	}
	err = w.walk(ctx, w.workspace, next, func(was, is kpi.Window) error {
		named := was
		if was.Revision == 0 {
			named = is
		}
		c.take(fmt.Sprintf("%s %s", named.Grain, named.Key), textsOfWindow(was), textsOfWindow(is))
		return nil
	})
	w.report.conclude(c)
	return err
}

// textsOfWindow is what a window says. Whether one of zeros is stored depends on the way to it.
func textsOfWindow(w kpi.Window) (out texts) {
	if !w.Totals.IsZero() {
		out[kpiWindows] = canonical(w.Totals)
	}
	return out
}

// texts is what a generation says of identifiers and orders.
func (w *work) texts(ctx context.Context, ns workspace.Namespace, names []string) (map[string]texts, error) {
	ids, orders := byKind(names)
	partitions, err := w.Table.Partitions(ctx, ns, ids)
	if err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	claims, err := w.Table.Claims(ctx, ns, orders)
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	out := make(map[string]texts, len(names))
	for _, p := range partitions {
		out[string(p.ID)] = textsOfPartition(p)
	}
	for key, c := range claims {
		var said texts
		said[orderClaims] = canonical(c)
		out[key] = said
	}
	return out, nil
}

func textsOfPartition(p ledger.Partition) (out texts) {
	if p.Profile.Run > 0 {
		out[profiles] = canonical(p.Profile) // its run is not in it
	}
	for part, isWanted := range map[int]func(event.Type) bool{
		touchpoints: event.Type.Touches, traits: func(t event.Type) bool { return !t.Touches() },
	} {
		sum := sha256.New()
		for _, t := range event.Distinct(p.Touchpoints) {
			if isWanted(t.Type) {
				sum.Write(t.Bytes())
				out[part] = "said"
			}
		}
		if out[part] != "" {
			out[part] = hex.EncodeToString(sum.Sum(nil))
		}
	}
	if n := p.Node; len(n.Parents)+len(n.Children)+len(n.Cuts) > 0 {
		out[links] = canonical(identity.Node{Parents: n.Parents, Children: n.Children, Cuts: n.Cuts})
	}
	return out
}

// canonical is a value as JSON, with the keys of maps sorted.
func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("rebuild: everything compared was decoded before: " + err.Error())
	}
	return string(text)
}
