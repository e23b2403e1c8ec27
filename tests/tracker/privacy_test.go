package tracker_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCookieless: nothing is stored in the visitor's browser, at no moment, and nothing says who it is.
func TestCookieless(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.tag = "data-cookieless"
	s.inject = `window.written = []
		const set = Storage.prototype.setItem
		Storage.prototype.setItem = function (name) { written.push(name); set.apply(this, arguments) }`
	p := s.open("/")
	p.until("window.waymark && waymark.version")
	p.do("waymark.track('A'); history.pushState({}, '', '/a')")
	s.await(3)
	p.do("waymark.reset(); waymark.track('B'); next.click()")
	p.until("location.pathname == '/next'")
	events := s.await(5)
	for _, e := range events {
		if e.AnonymousID != "" || e.UserID != nil || !e.Context.Cookieless {
			t.Errorf("%s says who the visitor is: %+v", e.what(), e)
		}
	}
	if got := p.stored() + p.text("written"); got != "" {
		t.Errorf("the browser keeps %q", got)
	}
	strangers := s.strangers()
	if got, want := s.counted(strangers...), []string{"page /", "page /a", "page /next", "track A", "track B"}; len(strangers) != 1 || !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("of the visitors of the day %q counted are %q, want one and %q", strangers, got, want)
	}
}

// TestBrowserSaysNo: with Global Privacy Control nothing is stored and nothing says who it is, or nothing is sent, as the site decides; so it is with
// Do Not Track if the site says so.
func TestBrowserSaysNo(t *testing.T) {
	t.Parallel()
	const gpc = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})"
	const dnt = "Object.defineProperty(Navigator.prototype, 'doNotTrack', {value: '1'})"
	for _, c := range []struct {
		name, inject, tag     string
		isSent, isAnonymous   bool
		isStored, isConsented bool
	}{
		{name: "gpc", inject: gpc, isSent: true, isAnonymous: true},
		{name: "gpc and consent", inject: gpc, tag: "data-consent", isConsented: true, isSent: true, isAnonymous: true},
		{name: "gpc, drop", inject: gpc, tag: "data-gpc=drop"},
		{name: "gpc, drop, and consent", inject: gpc, tag: "data-gpc=drop data-consent", isConsented: true},
		{name: "gpc, off", inject: gpc, tag: "data-gpc=off", isSent: true, isStored: true},
		{name: "dnt", inject: dnt, isSent: true, isStored: true},
		{name: "dnt, on", inject: dnt, tag: "data-dnt", isSent: true, isAnonymous: true},
		{name: "dnt, off", inject: dnt, tag: "data-dnt=off", isSent: true, isStored: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.inject, s.tag = c.inject, c.tag
			p := s.open("/")
			p.until("window.waymark && waymark.version")
			if c.isConsented {
				p.do("waymark.consent(true)")
			}
			p.do("waymark.track('A')")
			if c.isSent {
				s.await(2)
			}
			time.Sleep(settled)
			events := s.wire()
			if len(events) > 0 != c.isSent {
				t.Fatalf("sent are %q", names(events))
			}
			for _, e := range events {
				if (e.AnonymousID == "") != c.isAnonymous || e.Context.Cookieless != c.isAnonymous || e.Context.GPC != c.isAnonymous {
					t.Errorf("%s says %+v", e.what(), e)
				}
			}
			if got := p.stored(); (got != "") != c.isStored {
				t.Errorf("the browser keeps %q", got)
			}
		})
	}
}

// TestConsent: until the visitor has said something nothing is sent, stored or read; then all of it is sent, or nothing ever.
func TestConsent(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.tag = "data-consent"
	s.head = `<script>if (!localStorage.ajs_anonymous_id) localStorage.ajs_anonymous_id = '"before"'; window.reads = []
		const get = Storage.prototype.getItem; Storage.prototype.getItem = function (name) { reads.push(name); return get.apply(this, arguments) }</script>`
	p := s.open("/")
	p.until("window.waymark && waymark.version")
	p.do("waymark.track('A'); waymark.identify('u1', {plan: 'pro'})")
	time.Sleep(settled)
	if got := p.stored() + p.text("reads"); len(s.wire()) > 0 || got != "ajs_anonymous_id" {
		t.Fatalf("before consent the browser keeps %q, and %q were sent", got, names(s.wire()))
	}
	p.do("waymark.consent({analytics: true, marketing: false})")
	events := s.await(3)
	if got, want := names(events), []string{"page /", "track A", "identify /"}; !slices.Equal(got, want) {
		t.Errorf("released are %q, want %q", got, want)
	}
	for _, e := range events {
		said, _ := e.Context.Consent.(map[string]any)
		if e.AnonymousID != "before" || said["analytics"] != true || said["marketing"] != false {
			t.Errorf("%s comes from %q with consent %v", e.what(), e.AnonymousID, e.Context.Consent)
		}
	}
	p.do("waymark.consent(false); waymark.track('B')")
	if got := p.stored(); got != "ajs_anonymous_id" {
		t.Errorf("after the visitor took consent back the browser keeps %q", got)
	}
	p.do("waymark.consent(true); waymark.track('C'); waymark.consent(true)")
	if events = s.await(4); events[3].Context.Consent != true {
		t.Errorf("consent to everything is sent as %v", events[3].Context.Consent)
	}
	time.Sleep(settled)
	if got := names(s.wire()); len(got) != 4 || got[3] != "track C" {
		t.Errorf("sent are %q; what happened without consent is among them", got)
	}
}

// TestConsentRefused: what was held is gone, and what pages before had stored too.
func TestConsentRefused(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.tag = "data-consent"
	s.head = `<script>localStorage.wm_id = 'before'; localStorage.wm_q_1 = '{"type":"track"}'</script>`
	p := s.open("/")
	p.until("window.waymark && waymark.version")
	p.do("waymark.consent(false); waymark.track('A')")
	time.Sleep(settled)
	if got := p.stored(); got != "" || len(s.wire()) > 0 {
		t.Errorf("the browser keeps %q, and %q were sent", got, names(s.wire()))
	}
}

// TestStrictPolicy: a page whose policy of content allows scripts and connections of the system alone, and nothing inline.
func TestStrictPolicy(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.headers = map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src " + s.collect + "; connect-src " + s.collect + "; require-trusted-types-for 'script'",
	}
	p := s.open("/")
	s.await(1)
	p.do("waymark.track('A'); history.pushState({}, '', '/a'); location.href = '/next'")
	if got, want := names(once(s.await(4))), []string{"page /", "track A", "page /a", "page /next"}; !slices.Equal(got, want) {
		t.Errorf("sent are %q, want %q", got, want)
	}
}

// TestBareBrowser: a browser that forbids storage and has none of the ways out but fetch. Nothing is thrown; events arrive.
func TestBareBrowser(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.tag = "data-domain=shop.test"
	s.inject = `const denied = {get() { throw new DOMException('denied', 'SecurityError') }, set() { throw new DOMException('denied', 'SecurityError') }}
		Object.defineProperty(window, 'localStorage', denied)
		Object.defineProperty(document, 'cookie', denied)
		delete Navigator.prototype.sendBeacon`
	p := s.open("/")
	p.until("window.waymark && waymark.version")
	p.do("waymark.track('A'); waymark.identify('u1'); waymark.reset(); waymark.track('B'); waymark.nonsense; waymark.push(['nonsense']); waymark.push()")
	p.do("const loop = {}; loop.loop = loop; waymark.track('Loop', loop); waymark.track('C', null, undefined, () => { throw 1 })")
	events := s.await(5)
	if got, want := names(events), []string{"page /", "track A", "identify /", "track B", "track C"}; !slices.Equal(got, want) {
		t.Errorf("sent are %q, want %q", got, want)
	}
	if events[0].AnonymousID == "" || events[0].AnonymousID != events[2].AnonymousID || events[0].AnonymousID == events[3].AnonymousID {
		t.Errorf("the visitor is %q, then %q, and %q after a reset", events[0].AnonymousID, events[2].AnonymousID, events[3].AnonymousID)
	}
}

// TestDebug: the console says of each event why it was not sent.
func TestDebug(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"data-debug":                        "queued",
		"data-debug data-consent":           "held",
		"data-debug data-dnt data-gpc=drop": "not sent: GPC or DNT",
		"data-debug data-gpc=off":           "401",
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.tag = tag
			if s.refused = want == "401"; s.refused {
				s.key = "wk_wrong"
			}
			s.inject = "Object.defineProperty(Navigator.prototype, 'doNotTrack', {value: '1'})"
			p := s.open("/")
			p.until("window.waymark && waymark.version")
			for begun := time.Now(); !strings.Contains(p.printed(), want); time.Sleep(10 * time.Millisecond) {
				if time.Since(begun) > patience {
					t.Fatalf("the console says %s, want %q", p.printed(), want)
				}
			}
		})
	}
}
