package workspace

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Policy is what a workspace has settled for one source: what may come in, and what is kept of it. The zero Policy is
// that of a source for which nobody has settled anything. All write keys of a source have the same, so that a rotated key changes nothing.
type Policy struct {
	Orders     Orders     `json:"orders,omitempty"`     // whose the order ids of the source are
	Names      []string   `json:"names,omitempty"`      // what a browser may send: names of track events and call types; empty allows all
	Rate       int        `json:"rate,omitempty"`       // requests a second with one key that each instance of Collect lets through; 0 = no limit
	Cap        int64      `json:"cap,omitempty"`        // events of the source that are taken on a UTC day; 0 = no limit
	Kinds      Kinds      `json:"kinds,omitempty"`      // which kinds of touchpoint it may send
	Plan       string     `json:"plan,omitempty"`       // text of its tracking plan, see package plan; "" = none
	Properties Properties `json:"properties,omitempty"` // which properties its touchpoints keep
	Privacy               // what is done about what visitors decide
	Trust                 // what it may say that nobody else confirms
}

// Setting is one field of a Policy as people set it: by name and text.
type Setting struct {
	Name   string // as it is given: `waymark keys set WORKSPACE KEY --NAME VALUE`
	Values string // what may be given, for help: "shared|own"
	About  string // one sentence
	IsFile bool   // the text is the contents of a file, whose name is given, or "none"
	set    func(p *Policy, text string) error
	text   func(p Policy) string
}

// Settings lists the fields of a Policy, in the order in which they are shown.
func Settings() []Setting {
	return append([]Setting{
		{
			Name: "orders", Values: "shared|own", About: "order ids are the workspace's, or the source's",
			set:  func(p *Policy, text string) error { return p.setOrders(text) },
			text: func(p Policy) string { return cmp.Or(string(p.Orders), "shared") },
		},
		{
			Name: "kinds", Values: "any|strict", About: "events of no known kind are taken, or rejected",
			set:  func(p *Policy, text string) error { return p.setKinds(text) },
			text: func(p Policy) string { return cmp.Or(string(p.Kinds), "any") },
		},
		{
			Name: "plan", Values: "FILE.json|none", About: "a tracking plan: what it is not met by is rejected", IsFile: true,
			set:  func(p *Policy, text string) error { return p.setPlan(text) },
			text: Policy.planText,
		},
		{
			Name: "properties", Values: "model|all|NAME,NAME.*", About: "custom properties that are kept",
			set:  func(p *Policy, text string) error { return p.setProperties(text) },
			text: func(p Policy) string { return cmp.Or(string(p.Properties), modelProperties) },
		},
		{
			Name: "names", Values: "NAME,…|all", About: "events that browsers may send: page, identify, Product Viewed, …",
			set:  func(p *Policy, text string) error { return p.setNames(text) },
			text: func(p Policy) string { return cmp.Or(strings.Join(p.Names, ","), "all") },
		},
		{
			Name: "rate", Values: "N|off", About: "requests a second that one instance of Collect lets through",
			set:  func(p *Policy, text string) (err error) { p.Rate, err = limitOf[int]("rate", text); return err },
			text: func(p Policy) string { return limitText(p.Rate) },
		},
		{
			Name: "cap", Values: "N|off", About: "events of the source that are taken on a UTC day",
			set:  func(p *Policy, text string) (err error) { p.Cap, err = limitOf[int64]("cap", text); return err },
			text: func(p Policy) string { return limitText(p.Cap) },
		},
	}, slices.Concat(privacySettings(), trustSettings())...)
}

// Set changes one field. Faults: Invalid bad_NAME, which says what may be given; unknown_setting.
func (p *Policy) Set(name, text string) error {
	for _, s := range Settings() {
		if s.Name == name {
			return s.set(p, strings.TrimSpace(text))
		}
	}
	return fault.Newf(fault.Invalid, "unknown_setting", "a source has no setting %q", name)
}

// Said is what a setting is, as people set it; "" where there is no such setting.
func (p Policy) Said(name string) string {
	for _, s := range Settings() {
		if s.Name == name {
			return s.text(p)
		}
	}
	return ""
}

// Listed gives the fields that differ from those of a new source, as "orders=own".
func (p Policy) Listed() string {
	var said []string
	for _, s := range Settings() {
		if text := s.text(p); text != s.text(NewPolicy()) {
			said = append(said, fmt.Sprintf("%s=%s", s.Name, text))
		}
	}
	return strings.Join(said, " ")
}

// NewPolicy is that of a new source: its touchpoints keep all their properties. A source of before keeps those of the catalogue until it is told.
func NewPolicy() Policy { return Policy{Properties: allProperties} }

// isZero says that nothing is settled.
func (p Policy) isZero() bool { return reflect.ValueOf(p).IsZero() }

// PolicyOf is what is settled for a source.
func (w Workspace) PolicyOf(source string) Policy {
	for _, k := range w.Keys {
		if k.Role == Write && k.Source == source && !k.Policy.isZero() {
			return k.Policy
		}
	}
	return Policy{}
}

// Sends says whether the workspace has a source of that name.
func (w Workspace) Sends(source string) bool {
	return slices.ContainsFunc(w.Keys, func(k Key) bool { return k.Role == Write && k.Source == source })
}

// SetPolicy settles something for a source: every write key of it says so from then on.
func (w *Workspace) SetPolicy(source string, p Policy) {
	for i := range w.Keys {
		if k := &w.Keys[i]; k.Role == Write && k.Source == source {
			k.Policy = p
		}
	}
}

// Orders says whose the order ids of a source are.
type Orders string

// Shared order ids are those of the workspace: one that two sources send is one order. Own ones are the source's: two
// shops may both begin at 1001.
const (
	SharedOrders Orders = ""
	OwnOrders    Orders = "own"
)

func (p *Policy) setOrders(text string) error {
	switch text {
	case "shared":
		p.Orders = SharedOrders
	case "own":
		p.Orders = OwnOrders
	default:
		return fault.Newf(fault.Invalid, "bad_orders", "orders are shared or own, not %q", text)
	}
	return nil
}

// OrderScope is the name space of a source's order ids: the source, where they are its own, else "".
func (w Workspace) OrderScope(source string) string {
	if w.PolicyOf(source).Orders == OwnOrders {
		return source
	}
	return ""
}

// maxNames bounds the names of one source, which are read with each key.
const maxNames = 200

func (p *Policy) setNames(text string) error {
	if text == "all" {
		p.Names = nil
		return nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 || len(names) > maxNames {
		return fault.Newf(fault.Invalid, "bad_names",
			"name 1 to %d events and call types, with commas between, such as page,identify,Product Viewed; or all", maxNames)
	}
	p.Names = names
	return nil
}

// Lets says whether a browser may send an event of this type and name. A track event is asked for by its name, as the
// catalogue writes it, and every other event by its type.
func (p Policy) Lets(t event.Type, name string) bool {
	if len(p.Names) == 0 {
		return true
	}
	said := string(t)
	if t == event.Track {
		said = event.StandardName(name)
	}
	return slices.ContainsFunc(p.Names, func(let string) bool { return let == said || event.StandardName(let) == said })
}

// limitOf reads a limit: a whole number from 1, or off.
func limitOf[N int | int64](name, text string) (N, error) {
	if text == "off" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fault.Newf(fault.Invalid, "bad_"+name, "%s is a whole number from 1 to %d, or off; not %q", name, maxLimit, text)
	}
	return N(n), nil
}

const maxLimit = 1_000_000_000_000

func limitText[N int | int64](n N) string {
	if n == 0 {
		return "off"
	}
	return fmt.Sprint(n)
}
