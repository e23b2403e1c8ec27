package export_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/report"
	"waymark/shared/testing/system"
)

// The rule that these tests hold at every instant: an export of a window holds every order that was stored before the window ended. They have two such
// orders, one counted before and one not, and try every order of settles and exports around midnight, and inside of each other.

// midnight is the end of 21 November 2026 in London.
var midnight = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func orderPlaced(id string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"42","messageId":%q,"timestamp":"2026-11-21T10:00:00Z","properties":{"order_id":%q,"revenue":5}}`, id, id)
}

// evening is a system at one minute to midnight: one order is settled, another is stored and not settled.
func evening(t *testing.T) *system.System {
	t.Helper()
	s := system.New(t, system.Shop())
	s.Now = midnight.Add(-10 * time.Minute)
	s.Send("wk_web", orderPlaced("o1"))
	s.Settle()
	s.Send("wk_web", orderPlaced("o2"))
	s.Now = midnight.Add(-time.Minute)
	return s
}

// settleAt runs a settle that begins at an instant, and leaves the clock there.
func settleAt(t *testing.T, s *system.System, at time.Time) {
	t.Helper()
	s.Now = at.Add(-time.Minute) // by which TrySettle moves it
	if err := s.TrySettle(s.Ports()); err != nil {
		t.Fatal(err)
	}
}

// demanded sends POST /v1/exports for the newest closed day and gives the status and the code of a failure.
func demanded(t *testing.T, s *system.System) (status int, code string) {
	t.Helper()
	request, err := json.Marshal(s.Request("POST", "/v1/exports", "Bearer sk_shop", ""))
	must(t, err)
	answer, err := s.Export(s.Ports()).Handle(t.Context(), request)
	must(t, err)
	response := answer.(events.APIGatewayV2HTTPResponse)
	var said struct{ Code string }
	must(t, json.Unmarshal([]byte(response.Body), &said))
	return response.StatusCode, said.Code
}

// ordersIn is how many orders each revision of the export of 21 November holds, by its number.
func ordersIn(t *testing.T, s *system.System) map[int]string {
	t.Helper()
	out := map[int]string{}
	for revision := 1; ; revision++ {
		name := fmt.Sprintf("daily-2026-11-21-r%d", revision)
		if _, err := s.Exports.Get(t.Context(), report.ManifestKey("shop", name)); err != nil {
			return out
		}
		file, err := s.Exports.Get(t.Context(), report.FileKey("shop", name+".csv"))
		must(t, err)
		out[revision] = cell(t, string(file), "orders")
	}
}

// cell is the numerator of a metric of the whole day in a file.
func cell(t *testing.T, file, metric string) string {
	t.Helper()
	lines := strings.Split(strings.TrimPrefix(file, "\ufeff"), "\r\n")
	header := strings.Split(lines[0], ",")
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	for _, line := range lines[1:] {
		cells := strings.Split(line, ",")
		if len(cells) == len(header) && cells[column["metric"]] == metric && cells[column["grain"]] == "day" && cells[column["dimension"]] == "" {
			return cells[column["numerator"]]
		}
	}
	t.Fatalf("no %s in\n%s", metric, file)
	return ""
}

// holdsAll fails when a revision lacks an order that was stored before the day ended.
func holdsAll(t *testing.T, s *system.System, when string) {
	t.Helper()
	for revision, orders := range ordersIn(t, s) {
		if orders != "2" {
			t.Errorf("%s: revision %d holds %s orders, and 2 were stored before the day ended", when, revision, orders)
		}
	}
}

// TestExportsAroundMidnight settles once and exports once, at every pair of instants around the end of the day.
func TestExportsAroundMidnight(t *testing.T) {
	t.Parallel()
	instants := []time.Duration{-30 * time.Second, -time.Millisecond, 0, time.Millisecond, time.Hour}
	for _, settled := range instants {
		for _, exported := range instants {
			when := fmt.Sprintf("settled at midnight %+v, exported at midnight %+v", settled, exported)
			s := evening(t)
			settleAt(t, s, midnight.Add(settled))
			s.Now = midnight.Add(exported)
			isOver, isWhole := exported >= 0, settled >= 0
			s.Fire("daily")
			if made := len(ordersIn(t, s)); made == 1 != (isOver && isWhole) {
				t.Errorf("%s: %d exports of the day", when, made)
			}
			holdsAll(t, s, when)

			s = evening(t)
			settleAt(t, s, midnight.Add(settled))
			s.Now = midnight.Add(exported)
			status, code := demanded(t, s)
			switch { // before midnight the newest closed day is the one before, which is whole
			case !isOver && status != 200, isOver && isWhole && status != 200, isOver && !isWhole && code != "not_counted":
				t.Errorf("%s: demanded, it is answered %d %s", when, status, code)
			}
			holdsAll(t, s, when+", on demand")
		}
	}
}

// TestExportInsideASettle exports at every call of a settle that begins after midnight, before the call and after it.
func TestExportInsideASettle(t *testing.T) {
	t.Parallel()
	calls := 0
	for at := 0; at == 0 || at <= calls; at++ {
		for _, isAfter := range []bool{false, true} {
			s, seen := evening(t), 0
			export := func() {
				s.Call = nil
				s.Fire("daily")
				demanded(t, s)
				holdsAll(t, s, fmt.Sprintf("exported at call %d of the settle (after it: %v)", at, isAfter))
			}
			hook := func(_ string, apply func() error) error {
				if seen++; seen != at {
					return apply()
				}
				if isAfter {
					err := apply()
					export()
					return err
				}
				export()
				return apply()
			}
			s.Now, s.Call = midnight, hook
			must(t, s.TrySettle(s.Ports()))
			calls, s.Call = seen, nil
			s.Fire("daily")
			if got := fmt.Sprint(ordersIn(t, s)); got != "map[1:2]" {
				t.Errorf("after the settle the revisions hold %s, want map[1:2]", got)
			}
		}
	}
	if calls < 10 {
		t.Errorf("the settle made %d calls, so little was tried", calls)
	}
}

// TestSettleInsideAnExport runs a whole settle at every call of a firing, and of a demand, after midnight.
func TestSettleInsideAnExport(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"fired", "demanded"} {
		calls := 0
		for at := 0; at == 0 || at <= calls; at++ {
			s, seen := evening(t), 0
			plain := s.Ports() // without a hook
			s.Now = midnight.Add(time.Minute)
			s.Call = func(_ string, apply func() error) error {
				if seen++; seen != at {
					return apply()
				}
				must(t, s.TrySettle(plain))
				return apply()
			}
			if order == "fired" {
				s.Fire("daily")
			} else {
				demanded(t, s)
			}
			calls, s.Call = seen, nil
			holdsAll(t, s, fmt.Sprintf("%s, a settle at call %d", order, at))
		}
		if calls < 3 {
			t.Errorf("%s: %d calls, so little was tried", order, calls)
		}
	}
}

// TestLateOrderRestates: what comes after the export was made is in the next revision, and the first one stays as it was.
func TestLateOrderRestates(t *testing.T) {
	t.Parallel()
	s := evening(t)
	settleAt(t, s, midnight.Add(time.Minute))
	s.Fire("daily")
	s.Send("wk_web", orderPlaced("o3"))
	s.Fire("daily")
	if got := fmt.Sprint(ordersIn(t, s)); got != "map[1:2]" {
		t.Errorf("before the late order is settled the revisions hold %s, want map[1:2]", got)
	}
	s.Settle()
	s.Fire("daily")
	s.Fire("daily")
	if got := fmt.Sprint(ordersIn(t, s)); got != "map[1:2 2:3]" {
		t.Errorf("after it the revisions hold %s, want map[1:2 2:3]", got)
	}
}

// TestExportAfterHalfASettle: a settle that gave its workspace back before it was through makes no window whole.
func TestExportAfterHalfASettle(t *testing.T) {
	t.Parallel()
	s := evening(t)
	s.Now, s.AtOnce = midnight.Add(-2*time.Minute), 1
	for i := range 5 { // more persons than one slice settles
		s.Send("wk_web", strings.ReplaceAll(orderPlaced(fmt.Sprint("p", i)), `"42"`, fmt.Sprintf(`"c%d"`, i)))
	}
	s.Now = midnight.Add(time.Minute)
	half, err := s.Settler(s.Ports()).Begin(t.Context(), system.Shop(), event.At(s.Now))
	must(t, err)
	more, err := half.Next(t.Context())
	if must(t, err); !more {
		t.Fatal("one slice settles everybody")
	}
	must(t, half.End(t.Context(), false))
	s.Fire("daily")
	if _, code := demanded(t, s); code != "not_counted" {
		t.Errorf("after half a settle a demand is answered %q, want not_counted", code)
	}
	if got := fmt.Sprint(ordersIn(t, s)); got != "map[]" {
		t.Errorf("after half a settle the revisions hold %s, want none", got)
	}
	s.Settle()
	s.Fire("daily")
	if got := fmt.Sprint(ordersIn(t, s)); got != "map[1:7]" {
		t.Errorf("after a whole one the revisions hold %s, want map[1:7]", got)
	}
}
