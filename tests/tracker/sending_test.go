package tracker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestLargeQueueOnLeaving: 200 KB wait when the page is left, of which a browser lets 64 KB go. All of it arrives with the next visit, once.
func TestLargeQueueOnLeaving(t *testing.T) {
	t.Parallel()
	s := begin(t)
	p := s.open("/")
	s.await(1)
	p.do(`for (let i = 0; i < 400; i++) waymark.track('Step ' + i, {text: 'é'.repeat(200)}); location.href = '/next'`)
	p.until("location.pathname == '/next'")
	events := s.await(402)
	bytes := 0
	for _, x := range s.requests("/v1/beacon") {
		bytes += len(x.Body)
		if len(x.Body) > 64<<10 {
			t.Errorf("a request has %d bytes, more than a page may send while it is left", len(x.Body))
		}
	}
	if bytes < 200<<10 {
		t.Fatalf("%d bytes were sent, want a queue of 200 KB", bytes)
	}
	p.until("Object.keys(localStorage).every(name => !name.startsWith('wm_q_'))")
	got := s.counted()
	t.Logf("%d events in %d bytes, %d of them sent twice", len(got), bytes, len(events)-len(got))
	slices.Sort(got)
	if want := len(slices.Compact(got)); len(got) != 402 || want != 402 {
		t.Errorf("%d touchpoints are counted, %d different, want 402", len(got), want)
	}
}

// hurry makes clocks and timers of a page go 200 times as fast.
const hurry = `(() => {
	const timer = setTimeout, begun = Date.now(), real = Date
	window.setTimeout = (f, ms, ...a) => timer(f, (ms || 0) / 200, ...a)
	window.Date = class extends real { constructor(...a) { a.length ? super(...a) : super(window.Date.now()) } }
	window.Date.now = () => begun + (real.now() - begun) * 200
})()`

// TestOffline: two tabs are offline for ten minutes, of which this test makes three seconds. Each has an event every ten seconds; one of them is
// closed half-way. Nothing is lost, and nothing counts twice.
func TestOffline(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.inject = hurry
	a, b := s.open("/a"), s.open("/b")
	s.await(2)
	offline := func(p *tab, is bool) {
		p.call("Network.emulateNetworkConditions", map[string]any{"offline": is, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
	}
	tick := func(p *tab, name string, events int) {
		p.do(fmt.Sprintf(`window.ticks = 0; window.ticking = setInterval(() => {
			if (ticks < %d) waymark.track('%s ' + ticks++)
		}, 50)`, events, name))
	}
	offline(a, true)
	offline(b, true)
	s.down.Store(-1) // Chromium lets a beacon of a page that is left through all the same
	tick(a, "A", 60)
	tick(b, "B", 30)
	b.until("ticks == 30")
	s.close(b)
	a.until("ticks == 60")
	if n := len(s.wire()); n != 2 {
		t.Fatalf("%d events came from browsers without a network, want the 2 from before", n)
	}
	s.down.Store(0)
	offline(a, false)
	s.await(62)
	s.open("/c")
	events := s.await(93)
	a.until("Object.keys(localStorage).every(name => !name.startsWith('wm_q_'))")
	got := s.counted()
	t.Logf("%d events, %d of them sent twice", len(got), len(events)-len(got))
	want := []string{"page /a", "page /b", "page /c"}
	for i := range 60 {
		want = append(want, fmt.Sprintf("track A %d", i))
	}
	for i := range 30 {
		want = append(want, fmt.Sprintf("track B %d", i))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("counted are %d touchpoints, want %d: %q", len(got), len(want), got)
	}
}

// TestTroubleOfTheSystem: what the system cannot take now is sent again, and counts once; what it refuses is not.
func TestTroubleOfTheSystem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int32
		isAgain bool
	}{{503, true}, {500, true}, {429, true}, {408, true}, {-1, true}, {401, false}, {400, false}} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.inject = hurry
			s.down.Store(c.status)
			p := s.open("/")
			p.until("window.waymark && waymark.version")
			p.do("waymark.track('A')")
			if c.isAgain {
				for begun := time.Now(); s.downs.Load() < 2 && time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
				}
			} else {
				p.until("Object.keys(localStorage).every(name => !name.startsWith('wm_q_'))")
			}
			s.down.Store(0)
			p.do("waymark.track('B')")
			want := []string{"page /", "track A", "track B"}
			if !c.isAgain {
				want = want[2:]
			}
			s.await(len(want))
			p.until("Object.keys(localStorage).every(name => !name.startsWith('wm_q_'))")
			if got := slices.Sorted(slices.Values(s.counted())); !slices.Equal(got, want) { // times are those of a clock that is too quick
				t.Errorf("after %d counted are %q, want %q", c.status, got, want)
			}
		})
	}
}

// TestWaysOut: a browser without one way to send takes the next. All are stored.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, inject, path string }{
		{"beacon", "delete Navigator.prototype.fetchLater", "/v1/beacon"},
		{"fetch", "navigator.sendBeacon = undefined", "/v1/beacon"},
		{"refused beacon", "navigator.sendBeacon = () => false", "/v1/beacon"},
		{"pixel", "navigator.sendBeacon = window.fetch = undefined", "/v1/pixel.gif"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.inject = c.inject
			p := s.open("/")
			p.until("window.waymark && waymark.version && Object.keys(localStorage).every(name => !name.startsWith('wm_q_'))")
			visitor := p.text("localStorage.wm_id")
			p.do("waymark.track('Zoë'); location.href = 'about:blank'")
			want := []string{"page /", "track Zoë"}
			for begun := time.Now(); len(s.requests(c.path)) < 2; time.Sleep(10 * time.Millisecond) {
				if time.Since(begun) > patience {
					t.Fatalf("%d requests came to %s, want 2", len(s.requests(c.path)), c.path)
				}
			}
			if got := s.counted(visitor); !slices.Equal(got, want) {
				t.Errorf("counted are %q, want %q", got, want)
			}
		})
	}
}
