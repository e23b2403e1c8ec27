package quarantine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// attacks are those of issue 16, by a key that everybody can read and that knows every id.
var attacks = map[string]func() []string{
	"A somebody's mailbox and device": func() []string {
		return []string{
			said("identify", "x1", "a", "2026-10-25T10:00:00Z", as("evil", `,"traits":{"email":"jo@example.com"}`)),
			said("identify", "x2", "evil", "2026-10-25T10:00:00Z", as("evil", `,"traits":{"email":"kim@example.com"}`)),
			said("page", "x3", "b", "2026-11-22T13:00:00Z", as("evil", "")),
		}
	},
	"A3 somebody's traits": func() []string {
		return []string{
			said("identify", "x1", "z", "2026-11-22T13:00:00Z", as("42", `,"traits":{"plan":"none","name":"Eve"}`)),
			said("identify", "x2", "z", "2026-11-22T13:00:00Z", as("42", traits(300))),
			said("identify", "x3", "z", "2026-11-22T13:00:00Z", as("9", traits(300))),
		}
	},
	"B two users are one": func() []string {
		return []string{
			`{"type":"alias","messageId":"x1","userId":"42","previousId":"9","timestamp":"2026-11-22T13:00:00Z"}`,
			`{"type":"alias","messageId":"x2","userId":"9","previousId":"b","timestamp":"2026-11-22T13:00:00Z"}`,
		}
	},
	"C orders and messages of others": func() []string {
		return join(
			many(500, func(i int) string {
				return said("track", fmt.Sprint("x", i), "z", "2026-11-20T09:00:00Z", bought(fmt.Sprint("g", i), "0.01", ""))
			}),
			many(70, func(i int) string {
				return said("track", fmt.Sprint("y", i), fmt.Sprint("z", i), "2026-11-20T09:00:00Z", bought("1001", "0.01", ""))
			}),
			many(70, func(i int) string {
				return said("track", fmt.Sprint("w", i), fmt.Sprint("z", i), "2026-11-20T09:00:00Z", bought("1003", "0.01", ""))
			}),
			[]string{
				said("track", "h9", "b", "2026-11-21T09:10:00Z", bought("1003", "30.00", "")),
				said("track", "n3", "d", "2026-11-22T15:10:00Z", bought("g5", "40.00", "")),
				said("page", "h3", "b", "2026-11-21T09:00:00Z", ""), said("page", "n2", "a", "2026-11-22T15:01:00Z", `,"context":{"location":{"country":"DE"}}`),
				said("page", "h10", "d", "2026-10-28T09:00:00Z", `,"context":{"location":{"country":"FR"}}`),
				said("track", "h8", "", "2026-11-21T14:00:00Z", as("9", `,"event":"Order Refunded","properties":{"order_id":"1002","revenue":5}`)),
			},
		)
	},
	"C an order that nobody has claimed yet": func() []string { // more claims than are looked at, all before the real one
		return many(70, func(i int) string {
			return said("track", fmt.Sprint("v", i), fmt.Sprint("z", i), "2026-11-20T09:00:00Z", bought("g5", "0.01", ""))
		})
	},
	"D mailboxes and devices": func() []string { // more than are looked at, all before the real ones
		return join(
			many(1010, func(i int) string {
				return said("identify", fmt.Sprint("x", i), fmt.Sprint("x", i), "2026-11-01T10:00:00Z", as(fmt.Sprint("x", i), `,"traits":{"email":"kim@example.com"}`))
			}),
			many(1010, func(i int) string {
				return said("page", fmt.Sprint("y", i), fmt.Sprint("y", i), "2026-11-01T10:00:00Z", as("7", ""))
			}),
		)
	},
	"E countries and currencies": func() []string {
		return join(
			many(501, func(i int) string {
				return said("page", fmt.Sprint("x", i), fmt.Sprint("x", i), "2026-11-21T10:00:00Z", fmt.Sprintf(`,"context":{"location":{"country":"Q%03d"}}`, i))
			}),
			many(200, func(i int) string {
				return said("track", fmt.Sprint("y", i), fmt.Sprint("x", i), "2026-11-21T10:00:00Z", bought(fmt.Sprint("y", i), "1", fmt.Sprintf(`,"currency":"%c%c%c"`, 'A'+i/26, 'A'+i%26, 'Q')))
			}),
		)
	},
	"F a negative order and a refund": func() []string {
		return []string{
			said("track", "x1", "z", "2026-11-21T10:00:00Z", bought("neg", "-5000000", "")),
			said("track", "x2", "z", "2026-11-21T10:00:00Z", `,"event":"Order Refunded","properties":{"order_id":"1001","revenue":999}`),
			said("track", "x3", "z", "2026-11-21T10:00:00Z", bought("big", "5000000", "")),
		}
	},
	"G somebody's history": func() []string {
		return []string{
			said("page", "x1", "", "2026-10-24T10:00:00Z", as("42", "")),
			said("page", "x2", "a", "2026-11-20T10:19:00Z", as("42", `,"context":{"campaign":{"source":"evil","medium":"cpc","name":"mine"}}`)),
			said("track", "x3", "c", "2026-10-24T10:00:00Z", as("9", `,"event":"Product Viewed","sentAt":"2026-10-24T10:00:00Z"`)),
			said("page", "x4", "d", "2026-10-27T10:00:00Z", `,"sentAt":"2026-10-27T11:00:00Z"`),
		}
	},
}

// everything is all attacks together; those of a thousand devices and countries only in a long run.
func everything() []string {
	var all []string
	for _, name := range sortedNames() {
		if isLarge := name[0] == 'D' || name[0] == 'E'; !isLarge || seed.Long() {
			all = append(all, attacks[name]()...)
		}
	}
	return all
}

// In default mode what an attack changed is brought back by one quarantine: all numbers, profiles and steps are those of a system that never saw it.
// Lifting it brings back what was before, and applying it again takes it out again.
func TestAnAttackIsTakenOut(t *testing.T) {
	t.Parallel()
	clean := stored(t, played(t, nil, nil))
	for _, name := range append(sortedNames(), "all") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := everything
			if name != "all" {
				sent = attacks[name]
			}
			s := played(t, nil, func(s *system.System) { send(s, "wk_site", sent()) })
			there(t, s, name, clean)
		})
	}
}

// The same with small limits, so that few events push out what is honest.
func TestSmallLimits(t *testing.T) {
	t.Parallel()
	small := func(s *system.System) {
		s.Caps, s.AtOnce = identity.Caps{Children: 3, Parents: 2, Aliases: 2, Members: 5}, 2
	}
	clean := stored(t, played(t, small, nil))
	for _, name := range []string{
		"A somebody's mailbox and device", "B two users are one", "C orders and messages of others", "G somebody's history",
	} {
		s := played(t, small, func(s *system.System) { send(s, "wk_site", attacks[name]()) })
		there(t, s, name, clean)
	}
}

// there applies, lifts and applies again.
func there(t *testing.T, s *system.System, what string, clean []string) {
	t.Helper()
	hit := stored(t, s)
	if slices.Equal(hit, clean) {
		t.Errorf("%s changes nothing", what)
	}
	would := preview(t, s, order("{}"))
	was, daysBefore := sums(t, s, would.Days), days(t, s)
	id := apply(t, s, order("{}"))
	s.Settle()
	same(t, what+" in quarantine", stored(t, s), clean)
	is, daysAfter := sums(t, s, would.Days), days(t, s)
	var changed []string
	for day := range daysBefore {
		if daysBefore[day] != daysAfter[day] {
			changed = append(changed, day)
		}
	}
	for day := range daysAfter {
		if daysBefore[day] == "" {
			changed = append(changed, day)
		}
	}
	if slices.Sort(changed); !slices.Equal(changed, would.Days) {
		t.Errorf("%s: the preview says that %v change, and %v did", what, would.Days, changed)
	}
	for _, k := range would.KPIs {
		if name := k.Metric + " " + k.Unit; !says(k.Before.Value, was[name]) || !says(k.After.Value, is[name]) {
			t.Errorf("%s: the preview says of %s %v and then %v, it was %s and is %s", what, name, k.Before.Value, k.After.Value, was[name], is[name])
		}
	}
	lift(t, s, id)
	s.Settle()
	same(t, what+" lifted", stored(t, s), hit)
	apply(t, s, order("{}"))
	s.Settle()
	same(t, what+" in quarantine again", stored(t, s), clean)
}

// days are the numbers of every day that has any.
func days(t testing.TB, s *system.System) map[string]string {
	t.Helper()
	windows, err := s.Table.Windows(t.Context(), system.Shop().Namespace(), period.Day, "0", "~")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, w := range windows {
		if w.Totals.IsZero() {
			continue
		}
		text, err := json.Marshal(w.Totals)
		if err != nil {
			t.Fatal(err)
		}
		out[w.Key] = string(text)
	}
	return out
}

// says compares a number of a preview with one that is stored; "" stands for a currency that is not there any more.
func says(previewed any, stored string) bool {
	if stored == "" {
		return slices.Contains([]any{"0.00", nil, 0.0}, previewed)
	}
	return fmt.Sprint(previewed) == stored
}

func value(t testing.TB, r kpi.Row) any {
	t.Helper()
	text := report.Value(r)
	if r.IsMoney() {
		return text
	}
	if text == "" {
		return nil
	}
	var n any
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func sortedNames() []string { return slices.Sorted(maps.Keys(attacks)) }
