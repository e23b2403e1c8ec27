package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// check compares everything stored with the oracle, and looks for every promise once more; "" when all is well.
func (w *World) check() string {
	if problem := w.checkPromises(); problem != "" {
		return problem
	}
	if problem := w.checkArchive(); problem != "" {
		return problem
	}
	want, counts, err := w.expected()
	if err != nil {
		return err.Error()
	}
	if problem := difference(w.table.DumpWithoutWindows(), want.DumpWithoutWindows()); problem != "" {
		return problem
	}
	if problem := w.checkWindows(counts); problem != "" {
		return problem
	}
	if !w.exported {
		return ""
	}
	return w.checkExports()
}

// checkArchive looks for every good event that was ever queued: a crash leaves doubles in the archive, never a hole.
func (w *World) checkArchive() string {
	for _, envelope := range w.queue.sent {
		for i, raw := range envelope.Events {
			stamp := envelope.Stamp(i)
			_, err := event.Parse(raw, stamp)
			if err == nil && !w.archived[copyOf{stamp.Request, stamp.Index}] {
				return fmt.Sprintf("event %d of request %s is not in the archive", stamp.Index, stamp.Request)
			}
		}
	}
	return ""
}

// checkWindows compares every row. A window in which something counted once and nothing does now may be stored; it must hold zeros.
func (w *World) checkWindows(want map[name][]kpi.Row) string {
	for _, t := range tenants {
		nothing := kpi.NewTally(t.Currency).Rows()
		for _, grain := range period.Grains() {
			stored, err := w.table.Windows(background, t.Space(), grain, "0", "~")
			if err != nil {
				return err.Error()
			}
			for _, window := range stored {
				n := name{t.Name, grain, window.Key}
				rows, counts := want[n]
				if !counts {
					rows = nothing
				}
				delete(want, n)
				if problem := differentRow(window.Rows, rows); problem != "" {
					return fmt.Sprintf("%s %s of %s: %s", grain, window.Key, t.Name, problem)
				}
			}
		}
	}
	for n := range want {
		return fmt.Sprintf("%s %s of %s was not computed", n.grain, n.key, n.workspace)
	}
	return ""
}

// differentRow shows the first row that differs.
func differentRow(got, want []kpi.Row) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i == len(got):
			return fmt.Sprintf("there is no row %s", text(want[i]))
		case i == len(want):
			return fmt.Sprintf("there is a row too many: %s", text(got[i]))
		case !equal(got[i], want[i]):
			return fmt.Sprintf("row %d\n   got %s\n  want %s", i, text(got[i]), text(want[i]))
		}
	}
	return ""
}

func equal(a, b kpi.Row) bool {
	if (a.Denominator == nil) != (b.Denominator == nil) || a.Denominator != nil && *a.Denominator != *b.Denominator {
		return false
	}
	a.Denominator, b.Denominator = nil, nil
	return a == b
}

func text(r kpi.Row) string {
	out, err := json.Marshal(r)
	if err != nil {
		panic("sim: a row is made of strings and integers: " + err.Error())
	}
	return string(out)
}

// difference shows the first lines in which two dumps differ.
func difference(got, want string) string {
	if got == want {
		return ""
	}
	g, x := strings.Split(got, "\n"), strings.Split(want, "\n")
	inGot, inWant := map[string]bool{}, map[string]bool{}
	for _, line := range g {
		inGot[line] = true
	}
	for _, line := range x {
		inWant[line] = true
	}
	const most = 6
	var out strings.Builder
	out.WriteString("what is stored differs from the oracle:")
	for _, side := range []struct {
		label string
		lines []string
		other map[string]bool
	}{{"stored", g, inWant}, {"should", x, inGot}} {
		only := slices.DeleteFunc(slices.Clone(side.lines), func(line string) bool { return side.other[line] })
		for _, line := range only[:min(len(only), most)] {
			fmt.Fprintf(&out, "\n  %s  %.400s", side.label, line)
		}
		if len(only) > most {
			fmt.Fprintf(&out, "\n  %s  … and %d lines more", side.label, len(only)-most)
		}
	}
	return out.String()
}
