package dynamo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/fault"
)

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

func TestMissingCredentials(t *testing.T) {
	t.Parallel()
	table := dynamo.New(dynamo.NewClient(func(string) string { return "" }), "waymark")
	_, err := table.State(t.Context(), "demo")
	if err == nil {
		t.Fatal("State without region and credentials: got no error")
	}
}

// transport answers requests in the place of a connection.
type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stalled is a body that never comes.
type stalled struct {
	ctx    context.Context
	closed *int
}

func (b stalled) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (b stalled) Close() error {
	*b.closed++
	return nil
}

// TestStalledAttempts has a service that does not answer, or stops in the middle: each attempt ends after ten
// seconds, and another is made.
func TestStalledAttempts(t *testing.T) {
	t.Parallel()
	closed := 0
	for _, c := range []struct {
		name   string
		answer transport
		closed int
	}{
		{"no answer", func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, 0},
		{"no body", func(r *http.Request) (*http.Response, error) {
			return answered(http.StatusOK, stalled{r.Context(), &closed}), nil
		}, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			closed = 0
			attempts := 0
			table := tableOver(func(r *http.Request) (*http.Response, error) {
				attempts++
				return c.answer(r)
			})
			began := time.Now()
			_, err := table.State(t.Context(), "demo")
			if fault.KindOf(err) != fault.Unavailable || attempts != 3 || closed != c.closed {
				t.Errorf("State with %s: %v after %d attempts, %d bodies closed; want Unavailable after 3, %d closed",
					c.name, err, attempts, closed, c.closed)
			}
			if took := time.Since(began); took < 30*time.Second || took > 60*time.Second {
				t.Errorf("State with %s took %v, want three times ten seconds", c.name, took)
			}
		})
	}
}

// TestAttemptsOfOneCaller checks that a caller who gives up ends the attempt, and that an attempt which is over
// leaves nothing behind.
func TestAttemptsOfOneCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waits := tableOver(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		if _, err := waits.State(ctx, "demo"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("State of a caller with one second: %v after %v", err, time.Since(began))
		}
		var last context.Context
		answers := tableOver(func(r *http.Request) (*http.Response, error) {
			last = r.Context()
			return answered(http.StatusOK, io.NopCloser(strings.NewReader(`{}`))), nil
		})
		if _, err := answers.State(t.Context(), "demo"); err != nil || last.Err() == nil {
			t.Errorf("State: %v, and the attempt's context is over: %v", err, last.Err() != nil)
		}
	})
}

func tableOver(answer transport) *dynamo.Table {
	options := dynamo.NewClient(func(name string) string {
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[name]
	}).Options()
	options.HTTPClient = dynamo.Attempts(answer)
	return dynamo.New(dynamodb.New(options), "waymark")
}
