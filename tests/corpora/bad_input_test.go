package corpora_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const badInput = "../../functions/collect/testdata/bad_input/"

// text is a file of the JSON test suite: what every parser must take, must refuse, or may do as it likes with.
type text struct {
	Name, Expect, Base64 string
}

func jsonTexts(t *testing.T) []text {
	t.Helper()
	var out []text
	for _, name := range []string{"json_parsing.jsonl.gz", "json_transform.jsonl"} {
		for _, line := range lines(t, badInput+name) {
			var one text
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatal(err)
			}
			out = append(out, one)
		}
	}
	return out
}

// TestBrokenJSON puts each text in the place of a property, twice: in a request of its own and in a batch of its own. What is JSON is accepted and
// whose it is; what is not is refused or fails, by its name, and nobody is made of it.
func TestBrokenJSON(t *testing.T) {
	w := newWorld(t, "EUR")
	texts := jsonTexts(t)
	sent, taken := 0, map[string]bool{}
	for n, one := range texts {
		raw, err := base64.StdEncoding.DecodeString(one.Base64)
		if err != nil {
			t.Fatal(err)
		}
		for way, route := range []string{"/v1/track", "/v1/batch"} {
			id := fmt.Sprintf("j%d-%d", n, way)
			body := fmt.Sprintf(`{"type":"track","userId":%q,"messageId":%q,"event":"Text Sent","timestamp":%q,"properties":{"text":%s}}`, id, id, at(n), raw)
			isJSON := json.Valid([]byte(body)) && utf8.Valid(raw)
			if route == "/v1/batch" {
				body = `{"batch":[` + body + `]}`
			}
			status, answer := w.post(route, body)
			sent++
			isTaken := status == http.StatusOK && !strings.Contains(answer, `"rejected":1`)
			if isTaken {
				taken[id] = true
			}
			switch must := one.Expect == "accept" && one.Name != keyTwice; {
			case status != http.StatusOK && (status < 400 || status >= 500):
				t.Errorf("%s by %s: %d %s", one.Name, route, status, answer)
			case must && (!isJSON || !isTaken):
				t.Errorf("%s by %s: %d %s, want it taken", one.Name, route, status, answer)
			case one.Expect == "reject" && !isJSON && isTaken:
				t.Errorf("%s by %s: %d %s, want it refused or rejected", one.Name, route, status, answer)
			}
		}
	}
	w.count()
	got := w.fates()
	if got.Received != sent || got.Accepted != len(taken) || len(taken) < 100 || got.Refused == 0 {
		t.Errorf("received %d, accepted %d, want %d and %d, and some refused", got.Received, got.Accepted, sent, len(taken))
	}
	for n := range texts {
		for way := range 2 {
			id := fmt.Sprintf("j%d-%d", n, way)
			status, _ := w.Get("/v1/profiles/user:" + id)
			if isThere := status == http.StatusOK; isThere != taken[id] || !isThere && status != http.StatusNotFound {
				t.Errorf("%s, way %d: the profile is answered %d, the event was taken: %t", texts[n].Name, way, status, taken[id])
			}
		}
	}
	w.same("touchpoints", w.kpi("touchpoints", "month", "2026-11-01", "2026-12-01", ""), map[string]string{"2026-11-01": strconv.Itoa(len(taken))})
	t.Logf("bad_input, JSON: %d texts sent %d times: accepted %d, refused %v, failed %v", len(texts), sent, got.Accepted, got.RefusedBy, got.RejectedBy)
}

// keyTwice has a key twice, which a parser must take. The event is not taken.
const keyTwice = "y_object_duplicated_key.json"

func naughty(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(badInput + "naughty_strings.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNaughtyStrings puts each string wherever an event has a text: a person it belongs to is one person with one touchpoint, it is no bot, no country,
// and no channel but by its medium. As an id it is somebody's or blocked, and never two persons'.
func TestNaughtyStrings(t *testing.T) {
	w := newWorld(t, "EUR")
	strs := naughty(t)
	var everywhere, ids []string
	for n, text := range strs {
		name := "Text " + text
		if len(name) > 255 {
			name = "Long Text" // a name has a limit of its own
		}
		everywhere = append(everywhere, event(t, map[string]any{
			"type": "track", "event": name, "userId": fmt.Sprint("n", n), "messageId": fmt.Sprint("n", n), "timestamp": at(n),
			"context": map[string]any{
				"location": map[string]any{"country": text}, "channel": text, "campaign": map[string]any{"source": "news", "medium": "email", "name": text, "term": text},
			},
			"properties": map[string]any{"url": "https://www.shop.example/" + text, "referrer": text, "plan": text, text: text},
		}))
		ids = append(ids, event(t, map[string]any{"type": "page", "userId": text, "messageId": fmt.Sprint("i", n), "timestamp": at(n)}))
	}
	w.send(everywhere)
	got := w.fates()
	if got.Accepted != len(strs) || got.Bots != 0 {
		t.Errorf("everywhere: accepted %d, bots %d, rejected %v, want %d accepted", got.Accepted, got.Bots, got.RejectedBy, len(strs))
	}
	for n, text := range strs {
		if p := w.person(fmt.Sprint("user:n", n)); p.Touchpoints != 1 || p.Channels["email"] != 1 || len(p.Identifiers) != 1 {
			t.Errorf("%q everywhere: %+v, want one touchpoint by email", text, p)
		}
	}
	w.same("touchpoints", w.kpi("touchpoints", "month", "2026-11-01", "2026-12-01", "country"), map[string]string{"2026-11-01 unknown": strconv.Itoa(len(strs))})

	w.send(ids)
	after := w.fates()
	rejected := after.Rejected
	known := []string{"blocked_identifier", "no_identifier", "bad_identifier", "bad_encoding", "key_too_long"}
	for class := range maps.Keys(after.RejectedBy) {
		if !slices.Contains(known, class) {
			t.Errorf("as ids: class %s, want one of %v", class, known)
		}
	}
	if after.Accepted-got.Accepted+rejected != len(ids) || rejected < 10 || rejected > 90 {
		t.Errorf("as ids: %d accepted and %d rejected of %d, want some dozens rejected", after.Accepted-got.Accepted, rejected, len(ids))
	}
	persons, touchpoints := map[string]int{}, 0
	for _, text := range strs {
		var p person
		status, body := w.Get("/v1/profiles/" + url.PathEscape("user:"+text))
		if status != http.StatusOK {
			continue
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		persons[p.Person] = p.Touchpoints
	}
	for _, n := range persons {
		touchpoints += n
	}
	if touchpoints != after.Accepted-got.Accepted {
		t.Errorf("as ids: %d persons have %d touchpoints, want %d, each event once", len(persons), touchpoints, after.Accepted-got.Accepted)
	}
	t.Logf("bad_input, strings: %d everywhere, all accepted; as ids %d accepted, of %d persons, failed %v", len(strs), touchpoints, len(persons), after.RejectedBy)
}
