package dynamo_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

// writeUnit is what one write unit of DynamoDB pays for.
const writeUnit = 1024

// written puts something and gives the bytes of the one item that it wrote, counted as DynamoDB counts.
func written(t *testing.T, put func(table *dynamo.Table) error) int {
	t.Helper()
	size, items := 0, 0
	s := &service{answer: func(_ int, c call) (int, string, error) {
		i, is := c.input["Item"].(map[string]any)
		if !is {
			return 400, `{}`, fmt.Errorf("%s writes no item", c.operation)
		}
		size, items = itemBytes(t, i), items+1
		return 200, `{}`, nil
	}}
	if err := put(tableOn(s)); err != nil {
		t.Fatal(err)
	}
	if items == 0 {
		t.Fatal("nothing was written")
	}
	return size
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

// TestItemsFitWriteUnits holds the sizes that the costs of the counting protocol rest on (docs/adr/0010-table-layout.md).
func TestItemsFitWriteUnits(t *testing.T) {
	t.Parallel()
	const id event.Identifier = "user:0190f5b2-7c1e-7a3d-9c55-3f2b1a0c4d5e"
	usual := aggregateOf(4, 5, 1_000)
	busiest := aggregateOf(25, 8, 10_000_000)
	for _, c := range []struct {
		name  string
		most  int
		write func(table *dynamo.Table) error
	}{
		{"usual profile", 700, func(table *dynamo.Table) error { return table.Commit(t.Context(), "my-shop", id, usual) }},
		{"profile with every channel and stage", writeUnit, func(table *dynamo.Table) error { return table.Commit(t.Context(), "my-shop", id, busiest) }},
		{"page of 1", writeUnit, func(table *dynamo.Table) error { return table.PutPage(t.Context(), "my-shop", id, pageOf(1)) }},
		{"page of 10", writeUnit, func(table *dynamo.Table) error { return table.PutPage(t.Context(), "my-shop", id, pageOf(10)) }},
		{"page of 100", 8 * writeUnit, func(table *dynamo.Table) error { return table.PutPage(t.Context(), "my-shop", id, pageOf(100)) }},
		{"link", writeUnit, func(table *dynamo.Table) error {
			e := identity.Evidence{At: 1795348800000, Event: "0190f5b2-7c1e-7a3d-9c55-3f2b1a0c4d5e", Source: "web"}
			return table.PutLink(t.Context(), "my-shop", identity.Link{Child: "anon:3f2b1a0c-4d5e-4a3d-9c55-0190f5b27c1e", Parent: id, Evidence: e})
		}},
	} {
		size := written(t, c.write)
		t.Logf("%s: %d bytes", c.name, size)
		if size > c.most {
			t.Errorf("%s: %d bytes, at most %d", c.name, size, c.most)
		}
	}
}

const (
	channelNames = `direct cross_network paid_shopping paid_search paid_social paid_video display paid_other ai_assistant organic_shopping
		organic_social organic_video organic_search referral email affiliates audio sms mobile_push in_store phone chat support print referral_programme`
	stageNames = "awareness consideration decision purchase post_purchase loyalty advocacy lapsed"
)

func aggregateOf(channels, stages, count int) profile.Aggregate {
	a := profile.Aggregate{
		Version: int64(count), Model: "default@1", Touchpoints: count, Proof: math.MaxUint64,
		First: profile.Touch{At: 1795348800000, Sign: "organic_search", Hash: math.MaxUint64}, Last: profile.Touch{At: 1795348800000, Hash: math.MaxUint64},
		Signs: map[string]int{}, Evidence: map[string]profile.Evidence{},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range strings.Fields(channelNames)[:channels] {
		a.Signs[name] = random.IntN(count)
	}
	for _, name := range strings.Fields(stageNames)[:stages] {
		a.Evidence[name] = profile.Evidence{Count: random.IntN(count), First: 1795348800000 + event.Millis(random.IntN(1e10))}
	}
	return a
}

// pageOf makes page views as a shop has them.
func pageOf(n int) []event.Touchpoint {
	var page []event.Touchpoint
	for i := range n {
		at := event.Millis(1795348800000 + i*17_351)
		page = append(page, event.Touchpoint{
			ID: event.ID(fmt.Sprintf("ajs-next-%d-%032x", at, uint64(i)*0x9E3779B97F4A7C15)), Source: "web", Type: event.Page, Name: "Product Viewed",
			Original: at, Corrected: at, Received: at + 812, Country: "GB", Page: fmt.Sprintf("https://shop.example/products/red-shoe-%d", i*37%91),
			Properties: map[string]string{"category": "shoes", "sku": fmt.Sprintf("SKU-%05d", i*7919%10000)},
		})
	}
	return page
}

// TestTooLargeIsNotSent checks that an item which DynamoDB would refuse is refused without asking.
func TestTooLargeIsNotSent(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(int, call) (int, string, error) { return 200, `{}`, nil }}
	id := event.Identifier("user:" + strings.Repeat("x", event.MaxIdentifierBytes))
	signs := map[string]int{}
	for n := range 200_000 { // sums of primes compress badly enough
		signs[fmt.Sprintf("%x", uint64(n)*0x9E3779B97F4A7C15)] = n * 7919
	}
	err := tableOn(s).Commit(t.Context(), "demo", id, profile.Aggregate{Version: 1, Signs: signs})
	if fault.CodeOf(err) != "too_large" || len(s.calls) != 0 {
		t.Errorf("Commit: %v after %d calls, want too_large after none", err, len(s.calls))
	}
}
