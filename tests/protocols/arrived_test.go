package protocols_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/infra/client"
	"waymark/tests/e2e"
)

// stages are those of the model of the workspaces; everybody is in one of them.
var stages = []string{"awareness", "consideration", "decision", "purchase", "post-purchase", "loyalty", "advocacy", "lapsed"}

// person is the part of a profile that these tests look at.
type person struct {
	Person string `json:"person"`
	Traits map[string]struct {
		Value any `json:"value"`
	} `json:"traits"`
}

// item is one touchpoint of a timeline.
type item struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Page  string `json:"page"`
	Order *struct {
		ID       string `json:"id"`
		Amount   string `json:"amount"`
		Currency string `json:"currency"`
	} `json:"order"`
}

// arrived waits until everything is processed and counted, and gives a line for everything that is known of everybody, sorted. Ids that are made up on
// the way are left out: they begin with anon.
func arrived(t testing.TB, w e2e.Tenant) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	counter := client.Client{URL: w.URL, Key: w.Keys.Secret, Sleep: pause}
	for {
		status, err := w.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if waits := status.Queues.Touchpoints; waits.Waiting+waits.InFlight == 0 {
			break
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := counter.RollUp(ctx, "", nil); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, stage := range stages {
		for _, p := range e2e.Get[struct{ Items []person }](t, w, "/v1/profiles?stage="+stage).Items {
			lines = append(lines, known(t, w, p.Person)...)
		}
	}
	for _, failed := range e2e.Get[struct {
		Items []struct{ Class, Reason string }
	}](t, w, "/v1/failed").Items {
		lines = append(lines, fmt.Sprintf("failed %s %s", failed.Class, failed.Reason))
	}
	slices.Sort(lines)
	return lines
}

// known is what is known of a person.
func known(t testing.TB, w e2e.Tenant, id string) (lines []string) {
	t.Helper()
	address := "/v1/profiles/" + url.PathEscape(id)
	who := id
	if strings.HasPrefix(id, "anon:") {
		who = "anon"
	}
	for name, trait := range e2e.Get[person](t, w, address).Traits {
		lines = append(lines, fmt.Sprintf("%s has %s %v", who, name, trait.Value))
	}
	for _, i := range e2e.Get[struct{ Items []item }](t, w, address+"/timeline?limit=500").Items {
		line := who + " " + i.Type
		if i.Name != "" {
			line += " " + i.Name
		}
		if i.Order != nil {
			line += fmt.Sprintf(" of %s %s", i.Order.Amount, i.Order.Currency)
		}
		lines = append(lines, line)
	}
	return lines
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
