package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"waymark/infra/local/faults"
	"waymark/infra/local/lambda"
	"waymark/infra/local/schedule"
)

// The admin API, on a port of its own on 127.0.0.1:
//
//	POST /schedules/{name}/fire          fires a schedule now
//	POST /clock                          {"now":"2026-11-22T06:00:00Z"} or {"advance":"24h"}: fires everything due in between
//	POST /invoke/{function}              raw event in, raw answer out, X-Amz-Function-Error if the function failed
//	POST /2015-03-31/functions/{name}/invocations   the same as Lambda's Invoke, for AWS clients
//	POST /faults                         {"faults":"crash=5%,Process.crash=20%"} or {"faults":"off"}; GET tells and counts
//	GET  /status                         addresses, functions with their processes, schedules, mails, the clock, faults
func (c *Cloud) startAdmin() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the admin API: %w", err)
	}
	c.adminURL = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /schedules/{name}/fire", c.serveFire)
	mux.HandleFunc("POST /clock", c.serveClock)
	mux.HandleFunc("GET /clock", c.serveClock)
	mux.HandleFunc("POST /invoke/{function}", c.serveInvoke)
	mux.HandleFunc("POST /2015-03-31/functions/{function}/invocations", c.serveInvoke)
	mux.HandleFunc("POST /faults", c.serveFaults)
	mux.HandleFunc("GET /faults", c.serveFaults)
	mux.HandleFunc("GET /status", c.serveStatus)
	c.admin = &http.Server{Handler: ownOnly(mux)}
	go c.admin.Serve(listener)
	return nil
}

// ownOnly refuses requests that a page of another site makes a browser send to this machine.
func ownOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOwn(r) {
			writeError(w, http.StatusForbidden, errors.New("the admin API answers programs on this machine only"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOwn says that no page of another site sent the request, whatever name it has found for this machine.
func isOwn(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	return err == nil && (host == "127.0.0.1" || host == "localhost") && r.Header.Get("Origin") == ""
}

func (c *Cloud) serveFire(w http.ResponseWriter, r *http.Request) {
	scheduler := c.current.Load().scheduler
	fired, known := scheduler.Fire(r.Context(), r.PathValue("name"))
	if !known {
		var names []string
		for _, s := range scheduler.Schedules() {
			names = append(names, s.ID)
		}
		writeError(w, http.StatusNotFound, fmt.Errorf("there is no schedule %s, only %s", r.PathValue("name"), strings.Join(names, ", ")))
		return
	}
	writeFired(w, scheduler, []schedule.Fired{fired})
}

func (c *Cloud) serveClock(w http.ResponseWriter, r *http.Request) {
	scheduler := c.current.Load().scheduler
	if r.Method == http.MethodGet {
		writeFired(w, scheduler, []schedule.Fired{})
		return
	}
	var request struct{ Now, Advance string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		writeError(w, http.StatusBadRequest, fmt.Errorf(`send {"now":"2026-11-22T06:00:00Z"} or {"advance":"24h"}: %w`, err))
		return
	}
	switch {
	case request.Now != "" && request.Advance == "":
		now, err := time.Parse(time.RFC3339, request.Now)
		if err != nil {
			writeError(w, http.StatusBadRequest, fmt.Errorf("now is not a time like 2026-11-22T06:00:00Z: %w", err))
			return
		}
		writeFired(w, scheduler, scheduler.Set(r.Context(), now))
	case request.Advance != "" && request.Now == "":
		d, err := time.ParseDuration(request.Advance)
		if err != nil || d < 0 {
			writeError(w, http.StatusBadRequest, fmt.Errorf("advance is not a duration like 24h or 90m: %q", request.Advance))
			return
		}
		writeFired(w, scheduler, scheduler.Advance(r.Context(), d))
	default:
		writeError(w, http.StatusBadRequest, errors.New("send either now or advance"))
	}
}

// writeFired answers 502 when a function failed, so that a script's curl --fail sees it.
func writeFired(w http.ResponseWriter, scheduler *schedule.Scheduler, fired []schedule.Fired) {
	status := http.StatusOK
	for _, f := range fired {
		if f.Error != "" {
			status = http.StatusBadGateway
		}
	}
	writeJSON(w, status, map[string]any{"now": scheduler.Now().Format(time.RFC3339), "fired": fired})
}

func (c *Cloud) serveInvoke(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(r.Body)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	if len(event) == 0 {
		event = []byte("{}")
	}
	if !json.Valid(event) {
		writeError(w, http.StatusBadRequest, errors.New("the event is not JSON"))
		return
	}
	answer, err := c.current.Load().invoke(r.Context(), r.PathValue("function"), event)
	switch {
	case errors.Is(err, errNoFunction):
		writeError(w, http.StatusNotFound, err)
		return
	case errors.Is(err, lambda.ErrTooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, err)
		return
	case errors.Is(err, lambda.ErrThrottled):
		writeError(w, http.StatusTooManyRequests, err)
		return
	case err != nil:
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("X-Amzn-Requestid", answer.RequestID)
	if answer.Failed {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	w.Write(answer.Payload)
}

// serveFaults changes what goes wrong from now on; what is under way goes on as it began.
func (c *Cloud) serveFaults(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var request struct{ Faults *string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Faults == nil {
			writeError(w, http.StatusBadRequest, errors.New(`send {"faults":"crash=5%,Process.crash=20%"} or {"faults":"off"}`))
			return
		}
		plan, err := faults.Parse(*request.Faults)
		if err == nil {
			err = plan.Check(c.current.Load().names())
		}
		if err != nil {
			writeError(w, http.StatusBadRequest, err)
			return
		}
		c.faults.Set(plan)
	}
	writeJSON(w, http.StatusOK, c.Faults())
}

func (c *Cloud) serveStatus(w http.ResponseWriter, _ *http.Request) {
	d := c.current.Load()
	type scheduled struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Function   string `json:"function"`
		Expression string `json:"expression"`
		Next       string `json:"next,omitempty"`
	}
	now := d.scheduler.Now()
	schedules := []scheduled{}
	for _, s := range d.scheduler.Schedules() {
		next, _ := s.Expression.Next(now)
		schedules = append(schedules, scheduled{ID: s.ID, Name: s.Name, Function: s.Function, Expression: s.Text, Next: next.Format(time.RFC3339)})
	}
	ready := c.Ready(nil)
	writeJSON(w, http.StatusOK, map[string]any{
		"url": ready.URL, "admin_url": ready.AdminURL, "mail_url": ready.MailURL, "data": ready.Data, "env": ready.Env,
		"functions": ready.Functions, "schedules": schedules, "now": now.Format(time.RFC3339), "mails": c.mail.Names(), "faults": c.Faults(),
	})
}

func writeError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"message": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
