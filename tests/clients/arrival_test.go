package clients_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/infra/client"
	"waymark/tests/e2e"
)

// person is the part of a profile that these tests look at.
type person struct {
	Person      string `json:"person"`
	Identifiers []struct {
		ID string `json:"id"`
	} `json:"identifiers"`
	Traits map[string]struct {
		Value any `json:"value"`
	} `json:"traits"`
	Touchpoints int    `json:"touchpoints"`
	Orders      orders `json:"orders"`
}

type orders struct {
	Count   int     `json:"count"`
	Revenue []money `json:"revenue"`
	Net     []money `json:"net_revenue"`
}

type money struct {
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
}

// pollInterval lets others work on a machine that does a lot at the same time.
const pollInterval = 250 * time.Millisecond

// orders are what the story is worth.
func (s telling) orders() orders {
	all := orders{Count: 1, Revenue: []money{{"EUR", "1299.95"}}, Net: []money{{"EUR", "1200.00"}}}
	if s.isSite {
		all.Net = all.Revenue
	}
	return all
}

// storyTraits are those that identify and group set.
func storyTraits(run string) map[string]any {
	return map[string]any{"email": "ada-" + run + "@shop.example", "name": "Ada Lovelace", "plan": "gold", "group": "engine-" + run}
}

// item is one touchpoint of a timeline.
type item struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	Original string `json:"original"`
	Order    *struct {
		ID     string `json:"id"`
		Amount string `json:"amount"`
		Event  string `json:"event"`
		Counts bool   `json:"counts"`
	} `json:"order"`
}

// telling is one story on its way through a door.
type telling struct {
	run  string
	door *door
	want []happened // what must have been sent, sorted
	ends told
	// isSite says that it is story.ofSite.
	isSite bool
}

// isTouchpoint says whether an event of a type stands in the timeline.
func isTouchpoint(kind string) bool {
	return slices.Contains([]string{"track", "page", "screen"}, kind)
}

// checkSent holds what the client sent against the story.
func (s telling) checkSent(t testing.TB) {
	t.Helper()
	var got []happened
	for _, d := range s.door.sent() {
		got = append(got, happened{d.Type, d.Name})
		if want := "proof-of-ada-" + s.run; d.Type == "identify" && d.Proof != want {
			t.Errorf("%s: identify has the proof %q, want %q", s.run, d.Proof, want)
		}
	}
	slices.SortFunc(got, inOrder)
	if !slices.Equal(got, s.want) {
		t.Errorf("%s: the client sent %v, want %v", s.run, got, s.want)
	}
}

// checkPerson holds timeline and profile against the story, once everything is processed.
func (s telling) checkPerson(t testing.TB, w e2e.Tenant) {
	t.Helper()
	var want []item
	for _, d := range s.door.sent() {
		if isTouchpoint(d.Type) {
			want = append(want, item{ID: d.ID, Type: d.Type, Name: d.Name, Original: d.Time})
		}
	}
	address := "/v1/profiles/" + url.PathEscape("user:ada-"+s.run)
	got := e2e.Get[struct{ Items []item }](t, w, address+"/timeline?limit=500").Items
	var money []string
	for i, one := range got {
		if one.Order != nil {
			money = append(money, fmt.Sprintf("%s %s %s %t", one.Order.Event, one.Order.ID, one.Order.Amount, one.Order.Counts))
		}
		got[i].Order = nil
	}
	byID := func(a, b item) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(want, byID)
	slices.SortFunc(got, byID)
	wantMoney := []string{"refunded order-" + s.run + " 99.95 true", "completed order-" + s.run + " 1299.95 true"} // the newest first
	if s.isSite {
		wantMoney = wantMoney[1:]
	}
	if !reflect.DeepEqual(got, want) || !slices.Equal(money, wantMoney) {
		t.Errorf("%s: timeline:\n got %v %q\nwant %v %q", s.run, got, money, want, wantMoney)
	}
	s.checkProfile(t, e2e.Get[person](t, w, address), len(want))
}

// checkProfile holds a profile against the one that the story leads to.
func (s telling) checkProfile(t testing.TB, p person, touchpoints int) {
	t.Helper()
	var identifiers []string
	for _, i := range p.Identifiers {
		identifiers = append(identifiers, i.ID)
	}
	slices.Sort(identifiers)
	want := append(s.door.anonymous(), "email:ada-"+s.run+"@shop.example", "user:ada-"+s.run)
	before := "user:lovelace-" + s.run
	if s.isSite {
		before = "anon:lovelace-" + s.run // the alias gives up no user
	}
	want = append(want, before)
	slices.Sort(want)
	if !slices.Equal(identifiers, want) {
		t.Errorf("%s: the person has the identifiers %v, want %v", s.run, identifiers, want)
	}
	traits := map[string]any{}
	for name, trait := range p.Traits {
		traits[name] = trait.Value
	}
	if want := storyTraits(s.run); !maps.Equal(traits, want) {
		t.Errorf("%s: the person has the traits %v, want %v", s.run, traits, want)
	}
	if storyOrders := s.orders(); !reflect.DeepEqual(p.Orders, storyOrders) || p.Touchpoints != touchpoints {
		t.Errorf("%s: the person has %d touchpoints and the orders %+v, want %d and %+v", s.run, p.Touchpoints, p.Orders, touchpoints, storyOrders)
	}
}

// tally is what a workspace must hold in the end.
type tally struct {
	Received int `json:"received"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Rejected int `json:"rejected"`
	Failed   int `json:"failed"`
	Repeats  int `json:"repeats"`
	Copies   int `json:"order_copies"`
	Bots     int `json:"bots"`
	Skewed   int `json:"skewed"`
	Untimed  int `json:"untimed"`
}

// settleAccounts waits until everything that came through the doors is processed, and holds the workspace against it: each delivery is accounted for,
// so nothing came twice and nothing else came.
func settleAccounts(t testing.TB, w e2e.Tenant, doors ...*door) {
	t.Helper()
	want, distinct := tally{}, 0
	for _, d := range doors {
		passed := d.passed()
		ids := map[string]bool{}
		for _, one := range passed {
			ids[one.ID] = true
		}
		want.Received += len(passed)
		distinct += len(ids)
	}
	want.Accepted, want.Repeats = want.Received, want.Received-distinct
	err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
		if err := pause(ctx, pollInterval); err != nil {
			return err
		}
		answer, err := w.Get(ctx, "/v1/quality")
		if err != nil {
			return err
		}
		var got struct{ Rows []tally }
		if err := answer.Into(&got); err != nil {
			return err
		}
		switch sum := sumOf(got.Rows); {
		case sum.Received < want.Received:
			return fmt.Errorf("%d deliveries of %d are processed: %+v", sum.Received, want.Received, sum)
		case sum != want:
			t.Errorf("quality says %+v, want %+v", sum, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if failed := e2e.Get[struct{ Failed []any }](t, w, "/v1/failed"); len(failed.Failed) > 0 {
		t.Errorf("there are failed events: %v", failed)
	}
}

// sumOf adds the rows of days: a test may run over midnight.
func sumOf(rows []tally) tally {
	var all tally
	for _, r := range rows {
		sum, one := reflect.ValueOf(&all).Elem(), reflect.ValueOf(r)
		for i := range one.NumField() {
			sum.Field(i).SetInt(sum.Field(i).Int() + one.Field(i).Int())
		}
	}
	return all
}

// checkBooks counts everything and holds orders and money against those that came through the doors.
func checkBooks(t testing.TB, w e2e.Tenant, doors ...*door) {
	t.Helper()
	placed, refunded := map[string]bool{}, map[string]bool{}
	for _, d := range doors {
		for _, one := range d.passed() {
			switch one.Name {
			case "Order Completed":
				placed[one.ID] = true
			case "Order Refunded":
				refunded[one.ID] = true
			}
		}
	}
	counter := &client.Client{URL: w.URL, Key: w.Keys.Secret, Sleep: pause}
	if _, err := counter.RollUp(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	from, to := now.AddDate(0, 0, -2).Format(time.DateOnly), now.AddDate(0, 0, 2).Format(time.DateOnly)
	got := e2e.Get[struct {
		Rows []struct {
			Metric string
			Value  any
		}
	}](t, w, "/v1/kpis?grain=period&metric=orders,buyers,revenue,refunds&from="+from+"&to="+to)
	values := map[string]string{}
	for _, row := range got.Rows {
		values[row.Metric] = fmt.Sprint(row.Value)
	}
	amount := func(n, cents int) string { return fmt.Sprintf("%d.%02d", n*cents/100, n*cents%100) }
	want := map[string]string{
		"orders": fmt.Sprint(len(placed)), "buyers": fmt.Sprint(len(placed)),
		"revenue": amount(len(placed), 129995), "refunds": amount(len(refunded), 9995),
	}
	if !maps.Equal(values, want) {
		t.Errorf("the books say %v, want %v", values, want)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
