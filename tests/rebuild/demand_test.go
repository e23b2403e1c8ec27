package rebuild_test

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
)

// A generation that a rebuild makes, or took the place of, is settled on demand and by no schedule. The id of the demand names it, and says nothing of the
// generation in use.
func TestDemandOfAGeneration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(), "default")
	w.take(traffic{one()}.some(10)...)
	now := w.Now.UnixMilli()
	asked := func(method, path, body string, want int) (id string, isDone bool) {
		t.Helper()
		status, p, err := w.ask(t.Context(), method, path, body)
		must(t, err)
		if status != want {
			t.Errorf("%s %s %s answers %d, want %d", method, path, body, status, want)
		}
		return p.ID, p.IsDone
	}
	asked("POST", "/v1/rollups", `{"generation":"next"}`, 409)
	asked("POST", "/v1/rollups", `{"generation":"former"}`, 409)
	asked("POST", "/v1/rollups", `{"generation":"last"}`, 400)
	asked("POST", "/v1/rollups", `next`, 400)
	begun, err := w.shop().Begin("five", event.At(w.Now))
	must(t, err)
	must(t, w.Table.PutGenerations(t.Context(), w.shop(), begun))
	for _, generation := range []string{"next", "former"} {
		if generation == "former" {
			swapped, err := begun.Swap()
			must(t, err)
			must(t, w.Table.PutGenerations(t.Context(), w.shop(), swapped))
		}
		id, isDone := asked("POST", "/v1/rollups", fmt.Sprintf(`{"generation":%q}`, generation), 202)
		if want := fmt.Sprintf("%s-%d", generation, now); id != want || !isDone {
			t.Errorf("the demand of %s is %s, done: %v; want %s", generation, id, isDone, want)
		}
		if again, isDone := asked("GET", "/v1/rollups/"+id, "", 200); again != id || !isDone {
			t.Errorf("asked again, it is %s, done: %v", again, isDone)
		}
		inUse, err := w.Table.State(t.Context(), w.shop().Namespace())
		must(t, err)
		if isSettled := inUse.Settled > 0; isSettled == (generation == "next") {
			t.Errorf("after a demand of %s, %s is settled: %v", generation, w.shop().Namespace(), isSettled)
		}
	}
	for _, id := range []string{"next", "next-", "next-0017", "last-17", "-17", fmt.Sprintf("next-%d", now+1), fmt.Sprintf("next--%d", now)} {
		asked("GET", "/v1/rollups/"+id, "", 404)
	}
}
