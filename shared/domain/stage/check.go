package stage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/fault"
)

// Bounds of times in a model. A shorter wait is no stage of a journey, a longer one overflows nothing but makes no sense.
const (
	MinAfter = time.Minute
	MaxAfter = 20 * 365 * 24 * time.Hour
)

// Bounds of the stages of a model. Their names stand in stored profiles, steps and windows, which pay for each byte.
const (
	MaxStages         = 12
	MaxStageNameBytes = 192 // of all names together
)

// check finds every fault of a model.
func check(c Config) error {
	k := checker{config: c, ids: map[string]bool{}, elapsed: map[Name]Rule{}}
	k.head()
	for i, r := range c.Rules {
		k.rule(i, r)
	}
	k.whole()
	return errors.Join(k.faults...)
}

type checker struct {
	config  Config
	ids     map[string]bool
	elapsed map[Name]Rule // by the stage they end
	silence []string      // ids of silence rules
	where   string        // the rule being checked, as text
	field   string
	faults  []error
}

func (k *checker) report(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if k.where != "" {
		message = k.where + ": " + message
	}
	k.faults = append(k.faults, fault.New(fault.Invalid, "bad_stage_model", message).At(k.field))
}

func (k *checker) head() {
	c := k.config
	k.field = "name"
	if !isSlug(c.Name) {
		k.report("the model's name %q must be made of lower-case letters, digits, - and _", c.Name)
	}
	k.field = "version"
	if c.Version < 1 {
		k.report("the version is %d; count from 1 and raise it with every change of the rules", c.Version)
	}
	k.field = "policy"
	if c.Policy != Latest && c.Policy != Furthest {
		k.report("the policy %q must be %s or %s", c.Policy, Latest, Furthest)
	}
	k.field = "stages"
	if len(c.Stages) == 0 {
		k.report("the model has no stages; list them in the order of the journey")
	}
	if len(c.Stages) > MaxStages {
		k.report("the model has %d stages, at most %d: every profile holds them all; join some", len(c.Stages), MaxStages)
	}
	named := 0
	for i, name := range c.Stages {
		named += len(name)
		if !isSlug(string(name)) {
			k.report("the stage %q must be made of lower-case letters, digits, - and _", name)
		}
		if slices.Contains(c.Stages[:i], name) {
			k.report("the stage %q is listed twice", name)
		}
	}
	if named > MaxStageNameBytes {
		k.report("the names of the stages have %d bytes together, at most %d: every profile holds them all; shorten some", named, MaxStageNameBytes)
	}
	k.field = "lapse"
	if c.Lapse != "" && !isSlug(string(c.Lapse)) {
		k.report("the stage %q must be made of lower-case letters, digits, - and _", c.Lapse)
	}
	if slices.Contains(c.Stages, c.Lapse) {
		k.report("the stage %q is listed in stages; a lapse stands outside the order", c.Lapse)
	}
}

// whole checks what only all rules together show.
func (k *checker) whole() {
	c := k.config
	k.where, k.field = "", "rules"
	entered := map[Name]bool{}
	for _, r := range c.Rules {
		entered[r.Stage] = true
	}
	for _, name := range c.Stages {
		if !entered[name] {
			k.report("no rule enters the stage %q; add one or remove the stage", name)
		}
	}
	if c.Lapse != "" && len(k.silence) == 0 {
		k.report("no rule enters the lapse %q; add one with silence", c.Lapse)
	}
	if len(k.silence) > 1 {
		k.report("the rules %s all wait for silence; only one may", strings.Join(k.silence, ", "))
	}
	for _, name := range c.Stages {
		if k.circles(name) {
			k.report("elapsed rules lead from the stage %q back to it; a person would go round for ever", name)
		}
	}
}

// circles says whether elapsed rules lead from a stage back to itself.
func (k *checker) circles(from Name) bool {
	at := from
	for range len(k.elapsed) {
		r, found := k.elapsed[at]
		if !found {
			return false
		}
		if at = r.Stage; at == from {
			return true
		}
	}
	return false
}

func (k *checker) rule(index int, r Rule) {
	k.field = "rules." + r.ID
	k.where = fmt.Sprintf("rule %s", r.ID)
	if r.ID == "" {
		k.field, k.where = fmt.Sprintf("rules[%d]", index), fmt.Sprintf("rule number %d", index+1)
	}
	if r.Line > 0 {
		k.where = fmt.Sprintf("line %d, %s", r.Line, k.where)
	}
	switch {
	case !isSlug(r.ID):
		k.report("the id %q must be made of lower-case letters, digits, - and _", r.ID)
	case r.ID == ReturnRule:
		k.report("the id %q is taken: it names the end of a lapse; choose another", r.ID)
	case k.ids[r.ID]:
		k.report("another rule has this id; ids name causes, so each must be the only one")
	}
	k.ids[r.ID] = true
	if r.Stage == "" || !slices.Contains(k.config.Stages, r.Stage) && r.Stage != k.config.Lapse {
		k.report("the stage %q is neither in stages nor the lapse", r.Stage)
	}
	if r.Elapsed != nil || r.Silence != nil {
		k.timed(r)
		return
	}
	if r.Stage != "" && r.Stage == k.config.Lapse {
		k.report("the lapse %q is entered by silence only", r.Stage)
	}
	k.asked(r)
}

// timed checks a rule that comes with time alone.
func (k *checker) timed(r Rule) {
	if asks(r.When) || r.Entry || r.Orders != nil || r.Count != nil {
		k.report("a rule with elapsed or silence comes with time alone; move when, entry, orders and count to a rule of their own")
	}
	if r.Elapsed != nil && r.Silence != nil {
		k.report("a rule has elapsed or silence, not both")
	}
	if r.Silence != nil {
		k.silence = append(k.silence, r.ID)
		k.after("silence", r.Silence.After)
		if r.Stage != k.config.Lapse {
			k.report("silence enters the lapse only; name the stage %q as lapse or use elapsed", r.Stage)
		}
	}
	if r.Elapsed != nil {
		k.after("elapsed", r.Elapsed.After)
		k.fromTo(r)
	}
}

func (k *checker) fromTo(r Rule) {
	from, to := slices.Index(k.config.Stages, r.Elapsed.In), slices.Index(k.config.Stages, r.Stage)
	switch other, taken := k.elapsed[r.Elapsed.In]; {
	case from < 0:
		k.report("elapsed.in %q is not in stages", r.Elapsed.In)
		return
	case taken:
		k.report("rule %s ends the stage %q by time already; one elapsed rule a stage", other.ID, r.Elapsed.In)
		return
	}
	switch {
	case r.Stage != "" && r.Stage == k.config.Lapse:
		k.report("the lapse %q is entered by silence only", r.Stage)
	case to == from:
		k.report("an elapsed rule must lead out of the stage %q that it waits in", r.Stage)
	case to >= 0 && to < from && k.config.Policy == Furthest:
		k.report("elapsed leads back from %q to %q, which the policy furthest forbids", r.Elapsed.In, r.Stage)
	}
	k.elapsed[r.Elapsed.In] = r
}

func (k *checker) after(what string, d time.Duration) {
	if d < MinAfter || d > MaxAfter || d%time.Millisecond != 0 {
		k.report("%s.after is %s; it must be whole milliseconds from %s to %s", what, d, MinAfter, MaxAfter)
	}
}

// asked checks a rule that is asked at touchpoints.
func (k *checker) asked(r Rule) {
	if !asks(r.When) && !r.Entry && (r.Count == nil || r.Count.Of == nil) {
		k.report("the rule asks nothing, so every touchpoint would satisfy it; give when, or entry: true for a first touchpoint")
	}
	k.when("when", r.When)
	if o := r.Orders; o != nil {
		if o.AtLeast < 0 || o.AtMost != nil && *o.AtMost < o.AtLeast {
			k.report("orders must have 0 ≤ at_least ≤ at_most")
		}
		if o.AtLeast == 0 && o.AtMost == nil {
			k.report("orders needs at_least or at_most")
		}
	}
	if n := r.Count; n != nil {
		if n.AtLeast < 2 {
			k.report("count.at_least is %d; a single touchpoint needs no count, so it must be 2 or more", n.AtLeast)
		}
		if n.Within < 0 || n.Within > MaxAfter || n.Within%time.Millisecond != 0 {
			k.report("count.within is %s; it must be whole milliseconds up to %s, or absent for ever", n.Within, MaxAfter)
		}
		if n.Of != nil {
			if !asks(*n.Of) {
				k.report("count.of asks nothing; leave it out to count what satisfies when")
			}
			k.when("count.of", *n.Of)
		}
	}
}

func asks(w When) bool {
	return len(w.Types)+len(w.Names)+len(w.NotNames)+len(w.Channels)+len(w.Page.Prefix)+len(w.Page.Contains)+len(w.Properties) > 0
}

func (k *checker) when(what string, w When) {
	for _, t := range w.Types {
		if !t.Touches() {
			k.report("%s.type %q is no touchpoint; use track, page or screen", what, t)
		}
	}
	for _, pattern := range slices.Concat(w.Names, w.NotNames) {
		if strings.Contains(strings.TrimSuffix(pattern, "*"), "*") || strings.TrimSpace(strings.TrimSuffix(pattern, "*")) == "" {
			k.report("%s has the name %q; write a name, or its beginning with one * at the end", what, pattern)
		}
	}
	for _, text := range slices.Concat(w.Channels, w.Page.Prefix, w.Page.Contains) {
		if text == "" {
			k.report("%s has an empty channel or page part, which says nothing", what)
		}
	}
	for _, p := range w.Properties {
		k.property(what, p)
	}
}

func (k *checker) property(what string, p Property) {
	if p.Name == "" {
		k.report("%s.properties has a property without a name", what)
	}
	if !slices.Contains([]Op{Equals, In, AtLeast, AtMost, Prefix, Exists}, p.Op) {
		k.report("%s.properties.%s: the comparison %q is unknown; use equals, in, at_least, at_most, prefix or exists", what, p.Name, p.Op)
		return
	}
	if len(p.Values) == 0 || len(p.Values) > 1 && p.Op != In && p.Op != Prefix {
		k.report("%s.properties.%s: %s has %d values; equals, at_least, at_most and exists take one, in and prefix take some", what, p.Name, p.Op, len(p.Values))
		return
	}
	switch p.Op {
	case Prefix:
		if slices.Contains(p.Values, "") {
			k.report("%s.properties.%s: an empty prefix holds for everything; use exists", what, p.Name)
		}
	case AtLeast, AtMost:
		if _, isNumber := decimal(p.Values[0]); !isNumber {
			k.report("%s.properties.%s: %s needs a decimal number, not %q", what, p.Name, p.Op, p.Values[0])
		}
	case Exists:
		if p.Values[0] != "true" && p.Values[0] != "false" {
			k.report("%s.properties.%s: exists is true or false, not %q", what, p.Name, p.Values[0])
		}
	}
}

// isSlug says whether a name can stand in a key, a file name and a column without quoting.
func isSlug(text string) bool {
	return text != "" && len(text) <= 64 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
