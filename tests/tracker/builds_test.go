package tracker_test

import (
	"crypto/sha512"
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// find gives the first event of a name.
func find(t *testing.T, events []sent, name string) sent {
	t.Helper()
	for _, e := range events {
		if e.Event == name {
			return e
		}
	}
	t.Fatalf("there is no %q among %q", name, names(events))
	return sent{}
}

// full is a page with something to click, and the full script.
func full(t *testing.T) (*site, *tab) {
	t.Helper()
	s := begin(t)
	s.script = "/wm.full.js"
	s.head = `<a id=out href="https://elsewhere.test/away?secret=1#2">a</a> <a id=file href="/files/Guide.PDF?secret=1">b</a>
		<form id=signup action="/signup?secret=1"><input name=password value=secret><button id=send>c</button></form>
		<script>addEventListener('click', e => e.target.closest('a') && e.preventDefault()); addEventListener('submit', e => e.preventDefault())</script>`
	p := s.open("/")
	p.until("window.waymark && waymark.version")
	s.await(1)
	return s, p
}

// TestClicks: links that lead away, downloads and forms are events of the full script, without queries and without what was typed.
func TestClicks(t *testing.T) {
	t.Parallel()
	s, p := full(t)
	p.do("next.click(); out.click(); file.click(); send.click()")
	events := s.await(4)
	if got := find(t, events, "Outbound Link Clicked").Properties["link"]; got != "https://elsewhere.test/away" {
		t.Errorf("the link leads to %v", got)
	}
	if got := find(t, events, "File Downloaded").Properties; got["file"] != s.url+"/files/Guide.PDF" || got["extension"] != "pdf" {
		t.Errorf("downloaded is %v", got)
	}
	if got := find(t, events, "Form Submitted").Properties; got["form"] != "signup" || got["action"] != "/signup" {
		t.Errorf("submitted is %v", got)
	}
	for _, x := range s.requests("/v1/beacon") {
		if strings.Contains(string(x.Body), "secret") {
			t.Errorf("something typed, or a query, was sent: %s", x.Body)
		}
	}
	time.Sleep(settled)
	if n := len(s.wire()); n != 4 {
		t.Errorf("sent are %q; a link inside the site is no event", names(s.wire()))
	}
}

// TestEngagement: each page is told of once when it is left: how long it was looked at, how far down, and how quick it was to load.
func TestEngagement(t *testing.T) {
	t.Parallel()
	s, p := full(t)
	time.Sleep(settled)
	p.do("new Promise(done => { scrollTo(0, 1e6); setTimeout(done, 100) })")
	p.do("history.pushState({}, '', '/a')")
	first := find(t, s.await(3), "Page Engaged")
	if ms, _ := first.Properties["engaged_ms"].(float64); ms < 300 || ms > float64(patience.Milliseconds()) || first.Properties["scroll_percent"] != 100.0 {
		t.Errorf("the page is told of as %v", first.Properties)
	}
	for _, name := range []string{"ttfb_ms", "lcp_ms", "cls"} {
		if value, is := first.Properties[name].(float64); !is || value < 0 || value > 30_000 {
			t.Errorf("%s = %v", name, first.Properties[name])
		}
	}
	p.do("location.href = '/next'")
	var told []sent
	for _, e := range once(s.await(5)) {
		if e.Event == "Page Engaged" {
			told = append(told, e)
		}
	}
	if len(told) != 2 || told[0].Context.Page.URL != s.url+"/" || told[1].Context.Page.URL != s.url+"/a" {
		t.Fatalf("told are %+v", told)
	}
	if _, is := told[1].Properties["lcp_ms"]; is || told[1].Properties["scroll_percent"] == nil {
		t.Errorf("a view without a load is told of as %v", told[1].Properties)
	}
}

// snippet is how pages that use analytics.js load it: a queue whose methods push themselves, and a script whose address has the key.
const snippet = `<script>
	window.analytics = []
	for (const name of ['track', 'page', 'identify', 'group', 'alias', 'ready', 'on', 'trackLink', 'reset', 'user']) {
		analytics[name] = (...a) => { analytics.push([name, ...a]); return analytics }
	}
	analytics.load = key => document.head.append(Object.assign(document.createElement('script'), {async: true, src: 'COLLECT/analytics.js/v1/' + key + '/analytics.min.js'}))
	analytics.load('wk_site')
	analytics.page()
	analytics.ready(() => window.isReady = true)
	analytics.on('track', (event, properties) => (window.heard ||= []).push(event))
	analytics.track('Early', {n: 1})
</script>`

// TestAnalytics: pages that call analytics.js do so unchanged, in all of its forms.
func TestAnalytics(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.script = "/none.js"
	s.refused = true // none.js is not there
	s.head = strings.ReplaceAll(snippet, "COLLECT", s.collect)
	p := s.open("/")
	p.until("window.isReady")
	s.await(2)
	p.do(`
		analytics.track('Null', null, {context: {campaign: {source: 'news'}}, timestamp: '2026-11-01T00:00:00.000Z'})
		analytics.track('Back', () => window.called = 1)
		analytics.identify('u1', {plan: 'pro'}, () => {})
		analytics.identify({plan: 'free'})
		analytics.page('Docs', 'API', {n: 2})
		analytics.page('Pricing')
		analytics.identify('u1', {__t: 'bpc', p: '/', u: 'https://shop.example/', s: '', t: 'Shop', r: ''})
		analytics.page({n: 3})
		analytics.group('g1', {size: 3})
		analytics.alias('u2', 'u1')
		analytics.trackLink(document.getElementById('next'), 'Followed', {n: 4})
		document.getElementById('next').addEventListener('click', e => e.preventDefault())
		document.getElementById('next').click()
		analytics.reset()
		analytics.debug(); analytics.addSourceMiddleware(() => {}); analytics.off('track')`)
	events := s.await(13)
	want := []string{
		"page /", "track Early", "track Null", "track Back", "identify /", "identify /", "page API", "page Pricing", "identify /", "page /", "group /", "alias /", "track Followed",
	}
	if got := names(events); !slices.Equal(got, want) {
		t.Fatalf("sent are %q, want %q", got, want)
	}
	if e := events[2]; len(e.Properties) > 0 || e.Timestamp != "2026-11-01T00:00:00.000Z" {
		t.Errorf("options in the third place come as %+v", e)
	}
	if a, b := events[4], events[5]; a.UserID != "u1" || a.Traits["plan"] != "pro" || b.UserID != "u1" || b.Traits["plan"] != "free" {
		t.Errorf("identify sends %+v and %+v", a, b)
	}
	if e := events[6]; e.Category != "Docs" || e.Properties["n"] != 2.0 || events[9].Properties["n"] != 3.0 {
		t.Errorf("page sends %+v", e)
	}
	if e := events[8]; e.UserID != "u1" || len(e.Traits) > 0 {
		t.Errorf("what Segment's snippet adds to early calls comes as %+v", e)
	}
	if e := events[11]; e.UserID != "u2" || e.PreviousID != "u1" || events[10].GroupID != "g1" || events[12].Properties["n"] != 4.0 {
		t.Errorf("alias sends %+v", e)
	}
	if got := p.text("[called, heard.join(), analytics.user().id(), analytics.user().anonymousId() == localStorage.wm_id]"); got != "1,Early,Null,Back,Followed,,true" {
		t.Errorf("the page sees %s", got)
	}
}

// TestAddresses: the script sends to where it came from, whatever it is called there. A browser takes one that has the hash of the tag, and no other.
func TestAddresses(t *testing.T) {
	t.Parallel()
	name, err := os.ReadFile("../../functions/collect/tracker/dist/newest")
	if err != nil {
		t.Fatal(err)
	}
	newest := strings.TrimSpace(string(name))
	script, err := os.ReadFile("../../functions/collect/tracker/dist/" + newest + "/wm.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum384(script)
	integrity := "crossorigin=anonymous integrity=sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	for _, c := range []struct {
		script, tag string
		isRefused   bool
	}{
		{script: "/wm/" + newest + "/wm.js", tag: integrity},
		{script: "/wm.full.js", tag: integrity, isRefused: true},
		{script: "/x7/kit.full.js"},
		{script: "/x7/kit/" + newest + "/kit.js", tag: integrity},
		{script: "/x7/kit.js?of=today"},
	} {
		t.Run(c.script, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.script, s.tag = c.script, c.tag
			p := s.open("/")
			if !c.isRefused {
				s.await(1)
				return
			}
			time.Sleep(settled)
			if got := p.text("typeof waymark"); got != "undefined" {
				t.Errorf("a script with another hash runs: waymark is %s", got)
			}
		})
	}
}

// TestModule: the npm package does the same for whoever bundles it; it is begun once, whoever else begins it.
func TestModule(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.script = "/none.js"
	s.refused = true // none.js is not there
	s.head = `<script type=module>
		import {init} from '/npm/index.js'
		const options = {key: 'wk_site', host: '` + s.collect + `', full: true}
		const tracker = init(options)
		tracker.track('A')
		window.isOne = init(options) == tracker && tracker == waymark
	</script>`
	p := s.open("/")
	p.until("window.isOne")
	p.do("history.pushState({}, '', '/a')")
	want := []string{"page /", "track A", "track Page Engaged", "page /a"}
	if got := names(s.await(4)); !slices.Equal(got, want) {
		t.Errorf("sent are %q, want %q", got, want)
	}
}
