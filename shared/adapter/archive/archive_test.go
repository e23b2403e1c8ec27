package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/archive"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
)

// objects is a bucket as simple as can be, which a test can damage.
type objects map[string][]byte

func (o objects) Put(_ context.Context, key, _ string, body []byte) error {
	o[key] = bytes.Clone(body)
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
		for _, key := range o.keys() {
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}

func (o objects) Delete(_ context.Context, key string) error {
	delete(o, key)
	return nil
}

func (o objects) keys() []string {
	var keys []string
	for key := range o {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func TestArchive(t *testing.T) {
	t.Parallel()
	adaptertest.Archive(t, func(*testing.T) adaptertest.ArchiveUnderTest { return archive.New(objects{}) })
}

const (
	noon = event.Millis(1795348800000) // 22 November 2026, UTC
	day  = "touchpoints/workspace=shop/arrived=2026-11-22/"
)

// TestFormat holds the lines that other programs read.
func TestFormat(t *testing.T) {
	t.Parallel()
	bucket := objects{}
	record := event.Record{
		Workspace: "shop", Type: event.Identify, Identifiers: []event.Identifier{"user:1", "email:a@b.c"}, Request: "q-1", Index: 2,
		Touchpoint: event.Touchpoint{ID: "e-1", Source: "web", Type: event.Identify, Original: 1, Corrected: 2, Received: noon},
	}
	first := record // the hash of user:2 begins with 17, that of user:1 with a8
	first.Identifiers = []event.Identifier{"user:2"}
	must(t, archive.New(bucket).PutEvents(t.Context(), "shop", "000000000042", []event.Record{record, first, record}))
	must(t, archive.New(bucket).PutLog(t.Context(), "shop", "run-000000000042", ledger.Log{Run: 42, Dues: []ledger.Due{{Handle: "h"}}}))
	for key, want := range map[string]string{
		day + "hash=00-ff/run-000000000042.ndjson.zst": `{"w":"shop","t":"identify","i":["user:2"],"q":"q-1","x":2,"e":{"i":"e-1","s":"web","t":"identify","o":1,"c":2,"r":1795348800000}}
{"w":"shop","t":"identify","i":["user:1","email:a@b.c"],"q":"q-1","x":2,"e":{"i":"e-1","s":"web","t":"identify","o":1,"c":2,"r":1795348800000}}
`,
		"settle/workspace=shop/run-000000000042.json.zst": `{"run":42,"at":0,"model":"","definitions":0,"profiles":null,"changes":null,"days":null,` +
			`"dues":[{"handle":"h","not_before":0,"ids":null}],"done":null,"listings":null}`,
	} {
		if got := expand(t, bucket[key]); got != want {
			t.Errorf("%s: got\n%swant\n%s", key, got, want)
		}
	}
}

func TestPutEventsRefusesNobodys(t *testing.T) {
	t.Parallel()
	if err := archive.New(objects{}).PutEvents(t.Context(), "shop", "run-1", []event.Record{{}}); err == nil {
		t.Error("PutEvents of a record without identifier: no error")
	}
}

// TestDamage cuts and changes objects: whoever reads one must hear of it, and compaction must not delete what it could
// not read.
func TestDamage(t *testing.T) {
	t.Parallel()
	whole := objects{}
	must(t, archive.New(whole).PutEvents(t.Context(), "shop", "000000000001", someEvents(rand.New(rand.NewPCG(1, 1)), 500)))
	must(t, archive.New(whole).PutEvents(t.Context(), "shop", "000000000002", someEvents(rand.New(rand.NewPCG(2, 2)), 500)))
	must(t, archive.New(whole).PutLog(t.Context(), "shop", "run-000000000001", ledger.Log{Run: 1, Done: strings.Split(strings.Repeat("h ", 200), " ")}))
	const key, log = day + "hash=00-ff/run-000000000001.ndjson.zst", "settle/workspace=shop/run-000000000001.json.zst"
	for name, damage := range map[string]func([]byte) []byte{
		"begun":       func(b []byte) []byte { return b[:3] },
		"cut":         func(b []byte) []byte { return b[:len(b)/2] },
		"without end": func(b []byte) []byte { return b[:len(b)-1] },
		"changed":     func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b },
		"no zstd":     func([]byte) []byte { return []byte("{}\n") },
		"line cut":    func(b []byte) []byte { return compress(t, expand(t, b)[:600]) },
	} {
		damaged := objects{}
		for k, body := range whole {
			damaged[k] = bytes.Clone(body)
		}
		damaged[key], damaged[log] = damage(damaged[key]), damage(damaged[log])
		a := archive.New(damaged)
		var problem error
		for _, err := range a.Read(t.Context(), key) {
			problem = err
		}
		if problem == nil {
			t.Errorf("%s: Read gave no error", name)
		}
		if _, err := a.Log(t.Context(), "shop", "run-000000000001"); err == nil {
			t.Errorf("%s: Log gave no error", name)
		}
		if err := a.CompactEvents(t.Context(), "shop", "2026-11-22"); err == nil || len(damaged) != len(whole) {
			t.Errorf("%s: CompactEvents gave %v, %d of %d objects are left", name, err, len(damaged), len(whole))
		}
	}
	for name, text := range map[string]string{
		"no value": "", "two values": `{"run":1}{"run":1}`, "null": "null",
	} {
		if _, err := archive.New(objects{log: compress(t, text)}).Log(t.Context(), "shop", "run-000000000001"); err == nil {
			t.Errorf("%s: Log gave no error", name)
		}
	}
	for name, text := range map[string]string{ // compaction relies on the order and the ranges
		"out of order": `{"i":["user:1"]}` + "\n" + `{"i":["user:2"]}` + "\n", "nobody's": `{"i":[]}`, "no record": `[]`,
	} {
		damaged := objects{key: compress(t, text), day + "hash=00-ff/run-2.ndjson.zst": compress(t, "")}
		if err := archive.New(damaged).CompactEvents(t.Context(), "shop", "2026-11-22"); err == nil || len(damaged) != 2 {
			t.Errorf("%s: CompactEvents gave %v, left %v", name, err, damaged.keys())
		}
	}
	strayed := objects{day + "hash=00-10/part-1.ndjson.zst": compress(t, `{"i":["user:1"]}`), day + "hash=00-ff/part-2.ndjson.zst": compress(t, "")}
	if err := archive.New(strayed).CompactEvents(t.Context(), "shop", "2026-11-22"); err == nil || len(strayed) != 2 {
		t.Errorf("CompactEvents of a record out of its range: %v", err)
	}
}

func someEvents(random *rand.Rand, n int) []event.Record {
	out := make([]event.Record, n)
	for i := range out {
		out[i] = event.Record{
			Workspace: "shop", Type: event.Page, Identifiers: []event.Identifier{event.Identifier(fmt.Sprint("anon:", random.IntN(200)))},
			Request:    []string{"", fmt.Sprint("q-", random.IntN(20))}[random.IntN(2)],
			Touchpoint: event.Touchpoint{Source: "web", Type: event.Page, Received: noon + event.Millis(random.IntN(3))},
		}
	}
	return out
}

// crashing is a bucket whose owner dies at a call that changes something.
type crashing struct {
	objects
	left *int
}

func (c crashing) dies() bool {
	*c.left--
	return *c.left < 0
}

func (c crashing) Put(ctx context.Context, key, contentType string, body []byte) error {
	if c.dies() {
		return fault.New(fault.Unavailable, "crash", "crash")
	}
	return c.objects.Put(ctx, key, contentType, body)
}

func (c crashing) Delete(ctx context.Context, key string) error {
	if c.dies() {
		return fault.New(fault.Unavailable, "crash", "crash")
	}
	return c.objects.Delete(ctx, key)
}

// TestCompactEvents: whatever runs came, and with crashes in between, afterwards the objects hold each delivery once,
// and none overlap.
func TestCompactEvents(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 7))
		limits := func() archive.Limits {
			return archive.Limits{PartBytes: 1 + random.IntN(3000), Chains: 2 + random.IntN(4)}
		}
		bucket := objects{}
		all := map[string]bool{}
		for run := range 1 + random.IntN(12) {
			some := someEvents(random, random.IntN(100))
			must(t, archive.New(bucket).PutEvents(t.Context(), "shop", fmt.Sprintf("%012d", run), some))
			for _, r := range some {
				all[shown(r)] = true
			}
		}
		for range random.IntN(6) {
			left := random.IntN(10)
			dying := archive.NewWithin(crashing{bucket, &left}, limits())
			_ = dying.CompactEvents(t.Context(), "shop", "2026-11-22")
			if got := contents(t, bucket); !maps.Equal(unique(got), all) {
				t.Fatalf("seed %d: after a crash there are %d of %d events", seed, len(unique(got)), len(all))
			}
		}
		must(t, archive.NewWithin(bucket, limits()).CompactEvents(t.Context(), "shop", "2026-11-22"))
		got := contents(t, bucket)
		overlapping := regexp.MustCompile(`hash=00-ff/run-`).MatchString(strings.Join(bucket.keys(), " ")) && len(bucket) > 1
		if !maps.Equal(unique(got), all) || len(bucket) > 1 && len(got) != len(all) || overlapping {
			t.Fatalf("seed %d: %d records of %d different ones, want %d; objects %v", seed, len(got), len(unique(got)), len(all), bucket.keys())
		}
		before := bucket.keys()
		must(t, archive.New(bucket).CompactEvents(t.Context(), "shop", "2026-11-22"))
		if !slices.Equal(bucket.keys(), before) {
			t.Fatalf("seed %d: a second compaction changed %v into %v", seed, before, bucket.keys())
		}
	}
}

func shown(r event.Record) string {
	text, _ := json.Marshal(r)
	return string(text)
}

func contents(t *testing.T, bucket objects) []string {
	t.Helper()
	var all []string
	for _, key := range bucket.keys() {
		for r, err := range archive.New(bucket).Read(t.Context(), key) {
			must(t, err)
			all = append(all, shown(r))
		}
	}
	return all
}

func unique(all []string) map[string]bool {
	set := map[string]bool{}
	for _, one := range all {
		set[one] = true
	}
	return set
}

// FuzzRead reads any bytes: it ends, with lines or an error, and never panics. Compaction of them loses nothing that
// can be read.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"w":"shop","i":["user:1"]}`+"\n"), true)
	f.Add([]byte(`{"run":1}`), true)
	f.Add([]byte{0x28, 0xB5, 0x2F, 0xFD, 0, 0}, false)
	f.Fuzz(func(t *testing.T, body []byte, packed bool) {
		if packed {
			body = compress(t, string(body))
		}
		const key = day + "hash=00-ff/run-000000000001.ndjson.zst"
		bucket := objects{key: body, "settle/workspace=shop/run-000000000001.json.zst": body}
		a := archive.New(bucket)
		ended := false
		for _, err := range a.Read(t.Context(), key) {
			if ended {
				t.Fatal("Read goes on after an error")
			}
			ended = err != nil
		}
		if l, err := a.Log(t.Context(), "shop", "run-000000000001"); err == nil && l.Run == 0 {
			t.Errorf("Log gives that of no run: %v", l)
		}
		must(t, a.PutEvents(t.Context(), "shop", "000000000002", someEvents(rand.New(rand.NewPCG(1, 1)), 3)))
		if err := a.CompactEvents(t.Context(), "shop", "2026-11-22"); err != nil && len(bucket) != 3 {
			t.Errorf("CompactEvents failed and deleted: %v", bucket.keys())
		}
	})
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
