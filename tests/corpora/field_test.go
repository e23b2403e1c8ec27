package corpora_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFieldCases plays inputs after public bug reports (testdata/field_cases, all names invented) and looks at what the report says is right.
func TestFieldCases(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file            string
		bots            int
		orders, revenue string
		countries       map[string]string
		channels        map[string]string // by identifier
	}{
		{file: "01-android15-webview-is-scanner", orders: "1", revenue: "10.00"},
		{file: "12-phones-and-browsers-of-people-are-bots", orders: "2", revenue: "20.00"},
		{file: "24-one-country-many-rows", orders: "4", revenue: "40.00", countries: map[string]string{"2026-03-05 DE": "2", "2026-03-05 GB": "2"}},
		{file: "31-mail-named-shop-is-shopping", channels: map[string]string{"anon:a0": "email", "anon:a1": "sms", "anon:a2": "organic_social"}},
	} {
		t.Run(test.file, func(t *testing.T) {
			w := newWorld(t, "EUR")
			text, err := os.ReadFile(filepath.Join("testdata", "field_cases", test.file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var file struct{ Send [][2]json.RawMessage }
			if err := json.Unmarshal(text, &file); err != nil || len(file.Send) == 0 {
				t.Fatalf("%d requests: %v", len(file.Send), err)
			}
			for _, request := range file.Send {
				var path string
				if err := json.Unmarshal(request[0], &path); err != nil {
					t.Fatal(err)
				}
				if status, answer := w.post(path, string(request[1])); status != 200 {
					t.Errorf("POST %s: %d %s", path, status, answer)
				}
			}
			w.count()
			const from, to = "2026-03-05", "2026-03-06"
			w.same("orders", w.kpi("orders", "day", from, to, ""), map[string]string{from: test.orders})
			w.same("revenue", w.kpi("revenue", "day", from, to, ""), map[string]string{from: test.revenue})
			if test.countries != nil {
				w.same("orders by country", w.kpi("orders", "day", from, to, "country"), test.countries)
			}
			for id, want := range test.channels {
				if got := slices.Sorted(maps.Keys(w.person(id).Channels)); fmt.Sprint(got) != fmt.Sprint([]string{want}) {
					t.Errorf("%s came by %v, want %s", id, got, want)
				}
			}
			if got := w.fates().Bots; got != test.bots {
				t.Errorf("bots %d, want %d", got, test.bots)
			}
		})
	}
}
