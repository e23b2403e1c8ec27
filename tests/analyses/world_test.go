// Package analyses_test holds the analyses against each other and against the KPIs, through the front door: random traffic is collected, processed
// and rolled up, and everything is asked over HTTP. Numbers of different answers that mean the same are the same (docs/analyses/same-numbers.md
// lists which), answers do not depend on how events were delivered, and what changes the past changes them as if it had always been so.
package analyses_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/testing/system"
)

var worlds = flag.Int("worlds", 2, "how many worlds are made and asked")

// asked is when everything is asked.
var asked = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// definitions are settled in every world.
var definitions = map[string]string{
	"experiments": `{"experiments":[{"id":"checkout","variants":[{"id":"control","weight":1},{"id":"green","weight":1}],
		"from":"2026-09-01T00:00:00+01:00","to":"2026-11-01T00:00:00Z","metric":{"event":"Order Completed"}}]}`,
	"objectives": `{"objectives":[` + strings.Join([]string{
		objective("orders", ""), objective("buyers", ""), objective("touchpoints", ""), objective("sessions", ""), objective("new_persons", ""), objective("active_persons", ""),
		objective("page_views", ""), objective("stage_entries", `,"where":"stage:decision"`), objective("revenue", `,"currency":"GBP"`), objective("net_revenue", `,"currency":"GBP"`),
	}, ",") + `]}`,
	"costs":   `{"costs":[{"channel":"paid_search","from":"2026-09-01","to":"2026-11-01","amount":"100.00"}]}`,
	"funnels": `{"funnels":[{"name":"buys","steps":["Product Viewed","order"]}]}`,
}

// objective is one of a metric, over the months that are asked about.
func objective(metric, more string) string {
	name := strings.ReplaceAll(metric, "_", "-")
	return `{"name":"` + name + `","metric":"` + metric + `","target":1000000,"direction":"at_least","from":"2026-09-01","to":"2026-11-01","owner":"shop"` + more + `}`
}

// world is a shop in memory, with all functions.
type world struct {
	*system.System
	t        testing.TB
	contract *httpapitest.Contract
	answered map[string]string // by path, since it was counted
}

func newWorld(t testing.TB, contract *httpapitest.Contract) *world {
	t.Helper()
	w := &world{system.New(t, system.Shop()), t, contract, map[string]string{}}
	for kind, text := range definitions {
		if status, answer := w.Ask(http.MethodPut, "/v1/definitions/"+kind, "sk_shop", text); status != http.StatusOK {
			t.Fatalf("settle %s: %d %s", kind, status, answer)
		}
	}
	return w
}

// take processes events, all received at one time, so that all worlds take them alike.
func (w *world) take(raw ...string) {
	w.t.Helper()
	for len(raw) > 0 {
		n := min(len(raw), 100)
		w.PostAt(system.Begin, "wk_web", raw[:n]...)
		raw = raw[n:]
	}
	w.Drain()
}

// settle counts what is stored, always at about the same time: what time alone does is as if it had been done then.
func (w *world) settle() {
	w.t.Helper()
	w.Now = asked
	w.Settle()
	clear(w.answered)
}

// filled is a world that has counted what one seed says.
func filled(t testing.TB, contract *httpapitest.Contract, seed uint64) *world {
	t.Helper()
	w := newWorld(t, contract)
	w.take(events(seed, 60)...)
	w.settle()
	return w
}

// text asks an analysis or the KPIs, which must answer as it is described.
func (w *world) text(path string) string {
	w.t.Helper()
	if answer, found := w.answered[path]; found {
		return answer
	}
	w.Now = asked
	request := w.Request(http.MethodGet, path, "Bearer sk_shop", "")
	handle, pattern := w.Analyse(w.Ports()).Handle, "/v1/analyses/{name}"
	if strings.HasPrefix(path, "/v1/kpis") {
		handle, pattern = w.Query(w.Ports()).Handle, "/v1/kpis"
	}
	response, err := handle(w.t.Context(), request)
	if err != nil || response.StatusCode != http.StatusOK {
		w.t.Fatalf("%s is answered %d %s (%v)", path, response.StatusCode, response.Body, err)
	}
	if w.contract != nil {
		w.contract.Check(w.t, http.MethodGet, pattern, response)
	}
	w.answered[path] = response.Body
	return response.Body
}

// row is a row of an answer.
type row map[string]any

// tables are those of an answer, by name.
func (w *world) tables(name, query string) map[string][]row {
	w.t.Helper()
	var answer struct {
		Tables []struct {
			Name string `json:"name"`
			Rows []row  `json:"rows"`
		} `json:"tables"`
	}
	w.read(w.text("/v1/analyses/"+name+"?"+query), &answer)
	out := map[string][]row{}
	for _, t := range answer.Tables {
		out[t.Name] = t.Rows
	}
	return out
}

func (w *world) read(text string, into any) {
	w.t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		w.t.Fatalf("%v in %.300s", err, text)
	}
}

// number is a value of a row, exactly; of a rate, its numerator.
func number(v any) *big.Rat {
	switch v := v.(type) {
	case json.Number:
		return number(string(v))
	case string:
		if r, ok := new(big.Rat).SetString(v); ok {
			return r
		}
	case map[string]any:
		if n, isRate := v["numerator"]; isRate {
			return number(n)
		}
		return number(v["value"])
	}
	return new(big.Rat)
}

// word is a value of a row as a text.
func word(v any) string {
	switch v := v.(type) {
	case json.Number:
		return string(v)
	case string:
		return v
	}
	return ""
}

// numbers are sums by what they are of.
type numbers map[string]*big.Rat

func (n numbers) add(key string, value *big.Rat) {
	if n[key] == nil {
		n[key] = new(big.Rat)
	}
	n[key].Add(n[key], value)
}

// text leaves out zeros: where nobody is, one answer has a row and another has none.
func (n numbers) text() map[string]string {
	out := map[string]string{}
	for key, value := range n {
		if value.Sign() != 0 {
			out[key] = value.RatString()
		}
	}
	return out
}

// table adds up a column of a table, by the columns of a key; only rows that choose wants, nil for all.
func table(analysis, query, name, column string, choose func(row) bool, key ...string) side {
	return func(w *world) numbers {
		tables := w.tables(analysis, query)
		rows, found := tables[name]
		if !found {
			w.t.Fatalf("%s?%s has no table %s", analysis, query, name)
		}
		out := numbers{}
		for _, r := range rows {
			if choose == nil || choose(r) {
				parts := make([]string, len(key))
				for i, k := range key {
					parts[i] = word(r[k])
				}
				out.add(strings.Join(parts, " "), number(r[column]))
			}
		}
		return out
	}
}

// where chooses rows by the text of a column.
func where(column string, values ...string) func(row) bool {
	return func(r row) bool {
		for _, v := range values {
			if word(r[column]) == v {
				return true
			}
		}
		return false
	}
}

func except(column, value string) func(row) bool {
	return func(r row) bool { return word(r[column]) != value }
}

// kpi adds up the rows of a metric by the parts of a key: start (the date), value (of the dimension), unit.
func kpi(metric, field, query string, key ...string) side {
	return func(w *world) numbers {
		var answer struct {
			Rows []row `json:"rows"`
		}
		w.read(w.text("/v1/kpis?metric="+metric+"&"+query), &answer)
		out := numbers{}
		for _, r := range answer.Rows {
			parts := make([]string, len(key))
			for i, k := range key {
				switch k {
				case "start":
					parts[i] = word(r["start"])[:len("2006-01-02")]
				case "value":
					for _, v := range r["dimensions"].(map[string]any) {
						parts[i] = word(v)
					}
				default:
					parts[i] = word(r[k])
				}
			}
			out.add(strings.Join(parts, " "), number(r[field]))
		}
		return out
	}
}

// unit leaves those of one currency.
func unit(of side, currency string) side {
	return func(w *world) numbers {
		out := numbers{}
		for key, value := range of(w) {
			if key == currency {
				out.add("", value)
			}
		}
		return out
	}
}

// query writes parameters.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
