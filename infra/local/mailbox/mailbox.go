// Package mailbox is the local stand-in for Amazon SES: it takes the API's SendEmail and GetAccount, writes each mail as
// an .eml file and shows the files on a page. Nothing leaves the machine.
//
//	http.Serve(listener, mailbox.New("mail", time.Now))
package mailbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxMailBytes is the limit of SES for a message, as base64 in its request.
const maxMailBytes = 40 * 1024 * 1024 * 4 / 3

// Mailbox serves the API and the page.
type Mailbox struct {
	directory string
	now       func() time.Time
	mux       *http.ServeMux
}

// New returns a mailbox that keeps its mails in a directory.
func New(directory string, now func() time.Time) *Mailbox {
	m := &Mailbox{directory: directory, now: now, mux: http.NewServeMux()}
	m.mux.HandleFunc("POST /v2/email/outbound-emails", m.send)
	m.mux.HandleFunc("GET /v2/email/account", m.account)
	m.mux.HandleFunc("GET /mail/{name}", m.read)
	m.mux.HandleFunc("GET /{$}", m.page)
	return m
}

// ServeHTTP answers one request.
func (m *Mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

func (m *Mailbox) send(w http.ResponseWriter, r *http.Request) {
	var request sendEmail
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMailBytes)).Decode(&request); err != nil {
		refuse(w, "the request is not SES' JSON: "+err.Error())
		return
	}
	id := rand.Text()
	message, err := request.message(id, m.now())
	if err != nil {
		refuse(w, err.Error())
		return
	}
	name := m.now().UTC().Format("20060102T150405.000Z") + "-" + id[:8] + ".eml"
	if err := os.MkdirAll(m.directory, 0o755); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if err := os.WriteFile(filepath.Join(m.directory, name), message, 0o644); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, map[string]string{"MessageId": id})
}

func (m *Mailbox) account(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"DedicatedIpAutoWarmupEnabled": false, "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": true, "SendingEnabled": true,
		"SendQuota": map[string]any{"Max24HourSend": 50000, "MaxSendRate": 14, "SentLast24Hours": len(m.Names())},
	})
}

// Names lists the files, newest first.
func (m *Mailbox) Names() []string {
	files, _ := filepath.Glob(filepath.Join(m.directory, "*.eml"))
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names
}

func (m *Mailbox) read(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !slices.Contains(m.Names(), name) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	http.ServeFile(w, r, filepath.Join(m.directory, name))
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Mails</title>
<h1>Mails</h1>
{{if .}}<ul>{{range .}}<li><a href="/mail/{{.}}">{{.}}</a></li>{{end}}</ul>{{else}}<p>No mail yet.</p>{{end}}
</html>
`))

func (m *Mailbox) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page.Execute(w, m.Names())
}

func refuse(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", "BadRequestException")
	w.WriteHeader(http.StatusBadRequest)
	writeJSON(w, map[string]string{"message": strings.TrimSpace(message)})
}

func writeJSON(w http.ResponseWriter, value any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	if err := json.NewEncoder(w).Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "write answer:", err)
	}
}
