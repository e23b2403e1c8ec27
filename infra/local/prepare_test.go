package local_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"waymark/infra/local"
)

// TestPrepareComesBeforeTheFirstAnswer: whoever asks early waits for what is prepared, and is not told that it is not there.
func TestPrepareComesBeforeTheFirstAnswer(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	listener.Close()
	answered := make(chan struct{})
	start(t, local.Config{
		Root: "testdata/project", Data: t.TempDir(), Memory: true, Port: address.Port,
		Prepare: func(ctx context.Context, env map[string]string) error {
			if env["AWS_ENDPOINT_URL_DYNAMODB"] == "" {
				t.Error("the environment does not say where the table is")
			}
			go func() {
				defer close(answered)
				response, err := http.Get("http://" + address.String() + "/a/b")
				if err != nil {
					t.Errorf("GET /a/b while the system is prepared: %v", err)
					return
				}
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					t.Errorf("GET /a/b while the system is prepared: status %d, want 200", response.StatusCode)
				}
			}()
			select {
			case <-answered:
				return errors.New("a request was answered before the system was prepared")
			case <-ctx.Done():
				return ctx.Err()
			default:
				return nil
			}
		},
	})
	<-answered
}

func TestPrepareFails(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	failed := errors.New("no workspace could be made")
	_, err := local.Start(t.Context(), local.Config{
		Root: "testdata/project", Data: t.TempDir(), Memory: true, Emulators: emulators, Out: io.Discard,
		Prepare: func(context.Context, map[string]string) error { return failed },
	})
	if !errors.Is(err, failed) {
		t.Errorf("Start = %v, want %v", err, failed)
	}
}

// TestBatchThatTakesLongerThanItsMessagesStayHidden would be worked on twice, each time; so the start says what is wrong.
func TestBatchThatTakesLongerThanItsMessagesStayHidden(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	root := project(t)
	edit(t, filepath.Join(root, "template.yaml"), "BatchSize: 10,", "BatchSize: 100, MaximumBatchingWindowInSeconds: 1,")
	_, err := local.Start(t.Context(), local.Config{Root: root, Data: t.TempDir(), Memory: true, Emulators: emulators, Out: io.Discard})
	if want := "event Messages of Echo gathers a batch for 1s, and after 1 s its messages would come again"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Start = %v, want %s", err, want)
	}
}
