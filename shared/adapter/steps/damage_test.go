package steps_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/step"
)

const (
	someDay = "2026-11-22"
	noon    = event.Millis(1795348800000) // of that day, UTC
	prefix  = "steps/workspace=shop/day=2026-11-22/"
	runKey  = prefix + "part=run-000000000001.parquet"
)

// day is what some persons did: a few steps each, some with orders.
func day(random *rand.Rand, persons int) ledger.Day {
	d := ledger.Day{Key: someDay}
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	for n := range persons {
		person := event.Identifier(fmt.Sprintf("anon:%08d", n))
		d.Persons = append(d.Persons, person)
		channel, country, campaign, at := pick("direct", "email", "paid_search", "social"), pick("DE", "FR", ""), pick("", "summer"), noon
		for i := range 1 + random.IntN(8) {
			at += event.Millis(random.IntN(60_000))
			row := step.Row{
				Person: person, Identifier: person, At: at, Type: event.Type(pick("page", "track")), Source: "web",
				ID:    event.ID(fmt.Sprintf("%08x-%04x-4%03x-%012x", random.Uint32(), random.IntN(1<<16), random.IntN(1<<12), random.Uint64()>>16)),
				Event: pick("Home", "Product Viewed", "Cart"), Channel: channel, Country: country, Campaign: campaign, Device: pick("mobile", "desktop"),
				Session: 1, SessionStart: i == 0, SessionChannel: channel, SessionCampaign: campaign, SessionCountry: country,
				StageBefore: "awareness", Stage: "awareness", FirstEver: i == 0, Visitor: step.New, FirstChannel: channel, FirstMonth: "2026-11",
			}
			if random.IntN(20) == 0 {
				row.Order = &step.Order{ID: fmt.Sprint("o-", random.Uint32()), Amount: 12_500_000, Currency: "EUR", Number: 1}
			}
			d.Rows = append(d.Rows, row)
		}
	}
	return d
}

// readAll is all that Steps yields, as text, until an error.
func readAll(t testing.TB, o objects) (string, error) {
	t.Helper()
	var all strings.Builder
	var problem error
	for rows, err := range steps.New(o).Steps(t.Context(), "shop", []string{someDay}, step.AllColumns) {
		if problem != nil {
			t.Fatal("Steps goes on after an error")
		}
		problem = err
		fmt.Fprintln(&all, len(rows))
		for _, r := range rows {
			order := r.Order
			r.Order = nil
			fmt.Fprintln(&all, r, order)
		}
	}
	return all.String(), problem
}

// TestDamage changes and cuts objects everywhere: whoever reads one hears of it, and compaction deletes nothing.
func TestDamage(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	whole := objects{}
	must(t, steps.New(whole).PutSteps(t.Context(), "shop", 1, day(random, 50)))
	must(t, steps.New(whole).PutSteps(t.Context(), "shop", 2, day(random, 5)))
	body := whole[runKey]
	for n := range 600 {
		damaged := bytes.Clone(body)
		if n%3 == 0 {
			damaged = damaged[:random.IntN(len(damaged))]
		} else {
			damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
		}
		o := objects{runKey: damaged, prefix + "part=run-000000000002.parquet": whole[prefix+"part=run-000000000002.parquet"]}
		if _, err := readAll(t, o); err == nil || !strings.Contains(err.Error(), runKey) {
			t.Errorf("Steps of a damaged object: %v, want an error that names it", err)
		}
		if err := steps.New(o).CompactSteps(t.Context(), "shop", someDay); err == nil || len(o) != 2 {
			t.Errorf("CompactSteps of a damaged object: %v, objects %v", err, o.keys())
		}
	}
	strayed := objects{prefix + "part=00-00-0000000000000000.parquet": body}
	if _, err := readAll(t, strayed); err == nil {
		t.Error("Steps of an object with other hashes than its name says: no error")
	}
	if _, err := readAll(t, objects{prefix + "stranger.parquet": body}); err == nil {
		t.Error("Steps of an object that is named otherwise: no error")
	}
}

// reseal gives a damaged object a right checksum, as nobody does: now the checks behind it must hold.
func reseal(object []byte) []byte {
	if len(object) < 12 {
		return object
	}
	at := len(object) - 8 - int(binary.LittleEndian.Uint32(object[len(object)-8:]))
	if at < 4 || at > len(object) {
		return object
	}
	sum := crc32.Update(crc32.ChecksumIEEE(object[:at-4]), crc32.IEEETable, object[at:])
	binary.LittleEndian.PutUint32(object[at-4:], sum)
	return object
}

// FuzzSteps reads objects of any bytes, with and without a right checksum: it ends, with steps or an error, and never
// panics. What can be read can be written and read again.
func FuzzSteps(f *testing.F) {
	whole := objects{}
	must(f, steps.New(whole).PutSteps(f.Context(), "shop", 1, day(rand.New(rand.NewPCG(1, 1)), 3)))
	f.Add(whole[runKey], uint16(0), byte(0))
	f.Add(whole[runKey], uint16(100), byte(1))
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, body []byte, at uint16, flip byte) {
		body = bytes.Clone(body)
		if int(at) < len(body) {
			body[at] ^= flip
		}
		_, _ = readAll(t, objects{runKey: bytes.Clone(body)})
		o := objects{runKey: reseal(body)}
		var again []ledger.Day
		for rows, err := range steps.New(o).Steps(t.Context(), "shop", []string{someDay}, step.AllColumns) {
			if err != nil {
				return
			}
			again = append(again, ledger.Day{Key: someDay, Persons: []event.Identifier{rows[0].Person}, Rows: rows})
		}
		for _, d := range again {
			o := objects{}
			if err := steps.New(o).PutSteps(t.Context(), "shop", 1, d); err != nil {
				t.Fatalf("PutSteps of what Steps gave: %v", err)
			}
			for rows, err := range steps.New(o).Steps(t.Context(), "shop", []string{someDay}, step.AllColumns) {
				must(t, err)
				if !reflect.DeepEqual(rows, d.Rows) {
					t.Fatalf("Steps of what Steps gave: %v, want %v", rows, d.Rows)
				}
			}
		}
	})
}

// TestPutStepsRefuses: what could not be read again is not written.
func TestPutStepsRefuses(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]ledger.Day{
		"nobody's rows":   {Key: someDay, Persons: []event.Identifier{"a"}, Rows: []step.Row{{Person: "a"}, {Person: "b"}}},
		"mixed persons":   {Key: someDay, Persons: []event.Identifier{"a", "b"}, Rows: []step.Row{{Person: "a"}, {Person: "b"}, {Person: "a"}}},
		"a person twice":  {Key: someDay, Persons: []event.Identifier{"a", "a"}, Rows: []step.Row{{Person: "a"}}},
		"a reserved type": {Key: someDay, Persons: []event.Identifier{"a"}, Rows: []step.Row{{Person: "a", Type: "none"}}},
		"great amount":    {Key: someDay, Persons: []event.Identifier{"a"}, Rows: []step.Row{{Person: "a", Order: &step.Order{Amount: 1e18}}}},
	} {
		o := objects{}
		if err := steps.New(o).PutSteps(t.Context(), "shop", 1, d); err == nil || len(o) > 0 {
			t.Errorf("%s: PutSteps gave %v and wrote %v", name, err, o.keys())
		}
	}
}
