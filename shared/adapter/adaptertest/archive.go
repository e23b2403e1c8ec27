package adaptertest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
)

// ArchiveUnderTest is everything that an archive does.
type ArchiveUnderTest interface {
	PutEvents(ctx context.Context, ws, name string, events []event.Record) error
	Arrived(ctx context.Context, ws, day string) ([]string, error)
	CompactEvents(ctx context.Context, ws, day string) error
	Read(ctx context.Context, key string) iter.Seq2[event.Record, error]
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	Delete(ctx context.Context, key string) error
	PutLog(ctx context.Context, ns workspace.Namespace, name string, l ledger.Log) error
	Log(ctx context.Context, ns workspace.Namespace, name string) (ledger.Log, error)
	DeleteLog(ctx context.Context, ns workspace.Namespace, name string) error
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
		{"events", archivedEvents},
		{"keys", archivedKeys},
		{"compaction", archivedCompaction},
		{"logs", archivedLogs},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// record is an event of an identifier that is received at an instant.
func record(kept, request string, received event.Millis) event.Record {
	return event.Record{
		Workspace: "shop", Type: event.Page, Identifiers: []event.Identifier{event.Identifier(kept)}, Request: request,
		Touchpoint: event.Touchpoint{ID: event.ID("of " + request), Source: "web", Type: event.Page, Original: 1, Corrected: 2, Received: received},
	}
}

func keysOf(t *testing.T, archive ArchiveUnderTest, prefix string) []string {
	t.Helper()
	var keys []string
	for key, err := range archive.Keys(t.Context(), prefix) {
		must(t, err)
		keys = append(keys, key)
	}
	return keys
}

// recordsUnder are all records of all objects under a prefix, sorted.
func recordsUnder(t *testing.T, archive ArchiveUnderTest, prefix string) []event.Record {
	t.Helper()
	var all []event.Record
	for _, key := range keysOf(t, archive, prefix) {
		for r, err := range archive.Read(t.Context(), key) {
			must(t, err)
			all = append(all, r)
		}
	}
	return sortedRecords(all)
}

func sortedRecords(all []event.Record) []event.Record {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b event.Record) int {
		return cmp.Or(strings.Compare(a.Request, b.Request), cmp.Compare(a.Index, b.Index))
	})
	return all
}

func archivedEvents(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	var many []event.Record
	for n, text := range strange {
		one := record("user:"+text, fmt.Sprint("r", n), noon)
		one.Previous, one.Index = []event.Identifier{"anon:1"}, n
		one.Touchpoint.Order = &event.Order{ID: text, Amount: math.MaxInt64}
		one.Touchpoint.Properties = map[string]string{text: text}
		one.Touchpoint.Marketing = event.Marketing{Explicit: text, URL: "https://shop.example/?a=1&b=<2>"}
		many = append(many, one)
	}
	for n := range 3000 {
		many = append(many, record("anon:1", fmt.Sprint(n), noon))
	}
	next := record("anon:1", "next", noon+12*hour)
	putEvents(t, archive, "events", fmt.Sprintf("%012d", 7), many[:3])
	putEvents(t, archive, "events", fmt.Sprintf("%012d", 7), append(slices.Clone(many), next)) // replaces the others
	putEvents(t, archive, "events", fmt.Sprintf("%012d", 8), many[:1])
	putEvents(t, archive, "events", fmt.Sprintf("%012d", 9), nil)
	const prefix = "touchpoints/workspace=events/"
	wantKeys := []string{
		prefix + "arrived=2026-11-22/hash=00-ff/run-000000000007.ndjson.zst", prefix + "arrived=2026-11-22/hash=00-ff/run-000000000008.ndjson.zst",
		prefix + "arrived=2026-11-23/hash=00-ff/run-000000000007.ndjson.zst",
	}
	equal(t, "Keys", keysOf(t, archive, prefix), wantKeys)
	arrived, err := archive.Arrived(ctx, "events", "2026-11-22")
	must(t, err)
	equal(t, "Arrived", arrived, wantKeys[:2])
	equal(t, "events of a day", recordsUnder(t, archive, wantKeys[0]), sortedRecords(many))
	equal(t, "event of another run", recordsUnder(t, archive, wantKeys[1]), many[:1])
	equal(t, "event of the next day", recordsUnder(t, archive, wantKeys[2]), []event.Record{next})
	for _, err := range archive.Read(ctx, wantKeys[0]) { // whoever has enough stops
		must(t, err)
		break
	}
	rounds := 0
	for _, err := range archive.Read(ctx, "events/nowhere") {
		rounds++
		wantFault(t, "Read of nothing", err, fault.NotFound, "no_such_object")
	}
	equal(t, "rounds of Read of nothing", rounds, 1)
}

func archivedKeys(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	const prefix = "touchpoints/workspace=keys/"
	var want []string
	for n := range 1100 { // more than one answer lists
		want = append(want, fmt.Sprintf("%sarrived=2026-11-22/hash=00-ff/run-%012d.ndjson.zst", prefix, n))
		putEvents(t, archive, "keys", fmt.Sprintf("%012d", int64(n)), []event.Record{record("anon:1", "r", noon)})
	}
	putEvents(t, archive, "keys-2", fmt.Sprintf("%012d", 1), []event.Record{record("anon:1", "r", noon)})
	equal(t, "Keys", keysOf(t, archive, prefix), want)
	equal(t, "Keys of nowhere", keysOf(t, archive, "nowhere/"), []string(nil))
	for range 2 {
		must(t, archive.Delete(ctx, want[0]))
	}
	equal(t, "Keys after Delete", keysOf(t, archive, prefix), want[1:])
}

func archivedCompaction(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	const prefix = "touchpoints/workspace=compaction/"
	var all []event.Record
	for run := range 50 {
		var some []event.Record
		for n := range 20 {
			some = append(some, record(fmt.Sprint("anon:", n), fmt.Sprint(run, "-", n), noon+event.Millis(run*n)))
		}
		all = append(all, some...)
		putEvents(t, archive, "compaction", fmt.Sprintf("%012d", int64(run)), some)
		putEvents(t, archive, "compaction", fmt.Sprintf("%012d", int64(run+1000)), some) // archived twice
	}
	other := record("anon:1", "other", noon+day)
	putEvents(t, archive, "compaction", fmt.Sprintf("%012d", 7), []event.Record{other})
	for range 2 {
		must(t, archive.CompactEvents(ctx, "compaction", "2026-11-22"))
		equal(t, "events of a compacted day", recordsUnder(t, archive, prefix+"arrived=2026-11-22/"), sortedRecords(all))
		equal(t, "objects of a compacted day", len(keysOf(t, archive, prefix+"arrived=2026-11-22/")), 1)
		equal(t, "events of another day", recordsUnder(t, archive, prefix+"arrived=2026-11-23/"), []event.Record{other})
	}
	late := record("anon:1", "late", noon)
	putEvents(t, archive, "compaction", fmt.Sprintf("%012d", 2000), []event.Record{late})
	must(t, archive.CompactEvents(ctx, "compaction", "2026-11-22"))
	equal(t, "events of a day with a late one", recordsUnder(t, archive, prefix+"arrived=2026-11-22/"), sortedRecords(append(all, late)))
	must(t, archive.CompactEvents(ctx, "compaction", "2020-01-01"))
}

func putEvents(t *testing.T, archive ArchiveUnderTest, ws, name string, events []event.Record) {
	t.Helper()
	must(t, archive.PutEvents(t.Context(), ws, name, events))
}

func archivedLogs(t *testing.T, archive ArchiveUnderTest) {
	ctx := t.Context()
	var full ledger.Log
	fill(reflect.ValueOf(&full).Elem(), 0)
	full.Run = 12
	for i := range full.Changes { // a group has no more numbers than there are measures, and none of 0 at its end
		for key := range full.Changes[i].By.Groups {
			numbers := make([]wide.Int, len(full.Changes[i].By.Names))
			numbers[len(numbers)-1] = wide.Of(7)
			full.Changes[i].By.Groups[key] = numbers
		}
	}
	for i := range full.Profiles {
		full.Profiles[i].Profile.ID, full.Profiles[i].Profile.Run = "", 0 // the log says them once
	}
	for _, want := range []ledger.Log{full, {Run: 12}, full} {
		must(t, archive.PutLog(ctx, "logs", "run-12", want))
		got, err := archive.Log(ctx, "logs", "run-12")
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Log:\n got %+v\nwant %+v", got, want)
		}
	}
	equal(t, "logs are no events", keysOf(t, archive, "touchpoints/workspace=logs/"), []string(nil))
	_, err := archive.Log(ctx, "logs", "run-13")
	wantFault(t, "Log of another run", err, fault.NotFound, "no_such_object")
	_, err = archive.Log(ctx, "logs-2", "run-12")
	wantFault(t, "Log of another workspace", err, fault.NotFound, "no_such_object")
	for range 2 {
		must(t, archive.DeleteLog(ctx, "logs", "run-12"))
	}
	_, err = archive.Log(ctx, "logs", "run-12")
	wantFault(t, "Log after DeleteLog", err, fault.NotFound, "no_such_object")
}

// fill gives every field that a package may set a value of its own, so that a field which a format leaves out is found.
func fill(v reflect.Value, n int) {
	if number, ok := v.Addr().Interface().(*wide.Int); ok {
		*number = wide.Of(math.MaxInt64).Add(wide.Of(int64(n)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n + 1))
	case reflect.Uint64:
		v.SetUint(math.MaxUint64 - uint64(n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n+i)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n+i)
		}
	default:
		panic("adaptertest: fill does not know " + v.Type().String())
	}
}
