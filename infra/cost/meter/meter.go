// Package meter counts what the functions of a laptop cloud use, at the boundary: it puts itself between them and
// the emulators of DynamoDB, SQS and S3, and is told of each invocation and of each line they write. The functions
// do not know it. A call that it cannot price is an error of the whole measurement, never left out.
//
// It is the queue for what is sent to the queues that feed functions: it keeps these messages until the one who
// drives the cloud takes them and delivers them in batches of his own. What AWS's pollers would do is counted with
// the delivery.
//
//	m, err := meter.New(meter.Config{Template: t})
//	cloud, err := local.Start(ctx, local.Config{…, Driven: true, Observer: m})
//	m.Charge(&ledger)
package meter

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/local/lambda"
	"waymark/infra/local/template"
)

// What AWS's own machinery takes.
const (
	httpChunkBytes = 512 * 1024 // of a request to the HTTP API
	sqsChunkBytes  = 64 * 1024  // of a request to SQS
	sqsMost        = 10         // messages of one receive and of one delete
	// platformLogBytes are START, END and REPORT of one invocation: three lines of JSON. An assumption, not measured.
	platformLogBytes = 500
)

// Meter counts. Make it with New, close it with Close when the cloud is closed.
type Meter struct {
	Clock string // the file with the instant that functions take for now; "" for the machine's clock

	functions map[string]template.Function
	accessLog int // bytes that the HTTP API writes for one request
	table     *dynamoDB
	queues    *queues
	client    *http.Client

	mu     sync.Mutex
	ledger *bill.Ledger
	// by function: the ledger when it was last seen at work; its lines may come a little later
	charged   map[string]*bill.Ledger
	last      string // the function that was invoked last
	endpoints map[endpoint]*http.Server
	addresses map[endpoint]string
	errs      []error
}

// New returns a meter of the functions, queues and tables of a template.
func New(t *template.Template) (*Meter, error) {
	m := &Meter{
		functions: map[string]template.Function{}, ledger: &bill.Ledger{}, charged: map[string]*bill.Ledger{},
		endpoints: map[endpoint]*http.Server{}, addresses: map[endpoint]string{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}},
	}
	functions, err := t.Functions()
	if err != nil {
		return nil, err
	}
	for _, f := range functions {
		m.functions[f.ID] = f
	}
	tables, err := t.Tables()
	if err != nil {
		return nil, err
	}
	m.table = &dynamoDB{keys: map[string][]string{}, sizes: map[string]int{}}
	for _, table := range tables {
		if len(table.Indexes) > 0 {
			return nil, fmt.Errorf("the meter cannot price the indexes of table %s", table.ID)
		}
		for _, k := range table.Keys {
			m.table.keys[table.Name] = append(m.table.keys[table.Name], k.Name)
		}
	}
	if m.queues, err = newQueues(t); err != nil {
		return nil, err
	}
	formats, err := t.AccessLogs()
	for _, format := range formats {
		m.accessLog += accessLogBytes(format)
	}
	return m, err
}

// Charge makes what is used from now on count in a ledger.
func (m *Meter) Charge(l *bill.Ledger) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ledger = l
}

// Err joins everything that could not be counted.
func (m *Meter) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.errs...)
}

func (m *Meter) fail(err error) {
	if err == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errs = append(m.errs, err)
}

// add counts for a function that is at work.
func (m *Meter) add(function string, kind bill.Kind, parts int64) {
	m.mu.Lock()
	m.charged[function] = m.ledger
	l := m.ledger
	m.mu.Unlock()
	l.Add(function, kind, parts)
}

// Requested counts a request of the HTTP API that was just answered, for the function that answered it.
func (m *Meter) Requested(bodyBytes int) {
	m.mu.Lock()
	function := m.last
	m.mu.Unlock()
	m.add(function, bill.HTTPRequest, max(1, ceil(bodyBytes, httpChunkBytes)))
	m.add(function, bill.LogAccess, int64(m.accessLog))
}

// Fired counts an invocation by a schedule.
func (m *Meter) Fired(function string) { m.add(function, bill.Firing, 1) }

// Delivered counts what AWS's poller does to deliver a batch and to delete it: ten messages a request, in chunks of
// 64 KB.
func (m *Meter) Delivered(function string, batch []Message) {
	for chunk := range slices.Chunk(batch, sqsMost) {
		size := 0
		for _, message := range chunk {
			size += message.size()
		}
		m.add(function, bill.SQSReceive, max(1, ceil(size, sqsChunkBytes)))
		m.add(function, bill.SQSDelete, 1)
	}
}

// Invoked counts an invocation; the laptop cloud calls it.
func (m *Meter) Invoked(function string, answer lambda.Answer) {
	m.mu.Lock()
	m.last = function
	m.mu.Unlock()
	milliseconds := (answer.Duration + time.Millisecond - 1) / time.Millisecond
	m.add(function, bill.LambdaRequest, 1)
	m.add(function, bill.LambdaTime, int64(milliseconds)*int64(m.functions[function].MemoryMB))
	if !m.isQuiet(function) {
		m.add(function, bill.LogPlatform, platformLogBytes)
	}
}

// isQuiet says whether the platform writes no lines for invocations that go well.
func (m *Meter) isQuiet(function string) bool {
	f := m.functions[function]
	return f.JSONLogs && f.SystemLevel == "WARN"
}

// Output counts the lines of a function; the laptop cloud calls it.
func (m *Meter) Output(function string, log io.Writer) io.Writer {
	return &output{meter: m, function: function, log: log}
}

// Environment puts the meter's addresses in the place of the emulators'; the laptop cloud calls it. A function gets
// addresses of its own, so that its calls are told from others'.
func (m *Meter) Environment(function string, variables map[string]string) map[string]string {
	out := maps.Clone(variables)
	if m.Clock != "" {
		out["WAYMARK_CLOCK"] = m.Clock
	}
	for _, service := range []struct {
		variable string
		serve    handler
	}{
		{"AWS_ENDPOINT_URL_DYNAMODB", m.serveDynamoDB},
		{"AWS_ENDPOINT_URL_SQS", m.serveSQS},
		{"AWS_ENDPOINT_URL_S3", m.serveS3},
	} {
		upstream := variables[service.variable]
		address, err := m.listen(endpoint{function, upstream}, service.serve)
		if err != nil {
			m.fail(err)
			continue
		}
		for name, value := range out { // the address of a queue begins with that of SQS
			if rest, begins := strings.CutPrefix(value, upstream); begins && (rest == "" || rest[0] == '/') {
				out[name] = address + rest
			}
		}
	}
	return out
}

// Close ends the meter's servers.
func (m *Meter) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, server := range m.endpoints {
		server.Close()
	}
	m.client.CloseIdleConnections()
}
