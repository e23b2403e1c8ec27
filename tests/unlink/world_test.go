// Package unlink_test holds the promise that merge and unlink leave the world as if the two had never been merged: random events, cuts and settles in
// random order, compared with a system whose store never took the links that are cut in the end.
package unlink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

type ends [2]event.Identifier

// forgetful forgets the links that it is told to.
type forgetful struct {
	system.Ports
	never map[ends]bool
}

func (f forgetful) PutLinks(ctx context.Context, ns workspace.Namespace, links []identity.Link) error {
	return f.Ports.PutLinks(ctx, ns, slices.DeleteFunc(slices.Clone(links), func(l identity.Link) bool {
		// An alias gives up the anonymous id of that name too, which nobody here ever uses: without its twin it would show.
		twin := event.Identifier(strings.Replace(string(l.Child), "anon:", "user:", 1))
		return f.never[ends{l.Child, l.Parent}] || f.never[ends{twin, l.Parent}]
	}))
}

// world is a system with a few words of its own.
type world struct {
	*system.System
	t testing.TB
}

// newWorld never takes some links.
func newWorld(t testing.TB, never map[ends]bool) world {
	t.Helper()
	s := system.New(t, system.Shop())
	s.Wrap = func(p system.Ports) system.Ports { return forgetful{p, never} }
	return world{s, t}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// take processes events, all received at the same time whenever they are delivered, so that all worlds take them alike.
func (w world) take(raw ...string) {
	w.t.Helper()
	w.PostAt(system.Begin, "wk_web", raw...)
	w.Drain()
}

// unlink gives an order. One about a link that is not there is refused.
func (w world) unlink(body string) (status int) {
	w.t.Helper()
	status, answer := w.Ask("POST", "/v1/identities/unlink", "sk_shop", body)
	if status != 200 && status != 404 && status != 400 {
		w.t.Fatalf("%s is answered %d %s", body, status, answer)
	}
	return status
}

// cuts are the decisions about links.
func (w world) cuts() []identity.Cut {
	w.t.Helper()
	cuts, err := w.Table.Cuts(w.t.Context(), "shop")
	must(w.t, err)
	return cuts
}

// standing are the links that are cut now.
func (w world) standing() map[ends]bool {
	w.t.Helper()
	cut := map[ends]bool{}
	for _, c := range w.cuts() {
		if !c.Undone {
			cut[ends{c.Child, c.Parent}] = true
		}
	}
	return cut
}

// told is everything that the system tells once all is settled, without revisions.
func (w world) told() []string {
	w.t.Helper()
	w.Settle()
	var out []string
	for _, id := range people {
		path := "/v1/profiles/" + url.PathEscape(string(id))
		status, body := w.Get(path)
		if status == 404 || strings.Contains(body, `"touchpoints":0,`) {
			continue // somebody of whom there is a cut, or nothing
		}
		_, timeline := w.Get(path + "/timeline?limit=500")
		out = append(out, fmt.Sprintf("%s %d %s", id, status, body), fmt.Sprintf("%s timeline %s", id, timeline))
	}
	windows := w.Windows(system.Shop())
	for _, name := range slices.Sorted(maps.Keys(windows)) {
		for _, row := range windows[name].Rows {
			if row.N == 0 && row.Numerator.IsZero() {
				continue // of a window in which somebody was once
			}
			out = append(out, tell(name, row))
		}
	}
	return out
}

// tell writes all of a row.
func tell(window string, r kpi.Row) string {
	denominator := "alone"
	if r.Denominator != nil {
		denominator = strconv.FormatInt(*r.Denominator, 10)
	}
	return strings.Join([]string{
		window, string(r.Metric), string(r.Dimension), r.Value, r.Unit, r.Numerator.String(), denominator, strconv.FormatInt(r.N, 10),
	}, " | ")
}

// checkSame compares what two worlds tell.
func checkSame(t testing.TB, what string, got, want []string) {
	t.Helper()
	missing := func(from, in []string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(one string) bool { return slices.Contains(in, one) })
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: it tells\n%s\nwant\n%s", what, strings.Join(missing(got, want), "\n"), strings.Join(missing(want, got), "\n"))
	}
}

// people are the identifiers of random stories.
var people = []event.Identifier{
	"user:u0", "user:u1", "user:u2", "user:u3", "email:e0@x.example", "email:e1@x.example", "anon:v0", "anon:v1", "anon:v2", "anon:v3",
}

// anyEvent is a page view, an order, an identify or an alias of a few people over two hundred days, often about midnight.
func anyEvent(r *rand.Rand, n int) string {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Add(-time.Duration(r.IntN(200*24*6)) * 10 * time.Minute)
	if r.IntN(3) == 0 {
		at = at.Truncate(24 * time.Hour).Add(time.Duration(r.IntN(12)-6) * 10 * time.Minute)
	}
	id, said := fmt.Sprintf("e%d", n), at.Format(time.RFC3339)
	user, visitor, mail := fmt.Sprintf(`"userId":"u%d"`, r.IntN(3)), fmt.Sprintf(`"anonymousId":"v%d"`, r.IntN(4)), fmt.Sprintf("e%d@x.example", r.IntN(2))
	who := []string{user, visitor, visitor}[r.IntN(3)]
	switch r.IntN(8) {
	case 0, 1:
		return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":%q,%s,"timestamp":%q,"properties":{"order_id":"o%d","revenue":%d}}`, id, who, said, r.IntN(4), 1+r.IntN(50))
	case 2, 3:
		return fmt.Sprintf(`{"type":"identify","messageId":%q,%s,%s,"timestamp":%q}`, id, user, visitor, said)
	case 4:
		return fmt.Sprintf(`{"type":"identify","messageId":%q,%s,"timestamp":%q,"traits":{"email":%q}}`, id, who, said, mail)
	case 5:
		return fmt.Sprintf(`{"type":"alias","messageId":%q,"userId":"u%d","previousId":"u%d","timestamp":%q}`, id, r.IntN(3), r.IntN(3), said)
	}
	return fmt.Sprintf(`{"type":"page","messageId":%q,%s,"timestamp":%q}`, id, who, said)
}

// anyAlias is a page view or an alias of four users, who soon stand in circles.
func anyAlias(r *rand.Rand, n int) string {
	at := time.Date(2026, 11, 1+r.IntN(20), r.IntN(24), 0, 0, 0, time.UTC).Format(time.RFC3339)
	if r.IntN(2) == 0 {
		return fmt.Sprintf(`{"type":"page","messageId":"e%d","userId":"u%d","timestamp":%q}`, n, r.IntN(4), at)
	}
	return fmt.Sprintf(`{"type":"alias","messageId":"e%d","userId":"u%d","previousId":"u%d","timestamp":%q}`, n, r.IntN(4), r.IntN(4), at)
}

// anyOrder is a random order to unlink.
func anyOrder(r *rand.Rand) string {
	order := map[string]any{"id": people[r.IntN(len(people))], "undo": r.IntN(4) == 0}
	switch r.IntN(4) {
	case 0:
		order["all"] = true
	case 1, 2:
		order["from"] = people[r.IntN(len(people))]
	}
	body, _ := json.Marshal(order)
	return string(body)
}
