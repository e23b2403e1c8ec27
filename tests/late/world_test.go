// Package late_test shows that the past may change at any time: events that come late, by hours or by weeks, with links and orders among them,
// raise the revision of exactly the windows whose numbers they change, and what was exported is exported anew, once. Numbers are held to package
// recount, which counts in another way.
package late_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
	"waymark/shared/testing/system"
	"waymark/tests/recount"
)

// world is a system with the shop, made at an instant.
type world struct {
	*system.System
	t testing.TB
}

func newWorld(t testing.TB, made time.Time) world {
	t.Helper()
	shop := system.Shop()
	shop.Created = event.At(made)
	s := system.New(t, shop)
	s.Now = made
	return world{s, t}
}

// shop is where everything happens. London's clock changes on 25 October 2026.
var shop = system.Shop()

// arrival is one event on its way: what its client sends, and when it is received.
type arrival struct {
	at  time.Time
	raw string
}

func (w world) take(arrivals ...arrival) {
	w.t.Helper()
	for _, a := range arrivals {
		w.PostAt(a.at, "wk_web", a.raw)
	}
	w.Drain()
}

// people are all whom anyEvent names.
var people = []event.Identifier{"user:u0", "user:u1", "user:u2", "anon:a0", "anon:a1", "anon:a2", "anon:a3"}

// recount counts every window of everybody's whole life in one plain pass, which shares none of the reasoning about what a change can reach.
func (w world) recount() map[string][]kpi.Row {
	w.t.Helper()
	in, lives := w.lives(shop)
	out := map[string][]kpi.Row{}
	for key, counted := range in.Windows(lives) {
		out[key] = counted.Rows()
	}
	return out
}

// lives are those of everybody, as a workspace with these settings sees them.
func (w world) lives(shop workspace.Workspace) (recount.In, []recount.Life) {
	w.t.Helper()
	loaded, err := life.Load(w.t.Context(), w.Table, shop.Namespace(), identity.DefaultCaps(), journey.Rules{}, people)
	if err != nil {
		w.t.Fatal(err)
	}
	calendar, _ := shop.Calendar()
	rules, _ := w.Rules(shop.Model)
	in := recount.In{Calendar: calendar, Currency: shop.Currency}
	var lives []recount.Life
	for _, root := range loaded.Roots() {
		lives = append(lives, in.Life(loaded.Of(root).Journey(rules, event.At(w.Now))))
	}
	return in, lives
}

// check compares windows with a recount. One in which nothing counts any more may be stored; it must hold zeros.
func (w world) check(stored map[string]kpi.Window, want map[string][]kpi.Row) {
	w.t.Helper()
	for name, one := range stored {
		rows := want[name]
		if rows == nil {
			rows = w.nothing()
		}
		if !reflect.DeepEqual(recount.Bare(one.Rows), rows) {
			w.t.Errorf("%s holds other rows than a recount", name)
		}
	}
	for name := range want {
		if _, found := stored[name]; !found {
			w.t.Errorf("%s is not computed", name)
		}
	}
}

// nothing is what a window says in which nothing counts.
func (w world) nothing() []kpi.Row {
	return w.Definitions.Rows(shop.Currency, w.Definitions.Set().Empty())
}

// kinds is how many kinds of events there are; what is beyond is a page view.
const kinds = 6

// anyEvent is an event that a client sends with this device time. kind picks what it is; few people, so that they meet.
func anyEvent(r *rand.Rand, kind int, id string, at time.Time) string {
	who := []string{
		fmt.Sprintf(`"userId":"u%d"`, r.IntN(3)), fmt.Sprintf(`"anonymousId":"a%d"`, r.IntN(4)), fmt.Sprintf(`"anonymousId":"a%d"`, r.IntN(4)),
		fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, r.IntN(3), r.IntN(4)),
	}[r.IntN(4)]
	what := `"type":"page"`
	switch kind {
	case 0:
		what = fmt.Sprintf(`"type":"track","event":"Order Completed","properties":{"order_id":"o%d","revenue":%d.%02d}`, r.IntN(6), 1+r.IntN(90), r.IntN(100))
	case 1:
		who = fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, r.IntN(3), r.IntN(4))
		what = `"type":"identify"`
	case 2:
		what = fmt.Sprintf(`"type":"track","event":"Order Refunded","properties":{"refund_id":"f%d","total":1.5}`, r.IntN(3))
	case 3:
		what = `"type":"page","properties":{"url":"https://shop.example/?utm_source=news&utm_medium=email"}`
	case 4:
		who = fmt.Sprintf(`"userId":"u%d","previousId":"u%d"`, r.IntN(3), r.IntN(3))
		what = `"type":"alias"`
	case 5:
		what = `"type":"track","event":"Product Added","context":{"location":{"country":"NO"}}`
	}
	return "{" + strings.Join([]string{what, who, fmt.Sprintf(`"messageId":%q,"timestamp":%q`, id, at.Format(time.RFC3339Nano))}, ",") + "}"
}
