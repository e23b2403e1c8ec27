package adaptertest

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync"
	"testing"
)

// keptLog keeps what is logged.
type keptLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *keptLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// WatchLog runs all tests of a package, keeps what they log, and looks for what must never be in a log, such as keys, who a person is, or bodies.
// It gives the exit code for TestMain, which is not 0 when a secret was found.
func WatchLog(m *testing.M, secrets ...string) int {
	var kept keptLog
	slog.SetDefault(slog.New(slog.NewJSONHandler(&kept, nil)))
	code := m.Run()
	for _, secret := range secrets {
		if at := bytes.Index(kept.text.Bytes(), []byte(secret)); at >= 0 {
			fmt.Printf("the log holds %s: %.300s\n", secret, kept.text.Bytes()[max(at-200, 0):])
			code = 1
		}
	}
	return code
}
