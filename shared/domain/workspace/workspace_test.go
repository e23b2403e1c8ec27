package workspace_test

import (
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                     string
		id, zone, currency, want string // want is the currency kept
		code, field              string
	}{
		{name: "plain", id: "shop", zone: "Europe/London", currency: "GBP", want: "GBP"},
		{name: "currency in lower case", id: "shop-2", zone: "UTC", currency: "jpy", want: "JPY"},
		{name: "40 characters", id: strings.Repeat("a", 40), zone: "UTC", currency: "EUR", want: "EUR"},
		{name: "41 characters", id: strings.Repeat("a", 41), zone: "UTC", currency: "EUR", code: "bad_workspace", field: "name"},
		{name: "no name", zone: "UTC", currency: "EUR", code: "bad_workspace", field: "name"},
		{name: "capitals", id: "Shop", zone: "UTC", currency: "EUR", code: "bad_workspace", field: "name"},
		{name: "begins with a dash", id: "-shop", zone: "UTC", currency: "EUR", code: "bad_workspace", field: "name"},
		{name: "the separator of keys", id: "a#b", zone: "UTC", currency: "EUR", code: "bad_workspace", field: "name"},
		{name: "a line break at the end", id: "shop\n", zone: "UTC", currency: "EUR", code: "bad_workspace", field: "name"},
		{name: "no zone", id: "shop", currency: "EUR", code: "bad_time_zone", field: "time_zone"},
		{name: "the machine's zone", id: "shop", zone: "Local", currency: "EUR", code: "bad_time_zone", field: "time_zone"},
		{name: "no such zone", id: "shop", zone: "Europe/Atlantis", currency: "EUR", code: "bad_time_zone", field: "time_zone"},
		{name: "no currency", id: "shop", zone: "UTC", code: "bad_currency", field: "currency"},
		{name: "a currency's name", id: "shop", zone: "UTC", currency: "euro", code: "bad_currency", field: "currency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := workspace.New(c.id, c.zone, c.currency, "default")
			if c.code == "" {
				want := workspace.Workspace{Name: c.id, Zone: c.zone, Currency: c.want, Model: "default"}
				if err != nil || got.Name != want.Name || got.Zone != want.Zone || got.Currency != want.Currency || got.Model != want.Model || got.Keys != nil {
					t.Errorf("New = %+v, %v, want %+v", got, err, want)
				}
				return
			}
			f, ok := err.(*fault.Error)
			if !ok || f.Kind != fault.Invalid || f.Code != c.code || f.Field != c.field {
				t.Errorf("New = %v, want a fault %s at %s", err, c.code, c.field)
			}
		})
	}
}

func TestKeyText(t *testing.T) {
	t.Parallel()
	if got := workspace.KeyText(workspace.Write, workspace.Site, "demo"); got != "wk_demo" {
		t.Errorf("KeyText of a write key = %q, want wk_demo", got)
	}
	if got := workspace.KeyText(workspace.Secret, workspace.Site, "demo"); got != "sk_demo" {
		t.Errorf("KeyText of a secret key = %q, want sk_demo", got)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	// echo -n wk_demo | sha256sum
	const want = "d6bb9a4965bd32050601f95bf7bb5bac329a769dbef3a9a33b11cf2521cbbd6d"
	if got := workspace.Fingerprint("wk_demo"); got != want {
		t.Errorf("Fingerprint(wk_demo) = %s, want %s", got, want)
	}
}

func TestKeyValid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		expires event.Millis
		want    bool
	}{
		{"never expires", 0, true}, {"a millisecond left", event.At(now) + 1, true}, {"expires now", event.At(now), false}, {"expired", event.At(now) - 1, false},
	} {
		if got := (workspace.Key{Expires: c.expires}).Valid(now); got != c.want {
			t.Errorf("%s: Valid = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestKeyAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		origins []string
		origin  string
		want    bool
	}{
		{"no list, any site", nil, "https://anywhere.example", true},
		{"a server sends no origin", []string{"https://shop.example"}, "", true},
		{"on the list", []string{"https://a.example", "https://shop.example"}, "https://shop.example", true},
		{"in capitals", []string{"https://shop.example"}, "https://Shop.Example", true},
		{"not on the list", []string{"https://shop.example"}, "https://evil.example", false},
		{"another scheme", []string{"https://shop.example"}, "http://shop.example", false},
		{"a longer host", []string{"https://shop.example"}, "https://shop.example.evil.example", false},
		{"a sandboxed page", []string{"https://shop.example"}, "null", false},
	} {
		if got := (workspace.Key{Origins: c.origins}).Allows(c.origin); got != c.want {
			t.Errorf("%s: Allows(%q) = %v, want %v", c.name, c.origin, got, c.want)
		}
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	w, err := workspace.New("shop", "Europe/London", "GBP", "default")
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := w.Calendar()
	if err != nil {
		t.Fatal(err)
	}
	sunday := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	if week := calendar.At(period.Week, sunday); week.Key != "2026-03-23" || calendar.Zone() != "Europe/London" {
		t.Errorf("the week of %s in %s is %s, want that of Monday 2026-03-23 in Europe/London", sunday, calendar.Zone(), week.Key)
	}
	if _, err := (workspace.Workspace{Zone: "Europe/Atlantis"}).Calendar(); err == nil {
		t.Error("a zone that does not exist has a calendar")
	}
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	for generation, want := range map[int64]workspace.Namespace{0: "shop", 1: "shop~1", 12: "shop~12"} {
		if got := (workspace.Workspace{Name: "shop", Generation: generation}).Namespace(); got != want {
			t.Errorf("namespace of generation %d = %q, want %q", generation, got, want)
		}
	}
}

// Weeks begin on the day that is set, and the clock says so, so that everybody is counted anew when it changes.
func TestWeekStart(t *testing.T) {
	t.Parallel()
	shop, err := workspace.New("shop", "America/New_York", "USD", "default")
	if err != nil {
		t.Fatal(err)
	}
	sunday := time.Date(2026, 3, 8, 15, 0, 0, 0, time.UTC)
	for day, want := range map[string][2]string{
		"monday": {"2026-03-02", "America/New_York"}, "Sunday": {"2026-03-08", "America/New_York sunday"}, " SATURDAY ": {"2026-03-07", "America/New_York saturday"},
	} {
		set, err := shop.WithWeekStart(day)
		if err != nil {
			t.Fatal(err)
		}
		calendar, err := set.Calendar()
		if got := [2]string{calendar.At(period.Week, sunday).Key, set.Clock()}; err != nil || got != want {
			t.Errorf("with weeks from %q: %q, %v; want %q", day, got, err, want)
		}
		if again, err := workspace.CalendarOf(set.Clock()); err != nil || again != calendar {
			t.Errorf("the clock %q is another: %v", set.Clock(), err)
		}
	}
	if _, err := shop.WithWeekStart("friday"); fault.CodeOf(err) != "bad_week_start" {
		t.Errorf("weeks from friday: %v", err)
	}
}

// Names of the zone database that are no place are refused, with the place that is meant.
func TestZonesThatAreNoPlace(t *testing.T) {
	t.Parallel()
	for zone, meant := range map[string]string{
		"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu", "PST8PDT": "America/Los_Angeles", "CET": "Europe/Berlin", "EET": "Europe/Athens",
		"WET": "Europe/Lisbon", "Factory": "UTC", "Etc/GMT+5": "the place", "Etc/GMT-14": "the place", "Nowhere/Town": "Europe/London", "Local": "Europe/London", "": "Europe/London",
	} {
		_, err := workspace.New("shop", zone, "EUR", "default")
		if fault.CodeOf(err) != "bad_time_zone" || !strings.Contains(err.Error(), meant) {
			t.Errorf("%q: %v, want that it is refused and names %s", zone, err, meant)
		}
	}
	for _, zone := range []string{"UTC", "Etc/UTC", "Etc/GMT", "Etc/GMT+0", "Europe/Berlin", "Asia/Kolkata", "Japan", "America/Panama"} {
		if _, err := workspace.New("shop", zone, "EUR", "default"); err != nil {
			t.Errorf("%q: %v", zone, err)
		}
	}
}
