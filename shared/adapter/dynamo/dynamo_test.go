package dynamo_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
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
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
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
				err := tableOn(s).Commit(t.Context(), "demo", "user:1", profile.Aggregate{Version: 1})
				if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code || len(s.calls) != c.calls {
					t.Errorf("Commit: %v (kind %q, code %q) after %d calls, want kind %q, code %q after %d", err, fault.KindOf(err), fault.CodeOf(err), len(s.calls), c.kind, c.code, c.calls)
				}
				if err != nil && strings.Contains(err.Error(), "user:1") {
					t.Errorf("Commit: %v names the person", err)
				}
			})
		})
	}
}

func TestMissingCredentials(t *testing.T) {
	t.Parallel()
	table := dynamo.New(dynamo.NewClient(func(string) string { return "" }), "waymark")
	_, _, err := table.Timeline(t.Context(), "demo", "user:1")
	if err == nil {
		t.Fatal("Timeline without region and credentials: got no error")
	}
}

// TestProfileBeforePages holds the order that the counting protocol rests on, and that every read of it is consistent.
func TestProfileBeforePages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		read func(table *dynamo.Table) error
		want []string
	}{
		{"Load", func(table *dynamo.Table) error {
			_, _, err := table.Load(t.Context(), "demo", "user:1", pageOf(3))
			return err
		}, []string{"GetItem", "Query", "Query"}},
		{"Timeline", func(table *dynamo.Table) error {
			_, _, err := table.Timeline(t.Context(), "demo", "user:1")
			return err
		}, []string{"GetItem", "Query"}},
		{"Partitions", func(table *dynamo.Table) error {
			_, err := table.Partitions(t.Context(), "demo", []event.Identifier{"user:1"})
			return err
		}, []string{"Query"}},
		{"Nodes", func(table *dynamo.Table) error {
			_, err := table.Nodes(t.Context(), "demo", []event.Identifier{"user:1"})
			return err
		}, []string{"Query"}},
		{"Traits", func(table *dynamo.Table) error {
			_, _, err := table.Traits(t.Context(), "demo", "user:1")
			return err
		}, []string{"GetItem"}},
		{"Marks", func(table *dynamo.Table) error {
			_, err := table.Marks(t.Context(), "demo", 1)
			return err
		}, []string{"Query"}},
		{"Window", func(table *dynamo.Table) error {
			_, err := table.Window(t.Context(), "demo", period.Day, "2026-11-22")
			return err
		}, []string{"GetItem"}},
	} {
		s := &service{answer: func(int, call) (int, string, error) { return 200, `{}`, nil }}
		if err := c.read(tableOn(s)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := s.operations(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		for _, made := range s.calls {
			if made.input["ConsistentRead"] != true {
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
		marks := make([]kpi.Mark, 60)
		for n := range marks {
			marks[n] = kpi.Mark{Grain: period.Day, Key: "2026-11-22"}
		}
		if err := tableOn(s).PutMarks(t.Context(), "demo", marks); err != nil {
			t.Fatal(err)
		}
		if len(written) != 60 {
			t.Errorf("PutMarks: %d marks written, want 60", len(written))
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
			link, _ := json.Marshal(identity.Link{Evidence: identity.Evidence{At: 7}})
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
		err := tableOn(s).DeleteMarks(t.Context(), "demo", []string{"a", "b"})
		if fault.KindOf(err) != fault.Unavailable || len(s.calls) != 9 {
			t.Errorf("DeleteMarks: %v after %d calls, want Unavailable after 9", err, len(s.calls))
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("DeleteMarks gave up after %v", took)
		}
	})
}

// TestLambdaEndpoint checks that the client goes where the environment says, with its session token.
func TestLambdaEndpoint(t *testing.T) {
	t.Parallel()
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "session",
		"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8000",
	}
	options := dynamo.NewClient(func(name string) string { return environment[name] }).Options()
	if got := aws.ToString(options.BaseEndpoint); got != "http://127.0.0.1:8000" {
		t.Errorf("endpoint %q", got)
	}
	credentials, err := options.Credentials.Retrieve(t.Context())
	if err != nil || credentials.SessionToken != "session" {
		t.Errorf("credentials: session token %q, %v", credentials.SessionToken, err)
	}
}
