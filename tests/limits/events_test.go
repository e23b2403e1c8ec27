package limits_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// said is the answer to a request that brings events.
type said struct {
	Success bool
	Code    string
	Details []struct{ Field, Code string }
}

// isWhole says that everything was taken and nothing was bad.
func (s said) isWhole() bool { return s.Success && len(s.Details) == 0 }

func post(t *testing.T, s *system.System, path, key, body string) said {
	t.Helper()
	request := s.Request("POST", path, system.Basic(key), base64.StdEncoding.EncodeToString([]byte(body)))
	request.IsBase64Encoded = true
	answer, err := httpapitest.Invoke(t.Context(), s.Collect(s.Ports()), request)
	if err != nil {
		t.Fatal(err)
	}
	var got said
	if err := json.Unmarshal([]byte(answer.Body), &got); err != nil {
		t.Fatalf("answered %d %s: %v", answer.StatusCode, answer.Body, err)
	}
	return got
}

// track is a good event with some members more.
func track(members string) string {
	return `{"type":"track","event":"Seen","userId":"42","timestamp":"2026-11-20T10:00:00Z"` + members + `}`
}

// padded is a body of n bytes in all, behind the place where begin ends.
func padded(begin, end string, n int) string {
	return begin + strings.Repeat("p", n-len(begin)-len(end)) + end
}

func batch(events string) string { return `{"batch":[` + events + `]}` }

// queued is the one envelope that a request made.
func queued(t *testing.T, s *system.System) event.Envelope {
	t.Helper()
	messages := s.Queue.Take(10)
	if len(messages) != 1 {
		t.Fatalf("%d messages are queued, want 1", len(messages))
	}
	e, err := message.Decode(messages[0].Body())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// taken asks whether a request is taken whole.
func taken(body func(n int) string) func(*testing.T, int) bool {
	return func(t *testing.T, n int) bool {
		return post(t, system.New(t, system.Shop()), "/v1/batch", "wk_web", body(n)).isWhole()
	}
}

// unless asks whether a request is not refused with a code.
func unless(code string, body func(n int) string) func(*testing.T, int) bool {
	return func(t *testing.T, n int) bool {
		return post(t, system.New(t, system.Shop()), "/v1/batch", "wk_web", body(n)).Code != code
	}
}

// collected are the limits of a request.
func collected() []limit {
	return []limit{
		{"shared/domain/event.MaxRequestBytes", 524_288, taken(func(n int) string { return batch(track("")) + strings.Repeat(" ", n-len(batch(track("")))) })},
		{"shared/domain/event.MaxEvents", 2500, taken(func(n int) string { return batch(strings.Repeat(track("")+",", n-1) + track("")) })},
		{"functions/collect.maxRequestDepth", 1000, unless("too_deep", func(n int) string {
			return batch(strings.Repeat("[", n-2) + strings.Repeat("]", n-2))
		})},
		{"functions/collect.maxUnpackedBytes", 1_048_576, unless("gzip_too_large", func(n int) string { return packed(strings.Repeat(" ", n)) })},
		{"functions/collect.maxStoredBytes", 131_072, func(t *testing.T, n int) bool {
			s := system.New(t, system.Shop())
			sent := padded(track(`,"properties":{"x":"`)[:len(track(`,"properties":{"x":"`))-1], `"}}`, n)
			post(t, s, "/v1/batch", "wk_web", batch(sent))
			return string(queued(t, s).Events[0]) == sent
		}},
		{"functions/collect.maxSentAtBytes", 64, func(t *testing.T, n int) bool {
			s := system.New(t, system.Shop())
			sentAt := "2026-11-22T11:59:59." + strings.Repeat("0", n-len("2026-11-22T11:59:59.Z")) + "Z"
			post(t, s, "/v1/batch", "wk_web", `{"batch":[7],"sentAt":"`+sentAt+`"}`)
			return queued(t, s).SentAt == sentAt
		}},
		{"shared/adapter/httpapi.maxKeyBytes", 200, func(t *testing.T, n int) bool {
			w, key := system.Shop(), padded("wk_", "", n)
			w.Keys = append(w.Keys, workspace.Key{Text: key, Workspace: "shop", Role: workspace.Write, Source: "long"})
			return post(t, system.New(t, w), "/v1/batch", key, batch(track(""))).isWhole()
		}},
		{"shared/adapter/queue/message.maxBytes", 921_600, func(t *testing.T, n int) bool {
			e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "shop", Source: "web", Request: "r", Events: []json.RawMessage{json.RawMessage(`""`)}}
			empty, err := message.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			e.Events[0] = json.RawMessage(padded(`"`, `"`, n-len(empty)+2))
			bodies, err := message.Bodies(e)
			return err == nil && len(bodies) == 1 && len(bodies[0]) == n
		}},
	}
}

func packed(body string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write([]byte(body))
	w.Close()
	return out.String()
}

// events are the limits of one event.
func events() []limit {
	return []limit{
		{"shared/domain/event.MaxEventBytes", 32_768, taken(func(n int) string {
			begin := track(`,"properties":{"x":"`)
			return batch(padded(begin[:len(begin)-1], `"}}`, n))
		})},
		{"shared/domain/event.MaxDepth", 32, taken(func(n int) string {
			return batch(track(`,"properties":` + strings.Repeat(`{"x":`, n-1) + "1" + strings.Repeat("}", n-1)))
		})},
		{"shared/domain/event.MaxIdentifierBytes", 512, taken(func(n int) string { return batch(track(`,"anonymousId":"` + padded("id-", "", n) + `"`)) })},
		{"shared/domain/event.MaxIDBytes", 256, taken(func(n int) string { return batch(track(`,"messageId":"` + padded("m-", "", n) + `"`)) })},
		{"shared/domain/event.MaxNameBytes", 512, taken(func(n int) string {
			return batch(fmt.Sprintf(`{"type":"track","event":%q,"userId":"42"}`, padded("Seen ", "", n)))
		})},
		{"shared/domain/event.maxFieldBytes", 64, func(t *testing.T, n int) bool {
			key := padded("k", "", n)
			got := post(t, system.New(t, system.Shop()), "/v1/batch", "wk_web", batch(track(fmt.Sprintf(`,"properties":{%q:1,%q:2}`, key, key))))
			return len(got.Details) == 1 && got.Details[0].Field == key
		}},
		{"shared/domain/event.maxPropertyBytes", 256, func(t *testing.T, n int) bool {
			s, value := system.New(t, system.Shop()), padded("p-", "", n)
			s.Send("wk_web", track(`,"properties":{"product_id":"`+value+`"}`))
			_, timeline := s.Get("/v1/profiles/user:42/timeline")
			return strings.Contains(timeline, `"product_id":"`+value+`"`)
		}},
		{"shared/domain/profile.MaxTraits", 256, func(t *testing.T, n int) bool {
			traits := make([]string, n)
			for i := range traits {
				traits[i] = fmt.Sprintf(`"t%03d":1`, i)
			}
			return strings.Count(identified(t, strings.Join(traits, ",")), `"t`) >= n
		}},
		{"shared/domain/profile.maxTraitBytes", 1024, func(t *testing.T, n int) bool {
			return strings.Contains(identified(t, `"plan":"`+strings.Repeat("p", n-2)+`"`), `"plan"`)
		}},
		{"shared/domain/profile.maxTraitName", 128, func(t *testing.T, n int) bool {
			return strings.Contains(identified(t, `"`+padded("t", "", n)+`":1`), padded(`"t`, `"`, n+2))
		}},
	}
}

// identified is the profile of a person with these traits.
func identified(t *testing.T, traits string) string {
	t.Helper()
	s := system.New(t, system.Shop())
	s.Send("wk_web", `{"type":"identify","userId":"42","timestamp":"2026-11-20T10:00:00Z","traits":{`+traits+`}}`)
	_, profile := s.Get("/v1/profiles/user:42")
	var got struct{ Traits json.RawMessage }
	if err := json.Unmarshal([]byte(profile), &got); err != nil {
		t.Fatalf("%s: %v", profile, err)
	}
	return string(got.Traits)
}
