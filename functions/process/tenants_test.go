package process_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
)

// Two workspaces whose events have the same ids, persons and orders: processed together in mixed batches they end as each would alone.
func TestWorkspacesDoNotMeet(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		together := newWorld(t)
		alone := map[string]*world{"shop": newWorld(t), "other": newWorld(t)}
		for n := range 4 {
			var mixed []events.SQSMessage
			apart := map[string][]events.SQSMessage{}
			for i := range 10 {
				ws := []string{"shop", "other"}[r.IntN(2)]
				m := message(t, fmt.Sprintf("m%d-%d", n, i), ws, anyEvent(r), anyEvent(r))
				mixed, apart[ws] = append(mixed, m), append(apart[ws], m)
			}
			together.deliver(t, mixed...)
			for ws, batch := range apart {
				alone[ws].deliver(t, batch...)
			}
		}
		for ws, w := range alone {
			if got, want := linesOf(together.Dump(), ws), linesOf(w.Dump(), ws); !slices.Equal(got, want) {
				t.Fatalf("seed %d: together, %s holds\n%s\nwant, as alone,\n%s", seed, ws, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			checkEqual(t, fmt.Sprintf("seed %d: marks of %s", seed, ws), together.marks(t, ws), w.marks(t, ws))
		}
	}
}

// linesOf are the lines of a dump that are of one workspace.
func linesOf(dump, ws string) []string {
	return slices.DeleteFunc(strings.Split(dump, "\n"), func(line string) bool { return !strings.HasPrefix(line, ws+" ") })
}

func anyEvent(r *rand.Rand) string {
	id, at := fmt.Sprintf("e%d", r.IntN(30)), fmt.Sprintf("2026-11-%02dT%02d:00:00Z", 18+r.IntN(4), r.IntN(24))
	who := []string{user(fmt.Sprint(r.IntN(3))), visitor(fmt.Sprint(r.IntN(3)))}[r.IntN(2)]
	switch r.IntN(6) {
	case 0:
		return order(id, who, at, fmt.Sprintf("o%d", r.IntN(3)), "5")
	case 1:
		return identify(id, fmt.Sprint(r.IntN(3)), fmt.Sprint(r.IntN(3)), at)
	case 2:
		return `{"type":"nonsense","messageId":"` + id + `"}`
	case 3:
		return fmt.Sprintf(`{"type":"page","messageId":%q,%s}`, id, who) // untimed
	}
	return pageView(id, who, at)
}

// One messageId under two identifiers, from two sources or in two workspaces is two events.
func TestScopeOfMessageIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := func(who string) string { return pageView("same", who, "2026-11-22T09:00:00Z") }
	fromTill := envelope("r", "shop", page(user("1")))
	fromTill.Source = "till"
	w.deliver(t,
		message(t, "m1", "shop", page(user("1"))), message(t, "m2", "shop", page(user("1"))), message(t, "m3", "shop", page(user("2"))),
		messageOf(t, "m4", fromTill), message(t, "m5", "other", page(user("1"))))
	other, _, err := w.Table.Load(t.Context(), "other", "user:1", nil)
	must(t, err)
	got := []int{w.aggregate(t, "user:1").Touchpoints, w.aggregate(t, event.Identifier("user:2")).Touchpoints, other.Touchpoints}
	checkEqual(t, "touchpoints of user 1, user 2 and the other workspace's user 1", got, []int{2, 1, 1})
}
