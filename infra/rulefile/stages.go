package rulefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
)

// maxStageFileBytes bounds a stage model as a file; the built-in ones have less than a tenth of it.
const maxStageFileBytes = 128 << 10

// The shape of a stage model's file. docs/stages.md describes it for people.
type (
	stageFile struct {
		Name    string       `yaml:"name"`
		Version int          `yaml:"version"`
		Policy  stage.Policy `yaml:"policy"`
		Stages  []stage.Name `yaml:"stages"`
		Lapse   stage.Name   `yaml:"lapse"`
		Rules   []stageRule  `yaml:"rules"`
	}
	stageRule struct {
		ID      string        `yaml:"id"`
		Stage   stage.Name    `yaml:"stage"`
		When    stageWhen     `yaml:"when"`
		Entry   bool          `yaml:"entry"`
		Orders  *stageOrders  `yaml:"orders"`
		Count   *stageCount   `yaml:"count"`
		Elapsed *stageElapsed `yaml:"elapsed"`
		Silence *stageSilence `yaml:"silence"`
	}
	stageWhen struct {
		Type       stageTexts              `yaml:"type"`
		Name       stageTexts              `yaml:"name"`
		NotName    stageTexts              `yaml:"not_name"`
		Channel    stageTexts              `yaml:"channel"`
		Page       stagePage               `yaml:"page"`
		Properties map[string]stageCompare `yaml:"properties"`
	}
	stagePage struct {
		Prefix   stageTexts `yaml:"prefix"`
		Contains stageTexts `yaml:"contains"`
	}
	stageCompare struct {
		Equals  stageTexts `yaml:"equals"`
		In      stageTexts `yaml:"in"`
		AtLeast stageTexts `yaml:"at_least"`
		AtMost  stageTexts `yaml:"at_most"`
		Prefix  stageTexts `yaml:"prefix"`
		Exists  stageTexts `yaml:"exists"`
	}
	stageOrders struct {
		AtLeast int  `yaml:"at_least"`
		AtMost  *int `yaml:"at_most"`
	}
	stageCount struct {
		Of      *stageWhen    `yaml:"of"`
		AtLeast int           `yaml:"at_least"`
		Within  stageDuration `yaml:"within"`
	}
	stageElapsed struct {
		In    stage.Name    `yaml:"in"`
		After stageDuration `yaml:"after"`
	}
	stageSilence struct {
		After stageDuration `yaml:"after"`
	}
)

// Stages reads a stage model strictly: unknown and repeated keys are faults, each with its line. It does not judge the model, which stage.New
// does. Errors: fault.Invalid with code bad_stage_model.
func Stages(text []byte) (stage.Config, error) {
	if len(text) > maxStageFileBytes {
		return stage.Config{}, badStages("the file has %d bytes, the limit is %d", len(text), maxStageFileBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var file stageFile
	if err := decoder.Decode(&file); err != nil {
		return stage.Config{}, unreadableStages(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return stage.Config{}, badStages("the file holds more than one document; keep one model in a file")
	}
	return file.config(stageRuleLines(text)), nil
}

func badStages(format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_stage_model", format, args...)
}

// unreadableStages says in the words of the file, not of Go, why it cannot be read.
func unreadableStages(err error) error {
	if errors.Is(err, io.EOF) {
		return badStages("the file is empty; see docs/stages.md for what a stage model holds")
	}
	typed, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return badStages("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var faults []error
	for _, text := range typed.Errors {
		text, _, _ = strings.Cut(text, " in type rulefile.")
		text, _, _ = strings.Cut(text, " into rulefile.")
		faults = append(faults, badStages("%s", text))
	}
	return errors.Join(faults...)
}

// stageRuleLines finds the lines at which the rules begin, in their order.
func stageRuleLines(text []byte) []int {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil || len(document.Content) == 0 {
		return nil
	}
	var lines []int
	top := document.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		if top[i].Value != "rules" {
			continue
		}
		for _, r := range top[i+1].Content {
			lines = append(lines, r.Line)
		}
	}
	return lines
}

func (f stageFile) config(lines []int) stage.Config {
	c := stage.Config{Name: f.Name, Version: f.Version, Policy: f.Policy, Stages: f.Stages, Lapse: f.Lapse}
	for i, r := range f.Rules {
		made := stage.Rule{ID: r.ID, Stage: r.Stage, When: r.When.when(), Entry: r.Entry}
		if i < len(lines) {
			made.Line = lines[i]
		}
		if r.Orders != nil {
			made.Orders = &stage.Orders{AtLeast: r.Orders.AtLeast, AtMost: r.Orders.AtMost}
		}
		if r.Count != nil {
			made.Count = &stage.Count{AtLeast: r.Count.AtLeast, Within: time.Duration(r.Count.Within)}
			if r.Count.Of != nil {
				of := r.Count.Of.when()
				made.Count.Of = &of
			}
		}
		if r.Elapsed != nil {
			made.Elapsed = &stage.Elapsed{In: r.Elapsed.In, After: time.Duration(r.Elapsed.After)}
		}
		if r.Silence != nil {
			made.Silence = &stage.Silence{After: time.Duration(r.Silence.After)}
		}
		c.Rules = append(c.Rules, made)
	}
	return c
}

func (w stageWhen) when() stage.When {
	made := stage.When{
		Names: w.Name, NotNames: w.NotName, Channels: w.Channel,
		Page: stage.Page{Prefix: w.Page.Prefix, Contains: w.Page.Contains},
	}
	for _, t := range w.Type {
		made.Types = append(made.Types, event.Type(t))
	}
	for _, name := range slices.Sorted(maps.Keys(w.Properties)) {
		made.Properties = append(made.Properties, w.Properties[name].comparisons(name)...)
	}
	return made
}

// comparisons are all that one property is asked; one that is asked nothing is passed on for the model to complain of.
func (c stageCompare) comparisons(name string) []stage.Property {
	var asked []stage.Property
	for _, p := range []stage.Property{
		{Op: stage.Equals, Values: c.Equals},
		{Op: stage.In, Values: c.In},
		{Op: stage.AtLeast, Values: c.AtLeast},
		{Op: stage.AtMost, Values: c.AtMost},
		{Op: stage.Prefix, Values: c.Prefix},
		{Op: stage.Exists, Values: c.Exists},
	} {
		if p.Values != nil {
			asked = append(asked, stage.Property{Name: name, Op: p.Op, Values: p.Values})
		}
	}
	if len(asked) == 0 {
		return []stage.Property{{Name: name}}
	}
	return asked
}

// stageTexts is one text or a list of them. Numbers and truth values are taken as they are written.
type stageTexts []string

// UnmarshalYAML reads a scalar or a list of scalars.
func (t *stageTexts) UnmarshalYAML(node *yaml.Node) error {
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	}
	texts := stageTexts{}
	for _, item := range items {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
			return stageTypeError(item, "a text, a number or a list of them is needed here")
		}
		texts = append(texts, item.Value)
	}
	*t = texts
	return nil
}

// stageDuration is a time written as 90d, 12h, 30m or joined as 1d12h.
type stageDuration time.Duration

// UnmarshalYAML reads a duration. A day is 24 hours.
func (d *stageDuration) UnmarshalYAML(node *yaml.Node) error {
	total, ok := parseStageDuration(node.Value)
	if node.Kind != yaml.ScalarNode || !ok {
		return stageTypeError(node, fmt.Sprintf("%q is no time; write it as 90d, 12h, 30m or 1d12h", node.Value))
	}
	*d = stageDuration(total)
	return nil
}

func parseStageDuration(text string) (time.Duration, bool) {
	const day, maxDays = 24 * time.Hour, 100_000 // far above what a model allows, far below what overflows
	var total time.Duration
	if days, rest, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > maxDays {
			return 0, false
		}
		total, text = time.Duration(n)*day, rest
		if text == "" {
			return total, true
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDays*day {
		return 0, false
	}
	return total + d, true
}

// stageTypeError is collected by the YAML decoder with the other faults of the file.
func stageTypeError(node *yaml.Node, text string) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s", node.Line, text)}}
}
