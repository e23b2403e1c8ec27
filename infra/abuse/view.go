package abuse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"waymark/infra/client"
)

// view is the numbers of a workspace as its API tells them, each under a name. Those of victims are honest people, orders and money, what servers said,
// and days that ended more than 30 days before. The others are all numbers there are. What is promised is a part of both, whatever the attack.
type view struct{ victims, others, promised map[string]string }

// spans tells when the attack came, because what two workspaces received at the same step of a run was not received at the same instant.
type spans struct{ base, from, to time.Time }

// Dimensions by which the numbers of months are read.
var dimensions = []string{"channel", "country", "campaign", "source", "grade", "landing_page", "referrer_host", "first_channel"}

// money is the metrics of orders and of their amounts.
var money = []string{
	"orders", "revenue", "refunds", "cancellations", "order_updates", "net_revenue", "buyers", "new_buyers", "aov", "revenue_per_buyer", "repeat_purchase_rate",
}

const accepted = 30 * day // how long before its receipt a site's event may lie

type kpiAnswer struct {
	Rows   []kpiRow        `json:"rows"`
	Folded json.RawMessage `json:"folded"`
}

type kpiRow struct {
	Metric      string            `json:"metric"`
	Start       time.Time         `json:"start"`
	End         time.Time         `json:"end"`
	Dimensions  map[string]string `json:"dimensions"`
	Numerator   json.RawMessage   `json:"numerator"`
	Denominator json.RawMessage   `json:"denominator"`
	Value       json.RawMessage   `json:"value"`
	Unit        string            `json:"unit"`
}

// read asks for all numbers of a workspace.
func read(ctx context.Context, w World, k Keys, m Mode, t spans) (view, error) {
	v := view{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, id := range honest() {
		paths := []string{"/v1/profiles/" + url.PathEscape(id)}
		if strings.HasPrefix(id, "user:") {
			paths = append(paths, paths[0]+"/timeline?limit=500")
		}
		for _, path := range paths {
			said, err := w.Ask(ctx, k.Secret, http.MethodGet, path, nil)
			if refused, is := errors.AsType[*client.Refusal](err); is && refused.Status == http.StatusNotFound {
				v.victims[path] = "nobody"
				continue
			}
			if err != nil {
				return v, fmt.Errorf("GET %s: %w", path, err)
			}
			if v.victims[path], err = t.leveled(said); err != nil {
				return v, fmt.Errorf("read answer of GET %s: %w", path, err)
			}
			if err := v.promise(path, m); err != nil {
				return v, err
			}
		}
	}
	for _, by := range append([]string{""}, dimensions...) {
		if err := v.readKPIs(ctx, w, k, m, t, by); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (v view) readKPIs(ctx context.Context, w World, k Keys, m Mode, t spans, by string) error {
	q := url.Values{"from": {t.base.Add(-45 * day).Format(time.DateOnly)}, "to": {t.base.Add(day).Format(time.DateOnly)}, "grain": {"day"}}
	if by != "" {
		q.Set("by", by)
		q.Set("grain", "month")
	}
	said, err := w.Ask(ctx, k.Secret, http.MethodGet, "/v1/kpis?"+q.Encode(), nil)
	if err != nil {
		return fmt.Errorf("GET /v1/kpis?%s: %w", q.Encode(), err)
	}
	var answer kpiAnswer
	if err := json.Unmarshal(said, &answer); err != nil {
		return fmt.Errorf("read answer of GET /v1/kpis: %w", err)
	}
	v.others["folded by "+by] = string(answer.Folded)
	for _, row := range answer.Rows {
		name := fmt.Sprintf("%s from %s by %s %v %s", row.Metric, row.Start.Format(time.DateOnly), by, row.Dimensions, row.Unit)
		number := fmt.Sprintf("%s/%s = %s", row.Numerator, row.Denominator, row.Value)
		if row.isNothing() {
			continue
		}
		v.others[name] = number
		if row.isVictims(t.base) {
			v.victims[name] = number
		}
		if row.isPromised(t.base, m, by) {
			v.promised[name] = number
		}
	}
	return nil
}

// isNothing says whether nothing was counted. A window in which something counted once says 0, and one in which nothing ever did says nothing at all.
func (r kpiRow) isNothing() bool {
	return string(r.Numerator) == "null" || strings.Trim(string(r.Numerator), `"0.`) == ""
}

// isVictims says whether a number must not change: that of money, of servers, and of a day that ended long ago.
func (r kpiRow) isVictims(base time.Time) bool {
	return slices.Contains(money, r.Metric) || r.Dimensions["grade"] == "server" || r.Dimensions["source"] == "server" || r.End.Before(base.Add(-accepted-day))
}

// promise notes what docs/trust.md promises of a profile: the links and traits that servers said; its orders and money where orders come of servers;
// everything where users are signed.
func (v view) promise(path string, m Mode) error {
	if m == SignedUsers {
		v.promised[path] = v.victims[path]
		return nil
	}
	var said struct {
		Identifiers []struct {
			ID     string `json:"id"`
			Linked struct {
				To, Grade string
			} `json:"linked"`
		} `json:"identifiers"`
		Traits map[string]struct {
			Value any
			Grade string
		} `json:"traits"`
		Orders json.RawMessage `json:"orders"`
	}
	if err := json.Unmarshal([]byte(v.victims[path]), &said); err != nil {
		return fmt.Errorf("read answer of GET %s: %w", path, err)
	}
	for _, id := range said.Identifiers {
		if id.Linked.Grade == "server" {
			v.promised[path+" has "+id.ID] = id.Linked.To
		}
	}
	for name, trait := range said.Traits {
		if trait.Grade == "server" {
			v.promised[path+" has "+name] = fmt.Sprint(trait.Value)
		}
	}
	if m == OrdersServer {
		v.promised[path+" orders"] = string(said.Orders)
	}
	return nil
}

// isPromised says whether docs/trust.md promises a number: touchpoints, orders and money of days that ended long ago; the money of servers; all of it
// where orders come of servers alone.
func (r kpiRow) isPromised(base time.Time, m Mode, by string) bool {
	isMoney := slices.Contains(money, r.Metric)
	return by == "" && r.End.Before(base.Add(-accepted-day)) && (isMoney || r.Metric == "touchpoints") || isMoney && by == "" && m == OrdersServer ||
		slices.Contains([]string{"orders", "revenue", "refunds", "net_revenue"}, r.Metric) && r.Dimensions["grade"] == "server"
}

// leveled is an answer in which instants of the run are told by its step, so that two workspaces can be compared. How many events are set apart in
// quarantine is left out: they are in no number.
func (t spans) leveled(said []byte) (string, error) {
	var value any
	if err := json.Unmarshal(said, &value); err != nil {
		return "", err
	}
	text, err := json.Marshal(t.level(value))
	return string(text), err
}

func (t spans) level(value any) any {
	switch value := value.(type) {
	case map[string]any:
		delete(value, "quarantined")
		for name := range value {
			value[name] = t.level(value[name])
		}
	case []any:
		for i := range value {
			value[i] = t.level(value[i])
		}
	case string:
		at, err := time.Parse(time.RFC3339, value)
		switch {
		case err != nil || at.Before(t.base):
		case at.Before(t.from):
			return "before the attack"
		case at.Before(t.to):
			return "during the attack"
		default:
			return "after the attack"
		}
	}
	return value
}

// differences are the numbers that two maps do not share, each in one line.
func differences(got, want map[string]string) (out []string) {
	names := maps.Clone(got)
	maps.Copy(names, want)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if got[name] != want[name] {
			out = append(out, fmt.Sprintf("%s\n      got  %s\n      want %s", name, differing(got[name], want[name]), differing(want[name], got[name])))
		}
	}
	return out
}

const shownBytes = 200

// differing is a text from shortly before where it is another.
func differing(text, other string) string {
	at := 0
	for at < len(text) && at < len(other) && text[at] == other[at] {
		at++
	}
	from := max(0, at-shownBytes/2)
	cut := text[from:min(len(text), from+shownBytes)]
	switch {
	case text == "":
		return "nothing"
	case from > 0:
		return "… " + cut
	}
	return cut
}
