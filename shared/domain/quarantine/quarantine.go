// Package quarantine says which events count as if they had never come: those that operators have put into quarantine, by source, time of receipt and
// what the events say. It is asked whenever a life is folded, so that lifting a quarantine brings everything back.
//
// It is not for bots, which are kept apart by what they are (package bot), nor for erasing anybody.
//
//	set, err := quarantine.New(shop.Quarantines, device)
//	if set.Excludes(&touchpoint) { … }
package quarantine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
)

// Bounds of one condition.
const (
	MaxValues      = 200 // in all lists together
	MaxReasonBytes = 500
)

// Set is the quarantines of a workspace, made fast to ask. The nil Set excludes nothing. It never changes.
type Set struct {
	rules []rule
	id    string
}

type rule struct {
	workspace.Quarantine
	test   stage.Test
	device func(agent string) string
}

// New makes a set of the quarantines that are active; nil of none. device is the class of a user agent: desktop, mobile, tablet, other, or bot. Errors: those of Check.
func New(all []workspace.Quarantine, device func(agent string) string) (*Set, error) {
	all = slices.DeleteFunc(slices.Clone(all), func(q workspace.Quarantine) bool { return !q.IsActive() })
	if len(all) == 0 {
		return nil, nil
	}
	s := &Set{rules: make([]rule, len(all))}
	for i, q := range all {
		test, err := check(q)
		if err != nil {
			return nil, err
		}
		s.rules[i] = rule{q, test, device}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic("quarantine: a quarantine is made of strings and integers: " + err.Error())
	}
	sum := sha256.Sum256(text)
	s.id = hex.EncodeToString(sum[:8])
	return s, nil
}

// Check says whether a quarantine can be asked of events. Errors: fault.Invalid with code bad_quarantine, which name the field, all joined.
func Check(q workspace.Quarantine) error {
	_, err := check(q)
	return err
}

func check(q workspace.Quarantine) (stage.Test, error) {
	var faults []error
	report := func(field, format string, args ...any) {
		faults = append(faults, fault.Newf(fault.Invalid, "bad_quarantine", format, args...).At(field))
	}
	if q.Source == "" {
		report("source", "say which source's events go into quarantine")
	}
	if q.From >= q.To {
		report("received", "the time of receipt begins at %s and ends at %s, which is not later", text(q.From), text(q.To))
	}
	if len(q.Reason) > MaxReasonBytes {
		report("reason", "the reason has %d bytes, the limit is %d", len(q.Reason), MaxReasonBytes)
	}
	w := q.When
	values := len(w.Types) + len(w.Names) + len(w.NotNames) + len(w.Pages) + len(w.Grades) + len(w.Devices) + len(w.Campaigns) + len(w.Networks) + len(w.Kept)
	when := stage.When{Names: w.Names, NotNames: w.NotNames, Page: stage.Page{Prefix: w.Pages}}
	for _, p := range w.Properties {
		values += len(p.Values)
		when.Properties = append(when.Properties, stage.Property{Name: p.Name, Op: stage.Op(p.Op), Values: p.Values})
	}
	if values > MaxValues {
		report("when", "the condition has %d values, the limit is %d; make two quarantines of it", values, MaxValues)
	}
	for _, t := range w.Types {
		if !t.Valid() {
			report("when.type", "%q is no type of event; name track, page, screen, identify, group or alias", t)
		}
	}
	for _, grade := range w.Grades {
		if !slices.ContainsFunc(event.Grades(), func(g event.Grade) bool { return g.String() == grade }) {
			report("when.grade", "%q is no grade; name server, signed or public", grade)
		}
	}
	for _, class := range w.Devices {
		if !slices.Contains([]string{"desktop", "mobile", "tablet", "other", "bot"}, class) {
			report("when.device", "%q is no class of device; name desktop, mobile, tablet, other or bot", class)
		}
	}
	for _, network := range w.Networks {
		if prefix, err := netip.ParsePrefix(network); err != nil || prefix.Masked() != prefix {
			report("when.network", "%q is no network such as 203.0.113.0/24 or 2001:db8:7::/48", network)
		}
	}
	test, err := stage.NewTest(when)
	if err != nil {
		report("when", "%s", err)
	}
	return test, errors.Join(faults...)
}

func text(at event.Millis) string { return at.Time().Format("2006-01-02T15:04:05Z") }

// ID changes whenever the set excludes other events; "" of nothing.
func (s *Set) ID() string {
	if s == nil {
		return ""
	}
	return s.id
}

// Suspects says whether the event behind some evidence may be in quarantine: whether its source and receipt are. It costs next to nothing.
func (s *Set) Suspects(e identity.Evidence) bool {
	return s != nil && slices.ContainsFunc(s.rules, func(r rule) bool { return r.covers(e.Source, e.Received) })
}

// Excludes says whether an event, as pages hold it under an identifier, is in quarantine.
func (s *Set) Excludes(t *event.Touchpoint, kept event.Identifier) bool {
	return s.By(t, kept) != ""
}

// By is the quarantine that an event is in, the first of several; "" of none.
func (s *Set) By(t *event.Touchpoint, kept event.Identifier) string {
	if s == nil {
		return ""
	}
	for i := range s.rules {
		if r := &s.rules[i]; r.covers(t.Source, t.Received) && r.holds(t, kept) {
			return r.ID
		}
	}
	return ""
}

func (r *rule) covers(source string, received event.Millis) bool {
	return r.Source == source && r.From <= received && received < r.To
}

func (r *rule) holds(t *event.Touchpoint, kept event.Identifier) bool {
	w := &r.When
	return isAny(w.Types, t.Type) && isAny(w.Grades, t.Grade.String()) && isAny(w.Kept, kept) && isAny(w.Networks, t.Network) &&
		(len(w.Devices) == 0 || slices.Contains(w.Devices, r.device(t.Agent))) &&
		(len(w.Campaigns) == 0 || slices.ContainsFunc(w.Campaigns, func(pattern string) bool { return like(t.Marketing.Campaign, pattern) })) &&
		r.test.Holds(t, "")
}

// isAny says whether a list that says nothing, or one of its values, holds.
func isAny[T cmp.Ordered](list []T, value T) bool {
	return len(list) == 0 || slices.Contains(list, value)
}

func like(value, pattern string) bool {
	if beginning, isPrefix := strings.CutSuffix(pattern, "*"); isPrefix {
		return strings.HasPrefix(value, beginning)
	}
	return value == pattern
}

// Describe says in words what a quarantine holds, for people who read a list.
func Describe(q workspace.Quarantine) string {
	parts := []string{fmt.Sprintf("events of source %s received from %s to %s", q.Source, text(q.From), text(q.To))}
	add := func(what string, values []string) {
		if len(values) > 0 {
			parts = append(parts, what+" "+strings.Join(values, " or "))
		}
	}
	w := q.When
	types := make([]string, len(w.Types))
	for i, t := range w.Types {
		types[i] = string(t)
	}
	kept := make([]string, len(w.Kept))
	for i, id := range w.Kept {
		kept[i] = string(id)
	}
	add("of type", types)
	add("named", w.Names)
	add("not named", w.NotNames)
	add("on a page below", w.Pages)
	for _, p := range w.Properties {
		add("with "+p.Name+" "+p.Op, p.Values)
	}
	add("of grade", w.Grades)
	add("of device", w.Devices)
	add("of campaign", w.Campaigns)
	add("from network", w.Networks)
	add("kept under", kept)
	return strings.Join(parts, ", ")
}
