package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/archive"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
)

// objects is a bucket as simple as can be, which a test can damage.
type objects map[string][]byte

func (o objects) Put(_ context.Context, key, _ string, body []byte) error {
	o[key] = body
	return nil
}

func (o objects) Open(_ context.Context, key string) (io.ReadCloser, error) {
	body, found := o[key]
	if !found {
		return nil, fault.New(fault.NotFound, "no_such_object", "there is none")
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (o objects) Keys(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var keys []string
		for key := range o {
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

func (o objects) Delete(_ context.Context, key string) error {
	delete(o, key)
	return nil
}

func TestArchive(t *testing.T) {
	t.Parallel()
	adaptertest.Archive(t, func(*testing.T) adaptertest.ArchiveUnderTest { return archive.New(objects{}) })
}

func TestKey(t *testing.T) {
	t.Parallel()
	arrived := event.At(time.Date(2026, 11, 22, 23, 59, 59, 0, time.FixedZone("west", -10*60*60)))
	got := archive.Key("shop", arrived, "req-1")
	if want := "touchpoints/workspace=shop/arrived=2026-11-23/hour=09/req-1.ndjson.zst"; got != want {
		t.Errorf("Key: got %s, want %s", got, want)
	}
}

// TestFormat holds the lines that other programs read.
func TestFormat(t *testing.T) {
	t.Parallel()
	bucket := objects{}
	a := archive.New(bucket)
	record := event.Record{
		Workspace: "shop", Type: event.Identify, Identifiers: []event.Identifier{"user:1", "email:a@b.c"},
		Touchpoint: event.Touchpoint{ID: "e-1", Source: "web", Type: event.Identify, Original: 1, Corrected: 2, Received: 3},
	}
	must(t, a.Put(t.Context(), "records", []event.Record{record, record}))
	must(t, a.PutFacts(t.Context(), "facts", kpi.Day{Identifiers: []event.Identifier{"user:1"}, Persons: []kpi.Facts{{Person: "user:1"}, {Person: "user:2"}}}))
	line := `{"w":"shop","t":"identify","i":["user:1","email:a@b.c"],"m":{},"e":{"i":"e-1","s":"web","t":"identify","o":1,"c":2,"r":3}}` + "\n"
	for key, want := range map[string]string{
		"records": line + line,
		"facts":   `{"identifiers":["user:1"],"persons":2}` + "\n" + `{"p":"user:1"}` + "\n" + `{"p":"user:2"}` + "\n",
	} {
		if got := expand(t, bucket[key]); got != want {
			t.Errorf("%s: got\n%swant\n%s", key, got, want)
		}
	}
}

// TestDamage cuts and changes objects: whoever reads one must hear of it, and never take a part for the whole.
func TestDamage(t *testing.T) {
	t.Parallel()
	whole := objects{}
	var day kpi.Day
	var records []event.Record
	for n := range 500 {
		day.Persons = append(day.Persons, kpi.Facts{Person: event.Identifier(strings.Repeat("x", n))})
		records = append(records, event.Record{Workspace: strings.Repeat("y", n)})
	}
	must(t, archive.New(whole).PutFacts(t.Context(), "facts", day))
	must(t, archive.New(whole).Put(t.Context(), "records", records))
	damages := map[string]func([]byte) []byte{
		"empty":       func([]byte) []byte { return nil },
		"begun":       func(b []byte) []byte { return b[:3] },
		"cut":         func(b []byte) []byte { return b[:len(b)/2] },
		"without end": func(b []byte) []byte { return b[:len(b)-1] },
		"changed":     func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b },
		"no zstd":     func([]byte) []byte { return []byte("{}\n") },
		"line cut":    func(b []byte) []byte { return compress(t, expand(t, b)[:600]) },
		"lines missing": func(b []byte) []byte {
			return compress(t, strings.Join(strings.SplitAfter(expand(t, b), "\n")[:100], ""))
		},
	}
	for name, damage := range damages {
		damaged := objects{"facts": damage(bytes.Clone(whole["facts"])), "records": damage(bytes.Clone(whole["records"]))}
		a := archive.New(damaged)
		if _, err := a.Facts(t.Context(), "facts"); err == nil {
			t.Errorf("%s: Facts gave no error", name)
		}
		persons, failed := a.Persons(t.Context(), "facts")
		_ = slices.Collect(persons)
		if failed() == nil {
			t.Errorf("%s: Persons gave no error", name)
		}
		if name == "empty" || name == "lines missing" {
			continue // an object of records has no end of its own; nobody writes one of these
		}
		var problem error
		for _, err := range a.Read(t.Context(), "records") {
			problem = err
		}
		if problem == nil {
			t.Errorf("%s: Read gave no error", name)
		}
	}
}

// FuzzRead reads any bytes: it ends, with lines or an error, and never panics.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"w":"shop"}`+"\n"), true)
	f.Add([]byte(`{"identifiers":[],"persons":1}`+"\n"+`{"p":"user:1"}`), true)
	f.Add([]byte{0x28, 0xB5, 0x2F, 0xFD, 0, 0}, false)
	f.Fuzz(func(t *testing.T, body []byte, packed bool) {
		if packed {
			body = compress(t, string(body))
		}
		a := archive.New(objects{"o": body})
		ended := false
		for _, err := range a.Read(t.Context(), "o") {
			if ended {
				t.Fatal("Read goes on after an error")
			}
			ended = err != nil
		}
		d, err := a.Facts(t.Context(), "o")
		if err != nil {
			return
		}
		must(t, a.PutFacts(t.Context(), "again", d))
		again, err := a.Facts(t.Context(), "again")
		must(t, err)
		if shown(again) != shown(d) {
			t.Errorf("Facts of what Facts gave: got %s, want %s", shown(again), shown(d))
		}
	})
}

func shown(d kpi.Day) string {
	text, _ := json.Marshal(d)
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expand(t *testing.T, compressed []byte) string {
	t.Helper()
	decoder, err := zstd.NewReader(nil)
	must(t, err)
	defer decoder.Close()
	text, err := decoder.DecodeAll(compressed, nil)
	must(t, err)
	return string(text)
}

func compress(t *testing.T, text string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	must(t, err)
	return encoder.EncodeAll([]byte(text), nil)
}
