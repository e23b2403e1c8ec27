package late_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/testing/seed"
	"waymark/tests/recount"
)

// zones are those that a workspace moves between: hours that begin at half past, a clock that is changed by half an hour,
// days that begin a day apart, and a zone that skips midnight once a year.
var zones = []string{
	"Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "Pacific/Apia", "America/Santiago",
}

// An operator changes the zone, the currency and the stage model of a workspace, and a release its rules, now and then with
// events still unsettled. The next settle counts everybody anew: all is what a recount under the new ones says.
func TestChangedSettings(t *testing.T) {
	t.Parallel()
	changes, windows := 0, 0
	seed.Each(t, 200, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, begin)
		w.AtOnce = r.IntN(4) // so that a recount takes several slices
		arrivals, settings := anyLife(r), shop
		w.Now = begin.AddDate(0, 0, lifeDays+1)
		for range 4 {
			n := r.IntN(len(arrivals) + 1)
			w.take(arrivals[:n]...)
			arrivals = arrivals[n:]
			if r.IntN(3) > 0 {
				w.Settle()
			}
			settings.Zone = zones[r.IntN(len(zones))]
			settings.Currency = []string{"GBP", "EUR"}[r.IntN(2)]
			settings.Model = []string{"default", "four"}[r.IntN(2)]
			if err := w.Table.PutWorkspace(t.Context(), settings); err != nil {
				t.Fatal(err)
			}
			w.Rules = release(r.IntN(4))
			w.Settle()
			windows += w.checkSettings(settings)
			changes++
		}
	})
	t.Logf("%d changes of settings, after which %d windows are what a recount says", changes, windows)
}

// release gives the rules of a release: those of now, with another channel rule, with another bot rule, and those of now
// under another name.
func release(n int) func(string) (journey.Rules, error) {
	return func(name string) (journey.Rules, error) {
		rules, err := model.Rules(name)
		rules.ID += fmt.Sprint(" release ", n)
		switch n {
		case 1:
			rules.Channel = func(event.Touchpoint) string { return "sms" }
		case 2:
			rules.Bot = func(string) string { return "crawler" }
		}
		return rules, err
	}
}

// checkSettings compares everything that is counted with a recount under the settings, and gives the number of windows.
func (w world) checkSettings(settings workspace.Workspace) int {
	w.t.Helper()
	calendar, err := settings.Calendar()
	if err != nil {
		w.t.Fatal(err)
	}
	in, lives := w.lives(settings)
	want := in.Windows(lives)
	n := len(want)
	for _, grain := range period.Grains() {
		stored, err := w.Table.Windows(w.t.Context(), settings.Namespace(), grain, "0", "~")
		if err != nil {
			w.t.Fatal(err)
		}
		for _, one := range stored {
			key := recount.Key(grain, one.Key)
			if problem := want[key].Differs(one.Totals); problem != "" {
				w.t.Errorf("%s in %s: %s", key, settings.Zone, problem)
			}
			is, err := calendar.ByKey(grain, one.Key)
			if want[key] != nil && (err != nil || one.Start != event.At(is.Start) || one.End != event.At(is.End)) {
				w.t.Errorf("%s in %s goes from %v to %v", key, settings.Zone, one.Start.Time(), one.End.Time())
			}
			delete(want, key)
		}
	}
	for key := range want {
		w.t.Errorf("%s in %s is not computed", key, settings.Zone)
	}
	w.checkSteps(settings, calendar, lives)
	w.checkLists(settings, lives)
	return n
}

// checkLists looks for everybody in the list of their stage.
func (w world) checkLists(settings workspace.Workspace, lives []recount.Life) {
	w.t.Helper()
	rules, err := w.Rules(settings.Model)
	if err != nil {
		w.t.Fatal(err)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, stage := range append(rules.Model.Stages(), rules.Model.Lapse()) {
		var list struct{ Items []struct{ Person string } }
		_, body := w.Get("/v1/profiles?limit=500&stage=" + string(stage))
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			w.t.Fatal(err)
		}
		for _, item := range list.Items {
			got[item.Person] = string(stage)
		}
	}
	for _, life := range lives {
		if n := len(life.Rows); n > 0 && life.Rows[n-1].Stage != "" {
			want[string(life.Root)] = life.Rows[n-1].Stage
		}
	}
	if !maps.Equal(got, want) {
		w.t.Errorf("in %s the lists are %v, want %v", settings.Zone, got, want)
	}
}

// checkSteps compares the steps of every day.
func (w world) checkSteps(settings workspace.Workspace, calendar period.Calendar, lives []recount.Life) {
	w.t.Helper()
	want := map[string][]step.Row{}
	for _, life := range lives {
		for _, row := range life.Rows {
			day := calendar.At(period.Day, row.At.Time()).Key
			want[day] = append(want[day], row)
		}
	}
	days, err := w.Archive.Days(w.t.Context(), settings.Namespace())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, day := range days {
		var got []step.Row
		for rows, err := range w.Archive.Steps(w.t.Context(), settings.Namespace(), []string{day.Key}, step.AllColumns) {
			if err != nil {
				w.t.Fatal(err)
			}
			got = append(got, rows...)
		}
		slices.SortStableFunc(want[day.Key], func(a, b step.Row) int { return cmp.Compare(a.Person, b.Person) })
		if len(got)+len(want[day.Key]) > 0 && !reflect.DeepEqual(got, want[day.Key]) {
			w.t.Errorf("the steps of %s in %s are\n   %+v\nwant\n   %+v", day.Key, settings.Zone, got, want[day.Key])
		}
		delete(want, day.Key)
	}
	for day := range want {
		w.t.Errorf("there are no steps of %s in %s", day, settings.Zone)
	}
}
