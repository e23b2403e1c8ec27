package model_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"waymark/infra/rulefile"
	"waymark/shared/domain/event"
	"waymark/shared/domain/stage"
	"waymark/shared/model"
)

// catalogueRows are the kinds of the source documents in their order. A kind that is lost, renamed or moved is a red test.
var catalogueRows = []string{
	"social-ad", "advertising", "organic-search", "social-post", "social-shop", "content", "page-view", "product-view", "search-and-prices",
	"comparison", "review-read", "recommendation", "terms", "call-to-action", "cart", "checkout", "order", "delivery", "product-return", "email",
	"app", "shop-system", "store", "traditional-media", "service", "chat", "chatbot", "voice-assistant", "augmented-reality", "survey", "feedback",
	"review-written", "referral", "loyalty-programme", "offer", "promotion", "account", "consent", "community", "competitor",
}

func catalogue(t *testing.T) []rulefile.Kind {
	t.Helper()
	kinds, err := rulefile.Catalogue(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

func TestCatalogueHoldsEveryKind(t *testing.T) {
	t.Parallel()
	var got, want []string
	for _, kind := range catalogue(t) {
		got = append(got, kind.Row+" "+kind.ID)
		if kind.Title == "" || len(kind.Keep) == 0 {
			t.Errorf("kind %s has title %q and keeps %v, want both", kind.Row, kind.Title, kind.Keep)
		}
		for _, e := range kind.Events {
			if e.Channel != "" && !e.Channel.IsKnown() {
				t.Errorf("kind %s, event %q has the channel %q, which package channel does not know", kind.Row, e.Name, e.Channel)
			}
		}
	}
	for i, id := range catalogueRows {
		want = append(want, fmt.Sprintf("A2.%d %s", i+1, id))
	}
	want = append(want, "A9.1 experiment")
	if len(want) != 41 || !slices.Equal(got, want) {
		t.Errorf("Catalogue rows\n got %v\nwant %v", got, want)
	}
}

// TestCatalogueAgreesWithDefaultStages follows each event of the catalogue under the default model, as a first touchpoint and after an order.
func TestCatalogueAgreesWithDefaultStages(t *testing.T) {
	t.Parallel()
	m := presetStages(t, "default")
	for _, kind := range catalogue(t) {
		for _, e := range kind.Events {
			t.Run(fmt.Sprintf("%s %s %s", kind.Row, e.Type, e.Name), func(t *testing.T) {
				t.Parallel()
				first := stageTouch(0, e.Type, e.Name, string(e.Channel))
				got := [2]stage.Name{
					m.Walk([]stage.Touch{first}, first.At).After[0],
					m.Walk([]stage.Touch{stageTouch(0, event.Track, event.OrderCompleted, "direct"), stageTouch(1, e.Type, e.Name, string(e.Channel))}, 1).After[1],
				}
				if want := [2]stage.Name{e.Stage, e.AfterOrder}; got != want {
					t.Errorf("first and after an order: got %v, want %v", got, want)
				}
			})
		}
	}
}

// TestCatalogueHoldsSegmentEvents: the events of the Segment e-commerce specification, version 2, come under these names.
func TestCatalogueHoldsSegmentEvents(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, kind := range catalogue(t) {
		for _, e := range kind.Events {
			known[e.Name] = true
		}
	}
	for _, name := range []string{
		"Products Searched", "Product List Viewed", "Product List Filtered", "Promotion Viewed", "Promotion Clicked", "Product Clicked",
		"Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started", "Checkout Step Viewed", "Checkout Step Completed",
		"Payment Info Entered", "Order Updated", "Order Completed", "Order Refunded", "Order Cancelled", "Coupon Entered", "Coupon Applied",
		"Coupon Denied", "Coupon Removed", "Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Product Added to Cart",
		"Product Shared", "Cart Shared", "Product Reviewed",
		"Store Visited", "Support Ticket Opened", "Survey Answered", "Referral Made",
	} {
		if !known[name] {
			t.Errorf("the catalogue does not hold %q", name)
		}
	}
}

// TestEventsAreKnownInAnyForm: package event knows the names of the catalogue, and no others.
func TestEventsAreKnownInAnyForm(t *testing.T) {
	t.Parallel()
	if got, want := event.StandardNames(), slices.Sorted(maps.Keys(model.TrackNames())); !slices.Equal(got, want) {
		t.Errorf("event knows the names\n%q\nwant those of the catalogue\n%q", got, want)
	}
}

func TestPropertiesHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	kept := model.Keep().Always
	for name := range kept {
		for _, word := range strings.Split(name, "_") {
			if slices.Contains([]string{
				"name", "first", "last", "email", "mail", "phone", "address", "street", "city", "zip", "postcode", "birthday", "ip", "text", "comment",
				"body", "query", "question", "answer", "title", "subject", "url", "referrer", "user", "person", "agent", "note",
			}, word) && !slices.Contains([]string{"question_id", "subject_variant", "agent_kind"}, name) {
				t.Errorf("Keep() keeps %q: its word %q may hold what people are or wrote", name, word)
			}
		}
	}
	for _, name := range []string{"order_id", "product_id", "cost", "score", "survey_type", "survey", "type", "coupon", "store_id"} {
		if !kept[name] {
			t.Errorf("Keep() does not keep %q, which is needed", name)
		}
	}
	maps.DeleteFunc(kept, func(string, bool) bool { return true })
	if len(model.Keep().Always) == 0 {
		t.Error("Keep() gave away its own map")
	}
}
