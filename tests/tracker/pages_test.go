package tracker_test

import (
	"slices"
	"testing"
	"time"
)

// settled waits for what must not come: the time in which any event would have been sent.
const settled = 400 * time.Millisecond

// TestNavigation goes from page to page in every way there is. Each view is counted once.
func TestNavigation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		tag  string
		go_  func(s *site, p *tab)
		want []string
	}{
		{"load", "", func(*site, *tab) {}, nil},
		{"reload", "", func(s *site, p *tab) { p.do("location.reload()"); s.await(2) }, []string{"page /"}},
		{"link", "", func(s *site, p *tab) { p.do("next.click()"); s.await(2) }, []string{"page /next"}},
		{"location", "", func(s *site, p *tab) { p.do("location.assign('/next?q=1')"); s.await(2) }, []string{"page /next?q=1"}},
		{"pushState", "", func(_ *site, p *tab) { p.do("history.pushState({}, '', '/a')") }, []string{"page /a"}},
		{"pushState to the same address", "", func(_ *site, p *tab) { p.do("history.pushState({}, '', '/')") }, nil},
		{"replaceState of the query", "", func(_ *site, p *tab) { p.do("history.replaceState({}, '', '/?q=1')") }, nil},
		{"replaceState of the path", "", func(_ *site, p *tab) { p.do("history.replaceState({}, '', '/b')") }, []string{"page /b"}},
		{"back and forward", "", func(s *site, p *tab) {
			p.do("history.pushState({}, '', '/a')")
			s.await(2)
			p.do("history.back()")
			s.await(3)
			p.do("history.forward()")
		}, []string{"page /a", "page /", "page /a"}},
		{"fragment", "", func(_ *site, p *tab) { p.do("document.querySelector('a#part').click()"); p.do("location.hash = 'x'") }, nil},
		{"fragment that is a page", "data-hash", func(s *site, p *tab) {
			p.do("document.querySelector('a#part').click()")
			s.await(2)
			p.do("location.hash = '/x'")
		}, []string{"page /#part", "page /#/x"}},
		{"frame", "", func(s *site, p *tab) {
			p.do("document.body.append(Object.assign(document.createElement('iframe'), {src: '/frame', onload() { window.framed = frames[0].waymark }}))")
			p.until("window.framed")
		}, nil},
		{"two script tags", "", func(s *site, p *tab) {
			p.do("new Promise(done => document.body.append(Object.assign(document.createElement('script'), {src: '" + s.collect + "/wm.js', onload: done})))")
		}, nil},
		{"not by itself", "data-auto=off", func(_ *site, p *tab) {
			p.do("history.pushState({}, '', '/a')")
			p.do("waymark.page()")
		}, []string{"page /a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.tag = c.tag
			want := append([]string{"page /"}, c.want...)
			if c.tag == "data-auto=off" {
				want = want[1:]
			}
			p := s.open("/")
			p.until("window.waymark && waymark.version")
			if c.tag != "data-auto=off" {
				s.await(1)
			}
			c.go_(s, p)
			s.await(len(want))
			time.Sleep(settled)
			if got := names(s.await(len(want))); !slices.Equal(got, want) {
				t.Errorf("the views sent are %q, want %q", got, want)
			}
		})
	}
}

// TestBackForwardCache: a page that comes back as it was is looked at once more.
func TestBackForwardCache(t *testing.T) {
	t.Parallel()
	s := begin(t)
	p := s.open("/")
	s.await(1)
	p.do("window.mark = 1; next.click()")
	s.await(2)
	p.until("location.pathname == '/next' && document.readyState == 'complete'")
	p.do("history.back()")
	p.until("location.pathname == '/' && window.mark == 1") // from the cache, for another load had no mark
	events := s.await(3)
	time.Sleep(settled)
	want := []string{"page /", "page /next", "page /"}
	if got := names(s.wire()); !slices.Equal(got, want) {
		t.Errorf("the views sent are %q, want %q", got, want)
	}
	if got := events[2].Context.Page.Referrer; got != s.url+"/" {
		t.Errorf("a page that comes back has the referrer %q; it came from nowhere else", got)
	}
}

// TestPrerender: a page that is made ready before anybody asks for it is a view when it is shown, and not before.
func TestPrerender(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.head = `<script>if (location.pathname == '/') {
		const rules = document.createElement('script')
		rules.type = 'speculationrules'
		rules.textContent = '{"prerender":[{"source":"list","urls":["/next"],"eagerness":"immediate"}]}'
		document.head.append(rules)
		setTimeout(() => location.href = '/next', 3000)
	}</script>`
	// Nobody is attached to the page, for Chromium makes no page ready for one that is inspected.
	s.ask("Target.createTarget", map[string]any{"url": s.url + "/", "browserContextId": s.visitor}, nil)
	s.await(1)
	for begun := time.Now(); s.loads.Load() < 2; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatal("the browser makes no page ready")
		}
	}
	time.Sleep(settled)
	if got := names(s.wire()); !slices.Equal(got, []string{"page /"}) {
		t.Fatalf("the views sent before anybody looks are %q", got)
	}
	s.await(2)
	time.Sleep(settled)
	if got, want := names(s.wire()), []string{"page /", "page /next"}; !slices.Equal(got, want) || s.loads.Load() != 2 {
		t.Errorf("the views sent are %q, want %q; %d pages were loaded, want 2", got, want, s.loads.Load())
	}
}
