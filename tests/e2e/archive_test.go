package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/tests/e2e"
)

// Shape of a large archive: persons with some sessions each in the last 60 days, of which one in three orders something and half log in.
const (
	eventsOfPerson  = 10
	eventsOfSession = 4
	eventsOfObject  = 50
	archivedDays    = 60
	oneRepeatIn     = 50 // 2 %
)

// archived is a seeded source of events as a settle archives them.
type archived struct {
	random    *mathrand.Rand
	workspace string
	persons   int
	until     time.Time
	n         int
	session   []event.Record
	repeats   []event.Record
}

// next gives one event.
func (a *archived) next() event.Record {
	if n := len(a.repeats); n > 0 && a.random.IntN(oneRepeatIn) == 0 {
		r := a.repeats[a.random.IntN(n)]
		r.Touchpoint.Received += event.Millis(1 + a.random.IntN(100_000))
		r.Request = fmt.Sprintf("again%d", a.n)
		return r
	}
	if len(a.session) == 0 {
		a.begin()
	}
	r := a.session[0]
	a.session = a.session[1:]
	if len(a.repeats) < 1000 {
		a.repeats = append(a.repeats, r)
	} else {
		a.repeats[a.random.IntN(1000)] = r
	}
	return r
}

// begin makes a session: page views, products, perhaps a login and an order at its end.
func (a *archived) begin() {
	person := a.random.IntN(a.persons)
	at := event.At(a.until.Add(-time.Duration(a.random.Int64N(int64(archivedDays * 24 * time.Hour)))))
	ids := []event.Identifier{event.Identifier(fmt.Sprintf("anon:7f3c2d1e-0a9b-4c8d-8e7f-%012x", person*3+a.random.IntN(2)))}
	if person%2 == 0 && a.random.IntN(2) == 0 {
		ids = append([]event.Identifier{event.Identifier(fmt.Sprintf("user:%07d", person))}, ids...)
	}
	marketing := []event.Marketing{
		{},
		{Source: "news", Medium: "email", Campaign: "november"},
		{Referrer: "https://www.google.com/"},
		{Click: "gclid"},
		{Referrer: "https://www.facebook.com/"},
	}[a.random.IntN(5)]
	size := 1 + a.random.IntN(2*eventsOfSession-1)
	for i := range size {
		a.n++
		at += event.Millis(1000 + a.random.IntN(120_000))
		r := event.Record{
			Workspace: a.workspace, Type: event.Page, Identifiers: ids, Request: fmt.Sprintf("r%d", a.n),
			Touchpoint: event.Touchpoint{
				Agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
				ID:    event.ID(fmt.Sprintf("ajs-next-%012d-5d41402abc4b2a76", a.n)), Source: "web", Type: event.Page, Name: "Home", Original: at, Corrected: at,
				Received: at + 300, Country: []string{"GB", "NO", "DE"}[person%3], Page: "https://shop.example/p/monopoly",
			},
		}
		if i == 0 {
			r.Touchpoint.Marketing = marketing
		}
		switch {
		case i == size-1 && size > 2 && a.random.IntN(8) == 0:
			r.Type, r.Touchpoint.Type, r.Touchpoint.Name = event.Track, event.Track, event.OrderCompleted
			r.Touchpoint.Order = &event.Order{ID: fmt.Sprintf("o%d", a.n), Amount: money.Micros(1_000_000 * (1 + a.random.Int64N(200))), Currency: "GBP", Items: 1}
		case i > 0:
			r.Type, r.Touchpoint.Type, r.Touchpoint.Name = event.Track, event.Track, "Product Viewed"
			r.Touchpoint.Properties = map[string]string{"product_id": "507f1f77bcf86cd799439011", "category": "Games"}
		}
		a.session = append(a.session, r)
	}
}

// fillArchive writes the first n events of a source into the archive of a running system, as runs of some fifty of one day. The same seed and number
// of persons are the same source; the runs have names of their own each time.
func fillArchive(t testing.TB, w e2e.Tenant, seed uint64, persons, n int) (objects int) {
	t.Helper()
	getenv := func(name string) string { return w.Env[name] }
	store := archive.New(bucket.New(bucket.NewClient(getenv), w.Env["ARCHIVE_BUCKET"]))
	source := &archived{
		random: mathrand.New(mathrand.NewPCG(seed, 1)), workspace: w.Keys.Workspace, persons: persons, until: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
	}
	runs := make(chan []event.Record)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for records := range runs {
				if err := store.PutEvents(context.WithoutCancel(t.Context()), w.Keys.Workspace, "000000000000-"+rand.Text(), records); err != nil {
					t.Error(err)
				}
			}
		})
	}
	days := map[string][]event.Record{}
	put := func(day string) {
		objects++
		runs <- days[day]
		delete(days, day)
	}
	for range n {
		r := source.next()
		day := r.Touchpoint.Received.Day()
		if days[day] = append(days[day], r); source.random.IntN(eventsOfObject) == 0 {
			put(day)
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		put(day)
	}
	close(runs)
	writers.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return objects
}
