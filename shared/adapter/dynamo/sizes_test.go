package dynamo_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
)

// visitor is an identifier of usual length.
const visitor event.Identifier = "anon:3f2b1a0c-4d5e-4a3d-9c55-0190f5b27c1e"

// writeUnit is what one write unit of DynamoDB pays for.
const writeUnit = 1024

// written puts something and gives the bytes of the largest item that it wrote, counted as DynamoDB counts.
func written(t *testing.T, put func(table *dynamo.Table) error) int {
	t.Helper()
	var sizes []int
	s := &service{answer: func(_ int, c call) (int, string, error) {
		for _, i := range itemsOf(c) {
			sizes = append(sizes, itemBytes(t, i))
		}
		return 200, `{}`, nil
	}}
	if err := put(tableOn(s)); err != nil {
		t.Fatal(err)
	}
	if len(sizes) == 0 {
		t.Fatal("nothing was written")
	}
	return slices.Max(sizes)
}

// itemsOf lists what a call puts.
func itemsOf(c call) []map[string]any {
	if i, is := c.input["Item"].(map[string]any); is {
		return []map[string]any{i}
	}
	var items []map[string]any
	requests, _ := c.input["RequestItems"].(map[string]any)
	of, _ := requests["waymark"].([]any)
	for _, r := range of {
		if put, is := r.(map[string]any)["PutRequest"].(map[string]any); is {
			items = append(items, put["Item"].(map[string]any))
		}
	}
	return items
}

func itemBytes(t *testing.T, i map[string]any) int {
	t.Helper()
	size := 0
	for name, value := range i {
		size += len(name)
		for kind, text := range value.(map[string]any) {
			content := text.(string)
			if kind == "B" {
				raw, err := base64.StdEncoding.DecodeString(content)
				if err != nil {
					t.Fatal(err)
				}
				content = string(raw)
			}
			size += len(content)
		}
	}
	return size
}

// TestItemsFitWriteUnits holds the sizes that the costs of counting rest on (docs/adr/0010-table-layout.md).
func TestItemsFitWriteUnits(t *testing.T) {
	t.Parallel()
	const id event.Identifier = "user:0190f5b2-7c1e-7a3d-9c55-3f2b1a0c4d5e"
	member := ledger.Profile{ID: visitor, Root: id, Run: 123456}
	evidence := identity.Evidence{At: 1795348800000, Event: "0190f5b2-7c1e-7a3d-9c55-3f2b1a0c4d5e", Source: "web"}
	link := identity.Link{Child: visitor, Parent: id, Evidence: evidence}
	type table = *dynamo.Table
	pages := func(n int) func(table) error {
		return func(table table) error {
			return table.PutPages(t.Context(), "my-shop", map[event.Identifier][]event.Touchpoint{id: pageOf(n)})
		}
	}
	record := func(n int) func(table) error {
		return func(table table) error { return table.PutBatch(t.Context(), "my-shop", recordOf(n)) }
	}
	profile := func(hours int) func(table) error {
		return func(table table) error {
			return table.PutProfiles(t.Context(), "my-shop", []ledger.Profile{shopper(t, id, hours)})
		}
	}
	for _, c := range []struct {
		name  string
		units int
		write func(table) error
	}{
		{"page of 1", 1, pages(1)},
		{"page of 10", 1, pages(10)},
		{"page of 100", 4, pages(100)},
		{"record of 1", 1, record(1)},
		{"record of 10", 2, record(10)},
		{"record of 100", 7, record(100)},
		{"profile of 1 hour", 1, profile(1)},
		{"profile of 2 hours", 1, profile(2)},
		{"profile of 3 hours", 1, profile(3)},
		{"profile of 10 hours", 2, profile(10)},
		{"profile of 48 hours", 3, profile(48)},
		{"profile of 1,000 hours", 38, profile(1000)},
		{"profile of a member", 1, func(table table) error {
			return table.PutProfiles(t.Context(), "my-shop", []ledger.Profile{member})
		}},
		{"state with a full tail", 50, func(table table) error {
			return table.PutState(t.Context(), "my-shop", fullState(), 1)
		}},
		{"link", 1, func(table table) error { return table.PutLinks(t.Context(), "my-shop", []identity.Link{link}) }},
	} {
		size := written(t, c.write)
		t.Logf("%s: %d bytes", c.name, size)
		if size > c.units*writeUnit {
			t.Errorf("%s: %d bytes, at most %d", c.name, size, c.units*writeUnit)
		}
	}
}

// pageOf makes page views as a shop has them.
func pageOf(n int) []event.Touchpoint {
	var page []event.Touchpoint
	for i := range n {
		at := event.Millis(1795348800000 + i*17_351)
		page = append(page, event.Touchpoint{
			ID:     event.ID(fmt.Sprintf("ajs-next-%d-%032x", at, uint64(i)*0x9E3779B97F4A7C15)),
			Source: "web", Type: event.Page, Name: "Product Viewed", Original: at, Corrected: at, Received: at + 812,
			Country: "GB", Page: fmt.Sprintf("https://shop.example/products/red-shoe-%d", i*37%91),
			Properties: map[string]string{"category": "shoes", "sku": fmt.Sprintf("SKU-%05d", i*7919%10000)},
		})
	}
	return page
}

// recordOf is the record of a batch of page views, each of another visitor.
func recordOf(n int) ledger.Batch {
	random := rand.New(rand.NewPCG(5, 6))
	b := ledger.Batch{Handle: ledger.HandleAt(1795348800000) + "-0190f5b27c1e"}
	for i, view := range pageOf(n) {
		id := event.Identifier(fmt.Sprintf("anon:%016x%016x", random.Uint64(), random.Uint64()))
		view.Agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/130.0.0.0 Safari/537.36"
		b.Identifiers = append(b.Identifiers, id)
		b.Events = append(b.Events, event.Record{
			Workspace: "my-shop", Type: event.Page, Identifiers: []event.Identifier{id},
			Request: fmt.Sprintf("%016x", random.Uint64()), Index: i % 3, Touchpoint: view,
		})
	}
	return b
}

// shopper is the profile of a customer who came in so many hours, through several channels, went up the stages and
// bought at times.
func shopper(t *testing.T, id event.Identifier, hours int) ledger.Profile {
	t.Helper()
	calendar, err := period.New("Europe/London", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 8))
	channels := []string{"direct", "email", "paid_search", "organic_search", "referral", "paid_social"}
	stages := []string{"awareness", "consideration", "decision", "purchase", "post_purchase", "loyalty"}
	p := ledger.Profile{
		ID: id, Run: 123456, Version: 2, Members: []event.Identifier{id, visitor},
		FirstSeen: 1795348800000, Sessions: hours, Channels: map[string]int{}, Revenue: map[string]money.Sum{},
	}
	var rows []step.Row
	last := step.Row{
		Person: id, Identifier: id, Source: "web", Grade: "public", Country: "GB", Device: "desktop", Browser: "Chrome", OS: "Windows",
		FirstChannel: "paid_search", FirstMonth: "2026-11",
	}
	paths := rand.New(rand.NewPCG(9, 10)) // of a site with 50 pages
	path := func() string { return fmt.Sprintf("/products/garden-chairs-%02d", paths.IntN(50)) }
	at := p.FirstSeen
	for h := range hours {
		row := last
		row.Session, row.SessionStart, row.SessionCountry, row.Visitor = h+1, true, "GB", step.Returning
		row.Channel = channels[random.IntN(len(channels))]
		row.SessionChannel, row.LandingPage, row.Referrer.Host = row.Channel, path(), []string{"google.com", ""}[paths.IntN(2)]
		row.SessionPages, row.SessionSeconds = 4, 94
		for i := range 2 + random.IntN(5) {
			row.At, row.Type, row.Event, row.StageBefore = at+event.Millis(i*23_456), event.Page, "Product Viewed", row.Stage
			if row.Page = path(); i == 0 {
				row.Page = row.LandingPage
			}
			row.ID = event.ID(fmt.Sprintf("ajs-next-%d-%016x", row.At, random.Uint64()))
			row.Order, row.FirstEver, row.SessionStart = nil, len(rows) == 0, i == 0
			if i == 1 && h < len(stages) {
				row.Stage = stages[h]
				cause := stage.Cause{Event: row.ID, Source: "web", Rule: "viewed"}
				p.History = append(p.History, stage.Visit{Stage: stage.Name(row.Stage), Entered: row.At, Cause: cause})
			}
			if i == 4 {
				p.Orders++
				amount := money.Micros(10_000 * random.IntN(20_000))
				row.Order = &step.Order{ID: "o-" + string(row.ID), Amount: amount, Currency: "GBP", Number: p.Orders}
				row.OrderMonth = "2026-11"
				p.Revenue["GBP"] = p.Revenue["GBP"].Plus(money.SumOf(amount))
			}
			rows, last, p.LastSeen = append(rows, row), row, row.At
		}
		p.Channels[row.Channel]++
		at += event.Millis(random.IntN(80*3_600_000)) + 3_600_000
	}
	p.Stage, p.Touchpoints, p.Hours = stage.Name(last.Stage), len(rows), ledger.Hours(ledger.NewClock(calendar), rows)
	return p
}

// fullState has as many records behind the cursor as a state lists.
func fullState() ledger.State {
	random := rand.New(rand.NewPCG(9, 10))
	var handles []string
	for n := range 10_000 {
		at := 1795348800000 + event.Millis(n*10)
		handles = append(handles, fmt.Sprintf("%s-%012x", ledger.HandleAt(at), random.Uint64()>>16))
	}
	return ledger.State{Epoch: 2, Until: 1795348820000}.Settle(handles, "", 1795348800000)
}
