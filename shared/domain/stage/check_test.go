package stage_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
)

// badConfig is a model in which almost everything is wrong.
func badConfig() stage.Config {
	bound := 0
	track := stage.When{Names: []string{"x"}}
	return stage.Config{
		Name: "Bad Name", Policy: "sideways", Stages: []stage.Name{"one", "one", "Two", "three", "lapsed"}, Lapse: "lapsed",
		Rules: []stage.Rule{
			{ID: "a", Line: 12, Stage: "none", When: track},
			{ID: "a", Stage: "one", When: track},
			{Stage: "one", When: track},
			{ID: "return", Stage: "one", When: track},
			{ID: "nothing", Stage: "one"},
			{ID: "mixed", Stage: "Two", When: track, Elapsed: &stage.Elapsed{In: "one", After: time.Second}},
			{ID: "again", Stage: "Two", Elapsed: &stage.Elapsed{In: "one", After: day}},
			{ID: "back", Stage: "one", Elapsed: &stage.Elapsed{In: "Two", After: day}},
			{ID: "still", Stage: "three", Elapsed: &stage.Elapsed{In: "three", After: day}},
			{ID: "from", Stage: "one", Elapsed: &stage.Elapsed{In: "gone", After: day}},
			{ID: "quiet", Stage: "one", Silence: &stage.Silence{After: 21 * 365 * day}},
			{ID: "call", Stage: "one", When: stage.When{
				Types: []event.Type{event.Identify}, Names: []string{"a*b"}, NotNames: []string{"*"}, Channels: []string{""},
			}},
			{ID: "orders", Stage: "one", When: track, Orders: &stage.Orders{}},
			{ID: "bounds", Stage: "one", When: track, Orders: &stage.Orders{AtLeast: 1, AtMost: &bound}},
			{ID: "count", Stage: "one", When: track, Count: &stage.Count{Of: &stage.When{}, AtLeast: 1, Within: -day}},
			{ID: "op", Stage: "one", When: property("like", "x")},
			{ID: "values", Stage: "one", When: property(stage.Equals, "x", "y")},
			{ID: "number", Stage: "one", When: property(stage.AtLeast, "1/2")},
			{ID: "exists", Stage: "one", When: property(stage.Exists, "maybe")},
			{ID: "prefix", Stage: "one", When: property(stage.Prefix, "")},
		},
	}
}

// badConfigFaults are the field and message of every fault of badConfig.
var badConfigFaults = []string{
	`name: the model's name "Bad Name" must be made of lower-case letters, digits, - and _`,
	`version: the version is 0; count from 1 and raise it with every change of the rules`,
	`policy: the policy "sideways" must be latest or furthest`,
	`stages: the stage "one" is listed twice`,
	`stages: the stage "Two" must be made of lower-case letters, digits, - and _`,
	`lapse: the stage "lapsed" is listed in stages; a lapse stands outside the order`,
	`rules.a: line 12, rule a: the stage "none" is neither in stages nor the lapse`,
	`rules.a: rule a: another rule has this id; ids name causes, so each must be the only one`,
	`rules[2]: rule number 3: the id "" must be made of lower-case letters, digits, - and _`,
	`rules.return: rule return: the id "return" is taken: it names the end of a lapse; choose another`,
	`rules.nothing: rule nothing: the rule asks nothing, so every touchpoint would satisfy it; give when, or entry: true for a first touchpoint`,
	`rules.mixed: rule mixed: a rule with elapsed or silence comes with time alone; move when, entry, orders and count to a rule of their own`,
	`rules.mixed: rule mixed: elapsed.after is 1s; it must be whole milliseconds from 1m0s to 175200h0m0s`,
	`rules.again: rule again: rule mixed ends the stage "one" by time already; one elapsed rule a stage`,
	`rules.still: rule still: an elapsed rule must lead out of the stage "three" that it waits in`,
	`rules.from: rule from: elapsed.in "gone" is not in stages`,
	`rules.quiet: rule quiet: silence.after is 183960h0m0s; it must be whole milliseconds from 1m0s to 175200h0m0s`,
	`rules.quiet: rule quiet: silence enters the lapse only; name the stage "one" as lapse or use elapsed`,
	`rules.call: rule call: when.type "identify" is no touchpoint; use track, page or screen`,
	`rules.call: rule call: when has the name "a*b"; write a name, or its beginning with one * at the end`,
	`rules.call: rule call: when has the name "*"; write a name, or its beginning with one * at the end`,
	`rules.call: rule call: when has an empty channel or page part, which says nothing`,
	`rules.orders: rule orders: orders needs at_least or at_most`,
	`rules.bounds: rule bounds: orders must have 0 ≤ at_least ≤ at_most`,
	`rules.count: rule count: count.at_least is 1; a single touchpoint needs no count, so it must be 2 or more`,
	`rules.count: rule count: count.within is -24h0m0s; it must be whole milliseconds up to 175200h0m0s, or absent for ever`,
	`rules.count: rule count: count.of asks nothing; leave it out to count what satisfies when`,
	`rules.op: rule op: when.properties.p: the comparison "like" is unknown; use equals, in, at_least, at_most, prefix or exists`,
	`rules.values: rule values: when.properties.p: equals has 2 values; equals, at_least, at_most and exists take one, in and prefix take some`,
	`rules.number: rule number: when.properties.p: at_least needs a decimal number, not "1/2"`,
	`rules.exists: rule exists: when.properties.p: exists is true or false, not "maybe"`,
	`rules.prefix: rule prefix: when.properties.p: an empty prefix holds for everything; use exists`,
	`rules: no rule enters the stage "lapsed"; add one or remove the stage`,
	`rules: elapsed rules lead from the stage "one" back to it; a person would go round for ever`,
	`rules: elapsed rules lead from the stage "one" back to it; a person would go round for ever`,
	`rules: elapsed rules lead from the stage "Two" back to it; a person would go round for ever`,
	`rules: elapsed rules lead from the stage "three" back to it; a person would go round for ever`,
}

func TestNewReportsAllFaults(t *testing.T) {
	t.Parallel()
	m, err := stage.New(badConfig())
	if m != nil {
		t.Errorf("New: got a model of a bad configuration")
	}
	if got := faults(t, err); !slices.Equal(got, badConfigFaults) {
		t.Errorf("New: faults\n got %s\nwant %s", indent(got), indent(badConfigFaults))
	}
}

func TestNewRefusesOneFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*stage.Config)
		want   []string
	}{
		{"no stages and rules", func(c *stage.Config) { c.Stages, c.Rules, c.Lapse = nil, nil, "" }, []string{
			"stages: the model has no stages; list them in the order of the journey",
		}},
		{"a lapse that nothing enters", func(c *stage.Config) { c.Rules = c.Rules[:4] }, []string{
			`rules: no rule enters the lapse "lapsed"; add one with silence`,
		}},
		{"two silences", func(c *stage.Config) {
			c.Rules = append(c.Rules, stage.Rule{ID: "hush", Stage: "lapsed", Silence: &stage.Silence{After: day}})
		}, []string{"rules: the rules silence, hush all wait for silence; only one may"}},
		{"a touch into the lapse", func(c *stage.Config) {
			c.Rules = append(c.Rules, stage.Rule{ID: "gone", Stage: "lapsed", When: stage.When{Names: []string{"gone"}}})
		}, []string{`rules.gone: rule gone: the lapse "lapsed" is entered by silence only`}},
		{"elapsed into the lapse", func(c *stage.Config) {
			c.Rules = append(c.Rules, stage.Rule{ID: "gone", Stage: "lapsed", Elapsed: &stage.Elapsed{In: "one", After: day}})
		}, []string{`rules.gone: rule gone: the lapse "lapsed" is entered by silence only`}},
		{"back by time under furthest", func(c *stage.Config) {
			c.Policy = stage.Furthest
			c.Rules = append(c.Rules, stage.Rule{ID: "cools", Stage: "one", Elapsed: &stage.Elapsed{In: "two", After: day}})
		}, []string{`rules.cools: rule cools: elapsed leads back from "two" to "one", which the policy furthest forbids`}},
		{"elapsed and silence", func(c *stage.Config) {
			c.Rules[4].Elapsed = &stage.Elapsed{In: "one", After: day}
		}, []string{
			`rules.silence: rule silence: a rule has elapsed or silence, not both`,
			`rules.silence: rule silence: the lapse "lapsed" is entered by silence only`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := small(stage.Latest)
			c.change(&config)
			_, err := stage.New(config)
			if got := faults(t, err); !slices.Equal(got, c.want) {
				t.Errorf("New: faults\n got %s\nwant %s", indent(got), indent(c.want))
			}
		})
	}
}

func faults(t *testing.T, err error) []string {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("New: got %v, want joined faults", err)
	}
	var out []string
	for _, err := range joined.Unwrap() {
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Code != "bad_stage_model" {
			t.Errorf("New: got %v, want a fault bad_stage_model", err)
			continue
		}
		out = append(out, f.Field+": "+f.Message)
	}
	return out
}

func indent(lines []string) string {
	out := ""
	for _, line := range lines {
		out += "\n\t" + line
	}
	return out
}

// Every profile holds the evidence of every stage, so there is a bound to their number and to the length of their names.
func TestTooManyStages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stages, nameBytes int
		want              []string
	}{
		{stage.MaxStages, stage.MaxStageNameBytes / stage.MaxStages, nil},
		{stage.MaxStages + 1, 2, []string{"stages: the model has 13 stages, at most 12: every profile holds them all; join some"}},
		{3, 64, nil},
		{4, 64, []string{"stages: the names of the stages have 256 bytes together, at most 192: every profile holds them all; shorten some"}},
	} {
		c := stage.Config{Name: "long", Version: 1, Policy: stage.Latest}
		for i := range test.stages {
			name := fmt.Sprintf("%0*d", test.nameBytes, i)
			c.Stages = append(c.Stages, stage.Name(name))
			c.Rules = append(c.Rules, stage.Rule{ID: fmt.Sprintf("r%d", i), Stage: stage.Name(name), When: stage.When{Names: []string{name}}})
		}
		var got []string
		if _, err := stage.New(c); err != nil {
			got = faults(t, err)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("New with %d stages of %d bytes: got %q, want %q", test.stages, test.nameBytes, got, test.want)
		}
	}
}
