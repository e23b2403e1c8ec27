// Package workspace describes one tenant, its settings and the keys that open it. Nothing crosses a workspace: its name is the first part of
// every key in the store. It is not for what people do in it.
//
//	shop, err := workspace.New("shop", "Europe/London", "GBP", "default")
package workspace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
)

// Workspace is one tenant.
type Workspace struct {
	Name      string       `json:"name"`
	Zone      string       `json:"time_zone"`            // IANA name
	WeekStart string       `json:"week_start,omitempty"` // sunday or saturday; "" = monday
	Currency  string       `json:"currency"`             // ISO 4217, of orders that name none
	Model     string       `json:"model"`                // stage model, name or name@version
	Created   event.Millis `json:"created"`
	Orders    OrdersFrom   `json:"orders,omitempty"` // whose word makes orders and their money
	Latest    []string     `json:"latest,omitempty"` // names of traits whose latest value holds, whoever sent it; sorted
	Keys      []Key        `json:"keys"`             // with its text only where that is public
	// Generation numbers the rebuilds of what is derived from the archive: profiles, timelines, links, claims, windows. 0 is the first.
	Generation int64 `json:"generation,omitempty"`
	Highest    int64 `json:"highest_generation,omitempty"` // number ever given: none is given twice
	Pending    *Side `json:"pending,omitempty"`            // is being made beside the one in use
	Former     *Side `json:"former,omitempty"`             // was in use before the last swap, and is kept for the way back
	Watch      Watch `json:"-"`                            // of its events; stores keep it beside the workspace, and no other write changes it
}

// Namespace is what the keys of everything derived in one generation of a workspace begin with: pages, links, profiles,
// steps, windows. Archive, failed events, keys and exports belong to the workspace by its name, whatever the generation.
type Namespace string

// Namespace is that of the generation in use. A rebuild is made beside it, in another.
func (w Workspace) Namespace() Namespace {
	if w.Generation == 0 {
		return Namespace(w.Name)
	}
	return Namespace(fmt.Sprintf("%s~%d", w.Name, w.Generation))
}

// Role is what a key may do.
type Role string

// The roles: a write key may only append, a secret key reads and operates.
const (
	Write  Role = "write"
	Secret Role = "secret"
)

// Key opens one workspace in one role.
type Key struct {
	Text      string       `json:"key"`
	Workspace string       `json:"workspace"`
	Role      Role         `json:"role"`
	Source    string       `json:"source,omitempty"`  // of a write key: the site or system that sends with it
	Kind      Kind         `json:"kind,omitempty"`    // of a write key: what sort of source that is; all keys of a source say the same
	Origins   []string     `json:"origins,omitempty"` // of a write key: origins that browsers may send from; empty allows all
	Policy                 // of a write key: what is settled for its source
	Expires   event.Millis `json:"expires,omitempty"` // 0 = never; set on rotation so that the old key works during an overlap
	// Secrets are the identity secrets of its source, the newest first; all write keys of a source have the same.
	Secrets []IdentitySecret `json:"identity_secrets,omitempty"`
}

// Valid says whether the key still works.
func (k Key) Valid(now time.Time) bool { return k.Expires == 0 || event.At(now) < k.Expires }

// Allows says whether a browser at this origin may use the key; requests without an origin come from servers and are allowed.
func (k Key) Allows(origin string) bool {
	if origin == "" || len(k.Origins) == 0 {
		return true
	}
	for _, allowed := range k.Origins {
		if strings.EqualFold(allowed, origin) {
			return true
		}
	}
	return false
}

// Fingerprint is how a key is looked up: the hex SHA-256 of its text.
func Fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// KeyText writes random text as a key: sk_ before a secret key, ws_ before the write key of a server, wk_ before that of a site.
func KeyText(role Role, kind Kind, random string) string {
	switch {
	case role == Secret:
		return "sk_" + random
	case kind == ServerSource:
		return "ws_" + random
	}
	return "wk_" + random
}

const maxNameBytes = 40

// isName is no regular expression: one with a count takes longer to compile, at the start of every function, than all names it ever sees.
func isName(name string) bool {
	isOther := func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }
	return name != "" && len(name) <= maxNameBytes && name[0] != '-' && !strings.ContainsFunc(name, isOther)
}

// New checks the settings of a workspace. Errors: fault.Invalid naming the setting.
func New(name, zone, currency, model string) (Workspace, error) {
	if !isName(name) {
		return Workspace{}, fault.New(fault.Invalid, "bad_workspace", "a workspace's name has 1 to 40 of a-z, 0-9 and -, and begins with a letter or digit").At("name")
	}
	if _, err := period.New(zone, time.Monday); err != nil {
		return Workspace{}, fault.Newf(fault.Invalid, "bad_time_zone", "%q is no IANA time zone such as Europe/London", zone).At("time_zone")
	}
	if err := checkPlace(zone); err != nil {
		return Workspace{}, err
	}
	code, err := money.Currency(currency)
	if err != nil {
		return Workspace{}, fault.Newf(fault.Invalid, "bad_currency", "%q is no currency code of three letters such as EUR", currency).At("currency")
	}
	return Workspace{Name: name, Zone: zone, Currency: code, Model: model}, nil
}

// WithWeekStart is the workspace with weeks from another day: monday, sunday or saturday, in any case. Error: fault.Invalid bad_week_start.
func (w Workspace) WithWeekStart(day string) (Workspace, error) {
	day = strings.ToLower(strings.TrimSpace(day))
	if _, known := weekStarts[day]; !known {
		return Workspace{}, fault.Newf(fault.Invalid, "bad_week_start", "a week begins on monday, sunday or saturday, not on %q", day).At("week_start")
	}
	if w.WeekStart = day; day == monday {
		w.WeekStart = ""
	}
	return w, nil
}

const monday = "monday"

var weekStarts = map[string]time.Weekday{monday: time.Monday, "sunday": time.Sunday, "saturday": time.Saturday}

// Clock names what cuts the workspace's windows: the time zone, and behind it the day from which its weeks are, unless that is Monday.
func (w Workspace) Clock() string {
	if w.WeekStart == "" {
		return w.Zone
	}
	return w.Zone + " " + w.WeekStart
}

// CalendarOf is that of a Clock.
func CalendarOf(clock string) (period.Calendar, error) {
	zone, day, _ := strings.Cut(clock, " ")
	return period.New(zone, weekStarts[cmp.Or(day, monday)])
}

// Calendar of the workspace. Its settings were checked when they were made.
func (w Workspace) Calendar() (period.Calendar, error) { return CalendarOf(w.Clock()) }

// placeless are names of the zone database that are no place: some have no rules for the change of clocks, some those of another place. Each has the
// places that are meant most often.
var placeless = map[string]string{
	"Factory": "UTC", "EST": "America/New_York, or America/Panama where clocks are not changed", "MST": "America/Denver, or America/Phoenix where clocks are not changed",
	"HST": "Pacific/Honolulu", "EST5EDT": "America/New_York", "CST6CDT": "America/Chicago", "MST7MDT": "America/Denver", "PST8PDT": "America/Los_Angeles",
	"CET": "Europe/Berlin", "MET": "Europe/Berlin", "EET": "Europe/Athens", "WET": "Europe/Lisbon",
}

// checkPlace refuses zones that know nothing of the clocks of a place. Fault: Invalid bad_time_zone with what is meant.
func checkPlace(zone string) error {
	meant, isPlaceless := placeless[zone]
	if hours, isOffset := strings.CutPrefix(zone, "Etc/GMT"); isOffset && strings.Trim(hours, "+-0") != "" {
		meant, isPlaceless = "the place, such as Europe/London", true // its sign is the other way round, besides
	}
	if !isPlaceless {
		return nil
	}
	return fault.Newf(fault.Invalid, "bad_time_zone", "%s has no rules for the clocks of a place; name %s", zone, meant).At("time_zone")
}
