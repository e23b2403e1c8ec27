package quarantine_test

import (
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/quarantine"
	"waymark/shared/domain/workspace"
)

// A quarantine holds what is of its source, time and condition: all that is said must hold, and of a list any.
func TestSet(t *testing.T) {
	t.Parallel()
	one := event.Touchpoint{
		Source: "site", Type: event.Track, Name: "Product Viewed", Received: 100, Grade: event.Public, Network: "203.0.113.0/24", Agent: "phone",
		Page: "https://shop.example/a/b", Marketing: event.Marketing{Campaign: "test 7"}, Properties: map[string]string{"release": "2.4.0"},
	}
	device := func(agent string) string { return map[string]string{"phone": "mobile"}[agent] }
	for name, c := range map[string]struct {
		when  workspace.Condition
		holds bool
	}{
		"anything":         {workspace.Condition{}, true},
		"its type":         {workspace.Condition{Types: []event.Type{event.Page, event.Track}}, true},
		"another type":     {workspace.Condition{Types: []event.Type{event.Page}}, false},
		"its name":         {workspace.Condition{Names: []string{"Product *"}}, true},
		"another name":     {workspace.Condition{Names: []string{"Product"}}, false},
		"not its name":     {workspace.Condition{NotNames: []string{"Product *"}}, false},
		"not another name": {workspace.Condition{NotNames: []string{"Order *"}}, true},
		"its page":         {workspace.Condition{Pages: []string{"/a/"}}, true},
		"another page":     {workspace.Condition{Pages: []string{"/b"}}, false},
		"its property":     {workspace.Condition{Properties: []workspace.PropertyIs{{Name: "release", Op: "in", Values: []string{"2.4.0", "2.4.1"}}}}, true},
		"another property": {workspace.Condition{Properties: []workspace.PropertyIs{{Name: "release", Op: "equals", Values: []string{"2.4"}}}}, false},
		"its grade":        {workspace.Condition{Grades: []string{"signed", "public"}}, true},
		"another grade":    {workspace.Condition{Grades: []string{"server"}}, false},
		"its device":       {workspace.Condition{Devices: []string{"mobile"}}, true},
		"another device":   {workspace.Condition{Devices: []string{"bot"}}, false},
		"its campaign":     {workspace.Condition{Campaigns: []string{"test *"}}, true},
		"another campaign": {workspace.Condition{Campaigns: []string{"test"}}, false},
		"its network":      {workspace.Condition{Networks: []string{"198.51.100.0/24", "203.0.113.0/24"}}, true},
		"another network":  {workspace.Condition{Networks: []string{"198.51.100.0/24"}}, false},
		"its identifier":   {workspace.Condition{Kept: []event.Identifier{"user:1"}}, true},
		"another one":      {workspace.Condition{Kept: []event.Identifier{"user:2"}}, false},
		"one of two":       {workspace.Condition{Grades: []string{"public"}, Devices: []string{"bot"}}, false},
	} {
		q := workspace.Quarantine{ID: "q", Source: "site", From: 100, To: 101, When: c.when}
		set, err := quarantine.New([]workspace.Quarantine{q}, device)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if set.Excludes(&one, "user:1") != c.holds {
			t.Errorf("%s: it holds is %v, want %v", name, !c.holds, c.holds)
		}
		for what, other := range map[string]event.Touchpoint{"another source": {Source: "web", Received: 100}, "earlier": {Source: "site", Received: 99}, "its end": {Source: "site", Received: 101}} {
			if set.Excludes(&other, "user:1") || set.Suspects(identity.Evidence{Source: other.Source, Received: other.Received}) {
				t.Errorf("%s: %s is in it", name, what)
			}
		}
	}
}

// Lifted ones hold nothing, and make a set like none.
func TestLifted(t *testing.T) {
	t.Parallel()
	q := workspace.Quarantine{ID: "q", Source: "site", From: 1, To: 2}
	active, err := quarantine.New([]workspace.Quarantine{q}, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := q
	gone.ID, gone.Lifted = "p", 3
	with, err := quarantine.New([]workspace.Quarantine{gone, q}, nil)
	if err != nil || with.ID() != active.ID() {
		t.Errorf("with a lifted one it is %q, not %q (%v)", with.ID(), active.ID(), err)
	}
	none, err := quarantine.New([]workspace.Quarantine{gone}, nil)
	if err != nil || none != nil || none.ID() != "" || none.Excludes(&event.Touchpoint{Source: "site", Received: 1}, "") {
		t.Errorf("of a lifted one the set is %+v, %v", none, err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := workspace.Quarantine{Source: "site", From: 1, To: 2}
	if err := quarantine.Check(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*workspace.Quarantine){
		"no source": func(q *workspace.Quarantine) { q.Source = "" },
		"no time":   func(q *workspace.Quarantine) { q.To = q.From },
		"a type":    func(q *workspace.Quarantine) { q.When.Types = []event.Type{"click"} },
		"a grade":   func(q *workspace.Quarantine) { q.When.Grades = []string{"secret"} },
		"a device":  func(q *workspace.Quarantine) { q.When.Devices = []string{"phone"} },
		"a network": func(q *workspace.Quarantine) { q.When.Networks = []string{"203.0.113.7/24"} },
		"a comparison": func(q *workspace.Quarantine) {
			q.When.Properties = []workspace.PropertyIs{{Name: "a", Op: "like", Values: []string{"b"}}}
		},
		"values":     func(q *workspace.Quarantine) { q.When.Names = make([]string, quarantine.MaxValues+1) },
		"the reason": func(q *workspace.Quarantine) { q.Reason = string(make([]byte, quarantine.MaxReasonBytes+1)) },
	} {
		bad := good
		change(&bad)
		if err := quarantine.Check(bad); fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != "bad_quarantine" {
			t.Errorf("%s is answered %v", name, err)
		}
	}
}
