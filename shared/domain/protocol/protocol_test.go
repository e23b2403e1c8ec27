package protocol_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/protocol"
	"waymark/shared/domain/strictjson"
)

type translation = func(protocol.Request) (protocol.Batch, error)

var translations = map[string]translation{
	"plausible": protocol.Plausible, "umami": protocol.Umami, "ga4": protocol.GA4, "snowplow": protocol.Snowplow,
	"snowplow_pixel": protocol.SnowplowPixel, "posthog": protocol.PostHog,
}

// sample is a request of a client and what becomes of it. A body that is no JSON is in text.
type sample struct {
	Name  string          `json:"name"`
	Agent string          `json:"agent,omitempty"`
	Query string          `json:"query,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
	Text  string          `json:"text,omitempty"`
	Want  result          `json:"want"`
}

type result struct {
	Error  string            `json:"error,omitempty"`
	Key    string            `json:"key,omitempty"`
	SentAt string            `json:"sent_at,omitempty"`
	Events []json.RawMessage `json:"events,omitempty"`
}

func (s sample) request(t testing.TB) protocol.Request {
	t.Helper()
	query, err := url.ParseQuery(s.Query)
	if err != nil {
		t.Fatal(err)
	}
	body := s.Text
	if s.Body != nil {
		body = compact(t, s.Body)
	}
	return protocol.Request{Query: query, Agent: s.Agent, Body: body}
}

func compact(t testing.TB, raw []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func resultOf(batch protocol.Batch, err error) result {
	r := result{Key: batch.Key, SentAt: batch.SentAt}
	if err != nil {
		r.Error = fault.CodeOf(err)
	}
	for _, e := range batch.Events {
		r.Events = append(r.Events, json.RawMessage(e.Raw()))
	}
	return r
}

// TestTranslations compares all that becomes of each request. `make golden` rewrites what is wanted.
func TestTranslations(t *testing.T) {
	t.Parallel()
	for name, translate := range translations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "testdata/" + name + ".json"
			samples := samplesOf(t, name)
			for i, s := range samples {
				got, err := json.Marshal(resultOf(translate(s.request(t))))
				if err != nil {
					t.Fatal(err)
				}
				want, err := json.Marshal(s.Want)
				if err != nil {
					t.Fatal(err)
				}
				if os.Getenv("UPDATE_GOLDEN") != "" {
					samples[i].Want = result{}
					if err := json.Unmarshal(got, &samples[i].Want); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if compact(t, got) != compact(t, want) {
					t.Errorf("%s: translated to\n%s\nwant\n%s", s.Name, got, want)
				}
			}
			if os.Getenv("UPDATE_GOLDEN") != "" {
				var out bytes.Buffer
				encoder := json.NewEncoder(&out)
				encoder.SetEscapeHTML(false)
				encoder.SetIndent("", " ")
				if err := encoder.Encode(samples); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func samplesOf(t testing.TB, name string) []sample {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	if err := json.Unmarshal(raw, &samples); err != nil {
		t.Fatal(err)
	}
	return samples
}

// FuzzTranslations: whatever is sent, each translation ends without a panic and says the same twice; every error is the client's; and whatever
// comes out can be read again as it stands.
func FuzzTranslations(f *testing.F) {
	for name := range translations {
		for _, s := range samplesOf(f, name) {
			r := s.request(f)
			f.Add(s.Query, r.Body)
		}
	}
	f.Fuzz(func(t *testing.T, rawQuery, body string) {
		query, _ := url.ParseQuery(rawQuery)
		for name, translate := range translations {
			r := protocol.Request{Query: query, Agent: "Mozilla/5.0 X", Body: strings.ToValidUTF8(body, "\uFFFD")}
			batch, err := translate(r)
			if err != nil && fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%s: %v, want a fault of the client", name, err)
			}
			again, _ := translate(r)
			if len(batch.Events) != len(again.Events) || batch.Key != again.Key {
				t.Fatalf("%s: %v, the second time %v", name, batch, again)
			}
			for i, e := range batch.Events {
				if e.Raw() != again.Events[i].Raw() {
					t.Fatalf("%s: event %d is %s, the second time %s", name, i, e.Raw(), again.Events[i].Raw())
				}
				if _, err := strictjson.Parse(e.Raw()); err != nil {
					t.Fatalf("%s: %s cannot be read again: %v", name, e.Raw(), err)
				}
			}
		}
	})
}
