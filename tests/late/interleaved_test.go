package late_test

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

// Rollups, schedules and orders on demand run into one another and die anywhere while late events come in. Every revision has one content for
// ever, no two of an export have the same, none is older than one with a lower number, and in the end every closed window that anything happened
// in is exported as it is stored.
func TestInterleavedExports(t *testing.T) {
	t.Parallel()
	var revisions, exports atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		forSeeds(t, setting(t, "WAYMARK_LATE_N", 500), func(t *testing.T, r *rand.Rand) {
			w := newWorld(t, begin)
			w.now = time.Date(2026, 9, 28, 7, 0, 0, 0, time.UTC)
			l := newLedger(w)
			c := &crew{random: r, faults: true}
			w.interleave(t, l, c)
			c.faults = false
			c.drain()
			w.rollup, w.export = w.rolls(l), w.exports(l)
			w.rollUp(t)
			w.now = w.now.Add(2 * time.Hour) // whoever died in the middle will not come back
			for _, schedule := range scheduleOf {
				w.fire(t, schedule)
			}
			all := l.revisionsOf(t)
			l.checkRevisions(t, all)
			l.checkNewest(t, w, all)
			for grain := range scheduleOf {
				notes, err := w.Restated(t.Context(), tenant, grain)
				must(t, err)
				for _, n := range notes {
					if window, _ := w.calendar.ByKey(grain, n.Key); window.Closed(w.now) {
						t.Errorf("a note of %s %s is left", grain, n.Key)
					}
				}
			}
			for _, list := range all {
				revisions.Add(int64(len(list)))
				exports.Add(1)
			}
		})
	})
	t.Logf("%d exports in %d revisions", exports.Load(), revisions.Load())
}

// interleave plays a random schedule of late events and invocations, few days and few people.
func (w *world) interleave(t testing.TB, l *ledger, c *crew) {
	t.Helper()
	r, late := c.random, 0
	for range 150 + r.IntN(150) {
		switch n := r.IntN(30); {
		case n == 0:
			late++
			at := w.now.Add(-8 * time.Hour).Add(-time.Duration(r.IntN(3*24)) * time.Hour)
			w.take(t, arrival{w.now, anyEvent(r, r.IntN(2*kinds), fmt.Sprint("e", late), at)})
		case n < 3 && len(c.workers) < 4:
			c.start(l, func(s stores) {
				_, _ = w.rolls(s).Handle(context.Background(), json.RawMessage(`{"schedule":"rollup"}`))
			})
		case n < 5 && len(c.workers) < 4:
			c.start(l, func(s stores) { w.order(s, r) })
		default:
			c.step()
			w.now = w.now.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
		}
	}
}

// order fires a schedule, or asks for an export.
func (w *world) order(s stores, r *rand.Rand) {
	kind, h := r.IntN(5), w.exports(s)
	if kind < 3 {
		schedule := []string{"daily", "daily", "weekly"}[kind]
		_, _ = h.Handle(context.Background(), fmt.Appendf(nil, `{"schedule":"export-%s","scheduled_time":%q}`, schedule, w.now.Format(time.RFC3339)))
		return
	}
	body := []string{`{"schedule":"daily"}`, `{"grain":"day","from":"2026-09-21","to":"2026-09-28"}`}[kind-3]
	raw, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/v1/exports", Headers: map[string]string{"authorization": "Bearer " + secret}, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/exports"}},
	})
	if err != nil {
		panic(err)
	}
	_, _ = h.Handle(context.Background(), raw)
}

// revision is one revision of an export: its manifest, and the revisions of the windows in its file.
type revision struct {
	manifest report.Manifest
	windows  map[string]string
}

// revisionsOf reads all that was exported, by export and in the order of revisions, and checks that each is whole.
func (l *ledger) revisionsOf(t testing.TB) map[string][]revision {
	t.Helper()
	out := map[string][]revision{}
	for _, key := range sorted(l.written) {
		name, isManifest := report.NameOf(tenant, key)
		if !isManifest {
			continue
		}
		var m report.Manifest
		must(t, json.Unmarshal([]byte(l.written[key]), &m))
		file := l.written[report.FileKey(tenant, m.Files[0].Name)]
		if sum := sha256.Sum256([]byte(file)); m.Name != name || hex.EncodeToString(sum[:]) != m.Files[0].SHA256 {
			t.Errorf("the manifest of %s does not match its file", name)
		}
		export := strings.TrimSuffix(name, fmt.Sprintf("-r%d", m.Revision))
		out[export] = append(out[export], revision{m, windowsIn(t, file)})
	}
	for _, list := range out {
		sortRevisions(list)
	}
	return out
}

func sortRevisions(list []revision) {
	for i := range list {
		for k := i; k > 0 && list[k].manifest.Revision < list[k-1].manifest.Revision; k-- {
			list[k], list[k-1] = list[k-1], list[k]
		}
	}
}

// windowsIn gives the revision of each window in a file, by grain and start.
func windowsIn(t testing.TB, file string) map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	must(t, err)
	out := map[string]string{}
	for _, row := range rows[1:] {
		out[row[2]+" "+row[3]] = row[12]
	}
	return out
}

// checkRevisions: no object was written with two contents, no two revisions hold the same, and none holds an older window than one before it.
func (l *ledger) checkRevisions(t testing.TB, all map[string][]revision) {
	t.Helper()
	if len(l.rewritten) > 0 {
		t.Errorf("written with two contents: %v", l.rewritten)
	}
	for _, list := range all {
		seen := map[string]string{}
		before := map[string]string{}
		for _, one := range list {
			m := one.manifest
			if other, found := seen[m.Files[0].SHA256]; found {
				t.Errorf("%s and %s hold the same", other, m.Name)
			}
			seen[m.Files[0].SHA256] = m.Name
			for window, revision := range one.windows {
				if was := before[window]; len(was) > len(revision) || len(was) == len(revision) && was > revision {
					t.Errorf("%s holds %s at revision %s, one before it held %s", m.Name, window, revision, was)
				}
				before[window] = revision
			}
		}
	}
}

// checkNewest: the newest revision of every closed window of a schedule holds the windows that are stored, at the revisions that they have.
func (l *ledger) checkNewest(t testing.TB, w *world, all map[string][]revision) {
	t.Helper()
	for _, grain := range []period.Grain{period.Day, period.Week, period.Month} {
		for export, windows := range l.holding(w, grain) {
			want := map[string]string{}
			for name, revision := range windows {
				part, _, _ := strings.Cut(name, " ")
				want[part+" "+l.windows[name].start] = fmt.Sprint(revision)
			}
			list := all[export]
			if len(list) == 0 {
				t.Errorf("%s is not exported", export)
				continue
			}
			if newest := list[len(list)-1]; fmt.Sprint(newest.windows) != fmt.Sprint(want) {
				t.Errorf("%s holds\n %v\nstored are\n %v", newest.manifest.Name, newest.windows, want)
			}
		}
	}
}
