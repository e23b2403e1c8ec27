package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
)

// What a table keeps and answers is tested by the conformance suite; here stands what only a service that misbehaves can show.

// call is one request that the SDK sent.
type call struct {
	operation string
	input     map[string]any
}

// service answers requests in the place of DynamoDB. It is called inside a bubble of package synctest, where no time passes.
type service struct {
	mu     sync.Mutex
	calls  []call
	answer func(n int, c call) (status int, body string, err error)
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c := call{operation: operation}
	if err := json.NewDecoder(r.Body).Decode(&c.input); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	status, body, err := s.answer(len(s.calls), c)
	if err != nil {
		return nil, err
	}
	return answered(status, io.NopCloser(strings.NewReader(body))), nil
}

func answered(status int, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: body}
}

func (s *service) operations() []string {
	var out []string
	for _, c := range s.calls {
		out = append(out, c.operation)
	}
	return out
}

func tableOn(s *service) *dynamo.Table {
	options := dynamo.NewClient(func(name string) string {
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[name]
	}).Options()
	options.HTTPClient = s
	return dynamo.New(dynamodb.New(options), "waymark")
}

func TestErrorsHaveKinds(t *testing.T) {
	t.Parallel()
	fails := func(status int, kind, message string) func(int, call) (int, string, error) {
		return func(int, call) (int, string, error) {
			return status, `{"__type":"com.amazonaws.dynamodb.v20120810#` + kind + `","message":"` + message + `"}`, nil
		}
	}
	for _, c := range []struct {
		name   string
		answer func(int, call) (int, string, error)
		kind   fault.Kind
		code   string
		calls  int // with what the SDK tries again by itself
	}{
		{"condition", fails(400, "ConditionalCheckFailedException", "The conditional request failed"), fault.Conflict, "conflict", 1},
		{"transaction in the way", fails(400, "TransactionConflictException", "Transaction is ongoing"), fault.Conflict, "conflict", 1},
		{"throttled", fails(400, "ProvisionedThroughputExceededException", "slow down"), fault.Unavailable, "table_unavailable", 3},
		{"throttled too", fails(400, "ThrottlingException", "slow down"), fault.Unavailable, "table_unavailable", 3},
		{"its own fault", fails(500, "InternalServerError", "oops"), fault.Unavailable, "table_unavailable", 3},
		{"not there", fails(503, "ServiceUnavailable", "later"), fault.Unavailable, "table_unavailable", 3},
		{"too large", fails(400, "ValidationException", "Item size has exceeded the maximum allowed size"), fault.Invalid, "too_large", 1},
		{"our fault", fails(400, "ValidationException", "One or more parameter values were invalid"), fault.Internal, "internal", 1},
		{"no such table", fails(400, "ResourceNotFoundException", "Requested resource not found"), fault.Internal, "internal", 1},
		{"not allowed", fails(400, "AccessDeniedException", "no"), fault.Internal, "internal", 1},
		{"no connection", func(int, call) (int, string, error) { return 0, "", errors.New("connection reset by peer") }, fault.Unavailable, "table_unavailable", 3},
		{"gets through at last", func(n int, _ call) (int, string, error) {
			if n < 3 {
				return 500, `{}`, nil
			}
			return 200, `{}`, nil
		}, "", "", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: c.answer}
				err := tableOn(s).Wake(t.Context(), "demo", identity.Link{Child: "anon:1", Parent: "user:1"})
				if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code || len(s.calls) != c.calls {
					t.Errorf("Wake: %v (kind %q, code %q) after %d calls, want kind %q, code %q after %d", err, fault.KindOf(err), fault.CodeOf(err), len(s.calls), c.kind, c.code, c.calls)
				}
				if err != nil && strings.Contains(err.Error(), "user:1") {
					t.Errorf("Wake: %v names the person", err)
				}
			})
		})
	}
}

// TestConsistentReads holds what the counting protocol rests on: every read sees what was written before it. It holds
// the calls, too, that a read takes.
func TestConsistentReads(t *testing.T) {
	t.Parallel()
	ids := []event.Identifier{"user:1", "user:2"}
	for _, c := range []struct {
		name string
		read func(ctx context.Context, table *dynamo.Table) error
		want []string
	}{
		{"Partitions", func(ctx context.Context, table *dynamo.Table) error {
			_, err := table.Partitions(ctx, "demo", ids)
			return err
		}, []string{"Query", "Query"}},
		{"Nodes", func(ctx context.Context, table *dynamo.Table) error {
			_, err := table.Nodes(ctx, "demo", ids)
			return err
		}, []string{"Query", "Query"}},
		{"Evidence", func(ctx context.Context, table *dynamo.Table) error {
			_, _, err := table.Evidence(ctx, "demo", []identity.Link{{Child: ids[0], Parent: ids[1]}})
			return err
		}, []string{"BatchGetItem"}},
		{"Claims", func(ctx context.Context, table *dynamo.Table) error {
			_, err := table.Claims(ctx, "demo", []string{"order:o"})
			return err
		}, []string{"Query"}},
		{"Profiles", func(ctx context.Context, table *dynamo.Table) error {
			_, err := table.Profiles(ctx, "demo", ids)
			return err
		}, []string{"BatchGetItem"}},
		{"State", func(ctx context.Context, table *dynamo.Table) error {
			_, err := table.State(ctx, "demo")
			return err
		}, []string{"GetItem"}},
		{"Batches", func(ctx context.Context, table *dynamo.Table) error {
			_, _, err := table.Batches(ctx, "demo", "", 10)
			return err
		}, []string{"Query"}},
		{"Dues", func(ctx context.Context, table *dynamo.Table) error {
			_, _, err := table.Dues(ctx, "demo", 1, 10)
			return err
		}, []string{"Query"}},
		{"Everybody", func(ctx context.Context, table *dynamo.Table) error {
			_, _, err := table.Everybody(ctx, "demo", "", 10)
			return err
		}, []string{"Query"}},
		{"Window", func(ctx context.Context, table *dynamo.Table) error {
			_, err := table.Window(ctx, "demo", period.Day, "2026-11-22")
			return err
		}, []string{"GetItem"}},
	} {
		s := &service{answer: func(int, call) (int, string, error) { return 200, `{}`, nil }}
		if err := c.read(t.Context(), tableOn(s)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := s.operations(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		for _, made := range s.calls {
			asked := made.input
			if made.operation == "BatchGetItem" {
				asked = asked["RequestItems"].(map[string]any)["waymark"].(map[string]any)
			}
			if asked["ConsistentRead"] != true {
				t.Errorf("%s: %s is not a consistent read", c.name, made.operation)
			}
		}
	}
}

// TestUndoneWrites has a service that takes all but the last item of each call.
func TestUndoneWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		written := map[string]int{}
		s := &service{answer: func(_ int, c call) (int, string, error) {
			requests := c.input["RequestItems"].(map[string]any)["waymark"].([]any)
			if len(requests) > 25 {
				t.Errorf("BatchWriteItem of %d items", len(requests))
			}
			left := requests[max(len(requests)-1, 1):]
			for _, r := range requests[:len(requests)-len(left)] {
				text, _ := json.Marshal(r)
				written[string(text)]++
			}
			body, _ := json.Marshal(map[string]any{"UnprocessedItems": map[string]any{"waymark": left}})
			if len(left) == 0 {
				body = []byte(`{}`)
			}
			return 200, string(body), nil
		}}
		dues := make([]ledger.Due, 60)
		for n := range dues {
			dues[n].Handle = fmt.Sprintf("%s-%d", ledger.HandleAt(0), n)
		}
		if err := tableOn(s).PutDues(t.Context(), "demo", dues); err != nil {
			t.Fatal(err)
		}
		if len(written) != 60 {
			t.Errorf("PutDues: %d dues written, want 60", len(written))
		}
	})
}

func TestUndoneReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(_ int, c call) (int, string, error) {
			keys := c.input["RequestItems"].(map[string]any)["waymark"].(map[string]any)["Keys"].([]any)
			if len(keys) > 100 {
				t.Errorf("BatchGetItem of %d keys", len(keys))
			}
			link, _ := json.Marshal(identity.Link{Parent: "user:1", Evidence: identity.Evidence{At: 7}})
			found := keys[0].(map[string]any)
			found["b"] = map[string]any{"B": link} // bytes are base64 in JSON
			answer := map[string]any{"Responses": map[string]any{"waymark": []any{found}}}
			if len(keys) > 1 {
				answer["UnprocessedKeys"] = map[string]any{"waymark": map[string]any{"Keys": keys[1:]}}
			}
			body, _ := json.Marshal(answer)
			return 200, string(body), nil
		}}
		links := []identity.Link{{Child: "anon:1", Parent: "user:1"}, {Child: "anon:2", Parent: "user:1"}, {Child: "anon:1", Parent: "user:1"}}
		evidence, found, err := tableOn(s).Evidence(t.Context(), "demo", links)
		if err != nil {
			t.Fatal(err)
		}
		if want := (identity.Evidence{At: 7}); !slices.Equal(evidence, []identity.Evidence{want, want, want}) || !slices.Equal(found, []bool{true, true, true}) {
			t.Errorf("Evidence: got %v, %v, want all three", evidence, found)
		}
	})
}

func TestThrottledForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(_ int, c call) (int, string, error) {
			body, _ := json.Marshal(map[string]any{"UnprocessedItems": c.input["RequestItems"]})
			return 200, string(body), nil
		}}
		began := time.Now()
		err := tableOn(s).DeleteDues(t.Context(), "demo", []string{"a", "b"})
		if fault.KindOf(err) != fault.Unavailable || len(s.calls) != 9 {
			t.Errorf("DeleteDues: %v after %d calls, want Unavailable after 9", err, len(s.calls))
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("DeleteDues gave up after %v", took)
		}
	})
}

// TestHandlesWithoutTime: the time of a handle says how long a record is kept, so one without is refused before
// anything is sent.
func TestHandlesWithoutTime(t *testing.T) {
	t.Parallel()
	for _, handle := range []string{"", "a", "1795348800000", "17953488a0000000-x"} {
		s := &service{answer: func(int, call) (int, string, error) { return 200, `{}`, nil }}
		if err := tableOn(s).PutBatch(t.Context(), "demo", ledger.Batch{Handle: handle}); err == nil || len(s.calls) != 0 {
			t.Errorf("PutBatch of handle %q: %v after %d calls, want an error after none", handle, err, len(s.calls))
		}
	}
	s := &service{answer: func(int, call) (int, string, error) { return 200, `{}`, nil }}
	named := ledger.Batch{Handle: ledger.HandleAt(1795348800123) + "-x"}
	if err := tableOn(s).PutBatch(t.Context(), "demo", named); err != nil {
		t.Fatal(err)
	}
	const want = "1796558400" // 14 days later, in seconds
	if got := s.calls[0].input["Item"].(map[string]any)["expires_at"].(map[string]any)["N"]; got != want {
		t.Errorf("a record expires at %v, want %s", got, want)
	}
}

// TestStagesListedOnce: a process writes down once that a stage was ever listed, unless the write failed or the
// workspace was deleted.
func TestStagesListedOnce(t *testing.T) {
	t.Parallel()
	fails := false
	s := &service{answer: func(_ int, c call) (int, string, error) {
		if fails {
			return 400, `{"__type":"AccessDeniedException","message":"no"}`, nil
		}
		return 200, `{}`, nil
	}}
	table := tableOn(s)
	list := func(stages ...string) []string {
		t.Helper()
		s.calls = nil
		var all []ledger.Listing
		for _, stage := range stages {
			all = append(all, ledger.Listing{Stage: stage, Day: "2026-11-22", Persons: []event.Identifier{"user:1"}})
		}
		if err := table.PutListings(t.Context(), "demo", 1, all); (err != nil) != fails {
			t.Fatalf("PutListings: %v", err)
		}
		var noted []string
		for _, i := range itemsOf(s.calls[0]) {
			if i["PK"].(map[string]any)["S"] == "demo#people" {
				noted = append(noted, i["SK"].(map[string]any)["S"].(string))
			}
		}
		slices.Sort(noted)
		return noted
	}
	check := func(what string, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: stages %q written down, want %q", what, got, want)
		}
	}
	fails = true
	check("a write that fails", list("a", ""), []string{".", "a"})
	fails = false
	check("the first write", list("a", "", "a"), []string{".", "a"})
	check("the second write", list("a", "b"), []string{"b"})
	if err := table.DeleteComputed(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	check("a write after the deletion", list("b"), []string{"b"})
}

// TestDeletedComputed holds the partitions that DeleteComputed empties, the lists of each listed stage among them.
func TestDeletedComputed(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(_ int, c call) (int, string, error) {
		if c.operation == "Query" && c.partition() == "demo#people" {
			return 200, `{"Items":[{"SK":{"S":"."}},{"SK":{"S":"loyalty"}}]}`, nil
		}
		return 200, `{}`, nil
	}}
	if err := tableOn(s).DeleteComputed(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.calls {
		if c.operation == "Query" {
			got = append(got, strings.TrimPrefix(c.partition(), "demo#"))
		}
	}
	slices.Sort(got)
	want := strings.Fields(`cuts due kpi#day kpi#day#parts kpi#hour kpi#hour#parts kpi#month kpi#month#parts
		kpi#quarter kpi#quarter#parts kpi#week kpi#week#parts kpi#year kpi#year#parts
		people people people#. people#loyalty records restated settle`)
	if !slices.Equal(got, want) {
		t.Errorf("DeleteComputed reads %q, want %q", got, want)
	}
}

// partition is the one that a query reads.
func (c call) partition() string {
	return c.input["ExpressionAttributeValues"].(map[string]any)[":pk"].(map[string]any)["S"].(string)
}
