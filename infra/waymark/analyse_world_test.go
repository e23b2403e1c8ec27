package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	goio "io"

	world "waymark/shared/testing/system"
)

// demoDocuments are settled in the world of the tests of analyses.
var demoDocuments = map[string]string{
	"experiments": `{"experiments":[{"id":"checkout-button","variants":[{"id":"control","weight":1},{"id":"green","weight":1}],"from":"2026-09-01","metric":{"event":"Order Completed"}}]}`,
	"objectives":  `{"objectives":[{"name":"autumn-orders","metric":"orders","target":500,"direction":"at_least","from":"2026-10-01","to":"2027-01-01","owner":"shop"}]}`,
	"costs":       `{"costs":[{"channel":"paid_search","from":"2026-09-01","to":"2026-12-01","amount":"300.00"}]}`,
}

// shopDemo is a small shop, behind an address that commands can ask, and how commands are run in it.
type shopDemo struct {
	*world.System
	url string
}

// newDemo makes 40 customers of the autumn of 2026, always the same.
func newDemo(t *testing.T) *shopDemo {
	t.Helper()
	s := world.New(t, world.Shop())
	for kind, text := range demoDocuments {
		if status, answer := s.Ask(http.MethodPut, "/v1/definitions/"+kind, "sk_shop", text); status != http.StatusOK {
			t.Fatalf("settle %s: %d %s", kind, status, answer)
		}
	}
	s.Post("wk_web", demoEvents()...)
	s.Drain()
	s.Settle()
	var one sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		body, _ := goio.ReadAll(r.Body)
		status, answer := s.Ask(r.Method, r.URL.RequestURI(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), string(body))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	return &shopDemo{s, server.URL}
}

// run runs a command as a user of the shop.
func (d *shopDemo) run(t *testing.T, in string, args ...string) (code int, out, said string) {
	t.Helper()
	var printed, problems bytes.Buffer
	code = run(t.Context(), append(args, "--url", d.url, "--key", "sk_shop"), stdio{In: strings.NewReader(in), Out: &printed, Err: &problems})
	return code, printed.String(), problems.String()
}

func demoEvents() (sent []string) {
	r := rand.New(rand.NewPCG(1, 1))
	say := func(who int, at time.Time, fields string) {
		if at.Before(world.Begin) {
			sent = append(sent, fmt.Sprintf(`{"messageId":"m%d","userId":"u%d","timestamp":%q,%s}`, len(sent), who, at.Format(time.RFC3339), fields))
		}
	}
	visits := []string{`"campaign":{"source":"news","medium":"email","name":"autumn"}`, `"campaign":{"source":"google","medium":"cpc","name":"brand"}`, `"page":{"referrer":"https://www.google.com/"}`, ``}
	products := []string{"socks", "shoes", "laces", "wax"}
	for who := range 40 {
		at := time.Date(2026, 9, 1+r.IntN(60), 9+r.IntN(8), 0, 0, 0, time.UTC)
		for visit := range 1 + r.IntN(5) {
			say(who, at, `"type":"page","properties":{"path":"/","url":"https://shop.example/"},"context":{`+visits[r.IntN(len(visits))]+`}`)
			if visit == 0 {
				say(who, at.Add(time.Second), fmt.Sprintf(`"type":"track","event":"Experiment Viewed","properties":{"experiment_id":"checkout-button","variation_id":%q}`, []string{"control", "green"}[who%2]))
			}
			product := products[r.IntN(len(products))]
			if r.IntN(4) > 0 {
				say(who, at.Add(2*time.Minute), fmt.Sprintf(`"type":"track","event":"Product Viewed","properties":{"product_id":%q}`, product))
			}
			if r.IntN(2) > 0 {
				say(who, at.Add(5*time.Minute), `"type":"page","properties":{"path":"/cart","url":"https://shop.example/cart"}`)
			}
			if r.IntN(3) == 0 {
				say(who, at.Add(9*time.Minute), fmt.Sprintf(`"type":"track","event":"Order Completed","properties":{"order_id":"o%d","revenue":%d.90,"products":[{"product_id":%q},{"product_id":%q}]}`,
					len(sent), 10+r.IntN(90), product, products[r.IntN(len(products))]))
			}
			if r.IntN(4) == 0 {
				say(who, at.Add(24*time.Hour), `"type":"track","event":"Survey Answered","properties":{"survey_id":"s","survey_type":"nps","score":9,"text":"I love these socks"}`)
			}
			at = at.Add(time.Duration(1+r.IntN(30*24)) * time.Hour)
		}
	}
	return sent
}
