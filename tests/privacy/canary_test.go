package privacy_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
)

// position is a place of a request where a canary is put, and the name of its row in docs/privacy.md. An event is a
// template in which $ stands for the canary.
type position struct {
	row, event string
	value      func(canary) string
}

const elsewhere = "everything else"

func email(c canary) string { return c.email }
func phone(c canary) string { return c.phone }
func ip(c canary) string    { return c.ip }

// positions are those of an event: first those whose values are kept, then all others.
func positions() []position {
	all := []position{
		{"userId", `{"type":"track","event":"E","userId":"$"}`, email},
		{"anonymousId", `{"type":"track","event":"E","anonymousId":"$"}`, email},
		{"previousId", `{"type":"alias","userId":"u","previousId":"$"}`, email},
		{"groupId", `{"type":"group","userId":"u9","groupId":"$"}`, email},
		{"messageId", `{"type":"track","event":"E","userId":"u","messageId":"$"}`, email},
		{"traits.email", `{"type":"identify","userId":"u1","traits":{"email":"$"}}`, email},
		{"traits.phone", `{"type":"identify","userId":"u2","traits":{"phone":"$"}}`, phone},
		{"traits.loyalty_id", `{"type":"identify","userId":"u3","traits":{"loyalty_id":"$"}}`, email},
		{"context.traits.email", `{"type":"track","event":"E","userId":"u4","context":{"traits":{"email":"$"}}}`, email},
		{"context.device.id", `{"type":"track","event":"E","userId":"u5","context":{"device":{"id":"$"}}}`, email},
		{"context.externalIds", `{"type":"track","event":"E","userId":"u6","context":{"externalIds":[{"type":"email","id":"$"}]}}`, email},
		{"properties.loyalty_id", `{"type":"track","event":"E","userId":"u7","properties":{"loyalty_id":"$"}}`, email},
		{"properties.order_id", `{"type":"track","event":"Order Completed","userId":"u8","properties":{"order_id":"$","revenue":1}}`, email},
		{"context.userAgent", `{"type":"track","event":"E","userId":"u10","context":{"userAgent":"Crawler ($)"}}`, email},
		{elsewhere, `{"type":"track","event":"E","userId":"u","context":{"userAgent":"Browser $"}}`, func(c canary) string { return c.phone + " " + c.token }},
		{elsewhere, `{"type":"track","event":"E","userId":"u","context":{"ip":"$"}}`, ip},
		{elsewhere, `{"type":"track","event":"E","userId":"u","properties":{"ip_address":"$"}}`, ip},
		{elsewhere, `{"type":"track","event":"E","userId":"u","properties":{"phone":"$"}}`, phone},
		{elsewhere, `{"type":"track","event":"E","userId":"u","properties":{"billingPhone":"$"}}`, phone},
		{elsewhere, `{"type":"track","event":"Product Reviewed","userId":"u","properties":{"product_id":"p","rating":5,"text":"$"}}`, canary.text},
		{elsewhere, `{"type":"track","event":"Order Completed","userId":"u","properties":{"order_id":"1","revenue":1,"products":[{"product_id":"$"}]}}`, canary.label},
		{elsewhere, `{"type":"group","userId":"u","groupId":"g","traits":{"address":{"email":"$"}}}`, email},
	}
	for _, member := range []string{
		`"properties":{"url":"$"}`, `"properties":{"referrer":"$"}`, `"properties":{"search":"$"}`, `"properties":{"path":"$"}`,
		`"context":{"page":{"url":"$","referrer":"$","search":"$","path":"$"}}`, `"context":{"referrer":{"url":"$"}}`,
	} {
		all = append(all, position{elsewhere, `{"type":"page","anonymousId":"a",` + member + `}`, canary.address})
	}
	for _, member := range []string{`"context":{"proof":"$"}`, `"context":{"proof":{"user":"$"}}`, `"context":{"proof":{"email":"$"}}`} {
		all = append(all, position{"context.proof", `{"type":"page","anonymousId":"a",` + member + `}`, canary.text})
	}
	for _, member := range []string{
		`"name":"$"`, `"category":"$"`, `"properties":{"name":"$"}`, `"properties":{"title":"$"}`, `"context":{"page":{"title":"$"}}`,
		`"context":{"campaign":{"source":"$"}}`, `"context":{"campaign":{"medium":"$"}}`, `"context":{"campaign":{"name":"$"}}`,
		`"context":{"campaign":{"term":"$"}}`, `"context":{"campaign":{"content":"$"}}`, `"context":{"channel":"$"}`, `"properties":{"channel":"$"}`,
		`"context":{"location":{"country":"$","city":"$"}}`, `"properties":{"country":"$"}`,
		`"properties":{"email":"$"}`, `"properties":{"coupon":"$"}`, `"properties":{"query":"$"}`,
		`"properties":{"list":[1,{"deep":["$"]}]}`, `"properties":{"$":1}`, `"context":{"app":{"name":"$"}}`, `"context":{"custom":{"x":"$"}}`,
		`"integrations":{"All":"$"}`, `"unknown":"$"`, `"_metadata":{"x":["$"]}`, `"properties":{"products":[{"name":"$"}]}`,
		`"traits":{"about":"$"}`, `"context":{"traits":{"name":"$"}}`,
	} {
		all = append(all, position{elsewhere, `{"type":"page","anonymousId":"a",` + member + `}`, canary.text})
	}
	for _, member := range []string{`"context":{"sessionId":"$"}`, `"properties":{"session_id":"$"}`, `"properties":{"sku":"$"}`} {
		all = append(all, position{elsewhere, `{"type":"page","anonymousId":"a",` + member + `}`, canary.label})
	}
	return append(all,
		position{elsewhere, `{"type":"track","event":"$","userId":"u"}`, canary.text},
		position{elsewhere, `{"type":"identify","userId":"u","traits":{"about":"$","$":{"email":"$"}}}`, canary.text},
	)
}

// filled is the event of a position with its canary and a time of its own.
func (p position) filled(c canary) string {
	text, err := json.Marshal(p.value(c))
	if err != nil {
		panic(err)
	}
	return `{"timestamp":"2026-11-22T11:00:00Z",` + strings.ReplaceAll(p.event, "$", strings.Trim(string(text), `"`))[1:]
}

// bad is the same event with a time that is none, so that it is kept as a failed event.
func (p position) bad(c canary) string {
	return strings.Replace(p.filled(c), "2026-11-22T11:00:00Z", "yesterday", 1)
}

// stores are the columns of the table in docs/privacy.md, in their order.
var stores = []string{"queue", "table", "archive", "failed events"}

// TestCanaries sends a canary in each position of good events and of bad ones, and compares where it is found with the
// table of docs/privacy.md.
func TestCanaries(t *testing.T) {
	good, bad := newWorld(t), newWorld(t)
	all := positions()
	for i, p := range all {
		good.send("/v1/batch", `{"batch":[`+p.filled(canaryOf(i))+`]}`, nil)
		bad.send("/v1/batch", `{"batch":[`+p.bad(canaryOf(i))+`]}`, nil)
	}
	good.visit(`{"type":"page","anonymousId":"v"}`)
	bad.visit(`{"type":"page","anonymousId":"v","timestamp":"yesterday"}`)
	good.run()
	bad.run()
	var archived []event.Record
	for key := range good.Archive.Keys(t.Context(), "") {
		for record, err := range good.Archive.Read(t.Context(), key) {
			if err != nil {
				break // a log, or steps: they are looked at with the whole archive
			}
			archived = append(archived, record)
		}
	}
	failed, _, err := bad.Table.Failed(t.Context(), "shop", "", "", 1000)
	if err != nil || len(failed) != len(all)+1 {
		t.Fatalf("%d of %d bad events are kept as failed (%v)", len(failed), len(all), err)
	}
	logs := good.log.String() + bad.log.String()
	places := map[string]string{
		"queue": good.queued.String() + bad.queued.String(), "table": texts(good.Table), "archive": texts(archived, good.Archive),
		"failed events": texts(bad.Table),
	}
	found := map[string]map[string]bool{"network of a site's visitor": {}}
	for store, text := range places {
		found["network of a site's visitor"][store] = strings.Contains(text, "198.18.77.0/24")
		if strings.Contains(text, "198.18.77.6") {
			t.Errorf("the address of a visitor stands in the %s", store)
		}
	}
	for i, p := range all {
		if found[p.row] == nil {
			found[p.row] = map[string]bool{}
		}
		c := canaryOf(i)
		for store, text := range places {
			leak := c.foundIn(text)
			if leak != "" && p.row == elsewhere {
				t.Errorf("%s, sent in %s, stands in the %s", leak, p.event, store)
			}
			found[p.row][store] = found[p.row][store] || leak != ""
		}
		for name, text := range map[string]string{
			"exports": texts(good.Exports, bad.Exports), "logs": logs,
		} {
			if leak := c.foundIn(text); leak != "" {
				t.Errorf("%s, sent in %s, stands in the %s", leak, p.event, name)
			}
		}
	}
	if got, want := table(found), documented(t); got != want {
		t.Errorf("docs/privacy.md says\n%s\nand it is\n%s", want, got)
	}
	if !strings.Contains(logs, "the store is busy") {
		t.Error("no failure was logged: this test hears nothing of what functions say of failures")
	}
}

// table writes where values are kept as docs/privacy.md does.
func table(found map[string]map[string]bool) string {
	var out strings.Builder
	for _, row := range slices.Sorted(maps.Keys(found)) {
		name := "`" + row + "`"
		if row == elsewhere {
			name = row
		}
		fmt.Fprintf(&out, "| %s |", name)
		for _, store := range stores {
			word := "—"
			if found[row][store] {
				word = "kept"
			}
			fmt.Fprintf(&out, " %s |", word)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// documented are the rows of that table, sorted by position.
func documented(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "| position | queue | table | archive | failed events |\n|---|---|---|---|---|\n")
	rows, _, _ := strings.Cut(rest, "\n\n")
	lines := strings.Split(strings.TrimSpace(rows), "\n")
	slices.SortFunc(lines, func(a, b string) int {
		return strings.Compare(strings.ReplaceAll(a, "`", ""), strings.ReplaceAll(b, "`", ""))
	})
	return strings.Join(lines, "\n") + "\n"
}

// TestCanariesOfRequests sends canaries where a request itself has room for them, taken or refused.
func TestCanariesOfRequests(t *testing.T) {
	w := newWorld(t)
	w.key = "wk_site" // pages send by ways that are refused to servers
	n := 0
	next := func() canary { n++; return canaryOf(5000 + n) }
	quoted := func(text string) string { raw, _ := json.Marshal(text); return string(raw) }
	var answers strings.Builder
	say := func(method, path, body string, headers map[string]string) int {
		status, answer := w.request(method, path, body, headers)
		answers.WriteString(answer + "\n")
		w.listen()
		return status
	}
	event := `{"type":"page","anonymousId":"a","properties":{"url":"https://shop.example/"}}`
	agent := next()
	say(http.MethodPost, "/v1/beacon", event, map[string]string{"user-agent": agent.phone + " " + agent.token})
	for _, header := range []string{"referer", "x-forwarded-for", "cookie", "x-anything"} {
		say(http.MethodPost, "/v1/beacon", event, map[string]string{header: next().text()})
	}
	say(http.MethodPost, "/v1/batch", `{"batch":[`+event+`],"context":{"page":{"url":`+quoted(next().address())+`},"note":`+quoted(next().text())+`}}`, nil)
	say(http.MethodPost, "/v1/batch", `{"batch":[`+event+`],"unknown":`+quoted(next().text())+`,"sentAt":`+quoted(next().text())+`}`, nil)
	say(http.MethodPost, "/v1/track?x="+url.QueryEscape(next().text()), `{"event":"E","userId":"u"}`, nil)
	data := base64.RawURLEncoding.EncodeToString([]byte(`{"properties":{"note":` + quoted(next().text()) + `}}`))
	for _, query := range []string{
		"url=" + url.QueryEscape(next().address()), "title=" + url.QueryEscape(next().text()), "referrer=" + url.QueryEscape(next().address()),
		"utm_term=" + url.QueryEscape(next().text()), "name=" + url.QueryEscape(next().text()), "data=" + data, "other=" + url.QueryEscape(next().text()),
	} {
		if status := say(http.MethodGet, "/v1/pixel.gif?anonymousId=a&"+query, "", nil); status != http.StatusOK {
			t.Errorf("the pixel with %s: %d", query, status)
		}
	}
	refused := map[string]int{}
	for _, r := range []struct{ path, body string }{
		{"/v1/batch", `{"batch":` + quoted(next().text())},
		{"/v1/batch", `{"batch":` + quoted(next().text()) + `}`},
		{"/v1/track", quoted(next().text())},
		{"/v1/track?writeKey=" + url.QueryEscape(next().text()), `{"event":"E","userId":"u"}`},
		{"/v1/track", `{"event":"E","userId":"u","writeKey":` + quoted(next().text()) + `}`},
		{"/v1/batch?strict=true", `{"batch":[{"type":"page","properties":{"note":` + quoted(next().text()) + `}}]}`},
		{"/v1/batch?strict=" + url.QueryEscape(next().text()), `{"batch":[` + event + `]}`},
		{"/v1/nowhere/" + next().email, event},
		{"/v1/pixel.gif?data=" + url.QueryEscape(next().text()), event},
	} {
		refused[fmt.Sprint(say(http.MethodPost, r.path, r.body, nil)/100)]++
	}
	if refused["4"] != 9 {
		t.Errorf("of 9 requests that are wrong these classes of answers came: %v", refused)
	}
	w.run()
	everything := map[string]string{
		"queue": w.queued.String(), "table": texts(w.Table), "archive": texts(w.Archive), "exports": texts(w.Exports), "logs": w.log.String(),
		"answers": answers.String(),
	}
	for i := 1; i <= n; i++ {
		for name, text := range everything {
			if leak := canaryOf(5000 + i).foundIn(text); leak != "" {
				t.Errorf("%s, canary %d of requests, stands in the %s", leak, i, name)
			}
		}
	}
}

// TestAccessLog: the gateway's log has no address of a client, and no path or query, where write keys and canaries can stand.
func TestAccessLog(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, format, found := strings.Cut(string(template), "AccessLogSettings:")
	format, _, _ = strings.Cut(format, "\n\n")
	if !found || !strings.Contains(format, "$context.requestId") {
		t.Fatalf("no format of the access log is found: %s", format)
	}
	for _, variable := range []string{"path", "sourceIp", "queryString", "identity", "rawPath", "header", "authorizer", "domainName"} {
		if strings.Contains(format, variable) {
			t.Errorf("the access log holds %s", variable)
		}
	}
}

// TestEditedEventsAreRedacted: what an operator writes into a failed event passes no door.
func TestEditedEventsAreRedacted(t *testing.T) {
	w := newWorld(t)
	w.send("/v1/batch", `{"batch":[{"type":"track","event":"E"}]}`, nil)
	w.Drain()
	failed, _, err := w.Table.Failed(t.Context(), "shop", "", "", 10)
	if err != nil || len(failed) != 1 {
		t.Fatalf("%d failed events (%v), want 1", len(failed), err)
	}
	c := canaryOf(9000)
	edited := `{"type":"track","event":"E","userId":"ada@shop.example","properties":{"note":"` + c.text() + `"}}`
	if status, answer := w.Ask(http.MethodPut, "/v1/failed/"+failed[0].ID, "sk_shop", edited); status != http.StatusOK || c.foundIn(answer) != "" {
		t.Errorf("PUT /v1/failed: %d %s", status, answer)
	}
	stored := texts(w.Table)
	if c.foundIn(stored) != "" || !strings.Contains(stored, "ada@shop.example") {
		t.Errorf("the edited event is stored with %q, and want it without, and with its userId", c.foundIn(stored))
	}
}
