package queue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/shared/adapter/queue"
	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// What a queue keeps is tested by the conformance suite; here stands what only a service that misbehaves can show.

// batch is one SendMessageBatch as it arrived.
type batch struct {
	Entries []struct {
		ID          string `json:"Id"`
		MessageBody string
	}
}

// service answers SendMessageBatch in the place of SQS. It is called inside a bubble of package synctest, where no time passes.
type service struct {
	batches []batch
	answer  func(n int, b batch) (status int, failed map[string]failure, err error)
}

type failure struct {
	ID          string `json:"Id"`
	Code        string
	SenderFault bool
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	var b batch
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		return nil, err
	}
	s.batches = append(s.batches, b)
	status, failed, err := s.answer(len(s.batches), b)
	if err != nil {
		return nil, err
	}
	type taken struct {
		ID        string `json:"Id"`
		MessageID string `json:"MessageId"`
	}
	var out struct {
		Successful []taken
		Failed     []failure
	}
	for _, e := range b.Entries {
		if f, no := failed[e.ID]; no {
			f.ID = e.ID
			out.Failed = append(out.Failed, f)
			continue
		}
		out.Successful = append(out.Successful, taken{e.ID, "m-" + e.ID})
	}
	body, err := json.Marshal(out)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(string(body))),
	}, err
}

func queueOn(s *service) *queue.Queue {
	options := queue.NewClient(func(name string) string {
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[name]
	}).Options()
	options.HTTPClient, options.DisableMessageChecksumValidation = s, true
	return queue.New(sqs.New(options), "https://sqs.eu-central-1.amazonaws.com/1/touchpoints")
}

func envelopes(n, size int) []event.Envelope {
	var out []event.Envelope
	for i := range n {
		raw := json.RawMessage(fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", size)))
		out = append(out, event.Envelope{Version: 1, Workspace: "shop", Request: fmt.Sprint(i), Events: []json.RawMessage{raw}})
	}
	return out
}

func (s *service) entriesByBatch() [][]string {
	var out [][]string
	for _, b := range s.batches {
		var ids []string
		for _, e := range b.Entries {
			ids = append(ids, e.ID)
		}
		out = append(out, ids)
	}
	return out
}

func TestSend(t *testing.T) {
	t.Parallel()
	takes := func(int, batch) (int, map[string]failure, error) { return 200, nil, nil }
	throttled := map[string]failure{"1": {Code: "InternalError"}, "3": {Code: "ThrottlingException"}}
	for _, c := range []struct {
		name    string
		sent    []event.Envelope
		answer  func(n int, b batch) (int, map[string]failure, error)
		kind    fault.Kind
		code    string
		batches [][]string // ids of the entries of each call
	}{
		{"nothing", nil, takes, "", "", nil},
		{"four", envelopes(4, 10), takes, "", "", [][]string{{"0", "1", "2", "3"}}},
		{"twelve", envelopes(12, 10), takes, "", "", [][]string{{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {"0", "1"}}},
		{"large ones", envelopes(5, 400_000), takes, "", "", [][]string{{"0", "1"}, {"0", "1"}, {"0"}}},
		{"some fail once", envelopes(4, 10), func(n int, _ batch) (int, map[string]failure, error) {
			if n == 1 {
				return 200, throttled, nil
			}
			return 200, nil, nil
		}, "", "", [][]string{{"0", "1", "2", "3"}, {"1", "3"}}},
		{
			"some fail for good", envelopes(4, 10), func(int, batch) (int, map[string]failure, error) { return 200, throttled, nil },
			fault.Unavailable, "queue_unavailable",
			[][]string{{"0", "1", "2", "3"}, {"1", "3"}, {"1", "3"}, {"1", "3"}},
		},
		{"some fail in the second call", envelopes(14, 10), func(n int, _ batch) (int, map[string]failure, error) {
			if n == 1 {
				return 200, nil, nil
			}
			return 200, throttled, nil
		}, fault.Unavailable, "queue_unavailable", [][]string{{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, {"0", "1", "2", "3"}, {"1", "3"}, {"1", "3"}, {"1", "3"}}},
		{"one is refused", envelopes(4, 10), func(int, batch) (int, map[string]failure, error) {
			return 200, map[string]failure{"2": {Code: "InvalidMessageContents", SenderFault: true}}, nil
		}, fault.Unavailable, "queue_refused", [][]string{{"0", "1", "2", "3"}}},
		{
			"not allowed", envelopes(1, 10), func(int, batch) (int, map[string]failure, error) { return 403, nil, nil },
			fault.Unavailable, "queue_unavailable",
			[][]string{{"0"}},
		},
		{
			"down", envelopes(1, 10), func(int, batch) (int, map[string]failure, error) { return 503, nil, nil },
			fault.Unavailable, "queue_unavailable",
			[][]string{{"0"}, {"0"}, {"0"}},
		},
		{
			"no connection", envelopes(1, 10), func(int, batch) (int, map[string]failure, error) {
				return 0, nil, errors.New("connection reset by peer")
			},
			fault.Unavailable, "queue_unavailable",
			[][]string{{"0"}, {"0"}, {"0"}},
		},
		{"one event too large", envelopes(1, 1_000_000), takes, fault.Invalid, "too_large", nil},
		{"broken JSON after a good one", append(envelopes(1, 10), event.Envelope{Events: []json.RawMessage{json.RawMessage(`{`)}}), takes, fault.Invalid, "bad_message", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: c.answer}
				err := queueOn(s).Send(t.Context(), c.sent)
				if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
					t.Errorf("Send: got %v (kind %q, code %q), want kind %q, code %q", err, fault.KindOf(err), fault.CodeOf(err), c.kind, c.code)
				}
				if got := s.entriesByBatch(); !slices.EqualFunc(got, c.batches, slices.Equal) {
					t.Errorf("Send: got calls %v, want %v", got, c.batches)
				}
			})
		})
	}
}

// TestSizes checks that no message and no call is larger than SQS takes, whatever characters the events hold.
func TestSizes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(int, batch) (int, map[string]failure, error) { return 200, nil, nil }}
		e := event.Envelope{Version: 2, Workspace: "shop", Request: "r", Received: 1}
		for i := range 170 { // 510 KB as sent, more than 1 MB as ASCII
			if i%3 == 0 {
				e.Events, e.At = append(e.Events, json.RawMessage(`"`+strings.Repeat("é", 1500)+`"`)), append(e.At, i)
				continue
			}
			e.Parsed = append(e.Parsed, event.Event{Index: i, ID: "m", Type: event.Track, Name: strings.Repeat("é", 1500), Identifiers: []event.Identifier{"user:1"}})
		}
		if err := queueOn(s).Send(t.Context(), []event.Envelope{e}); err != nil {
			t.Fatal(err)
		}
		var indexes []int
		for _, b := range s.batches {
			total := 0
			for _, entry := range b.Entries {
				total += len(entry.MessageBody)
				part, err := message.Decode(entry.MessageBody)
				if err != nil {
					t.Error(err)
				}
				indexes = append(indexes, part.Indexes()...)
			}
			if total > 1<<20 {
				t.Errorf("a call of %d bytes", total)
			}
		}
		if !slices.Equal(indexes, e.Indexes()) || len(indexes) != 170 || len(s.batches) < 2 {
			t.Errorf("Send: the events %v in %d calls, want each of 170 once, in order, in several", indexes, len(s.batches))
		}
	})
}
