package adaptertest

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
)

// ArchiveUnderTest is everything that an archive does.
type ArchiveUnderTest interface {
	Put(ctx context.Context, key string, records []event.Record) error
	Read(ctx context.Context, key string) iter.Seq2[event.Record, error]
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	PutFacts(ctx context.Context, key string, d kpi.Day) error
	Facts(ctx context.Context, key string) (kpi.Day, error)
	Persons(ctx context.Context, key string) (persons iter.Seq[kpi.Facts], failed func() error)
	Delete(ctx context.Context, key string) error
}

// OpenArchive gives the archive that is tested.
type OpenArchive func(t *testing.T) ArchiveUnderTest

// Archive holds an archive to its promises.
func Archive(t *testing.T, open OpenArchive) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, archive ArchiveUnderTest)
	}{
		{"records", archivedRecords},
		{"keys", archivedKeys},
		{"facts", archivedFacts},
		{"facts person by person", archivedPersons},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func archivedRecords(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	var many []event.Record
	for n, text := range strange {
		one := touchpoint("e-"+text, noon+event.Millis(n))
		one.Order = &event.Order{ID: text, Amount: math.MaxInt64}
		one.Properties = map[string]string{text: text}
		many = append(many, event.Record{
			Workspace: "shop", Type: event.Track, Identifiers: []event.Identifier{event.Identifier("user:" + text)},
			Previous: []event.Identifier{"anon:1"}, Marketing: event.Marketing{Explicit: text, URL: "https://shop.example/?a=1&b=<2>"}, Touchpoint: one,
		})
	}
	for n := range 20000 {
		many = append(many, event.Record{Workspace: "shop", Type: event.Page, Identifiers: []event.Identifier{"anon:1"}, Touchpoint: touchpoint(fmt.Sprint(n), noon)})
	}
	for _, c := range []struct {
		key  string
		want []event.Record
	}{{"records/many", many}, {"records/one", many[:1]}, {"records/none", nil}} {
		must(t, archive.Put(ctx, c.key, many[1:2]))
		must(t, archive.Put(ctx, c.key, c.want)) // replaces the other
		var got []event.Record
		for r, err := range archive.Read(ctx, c.key) {
			must(t, err)
			got = append(got, r)
		}
		equal(t, "records of "+c.key, got, c.want)
	}
	for r, err := range archive.Read(ctx, "records/many") { // whoever has enough stops
		must(t, err)
		equal(t, "first record", r, many[0])
		break
	}
	rounds := 0
	for _, err := range archive.Read(ctx, "records/nowhere") {
		rounds++
		wantFault(t, "Read of nothing", err, fault.NotFound, "no_such_object")
	}
	equal(t, "rounds of Read of nothing", rounds, 1)
}

func archivedKeys(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	var want []string
	for n := range 1100 { // more than one answer lists
		key := fmt.Sprintf("keys/workspace=shop/%04d.ndjson.zst", n)
		want = append(want, key)
		must(t, archive.Put(ctx, key, nil))
	}
	must(t, archive.Put(ctx, "keys/workspace=shop-2/1.ndjson.zst", nil))
	list := func(prefix string) []string {
		var keys []string
		for key, err := range archive.Keys(ctx, prefix) {
			must(t, err)
			keys = append(keys, key)
		}
		return keys
	}
	equal(t, "Keys", list("keys/workspace=shop/"), want)
	equal(t, "Keys of nowhere", list("nowhere/"), []string(nil))
	for range 2 {
		must(t, archive.Delete(ctx, want[0]))
	}
	equal(t, "Keys after Delete", list("keys/workspace=shop/"), want[1:])
}

func facts(person string) kpi.Facts {
	cell := kpi.Cell{Channel: "email", Source: "web <&>", Stage: "purchase", Country: person}
	return kpi.Facts{
		Person: event.Identifier(person), Touches: []kpi.Count{{Cell: cell, N: math.MaxInt64}}, Sessions: []kpi.Count{{Cell: cell, N: 1}},
		New: &cell, Entries: []kpi.Count{{N: 2}}, Stage: "loyalty", Orders: []kpi.Sale{{Cell: cell, Currency: "EUR", N: 1, Amount: math.MinInt64}},
		Refunds: []kpi.Sale{{Currency: "JPY", Amount: 1}}, NewBuyer: &kpi.Cell{},
	}
}

func archivedFacts(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	full := kpi.Day{Identifiers: []event.Identifier{"anon:1", "user:日本"}}
	for _, text := range strange {
		full.Persons = append(full.Persons, facts("user:"+text))
	}
	for n, want := range []kpi.Day{full, {}, {Persons: []kpi.Facts{{Person: "user:1"}}}} {
		key := fmt.Sprintf("facts/%d", n)
		must(t, archive.PutFacts(ctx, key, full))
		must(t, archive.PutFacts(ctx, key, want))
		got, err := archive.Facts(ctx, key)
		must(t, err)
		equal(t, "Facts of "+key, got, want)
	}
	_, err := archive.Facts(ctx, "facts/nowhere")
	wantFault(t, "Facts of nothing", err, fault.NotFound, "no_such_object")
	must(t, archive.Delete(ctx, "facts/0"))
	_, err = archive.Facts(ctx, "facts/0")
	wantFault(t, "Facts after Delete", err, fault.NotFound, "no_such_object")
}

func archivedPersons(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	var days []iter.Seq[kpi.Facts]
	var problems []func() error
	for n := range 3 { // three days, on which every third, second and each of 3,000 persons did something
		var d kpi.Day
		for p := range 3000 {
			if p%(3-n) == 0 {
				d.Persons = append(d.Persons, kpi.Facts{Person: event.Identifier(fmt.Sprintf("user:%04d", p)), Touches: []kpi.Count{{N: 1}}})
			}
		}
		key := fmt.Sprintf("persons/%d", n)
		must(t, archive.PutFacts(ctx, key, d))
		persons, failed := archive.Persons(ctx, key)
		equal(t, "Persons of "+key, slices.Collect(persons), d.Persons)
		must(t, failed())
		days, problems = append(days, persons), append(problems, failed)
	}
	total, distinct := int64(0), 0
	for f := range kpi.MergeFacts(days) {
		distinct++
		total += f.Touches[0].N
	}
	for _, failed := range problems {
		must(t, failed())
	}
	equal(t, "distinct persons", distinct, 3000)
	equal(t, "touchpoints", total, int64(1000+1500+3000))

	persons, failed := archive.Persons(ctx, "persons/nowhere")
	equal(t, "Persons of nothing", len(slices.Collect(persons)), 0)
	wantFault(t, "failed of nothing", failed(), fault.NotFound, "no_such_object")
	persons, failed = archive.Persons(ctx, "persons/0")
	for range persons {
		break
	}
	must(t, failed())
}
