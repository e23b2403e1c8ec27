package collect_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

const serverKey = "ws_9f3c1"

// serverSystem has a server's source.
func serverSystem() *system {
	s := newSystem()
	s.keys.more = map[string]workspace.Key{serverKey: {Workspace: "demo", Role: workspace.Write, Source: "server", Kind: workspace.ServerSource}}
	return s
}

// ofServer is a request with the server's key as a server sends it.
func ofServer(path, body string) request {
	return post(path, body).with(map[string]string{"authorization": basic(serverKey + ":")})
}

// Every way to send with a server's key that only pages take, or that leaves it in an address, is refused and counted; a server's own ways are not.
func TestServerKeyInPages(t *testing.T) {
	t.Parallel()
	const batch = `{"batch":[` + goodPage + `,` + goodPage + `]}`
	const inBody = `{"writeKey":"` + serverKey + `","batch":[` + goodPage + `]}`
	origin := map[string]string{"origin": "https://shop.example"}
	ask := func(path, query string) request { return onHost(path, query) }
	for name, c := range map[string]struct {
		request
		events int // that are counted as refused; 0 where the request is taken
	}{
		"from a page":                      {ofServer("/v1/batch", batch).with(origin), 2},
		"from a page, one event":           {ofServer("/v1/track", goodPage).with(origin), 1},
		"from a page of no origin":         {ofServer("/v1/batch", batch).with(map[string]string{"origin": "null"}), 2},
		"from a page, key in the body":     {plain("POST", "/v1/batch", "", inBody).with(origin), 1},
		"by the import route from a page":  {ofServer("/v1/import", batch).with(origin), 2},
		"as a beacon":                      {ofServer("/v1/beacon", batch), 2},
		"as a beacon, key in the body":     {plain("POST", "/v1/beacon", "", inBody), 1},
		"as RudderStack's beacon":          {ofServer("/beacon/v1/batch", batch), 2},
		"as a pixel":                       {ask("/v1/pixel.gif", "event=A&writeKey="+serverKey), 1},
		"as a pixel, key in the data":      {ask("/v1/pixel.gif", "data="+base64.RawURLEncoding.EncodeToString([]byte(`{"anonymousId":"a","writeKey":"`+serverKey+`"}`))), 1},
		"as RudderStack's pixel":           {ask("/pixel/v1/track", "event=A&anonymousId=a&writeKey="+serverKey), 1},
		"in the address":                   {plain("POST", "/v1/batch", "writeKey="+serverKey, batch), 2},
		"in the address and the header":    {request{Method: "POST", Path: "/v1/batch", Query: "writeKey=" + serverKey, Body: batch, Headers: ofServer("", "").Headers}, 2},
		"Segment's settings":               {ask("/v1/projects/"+serverKey+"/settings", ""), 1},
		"Segment's settings without /v1":   {ask("/projects/"+serverKey+"/settings", ""), 1},
		"RudderStack's settings":           {ask("/sourceConfig/", "writeKey="+serverKey), 1},
		"RudderStack's settings by header": {ask("/sourceConfig", "").with(map[string]string{"authorization": basic(serverKey + ":")}), 1},
		"as Plausible":                     {plain("POST", "/api/event", "", strings.Replace(plausiblePage, `"d":"shop.example"`, `"d":"`+serverKey+`"`, 1)), 1},
		"as Umami":                         {plain("POST", "/api/send", "", strings.Replace(umamiPage, "b1a9", serverKey, 1)), 1},
		"as Snowplow":                      {plain("POST", "/com.snowplowanalytics.snowplow/tp2", "", strings.Replace(snowplowPage, `"aid":"shop"`, `"aid":"`+serverKey+`"`, 1)), 1},
		"as PostHog":                       {plain("POST", "/e/", "", strings.Replace(postHogPage, "phc_abc", serverKey, 1)), 1},
		"PostHog's settings":               {ask("/array/"+serverKey+"/config", ""), 1},
		"a server":                         {ofServer("/v1/batch", batch), 0},
		"a server that imports":            {ofServer("/v1/import", batch), 0},
		"a server, key in the body":        {plain("POST", "/v1/batch", "", inBody), 0},
		"a server's form":                  {plain("POST", "/v1/page", "", "writeKey="+serverKey+"&anonymousId=a"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serverSystem()
			answer := s.send(t, c.request)
			if c.events == 0 {
				if answer.StatusCode != 200 || len(s.queue.noted) != 0 || len(s.queue.sent) != 1 || s.queue.sent[0].Source != "server" {
					t.Errorf("answered %d %s, queued %+v, noted %+v", answer.StatusCode, answer.Body, s.queue.sent, s.queue.noted)
				}
				return
			}
			if answer.StatusCode != 403 || !strings.Contains(answer.Body, `"server_key_leaked"`) || strings.Contains(answer.Body, serverKey) {
				t.Errorf("answered %d %s, want 403 server_key_leaked without the key", answer.StatusCode, answer.Body)
			}
			command := "waymark keys rotate demo " + workspace.Key{Text: serverKey, Role: workspace.Write, Kind: workspace.ServerSource}.Label() + " --overlap 1h"
			if !strings.Contains(answer.Body, command) || !strings.Contains(answer.Body, "wk_…") {
				t.Errorf("answered %s, want what to do: %s", answer.Body, command)
			}
			if allowed := answer.Headers["access-control-allow-origin"]; allowed != "" || answer.Headers["access-control-allow-credentials"] != "" {
				t.Errorf("scripts of %q may read the answer", allowed)
			}
			s.checkSent(t)
			want := note("server", "server_key_leaked", c.events)
			if got, want := asJSON(withoutReasons(t, s.queue.noted)), asJSON([]event.Envelope{want}); got != want {
				t.Errorf("noted\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A browser that asks before it sends is allowed nothing, so nothing of a page is sent at all.
func TestServerKeyPreflight(t *testing.T) {
	t.Parallel()
	ask := func(key string) string {
		r := request{Method: "OPTIONS", Path: "/v1/batch", Query: "writeKey=" + key, Headers: map[string]string{
			"origin": "https://shop.example", "access-control-request-method": "POST", "access-control-request-headers": "content-type",
		}}
		return serverSystem().send(t, r).Headers["access-control-allow-origin"]
	}
	if site, server := ask("wk_demo"), ask(serverKey); site != "https://shop.example" || server != "" {
		t.Errorf("a preflight allows %q with a site's key and %q with a server's", site, server)
	}
}

// The alarm of template.yaml waits for this line, which a flood must not repeat.
func TestLeakIsLogged(t *testing.T) {
	var lines bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&lines, nil)))
	defer slog.SetDefault(before)
	s := serverSystem()
	line := `"level":"WARN","msg":"server key leaked","workspace":"demo","source":"server"}`
	for _, wanted := range []int{1, 2} {
		for range 10 {
			s.send(t, ofServer("/v1/beacon", goodPage))
			s.send(t, onHost("/v1/projects/"+serverKey+"/settings", ""))
		}
		s.send(t, ofServer("/v1/track", goodPage))
		if n := strings.Count(lines.String(), line); n != wanted || strings.Contains(lines.String(), serverKey) {
			t.Errorf("logged %d times, want %d, and never the key:\n%s", n, wanted, lines.String())
		}
		s.now = s.now.Add(time.Minute)
	}
}
