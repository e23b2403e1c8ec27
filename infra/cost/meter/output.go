package meter

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"waymark/infra/cost/bill"
)

// output counts the bytes of the lines that a function writes, and passes them on.
type output struct {
	meter    *Meter
	function string
	log      io.Writer

	mu      sync.Mutex
	pending []byte // a line that is not ended yet
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending = append(o.pending, p...)
	for {
		line, rest, ended := bytes.Cut(o.pending, []byte("\n"))
		if !ended {
			break
		}
		kind := bill.LogWarn
		if isBelowWarn(line) {
			kind = bill.LogInfo
		}
		o.meter.wrote(o.function, kind, len(line))
		o.pending = rest
	}
	return o.log.Write(p)
}

// isBelowWarn says whether a higher log level would leave the line out. Of a line that names no level nobody knows.
func isBelowWarn(line []byte) bool {
	var said struct {
		Level string `json:"level"`
	}
	below := []string{"TRACE", "DEBUG", "INFO"}
	return json.Unmarshal(line, &said) == nil && slices.Contains(below, strings.ToUpper(said.Level))
}

// wrote counts a line in the ledger of the work it tells of, which may have been changed since.
func (m *Meter) wrote(function string, kind bill.Kind, size int) {
	m.mu.Lock()
	l := m.charged[function]
	if l == nil {
		l = m.ledger
	}
	m.mu.Unlock()
	l.Add(function, kind, int64(size))
}

// accessLogBytes is about how long a line of an access log is: its format with values of a usual length in the place
// of the variables.
func accessLogBytes(format string) int {
	usual := map[string]string{
		"requestId": "JKJaXmPLvHcESHA=", "requestTime": "22/Nov/2026:09:30:00 +0000", "routeKey": "POST /v1/batch",
		"status": "200", "responseLength": "16", "responseLatency": "12", "integrationErrorMessage": "-",
		"identity.sourceIp": "192.0.2.7", "httpMethod": "POST", "path": "/v1/batch", "protocol": "HTTP/1.1",
	}
	filled := regexp.MustCompile(`\$context\.([A-Za-z.]+)`).ReplaceAllStringFunc(format, func(variable string) string {
		if value, known := usual[strings.TrimPrefix(variable, "$context.")]; known {
			return value
		}
		return strings.Repeat("x", 10)
	})
	return len(filled)
}
