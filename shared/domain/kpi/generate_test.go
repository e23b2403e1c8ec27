package kpi_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/model"
)

// world is a small random workspace.
type world struct {
	calendar period.Calendar
	model    *stage.Model
	now      event.Millis
	persons  map[event.Identifier][]event.Identifier // root → its identifiers
	stored   map[event.Identifier][]event.Touchpoint // every copy of every touchpoint
}

var (
	zones    = []string{"UTC", "Europe/London", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"}
	models   = []string{"default", "default", "four", "five"}
	names    = []string{"", "", "", "Product Viewed", "Product Added", "Order Shipped", "Order Completed", "Order Completed", "Order Refunded", "Referral Made"}
	signs    = []string{"", "", "", "email", "paid_search", "direct"}
	country  = []string{"", "GB", "NZ"}
	currency = []string{"", "", "EUR", "USD"}
	// anchors are busy times: two changes of the clock, a year's and a quarter's end, and plain days.
	anchors = []string{"2025-10-26T00:40:00Z", "2025-12-31T23:45:00Z", "2026-03-08T06:50:00Z", "2026-03-29T00:30:00Z", "2026-03-31T23:50:00Z", "2026-05-13T12:00:00Z"}
)

func newWorld(t testing.TB, r *rand.Rand) *world {
	t.Helper()
	calendar, err := period.New(zones[r.IntN(len(zones))], time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Stages(models[r.IntN(len(models))])
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		calendar: calendar, model: m, now: event.At(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)),
		persons: map[event.Identifier][]event.Identifier{}, stored: map[event.Identifier][]event.Touchpoint{},
	}
	anchor := anchors[r.IntN(len(anchors))]
	for p := range 1 + r.IntN(4) {
		root := event.Identifier(fmt.Sprint("user:", p))
		w.persons[root] = []event.Identifier{root}
		for i := range r.IntN(3) {
			w.persons[root] = append(w.persons[root], event.Identifier(fmt.Sprintf("anon:%d-%d", p, i)))
		}
		for _, id := range w.persons[root] {
			for n := range r.IntN(12) {
				w.stored[id] = append(w.stored[id], randomCopies(r, fmt.Sprintf("%s-%d", id, n), anchor)...)
			}
		}
	}
	return w
}

// randomCopies is one event and now and then a retry of it, near the anchor, some days on or some months on.
func randomCopies(r *rand.Rand, id, anchor string) []event.Touchpoint {
	base, _ := time.Parse(time.RFC3339, anchor)
	at := event.At(base).Add(time.Duration(r.IntN(60)) * 10 * time.Minute)
	switch r.IntN(5) {
	case 0:
		at = at.Add(time.Duration(r.IntN(9)) * 24 * time.Hour)
	case 1:
		at = at.Add(time.Duration(r.IntN(130)) * 24 * time.Hour)
	}
	if r.IntN(8) == 0 {
		id = fmt.Sprint("shared-", r.IntN(3)) // an id that other identifiers have too
	}
	tp := event.Touchpoint{
		ID: event.ID(id), Source: []string{"web", "till"}[r.IntN(2)], Type: event.Track, Name: names[r.IntN(len(names))],
		Original: at, Corrected: at, Received: at.Add(2 * time.Second), Sign: signs[r.IntN(len(signs))], Country: country[r.IntN(len(country))],
	}
	if tp.Name == "" {
		tp.Type = event.Page
	}
	if tp.Name == event.OrderCompleted || tp.Name == event.OrderRefunded {
		tp.Order = &event.Order{
			ID: fmt.Sprint("o", r.IntN(12)), Refund: tp.Name == event.OrderRefunded, Amount: money.Micros(r.IntN(5)) * 12_345_678,
			Currency: currency[r.IntN(len(currency))],
		}
	}
	switch r.IntN(6) {
	case 0:
		tp.Skewed, tp.Corrected = true, at.Add(time.Duration(60+r.IntN(9))*time.Minute)
	case 1:
		tp.Untimed, tp.Received = true, at
	}
	copies := []event.Touchpoint{tp}
	for r.IntN(4) == 0 {
		again := copies[0]
		again.Received = again.Received.Add([]time.Duration{0, time.Minute, 30 * time.Hour, 48 * time.Hour, 60 * time.Hour}[r.IntN(5)])
		if again.Untimed {
			again.Original, again.Corrected = again.Received, again.Received
		}
		copies = append(copies, again)
	}
	return copies
}

// journeys folds every person by the code under test.
func (w *world) journeys(r *rand.Rand) []journey.Journey {
	claims := map[string]profile.Claims{}
	for id, copies := range w.stored {
		for _, tp := range copies {
			if key, claim, ok := profile.ClaimOf(tp, id); ok {
				claims[key] = claims[key].Join(claim)
			}
		}
	}
	var out []journey.Journey
	for root, ids := range w.persons {
		var lines []journey.Line
		for _, id := range ids {
			copies := slices.Clone(w.stored[id])
			r.Shuffle(len(copies), func(i, j int) { copies[i], copies[j] = copies[j], copies[i] })
			lines = append(lines, journey.Line{Identifier: id, Touchpoints: copies})
		}
		out = append(out, journey.Fold(root, lines, claims, w.model, w.now))
	}
	return out
}

// instants are all times at which something may count.
func instants(journeys []journey.Journey) []event.Millis {
	var out []event.Millis
	for _, j := range journeys {
		out = append(out, j.Instants()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// windows picks windows of every grain where something happens, and a period with any bounds.
func (w *world) windows(r *rand.Rand, at []event.Millis) []period.Window {
	var out []period.Window
	for _, grain := range period.Grains() {
		out = append(out, w.calendar.At(grain, at[r.IntN(len(at))].Time()))
	}
	from := at[r.IntN(len(at))].Add(-time.Duration(r.IntN(3)) * time.Hour)
	to := from.Add(time.Duration(1+r.IntN(100_000)) * time.Minute)
	span, err := w.calendar.Period(from.Time(), to.Time())
	if err != nil {
		panic(err)
	}
	return append(out, span)
}
