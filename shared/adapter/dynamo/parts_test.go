package dynamo_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/stage"
)

// giant is a profile of as many parts as a value has beyond its head, about.
func giant(run int64, parts int) ledger.Profile {
	raw := make([]byte, 310<<10*parts+1)
	random := rand.NewChaCha8([32]byte{byte(run)})
	_, _ = random.Read(raw) // never an error
	return ledger.Profile{ID: "user:1", Run: run, Stage: stage.Name(base64.StdEncoding.EncodeToString(raw))}
}

// keysOf lists the sort keys that a call writes, with - before those that it deletes. Of parts it tells the run and
// the number.
func keysOf(c call) []string {
	short := func(i map[string]any) string {
		sk := i["SK"].(map[string]any)["S"].(string)
		if kind, rest, isPart := strings.Cut(sk, "#"); isPart && kind == "p" {
			return kind + rest[:12] + rest[len(rest)-4:]
		}
		return sk
	}
	var keys []string
	for _, i := range itemsOf(c) {
		keys = append(keys, short(i))
	}
	requests, _ := c.input["RequestItems"].(map[string]any)
	of, _ := requests["waymark"].([]any)
	for _, r := range of {
		if gone, is := r.(map[string]any)["DeleteRequest"].(map[string]any); is {
			keys = append(keys, "-"+short(gone["Key"].(map[string]any)))
		}
	}
	return keys
}

// disk keeps the items of one partition, as far as profiles need it, and can be told to fail.
type disk struct {
	items map[string]map[string]any
	log   []string
	fails string // operation that fails from now on
}

func (d *disk) answer(_ int, c call) (int, string, error) {
	d.log = append(d.log, strings.TrimSpace(c.operation+" "+strings.Join(keysOf(c), " ")))
	if c.operation == d.fails {
		return 400, `{"__type":"AccessDeniedException","message":"no"}`, nil
	}
	var answer any = map[string]any{}
	switch c.operation {
	case "PutItem":
		stored := d.items["P"]
		if stored != nil && !holds(c, stored) {
			answer = map[string]any{"__type": "ConditionalCheckFailedException", "message": "no", "Item": stored}
			body, err := json.Marshal(answer)
			return 400, string(body), err
		}
		d.items["P"] = itemsOf(c)[0]
	case "BatchWriteItem":
		for _, r := range c.input["RequestItems"].(map[string]any)["waymark"].([]any) {
			if gone, is := r.(map[string]any)["DeleteRequest"].(map[string]any); is {
				delete(d.items, sortKey(gone["Key"]))
			}
		}
		for _, i := range itemsOf(c) {
			d.items[sortKey(i)] = i
		}
	case "Query":
		bounds := c.input["ExpressionAttributeValues"].(map[string]any)
		var found []any
		for _, sk := range slices.Sorted(maps.Keys(d.items)) {
			if sk >= bounds[":from"].(map[string]any)["S"].(string) && sk <= bounds[":to"].(map[string]any)["S"].(string) {
				found = append(found, d.items[sk])
			}
		}
		answer = map[string]any{"Items": found}
	case "GetItem":
		answer = map[string]any{"Item": d.items["P"]}
	case "BatchGetItem":
		var found []any
		for _, key := range c.input["RequestItems"].(map[string]any)["waymark"].(map[string]any)["Keys"].([]any) {
			if i := d.items[sortKey(key)]; i != nil {
				found = append(found, i)
			}
		}
		answer = map[string]any{"Responses": map[string]any{"waymark": found}}
	}
	body, err := json.Marshal(answer)
	return 200, string(body), err
}

func sortKey(i any) string { return i.(map[string]any)["SK"].(map[string]any)["S"].(string) }

// holds says whether the condition of a profile's put does.
func holds(c call, stored map[string]any) bool {
	if strings.Contains(c.input["ConditionExpression"].(string), "attribute_not_exists(n)") && stored["n"] != nil {
		return false
	}
	run := func(i any) (n int64) {
		_, _ = fmt.Sscan(i.(map[string]any)["N"].(string), &n)
		return n
	}
	return run(stored["run"]) < run(c.input["ExpressionAttributeValues"].(map[string]any)[":run"])
}

// TestPartsOfProfiles holds the order in which the items of large profiles are written and deleted, and that the
// usual one takes one call.
func TestPartsOfProfiles(t *testing.T) {
	t.Parallel()
	d := &disk{items: map[string]map[string]any{}}
	table := tableOn(&service{answer: d.answer})
	for _, c := range []struct {
		what string
		put  ledger.Profile
		want []string
	}{
		{"usual", ledger.Profile{ID: "user:1", Run: 1}, []string{"PutItem P"}},
		{"of two parts", giant(2, 2), []string{"BatchWriteItem p000000000002#000 p000000000002#001", "PutItem P", "Query"}},
		{"the same again", giant(2, 2), []string{"BatchWriteItem p000000000002#000 p000000000002#001", "PutItem P", "Query"}},
		{"of another run", giant(4, 1), []string{
			"BatchWriteItem p000000000004#000", "PutItem P", "Query", "BatchWriteItem -p000000000002#000 -p000000000002#001",
		}},
		{"of an earlier run", giant(3, 1), []string{
			"BatchWriteItem p000000000003#000", "PutItem P", "Query", "BatchWriteItem -p000000000003#000",
		}},
		{"usual, of an earlier run", ledger.Profile{ID: "user:1", Run: 3}, []string{"PutItem P", "PutItem P"}},
		{"usual over parts", ledger.Profile{ID: "user:1", Run: 5}, []string{
			"PutItem P", "PutItem P", "Query", "BatchWriteItem -p000000000004#000",
		}},
		{"usual again", ledger.Profile{ID: "user:1", Run: 5}, []string{"PutItem P"}},
	} {
		d.log = nil
		if err := table.PutProfiles(t.Context(), "demo", []ledger.Profile{c.put}); err != nil {
			t.Fatalf("PutProfiles %s: %v", c.what, err)
		}
		if !slices.Equal(d.log, c.want) {
			t.Errorf("PutProfiles %s: got %q, want %q", c.what, d.log, c.want)
		}
	}
	if got := slices.Sorted(maps.Keys(d.items)); !slices.Equal(got, []string{"P"}) {
		t.Errorf("items left: %q, want the head alone", got)
	}
}

// TestPartsAfterErrors ends a write after each of its steps: a reader sees the profile of before or the new one, and
// the next write leaves nothing but its own.
func TestPartsAfterErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fails string
		run   int64 // seen afterwards
	}{{"BatchWriteItem", 1}, {"PutItem", 1}, {"Query", 2}} {
		d := &disk{items: map[string]map[string]any{}}
		table := tableOn(&service{answer: d.answer})
		put := func(p ledger.Profile) error { return table.PutProfiles(t.Context(), "demo", []ledger.Profile{p}) }
		if err := put(giant(1, 1)); err != nil {
			t.Fatal(err)
		}
		d.fails = c.fails
		if err := put(giant(2, 2)); fault.KindOf(err) != fault.Internal {
			t.Errorf("PutProfiles while %s fails: %v, want an error", c.fails, err)
		}
		d.fails = ""
		got, err := table.Profiles(t.Context(), "demo", []event.Identifier{"user:1"})
		if err != nil || got[0].Run != c.run || got[0].Stage != giant(c.run, int(c.run)).Stage {
			t.Errorf("Profiles after %s failed: run %d, %v; want run %d as it was written", c.fails, got[0].Run, err, c.run)
		}
		if err := put(giant(2, 2)); err != nil {
			t.Fatal(err)
		}
		if len(d.items) != 3 {
			left := slices.Sorted(maps.Keys(d.items))
			t.Errorf("items after %s failed and the same was written again: %q, want 3", c.fails, left)
		}
	}
}

// TestPartsReplacedMeanwhile reads a profile whose parts another run deletes between the reading of its head and
// theirs.
func TestPartsReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		times int
		kind  fault.Kind
		run   int64
	}{{1, "", 3}, {4, "", 6}, {5, fault.Unavailable, 0}} {
		synctest.Test(t, func(t *testing.T) {
			d := &disk{items: map[string]map[string]any{}}
			writer := tableOn(&service{answer: d.answer})
			write := func(run int64) {
				if err := writer.PutProfiles(t.Context(), "demo", []ledger.Profile{giant(run, 1)}); err != nil {
					t.Error(err)
				}
			}
			write(2)
			replaced := 0
			reader := tableOn(&service{answer: func(n int, made call) (int, string, error) {
				if made.operation == "BatchGetItem" && n > 1 && replaced < c.times {
					replaced++
					write(int64(2 + replaced))
				}
				return d.answer(n, made)
			}})
			got, err := reader.Profiles(t.Context(), "demo", []event.Identifier{"user:1"})
			if fault.KindOf(err) != c.kind || err == nil && (got[0].Run != c.run || got[0].Stage != giant(c.run, 1).Stage) {
				t.Errorf("Profiles after %d replacements: %v, want kind %q or run %d", c.times, err, c.kind, c.run)
			}
		})
	}
}
