package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/plan"
	"waymark/shared/domain/workspace"
)

func parsed(t *testing.T, raw string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(raw), event.Stamp{Received: 1_795_339_800_000})
	if err != nil {
		t.Fatal(err)
	}
	return &e
}

// TestFaults: all that is wrong with a plan is told at once, each with its place.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`[`, "the plan is not JSON: the text ends too early, at byte 1"},
		{`[]`, `the plan must be an object, such as {"events":{"Signed Up":{"required":{"plan":"string"}}}}`},
		{`{"events":{},"events":{}}`, `the plan has the key "events" twice in one object`},
		{`{}`, "events: it is missing: name the events that the source sends"},
		{`{"events":[],"others":"maybe"}`, "events: it must be an object of events by their names\n" + `others: it must be "allow" or "reject"`},
		{
			`{"events":{"A":{"required":{"x":"text"}},"B":{"schema":{"type":"what"}},"C":7},"colour":"red"}`,
			"colour: there is no such member of a plan; it has events, others, identify, group, page, screen, name, description and version\n" +
				"events.A.required.x: its type must be string, number, integer, boolean, object, array or any\n" +
				`events.B: #/type: "what" is no type; there are null, boolean, object, array, number, integer, string` + "\n" +
				`events.C: it must be an object of "required" and "optional", or of "schema"`,
		},
		{`{"events":{"A":{"schema":{},"required":{}}}}`, `events.A: it has "schema" and the short form; use one of them`},
		{`{"events":{"A":{"requird":{}}}}`, `events.A.requird: there is no such member of an event; it has "required", "optional" and "others", or "schema"`},
		{`{"events":{"Order Completed":{},"order_completed":{}}}`, "events.order_completed: the plan has this event twice"},
		{`{"rules":7}`, "rules: they must be those that Segment's Protocols exports"},
		{`{"rules":{"events":[{"name":"A"}]}}`, "rules.events.0: it must have name and rules"},
		{`{"rules":[{"type":"COMMON","jsonSchema":{}},{"key":"A"}]}`, "rules.0: rules for all calls are not known here; put them into each event\nrules.1: it must have type, key and jsonSchema"},
	} {
		_, err := plan.Parse(c.text)
		if got := fmt.Sprint(err); got != c.want {
			t.Errorf("Parse(%s)\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const signedUp = `{"type":"track","userId":"1","event":"Signed Up","properties":{"plan":7}}`
	for _, c := range []struct{ name, plan, event, want string }{
		{"not named", `{"events":{}}`, signedUp, ""},
		{"closed", `{"events":{},"others":"reject"}`, signedUp, "event is none that the plan names"},
		{"closed, another call", `{"events":{},"others":"reject"}`, `{"type":"page","userId":"1"}`, ""},
		{"type", `{"events":{"signed_up":{"required":{"plan":"string"}}}}`, signedUp, "properties.plan must be text, not a number"},
		{"optional", `{"events":{"Signed Up":{"optional":{"plan":"string","x":"string"}}}}`, signedUp, "properties.plan must be text or null, not a number"},
		{"any", `{"events":{"Signed Up":{"required":{"plan":"any"}}}}`, signedUp, ""},
		{"no others", `{"events":{"Signed Up":{"required":{"x":"any"},"others":"reject"}}}`, signedUp, "properties.x is missing; properties.plan is not allowed"},
		{"no properties", `{"events":{"Signed Up":{"required":{"plan":"string"}}}}`, `{"type":"track","userId":"1","event":"Signed Up"}`, "properties.plan is missing"},
		{"traits", `{"events":{},"identify":{"required":{"plan":"string"}}}`, `{"type":"identify","userId":"1","traits":{"plan":1}}`, "traits.plan must be text, not a number"},
		{"pages", `{"events":{},"page":{"required":{"url":"string"}}}`, `{"type":"page","userId":"1","name":"Home"}`, "properties.url is missing"},
		{
			"Config API", `{"rules":{"events":[{"name":"Signed Up","rules":{"type":"object","labels":{},"required":["properties","context"],"properties":{"context":{"required":["ip"]},` +
				`"properties":{"properties":{"plan":{"type":["string","null"]}}}}}}],"identify":{"properties":{"traits":{"required":["plan"]}}},"group":{}}}`,
			signedUp, "properties.plan must be text or null, not a number",
		},
		{
			"Config API, identify", `{"rules":{"events":[],"identify":{"properties":{"traits":{"required":["plan"]}}}}}`,
			`{"type":"identify","userId":"1"}`, "traits.plan is missing",
		},
		{
			"Public API", `{"rules":[{"type":"TRACK","key":"Signed Up","version":1,"jsonSchema":{"properties":{"properties":{"required":["x"]}}}}]}`,
			signedUp, "properties.x is missing",
		},
	} {
		p, err := plan.Parse(c.plan)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		violations, _ := p.Check(parsed(t, c.event))
		var said []string
		for _, v := range violations {
			said = append(said, v.String())
		}
		if got := strings.Join(said, "; "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestChecker: a source without settings is asked nothing, a plan is read once, and one that cannot be read asks nothing and says so.
func TestChecker(t *testing.T) {
	t.Parallel()
	asked := 0
	c := plan.NewChecker(plan.Kinds{
		Catalogue: func() kind.Catalogue { return kind.Catalogue{"track Known": {Kind: "k"}} },
		Schema: func(string) (string, error) {
			asked++
			return `{"properties":{"properties":{"required":["id"]}}}`, nil
		},
	})
	known, unknown := parsed(t, `{"type":"track","userId":"1","event":"Known"}`), parsed(t, `{"type":"track","userId":"1","event":"Other"}`)
	for _, test := range []struct {
		policy    workspace.Policy
		isFaulty  bool
		first, of string
	}{
		{workspace.Policy{}, false, "", ""},
		{workspace.Policy{Plan: `{"events":{"Known":{"required":{"x":"any"}}}}`}, false, "plan_violation", ""},
		{workspace.Policy{Kinds: workspace.StrictKinds}, false, "plan_violation", "unknown_kind"},
		{workspace.Policy{Kinds: workspace.StrictKinds, Plan: `{"events":{"Other":{}}}`}, false, "plan_violation", ""},
		{workspace.Policy{Plan: `{}`}, true, "", ""},
		{workspace.Policy{Kinds: workspace.StrictKinds, Plan: `{}`}, true, "plan_violation", "unknown_kind"},
	} {
		for range 2 {
			check, err := c.For(test.policy)
			if (err != nil) != test.isFaulty || fault.CodeOf(check.Of(known)) != test.first || fault.CodeOf(check.Of(unknown)) != test.of {
				t.Errorf("%+v: %v, %v, %v; want %s, %s", test.policy, err, check.Of(known), check.Of(unknown), test.first, test.of)
			}
		}
	}
	if asked != 1 {
		t.Errorf("the schema was read %d times, want once", asked)
	}
	if check, err := (*plan.Checker)(nil).For(workspace.Policy{Kinds: workspace.StrictKinds}); check != nil || err != nil {
		t.Errorf("a nil Checker asks %v %v", check != nil, err)
	}
}

// TestReasonIsShort: what a client made up does not fill a reason.
func TestReasonIsShort(t *testing.T) {
	t.Parallel()
	c := plan.NewChecker(plan.Kinds{Catalogue: func() kind.Catalogue { return nil }})
	check, err := c.For(workspace.Policy{Plan: `{"events":{"A":{"others":"reject"}}}`})
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for i := range 20 {
		members = append(members, fmt.Sprintf(`"%d%s":1`, i, strings.Repeat("ä\\n", 400)))
	}
	got := check.Of(parsed(t, `{"type":"track","userId":"1","event":"A","properties":{`+strings.Join(members, ",")+`}}`))
	if text := got.Error(); len(text) > 1300 || strings.Contains(text, "\n") {
		t.Errorf("the reason has %d bytes: %q", len(text), text)
	}
}

func TestReasonToTheUnit(t *testing.T) {
	t.Parallel()
	c := plan.NewChecker(plan.Kinds{})
	check, err := c.For(workspace.Policy{Plan: `{"events":{"A":{"others":"reject"}}}`})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(names ...string) *fault.Error {
		e := parsed(t, `{"type":"track","userId":"1","event":"A","properties":{"`+strings.Join(names, `":1,"`)+`":1}}`)
		asFault, _ := errors.AsType[*fault.Error](check.Of(e))
		return asFault
	}
	const told, field, words = 5, 64 - len("properties."), 200 - len("properties. is not allowed")
	names := []string{"a", "b", "c", "d", "e", "f"}
	for _, more := range []int{0, 1} {
		if got := strings.Contains(refused(names[:told+more]...).Message, names[told+more-1]+" is not"); got != (more == 0) {
			t.Errorf("of %d violations the last is told: %v", told+more, got)
		}
		if got := !strings.HasSuffix(refused(strings.Repeat("n", field+more)).Field, "…"); got != (more == 0) {
			t.Errorf("of %d bytes the field is whole: %v", 64+more, got)
		}
		if got := !strings.HasSuffix(refused(strings.Repeat("n", words+more)).Message, "…"); got != (more == 0) {
			t.Errorf("of %d bytes the violation is whole: %v", 200+more, got)
		}
	}
}

// FuzzParse: whatever somebody sets as a plan, it is read or refused, and an event that it refuses is refused with the same words each time.
func FuzzParse(f *testing.F) {
	f.Add(`{"events":{"Signed Up":{"required":{"plan":"string"}}},"others":"reject"}`)
	f.Add(`{"rules":{"events":[{"name":"A","rules":{"properties":{"properties":{"required":["x"]}}}}]}}`)
	f.Add(`{"rules":[{"type":"TRACK","key":"A","jsonSchema":{"$ref":"#"}}]}`)
	f.Add(`{"events":{"A":{"schema":{"items":{"$ref":"#/items"}}}},"identify":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := plan.Parse(text)
		if (p == nil) == (err == nil) {
			t.Fatalf("Parse gives %v and %v", p, err)
		}
		if err != nil {
			return
		}
		e := parsed(t, `{"type":"track","userId":"1","event":"A","properties":{"a":[1,{"b":null}],"x":"y"}}`)
		first, _ := p.Check(e)
		if again, _ := p.Check(e); fmt.Sprint(first) != fmt.Sprint(again) {
			t.Errorf("Check says %v and then %v", first, again)
		}
	})
}
