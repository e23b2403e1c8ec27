package tracker_test

import (
	"encoding/base64"
	"slices"
	"testing"
)

// TestQueueBeforeLoad: what a page calls before the script is there is done when it is, in the order of the calls.
func TestQueueBeforeLoad(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"array": `<script>window.waymark = window.waymark || []
			waymark.push(['identify', 'u1', {plan: 'pro'}], ['track', 'A', {n: 1}]); waymark.push(['track', 'B'])</script>`,
		"stub": `<script>window.waymark = []; ['track', 'identify'].forEach(name => waymark[name] = function () { waymark.push([name, ...arguments]) })
			waymark.identify('u1', {plan: 'pro'}); waymark.track('A', {n: 1}); (function () { waymark.push(['track', ...arguments]) })('B')</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.head = head
			s.open("/")
			events := s.await(4)
			if got, want := names(events), []string{"page /", "identify /", "track A", "track B"}; !slices.Equal(got, want) {
				t.Fatalf("sent are %q, want %q", got, want)
			}
			if events[1].UserID != "u1" || events[1].Traits["plan"] != "pro" || events[2].Properties["n"] != 1.0 || events[3].UserID != "u1" {
				t.Errorf("sent are %+v", events)
			}
			if n := len(s.requests("/v1/beacon")); n != 1 {
				t.Errorf("%d requests were made for what happened at once", n)
			}
		})
	}
}

// TestAdoptedIdentity: whoever leaves Segment or RudderStack keeps visitors and users.
func TestAdoptedIdentity(t *testing.T) {
	t.Parallel()
	encrypted := "RS_ENC_v3_" + base64.StdEncoding.EncodeToString([]byte(`"old"`))
	for name, script := range map[string]string{
		"segment":               `localStorage.ajs_anonymous_id = '"old"'`,
		"segment, cookie":       `document.cookie = 'ajs_anonymous_id=%22old%22; path=/'`,
		"segment, plain cookie": `document.cookie = 'ajs_anonymous_id=old; path=/'`,
		"rudderstack":           `localStorage.rl_anonymous_id = '"` + encrypted + `"'`,
		"rudderstack, cookie":   `document.cookie = 'rl_anonymous_id=' + encodeURIComponent('` + encrypted + `') + '; path=/'`,
		"rudderstack, plain":    `localStorage.rl_anonymous_id = '"old"'`,
		"our own comes first":   `localStorage.wm_id = 'old'; localStorage.ajs_anonymous_id = '"other"'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.head = "<script>" + script + "</script>"
			s.open("/")
			if got := s.await(1)[0].AnonymousID; got != "old" {
				t.Errorf("the visitor is %q, want that of before", got)
			}
		})
	}
}

// TestIdentity: a visitor is the same on all pages, a user from identify on, and another one after reset, for whoever comes next to the device.
func TestIdentity(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.head = `<script>localStorage.ajs_user_id ||= '"u0"'; localStorage.ajs_anonymous_id ||= '"a0"'</script>`
	p := s.open("/")
	s.await(1)
	p.do("waymark.identify('12345678901234567890%41', {email: 'a@example.com'}); waymark.track('A')")
	s.await(3)
	p.do("next.click()")
	p.until("location.pathname == '/next' && window.waymark && waymark.version")
	s.await(4)
	p.do("waymark.reset(); waymark.track('B')")
	s.await(5)
	p.do("location.href = '/last'")
	events := s.await(6)
	const user = "12345678901234567890%41" // neither a number nor encoded
	var users []any
	for _, e := range events {
		users = append(users, e.UserID)
	}
	if want := []any{"u0", user, user, user, nil, nil}; !slices.Equal(users, want) {
		t.Errorf("the users are %#v, want %#v", users, want)
	}
	for i, e := range events {
		if (e.AnonymousID == "a0") != (i < 4) || i == 5 && e.AnonymousID != events[4].AnonymousID {
			t.Errorf("event %d comes from the visitor %q", i, e.AnonymousID)
		}
	}
}

// TestSubdomains: with data-domain the sites of one domain know a visitor together.
func TestSubdomains(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.tag = "data-domain=shop.test"
	visit := func(host string) *tab {
		p := s.blank()
		p.goes("http://" + host + s.url[len("http://127.0.0.1"):] + "/")
		return p
	}
	www := visit("www.shop.test")
	s.await(1)
	visit("help.shop.test")
	events := s.await(2)
	if events[0].AnonymousID != events[1].AnonymousID {
		t.Errorf("the visitor is %q, and %q on the other site", events[0].AnonymousID, events[1].AnonymousID)
	}
	www.do("waymark.reset()")
	visit("help.shop.test")
	if events = s.await(3); events[2].AnonymousID == events[0].AnonymousID || events[2].AnonymousID != www.text("localStorage.wm_id") {
		t.Errorf("after a reset the other site knows the visitor as %q", events[2].AnonymousID)
	}
}
