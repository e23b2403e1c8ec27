package clients_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"sync"
	"testing"
	"time"
)

// wrong is what a door does to the first request that brings events. The others it passes on.
type wrong string

const (
	nothing wrong = ""
	limited wrong = "429" // with Retry-After: 1
	broken  wrong = "500"
	busy    wrong = "503"
	refused wrong = "400"
	cut     wrong = "cut" // the system stores the events, and the client never hears of it
)

// delivery is one event of one request.
type delivery struct {
	ID   string
	Type string
	Name string
	Time string // as the timeline writes it
	// Browser is the anonymous id.
	Browser string
	// Proof is context.proof.user.
	Proof string
}

// visit is one request through a door.
type visit struct {
	at     time.Time
	method string
	path   string
	host   string
	events []delivery
	unread string // why no events could be read
	wrong  wrong
	status int         // of the system's own answer, 0 when it was not asked
	answer http.Header // of it
}

// door stands between a client and the system, as a proxy of the site would.
type door struct {
	URL    string
	server *httptest.Server
	proxy  *httputil.ReverseProxy
	wrong  wrong
	script string // a file that stands where clients ask for analytics.min.js, "" for what the system has there

	mu     sync.Mutex
	isDone bool // the wrong is
	visits []*visit
}

// openDoor opens a door to the system at an address.
func openDoor(t testing.TB, address string, does wrong, withTLS bool) *door {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{wrong: does, proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // the client went away, or the system ended
	}}
	d.server = httptest.NewUnstartedServer(d)
	d.server.Config.ErrorLog = nil
	if withTLS {
		d.server.StartTLS()
	} else {
		d.server.Start()
	}
	d.URL = d.server.URL
	t.Cleanup(func() {
		d.server.CloseClientConnections()
		d.server.Close()
	})
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Base(r.URL.Path) == "analytics.min.js" && d.script != "" {
		http.ServeFile(w, r, d.script)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	v := d.note(r, body)
	switch v.wrong {
	case nothing:
		recorder := &statusOf{ResponseWriter: w}
		d.proxy.ServeHTTP(recorder, r)
		d.answered(v, recorder.status, w.Header())
	case cut:
		unheard := httptest.NewRecorder()
		d.proxy.ServeHTTP(unheard, r)
		d.answered(v, unheard.Code, unheard.Header())
		panic(http.ErrAbortHandler)
	default:
		answerWrongly(w, v.wrong)
	}
}

func (d *door) answered(v *visit, status int, header http.Header) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v.status, v.answer = status, header.Clone()
}

// answerWrongly answers as the system answers when it does not take a request.
func answerWrongly(w http.ResponseWriter, does wrong) {
	status := map[wrong]int{limited: 429, broken: 500, busy: 503, refused: 400}[does]
	if does == limited {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	fmt.Fprint(w, `{"success":false,"code":"on_purpose","message":"a test does this","error":"a test does this","details":[],"request_id":"r"}`)
}

// note keeps what a request brings, and decides what becomes of it.
func (d *door) note(r *http.Request, body []byte) *visit {
	v := &visit{at: time.Now(), method: r.Method, path: r.URL.Path, host: r.Host}
	if r.Method == http.MethodPost {
		events, err := deliveries(r.URL.Path, body)
		if v.events = events; err != nil {
			v.unread = fmt.Sprintf("%v in %.80q", err, body)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(v.events) > 0 && !d.isDone {
		v.wrong, d.isDone = d.wrong, true
	}
	d.visits = append(d.visits, v)
	return v
}

// statusOf remembers the status of an answer.
type statusOf struct {
	http.ResponseWriter
	status int
}

func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// sentEvent is an event as clients write it, as far as a door looks at it.
type sentEvent struct {
	MessageID  string    `json:"messageId"`
	Anonymous  string    `json:"anonymousId"`
	Type       string    `json:"type"`
	Event      string    `json:"event"`
	Name       string    `json:"name"`
	Original   time.Time `json:"originalTimestamp"`
	Timestamp  time.Time `json:"timestamp"`
	Properties struct {
		Name string `json:"name"`
	} `json:"properties"`
	Context struct {
		Proof struct {
			User string `json:"user"`
		} `json:"proof"`
	} `json:"context"`
}

// deliveries reads the events of a body.
func deliveries(route string, body []byte) ([]delivery, error) {
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body, err = io.ReadAll(unpacked); err != nil {
			return nil, err
		}
	}
	var sent struct {
		sentEvent
		Batch []sentEvent `json:"batch"`
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, err
	}
	if path.Base(route) == "m" { // what the client measures of itself
		return nil, nil
	}
	if sent.Batch == nil {
		sent.Batch = []sentEvent{sent.sentEvent}
	}
	var out []delivery
	for _, e := range sent.Batch {
		at := e.Original
		if at.IsZero() {
			at = e.Timestamp
		}
		out = append(out, delivery{
			ID: e.MessageID, Type: e.Type, Name: cmp.Or(e.Event, e.Name, e.Properties.Name), Browser: e.Anonymous, Proof: e.Context.Proof.User,
			Time: at.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z"),
		})
	}
	return out, nil
}

// log is what came through so far.
func (d *door) log() []visit {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []visit
	for _, v := range d.visits {
		out = append(out, *v)
	}
	return out
}

// passed are the deliveries that the system took.
func (d *door) passed() []delivery {
	var out []delivery
	for _, v := range d.log() {
		if v.status == http.StatusOK {
			out = append(out, v.events...)
		}
	}
	return out
}

// sent are the events that a client tried to deliver, each once.
func (d *door) sent() map[string]delivery {
	out := map[string]delivery{}
	for _, v := range d.log() {
		for _, e := range v.events {
			out[e.ID] = e
		}
	}
	return out
}

// anonymous are the anonymous ids that a client sent, sorted: those of the story, its own, or, with rudderlabs/analytics-go, one more for each event.
func (d *door) anonymous() []string {
	ids := map[string]bool{}
	for _, e := range d.sent() {
		if e.Browser != "" {
			ids["anon:"+e.Browser] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// after tells what a client did with the events of the request that was answered wrongly: again or dropped.
func (d *door) after() string {
	var hit *visit
	again := map[string]bool{}
	for _, v := range d.log() {
		if v.wrong != nothing {
			hit = &v
			continue
		}
		for _, e := range v.events {
			again[e.ID] = true
		}
	}
	if hit == nil {
		return "never asked"
	}
	kept := 0
	for _, e := range hit.events {
		if again[e.ID] {
			kept++
		}
	}
	switch kept {
	case 0:
		return "dropped"
	case len(hit.events):
		return "again"
	}
	return fmt.Sprintf("%d of %d again", kept, len(hit.events))
}

// waited is the time from the wrong answer to the last of its events that came again.
func (d *door) waited() time.Duration {
	var since time.Time
	var waited time.Duration
	hit := map[string]bool{}
	for _, v := range d.log() {
		for _, e := range v.events {
			switch {
			case v.wrong != nothing:
				since, hit[e.ID] = v.at, true
			case hit[e.ID]:
				waited = v.at.Sub(since)
			}
		}
	}
	return waited
}

// checkAnswers reports whatever the system did not take without reservations.
func (d *door) checkAnswers(t testing.TB) {
	t.Helper()
	for _, v := range d.log() {
		switch {
		case v.unread != "":
			t.Errorf("%s %s: no events could be read: %s", v.method, v.path, v.unread)
		case v.status == 0 && (v.wrong == nothing || v.wrong == cut), v.status >= 300:
			t.Errorf("%s %s is answered %d", v.method, v.path, v.status)
		case v.answer.Get("Waymark-Rejected") != "":
			t.Errorf("%s %s: %s events are bad", v.method, v.path, v.answer.Get("Waymark-Rejected"))
		}
	}
}
