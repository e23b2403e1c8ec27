package e2e_test

import (
	"cmp"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// TestSettings changes the time zone and the currency of a workspace by the command line: the days of its KPIs, lists and
// periods are those of the new zone once a rollup has run.
func TestSettings(t *testing.T) {
	t.Parallel()
	system := shared(t)
	w := tenant(t, system, "settings") // in Europe/London
	order := map[string]any{"order_id": "o1", "revenue": 5}
	send(
		t, w, map[string]any{"type": "page", "anonymousId": "a", "messageId": "s1", "timestamp": "2025-07-01T10:00:00Z"},
		map[string]any{
			"type": "track", "event": "Order Completed", "anonymousId": "a", "messageId": "s2",
			"timestamp": "2025-06-30T23:30:00Z", "properties": order,
		},
	)
	type row struct{ Start, Unit, Numerator any }
	type rows struct {
		TimeZone   string `json:"time_zone"`
		Recounting bool
		Rows       []row
	}
	const days, period = "/v1/kpis?metric=touchpoints&from=2025-06-29&to=2025-07-03", "/v1/kpis?grain=period&metric=revenue&from=2025-06-30&to=2025-07-01"
	check := func(when string, wants ...string) {
		t.Helper()
		for i, path := range []string{days, period} {
			if got := text(get[rows](t, w, path)); got != wants[i] {
				t.Errorf("%s %s answers\n     %s\nwant %s", when, path, got, wants[i])
			}
		}
	}
	rollUpAll := func() {
		t.Helper()
		if err := w.Drained(t.Context(), e2e.Patience); err != nil {
			t.Fatal(err)
		}
		rollUp(t, w)
	}
	rollUpAll()
	check("at first",
		`{"time_zone":"Europe/London","Recounting":false,"Rows":[{"Start":"2025-07-01T00:00:00+01:00","Unit":"count","Numerator":2}]}`,
		`{"time_zone":"Europe/London","Recounting":false,"Rows":[]}`)
	out, log, err := system.Run(t.Context(), "workspace", "set", "settings", "--time-zone", "America/New_York", "--currency", "usd")
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, log)
	}
	rollUpAll()
	check("in New York",
		`{"time_zone":"America/New_York","Recounting":false,"Rows":[`+
			`{"Start":"2025-06-30T00:00:00-04:00","Unit":"count","Numerator":1},{"Start":"2025-07-01T00:00:00-04:00","Unit":"count","Numerator":1}]}`,
		`{"time_zone":"America/New_York","Recounting":false,"Rows":[{"Start":"2025-06-30T00:00:00-04:00","Unit":"USD","Numerator":"5.00"}]}`)
	if out, _, err := system.Run(t.Context(), "workspace", "set", "settings", "--time-zone", "Mars/Olympus"); err == nil {
		t.Errorf("a zone that there is not is set: %s", out)
	}
	checkBelieved(t, w)
}

// checkBelieved settles what is believed, and sees that a wrong word changes nothing.
func checkBelieved(t *testing.T, w e2e.Tenant) {
	t.Helper()
	type believed struct {
		Workspace struct {
			Orders string
			Latest []string
		}
	}
	for _, c := range []struct {
		args []string
		want string // what is settled then; "" where the command is refused
	}{
		{nil, `{"Workspace":{"Orders":"any","Latest":[]}}`},
		{[]string{"--orders", "server", "--latest", "theme,cart size"}, `{"Workspace":{"Orders":"server","Latest":["cart size","theme"]}}`},
		{[]string{"--orders", "site"}, ""},
		{[]string{"--latest", "theme,,cart"}, ""},
		{[]string{"--currency", "GBP"}, `{"Workspace":{"Orders":"server","Latest":["cart size","theme"]}}`},
		{[]string{"--orders", "any", "--latest", "none"}, `{"Workspace":{"Orders":"any","Latest":[]}}`},
	} {
		before := text(get[believed](t, w, "/v1/status"))
		out, log, err := w.Run(t.Context(), append([]string{"workspace", "set", "settings"}, c.args...)...)
		if (err == nil) != (c.want != "") {
			t.Errorf("workspace set %v: %v, %s%s", c.args, err, out, log)
		}
		if got := text(get[believed](t, w, "/v1/status")); got != cmp.Or(c.want, before) {
			t.Errorf("after workspace set %v the status is %s, want %s", c.args, got, cmp.Or(c.want, before))
		}
	}
	if out, _, err := w.Run(t.Context(), "workspace", "list"); err != nil || !strings.Contains(out, "ORDERS") {
		t.Errorf("workspace list: %v, %s", err, out)
	}
}
