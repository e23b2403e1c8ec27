package collect_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/functions/collect"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// limited is a system whose source web has a policy; wk_demo has it, and wk_shop is another workspace's key without one.
func limited(p workspace.Policy, addressRate int, spending collect.Spending) *system {
	s := newSystem()
	s.keys.more = map[string]workspace.Key{"wk_demo": {Workspace: "demo", Role: workspace.Write, Source: "web", Policy: p}}
	s.handler = collect.New(collect.Config{
		Keys: s.keys, Queue: s.queue, Spending: spending, AddressRate: addressRate, Salts: saltOfDays{}, NewSalt: func() string { return "unused" },
		Now: func() time.Time { return s.now }, NewID: func() string { return "made-here" },
	})
	return s
}

func pages(n int) request {
	return post("/v1/batch", `{"batch":[`+strings.TrimSuffix(strings.Repeat(goodPage+",", n), ",")+`]}`)
}

func from(r request, key string) request {
	r.Headers = map[string]string{"authorization": basic(key + ":")}
	return r
}

// statuses are the answers to n requests at this instant.
func statuses(t *testing.T, s *system, r request, n int) map[int]int {
	t.Helper()
	got := map[int]int{}
	for range n {
		got[s.send(t, r).StatusCode]++
	}
	return got
}

// Buckets hold five seconds' worth of requests, fill again with time, and are those of one key and address.
func TestRates(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*system{
		"with one key":     limited(workspace.Policy{Rate: 10}, 0, nil),
		"from one address": limited(workspace.Policy{}, 10, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, want := statuses(t, s, pages(1), 80), (map[int]int{200: 50, 429: 30}); !reflect.DeepEqual(got, want) {
				t.Fatalf("80 at once: %v, want %v", got, want)
			}
			answer := s.send(t, pages(1))
			if got := answer.Headers["retry-after"]; got != "1" || !strings.Contains(answer.Body, `"too_many_requests"`) {
				t.Errorf("Retry-After %q, %s", got, answer.Body)
			}
			if got := statuses(t, s, from(pages(1), "wk_shop"), 40); got[200] != 40 {
				t.Errorf("another key's: %v", got)
			}
			s.now = s.now.Add(time.Second)
			if got, want := statuses(t, s, pages(1), 20), (map[int]int{200: 10, 429: 10}); !reflect.DeepEqual(got, want) {
				t.Errorf("a second later: %v, want %v", got, want)
			}
			s.now = s.now.Add(time.Hour)
			if got, want := statuses(t, s, pages(1), 60), (map[int]int{200: 50, 429: 10}); !reflect.DeepEqual(got, want) {
				t.Errorf("an hour later: %v, want %v", got, want)
			}
		})
	}
}

// Addresses do not share a bucket, and as many of them as one likes do not fill the memory.
func TestAddressesApart(t *testing.T) {
	t.Parallel()
	s := limited(workspace.Policy{}, 1, nil)
	send := func(address string) int {
		e := pages(1).envelope()
		e.RequestContext.HTTP.SourceIP = address
		return s.answer(t, e).StatusCode
	}
	for n := range 25_000 {
		if got := send(fmt.Sprint(n)); got != 200 {
			t.Fatalf("address %d was answered %d", n, got)
		}
	}
	for n := range 6 {
		if got, want := send("last"), map[bool]int{true: 200, false: 429}[n < 5]; got != want {
			t.Errorf("request %d of one address: %d, want %d", n, got, want)
		}
	}
}

// What a rate refuses is counted for its source, in one note every ten seconds at most.
func TestRefusedByRateIsNoted(t *testing.T) {
	t.Parallel()
	s := limited(workspace.Policy{Rate: 1}, 0, nil)
	statuses(t, s, pages(2), 25) // 5 come in, 20 requests of 2 events do not
	if len(s.queue.noted) != 0 {
		t.Fatalf("noted at once: %+v", s.queue.noted)
	}
	s.now = s.now.Add(10 * time.Second)
	statuses(t, s, pages(1), 3)
	want := note("web", "too_many_requests", 40)
	want.Request, want.Received = "r-1-limits-too_many_requests", event.At(s.now)
	want.Refused.Reason = "there are too many requests with this write key; wait as Retry-After says, and send more events in one request"
	if len(s.queue.noted) != 1 || !reflect.DeepEqual(s.queue.noted[0], want) {
		t.Errorf("noted %+v\nwant %+v", s.queue.noted, want)
	}
}

// table is a Spending that counts its calls, and may be down.
type table struct {
	*memory.Table
	calls int
	down  bool
}

func (m *table) Spend(ctx context.Context, ws, source, day string, n int64) (int64, error) {
	m.calls++
	if m.down {
		return 0, fault.New(fault.Unavailable, "throttled", "the table is throttled")
	}
	return m.Table.Spend(ctx, ws, source, day, n)
}

// One instance lets through a cap to the event; several a hundredth of it more each. At midnight UTC all begins anew.
func TestDailyCap(t *testing.T) {
	t.Parallel()
	spent := &table{Table: memory.NewTable()}
	s := limited(workspace.Policy{Cap: 1000}, 0, spent)
	if got, want := statuses(t, s, pages(3), 400), (map[int]int{200: 333, 429: 67}); !reflect.DeepEqual(got, want) {
		t.Errorf("400 requests of 3 events: %v, want %v", got, want)
	}
	if spent.calls > 1+1000/10+67 {
		t.Errorf("%d calls of the table", spent.calls)
	}
	if got := statuses(t, s, pages(1), 2); got[200] != 1 {
		t.Errorf("the one event that is left: %v", got)
	}
	answer := s.send(t, pages(1))
	if got := answer.Headers["retry-after"]; got != "52200" || !strings.Contains(answer.Body, `"daily_cap"`) {
		t.Errorf("at 9:30 Retry-After is %q, want the 14 h 30 min to midnight; %s", got, answer.Body)
	}
	other := limited(workspace.Policy{Cap: 1000}, 0, spent)
	if got := statuses(t, other, pages(1), 200)[200]; got > 10 {
		t.Errorf("another instance takes %d more, want 10 at most", got)
	}
	s.now = s.now.Add(14*time.Hour + 30*time.Minute)
	if got := statuses(t, s, pages(1), 50); got[200] != 50 {
		t.Errorf("after midnight: %v", got)
	}
}

// A table that does not answer stops nobody.
func TestCapWithoutATable(t *testing.T) {
	t.Parallel()
	s := limited(workspace.Policy{Cap: 1000}, 0, &table{Table: memory.NewTable(), down: true})
	if got := statuses(t, s, pages(1), 500); got[200] != 500 {
		t.Errorf("%v", got)
	}
}

// The alarm of template.yaml waits for this line.
func TestCapIsLoggedOnce(t *testing.T) {
	var lines bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&lines, nil)))
	defer slog.SetDefault(before)
	s := limited(workspace.Policy{Cap: 2}, 0, &table{Table: memory.NewTable()})
	statuses(t, s, pages(1), 10)
	if n := strings.Count(lines.String(), `"msg":"daily cap reached","workspace":"demo","source":"web","cap_events":2`); n != 1 {
		t.Errorf("logged %d times:\n%s", n, lines.String())
	}
}

// What a browser may not send is refused, told and counted; the rest of its request comes in, and a server sends all.
func TestNamesOfABrowser(t *testing.T) {
	t.Parallel()
	const order = `{"type":"track","event":"order completed","anonymousId":"a1","messageId":"m2","properties":{"order_id":"7"}}`
	const alias = `{"type":"alias","userId":"u2","previousId":"u1","messageId":"m3"}`
	body := `{"batch":[` + order + `,` + goodPage + `,{"type":"page"},` + alias + `]}`
	policy := workspace.Policy{Names: []string{"page", "Product Viewed"}}
	browser := post("/v1/batch", body)
	browser.Headers["origin"] = "https://shop.example"
	beacon := post("/v1/beacon", body)
	for name, c := range map[string]struct {
		request  request
		rejected string
		events   int // of the envelope
		noted    int
	}{
		"a browser's": {browser, "3/4", 2, 2},
		"a beacon":    {beacon, "3/4", 2, 2},
		"a server's":  {post("/v1/batch", body), "1/4", 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := limited(policy, 0, nil)
			answer := s.send(t, c.request)
			if got := answer.Headers["waymark-rejected"]; answer.StatusCode != 200 || got != c.rejected {
				t.Errorf("answered %d, rejected %q, want %q: %s", answer.StatusCode, got, c.rejected, answer.Body)
			}
			if n := strings.Count(answer.Body, `"name_not_allowed"`); n != c.noted {
				t.Errorf("%d details, want %d: %s", n, c.noted, answer.Body)
			}
			if len(s.queue.sent) != 1 || s.queue.sent[0].Len() != c.events {
				t.Errorf("queued %+v, want %d events", s.queue.sent, c.events)
			}
			noted := 0
			for _, n := range s.queue.noted {
				noted += n.Refused.Events
			}
			if noted != c.noted {
				t.Errorf("noted %d, want %d", noted, c.noted)
			}
		})
	}
}
