package funnel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/condition"
)

// The document of kind funnels: {"funnels": [{"name": "checkout", "steps": ["page:/cart", {"step": "Product Added", "optional": true}], …}]}.
type document struct {
	Funnels []documentFunnel `json:"funnels"`
}

type documentFunnel struct {
	Name       string              `json:"name"`
	Steps      []documentStep      `json:"steps"`
	Order      Order               `json:"order"`
	Window     string              `json:"window"`
	Within     Within              `json:"within"`
	Among      Among               `json:"among"`
	Entry      Entry               `json:"entry"`
	Overlap    bool                `json:"overlap"`
	Collapse   string              `json:"collapse"`
	Exclusions []documentExclusion `json:"exclusions"`
}

// documentStep is a text, or an object of it.
type documentStep struct {
	Name     string         `json:"name"`
	Step     string         `json:"step"` // by Grammar; "" is any touchpoint
	When     condition.Spec `json:"when"`
	Optional bool           `json:"optional"`
}

type documentExclusion struct {
	Step   string         `json:"step"`
	When   condition.Spec `json:"when"`
	After  int            `json:"after"`
	Before int            `json:"before"`
}

// UnmarshalJSON reads a text or an object, whose fields must be known.
func (s *documentStep) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &s.Step)
	}
	type plain documentStep
	return strictly(text, (*plain)(s))
}

func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the document")
	}
	return nil
}

// MaxFunnels is how many funnels a workspace may declare.
const MaxFunnels = 100

// Parse reads the document of kind funnels. Faults, Invalid bad_funnel and bad_condition, name the funnel; all are reported at once, joined.
func Parse(text []byte) ([]*Funnel, error) {
	var d document
	if err := strictly(text, &d); err != nil {
		return nil, bad("funnels", `the document is not as it should be: %v; it is {"funnels": [{"name": "checkout", "steps": ["page:/cart", "order"], "window": "7d"}]}`, err)
	}
	if len(d.Funnels) > MaxFunnels {
		return nil, bad("funnels", "there are %d funnels, at most %d", len(d.Funnels), MaxFunnels)
	}
	var out []*Funnel
	var faults []error
	for i, df := range d.Funnels {
		at := "funnels[" + strconv.Itoa(i) + "]"
		f, err := df.funnel()
		switch {
		case err == nil && (df.Name == "" || strings.Trim(df.Name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || len(df.Name) > 64):
			err = bad(at+".name", "the name %.70q must be made of lower-case letters, digits, - and _, at most 64", df.Name)
		case err == nil && df.Name == StagesName:
			err = bad(at+".name", "%s is the funnel of the workspace's stages; choose another name", StagesName)
		case err == nil && slices.ContainsFunc(out, func(o *Funnel) bool { return o.Name == df.Name }):
			err = bad(at+".name", "another funnel is called %s", df.Name)
		case err != nil:
			err = bad(at, "%s: %v", or(df.Name, "without a name"), err)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, f)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return out, nil
}

func (df documentFunnel) funnel() (*Funnel, error) {
	c := Config{Name: df.Name, Order: df.Order, Within: df.Within, Among: df.Among, Entry: df.Entry, Overlap: df.Overlap}
	q := analysis.Question{Said: map[string][]string{"window": {df.Window}}}
	var err error
	if c.Window, err = q.Duration("window", 0, MaxWindow); err != nil {
		return nil, err
	}
	if df.Collapse != "" {
		if c.Collapse, err = analysis.ParseBreakdown("collapse", df.Collapse); err != nil {
			return nil, err
		}
	}
	for i, ds := range df.Steps {
		s, err := ParseStepAt("steps["+strconv.Itoa(i)+"]", or(ds.Step, "*"))
		if err != nil {
			return nil, err
		}
		if s, err = s.with(ds.When, "steps["+strconv.Itoa(i)+"].when"); err != nil {
			return nil, err
		}
		s.Name, s.Optional = ds.Name, s.Optional || ds.Optional
		c.Steps = append(c.Steps, s)
	}
	for i, de := range df.Exclusions {
		s, err := ParseStepAt("exclusions["+strconv.Itoa(i)+"]", or(de.Step, "*"))
		if err != nil {
			return nil, err
		}
		if s, err = s.with(de.When, "exclusions["+strconv.Itoa(i)+"].when"); err != nil {
			return nil, err
		}
		c.Exclusions = append(c.Exclusions, Exclusion{Step: s, After: de.After, Before: de.Before})
	}
	return New(c)
}

// with puts a condition to what the text of a step asks.
func (s Step) with(when condition.Spec, at string) (Step, error) {
	if len(s.When.Properties) > 0 && len(when.Properties) > 0 {
		return s, bad(at, "properties stand in the text of the step and in when; write them in one place")
	}
	if len(s.When.Properties) > 0 {
		when.Properties = s.When.Properties
	}
	s.When = when
	return s, nil
}

// Describe says in a sentence for each funnel what it counts.
func Describe(funnels []*Funnel) []string {
	var out []string
	for _, f := range funnels {
		out = append(out, f.Name+": "+f.String())
	}
	return out
}

// String says in words what the funnel counts.
func (f *Funnel) String() string {
	var labels []string
	for i, s := range f.Steps {
		text := strconv.Itoa(i+1) + ". " + s.String()
		if s.Name != "" {
			text += " (" + s.Name + ")"
		}
		labels = append(labels, text)
	}
	text := map[Order]string{
		Ordered: "persons who did, one after the other, ", Strict: "persons who did, with nothing else between, ",
		Unordered: "persons who did, in any order, ",
	}[f.Order] + strings.Join(labels, ", ") + " within " + lengthOf(f.Window)
	for _, e := range f.Exclusions {
		text += ", without " + e.String()
		if e.After != 0 {
			text += " between steps " + strconv.Itoa(e.After) + " and " + strconv.Itoa(e.Before)
		}
	}
	text += map[Within]string{Session: ", in one session", Period: ", before the period ends"}[f.Within]
	text += map[Among]string{Activities: ", of what they did themselves", Pages: ", of pages and screens", Stages: ", of entries into stages"}[f.Among]
	if !f.Collapse.IsZero() {
		text += ", repeats of one " + f.Collapse.Name + " passed over"
	}
	if f.Entry == First {
		text += ", from the first time they did the first"
	}
	return text
}

func lengthOf(d time.Duration) string {
	if d%time.Minute != 0 {
		return d.String()
	}
	return analysis.LengthOf(d)
}
