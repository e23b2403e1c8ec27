package handler_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
)

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// TestMain keeps the log of all tests and looks for what must never be in one: keys, who a person is, bodies.
func TestMain(m *testing.M) {
	var log lines
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	code := m.Run()
	for _, secret := range []string{"wk_", "sk_", "user:", "anon:", "email:", "@", "messageId", "userId"} {
		if at := bytes.Index(log.text.Bytes(), []byte(secret)); at >= 0 {
			fmt.Printf("the log holds %s: %.300s\n", secret, log.text.Bytes()[max(at-200, 0):])
			code = 1
		}
	}
	os.Exit(code)
}
